package wpay_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/api/apitest"
	"github.com/kassa-pay/kassa/internal/api/wpay"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
)

// open opens a checkout session and returns its id and where its buyer is sent.
func (h *house) open(t testing.TB, n int, kind string) (id, redirect string) {
	t.Helper()
	o := h.ask(t, http.StatusCreated, "POST", "/session/checkout", checkout(n, kind))
	return o.Text("sessionId"), o.Text("redirectUrl")
}

// core returns the session that has the id in the protocol.
func (h *house) core(t testing.TB, id string) pay.Session {
	t.Helper()
	object, err := h.Pay.Resolve(t.Context(), h.Shop, wpay.Family, "session", id)
	must(t, err)
	return h.Session(object)
}

// back is where the page of a session sends its buyer.
func (h *house) back(t testing.TB, id string) string {
	t.Helper()
	s := h.core(t, id)
	if s.SuccessURL == "" || s.SuccessURL != s.CancelURL {
		t.Fatalf("the page leads to %q, or to %q", s.SuccessURL, s.CancelURL)
	}
	return strings.ReplaceAll(s.SuccessURL, "{CHECKOUT_SESSION_ID}", s.ID)
}

func (h *house) status(t testing.TB, id string) string {
	t.Helper()
	return h.ask(t, http.StatusOK, "GET", "/session/"+id, "").Text("status")
}

func (h *house) payAs(t testing.TB, id, payID string) {
	t.Helper()
	if w := h.do("POST", "/payer/sessions/"+id, `{"payid":"`+payID+`"}`); w.Code != http.StatusOK {
		t.Fatal(w.Body)
	}
}

func TestPage_BuyerComesPaysAndGoes(t *testing.T) {
	onBoth(t, func(t *testing.T, on paytest.Options) {
		h := houseOn(t, on)
		id, redirect := h.open(t, 1, "OneOff")
		page := h.visit(t, redirect)
		if page != h.Pay.PageURL(h.core(t, id).ID) {
			t.Fatalf("the buyer is led to %s", page)
		}
		if got := h.status(t, id); got != "Launched" {
			t.Errorf("after the buyer came the session is %s", got)
		}
		came := h.ask(t, http.StatusOK, "GET", "/session/"+id, "").Text("updatedAt")
		h.Advance(time.Minute)
		h.visit(t, redirect)
		again := h.ask(t, http.StatusOK, "GET", "/session/"+id, "").Text("updatedAt")
		if again != came {
			t.Errorf("the buyer came at %s, and again at %s", came, again)
		}
		h.payAs(t, id, "+61400000000")
		if got := h.visit(t, h.back(t, id)); got != "https://shop.test/return?order=1" {
			t.Errorf("the buyer goes back to %s", got)
		}
		if got := h.status(t, id); got != "Completed" {
			t.Errorf("after the buyer went back the session is %s", got)
		}
		// Whoever opens the address again sees what was, and changes nothing.
		h.Advance(time.Minute)
		h.visit(t, redirect)
		if got := h.visit(t, h.back(t, id)); got != "https://shop.test/return?order=1" ||
			h.status(t, id) != "Completed" {
			t.Errorf("the second time the buyer goes to %s, the session is %s", got, h.status(t, id))
		}
	})
}

func TestPage_MessagesGoFirst(t *testing.T) {
	onBoth(t, func(t *testing.T, on paytest.Options) {
		h := houseOn(t, on)
		id, redirect := h.open(t, 1, "Ongoing")
		h.visit(t, redirect)
		h.payAs(t, id, "+61400000000")
		h.Sent, h.waited = nil, nil
		h.visit(t, h.back(t, id))
		var names []string
		for _, p := range h.Sent {
			names = append(names, p.Type)
		}
		if want := []string{"Instrument.Created", "Payment.Completed"}; !slices.Equal(names, want) {
			t.Errorf("before the buyer was back the shop had got %v", names)
		}
		if len(h.waited) == 0 || len(h.waited) > 3 {
			t.Errorf("the buyer waited %v", h.waited)
		}
	})
}

