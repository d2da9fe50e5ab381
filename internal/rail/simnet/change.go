package simnet

import (
	"context"
	"errors"
	"reflect"
	"time"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

const (
	insertEntry = `INSERT INTO sim_entry
		(rail, entry_id, merchant_id, payment_id, kind, amount, currency, posted_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`
	dropPlan = `DELETE FROM sim_entry WHERE rail = $1 AND entry_id = $2 AND posted_at > $3`
	// A notification that was tried before tells of something that has happened.
	dropNotices = `DELETE FROM sim_notice
		WHERE rail = $1 AND payment_id = $2 AND type = $3 AND due_at > $4 AND tries = 0`
	// A payment that is closed before it arrives must not be opened by a submission still on its
	// way.
	closeUnseen = insertRecord + ` ON CONFLICT (rail, payment_id) DO NOTHING`
)

// verdict is what a unit of work found out: the answer, or why the network refuses.
type verdict struct {
	out     pay.Outcome
	refused string
}

// judge turns a verdict into the network's answer.
func (n *Network) judge(
	ctx context.Context, b pay.Behaviour, ref pay.Ref, v verdict,
) (pay.Outcome, error) {
	if v.refused != "" {
		return n.refuse(ctx, ref, v.refused)
	}
	return reply(b, v.out, nil)
}

// Change changes the record of a payment, locked, and answers what became of it. change may be
// called more than once, each time with a fresh record; its error leaves everything as it was. What
// the record has received more is booked. What follows from the change is planned anew.
func (n *Network) Change(
	ctx context.Context, ref pay.Ref, change func(r *Record) error,
) (pay.Outcome, error) {
	b, err := n.Behaviour(ctx, ref.MerchantID)
	if err != nil {
		return pay.Outcome{}, err
	}
	var out pay.Outcome
	err = n.db.Write(ctx, func(ctx context.Context, tx sqldb.Tx) error {
		r, err := n.lock(ctx, tx, ref)
		if err != nil {
			return err
		}
		before := r
		if err := change(&r); err != nil {
			return err
		}
		if r.Received > before.Received {
			n.queueDeposit(tx, &r, ref.Now, r.Received-before.Received)
			n.queueNotice(tx, &r, noticeBody{n.ids.ID("ntc", ref.Now), noticeReceived, r.PaymentID},
				n.clock.Now().Add(delay(b)))
		}
		if !reflect.DeepEqual(r, before) {
			n.queueChange(tx, b, &r, ref.Now)
		}
		out = n.say(&r, ref)
		return nil
	})
	if errors.Is(err, errNoRecord) {
		err = noPrompt()
	}
	return out, err
}

// Call is Change on behalf of the merchant: the network must be reached, and its reply may be lost.
func (n *Network) Call(
	ctx context.Context, ref pay.Ref, change func(r *Record) error,
) (pay.Outcome, error) {
	b, err := n.reached(ctx, ref.Scope)
	if err != nil {
		return pay.Outcome{}, err
	}
	out, err := n.Change(ctx, ref, change)
	return reply(b, out, err)
}

// queueChange writes a changed record and plans anew what follows from it.
func (n *Network) queueChange(tx sqldb.Tx, b pay.Behaviour, r *Record, now time.Time) {
	n.queueUpdate(tx, r)
	tx.Queue(dropPlan, n.name, r.PaymentID, micros(now))
	tx.Queue(dropNotices, n.name, r.PaymentID, noticeDecided, micros(n.clock.Now()))
	n.queuePlan(tx, b, r, now)
}

// queuePlan books, or plans, what the network does about a payment by itself.
func (n *Network) queuePlan(tx sqldb.Tx, b pay.Behaviour, r *Record, now time.Time) {
	if !r.VoidedAt.IsZero() {
		return
	}
	p := n.model.Plan(r)
	if !p.DebitAt.IsZero() {
		n.queueDebit(tx, r, p.DebitAt, p.Debit)
	}
	n.queueNews(tx, b, r, p.newsAfter(r, now))
}

// newsAfter returns how long after now the outcome changes, and how often. What the reply to now's
// request carries is not told again, unless the payer took part or the scenario wants it.
func (p Plan) newsAfter(r *Record, now time.Time) (in []time.Duration) {
	for _, at := range p.News {
		told := r.AnsweredAt.Equal(now) || r.Scenario.Notice == NoticeFirst
		if at.After(now) || at.Equal(now) && told {
			in = append(in, at.Sub(now))
		}
	}
	return in
}

// queueDebit books, or plans, the money of a payment.
func (n *Network) queueDebit(tx sqldb.Tx, r *Record, at time.Time, minor int64) {
	tx.Queue(insertEntry, n.name, r.PaymentID, r.MerchantID, r.PaymentID, "debit", minor,
		r.Amount.Currency, micros(at))
}

// queueDeposit books one deposit of a transfer.
func (n *Network) queueDeposit(tx sqldb.Tx, r *Record, now time.Time, minor int64) {
	tx.Queue(insertEntry, n.name, n.ids.ID("dep", now), r.MerchantID, r.PaymentID, "debit", minor,
		r.Amount.Currency, micros(now))
}

// Void gives up a payment that has not been paid; one that has never been seen is closed for good.
// What came first stands: a payment that was paid or declined is answered as that.
func (n *Network) Void(ctx context.Context, ref pay.Ref) (pay.Outcome, error) {
	b, err := n.reached(ctx, ref.Scope)
	if err != nil {
		return pay.Outcome{}, err
	}
	var v verdict
	err = n.db.Write(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
		v, err = n.void(ctx, tx, b, ref)
		return err
	})
	if err != nil {
		return pay.Outcome{}, err
	}
	return n.judge(ctx, b, ref, v)
}

