package paytest

import (
	"context"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/terms"
)

// Card4242 is a card that succeeds and is saved.
const Card4242 = "4242424242424242"

// First makes a request one for the first session of a series with the terms.
func First(t terms.Terms) func(*pay.OpenSession) {
	return func(r *pay.OpenSession) {
		r.Series, r.Offer.Terms = pay.SeriesFirst, &t
		r.CustomerEmail = "ama@example.com"
	}
}

// Scheduled makes a request for a first session one whose mandate the server itself charges.
func Scheduled(s terms.Schedule, retry ...int64) func(*pay.OpenSession) {
	return func(r *pay.OpenSession) {
		r.Offer.Schedule = &s
		if len(retry) > 0 {
			r.Offer.Retry.Days = retry
		}
	}
}

// Agree opens the first session of a series, pays it with the card and returns the mandate.
func (w *World) Agree(number string, t terms.Terms, change ...func(*pay.OpenSession)) pay.Mandate {
	w.T.Helper()
	ses := w.Open(append([]func(*pay.OpenSession){First(t)}, change...)...)
	if p := w.Buy(ses.ID, number); p.State != pay.PaymentPaid && p.State != pay.PaymentAuthorised {
		w.T.Fatalf("the first payment of the series is %s", p.State)
	}
	return w.Mandate(w.Session(ses.ID).MandateID)
}

// Mandate reads a mandate of the shop.
func (w *World) Mandate(id string) pay.Mandate {
	w.T.Helper()
	m, err := w.Pay.Mandate(context.Background(), w.Shop, id)
	if err != nil {
		w.T.Fatal(err)
	}
	return m
}

// TryCharge charges a mandate so many pesewas without its payer.
func (w *World) TryCharge(mandateID string, minor int64) (pay.Payment, error) {
	p, _, err := w.Pay.Charge(context.Background(), w.Shop, nil, pay.ChargeRequest{
		Family: "checkout", Amount: GHS(minor), MandateID: mandateID,
	})
	return p, err
}

// Charge is TryCharge that must not fail.
func (w *World) Charge(mandateID string, minor int64) pay.Payment {
	w.T.Helper()
	p, err := w.TryCharge(mandateID, minor)
	if err != nil {
		w.T.Fatal(err)
	}
	return p
}

// Rehearse tells the network what the next charge of a saved method becomes.
func (w *World) Rehearse(methodID string, r pay.Rehearsal) {
	w.T.Helper()
	if err := w.Pay.Rehearse(context.Background(), w.Shop, methodID, r); err != nil {
		w.T.Fatal(err)
	}
}

// Charges returns the charges of a mandate, oldest first.
func (w *World) Charges(mandateID string) []pay.Payment {
	w.T.Helper()
	var out []pay.Payment
	err := each(func(p pay.Page) ([]pay.Payment, error) {
		return w.Store.Payments(context.Background(), w.Shop.Scope, pay.PaymentFilter{
			Page: p, MandateID: mandateID,
		})
	}, func(p pay.Payment) string { out = append([]pay.Payment{p}, out...); return p.ID })
	if err != nil {
		w.T.Fatal(err)
	}
	return out
}

// Debits counts what the networks took from payers for the charges of a mandate, and its sum. It
// asks the networks' own ledgers, not us.
func (w *World) Debits(mandateID string) (count int, sum int64) {
	w.T.Helper()
	f, err := w.books().facts(context.Background(), w.Shop.Scope)
	if err != nil {
		w.T.Fatal(err)
	}
	for _, e := range f.ledger {
		if e.Kind == "debit" && f.payments[e.PaymentID].MandateID == mandateID {
			count, sum = count+1, sum+e.Amount.Minor
		}
	}
	return count, sum
}

// Told returns the types of the events of an object, oldest first.
func (w *World) Told(objectID string) []string {
	w.T.Helper()
	var out []string
	err := each(func(p pay.Page) ([]pay.Event, error) {
		return w.Store.Events(context.Background(), w.Shop.Scope, pay.EventFilter{
			Page: p, ObjectID: objectID,
		})
	}, func(e pay.Event) string { out = append([]string{e.Type}, out...); return e.ID })
	if err != nil {
		w.T.Fatal(err)
	}
	return out
}
