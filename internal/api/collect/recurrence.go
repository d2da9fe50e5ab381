package collect

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/terms"
)

// recurrenceInput is a rhythm as the wire says it.
type recurrenceInput struct {
	Type          string   `json:"type" wire:"required"`
	IntervalCount *int64   `json:"interval_count,omitempty"`
	On            *onInput `json:"on,omitempty"`
}

// onInput names the days of a rhythm.
type onInput struct {
	Type       *string         `json:"type,omitempty"`
	Days       json.RawMessage `json:"days,omitempty"` // names of weekdays, or numbers of days
	Nth        *int64          `json:"nth,omitempty"`
	Day        json.RawMessage `json:"day,omitempty"` // the same, for one day
	Month      *int64          `json:"month,omitempty"`
	Adjustment *string         `json:"adjustment,omitempty"`
}

// The kinds of days.
const (
	onDayOfWeek  = "day_of_week"
	onDayOfMonth = "day_of_month"
	onNthDay     = "nth_day_of_month"
	onDayOfYear  = "day_of_year"
	nearest      = "nearest_weekday"
	recurDaily   = "daily"
	recurWeekly  = "weekly"
	recurMonthly = "monthly"
	recurYearly  = "yearly"
)

// units are the words for how often something recurs.
var units = map[string]terms.Unit{
	recurDaily: terms.Day, recurWeekly: terms.Week, recurMonthly: terms.Month,
	recurYearly: terms.Year,
}

// weekdays are the words for the days of a week, from Sunday.
var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// read reads a rhythm; nil has none.
func (r *recurrenceInput) read(path string, out **terms.Recurrence) error {
	if r == nil {
		return nil
	}
	unit, ok := units[r.Type]
	if !ok {
		return bad(path+".type", "must be daily, weekly, monthly or yearly.")
	}
	if err := positive(path+".interval_count", r.IntervalCount); err != nil {
		return err
	}
	*out = &terms.Recurrence{Unit: unit, Interval: max(1, wire.Value(r.IntervalCount))}
	return r.On.read(path+".on", *out)
}

// read reads the days of a rhythm; nil leaves them to the day on which it begins.
func (o *onInput) read(path string, r *terms.Recurrence) error {
	if o == nil {
		return nil
	}
	kind := wire.Value(o.Type)
	if kind == "" && r.Unit == terms.Week {
		kind = onDayOfWeek
	}
	days := o.week
	switch {
	case kind == onDayOfWeek && r.Unit == terms.Week:
	case kind == onDayOfMonth && r.Unit == terms.Month:
		days = o.month
	case kind == onNthDay && r.Unit == terms.Month:
		days = o.nth
	case kind == onDayOfYear && r.Unit == terms.Year:
		days = o.year
	case r.Unit == terms.Day:
		return bad(path, "does not belong to a daily recurrence.")
	case kind == "":
		return required(path + ".type")
	default:
		return bad(path+".type", "%q does not belong to this recurrence: weekly has %s, monthly "+
			"%s and %s, yearly %s.", wire.Printable(kind, maxID), onDayOfWeek, onDayOfMonth,
			onNthDay, onDayOfYear)
	}
	if err := o.only(path, kind); err != nil {
		return err
	}
	return days(path, r)
}

// only refuses members that the kind of days does not have.
func (o *onInput) only(path, kind string) error {
	for _, f := range []struct {
		name  string
		given bool
		kinds []string
	}{
		{"days", o.Days != nil, []string{onDayOfWeek, onDayOfMonth}},
		{"day", o.Day != nil, []string{onNthDay, onDayOfYear}},
		{"nth", o.Nth != nil, []string{onNthDay}},
		{"month", o.Month != nil, []string{onDayOfYear}},
		{"adjustment", o.Adjustment != nil, []string{onDayOfMonth, onDayOfYear}},
	} {
		if f.given && !slices.Contains(f.kinds, kind) {
			return bad(path+"."+f.name, "does not belong to days of the type %s.", kind)
		}
	}
	if o.Adjustment != nil && *o.Adjustment != nearest {
		return bad(path+".adjustment", "must be %s.", nearest)
	}
	return nil
}

