package terms_test

import (
	"flag"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kassa-pay/kassa/internal/terms"
)

// cases is how many the engine and the model are compared on, in every run of the tests.
const cases = 10_000

// compare runs the property on at least that many cases, whatever the flags say.
func compare(t *testing.T, property func(*rapid.T)) {
	t.Helper()
	ran := 0
	for ran < cases && !t.Failed() {
		rapid.Check(t, func(rt *rapid.T) {
			ran++
			property(rt)
		})
	}
	t.Logf("%d cases", ran)
}

func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if !given {
		set("rapid.checks", strconv.Itoa(cases))
	}
	set("rapid.nofailfile", "true") // a failure prints its seed; the tree stays as it is
	m.Run()
}

func set(name, value string) {
	if err := flag.Set(name, value); err != nil {
		panic(err)
	}
}

var (
	zones = rapid.SampledFrom([]string{
		"Australia/Sydney", "Africa/Accra", "Africa/Johannesburg", "UTC", "",
	})
	units = rapid.SampledFrom([]terms.Unit{terms.Day, terms.Week, terms.Month, terms.Year})
	// special are days that calendars go wrong on: leap days, ends of months and years, weekends at
	// either end of a month, and changes of the clock in Sydney.
	special = rapid.SampledFrom([]terms.Date{
		{Year: 2024, Month: 2, Day: 28}, {Year: 2024, Month: 2, Day: 29}, {Year: 2024, Month: 3, Day: 1},
		{Year: 2027, Month: 2, Day: 28}, {Year: 2027, Month: 1, Day: 31}, {Year: 2028, Month: 2, Day: 29},
		{Year: 2026, Month: 12, Day: 31}, {Year: 2027, Month: 1, Day: 1}, {Year: 2026, Month: 4, Day: 30},
		{Year: 2026, Month: 10, Day: 4}, {Year: 2026, Month: 4, Day: 5}, {Year: 2027, Month: 10, Day: 3},
		{Year: 2027, Month: 4, Day: 4}, {Year: 2026, Month: 8, Day: 1}, {Year: 2026, Month: 5, Day: 31},
		{Year: 2040, Month: 12, Day: 31}, {Year: 2027, Month: 5, Day: 1},
		{Year: 2027, Month: 10, Day: 31},
	})
	anyDay = rapid.Custom(func(t *rapid.T) terms.Date {
		return calendar[rapid.IntRange(14*365, 35*365).Draw(t, "day")].date
	})
	days = rapid.OneOf(special, anyDay)
	// hours favours those in which clocks are changed.
	hours = rapid.OneOf(rapid.IntRange(0, 3), rapid.IntRange(0, 23))
)

// times draws a moment at, or next to, a minute of the clock on the wall.
func times(t *rapid.T, loc *time.Location) time.Time {
	minute := rapid.IntRange(0, 59).Draw(t, "minute")
	at := moment(days.Draw(t, "at"), hours.Draw(t, "hour"), minute, loc)
	if rapid.Bool().Draw(t, "midnight") {
		at = moment(modelDate(at.In(loc)), 0, 0, loc)
	}
	return at.Add(rapid.SampledFrom([]time.Duration{
		-1, 0, 0, 1, -time.Microsecond, time.Hour, -time.Hour,
	}).Draw(t, "off"))
}

func drawPeriod(t *rapid.T) *terms.Period {
	p := &terms.Period{Unit: units.Draw(t, "period")}
	p.MaxCount = rapid.Int64Range(0, 3).Draw(t, "period count")
	p.MaxAmount = rapid.SampledFrom([]int64{0, 0, 700, 1500}).Draw(t, "period amount")
	if p.MaxCount == 0 && p.MaxAmount == 0 {
		p.MaxCount = 1
	}
	if rapid.Bool().Draw(t, "anchored") {
		switch p.Unit {
		case terms.Week:
			p.Anchor = rapid.Int64Range(1, 7).Draw(t, "anchor")
		case terms.Month:
			p.Anchor = rapid.Int64Range(1, 31).Draw(t, "anchor")
		case terms.Year:
			d := days.Draw(t, "anchor")
			p.Anchor, p.AnchorMonth = int64(d.Day), d.Month
		}
	}
	return p
}

