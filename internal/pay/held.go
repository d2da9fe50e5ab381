package pay

import (
	"context"
	"time"
)

// step is one change of a payment: the state it goes to, and the signal of a rail that took it
// there, if one did.
type step struct {
	signal PaymentSignal
	next   PaymentState
}

// event is the last word of the type of the step's event: the state's, but where the state alone
// does not say what happened to held money.
func (x step) event() string {
	switch x.signal {
	case PaymentTake:
		return "captured"
	case PaymentRelease:
		return "voided"
	}
	return x.next.String()
}

// heldSignal reads an outcome of a payment whose money is held. The rail decides: what it has taken
// is taken, and what it does not hold any more is let go.
func (s *Service) heldSignal(p *Payment, out Outcome) (PaymentSignal, bool) {
	switch out.Kind {
	case OutcomePaid:
		return s.takenSignal(p, out)
	case OutcomeDeclined, OutcomeCanceled:
		if p.Captured > 0 {
			return PaymentRelease, true
		}
		if out.Kind == OutcomeDeclined {
			return PaymentFail, true
		}
		return PaymentCancel, true
	}
	return 0, false
}

// takenSignal reads what the rail says it has taken of held money: in the capture that was asked
// for, or in all when nothing is held any more. An answer to a capture that has been counted says
// nothing new. Another amount than was asked for is the truth all the same, and told to a person;
// one that cannot be is not taken over.
func (s *Service) takenSignal(p *Payment, out Outcome) (PaymentSignal, bool) {
	got, whole := out.Amount.Minor, out.capture == 0
	if !whole && (p.Capturing == 0 || out.capture != p.Captures) {
		return 0, false
	}
	if !p.expects(out) {
		s.log.Error("rail has taken another amount than was asked for", "payment", p.ID,
			"held", p.Held(), "capturing", p.Capturing, "captured", p.Captured,
			"reported", out.Amount.String())
	}
	switch {
	case !p.isPart(out.Amount), whole && (got < p.Captured || got > p.Authorised),
		!whole && got > p.Held():
		return 0, false
	case whole && got == p.Captured:
		return PaymentRelease, true
	case !whole && p.KeepRest && got < p.Held():
		return PaymentTake, true
	}
	return PaymentPay, true
}

// expects reports whether what the rail has taken is what was asked for.
func (p *Payment) expects(out Outcome) bool {
	got := out.Amount.Minor
	switch {
	case out.Amount.Currency != p.Amount.Currency:
		return false
	case out.capture != 0:
		return got == p.Capturing
	case p.Capturing > 0:
		return got == p.Captured || got == p.Captured+p.Capturing
	case p.Captured > 0:
		return got == p.Captured
	}
	return got == p.Authorised
}

// counted reports whether the outcome is what a rail says once more of held money that was taken:
// the answer to two who asked at once.
func (p *Payment) counted(out Outcome) bool {
	return p.State == PaymentPaid && p.Authorised > 0 &&
		(out.capture != 0 || out.Kind == OutcomePaid && out.Amount.Minor == p.Captured)
}

// hold takes over what an outcome says of held money, the state before it still being the
// payment's. What is neither held nor taken was let go.
func (p *Payment) hold(signal PaymentSignal, out Outcome, now time.Time) {
	switch {
	case signal == PaymentAuthorise:
		p.Authorised, p.AuthorisedUntil = out.Amount.Minor, now.Add(AuthorisationTTL)
		return
	case p.Authorised == 0:
		return
	case signal == PaymentTake, signal == PaymentPay && out.capture != 0:
		p.Captured += out.Amount.Minor
	case signal == PaymentPay:
		p.Captured = out.Amount.Minor
	}
	p.Capturing, p.KeepRest = 0, false
	if signal != PaymentTake {
		p.Voided = max(0, p.Authorised-p.Captured)
	}
	if out.metadata != nil && (signal == PaymentRelease || signal == PaymentCancel) {
		p.Metadata = out.metadata
	}
}

// recapture repeats a capture that was begun. A rail that does not answer it, or refuses it, may
// still say what has become of the money as a whole; and once the time of held money is over, what
// it has not taken by then is let go. So a capture never stays under way for ever.
func (s *Service) recapture(ctx context.Context, c Caller, p *Payment) Outcome {
	if out := s.askCapture(ctx, c, p); out.ended() {
		return out
	}
	out := s.query(ctx, c, p)
	if out.ended() || s.Now(c).Before(p.AuthorisedUntil) {
		return out
	}
	return s.askVoid(ctx, c, p)
}

// ended reports whether the rail says that nothing of the payment is open any more, or that its
// capture was made.
func (out Outcome) ended() bool {
	return out.Kind == OutcomePaid || out.Kind == OutcomeDeclined || out.Kind == OutcomeCanceled
}

// letGoUnwanted gives held money back that a rail holds for a payment which was given up. If that
// fails, the next question to the rail finds it once more, and else the rail's own limit does.
func (s *Service) letGoUnwanted(ctx context.Context, c Caller, p *Payment) {
	s.log.WarnContext(ctx, "money is held for a payment that was given up; it is let go",
		"payment", p.ID, "rail", p.Rail)
	s.askVoid(ctx, c, p)
}

// askVoid has the rail let go of what it holds; the zero outcome means unknown.
func (s *Service) askVoid(ctx context.Context, c Caller, p *Payment) Outcome {
	return s.askRail(ctx, p, "void", func(ctx context.Context, rail Rail) (Outcome, error) {
		voider, ok := rail.(Voider)
		if !ok {
			return Outcome{}, Errorf(State, "rail_without_void", "This network cannot void.")
		}
		return voider.Void(ctx, s.ref(c, p))
	})
}

// letGo lets go of held money whose time is over, and reports whether it was time.
func (s *Service) letGo(ctx context.Context, c Caller, p *Payment) (bool, error) {
	if p.State != PaymentAuthorised || p.Capturing > 0 || s.Now(c).Before(p.AuthorisedUntil) {
		return false, nil
	}
	_, _, err := s.CancelPayment(ctx, c, nil, p.ID)
	return true, err
}