func TestPage_AReceiverThatHangsHoldsNobodyLong(t *testing.T) {
	onBoth(t, func(t *testing.T, on paytest.Options) {
		h := houseOn(t, on)
		h.deaf = true
		id, redirect := h.open(t, 1, "OneOff")
		h.visit(t, redirect)
		h.payAs(t, id, "+61400000000")
		before := h.Clock.Now()
		h.visit(t, h.back(t, id))
		if waited := h.Clock.Now().Sub(before); waited < 4*time.Second || waited > 5*time.Second {
			t.Errorf("the buyer waited %s for a receiver that hangs", waited)
		}
		before = h.Clock.Now()
		h.visit(t, h.back(t, id))
		if waited := h.Clock.Now().Sub(before); waited != 0 {
			t.Errorf("the second time the buyer waited %s", waited)
		}
	})
}

func TestPage_NobodyWaitsForNothing(t *testing.T) {
	h := newHouse(t)
	h.deaf = true
	o := h.ask(t, http.StatusCreated, "POST", "/session/checkout",
		strings.ReplaceAll(checkout(1, "OneOff"), `"merchantWebhooksUrl":"https://shop.test/hooks"`,
			`"merchantWebhooksUrl":null`))
	id := o.Text("sessionId")
	h.payAs(t, id, "+61400000000")
	before := h.Clock.Now()
	h.visit(t, h.back(t, id))
	if waited := h.Clock.Now().Sub(before); waited != 0 {
		t.Errorf("without webhooks the buyer waited %s", waited)
	}
}

func TestPage_StoppingServerKeepsNobody(t *testing.T) {
	stopping := make(chan struct{})
	close(stopping)
	never := func(time.Duration) <-chan time.Time { return nil }
	h := newHouse(t, func(d *wpay.Deps) { d.Stopping, d.After = stopping, never })
	id, _ := h.open(t, 1, "Ongoing")
	h.payAs(t, id, "+61400000000")
	if got := h.visit(t, h.back(t, id)); got != "https://shop.test/return?order=1" {
		t.Errorf("the buyer goes back to %s", got)
	}
	o := h.ask(t, http.StatusCreated, "POST", "/instruments/ins-1/payment",
		`{"paymentId":"next","amount":100,"simulation":{"outcome":"Processing"}}`)
	if o.Text("status") != "Processing" {
		t.Errorf("a payment is %s", o.Text("status"))
	}
}

func TestPage_WhoGivesUpEndsTheSession(t *testing.T) {
	onBoth(t, func(t *testing.T, on paytest.Options) {
		h := houseOn(t, on)
		id, redirect := h.open(t, 1, "OneOff")
		h.visit(t, redirect)
		h.visit(t, h.back(t, id))
		if got := h.status(t, id); got != "Completed" {
			t.Errorf("the session is %s", got)
		}
		if w := h.do("POST", "/payer/sessions/"+id, `{"payid":"0412000111"}`); w.Code == http.StatusOK {
			t.Error("after the buyer went back the session can be paid")
		}
	})
}

func TestPage_WhoComesTooLateIsTold(t *testing.T) {
	h := newHouse(t)
	id, redirect := h.open(t, 1, "OneOff")
	h.Advance(wpay.SessionTTL)
	h.visit(t, redirect)
	if got := h.status(t, id); got != "Expired" {
		t.Errorf("the session is %s", got)
	}
	h.visit(t, h.back(t, id))
	if got := h.status(t, id); got != "Expired" {
		t.Errorf("after a late return the session is %s", got)
	}
}

func TestPage_PaidAndNeverBackIsCompletedInTheEnd(t *testing.T) {
	onBoth(t, func(t *testing.T, on paytest.Options) {
		h := houseOn(t, on)
		id, redirect := h.open(t, 1, "OneOff")
		h.visit(t, redirect)
		h.payAs(t, id, "+61400000000")
		if got := h.status(t, id); got != "Launched" {
			t.Errorf("the session is %s", got)
		}
		h.Advance(wpay.SessionTTL)
		if got := h.status(t, id); got != "Completed" {
			t.Errorf("when its time is over the session is %s", got)
		}
	})
}

