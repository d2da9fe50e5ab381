package pay

import (
	"context"
	"unicode/utf8"
)

// NewPayment describes a payment that a merchant's server makes without a session: the payer
// answers a prompt on the phone.
type NewPayment struct {
	Family      string
	Amount      int64
	Currency    string
	Method      MethodInput // its field errors have no prefix
	Description string
	CustomerID  string
	Metadata    map[string]string
}

// CreatePayment starts a payment without a session. It is answered as soon as the network has it.
func (s *Service) CreatePayment(
	ctx context.Context, c Caller, o *Once[Payment], n NewPayment,
) (Payment, Reply, error) {
	if o.keyed() {
		reply, found, err := resume(ctx, s, c, o, s.settledPayment(ctx, c))
		if found || err != nil {
			return Payment{}, reply, err
		}
	}
	t, err := s.prepareAlone(c, n)
	if err != nil {
		return Payment{}, Reply{}, err
	}
	if err := s.admit(); err != nil {
		return Payment{}, Reply{}, err
	}
	if err := s.claimAlone(ctx, c, o, t); err != nil {
		return s.lostRace(ctx, c, o, err)
	}
	return s.submit(ctx, c, o, t)
}

// prepareAlone validates a payment without a session, before anything is written.
func (s *Service) prepareAlone(c Caller, n NewPayment) (*try, error) {
	amount, err := newAmount(n.Amount, n.Currency)
	if err != nil {
		return nil, err
	}
	if utf8.RuneCountInString(n.Description) > maxDescription || hasControl(n.Description) {
		return nil, BadParam("description", "parameter_invalid",
			"The description must have at most %d characters and no control characters.",
			maxDescription)
	}
	if err := validateMetadata(n.Metadata); err != nil {
		return nil, err
	}
	rail, ok := s.railFor(c.Mode, n.Method.Type)
	if !ok || n.Method.Type != MethodMobile {
		return nil, BadParam("payment_method", "payment_method_not_available",
			"A payment without a session can be made by %s alone.", MethodMobile)
	}
	now := s.Now(c)
	t := &try{rail: rail, expiresAt: now.Add(DefaultTTL)}
	t.payment = s.newPayment(&Session{
		MerchantID: c.MerchantID, Mode: c.Mode, Family: n.Family, CustomerID: n.CustomerID,
		Amount: amount, Capture: CaptureAutomatic, Metadata: n.Metadata,
	}, rail, now)
	t.payment.Description = n.Description
	return t, s.fill(&t.payment, n.Method, "", now)
}

// claimAlone writes the intent of a payment without a session.
func (s *Service) claimAlone(ctx context.Context, c Caller, o *Once[Payment], t *try) error {
	p := &t.payment
	err := s.store.Write(ctx, func(ctx context.Context, tx Tx) error {
		if err := s.requireCustomer(ctx, tx, c, p.CustomerID); err != nil {
			return err
		}
		if o.keyed() {
			if err := tx.InsertIdempotency(ctx, s.record(o.ticket(c), p.ID, nil)); err != nil {
				return err
			}
		}
		if err := tx.InsertPayment(ctx, *p, serverTime(c, p.CreatedAt.Add(firstPoll))); err != nil {
			return err
		}
		return s.emitPayment(ctx, tx, c, p)
	})
	if err == nil {
		s.changed("")
	}
	return err
}

// ConfirmPayment hands the one-time code a payer typed to the network and applies what it says. A
// wrong code leaves the payment waiting for another, until the network has had enough.
func (s *Service) ConfirmPayment(
	ctx context.Context, c Caller, id string, code string,
) (Payment, error) {
	p, err := s.store.Payment(ctx, c.Scope, id)
	if err != nil {
		return p, err
	}
	if p.State != PaymentAction || p.Action != ActionCode {
		return p, Errorf(State, "payment_needs_no_code", "This payment does not wait for a code.")
	}
	ctx = context.WithoutCancel(ctx)
	out := s.askRail(ctx, &p, "confirm", func(ctx context.Context, rail Rail) (Outcome, error) {
		return rail.(Confirmer).Confirm(ctx, s.ref(c, &p), code)
	})
	after, err := s.apply(ctx, c, p.ID, out)
	if err == nil && out.Kind == OutcomeAction {
		err = BadParam("code", "wrong_code", "The code is not right. Check it and try again.")
	}
	return after, err
}

// ResendPrompt asks the network to prompt the payer's phone again. Networks do so a few times only.
func (s *Service) ResendPrompt(ctx context.Context, c Caller, id string) error {
	p, err := s.store.Payment(ctx, c.Scope, id)
	if err != nil {
		return err
	}
	rail, _ := s.railNamed(p.Rail)
	resender, ok := rail.(Resender)
	if !ok || !p.State.InFlight() {
		return Errorf(State, "payment_not_prompting", "This payment does not wait for a prompt.")
	}
	call, cancel := context.WithTimeout(ctx, rail.Facts().Deadline)
	defer cancel()
	return resender.Resend(call, s.ref(c, &p))
}
