package webhook_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/egress"
	"github.com/kassa-pay/kassa/internal/pay"
)

func endless(w http.ResponseWriter, _ *http.Request) {
	chunk := make([]byte, 8192)
	for range 1 << 13 {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

func bomb(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(w)
	chunk := make([]byte, 1<<20)
	for range 64 {
		if _, err := z.Write(chunk); err != nil {
			return
		}
	}
	_ = z.Close()
}

// drip answers, and then never comes to an end.
func drip(w http.ResponseWriter, r *http.Request) {
	w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func abort(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func TestDeliver_Receivers(t *testing.T) {
	for _, c := range []struct {
		name    string
		answer  http.HandlerFunc
		word    string // "" for success
		status  int64
		maxSize int64
		waits   bool // until the time-out
	}{
		{"created", status(201), "", 201, 0, false},
		{"no content", status(204), "", 204, 0, false},
		{"endless body", endless, "", 200, egress.MaxBody, false},
		{"gzip bomb", bomb, "", 200, egress.MaxBody, false},
		{"body without end", drip, "", 200, 0, true},
		{"not modified", status(304), "redirect_refused", 304, 0, false},
		{"bad request", status(400), "bad_status", 400, 100, false},
		{"server error", status(500), "bad_status", 500, 0, false},
		{"hangs", hang, "timeout", 0, 0, true},
		{"breaks off", abort, "connection_lost", 0, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			if c.waits {
				h.sender = h.newSender(2 * time.Second)
			}
			r := h.receive(c.answer)
			to := h.endpoint(r.URL)
			h.event("cs_1", "session.complete")
			h.drain()
			r.want(t, 1)
			d := h.only(to)
			if a := d.Log[0]; a.Error != c.word || a.Status != c.status || a.Size > c.maxSize {
				t.Errorf("attempt %+v, want %q with status %d", a, c.word, c.status)
			}
			if won := d.State == pay.DeliverySucceeded; won != (c.word == "") {
				t.Errorf("delivery %s", d.State)
			}
		})
	}
}

func TestDeliver_RedirectIsRefused(t *testing.T) {
	h := newHouse(t)
	inside := h.receive(nil)
	for _, to := range []string{inside.URL, "http://169.254.169.254/latest/meta-data/"} {
		r := h.receive(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusTemporaryRedirect)
		})
		e := h.endpoint(r.URL)
		h.event("cs_"+to, "session.complete")
		h.drain()
		if a := h.only(e).Log[0]; a.Error != "redirect_refused" || a.Status != 307 {
			t.Errorf("redirect to %s: %+v", to, a)
		}
	}
	inside.want(t, 0)
}

func TestDeliver_BlockedTargets(t *testing.T) {
	h := newHouse(t)
	r := h.receive(nil)
	for _, c := range []struct {
		mode pay.Mode
		url  string
	}{
		{pay.Test, "http://169.254.169.254/latest/meta-data/"},
		{pay.Test, "http://[fe80::1]/"},
		{pay.Test, "gopher://127.0.0.1/"},
		{pay.Live, r.URL},
		{pay.Live, "https://127.0.0.1/"},
		{pay.Live, "https://localhost/"},
	} {
		to := h.endpoint(c.url, func(e *pay.Endpoint) { e.Mode = c.mode })
		h.event("cs_"+to.ID, "session.complete", func(e *pay.Event) { e.Mode = c.mode })
		h.drain()
		for _, d := range h.deliveries(to)[:1] {
			if d.Log[0].Error != "blocked_address" || d.Log[0].Status != 0 {
				t.Errorf("%s %s: %+v", c.mode, c.url, d.Log[0])
			}
		}
	}
	r.want(t, 0)
}

func TestDeliver_NobodyListens(t *testing.T) {
	h := newHouse(t)
	to := h.endpoint("http://127.0.0.1:1/")
	h.event("cs_1", "session.complete")
	h.drain()
	if a := h.only(to).Log[0]; a.Error != "connect_failed" {
		t.Errorf("attempt %+v", a)
	}
}

// One endpoint hangs for as long as it is let; the other gets everything meanwhile.
func TestDeliver_SlowReceiverHoldsUpNobody(t *testing.T) {
	h := newHouse(t)
	h.sender = h.newSender(time.Minute)
	release := make(chan struct{})
	var inside, most atomic.Int64
	slow := h.receive(func(http.ResponseWriter, *http.Request) {
		most.Store(max(most.Load(), inside.Add(1)))
		<-release
		inside.Add(-1)
	})
	fast := h.receive(nil)
	h.endpoint(slow.URL)
	good := h.endpoint(fast.URL)
	const events = 40
	for i := range events {
		h.event(fmt.Sprint("cs_", i), "session.complete")
	}
	waitFor(t, func() bool {
		if _, err := h.sender.FanOut(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := h.sender.Deliver(t.Context()); err != nil {
			t.Fatal(err)
		}
		return len(fast.got()) == events
	})
	waitFor(t, func() bool { return inside.Load() >= 4 })
	if n := inside.Load(); n != 4 {
		t.Errorf("%d requests wait at the slow endpoint, want 4", n)
	}
	close(release)
	h.drain()
	slow.want(t, events)
	if most.Load() > 4 {
		t.Errorf("%d requests at once to one endpoint, want at most 4", most.Load())
	}
	for _, d := range h.deliveries(good) {
		if d.State != pay.DeliverySucceeded {
			t.Errorf("delivery %+v", d)
		}
	}
}

// waitFor tries until it works; the end of patience without success fails the test.
func waitFor(t *testing.T, try func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !try() {
		if time.Now().After(deadline) {
			t.Fatal("it does not come to pass")
		}
		time.Sleep(time.Millisecond)
	}
}

// A node that is slower than its lease finds its delivery taken over: what the second node records
// stands, the first one's word counts nothing.
func TestDeliver_Fencing(t *testing.T) { onBoth(t, deliverFencing) }

func deliverFencing(t *testing.T, h *house) {
	first, second := h.newSender(time.Minute), h.newSender(time.Minute)
	var n atomic.Int64
	release := make(chan struct{})
	r := h.receive(func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1) == 1 {
			<-release
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	to := h.endpoint(r.URL)
	h.event("cs_1", "session.complete")
	if got, err := first.FanOut(t.Context()); got != 1 || err != nil {
		t.Fatalf("%d events fanned out: %v", got, err)
	}
	waitFor(t, func() bool { return n.Load() == 1 })
	if got, err := second.Deliver(t.Context()); got != 0 || err != nil {
		t.Fatalf("the second node claims %d (%v) of a delivery under lease", got, err)
	}
	h.clock.Advance(61 * time.Second)
	if err := second.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	close(release)
	if _, err := first.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.want(t, 2)
	d := h.only(to)
	if d.State != pay.DeliverySucceeded || d.Attempts != 1 || len(d.Log) != 1 {
		t.Errorf("delivery %+v", d)
	}
	if !h.reload(to).FailingSince.IsZero() {
		t.Error("the lost attempt counts against the endpoint")
	}
}

func TestClose_BreaksOffWhatHangs(t *testing.T) { onBoth(t, closeBreaksOffWhatHangs) }

func closeBreaksOffWhatHangs(t *testing.T, h *house) {
	s := h.newSender(time.Minute)
	r := h.receive(hang)
	to := h.endpoint(r.URL)
	h.event("cs_1", "session.complete")
	if _, err := s.FanOut(t.Context()); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return len(r.got()) == 1 })
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := s.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Close: %v", err)
	}
	if n, err := s.Deliver(t.Context()); n != 0 || err != nil {
		t.Errorf("a closed sender claims %d: %v", n, err)
	}
	if d := h.only(to); d.State != pay.DeliveryPending || d.Attempts != 0 {
		t.Errorf("broken off: %+v", d)
	}
}