func drawRecurrence(t *rapid.T) terms.Recurrence {
	r := terms.Recurrence{Unit: units.Draw(t, "unit"), Interval: rapid.Int64Range(1, 14).Draw(t, "n")}
	weekday := rapid.Custom(func(t *rapid.T) time.Weekday {
		return time.Weekday(rapid.IntRange(0, 6).Draw(t, "weekday"))
	})
	named := rapid.Bool().Draw(t, "named")
	switch r.Unit {
	case terms.Week:
		if named {
			r.Weekdays = rapid.SliceOfNDistinct(weekday, 1, 4, rapid.ID[time.Weekday]).Draw(t, "weekdays")
		}
	case terms.Month:
		switch rapid.IntRange(0, 2).Draw(t, "kind") {
		case 1:
			day := rapid.OneOf(rapid.Int64Range(1, 31), rapid.Int64Range(-31, -1), rapid.Int64Range(28, 31))
			r.MonthDays = rapid.SliceOfNDistinct(day, 1, 4, rapid.ID[int64]).Draw(t, "days")
		case 2:
			r.Nth = rapid.SampledFrom([]int64{-1, 1, 2, 3, 4}).Draw(t, "nth")
			r.Weekdays = []time.Weekday{weekday.Draw(t, "weekday")}
		}
	case terms.Year:
		r.Interval = rapid.Int64Range(1, 4).Draw(t, "n")
		if named {
			d := days.Draw(t, "yearly")
			r.YearMonth, r.YearDay = d.Month, int64(d.Day)
		}
	}
	if r.Nth == 0 && (r.Unit == terms.Month || r.Unit == terms.Year) {
		r.NearestWeekday = rapid.Bool().Draw(t, "nearest weekday")
	}
	return r
}

func drawTerms(t *rapid.T) terms.Terms {
	m := terms.Terms{Zone: zones.Draw(t, "zone")}
	if rapid.IntRange(0, 3).Draw(t, "bounded") == 0 {
		ends := []terms.Date{days.Draw(t, "start"), days.Draw(t, "end")}
		slices.SortFunc(ends, func(a, b terms.Date) int { return wall(a, 0, 0) - wall(b, 0, 0) })
		m.Start, m.End = ends[0], ends[1]
	}
	m.MaxCount = rapid.SampledFrom([]int64{0, 0, 0, 3}).Draw(t, "max count")
	m.MaxTotal = rapid.SampledFrom([]int64{0, 0, 900}).Draw(t, "max total")
	if rapid.IntRange(0, 3).Draw(t, "kind") == 0 {
		m.Kind, m.MaxTotal, m.MaxCount = terms.Installment, 1500, 0
		m.Items = rapid.SliceOfN(rapid.Int64Range(1, 500), 1, 3).Draw(t, "items")
		return m
	}
	switch rapid.IntRange(0, 3).Draw(t, "amount rule") {
	case 1:
		m.Amount.Exact = 500
	case 2:
		m.Amount.Max = 600
	case 3:
		m.Amount.Min, m.Amount.Max = 200, 600
	}
	if rapid.IntRange(0, 3).Draw(t, "limited") > 0 {
		m.Period = drawPeriod(t)
	}
	return m
}

