package checkout_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/terms"
)

const (
	audBody = `{"amount":4995,"currency":"AUD","success_url":"https://shop.example/done",` +
		`"cancel_url":"https://shop.example/basket"}`
	payidBody = `{"payment_method":{"type":"payto","payid":"mira@example.com"}}`
)

// agreement asks a payer for an agreement and returns the network's id of it.
func (h *house) agreement(t testing.TB) string {
	t.Helper()
	session := h.made(t, "/v1/checkout/sessions", audBody)
	payment := h.made(t, "/v1/test_helpers/sessions/"+session+"/pay", payidBody)
	return h.read(t, "/v1/payments/"+payment)["agreement"].(string)
}

// read returns a document.
func (h *house) read(t testing.TB, path string) (doc map[string]any) {
	t.Helper()
	w := h.do("GET", path, key, "")
	must(t, json.Unmarshal(w.Body.Bytes(), &doc))
	if w.Code != http.StatusOK {
		t.Fatalf("GET %s: %d %s", path, w.Code, w.Body)
	}
	return doc
}

// decided plays the payer in the bank's app and returns what the agreement is then.
func (h *house) decided(t testing.TB, id, do string) string {
	t.Helper()
	w := h.do("POST", "/v1/test_helpers/agreements/"+id+"/"+do, key, "")
	var doc struct{ Status string }
	must(t, json.Unmarshal(w.Body.Bytes(), &doc))
	if w.Code != http.StatusOK {
		t.Fatalf("%s %s: %d %s", do, id, w.Code, w.Body)
	}
	return doc.Status
}

// foreign opens a session as the Wpay protocol does, with ids of that protocol.
func (h *house) foreign(t testing.TB, uuid, instrument, payment string) string {
	t.Helper()
	c, err := h.Pay.Authenticate(t.Context(), key)
	must(t, err)
	ses, _, err := h.Pay.OpenSession(t.Context(), c, nil, pay.OpenSession{
		Family: "wpay", IDPrefix: "ps", Amount: 4995, Currency: "AUD",
		Methods: []string{pay.MethodPayTo}, Series: pay.SeriesFirst,
		SuccessURL: "https://shop.example/done", CancelURL: "https://shop.example/basket",
		Offer: pay.Offer{Terms: &terms.Terms{Kind: terms.OnDemand}},
		Aliases: []pay.Alias{
			{Kind: "session", ID: uuid}, {Kind: "instrument", ID: instrument},
			{Kind: "payment", ID: payment},
		},
	})
	must(t, err)
	return ses.ID
}

