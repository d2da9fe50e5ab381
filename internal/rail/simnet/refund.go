package simnet

import (
	"context"
	"errors"
	"time"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

const refundColumns = `refund_id, merchant_id, payment_id, reference, amount, currency,
	settles_at, fails, code`

const (
	selectRefund = `SELECT ` + refundColumns + ` FROM sim_refund
		WHERE rail = $1 AND refund_id = $2 AND merchant_id = $3`
	insertRefund = `INSERT INTO sim_refund (rail, ` + refundColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`
	// What has failed by now no longer counts; what may still fail does.
	sumRefunds = `SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM sim_refund
		WHERE rail = $1 AND payment_id = $2 AND NOT (fails AND settles_at <= $3)`
)

// refund is what the network keeps of a refund.
type refund struct {
	refundID, merchantID, paymentID string
	reference                       string
	amount                          money.Amount
	settlesAt                       time.Time
	fails                           bool
	code                            string // the network's own word for why
}

// outcome says what the network knows of the refund at now.
func (r *refund) outcome(now time.Time) pay.Outcome {
	out := pay.Outcome{Kind: pay.OutcomePaid, Amount: r.amount, Reference: r.reference}
	switch {
	case now.Before(r.settlesAt):
		out.Kind = pay.OutcomeWaiting
	case r.fails:
		out.Kind, out.Decline = pay.OutcomeDeclined, pay.DeclineRefundRefused
		out.NetworkCode = r.code
	}
	return out
}

// Refund sends money of a paid payment back, never more than was taken in all. A repeat with the
// same id answers what became of the first.
func (n *Network) Refund(ctx context.Context, o pay.RefundOrder) (pay.Outcome, error) {
	return n.judge(ctx, o.Ref, func(
		ctx context.Context, tx sqldb.Tx, _ pay.Behaviour,
	) (verdict, error) {
		return n.refund(ctx, tx, o)
	})
}

func (n *Network) refund(
	ctx context.Context, tx sqldb.Tx, o pay.RefundOrder,
) (verdict, error) {
	// The payment is locked before anything of its refunds is read, so that they count each other.
	r, err := n.lock(ctx, tx, o.Ref)
	if err != nil && !errors.Is(err, errNoRecord) {
		return verdict{}, err
	}
	known, err := n.loadRefund(ctx, tx, o)
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
	tx.Queue(insertRefund, n.name, made.refundID, made.merchantID, made.paymentID, made.reference,
		made.amount.Minor, made.amount.Currency, micros(made.settlesAt), made.fails,
		made.code)
	if !made.fails {
		tx.Queue(insertEntry, n.name, made.refundID, made.merchantID, made.paymentID, "credit",
			made.amount.Minor, made.amount.Currency, micros(made.settlesAt))
	}
	return verdict{out: made.outcome(o.Now)}, nil
}

// covered reports whether the network holds enough of the payment's money to send this back.
func (n *Network) covered(
	ctx context.Context, tx sqldb.Tx, r *Record, o pay.RefundOrder,
) (bool, error) {
	if r.PaymentID == "" || o.Amount.Minor < 1 {
		return false, nil
	}
	if o.Amount.Currency != r.Amount.Currency {
		return false, nil
	}
	var refunded int64
	err := tx.QueryRow(ctx, sumRefunds, n.name, o.PaymentID, micros(o.Now)).Scan(&refunded)
	return o.Amount.Minor <= n.took(r, o.Now)-refunded, err
}

// took is how much the network has taken for a payment by now. What is only held is not part of it.
func (n *Network) took(r *Record, now time.Time) int64 {
	out := n.outcome(r, now)
	switch {
	case out.Kind == pay.OutcomePaid, out.Kind == pay.OutcomeReceived:
		return out.Amount.Minor
	}
	return r.Captured
}

// newRefund decides when and how the refund ends. One that is not covered has failed already.
func (n *Network) newRefund(r *Record, o pay.RefundOrder, covered bool) refund {
	made := refund{
		refundID: o.RefundID, merchantID: o.MerchantID, paymentID: o.PaymentID,
		reference: n.ids.ID("nw", o.Now), amount: o.Amount, settlesAt: o.Now, fails: !covered,
	}
	if plan, ok := n.rehearsedRefund(o); ok && covered {
		made.settlesAt, made.code = o.Now.Add(plan.After), plan.Code
		made.fails = plan.Code != ""
		return made
	}
	how := RefundNow
	if covered {
		how = r.Scenario.Refund
		made.fails = how == RefundFails || how == RefundGone
	}
	if how == RefundSlow || how == RefundFails {
		made.settlesAt = o.Now.Add(LateAfter)
	}
	if made.fails && n.words != nil {
		made.code = n.words.RefundFailed[how]
	}
	return made
}

// QueryRefund says what became of a refund.
func (n *Network) QueryRefund(ctx context.Context, o pay.RefundOrder) (pay.Outcome, error) {
	b, err := n.reached(ctx, o.Scope)
	if err != nil {
		return pay.Outcome{}, err
	}
	r, err := n.loadRefund(ctx, n.db.Reader(), o)
	if errors.Is(err, sqldb.ErrNoRows) {
		return reply(b, pay.Outcome{Kind: pay.OutcomeNotFound}, nil)
	}
	return reply(b, r.outcome(o.Now), err)
}

func (n *Network) loadRefund(
	ctx context.Context, from sqldb.Reader, o pay.RefundOrder,
) (refund, error) {
	var r refund
	var settles int64
	err := from.QueryRow(ctx, selectRefund, n.name, o.RefundID, o.MerchantID).Scan(
		&r.refundID, &r.merchantID, &r.paymentID, &r.reference, &r.amount.Minor,
		&r.amount.Currency, &settles, &r.fails, &r.code)
	r.settlesAt = time.UnixMicro(settles).UTC()
	return r, err
}
