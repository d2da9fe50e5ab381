package terms

import "time"

// Date is a day of the Gregorian calendar, without a time or a zone. The zero Date is no day.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// IsZero reports whether d is no day.
func (d Date) IsZero() bool { return d == Date{} }
