package consent

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/kassa-pay/kassa/internal/terms"
)

// shortest is how many days every month has. A later one that a month lacks is its last day.
const shortest = 28

// rhythm says how often, and on which days where they are known: those of the recurrence, or the
// day it begins on.
func (w writer) rhythm(r terms.Recurrence, began terms.Date) string {
	on := w.days(r, began)
	step := w.step(r.Unit)
	text := step.each
	switch {
	case r.Interval > 1 && on != "":
		text = step.everyOn
	case r.Interval > 1:
		text = step.every
	case on != "":
		text = step.eachOn
	}
	return w.fill(text, "{n}", strconv.FormatInt(r.Interval, 10), "{days}", on) +
		w.shorter(r, began)
}

func (w writer) step(unit terms.Unit) step {
	switch unit {
	case terms.Week:
		return w.say.week
	case terms.Month:
		return w.say.month
	case terms.Year:
		return w.say.year
	default:
		return w.say.day
	}
}

// days names the days of a rhythm within its unit; "" when they are not known or all of them.
func (w writer) days(r terms.Recurrence, began terms.Date) string {
	switch r.Unit {
	case terms.Week:
		return w.list(w.weekdays(r, began))
	case terms.Month:
		return w.list(w.monthDays(r, began))
	case terms.Year:
		day := terms.Date{Month: r.YearMonth, Day: int(r.YearDay)}
		if r.YearMonth == 0 {
			day = terms.Date{Month: began.Month, Day: began.Day}
		}
		if day.Month == 0 {
			return ""
		}
		return w.date(day)
	default:
		return ""
	}
}

func (w writer) weekdays(r terms.Recurrence, began terms.Date) []string {
	days := r.Weekdays
	if len(days) == 0 && !began.IsZero() {
		days = []time.Weekday{began.Weekday()}
	}
	var names []string
	for _, day := range [...]time.Weekday{1, 2, 3, 4, 5, 6, 0} { // as weeks are read
		for _, d := range days {
			if d == day {
				names = append(names, w.fill(w.say.weekday, "{day}", w.say.weekdays[day]))
			}
		}
	}
	return names
}

func (w writer) monthDays(r terms.Recurrence, began terms.Date) []string {
	if r.Nth != 0 && len(r.Weekdays) > 0 {
		return []string{w.fill(w.say.nthWeekday, "{nth}", w.say.nth(r.Nth),
			"{day}", w.weekday(r.Weekdays[0]))}
	}
	days := r.MonthDays
	if len(days) == 0 && !began.IsZero() {
		days = []int64{int64(began.Day)}
	}
	var names []string
	for _, day := range days {
		names = append(names, w.say.monthDay(day))
	}
	return names
}

// shorter says what becomes of a day that some months or years do not have.
func (w writer) shorter(r terms.Recurrence, began terms.Date) string {
	switch r.Unit {
	case terms.Month:
		days := r.MonthDays
		if len(days) == 0 && r.Nth == 0 {
			days = []int64{int64(began.Day)}
		}
		for _, day := range days {
			if day > shortest {
				return w.say.shorterMonth
			}
		}
	case terms.Year:
		month, day := r.YearMonth, r.YearDay
		if month == 0 {
			month, day = began.Month, int64(began.Day)
		}
		if month == time.February && day > shortest {
			return w.say.shorterYear
		}
	}
	return ""
}

// period says what one window of the period limit allows.
func (w writer) period() string {
	p := w.Terms.Period
	if p == nil {
		return ""
	}
	var list []string
	if p.MaxCount > 0 {
		list = append(list, w.count(p.MaxCount, w.say.payments))
	}
	if p.MaxAmount > 0 {
		list = append(list, w.money(p.MaxAmount))
	}
	if len(list) == 0 {
		return ""
	}
	return w.fill(w.say.period, "{what}", w.list(list), "{window}", w.window(p))
}

func (w writer) window(p *terms.Period) string {
	switch {
	case p.Unit == terms.Week && p.Anchor > 0:
		sunday := int64(len(w.say.weekdays)) // is 7 here, and 0 in the list
		return w.fill(w.say.weekFrom, "{day}", w.weekday(time.Weekday(p.Anchor%sunday)))
	case p.Unit == terms.Month && p.Anchor > 0:
		return w.fill(w.say.monthFrom, "{day}", w.say.monthDay(p.Anchor))
	case p.Unit == terms.Year && p.Anchor > 0:
		day := terms.Date{Month: max(p.AnchorMonth, time.January), Day: int(p.Anchor)}
		return w.fill(w.say.yearFrom, "{day}", w.date(day))
	}
	return map[terms.Unit]string{
		terms.Day: w.say.anyDay, terms.Week: w.say.anyWeek,
		terms.Month: w.say.anyMonth, terms.Year: w.say.anyYear,
	}[p.Unit]
}

// time says at which time of day, and where.
func (w writer) time() string {
	return w.fill(w.say.atTime, "{zone}", w.zone(),
		"{time}", fmt.Sprintf("%02d:%02d", w.Schedule.Hour, w.Schedule.Minute))
}

// dates says where the dates are meant, if there are any.
func (w writer) dates() string {
	t := w.Terms
	if t.Period == nil && t.Start.IsZero() && t.End.IsZero() {
		return ""
	}
	return w.fill(w.say.zone, "{zone}", w.zone())
}

func (w writer) zone() string {
	return strings.ReplaceAll(w.Terms.Location().String(), "_", " ")
}

// date writes a day of the calendar; without a year it is that day of every year.
func (w writer) date(d terms.Date) string {
	if d.Month < time.January || d.Month > time.December {
		return d.String()
	}
	text := w.say.date(int64(d.Day)) + " " + w.say.months[d.Month-1]
	if d.Year != 0 {
		text += " " + strconv.Itoa(d.Year)
	}
	return text
}

func (w writer) weekday(day time.Weekday) string {
	return w.say.weekdays[(int(day)%len(w.say.weekdays)+len(w.say.weekdays))%len(w.say.weekdays)]
}

func (w writer) list(items []string) string {
	if len(items) < 2 {
		return strings.Join(items, "")
	}
	last := len(items) - 1
	return strings.Join(items[:last], ", ") + w.say.and + items[last]
}

func (w writer) count(n int64, p plural) string {
	text := p.other
	if n == 1 {
		text = p.one
	}
	return w.fill(text, "{n}", strconv.FormatInt(n, 10))
}
