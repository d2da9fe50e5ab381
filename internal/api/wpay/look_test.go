package wpay_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/kassa-pay/kassa/internal/api/apitest"
	"github.com/kassa-pay/kassa/internal/paytest"
)

// TestPage_LookingAheadChangesNothing holds that whoever looks where a link leads, without the
// buyer having gone there, neither launches a session nor ends it.
func TestPage_LookingAheadChangesNothing(t *testing.T) {
	h := newHouse(t)
	id, redirect := h.open(t, 1, "OneOff")
	for _, address := range []string{redirect, h.back(t, id)} {
		path := strings.TrimPrefix(address, paytest.BaseURL)
		for _, look := range [][]string{
			{http.MethodHead, "Sec-Purpose", ""}, {http.MethodGet, "Sec-Purpose", "prefetch"},
			{http.MethodGet, "Sec-Purpose", "prefetch;prerender"},
		} {
			w := apitest.Do(h, look[0], path, "", look[1], look[2])
			if got := h.status(t, id); w.Code != http.StatusSeeOther || got != "Created" {
				t.Errorf("%s %s: %d, and the session is %s", look, path, w.Code, got)
			}
		}
	}
	h.visit(t, h.back(t, id))
	if got := h.status(t, id); got == "Created" {
		t.Errorf("after the buyer went back the session is %s", got)
	}
}
