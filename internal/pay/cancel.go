package pay

import (
	"context"
	"errors"
	"time"
)

// CancelPayment gives up a payment that has not been paid: a pending one, or a held one whose money
// is let go, all of it or what is left after a part was captured. The rail decides: if the money
// came first, the payment is paid and stays so.
func (s *Service) CancelPayment(
	ctx context.Context, c Caller, o *Once[Payment], id string,
) (Payment, Reply, error) {
	return s.giveUp(ctx, c, o, id, giveUp{})
}

// VoidPayment lets go what is still held of a payment, as CancelPayment does, and refuses one that
// never held any money. Metadata replaces the payment's together with that; nil leaves it.
func (s *Service) VoidPayment(
	ctx context.Context, c Caller, o *Once[Payment], id string, metadata map[string]string,
) (Payment, Reply, error) {
	if err := validateMetadata(metadata); err != nil {
		return Payment{}, Reply{}, err
	}
	return s.giveUp(ctx, c, o, id, giveUp{heldOnly: true, metadata: metadata})
}

// giveUp says how a payment is given up.
type giveUp struct {
	heldOnly bool
	metadata map[string]string // that it has afterwards; nil: unchanged
}

func (s *Service) giveUp(
	ctx context.Context, c Caller, o *Once[Payment], id string, how giveUp,
) (Payment, Reply, error) {
	claimed := false
	if o.keyed() {
		reply, found, err := resume(ctx, s, c, o, s.givenUp(ctx, c))
		claimed = errors.Is(err, errRunning)
		if !claimed && (found || err != nil) {
			return Payment{}, reply, err
		}
	}
	p, err := s.store.Payment(ctx, c.Scope, id)
	if err != nil {
		return p, Reply{}, err
	}
	if how.heldOnly && p.Authorised == 0 {
		return p, Reply{}, Errorf(State, "payment_not_cancelable", "The payment holds no money.")
	}
	if err := s.mayCancel(&p, s.Now(c)); err != nil {
		return orReplay(ctx, s, c, o, err)
	}
	if o.keyed() && !claimed {
		if err := s.takeKey(ctx, o.ticket(c), p.ID); err != nil {
			return p, Reply{}, err
		}
	}
	ctx = context.WithoutCancel(ctx)
	out := s.askVoid(ctx, c, &p)
	if out.Kind == OutcomeWaiting {
		if o.keyed() {
			s.free(ctx, o.ticket(c))
		}
		return s.tooLate(ctx, c, p.ID, out)
	}
	out.metadata = how.metadata
	return s.concludeVoid(ctx, c, o, p.ID, out)
}

// givenUp loads a payment for resume. Whatever it has come to is an answer, but for one that could
// still be given up: then the first run has died, or goes on. Voiding twice does no harm.
func (s *Service) givenUp(ctx context.Context, c Caller) func(string) (Payment, bool, error) {
	return func(id string) (Payment, bool, error) {
		p, err := s.store.Payment(ctx, c.Scope, id)
		return p, !p.State.InFlight() && p.State != PaymentAuthorised, err
	}
}

// takeKey takes a key for a request about an object. If the same request has taken it in this
// moment, both go on, as one.
func (s *Service) takeKey(ctx context.Context, t ticket, objectID string) error {
	err := s.store.Write(ctx, func(ctx context.Context, tx Tx) error {
		return tx.InsertIdempotency(ctx, s.record(t, objectID, nil))
	})
	if IsKind(err, Conflict) {
		_, err = s.lookup(ctx, t)
	}
	return err
}

// tooLate answers for a payment that its network has sent on its way and does not call back.
func (s *Service) tooLate(
	ctx context.Context, c Caller, id string, out Outcome,
) (Payment, Reply, error) {
	p, err := s.apply(ctx, c, id, out)
	if err == nil {
		err = Errorf(State, "payment_not_cancelable",
			"This payment is on its way already and cannot be called back.")
	}
	return p, Reply{}, err
}

// concludeVoid applies an answer and gives it to the key that was taken before.
func (s *Service) concludeVoid(
	ctx context.Context, c Caller, o *Once[Payment], id string, out Outcome,
) (Payment, Reply, error) {
	var reply Reply
	p, err := s.applyThen(ctx, c, id, out, func(ctx context.Context, tx Tx, p *Payment) error {
		if p.State.InFlight() || p.State == PaymentAuthorised {
			return Errorf(Unavailable, "outcome_unknown",
				"The network did not answer. The payment is unchanged; try again.")
		}
		reply = o.render(*p)
		if !o.keyed() {
			return nil
		}
		return tx.FinishIdempotency(ctx, s.record(o.ticket(c), p.ID, &reply))
	})
	return p, reply, err
}

// mayCancel says why a payment cannot be given up. One whose capture is under way cannot, as long
// as that may still reach the network.
func (s *Service) mayCancel(p *Payment, now time.Time) error {
	rail, ok := s.railNamed(p.Rail)
	patience := time.Duration(0)
	if ok {
		_, ok = rail.(Voider)
		patience = rail.Facts().NotFoundFinalAfter
	}
	open := p.State.InFlight() || p.State == PaymentAuthorised
	switch {
	case p.Capturing > 0 && now.Sub(p.UpdatedAt) < patience:
		return Errorf(Conflict, "capture_in_progress", "A capture of this payment is in progress.")
	case ok && open:
		return nil
	case p.Voided > 0:
		return Errorf(State, "payment_already_voided",
			"What was held of this payment and not captured has been let go already.")
	case p.Authorised > 0 && p.Held() == 0:
		return Errorf(State, "nothing_to_void",
			"All that was held of this payment has been captured. Refund it instead.")
	}
	return Errorf(State, "payment_not_cancelable",
		"Only a payment that is still pending or held can be canceled; this one is %s.", p.State)
}
