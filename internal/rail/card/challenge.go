package card

import (
	"context"
	"errors"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

// maxPrompts bounds a list of open challenges.
const maxPrompts = 100

const markAnswered = `UPDATE sim_card_payment SET approved = $2, answered_at = $3
	WHERE payment_id = $1`

// Prompt shows what the issuer asks the payer, by the token of the challenge's address. The
// merchant's name is the core's to fill in: the network knows its id alone. A challenge that was
// answered, voided or ran out is not open.
func (n *Network) Prompt(ctx context.Context, token string) (pay.Prompt, error) {
	r, err := load(ctx, n.db.Reader(), selectToken, hashToken(token))
	if errors.Is(err, errNoRecord) {
		return pay.Prompt{}, noChallenge()
	}
	if err != nil {
		return pay.Prompt{}, err
	}
	now := n.clock.Now()
	p := n.prompt(&r, now)
	p.Open = r.approved == nil && r.voidedAt.IsZero() && now.Before(r.promptUntil)
	return p, nil
}

func (n *Network) prompt(r *record, now time.Time) pay.Prompt {
	return pay.Prompt{
		Ref: pay.Ref{
			Scope:     pay.Scope{MerchantID: r.merchantID, Mode: pay.Test},
			PaymentID: r.paymentID, Now: now,
		},
		Amount: r.amount, Rail: Name, Card: &r.card, ReturnURL: r.returnURL,
		AskedAt: r.startedAt, Open: true,
	}
}

// Decide answers the challenge of a payment as the payer, once.
func (n *Network) Decide(ctx context.Context, ref pay.Ref, d pay.Decision) error {
	return n.db.Write(ctx, func(ctx context.Context, tx sqldb.Tx) error {
		r, err := load(ctx, tx, lockRecord, ref.PaymentID, ref.MerchantID)
		if errors.Is(err, errNoRecord) {
			return noChallenge()
		}
		if err != nil {
			return err
		}
		if r.outcome(ref.Now).Kind != pay.OutcomeAction {
			return pay.Errorf(pay.State, "prompt_closed",
				"This request has been answered, or its time is over.")
		}
		approve := d == pay.Approve
		r.approved, r.answeredAt = &approve, ref.Now
		tx.Queue(markAnswered, r.paymentID, approve, micros(ref.Now))
		if at, amount, ok := r.debit(); ok {
			queueDebit(tx, &r, at, amount)
		}
		n.queueNotices(tx, &r, ref.Now)
		return nil
	})
}

// Prompts lists what the issuer asks the payers of a scope now, oldest first.
func (n *Network) Prompts(
	ctx context.Context, sc pay.Scope, now time.Time,
) ([]pay.Prompt, error) {
	rows, err := n.db.Reader().Query(ctx, `SELECT `+recordColumns+` FROM sim_card_payment
		WHERE merchant_id = $1 AND token_hash IS NOT NULL AND approved IS NULL
		ORDER BY started_at, payment_id LIMIT $2`, sc.MerchantID, int64(maxPrompts))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var open []pay.Prompt
	for rows.Next() {
		r, err := scan(rows)
		if err != nil {
			return nil, err
		}
		if r.outcome(now).Kind == pay.OutcomeAction {
			open = append(open, n.prompt(&r, now))
		}
	}
	return open, rows.Err()
}

func noChallenge() error {
	return pay.Errorf(pay.NotFound, "resource_missing", "There is no such request.")
}
