package checkout_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/api/apitest"
	"github.com/kassa-pay/kassa/internal/api/checkout"
	"github.com/kassa-pay/kassa/internal/api/openapi"
	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/egress"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/webhook"
)

// must stops a test that cannot go on.
var must = apitest.Must

// The keys of the house.
var (
	key       = paytest.Key("shop")
	liveKey   = paytest.LiveKey("shop")
	publicKey = paytest.PublicKey("shop")
	otherKey  = paytest.Key("rival")
)

// contract is the document that every answer of every test is held against.
var contract = sync.OnceValues(func() (*apitest.Contract, error) {
	return apitest.NewContract(openapi.Document())
})

// house is the API over the real core, on a database of its own.
type house struct {
	http.Handler
	*paytest.World
	*apitest.Receiver
}

func open(t testing.TB) *house { return openWith(t, func(*checkout.Deps) {}) }

func openWith(t testing.TB, change func(*checkout.Deps)) *house {
	t.Helper()
	h := &house{World: paytest.Open(t, paytest.Options{
		ShopName: "Demo", BaseURL: "https://pay.example", Bare: true,
		Named: func(_, eventType string) bool { return checkout.Names(eventType) },
	})}
	must(t, h.Pay.SetReturnOrigins(t.Context(), "shop", nil))
	must(t, h.Pay.SetReturnOrigins(t.Context(), "rival", []string{"https://other.example"}))
	apitest.MakeKeys(t, h.World)
	h.Receiver = apitest.NewReceiver(t, h.World, checkout.Family, map[string]webhook.Encoder{
		checkout.Family: webhook.Single(checkout.Encoder(h.Pay.PageURL, h.Pay.MandateURL)),
	})
	h.ByEvent = true
	policy := egress.Policy{}
	d := checkout.Deps{
		Common: wire.Common{Log: h.Log, IDs: h.IDs, Now: h.Clock.Now}, Pay: h.Pay,
		CheckTarget: func(_ pay.Mode, raw string) error { return policy.Check(raw) },
	}
	change(&d)
	mux := http.NewServeMux()
	checkout.New(d).Mount(mux)
	h.Handler = mux
	if _, measured := t.(*testing.B); !measured {
		c, err := contract()
		must(t, err)
		h.Handler, h.Judge = c.Wrap(t, mux), c
	}
	return h
}

// target lets a transcript talk to the house.
func (h *house) target() apitest.Target {
	return apitest.Target{
		Handler: h, Vars: apitest.Vars(),
		Header:  map[string]string{"Authorization": "Bearer {{key}}"},
		Advance: func(_ *testing.T, by time.Duration) { h.Advance(by) },
		Webhook: h.Webhook,
	}
}

// do sends one request and returns the answer.
func (h *house) do(method, path, key, body string, header ...string) *httptest.ResponseRecorder {
	header = append([]string{"Authorization", "Bearer " + key}, header...)
	return apitest.Do(h, method, path, body, header...)
}

const sessionBody = `{"amount":12550,"success_url":"https://shop.example/done",` +
	`"cancel_url":"https://shop.example/basket"}`

// made creates something and returns its id.
func (h *house) made(t testing.TB, path, body string, headers ...string) string {
	t.Helper()
	w := h.do("POST", path, key, body, headers...)
	_, rest, ok := strings.Cut(w.Body.String(), `"id":"`)
	if !ok || w.Code/100 != 2 {
		t.Fatalf("POST %s: %d %s", path, w.Code, w.Body)
	}
	id, _, _ := strings.Cut(rest, `"`)
	return id
}