func (o *onInput) week(path string, r *terms.Recurrence) error {
	var names []string
	if o.Days == nil {
		return required(path + ".days")
	}
	if json.Unmarshal(o.Days, &names) != nil || len(names) == 0 {
		return bad(path+".days", "must be a list of mon, tue, wed, thu, fri, sat and sun.")
	}
	for _, name := range names {
		i := slices.Index(weekdays, name)
		if i < 0 {
			return bad(path+".days", "must be a list of mon, tue, wed, thu, fri, sat and sun.")
		}
		r.Weekdays = append(r.Weekdays, time.Weekday(i))
	}
	return nil
}

func (o *onInput) month(path string, r *terms.Recurrence) error {
	if o.Days == nil {
		return required(path + ".days")
	}
	if json.Unmarshal(o.Days, &r.MonthDays) != nil || len(r.MonthDays) == 0 {
		return bad(path+".days", "must be a list of days, 1 to 31, or -1 for the last of the month.")
	}
	r.NearestWeekday = o.Adjustment != nil
	return nil
}

func (o *onInput) nth(path string, r *terms.Recurrence) error {
	switch {
	case o.Nth == nil:
		return required(path + ".nth")
	case o.Day == nil:
		return required(path + ".day")
	case *o.Nth == 0:
		return bad(path+".nth", "must be 1 to 4, or -1 for the last.")
	}
	w, err := weekday(path+".day", o.Day)
	r.Nth, r.Weekdays = *o.Nth, []time.Weekday{w}
	return err
}

func (o *onInput) year(path string, r *terms.Recurrence) error {
	switch {
	case o.Month == nil:
		return required(path + ".month")
	case o.Day == nil:
		return required(path + ".day")
	}
	if json.Unmarshal(o.Day, &r.YearDay) != nil || r.YearDay < 1 {
		return bad(path+".day", "must be the number of a day.")
	}
	r.YearMonth = time.Month(*o.Month)
	r.NearestWeekday = o.Adjustment != nil
	return positive(path+".month", o.Month)
}

// weekday reads the name of a day.
func weekday(field string, raw json.RawMessage) (time.Weekday, error) {
	var name string
	_ = json.Unmarshal(raw, &name) // what is no text names no day
	i := slices.Index(weekdays, name)
	if i < 0 {
		return 0, bad(field, "must be mon, tue, wed, thu, fri, sat or sun.")
	}
	return time.Weekday(i), nil
}

// anchored says in full what a rhythm without days means: it follows the day on which it begins.
func anchored(r terms.Recurrence, began terms.Date) terms.Recurrence {
	switch r.Unit {
	case terms.Week:
		if len(r.Weekdays) == 0 {
			r.Weekdays = []time.Weekday{began.Weekday()}
		}
	case terms.Month:
		if len(r.MonthDays) == 0 && r.Nth == 0 {
			r.MonthDays = []int64{int64(began.Day)}
		}
	case terms.Year:
		if r.YearMonth == 0 {
			r.YearMonth, r.YearDay = began.Month, int64(began.Day)
		}
	}
	return r
}

// recurrenceOf shows a rhythm as the wire says it.
func recurrenceOf(r *terms.Recurrence) *recurrenceInput {
	if r == nil {
		return nil
	}
	out := &recurrenceInput{IntervalCount: &r.Interval, On: onOf(r)}
	for word, unit := range units {
		if unit == r.Unit {
			out.Type = word
		}
	}
	return out
}

func onOf(r *terms.Recurrence) *onInput {
	on := &onInput{}
	kind := ""
	switch {
	case r.Nth != 0 && len(r.Weekdays) > 0:
		kind, on.Nth, on.Day = onNthDay, &r.Nth, wire.Encode(weekdays[r.Weekdays[0]])
	case len(r.Weekdays) > 0:
		names := make([]string, len(r.Weekdays))
		for i, w := range r.Weekdays {
			names[i] = weekdays[w]
		}
		kind, on.Days = onDayOfWeek, wire.Encode(names)
	case len(r.MonthDays) > 0:
		kind, on.Days = onDayOfMonth, wire.Encode(r.MonthDays)
	case r.YearMonth != 0:
		month := int64(r.YearMonth)
		kind, on.Month, on.Day = onDayOfYear, &month, wire.Encode(r.YearDay)
	default:
		return nil
	}
	if on.Type = &kind; r.NearestWeekday {
		word := nearest
		on.Adjustment = &word
	}
	return on
}
