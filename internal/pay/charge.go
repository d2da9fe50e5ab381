package pay

import (
	"cmp"
	"context"
	"time"
	"unicode/utf8"
)

// Charge makes a payment without the payer and without a session, under a mandate. The mandate's
// terms are judged and a slot of them is taken in the transaction that writes the payment, before
// anything leaves the house; a payment that ends without money gives its slot back. A charge that
// the terms forbid is refused and leaves nothing behind.
func (s *Service) Charge(
	ctx context.Context, c Caller, o *Once[Payment], r ChargeRequest,
) (Payment, Reply, error) {
	if o.keyed() {
		reply, found, err := resume(ctx, s, c, o, s.settledPayment(ctx, c))
		if found || err != nil {
			return Payment{}, reply, err
		}
	}
	k := &charging{ChargeRequest: r}
	if o.keyed() {
		k.record = func(id string) IdempotencyRecord { return s.record(o.ticket(c), id, nil) }
	}
	if err := s.claimCharge(ctx, c, k); err != nil {
		return s.lostRace(ctx, c, o, err)
	}
	return s.submit(ctx, c, o, &k.try)
}

// ChargeSession makes a session of SeriesNext and its one payment, as Charge does. A decline
// completes the session; LastDecline tells.
func (s *Service) ChargeSession(
	ctx context.Context, c Caller, o *Once[Session], r ChargeRequest,
) (Session, Reply, error) {
	if o.keyed() {
		reply, found, err := resume(ctx, s, c, o, s.chargedSession(ctx, c))
		if found || err != nil {
			return Session{}, reply, err
		}
	}
	k := &charging{ChargeRequest: r, withSession: true}
	if o.keyed() {
		k.record = func(id string) IdempotencyRecord { return s.record(o.ticket(c), id, nil) }
	}
	err := s.claimCharge(ctx, c, k)
	switch {
	case err != nil && o.keyed():
		reply, found, rerr := resume(ctx, s, c, o, s.chargedSession(ctx, c))
		if found || rerr != nil {
			return Session{}, reply, rerr
		}
		return Session{}, Reply{}, err
	case err != nil:
		return Session{}, Reply{}, err
	}
	return s.submitSession(ctx, c, o, &k.try)
}

// chargedSession loads a session for resume: it is settled once its payment has a first answer.
func (s *Service) chargedSession(
	ctx context.Context, c Caller,
) func(string) (Session, bool, error) {
	return func(id string) (Session, bool, error) {
		ses, err := s.store.Session(ctx, c.Scope, id)
		if err != nil {
			return ses, false, err
		}
		p, err := s.store.Payment(ctx, c.Scope, ses.PaymentID)
		return ses, p.State != PaymentCreated, err
	}
}

// submitSession is submit for a caller who asked for the session.
func (s *Service) submitSession(
	ctx context.Context, c Caller, o *Once[Session], t *try,
) (Session, Reply, error) {
	ctx = context.WithoutCancel(ctx)
	var ses Session
	var reply Reply
	var out Outcome
	if !t.refused {
		out = s.start(ctx, c, t)
	}
	_, err := s.applyThen(ctx, c, t.payment.ID, out,
		func(ctx context.Context, tx Tx, p *Payment) (err error) {
			if ses, err = tx.SessionByID(ctx, p.SessionID); err != nil {
				return err
			}
			reply = o.render(ses)
			if !o.keyed() {
				return nil
			}
			return tx.FinishIdempotency(ctx, s.record(o.ticket(c), ses.ID, &reply))
		})
	return ses, reply, err
}

// charging is a charge without the payer on its way to the rail.
type charging struct {
	ChargeRequest
	try
	withSession bool
	record      func(objectID string) IdempotencyRecord // nil without a key
	// occurrence and attempt are those of a scheduled charge.
	occurrence time.Time
	attempt    int64
}

