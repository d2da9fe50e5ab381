package webhook

import (
	"net/http"
	"strconv"
	"time"
)

// ladder is the pause before each attempt: the example schedule of Standard Webhooks 1.0, ten
// attempts in a little over three days.
var ladder = [...]time.Duration{
	0, 5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour,
	5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

// Limits of repeating.
const (
	MaxAttempts   = len(ladder)
	jitterPercent = 15        // either way, so that what failed together is not repeated together
	maxRetryAfter = time.Hour // of what a receiver may ask for
	jitterSteps   = 1<<16 - 1 // two random bytes
)

// pause returns how long to wait after the given number of attempts, and false when there have been
// enough. random is two random bytes.
func pause(attempts int64, random []byte) (time.Duration, bool) {
	if attempts >= int64(MaxAttempts) {
		return 0, false
	}
	step := time.Duration(random[0])<<8 | time.Duration(random[1])
	d := ladder[attempts]
	spread := d * jitterPercent / 100
	return d - spread + 2*spread*step/jitterSteps, true
}

// retryAfter reads the pause a receiver asks for, in seconds or as a date (RFC 9110 §10.2.3), cut
// to maxRetryAfter; zero when it asks for none.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	if text == "" {
		return 0
	}
	if n, err := strconv.ParseUint(text, 10, 31); err == nil {
		return min(time.Duration(n)*time.Second, maxRetryAfter)
	}
	if t, err := http.ParseTime(text); err == nil {
		return max(0, min(t.Sub(now), maxRetryAfter))
	}
	return 0
}
