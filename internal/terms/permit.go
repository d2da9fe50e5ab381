package terms

import "time"

// EndsAt returns the first moment after the last day, or the zero time without one.
func (t Terms) EndsAt() time.Time {
	if t.End.IsZero() {
		return time.Time{}
	}
	return midnight(t.End.AddDays(1), t.Location())
}

// Permit says which term a charge at that time would break, or "" when it may be made.
func (t Terms) Permit(amount int64, at time.Time, u Use) Refusal {
	end := t.EndsAt()
	switch {
	case !t.Start.IsZero() && at.Before(midnight(t.Start, t.Location())):
		return NotStarted
	case !end.IsZero() && !at.Before(end):
		return Ended
	case !t.allows(amount):
		return WrongAmount
	case t.countSpent(u):
		return UsedUp
	}
	if refusal := t.Period.permit(amount, u); refusal != "" {
		return refusal
	}
	if t.MaxTotal > 0 && amount > t.MaxTotal-u.Total {
		return TotalAmount
	}
	return ""
}

// SpentBy reports whether no charge can follow, whenever it is asked for: the charges are used up,
// or what is left of the sum is less than the smallest charge allowed.
func (t Terms) SpentBy(u Use) bool {
	least := max(t.Amount.Exact, t.Amount.Min, 1)
	return t.countSpent(u) || t.MaxTotal > 0 && t.MaxTotal-u.Total < least
}

func (t Terms) countSpent(u Use) bool {
	parts := int64(len(t.Items))
	return t.MaxCount > 0 && u.Count >= t.MaxCount || parts > 0 && u.Count >= parts
}

// allows reports whether one charge may have that amount, whatever was charged before.
func (t Terms) allows(amount int64) bool {
	a := t.Amount
	most := t.largestItem()
	return amount > 0 &&
		(a.Exact == 0 || amount == a.Exact) &&
		amount >= a.Min && (a.Max == 0 || amount <= a.Max) &&
		(most == 0 || amount <= most)
}

// largestItem bounds the charges of an installment mandate with fixed parts; 0 without parts.
func (t Terms) largestItem() int64 {
	var most int64
	for _, item := range t.Items {
		most = max(most, item)
	}
	return most
}

func (p *Period) permit(amount int64, u Use) Refusal {
	switch {
	case p == nil:
		return ""
	case p.MaxCount > 0 && u.WindowCount >= p.MaxCount:
		return PeriodCount
	case p.MaxAmount > 0 && amount > p.MaxAmount-u.WindowTotal:
		return PeriodAmount
	}
	return ""
}
