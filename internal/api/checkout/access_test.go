package checkout_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/kassa-pay/kassa/internal/api/apitest"
	"github.com/kassa-pay/kassa/internal/api/checkout"
	"github.com/kassa-pay/kassa/internal/limit"
	"github.com/kassa-pay/kassa/internal/pay"
)

const cardBody = `{"payment_method":{"type":"card","number":"4242424242424242",` +
	`"exp_month":12,"exp_year":2030,"cvc":"987"}}`

// things is one object of each kind, made by the demo merchant in test mode.
type things struct {
	session, payment, refund, customer, event, endpoint, delivery, method, mandate,
	agreement string
}

func everything(t testing.TB, h *house) (x things) {
	t.Helper()
	x.endpoint = h.made(t, "/v1/webhooks", `{"url":"https://shop.example/h","events":["*"]}`)
	x.customer = h.made(t, "/v1/customers", `{"name":"Ama"}`)
	x.session = h.made(t, "/v1/checkout/sessions", strings.Replace(sessionBody, "{",
		`{"mandate":{},`, 1))
	x.payment = h.made(t, "/v1/test_helpers/sessions/"+x.session+"/pay", cardBody)
	x.refund = h.made(t, "/v1/refunds", `{"payment":"`+x.payment+`","amount":1}`)
	h.Deliver(t)
	x.event, x.delivery = h.Sent[0].EventID, h.Sent[0].ID
	c, err := h.Pay.Authenticate(t.Context(), key)
	must(t, err)
	mandates, _, err := h.Pay.Mandates(t.Context(), c, pay.MandateFilter{})
	must(t, err)
	x.method, x.mandate = mandates[0].MethodID, mandates[0].ID
	x.agreement = h.agreement(t)
	return x
}

// byID are the requests that name an object by its id, with the object's own id in it.
func (x things) byID() []string {
	delivery := "/v1/webhooks/" + x.endpoint + "/deliveries"
	return []string{
		"GET /v1/checkout/sessions/" + x.session,
		"POST /v1/checkout/sessions/" + x.session + "/expire",
		"GET /v1/payments/" + x.payment,
		"POST /v1/payments/" + x.payment + "/cancel",
		"POST /v1/payments/" + x.payment + "/capture",
		"POST /v1/payments/" + x.payment + "/confirm",
		"POST /v1/payments/" + x.payment + "/settle",
		"GET /v1/payment_methods/" + x.method,
		"DELETE /v1/payment_methods/" + x.method,
		"GET /v1/mandates/" + x.mandate,
		"POST /v1/mandates/" + x.mandate + "/cancel",
		"POST /v1/mandates/" + x.mandate + "/pause",
		"POST /v1/mandates/" + x.mandate + "/resume",
		"POST /v1/mandates/" + x.mandate + "/amend",
		"GET /v1/refunds/" + x.refund,
		"GET /v1/customers/" + x.customer,
		"POST /v1/customers/" + x.customer,
		"PATCH /v1/customers/" + x.customer,
		"PUT /v1/customers/" + x.customer,
		"DELETE /v1/customers/" + x.customer,
		"GET /v1/events/" + x.event,
		"GET /v1/webhooks/" + x.endpoint,
		"POST /v1/webhooks/" + x.endpoint,
		"PATCH /v1/webhooks/" + x.endpoint,
		"PUT /v1/webhooks/" + x.endpoint,
		"DELETE /v1/webhooks/" + x.endpoint,
		"POST /v1/webhooks/" + x.endpoint + "/test",
		"POST /v1/webhooks/" + x.endpoint + "/rotate_secret",
		"GET " + delivery,
		"POST " + delivery + "/" + x.delivery + "/redeliver",
		"POST /v1/test_helpers/sessions/" + x.session + "/pay",
		"POST /v1/test_helpers/prompts/" + x.payment + "/approve",
		"POST /v1/test_helpers/prompts/" + x.payment + "/reject",
		"POST /v1/test_helpers/prompts/" + x.payment + "/wrong_pin",
		"POST /v1/test_helpers/transfers/" + x.payment,
		"POST /v1/test_helpers/payment_methods/" + x.method + "/next_charge",
		"POST /v1/test_helpers/agreements/" + x.agreement + "/approve",
		"POST /v1/test_helpers/agreements/" + x.agreement + "/decline",
		"POST /v1/test_helpers/agreements/" + x.agreement + "/pause",
		"POST /v1/test_helpers/agreements/" + x.agreement + "/resume",
		"POST /v1/test_helpers/agreements/" + x.agreement + "/cancel",
		"POST /v1/test_helpers/agreements/" + x.agreement + "/move",
	}
}

