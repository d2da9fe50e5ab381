package simnet

import (
	"context"
	"errors"
	"reflect"
	"time"

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

// judge answers a call of the merchant's with the verdict of one unit of work.
func (n *Network) judge(
	ctx context.Context, ref pay.Ref,
	find func(context.Context, sqldb.Tx, pay.Behaviour) (verdict, error),
) (pay.Outcome, error) {
	b, err := n.reached(ctx, ref.Scope)
	if err != nil {
		return pay.Outcome{}, err
	}
	var v verdict
	err = n.db.Write(ctx, func(ctx context.Context, tx sqldb.Tx) (err error) {
		v, err = find(ctx, tx, b)
		return err
	})
	if err == nil && v.refused != "" {
		return n.refuse(ctx, ref, v.refused)
	}
	return reply(b, v.out, err)
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
			deposit := changed(n.ids.ID("ntc", ref.Now), &r, "")
			deposit.Type = noticeReceived
			n.queueNotice(tx, r.MerchantID, deposit, n.clock.Now().Add(delay(b)))
		}
		if !reflect.DeepEqual(r, before) {
			n.queueChange(tx, b, &r, ref.Now)
			if err := n.follow(ctx, tx, b, &r); err != nil {
				return err
			}
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
	tx.Queue(dropNotices, n.name, r.PaymentID, noticeChanged, micros(n.clock.Now()))
	n.queuePlan(tx, b, r, now)
}

// queuePlan books, or plans, what the network does about a payment by itself.
func (n *Network) queuePlan(tx sqldb.Tx, b pay.Behaviour, r *Record, now time.Time) {
	if !r.VoidedAt.IsZero() {
		return
	}
	p := n.model.Plan(r)
	if !p.DebitAt.IsZero() && p.Debit > 0 {
		n.queueDebit(tx, r, r.PaymentID, dated{p.DebitAt, p.Debit})
	}
	n.queueNews(tx, b, r, n.newsAfter(now, p, r))
}

// shift is a change of an outcome: how long from now, and the network's word from then on.
type shift struct {
	in     time.Duration
	status string
}

// newsAfter returns the changes of the outcome from now on. What the reply to now's request carries
// is not told again, unless the payer took part or the scenario wants it.
func (n *Network) newsAfter(now time.Time, p Plan, r *Record) (all []shift) {
	for _, at := range p.News {
		told := r.AnsweredAt.Equal(now) || r.Scenario.Notice == NoticeFirst
		if at.After(now) || at.Equal(now) && told {
			all = append(all, shift{at.Sub(now), n.outcome(r, at).NetworkStatus})
		}
	}
	return all
}

// dated is money with its time.
type dated struct {
	at    time.Time
	minor int64
}

// queueDebit books, or plans, money of a payment under an id that is used once.
func (n *Network) queueDebit(tx sqldb.Tx, r *Record, id string, d dated) {
	tx.Queue(insertEntry, n.name, id, r.MerchantID, r.PaymentID, "debit", d.minor,
		r.Amount.Currency, micros(d.at))
}

// queueDeposit books one deposit of a transfer.
func (n *Network) queueDeposit(tx sqldb.Tx, r *Record, now time.Time, minor int64) {
	n.queueDebit(tx, r, n.ids.ID("dep", now), dated{now, minor})
}

// Void gives up a payment that has not been paid, or lets go what is still held of it; one that has
// never been seen is closed for good. What came first stands: a payment that was paid or declined
// is answered as that.
func (n *Network) Void(ctx context.Context, ref pay.Ref) (pay.Outcome, error) {
	return n.judge(ctx, ref, func(
		ctx context.Context, tx sqldb.Tx, b pay.Behaviour,
	) (verdict, error) {
		return n.void(ctx, tx, b, ref)
	})
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
	case pay.OutcomeWaiting:
		if n.agrees() {
			return verdict{out: out}, nil // what was initiated cannot be called back
		}
	}
	r.VoidedAt, r.PromptUntil = ref.Now, time.Time{}
	n.queueChange(tx, b, &r, ref.Now)
	return verdict{out: n.say(&r, ref)}, n.follow(ctx, tx, b, &r)
}

// unseen is the record of a payment that was closed before it arrived.
func (n *Network) unseen(ref pay.Ref) Record {
	return Record{
		PaymentID: ref.PaymentID, MerchantID: ref.MerchantID, Scenario: n.model.Scenario(""),
		MAC: []byte{}, StartedAt: ref.Now, AskedAt: ref.Now, VoidedAt: ref.Now,
	}
}
