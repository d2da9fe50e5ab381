package wpay_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/kassa-pay/kassa/internal/api/apitest"
	"github.com/kassa-pay/kassa/internal/paytest"
)

// rotated makes a new secret by several requests at once and returns the secrets, sorted, each
// once.
func (h *house) rotated(t *testing.T, ids ...string) []string {
	t.Helper()
	answers := paytest.Together(len(ids), func(i int) *httptest.ResponseRecorder {
		return h.do("POST", "/merchants/"+merchant+"/webhook-secret/rotate", "",
			"X-Request-Id", ids[i])
	})
	var secrets []string
	for _, w := range answers {
		secrets = append(secrets, apitest.Read(t, http.StatusCreated, w).Text("secret"))
	}
	slices.Sort(secrets)
	return slices.Compact(secrets)
}

// One request that comes several times at once makes one secret, the very first time, too. Several
// requests at once make one each, and what is shown is the secret of the last.
func TestSecret_RotatedAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, o paytest.Options) {
		h := houseOn(t, o)
		shown := func() string {
			return h.ask(t, http.StatusOK, "GET", "/webhook-secret", "").Text("secret")
		}
		before := shown()
		one := h.rotated(t, requestID, requestID, requestID, requestID)
		if len(one) != 1 || one[0] == before || shown() != one[0] {
			t.Errorf("one request made %v, and %s is shown after %s", one, shown(), before)
		}
		var ids []string
		for i := range 4 {
			ids = append(ids, fmt.Sprintf("9a1f5f5e-4b0d-4f57-8a64-3f6d1d2b7c%02d", i))
		}
		four := h.rotated(t, ids...)
		if len(four) != 4 || slices.Contains(four, one[0]) || !slices.Contains(four, shown()) {
			t.Errorf("four requests made %v, and %s is shown", four, shown())
		}
		if again := h.rotated(t, requestID, ids[0]); len(again) != 2 || again[0] == again[1] {
			t.Errorf("repeats made %v", again)
		}
	})
}

// The id of a request is that of one alone: by the other path it is another request, and is told so
// in the words of this protocol.
func TestSecret_RequestIDUsedBefore(t *testing.T) {
	onBoth(t, func(t *testing.T, o paytest.Options) {
		h := houseOn(t, o)
		one := h.rotated(t, requestID)
		w := h.do("POST", "/payto/v1/merchants/"+merchant+"/webhook-secret/rotate", "")
		no := apitest.Read(t, http.StatusConflict, w)
		if no.Text("code") != "id_taken" ||
			no.Text("detail") != "X-Request-Id was used before. Every id can be used once." {
			t.Errorf("%v", no)
		}
		shown := h.ask(t, http.StatusOK, "GET", "/webhook-secret", "").Text("secret")
		if shown != one[0] {
			t.Errorf("%s is shown, want %s", shown, one[0])
		}
	})
}
