package webhook

import (
	"net/http"
	"testing"
	"time"
)

func TestPause_Ladder(t *testing.T) {
	var total time.Duration
	for n := int64(1); n < int64(MaxAttempts); n++ {
		low, again := pause(n, []byte{0, 0})
		high, _ := pause(n, []byte{255, 255})
		middle, _ := pause(n, []byte{128, 0})
		step := ladder[n]
		if !again || low != step*85/100 || high != step*115/100 {
			t.Errorf("after attempt %d: %v to %v (%v), want %v ±15 %%", n, low, high, again, step)
		}
		if off := middle - step; off.Abs() > step/1000 {
			t.Errorf("after attempt %d: the middle is %v, want %v", n, middle, step)
		}
		total += step
	}
	if want := 75*time.Hour + 35*time.Minute + 5*time.Second; total != want {
		t.Errorf("the ladder takes %v, want %v", total, want)
	}
	for _, n := range []int64{10, 11, 1000} {
		if _, again := pause(n, []byte{0, 0}); again {
			t.Errorf("attempt %d is followed by another", n)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 10, 3, 10, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"":                              0,
		"0":                             0,
		"120":                           2 * time.Minute,
		"3600":                          time.Hour,
		"99999":                         time.Hour,
		"2147483647":                    time.Hour,
		"99999999999999999999":          0,
		"-5":                            0,
		"1.5":                           0,
		"soon":                          0,
		"Sat, 03 Oct 2026 10:05:00 GMT": 5 * time.Minute,
		"Sat, 03 Oct 2026 09:00:00 GMT": 0,
		"Sun, 04 Oct 2026 10:00:00 GMT": time.Hour,
	} {
		h := http.Header{}
		if text != "" {
			h.Set("Retry-After", text)
		}
		if got := retryAfter(h, now); got != want {
			t.Errorf("Retry-After %q: %v, want %v", text, got, want)
		}
	}
}
