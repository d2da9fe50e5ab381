package worker_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/worker"
)

// clock waits in the time of the synctest bubble.
type clock struct{}

func (clock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// tape records when a job ran, in time since the test began.
type tape struct {
	mu    sync.Mutex
	begin time.Time
	at    []time.Duration
}

func newTape() *tape { return &tape{begin: time.Now()} }

func (p *tape) mark() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at = append(p.at, time.Since(p.begin))
	return len(p.at)
}

func (p *tape) want(t *testing.T, want ...time.Duration) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.Equal(p.at, want) {
		t.Errorf("ran at %v, want %v", p.at, want)
	}
}

// start runs jobs inside a bubble and stops them at its end.
func start(t *testing.T, log *slog.Logger, jobs ...worker.Job) *worker.Worker {
	t.Helper()
	w := worker.New(clock{}, log, jobs...)
	w.Start(t.Context())
	t.Cleanup(func() {
		if err := w.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return w
}

var quiet = slog.New(slog.DiscardHandler)

const (
	s = time.Second
	m = time.Minute
)

func TestWorker_LooksWithoutBeingWoken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ran := newTape()
		start(t, quiet, worker.Job{Name: "a", Interval: 10 * s, Run: func(context.Context) (int, error) {
			ran.mark()
			return 0, nil
		}})
		time.Sleep(35 * s)
		synctest.Wait()
		ran.want(t, 0, 10*s, 20*s, 30*s)
	})
}

func TestWorker_RunsAgainWhileThereIsWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ran := newTape()
		start(t, quiet, worker.Job{Name: "a", Interval: m, Run: func(context.Context) (int, error) {
			return max(0, 3-ran.mark()), nil
		}})
		time.Sleep(30 * s)
		synctest.Wait()
		ran.want(t, 0, 0, 0)
	})
}

func TestWake_ManyBecomeOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ran := newTape()
		w := start(t, quiet, worker.Job{Name: "a", Interval: m, Run: func(context.Context) (int, error) {
			ran.mark()
			time.Sleep(5 * s)
			return 0, nil
		}})
		time.Sleep(2 * s) // the first round is under way
		for range 100 {
			w.Wake("a")
			w.Wake("nobody's")
		}
		time.Sleep(20 * s)
		synctest.Wait()
		ran.want(t, 0, 5*s)
	})
}

func TestWorker_BacksOffAndSpeaksOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ran := newTape()
		var out bytes.Buffer
		w := start(t, slog.New(slog.NewTextHandler(&out, nil)),
			worker.Job{Name: "a", Interval: m, Run: func(context.Context) (int, error) {
				if ran.mark() <= 8 {
					return 5, errors.New("no database")
				}
				return 0, nil
			}})
		for range 200 {
			w.Wake("a") // waking a job that is down does not hurry it
			time.Sleep(s)
		}
		synctest.Wait()
		wait := []time.Duration{0, 1 * s, 3 * s, 7 * s, 15 * s, 31 * s, 63 * s, 123 * s}
		ran.mu.Lock()
		if got := ran.at[:8]; !slices.Equal(got, wait) {
			t.Errorf("ran at %v, want %v", got, wait)
		}
		ran.mu.Unlock()
		if got := strings.Count(out.String(), "no database"); got != 1 {
			t.Errorf("the same error is logged %d times, want once:\n%s", got, &out)
		}
		said := out.String()
		if !strings.Contains(said, "runs again") || !strings.Contains(said, "failures=8") {
			t.Errorf("the recovery is not logged:\n%s", &out)
		}
	})
}

func TestWorker_PanicsSlowItDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ran, other := newTape(), newTape()
		start(t, quiet,
			worker.Job{Name: "poison", Interval: s, Run: func(context.Context) (int, error) {
				ran.mark()
				panic("poison")
			}},
			worker.Job{Name: "other", Interval: m, Run: func(context.Context) (int, error) {
				other.mark()
				return 0, nil
			}})
		time.Sleep(11 * m)
		synctest.Wait()
		ran.want(t, 0, 1*s, 3*s, 7*s, 15*s, 15*s+5*m, 15*s+10*m)
		if len(other.at) != 12 {
			t.Errorf("the other job ran %d times, want 12: it was held up", len(other.at))
		}
	})
}

func TestStop_WaitsForTheRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ended atomic.Bool
		w := worker.New(clock{}, quiet,
			worker.Job{Name: "a", Interval: m, Run: func(context.Context) (int, error) {
				time.Sleep(3 * s)
				ended.Store(true)
				return 1, nil
			}})
		w.Start(t.Context())
		time.Sleep(s)
		short, cancel := context.WithTimeout(t.Context(), s)
		defer cancel()
		if err := w.Stop(short); !errors.Is(err, context.DeadlineExceeded) || ended.Load() {
			t.Errorf("Stop with too little time: %v, round ended %v", err, ended.Load())
		}
		if err := w.Stop(t.Context()); err != nil || !ended.Load() {
			t.Errorf("Stop: %v, round ended %v", err, ended.Load())
		}
	})
}

func TestStop_BeforeStart(t *testing.T) {
	if err := worker.New(clock{}, quiet).Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

// Two jobs feed each other, and one of them works in the background: Drain sees it all through.
func TestDrain_UntilNothingIsDue(t *testing.T) {
	var events, deliveries, inFlight, done int
	events = 3
	w := worker.New(clock{}, quiet,
		worker.Job{Name: pay.WorkDelivery, Interval: m,
			Run: func(context.Context) (int, error) {
				n := min(deliveries, 1)
				deliveries, inFlight = deliveries-n, inFlight+n
				return n, nil
			},
			Settle: func(context.Context) (int, error) {
				n := inFlight
				inFlight, done = 0, done+n
				return n, nil
			}},
		worker.Job{Name: pay.WorkFanOut, Interval: m, Run: func(context.Context) (int, error) {
			n := min(events, 1)
			events, deliveries = events-n, deliveries+2*n
			return n, nil
		}})
	if err := w.Drain(t.Context()); err != nil || done != 6 {
		t.Errorf("%d deliveries done (%v), want 6", done, err)
	}
}

func TestDrain_SaysWhatFailed(t *testing.T) {
	broken := errors.New("broken")
	w := worker.New(clock{}, quiet, worker.Job{Name: "a", Interval: m,
		Run: func(context.Context) (int, error) { return 0, broken }})
	if err := w.Drain(t.Context()); !errors.Is(err, broken) || !strings.Contains(err.Error(), "a:") {
		t.Errorf("got %v", err)
	}
}

func TestDrain_NeverBesideTheLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		w := start(t, quiet, worker.Job{Name: "a", Interval: s, Run: func(context.Context) (int, error) {
			if !mu.TryLock() {
				t.Error("the job runs twice at the same time")
			}
			time.Sleep(s / 2)
			mu.Unlock()
			return 0, nil
		}})
		for range 10 {
			if err := w.Drain(t.Context()); err != nil {
				t.Error(err)
			}
			time.Sleep(s / 3)
		}
	})
}

func TestNew_RefusesTwoOfAName(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("two jobs of one name are accepted")
		}
	}()
	run := func(context.Context) (int, error) { return 0, nil }
	job := worker.Job{Name: "a", Interval: m, Run: run}
	worker.New(clock{}, quiet, job, job)
}
