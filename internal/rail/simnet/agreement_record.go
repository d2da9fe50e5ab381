package simnet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

const agreementColumns = `token, merchant_id, payment_id, scenario, offer, payto, state, version,
	party, code, created_at, deadline, active_at, changed_at, count, total, window_at, window_count,
	window_total, failures, spent_at, actions`

const (
	insertAgreement = `INSERT INTO sim_agreement (rail, ` + agreementColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
		$19, $20, $21, $22, $23)`
	updateAgreement = `UPDATE sim_agreement SET payto = $3, state = $4, version = $5, party = $6,
		code = $7, active_at = $8, changed_at = $9, count = $10, total = $11, window_at = $12,
		window_count = $13, window_total = $14, failures = $15,
		spent_at = $16, offer = $17, actions = $18 WHERE rail = $1 AND token = $2`
	selectAgreement = `SELECT ` + agreementColumns + ` FROM sim_agreement
		WHERE rail = $1 AND token = $2 AND merchant_id = $3`
	lockAgreement = selectAgreement + ` /*for update*/`
	// The agreement that a payment rests on, whether it was made with it or before.
	selectRestedOn = `SELECT ` + agreementColumns + ` FROM sim_agreement
		WHERE rail = $1 AND token = (SELECT agreement FROM sim_payment
			WHERE rail = $1 AND payment_id = $2 AND merchant_id = $3)`
	selectAgreements = `SELECT ` + agreementColumns + ` FROM sim_agreement
		WHERE rail = $1 AND merchant_id = $2 ORDER BY created_at DESC, token DESC LIMIT $3`
	// A notification that was tried before tells of something that has happened.
	dropAgreementNotices = `DELETE FROM sim_notice
		WHERE rail = $1 AND agreement = $2 AND type = $3 AND due_at > $4 AND tries = 0`
	moveCredential = `UPDATE sim_credential SET scenario = $3, terms = $4
		WHERE rail = $1 AND token = $2`
)

// errNoAgreement tells that the network has never heard of the agreement.
var errNoAgreement = pay.Errorf(pay.NotFound, "resource_missing",
	"The network knows no such agreement.")

func (n *Network) lockAgreement(
	ctx context.Context, tx sqldb.Tx, merchantID, token string,
) (agreement, error) {
	return n.scanAgreement(tx.QueryRow(ctx, lockAgreement, n.name, token, merchantID))
}

// scanAgreement reads a row of agreementColumns.
func (n *Network) scanAgreement(row sqldb.Row) (agreement, error) {
	var g agreement
	var name, offer, payto, state, party, actions string
	var created, deadline, changed, window int64
	var active, spent *int64
	err := row.Scan(&g.token, &g.merchantID, &g.paymentID, &name, &offer, &payto, &state, &g.version,
		&party, &g.code, &created, &deadline, &active, &changed, &g.use.Count, &g.use.Total, &window,
		&g.use.WindowCount, &g.use.WindowTotal, &g.failures, &spent, &actions)
	if errors.Is(err, sqldb.ErrNoRows) {
		return g, errNoAgreement
	}
	if err != nil {
		return g, err
	}
	err = errors.Join(json.Unmarshal([]byte(offer), &g.offer),
		json.Unmarshal([]byte(payto), &g.payto), json.Unmarshal([]byte(actions), &g.actions))
	if err != nil {
		return g, fmt.Errorf("agreement %s: %w", g.token, err)
	}
	g.scenario, g.state = n.model.Scenario(name), pay.AgreementState(state)
	g.party, g.activeAt = pay.AgreementParty(party), fromMicros(active)
	g.spentAt = fromMicros(spent)
	g.createdAt, g.deadline = time.UnixMicro(created).UTC(), time.UnixMicro(deadline).UTC()
	g.changedAt, g.windowAt = time.UnixMicro(changed).UTC(), time.UnixMicro(window).UTC()
	return g, nil
}

// texts are the parts of an agreement that are kept as JSON.
type texts struct{ offer, payto, actions string }

func (g *agreement) texts() (t texts, err error) {
	for _, part := range []struct {
		to *string
		of any
	}{{&t.offer, g.offer}, {&t.payto, g.payto}, {&t.actions, g.actions}} {
		text, err := json.Marshal(part.of)
		if err != nil {
			return t, err
		}
		*part.to = string(text)
	}
	return t, nil
}

func (n *Network) queueNewAgreement(tx sqldb.Tx, g *agreement) error {
	t, err := g.texts()
	tx.Queue(insertAgreement, n.name, g.token, g.merchantID, g.paymentID, g.scenario.Name,
		t.offer, t.payto, string(g.state), g.version, string(g.party), g.code,
		micros(g.createdAt), micros(g.deadline), nullable(g.activeAt), micros(g.changedAt),
		g.use.Count, g.use.Total, micros(g.windowAt), g.use.WindowCount, g.use.WindowTotal,
		g.failures, nullable(g.spentAt), t.actions)
	return err
}

// queueAgreement writes what may change of an agreement.
func (n *Network) queueAgreement(tx sqldb.Tx, g *agreement) error {
	t, err := g.texts()
	tx.Queue(updateAgreement, n.name, g.token, t.payto, string(g.state), g.version,
		string(g.party), g.code, nullable(g.activeAt), micros(g.changedAt), g.use.Count,
		g.use.Total, micros(g.windowAt), g.use.WindowCount, g.use.WindowTotal, g.failures,
		nullable(g.spentAt), t.offer, t.actions)
	return err
}

// AgreementOf returns the agreement that a payment rests on, as it is now; nil for none.
func (n *Network) AgreementOf(ctx context.Context, ref pay.Ref) (*pay.Agreement, error) {
	row := n.db.Reader().QueryRow(ctx, selectRestedOn, n.name, ref.PaymentID, ref.MerchantID)
	g, err := n.scanAgreement(row)
	if pay.IsKind(err, pay.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	g = g.at(ref.Now, n.words)
	view := g.view()
	return &view, nil
}

// Agreement says what an agreement is now.
func (n *Network) Agreement(ctx context.Context, ref pay.AgreementRef) (pay.Agreement, error) {
	b, err := n.reached(ctx, ref.Scope)
	if err != nil {
		return pay.Agreement{}, err
	}
	g, err := n.scanAgreement(
		n.db.Reader().QueryRow(ctx, selectAgreement, n.name, ref.Token, ref.MerchantID))
	if err != nil {
		return pay.Agreement{}, err
	}
	if b.LoseReplies {
		return pay.Agreement{}, ErrNoReply
	}
	g = g.at(ref.Now, n.words)
	return g.view(), nil
}

// Agreements lists those that the payers of a scope see in their banks' apps, newest first.
func (n *Network) Agreements(
	ctx context.Context, sc pay.Scope, now time.Time,
) ([]pay.Agreement, error) {
	rows, err := n.db.Reader().Query(ctx, selectAgreements, n.name, sc.MerchantID,
		int64(maxPrompts))
	all, err := gather(rows, err, n.scanAgreement)
	var seen []pay.Agreement
	for _, g := range all {
		if g = g.at(now, n.words); !g.hidden() {
			seen = append(seen, g.view())
		}
	}
	return seen, err
}
