package demo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/api/checkout"
	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/demo"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/webhook"
)

// street is the demo shop and the real API behind one address.
type street struct {
	*paytest.World
	base  string
	mux   *http.ServeMux
	calls []string // what the shop asked the API
	down  bool     // the API does not answer
}

func newStreet(t *testing.T) *street {
	s := &street{World: paytest.New(t)}
	api := http.NewServeMux()
	checkout.New(checkout.Deps{
		Common: wire.Common{
			Log: slog.New(slog.DiscardHandler), IDs: s.IDs, Now: s.Clock.Now,
		},
		Pay:         s.Pay,
		CheckTarget: func(pay.Mode, string) error { return nil },
	}).Mount(api)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.calls = append(s.calls, r.Method+" "+r.URL.Path)
		if s.down {
			http.Error(w, "secret detail", http.StatusInternalServerError)
			return
		}
		api.ServeHTTP(w, r)
	}))
	t.Cleanup(web.Close)
	s.base = web.URL
	s.open(web.Client())
	return s
}

// open starts the shop, as the server does when it starts.
func (s *street) open(client *http.Client) {
	s.mux = http.NewServeMux()
	demo.New(demo.Deps{
		Client: client, BaseURL: s.base, Key: paytest.Key("shop"), Name: "Demo Shop",
		IDs: s.IDs, Now: s.Clock.Now, Log: slog.New(slog.DiscardHandler),
	}).Mount(s.mux)
}

func (s *street) do(r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r)
	return w.Result()
}

func (s *street) get(path string) *http.Response {
	return s.do(httptest.NewRequest("GET", s.base+path, nil))
}

// page reads a page and checks what holds for every one of them.
func (s *street) page(res *http.Response, status int) string {
	s.T.Helper()
	text := read(s.T, res)
	if res.StatusCode != status {
		s.T.Fatalf("status %d, want %d:\n%s", res.StatusCode, status, text)
	}
	csp := res.Header.Get("Content-Security-Policy")
	if !strings.Contains(csp, "script-src 'self'") || strings.Contains(csp, "unsafe") {
		s.T.Errorf("policy: %q", csp)
	}
	if res.Header.Get("Cache-Control") != "no-store" {
		s.T.Errorf("Cache-Control: %q", res.Header.Get("Cache-Control"))
	}
	for _, never := range []string{"style=", " onclick", "whsec_0", "<script>"} {
		if strings.Contains(text, never) {
			s.T.Errorf("the page contains %q", never)
		}
	}
	return text
}

