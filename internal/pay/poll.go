package pay

import (
	"context"
	"time"
)

// Sync asks the payment's rail what became of it, now, and applies the answer. It is what the poll
// does, for whoever cannot wait for it: the buyer back from 3-D Secure, a notification.
func (s *Service) Sync(ctx context.Context, c Caller, id string) (Payment, error) {
	p, err := s.store.Payment(ctx, c.Scope, id)
	if err != nil {
		return p, err
	}
	return s.sync(ctx, c, p)
}

// sync brings one payment forward. A capture that was begun is repeated with the same amount, if
// the rail promises that a repeat does no harm.
func (s *Service) sync(ctx context.Context, c Caller, p Payment) (Payment, error) {
	if !p.State.undecided() {
		return p, nil
	}
	ctx = context.WithoutCancel(ctx)
	out := s.ask(ctx, c, &p)
	if out.Kind == 0 {
		// No answer is no news, until the rail's own window is over: then a person must look.
		out = Outcome{Kind: OutcomeWaiting, silent: true}
	}
	return s.apply(ctx, c, p.ID, out)
}

func (s *Service) ask(ctx context.Context, c Caller, p *Payment) Outcome {
	if p.State == PaymentAuthorised && p.Capturing > 0 {
		return s.recapture(ctx, c, p)
	}
	out := s.query(ctx, c, p)
	if out.Kind == OutcomeNotFound && p.State == PaymentCreated && p.resubmittable() {
		return s.resubmit(ctx, c, p, out)
	}
	return out
}

// query asks the payment's rail what became of it; the zero outcome means unknown.
func (s *Service) query(ctx context.Context, c Caller, p *Payment) Outcome {
	return s.askRail(ctx, p, "query", func(ctx context.Context, rail Rail) (Outcome, error) {
		return rail.Query(ctx, s.ref(c, p))
	})
}

// PollPayments takes payments whose time has come, asks their rails and applies the answers: one
// bounded round. It repairs what a crash or a lost reply left open, and lets go of held money that
// nobody captured in time.
func (s *Service) PollPayments(ctx context.Context) (int, error) {
	var due []Payment
	now := s.clock.Now()
	err := s.store.Write(ctx, func(ctx context.Context, tx Tx) (err error) {
		due, err = tx.ClaimPayments(ctx, now, now.Add(claimLease), batch)
		return err
	})
	if err != nil {
		return 0, err
	}
	s.together(len(due), func(i int) {
		if ctx.Err() != nil {
			return // told to stop: it is due again when the claim ends
		}
		if err := s.pollOne(ctx, due[i]); err != nil {
			s.log.ErrorContext(ctx, "payment poll", "payment", due[i].ID, "error", err)
		}
	})
	return len(due), nil
}

func (s *Service) pollOne(ctx context.Context, p Payment) error {
	c, err := s.CallerFor(ctx, p.Scope())
	if err != nil {
		return err
	}
	if done, err := s.letGo(ctx, c, &p); done || err != nil {
		return err
	}
	after, err := s.sync(ctx, c, p)
	if err != nil || after.Version != p.Version {
		return err
	}
	return orMoved(s.store.Write(ctx, func(ctx context.Context, tx Tx) error {
		return tx.DelayPayment(ctx, p, s.nextPoll(c, &p, s.Now(c)))
	}))
}

// orMoved forgives a due time that could not be set because what was due has moved on by itself.
func orMoved(err error) error {
	if IsKind(err, Conflict) {
		return nil
	}
	return err
}

// PollRefunds does for refunds what PollPayments does for payments. A refund the rail never saw is
// sent again under the same id, if the rail promises that a repeat does no harm.
func (s *Service) PollRefunds(ctx context.Context) (int, error) {
	var due []Refund
	now := s.clock.Now()
	err := s.store.Write(ctx, func(ctx context.Context, tx Tx) (err error) {
		due, err = tx.ClaimRefunds(ctx, now, now.Add(claimLease), batch)
		return err
	})
	if err != nil {
		return 0, err
	}
	s.together(len(due), func(i int) {
		if ctx.Err() != nil {
			return
		}
		if err := s.pollRefund(ctx, due[i]); err != nil {
			s.log.ErrorContext(ctx, "refund poll", "refund", due[i].ID, "error", err)
		}
	})
	return len(due), nil
}

// SyncRefund asks the refund's rail what became of it, now, and applies the answer.
func (s *Service) SyncRefund(ctx context.Context, c Caller, id string) (Refund, error) {
	r, err := s.store.Refund(ctx, c.Scope, id)
	if err != nil || r.State != RefundPending {
		return r, err
	}
	return s.syncRefund(context.WithoutCancel(ctx), c, r)
}

func (s *Service) syncRefund(ctx context.Context, c Caller, r Refund) (Refund, error) {
	p, err := s.store.Payment(ctx, c.Scope, r.PaymentID)
	if err != nil {
		return r, err
	}
	out := s.askRail(ctx, &p, "refund query", func(ctx context.Context, rail Rail) (Outcome, error) {
		out, err := rail.(Refunder).QueryRefund(ctx, s.refundOrder(c, &r))
		if err == nil && out.Kind == OutcomeNotFound && rail.Facts().SubmitIdempotent {
			return rail.(Refunder).Refund(ctx, s.refundOrder(c, &r))
		}
		return out, err
	})
	after, _, err := s.concludeRefund(ctx, c, nil, r.ID, out)
	return after, err
}

func (s *Service) pollRefund(ctx context.Context, r Refund) error {
	c, err := s.CallerFor(ctx, r.Scope())
	if err != nil {
		return err
	}
	after, err := s.syncRefund(ctx, c, r)
	if err != nil || after.State != RefundPending {
		return err
	}
	pause := min(2*time.Second<<min(r.PollCount, 12), maxPoll)
	return orMoved(s.store.Write(ctx, func(ctx context.Context, tx Tx) error {
		return tx.DelayRefund(ctx, r, s.clock.Now().Add(pause))
	}))
}
