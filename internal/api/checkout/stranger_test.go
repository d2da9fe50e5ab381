package checkout_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/kassa-pay/kassa/internal/api/apitest"
	"github.com/kassa-pay/kassa/internal/api/checkout"
)

func (x things) ids() []string {
	return []string{x.session, x.payment, x.refund, x.customer, x.event, x.endpoint, x.delivery,
		x.method, x.mandate, x.agreement}
}

// switches are the routes of a network: it is named by its name, and every merchant has its own
// switches of it.
var switches = []string{
	"GET /v1/test_helpers/rails/momo", "POST /v1/test_helpers/rails/momo",
}

// TestStrangers_EveryRouteIsTried fails when a route is added that names an object and that
// TestForeignIsMissing does not go through.
func TestStrangers_EveryRouteIsTried(t *testing.T) {
	tried := append(things{}.byID(), switches...)
	for _, pattern := range apitest.Unmet(checkout.Patterns(), tried) {
		if strings.Contains(pattern, "{") {
			t.Errorf("%s is not tried", pattern)
		}
	}
}

// TestStrangers_KeysAreAskedForEverywhere goes through every route that there is, with the ids of
// objects and with ids that nobody has.
func TestStrangers_KeysAreAskedForEverywhere(t *testing.T) {
	h := open(t)
	x := everything(t, h)
	for _, request := range slices.Concat(checkout.Patterns(), x.byID(), switches) {
		method, path, _ := strings.Cut(request, " ")
		path = strings.NewReplacer("{", "x", "}", "").Replace(path)
		limited := apitest.ReadKey
		if method == http.MethodGet {
			limited = apitest.WriteKey
		}
		for presented, status := range map[string]int{
			"": 401, "sk_test_nobody": 401, "sk_test_demo ": 401, strings.ToUpper(key): 401,
			publicKey: 403, limited: 403,
		} {
			if w := h.do(method, path, presented, ""); w.Code != status {
				t.Errorf("%s with %q: %d %s", request, presented, w.Code, w.Body)
			}
		}
		if w := h.do(method, path, liveKey, ""); strings.Contains(path, "/test_helpers/") &&
			w.Code != http.StatusForbidden {
			t.Errorf("%s with a key of live mode: %d", request, w.Code)
		}
	}
	if w := h.do("GET", "/v1/checkout/sessions/"+x.session, key, ""); w.Code != 200 {
		t.Errorf("nothing was to change, yet: %d", w.Code)
	}
}

// TestStrangers_FindNothingInAnyList goes through every list there is, narrowed to what is somebody
// else's and not.
func TestStrangers_FindNothingInAnyList(t *testing.T) {
	h := open(t)
	x := everything(t, h)
	apitest.Strangers{Keys: []string{otherKey, liveKey}, IDs: x.ids(), Do: h.do}.FindNothing(t,
		checkout.Patterns(), []string{"", "?customer=" + x.customer, "?payment=" + x.payment,
			"?session=" + x.session, "?mandate=" + x.mandate, "?payment_method=" + x.method})
}

// TestStrangers_CannotNameWhatIsNotTheirs sends every body that names an object with somebody
// else's: it is answered as if there were none.
func TestStrangers_CannotNameWhatIsNotTheirs(t *testing.T) {
	h := open(t)
	x := everything(t, h)
	const off = `{"amount":100,"currency":"GHS","off_session":true,`
	for _, presented := range []string{otherKey, liveKey} {
		own := h.do("POST", "/v1/customers", presented, `{"name":"Kofi"}`)
		mine := apitest.Read(t, http.StatusCreated, own).Text("id")
		for _, c := range []struct{ path, body, id string }{
			{"/v1/checkout/sessions", strings.Replace(sessionBody, "{", `{"customer":%q,`, 1),
				x.customer},
			{"/v1/refunds", `{"payment":%q}`, x.payment},
			{"/v1/payments", off + `"payment_method":%q}`, x.method},
			{"/v1/payments", off + `"mandate":%q}`, x.mandate},
			{"/v1/payments", off + `"mandate":"` + x.mandate + `","customer":%q}`, x.customer},
			{"/v1/payments", off + `"customer":"` + mine + `","payment_method":%q}`, x.method},
		} {
			foreign := h.do("POST", c.path, presented, fmt.Sprintf(c.body, c.id))
			unknown := h.do("POST", c.path, presented, fmt.Sprintf(c.body, apitest.Never(c.id)))
			apitest.Alike(t, foreign, unknown, c.id, apitest.Never(c.id))
		}
	}
}

// TestStrangers_CannotPayWithWhatAnotherCustomerSaved holds that a session is paid with what its
// own customer saved, within one merchant, too.
func TestStrangers_CannotPayWithWhatAnotherCustomerSaved(t *testing.T) {
	h := open(t)
	x := everything(t, h)
	other := h.made(t, "/v1/customers", `{"name":"Kofi"}`)
	for _, body := range []string{
		sessionBody, strings.Replace(sessionBody, "{", `{"customer":"`+other+`",`, 1),
	} {
		path := "/v1/test_helpers/sessions/" + h.made(t, "/v1/checkout/sessions", body) + "/pay"
		const saved = `{"payment_method":{"type":"saved","id":%q}}`
		foreign := h.do("POST", path, key, fmt.Sprintf(saved, x.method))
		unknown := h.do("POST", path, key, fmt.Sprintf(saved, apitest.Never(x.method)))
		apitest.Alike(t, foreign, unknown, x.method, apitest.Never(x.method))
	}
}
