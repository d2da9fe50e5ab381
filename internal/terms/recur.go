package terms

import (
	"slices"
	"time"
)

// A rhythm is a recurrence that began on a day. Its cycles are counted from the one of that day, 0.
type rhythm struct {
	Recurrence
	began Date
}

// cycle returns the number of the cycle that a day lies in, or of the last one before it. The day
// is not before the rhythm began.
func (r rhythm) cycle(d Date) int64 {
	var units int64
	switch r.Unit {
	case Week:
		units = (d.monday().number() - r.began.monday().number()) / daysInWeek
	case Month:
		units = monthNumber(d) - monthNumber(r.began)
	case Year:
		units = int64(d.Year) - int64(r.began.Year)
	default:
		units = d.number() - r.began.number()
	}
	return units / max(r.Interval, 1)
}

// days returns the days of a cycle in their order; two that fall together stand twice. They are
// found from the day the rhythm began on, never from those of the cycle before: 31 January, 28
// February, 31 March.
func (r rhythm) days(cycle int64) []Date {
	n := cycle * max(r.Interval, 1)
	var days []Date
	switch r.Unit {
	case Week:
		days = r.ofWeek(r.began.monday().AddDays(n * daysInWeek))
	case Month:
		days = r.ofMonth(monthOf(monthNumber(r.began) + n))
	case Year:
		days = []Date{r.ofYear(r.began.Year + int(n))}
	default:
		days = []Date{r.began.AddDays(n)}
	}
	if r.NearestWeekday {
		for i, d := range days {
			days[i] = nearestWeekday(d)
		}
	}
	slices.SortFunc(days, Date.Compare)
	return days
}

func (r rhythm) ofWeek(monday Date) []Date {
	if len(r.Weekdays) == 0 {
		return []Date{monday.AddDays(isoWeekday(r.began.Weekday()) - 1)}
	}
	days := make([]Date, 0, len(r.Weekdays))
	for _, w := range r.Weekdays {
		days = append(days, monday.AddDays(isoWeekday(w)-1))
	}
	return days
}

func (r rhythm) ofMonth(first Date) []Date {
	switch {
	case r.Nth != 0 && len(r.Weekdays) > 0:
		return []Date{nthWeekday(first, r.Nth, r.Weekdays[0])}
	case len(r.MonthDays) == 0:
		return []Date{first.on(int64(r.began.Day))}
	}
	days := make([]Date, 0, len(r.MonthDays))
	length := int64(daysIn(first.Year, first.Month))
	for _, day := range r.MonthDays {
		if day < 0 {
			day = max(length+1+day, 1)
		}
		days = append(days, first.on(day))
	}
	return days
}

func (r rhythm) ofYear(year int) Date {
	month, day := r.YearMonth, r.YearDay
	if month == 0 {
		month, day = r.began.Month, int64(r.began.Day)
	}
	return Date{Year: year, Month: month, Day: 1}.on(day)
}

// nthWeekday counts from the month's first day, or with -1 from its last.
func nthWeekday(first Date, n int64, w time.Weekday) Date {
	if n < 0 {
		last := first.on(int64(daysIn(first.Year, first.Month)))
		return last.AddDays(-floorMod(int64(last.Weekday()-w), daysInWeek))
	}
	return first.AddDays(floorMod(int64(w-first.Weekday()), daysInWeek) + (n-1)*daysInWeek)
}

// nearestWeekday moves a Saturday back and a Sunday ahead, and the other way round where that would
// leave the month.
func nearestWeekday(d Date) Date {
	var near, far Date
	switch d.Weekday() {
	case time.Saturday:
		near, far = d.AddDays(-1), d.AddDays(2)
	case time.Sunday:
		near, far = d.AddDays(1), d.AddDays(-2)
	default:
		return d
	}
	if near.Month == d.Month {
		return near
	}
	return far
}
