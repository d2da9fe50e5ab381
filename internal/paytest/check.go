package paytest

import (
	"context"
	"fmt"
	"strings"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/rail/simnet"
	"github.com/kassa-pay/kassa/internal/store"
)

// Books is where the facts of an installation are read.
type Books struct {
	Pay      *pay.Service
	Store    *store.Store
	Networks []*simnet.Network
}

// Violations lists what is wrong with what is stored of a merchant, by the networks' own ledgers
// and by the order of its events.
func (b Books) Violations(ctx context.Context, sc pay.Scope) ([]string, error) {
	f, err := b.facts(ctx, sc)
	if err != nil {
		return nil, err
	}
	return f.violations(), nil
}

// facts is what is stored of one merchant's payments and events, and what the networks have booked.
type facts struct {
	payments map[string]pay.Payment
	events   []pay.Event // oldest first
	ledger   []simnet.Entry
	books    map[string]bool // the rails whose ledgers we have
}

// Check verifies every invariant of what is stored: the audit of the product itself, and beside it
// what only the networks' own ledgers can tell. It runs by itself at the end of each test and may
// be called in the middle of one.
func (w *World) Check() {
	w.T.Helper()
	report, err := w.Pay.Audit(context.Background())
	if err != nil {
		w.T.Errorf("audit: %v", err)
	}
	for _, f := range report.Findings {
		w.T.Errorf("audit of %s: %s: %s", f.MerchantID, f.ObjectID, f.What)
	}
	for _, c := range []pay.Caller{w.Shop, w.Rival} {
		violations, err := w.books().Violations(context.Background(), c.Scope)
		if err != nil {
			w.T.Errorf("reading the facts of %s: %v", c.MerchantID, err)
		}
		for _, broken := range violations {
			w.T.Errorf("invariant broken for %s: %s", c.MerchantID, broken)
		}
	}
	w.checkLogs()
}

func (w *World) books() Books { return Books{w.Pay, w.Store, w.networks()} }

func (b Books) facts(ctx context.Context, sc pay.Scope) (*facts, error) {
	c, err := b.Pay.CallerFor(ctx, sc) // its clock may have moved
	if err != nil {
		return nil, err
	}
	f := &facts{
		payments: map[string]pay.Payment{}, books: map[string]bool{},
	}
	err = each(func(p pay.Page) ([]pay.Payment, error) {
		return b.Store.Payments(ctx, sc, pay.PaymentFilter{Page: p})
	}, func(p pay.Payment) string { f.payments[p.ID] = p; return p.ID })
	if err != nil {
		return nil, err
	}
	err = each(func(p pay.Page) ([]pay.Event, error) {
		return b.Store.Events(ctx, sc, pay.EventFilter{Page: p})
	}, func(e pay.Event) string { f.events = append([]pay.Event{e}, f.events...); return e.ID })
	if err != nil {
		return nil, err
	}
	for _, n := range b.Networks {
		entries, err := n.Ledger(ctx, c.MerchantID, b.Pay.Now(c))
		if err != nil {
			return nil, err
		}
		f.ledger, f.books[n.Name()] = append(f.ledger, entries...), true
	}
	return f, nil
}

// each reads a list to its end.
func each[T any](read func(pay.Page) ([]T, error), visit func(T) string) error {
	p := pay.Page{Limit: pay.MaxPage}
	for {
		items, err := read(p)
		if err != nil {
			return err
		}
		for _, item := range items {
			p.After = visit(item)
		}
		if len(items) < p.Limit {
			return nil
		}
	}
}

// violations lists what is wrong.
func (f *facts) violations() []string {
	var out []string
	for _, check := range []func() []string{f.chargedOnce, f.agreement, f.eventsInOrder} {
		out = append(out, check()...)
	}
	return out
}

