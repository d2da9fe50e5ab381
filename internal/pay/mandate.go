package pay

import (
	"context"
	"slices"
	"time"
)

// DefaultRetry is how a scheduled charge is tried again when its mandate does not say.
var DefaultRetry = Retry{Days: []int64{1, 3, 5}}

// mandateEvents names the event of each signal; MandateUse has none.
var mandateEvents = map[MandateSignal]string{
	MandatePause: "mandate.paused", MandateResume: "mandate.resumed",
	MandateCancel: "mandate.canceled", MandateExpire: "mandate.expired",
	MandateComplete: "mandate.completed",
}

// Events of a mandate that leave its state as it is, and the one of its beginning.
const (
	eventMandateActive = "mandate.active"
	eventPaymentFailed = "mandate.payment_failed"
	eventChargeSkipped = "mandate.charge_skipped"
	eventMandateMoved  = "mandate.updated" // it draws on another account
	eventMethodMoved   = "method.updated"
)

// Mandate returns one of the caller's mandates.
func (s *Service) Mandate(ctx context.Context, c Caller, id string) (Mandate, error) {
	return s.store.Mandate(ctx, c.Scope, id)
}

// Mandates lists the caller's mandates, newest first, and says whether there are more.
func (s *Service) Mandates(
	ctx context.Context, c Caller, f MandateFilter,
) ([]Mandate, bool, error) {
	return list(ctx, c, &f.Page, s.store.Mandate, func() ([]Mandate, error) {
		return s.store.Mandates(ctx, c.Scope, f)
	})
}

// CancelMandate ends a mandate for its merchant: no charge follows. One in flight is brought to its
// end.
func (s *Service) CancelMandate(
	ctx context.Context, c Caller, o *Once[Mandate], id string,
) (Mandate, Reply, error) {
	return s.end(ctx, c, o, id, ByMerchant)
}

// PauseMandate holds a mandate's charges until it is resumed.
func (s *Service) PauseMandate(
	ctx context.Context, c Caller, o *Once[Mandate], id string,
) (Mandate, Reply, error) {
	return s.command(ctx, c, o, id, order{
		instruction: AgreementSuspend, may: (*Mandate).mayPause,
		done: func(m *Mandate) bool { return m.State == MandatePaused },
		do: func(ctx context.Context, tx Tx, c Caller, m *Mandate) error {
			m.Reason = ByMerchant
			return s.moveMandate(ctx, tx, c, m, MandatePause)
		},
	})
}

// ResumeMandate lets a paused mandate be charged again. Scheduled charges that fell into the pause
// are skipped, and so is one that had failed before it.
func (s *Service) ResumeMandate(
	ctx context.Context, c Caller, o *Once[Mandate], id string,
) (Mandate, Reply, error) {
	m, reply, err := s.command(ctx, c, o, id, order{
		instruction: AgreementRelease, may: (*Mandate).mayResume, do: s.resume,
		done: func(m *Mandate) bool { return m.State == MandateActive },
	})
	if err == nil {
		s.wake(WorkMandates)
	}
	return m, reply, err
}

// resume lets a locked, paused mandate be charged again.
func (s *Service) resume(ctx context.Context, tx Tx, c Caller, m *Mandate) error {
	m.Reason, m.NetworkCode = "", ""
	m.next(latest(s.Now(c), m.UpdatedAt))
	if err := s.moveMandate(ctx, tx, c, m, MandateResume); err != nil {
		return err
	}
	return s.completeIfSpent(ctx, tx, c, m)
}

func (m *Mandate) mayPause() error {
	if m.State != MandateActive {
		return Errorf(State, "mandate_not_active",
			"Only an active mandate can be paused; this one is %s.", m.State)
	}
	return nil
}

func (m *Mandate) mayResume() error {
	if m.State != MandatePaused {
		return Errorf(State, "mandate_not_paused",
			"Only a paused mandate can be resumed; this one is %s.", m.State)
	}
	return nil
}

func (m *Mandate) mayCancel() error {
	if !m.State.live() {
		return Errorf(State, "mandate_not_cancelable",
			"Only an active or paused mandate can be canceled; this one is %s.", m.State)
	}
	return nil
}

// latest is the later of two times: another node's clock may be ahead of ours.
func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// order is a wish about a mandate.
type order struct {
	// instruction is what it means for the agreement at the bank, where there is one.
	instruction Instruction
	// may says why the mandate is not in a state for it, and done whether it is in the state that is
	// wished for.
	may  func(*Mandate) error
	done func(*Mandate) bool
	// key is the caller's, which is still to be taken; nil: there is none, or it is taken.
	key *ticket
	// told is what the bank has answered to the instruction.
	told *Agreement
	// do carries it out on the locked mandate, which may.
	do func(ctx context.Context, tx Tx, c Caller, m *Mandate) error
}

// end ends a mandate for whoever by is.
func (s *Service) end(
	ctx context.Context, c Caller, o *Once[Mandate], id, by string,
) (Mandate, Reply, error) {
	return s.command(ctx, c, o, id, order{
		instruction: AgreementCancel, may: (*Mandate).mayCancel, do: s.cancelMandate(by),
		done: func(m *Mandate) bool { return !m.State.live() },
	})
}