func TestPermit_AgreesWithTheModel(t *testing.T) {
	refusals := map[terms.Refusal]int{}
	compare(t, func(t *rapid.T) {
		m := drawTerms(t)
		if p := m.Validate(); p != nil {
			t.Fatalf("the terms are refused: %v", p)
		}
		loc := modelZone(m)
		at := times(t, loc)
		usual := rapid.Just[int64](500)
		amount := rapid.OneOf(usual, usual, rapid.Int64Range(-1, 700)).Draw(t, "amount")
		var made []charge
		for range rapid.IntRange(0, 4).Draw(t, "made") {
			charged := rapid.OneOf(rapid.Just[int64](400), rapid.Int64Range(1, 400))
			c := charge{at: times(t, loc), amount: charged.Draw(t, "charged")}
			if rapid.Bool().Draw(t, "close") {
				c.at = at.Add(time.Duration(rapid.Int64Range(-40, 40).Draw(t, "days")) * 24 * time.Hour)
			}
			made = append(made, c)
		}
		from, to := m.Window(at)
		var u terms.Use
		for _, c := range made {
			u.Count++
			u.Total += c.amount
			if m.Period != nil && !c.at.Before(from) && c.at.Before(to) {
				u.WindowCount++
				u.WindowTotal += c.amount
			}
		}
		want := modelPermit(m, amount, at, made)
		if got := m.Permit(amount, at, u); got != want {
			t.Fatalf("%+v at %v, made %+v: %q, the model says %q", m, at.In(loc), made, got, want)
		}
		refusals[want]++
	})
	for _, r := range []terms.Refusal{
		"", terms.NotStarted, terms.Ended, terms.WrongAmount, terms.UsedUp, terms.PeriodCount,
		terms.PeriodAmount, terms.TotalAmount,
	} {
		if refusals[r] == 0 {
			t.Errorf("no case ended with %q: %v", r, refusals)
		}
	}
	t.Log(refusals)
}

func TestWindow_AgreesWithTheModel(t *testing.T) {
	compare(t, func(t *rapid.T) {
		m := terms.Terms{Zone: zones.Draw(t, "zone"), Period: drawPeriod(t)}
		loc := modelZone(m)
		at := times(t, loc)
		first, next := modelWindow(m.Period, modelDate(at.In(loc)))
		from, to := m.Window(at)
		if !from.Equal(moment(first, 0, 0, loc)) || !to.Equal(moment(next, 0, 0, loc)) {
			t.Fatalf("%+v at %v: %v to %v, the model says %v to %v", *m.Period, at.In(loc), from, to,
				first, next)
		}
	})
}

func TestSchedule_AgreesWithTheModel(t *testing.T) {
	const asked = 3
	ended := 0
	compare(t, func(t *rapid.T) {
		m := terms.Terms{Zone: zones.Draw(t, "zone")}
		s := terms.Schedule{
			Recurrence: drawRecurrence(t), Start: days.Draw(t, "start"), Amount: 1,
			Hour: hours.Draw(t, "hour"), Minute: rapid.SampledFrom([]int{0, 0, 30, 59}).Draw(t, "minute"),
		}
		if rapid.Bool().Draw(t, "ends") {
			end := calendar[where[s.Start]+rapid.IntRange(0, 800).Draw(t, "length")].date
			if rapid.Bool().Draw(t, "with the mandate") {
				m.Start, m.End = s.Start, end
			} else {
				s.End = end
			}
		}
		after := times(t, modelZone(m))
		want, over := modelTimes(s, m, after, asked)
		if p := s.Validate(m); p != nil && (p.Field != "end" || len(want) > 0) {
			t.Fatalf("the schedule is refused: %v", p)
		}
		at := after
		for i, w := range want {
			got, ok := s.After(at, m)
			if !ok || !got.Equal(w) {
				t.Fatalf("%+v after %v, number %d: %v %v, the model says %v", s, after, i+1, got, ok, w)
			}
			if first, ok := s.First(m, w); !ok || !first.Equal(w) {
				t.Fatalf("%+v first from %v: %v %v", s, w, first, ok)
			}
			at = got
		}
		if over {
			ended++
			if got, ok := s.After(at, m); ok {
				t.Fatalf("%+v in %+v after %v: %v, the model says it is over", s, m, at, got)
			}
		}
	})
	if ended == 0 {
		t.Error("no case came to the end of a schedule")
	}
}
