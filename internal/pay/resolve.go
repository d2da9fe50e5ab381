package pay

import (
	"context"
	"time"

	"github.com/kassa-pay/kassa/internal/money"
)

// Verdict is what a person has found out about a payment whose network cannot say what became of
// it.
type Verdict string

// The verdicts.
const (
	// VerdictPaid: the network has the money for us or, of a payment to be captured by hand, holds it.
	VerdictPaid Verdict = "paid"
	// VerdictUnpaid: no money moved and none will.
	VerdictUnpaid Verdict = "unpaid"
)

// ResolvePayment ends the wait of a payment that is in review, or for which its network's own time
// is over. It is the operator's use case. The network is asked once more before: what it says is
// true. amount is what the network has taken, in minor units; 0: what was asked for. Should money
// come after all for a payment found unpaid, it is late money like any other.
func (s *Service) ResolvePayment(
	ctx context.Context, id string, v Verdict, amount int64,
) (Payment, error) {
	p, err := s.store.PaymentByID(ctx, id)
	if err != nil {
		return p, err
	}
	out, err := p.found(v, amount)
	if err != nil {
		return p, err
	}
	c, err := s.CallerFor(ctx, p.Scope())
	if err != nil {
		return p, err
	}
	if p, err = s.sync(ctx, c, p); err != nil {
		return p, err
	}
	var after settled
	err = s.store.Write(ctx, func(ctx context.Context, tx Tx) (err error) {
		after = settled{}
		if p, err = tx.LockPayment(ctx, id); err != nil {
			return err
		}
		if err := s.mayResolve(&p, s.Now(c)); err != nil {
			return err
		}
		signal := p.resolution(v)
		next, _ := p.State.Next(signal)
		x := change{step: step{signal, next}, out: out, after: &after}
		if err := s.advance(ctx, tx, c, &p, x); err != nil {
			return err
		}
		// What its payer may still agree to at their bank must not bring money after all.
		after.unkept = v == VerdictUnpaid && p.Agreement != "" && p.MethodID == ""
		return nil
	})
	if err == nil {
		s.log.WarnContext(ctx, "payment resolved by a person", "payment", p.ID, "verdict", v,
			"amount", out.Amount.String())
		s.followUp(context.WithoutCancel(ctx), c, &p, after)
	}
	return p, err
}

// InReview returns the payments of all merchants that need a person, a hundred at most. It is the
// operator's use case.
func (s *Service) InReview(ctx context.Context) ([]Payment, error) {
	return s.store.PaymentsInReview(ctx, MaxPage)
}

// LookUp asks the network how a payment stands and changes nothing. What it cannot answer is an
// error of kind Unavailable. It is the operator's use case.
func (s *Service) LookUp(ctx context.Context, id string) (Payment, Outcome, error) {
	p, err := s.store.PaymentByID(ctx, id)
	if err != nil {
		return p, Outcome{}, err
	}
	c, err := s.CallerFor(ctx, p.Scope())
	if err != nil {
		return p, Outcome{}, err
	}
	out := s.query(ctx, c, &p)
	if out.Kind == 0 {
		err = Errorf(Unavailable, "network_silent", "The network gives no answer. Try again later.")
	}
	return p, out, err
}

// found is the outcome that a person has found out.
func (p *Payment) found(v Verdict, amount int64) (Outcome, error) {
	out := Outcome{Amount: p.Amount}
	switch {
	case v != VerdictPaid && v != VerdictUnpaid:
		return out, BadParam("verdict", "parameter_invalid",
			"The verdict is either %q or %q.", VerdictPaid, VerdictUnpaid)
	case v == VerdictUnpaid && amount != 0:
		return out, BadParam("amount", "parameter_invalid",
			"Nothing was taken of a payment that is unpaid: leave the amount out.")
	case amount < 0 || amount > p.Amount.Minor:
		return out, BadParam("amount", "parameter_invalid",
			"The amount must be between 1 and the %d that were asked for. What the network has taken "+
				"beyond it has to be sent back there.", p.Amount.Minor)
	}
	switch {
	case v == VerdictUnpaid:
		out.Kind, out.Decline = OutcomeDeclined, DeclineProcessingError
	case p.Method == MethodBank:
		out.Kind = OutcomeReceived
	case p.Capture == CaptureManual:
		out.Kind = OutcomeAuthorised
	default:
		out.Kind = OutcomePaid
	}
	if amount > 0 {
		out.Amount = money.Amount{Minor: amount, Currency: p.Amount.Currency}
	}
	return out, nil
}

// resolution is the signal that a verdict is for the payment.
func (p *Payment) resolution(v Verdict) PaymentSignal {
	switch {
	case v == VerdictUnpaid:
		return PaymentFail
	case p.Capture == CaptureManual:
		return PaymentAuthorise
	}
	return PaymentPay
}

// mayResolve says why it is not for a person to say what became of a payment.
func (s *Service) mayResolve(p *Payment, now time.Time) error {
	switch {
	case !p.State.InFlight():
		return Errorf(State, "payment_not_unclear",
			"Only a payment whose outcome is unclear can be resolved; this one is %s.", p.State)
	case p.State != PaymentReview && !s.overdue(p, now):
		return Errorf(State, "payment_not_unclear",
			"The network may still say what became of this payment. Give it time.")
	}
	return nil
}
