package terms_test

import (
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/terms"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	when, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

func TestPermit_NamesTheTermThatIsBroken(t *testing.T) {
	day1, day2 := day(t, "2026-03-01"), day(t, "2026-03-31")
	sydney := terms.Terms{Start: day1, End: day2, Zone: "Australia/Sydney"}
	period := terms.Terms{Period: &terms.Period{Unit: terms.Month, MaxCount: 2, MaxAmount: 1000}}
	parts := terms.Terms{Kind: terms.Installment, MaxTotal: 600, Items: []int64{100, 300, 200}}
	noon := "2026-03-15T12:00:00Z"
	for _, tc := range []struct {
		name   string
		t      terms.Terms
		amount int64
		at     string
		use    terms.Use
		want   terms.Refusal
	}{
		{"no terms permit anything", terms.Terms{}, 1e12, noon, terms.Use{Count: 1e6, Total: 1e18}, ""},
		{"but nothing", terms.Terms{}, 0, noon, terms.Use{}, terms.WrongAmount},
		{"a moment before the first day there", sydney, 1, "2026-02-28T12:59:59.999999Z", terms.Use{},
			terms.NotStarted},
		{"the first moment", sydney, 1, "2026-02-28T13:00:00Z", terms.Use{}, ""},
		{"the last moment", sydney, 1, "2026-03-31T12:59:59.999999Z", terms.Use{}, ""},
		{"the moment after the last day there", sydney, 1, "2026-03-31T13:00:00Z", terms.Use{},
			terms.Ended},
		{"exact", terms.Terms{Amount: terms.Amount{Exact: 500}}, 500, noon, terms.Use{}, ""},
		{"not exact", terms.Terms{Amount: terms.Amount{Exact: 500}}, 499, noon, terms.Use{},
			terms.WrongAmount},
		{"at the minimum", terms.Terms{Amount: terms.Amount{Min: 500}}, 500, noon, terms.Use{}, ""},
		{"below the minimum", terms.Terms{Amount: terms.Amount{Min: 500}}, 499, noon, terms.Use{},
			terms.WrongAmount},
		{"at the maximum", terms.Terms{Amount: terms.Amount{Min: 1, Max: 500}}, 500, noon, terms.Use{},
			""},
		{"above it", terms.Terms{Amount: terms.Amount{Max: 500}}, 501, noon, terms.Use{},
			terms.WrongAmount},
		{"the last one", terms.Terms{MaxCount: 3}, 1, noon, terms.Use{Count: 2}, ""},
		{"one too many", terms.Terms{MaxCount: 3}, 1, noon, terms.Use{Count: 3}, terms.UsedUp},
		{"the second of the month", period, 500, noon, terms.Use{WindowCount: 1, WindowTotal: 500}, ""},
		{"the third of the month", period, 1, noon, terms.Use{WindowCount: 2}, terms.PeriodCount},
		{"too much for the month", period, 501, noon, terms.Use{WindowCount: 1, WindowTotal: 500},
			terms.PeriodAmount},
		{"the rest of the sum", terms.Terms{MaxTotal: 900}, 400, noon, terms.Use{Total: 500}, ""},
		{"more than the rest", terms.Terms{MaxTotal: 900}, 401, noon, terms.Use{Total: 500},
			terms.TotalAmount},
		{"the largest part", parts, 300, noon, terms.Use{}, ""},
		{"more than any part", parts, 301, noon, terms.Use{}, terms.WrongAmount},
		{"more parts than there are", parts, 1, noon, terms.Use{Count: 3, Total: 3}, terms.UsedUp},
	} {
		if got := tc.t.Permit(tc.amount, at(t, tc.at), tc.use); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestSpentBy_IsWhenNoChargeCanFollow(t *testing.T) {
	exact := terms.Terms{MaxTotal: 1000, Amount: terms.Amount{Exact: 300}}
	for _, tc := range []struct {
		name string
		t    terms.Terms
		use  terms.Use
		want bool
	}{
		{"no bound", terms.Terms{}, terms.Use{Count: 1e9, Total: 1e15}, false},
		{"one is left", terms.Terms{MaxCount: 2}, terms.Use{Count: 1}, false},
		{"none is left", terms.Terms{MaxCount: 2}, terms.Use{Count: 2}, true},
		{"all parts", terms.Terms{Items: []int64{5, 5}, MaxTotal: 20},
			terms.Use{Count: 2, Total: 10}, true},
		{"the whole sum", terms.Terms{MaxTotal: 10}, terms.Use{Total: 10}, true},
		{"some of the sum is left", terms.Terms{MaxTotal: 10}, terms.Use{Total: 9}, false},
		{"enough for another", exact, terms.Use{Count: 2, Total: 600}, false},
		{"less than one charge is left", exact, terms.Use{Count: 3, Total: 900}, true},
		{"a period that is full says nothing", terms.Terms{
			Period: &terms.Period{Unit: terms.Day, MaxCount: 1},
		}, terms.Use{Count: 9, WindowCount: 9}, false},
	} {
		if got := tc.t.SpentBy(tc.use); got != tc.want {
			t.Errorf("%s: %v", tc.name, got)
		}
	}
}

func TestWindow_BeginsOnTheCalendarOrTheAnchor(t *testing.T) {
	for _, tc := range []struct {
		name, zone string
		p          terms.Period
		at         string
		from, to   string
	}{
		{"the calendar's month", "", terms.Period{Unit: terms.Month}, "2026-02-10T00:00:00Z",
			"2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"},
		{"from the 15th", "", terms.Period{Unit: terms.Month, Anchor: 15}, "2026-03-14T23:59:59Z",
			"2026-02-15T00:00:00Z", "2026-03-15T00:00:00Z"},
		{"from the 31st, in February", "", terms.Period{Unit: terms.Month, Anchor: 31},
			"2027-02-28T00:00:00Z", "2027-02-28T00:00:00Z", "2027-03-31T00:00:00Z"},
		{"and in the March after it", "", terms.Period{Unit: terms.Month, Anchor: 31},
			"2027-03-30T12:00:00Z", "2027-02-28T00:00:00Z", "2027-03-31T00:00:00Z"},
		{"a week begins on Monday", "", terms.Period{Unit: terms.Week}, "2026-01-04T12:00:00Z",
			"2025-12-29T00:00:00Z", "2026-01-05T00:00:00Z"},
		{"or on Sunday", "", terms.Period{Unit: terms.Week, Anchor: 7}, "2026-01-04T12:00:00Z",
			"2026-01-04T00:00:00Z", "2026-01-11T00:00:00Z"},
		{"a tax year", "", terms.Period{Unit: terms.Year, Anchor: 1, AnchorMonth: 3},
			"2026-02-28T12:00:00Z", "2025-03-01T00:00:00Z", "2026-03-01T00:00:00Z"},
		{"a year from 29 February", "", terms.Period{Unit: terms.Year, Anchor: 29, AnchorMonth: 2},
			"2027-12-01T12:00:00Z", "2027-02-28T00:00:00Z", "2028-02-29T00:00:00Z"},
		{"a day of 23 hours", "Australia/Sydney", terms.Period{Unit: terms.Day}, "2026-10-04T00:00:00Z",
			"2026-10-03T14:00:00Z", "2026-10-04T13:00:00Z"},
		{"a day of 25 hours", "Australia/Sydney", terms.Period{Unit: terms.Day}, "2027-04-04T00:00:00Z",
			"2027-04-03T13:00:00Z", "2027-04-04T14:00:00Z"},
		// At 00:01 the clock went back to 23:01: the day before was entered again.
		{"a day that began twice, at first", "America/St_Johns", terms.Period{Unit: terms.Day},
			"2010-11-07T02:30:30Z", "2010-11-07T02:30:00Z", "2010-11-08T03:30:00Z"},
		{"and once more", "America/St_Johns", terms.Period{Unit: terms.Day},
			"2010-11-07T03:00:00Z", "2010-11-07T02:30:00Z", "2010-11-08T03:30:00Z"},
	} {
		m := terms.Terms{Zone: tc.zone, Period: &tc.p}
		from, to := m.Window(at(t, tc.at))
		if !from.Equal(at(t, tc.from)) || !to.Equal(at(t, tc.to)) {
			t.Errorf("%s: %v to %v, want %s to %s", tc.name, from.UTC(), to.UTC(), tc.from, tc.to)
		}
	}
	from, to := terms.Terms{}.Window(at(t, "2026-01-01T00:00:00Z"))
	if !from.IsZero() || !to.IsZero() {
		t.Errorf("terms without a period have the window %v to %v", from, to)
	}
}

func TestEndsAt_IsTheMomentAfterTheLastDay(t *testing.T) {
	m := terms.Terms{End: day(t, "2026-10-03"), Zone: "Australia/Sydney"}
	if got := m.EndsAt(); !got.Equal(at(t, "2026-10-03T14:00:00Z")) {
		t.Errorf("%v", got.UTC())
	}
	if got := (terms.Terms{}).EndsAt(); !got.IsZero() {
		t.Errorf("terms without an end end at %v", got)
	}
}
