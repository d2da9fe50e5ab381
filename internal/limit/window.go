package limit

import (
	"fmt"
	"time"
)

// MaxPerWindow is the largest number a Window counts to: it keeps a time for each.
const MaxPerWindow = 1000

// Window allows at most n requests per key in any stretch of a given duration. A refused request
// does not count. It is safe for concurrent use.
type Window struct {
	now  func() time.Time
	n    int
	span time.Duration
	keys keys[[]time.Time]
}

// NewWindow returns a Window of n requests, 1 to MaxPerWindow, in span. Anything else is a mistake
// in the program and panics.
func NewWindow(n int, span time.Duration, now func() time.Time) *Window {
	if n < 1 || n > MaxPerWindow || span <= 0 {
		panic(fmt.Sprintf("limit: window of %d in %s", n, span))
	}
	return &Window{now: now, n: n, span: span, keys: newKeys[[]time.Time]()}
}

// Allow counts a request of key. When the window is full it returns false and how long until the
// oldest request leaves it. After a clock stepped back, what was counted in the future still
// counts, and the wait is never longer than the window.
func (w *Window) Allow(key string) (ok bool, retryAfter time.Duration) {
	w.keys.mu.Lock()
	defer w.keys.mu.Unlock()
	now := w.now()
	times, _ := w.keys.get(key)
	*times = w.recent(*times, now)
	if len(*times) < w.n {
		*times = append(*times, now)
		return true, 0
	}
	return false, min(w.span, (*times)[0].Add(w.span).Sub(now))
}

// recent drops in place what has left the window. The times are in the order of arrival.
func (w *Window) recent(times []time.Time, now time.Time) []time.Time {
	gone := 0
	for gone < len(times) && !times[gone].Add(w.span).After(now) {
		gone++
	}
	return times[:copy(times, times[gone:])]
}
