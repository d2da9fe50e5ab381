package wpay_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/kassa-pay/kassa/internal/api/apitest"
	"github.com/kassa-pay/kassa/internal/api/wpay"
	"github.com/kassa-pay/kassa/internal/paytest"
)

// as sends a request with a key.
func (h *house) as(presented, method, path, body string) *httptest.ResponseRecorder {
	return h.do(method, path, body, "Authorization", "Bearer "+presented)
}

// things are what the shop and its buyers made in test mode, as the shop calls it.
type things struct{ session, buyer, instrument, payment, refund string }

func everything(t testing.TB, h *house) things {
	t.Helper()
	id, _ := h.open(t, 1, "Ongoing")
	h.payAs(t, id, "+61400000000")
	h.ask(t, http.StatusCreated, "POST", "/payments/pay-1/refund",
		`{"refundId":"ref-1","amount":1}`)
	return things{id, "cust-77", "ins-1", "pay-1", "ref-1"}
}

// byID are the requests that name an object in their path, below the merchant's own.
func (x things) byID() []string {
	return []string{
		"GET /session/" + x.session,
		"GET /sessions/" + x.session,
		"GET /buyers/" + x.buyer + "/instruments",
		"GET /buyers/" + x.buyer + "/wallet",
		"GET /instruments/" + x.instrument,
		"POST /instruments/" + x.instrument + "/cancel",
		"POST /instruments/" + x.instrument + "/payment",
		"GET /payments/" + x.payment,
		"POST /payments/" + x.payment + "/refund",
		"GET /refunds/" + x.refund,
		"GET /payments/" + x.payment + "/refunds/" + x.refund,
	}
}

// bodyFor returns a good body for requests that need one.
func bodyFor(path string) string {
	switch {
	case strings.HasSuffix(path, "/payment"):
		return `{"paymentId":"pay-9","amount":1}`
	case strings.HasSuffix(path, "/refund"):
		return `{"refundId":"ref-9"}`
	}
	return ""
}

// TestStrangers_EveryRouteIsTried fails when a route is added that names an object and that the
// tests below do not go through.
func TestStrangers_EveryRouteIsTried(t *testing.T) {
	var tried []string
	for _, request := range (things{}).byID() {
		method, path, _ := strings.Cut(request, " ")
		tried = append(tried, method+" /merchants/m"+path)
	}
	for _, pattern := range apitest.Unmet(wpay.Patterns(), tried) {
		if strings.Count(pattern, "{") > 1 {
			t.Errorf("%s is not tried", pattern)
		}
	}
}

// stranger is a key that is not the shop's in test mode, with the merchant it belongs to.
type stranger struct{ key, merchant string }

func strangers() []stranger {
	return []stranger{
		{paytest.Key("rival"), wpay.MerchantID("rival")}, {paytest.LiveKey("shop"), merchant},
	}
}

// TestStrangers_CannotTellWhatIsNotTheirs holds that what another merchant made, or the merchant
// itself in the other mode, is answered as what never was, and is not changed.
func TestStrangers_CannotTellWhatIsNotTheirs(t *testing.T) {
	h := newHouse(t)
	x := everything(t, h)
	unknown := things{"00000000-0000-4000-8000-000000000000", "cust-0", "ins-0", "pay-0", "ref-0"}
	ids := [][2]string{
		{x.session, unknown.session}, {x.buyer, unknown.buyer}, {x.instrument, unknown.instrument},
		{x.refund, unknown.refund}, {x.payment, unknown.payment},
	}
	before := h.ask(t, http.StatusOK, "GET", "/session/"+x.session, "")
	for _, request := range x.byID() {
		method, path, _ := strings.Cut(request, " ")
		for _, id := range ids {
			if !strings.Contains(path, id[0]) {
				continue
			}
			for _, s := range strangers() {
				at, body := "/merchants/"+s.merchant, bodyFor(path)
				foreign := h.as(s.key, method, at+path, body)
				never := h.as(s.key, method, at+strings.Replace(path, id[0], id[1], 1), body)
				told := strings.ReplaceAll(foreign.Body.String(), id[0], id[1])
				if id[0] == x.buyer && foreign.Code == http.StatusOK && told == never.Body.String() {
					continue // a buyer whom nobody knows has no instruments
				}
				apitest.Alike(t, foreign, never, id[0], id[1])
			}
		}
	}
	after := h.ask(t, http.StatusOK, "GET", "/session/"+x.session, "")
	if fmt.Sprint(before) != fmt.Sprint(after) {
		t.Errorf("a stranger changed %v\nto %v", before, after)
	}
}

// TestStrangers_CannotNameWhatIsNotTheirs sends a payment that names somebody else's instrument.
func TestStrangers_CannotNameWhatIsNotTheirs(t *testing.T) {
	h := newHouse(t)
	x := everything(t, h)
	const body = `{"merchantReturnUrl":"http://localhost/back","buyer":{"buyerId":%q},
		"payment":{"paymentId":"pay-9","amount":1,"instrumentId":%q}}`
	for _, s := range strangers() {
		path := "/merchants/" + s.merchant + "/session/payment"
		foreign := h.as(s.key, "POST", path, fmt.Sprintf(body, x.buyer, x.instrument))
		unknown := h.as(s.key, "POST", path, fmt.Sprintf(body, "cust-0", x.instrument))
		if s.key != paytest.LiveKey("shop") && unknown.Code != http.StatusUnprocessableEntity {
			t.Errorf("an unknown buyer: %d %s", unknown.Code, unknown.Body)
		}
		apitest.Alike(t, foreign, unknown, x.buyer, "cust-0")
	}
}

// TestStrangers_EveryRouteWantsAKeyThatMay holds of every route that it wants a key of the merchant
// in its path, a secret one, with the permission to read or to write.
func TestStrangers_EveryRouteWantsAKeyThatMay(t *testing.T) {
	h := newHouse(t)
	for _, pattern := range wpay.Patterns() {
		method, path, _ := strings.Cut(pattern, " ")
		path = strings.Replace(path, "{merchantId}", merchant, 1)
		path = strings.NewReplacer("{", "", "}", "").Replace(path)
		keys := map[string]int{
			"": http.StatusUnauthorized, "sk_test_none": http.StatusUnauthorized,
			apitest.OldKey: http.StatusUnauthorized, paytest.Key("rival"): http.StatusForbidden,
			paytest.PublicKey("shop"): http.StatusForbidden,
		}
		if method != http.MethodGet {
			keys[apitest.ReadKey] = http.StatusForbidden
		}
		for presented, want := range keys {
			if w := h.as(presented, method, path, ""); w.Code != want {
				t.Errorf("%s with the key %q: %d, want %d", pattern, presented, w.Code, want)
			}
		}
	}
}

// TestKey_OfAnyBytesIsNoKey sends what no key is made of in the header that may hold one.
func TestKey_OfAnyBytesIsNoKey(t *testing.T) {
	h := newHouse(t)
	path := "/merchants/" + merchant + "/payments/pay-1"
	for _, presented := range []string{"sk_test_\xff", "sk_test_ shop", "", "sk_test_shop\x00"} {
		w := apitest.Do(h, "GET", path, "", "X-Api-Key", presented, "X-Request-Id", requestID)
		if w.Code != http.StatusUnauthorized {
			t.Errorf("%q: %d %s", presented, w.Code, w.Body)
		}
	}
}
