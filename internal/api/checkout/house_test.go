package checkout_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/api/apitest"
	"github.com/kassa-pay/kassa/internal/api/checkout"
	"github.com/kassa-pay/kassa/internal/api/openapi"
	"github.com/kassa-pay/kassa/internal/egress"
	"github.com/kassa-pay/kassa/internal/ident"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/rail/bank"
	"github.com/kassa-pay/kassa/internal/rail/card"
	"github.com/kassa-pay/kassa/internal/rail/momo"
	"github.com/kassa-pay/kassa/internal/rail/payto"
	"github.com/kassa-pay/kassa/internal/rail/simnet"
	"github.com/kassa-pay/kassa/internal/store"
	"github.com/kassa-pay/kassa/internal/store/schema"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
	"github.com/kassa-pay/kassa/internal/vault"
	"github.com/kassa-pay/kassa/internal/webhook"
)

// clock stands still until it is moved.
type clock struct{ micros atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.micros.Store(time.Date(2026, 10, 3, 9, 30, 0, 0, time.UTC).UnixMicro())
	return c
}

func (c *clock) Now() time.Time           { return time.UnixMicro(c.micros.Load()).UTC() }
func (c *clock) advance(by time.Duration) { c.micros.Add(by.Microseconds()) }

// counter is a source of bytes that never repeats, so that ids come in the order they were made.
type counter struct {
	mu sync.Mutex
	n  uint64
}

func (c *counter) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	clear(p)
	if len(p) < 8 {
		return copy(p, []byte{byte(c.n)}), nil
	}
	binary.BigEndian.PutUint64(p[len(p)-8:], c.n)
	return len(p), nil
}

// The keys of the house.
const (
	key       = "sk_test_demo"
	liveKey   = "sk_live_demo"
	publicKey = "pk_test_demo"
	otherKey  = "sk_test_other"
	readKey   = "sk_test_reader"
	writeKey  = "sk_test_writer"
)

// contract is the document that every answer of every test is held against.
var contract = sync.OnceValues(func() (*apitest.Contract, error) {
	return apitest.NewContract(openapi.Document())
})

// house is the API over the real core, on a database of its own.
type house struct {
	http.Handler
	pay    *pay.Service
	store  *store.Store
	nets   []*simnet.Network
	sender *webhook.Sender
	clock  *clock
	log    *bytes.Buffer
	sent   []pay.Parcel
}

func open(t testing.TB) *house { return openWith(t, func(*checkout.Deps) {}) }

func openWith(t testing.TB, change func(*checkout.Deps)) *house {
	t.Helper()
	h := &house{clock: newClock(), log: &bytes.Buffer{}}
	log := slog.New(slog.NewTextHandler(&locked{w: h.log}, nil))
	db, err := sqldb.Open(t.Context(), sqldb.Options{
		URL: "sqlite:" + filepath.Join(t.TempDir(), "kassa.db"), Migrations: schema.FS,
		Log: log, Now: h.clock.Now,
	})
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	_, _, err = db.Migrate(t.Context())
	must(t, err)
	ids := ident.From(&counter{})
	keys, err := vault.FromKey(bytes.Repeat([]byte{7}, vault.KeySize), ids)
	must(t, err)
	const base = "https://pay.example"
	h.store = store.New(db)
	rails := h.networks(t, simnet.Config{
		DB: db, Clock: h.clock, IDs: ids, Vault: keys, BaseURL: base,
	})
	h.pay = pay.New(pay.Deps{
		Store: h.store, Rails: rails, Clock: h.clock, IDs: ids, Vault: keys, Log: log,
		BaseURL: base,
		Named:   func(_, eventType string) bool { return checkout.Names(eventType) },
	})
	h.sender = webhook.New(webhook.Deps{
		Store: h.store, Clock: h.clock, IDs: ids, Vault: keys, Log: log,
		Encoders: map[string]webhook.Encoder{
			checkout.Family: webhook.Single(checkout.Encoder(h.pay.PageURL, h.pay.MandateURL)),
		},
		Calls: egress.Options{Resolver: nowhere},
	})
	policy := egress.Policy{}
	d := checkout.Deps{
		Pay: h.pay, Log: log, IDs: ids, Now: h.clock.Now,
		CheckTarget: func(_ pay.Mode, raw string) error { return policy.Check(raw) },
	}
	change(&d)
	mux := http.NewServeMux()
	checkout.New(d).Mount(mux)
	h.Handler = mux
	if _, measured := t.(*testing.B); !measured {
		c, err := contract()
		must(t, err)
		h.Handler = c.Wrap(t, mux)
	}
	h.people(t)
	return h
}

