package collect_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/api/apitest"
	"github.com/kassa-pay/kassa/internal/api/collect"
	"github.com/kassa-pay/kassa/internal/api/openapi"
	"github.com/kassa-pay/kassa/internal/egress"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/store/sqldb/pgtest"
	"github.com/kassa-pay/kassa/internal/webhook"
)

// Keys besides those of the world's merchants.
const (
	readKey  = "sk_test_reads"
	writeKey = "sk_test_writes"
	oldKey   = "sk_test_old"
)

// house is the API over the real core, with doors for whoever plays the payer.
type house struct {
	http.Handler
	*paytest.World
	sender *webhook.Sender
	sent   []pay.Parcel
}

func TestMain(m *testing.M) { pgtest.Main(m) }

func newHouse(t testing.TB, change ...func(*collect.Deps)) *house {
	t.Helper()
	return houseOf(t, paytest.New(t), change...)
}

// onBoth runs a test on both stores.
func onBoth(t *testing.T, test func(t *testing.T, h *house)) {
	t.Run("SQLite", func(t *testing.T) {
		test(t, houseOf(t, paytest.Open(t, paytest.Options{Real: true})))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		test(t, houseOf(t, paytest.Open(t, paytest.Options{Real: true, URL: pgtest.URL(t)})))
	})
}

func houseOf(t testing.TB, w *paytest.World, change ...func(*collect.Deps)) *house {
	t.Helper()
	h := &house{World: w}
	log := slog.New(slog.DiscardHandler)
	h.sender = webhook.New(webhook.Deps{
		Store: h.Store, Clock: h.Clock, IDs: h.IDs, Vault: h.Vault, Log: log,
		Encoders: map[string]webhook.Encoder{
			collect.Family: collect.Encoder(h.Pay),
		},
		Calls: egress.Options{Resolver: nowhere}, Native: "native",
	})
	t.Cleanup(func() { _ = h.sender.Close(context.Background()) })
	policy := egress.Policy{}
	target := func(_ pay.Mode, raw string) error { return policy.Check(raw) }
	d := collect.Deps{
		Pay: h.Pay, Log: log, IDs: h.IDs, Now: h.Clock.Now, BaseURL: paytest.BaseURL,
		CheckTarget: target,
	}
	for _, f := range change {
		f(&d)
	}
	mux := http.NewServeMux()
	collect.New(d).Mount(mux)
	c, err := contract()
	must(t, err)
	held := c.Wrap(t, mux)
	h.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/collect/") {
			held.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
	h.mountPayer(mux)
	h.keys(t)
	return h
}

// contract is the description that every answer and every webhook is held against.
var contract = sync.OnceValues(func() (*apitest.Contract, error) {
	return apitest.NewContract(openapi.Collect())
})

// keys makes keys with fewer permissions, and one that was revoked.
func (h *house) keys(t testing.TB) {
	t.Helper()
	for plain, permissions := range map[string][]string{
		readKey: {pay.PermRead}, writeKey: {pay.PermWrite}, oldKey: nil,
	} {
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
	before := len(h.sent)
	for n := 1; n > 0; {
		var err error
		n, err = h.sender.FanOut(t.Context())
		must(t, err)
		_, err = h.sender.Settle(t.Context())
		must(t, err)
		n += h.take(t)
	}
	slices.SortFunc(h.sent[before:], func(a, b pay.Parcel) int { return strings.Compare(a.ID, b.ID) })
}

func (h *house) take(t testing.TB) (n int) {
	t.Helper()
	before := len(h.sent)
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
	c, err := contract()
	must(t, err)
	for _, p := range h.sent[before:] {
		if err := c.Webhook(p.Type, p.Body); err != nil {
			t.Error(err)
		}
	}
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

// target lets a transcript talk to the house. What a request causes is sent at once: the clock
// stands still, so later it would be out of order.
func (h *house) target(t *testing.T) apitest.Target {
	return apitest.Target{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h.ServeHTTP(w, r)
			h.deliver(t)
		}),
		Vars: map[string]string{
			"key": paytest.Key("shop"), "live_key": paytest.LiveKey("shop"),
			"public_key": paytest.PublicKey("shop"), "other_key": paytest.Key("rival"),
			"read_key": readKey, "write_key": writeKey, "old_key": oldKey,
		},
		Header:  map[string]string{"Authorization": "Bearer {{key}}"},
		Advance: func(t *testing.T, by time.Duration) { h.World.Advance(by) },
		Webhook: func(t *testing.T) (string, http.Header, []byte, bool) {
			h.deliver(t)
			if len(h.sent) == 0 {
				return "", nil, nil, false
			}
			p := h.sent[0]
			h.sent = h.sent[1:]
			return p.Type, http.Header{"Webhook-Id": {p.EventID}}, p.Body, true
		},
	}
}

// TestTranscripts runs every conversation in testdata.
func TestTranscripts(t *testing.T) {
	apitest.Run(t, "testdata/*.txt", func(t *testing.T) apitest.Target {
		return newHouse(t).target(t)
	})
}

// do sends one request and returns the answer.
func (h *house) do(method, path, key, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+key)
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

func (o object) text(name string) string {
	s, _ := o[name].(string)
	return s
}

// ask sends a request of the shop, which must be answered with the status.
func (h *house) ask(t testing.TB, status int, method, path, body string) object {
	t.Helper()
	w := h.do(method, path, paytest.Key("shop"), body)
	var o object
	if err := json.Unmarshal(w.Body.Bytes(), &o); err != nil || w.Code != status {
		t.Fatalf("%s %s: %d %s (%v)", method, path, w.Code, w.Body, err)
	}
	return o
}