// bodyFor returns a good body for requests that need one.
func bodyFor(path string) string {
	for part, body := range map[string]string{
		"/pay": cardBody, "/confirm": `{"code":"1"}`, "/settle": `{"action":"accept"}`,
		"/transfers/": `{"amount":1}`, "/next_charge": `{"outcome":"approve"}`,
		"/move": `{"payid":"mira@example.com"}`, "/amend": `{"max_occurrences":3}`,
	} {
		if strings.HasSuffix(path, part) || strings.Contains(path, part) && part[len(part)-1] == '/' {
			return body
		}
	}
	return ""
}

// TestForeignIsMissing holds that nobody can tell another merchant's object, or one of the other
// mode, from one that does not exist: the answers are equal to the byte.
func TestForeignIsMissing(t *testing.T) {
	h := open(t)
	x := everything(t, h)
	unknown := things{"cs_0", "pay_0", "re_0", "cus_0", "evt_0", "we_0", "dlv_0", "pm_0",
		"mdt_0", "0"}
	for i, request := range x.byID() {
		method, path, _ := strings.Cut(request, " ")
		_, missing, _ := strings.Cut(unknown.byID()[i], " ")
		body := bodyFor(path)
		want := h.do(method, missing, key, body, "Idempotency-Key", "k1"+request)
		if want.Code != http.StatusNotFound {
			t.Fatalf("%s: %d %s", request, want.Code, want.Body)
		}
		for _, stranger := range []string{otherKey, liveKey} {
			if stranger == liveKey && strings.Contains(path, "/test_helpers/") {
				continue // refused before anything is looked up
			}
			got := h.do(method, path, stranger, body, "Idempotency-Key", "k2"+request)
			if got.Code != want.Code || got.Body.String() != want.Body.String() ||
				!apitest.SameHeaders(got.Header(), want.Header()) {
				t.Errorf("%s with %s: %d %s", request, stranger, got.Code, got.Body)
			}
		}
	}
	for _, request := range x.byID() {
		if path, ok := strings.CutPrefix(request, "GET "); ok {
			if w := h.do("GET", path, key, ""); w.Code != http.StatusOK {
				t.Errorf("%s: %d after strangers came by", request, w.Code)
			}
		}
	}
}

// TestStrangersListNothing holds that the lists of one merchant and mode have nothing of another.
func TestStrangersListNothing(t *testing.T) {
	h := open(t)
	x := everything(t, h)
	for _, path := range []string{
		"/v1/checkout/sessions", "/v1/payments", "/v1/refunds", "/v1/customers", "/v1/events",
		"/v1/webhooks", "/v1/checkout/sessions?payment=" + x.payment,
		"/v1/refunds?payment=" + x.payment, "/v1/payments?session=" + x.session,
		"/v1/balance/transactions", "/v1/payment_methods", "/v1/mandates",
		"/v1/mandates?payment_method=" + x.method,
	} {
		for _, stranger := range []string{otherKey, liveKey} {
			w := h.do("GET", path, stranger, "")
			if w.Code != 200 || !strings.Contains(w.Body.String(), `"data":[]`) {
				t.Errorf("%s with %s: %d %s", path, stranger, w.Code, w.Body)
			}
		}
		if w := h.do("GET", path, key, ""); strings.Contains(w.Body.String(), `"data":[]`) {
			t.Errorf("%s: the owner sees nothing", path)
		}
	}
}