// chargedOnce judges by the networks' ledgers, not by ours: at most one debit per session and per
// payment, but for transfers, which payers send as often as they like, and for held money, which
// has one debit per capture. Of a session at most one payment ends with money.
func (f *facts) chargedOnce() (out []string) {
	bySession, byPayment := map[string]map[string]bool{}, map[string]int{}
	for _, e := range f.ledger {
		if e.Kind != "debit" {
			continue
		}
		p := f.payments[e.PaymentID]
		byPayment[e.PaymentID]++
		if p.SessionID == "" || p.State == pay.PaymentLate || p.State == pay.PaymentCanceled {
			continue
		}
		if bySession[p.SessionID] == nil {
			bySession[p.SessionID] = map[string]bool{}
		}
		bySession[p.SessionID][p.ID] = true
	}
	for id, payments := range bySession {
		if len(payments) > 1 {
			out = append(out, fmt.Sprintf("session %s was charged by %d payments", id, len(payments)))
		}
	}
	for id, n := range byPayment {
		p := f.payments[id]
		if n > max(1, int(p.Captures)) && p.Method != pay.MethodBank {
			out = append(out, fmt.Sprintf("payment %s was debited %d times", id, n))
		}
		if _, known := f.payments[id]; !known {
			out = append(out, fmt.Sprintf("the network debited %s, which we do not know", id))
		}
	}
	return out
}

// agreement compares what we say was paid with what the network booked.
func (f *facts) agreement() (out []string) {
	booked := map[string]int64{}
	for _, e := range f.ledger {
		if e.Kind == "debit" {
			booked[e.PaymentID] += e.Amount.Minor
		}
	}
	for id, p := range f.payments {
		if !f.books[p.Rail] {
			continue
		}
		switch p.State {
		case pay.PaymentUnderpaid, pay.PaymentOverpaid:
			if booked[id] != p.Received {
				out = append(out, fmt.Sprintf("payment %s: received %d, the network booked %d",
					id, p.Received, booked[id]))
			}
		case pay.PaymentPaid, pay.PaymentLate:
			if booked[id] != p.Captured {
				out = append(out, fmt.Sprintf("payment %s: captured %d, the network booked %d",
					id, p.Captured, booked[id]))
			}
		case pay.PaymentAuthorised:
			if got := booked[id] - p.Captured; got != 0 && got != p.Capturing {
				out = append(out, fmt.Sprintf("payment %s: captured %d and %d on its way, the "+
					"network booked %d", id, p.Captured, p.Capturing, booked[id]))
			}
		case pay.PaymentCanceled:
			if p.Authorised > 0 && booked[id] != 0 {
				out = append(out, fmt.Sprintf("payment %s was let go, the network booked %d",
					id, booked[id]))
			}
		case pay.PaymentFailed:
			if booked[id] != 0 {
				out = append(out, fmt.Sprintf("payment %s failed, the network booked %d",
					id, booked[id]))
			}
		}
	}
	return out
}

// eventsInOrder: the sequences of an object's events only grow, and no more than one of them is
// final; a transfer's payment may be settled more than once.
func (f *facts) eventsInOrder() (out []string) {
	last := map[string]pay.Event{}
	finals := map[string]int{}
	for _, e := range f.events {
		if before, ok := last[e.ObjectID]; ok && e.Sequence <= before.Sequence {
			out = append(out, fmt.Sprintf("%s: event %s has sequence %d after %d",
				e.ObjectID, e.Type, e.Sequence, before.Sequence))
		}
		last[e.ObjectID] = e
		switch e.Type {
		case "session.complete", "session.expired", "session.canceled", "payment.paid",
			"payment.voided", "payment.late":
			finals[e.ObjectID]++
		}
	}
	for id, n := range finals {
		if n > 1 && f.payments[id].Method != pay.MethodBank {
			out = append(out, fmt.Sprintf("%s has %d final events", id, n))
		}
	}
	return out
}

// checkLogs looks for what must never be written.
func (w *World) checkLogs() {
	w.logsMu.Lock()
	defer w.logsMu.Unlock()
	for _, digits := range []string{"4242424242424242", "4000002500003155"} {
		if strings.Contains(w.Logs.String(), digits) {
			w.T.Errorf("a card number is in the log")
		}
	}
}
