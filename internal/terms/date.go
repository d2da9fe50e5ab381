package terms

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// Date is a day of the Gregorian calendar, without a time or a zone. The zero Date is no day.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

const (
	maxYear = 9999 // the last one that is written with four digits

	dateFormat = "2006-01-02" // as people read it; parsing is ours
	dateLength = len(dateFormat)

	monthsInYear = 12
	daysInWeek   = 7

	// The calendar repeats itself after 400 years. Counting in years that begin on the first of
	// March puts the leap day at the end of a year, where it disturbs nothing.
	daysInEra  = 146097
	yearsInEra = 400
	// daysToEpoch are those from 1 March of the year 0 to 1 January 1970, a Thursday.
	daysToEpoch = 719468
)

var errDate = errors.New("a date has the form YYYY-MM-DD and names a day that exists")

// IsZero reports whether d is no day.
func (d Date) IsZero() bool { return d == Date{} }

// Valid reports whether d is a day that exists, in the years 1 to 9999.
func (d Date) Valid() bool {
	return d.Year >= 1 && d.Year <= maxYear && d.Month >= time.January && d.Month <= time.December &&
		d.Day >= 1 && d.Day <= daysIn(d.Year, d.Month)
}

// DateOf returns the day on which t falls in its location.
func DateOf(t time.Time) Date {
	year, month, day := t.Date()
	return Date{Year: year, Month: month, Day: day}
}

// ParseDate reads YYYY-MM-DD and nothing else.
func ParseDate(s string) (Date, error) {
	if len(s) != dateLength {
		return Date{}, errDate
	}
	var numbers [3]int
	field := 0
	for i := range dateLength {
		switch c := s[i]; {
		case i == 4 || i == 7:
			if c != '-' {
				return Date{}, errDate
			}
			field++
		case c < '0' || c > '9':
			return Date{}, errDate
		default:
			numbers[field] = numbers[field]*10 + int(c-'0')
		}
	}
	d := Date{Year: numbers[0], Month: time.Month(numbers[1]), Day: numbers[2]}
	if !d.Valid() {
		return Date{}, errDate
	}
	return d, nil
}

// String writes the day as 2006-01-02, and no day as nothing.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, int(d.Month), d.Day)
}

// MarshalText writes the day as 2006-01-02, and no day as nothing.
func (d Date) MarshalText() ([]byte, error) {
	if !d.IsZero() && !d.Valid() {
		return nil, errDate
	}
	return []byte(d.String()), nil
}

// UnmarshalText reads what MarshalText wrote.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	day, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = day
	return nil
}

// Compare is negative when d is before e, positive when it is after, and 0 on the same day.
func (d Date) Compare(e Date) int {
	return cmp.Or(
		cmp.Compare(d.Year, e.Year), cmp.Compare(d.Month, e.Month), cmp.Compare(d.Day, e.Day),
	)
}

// AddDays returns the day n days later.
func (d Date) AddDays(n int64) Date { return dayNumber(d.number() + n) }

// AddMonths returns the same day n months later, or the last day of that month when it has no such
// day. To step through months, add to the day you began on: the result may have lost days.
func (d Date) AddMonths(n int64) Date {
	m := monthNumber(d) + n
	return monthOf(m).on(int64(d.Day))
}

// Weekday returns the day of the week.
func (d Date) Weekday() time.Weekday {
	return time.Weekday(floorMod(d.number()+int64(time.Thursday), daysInWeek))
}

// on returns the day of d's month, or its last day when the month is shorter.
func (d Date) on(day int64) Date {
	return Date{Year: d.Year, Month: d.Month, Day: int(min(day, int64(daysIn(d.Year, d.Month))))}
}

// number counts days from 1 January 1970.
func (d Date) number() int64 {
	month := (int64(d.Month) + 9) % monthsInYear // March is 0
	year := int64(d.Year)
	if d.Month <= time.February {
		year--
	}
	era := floorDiv(year, yearsInEra)
	inEra := year - era*yearsInEra
	inYear := (153*month+2)/5 + int64(d.Day) - 1 // five months from March have 153 days
	days := inEra*365 + inEra/4 - inEra/100 + inYear
	return era*daysInEra + days - daysToEpoch
}

// dayNumber is the inverse of number.
func dayNumber(n int64) Date {
	n += daysToEpoch
	era := floorDiv(n, daysInEra)
	days := n - era*daysInEra
	inEra := (days - days/1460 + days/36524 - days/146096) / 365 // less the leap days so far
	inYear := days - (inEra*365 + inEra/4 - inEra/100)
	month := (5*inYear + 2) / 153
	d := Date{
		Year:  int(era*yearsInEra + inEra),
		Month: time.Month((month+2)%monthsInYear + 1),
		Day:   int(inYear - (153*month+2)/5 + 1),
	}
	if d.Month <= time.February {
		d.Year++
	}
	return d
}

// monthNumber counts months from January of the year 0.
func monthNumber(d Date) int64 { return int64(d.Year)*monthsInYear + int64(d.Month) - 1 }

// monthOf is the first day of the month with that number.
func monthOf(n int64) Date {
	return Date{
		Year:  int(floorDiv(n, monthsInYear)),
		Month: time.Month(floorMod(n, monthsInYear) + 1),
		Day:   1,
	}
}

// monday returns the Monday of d's week.
func (d Date) monday() Date { return d.AddDays(1 - isoWeekday(d.Weekday())) }

// isoWeekday counts from Monday, 1, to Sunday, 7.
func isoWeekday(w time.Weekday) int64 { return (int64(w)+daysInWeek-1)%daysInWeek + 1 }

func leap(year int) bool { return year%4 == 0 && (year%100 != 0 || year%yearsInEra == 0) }

func daysIn(year int, month time.Month) int {
	switch month {
	case time.April, time.June, time.September, time.November:
		return 30
	case time.February:
		if leap(year) {
			return 29
		}
		return 28
	default:
		return 31
	}
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func floorMod(a, b int64) int64 { return a - floorDiv(a, b)*b }
