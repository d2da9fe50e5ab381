package wpay_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/api/apitest"
	"github.com/kassa-pay/kassa/internal/api/wpay"
	"github.com/kassa-pay/kassa/internal/paytest"
	"pgregory.net/rapid"
)

// What serializers of other platforms send: every field, null where there is nothing, a byte order
// mark, escapes that nobody needs, the charset.
func TestRequest_AsOtherPlatformsSendIt(t *testing.T) {
	h := newHouse(t)
	for i, tc := range []struct{ kind, before string }{
		{"application/json", ""},
		{"application/json; charset=utf-8", ""},
		{"application/json; charset=UTF-8", "\ufeff"},
		{`application/json;charset="utf-8"`, "\ufeff\r\n"},
	} {
		body := tc.before + fmt.Sprintf(`{"merchantReturnUrl":"https://shop.test/back",
			"returnUrl":null,"merchantWebhooksUrl":null,
			"buyer":{"buyerId":"cust","id":null,"name":"Mira O\u0027Kafor \u002B Sons","buyerName":null},
			"instrument":{"instrumentId":"i-%[1]d","id":null,"type":"OneOff","instrumentType":null,
				"maximumAmount":null,"expiryDate":null,"merchantWebhooksUrl":null,
				"merchantDefinedData":null,"simulation":null},
			"payment":{"paymentId":"p-%[1]d","id":null,"instrumentId":null,"amount":4995,
				"reference":null,"description":null,"creditorReference":null,
				"merchantWebhooksUrl":null,"merchantDefinedData":null,"simulation":null}}`, i)
		w := h.do("POST", "/merchants/"+merchant+"/session/checkout", body,
			"Content-Type", tc.kind, "User-Agent", "Shop/1.0 (.NET)")
		id := apitest.Read(t, http.StatusCreated, w).Text("sessionId")
		s := h.ask(t, http.StatusOK, "GET", "/session/"+strings.ToUpper(id), "")
		if s.Text("buyer", "name") != "Mira O'Kafor + Sons" {
			t.Errorf("%s: %v", tc.kind, s)
		}
	}
	for _, kind := range []string{"text/json", "application/json; charset=utf-16", "text/plain"} {
		w := h.do("POST", "/merchants/"+merchant+"/session/checkout", checkout(9, "OneOff"),
			"Content-Type", kind)
		if w.Code != http.StatusUnsupportedMediaType {
			t.Errorf("%s: %d %s", kind, w.Code, w.Body)
		}
	}
	// A cancel with an empty body says nothing, whatever it calls that.
	w := h.do("POST", "/merchants/"+merchant+"/instruments/i-0/cancel", "",
		"Content-Type", "text/plain; charset=utf-8")
	if w.Code != http.StatusUnprocessableEntity {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// The id of a request comes under any of three names in any spelling, in any form of a GUID, and
// goes back as it came.
func TestRequest_IDs(t *testing.T) {
	h := newHouse(t)
	ask := func(header ...string) http.Header {
		w := apitest.Do(h, "GET", "/merchants/"+strings.ToUpper(merchant)+"/buyers/b/wallet", "",
			append([]string{"x-api-key", paytest.Key("shop")}, header...)...)
		if good := len(header) == 2; (w.Code == http.StatusOK) != good {
			t.Errorf("%v: %d %s", header, w.Code, w.Body)
		}
		return w.Header()
	}
	const plain = "3B0A7A0E-6a0c-4c43-8f5e-6a4f7b1d2c90"
	for _, name := range []string{
		"X-Request-Id", "x-request-id", "X-REQUEST-ID", "Request-Id", "request-id",
		"X-Correlation-ID", "x-correlation-id",
	} {
		for _, id := range []string{
			plain, strings.ReplaceAll(plain, "-", ""), "{" + plain + "}", "(" + plain + ")",
		} {
			if got := ask(name, id).Get(name); got != id {
				t.Errorf("%s: %s comes back as %s", name, id, got)
			}
		}
	}
	ask()
}

// Every path has its other spellings below both prefixes, and every field its other name.
func TestRequest_OtherSpellings(t *testing.T) {
	h := newHouse(t)
	n := 0
	for _, prefix := range []string{"", "/payto/v1"} {
		post := func(path, body string) apitest.Object {
			n++
			w := h.do("POST", prefix+"/merchants/"+merchant+path, strings.ReplaceAll(body, "#",
				fmt.Sprint(n)))
			return apitest.Read(t, http.StatusCreated, w)
		}
		read := func(path string) apitest.Object {
			return apitest.Read(t, http.StatusOK, h.do("GET", prefix+"/merchants/"+merchant+path, ""))
		}
		for _, path := range []string{"/session/instrument", "/session-instrument"} {
			post(path, `{"returnUrl":"https://shop.test/","buyer":{"id":"b","buyerName":"Mira"},
				"instrument":{"id":"i-#","instrumentType":"Ongoing"}}`)
		}
		for _, path := range []string{"/session/checkout", "/session-checkout"} {
			id := post(path, `{"returnUrl":"https://shop.test/","buyer":{"id":"b","buyerName":"Mira"},
				"instrument":{"id":"i-#","instrumentType":"Ongoing"},
				"payment":{"id":"p-#","amount":100}}`).Text("sessionId")
			h.payAs(t, id, "+61400000000")
			if read("/session/"+id).Text("status") != read("/sessions/"+id).Text("status") {
				t.Error("two spellings tell two things")
			}
		}
		instrument := fmt.Sprintf("i-%d", n)
		for _, path := range []string{"/session/payment", "/session-payment"} {
			post(path, `{"returnUrl":"https://shop.test/","buyer":{"id":"b"},
				"payment":{"id":"p-#","amount":100,"instrumentId":"`+instrument+`"}}`)
		}
		post("/instruments/"+instrument+"/payment", `{"id":"p-#","amount":100}`)
		payment := fmt.Sprintf("p-%d", n)
		post("/payments/"+payment+"/refund", `{"id":"r-#"}`)
		refund := fmt.Sprintf("r-%d", n)
		a, b := read("/refunds/"+refund), read("/payments/"+payment+"/refunds/"+refund)
		if fmt.Sprint(a) != fmt.Sprint(b) || a.Text("status") != "Completed" {
			t.Errorf("%v is %v", a, b)
		}
		w1, w2 := read("/buyers/b/wallet"), read("/buyers/b/instruments")
		if fmt.Sprint(w1) != fmt.Sprint(w2) {
			t.Errorf("%v is %v", w1, w2)
		}
	}
}

// posts are the routes that take a body, on a house with things to name.
var posts = []string{
	"/session/checkout", "/session/instrument", "/session/payment", "/instruments/ins-1/cancel",
	"/instruments/ins-1/payment", "/payments/pay-1/refund", "/instruments/%00/payment",
	"/payments/%F0%9F%92%B8/refund", "/instruments/ins-2/payment",
}

// handled sends a body and demands an answer of the protocol: never an error of ours.
func (h *house) handled(t interface {
	Helper()
	Errorf(string, ...any)
}, path string, body []byte) {
	t.Helper()
	w := h.do("POST", "/merchants/"+merchant+path, string(body), "Content-Type", "application/json")
	known := map[int]bool{
		200: true, 201: true, 400: true, 404: true, 409: true, 413: true, 415: true, 422: true,
	}
	if !known[w.Code] || !json.Valid(w.Body.Bytes()) {
		t.Errorf("%s %s: %d %s", path, body, w.Code, w.Body)
	}
}

// FuzzBodies sends anything to every route.
func FuzzBodies(f *testing.F) {
	var h *house
	h = saved(f, paytest.Options{}, func(d *wpay.Deps) {
		d.After = func(by time.Duration) <-chan time.Time { // what a fuzz target may not do is left out
			h.Clock.Advance(by)
			over := make(chan time.Time)
			close(over)
			return over
		}
	})
	for i := range posts {
		for _, body := range []string{
			``, `{}`, `null`, `[]`, `{"payment":{"amount":9223372036854775807}}`, checkout(7, "OneOff"),
			`{"refundId":"r","amount":null,"simulation":{"outcome":"AM04","delay":86400}}`,
			`{"paymentId":"\u0001","amount":1}`, "{\"paymentId\":\"\xff\"}", `{"paymentId":1e400}`,
			`{"paymentId":"p","amount":1,"simulation":{"simulate":"\ud800"}}`,
			`{"instrument":{"expiryDate":"0000-00-00","maximumAmount":-1,"type":"ongoing"}}`,
		} {
			f.Add(uint8(i), []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, route uint8, body []byte) {
		h.handled(t, posts[int(route)%len(posts)], body)
	})
}

// good is a body that a route takes, as a tree.
func good(t testing.TB, path string, n int) (o map[string]any) {
	t.Helper()
	body := checkout(n, "Ongoing")
	switch path[strings.LastIndexByte(path, '/')+1:] {
	case "instrument":
		body = `{"merchantReturnUrl":"https://shop.test/","buyer":{"buyerId":"b","name":"Mira"},
			"instrument":{"instrumentId":"i#","type":"OneOff","simulation":{"outcome":"AC13"}}}`
	case "cancel":
		body = `{"buyerId":"cust-77"}`
	case "payment":
		body = `{"paymentId":"p#","amount":1,"simulation":{"outcome":"Completed"}}`
		if path == "/session/payment" {
			body = `{"merchantReturnUrl":"https://shop.test/","buyer":{"buyerId":"cust-77"},
				"payment":{"paymentId":"p#","amount":1,"instrumentId":"ins-1"}}`
		}
	case "refund":
		body = `{"refundId":"r#","amount":1,"simulation":{"simulate":"success"}}`
	}
	must(t, json.Unmarshal([]byte(strings.ReplaceAll(body, "#", fmt.Sprint(n))), &o))
	return o
}

// A good body in which one or two things are not is answered by the protocol, too.
func TestRequest_AnyValueOfAnyField(t *testing.T) {
	h := saved(t, paytest.Options{})
	names := []string{
		"merchantReturnUrl", "returnUrl", "merchantWebhooksUrl", "buyerId", "id", "name", "type",
		"instrumentId", "maximumAmount", "expiryDate", "paymentId", "refundId", "amount", "reference",
		"description", "creditorReference", "outcome", "reasonCode", "simulate", "delay",
		"merchantDefinedData", "simulation", "payment", "instrument", "buyer",
	}
	values := []any{
		nil, true, "", "x", "OneOff", "Ongoing", "ins-1", "pay-1", "cust-77", "Completed", "Rejected",
		"AM04", "https://shop.test/", "javascript:alert(1)", "//", "\u202e", strings.Repeat("é", 300),
		"2030-02-31", "2030-02-28", "9999-12-31", 0, 1, -1, 4995, 100_000_000, 1 << 40, 1.5,
		[]any{}, map[string]any{}, []any{map[string]any{}},
	}
	n := 100
	rapid.Check(t, func(rt *rapid.T) {
		n++
		path := rapid.SampledFrom(posts).Draw(rt, "route")
		o := good(t, path, n)
		for range rapid.IntRange(0, 2).Draw(rt, "changes") {
			at := o
			for _, name := range []string{"buyer", "instrument", "payment", "simulation"} {
				if in, ok := at[name].(map[string]any); ok && rapid.Bool().Draw(rt, name) {
					at = in
				}
			}
			name := rapid.SampledFrom(names).Draw(rt, "name")
			at[name] = rapid.SampledFrom(values).Draw(rt, "value")
		}
		body, err := json.Marshal(o)
		if err != nil {
			rt.Fatal(err)
		}
		h.handled(rt, path, body)
	})
}
