package worker

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

// Limits of repeating a job that fails.
const (
	firstPause  = time.Second
	longestWait = time.Minute
	maxPanics   = 5               // in a row; then the job is all but switched off
	panicPause  = 5 * time.Minute // between two tries of such a job
	drainRounds = 100_000         // more than any real backlog; a job that never ends is a defect
)

// Timer makes the worker wait.
type Timer interface {
	// After sends on the channel once d has passed.
	After(d time.Duration) <-chan time.Time
}

// Job is one kind of due work.
type Job struct {
	Name pay.Work
	// Interval is how often the worker looks without being woken.
	Interval time.Duration
	// Run does one bounded round and returns how many things it handled. It is called again at once
	// as long as that is not 0.
	Run func(ctx context.Context) (int, error)
	// Settle waits for what Run began and did not wait for, and returns 0 if there was nothing. Nil
	// means that Run waits itself. Drain alone calls it.
	Settle func(ctx context.Context) (int, error)
}

// Worker runs jobs, each in a loop of its own.
type Worker struct {
	timer  Timer
	log    *slog.Logger
	loops  []*loop
	byName map[pay.Work]*loop

	mu     sync.Mutex
	cancel context.CancelFunc // nil before Start
	wg     sync.WaitGroup
}

// loop is one job and what became of it so far.
type loop struct {
	Job
	wake chan struct{} // holds one signal at most, so that many wakes become one round

	// running keeps Drain and the loop from running the job at the same time; it guards the rest.
	running  chan struct{}
	failures int // in a row
	panics   int // in a row
	lastSaid string
}

// New returns a worker that does nothing before Start. Two jobs must not have the same name.
func New(t Timer, log *slog.Logger, jobs ...Job) *Worker {
	w := &Worker{timer: t, log: log, byName: map[pay.Work]*loop{}}
	for _, j := range jobs {
		l := &loop{Job: j, wake: make(chan struct{}, 1), running: make(chan struct{}, 1)}
		if w.byName[j.Name] != nil || j.Interval <= 0 || j.Run == nil {
			panic("worker: job " + string(j.Name) + " is incomplete or there twice")
		}
		w.loops = append(w.loops, l)
		w.byName[j.Name] = l
	}
	return w
}

// Wake has the job run soon. It never waits; wakes that come before the job got to run are one. A
// name without a job is ignored: this node does not do that work.
func (w *Worker) Wake(name pay.Work) {
	l := w.byName[name]
	if l == nil {
		return
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Start runs all jobs until Stop is called or ctx ends. It must be called once at most.
func (w *Worker) Start(ctx context.Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cancel != nil {
		panic("worker: started twice")
	}
	ctx, w.cancel = context.WithCancel(ctx)
	for _, l := range w.loops {
		w.wg.Add(1)
		go func() {
			defer w.wg.Done()
			w.keep(ctx, l)
		}()
	}
}

// Stop tells the jobs to end and waits until they have, or until ctx ends.
func (w *Worker) Stop(ctx context.Context) error {
	w.mu.Lock()
	cancel := w.cancel
	w.mu.Unlock()
	if cancel == nil {
		return nil
	}
	cancel()
	done := make(chan struct{})
	go func() {
		w.wg.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// keep is the life of one loop.
func (w *Worker) keep(ctx context.Context, l *loop) {
	for ctx.Err() == nil {
		n, err := w.round(ctx, l)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			// Whoever wakes a job that is down does not make it come back sooner.
			w.wait(ctx, l.pause(), nil)
		case n == 0:
			w.wait(ctx, l.Interval, l.wake)
		}
	}
}

// wait ends after d, at a signal, or with ctx.
func (w *Worker) wait(ctx context.Context, d time.Duration, signal <-chan struct{}) {
	select {
	case <-w.timer.After(d):
	case <-signal:
	case <-ctx.Done():
	}
}

// round runs the job once, alone, and keeps its record. A panic is an error like any other.
func (w *Worker) round(ctx context.Context, l *loop) (n int, err error) {
	select {
	case l.running <- struct{}{}:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	defer func() { <-l.running }()
	n, panicked, err := l.run(ctx)
	switch {
	case err == nil:
		w.recovered(l)
	case ctx.Err() != nil:
		// Told to stop in the middle: that says nothing about the job.
	default:
		w.failed(l, panicked, err)
	}
	return n, err
}

func (l *loop) run(ctx context.Context) (n int, panicked bool, err error) {
	defer func() {
		if r := recover(); r != nil {
			n, panicked, err = 0, true, fmt.Errorf("panic: %v", r)
		}
	}()
	n, err = l.Run(ctx)
	return n, false, err
}

func (w *Worker) recovered(l *loop) {
	if l.failures > 0 {
		w.log.Info("worker: job runs again", "job", string(l.Name), "failures", l.failures)
	}
	l.failures, l.panics, l.lastSaid = 0, 0, ""
}

// failed counts the failure and logs it unless it is the same as the one before.
func (w *Worker) failed(l *loop, panicked bool, err error) {
	l.failures++
	if panicked {
		l.panics++
	} else {
		l.panics = 0
	}
	said := err.Error()
	if l.panics == maxPanics {
		w.log.Error("worker: job panics again and again and is slowed down",
			"job", string(l.Name), "error", said, "pause", panicPause)
	} else if said != l.lastSaid {
		w.log.Error("worker: job failed", "job", string(l.Name), "error", said)
	}
	l.lastSaid = said
}

// pause is how long to leave a failing job alone: twice as long each time, within bounds.
func (l *loop) pause() time.Duration {
	l.running <- struct{}{}
	defer func() { <-l.running }()
	if l.panics >= maxPanics {
		return panicPause
	}
	d := firstPause
	for range l.failures - 1 {
		if d *= 2; d >= longestWait {
			return longestWait
		}
	}
	return d
}

// Drain runs all jobs, in their order, until none finds anything due. It may be called while the
// worker runs. The first error ends it.
func (w *Worker) Drain(ctx context.Context) error {
	for range drainRounds {
		handled := 0
		for _, l := range w.loops {
			n, err := w.drainOne(ctx, l)
			if err != nil {
				return fmt.Errorf("drain %s: %w", l.Name, err)
			}
			handled += n
		}
		if handled == 0 {
			return nil
		}
	}
	return fmt.Errorf("drain: still work after %d rounds", drainRounds)
}

func (w *Worker) drainOne(ctx context.Context, l *loop) (int, error) {
	n, err := w.round(ctx, l)
	if err != nil || l.Settle == nil {
		return n, err
	}
	waited, err := l.Settle(ctx)
	return n + waited, err
}