func read(t testing.TB, res *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var orderField = regexp.MustCompile(`name="order" value="(order_[0-9a-z]{26})"`)

// form finds the id that the shelf's first form makes its order with.
func (s *street) form() string {
	s.T.Helper()
	m := orderField.FindStringSubmatch(s.page(s.get("/demo"), http.StatusOK))
	if m == nil {
		s.T.Fatal("the shelf has no form")
	}
	return m[1]
}

func (s *street) buy(order, product string) *http.Response {
	body := url.Values{"order": {order}, "product": {product}}.Encode()
	return s.do(s.post("/demo/buy", body, map[string]string{"Sec-Fetch-Site": "same-origin"}))
}

func (s *street) post(path, body string, header map[string]string) *http.Request {
	r := httptest.NewRequest("POST", s.base+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for name, value := range header {
		r.Header.Set(name, value)
	}
	return r
}

// ordered buys a mug and returns its order and session.
func (s *street) ordered() (order string, ses pay.Session) {
	s.T.Helper()
	order = s.form()
	res := s.buy(order, "mug")
	if res.StatusCode != http.StatusSeeOther {
		s.T.Fatalf("status %d: %s", res.StatusCode, read(s.T, res))
	}
	at, err := url.Parse(res.Header.Get("Location"))
	if err != nil {
		s.T.Fatal(err)
	}
	return order, s.Session(strings.TrimPrefix(at.Path, "/checkout/"))
}

// endpoints lists the webhook endpoints of the merchant.
func (s *street) endpoints() []pay.Endpoint {
	s.T.Helper()
	list, _, err := s.Pay.Endpoints(context.Background(), s.Shop, pay.Page{Limit: 100})
	if err != nil {
		s.T.Fatal(err)
	}
	return list
}

// tell sends the shop a webhook, signed with the secret its endpoint has.
func (s *street) tell(body []byte, change func(http.Header)) *http.Response {
	s.T.Helper()
	r := httptest.NewRequest("POST", s.base+"/demo/webhook", bytes.NewReader(body))
	secret := s.secret()
	m := webhook.Message{ID: "evt_1", At: s.Clock.Now(), Body: body}
	if err := webhook.Sign(r.Header, m, secret); err != nil {
		s.T.Fatal(err)
	}
	if change != nil {
		change(r.Header)
	}
	return s.do(r)
}

// secret is the one that the shop's endpoint was made with. The API has shown it once, to the shop.
func (s *street) secret() string {
	s.T.Helper()
	plain, err := s.Vault.Open(pay.PurposeEndpointSecret, s.endpoints()[0].Secret)
	if err != nil {
		s.T.Fatal(err)
	}
	return string(plain)
}

func completed(order, session, status string) []byte {
	return fmt.Appendf(nil, `{"id":"evt_1","type":"checkout.session.completed","data":{"object":`+
		`{"id":%q,"payment_status":%q,"metadata":{"order_id":%q}}}}`, session, status, order)
}

func TestShop_OpensASession(t *testing.T) {
	s := newStreet(t)
	order, ses := s.ordered()
	if ses.Amount != paytest.GHS(5000) || ses.Metadata["order_id"] != order {
		t.Errorf("session: %+v", ses)
	}
	back := s.base + "/demo/orders/" + order
	if ses.SuccessURL != back+"?session_id={CHECKOUT_SESSION_ID}" || ses.CancelURL != back {
		t.Errorf("returns to %q, %q", ses.SuccessURL, ses.CancelURL)
	}
	text := s.page(s.get("/demo/orders/"+order), http.StatusOK)
	for _, want := range []string{"Not paid yet", "Stoneware mug", order, ses.ID, "None yet"} {
		if !strings.Contains(text, want) {
			t.Errorf("the order's page does not say %q", want)
		}
	}
}

func TestShop_ADoubleClickIsOneOrder(t *testing.T) {
	s := newStreet(t)
	order := s.form()
	first, second := s.buy(order, "mug"), s.buy(order, "mug")
	if a, b := first.Header.Get("Location"), second.Header.Get("Location"); a == "" || a != b {
		t.Errorf("two sessions: %q, %q", a, b)
	}
	if other := s.buy(order, "tote").Header.Get("Location"); other == first.Header.Get("Location") {
		t.Error("another product is the same order")
	}
}

func TestShop_PaidIsWhatTheAPISays(t *testing.T) {
	s := newStreet(t)
	order, ses := s.ordered()
	text := s.page(s.get("/demo/orders/"+order+"?session_id="+ses.ID), http.StatusOK)
	if strings.Contains(text, "Thank you") {
		t.Error("the shop believes the browser")
	}
	p := s.Buy(ses.ID, "4242424242424242")
	text = s.page(s.get("/demo/orders/"+order), http.StatusOK)
	for _, want := range []string{"Thank you", p.ID, "succeeded", "ships when the webhook says"} {
		if !strings.Contains(text, want) {
			t.Errorf("the order's page does not say %q", want)
		}
	}
}

func TestShop_ShipsOnceTheWebhookFits(t *testing.T) {
	s := newStreet(t)
	order, ses := s.ordered()
	s.Buy(ses.ID, "4242424242424242")
	body := completed(order, ses.ID, "paid")
	for range 2 {
		if res := s.tell(body, nil); res.StatusCode != http.StatusNoContent {
			t.Fatalf("status %d: %s", res.StatusCode, read(t, res))
		}
	}
	text := s.page(s.get("/demo/orders/"+order), http.StatusOK)
	for _, want := range []string{"on its way", "checkout.session.completed", "came 2 times"} {
		if !strings.Contains(text, want) {
			t.Errorf("the order's page does not say %q", want)
		}
	}
	if n := strings.Count(text, ">verified<"); n != 2 {
		t.Errorf("%d proofs, want 2", n)
	}
	if !strings.Contains(s.page(s.get("/demo"), http.StatusOK), "Shipped") {
		t.Error("the first page does not know")
	}
}

func TestShop_RefusesForgedWebhooks(t *testing.T) {
	forgeries := map[string]func(h http.Header){
		"no signatures":        func(h http.Header) { clear(h) },
		"PayGate's alone":      func(h http.Header) { h.Del("Webhook-Signature") },
		"the standard one":     func(h http.Header) { h.Del("X-Paygate-Signature") },
		"another id":           func(h http.Header) { h.Set("Webhook-Id", "evt_2") },
		"another time":         func(h http.Header) { h.Set("Webhook-Timestamp", "1790000000") },
		"a cut signature":      func(h http.Header) { trim(h, "X-Paygate-Signature") },
		"a cut standard one":   func(h http.Header) { trim(h, "Webhook-Signature") },
		"a name without value": func(h http.Header) { h.Set("X-Paygate-Signature", "t,v1") },
	}
	s := newStreet(t)
	order, ses := s.ordered()
	body := completed(order, ses.ID, "paid")
	for name, forge := range forgeries {
		if res := s.tell(body, forge); res.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: status %d", name, res.StatusCode)
		}
	}
	old := s.Clock.Now().Add(-6 * time.Minute)
	h := http.Header{}
	m := webhook.Message{ID: "evt_1", At: old, Body: body}
	if err := webhook.Sign(h, m, s.secret()); err != nil {
		t.Fatal(err)
	}
	res := s.tell(body, func(now http.Header) {
		for name := range h {
			now[name] = h[name]
		}
	})
	if res.StatusCode != http.StatusBadRequest {
		t.Errorf("an old one: status %d", res.StatusCode)
	}
	text := s.page(s.get("/demo/orders/"+order), http.StatusOK)
	if strings.Contains(text, "on its way") || !strings.Contains(text, ">refused<") {
		t.Error("a forged webhook ships, or is not shown")
	}
}

func trim(h http.Header, name string) { h.Set(name, h.Get(name)[:len(h.Get(name))-1]) }

func TestShop_RefusesWhatIsNoWebhook(t *testing.T) {
	s := newStreet(t)
	if res := s.do(s.post("/demo/webhook", `{}`, nil)); res.StatusCode != http.StatusBadRequest {
		t.Errorf("before the first use: status %d", res.StatusCode)
	}
	s.ordered()
	if res := s.tell([]byte("no JSON"), nil); res.StatusCode != http.StatusBadRequest {
		t.Errorf("no JSON: status %d", res.StatusCode)
	}
	long := []byte(`{"id":"` + strings.Repeat("a", 300<<10) + `"}`)
	if res := s.tell(long, nil); res.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("too long: status %d", res.StatusCode)
	}
}

