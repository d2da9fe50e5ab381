package terms

import (
	"testing"
	"time"
)

func TestMonthEnds_AreClampedFromTheAnchor(t *testing.T) {
	s := Schedule{
		Recurrence: Recurrence{Unit: Month, Interval: 1}, Start: Date{2027, 1, 31}, Amount: 1, Hour: 9,
	}
	want := []string{"2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"}
	at := time.Time{}
	for _, w := range want {
		var ok bool
		at, ok = s.After(at, Terms{})
		if got := DateOf(at).String(); !ok || got != w || at.Hour() != 9 {
			t.Fatalf("got %s %v, want %s", at, ok, w)
		}
	}
}
