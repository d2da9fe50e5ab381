package card

import (
	"context"
	"errors"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

const refundColumns = `refund_id, merchant_id, payment_id, reference, amount, currency,
	settles_at, fails`

const (
	selectRefund = `SELECT ` + refundColumns + ` FROM sim_card_refund
		WHERE refund_id = $1 AND merchant_id = $2`
	insertRefund = `INSERT INTO sim_card_refund (` + refundColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`
	// What has failed by now no longer counts; what may still fail does.
	sumRefunds = `SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM sim_card_refund
		WHERE payment_id = $1 AND NOT (fails AND settles_at <= $2)`
)

// Refund sends money of a paid payment back, never more than was taken in all. A repeat with the
// same id answers what became of the first.
func (n *Network) Refund(ctx context.Context, o pay.RefundOrder) (pay.Outcome, error) {
	if err := n.reached(o.Scope); err != nil {
		return pay.Outcome{}, err
	}
	var v verdict
	err := n.db.Write(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
		v, err = n.refund(ctx, tx, o)
		return err
	})
	return n.judge(ctx, o.Ref, v, err)
}

func (n *Network) refund(
	ctx context.Context, tx sqldb.Tx, o pay.RefundOrder,
) (verdict, error) {
	// The payment is locked before anything of its refunds is read, so that they count each other.
	r, err := load(ctx, tx, lockRecord, o.PaymentID, o.MerchantID)
	if err != nil && !errors.Is(err, errNoRecord) {
		return verdict{}, err
	}
	known, err := loadRefund(ctx, tx, o)
	switch {
	case err == nil && (known.amount != o.Amount || known.paymentID != o.PaymentID):
		return verdict{refused: "refund id used again for something else"}, nil
	case err == nil:
		return verdict{out: known.outcome(o.Now)}, nil
	case !errors.Is(err, sqldb.ErrNoRows):
		return verdict{}, err
	}
	covered, err := n.covered(ctx, tx, &r, o)
	if err != nil {
		return verdict{}, err
	}
	made := n.newRefund(&r, o, covered)
	tx.Queue(insertRefund, made.refundID, made.merchantID, made.paymentID, made.reference,
		made.amount.Minor, made.amount.Currency, micros(made.settlesAt), made.fails)
	if !made.fails {
		tx.Queue(insertEntry, made.refundID, made.merchantID, made.paymentID, "credit",
			made.amount.Minor, made.amount.Currency, micros(made.settlesAt))
	}
	return verdict{out: made.outcome(o.Now)}, nil
}

// covered reports whether the network holds enough of the payment's money to send this back.
func (n *Network) covered(
	ctx context.Context, tx sqldb.Tx, r *record, o pay.RefundOrder,
) (bool, error) {
	if r.paymentID == "" || o.Amount.Minor < 1 {
		return false, nil
	}
	out := r.outcome(o.Now)
	if out.Kind != pay.OutcomePaid || out.Amount.Currency != o.Amount.Currency {
		return false, nil
	}
	var refunded int64
	err := tx.QueryRow(ctx, sumRefunds, o.PaymentID, micros(o.Now)).Scan(&refunded)
	return o.Amount.Minor <= out.Amount.Minor-refunded, err
}

// newRefund decides when and how the refund ends. One that is not covered has failed already.
func (n *Network) newRefund(r *record, o pay.RefundOrder, covered bool) refund {
	made := refund{
		refundID: o.RefundID, merchantID: o.MerchantID, paymentID: o.PaymentID,
		reference: n.ids.ID("nw", o.Now), amount: o.Amount, settlesAt: o.Now, fails: !covered,
	}
	if covered && r.scenario.refund != refundNow {
		made.settlesAt = o.Now.Add(lateAfter)
		made.fails = r.scenario.refund == refundFails
	}
	return made
}

// QueryRefund says what became of a refund.
func (n *Network) QueryRefund(ctx context.Context, o pay.RefundOrder) (pay.Outcome, error) {
	if err := n.reached(o.Scope); err != nil {
		return pay.Outcome{}, err
	}
	r, err := loadRefund(ctx, n.db.Reader(), o)
	if errors.Is(err, sqldb.ErrNoRows) {
		return n.reply(o.Scope, pay.Outcome{Kind: pay.OutcomeNotFound}, nil)
	}
	return n.reply(o.Scope, r.outcome(o.Now), err)
}

func loadRefund(ctx context.Context, from sqldb.Reader, o pay.RefundOrder) (refund, error) {
	var r refund
	var settles int64
	err := from.QueryRow(ctx, selectRefund, o.RefundID, o.MerchantID).Scan(
		&r.refundID, &r.merchantID, &r.paymentID, &r.reference, &r.amount.Minor,
		&r.amount.Currency, &settles, &r.fails)
	r.settlesAt = time.UnixMicro(settles).UTC()
	return r, err
}
