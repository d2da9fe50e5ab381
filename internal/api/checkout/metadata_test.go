package checkout_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestMetadata_KeysAreShortEverywhere holds that every body with metadata has this limit.
func TestMetadata_KeysAreShortEverywhere(t *testing.T) {
	h := open(t)
	x := everything(t, h)
	const prompt = `"amount":1,"currency":"GHS","payment_method":"mobile_money",` +
		`"phone":"0241234567",`
	long := `"metadata":{"` + strings.Repeat("k", 41) + `":"v"}`
	fits := `"metadata":{"` + strings.Repeat("k", 40) + `":"v"}`
	for path, rest := range map[string]string{
		"/v1/checkout/sessions":                  strings.Trim(sessionBody, "{}") + ",",
		"/v1/payments":                           prompt,
		"/v1/payments/" + x.payment + "/capture": "",
		"/v1/refunds":                            `"payment":"` + x.payment + `","amount":1,`,
		"/v1/customers":                          "",
		"/v1/customers/" + x.customer:            "",
	} {
		w := h.do("POST", path, key, "{"+rest+long+"}")
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "1 to 40 characters") {
			t.Errorf("%s takes a key of 41: %d %s", path, w.Code, w.Body)
		}
		w = h.do("POST", path, key, "{"+rest+fits+"}")
		if w.Code == http.StatusBadRequest {
			t.Errorf("%s refuses a key of 40: %s", path, w.Body)
		}
	}
}
