package card

import (
	"context"
	"errors"
	"time"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

const (
	markCaptured = `UPDATE sim_card_payment SET captured = $2, captured_at = $3
		WHERE payment_id = $1`
	markVoided = `UPDATE sim_card_payment SET voided_at = $2 WHERE payment_id = $1`
	dropPlan   = `DELETE FROM sim_card_entry WHERE entry_id = $1 AND posted_at > $2`
	// A payment that is closed before it arrives must not be opened by a submission still on its
	// way.
	closeUnseen = insertRecord + ` ON CONFLICT (payment_id) DO NOTHING`
)

// verdict is what a unit of work found out: the answer, or why the network refuses.
type verdict struct {
	out     pay.Outcome
	refused string
}

// Capture takes up to the held amount, once. A repeat with the same amount answers the same.
func (n *Network) Capture(
	ctx context.Context, ref pay.Ref, amount money.Amount,
) (pay.Outcome, error) {
	if err := n.reached(ref.Scope); err != nil {
		return pay.Outcome{}, err
	}
	var v verdict
	err := n.db.Write(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
		v, err = n.capture(ctx, tx, ref, amount)
		return err
	})
	return n.judge(ctx, ref, v, err)
}

func (n *Network) capture(
	ctx context.Context, tx sqldb.Tx, ref pay.Ref, amount money.Amount,
) (verdict, error) {
	r, err := load(ctx, tx, lockRecord, ref.PaymentID, ref.MerchantID)
	if errors.Is(err, errNoRecord) {
		return verdict{out: pay.Outcome{Kind: pay.OutcomeNotFound}}, nil
	}
	if err != nil {
		return verdict{}, err
	}
	out := n.say(&r, ref)
	switch {
	case out.Kind == pay.OutcomePaid && out.Amount != amount:
		return verdict{refused: "captured again with another amount"}, nil
	case out.Kind != pay.OutcomeAuthorised:
		return verdict{out: out}, nil
	case amount.Currency != r.amount.Currency || amount.Minor < 1 || amount.Minor > r.amount.Minor:
		return verdict{refused: "capture of more than is held"}, nil
	}
	r.captured, r.capturedAt = amount.Minor, ref.Now
	tx.Queue(markCaptured, r.paymentID, r.captured, micros(r.capturedAt))
	queueDebit(tx, &r, ref.Now, amount)
	return verdict{out: n.say(&r, ref)}, nil
}

// Void gives up a payment that has not been paid; one that has never been seen is closed for good.
// What came first stands: a payment that was paid or declined is answered as that.
func (n *Network) Void(ctx context.Context, ref pay.Ref) (pay.Outcome, error) {
	if err := n.reached(ref.Scope); err != nil {
		return pay.Outcome{}, err
	}
	var v verdict
	err := n.db.Write(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
		v, err = n.void(ctx, tx, ref)
		return err
	})
	return n.judge(ctx, ref, v, err)
}

func (n *Network) void(ctx context.Context, tx sqldb.Tx, ref pay.Ref) (verdict, error) {
	r, err := load(ctx, tx, lockRecord, ref.PaymentID, ref.MerchantID)
	if errors.Is(err, errNoRecord) {
		r = unseen(ref)
		added, err := tx.Exec(ctx, closeUnseen, r.values()...)
		if err != nil {
			return verdict{}, err
		}
		if added == 1 {
			return verdict{out: n.say(&r, ref)}, nil
		}
		// The submission arrived in this very moment.
		r, err = load(ctx, tx, lockRecord, ref.PaymentID, ref.MerchantID)
		if errors.Is(err, errNoRecord) {
			return verdict{refused: "payment id belongs to another merchant"}, nil
		}
	}
	if err != nil {
		return verdict{}, err
	}
	out := n.say(&r, ref)
	switch out.Kind {
	case pay.OutcomePaid, pay.OutcomeDeclined, pay.OutcomeCanceled:
		return verdict{out: out}, nil
	}
	r.voidedAt = ref.Now
	tx.Queue(markVoided, r.paymentID, micros(ref.Now))
	tx.Queue(dropPlan, r.paymentID, micros(ref.Now))
	return verdict{out: n.say(&r, ref)}, nil
}

// unseen is the record of a payment that was closed before it arrived.
func unseen(ref pay.Ref) record {
	return record{
		paymentID: ref.PaymentID, merchantID: ref.MerchantID, scenario: byName[approved],
		mac: []byte{}, startedAt: ref.Now, voidedAt: ref.Now,
	}
}

// closedUnseen reports whether the payment was closed before it arrived.
func (r *record) closedUnseen() bool { return r.amount == money.Amount{} && !r.voidedAt.IsZero() }

// judge turns a verdict into the network's answer.
func (n *Network) judge(
	ctx context.Context, ref pay.Ref, v verdict, err error,
) (pay.Outcome, error) {
	if err != nil {
		return pay.Outcome{}, err
	}
	if v.refused != "" {
		return n.refuse(ctx, ref, v.refused)
	}
	return n.reply(ref.Scope, v.out, nil)
}

// Advance moves what the network has planned for the merchant, in server time, that much nearer.
// What follows the merchant's own clock needs no help.
func (n *Network) Advance(ctx context.Context, merchantID string, by time.Duration) error {
	return n.db.Write(ctx, func(_ context.Context, tx sqldb.Tx) error {
		tx.Queue(`UPDATE sim_card_notice SET due_at = due_at - $2 WHERE merchant_id = $1`,
			merchantID, by.Microseconds())
		tx.Queue(`UPDATE sim_card_payment SET prompt_until = prompt_until - $2
			WHERE merchant_id = $1 AND token_hash IS NOT NULL AND approved IS NULL`,
			merchantID, by.Microseconds())
		return nil
	})
}
