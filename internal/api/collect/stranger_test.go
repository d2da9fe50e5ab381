package collect_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/kassa-pay/kassa/internal/api/apitest"
	"github.com/kassa-pay/kassa/internal/api/collect"
	"github.com/kassa-pay/kassa/internal/limit"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
)

// strangers are another merchant and the other mode.
func strangers() []string { return []string{paytest.Key("rival"), paytest.LiveKey("shop")} }

func (x things) ids() []string {
	return []string{x.session, x.payment, x.refund, x.customer, x.method, x.mandate,
		x.subscription, x.endpoint, x.event}
}

// TestStrangers_CannotTellWhatIsNotTheirs holds that an object of somebody else is answered as one
// that never was, to the byte, and is not changed.
func TestStrangers_CannotTellWhatIsNotTheirs(t *testing.T) {
	h := newHouse(t)
	x := everything(t, h)
	for _, request := range x.byID() {
		method, path, _ := strings.Cut(request, " ")
		for _, presented := range strangers() {
			foreign := h.do(method, path, presented, "")
			if foreign.Code != http.StatusNotFound || foreign.Header().Get("Content-Type") !=
				"application/problem+json" {
				t.Errorf("%s with %s: %d %s", request, presented, foreign.Code, foreign.Body)
			}
			for _, id := range x.ids() {
				if unknown := strings.Replace(path, id, apitest.Never(id), 1); unknown != path {
					w := h.do(method, unknown, presented, "")
					apitest.Alike(t, foreign, w, id, apitest.Never(id))
				}
			}
		}
	}
	for _, pattern := range apitest.Unmet(collect.Patterns(), x.byID()) {
		if strings.Contains(pattern, "{id}") {
			t.Errorf("%s is not tried", pattern)
		}
	}
	h.ask(t, 200, "GET", "/collect/payment_sessions/"+x.session, "")
	if m := h.ask(t, 200, "GET", "/collect/mandates/"+x.mandate, ""); m.Text("status") != "active" {
		t.Errorf("a stranger moved the mandate: %v", m)
	}
}

// TestStrangers_FindNothingInAnyList goes through every list there is, narrowed to what is somebody
// else's and not.
func TestStrangers_FindNothingInAnyList(t *testing.T) {
	h := newHouse(t)
	x := everything(t, h)
	apitest.Strangers{Keys: strangers(), IDs: x.ids(), Do: h.do}.FindNothing(t, collect.Patterns(),
		[]string{"", "?customer_id=" + x.customer, "?payment_id=" + x.payment,
			"?payment_session_id=" + x.session, "?mandate_id=" + x.mandate,
			"?payment_method_id=" + x.method, "?email=t@example.test"})
}

// TestStrangers_CannotNameWhatIsNotTheirs sends every body that names an object with somebody
// else's: it is answered as if there were none.
func TestStrangers_CannotNameWhatIsNotTheirs(t *testing.T) {
	h := newHouse(t)
	x := everything(t, h)
	const sessions = "/collect/payment_sessions"
	next := func(options string) string {
		return `{"type":"next_in_series","amount":1,"currency":"GHS","options":{` + options + `}}`
	}
	for _, presented := range strangers() {
		own := h.do("POST", "/collect/customers", presented, `{"name":"Kofi"}`)
		mine := apitest.Read(t, http.StatusCreated, own).Text("id")
		for _, c := range []struct{ path, body, id string }{
			{sessions, `{"amount":1,"currency":"GHS","options":{"customer_id":%q}}`, x.customer},
			{sessions, next(`"customer_id":%q,"payment_method_id":"` + x.method + `"`), x.customer},
			{sessions, next(`"customer_id":"` + mine + `","payment_method_id":%q`), x.method},
			{sessions, next(`"customer_id":"` + mine + `","payment_method_id":"` + x.method +
				`","mandate_id":%q`), x.mandate},
			{"/collect/refunds", `{"payment_id":%q}`, x.payment},
		} {
			foreign := h.do("POST", c.path, presented, fmt.Sprintf(c.body, c.id))
			unknown := h.do("POST", c.path, presented, fmt.Sprintf(c.body, apitest.Never(c.id)))
			apitest.Alike(t, foreign, unknown, c.id, apitest.Never(c.id))
		}
	}
}

