package webhook_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/egress"
	"github.com/kassa-pay/kassa/internal/ident"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/rail/railtest"
	"github.com/kassa-pay/kassa/internal/store"
	"github.com/kassa-pay/kassa/internal/store/sqldb/pgtest"
	"github.com/kassa-pay/kassa/internal/store/storetest"
	"github.com/kassa-pay/kassa/internal/vault"
	"github.com/kassa-pay/kassa/internal/webhook"
)

func TestMain(m *testing.M) { pgtest.MainWithoutLeaks(m) }

// house is a store with one merchant and a sender.
type house struct {
	t      testing.TB
	store  *store.Store
	clock  *railtest.Clock
	behind pay.Store // what the senders write to; the store unless a test says otherwise
	ticks  pay.Clock // what the senders see; the clock unless a test says otherwise
	ids    ident.Source
	vault  *vault.Vault
	sender *webhook.Sender
	scope  pay.Scope
}

var epoch = time.Date(2026, 10, 3, 9, 0, 0, 0, time.UTC)

// Limits of the tests.
const (
	patience  = time.Minute // with what must come, on a machine that may stand still for seconds
	pollEvery = 100 * time.Millisecond
)

const plainSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="

// onBoth runs a test on both engines.
func onBoth(t *testing.T, test func(t *testing.T, h *house)) {
	t.Run("SQLite", func(t *testing.T) { test(t, newHouse(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { test(t, newHouseOn(t, pgtest.URL(t))) })
}

func newHouse(t testing.TB) *house {
	t.Helper()
	return newHouseOn(t, "sqlite:"+filepath.Join(t.TempDir(), "kassa.db"))
}

func newHouseOn(t testing.TB, url string) *house {
	t.Helper()
	db := storetest.Open(t, url)
	ids := ident.Random()
	v, err := vault.FromKey(ids.Bytes(32), ids)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{
		t: t, store: store.New(db), clock: railtest.NewClock(epoch), ids: ids, vault: v,
		scope: pay.Scope{MerchantID: ids.ID("mer", epoch), Mode: pay.Test},
	}
	h.ticks, h.behind = h.clock, h.store
	h.merchant(h.scope.MerchantID)
	h.sender = h.newSender(patience)
	return h
}

// newSender returns one more node on the same store.
func (h *house) newSender(total time.Duration) *webhook.Sender {
	h.t.Helper()
	return h.wokenSender(total, nil)
}

// wokenSender returns a node that tells when there is work.
func (h *house) wokenSender(total time.Duration, wake func(pay.Work)) *webhook.Sender {
	h.t.Helper()
	open := egress.Policy{AllowPrivate: true, AllowHTTP: true}
	s := webhook.New(webhook.Deps{
		Store: h.behind, Clock: h.ticks, IDs: h.ids, Vault: h.vault,
		Log: slog.New(slog.DiscardHandler), Native: "checkout",
		Encoders: map[string]webhook.Encoder{
			"checkout": webhook.Single(encode), "other": webhook.Single(encodeOther),
			"twins": encodeTwins,
		},
		Test: open, Live: open,
		Calls: egress.Options{Connect: total, Total: total}, Wake: wake,
	})
	h.t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			h.t.Error(err)
		}
	})
	return s
}

// encode is a protocol without a word for what opens.
func encode(e pay.Event, pending int) (string, []byte, bool) {
	if e.Type == "session.open" {
		return "", nil, false
	}
	if e.Type == "poison" {
		panic("poison")
	}
	body, _ := json.Marshal(map[string]any{"id": e.ID, "type": e.Type, "pending": pending})
	return e.Type, body, true
}

func encodeOther(e pay.Event, _ int) (string, []byte, bool) {
	return "other." + e.Type, []byte(`{"other":"` + e.ID + `"}`), true
}

// encodeTwins is a protocol that says everything twice.
func encodeTwins(e pay.Event, _ int) []pay.Letter {
	return []pay.Letter{
		{ID: e.ID + "a", Name: e.Type + ".first", Body: []byte(`{"id":"` + e.ID + `a"}`)},
		{ID: e.ID, Name: e.Type + ".second", Body: []byte(`{"id":"` + e.ID + `"}`)},
	}
}

func (h *house) write(unit func(ctx context.Context, tx pay.Tx) error) {
	h.t.Helper()
	if err := h.store.Write(context.Background(), unit); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) merchant(id string) {
	h.t.Helper()
	h.write(func(ctx context.Context, tx pay.Tx) error {
		return tx.InsertMerchant(ctx, pay.Merchant{
			ID: id, Name: "Shop", LateMoney: pay.RefundLate, CreatedAt: epoch,
		})
	})
}

// endpoint adds an endpoint; change may adapt it first.
func (h *house) endpoint(url string, change ...func(*pay.Endpoint)) pay.Endpoint {
	h.t.Helper()
	e := pay.Endpoint{
		ID: h.ids.ID("we", epoch), MerchantID: h.scope.MerchantID, Mode: h.scope.Mode,
		Family: "checkout", URL: url, Events: []string{"*"}, Enabled: true, Version: 1,
		Secret:    h.vault.Seal(pay.PurposeEndpointSecret, []byte(plainSecret)),
		CreatedAt: epoch, UpdatedAt: epoch,
	}
	for _, f := range change {
		f(&e)
	}
	h.write(func(ctx context.Context, tx pay.Tx) error { return tx.InsertEndpoint(ctx, e) })
	return e
}

