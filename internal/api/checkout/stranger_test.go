package checkout_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/kassa-pay/kassa/internal/api/apitest"
	"github.com/kassa-pay/kassa/internal/api/checkout"
)

// never is an id of the same kind that nobody has.
func never(id string) string {
	prefix, rest, ok := strings.Cut(id, "_")
	if !ok {
		return strings.Repeat("0", len(id))
	}
	return prefix + "_" + strings.Repeat("0", len(rest))
}

func (x things) ids() []string {
	return []string{x.session, x.payment, x.refund, x.customer, x.event, x.endpoint, x.delivery,
		x.method, x.mandate, x.agreement}
}

// TestStrangers_EveryRouteIsTried fails when a route is added that names an object and that
// TestForeignIsMissing does not go through.
func TestStrangers_EveryRouteIsTried(t *testing.T) {
	tried := append(things{}.byID(),
		// A network is named by its name, and every merchant has its own switches of it.
		"GET /v1/test_helpers/rails/momo", "POST /v1/test_helpers/rails/momo")
	for _, pattern := range apitest.Unmet(checkout.Patterns(), tried) {
		if strings.Contains(pattern, "{") {
			t.Errorf("%s is not tried", pattern)
		}
	}
}

// TestStrangers_KeysAreAskedForEverywhere goes through every route that there is.
func TestStrangers_KeysAreAskedForEverywhere(t *testing.T) {
	h := open(t)
	for _, pattern := range checkout.Patterns() {
		method, path, _ := strings.Cut(pattern, " ")
		path = strings.NewReplacer("{", "x", "}", "").Replace(path)
		limited := apitest.ReadKey
		if method == http.MethodGet {
			limited = apitest.WriteKey
		}
		for presented, status := range map[string]int{
			"": 401, "sk_test_nobody": 401, publicKey: 403, limited: 403,
		} {
			if w := h.do(method, path, presented, ""); w.Code != status {
				t.Errorf("%s with %q: %d %s", pattern, presented, w.Code, w.Body)
			}
		}
		if w := h.do(method, path, liveKey, ""); strings.Contains(path, "/test_helpers/") &&
			w.Code != http.StatusForbidden {
			t.Errorf("%s with a key of live mode: %d", pattern, w.Code)
		}
	}
}

// TestStrangers_FindNothingInAnyList goes through every list there is, narrowed to what is somebody
// else's and not.
func TestStrangers_FindNothingInAnyList(t *testing.T) {
	h := open(t)
	x := everything(t, h)
	queries := []string{"", "?customer=" + x.customer, "?payment=" + x.payment,
		"?session=" + x.session, "?mandate=" + x.mandate, "?payment_method=" + x.method}
	for _, id := range x.ids() {
		queries = append(queries, "?starting_after="+id)
	}
	for _, pattern := range checkout.Patterns() {
		path, isGet := strings.CutPrefix(pattern, "GET ")
		if !isGet || strings.Contains(path, "{") {
			continue
		}
		for _, query := range queries {
			for _, presented := range []string{otherKey, liveKey} {
				w := h.do("GET", path+query, presented, "")
				for _, id := range x.ids() {
					if w.Code == http.StatusOK && strings.Contains(w.Body.String(), id) {
						t.Errorf("%s%s with %s tells of %s", path, query, presented, id)
					}
				}
				if _, id, ok := strings.Cut(query, "starting_after="); ok {
					unknown := h.do("GET", path+"?starting_after="+never(id), presented, "")
					apitest.Alike(t, w, unknown, id, never(id))
				}
			}
		}
	}
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
			unknown := h.do("POST", c.path, presented, fmt.Sprintf(c.body, never(c.id)))
			apitest.Alike(t, foreign, unknown, c.id, never(c.id))
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
		unknown := h.do("POST", path, key, fmt.Sprintf(saved, never(x.method)))
		apitest.Alike(t, foreign, unknown, x.method, never(x.method))
	}
}
