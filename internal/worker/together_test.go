package worker_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"github.com/kassa-pay/kassa/internal/worker"
)

func TestTogether_DoesAllAndNotTooManyAtOnce(t *testing.T) {
	const n, limit = 50, 4
	var mu sync.Mutex
	done := map[int]int{}
	var now, most atomic.Int64
	full := make(chan struct{})
	var filled sync.Once
	worker.Together(limit)(n, func(i int) {
		defer now.Add(-1)
		if at := now.Add(1); at >= limit {
			filled.Do(func() { close(full) })
		}
		for at := now.Load(); at > most.Load(); {
			most.CompareAndSwap(most.Load(), at)
		}
		<-full // nobody goes on before so many are under way
		mu.Lock()
		done[i]++
		mu.Unlock()
	})
	if len(done) != n || most.Load() > limit {
		t.Errorf("%d of %d done, %d at once", len(done), n, most.Load())
	}
	for i, times := range done {
		if times != 1 {
			t.Errorf("%d was done %d times", i, times)
		}
	}
}

func TestTogether_NothingIsDoneAtOnce(t *testing.T) {
	worker.Together(4)(0, func(int) { t.Error("something was done") })
}

func TestTogether_APanicComesBackToTheCaller(t *testing.T) {
	var ran atomic.Int64
	defer func() {
		if r := recover(); r != "broken" || ran.Load() != 9 {
			t.Errorf("got %v after %d", r, ran.Load())
		}
	}()
	worker.Together(3)(10, func(i int) {
		if i == 5 {
			panic("broken")
		}
		ran.Add(1)
	})
}