// TestPublishableKey_DoesNotShareKeysOfRequests holds that whoever has a publishable key, which is
// in every page of a shop, can neither use up the keys of the requests that the shop's server will
// send nor be shown what that server made.
func TestPublishableKey_DoesNotShareKeysOfRequests(t *testing.T) {
	h := newHouse(t)
	const path = "/collect/payment_sessions"
	open := func(presented, key string, amount int) *httptest.ResponseRecorder {
		return apitest.Do(h, "POST", path, fmt.Sprintf(`{"amount":%d,"currency":"GHS"}`, amount),
			"Authorization", "Bearer "+presented, "Idempotency-Key", key)
	}
	public, server := paytest.PublicKey("shop"), paytest.Key("shop")
	apitest.Read(t, http.StatusCreated, open(public, "order-1", 1))
	apitest.Read(t, http.StatusCreated, open(server, "order-1", 5000))
	made := apitest.Read(t, http.StatusCreated, open(server, "order-2", 5000)).Text("id")
	w := open(public, "order-2", 5000)
	if shown := apitest.Read(t, http.StatusCreated, w).Text("id"); shown == made {
		t.Error("a publishable key was shown the session of the shop's server")
	}
	again := open(public, "order-2", 5000)
	if again.Header().Get("Idempotent-Replayed") != "true" || again.Body.String() != w.Body.String() {
		t.Errorf("its own request again: %v %s", again.Header(), again.Body)
	}
}

// TestPublishableKey_IsSlowedDownByAddress holds that somebody who has the publishable key can
// neither flood the shop with sessions nor take the others' turn, nor that of the shop's server.
func TestPublishableKey_IsSlowedDownByAddress(t *testing.T) {
	const allowed = 3
	h := newHouse(t, func(d *collect.Deps) {
		d.Limit = limit.NewBucket(1, 2*allowed, d.Now)
		d.Public = limit.NewBucket(1, allowed, d.Now)
	})
	open := func(presented, address string) int {
		r := httptest.NewRequest("POST", "/collect/payment_sessions",
			strings.NewReader(`{"amount":1,"currency":"GHS"}`))
		r.Header.Set("Authorization", "Bearer "+presented)
		r.Header.Set("Content-Type", "application/json")
		r.RemoteAddr = address + ":4711"
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	public := paytest.PublicKey("shop")
	for i := range 4 * allowed {
		want := http.StatusCreated
		if i >= allowed {
			want = http.StatusTooManyRequests
		}
		if got := open(public, "192.0.2.1"); got != want {
			t.Errorf("request %d: %d, want %d", i+1, got, want)
		}
	}
	if got := open(public, "192.0.2.2"); got != http.StatusCreated {
		t.Errorf("from another address: %d", got)
	}
	for range allowed + 1 {
		if got := open(paytest.Key("shop"), "192.0.2.1"); got != http.StatusCreated {
			t.Errorf("the shop's server: %d", got)
		}
	}
}

// TestEndpoints_OfOtherProtocolsAreNotListed holds that the list has what its routes can show.
func TestEndpoints_OfOtherProtocolsAreNotListed(t *testing.T) {
	h := newHouse(t)
	var own []string
	for range 3 {
		own = append(own, h.ask(t, 201, "POST", "/collect/webhook_endpoints",
			`{"url":"https://shop.test/h"}`).Text("id"))
		_, _, err := h.Pay.CreateEndpoint(t.Context(), h.Shop, nil, pay.NewEndpoint{
			Family: "other", URL: "https://shop.test/other", Events: []string{"*"},
		})
		must(t, err)
	}
	var seen []string
	for query, more := "?limit=1", true; more && len(seen) <= len(own); {
		list := h.ask(t, 200, "GET", "/collect/webhook_endpoints"+query, "")
		more = list["has_more"] == true
		for _, item := range list["data"].([]any) {
			id, _ := item.(map[string]any)["id"].(string)
			seen, query = append(seen, id), "?limit=1&starting_after="+id
		}
	}
	slices.Reverse(seen)
	if !slices.Equal(seen, own) {
		t.Errorf("listed %v, made %v", seen, own)
	}
}
