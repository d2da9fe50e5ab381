package terms

import "time"

// Window returns the window of the period limit that a time falls into: from its first moment to
// the first one after it. Without a period both are zero.
func (t Terms) Window(at time.Time) (from, to time.Time) {
	if t.Period == nil {
		return time.Time{}, time.Time{}
	}
	loc := t.Location()
	n := t.Period.index(DateOf(at.In(loc)))
	// By moments, not by days: where clocks go back over midnight a day is entered twice, and the
	// second time belongs to the window that has begun.
	for !at.Before(midnight(t.Period.begin(n+1), loc)) {
		n++
	}
	return midnight(t.Period.begin(n), loc), midnight(t.Period.begin(n+1), loc)
}

// index returns the number of the window that a day lies in, or that of the window before it.
// Windows are counted without a gap.
func (p *Period) index(d Date) int64 {
	var n int64
	switch p.Unit {
	case Week:
		n = floorDiv(d.number(), daysInWeek)
	case Month:
		n = monthNumber(d)
	case Year:
		n = int64(d.Year)
	default:
		n = d.number()
	}
	if d.Compare(p.begin(n)) < 0 {
		n--
	}
	return n
}

// begin returns the first day of the window with that number. It is found from the anchor each
// time, so that a short month takes nothing from the months after it.
func (p *Period) begin(n int64) Date {
	day := max(p.Anchor, 1)
	switch p.Unit {
	case Week:
		return dayNumber(n * daysInWeek).monday().AddDays(day - 1)
	case Month:
		return monthOf(n).on(day)
	case Year:
		month := max(p.AnchorMonth, time.January)
		return Date{Year: int(n), Month: month, Day: 1}.on(day)
	default:
		return dayNumber(n)
	}
}
