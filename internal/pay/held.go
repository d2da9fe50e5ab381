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
// nothing new.
func (s *Service) takenSignal(p *Payment, out Outcome) (PaymentSignal, bool) {
	got, whole := out.Amount.Minor, out.capture == 0
	switch {
	case out.Amount.Currency != p.Amount.Currency:
	case !whole && (p.Capturing == 0 || out.capture != p.Captures):
		return 0, false
	case !whole && got == p.Capturing && p.KeepRest && got < p.Held():
		return PaymentTake, true
	case !whole && got == p.Capturing:
		return PaymentPay, true
	case whole && p.Captured > 0 && got == p.Captured:
		return PaymentRelease, true
	case whole && p.Capturing > 0 && got == p.Captured+p.Capturing:
		return PaymentPay, true
	case whole && p.Captured == 0 && p.Capturing == 0 && got == p.Authorised:
		return PaymentPay, true
	}
	s.log.Error("rail has taken another amount than was asked for", "payment", p.ID,
		"held", p.Held(), "capturing", p.Capturing, "captured", p.Captured,
		"reported", out.Amount.String())
	return 0, false
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
}

// letGo lets go of held money whose time is over, and reports whether it was time.
func (s *Service) letGo(ctx context.Context, c Caller, p *Payment) (bool, error) {
	if p.State != PaymentAuthorised || p.Capturing > 0 || s.Now(c).Before(p.AuthorisedUntil) {
		return false, nil
	}
	_, _, err := s.CancelPayment(ctx, c, nil, p.ID)
	return true, err
}
