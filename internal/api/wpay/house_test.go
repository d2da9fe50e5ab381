package wpay_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/api/apitest"
	"github.com/kassa-pay/kassa/internal/api/wpay"
	"github.com/kassa-pay/kassa/internal/egress"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/webhook"
)

// merchant is what the shop is called in the paths of most tests.
const merchant = "6f1d3c52-2a0e-4f7b-9f43-0c8a5a1f7e11"

// requestID is the id of requests that no test looks at.
const requestID = "3b0a7a0e-6a0c-4c43-8f5e-6a4f7b1d2c90"

// Keys besides those of the world's merchants.
const (
	readKey = "sk_test_reads"
	oldKey  = "sk_test_old"
)

// house is the API over the real core, with doors for whoever plays the payer.
type house struct {
	http.Handler
	*paytest.World
	sender *webhook.Sender
	sent   []pay.Parcel
	deaf   bool // receivers get nothing
	waited []time.Duration
}

func newHouse(t testing.TB, change ...func(*wpay.Deps)) *house {
	t.Helper()
	h := &house{World: paytest.New(t)}
	log := slog.New(slog.DiscardHandler)
	h.sender = webhook.New(webhook.Deps{
		Store: h.Store, Clock: h.Clock, IDs: h.IDs, Vault: h.Vault, Log: log,
		Encoders: map[string]webhook.Encoder{wpay.Family: wpay.Encoder()},
		Calls:    egress.Options{Resolver: nowhere}, Native: "native",
	})
	t.Cleanup(func() { _ = h.sender.Close(context.Background()) })
	policy := egress.Policy{}
	d := wpay.Deps{
		Pay: h.Pay, Log: log, IDs: h.IDs, Now: h.Clock.Now, After: h.after(t),
		BaseURL: paytest.BaseURL, Merchants: map[string]string{"shop": merchant},
		CheckTarget: func(_ pay.Mode, raw string) error { return policy.Check(raw) },
	}
	for _, f := range change {
		f(&d)
	}
	mux := http.NewServeMux()
	wpay.New(d).Mount(mux)
	h.mountPayer(mux)
	h.Handler = mux
	h.keys(t)
	return h
}

// after is a timer that does not wait: the clock moves, and what became due happens.
func (h *house) after(t testing.TB) func(time.Duration) <-chan time.Time {
	return func(d time.Duration) <-chan time.Time {
		h.waited = append(h.waited, d)
		h.Advance(d)
		if !h.deaf {
			h.deliver(t)
		}
		ch := make(chan time.Time, 1)
		ch <- h.Clock.Now()
		return ch
	}
}

// keys makes a key with fewer permissions, and one that was revoked.
func (h *house) keys(t testing.TB) {
	t.Helper()
	for plain, permissions := range map[string][]string{readKey: {pay.PermRead}, oldKey: nil} {
		k, _, err := h.Pay.CreateKey(t.Context(), pay.NewKey{
			Scope: h.Shop.Scope, Kind: pay.SecretKey, Plain: plain, Permissions: permissions,
		})
		must(t, err)
		if plain == oldKey {
			must(t, h.Pay.RevokeKey(t.Context(), k.ID))
		}
	}
}

// nowhere finds no address, so that the sender's own first attempt ends before it leaves.
var nowhere = &net.Resolver{
	PreferGo: true,
	Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no names here")
	},
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// deliver takes the deliveries that are due as a perfect receiver would, in their order.
func (h *house) deliver(t testing.TB) {
	t.Helper()
	for n := 1; n > 0; {
		var err error
		n, err = h.sender.FanOut(t.Context())
		must(t, err)
		_, err = h.sender.Settle(t.Context())
		must(t, err)
		n += h.take(t)
	}
}

func (h *house) take(t testing.TB) (n int) {
	t.Helper()
	must(t, h.Store.Write(t.Context(), func(ctx context.Context, tx pay.Tx) error {
		now := h.Clock.Now()
		parcels, err := tx.ClaimDeliveries(ctx, pay.ClaimOrder{
			Now: now.Add(time.Hour), Until: now.Add(2 * time.Hour), Lease: "lease", Limit: 100,
			PerEndpoint: 100,
		})
		for _, p := range parcels {
			p.State, p.Attempts, p.Lease = pay.DeliverySucceeded, p.Attempts+1, "lease"
			p.UpdatedAt = now
			a := pay.DeliveryAttempt{Number: p.Attempts, At: now, Status: 200, Size: 2}
			if _, err := tx.FinishAttempt(ctx, p.Delivery, a); err != nil {
				return err
			}
			if err := tx.ReleaseNext(ctx, p.EndpointID, p.ObjectID, now); err != nil {
				return err
			}
			if err := arrives(ctx, tx, p.EndpointID); err != nil {
				return err
			}
		}
		h.sent, n = append(h.sent, parcels...), len(parcels)
		return err
	}))
	return n
}

// arrives forgets that the sender's own attempt failed: the endpoint would be disabled for it.
func arrives(ctx context.Context, tx pay.Tx, id string) error {
	e, err := tx.LockEndpoint(ctx, id)
	if err != nil || e.FailingSince.IsZero() {
		return err
	}
	e.FailingSince = time.Time{}
	e.Version++
	return tx.SwapEndpoint(ctx, e)
}

// target lets a transcript talk to the house.
func (h *house) target() apitest.Target {
	return apitest.Target{
		Handler: h,
		Vars: map[string]string{
			"key": paytest.Key("shop"), "live_key": paytest.LiveKey("shop"),
			"public_key": paytest.PublicKey("shop"), "other_key": paytest.Key("rival"),
			"read_key": readKey, "old_key": oldKey, "m": merchant,
		},
		Header: map[string]string{
			"Authorization": "Bearer {{key}}", "X-Request-Id": requestID,
		},
		Advance: func(t *testing.T, by time.Duration) { h.Advance(by) },
		Webhook: func(t *testing.T) (string, http.Header, []byte, bool) {
			h.deliver(t)
			if len(h.sent) == 0 {
				return "", nil, nil, false
			}
			p := h.sent[0]
			h.sent = h.sent[1:]
			return p.Type, http.Header{"To": {p.Endpoint.URL}}, p.Body, true
		},
	}
}

// TestTranscripts runs every conversation in testdata.
func TestTranscripts(t *testing.T) {
	apitest.Run(t, "testdata/*.txt", func(t *testing.T) apitest.Target {
		return newHouse(t).target()
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

// do sends one request and returns the answer.
func (h *house) do(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+paytest.Key("shop"))
	r.Header.Set("X-Request-Id", requestID)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// object is what an answer says.
type object map[string]any

func (o object) text(path ...string) string {
	for _, name := range path[:len(path)-1] {
		o, _ = o[name].(map[string]any)
	}
	s, _ := o[path[len(path)-1]].(string)
	return s
}

// ask sends a request of the shop, which must be answered with the status.
func (h *house) ask(t testing.TB, status int, method, path, body string) object {
	t.Helper()
	path = "/merchants/" + merchant + path
	w := h.do(method, path, body)
	var o object
	if err := json.Unmarshal(w.Body.Bytes(), &o); err != nil || w.Code != status {
		t.Fatalf("%s %s: %d %s (%v)", method, path, w.Code, w.Body, err)
	}
	return o
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