func TestClose_WaitsForWhatIsOnItsWay(t *testing.T) {
	h := newHouse(t)
	s := h.newSender(time.Minute)
	release := make(chan struct{})
	r := h.receive(func(http.ResponseWriter, *http.Request) { <-release })
	to := h.endpoint(r.URL)
	h.event("cs_1", "session.complete")
	if _, err := s.FanOut(t.Context()); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return len(r.got()) == 1 })
	closed := make(chan error)
	go func() { closed <- s.Close(context.Background()) }()
	close(release)
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if d := h.only(to); d.State != pay.DeliverySucceeded {
		t.Errorf("delivery %+v", d)
	}
}

// More endpoints hang than there are slots for. The one that answers gets what is its own while
// they do, and each of the others is tried.
func TestDeliver_ManyDeadEndpoints(t *testing.T) {
	h := newHouse(t)
	h.ticks = wall{time.Now()}
	dumb := h.receive(hang)
	good := h.receive(nil)
	const dead, each = 100, 8
	to := h.endpoint(good.URL, func(e *pay.Endpoint) { e.Events = []string{"payment.paid"} })
	for i := range dead {
		h.endpoint(fmt.Sprint(dumb.URL, "/", i), func(e *pay.Endpoint) {
			e.Events = []string{"payment.failed"}
		})
	}
	for i := range each {
		h.event(fmt.Sprint("pay_dead_", i), "payment.failed")
	}
	for i := range each {
		h.event(fmt.Sprint("pay_good_", i), "payment.paid")
	}
	h.run(400*time.Millisecond, func() bool {
		tried := map[string]bool{}
		for _, c := range dumb.got() {
			tried[c.path] = true
		}
		if len(good.got()) < each || len(tried) < dead {
			return false
		}
		list := h.deliveries(to)
		return len(list) == each && !slices.ContainsFunc(list, func(d pay.Delivery) bool {
			return d.State != pay.DeliverySucceeded
		})
	})
}

