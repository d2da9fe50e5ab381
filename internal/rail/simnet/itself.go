package simnet

import "time"

// itself is when the payer's bank answers by itself; zero: it does not, or the payer's time is over
// before.
func (r *Record) itself() time.Time {
	asks := r.Scenario.Asks
	if asks.Action == "" || asks.Itself == 0 {
		return time.Time{}
	}
	if at := r.AskedAt.Add(asks.Itself); at.Before(r.answerBy()) {
		return at
	}
	return time.Time{}
}

// asOf is the record as it is at now: with the answer that the payer's bank has given by itself,
// unless somebody was faster.
func (r *Record) asOf(now time.Time) *Record {
	at := r.itself()
	if at.IsZero() || now.Before(at) || r.Answer != NoAnswer || !r.VoidedAt.IsZero() {
		return r
	}
	answered := *r
	answered.Answer, answered.AnsweredAt = Approved, at
	if r.Scenario.Refuses {
		answered.Answer = Rejected
	}
	return &answered
}

// closesAt is when nobody can answer any more.
func (r *Record) closesAt() time.Time {
	if at := r.itself(); !at.IsZero() {
		return at
	}
	return r.answerBy()
}

// planItself is what happens to a payment whose payer says nothing before the bank does.
func (s *Story) planItself(r *Record, at time.Time) Plan {
	p := s.Plan(r.asOf(at))
	if !p.News[0].Equal(at) {
		p.News = append([]time.Time{at}, p.News...)
	}
	return p
}
