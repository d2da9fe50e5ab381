package terms

import "time"

// After returns the first time of the schedule after the given one, in the zone of the terms;
// false when none follows. Both must be valid.
func (s Schedule) After(after time.Time, t Terms) (time.Time, bool) {
	loc := t.Location()
	last := s.last(t)
	r := rhythm{Recurrence: s.Recurrence, began: s.Start}
	from := DateOf(after.In(loc))
	if from.Compare(s.Start) < 0 {
		from = s.Start
	}
	// Earlier days have nothing to offer: the clock has shown a later time than theirs already.
	for cycle := r.cycle(from); ; cycle++ {
		for _, day := range r.days(cycle) {
			if day.Compare(last) > 0 {
				return time.Time{}, false
			}
			if day.Compare(s.Start) < 0 {
				continue
			}
			if at := instant(day, s.ofDay(), loc); at.After(after) {
				return at, s.before(at, last, loc)
			}
		}
	}
}

// First returns the first time of the schedule at or after the given one.
func (s Schedule) First(t Terms, from time.Time) (time.Time, bool) {
	return s.After(from.Add(-time.Nanosecond), t)
}

// Due returns what the schedule charges after what was charged before: the amount, or with an
// amount of 0 the next part of an installment mandate. The last part of a sum is what is left of
// it. It is 0 when no part is left.
func (s Schedule) Due(t Terms, u Use) int64 {
	switch {
	case s.Amount > 0 && t.Kind == Installment:
		return max(0, min(s.Amount, t.MaxTotal-u.Total))
	case s.Amount > 0 || u.Count < 0 || u.Count >= int64(len(t.Items)):
		return s.Amount
	}
	return t.Items[u.Count]
}

// last returns the last day a charge may fall on.
func (s Schedule) last(t Terms) Date {
	last := Date{Year: maxYear, Month: time.December, Day: 31}
	for _, end := range []Date{s.End, t.End} {
		if !end.IsZero() && end.Compare(last) < 0 {
			last = end
		}
	}
	return last
}

// before reports whether a time lies before the end of the last day: one in a gap of the clock may
// have moved beyond.
func (s Schedule) before(at time.Time, last Date, loc *time.Location) bool {
	return at.Before(midnight(last.AddDays(1), loc))
}

func (s Schedule) ofDay() time.Duration {
	return time.Duration(s.Hour)*time.Hour + time.Duration(s.Minute)*time.Minute
}
