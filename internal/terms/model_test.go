package terms_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/terms"
)

// The model is a calendar on the wall: it knows the next day, and no arithmetic. It walks day by
// day and minute by minute, and shares nothing with the engine but the types.

// sheet is one day of the calendar.
type sheet struct {
	date    terms.Date
	weekday time.Weekday
	last    bool // of its month
}

var monthLengths = map[time.Month]int{
	time.January: 31, time.March: 31, time.April: 30, time.May: 31, time.June: 30, time.July: 31,
	time.August: 31, time.September: 30, time.October: 31, time.November: 30, time.December: 31,
}

func lengthOf(year int, month time.Month) int {
	if month != time.February {
		return monthLengths[month]
	}
	if year%400 == 0 || year%4 == 0 && year%100 != 0 {
		return 29
	}
	return 28
}

// calendar is every day from 1 January 2010, a Friday, on; where finds a day in it.
var calendar, where = func() (all []sheet, where map[terms.Date]int) {
	where = map[terms.Date]int{}
	weekday := time.Friday
	for year := 2010; year < 2060; year++ {
		for month := time.January; month <= time.December; month++ {
			for day := 1; day <= lengthOf(year, month); day++ {
				d := terms.Date{Year: year, Month: month, Day: day}
				where[d] = len(all)
				all = append(all, sheet{d, weekday, day == lengthOf(year, month)})
				weekday = (weekday + 1) % 7
			}
		}
	}
	return all, where
}()

// wall is what a clock shows, as one number that grows with the time shown.
func wall(d terms.Date, hour, minute int) int {
	return (((d.Year*100+int(d.Month))*100+d.Day)*100+hour)*100 + minute
}

// moment waits, minute by minute, until the clock there shows the time or a later one.
func moment(d terms.Date, hour, minute int, loc *time.Location) time.Time {
	const ahead = 15 * time.Hour // of UTC at most; and so many behind
	want := wall(d, hour, minute)
	at := time.Date(d.Year, d.Month, d.Day, hour, minute, 0, 0, time.UTC).Add(-ahead)
	for {
		there := at.In(loc)
		if wall(modelDate(there), there.Hour(), there.Minute()) >= want {
			return at
		}
		at = at.Add(time.Minute)
	}
}

func modelDate(at time.Time) terms.Date {
	year, month, day := at.Date()
	return terms.Date{Year: year, Month: month, Day: day}
}

func earlier(a, b terms.Date) bool { return wall(a, 0, 0) < wall(b, 0, 0) }

// begins reports whether a window of the period begins on that day of the calendar.
func begins(p *terms.Period, s sheet) bool {
	anchored := func(day int) bool { return s.date.Day == day || s.last && s.date.Day < day }
	switch p.Unit {
	case terms.Day:
		return true
	case terms.Week:
		names := []time.Weekday{1, 1, 2, 3, 4, 5, 6, 0} // 0: the calendar's own, Monday
		return s.weekday == names[p.Anchor]
	case terms.Month:
		return anchored(max(int(p.Anchor), 1))
	}
	if p.Anchor == 0 {
		return s.date.Month == time.January && s.date.Day == 1
	}
	return s.date.Month == p.AnchorMonth && anchored(int(p.Anchor))
}

// modelWindow walks back to the day the window of a day begins on, and ahead to that of the next.
func modelWindow(p *terms.Period, d terms.Date) (from, to terms.Date) {
	i := where[d]
	for !begins(p, calendar[i]) {
		i--
	}
	j := where[d] + 1
	for !begins(p, calendar[j]) {
		j++
	}
	return calendar[i].date, calendar[j].date
}

// A charge is one that was made.
type charge struct {
	at     time.Time
	amount int64
}

// modelPermit judges by the words of the terms.
func modelPermit(t terms.Terms, amount int64, at time.Time, made []charge) terms.Refusal {
	loc := modelZone(t)
	day := modelDate(at.In(loc))
	var total, inWindow, sumWindow int64
	for _, c := range made {
		total += c.amount
		if t.Period != nil && sameWindow(t.Period, day, modelDate(c.at.In(loc))) {
			inWindow++
			sumWindow += c.amount
		}
	}
	a := t.Amount
	wrong := amount < 1 || a.Exact != 0 && a.Exact != amount || a.Min != 0 && amount < a.Min ||
		a.Max != 0 && amount > a.Max || len(t.Items) > 0 && amount > slices.Max(t.Items)
	switch {
	case t.Start != (terms.Date{}) && earlier(day, t.Start):
		return terms.NotStarted
	case t.End != (terms.Date{}) && earlier(t.End, day):
		return terms.Ended
	case wrong:
		return terms.WrongAmount
	case t.MaxCount != 0 && int64(len(made)) >= t.MaxCount,
		len(t.Items) > 0 && len(made) >= len(t.Items):
		return terms.UsedUp
	case t.Period != nil && t.Period.MaxCount != 0 && inWindow+1 > t.Period.MaxCount:
		return terms.PeriodCount
	case t.Period != nil && t.Period.MaxAmount != 0 && sumWindow+amount > t.Period.MaxAmount:
		return terms.PeriodAmount
	case t.MaxTotal != 0 && total+amount > t.MaxTotal:
		return terms.TotalAmount
	}
	return ""
}

