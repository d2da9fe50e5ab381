package checkout_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/secret"
)

// agreed has a payer give a mandate and returns its id.
func (h *house) agreed(t testing.TB, mandate string) string {
	t.Helper()
	body := strings.Replace(sessionBody, "{", `{"mandate":`+mandate+`,`, 1)
	session := h.made(t, "/v1/checkout/sessions", body)
	h.made(t, "/v1/test_helpers/sessions/"+session+"/pay", cardBody)
	var doc struct{ Data []struct{ ID string } }
	w := h.do("GET", "/v1/mandates?limit=1", key, "")
	must(t, json.Unmarshal(w.Body.Bytes(), &doc))
	return doc.Data[0].ID
}

func chargeBody(mandate string) string {
	return `{"amount":500,"currency":"GHS","off_session":true,"mandate":"` + mandate + `"}`
}

// usageOf returns what the mandate says of its use.
func (h *house) usageOf(t testing.TB, mandate string) (count, total int64) {
	t.Helper()
	var doc struct{ Usage struct{ Count, Total int64 } }
	w := h.do("GET", "/v1/mandates/"+mandate, key, "")
	must(t, json.Unmarshal(w.Body.Bytes(), &doc))
	return doc.Usage.Count, doc.Usage.Total
}

func TestTwelveChargesWithOneKeyAreOnePayment(t *testing.T) {
	h := open(t)
	mandate := h.agreed(t, "{}")
	for _, w := range paytest.Together(12, func(int) *httptest.ResponseRecorder {
		return h.do("POST", "/v1/payments", key, chargeBody(mandate), "Idempotency-Key", "k")
	}) {
		if w.Code != 201 && w.Code != 409 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	if n := h.count(t, "/v1/payments?mandate="+mandate); n != 1 {
		t.Errorf("%d payments", n)
	}
	if count, total := h.usageOf(t, mandate); count != 1 || total != 500 {
		t.Errorf("used %d times, %d", count, total)
	}
}

func TestChargesTogetherNeverExceedTheMandate(t *testing.T) {
	h := open(t)
	for name, limits := range map[string]string{
		"by count": `{"max_occurrences":3}`, "by total": `{"total_amount":1999}`,
		"by count of a period":  `{"period_limits":{"unit":"day","max_count":3}}`,
		"by amount of a period": `{"period_limits":{"unit":"week","max_amount":1500}}`,
	} {
		mandate := h.agreed(t, limits)
		made := 0
		for _, w := range paytest.Together(10, func(int) *httptest.ResponseRecorder {
			return h.do("POST", "/v1/payments", key, chargeBody(mandate))
		}) {
			switch w.Code {
			case 201:
				made++
			case 409:
			default:
				t.Errorf("%s: %d %s", name, w.Code, w.Body)
			}
		}
		count, total := h.usageOf(t, mandate)
		if made != 3 || count != 3 || total != 1500 {
			t.Errorf("%s: %d charges, used %d times, %d", name, made, count, total)
		}
	}
}

// TestSavingLeavesNoTrace saves, charges and forgets a card, and then looks for its number, its
// code and the mandate's key in the log.
func TestSavingLeavesNoTrace(t *testing.T) {
	h := open(t)
	mandate := h.agreed(t, "{}")
	h.made(t, "/v1/payments", chargeBody(mandate))
	w := h.do("GET", "/v1/mandates/"+mandate, key, "")
	_, rest, _ := strings.Cut(w.Body.String(), "?key=")
	pageKey, _, ok := strings.Cut(rest, `"`)
	log := h.Logs.String()
	for _, word := range []string{"4242424242424242", "987", pageKey} {
		if !ok || word == "" || strings.Contains(log, word) {
			t.Errorf("the log shows %q", word)
		}
	}
}

// TestSessionsOfTheOtherProtocol holds that what was made through the Payment Sessions API is shown
// here as the document says: a card that was only made sure of, a charge that failed, and a session
// that its payer gave up.
func TestSessionsOfTheOtherProtocol(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	h.made(t, "/v1/webhooks", `{"url":"https://shop.example/h","events":["*"]}`)
	c, err := h.Pay.Authenticate(ctx, key)
	must(t, err)
	order := pay.OpenSession{
		Family: "collect", IDPrefix: "ps", Currency: "GHS", Verify: true, Series: pay.SeriesFirst,
	}
	verified, _, err := h.Pay.OpenSession(ctx, c, nil, order)
	must(t, err)
	_, _, err = h.Pay.Pay(ctx, c, nil, pay.PayRequest{SessionID: verified.ID, Method: visa()})
	must(t, err)
	verified, err = h.Pay.Session(ctx, c, verified.ID)
	must(t, err)
	must(t, h.Pay.Rehearse(ctx, c, verified.MethodID, pay.Rehearsal(pay.DeclineLostCard)))
	failed, _, err := h.Pay.ChargeSession(ctx, c, nil, pay.ChargeRequest{
		Family: "collect", IDPrefix: "ps", Amount: money.Amount{Minor: 700, Currency: "GHS"},
		MandateID: verified.MandateID,
	})
	must(t, err)
	given, _, err := h.Pay.OpenSession(ctx, c, nil, order)
	must(t, err)
	_, _, err = h.Pay.CancelSession(ctx, c, nil, given.ID)
	must(t, err)
	for id, want := range map[string]string{
		verified.ID: `"status":"complete",`, failed.ID: `"payment_status":"unpaid",`,
		given.ID: `"status":"expired",`,
	} {
		w := h.do("GET", "/v1/checkout/sessions/"+id, key, "")
		if w.Code != 200 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	for _, path := range []string{"/v1/checkout/sessions", "/v1/payments", "/v1/events",
		"/v1/mandates", "/v1/payment_methods"} {
		if w := h.do("GET", path, key, ""); w.Code != 200 {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	h.Deliver(t)
	for _, p := range h.Sent {
		shipped := p.Type == "checkout.session.completed" && p.ObjectID == failed.ID &&
			strings.Contains(string(p.Body), `"payment_status":"paid"`)
		if shipped {
			t.Errorf("a charge that failed is announced as paid: %s", p.Body)
		}
	}
}

func visa() pay.MethodInput {
	card := &pay.Card{ExpMonth: 12, ExpYear: 2030}
	card.Number, card.CVC = secret.NewPAN("4242424242424242"), secret.NewCVV([]byte("123"))
	return pay.MethodInput{Type: pay.MethodCard, Card: card}
}

// TestScheduleSkipsWhatTheTermsForbid holds that a charge the schedule asks for in vain is told to
// the merchant, with the reason.
func TestScheduleSkipsWhatTheTermsForbid(t *testing.T) {
	h := open(t)
	h.made(t, "/v1/webhooks", `{"url":"https://shop.example/h","events":["mandate.charge_skipped",`+
		`"mandate.expired"]}`)
	mandate := h.agreed(t, `{"end_date":"2026-10-06","recurrence":{"unit":"day"},`+
		`"period_limits":{"unit":"month","max_count":1},"schedule":{}}`)
	for range 5 {
		h.Advance(24 * time.Hour)
	}
	h.Deliver(t)
	if n := h.count(t, "/v1/payments?mandate="+mandate); n != 1 {
		t.Errorf("%d payments", n)
	}
	var got []string
	for _, p := range h.Sent {
		got = append(got, p.Type)
		if p.Type == "mandate.charge_skipped" &&
			!strings.Contains(string(p.Body), `"reason":"period_count_reached"`) {
			t.Errorf("%s", p.Body)
		}
	}
	want := "mandate.charge_skipped mandate.charge_skipped mandate.expired"
	if strings.Join(got, " ") != want {
		t.Errorf("got %v", got)
	}
}
