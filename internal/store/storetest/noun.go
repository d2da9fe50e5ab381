package storetest

import (
	"net/netip"
	"time"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/payid"
	"github.com/kassa-pay/kassa/internal/terms"
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
		LastDecline: pay.DeclineFraud, LastDeclineAt: r.in(3), Series: pay.SeriesFirst,
		Offer: offer(), MethodID: r.id("pm"), MandateID: r.id("mdt"),
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
		PollCount: 3, LateAt: r.in(7), CreatedAt: r.now, UpdatedAt: r.in(1), KeepRest: true,
		Captures: 2, Authorised: 4900, Voided: 900, AuthorisedUntil: r.in(604800),
		MethodID: r.id("pm"), MandateID: r.id("mdt"), OffSession: true, Occurrence: r.in(-9),
		Attempt: 3, Window: r.in(-99), Keep: true, Final: true, Echo: []byte{'{', 0, 255},
		NetworkCode: "AM04", Agreement: "0123456789ab1cde8f01234567890abc", Hook: r.id("we"),
	}
}

func offer() pay.Offer {
	permits, schedule := permits(), schedule()
	return pay.Offer{
		Save: pay.SavePrompt, Terms: &permits, Schedule: &schedule,
		Retry: pay.Retry{Days: []int64{1, 30}}, Presentation: pay.EmbeddedInline,
		HidePayButton: true, CountFirst: true, Description: awkward,
		Hooks: map[pay.ObjectKind]string{pay.ObjectPayment: "we_1"},
	}
}

func permits() terms.Terms {
	return terms.Terms{
		Kind: terms.OnDemand, Amount: terms.Amount{Exact: 1, Min: 2, Max: 3},
		Recurrence: &terms.Recurrence{
			Unit: terms.Month, Interval: 2, MonthDays: []int64{1, -1}, NearestWeekday: true,
		},
		Start: terms.Date{Year: 2026, Month: time.December, Day: 31},
		End:   terms.Date{Year: 2028, Month: time.February, Day: 29},
		Zone:  "Africa/Accra", MaxCount: 12, MaxTotal: 60_000, Items: []int64{5, 7},
		Period: &terms.Period{
			Unit: terms.Year, MaxCount: 4, MaxAmount: 9_000, Anchor: 28, AnchorMonth: time.February,
		},
	}
}

func schedule() terms.Schedule {
	return terms.Schedule{
		Recurrence: terms.Recurrence{
			Unit: terms.Week, Interval: 1, Weekdays: []time.Weekday{time.Sunday, time.Friday},
		},
		Start: terms.Date{Year: 2027, Month: time.January, Day: 1},
		End:   terms.Date{Year: 2028, Month: time.January, Day: 1},
		Hour:  23, Minute: 59, Amount: 5000,
	}
}

// method returns a saved method; the payment it was saved with is there.
func (r *run) method(sc pay.Scope) pay.SavedMethod {
	r.Helper()
	return pay.SavedMethod{
		ID: r.id("pm"), MerchantID: sc.MerchantID, Mode: sc.Mode, Family: "checkout",
		CustomerID: "cus_1", State: pay.MethodActive, Version: 1, Rail: "sim-card", Type: "card",
		Card: &pay.CardSummary{
			Brand: "visa", Last4: "4242", ExpMonth: 12, ExpYear: 2030, Fingerprint: "f00d",
		},
		Token: "tok_" + awkward, TokenVersion: 7, PaymentID: r.addPayment(sc, nothing).ID,
		CreatedAt: r.now, UpdatedAt: r.in(1),
	}
}

// mandate returns a mandate on a new method, given in a new session.
func (r *run) mandate(sc pay.Scope) pay.Mandate {
	r.Helper()
	permits, schedule := permits(), schedule()
	permits.Items = nil
	return pay.Mandate{
		ID: r.id("mdt"), MerchantID: sc.MerchantID, Mode: sc.Mode, Family: "checkout",
		CustomerID: "cus_1", MethodID: r.addMethod(sc, nothing).ID,
		SessionID: r.addSession(sc, nothing).ID, State: pay.MandateActive, Version: 1,
		Currency: "GHS", Terms: permits, Consent: awkward, Count: 11, Total: 55_000,
		Schedule: &schedule, NextAt: r.in(10), TryAt: r.in(20), Failures: 2,
		Retry: pay.Retry{Days: []int64{3, 5, 7}}, Reason: "failures", CreatedAt: r.now,
		UpdatedAt: r.in(1), NetworkCode: "MD16", LookAt: r.in(30), Echo: []byte{0, '{', 255},
		Payto: &pay.Payto{Kind: payid.PayID, PayIDType: payid.Email, PayID: "a@b.au", Name: awkward},
		Hook:  r.id("we"), Description: awkward,
		Proposal: &pay.Proposal{
			ID: "amd_1", State: pay.AmendmentPending, Terms: permits, Schedule: &schedule,
			Description: awkward, Consent: awkward, Known: true, ProposedAt: r.in(1),
			ExpiresAt: r.in(40),
		},
	}
}

func (r *run) refund(p pay.Payment) pay.Refund {
	return pay.Refund{
		ID: r.id("re"), MerchantID: p.MerchantID, Mode: p.Mode, Family: p.Family, PaymentID: p.ID,
		State: pay.RefundPending, Version: 1, Amount: money.Amount{Minor: 100, Currency: "GHS"},
		Reason: awkward, Metadata: metadata(), FailureCode: pay.DeclineRefundRefused, PollCount: 2,
		NetworkCode: "AC07", Echo: []byte{255, 0}, Hook: r.id("we"), Rehearsal: "AC07;settle=60",
		CreatedAt: r.now, UpdatedAt: r.in(1),
	}
}

func (r *run) event(sc pay.Scope, objectID string, sequence int64) pay.Event {
	return pay.Event{
		ID: r.id("evt"), MerchantID: sc.MerchantID, Mode: sc.Mode, Type: "session.complete",
		Kind: pay.ObjectSession, ObjectID: objectID, Sequence: sequence, Family: "checkout",
		Data: []byte(`{"a":  1,"b":"` + "\u2028🧾" + `","c":"\u003c"}`), RequestID: "req_1",
		IdempotencyKey: "key-1", CreatedAt: r.now, Hook: "we_9",
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

// addMethod stores a method after change has worked on it.
func (r *run) addMethod(sc pay.Scope, change func(*pay.SavedMethod)) pay.SavedMethod {
	r.Helper()
	m := r.method(sc)
	change(&m)
	r.do(func(tx pay.Tx) error { return tx.InsertMethod(r.ctx, m) })
	return m
}

// addMandate stores a mandate after change has worked on it; it is never due.
func (r *run) addMandate(sc pay.Scope, change func(*pay.Mandate)) pay.Mandate {
	r.Helper()
	m := r.mandate(sc)
	change(&m)
	r.do(func(tx pay.Tx) error { return tx.InsertMandate(r.ctx, m, time.Time{}) })
	return m
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