func TestRevokedKeyStopsAtOnce(t *testing.T) {
	h := open(t)
	if w := h.do("GET", "/v1/customers", key, ""); w.Code != 200 {
		t.Fatal(w.Code)
	}
	must(t, h.Pay.RevokeKey(t.Context(), key))
	if w := h.do("GET", "/v1/customers", key, ""); w.Code != 401 {
		t.Errorf("a revoked key gets %d", w.Code)
	}
}

// TestTranscripts runs the transcripts and then asks whether they showed every route.
func TestTranscripts(t *testing.T) {
	shown := map[string]bool{}
	apitest.Run(t, "testdata/*.txt", func(t *testing.T) apitest.Target {
		target := open(t).target()
		inner := target.Handler
		target.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			inner.ServeHTTP(w, r)
			shown[r.Pattern] = true
		})
		return target
	})
	for _, pattern := range checkout.Patterns() {
		if !shown[pattern] && !t.Failed() {
			t.Errorf("no transcript shows %s", pattern)
		}
	}
	c, err := contract()
	must(t, err)
	answers, webhooks := c.Held()
	if !t.Failed() && (answers < 200 || webhooks < 40) {
		t.Errorf("only %d answers and %d webhooks were held against the document", answers, webhooks)
	}
	t.Logf("%d answers and %d webhooks were held against the document", answers, webhooks)
}

// TestWrongMethod holds that every path answers a method it does not have in the documented form.
func TestWrongMethod(t *testing.T) {
	h := open(t)
	methods := map[string][]string{}
	for _, pattern := range checkout.Patterns() {
		method, path, _ := strings.Cut(pattern, " ")
		methods[path] = append(methods[path], method)
	}
	for path, have := range methods {
		w := h.do("OPTIONS", strings.NewReplacer("{", "", "}", "").Replace(path), "", "")
		if w.Code != 405 || !strings.Contains(w.Body.String(), `"code":"method_not_allowed"`) {
			t.Errorf("OPTIONS %s: %d %s", path, w.Code, w.Body)
		}
		for _, method := range have {
			if !strings.Contains(w.Header().Get("Allow"), method) {
				t.Errorf("OPTIONS %s: Allow %s lacks %s", path, w.Header().Get("Allow"), method)
			}
		}
		if w.Header().Get("Request-Id") == "" {
			t.Errorf("OPTIONS %s: no request id", path)
		}
	}
}

func TestHead(t *testing.T) {
	h := open(t)
	server := httptest.NewServer(h)
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), "HEAD", server.URL+"/v1/customers", nil)
	must(t, err)
	r.Header.Set("Authorization", "Bearer "+apitest.ReadKey)
	resp, err := server.Client().Do(r)
	must(t, err)
	defer resp.Body.Close()
	if resp.StatusCode != 200 || resp.Header.Get("Request-Id") == "" {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
}

func TestRateLimit_PerKey(t *testing.T) {
	h := openWith(t, func(d *checkout.Deps) { d.Limit = limit.NewBucket(1, 2, d.Now) })
	for range 2 {
		if w := h.do("GET", "/v1/customers", key, ""); w.Code != 200 {
			t.Fatal(w.Code)
		}
	}
	w := h.do("GET", "/v1/customers", key, "")
	if w.Code != 429 || w.Header().Get("Retry-After") != "1" ||
		!strings.Contains(w.Body.String(), `"type":"rate_limit_error","code":"rate_limit_exceeded"`) {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	if w := h.do("GET", "/v1/customers", otherKey, ""); w.Code != 200 {
		t.Errorf("another key pays for it: %d", w.Code)
	}
	h.Clock.Advance(1e9)
	if w := h.do("GET", "/v1/customers", key, ""); w.Code != 200 {
		t.Errorf("after the wait: %d", w.Code)
	}
}