// overloaded refuses some writes, as a store does whose queue is full.
type overloaded struct {
	pay.Store
	left atomic.Int64
}

func (o *overloaded) Write(
	ctx context.Context, unit func(context.Context, pay.Tx) error,
) error {
	if o.left.Add(-1) >= 0 {
		return pay.Errorf(pay.Unavailable, "overloaded", "Too many requests wait.")
	}
	return o.Store.Write(ctx, unit)
}

// The receiver has the event; that must not be forgotten because the store is busy for a moment.
func TestDeliver_StoreIsOverloaded(t *testing.T) {
	h := newHouse(t)
	busy := &overloaded{Store: h.store}
	h.behind = busy
	h.sender = h.newSender(patience)
	r := h.receive(func(http.ResponseWriter, *http.Request) { busy.left.Store(2) })
	to := h.endpoint(r.URL)
	h.event("cs_1", "session.complete")
	h.drain()
	r.want(t, 1)
	if d := h.only(to); d.State != pay.DeliverySucceeded {
		t.Errorf("delivery %+v", d)
	}
}

// What waited so long that its lease might end on the way is left to whoever takes it next.
func TestDeliver_LeaseAlmostOver(t *testing.T) {
	h := newHouse(t)
	h.sender = h.newSender(time.Minute)
	release := make(chan struct{})
	r := h.receive(func(http.ResponseWriter, *http.Request) { <-release })
	h.endpoint(r.URL)
	for i := range 6 {
		h.event(fmt.Sprint("cs_", i), "session.complete")
	}
	if _, err := h.sender.FanOut(t.Context()); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return len(r.got()) == 4 })
	h.clock.Advance(41 * time.Second)
	close(release)
	if _, err := h.sender.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.want(t, 4)
	h.later(20 * time.Second)
	seen := map[string]bool{}
	for _, c := range r.want(t, 6) {
		seen[c.header.Get("Webhook-Id")] = true
	}
	if len(seen) != 6 {
		t.Errorf("%d events arrived, want 6", len(seen))
	}
}