// command runs a wish about one of a merchant's mandates. If the mandate stands on an agreement at
// a bank, the bank is told first.
func (s *Service) command(
	ctx context.Context, c Caller, o *Once[Mandate], id string, x order,
) (Mandate, Reply, error) {
	var reply Reply
	var found bool
	var err error
	x.told, reply, found, err = s.tell(ctx, c, o, id, x)
	if found || err != nil {
		return Mandate{}, reply, err
	}
	work := func(ctx context.Context, tx Tx) (Mandate, string, error) {
		if _, err := tx.Mandate(ctx, c.Scope, id); err != nil {
			return Mandate{}, "", err
		}
		m, err := s.carryOut(ctx, tx, c, id, x)
		return m, m.ID, err
	}
	write := atomically[Mandate]
	if x.told != nil {
		write = atLast[Mandate] // the key was taken before the bank was told
	}
	m, reply, err := write(ctx, s, c, o, work)
	if err == nil && !reply.Replayed {
		s.changed("")
	}
	return m, reply, err
}

func (s *Service) cancelMandate(by string) func(context.Context, Tx, Caller, *Mandate) error {
	return func(ctx context.Context, tx Tx, c Caller, m *Mandate) error {
		if err := m.mayCancel(); err != nil {
			return err
		}
		m.Reason = by
		return s.moveMandate(ctx, tx, c, m, MandateCancel)
	}
}

// live reports whether charges under the mandate may follow, now or later.
func (s MandateState) live() bool { return s == MandateActive || s == MandatePaused }

// moveMandate is the only way a mandate changes. Who calls it has locked the mandate. A mandate
// that is not active has nothing planned.
func (s *Service) moveMandate(
	ctx context.Context, tx Tx, c Caller, m *Mandate, signal MandateSignal,
) error {
	next, ok := m.State.Next(signal)
	if !ok {
		return Errorf(Internal, "mandate_stuck", "mandate %s: no way from %s by %s", m.ID, m.State,
			signal)
	}
	m.State, m.UpdatedAt = next, s.Now(c)
	m.Version++
	if next != MandateActive {
		m.NextAt, m.TryAt = time.Time{}, time.Time{}
	}
	if m.Payto != nil && signal != MandateUse && !next.live() {
		m.LookAt = m.UpdatedAt.Add(lookSoon) // its agreement is to end too
		m.Proposal = nil
	}
	if err := tx.SwapMandate(ctx, *m, m.dueAt(c)); err != nil {
		return err
	}
	if signal == MandateUse {
		return nil
	}
	return s.emitMandate(ctx, tx, c, m, mandateEvents[signal])
}

func (s *Service) emitMandate(
	ctx context.Context, tx Tx, c Caller, m *Mandate, what string,
) error {
	return s.emit(ctx, tx, c, Event{
		Type: what, Kind: ObjectMandate, ObjectID: m.ID, Sequence: m.Version, Family: m.Family,
		Hook: m.Hook,
	}, m)
}

// dueAt is the server time at which the mandate has to be looked at: for its next try, because its
// last day is over, or to see what has become of its agreement. Zero: never.
func (m *Mandate) dueAt(c Caller) time.Time {
	var due time.Time
	times := []time.Time{m.LookAt}
	if m.State.live() {
		times = append(times, m.TryAt, m.Terms.EndsAt())
	}
	for _, t := range times {
		if !t.IsZero() && (due.IsZero() || t.Before(due)) {
			due = t
		}
	}
	if due.IsZero() {
		return due
	}
	return serverTime(c, due)
}

// next plans the first scheduled charge after the time, with all its tries before it.
func (m *Mandate) next(after time.Time) {
	m.Failures, m.NextAt = 0, time.Time{}
	if m.Schedule != nil {
		if at, ok := m.Schedule.After(after, m.Terms); ok {
			m.NextAt = at.UTC()
		}
	}
	m.TryAt = m.NextAt
}

// credit records on a session what its payment has brought besides money: a saved method, and the
// mandate of a first session.
func (s *Service) credit(
	ctx context.Context, tx Tx, c Caller, p *Payment, ses *Session,
) (replaced *SavedMethod, err error) {
	counted := p.MandateID
	if replaced, err = s.grantIn(ctx, tx, c, p, ses); err != nil || p.MandateID == counted {
		return replaced, err
	}
	p.Version++
	return replaced, tx.SwapPayment(ctx, *p, s.nextPoll(c, p, s.Now(c)))
}

// newMandate is the mandate that the payment of a first session gives.
func (s *Service) newMandate(c Caller, p *Payment, ses *Session) Mandate {
	now := s.Now(c)
	m := Mandate{
		ID: s.ids.ID("mdt", now), MerchantID: ses.MerchantID, Mode: ses.Mode, Family: ses.Family,
		CustomerID: ses.CustomerID, MethodID: ses.MethodID, SessionID: ses.ID,
		State: MandateActive, Version: 1, Currency: ses.Amount.Currency, Terms: *ses.Offer.Terms,
		Consent: ses.Offer.Consent, Schedule: ses.Offer.Schedule, Retry: ses.Offer.Retry,
		Echo: ses.Echo, Hook: ses.Offer.Hooks[ObjectMandate], CreatedAt: now, UpdatedAt: now,
	}
	if p.Agreement != "" {
		m.Payto, m.Terms, m.LookAt = p.Payto, agreementTerms(ses, true), now.Add(lookPause)
	}
	if m.Retry.Days == nil {
		m.Retry.Days = slices.Clone(DefaultRetry.Days)
	}
	m.next(now)
	return m
}
