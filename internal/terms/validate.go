package terms

import (
	"fmt"
	"slices"
	"time"
)

// Limits of what terms may say.
const (
	MaxAmount   int64 = 1_000_000_000_000     // of one charge, in minor units
	MaxSum      int64 = 1_000_000_000_000_000 // of all charges, or those of a period
	MaxCharges  int64 = 1_000_000
	MaxInterval int64 = 366
	MaxItems          = 366

	maxMonthDay int64 = 31
	maxNth      int64 = 4
)

// A check is one rule with the field it is about; broken says that it does not hold.
type check struct {
	broken  bool
	field   string
	message string
}

// firstOf returns the first rule that is broken.
func firstOf(checks ...check) *Problem {
	for _, c := range checks {
		if c.broken {
			return &Problem{Field: c.field, Message: c.message}
		}
	}
	return nil
}

// Validate returns the first rule that the terms break, or nil.
func (t Terms) Validate() *Problem {
	for _, validate := range []func() *Problem{
		t.validateKind, t.Amount.validate, t.validateRecurrence, t.validateDates, t.validateTotals,
		t.validateItems, t.validatePeriod,
	} {
		if p := validate(); p != nil {
			return p
		}
	}
	return nil
}

func (t Terms) validateKind() *Problem {
	kinds := []Kind{"", Scheduled, OnDemand, Installment}
	_, zoned := location(t.Zone)
	return firstOf(
		check{!slices.Contains(kinds, t.Kind), "kind", "Must be scheduled, on_demand or installment."},
		check{!zoned, "zone", "Must be UTC or the IANA name of a time zone, such as Africa/Accra."},
	)
}

func (a Amount) validate() *Problem {
	return firstOf(
		outside(a.Exact, MaxAmount, "amount.exact"),
		outside(a.Min, MaxAmount, "amount.min"),
		outside(a.Max, MaxAmount, "amount.max"),
		check{
			a.Exact > 0 && (a.Min > 0 || a.Max > 0), "amount.exact",
			"Cannot be combined with a minimum or a maximum: leave out one or the other.",
		},
		check{
			a.Max > 0 && a.Min > a.Max, "amount.min",
			"Must not be more than the maximum.",
		},
	)
}

// outside is the rule that a number that may be left out is neither negative nor too large.
func outside(n, most int64, field string) check {
	return check{
		n < 0 || n > most, field,
		fmt.Sprintf("Must be between 1 and %d, or left out.", most),
	}
}

func (t Terms) validateRecurrence() *Problem {
	if t.Recurrence == nil {
		return firstOf(check{
			t.Kind == Scheduled, "recurrence",
			"Is required for a scheduled mandate: say how often it is charged.",
		})
	}
	return t.Recurrence.validate()
}

func (t Terms) validateDates() *Problem {
	return firstOf(
		noDay(t.Start, "start"),
		noDay(t.End, "end"),
		check{
			!t.Start.IsZero() && !t.End.IsZero() && t.Start.Compare(t.End) > 0, "end",
			"Must not be before the start.",
		},
	)
}

// noDay is the rule that a date that is given exists.
func noDay(d Date, field string) check {
	return check{!d.IsZero() && !d.Valid(), field, "Must be a day that exists, as YYYY-MM-DD."}
}

func (t Terms) validateTotals() *Problem {
	least := max(t.Amount.Exact, t.Amount.Min)
	return firstOf(
		outside(t.MaxCount, MaxCharges, "max_count"),
		outside(t.MaxTotal, MaxSum, "max_total"),
		check{
			t.Kind == Installment && t.MaxTotal == 0, "max_total",
			"Is required for an installment mandate: say what the parts add up to.",
		},
		check{
			t.MaxTotal > 0 && t.MaxTotal < least, "max_total",
			"Must not be less than one charge.",
		},
	)
}

func (t Terms) validateItems() *Problem {
	var sum int64
	for i, item := range t.Items[:min(len(t.Items), MaxItems)] {
		if item < 1 || item > MaxAmount {
			return &Problem{Field: "items", Message: fmt.Sprintf(
				"Item %d must be between 1 and %d minor units.", i+1, MaxAmount)}
		}
		sum += item
	}
	given := t.Items != nil
	return firstOf(
		check{given && t.Kind != Installment, "items", "Are for installment mandates only."},
		check{given && len(t.Items) == 0, "items", "Must not be empty: name the parts, or leave it out."},
		check{len(t.Items) > MaxItems, "items", fmt.Sprintf("Must be at most %d.", MaxItems)},
		check{
			given && t.Amount != Amount{}, "items",
			"Cannot be combined with an amount: the items say how much.",
		},
		check{sum > t.MaxTotal && given, "items", "Must not add up to more than the total."},
		check{
			given && t.MaxCount > 0 && t.MaxCount < int64(len(t.Items)), "max_count",
			"Must not be less than the number of items.",
		},
	)
}

func (t Terms) validatePeriod() *Problem {
	p := t.Period
	if p == nil {
		return nil
	}
	if t.Kind == Installment {
		return &Problem{"period", "Does not apply to an installment mandate: its total is the limit."}
	}
	one := max(t.Amount.Exact, t.Amount.Min, t.Amount.Max)
	if found := firstOf(
		check{!p.Unit.known(), "period.unit", unitMessage},
		outside(p.MaxCount, MaxCharges, "period.max_count"),
		outside(p.MaxAmount, MaxSum, "period.max_amount"),
		check{p.MaxCount == 0 && p.MaxAmount == 0, "period", "Must limit the count, the amount or both."},
		check{
			p.MaxAmount > 0 && p.MaxAmount < one, "period.max_amount",
			"Must not be less than the amount of one charge.",
		},
	); found != nil {
		return found
	}
	return p.validateAnchor()
}

func (p *Period) validateAnchor() *Problem {
	most := map[Unit]int64{Week: daysInWeek, Month: maxMonthDay, Year: maxMonthDay}[p.Unit]
	yearly := p.Unit == Year
	return firstOf(
		check{
			p.Anchor < 0 || p.Anchor > most, "period.anchor",
			"Must be 1 to 31 for a month or a year, 1 (Monday) to 7 for a week, and left out for a day.",
		},
		check{p.AnchorMonth != 0 && !yearly, "period.anchor_month", "Is for yearly periods only."},
		check{
			p.AnchorMonth < 0 || p.AnchorMonth > time.December, "period.anchor_month",
			"Must be 1 (January) to 12.",
		},
		check{
			yearly && (p.Anchor == 0) != (p.AnchorMonth == 0), "period.anchor_month",
			"A yearly period is anchored on a month and a day: name both, or neither.",
		},
		check{yearly && p.Anchor > longest(p.AnchorMonth), "period.anchor", longestMessage},
	)
}

const (
	unitMessage    = "Must be day, week, month or year."
	longestMessage = "Must be a day that the month has, in a leap year at least."
)

func (u Unit) known() bool { return slices.Contains([]Unit{Day, Week, Month, Year}, u) }

// longest returns how many days a month has in a leap year; 31 for no month.
func longest(m time.Month) int64 { return int64(daysIn(yearsInEra, m)) }