func sameWindow(p *terms.Period, a, b terms.Date) bool {
	from, to := modelWindow(p, a)
	return !earlier(b, from) && earlier(b, to)
}

func modelZone(t terms.Terms) *time.Location {
	if t.Zone == "" {
		return time.UTC
	}
	loc, err := time.LoadLocation(t.Zone)
	if err != nil {
		panic(err)
	}
	return loc
}

// A walker goes through the calendar and counts what it passes.
type walker struct {
	r                   terms.Recurrence
	began               sheet
	days                int64
	weeks, months, year int64
}

// passes moves the walker to the day after the one it was on.
func (w *walker) passes(s sheet) {
	w.days++
	if s.weekday == time.Monday {
		w.weeks++
	}
	if s.date.Day == 1 {
		w.months++
		if s.date.Month == time.January {
			w.year++
		}
	}
}

// named reports whether the rhythm names the day, before any weekend is avoided.
func (w *walker) named(i int) bool {
	s := calendar[i]
	switch w.r.Unit {
	case terms.Day:
		return w.days%w.r.Interval == 0
	case terms.Week:
		days := w.r.Weekdays
		if days == nil {
			days = []time.Weekday{w.began.weekday}
		}
		return w.weeks%w.r.Interval == 0 && slices.Contains(days, s.weekday)
	case terms.Month:
		return w.months%w.r.Interval == 0 && w.namedInMonth(i)
	}
	month, day := w.r.YearMonth, int(w.r.YearDay)
	if month == 0 {
		month, day = w.began.date.Month, w.began.date.Day
	}
	return w.year%w.r.Interval == 0 && s.date.Month == month &&
		(s.date.Day == day || s.last && s.date.Day < day)
}

func (w *walker) namedInMonth(i int) bool {
	s := calendar[i]
	length := lengthOf(s.date.Year, s.date.Month)
	switch {
	case w.r.Nth == -1:
		return s.weekday == w.r.Weekdays[0] && s.date.Day+7 > length
	case w.r.Nth > 0:
		nth := int64(0)
		for j := i - s.date.Day + 1; j <= i; j++ {
			if calendar[j].weekday == s.weekday {
				nth++
			}
		}
		return s.weekday == w.r.Weekdays[0] && nth == w.r.Nth
	}
	days := w.r.MonthDays
	if days == nil {
		days = []int64{int64(w.began.date.Day)}
	}
	for _, day := range days {
		fromEnd := s.date.Day - length - 1
		if int(day) == s.date.Day || int(day) == fromEnd || s.last && int(day) > s.date.Day ||
			s.date.Day == 1 && int(day) < fromEnd {
			return true
		}
	}
	return false
}

// falls reports whether a charge falls on the day: it is named, or stands in for a named weekend.
func (w *walker) falls(i int) bool {
	if !w.r.NearestWeekday {
		return w.named(i)
	}
	s := calendar[i]
	switch s.weekday {
	case time.Saturday, time.Sunday:
		return false
	case time.Friday:
		saturday := !s.last && w.named(i+1)
		lastSunday := !s.last && calendar[i+2].last && w.named(i+2)
		return w.named(i) || saturday || lastSunday
	case time.Monday:
		sunday := s.date.Day > 1 && w.named(i-1)
		firstSaturday := s.date.Day == 3 && w.named(i-2)
		return w.named(i) || sunday || firstSaturday
	}
	return w.named(i)
}

// modelTimes walks from the schedule's start and returns up to n times after the given one, and
// whether it saw the end of the schedule.
func modelTimes(s terms.Schedule, t terms.Terms, after time.Time, n int) ([]time.Time, bool) {
	const horizon = 12 * 366
	loc := modelZone(t)
	begin := where[s.Start]
	w := walker{r: s.Recurrence, began: calendar[begin]}
	near := modelDate(after.UTC().Add(-72 * time.Hour)) // earlier days need no clock
	var times []time.Time
	for i := begin; i < begin+horizon; i++ {
		day := calendar[i].date
		if i > begin {
			w.passes(calendar[i])
		}
		switch {
		case !s.End.IsZero() && earlier(s.End, day), !t.End.IsZero() && earlier(t.End, day):
			return times, true
		case len(times) == n:
			return times, false
		case earlier(day, near) || !w.falls(i):
		default:
			if at := moment(day, s.Hour, s.Minute, loc); at.After(after) {
				times = append(times, at)
			}
		}
	}
	return times, false
}

// The model itself is checked where people know the answer.
func TestModel_KnowsTheCalendar(t *testing.T) {
	for date, want := range map[string]time.Weekday{
		"2024-02-29": time.Thursday, "2026-01-01": time.Thursday, "2028-02-29": time.Tuesday,
		"2027-12-25": time.Saturday, "2010-01-01": time.Friday,
	} {
		d, err := terms.ParseDate(date)
		if err != nil {
			t.Fatal(err)
		}
		if got := calendar[where[d]].weekday; got != want {
			t.Errorf("%s is a %v in the model, want %v", date, got, want)
		}
	}
	if n := len(calendar); n != 50*365+12 {
		t.Error(fmt.Sprint("the model has ", n, " days"))
	}
}