func (n *Network) void(
	ctx context.Context, tx sqldb.Tx, b pay.Behaviour, ref pay.Ref,
) (verdict, error) {
	r, err := n.lock(ctx, tx, ref)
	if errors.Is(err, errNoRecord) {
		r = n.unseen(ref)
		values, err := n.values(&r)
		if err != nil {
			return verdict{}, err
		}
		added, err := tx.Exec(ctx, closeUnseen, values...)
		if err != nil {
			return verdict{}, err
		}
		if added == 1 {
			return verdict{out: n.say(&r, ref)}, nil
		}
		// The submission arrived in this very moment.
		r, err = n.lock(ctx, tx, ref)
		if errors.Is(err, errNoRecord) {
			return verdict{refused: "payment id belongs to another merchant"}, nil
		}
	}
	if err != nil {
		return verdict{}, err
	}
	switch out := n.say(&r, ref); out.Kind {
	case pay.OutcomePaid, pay.OutcomeDeclined, pay.OutcomeCanceled, pay.OutcomeReceived:
		return verdict{out: out}, nil
	}
	r.VoidedAt, r.PromptUntil = ref.Now, time.Time{}
	n.queueChange(tx, b, &r, ref.Now)
	return verdict{out: n.say(&r, ref)}, nil
}

// unseen is the record of a payment that was closed before it arrived.
func (n *Network) unseen(ref pay.Ref) Record {
	return Record{
		PaymentID: ref.PaymentID, MerchantID: ref.MerchantID, Scenario: n.model.Scenario(""),
		MAC: []byte{}, StartedAt: ref.Now, AskedAt: ref.Now, VoidedAt: ref.Now,
	}
}

// TakeHeld takes up to the held amount of a payment, once. A repeat with the same amount answers
// the same.
func (n *Network) TakeHeld(
	ctx context.Context, ref pay.Ref, amount money.Amount,
) (pay.Outcome, error) {
	b, err := n.reached(ctx, ref.Scope)
	if err != nil {
		return pay.Outcome{}, err
	}
	var v verdict
	err = n.db.Write(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
		v, err = n.take(ctx, tx, ref, amount)
		return err
	})
	if err != nil {
		return pay.Outcome{}, err
	}
	return n.judge(ctx, b, ref, v)
}

func (n *Network) take(
	ctx context.Context, tx sqldb.Tx, ref pay.Ref, amount money.Amount,
) (verdict, error) {
	r, err := n.lock(ctx, tx, ref)
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
	case amount.Currency != r.Amount.Currency || amount.Minor < 1 || amount.Minor > r.Amount.Minor:
		return verdict{refused: "capture of more than is held"}, nil
	}
	r.Captured, r.CapturedAt = amount.Minor, ref.Now
	n.queueUpdate(tx, &r)
	n.queueDebit(tx, &r, ref.Now, amount.Minor)
	return verdict{out: n.say(&r, ref)}, nil
}
