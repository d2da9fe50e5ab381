package limit

import (
	"fmt"
	"math"
	"time"
)

// Bucket is a token bucket per key: burst tokens at first, refilled at a steady rate, one taken by
// each request. It is safe for concurrent use.
type Bucket struct {
	now   func() time.Time
	rate  float64 // tokens a second
	burst float64
	keys  keys[level]
}

// level is the fill of one bucket at a time.
type level struct {
	tokens float64
	at     time.Time
}

// NewBucket returns a Bucket that refills rate tokens a second up to burst. Both must be positive;
// anything else is a mistake in the program and panics.
func NewBucket(rate float64, burst int, now func() time.Time) *Bucket {
	if !(rate > 0) || math.IsInf(rate, 1) || burst < 1 {
		panic(fmt.Sprintf("limit: bucket of %d with rate %v", burst, rate))
	}
	return &Bucket{now: now, rate: rate, burst: float64(burst), keys: newKeys[level]()}
}

// Allow takes a token of key. Without one it returns false and how long to wait for the next. A
// clock that steps back refills nothing and takes nothing away.
func (b *Bucket) Allow(key string) (ok bool, retryAfter time.Duration) {
	b.keys.mu.Lock()
	defer b.keys.mu.Unlock()
	now := b.now()
	l, fresh := b.keys.get(key)
	if fresh {
		l.tokens = b.burst
	} else if since := now.Sub(l.at); since > 0 {
		l.tokens = min(b.burst, l.tokens+since.Seconds()*b.rate)
	}
	l.at = now
	if l.tokens >= 1 {
		l.tokens--
		return true, 0
	}
	return false, b.wait(1 - l.tokens)
}

// wait returns the time in which tokens flow in, rounded up so that a caller who obeys it is
// served.
func (b *Bucket) wait(tokens float64) time.Duration {
	ns := math.Ceil(tokens / b.rate * float64(time.Second))
	if ns >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(ns)
}
