package wpay_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/api/apitest"
	"github.com/kassa-pay/kassa/internal/api/openapi"
	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/api/wpay"
	"github.com/kassa-pay/kassa/internal/egress"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/store/sqldb/pgtest"
	"github.com/kassa-pay/kassa/internal/webhook"
)

// merchant is what the shop is called in the paths of most tests.
const merchant = "6f1d3c52-2a0e-4f7b-9f43-0c8a5a1f7e11"

// requestID is the id of requests that no test looks at.
const requestID = "3b0a7a0e-6a0c-4c43-8f5e-6a4f7b1d2c90"

// must stops a test that cannot go on.
var must = apitest.Must

// house is the API over the real core, with doors for whoever plays the payer.
type house struct {
	http.Handler
	*paytest.World
	*apitest.Receiver
	deaf   bool // receivers get nothing
	waited []time.Duration
}

func TestMain(m *testing.M) { pgtest.Main(m) }

// onBoth runs a test on both stores.
func onBoth(t *testing.T, test func(t *testing.T, o paytest.Options)) {
	paytest.OnBoth(t, paytest.Options{Real: true}, test)
}

func newHouse(t testing.TB, change ...func(*wpay.Deps)) *house {
	t.Helper()
	return houseOn(t, paytest.Options{}, change...)
}

func houseOn(t testing.TB, o paytest.Options, change ...func(*wpay.Deps)) *house {
	t.Helper()
	c, err := contract()
	must(t, err)
	h := &house{World: paytest.Open(t, o)}
	h.Receiver = apitest.NewReceiver(t, h.World, "native",
		map[string]webhook.Encoder{wpay.Family: wpay.Encoder()})
	h.Judge = c
	policy := egress.Policy{}
	d := wpay.Deps{
		Common: wire.Common{Log: h.Log, IDs: h.IDs, Now: h.Clock.Now},
		Pay:    h.Pay, After: h.after(t),
		BaseURL: paytest.BaseURL, Merchants: map[string]string{"shop": merchant},
		CheckTarget: func(_ pay.Mode, raw string) error { return policy.Check(raw) },
	}
	for _, f := range change {
		f(&d)
	}
	mux := http.NewServeMux()
	wpay.New(d).Mount(mux)
	h.mountPayer(mux)
	held := c.Wrap(t, below(mux))
	h.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/merchants/") {
			held.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
	apitest.MakeKeys(t, h.World)
	return h
}

// contract is the description that every answer and every webhook is held against.
var contract = sync.OnceValues(func() (*apitest.Contract, error) {
	return apitest.NewContract(openapi.Wpay())
})

// below lets a route have the name that it has in the description, which knows one prefix.
func below(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r)
		method, path, _ := strings.Cut(r.Pattern, " ")
		if at := strings.Index(path, "/merchants/"); at >= 0 {
			r.Pattern = method + " " + path[at:]
		}
	})
}

// after is a timer that does not wait: the clock moves, and what became due happens.
func (h *house) after(t testing.TB) func(time.Duration) <-chan time.Time {
	return func(d time.Duration) <-chan time.Time {
		h.waited = append(h.waited, d)
		h.Advance(d)
		if !h.deaf {
			h.Deliver(t)
		}
		ch := make(chan time.Time, 1)
		ch <- h.Clock.Now()
		return ch
	}
}

// target lets a transcript talk to the house.
func (h *house) target() apitest.Target {
	vars := apitest.Vars()
	vars["m"] = merchant
	return apitest.Target{
		Handler: h, Vars: vars,
		Header: map[string]string{
			"Authorization": "Bearer {{key}}", "X-Request-Id": requestID,
		},
		Advance: func(t *testing.T, by time.Duration) { h.Advance(by) },
		Webhook: h.Webhook,
	}
}

// TestTranscripts runs every conversation in testdata.
func TestTranscripts(t *testing.T) {
	onBoth(t, func(t *testing.T, o paytest.Options) {
		apitest.Run(t, "testdata/*.txt", func(t *testing.T) apitest.Target {
			o := o
			if o.URL != "" {
				o.URL = pgtest.URL(t)
			}
			return houseOn(t, o).target()
		})
	})
}

