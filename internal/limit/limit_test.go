package limit

import (
	"fmt"
	"math"
	"sync"
	"testing"
	"time"
)

// hand is a clock that tests move.
type hand struct {
	mu sync.Mutex
	t  time.Time
}

func newHand() *hand { return &hand{t: time.Date(2026, 10, 3, 9, 30, 0, 0, time.UTC)} }

func (h *hand) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.t
}

func (h *hand) move(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.t = h.t.Add(d)
}

// step moves the clock and then asks once.
type step struct {
	move time.Duration
	key  string
	ok   bool
	wait time.Duration
}

func run(t *testing.T, h *hand, allow func(string) (bool, time.Duration), steps []step) {
	t.Helper()
	for i, s := range steps {
		h.move(s.move)
		ok, wait := allow(s.key)
		if ok != s.ok || wait != s.wait {
			t.Fatalf("step %d: got %v %s, want %v %s", i, ok, wait, s.ok, s.wait)
		}
	}
}

func TestBucket(t *testing.T) {
	h := newHand()
	run(t, h, NewBucket(2, 3, h.now).Allow, []step{
		{0, "a", true, 0},
		{0, "a", true, 0},
		{0, "b", true, 0},
		{0, "a", true, 0},
		{0, "a", false, 500 * time.Millisecond},
		{200 * time.Millisecond, "a", false, 300 * time.Millisecond},
		{300 * time.Millisecond, "a", true, 0},
		{0, "a", false, 500 * time.Millisecond},
		{0, "b", true, 0},
		{time.Hour, "a", true, 0}, // no more than burst is saved up
		{0, "a", true, 0},
		{0, "a", true, 0},
		{0, "a", false, 500 * time.Millisecond},
		{-time.Hour, "a", false, 500 * time.Millisecond},
		{500 * time.Millisecond, "a", true, 0},
	})
}

// TestBucket_WaitIsEnough checks that the wait is long enough to be served, for rates that do not
// divide evenly.
func TestBucket_WaitIsEnough(t *testing.T) {
	for _, rate := range []float64{0.001, 1.0 / 3, 0.7, 3, 7, 999, 1e9} {
		h := newHand()
		b := NewBucket(rate, 1, h.now)
		for i := range 50 {
			ok, wait := b.Allow("a")
			if i > 0 && !ok {
				h.move(wait)
				if ok, wait = b.Allow("a"); !ok && wait > time.Nanosecond {
					t.Fatalf("rate %v: refused after the wait, again %s", rate, wait)
				}
			}
		}
	}
	h := newHand()
	b := NewBucket(math.SmallestNonzeroFloat64, 1, h.now)
	b.Allow("a")
	if ok, wait := b.Allow("a"); ok || wait != math.MaxInt64 {
		t.Errorf("got %v %s", ok, wait)
	}
}

func TestWindow(t *testing.T) {
	h := newHand()
	run(t, h, NewWindow(2, 10*time.Minute, h.now).Allow, []step{
		{0, "a", true, 0},
		{4 * time.Minute, "a", true, 0},
		{time.Minute, "a", false, 5 * time.Minute},
		{0, "b", true, 0},
		{5*time.Minute - 1, "a", false, 1},
		{1, "a", true, 0},
		{0, "a", false, 4 * time.Minute},
		{4 * time.Minute, "a", true, 0}, // refused requests were not counted
		{time.Hour, "a", true, 0},
		{-2 * time.Hour, "a", true, 0},
		{0, "a", false, 10 * time.Minute},
	})
}

// TestWindow_Sliding checks the promise itself, at random looking times: never more than n within
// any span.
func TestWindow_Sliding(t *testing.T) {
	const n, span = 5, time.Minute
	h := newHand()
	w := NewWindow(n, span, h.now)
	var served []time.Time
	for i := range 5000 {
		h.move(time.Duration(i*7919%9000) * time.Millisecond)
		if ok, _ := w.Allow("a"); ok {
			served = append(served, h.now())
		}
	}
	for i := n; i < len(served); i++ {
		if served[i].Sub(served[i-n]) < span {
			t.Fatalf("%d within %s", n+1, served[i].Sub(served[i-n]))
		}
	}
	if len(served) < 1000 {
		t.Errorf("only %d served", len(served))
	}
}

func TestMaxKeys(t *testing.T) {
	h := newHand()
	b, w := NewBucket(1, 1, h.now), NewWindow(1, time.Hour, h.now)
	b.keys.max, w.keys.max = 3, 3
	limiters := map[string]func(string) (bool, time.Duration){"bucket": b.Allow, "window": w.Allow}
	for name, allow := range limiters {
		allowed := func(key string) bool { ok, _ := allow(key); return ok }
		for _, key := range []string{"a", "b", "c"} {
			if !allowed(key) {
				t.Fatalf("%s: %s refused at first", name, key)
			}
		}
		if allowed("a") {
			t.Errorf("%s: a served twice", name)
		}
		if !allowed("d") { // evicts b, because a was just asked about
			t.Errorf("%s: d refused", name)
		}
		if allowed("a") || allowed("c") || allowed("d") || !allowed("b") {
			t.Errorf("%s: the wrong key was forgotten", name)
		}
	}
	for i := range 100 {
		b.Allow(fmt.Sprint(i))
		w.Allow(fmt.Sprint(i))
	}
	if b.keys.size() != 3 || w.keys.size() != 3 || b.keys.order.Len() != 3 {
		t.Errorf("%d and %d keys", b.keys.size(), w.keys.size())
	}
	if n := NewBucket(1, 1, h.now).keys.max; n != MaxKeys {
		t.Errorf("limit of keys %d", n)
	}
}

func TestConcurrent(t *testing.T) {
	h := newHand()
	b, w := NewBucket(1, 100, h.now), NewWindow(100, time.Hour, h.now)
	var wg sync.WaitGroup
	var mu sync.Mutex
	served := map[string]int{}
	for g := range 8 {
		wg.Go(func() {
			for i := range 200 {
				okB, _ := b.Allow("shared")
				okW, _ := w.Allow("shared")
				b.Allow(fmt.Sprint(g, i))
				mu.Lock()
				if okB {
					served["bucket"]++
				}
				if okW {
					served["window"]++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if served["bucket"] != 100 || served["window"] != 100 {
		t.Errorf("served %v, want 100 each", served)
	}
}

func TestNew_Panics(t *testing.T) {
	h := newHand()
	for name, f := range map[string]func(){
		"no rate":      func() { NewBucket(0, 1, h.now) },
		"NaN":          func() { NewBucket(math.NaN(), 1, h.now) },
		"infinite":     func() { NewBucket(math.Inf(1), 1, h.now) },
		"no burst":     func() { NewBucket(1, 0, h.now) },
		"no number":    func() { NewWindow(0, time.Second, h.now) },
		"large number": func() { NewWindow(MaxPerWindow+1, time.Second, h.now) },
		"no span":      func() { NewWindow(1, 0, h.now) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

func BenchmarkBucket(b *testing.B) {
	h := newHand()
	l := NewBucket(1e9, 1000, h.now)
	b.ReportAllocs()
	for b.Loop() {
		l.Allow("merchant")
	}
}

func BenchmarkWindow_Full(b *testing.B) {
	h := newHand()
	l := NewWindow(10, time.Minute, h.now)
	b.ReportAllocs()
	for b.Loop() {
		l.Allow("address")
	}
}
