package terms

import "time"

// Kind says how a mandate is meant to be used.
type Kind string

// The kinds of mandate.
const (
	Scheduled   Kind = "scheduled"   // charges follow the recurrence
	OnDemand    Kind = "on_demand"   // the merchant charges when something was bought
	Installment Kind = "installment" // a sum is paid in parts
)

// Unit is a step of the calendar.
type Unit string

// The units.
const (
	Day   Unit = "day"
	Week  Unit = "week"
	Month Unit = "month"
	Year  Unit = "year"
)

// Terms are what a payer agreed to. The zero Terms allow any amount at any time, any number of
// times. All limits are cumulative.
type Terms struct {
	Kind       Kind        `json:"kind,omitempty"`
	Amount     Amount      `json:"amount,omitzero"`
	Recurrence *Recurrence `json:"recurrence,omitempty"`
	// Start and End are the first and the last day of the mandate, in its zone; zero: no bound.
	Start Date `json:"start,omitzero"`
	End   Date `json:"end,omitzero"`
	// Zone is the IANA name of the zone that dates and periods are meant in; "" is UTC.
	Zone string `json:"zone,omitempty"`
	// MaxCount bounds the charges that succeeded or may yet; 0: no bound.
	MaxCount int64 `json:"max_count,omitempty"`
	// MaxTotal bounds their sum, in minor units; 0: no bound. Installment mandates have one.
	MaxTotal int64 `json:"max_total,omitempty"`
	// Items are the parts of an installment mandate with fixed parts, in minor units and in order.
	Items  []int64 `json:"items,omitempty"`
	Period *Period `json:"period,omitempty"`
}

// Amount bounds one charge, in minor units. Zero fields do not bound; Exact excludes the others.
type Amount struct {
	Exact int64 `json:"exact,omitempty"`
	Min   int64 `json:"min,omitempty"`
	Max   int64 `json:"max,omitempty"`
}

// Recurrence is a rhythm: every Interval units, on the days named. Without On the rhythm follows
// the day it began on. A day that a month does not have is its last day.
type Recurrence struct {
	Unit     Unit  `json:"unit"`
	Interval int64 `json:"interval"` // at least 1
	// Weekdays are those of a weekly rhythm.
	Weekdays []time.Weekday `json:"weekdays,omitempty"`
	// MonthDays are the days of a monthly rhythm, 1 to 31, or negative from the month's end.
	MonthDays []int64 `json:"month_days,omitempty"`
	// Nth, with one weekday, is the nth of them in the month, 1 to 4, or -1 for the last.
	Nth int64 `json:"nth,omitempty"`
	// YearDay is the day of a yearly rhythm, as month and day.
	YearMonth time.Month `json:"year_month,omitempty"`
	YearDay   int64      `json:"year_day,omitempty"`
	// NearestWeekday moves a Saturday to the Friday before and a Sunday to the Monday after, within
	// the month.
	NearestWeekday bool `json:"nearest_weekday,omitempty"`
}

// Period limits what may be charged within one window: the calendar's own, or one that begins on
// the anchor.
type Period struct {
	Unit      Unit  `json:"unit"`
	MaxCount  int64 `json:"max_count,omitempty"`
	MaxAmount int64 `json:"max_amount,omitempty"` // minor units
	// Anchor is the day a window begins on, instead of the calendar's: 1 to 31 of a month, 1
	// (Monday) to 7 of a week; of a year it is the day and AnchorMonth. 0 is the calendar's own.
	Anchor      int64      `json:"anchor,omitempty"`
	AnchorMonth time.Month `json:"anchor_month,omitempty"`
}

// Schedule is when the server itself charges, and how much.
type Schedule struct {
	Recurrence Recurrence `json:"recurrence"`
	Start      Date       `json:"start"`        // the first day a charge may fall on
	End        Date       `json:"end,omitzero"` // the last one; zero: no end
	Hour       int        `json:"hour"`         // local time of day in the zone of the terms
	Minute     int        `json:"minute"`       //
	Amount     int64      `json:"amount"`       // minor units
}

// Use is how far a mandate is used: charges that succeeded or may yet.
type Use struct {
	Count, Total             int64 // in all
	WindowCount, WindowTotal int64 // in the window of the charge that is asked for
}

// Refusal says which term a charge would break.
type Refusal string

// The refusals; the empty one permits.
const (
	NotStarted   Refusal = "mandate_not_started"
	Ended        Refusal = "mandate_expired"
	WrongAmount  Refusal = "amount_outside_mandate"
	UsedUp       Refusal = "max_occurrences_reached"
	PeriodCount  Refusal = "period_count_reached"
	PeriodAmount Refusal = "period_amount_reached"
	TotalAmount  Refusal = "total_amount_reached"
)

// Problem is a rule that terms break. Field is a path in the JSON of Terms or Schedule, such as
// "recurrence.interval" or "period.max_amount".
type Problem struct {
	Field   string
	Message string // a sentence for whoever wrote the terms
}

// Error returns the message.
func (p *Problem) Error() string { return p.Field + ": " + p.Message }
