package collect_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/api/apitest"
	"github.com/kassa-pay/kassa/internal/api/collect"
	"github.com/kassa-pay/kassa/internal/api/openapi"
	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/egress"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/store/sqldb/pgtest"
	"github.com/kassa-pay/kassa/internal/webhook"
)

// must stops a test that cannot go on.
var must = apitest.Must

// house is the API over the real core, with doors for whoever plays the payer.
type house struct {
	http.Handler
	*paytest.World
	*apitest.Receiver
}

func TestMain(m *testing.M) { pgtest.Main(m) }

func newHouse(t testing.TB, change ...func(*collect.Deps)) *house {
	t.Helper()
	return houseOf(t, paytest.New(t), change...)
}

// onBoth runs a test on both stores.
func onBoth(t *testing.T, test func(t *testing.T, h *house)) {
	paytest.OnBoth(t, paytest.Options{Real: true}, func(t *testing.T, o paytest.Options) {
		test(t, houseOf(t, paytest.Open(t, o)))
	})
}

func houseOf(t testing.TB, w *paytest.World, change ...func(*collect.Deps)) *house {
	t.Helper()
	c, err := contract()
	must(t, err)
	h := &house{World: w, Receiver: apitest.NewReceiver(t, w, "native",
		map[string]webhook.Encoder{collect.Family: collect.Encoder(w.Pay)})}
	h.Judge = c
	policy := egress.Policy{}
	d := collect.Deps{
		Common: wire.Common{Log: h.Log, IDs: h.IDs, Now: h.Clock.Now},
		Pay:    h.Pay, BaseURL: paytest.BaseURL,
		CheckTarget: func(_ pay.Mode, raw string) error { return policy.Check(raw) },
	}
	for _, f := range change {
		f(&d)
	}
	mux := http.NewServeMux()
	collect.New(d).Mount(mux)
	held := c.Wrap(t, mux)
	h.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/collect/") {
			held.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
	h.mountPayer(mux)
	apitest.MakeKeys(t, w)
	return h
}

// contract is the description that every answer and every webhook is held against.
var contract = sync.OnceValues(func() (*apitest.Contract, error) {
	return apitest.NewContract(openapi.Collect())
})

// target lets a transcript talk to the house. What a request causes is sent at once: the clock
// stands still, so later it would be out of order.
func (h *house) target(t *testing.T) apitest.Target {
	return apitest.Target{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h.ServeHTTP(w, r)
			h.Deliver(t)
		}),
		Vars:    apitest.Vars(),
		Header:  map[string]string{"Authorization": "Bearer {{key}}"},
		Advance: func(t *testing.T, by time.Duration) { h.World.Advance(by) },
		Webhook: h.Webhook,
	}
}

// TestTranscripts runs every conversation in testdata.
func TestTranscripts(t *testing.T) {
	apitest.Run(t, "testdata/*.txt", func(t *testing.T) apitest.Target {
		return newHouse(t).target(t)
	})
}

// do sends one request and returns the answer.
func (h *house) do(method, path, key, body string, header ...string) *httptest.ResponseRecorder {
	header = append([]string{"Authorization", "Bearer " + key}, header...)
	return apitest.Do(h, method, path, body, header...)
}

// ask sends a request of the shop, which must be answered with the status.
func (h *house) ask(t testing.TB, status int, method, path, body string) apitest.Object {
	t.Helper()
	return apitest.Read(t, status, h.do(method, path, paytest.Key("shop"), body))
}