// A bank may be at work for longer than a session lasts. What the session comes to is not said
// before its payment's outcome, and the buyer can go back to the shop meanwhile.
func TestPage_ABankThatTakesItsTimeOutlastsTheSession(t *testing.T) {
	h := newHouse(t)
	var ids []string
	for n := range 3 {
		payment := `{"outcome":"Processing","delay":7200}`
		if n == 2 {
			payment = `{"outcome":"Rejected","delay":7200}`
		}
		ids = append(ids, h.simulated(t, n, `{"outcome":"Completed"}`, payment))
	}
	h.visit(t, h.back(t, ids[0]))
	h.Advance(wpay.SessionTTL)
	h.Work()
	h.visit(t, h.back(t, ids[1]))
	for i, want := range []string{"Completed", "Completed", "Created"} {
		if got := h.status(t, ids[i]); got != want || h.stands(t, ids[i]) != "Active , Processing " {
			t.Errorf("%d: %s with %s", i, got, h.stands(t, ids[i]))
		}
	}
	h.Advance(2 * time.Hour)
	h.Work()
	for i, want := range []string{"Completed", "Completed", "Expired"} {
		if got := h.status(t, ids[i]); got != want {
			t.Errorf("%d: after the outcome, %s with %s", i, got, h.stands(t, ids[i]))
		}
	}
}

func TestPage_NobodyElseGetsIn(t *testing.T) {
	h := newHouse(t)
	id, redirect := h.open(t, 1, "OneOff")
	other, _ := h.open(t, 2, "OneOff")
	for _, address := range []string{
		"/payto", "/payto?sessionId=" + id, "/payto?sessionId=" + id + "&key=x.y",
		strings.Replace(redirect, id, other, 1), redirect[:len(redirect)-1] + "x",
		"/payto/return", "/payto/return?sessionId=" + id + "&session=ps_1",
		strings.Replace(h.back(t, id), id, other, 1),
	} {
		to := h.visit(t, address)
		if !strings.HasPrefix(to, paytest.BaseURL+"/checkout/") || strings.Contains(to, "key=") {
			t.Errorf("%s leads to %s", address, to)
		}
	}
	if got := h.status(t, id); got != "Created" {
		t.Errorf("the session is %s", got)
	}
	if w := h.do("GET", strings.TrimPrefix(redirect, paytest.BaseURL), ""); w.Body.Len() > 0 ||
		w.Header().Get("Referrer-Policy") != "no-referrer" ||
		w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("the way to the page is told: %v %s", w.Header(), w.Body)
	}
}

// Of many requests at once for the same ids one makes the objects.
func TestRaces_AnIDIsGivenOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, on paytest.Options) {
		h := houseOn(t, on)
		id, _ := h.open(t, 1, "Ongoing")
		h.payAs(t, id, "+61400000000")
		bodies := map[string]string{
			"/session/checkout":          checkout(2, "Ongoing"),
			"/instruments/ins-1/payment": `{"paymentId":"p","amount":100}`,
			"/payments/pay-1/refund":     `{"refundId":"r","amount":100}`,
		}
		for path, body := range bodies {
			codes := paytest.Together(4, func(i int) int {
				return h.do("POST", "/merchants/"+merchant+path, body,
					"X-Request-Id", "00000000-0000-4000-8000-00000000000"+string(rune('0'+i))).Code
			})
			slices.Sort(codes)
			if want := []int{201, 409, 409, 409}; !slices.Equal(codes, want) {
				t.Errorf("%s at once: %v", path, codes)
			}
		}
	})
}

// The same request at once, many times, is one: it is answered for the one object, or told to wait.
func TestRaces_TheSameRequestIsOne(t *testing.T) {
	onBoth(t, func(t *testing.T, on paytest.Options) {
		h := saved(t, on)
		for path, tc := range map[string]struct{ id, body string }{
			"/session/checkout":          {"sessionId", checkout(2, "Ongoing")},
			"/instruments/ins-1/payment": {"paymentId", `{"paymentId":"p","amount":100}`},
			"/payments/pay-1/refund":     {"refundId", `{"refundId":"r","amount":100}`},
		} {
			answers := make([]apitest.Object, 4)
			codes := paytest.Together(4, func(i int) int {
				w := h.do("POST", "/merchants/"+merchant+path, tc.body)
				_ = json.Unmarshal(w.Body.Bytes(), &answers[i])
				return w.Code
			})
			made := map[string]bool{}
			for i, code := range codes {
				switch {
				case code == http.StatusCreated:
					made[answers[i].Text(tc.id)] = true
				case answers[i].Text("code") != "idempotency_key_in_use":
					t.Errorf("%s: %d %v", path, code, answers[i])
				}
			}
			if len(made) != 1 {
				t.Errorf("%s: made %v", path, made)
			}
		}
		paid := h.ask(t, http.StatusOK, "GET", "/payments/pay-1", "")
		if paid["refundedAmount"] != 100.0 {
			t.Errorf("refunded: %v", paid["refundedAmount"])
		}
	})
}

