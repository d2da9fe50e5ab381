package pay

import (
	"context"
	"slices"
	"time"

	"github.com/kassa-pay/kassa/internal/money"
)

// hardDeclines are those that no later try can change: the mandate is paused at once.
var hardDeclines = []DeclineCode{
	DeclineLostCard, DeclineStolenCard, DeclineFraud, DeclineNotPermitted, DeclineAccountClosed,
	DeclineAccountUnknown, DeclineBankUnsupported,
}

// tries reports whether the payment is the try that the mandate's schedule waits for. One that is
// not active waits for none.
func (m *Mandate) tries(p *Payment) bool {
	return !p.Occurrence.IsZero() && p.Occurrence.Equal(m.NextAt)
}

// scheduledFailed plans the next try of a scheduled charge or, when there is none, pauses the
// mandate.
func (s *Service) scheduledFailed(
	ctx context.Context, tx Tx, c Caller, m *Mandate, p *Payment,
) error {
	days := m.Retry.Days
	m.Failures++
	last := m.Failures > int64(len(days)) || slices.Contains(hardDeclines, p.DeclineCode)
	if !last {
		m.TryAt = s.Now(c).Add(time.Duration(days[m.Failures-1]) * 24 * time.Hour)
	}
	if err := s.moveMandate(ctx, tx, c, m, MandateUse); err != nil {
		return err
	}
	if err := s.emitMandate(ctx, tx, c, m, eventPaymentFailed); err != nil || !last {
		return err
	}
	m.Reason = ByFailures
	return s.moveMandate(ctx, tx, c, m, MandatePause)
}

// ChargeDue makes the scheduled charges whose time has come, and ends mandates whose last day is
// over: one bounded round. One transaction takes the due mandates and writes a payment for each;
// then the payments go to their rails. A node that dies in between leaves payments that the poll
// submits.
func (s *Service) ChargeDue(ctx context.Context) (int, error) {
	if s.admit() != nil {
		return 0, nil // nothing new may begin; what is due stays due
	}
	r, err := s.takeDue(ctx, dueMandates)
	switch {
	case err != nil && r.taken > 1 && !IsKind(err, Unavailable):
		return s.chargeApart(ctx)
	case err != nil && r.taken > 0 && !IsKind(err, Unavailable):
		return r.taken, s.putOff(ctx, r.last, err)
	case err != nil:
		return 0, err
	}
	s.sendOut(ctx, r)
	return r.taken, nil
}

// chargeApart takes due mandates one by one, after a round of several has failed: whatever is wrong
// with one of them must not keep the others from being charged.
func (s *Service) chargeApart(ctx context.Context) (int, error) {
	for n := range dueMandates {
		r, err := s.takeDue(ctx, 1)
		switch {
		case err != nil && r.taken > 0 && !IsKind(err, Unavailable):
			err = s.putOff(ctx, r.last, err)
		case err == nil:
			s.sendOut(ctx, r)
		}
		if err != nil || r.taken == 0 {
			return n, err
		}
	}
	return dueMandates, nil
}

// putOff has a mandate wait that cannot be charged for a reason that nobody foresaw.
func (s *Service) putOff(ctx context.Context, id string, reason error) error {
	s.log.ErrorContext(ctx, "scheduled charge put off", "mandate", id, "error", reason)
	return s.store.Write(ctx, func(ctx context.Context, tx Tx) error {
		m, err := tx.LockMandate(ctx, id)
		if err != nil {
			return err
		}
		m.Version++
		return tx.SwapMandate(ctx, m, s.clock.Now().Add(railPause))
	})
}

// dueRound is what one transaction took of the due mandates.
type dueRound struct {
	taken   int
	last    string // the mandate it came to last
	charges []*dueCharge
	looks   []Mandate // whose agreements are to be looked at
}