// TestHelpers_KnowTheOtherProtocolsIDs holds that the helpers find a session by the UUID that it
// has in the Wpay protocol, and its agreement by whatever the merchant calls it there.
func TestHelpers_KnowTheOtherProtocolsIDs(t *testing.T) {
	h := open(t)
	const uuid = "0f5c2f6e-9f5e-4d0b-8a53-7c1d3a5f9e21"
	id := h.foreign(t, uuid, "mug 17/a", "order-17")
	payment := h.made(t, "/v1/test_helpers/sessions/"+strings.ToUpper(uuid)+"/pay", payidBody)
	doc := h.read(t, "/v1/payments/"+payment)
	if doc["status"] != "pending" || doc["mandate"] != nil {
		t.Fatalf("got %v", doc)
	}
	for _, step := range []struct{ id, do, want string }{
		{"mug%2017%2Fa", "approve", "active"}, {"order-17", "pause", "suspended"},
		{uuid, "resume", "active"}, {id, "pause", "suspended"},
		{"mug%2017%2Fa", "resume", "active"},
	} {
		if got := h.decided(t, step.id, step.do); got != step.want {
			t.Errorf("%s %s: %s", step.do, step.id, got)
		}
	}
	h.Advance(5 * time.Second)
	doc = h.read(t, "/v1/payments/"+payment)
	if doc["status"] != "succeeded" || doc["mandate"] == nil {
		t.Errorf("got %v", doc)
	}
	for _, stranger := range []string{otherKey, key} {
		path := "/v1/test_helpers/agreements/mug%2017%2Fb/cancel"
		if stranger == otherKey {
			path = "/v1/test_helpers/agreements/mug%2017%2Fa/cancel"
		}
		if w := h.do("POST", path, stranger, ""); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	for _, wrong := range []string{
		strings.Repeat("a", 600), "%00", "a%FFb", "%0A", "_", "pay_", "mdt_x", "pm_%20", "%27--",
	} {
		for path, body := range map[string]string{
			"sessions/" + wrong + "-/pay": payidBody, "agreements/" + wrong + "/cancel": "",
		} {
			if w := h.do("POST", "/v1/test_helpers/"+path, key, body); w.Code != http.StatusNotFound {
				t.Errorf("%s: %d %s", path, w.Code, w.Body)
			}
		}
	}
}

// TestPayTo_OneKeyIsOneAgreement holds that a repeated attempt asks the payer once, and shows what
// became of it.
func TestPayTo_OneKeyIsOneAgreement(t *testing.T) {
	h := open(t)
	session := h.made(t, "/v1/checkout/sessions", audBody)
	path := "/v1/test_helpers/sessions/" + session + "/pay"
	first := h.made(t, path, payidBody, "Idempotency-Key", "k")
	if again := h.made(t, path, payidBody, "Idempotency-Key", "k"); again != first {
		t.Errorf("%s and %s", first, again)
	}
	if n := h.count(t, "/v1/test_helpers/agreements"); n != 1 {
		t.Errorf("%d agreements", n)
	}
	h.decided(t, first, "approve")
	h.Advance(5 * time.Second)
	w := h.do("POST", path, key, payidBody, "Idempotency-Key", "k")
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"status":"succeeded"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestPayTo_LeavesNoTrace holds that neither answers, events nor the log show what the account of a
// payer is called.
func TestPayTo_LeavesNoTrace(t *testing.T) {
	h := open(t)
	h.made(t, "/v1/webhooks", `{"url":"https://shop.example/h","events":["*"]}`)
	body := strings.Replace(audBody, "{", `{"mandate":{"amount":{"max":4995}},`, 1)
	var texts []string
	for _, method := range []string{
		`{"type":"payto","payid":"0498 765 432"}`,
		`{"type":"payto","bsb":"062-000","account":"98765432"}`,
		`{"type":"payto","payid":"quokka@example.com"}`,
	} {
		session := h.made(t, "/v1/checkout/sessions", body)
		w := h.do("POST", "/v1/test_helpers/sessions/"+session+"/pay", key,
			`{"payment_method":`+method+`,"approve":true}`)
		texts = append(texts, w.Body.String())
	}
	h.Advance(5 * time.Second)
	for _, path := range []string{
		"/v1/payments", "/v1/payment_methods", "/v1/mandates", "/v1/events",
		"/v1/test_helpers/agreements", "/v1/test_helpers/prompts",
	} {
		texts = append(texts, h.do("GET", path, key, "").Body.String())
	}
	h.Deliver(t)
	for _, p := range h.Sent {
		texts = append(texts, string(p.Body))
	}
	all := strings.Join(append(texts, h.Logs.String()), "\n")
	for _, word := range []string{"98765432", "498765", "quokka", "0498 765 432"} {
		if i := strings.Index(all, word); i >= 0 {
			t.Errorf("%q is shown: %s", word, all[max(0, i-80):min(len(all), i+40)])
		}
	}
	if len(h.Sent) < 9 || !strings.Contains(all, "04xx xxx 432") {
		t.Errorf("%d events", len(h.Sent))
	}
}

// TestPayTo_ManyAnswersAreOne holds that of many answers at once one counts, and that what follows
// agrees with it: one end of the payment, and money only where the payer said yes.
func TestPayTo_ManyAnswersAreOne(t *testing.T) {
	h := open(t)
	h.made(t, "/v1/webhooks", `{"url":"https://shop.example/h","events":["payment.succeeded",`+
		`"payment.failed","checkout.session.completed"]}`)
	session := h.made(t, "/v1/checkout/sessions", audBody)
	payment := h.made(t, "/v1/test_helpers/sessions/"+session+"/pay", payidBody)
	answers := map[string]int{}
	for _, w := range paytest.Together(16, func(i int) *httptest.ResponseRecorder {
		answer := []string{"approve", "decline"}[i%2]
		return h.do("POST", "/v1/test_helpers/agreements/"+payment+"/"+answer, key, "")
	}) {
		var doc struct{ Status string }
		must(t, json.Unmarshal(w.Body.Bytes(), &doc))
		if w.Code != http.StatusConflict {
			answers[doc.Status]++
		}
	}
	h.Advance(5 * time.Second)
	h.Deliver(t)
	got := h.read(t, "/v1/payments/"+payment)["status"]
	said := map[any]string{"succeeded": "active", "failed": "canceled"}[got]
	if len(answers) != 1 || answers[said] == 0 {
		t.Errorf("%v, and the payment has %v", answers, got)
	}
	want := map[any]int{"succeeded": 2, "failed": 1}[got]
	if len(h.Sent) != want {
		t.Errorf("%d events of a payment that has %v", len(h.Sent), got)
	}
}

// TestPayTo_ScheduleStopsAtTheBank holds that the schedule charges an account by its agreement, and
// not while its payer has paused that at the bank.
func TestPayTo_ScheduleStopsAtTheBank(t *testing.T) {
	h := open(t)
	body := strings.Replace(audBody, "{", `{"mandate":{"amount":{"exact":4995},`+
		`"recurrence":{"unit":"day"},"schedule":{"time":"12:00","start_date":"2026-10-04"}},`, 1)
	session := h.made(t, "/v1/checkout/sessions", body)
	payment := h.made(t, "/v1/test_helpers/sessions/"+session+"/pay", payidBody)
	h.decided(t, payment, "approve")
	mandate := h.read(t, "/v1/payments/"+payment)["mandate"].(string)
	days := func(n int, want int64) {
		t.Helper()
		for range n * 24 {
			h.Advance(time.Hour)
		}
		if count, total := h.usageOf(t, mandate); count != want || total != want*4995 {
			t.Errorf("charged %d times, %d; want %d", count, total, want)
		}
	}
	days(2, 3)
	h.decided(t, mandate, "pause")
	days(3, 3)
	h.decided(t, mandate, "resume")
	days(1, 4)
	h.decided(t, mandate, "cancel")
	days(2, 4)
	if n := h.count(t, "/v1/payments?status=succeeded&mandate="+mandate); n != 4 {
		t.Errorf("%d payments", n)
	}
}