// nowhere finds no address, so that the sender's own first attempt ends before it leaves.
var nowhere = &net.Resolver{
	PreferGo: true,
	Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no names here")
	},
}

// networks builds the simulated networks.
func (h *house) networks(t testing.TB, c simnet.Config) []pay.Rail {
	t.Helper()
	cards, err := card.New(c)
	must(t, err)
	phones, err := momo.New(c)
	must(t, err)
	banks, err := bank.New(c)
	must(t, err)
	agreements, err := payto.New(c)
	must(t, err)
	h.nets = []*simnet.Network{
		cards.Network, phones.Network, banks.Network, agreements.Network,
	}
	return []pay.Rail{cards, phones, banks, agreements}
}

// locked lets parallel requests share a buffer.
type locked struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// people makes two merchants and their keys.
func (h *house) people(t testing.TB) {
	t.Helper()
	for _, m := range []pay.NewMerchant{
		{ID: "mer_demo", Name: "Demo", LateMoney: pay.HoldLate},
		{ID: "mer_other", Name: "Other", ReturnOrigins: []string{"https://other.example"}},
	} {
		_, err := h.pay.CreateMerchant(t.Context(), m)
		must(t, err)
	}
	for _, k := range []struct {
		plain, merchant string
		permissions     []string
	}{
		{key, "mer_demo", nil}, {liveKey, "mer_demo", nil}, {publicKey, "mer_demo", nil},
		{otherKey, "mer_other", nil}, {readKey, "mer_demo", []string{pay.PermRead}},
		{writeKey, "mer_demo", []string{pay.PermWrite}},
	} {
		kind, rest, _ := strings.Cut(k.plain, "_")
		mode, _, _ := strings.Cut(rest, "_")
		_, _, err := h.pay.CreateKey(t.Context(), pay.NewKey{
			Scope: pay.Scope{MerchantID: k.merchant, Mode: pay.Mode(mode)},
			Kind:  pay.KeyKind(kind), Plain: k.plain, Permissions: k.permissions,
		})
		must(t, err)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// settle lets everything that is due happen.
func (h *house) settle(t testing.TB) {
	t.Helper()
	for n := 1; n > 0; {
		n = 0
		for _, work := range []func(context.Context) (int, error){
			h.pay.ExpireDue, h.pay.ChargeDue, h.pay.PollPayments, h.pay.PollRefunds, h.pump,
			h.pay.ProcessNotices,
		} {
			done, err := work(t.Context())
			must(t, err)
			n += done
		}
	}
}

// pump lets the networks send the notifications that are due.
func (h *house) pump(ctx context.Context) (n int, err error) {
	for _, net := range h.nets {
		receive := func(ctx context.Context, header http.Header, body []byte) error {
			return h.pay.Receive(ctx, net.Name(), header, body)
		}
		sent, err := net.Pump(ctx, h.clock.Now(), 100, receive)
		if err != nil {
			return n, err
		}
		n += sent
	}
	return n, nil
}

// deliver takes the deliveries that are due as a perfect receiver would, in the order of their
// events.
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
	slices.SortFunc(h.sent, func(a, b pay.Parcel) int {
		return strings.Compare(a.EventID, b.EventID)
	})
}

func (h *house) take(t testing.TB) (n int) {
	t.Helper()
	before := len(h.sent)
	must(t, h.store.Write(t.Context(), func(ctx context.Context, tx pay.Tx) error {
		now := h.clock.Now()
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
			if err := recovered(ctx, tx, p.EndpointID); err != nil {
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

// recovered forgets that the sender's own attempt failed, as a success of its own would.
func recovered(ctx context.Context, tx pay.Tx, endpointID string) error {
	e, err := tx.LockEndpoint(ctx, endpointID)
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
			"key": key, "live_key": liveKey, "public_key": publicKey, "other_key": otherKey,
			"read_key": readKey, "write_key": writeKey,
		},
		Header: map[string]string{"Authorization": "Bearer {{key}}"},
		Advance: func(t *testing.T, by time.Duration) {
			h.clock.advance(by)
			h.settle(t)
		},
		Webhook: func(t *testing.T) (string, http.Header, []byte, bool) {
			h.deliver(t)
			if len(h.sent) == 0 {
				return "", nil, nil, false
			}
			p := h.sent[0]
			h.sent = h.sent[1:]
			return p.Type, nil, p.Body, true
		},
	}
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