// takeDue does what due mandates are due for, in one transaction.
func (s *Service) takeDue(ctx context.Context, limit int) (dueRound, error) {
	var r dueRound
	err := s.store.Write(ctx, func(ctx context.Context, tx Tx) error {
		r = dueRound{}
		due, err := tx.LockDueMandates(ctx, s.clock.Now(), limit)
		if err != nil {
			return err
		}
		r.taken = len(due)
		for i := range due {
			r.last = due[i].ID
			k, err := s.chargeOne(ctx, tx, &due[i], &r)
			if err != nil {
				return err
			}
			if k != nil {
				r.charges = append(r.charges, k)
			}
		}
		return nil
	})
	return r, err
}

// sendOut submits the charges of a round.
func (s *Service) sendOut(ctx context.Context, r dueRound) {
	if r.taken > 0 {
		s.changed("")
	}
	s.together(len(r.charges), func(i int) {
		k := r.charges[i]
		if _, _, err := s.submit(ctx, k.caller, nil, &k.try); err != nil {
			s.log.ErrorContext(ctx, "scheduled charge", "payment", k.payment.ID, "error", err)
		}
	})
	s.together(len(r.looks), func(i int) { s.look(ctx, &r.looks[i]) })
}

// Limits of scheduled charges.
const (
	dueMandates = 32        // per round
	railPause   = time.Hour // for which a charge waits whose rail is not connected
)

// dueCharge is a scheduled charge on its way to the rail.
type dueCharge struct {
	charging
	caller Caller
}

// chargeOne does what a locked mandate is due for. It returns the charge to submit, if any.
func (s *Service) chargeOne(
	ctx context.Context, tx Tx, m *Mandate, r *dueRound,
) (*dueCharge, error) {
	owner, err := tx.Merchant(ctx, m.MerchantID)
	if err != nil {
		return nil, err
	}
	c := callerOf(m.Scope(), owner)
	now := s.Now(c)
	end := m.Terms.EndsAt()
	switch {
	case !m.LookAt.IsZero() && !now.Before(m.LookAt):
		m.LookAt = m.nextLook(now)
		r.looks = append(r.looks, *m)
		return nil, s.moveMandate(ctx, tx, c, m, MandateUse)
	case m.State.live() && !end.IsZero() && !now.Before(end):
		return nil, s.moveMandate(ctx, tx, c, m, MandateExpire)
	case m.TryAt.IsZero() || now.Before(m.TryAt):
		return nil, s.moveMandate(ctx, tx, c, m, MandateUse) // its due time was not its own
	}
	return s.tryCharge(ctx, tx, c, m)
}

// tryCharge writes the payment of a mandate's scheduled charge. What the terms forbid is skipped.
func (s *Service) tryCharge(
	ctx context.Context, tx Tx, c Caller, m *Mandate,
) (*dueCharge, error) {
	k := &dueCharge{caller: c, charging: charging{
		ChargeRequest: ChargeRequest{
			Family: m.Family, IDPrefix: sessionPrefix[m.Family], Capture: CaptureAutomatic,
			Amount: money.Amount{
				Minor: m.Due(), Currency: m.Currency,
			},
		},
		withSession: sessionPrefix[m.Family] != "", occurrence: m.NextAt, attempt: m.Failures + 1,
	}}
	m.TryAt = time.Time{}
	err := s.enlist(ctx, tx, c, &k.charging, m)
	switch {
	case IsKind(err, Unavailable): // our side's fault, not the payer's: nothing is lost by waiting
		m.TryAt = s.Now(c).Add(railPause)
		return nil, s.moveMandate(ctx, tx, c, m, MandateUse)
	case !IsKind(err, State):
		return k, err
	}
	m.next(m.NextAt)
	if err := s.moveMandate(ctx, tx, c, m, MandateUse); err != nil {
		return nil, err
	}
	skipped := *m
	skipped.Reason = AsError(err).Code
	return nil, s.emitMandate(ctx, tx, c, &skipped, eventChargeSkipped)
}

// sessionPrefix says in which families a scheduled charge is a session too, and how its id begins.
var sessionPrefix = map[string]string{"collect": "ps"}