// Refunds at once never exceed what was paid.
func TestRaces_RefundsStayWithinThePayment(t *testing.T) {
	onBoth(t, func(t *testing.T, on paytest.Options) {
		h := houseOn(t, on)
		id, _ := h.open(t, 1, "OneOff")
		h.payAs(t, id, "+61400000000")
		codes := paytest.Together(4, func(i int) int {
			return h.do("POST", "/merchants/"+merchant+"/payments/pay-1/refund",
				`{"refundId":"r`+string(rune('0'+i))+`","amount":2000}`).Code
		})
		slices.Sort(codes)
		if want := []int{201, 201, 422, 422}; !slices.Equal(codes, want) {
			t.Errorf("four refunds of 2000 of 4995: %v", codes)
		}
		o := h.ask(t, http.StatusOK, "GET", "/payments/pay-1", "")
		if o["refundedAmount"] != 4000.0 {
			t.Errorf("refunded: %v", o["refundedAmount"])
		}
	})
}

// A buyer is made once, however many sessions come at once.
func TestBuyer_IsOneCustomer(t *testing.T) {
	onBoth(t, func(t *testing.T, on paytest.Options) {
		h := houseOn(t, on)
		codes := paytest.Together(4, func(i int) int {
			return h.do("POST", "/merchants/"+merchant+"/session/checkout", checkout(i, "Ongoing")).Code
		})
		for i, code := range codes {
			if code != http.StatusCreated {
				t.Errorf("session %d: %d", i, code)
			}
		}
		all, _, err := h.Pay.Customers(t.Context(), h.Shop, pay.CustomerFilter{})
		must(t, err)
		if len(all) != 1 || all[0].Name != "Mira Okafor" {
			t.Errorf("%d customers: %+v", len(all), all)
		}
	})
}

// Another merchant has objects of its own under the same ids.
func TestMerchants_AreApart(t *testing.T) {
	h := newHouse(t)
	h.open(t, 1, "OneOff")
	rival := "/merchants/" + wpay.MerchantID("rival")
	key := []string{"Authorization", "Bearer " + paytest.Key("rival")}
	for _, path := range []string{"/instruments/ins-1", "/payments/pay-1"} {
		if w := h.do("GET", rival+path, "", key...); w.Code != http.StatusNotFound {
			t.Errorf("the rival's %s: %d", path, w.Code)
		}
	}
	body := strings.ReplaceAll(checkout(1, "OneOff"), "shop.test", "rival.test")
	if w := h.do("POST", rival+"/session/checkout", body, key...); w.Code != http.StatusCreated {
		t.Errorf("the rival's session: %d %s", w.Code, w.Body)
	}
}

// Payments that nobody sees the end of are Processing for as long as a caller waits.
func TestMakePayment_WaitsAsLongAsTheNetworkMay(t *testing.T) {
	h := newHouse(t)
	id, _ := h.open(t, 1, "Ongoing")
	h.payAs(t, id, "+61400000000")
	h.waited = nil
	o := h.ask(t, http.StatusCreated, "POST", "/instruments/ins-1/payment",
		`{"paymentId":"slow","amount":100,"simulation":{"simulate":"requires_investigation"}}`)
	var sum time.Duration
	for _, d := range h.waited {
		sum += d
	}
	if o.Text("status") != "Processing" || sum != 30*time.Second {
		t.Errorf("after %s the payment is %s", sum, o.Text("status"))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := h.request(ctx, "POST", "/instruments/ins-1/payment",
		`{"paymentId":"gone","amount":100,"simulation":{"outcome":"Processing"}}`)
	h.waited = nil
	h.ServeHTTP(discard{}, r)
	if len(h.waited) > 1 {
		t.Errorf("a caller who hung up is waited for: %v", h.waited)
	}
}

func (h *house) request(ctx context.Context, method, path, body string) *http.Request {
	r, err := http.NewRequestWithContext(ctx, method, "/merchants/"+merchant+path,
		strings.NewReader(body))
	must(h.T, err)
	r.Header.Set("Authorization", "Bearer "+paytest.Key("shop"))
	r.Header.Set("X-Request-Id", requestID)
	r.Header.Set("Content-Type", "application/json")
	r.RemoteAddr = "192.0.2.1:1234"
	return r
}

// discard is the answer that nobody reads.
type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}
