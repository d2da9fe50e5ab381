package collect_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/api/apitest"
	"github.com/kassa-pay/kassa/internal/api/collect"
	"github.com/kassa-pay/kassa/internal/paytest"
)

// things is one object of each kind, made by the shop in test mode.
type things struct {
	session, payment, refund, customer, method, mandate, subscription, endpoint, event string
}

func everything(t testing.TB, h *house) (x things) {
	t.Helper()
	const subscribe = `"customer":{"name":"T","email":"t@example.test"},
		"mandate_options":{"type":"scheduled","recurrence":{"type":"monthly"}},
		"subscription_options":{}`
	x.endpoint = h.ask(t, 201, "POST", "/collect/webhook_endpoints",
		`{"url":"https://shop.test/h"}`).Text("id")
	x.session = h.ask(t, 201, "POST", "/collect/payment_sessions", first(subscribe)).Text("id")
	x.payment = h.Buy(x.session, paytest.Card4242).ID
	ses := h.ask(t, 200, "GET", "/collect/payment_sessions/"+x.session, "")
	x.customer, x.method = ses.Text("customer_id"), ses.Text("payment_method_id")
	x.mandate, x.subscription = ses.Text("mandate_id"), ses.Text("subscription_id")
	x.refund = h.ask(t, 201, "POST", "/collect/refunds",
		`{"payment_id":"`+x.payment+`","amount":1}`).Text("id")
	h.Deliver(t)
	x.event = h.Sent[0].EventID
	return x
}

// byID are the requests that name an object by its id, with the object's own id in it.
func (x things) byID() []string {
	return []string{
		"GET /collect/payment_sessions/" + x.session,
		"POST /collect/payment_sessions/" + x.session + "/cancel",
		"GET /collect/payments/" + x.payment,
		"POST /collect/payments/" + x.payment + "/captures",
		"POST /collect/payments/" + x.payment + "/voids",
		"GET /collect/refunds/" + x.refund,
		"GET /collect/customers/" + x.customer,
		"GET /collect/payment_methods/" + x.method,
		"DELETE /collect/payment_methods/" + x.method,
		"GET /collect/mandates/" + x.mandate,
		"POST /collect/mandates/" + x.mandate + "/cancel",
		"POST /collect/mandates/" + x.mandate + "/pause",
		"POST /collect/mandates/" + x.mandate + "/resume",
		"GET /collect/subscriptions/" + x.subscription,
		"GET /collect/webhook_endpoints/" + x.endpoint,
		"DELETE /collect/webhook_endpoints/" + x.endpoint,
		"GET /collect/events/" + x.event,
	}
}

// TestRoutes_WantAKeyThatMay holds of every route that it wants a key, and the permission to read
// or to write; and that a publishable key opens sessions and nothing else.
func TestRoutes_WantAKeyThatMay(t *testing.T) {
	h := newHouse(t)
	for _, p := range collect.Patterns() {
		method, path, _ := strings.Cut(p, " ")
		path = strings.ReplaceAll(path, "{id}", "x_1")
		short := map[bool]string{true: apitest.WriteKey, false: apitest.ReadKey}[method == http.MethodGet]
		for key, want := range map[string]int{
			"": http.StatusUnauthorized, "sk_test_none": http.StatusUnauthorized,
			apitest.OldKey: http.StatusForbidden, short: http.StatusForbidden,
			paytest.PublicKey("shop"): http.StatusForbidden,
		} {
			if key == paytest.PublicKey("shop") && p == "POST /collect/payment_sessions" {
				want = http.StatusUnsupportedMediaType
			}
			if w := h.do(method, path, key, ""); w.Code != want {
				t.Errorf("%s with the key %q: %d, want %d", p, key, w.Code, want)
			}
		}
	}
}

// full is a limiter that lets nobody through.
type full struct{}

func (full) Allow(string) (bool, time.Duration) { return false, 90 * time.Second }

func TestLimit_IsTold(t *testing.T) {
	h := newHouse(t, func(d *collect.Deps) { d.Limit = full{} })
	w := h.do("GET", "/collect/payment_sessions", paytest.Key("shop"), "")
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "90" ||
		!strings.Contains(w.Body.String(), "#too-many-requests") {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}

// TestFamilies_KeepToThemselves holds that what another protocol made is not a session, an event or
// an endpoint of this one, while customers, methods, mandates and payments are the merchant's.
func TestFamilies_KeepToThemselves(t *testing.T) {
	h := newHouse(t)
	ses := h.Open()
	p := h.Buy(ses.ID, paytest.Card4242)
	if w := h.do("GET", "/collect/payment_sessions/"+ses.ID, paytest.Key("shop"), ""); w.Code != 404 {
		t.Errorf("the session: %d %s", w.Code, w.Body)
	}
	list := h.ask(t, 200, "GET", "/collect/payment_sessions", "")
	if data := list["data"].([]any); len(data) != 0 {
		t.Errorf("sessions: %v", data)
	}
	list = h.ask(t, 200, "GET", "/collect/events", "")
	if data := list["data"].([]any); len(data) != 0 {
		t.Errorf("events: %v", data)
	}
	if got := h.ask(t, 200, "GET", "/collect/payments/"+p.ID, ""); got.Text("status") != "succeeded" {
		t.Errorf("the payment: %v", got)
	}
}

// TestReturnURL_OfAnApp holds that a payer can come back to an app once its scheme is registered.
func TestReturnURL_OfAnApp(t *testing.T) {
	h := newHouse(t)
	const body = `{"amount":100,"currency":"GHS","options":{"checkout_options":` +
		`{"return_url":"com.shop.app://paid?o=1"}}}`
	h.refused(t, body, "options.checkout_options.return_url")
	must(t, h.Pay.SetReturnOrigins(t.Context(), "shop",
		[]string{"https://shop.test", "com.shop.app://"}))
	id := h.ask(t, 201, "POST", "/collect/payment_sessions", body).Text("id")
	const want = "com.shop.app://paid?o=1&session_id={CHECKOUT_SESSION_ID}"
	if got := h.Session(id).SuccessURL; got != want {
		t.Errorf("the payer comes back to %s", got)
	}
}

// TestMandate_IsNotOversold sends the same charge from many at once: the mandate permits one.
func TestMandate_IsNotOversold(t *testing.T) {
	for _, limit := range []string{
		`{"amount":1500,"max_occurrences":1}`,
		`{"amount":1500,"period_limits":{"period":"month","max_count":1}}`,
		`{"amount":1500,"period_limits":{"period":"month","max_amount":2999}}`,
	} {
		onBoth(t, func(t *testing.T, h *house) { oversell(t, h, limit) })
	}
}

func oversell(t *testing.T, h *house, limit string) {
	m := h.agreed(t, limit)
	body := `{"type":"next_in_series","amount":1500,"currency":"GHS","customer_id":"` +
		m.Text("customer_id") + `","payment_method_id":"` + m.Text("payment_method_id") + `"}`
	const callers = 100
	count := map[int]int{}
	for _, code := range paytest.Together(callers, func(int) int {
		return h.do("POST", "/collect/payment_sessions", paytest.Key("shop"), body).Code
	}) {
		count[code]++
	}
	if count[http.StatusCreated] != 1 || count[http.StatusUnprocessableEntity] != callers-1 {
		t.Errorf("answers by status: %v", count)
	}
	list := h.ask(t, 200, "GET", "/collect/payments?mandate_id="+m.Text("id"), "")
	if data := list["data"].([]any); len(data) != 1 {
		t.Errorf("%d payments were made", len(data))
	}
}
