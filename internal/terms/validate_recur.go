package terms

import (
	"fmt"
	"slices"
	"time"
)

func (r Recurrence) validate() *Problem {
	if found := firstOf(
		check{!r.Unit.known(), "recurrence.unit", unitMessage},
		check{
			r.Interval < 1 || r.Interval > MaxInterval, "recurrence.interval",
			fmt.Sprintf("Must be between 1 and %d.", MaxInterval),
		},
		check{
			r.NearestWeekday && (r.Nth != 0 || r.Unit != Month && r.Unit != Year),
			"recurrence.nearest_weekday", "Is for days of a month or of a year only.",
		},
	); found != nil {
		return found
	}
	for _, validate := range []func() *Problem{r.validateWeek, r.validateMonth, r.validateYear} {
		if p := validate(); p != nil {
			return p
		}
	}
	return nil
}

func (r Recurrence) validateWeek() *Problem {
	unknown := slices.ContainsFunc(r.Weekdays, func(w time.Weekday) bool {
		return w < time.Sunday || w > time.Saturday
	})
	nth := r.Unit == Month && r.Nth != 0
	return firstOf(
		check{
			len(r.Weekdays) > 0 && r.Unit != Week && !nth, "recurrence.weekdays",
			"Are for weekly rhythms, or for the nth weekday of a month.",
		},
		check{unknown, "recurrence.weekdays", "Must be days of the week, 0 (Sunday) to 6."},
		check{repeats(r.Weekdays), "recurrence.weekdays", "Must name each day once."},
	)
}

func (r Recurrence) validateMonth() *Problem {
	unknown := slices.ContainsFunc(r.MonthDays, func(day int64) bool {
		return day == 0 || day < -maxMonthDay || day > maxMonthDay
	})
	return firstOf(
		check{
			len(r.MonthDays) > 0 && r.Unit != Month, "recurrence.month_days",
			"Are for monthly rhythms only.",
		},
		check{
			unknown, "recurrence.month_days",
			"Must be 1 to 31, or -1 (the last day) to -31 from the month's end.",
		},
		check{repeats(r.MonthDays), "recurrence.month_days", "Must name each day once."},
		check{r.Nth != 0 && r.Unit != Month, "recurrence.nth", "Is for monthly rhythms only."},
		check{r.Nth < -1 || r.Nth > maxNth, "recurrence.nth", "Must be 1 to 4, or -1 for the last."},
		check{
			r.Nth != 0 && len(r.Weekdays) != 1, "recurrence.weekdays",
			"Must name the one weekday that nth counts.",
		},
		check{
			r.Nth != 0 && len(r.MonthDays) > 0, "recurrence.month_days",
			"Cannot be combined with the nth weekday: leave out one or the other.",
		},
	)
}

func (r Recurrence) validateYear() *Problem {
	given := r.YearMonth != 0 || r.YearDay != 0
	return firstOf(
		check{given && r.Unit != Year, "recurrence.year_day", "Is for yearly rhythms only."},
		check{
			r.YearMonth < 0 || r.YearMonth > time.December, "recurrence.year_month",
			"Must be 1 (January) to 12.",
		},
		check{
			given && (r.YearMonth == 0 || r.YearDay == 0), "recurrence.year_day",
			"A yearly day is a month and a day: name both, or neither.",
		},
		check{r.YearDay < 0 || r.YearDay > longest(r.YearMonth), "recurrence.year_day", longestMessage},
	)
}

func repeats[T comparable](list []T) bool {
	for i, item := range list {
		if slices.Contains(list[:i], item) {
			return true
		}
	}
	return false
}

// same reports whether two recurrences say the same, in whatever order they name their days.
func (r Recurrence) same(o Recurrence) bool {
	return r.Unit == o.Unit && r.Interval == o.Interval && r.Nth == o.Nth &&
		r.YearMonth == o.YearMonth && r.YearDay == o.YearDay &&
		r.NearestWeekday == o.NearestWeekday &&
		slices.Equal(slices.Sorted(slices.Values(r.Weekdays)),
			slices.Sorted(slices.Values(o.Weekdays))) &&
		slices.Equal(slices.Sorted(slices.Values(r.MonthDays)),
			slices.Sorted(slices.Values(o.MonthDays)))
}
