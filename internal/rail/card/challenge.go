package card

import (
	"context"
	"errors"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

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
	return pay.Prompt{
		Ref: pay.Ref{
			Scope:     pay.Scope{MerchantID: r.merchantID, Mode: pay.Test},
			PaymentID: r.paymentID, Now: now,
		},
		Amount: r.amount, Card: r.card, ReturnURL: r.returnURL,
		Open: r.approved == nil && r.voidedAt.IsZero() && now.Before(r.promptUntil),
	}, nil
}

// Decide answers the challenge of a payment as the payer, once.
func (n *Network) Decide(ctx context.Context, ref pay.Ref, approve bool) error {
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
		r.approved, r.answeredAt = &approve, ref.Now
		tx.Queue(markAnswered, r.paymentID, approve, micros(ref.Now))
		if at, amount, ok := r.debit(); ok {
			queueDebit(tx, &r, at, amount)
		}
		n.queueNotices(tx, &r, ref.Now)
		return nil
	})
}

func noChallenge() error {
	return pay.Errorf(pay.NotFound, "resource_missing", "There is no such request.")
}