// payer is what somebody does in a transcript, or what came of it.
type payer struct {
	PayID, BSB, Account string
	Do                  pay.BankAction // with the instrument's agreement
	To                  string         // a PayID, for BankMove
}

// mountPayer opens the doors of the payer: pay a session by its id in the protocol, and play the
// bank's app for an instrument.
func (h *house) mountPayer(mux *http.ServeMux) {
	door := func(pattern, kind string, act func(context.Context, string, payer) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			var p payer
			err := json.NewDecoder(r.Body).Decode(&p)
			var id string
			if err == nil {
				id, err = h.Pay.Resolve(r.Context(), h.Shop, wpay.Family, kind, r.PathValue("id"))
			}
			var done any
			if err == nil {
				done, err = act(r.Context(), id, p)
			}
			if err != nil {
				w.WriteHeader(http.StatusConflict)
				done = map[string]string{"error": err.Error()}
			}
			_ = json.NewEncoder(w).Encode(done)
		})
	}
	door("POST /payer/sessions/{id}", "session",
		func(ctx context.Context, id string, p payer) (any, error) {
			made, _, err := h.Pay.Pay(ctx, h.Shop, nil, pay.PayRequest{
				SessionID: id, Method: pay.MethodInput{Type: pay.MethodPayTo, Payto: &pay.PaytoInput{
					PayID: p.PayID, BSB: p.BSB, Account: p.Account,
				}},
			})
			return map[string]string{"state": made.State.String()}, err
		})
	door("POST /payer/instruments/{id}", "instrument",
		func(ctx context.Context, id string, p payer) (any, error) {
			d := pay.BankDecision{Do: p.Do}
			if p.To != "" {
				to, err := h.Pay.ResolvePayID(ctx, h.Shop, pay.PaytoInput{PayID: p.To})
				if err != nil {
					return nil, err
				}
				d.To = &to
			}
			if s, err := h.Pay.Session(ctx, h.Shop, id); err != nil {
				return nil, err
			} else if s.MandateID != "" {
				id = s.MandateID
			}
			a, err := h.Pay.DecideAgreement(ctx, h.Shop, id, d)
			return map[string]string{"state": string(a.State)}, err
		})
}

// do sends one request of the shop and returns the answer.
func (h *house) do(method, path, body string, header ...string) *httptest.ResponseRecorder {
	header = append([]string{
		"Authorization", "Bearer " + paytest.Key("shop"), "X-Request-Id", requestID,
	}, header...)
	return apitest.Do(h, method, path, body, header...)
}

// ask sends a request of the shop, which must be answered with the status.
func (h *house) ask(t testing.TB, status int, method, path, body string) apitest.Object {
	t.Helper()
	return apitest.Read(t, status, h.do(method, "/merchants/"+merchant+path, body))
}

// visit opens an address as a browser does and returns where it is led.
func (h *house) visit(t testing.TB, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	must(t, err)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, u.RequestURI(), nil))
	if w.Code != http.StatusSeeOther {
		t.Fatalf("%s: %d %s", address, w.Code, w.Body)
	}
	return w.Header().Get("Location")
}

// checkout is a body that opens a session for 4995 cents. n makes its ids.
func checkout(n int, kind string) string {
	return fmt.Sprintf(`{"merchantReturnUrl":"https://shop.test/return?order=%[1]d",
		"buyer":{"buyerId":"cust-77","name":"Mira Okafor"},
		"instrument":{"instrumentId":"ins-%[1]d","type":%[2]q,
			"merchantWebhooksUrl":"https://shop.test/hooks"},
		"payment":{"paymentId":"pay-%[1]d","amount":4995,"reference":"A-%[1]d",
			"description":"Order A-%[1]d","merchantWebhooksUrl":"https://shop.test/hooks"}}`, n, kind)
}
