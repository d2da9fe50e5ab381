package checkout_test

import (
	"net/http"
	"net/netip"
	"testing"

	"github.com/kassa-pay/kassa/internal/pay"
)

// TestNetworks holds that a key bound to networks is refused from anywhere else.
func TestNetworks(t *testing.T) {
	h := open(t)
	for name, tc := range map[string]struct {
		network string
		want    int
	}{
		"sk_test_near": {"192.0.2.0/24", http.StatusOK}, // where httptest comes from
		"sk_test_far":  {"198.51.100.0/24", http.StatusForbidden},
	} {
		_, _, err := h.Pay.CreateKey(t.Context(), pay.NewKey{
			Scope: h.Shop.Scope, Kind: pay.SecretKey,
			Plain: name, Networks: []netip.Prefix{netip.MustParsePrefix(tc.network)},
		})
		must(t, err)
		if w := h.do("GET", "/v1/events", name, ""); w.Code != tc.want {
			t.Errorf("%s: %d %s", tc.network, w.Code, w.Body)
		}
	}
}
