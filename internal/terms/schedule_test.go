package terms_test

import (
	"slices"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/terms"
)

// day reads a date; the tests write them as people do.
func day(t *testing.T, text string) terms.Date {
	t.Helper()
	if text == "" {
		return terms.Date{}
	}
	d, err := terms.ParseDate(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return d
}

// series returns the first n times of a schedule as they are on the wall, with the offset.
func series(s terms.Schedule, t terms.Terms, n int) (list []string) {
	at, ok := s.First(t, time.Time{})
	for ; ok && len(list) < n; at, ok = s.After(at, t) {
		list = append(list, at.Format("2006-01-02 15:04 -0700"))
	}
	return list
}

func TestSchedule_FallsOnTheDaysPeopleExpect(t *testing.T) {
	month := terms.Recurrence{Unit: terms.Month, Interval: 1}
	with := func(r terms.Recurrence, change func(*terms.Recurrence)) terms.Recurrence {
		change(&r)
		return r
	}
	for _, tc := range []struct {
		name, zone, start string
		r                 terms.Recurrence
		want              []string // month and day
	}{
		{
			"the 31st is the last day of shorter months, and the 31st again", "UTC", "2027-01-31", month,
			[]string{"01-31", "02-28", "03-31", "04-30", "05-31"},
		},
		{
			"a leap year has a 29th of February", "UTC", "2027-12-30", month,
			[]string{"12-30", "01-30", "02-29", "03-30"},
		},
		{
			"every second month from the 31st", "UTC", "2026-12-31",
			with(month, func(r *terms.Recurrence) { r.Interval = 2 }),
			[]string{"12-31", "02-28", "04-30", "06-30", "08-31"},
		},
		{
			"29 February of other years is the 28th", "UTC", "2024-02-29",
			terms.Recurrence{Unit: terms.Year, Interval: 1},
			[]string{"02-29", "02-28", "02-28", "02-28", "02-29"},
		},
		{
			"the last day of each month", "UTC", "2028-01-01",
			with(month, func(r *terms.Recurrence) { r.MonthDays = []int64{-1} }),
			[]string{"01-31", "02-29", "03-31", "04-30"},
		},
		{
			"two days that fall together are one", "UTC", "2027-01-15",
			with(month, func(r *terms.Recurrence) { r.MonthDays = []int64{31, 30, 15} }),
			[]string{"01-15", "01-30", "01-31", "02-15", "02-28", "03-15"},
		},
		{
			"the last Friday", "UTC", "2026-01-01",
			with(month, func(r *terms.Recurrence) { r.Nth, r.Weekdays = -1, []time.Weekday{5} }),
			[]string{"01-30", "02-27", "03-27", "04-24", "05-29"},
		},
		{
			"the first Monday", "UTC", "2026-06-01",
			with(month, func(r *terms.Recurrence) { r.Nth, r.Weekdays = 1, []time.Weekday{1} }),
			[]string{"06-01", "07-06", "08-03"},
		},
		{
			"weekends move to the nearest weekday of the month", "UTC", "2026-08-01",
			with(month, func(r *terms.Recurrence) {
				r.MonthDays, r.NearestWeekday = []int64{1, 15, -1}, true
			}),
			// 1 August is a Saturday, 15 August too; 1 November is a Sunday, 31 October a Saturday.
			[]string{
				"08-03", "08-14", "08-31", "09-01", "09-15", "09-30", "10-01", "10-15", "10-30", "11-02",
			},
		},
		{
			"a last day that is a Sunday moves back into the month", "UTC", "2026-05-02",
			with(month, func(r *terms.Recurrence) { r.MonthDays, r.NearestWeekday = []int64{-1}, true }),
			[]string{"05-29", "06-30"},
		},
		{
			"a weekly rhythm begins in its first week", "Africa/Accra", "2026-01-07", // a Wednesday
			terms.Recurrence{Unit: terms.Week, Interval: 2, Weekdays: []time.Weekday{0, 1, 4}},
			[]string{"01-08", "01-11", "01-19", "01-22", "01-25", "02-02"},
		},
		{
			"a week without days has that of the start", "Africa/Johannesburg", "2026-12-31",
			terms.Recurrence{Unit: terms.Week, Interval: 1}, []string{"12-31", "01-07", "01-14"},
		},
		{
			"every 10 days over the end of a leap February", "UTC", "2028-02-20",
			terms.Recurrence{Unit: terms.Day, Interval: 10}, []string{"02-20", "03-01", "03-11"},
		},
		{
			"1 July of every second year", "UTC", "2026-07-02",
			terms.Recurrence{Unit: terms.Year, Interval: 2, YearMonth: 7, YearDay: 1},
			[]string{"07-01", "07-01"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := terms.Terms{Zone: tc.zone}
			s := terms.Schedule{Recurrence: tc.r, Start: day(t, tc.start), Hour: 9, Amount: 1}
			if p := s.Validate(m); p != nil {
				t.Fatal(p)
			}
			var got []string
			for _, at := range series(s, m, len(tc.want)) {
				got = append(got, at[5:10])
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got  %v\nwant %v", got, tc.want)
			}
		})
	}
}

func TestSchedule_KeepsItsLocalTimeWhenClocksChange(t *testing.T) {
	daily := terms.Recurrence{Unit: terms.Day, Interval: 1}
	for _, tc := range []struct {
		name, zone, start string
		hour, minute      int
		want              []string
	}{
		{
			"02:30 does not exist when Sydney goes to summer time", "Australia/Sydney", "2026-10-03", 2, 30,
			[]string{"2026-10-03 02:30 +1000", "2026-10-04 03:00 +1100", "2026-10-05 02:30 +1100"},
		},
		{
			"02:30 exists twice when it goes back: the first", "Australia/Sydney", "2027-04-03", 2, 30,
			[]string{"2027-04-03 02:30 +1100", "2027-04-04 02:30 +1100", "2027-04-05 02:30 +1000"},
		},
		{
			"03:00 after the hour that was twice", "Australia/Sydney", "2027-04-03", 3, 0,
			[]string{"2027-04-03 03:00 +1100", "2027-04-04 03:00 +1000", "2027-04-05 03:00 +1000"},
		},
		{
			"09:00 is 09:00", "Australia/Sydney", "2026-10-03", 9, 0,
			[]string{"2026-10-03 09:00 +1000", "2026-10-04 09:00 +1100"},
		},
		{
			"midnight that does not exist in Cairo", "Africa/Cairo", "2026-04-23", 0, 0,
			[]string{"2026-04-23 00:00 +0200", "2026-04-24 01:00 +0300", "2026-04-25 00:00 +0300"},
		},
		{
			"a day that Samoa left out is one with the next", "Pacific/Apia", "2011-12-29", 0, 0,
			[]string{"2011-12-29 00:00 -1000", "2011-12-31 00:00 +1400", "2012-01-01 00:00 +1400"},
		},
		{
			"the last days of a leap year beyond the tables of zones", "Australia/Sydney", "2040-12-30",
			9, 0,
			[]string{
				"2040-12-30 09:00 +1100", "2040-12-31 09:00 +1100", "2041-01-01 09:00 +1100",
				"2041-01-02 09:00 +1100",
			},
		},
		{
			"Accra never changes", "Africa/Accra", "2026-10-03", 2, 30,
			[]string{"2026-10-03 02:30 +0000", "2026-10-04 02:30 +0000"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := terms.Schedule{
				Recurrence: daily, Start: day(t, tc.start), Hour: tc.hour, Minute: tc.minute, Amount: 1,
			}
			got := series(s, terms.Terms{Zone: tc.zone}, len(tc.want))
			if !slices.Equal(got, tc.want) {
				t.Errorf("got  %v\nwant %v", got, tc.want)
			}
		})
	}
}

func TestSchedule_EndsWithItselfOrTheMandate(t *testing.T) {
	s := terms.Schedule{
		Recurrence: terms.Recurrence{Unit: terms.Month, Interval: 1},
		Start:      day(t, "2026-01-15"), Hour: 23, Minute: 59, Amount: 1,
	}
	for _, tc := range []struct {
		name, end, mandate string
		want               int
	}{
		{"its own last day counts", "2026-03-15", "", 3},
		{"the day before the third", "2026-03-14", "", 2},
		{"the mandate's last day counts", "", "2026-04-15", 4},
		{"the earlier of the two", "2026-03-15", "2026-04-15", 3},
	} {
		s.End = day(t, tc.end)
		m := terms.Terms{End: day(t, tc.mandate)}
		if p := s.Validate(m); p != nil {
			t.Fatal(p)
		}
		got := series(s, m, 9)
		if len(got) != tc.want {
			t.Errorf("%s: %v, want %d", tc.name, got, tc.want)
		}
		for _, at := range got {
			when, err := time.Parse("2006-01-02 15:04 -0700", at)
			if err != nil || m.Permit(1, when, terms.Use{}) != "" {
				t.Errorf("%s: the charge at %s is not permitted (%v)", tc.name, at, err)
			}
		}
	}
	apia := terms.Terms{Zone: "Pacific/Apia"}
	gone := terms.Schedule{ // the 30th was left out there, and the 31st is too late
		Recurrence: terms.Recurrence{Unit: terms.Day, Interval: 1}, Amount: 1,
		Start: day(t, "2011-12-29"), End: day(t, "2011-12-30"),
	}
	if got := series(gone, apia, 9); len(got) != 1 {
		t.Errorf("the charge of a day that never was is moved over the end: %v", got)
	}
	if at, ok := s.After(time.Date(9999, 12, 31, 23, 0, 0, 0, time.UTC), terms.Terms{}); ok {
		t.Errorf("the calendar goes on after the year 9999: %v", at)
	}
}

func TestSchedule_IsQuickFarFromItsStart(t *testing.T) {
	s := terms.Schedule{
		Recurrence: terms.Recurrence{Unit: terms.Day, Interval: 1},
		Start:      day(t, "1970-01-01"), Amount: 1,
	}
	m := terms.Terms{Zone: "Australia/Sydney"}
	if n := testing.AllocsPerRun(10, func() {
		s.After(time.Date(2400, 2, 29, 12, 0, 0, 0, time.UTC), m)
	}); n > 20 {
		t.Errorf("%v allocations: the schedule walks from its start", n)
	}
}

func TestDue_FollowsTheItems(t *testing.T) {
	m := terms.Terms{Kind: terms.Installment, MaxTotal: 600, Items: []int64{300, 200, 100}}
	s := terms.Schedule{
		Recurrence: terms.Recurrence{Unit: terms.Month, Interval: 1}, Start: day(t, "2026-01-15"),
	}
	if p := s.Validate(m); p != nil {
		t.Fatal(p)
	}
	for count, want := range []int64{300, 200, 100, 0} {
		if got := s.Due(m, terms.Use{Count: int64(count)}); got != want {
			t.Errorf("after %d charges %d is due, want %d", count, got, want)
		}
	}
	s.Amount = 50
	if got := s.Due(terms.Terms{}, terms.Use{Count: 7, Total: 350}); got != 50 {
		t.Errorf("a schedule with an amount charges %d, want 50", got)
	}
}

func TestDue_TheLastPartIsWhatIsLeft(t *testing.T) {
	m := terms.Terms{Kind: terms.Installment, MaxTotal: 500, Amount: terms.Amount{Max: 200}}
	s := terms.Schedule{Amount: 200}
	for total, want := range map[int64]int64{0: 200, 200: 200, 300: 200, 400: 100, 499: 1, 500: 0} {
		if got := s.Due(m, terms.Use{Total: total}); got != want {
			t.Errorf("after %d of 500, %d is due, want %d", total, got, want)
		}
	}
}
