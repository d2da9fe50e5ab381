package simnet

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

const (
	insertCredential = `INSERT INTO sim_credential
		(rail, token, merchant_id, scenario, terms, rehearsal) VALUES ($1, $2, $3, $4, $5, '')`
	selectCredential = `SELECT scenario, terms, rehearsal FROM sim_credential
		WHERE rail = $1 AND token = $2 AND merchant_id = $3`
	deleteCredential = `DELETE FROM sim_credential
		WHERE rail = $1 AND token = $2 AND merchant_id = $3`
	rehearseCredential = `UPDATE sim_credential SET rehearsal = $4
		WHERE rail = $1 AND token = $2 AND merchant_id = $3`
	playRehearsal = `UPDATE sim_credential SET rehearsal = ''
		WHERE rail = $1 AND token = $2 AND rehearsal = $3`
)

// errRehearsed tells that another charge has taken the rehearsal.
var errRehearsed = errors.New("the rehearsal is over")

// recall completes a new record with what the network keeps under the attempt's token: what may be
// shown and how it is treated. A token that it does not keep, or keeps for another merchant, is
// declined.
func (n *Network) recall(ctx context.Context, a pay.Attempt, r *Record) error {
	r.MAC = n.vault.MAC("sim "+n.name+" credential", a.Saved.Token)
	if a.Keep {
		r.Kept = a.Saved.Token // one credential does not become two
	}
	var name, terms, rehearsal string
	err := n.db.Reader().QueryRow(ctx, selectCredential, n.name, a.Saved.Token, a.MerchantID).
		Scan(&name, &terms, &rehearsal)
	if errors.Is(err, sqldb.ErrNoRows) {
		r.Scenario, r.Kept = n.model.Scenario(string(pay.DeclineSavedMethod)), ""
		return nil
	}
	if err != nil {
		return err
	}
	r.Scenario, r.rehearsed = n.model.Scenario(name).later(n.model, a.Saved.OffSession), rehearsal
	if err := json.Unmarshal([]byte(terms), &r.Terms); err != nil {
		return fmt.Errorf("terms of a credential: %w", err)
	}
	return nil
}

// later is how the scenario goes on when what was kept from it is charged. Nobody can be asked to
// act on a page who is not there.
func (s *Scenario) later(m Model, offSession bool) *Scenario {
	if s.Later != "" {
		s = m.Scenario(s.Later)
	}
	if offSession && s.Alone != "" {
		s = m.Scenario(s.Alone)
	}
	if asks := s.Asks.Action; offSession && asks != "" && asks != pay.ActionApprove {
		return declines[string(pay.DeclineAuthRequired)]
	}
	return s
}

// queueCredential keeps what a new payment leaves, and ends the rehearsal that it was charged by.
func (n *Network) queueCredential(
	ctx context.Context, tx sqldb.Tx, a pay.Attempt, r *Record,
) error {
	if r.rehearsed != "" {
		played, err := tx.Exec(ctx, playRehearsal, n.name, a.Saved.Token, r.rehearsed)
		if err != nil {
			return err
		}
		if played != 1 {
			return errRehearsed
		}
	}
	token := cmp.Or(r.Agreement, r.Kept)
	if token == "" || a.Saved != nil {
		return nil
	}
	terms, err := json.Marshal(r.Terms)
	tx.Queue(insertCredential, n.name, token, r.MerchantID, r.charged().Name, string(terms))
	return err
}

// charged is the scenario that charges of what is kept go on from.
func (r *Record) charged() *Scenario {
	if r.Charged != nil {
		return r.Charged
	}
	return r.Scenario
}

// DropCredential ends a token. An unknown one is as good as dropped.
func (n *Network) DropCredential(ctx context.Context, sc pay.Scope, token string) error {
	b, err := n.reached(ctx, sc)
	if err != nil {
		return err
	}
	err = n.db.Write(ctx, func(_ context.Context, tx sqldb.Tx) error {
		tx.Queue(deleteCredential, n.name, token, sc.MerchantID)
		return nil
	})
	return lost(b, err)
}

// rehearsals are the scenarios of those rehearsals that are no declines. Every network that keeps
// credentials has them.
var rehearsals = map[pay.Rehearsal]string{
	pay.RehearseApprove: "approved", pay.RehearseUnknown: "reply_lost",
	pay.RehearseLate: "late_approved",
}

// RehearsalModel is a model with rehearsals of its own.
type RehearsalModel interface {
	// Rehearsal returns the scenario of a rehearsal; false for one that it does not know.
	Rehearsal(r pay.Rehearsal) (scenario string, ok bool)
}

// rehearsal returns the scenario of a rehearsal; false when there is none.
func (n *Network) rehearsal(r pay.Rehearsal) (name string, ok bool) {
	if name, ok = rehearsals[r]; ok {
		return name, true
	}
	if m, can := n.model.(RehearsalModel); can {
		if name, ok = m.Rehearsal(r); ok {
			return name, true
		}
	}
	return string(r), slices.Contains(pay.DeclineCodes(), pay.DeclineCode(r))
}

// RehearseCredential sets what the next charge of a token becomes, and no later one.
func (n *Network) RehearseCredential(
	ctx context.Context, sc pay.Scope, token string, r pay.Rehearsal,
) error {
	if sc.Mode != pay.Test {
		return fmt.Errorf("%s: %w", n.name, ErrLive)
	}
	name, ok := n.rehearsal(r)
	if !ok {
		return pay.BadParam("outcome", "parameter_invalid",
			"The outcome must be %q, %q, %q or a decline code, such as %q.",
			pay.RehearseApprove, pay.RehearseUnknown, pay.RehearseLate,
			pay.DeclineInsufficientFunds)
	}
	return n.db.Write(ctx, func(ctx context.Context, tx sqldb.Tx) error {
		set, err := tx.Exec(ctx, rehearseCredential, n.name, token, sc.MerchantID, name)
		if err == nil && set == 0 {
			err = pay.Errorf(pay.NotFound, "resource_missing",
				"The network does not keep this payment method (any more).")
		}
		return err
	})
}