// claimCharge judges the charge and writes the intent: the slot of the mandate, the payment and,
// if asked for, the session, in one transaction.
func (s *Service) claimCharge(ctx context.Context, c Caller, k *charging) error {
	if err := s.validateCharge(c, k); err != nil {
		return err
	}
	if err := s.admit(); err != nil {
		return err
	}
	err := s.store.Write(ctx, func(ctx context.Context, tx Tx) error {
		m, err := s.lockCharged(ctx, tx, c, &k.ChargeRequest)
		if err != nil {
			return err
		}
		if err := s.enlist(ctx, tx, c, k, &m); err != nil {
			return err
		}
		if k.record == nil {
			return nil
		}
		id := k.payment.ID
		if k.withSession {
			id = k.payment.SessionID
		}
		return tx.InsertIdempotency(ctx, k.record(id))
	})
	if err == nil {
		s.changed("")
	}
	return err
}

func (s *Service) validateCharge(c Caller, k *charging) error {
	if _, err := newAmount(k.Amount.Minor, k.Amount.Currency); err != nil {
		return err
	}
	k.Capture = cmp.Or(k.Capture, CaptureAutomatic)
	if k.Capture != CaptureAutomatic && k.Capture != CaptureManual {
		return BadParam("capture_method", "parameter_invalid",
			"The capture method is either %q or %q.", CaptureAutomatic, CaptureManual)
	}
	if utf8.RuneCountInString(k.Description) > maxDescription || hasControl(k.Description) {
		return BadParam("description", "parameter_invalid",
			"The description must have at most %d characters and no control characters.",
			maxDescription)
	}
	if k.MandateID == "" && k.MethodID == "" {
		return BadParam("payment_method", "parameter_missing",
			"Name the saved payment method to charge, or the mandate to charge under.")
	}
	return validateMetadata(k.Metadata)
}

// lockCharged finds and locks the mandate that is meant. With a method alone it is the latest
// active one on it.
func (s *Service) lockCharged(
	ctx context.Context, tx Tx, c Caller, r *ChargeRequest,
) (Mandate, error) {
	id := r.MandateID
	if id == "" {
		m, err := s.latestMandate(ctx, tx, c, r)
		if err != nil {
			return m, err
		}
		id = m.ID
	} else if _, err := tx.Mandate(ctx, c.Scope, id); err != nil {
		return Mandate{}, missing(err, "mandate", "mandate", id)
	}
	m, err := tx.LockMandate(ctx, id)
	if err != nil {
		return m, err
	}
	switch {
	case r.MethodID != "" && r.MethodID != m.MethodID:
		return m, BadParam("payment_method", "resource_missing",
			"The mandate is not on the saved payment method %q.", printable(r.MethodID))
	case r.CustomerID != "" && r.CustomerID != m.CustomerID:
		return m, BadParam("customer", "resource_missing",
			"The mandate was not given by the customer %q.", printable(r.CustomerID))
	}
	return m, nil
}

// latestMandate returns the mandate that was given last on the method: an active one if there is
// one, else one that tells why it is not.
func (s *Service) latestMandate(
	ctx context.Context, tx Tx, c Caller, r *ChargeRequest,
) (Mandate, error) {
	method, err := tx.SavedMethod(ctx, c.Scope, r.MethodID)
	if err != nil {
		return Mandate{}, missing(err, "payment_method", "saved payment method", r.MethodID)
	}
	if r.CustomerID != "" && r.CustomerID != method.CustomerID {
		return Mandate{}, BadParam("payment_method", "resource_missing",
			"The customer %q has no saved payment method %q.", printable(r.CustomerID),
			printable(r.MethodID))
	}
	for _, states := range [][]MandateState{{MandateActive}, nil} {
		some, err := tx.Mandates(ctx, c.Scope, MandateFilter{
			Page: Page{Limit: 1}, MethodID: r.MethodID, States: states,
		})
		if err != nil {
			return Mandate{}, err
		}
		if len(some) > 0 {
			return some[0], nil
		}
	}
	return Mandate{}, errNoMandate
}

// missing says which of a request's ids names nothing of the caller's.
func missing(err error, param, noun, id string) error {
	if !IsKind(err, NotFound) {
		return err
	}
	return BadParam(param, "resource_missing", "No such %s: %q.", noun, printable(id))
}

