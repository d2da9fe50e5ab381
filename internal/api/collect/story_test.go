package collect_test

import (
	"slices"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/paytest"
)

// TestSubscription_OverFourteenMonths lets time pass month by month: each month is charged once, on
// its last day where it has no 31st, and each charge is told as a session of its own.
func TestSubscription_OverFourteenMonths(t *testing.T) {
	h := newHouse(t)
	h.ask(t, 201, "POST", "/collect/webhook_endpoints",
		`{"url":"https://shop.test/h","events":["payment_session.completed"]}`)
	ses := h.ask(t, 201, "POST", "/collect/payment_sessions", first(
		`"mandate_options":{"type":"scheduled","recurrence":{"type":"monthly",
			"on":{"type":"day_of_month","days":[31]}}},
		"subscription_options":{"scheduled_time":"08:15"}`))
	h.Buy(ses.Text("id"), paytest.Card4242)
	ses = h.ask(t, 200, "GET", "/collect/payment_sessions/"+ses.Text("id"), "")
	h.Deliver(t)
	h.Sent = nil

	var days []string
	for range 14 {
		sub := h.ask(t, 200, "GET", "/collect/subscriptions/"+ses.Text("subscription_id"), "")
		next, err := time.Parse(time.RFC3339, sub.Text("next_charge_at"))
		must(t, err)
		days = append(days, next.Format("2006-01-02 15:04"))
		h.World.Advance(next.Sub(h.Clock.Now()))
		h.Deliver(t)
	}
	want := []string{
		"2026-10-31 08:15", "2026-11-30 08:15", "2026-12-31 08:15", "2027-01-31 08:15",
		"2027-02-28 08:15", "2027-03-31 08:15", "2027-04-30 08:15", "2027-05-31 08:15",
		"2027-06-30 08:15", "2027-07-31 08:15", "2027-08-31 08:15", "2027-09-30 08:15",
		"2027-10-31 08:15", "2027-11-30 08:15",
	}
	if !slices.Equal(days, want) {
		t.Errorf("charged on %v", days)
	}
	list := h.ask(t, 200, "GET", "/collect/payments?limit=100&mandate_id="+ses.Text("mandate_id"), "")
	if n := len(list["data"].([]any)); n != len(want) || len(h.Sent) != len(want) {
		t.Errorf("%d payments, %d told, want %d", n, len(h.Sent), len(want))
	}
}

// TestSession_DeclinedAndTriedAgain holds that one session takes several attempts, and closes after
// the fifth that fails: the last failure is final.
func TestSession_DeclinedAndTriedAgain(t *testing.T) {
	h := newHouse(t)
	h.ask(t, 201, "POST", "/collect/webhook_endpoints",
		`{"url":"https://shop.test/h","events":["payment.attempt_failed","payment.failed"]}`)
	ses := h.ask(t, 201, "POST", "/collect/payment_sessions", `{"amount":100,"currency":"GHS"}`)
	path := "/collect/payment_sessions/" + ses.Text("id")
	for range 5 {
		if ses = h.ask(t, 200, "GET", path, ""); ses.Text("status") != "active" {
			t.Fatalf("the session is %s", ses.Text("status"))
		}
		h.Buy(ses.Text("id"), "4000000000000002")
		h.Deliver(t)
	}
	ses = h.ask(t, 200, "GET", path, "")
	if ses.Text("status") != "expired" || ses.Text("payment_outcome") != "unpaid" ||
		ses["last_payment_error"] == nil {
		t.Errorf("after five declines: %v", ses)
	}
	var told []string
	for _, p := range h.Sent {
		told = append(told, p.Type)
	}
	again, final := "payment.attempt_failed", "payment.failed"
	if !slices.Equal(told, []string{again, again, again, again, final}) {
		t.Errorf("told %v", told)
	}
}
