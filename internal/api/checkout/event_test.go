package checkout

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
)

func eventOf(t *testing.T, typ string, kind pay.ObjectKind, object any) pay.Event {
	t.Helper()
	data, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return pay.Event{ID: "evt_01", Type: typ, Kind: kind, Data: data, CreatedAt: at, Pending: 3}
}

// TestEvent_EveryTransitionHasItsName shows what each state of each noun is called.
func TestEvent_EveryTransitionHasItsName(t *testing.T) {
	want := map[string]string{
		"session.open": "", "session.paying": "",
		"session.complete": "checkout.session.completed",
		"session.expired":  "checkout.session.expired",
		"session.canceled": "checkout.session.expired",
		"payment.created":  "payment.created", "payment.action": "payment.pending",
		"payment.waiting": "payment.pending", "payment.review": "payment.processing",
		"payment.authorised": "payment.authorized", "payment.paid": "payment.succeeded",
		"payment.failed": "payment.failed", "payment.canceled": "payment.canceled",
		"payment.late": "payment.late", "payment.underpaid": "payment.underpaid",
		"payment.overpaid": "payment.overpaid", "refund.pending": "refund.created",
		"refund.succeeded": "refund.succeeded", "refund.failed": "refund.failed",
		"endpoint.test": "webhook_endpoint.test", "mandate.signed": "",
		"payment.captured": "payment.captured", "payment.voided": "payment.voided",
		"method.active":          "payment_method.attached",
		"method.detached":        "payment_method.detached",
		"mandate.active":         "mandate.created",
		"mandate.paused":         "mandate.paused",
		"mandate.resumed":        "mandate.resumed",
		"mandate.canceled":       "mandate.canceled",
		"mandate.expired":        "mandate.expired",
		"mandate.completed":      "mandate.completed",
		"mandate.payment_failed": "mandate.payment_failed",
		"mandate.charge_skipped": "mandate.charge_skipped",
		"mandate.updated":        "mandate.updated",
		"method.updated":         "payment_method.updated",
	}
	var events []pay.Event
	for s := pay.SessionOpen; s <= pay.SessionCanceled; s++ {
		ses := someSession()
		ses.State = s
		events = append(events, eventOf(t, "session."+s.String(), pay.ObjectSession, ses))
	}
	for s := pay.PaymentCreated; s <= pay.PaymentOverpaid; s++ {
		p := pay.Payment{ID: "pay_01", State: s}
		events = append(events, eventOf(t, "payment."+s.String(), pay.ObjectPayment, p))
	}
	for s := pay.RefundPending; s <= pay.RefundFailed; s++ {
		r := pay.Refund{ID: "re_01", State: s}
		events = append(events, eventOf(t, "refund."+s.String(), pay.ObjectRefund, r))
	}
	for s := pay.MethodActive; s <= pay.MethodDetached; s++ {
		m := pay.SavedMethod{ID: "pm_01", State: s}
		events = append(events, eventOf(t, "method."+s.String(), pay.ObjectMethod, m))
	}
	for s := pay.MandateActive; s <= pay.MandateCompleted; s++ {
		m := pay.Mandate{ID: "mdt_01", State: s}
		events = append(events, eventOf(t, "mandate."+s.String(), pay.ObjectMandate, m))
	}
	for _, beside := range []string{"resumed", "payment_failed", "charge_skipped", "updated"} {
		m := pay.Mandate{ID: "mdt_01", State: pay.MandateActive}
		events = append(events, eventOf(t, "mandate."+beside, pay.ObjectMandate, m))
	}
	moved := pay.SavedMethod{ID: "pm_01", State: pay.MethodActive}
	events = append(events, eventOf(t, "method.updated", pay.ObjectMethod, moved))
	for _, beside := range []string{"captured", "voided"} {
		p := pay.Payment{ID: "pay_01", State: pay.PaymentAuthorised}
		events = append(events, eventOf(t, "payment."+beside, pay.ObjectPayment, p))
	}
	events = append(events,
		eventOf(t, "endpoint.test", pay.ObjectEndpoint, pay.Endpoint{ID: "we_01"}),
		eventOf(t, "mandate.signed", "mandate", 1))
	encode := Encoder(pageURL, manageURL)
	for _, e := range events {
		name, body, ok := encode(e, 2)
		if expected, known := want[e.Type]; !known || name != expected || ok != (name != "") {
			t.Errorf("%s is called %q", e.Type, name)
		}
		if ok && !strings.Contains(string(body), `"type":"`+name+`"`) {
			t.Errorf("%s: body %s", e.Type, body)
		}
	}
	if len(events) != len(want) {
		t.Errorf("%d events, %d names", len(events), len(want))
	}
}

