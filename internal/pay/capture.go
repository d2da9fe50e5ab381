package pay

import (
	"cmp"
	"context"
	"time"

	"github.com/kassa-pay/kassa/internal/money"
)

// CapturePayment takes money of an authorised payment: all that is left when the amount is 0, else
// that many minor units. The rest is let go unless it is to be kept for another capture. What is to
// be captured is on disk before the rail is asked, under a number of its own, so that a crash or a
// lost reply is brought to an end by the poll, with the same amount.
func (s *Service) CapturePayment(
	ctx context.Context, c Caller, o *Once[Payment], id string, r CaptureRequest,
) (Payment, Reply, error) {
	if o.keyed() {
		reply, found, err := resume(ctx, s, c, o, s.capturedPayment(ctx, c))
		if found || err != nil {
			return Payment{}, reply, err
		}
	}
	if err := validateMetadata(r.Metadata); err != nil {
		return Payment{}, Reply{}, err
	}
	if err := s.admit(); err != nil {
		return Payment{}, Reply{}, err
	}
	p, err := s.claimCapture(ctx, c, o, id, r)
	if err != nil && o.keyed() {
		reply, found, rerr := resume(ctx, s, c, o, s.capturedPayment(ctx, c))
		if found || rerr != nil {
			return Payment{}, reply, rerr
		}
	}
	if err != nil {
		return Payment{}, Reply{}, err
	}
	out := s.askCapture(context.WithoutCancel(ctx), c, &p)
	return s.conclude(context.WithoutCancel(ctx), c, o, p.ID, out)
}

// capturedPayment loads a payment for resume: it is settled once no capture of it is on its way.
func (s *Service) capturedPayment(
	ctx context.Context, c Caller,
) func(string) (Payment, bool, error) {
	return func(id string) (Payment, bool, error) {
		p, err := s.store.Payment(ctx, c.Scope, id)
		return p, p.State != PaymentAuthorised || p.Capturing == 0, err
	}
}

// claimCapture writes the intent to capture.
func (s *Service) claimCapture(
	ctx context.Context, c Caller, o *Once[Payment], id string, r CaptureRequest,
) (Payment, error) {
	var p Payment
	err := s.store.Write(ctx, func(ctx context.Context, tx Tx) (err error) {
		if p, err = s.lockOwn(ctx, tx, c, id); err != nil {
			return err
		}
		now := s.Now(c)
		if err := s.mayCapture(&p, r.Amount, now); err != nil {
			return err
		}
		p.Capturing, p.KeepRest = cmp.Or(r.Amount, p.Held()), r.KeepRest
		p.Captures++
		if r.Metadata != nil {
			p.Metadata = r.Metadata
		}
		p.UpdatedAt, p.PollCount = now, 0
		p.Version++
		if err := tx.SwapPayment(ctx, p, serverTime(c, now.Add(firstPoll))); err != nil {
			return err
		}
		if !o.keyed() {
			return nil
		}
		return tx.InsertIdempotency(ctx, s.record(o.ticket(c), p.ID, nil))
	})
	return p, err
}

func (s *Service) mayCapture(p *Payment, amount int64, now time.Time) error {
	rail, ok := s.railNamed(p.Rail)
	if ok {
		_, ok = rail.(Capturer)
	}
	switch {
	case p.lapsed(now):
		return errLapsed(p)
	case p.State != PaymentAuthorised || !ok:
		return Errorf(State, "payment_not_capturable",
			"Only an authorised payment can be captured; this one is %s.", p.State)
	case p.Capturing > 0:
		return Errorf(Conflict, "capture_in_progress", "A capture of this payment is in progress.")
	case !now.Before(p.AuthorisedUntil):
		return errLapsed(p)
	case amount < 0 || amount > p.Held():
		return BadParam("amount", "amount_too_large",
			"The amount to capture must be between 1 and the authorised %d.", p.Held())
	}
	return nil
}

// lapsed reports whether held money was let go because its time was over. Whoever comes too late to
// capture it is told so, whether or not somebody has come by to let it go.
func (p *Payment) lapsed(now time.Time) bool {
	return p.Voided > 0 && !now.Before(p.AuthorisedUntil) && !p.UpdatedAt.Before(p.AuthorisedUntil)
}

func errLapsed(p *Payment) error {
	return Errorf(State, "authorisation_expired",
		"The money was held until %s and can no longer be captured.",
		p.AuthorisedUntil.Format(time.RFC3339))
}

// askCapture asks the rail; the zero outcome means unknown.
func (s *Service) askCapture(ctx context.Context, c Caller, p *Payment) Outcome {
	out := s.askRail(ctx, p, "capture", func(ctx context.Context, rail Rail) (Outcome, error) {
		return rail.(Capturer).Capture(ctx, CaptureOrder{
			Ref: s.ref(c, p), Number: p.Captures, KeepRest: p.KeepRest,
			Amount: money.Amount{Minor: p.Capturing, Currency: p.Amount.Currency},
		})
	})
	out.capture = p.Captures
	return out
}

// askRail calls a payment's rail within the rail's own deadline. Whatever goes wrong is an unknown
// outcome: it is logged, and the poll asks again.
func (s *Service) askRail(
	ctx context.Context, p *Payment, what string,
	ask func(context.Context, Rail) (Outcome, error),
) Outcome {
	rail, ok := s.railNamed(p.Rail)
	if !ok {
		s.log.ErrorContext(ctx, "payment on a rail that is not configured", "payment", p.ID,
			"rail", p.Rail)
		return Outcome{}
	}
	ctx, cancel := context.WithTimeout(ctx, rail.Facts().Deadline)
	defer cancel()
	out, err := ask(ctx, rail)
	if err != nil {
		s.log.WarnContext(ctx, "rail gave no answer", "what", what, "payment", p.ID,
			"rail", p.Rail, "error", err)
		return Outcome{}
	}
	return out
}

// lockOwn locks a payment of the caller's.
func (s *Service) lockOwn(ctx context.Context, tx Tx, c Caller, id string) (Payment, error) {
	if _, err := tx.Payment(ctx, c.Scope, id); err != nil {
		return Payment{}, err
	}
	return tx.LockPayment(ctx, id)
}
