package pay

import (
	"context"
	"fmt"
	"time"
)

// apply moves a payment to what the rail says of it, and its session with it, in one transaction.
// The page, a notification, the poll and the API all end here, so that exactly one of them
// completes a session; the others find nothing left to change. An answer that says nothing new
// changes nothing.
func (s *Service) apply(ctx context.Context, c Caller, id string, out Outcome) (Payment, error) {
	return s.applyThen(ctx, c, id, out, func(context.Context, Tx, *Payment) error { return nil })
}

// applyThen applies an outcome and runs then in the same transaction. The zero outcome, unknown,
// changes nothing.
func (s *Service) applyThen(
	ctx context.Context, c Caller, id string, out Outcome,
	then func(context.Context, Tx, *Payment) error,
) (Payment, error) {
	var p Payment
	var changed bool
	err := s.store.Write(ctx, func(ctx context.Context, tx Tx) (err error) {
		if p, err = tx.LockPayment(ctx, id); err != nil {
			return err
		}
		if changed, err = s.settle(ctx, tx, c, &p, out); err != nil {
			return err
		}
		return then(ctx, tx, &p)
	})
	if err == nil && changed {
		s.changed(p.SessionID)
	}
	return p, err
}

// settle applies an outcome to a locked payment and reports whether anything changed.
func (s *Service) settle(
	ctx context.Context, tx Tx, c Caller, p *Payment, out Outcome,
) (bool, error) {
	now := s.Now(c)
	signal, ok := s.signalOf(p, out, now)
	if !ok {
		return false, nil
	}
	next, ok := p.State.Next(signal)
	if !ok {
		return false, nil
	}
	before := *p
	s.absorb(p, next, out, now)
	if err := s.movePayment(ctx, tx, c, p, next); err != nil {
		return false, err
	}
	if err := s.book(ctx, tx, c, &before, p); err != nil {
		return false, err
	}
	switch next {
	case PaymentReview:
		s.log.ErrorContext(ctx, "payment needs a person: the network cannot say what became of it",
			"payment", p.ID, "rail", p.Rail)
	case PaymentLate:
		return true, s.returnLateMoney(ctx, tx, c, p)
	}
	return true, s.follow(ctx, tx, c, p)
}

// signalOf reads an outcome in the light of what we asked for and how long ago.
func (s *Service) signalOf(p *Payment, out Outcome, now time.Time) (PaymentSignal, bool) {
	switch out.Kind {
	case OutcomeAction:
		return PaymentAct, true
	case OutcomeAuthorised, OutcomePaid:
		if out.Amount.Currency != p.Amount.Currency || !s.plausible(p, out) {
			s.log.Error("rail reports another amount than was asked for", "payment", p.ID,
				"asked", p.Amount.String(), "reported", out.Amount.String())
			return PaymentDoubt, true
		}
		if out.Kind == OutcomeAuthorised {
			return PaymentAuthorise, true
		}
		return PaymentPay, true
	case OutcomeReceived:
		return s.received(p, out)
	case OutcomeDeclined:
		return PaymentFail, true
	case OutcomeCanceled:
		return PaymentCancel, true
	case OutcomeWaiting:
		if s.overdue(p, now) {
			return PaymentDoubt, true
		}
		return PaymentWait, true
	case OutcomeNotFound:
		return s.notFound(p, now)
	}
	return 0, false
}

// received compares what a transfer has brought with what was asked for. Money that we have counted
// already says nothing new; money for a payment given up is late, however much it is.
func (s *Service) received(p *Payment, out Outcome) (PaymentSignal, bool) {
	got := out.Amount.Minor
	switch {
	case out.Amount.Currency != p.Amount.Currency:
		return PaymentDoubt, true
	case got <= p.Received:
		return 0, false
	case p.State == PaymentFailed || p.State == PaymentCanceled:
		return PaymentPay, true
	case p.State == PaymentPaid || p.State == PaymentLate || got > p.Amount.Minor:
		return PaymentExcess, true
	case got < p.Amount.Minor:
		return PaymentShort, true
	}
	return PaymentPay, true
}

// plausible reports whether the amount is the one we asked for, or the part of a held one that we
// captured.
func (s *Service) plausible(p *Payment, out Outcome) bool {
	if p.Capturing > 0 && out.Kind == OutcomePaid {
		return out.Amount.Minor == p.Capturing
	}
	return out.Amount.Minor == p.Amount.Minor
}

// notFound is final only after the rail's own window: before it, the submission may still arrive.
// Nothing was moved then, so the payment is canceled and the buyer can try again.
func (s *Service) notFound(p *Payment, now time.Time) (PaymentSignal, bool) {
	rail, ok := s.railNamed(p.Rail)
	if !ok || p.State != PaymentCreated ||
		now.Sub(p.CreatedAt) < rail.Facts().NotFoundFinalAfter {
		return 0, false
	}
	return PaymentCancel, true
}