// enlist takes the mandate's slot for the charge and writes the payment that holds it. Who calls it
// has locked the mandate.
func (s *Service) enlist(
	ctx context.Context, tx Tx, c Caller, k *charging, m *Mandate,
) error {
	if m.Currency != k.Amount.Currency {
		return Errorf(State, "mandate_currency_mismatch",
			"The mandate is for charges in %s, not in %s.", m.Currency, k.Amount.Currency)
	}
	method, err := tx.SavedMethod(ctx, m.Scope(), m.MethodID)
	if err != nil {
		return err
	}
	rail, ok := s.railNamed(method.Rail)
	if !ok {
		return Errorf(Unavailable, "network_not_connected",
			"The network of the saved payment method is not connected now. Try again later.")
	}
	if k.Capture == CaptureManual && !canHold(rail) {
		return BadParam("capture_method", "parameter_invalid",
			"Money cannot be held on this saved payment method: capture it at once.")
	}
	now := s.Now(c)
	window, err := s.takeSlot(ctx, tx, c, m, k.Amount.Minor)
	refusal, err := refusalIn(err, k.Recorded)
	if err != nil {
		return err
	}
	hook, err := s.hookFor(ctx, tx, c, k.Family, k.Hook)
	if err != nil {
		return err
	}
	k.try = try{
		rail: rail, saved: &Credential{Token: method.Token, OffSession: true},
		expiresAt: now.Add(DefaultTTL),
	}
	p := s.newPayment(&Session{
		MerchantID: c.MerchantID, Mode: c.Mode, Family: k.Family, Echo: k.Echo,
		Amount: k.Amount, Capture: k.Capture, Metadata: k.Metadata,
	}, rail, now)
	p.use(&method)
	p.MandateID, p.OffSession, p.Window = m.ID, true, window
	p.Occurrence, p.Attempt, p.Description = k.occurrence, k.attempt, k.Description
	p.Hook = hook
	k.payment = p
	return s.writeCharge(ctx, tx, c, k, refusal)
}

// writeCharge writes the payment of a charge, with its session if it has one. One that the mandate
// refuses is over at once.
func (s *Service) writeCharge(
	ctx context.Context, tx Tx, c Caller, k *charging, refusal *Error,
) error {
	id := k.payment.ID
	if k.withSession {
		if err := s.openNext(ctx, tx, c, k); err != nil {
			return err
		}
		id = k.payment.SessionID
	}
	if err := s.name(ctx, tx, c, named{k.Family, id, k.Aliases}); err != nil {
		return err
	}
	due := serverTime(c, k.payment.CreatedAt.Add(firstPoll))
	if err := tx.InsertPayment(ctx, k.payment, due); err != nil {
		return err
	}
	err := s.emitPayment(ctx, tx, c, &k.payment)
	if err != nil || refusal == nil {
		return err
	}
	return s.refuse(ctx, tx, c, &k.try, refusal)
}

// openNext writes the session of a charge without the payer. It was open for no time at all; its
// events tell of both.
func (s *Service) openNext(ctx context.Context, tx Tx, c Caller, k *charging) error {
	p := &k.payment
	ses := Session{
		ID: s.ids.ID(cmp.Or(k.IDPrefix, "cs"), p.CreatedAt), MerchantID: p.MerchantID,
		Mode: p.Mode, Family: p.Family, Echo: k.Echo, State: SessionOpen, Version: 1,
		Amount: p.Amount, Capture: p.Capture, Methods: []string{p.Method},
		CustomerID: p.CustomerID, Metadata: k.Metadata, Series: SeriesNext,
		MethodID: p.MethodID, MandateID: p.MandateID, ExpiresAt: p.CreatedAt.Add(DefaultTTL),
		SuccessURL: k.SuccessURL, CancelURL: k.SuccessURL,
		CreatedAt: p.CreatedAt, UpdatedAt: p.CreatedAt,
	}
	if err := s.emitSession(ctx, tx, c, &ses); err != nil {
		return err
	}
	ses.State, ses.Version, ses.PaymentID = SessionPaying, 2, p.ID
	p.SessionID = ses.ID
	if err := tx.InsertSession(ctx, ses, time.Time{}); err != nil {
		return err
	}
	return s.emitSession(ctx, tx, c, &ses)
}
