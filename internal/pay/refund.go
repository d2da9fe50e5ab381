package pay

import (
	"context"
	"time"
	"unicode/utf8"

	"github.com/kassa-pay/kassa/internal/money"
)

// RefundRequest describes a refund to make.
type RefundRequest struct {
	PaymentID string
	Amount    int64 // minor units; 0 for all that is left
	Reason    string
	Metadata  map[string]string
	Echo      []byte // the family's own
	// Aliases are ids of the merchant's own for the refund.
	Aliases []Alias
	// Hook is an address that gets the refund's events, for its whole life; "" for none.
	Hook string
	// Rehearsal is what a simulated network is to make of it, in test mode alone; "" for what the
	// payment asks for.
	Rehearsal Rehearsal
	// later leaves the rail to the worker, which is to begin at once.
	later bool
}

// CreateRefund sends money of a payment back. The amount is reserved under the payment's lock
// before the rail is asked and given back only when the rail refuses, so that refunds never exceed
// what was captured, however many run at once.
func (s *Service) CreateRefund(
	ctx context.Context, c Caller, o *Once[Refund], r RefundRequest,
) (Refund, Reply, error) {
	if o.keyed() {
		reply, found, err := resume(ctx, s, c, o, s.knownRefund(ctx, c))
		if found || err != nil {
			return Refund{}, reply, err
		}
	}
	if err := validateRefund(c, r); err != nil {
		return Refund{}, Reply{}, err
	}
	if err := s.admit(); err != nil {
		return Refund{}, Reply{}, err
	}
	refund, p, err := s.claimRefund(ctx, c, o, r)
	if err != nil {
		if o.keyed() {
			reply, found, rerr := resume(ctx, s, c, o, s.knownRefund(ctx, c))
			if found || rerr != nil {
				return Refund{}, reply, rerr
			}
		}
		return Refund{}, Reply{}, err
	}
	ctx = context.WithoutCancel(ctx)
	out := s.askRail(ctx, &p, "refund", func(ctx context.Context, rail Rail) (Outcome, error) {
		return rail.(Refunder).Refund(ctx, s.refundOrder(c, &refund))
	})
	return s.concludeRefund(ctx, c, o, refund.ID, out)
}

// knownRefund loads a refund for resume: pending is an answer too.
func (s *Service) knownRefund(ctx context.Context, c Caller) func(string) (Refund, bool, error) {
	return func(id string) (Refund, bool, error) {
		r, err := s.store.Refund(ctx, c.Scope, id)
		return r, true, err
	}
}

func validateRefund(c Caller, r RefundRequest) error {
	switch {
	case r.Rehearsal != "" && c.Mode != Test:
		return Errorf(Forbidden, "test_mode_only", "Only simulated networks can be told.")
	case r.PaymentID == "":
		return BadParam("payment", "parameter_missing", "Missing required parameter: payment")
	case r.Amount < 0 || r.Amount > money.MaxMinor:
		return BadParam("amount", "parameter_invalid", "The amount must be a positive integer")
	case utf8.RuneCountInString(r.Reason) > maxReason || hasControl(r.Reason):
		return BadParam("reason", "parameter_invalid",
			"The reason must have at most %d characters and no control characters.", maxReason)
	}
	return validateMetadata(r.Metadata)
}

// claimRefund reserves the amount and writes the intent.
func (s *Service) claimRefund(
	ctx context.Context, c Caller, o *Once[Refund], r RefundRequest,
) (Refund, Payment, error) {
	var refund Refund
	var p Payment
	err := s.store.Write(ctx, func(ctx context.Context, tx Tx) (err error) {
		if p, err = s.lockOwn(ctx, tx, c, r.PaymentID); err != nil {
			if IsKind(err, NotFound) {
				return BadParam("payment", "resource_missing", "No such payment: %q.",
					printable(r.PaymentID))
			}
			return err
		}
		if refund, err = s.reserve(ctx, tx, c, &p, r); err != nil || !o.keyed() {
			return err
		}
		return tx.InsertIdempotency(ctx, s.record(o.ticket(c), refund.ID, nil))
	})
	if err == nil {
		s.changed(p.SessionID)
	}
	return refund, p, err
}

// reserve books the refund's amount on its locked payment and inserts the refund.
func (s *Service) reserve(
	ctx context.Context, tx Tx, c Caller, p *Payment, r RefundRequest,
) (Refund, error) {
	if r.Amount == 0 {
		r.Amount = p.Refundable()
	}
	if err := s.mayRefund(p, r.Amount); err != nil {
		return Refund{}, err
	}
	now := s.Now(c)
	hook, err := s.hookFor(ctx, tx, c, p.Family, r.Hook)
	if err != nil {
		return Refund{}, err
	}
	p.Refunded += r.Amount
	p.UpdatedAt = now
	p.Version++
	if err := tx.SwapPayment(ctx, *p, s.nextPoll(c, p, now)); err != nil {
		return Refund{}, err
	}
	refund := Refund{
		ID: s.ids.ID("re", now), MerchantID: p.MerchantID, Mode: p.Mode, Family: p.Family,
		PaymentID: p.ID, State: RefundPending, Version: 1,
		Amount: money.Amount{Minor: r.Amount, Currency: p.Amount.Currency},
		Reason: r.Reason, Metadata: r.Metadata, Echo: r.Echo, Hook: hook, Rehearsal: r.Rehearsal,
		CreatedAt: now, UpdatedAt: now,
	}
	if err := s.name(ctx, tx, c, named{p.Family, refund.ID, r.Aliases}); err != nil {
		return refund, err
	}
	due := serverTime(c, now.Add(firstPoll))
	if r.later {
		due = serverTime(c, now)
	}
	if err := tx.InsertRefund(ctx, refund, due); err != nil {
		return refund, err
	}
	if err := s.bookRefund(ctx, tx, c, p, &refund); err != nil {
		return refund, err
	}
	err = s.emitRefund(ctx, tx, c, &refund)
	return refund, err
}