func (s *Service) overdue(p *Payment, now time.Time) bool {
	rail, ok := s.railNamed(p.Rail)
	return ok && now.Sub(p.CreatedAt) >= rail.Facts().ReviewAfter
}

// absorb takes over what the outcome says beyond the state.
func (s *Service) absorb(p *Payment, next PaymentState, out Outcome, now time.Time) {
	if out.Reference != "" {
		p.RailReference = out.Reference
	}
	if out.Transfer != nil {
		p.Transfer = out.Transfer
	}
	if out.Kind == OutcomeReceived {
		p.Received = out.Amount.Minor
	}
	p.Action, p.ActionURL = out.Action, out.ActionURL
	switch next {
	case PaymentFailed:
		p.DeclineCode = out.Decline
	case PaymentCanceled:
		if out.Kind == OutcomeNotFound {
			p.DeclineCode = DeclineNotSubmitted
		}
	case PaymentPaid:
		p.Captured, p.Capturing = out.Amount.Minor, 0
	case PaymentLate:
		p.Captured, p.LateAt = out.Amount.Minor, now
	}
}

// movePayment writes a payment's new state with its event and its next due time.
func (s *Service) movePayment(
	ctx context.Context, tx Tx, c Caller, p *Payment, next PaymentState,
) error {
	now := s.Now(c)
	p.State, p.UpdatedAt = next, now
	p.Version++
	if err := tx.SwapPayment(ctx, *p, s.nextPoll(c, p, now)); err != nil {
		return err
	}
	return s.emitPayment(ctx, tx, c, p)
}

// nextPoll says when to ask the rail again: soon at first, then ever more rarely; never once the
// outcome is final. A held amount is let go when its time is over.
func (s *Service) nextPoll(c Caller, p *Payment, now time.Time) time.Time {
	switch {
	case p.State == PaymentAuthorised && p.Capturing == 0:
		return serverTime(c, p.UpdatedAt.Add(AuthorisationTTL))
	case p.State.undecided():
		pause := 2 * time.Second << min(p.PollCount, 12)
		return serverTime(c, now.Add(min(pause, maxPoll)))
	}
	return time.Time{}
}

// follow moves the session to where its payment has gone.
func (s *Service) follow(ctx context.Context, tx Tx, c Caller, p *Payment) error {
	var signal SessionSignal
	switch p.State {
	case PaymentPaid, PaymentAuthorised:
		signal = SessionSettle
	case PaymentFailed, PaymentCanceled:
		signal = SessionFree
	}
	if p.SessionID == "" || signal == 0 {
		return nil
	}
	ses, err := tx.LockSession(ctx, p.SessionID)
	if err != nil {
		return err
	}
	if ses.State != SessionPaying || ses.PaymentID != p.ID {
		return nil // the payment was captured or voided after the session was complete
	}
	if signal == SessionSettle {
		return s.moveSession(ctx, tx, c, &ses, SessionSettle)
	}
	return s.freeSession(ctx, tx, c, &ses, p)
}

// freeSession gives the session back to the buyer, unless its time or its patience is over.
func (s *Service) freeSession(
	ctx context.Context, tx Tx, c Caller, ses *Session, p *Payment,
) error {
	if p.State == PaymentFailed {
		ses.Declines++
	}
	if err := s.moveSession(ctx, tx, c, ses, SessionFree); err != nil {
		return err
	}
	if ses.Declines < MaxDeclines && s.Now(c).Before(ses.ExpiresAt) {
		return nil
	}
	return s.moveSession(ctx, tx, c, ses, SessionExpire)
}

// moveSession is the only way a session changes its state. Who calls it has locked the session.
func (s *Service) moveSession(
	ctx context.Context, tx Tx, c Caller, ses *Session, signal SessionSignal,
) error {
	next, ok := ses.State.Next(signal)
	if !ok {
		return fmt.Errorf("session %s: no way from %s by %s", ses.ID, ses.State, signal)
	}
	ses.State, ses.UpdatedAt = next, s.Now(c)
	ses.Version++
	var due time.Time
	if next == SessionOpen {
		due = serverTime(c, ses.ExpiresAt)
	}
	if err := tx.SwapSession(ctx, *ses, due); err != nil {
		return err
	}
	return s.emitSession(ctx, tx, c, ses)
}

func (s *Service) emitPayment(ctx context.Context, tx Tx, c Caller, p *Payment) error {
	return s.emit(ctx, tx, c, Event{
		Type: "payment." + p.State.String(), Kind: ObjectPayment, ObjectID: p.ID,
		Sequence: p.Version, Family: p.Family,
	}, p)
}

// changed tells this process's pages and worker that a session's world has moved on.
func (s *Service) changed(sessionID string) {
	s.wake(WorkFanOut)
	if sessionID != "" {
		s.watch.tell(sessionID)
	}
}