func TestShop_ReplacesItsEndpointWhenItStartsAgain(t *testing.T) {
	s := newStreet(t)
	_, _, err := s.Pay.CreateEndpoint(context.Background(), s.Shop, nil, pay.NewEndpoint{
		URL: "https://shop.test/hooks", Events: []string{"*"}, Description: "not the demo's",
	})
	if err != nil {
		t.Fatal(err)
	}
	s.ordered()
	s.ordered()
	if n := len(s.endpoints()); n != 2 {
		t.Fatalf("%d endpoints after two orders", n)
	}
	s.open(http.DefaultClient)
	order, ses := s.ordered()
	list := s.endpoints()
	if len(list) != 2 || list[1].Description != "not the demo's" {
		t.Fatalf("endpoints: %+v", list)
	}
	if res := s.tell(completed(order, ses.ID, "paid"), nil); res.StatusCode != http.StatusNoContent {
		t.Errorf("the new secret does not fit: status %d", res.StatusCode)
	}
}

func TestShop_SaysWhenTheAPIFails(t *testing.T) {
	s := newStreet(t)
	order := s.form()
	s.down = true
	res := s.buy(order, "mug")
	if text := s.page(res, http.StatusBadGateway); strings.Contains(text, "secret detail") {
		t.Error("the page shows the answer")
	}
	s.down = false
	if res := s.buy(order, "mug"); res.StatusCode != http.StatusSeeOther {
		t.Errorf("afterwards: status %d", res.StatusCode)
	}
	s.down = true
	s.page(s.get("/demo/orders/"+order), http.StatusBadGateway)
}

