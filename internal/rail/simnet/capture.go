package simnet

import (
	"context"
	"errors"
	"fmt"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

const (
	selectCapture = `SELECT amount FROM sim_capture
		WHERE rail = $1 AND payment_id = $2 AND number = $3`
	insertCapture = `INSERT INTO sim_capture (rail, payment_id, number, amount)
		VALUES ($1, $2, $3, $4)`
)

// TakeHeld takes a part of what is held of a payment, under a number. A repeat with the same number
// and amount answers the same; with another amount it is refused.
func (n *Network) TakeHeld(ctx context.Context, o pay.CaptureOrder) (pay.Outcome, error) {
	return n.judge(ctx, o.Ref, func(
		ctx context.Context, tx sqldb.Tx, _ pay.Behaviour,
	) (verdict, error) {
		return n.take(ctx, tx, o)
	})
}

func (n *Network) take(
	ctx context.Context, tx sqldb.Tx, o pay.CaptureOrder,
) (verdict, error) {
	r, err := n.lock(ctx, tx, o.Ref)
	if errors.Is(err, errNoRecord) {
		return verdict{out: pay.Outcome{Kind: pay.OutcomeNotFound}}, nil
	}
	if err != nil {
		return verdict{}, err
	}
	var before int64
	err = tx.QueryRow(ctx, selectCapture, n.name, o.PaymentID, o.Number).Scan(&before)
	switch {
	case err == nil && (before != o.Amount.Minor || o.Amount.Currency != r.Amount.Currency):
		return verdict{refused: "captured again with another amount"}, nil
	case err == nil:
		return verdict{out: taken(&r, o)}, nil
	case !errors.Is(err, sqldb.ErrNoRows):
		return verdict{}, err
	}
	return n.takeNew(tx, &r, o), nil
}

// takeNew takes money under a number that was not used before.
func (n *Network) takeNew(tx sqldb.Tx, r *Record, o pay.CaptureOrder) verdict {
	out := n.say(r, o.Ref)
	left := r.Amount.Minor - r.Captured
	switch {
	case out.Kind == pay.OutcomePaid && !r.Manual && out.Amount != o.Amount:
		return verdict{refused: "captured again with another amount"}
	case out.Kind == pay.OutcomePaid && r.Manual: // the rest was let go before
		return verdict{out: pay.Outcome{
			Kind: pay.OutcomeCanceled, Amount: r.Amount, Reference: r.Reference,
		}}
	case out.Kind != pay.OutcomeAuthorised:
		return verdict{out: out}
	case o.Number < 1:
		return verdict{refused: "capture without a number"}
	case o.Amount.Currency != r.Amount.Currency || o.Amount.Minor < 1 || o.Amount.Minor > left:
		return verdict{refused: "capture of more than is held"}
	}
	r.Captured, r.CapturedAt = r.Captured+o.Amount.Minor, o.Now
	if !o.KeepRest && r.Captured < r.Amount.Minor {
		r.VoidedAt = o.Now
	}
	n.queueUpdate(tx, r)
	tx.Queue(insertCapture, n.name, r.PaymentID, o.Number, o.Amount.Minor)
	n.queueDebit(tx, r, fmt.Sprintf("%s/%d", r.PaymentID, o.Number), dated{o.Now, o.Amount.Minor})
	return verdict{out: taken(r, o)}
}

// taken is the answer to a capture that was made.
func taken(r *Record, o pay.CaptureOrder) pay.Outcome {
	return pay.Outcome{
		Kind: pay.OutcomePaid, Amount: o.Amount, Reference: r.Reference, Token: r.Kept,
	}
}