func TestEvent_Document(t *testing.T) {
	ses := someSession()
	ses.State = pay.SessionComplete
	e := eventOf(t, "session.complete", pay.ObjectSession, ses)
	e.RequestID, e.IdempotencyKey = "req_01", `k"1`
	_, body, ok := Encoder(pageURL, manageURL)(e, 2)
	want := `{"id":"evt_01","object":"event","type":"checkout.session.completed",` +
		`"created_at":"2026-10-03T09:30:00Z","data":{"object":` +
		string(enc.session(nil, &sessionView{Session: ses, now: at})) +
		`},"pending_webhooks":2,"request":{"id":"req_01","idempotency_key":"k\"1"}}`
	if !ok || string(body) != want {
		t.Errorf("got  %s\nwant %s", body, want)
	}
	e.RequestID, e.IdempotencyKey = "", ""
	_, body, _ = Encoder(pageURL, manageURL)(e, 0)
	if !strings.HasSuffix(string(body),
		`"pending_webhooks":0,"request":{"id":null,"idempotency_key":null}}`) {
		t.Errorf("got %s", body)
	}
}

func TestEvent_HeldMoneyIsNotPaid(t *testing.T) {
	ses := someSession()
	ses.State, ses.Capture = pay.SessionComplete, pay.CaptureManual
	e := eventOf(t, "session.complete", pay.ObjectSession, ses)
	_, body, _ := Encoder(pageURL, manageURL)(e, 1)
	if !strings.Contains(string(body), `"payment_status":"unpaid"`) {
		t.Errorf("got %s", body)
	}
}

func TestEvent_CarriesNoSecretAndNoCard(t *testing.T) {
	p := pay.Payment{
		ID: "pay_01", State: pay.PaymentAction, ActionURL: "https://bank.example/token",
		Amount: money.Amount{Minor: 1, Currency: "GHS"},
		Card:   &pay.CardSummary{Brand: "visa", Last4: "4242", Fingerprint: "f"},
	}
	endpoint := pay.Endpoint{ID: "we_01", Secret: []byte("sealed"), Previous: []byte("older")}
	for _, e := range []pay.Event{
		eventOf(t, "payment.action", pay.ObjectPayment, p),
		eventOf(t, "endpoint.test", pay.ObjectEndpoint, endpoint),
	} {
		_, body, ok := Encoder(pageURL, manageURL)(e, 1)
		for _, word := range []string{"token", "4242", "sec", "c2VhbGVk", "older"} {
			if !ok || strings.Contains(string(body), word) {
				t.Errorf("%s shows %q: %s", e.Type, word, body)
			}
		}
	}
}

func TestEvent_WhatCannotBeReadIsNotSent(t *testing.T) {
	for _, e := range []pay.Event{
		{Type: "session.complete", Kind: pay.ObjectSession, Data: []byte("{")},
		{Type: "session.complete", Kind: "planet", Data: []byte("{}")},
	} {
		if _, _, ok := Encoder(pageURL, manageURL)(e, 1); ok {
			t.Errorf("%s of a %s was encoded", e.Type, e.Kind)
		}
	}
}

func TestEventTypes(t *testing.T) {
	if got := eventTypes("payment.pending"); !slices.Equal(got,
		[]string{"payment.action", "payment.waiting"}) {
		t.Errorf("payment.pending is %v", got)
	}
	if got := eventTypes("payment.completed"); got != nil {
		t.Errorf("an unknown name is %v", got)
	}
	if got := eventTypes(""); len(got) != len(eventNames) {
		t.Errorf("all are %v", got)
	}
	if !knownEvent("*") || knownEvent("") == knownEvent("checkout.session.completed") {
		t.Error("the wrong names can be subscribed to")
	}
	names := knownEvents()
	if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
		t.Errorf("names %v", names)
	}
}