func (s *Service) mayRefund(p *Payment, amount int64) error {
	rail, ok := s.railNamed(p.Rail)
	if ok {
		_, ok = rail.(Refunder)
	}
	switch {
	case p.Verifies():
		return Errorf(State, "payment_not_refundable",
			"This payment only verified a payment method and took no money.")
	case p.Captured == 0:
		return Errorf(State, "payment_not_refundable",
			"Only a payment that was paid can be refunded; this one is %s.", p.State)
	case !ok:
		return Errorf(State, "payment_not_refundable",
			"The network of this payment cannot send money back, or is not connected now.")
	case p.Refundable() == 0:
		return Errorf(State, "payment_fully_refunded", "This payment has been refunded in full.")
	case amount > p.Refundable():
		return BadParam("amount", "amount_too_large",
			"The amount is more than what is left to refund: %d.", p.Refundable())
	}
	return nil
}

func (s *Service) refundOrder(c Caller, r *Refund) RefundOrder {
	return RefundOrder{
		Ref:      Ref{Scope: r.Scope(), PaymentID: r.PaymentID, Now: s.Now(c)},
		RefundID: r.ID, Amount: r.Amount, Rehearsal: r.Rehearsal,
	}
}

// concludeRefund applies what the rail says of a refund; the zero outcome changes nothing.
func (s *Service) concludeRefund(
	ctx context.Context, c Caller, o *Once[Refund], id string, out Outcome,
) (Refund, Reply, error) {
	var r Refund
	var reply Reply
	err := s.store.Write(ctx, func(ctx context.Context, tx Tx) (err error) {
		if r, err = tx.LockRefund(ctx, id); err != nil {
			return err
		}
		if err := s.settleRefund(ctx, tx, c, &r, out); err != nil {
			return err
		}
		reply = o.render(r)
		if !o.keyed() {
			return nil
		}
		return tx.FinishIdempotency(ctx, s.record(o.ticket(c), r.ID, &reply))
	})
	if err == nil && r.State != RefundPending {
		s.changed("")
	}
	return r, reply, err
}

// settleRefund moves a locked refund by an outcome. A refused refund gives its reservation back.
func (s *Service) settleRefund(
	ctx context.Context, tx Tx, c Caller, r *Refund, out Outcome,
) error {
	var signal RefundSignal
	switch {
	case out.Kind == OutcomePaid && out.Amount == r.Amount:
		signal = RefundSettle
	case out.Kind == OutcomeDeclined:
		signal = RefundFail
	}
	next, ok := r.State.Next(signal)
	if !ok {
		return nil
	}
	now := s.Now(c)
	r.State, r.UpdatedAt, r.FailureCode, r.NetworkCode = next, now, out.Decline, out.NetworkCode
	r.Version++
	if err := s.bookOutcome(ctx, tx, c, r); err != nil {
		return err
	}
	if err := tx.SwapRefund(ctx, *r, time.Time{}); err != nil {
		return err
	}
	return s.emitRefund(ctx, tx, c, r)
}

// bookOutcome books the end of a refund. A failed one gives its amount back to its payment.
func (s *Service) bookOutcome(ctx context.Context, tx Tx, c Caller, r *Refund) error {
	p, err := tx.LockPayment(ctx, r.PaymentID)
	if err != nil {
		return err
	}
	if err := s.bookRefund(ctx, tx, c, &p, r); err != nil || r.State != RefundFailed {
		return err
	}
	now := s.Now(c)
	p.Refunded -= r.Amount.Minor
	p.UpdatedAt = now
	p.Version++
	return tx.SwapPayment(ctx, p, s.nextPoll(c, &p, now))
}

// returnLateMoney sends late money back at once if the merchant's policy says so: the refund is
// written in the transaction that recorded the money, and the worker carries it out.
func (s *Service) returnLateMoney(ctx context.Context, tx Tx, c Caller, p *Payment) error {
	m, err := tx.Merchant(ctx, p.MerchantID)
	if err != nil || m.LateMoney != RefundLate {
		return err
	}
	if err := s.mayRefund(p, p.Refundable()); err != nil {
		s.log.ErrorContext(ctx, "late money cannot be sent back by itself: it is held",
			"payment", p.ID, "rail", p.Rail, "error", err)
		return nil // that it came is recorded all the same
	}
	_, err = s.reserve(ctx, tx, c, p, RefundRequest{Reason: "late_payment", later: true})
	return err
}

func (s *Service) emitRefund(ctx context.Context, tx Tx, c Caller, r *Refund) error {
	return s.emit(ctx, tx, c, Event{
		Type: "refund." + r.State.String(), Kind: ObjectRefund, ObjectID: r.ID,
		Sequence: r.Version, Family: r.Family, Hook: r.Hook,
	}, r)
}
