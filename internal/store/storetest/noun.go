package storetest

import (
	"net/netip"
	"time"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
)

// The makers fill every field, with text that is easily damaged: accents, right-to-left letters,
// emoji, quotes, a line break, a comment mark and the escapes of JSON.
const awkward = "Ama Ɔkɔ́ “mañana” שלום 🧾👩🏾‍💻 'x' -- /* */ <a&b> \n\t\\ $1 %s"

func metadata() map[string]string {
	return map[string]string{"order": "A-1", "note": awkward, "empty": "", "🧾": "receipt"}
}

func (r *run) merchant(sc pay.Scope) pay.Merchant {
	return pay.Merchant{
		ID: sc.MerchantID, Name: awkward,
		ReturnOrigins: []string{"https://shop.example", "https://b.example:8443"},
		LateMoney:     pay.HoldLate, ClockOffset: 36*time.Hour + 7*time.Microsecond,
		CreatedAt: r.now,
	}
}

func (r *run) key(sc pay.Scope) pay.Key {
	return pay.Key{
		ID: r.id("sk_test"), MerchantID: sc.MerchantID, Mode: sc.Mode, Kind: pay.SecretKey,
		Hash: []byte{0, 1, 2, 255, '\'', 0}, Permissions: []string{pay.PermRead, pay.PermWrite},
		Networks: []netip.Prefix{netip.MustParsePrefix("2001:db8::/32")},
		Name:     awkward, CreatedAt: r.now, ExpiresAt: r.in(3600),
	}
}

func (r *run) customer(sc pay.Scope) pay.Customer {
	return pay.Customer{
		ID: r.id("cus"), MerchantID: sc.MerchantID, Mode: sc.Mode, Email: "ama@example.com",
		Name: awkward, Phone: "+233 20 000 0000", Metadata: metadata(),
		CreatedAt: r.now, UpdatedAt: r.in(1),
	}
}

func (r *run) session(sc pay.Scope) pay.Session {
	return pay.Session{
		ID: r.id("cs"), MerchantID: sc.MerchantID, Mode: sc.Mode, Family: "checkout",
		Echo: []byte{0, 255, '{', 0}, State: pay.SessionOpen, Version: 1,
		Amount: money.Amount{Minor: 5000, Currency: "GHS"}, Capture: pay.CaptureManual,
		Methods: []string{"card", "momo"}, CustomerEmail: "ama@example.com",
		CustomerPhone: "+233200000000", SuccessURL: "https://shop.example/ok?a=1&b=ü",
		CancelURL: "https://shop.example/no", Metadata: metadata(), Declines: 2,
		ExpiresAt: r.in(86400), CreatedAt: r.now, UpdatedAt: r.in(1),
	}
}

func (r *run) payment(sc pay.Scope) pay.Payment {
	return pay.Payment{
		ID: r.id("pay"), MerchantID: sc.MerchantID, Mode: sc.Mode, Family: "checkout",
		State: pay.PaymentPaid, Version: 1, Amount: money.Amount{Minor: 5000, Currency: "GHS"},
		Capture: pay.CaptureAutomatic, Captured: 4000, Refunded: 3000, Capturing: 2000,
		Rail: "sim-card", Method: "card", Description: awkward, Metadata: metadata(),
		Card: &pay.CardSummary{
			Brand: "visa", Last4: "4242", ExpMonth: 12, ExpYear: 2030, Fingerprint: "f00d",
		},
		DeclineCode: pay.DeclineFraud, RailReference: "ref", ActionURL: "https://bank.example/3ds",
		PollCount: 3, LateAt: r.in(7), CreatedAt: r.now, UpdatedAt: r.in(1),
	}
}

func (r *run) refund(p pay.Payment) pay.Refund {
	return pay.Refund{
		ID: r.id("re"), MerchantID: p.MerchantID, Mode: p.Mode, Family: p.Family, PaymentID: p.ID,
		State: pay.RefundPending, Version: 1, Amount: money.Amount{Minor: 100, Currency: "GHS"},
		Reason: awkward, Metadata: metadata(), FailureCode: pay.DeclineRefundRefused, PollCount: 2,
		CreatedAt: r.now, UpdatedAt: r.in(1),
	}
}

func (r *run) event(sc pay.Scope, objectID string, sequence int64) pay.Event {
	return pay.Event{
		ID: r.id("evt"), MerchantID: sc.MerchantID, Mode: sc.Mode, Type: "session.complete",
		Kind: pay.ObjectSession, ObjectID: objectID, Sequence: sequence, Family: "checkout",
		Data: []byte(`{"a":  1,"b":"` + "\u2028🧾" + `","c":"\u003c"}`), RequestID: "req_1",
		IdempotencyKey: "key-1", CreatedAt: r.now,
	}
}

func (r *run) endpoint(sc pay.Scope) pay.Endpoint {
	return pay.Endpoint{
		ID: r.id("we"), MerchantID: sc.MerchantID, Mode: sc.Mode, Family: "checkout",
		URL: "https://shop.example/hooks?x=1", Description: awkward, Events: []string{"*"},
		Enabled: true, Secret: []byte{0, 9, 255}, Previous: []byte{255, 0},
		PreviousUntil: r.in(60), DisabledReason: "gone", FailingSince: r.in(-60), Version: 1,
		CreatedAt: r.now, UpdatedAt: r.in(1),
	}
}

func (r *run) delivery(e pay.Endpoint, ev pay.Event) pay.Delivery {
	return pay.Delivery{
		ID: r.id("dlv"), MerchantID: e.MerchantID, Mode: e.Mode, EndpointID: e.ID, EventID: ev.ID,
		Type: "checkout.session.completed", ObjectID: ev.ObjectID, Sequence: ev.Sequence,
		State: pay.DeliveryPending, NextAttemptAt: r.now, CreatedAt: r.now, UpdatedAt: r.now,
	}
}

// addSession stores a session after change has worked on it.
func (r *run) addSession(sc pay.Scope, change func(*pay.Session)) pay.Session {
	r.Helper()
	s := r.session(sc)
	change(&s)
	r.do(func(tx pay.Tx) error { return tx.InsertSession(r.ctx, s, s.ExpiresAt) })
	return s
}

// addPayment stores a payment after change has worked on it; it is never due.
func (r *run) addPayment(sc pay.Scope, change func(*pay.Payment)) pay.Payment {
	r.Helper()
	p := r.payment(sc)
	change(&p)
	r.do(func(tx pay.Tx) error { return tx.InsertPayment(r.ctx, p, time.Time{}) })
	return p
}

// addEndpoint stores an endpoint.
func (r *run) addEndpoint(sc pay.Scope) pay.Endpoint {
	r.Helper()
	e := r.endpoint(sc)
	r.do(func(tx pay.Tx) error { return tx.InsertEndpoint(r.ctx, e) })
	return e
}

// addDelivery stores a delivery of a new event of the object, due at the given time.
func (r *run) addDelivery(e pay.Endpoint, objectID string, sequence int64, due time.Time,
) pay.Delivery {
	r.Helper()
	ev := r.event(pay.Scope{MerchantID: e.MerchantID, Mode: e.Mode}, objectID, sequence)
	d := r.delivery(e, ev)
	d.NextAttemptAt = due
	r.do(func(tx pay.Tx) error { return tx.InsertDelivery(r.ctx, d, []byte("body of "+ev.ID)) })
	return d
}

func nothing[T any](*T) {}
