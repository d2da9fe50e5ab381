package pay

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/kassa-pay/kassa/internal/money"
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
	var after settled
	err := s.store.Write(ctx, func(ctx context.Context, tx Tx) (err error) {
		if p, err = tx.LockPayment(ctx, id); err != nil {
			return err
		}
		if after, err = s.settle(ctx, tx, c, &p, out); err != nil {
			return err
		}
		return then(ctx, tx, &p)
	})
	if err == nil {
		s.followUp(context.WithoutCancel(ctx), c, &p, after)
	}
	return p, err
}

// followUp does what is left to do once an outcome is durable.
func (s *Service) followUp(ctx context.Context, c Caller, p *Payment, after settled) {
	if after.changed {
		s.changed(p.SessionID)
	}
	if after.replaced != nil {
		s.forget(ctx, after.replaced)
	}
	if after.unkept {
		s.withdraw(ctx, c, p)
	}
	if after.unwanted {
		s.letGoUnwanted(ctx, c, p)
	}
}

// settled is what is left to do once an outcome is durable.
type settled struct {
	changed  bool
	replaced *SavedMethod // with the token that a newer one stands in for
	unkept   bool         // the payment's agreement is of no use to anybody
	unwanted bool         // its rail holds money for it, and it was given up
}

// settle applies an outcome to a locked payment and says what is left to do.
func (s *Service) settle(
	ctx context.Context, tx Tx, c Caller, p *Payment, out Outcome,
) (after settled, err error) {
	if after, err = s.agreed(ctx, tx, c, p, out); err != nil {
		return after, err
	}
	signal, ok := s.signalOf(p, out, s.Now(c))
	next, way := p.State.Next(signal)
	if ok && way {
		x := change{step: step{signal, next}, out: out, after: &after}
		err = s.advance(ctx, tx, c, p, x)
		return after, err
	}
	after.unwanted = p.State.gaveUp() && out.Kind == OutcomeAuthorised
	if after.changed {
		p.UpdatedAt = s.Now(c)
		p.Version++
		if err := tx.SwapPayment(ctx, *p, s.nextPoll(c, p, s.Now(c))); err != nil {
			return after, err
		}
	}
	err = s.mirrorOf(ctx, tx, c, p, change{out: out, after: &after})
	return after, err
}

// change is a step of a payment with the outcome that took it there.
type change struct {
	step
	out     Outcome
	after   *settled
	session *Session // that follows it; nil for none
}

// advance takes a locked payment, and all that follows it, one step on.
func (s *Service) advance(
	ctx context.Context, tx Tx, c Caller, p *Payment, x change,
) error {
	now := s.Now(c)
	ses, err := s.followed(ctx, tx, p, x.next)
	if err != nil {
		return err
	}
	before := *p
	x.after.changed = true
	p.hold(x.signal, x.out, now)
	s.absorb(p, x.next, x.out, now)
	if x.next == PaymentFailed {
		p.Final = ses == nil || ses.spentBy(p, x.next) || ses.lastTry(now)
	}
	if x.next == PaymentPaid || x.next == PaymentAuthorised {
		k := keeping{payment: p, session: ses, token: x.out.Token}
		if x.after.replaced, err = s.keep(ctx, tx, c, k); err != nil {
			return err
		}
	}
	if err := s.movePayment(ctx, tx, c, p, x.step); err != nil {
		return err
	}
	if err := s.book(ctx, tx, c, &before, p); err != nil {
		return err
	}
	x.session = ses
	return s.conclusions(ctx, tx, c, p, x)
}

// conclusions draws what follows for the session, the agreement and the mandate of a payment that
// has just moved.
func (s *Service) conclusions(
	ctx context.Context, tx Tx, c Caller, p *Payment, x change,
) error {
	switch x.next {
	case PaymentReview:
		s.log.ErrorContext(ctx, "payment needs a person: the network cannot say what became of it",
			"payment", p.ID, "rail", p.Rail)
	case PaymentLate:
		return s.returnLateMoney(ctx, tx, c, p)
	}
	replaced, err := s.lead(ctx, tx, c, p, x.session)
	if err != nil {
		return err
	}
	if replaced != nil {
		x.after.replaced = replaced
	}
	x.after.unkept = p.leftover(x.next, x.out.Agreement)
	if err := s.mirrorOf(ctx, tx, c, p, x); err != nil || x.out.refused {
		return err
	}
	return s.tally(ctx, tx, c, p)
}

// signalOf reads an outcome in the light of what we asked for and how long ago.
func (s *Service) signalOf(p *Payment, out Outcome, now time.Time) (PaymentSignal, bool) {
	switch {
	case p.State == PaymentAuthorised:
		return s.heldSignal(p, out)
	case p.counted(out):
		return 0, false
	}
	switch out.Kind {
	case OutcomeAction:
		return PaymentAct, true
	case OutcomeAuthorised, OutcomePaid:
		if p.State.gaveUp() && out.Kind == OutcomePaid && p.isPart(out.Amount) {
			return PaymentPay, true // late money goes back, or is held, however much it is
		}
		if out.Amount.Currency != p.Amount.Currency || out.Amount.Minor != p.Amount.Minor {
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
		return PaymentWait, !out.silent
	case OutcomeNotFound:
		return s.notFound(p, now)
	}
	return 0, false
}

// isPart reports whether the amount is some of what the payment asks for.
func (p *Payment) isPart(a money.Amount) bool {
	return a.Currency == p.Amount.Currency && a.Minor > 0 && a.Minor <= p.Amount.Minor
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
	case p.State.gaveUp():
		return PaymentPay, true
	case p.State == PaymentPaid || p.State == PaymentLate || got > p.Amount.Minor:
		return PaymentExcess, true
	case got < p.Amount.Minor:
		return PaymentShort, true
	}
	return PaymentPay, true
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

// overdue reports whether the rail's own window for an answer is over.
func (s *Service) overdue(p *Payment, now time.Time) bool {
	window := reviewWithoutRail
	if rail, ok := s.railNamed(p.Rail); ok {
		window = rail.Facts().ReviewAfter
	}
	return now.Sub(p.CreatedAt) >= window
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
		p.DeclineCode, p.NetworkCode = out.Decline, out.NetworkCode
	case PaymentCanceled:
		if out.Kind == OutcomeNotFound {
			p.DeclineCode = DeclineNotSubmitted
		}
	case PaymentPaid:
		if p.Authorised == 0 {
			p.Captured = out.Amount.Minor
		}
	case PaymentLate:
		p.Captured, p.LateAt = out.Amount.Minor, now
	}
}