// event writes an event of an object; the same object's events get rising sequences.
func (h *house) event(object, typ string, change ...func(*pay.Event)) pay.Event {
	h.t.Helper()
	now := h.clock.Now()
	e := pay.Event{
		ID: h.ids.ID("evt", now), MerchantID: h.scope.MerchantID, Mode: h.scope.Mode, Type: typ,
		Kind: pay.ObjectSession, ObjectID: object, Family: "checkout", Data: []byte("{}"),
		CreatedAt: now,
	}
	for _, f := range change {
		f(&e)
	}
	h.write(func(ctx context.Context, tx pay.Tx) error {
		sc := pay.Scope{MerchantID: e.MerchantID, Mode: e.Mode}
		before, err := tx.Events(ctx, sc, pay.EventFilter{
			Page: pay.Page{Limit: 100}, ObjectID: object,
		})
		e.Sequence = int64(len(before)) + 1
		if err != nil {
			return err
		}
		return tx.InsertEvent(ctx, e)
	})
	return e
}

func (h *house) drain() {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := h.sender.Drain(ctx); err != nil {
		h.t.Fatal(err)
	}
}

// later moves the clock and sends what is due then.
func (h *house) later(d time.Duration) {
	h.t.Helper()
	h.clock.Advance(d)
	h.drain()
}

// deliveries returns an endpoint's deliveries, oldest first.
func (h *house) deliveries(e pay.Endpoint) []pay.Delivery {
	h.t.Helper()
	sc := pay.Scope{MerchantID: e.MerchantID, Mode: e.Mode}
	list, err := h.store.Deliveries(context.Background(), sc, e.ID, pay.Page{Limit: 100})
	if err != nil {
		h.t.Fatal(err)
	}
	for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
	return list
}

// only returns the endpoint's one delivery.
func (h *house) only(e pay.Endpoint) pay.Delivery {
	h.t.Helper()
	list := h.deliveries(e)
	if len(list) != 1 {
		h.t.Fatalf("%d deliveries, want 1: %+v", len(list), list)
	}
	return list[0]
}

func (h *house) reload(e pay.Endpoint) pay.Endpoint {
	h.t.Helper()
	sc := pay.Scope{MerchantID: e.MerchantID, Mode: e.Mode}
	got, err := h.store.Endpoint(context.Background(), sc, e.ID)
	if err != nil {
		h.t.Fatal(err)
	}
	return got
}

// call is one request as it arrived.
type call struct {
	path   string
	header http.Header
	body   string
	at     time.Time // by the house's clock
}

// receiver is a merchant's server that keeps what it gets.
type receiver struct {
	*httptest.Server
	mu    sync.Mutex
	calls []call
}

// receive starts a receiver that answers as told; nil means 200.
func (h *house) receive(answer http.HandlerFunc) *receiver {
	h.t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(
		func(w http.ResponseWriter, req *http.Request) {
			body, _ := io.ReadAll(req.Body)
			r.mu.Lock()
			r.calls = append(r.calls, call{
				req.URL.RequestURI(), req.Header, string(body), h.clock.Now(),
			})
			r.mu.Unlock()
			if answer != nil {
				answer(w, req)
			}
		}))
	h.t.Cleanup(r.Close)
	return r
}

func (r *receiver) got() []call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]call(nil), r.calls...)
}

func (r *receiver) want(t testing.TB, n int) []call {
	t.Helper()
	got := r.got()
	if len(got) != n {
		t.Fatalf("%d requests arrived, want %d", len(got), n)
	}
	return got
}

// status answers with each status in turn, the last one for ever.
func status(codes ...int) http.HandlerFunc {
	var mu sync.Mutex
	n := 0
	return func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		code := codes[min(n, len(codes)-1)]
		n++
		mu.Unlock()
		w.WriteHeader(code)
	}
}

// wall is a clock that goes as the machine's does, from the day on which the test's events happen.
type wall struct{ began time.Time }

func (w wall) Now() time.Time { return epoch.Add(time.Since(w.began)) }

// run does what the sender asks for, and what has come due, each kind of work in a loop of its own,
// until done.
func (h *house) run(total time.Duration, done func() bool) {
	h.t.Helper()
	over := make(chan struct{})
	asked := map[pay.Work]chan struct{}{
		pay.WorkFanOut: make(chan struct{}, 1), pay.WorkDelivery: make(chan struct{}, 1),
	}
	h.sender = h.wokenSender(total, func(w pay.Work) {
		select {
		case asked[w] <- struct{}{}:
		default:
		}
	})
	loop := func(w pay.Work, work func(context.Context) (int, error)) {
		for {
			n, err := work(context.Background())
			if err != nil {
				h.t.Error(err)
			}
			if n > 0 {
				continue
			}
			select {
			case <-asked[w]:
			case <-time.After(pollEvery):
			case <-over:
				return
			}
		}
	}
	var both sync.WaitGroup
	both.Go(func() { loop(pay.WorkFanOut, h.sender.FanOut) })
	both.Go(func() { loop(pay.WorkDelivery, h.sender.Deliver) })
	for deadline := time.Now().Add(patience); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			h.t.Error("it does not come to an end")
			break
		}
	}
	close(over)
	both.Wait()
}