func TestShop_RefusesForeignForms(t *testing.T) {
	s := newStreet(t)
	order := s.form()
	body := "product=mug&order=" + order
	for name, header := range map[string]map[string]string{
		"silent":     {},
		"cross-site": {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.test"},
	} {
		s.page(s.do(s.post("/demo/buy", body, header)), http.StatusForbidden)
		t.Log(name)
	}
	r := s.post("/demo/buy", body, map[string]string{"Sec-Fetch-Site": "same-origin"})
	r.Host = "evil.test"
	s.page(s.do(r), http.StatusForbidden)
	if len(s.calls) != 0 {
		t.Errorf("the API was asked: %v", s.calls)
	}
}

func TestShop_RefusesWhatItDoesNotSell(t *testing.T) {
	s := newStreet(t)
	order := s.form()
	s.page(s.buy(order, "car"), http.StatusBadRequest)
	s.page(s.buy("order_1", "mug"), http.StatusBadRequest)
	s.page(s.buy("../../x", "mug"), http.StatusBadRequest)
	for _, path := range []string{"/demo/orders/" + order, "/demo/elsewhere", "/demo/assets/x.css"} {
		s.page(s.get(path), http.StatusNotFound)
	}
}

func TestShop_ComesHomeFromAnotherName(t *testing.T) {
	s := newStreet(t)
	r := httptest.NewRequest("GET", "http://localhost:1/demo?x=1", nil)
	res := s.do(r)
	if got := res.Header.Get("Location"); got != s.base+"/demo?x=1" {
		t.Errorf("status %d, Location %q", res.StatusCode, got)
	}
}

var liveVersion = regexp.MustCompile(`data-live="([^"]+)"`)

func TestOrder_SaysNothingWhenNothingIsNew(t *testing.T) {
	s := newStreet(t)
	order, ses := s.ordered()
	path := "/demo/orders/" + order
	m := liveVersion.FindStringSubmatch(s.page(s.get(path), http.StatusOK))
	if m == nil {
		t.Fatal("the page has no version")
	}
	if res := s.get(path + "?have=" + m[1]); res.StatusCode != http.StatusNoContent {
		t.Errorf("status %d", res.StatusCode)
	}
	s.Buy(ses.ID, "4242424242424242")
	s.page(s.get(path+"?have="+m[1]), http.StatusOK)
}

func TestShop_ForgetsTheOldest(t *testing.T) {
	s := newStreet(t)
	first, _ := s.ordered()
	for range 200 {
		s.ordered()
	}
	s.page(s.get("/demo/orders/"+first), http.StatusNotFound)
}

func TestCode_IsWhatRuns(t *testing.T) {
	s := newStreet(t)
	order, _ := s.ordered()
	text := s.page(s.get("/demo"), http.StatusOK) + s.page(s.get("/demo/orders/"+order), 200)
	for _, want := range []string{
		"func (k *kassa) openSession(", "func verifyStandard(", "func (k *kassa) lookUp(",
		"export async function openSession", "curl " + s.base + "/v1/checkout/sessions",
		paytest.Key("shop"),
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the pages do not show %q", want)
		}
	}
	if strings.Contains(text, "127.0.0.1:8080/v1") || strings.Contains(text, "sk_test_demo") {
		t.Error("the code is not that of this server")
	}
}

func TestCode_CurlAsksWhatTheShopAsks(t *testing.T) {
	s := newStreet(t)
	text := s.page(s.get("/demo"), http.StatusOK)
	bodies := regexp.MustCompile(`(?s)-d &#39;(\{.*?\})&#39;`).FindAllStringSubmatch(text, -1)
	if len(bodies) != 2 {
		t.Fatalf("%d bodies on the page", len(bodies))
	}
	for _, m := range bodies {
		var any map[string]any
		body := strings.ReplaceAll(m[1], "&#34;", `"`)
		if err := json.Unmarshal([]byte(body), &any); err != nil {
			t.Errorf("%v: %s", err, body)
		}
	}
}