// movePayment writes a payment's new state with its event and its next due time.
func (s *Service) movePayment(
	ctx context.Context, tx Tx, c Caller, p *Payment, x step,
) error {
	now := s.Now(c)
	p.State, p.UpdatedAt = x.next, now
	p.Version++
	if err := tx.SwapPayment(ctx, *p, s.nextPoll(c, p, now)); err != nil {
		return err
	}
	return s.emitPaymentAs(ctx, tx, c, p, x.event())
}

// nextPoll says when to ask the rail again: soon at first, then ever more rarely; never once the
// outcome is final. A held amount is let go when its time is over.
func (s *Service) nextPoll(c Caller, p *Payment, now time.Time) time.Time {
	switch {
	case p.State == PaymentAuthorised && p.Capturing == 0:
		return serverTime(c, p.AuthorisedUntil)
	case p.State.undecided():
		pause := 2 * time.Second << min(p.PollCount, 12)
		return serverTime(c, now.Add(min(pause, p.longestPause())))
	}
	return time.Time{}
}

// longestPause bounds the time between two questions about the payment. A payer who is asked at
// their bank is waited for on a page.
func (p *Payment) longestPause() time.Duration {
	if p.Payto != nil && p.State == PaymentAction {
		return maxApprovalPoll
	}
	return maxPoll
}

// follow moves the session to where its payment has gone.
func (s *Service) follow(ctx context.Context, tx Tx, c Caller, p *Payment) error {
	ses, err := s.followed(ctx, tx, p, p.State)
	if err != nil {
		return err
	}
	_, err = s.lead(ctx, tx, c, p, ses)
	return err
}

// followed locks the session that moves when its payment goes to the state; nil when none does: a
// payment may be captured or voided after its session was complete.
func (s *Service) followed(
	ctx context.Context, tx Tx, p *Payment, next PaymentState,
) (*Session, error) {
	switch next {
	case PaymentPaid, PaymentAuthorised, PaymentFailed, PaymentCanceled:
	default:
		return nil, nil
	}
	if p.SessionID == "" {
		return nil, nil
	}
	ses, err := tx.LockSession(ctx, p.SessionID)
	if err != nil || ses.State != SessionPaying || ses.PaymentID != p.ID {
		return nil, err
	}
	return &ses, nil
}

// lead moves the session where its payment has gone; nil is none. A saved method that was replaced
// is returned.
func (s *Service) lead(
	ctx context.Context, tx Tx, c Caller, p *Payment, ses *Session,
) (replaced *SavedMethod, err error) {
	if ses == nil {
		return nil, nil
	}
	if p.State == PaymentPaid || p.State == PaymentAuthorised {
		if replaced, err = s.credit(ctx, tx, c, p, ses); err != nil {
			return nil, err
		}
		return replaced, s.moveSession(ctx, tx, c, ses, SessionSettle)
	}
	ses.LastDecline, ses.LastDeclineAt = p.DeclineCode, p.UpdatedAt
	if ses.Series == SeriesNext {
		ses.LastDecline = cmp.Or(ses.LastDecline, DeclineNotSubmitted)
		return nil, s.moveSession(ctx, tx, c, ses, SessionFail)
	}
	return nil, s.freeSession(ctx, tx, c, ses, p)
}

// lastTry reports whether no attempt can follow the one in flight if that fails.
func (ses *Session) lastTry(now time.Time) bool {
	return ses.Series == SeriesNext || ses.Declines+1 >= MaxDeclines || !now.Before(ses.ExpiresAt)
}

// spentBy reports whether the payment, once in the state, leaves its session no other.
func (ses *Session) spentBy(p *Payment, state PaymentState) bool {
	return ses.Offer.OneTry && p.MethodID != "" &&
		(state == PaymentFailed || state == PaymentCanceled)
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
	open := ses.Declines < MaxDeclines && !ses.spentBy(p, p.State)
	if open && s.Now(c).Before(ses.ExpiresAt) {
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
	return s.emitPaymentAs(ctx, tx, c, p, p.State.String())
}

func (s *Service) emitPaymentAs(
	ctx context.Context, tx Tx, c Caller, p *Payment, what string,
) error {
	return s.emit(ctx, tx, c, Event{
		Type: "payment." + what, Kind: ObjectPayment, ObjectID: p.ID,
		Sequence: p.Version, Family: p.Family, Hook: p.Hook,
	}, p)
}

// changed tells this process's pages and worker that a session's world has moved on.
func (s *Service) changed(sessionID string) {
	s.wake(WorkFanOut)
	if sessionID != "" {
		s.watch.tell(sessionID)
	}
}
