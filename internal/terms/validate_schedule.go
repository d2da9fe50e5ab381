package terms

import (
	"fmt"
	"slices"
	"time"
)

// Validate returns the first rule that the schedule breaks, or nil: its own, and those that come
// from the terms it is to be charged under, which must be valid.
func (s Schedule) Validate(t Terms) *Problem {
	for _, validate := range []func(Terms) *Problem{
		s.validateRhythm, s.validateDates, s.validateAmount,
	} {
		if p := validate(t); p != nil {
			return p
		}
	}
	if _, ok := s.First(t, time.Time{}); !ok {
		return &Problem{"end", "No charge falls on the days from the start to the end."}
	}
	return nil
}

func (s Schedule) validateRhythm(t Terms) *Problem {
	if p := s.Recurrence.validate(); p != nil {
		return p
	}
	return firstOf(
		check{
			t.Kind == Scheduled && t.Recurrence != nil && !t.Recurrence.same(s.Recurrence), "recurrence",
			"Must be that of the mandate, which is what the payer agrees to.",
		},
		check{s.Hour < 0 || s.Hour > 23, "hour", "Must be 0 to 23."},
		check{s.Minute < 0 || s.Minute > 59, "minute", "Must be 0 to 59."},
	)
}

func (s Schedule) validateDates(t Terms) *Problem {
	return firstOf(
		check{!s.Start.Valid(), "start", "Is required: a day that exists, as YYYY-MM-DD."},
		noDay(s.End, "end"),
		check{!s.End.IsZero() && s.Start.Compare(s.End) > 0, "end", "Must not be before the start."},
		check{
			s.Start.Compare(t.Start) < 0, "start",
			"Must not be before the start of the mandate.",
		},
		check{
			!t.End.IsZero() && s.Start.Compare(t.End) > 0, "start",
			"Must not be after the end of the mandate.",
		},
		check{
			!t.End.IsZero() && s.End.Compare(t.End) > 0, "end",
			"Must not be after the end of the mandate.",
		},
	)
}

func (s Schedule) validateAmount(t Terms) *Problem {
	if s.Amount == 0 && len(t.Items) > 0 {
		return nil // the items in their order
	}
	uneven := slices.ContainsFunc(t.Items, func(item int64) bool { return item != s.Amount })
	return firstOf(
		check{
			s.Amount < 1 || s.Amount > MaxAmount, "amount",
			fmt.Sprintf("Must be between 1 and %d minor units.", MaxAmount),
		},
		check{uneven, "amount", "Must be left out, or that of every item: the items say how much."},
		check{!t.allows(s.Amount), "amount", "Must be an amount that the mandate allows."},
		check{
			t.Period.permit(s.Amount, Use{}) != "", "amount",
			"Must not be more than the mandate allows in one period.",
		},
		check{
			t.MaxTotal > 0 && s.Amount > t.MaxTotal, "amount",
			"Must not be more than the mandate allows in all.",
		},
	)
}
