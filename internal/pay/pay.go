package pay

import (
	"context"
	"time"
)

// PayRequest is one attempt to pay a session.
type PayRequest struct {
	SessionID string
	Method    MethodInput
	Save      bool   // the payer ticked the box of SavePrompt
	Language  string // BCP 47, of the page, for the words of the consent; "" for English
}

// Pay makes one attempt to pay a session. The intent is on disk before anything leaves the house;
// the rail is called outside any transaction; its answer is applied by the state table. A decline
// is a payment in state failed, not an error. An unknown outcome is a payment still in flight: the
// poll finds out.
//
// The card is zeroed before Pay returns.
func (s *Service) Pay(
	ctx context.Context, c Caller, o *Once[Payment], r PayRequest,
) (Payment, Reply, error) {
	if r.Method.Card != nil {
		defer r.Method.Card.CVC.Zero()
	}
	if o.keyed() {
		reply, found, err := resume(ctx, s, c, o, s.settledPayment(ctx, c))
		if found || err != nil {
			return Payment{}, reply, err
		}
	}
	ses, err := s.store.Session(ctx, c.Scope, r.SessionID)
	if err != nil {
		return Payment{}, Reply{}, err
	}
	t, err := s.prepare(ctx, c, &ses, r)
	if err != nil {
		return s.lostRace(ctx, c, o, err)
	}
	if err := s.admit(); err != nil {
		return Payment{}, Reply{}, err
	}
	if err := s.claim(ctx, c, o, t); err != nil {
		return s.lostRace(ctx, c, o, err)
	}
	return s.submit(ctx, c, o, t)
}

// settledPayment loads a payment for resume: it is settled once its first answer is in.
func (s *Service) settledPayment(
	ctx context.Context, c Caller,
) func(string) (Payment, bool, error) {
	return func(id string) (Payment, bool, error) {
		p, err := s.store.Payment(ctx, c.Scope, id)
		return p, p.State != PaymentCreated, err
	}
}

// lostRace answers a request whose idempotency key was inserted by a twin between our look-up and
// our claim.
func (s *Service) lostRace(
	ctx context.Context, c Caller, o *Once[Payment], err error,
) (Payment, Reply, error) {
	if o.keyed() {
		reply, found, rerr := resume(ctx, s, c, o, s.settledPayment(ctx, c))
		if found || rerr != nil {
			return Payment{}, reply, rerr
		}
	}
	return Payment{}, Reply{}, err
}

// prepare validates the attempt and picks the rail, before anything is written.
func (s *Service) prepare(
	ctx context.Context, c Caller, ses *Session, r PayRequest,
) (*try, error) {
	now, m := s.Now(c), r.Method
	if err := s.payable(ses, now); err != nil {
		return nil, err
	}
	var t *try
	var err error
	if m.SavedID != "" {
		t, err = s.prepareSaved(ctx, c, ses, m.SavedID)
	} else {
		t, err = s.prepareFresh(ctx, c, ses, r)
	}
	if err != nil || ses.Series != SeriesFirst {
		return t, err
	}
	t.consent, err = s.consentTo(ctx, ses, t.payment.Method, r.Language)
	return t, err
}

// prepareFresh prepares an attempt with a method that the payer enters now.
func (s *Service) prepareFresh(
	ctx context.Context, c Caller, ses *Session, r PayRequest,
) (*try, error) {
	now, m := s.Now(c), r.Method
	rail, ok := s.railFor(ses.Mode, m.Type)
	if !ok || !ses.suits(rail) {
		return nil, BadParam("payment_method.type", "payment_method_not_available",
			"This session cannot be paid by %q.", printable(m.Type))
	}
	t := &try{rail: rail, card: m.Card, expiresAt: ses.ExpiresAt}
	t.payment = s.newPayment(ses, rail, now)
	t.payment.Keep = ses.keeps(rail, r.Save)
	if !isAgreer(rail) {
		return t, s.fill(&t.payment, m, "payment_method.", now)
	}
	var err error
	t.payment.Payto, err = s.resolvePayto(ctx, c, rail, m.Payto, "payment_method.")
	if err != nil {
		return nil, err
	}
	if ses.Series == SeriesFirst {
		// Until the payer has agreed, what becomes of the attempt is news of the agreement.
		t.payment.Hook = ses.Offer.Hooks[ObjectMandate]
	}
	return t, s.propose(ctx, ses, t)
}

// payable says why a session cannot be paid now; nil when it can.
func (s *Service) payable(ses *Session, now time.Time) error {
	switch ses.StateAt(now) {
	case SessionOpen:
		return nil
	case SessionPaying:
		return Errorf(Conflict, "payment_in_progress", "A payment for this session is in progress.")
	case SessionComplete:
		return Errorf(State, "session_complete", "This session has been paid.")
	case SessionCanceled:
		return Errorf(State, "session_canceled", "This session was canceled.")
	default:
		if ses.Declines >= MaxDeclines {
			return Errorf(State, "session_closed",
				"This session was closed after %d declined payments.", MaxDeclines)
		}
		return Errorf(State, "session_expired", "This session has expired.")
	}
}

// try is one attempt on its way: a new payment, the rail it goes to, what it is made with.
type try struct {
	payment   Payment
	rail      Rail
	card      *Card
	saved     *Credential
	agreement *Agreement // that the payer is asked for
	under     string     // the mandate that it is a charge under, though the payer is there
	consent   string     // the words the payer agreed to with it
	expiresAt time.Time  // when the payer's time is over
	refused   bool       // it is over already: the mandate does not permit it
}

// claim writes the intent: the session is taken by one new payment, and by no other.
func (s *Service) claim(ctx context.Context, c Caller, o *Once[Payment], t *try) error {
	p := &t.payment
	err := s.store.Write(ctx, func(ctx context.Context, tx Tx) error {
		ses, err := tx.LockSession(ctx, p.SessionID)
		if err != nil {
			return err
		}
		if err := s.payable(&ses, p.CreatedAt); err != nil {
			return err
		}
		if t.saved != nil {
			if err := s.stillSaved(ctx, tx, p.MethodID); err != nil {
				return err
			}
		}
		ses.PaymentID, ses.LastDecline, ses.LastDeclineAt = p.ID, "", time.Time{}
		ses.Offer.Consent = t.consent
		if err := s.moveSession(ctx, tx, c, &ses, SessionClaim); err != nil {
			return err
		}
		if o.keyed() {
			r := s.record(o.ticket(c), p.ID, nil)
			if err := tx.InsertIdempotency(ctx, r); err != nil {
				return err
			}
		}
		refusal, err := s.seat(ctx, tx, c, t)
		if err != nil {
			return err
		}
		if err := tx.InsertPayment(ctx, *p, serverTime(c, p.CreatedAt.Add(firstPoll))); err != nil {
			return err
		}
		if err := s.emitPayment(ctx, tx, c, p); err != nil || refusal == nil {
			return err
		}
		return s.refuse(ctx, tx, c, t, refusal)
	})
	if err == nil {
		s.changed(p.SessionID)
	}
	return err
}

func (s *Service) newPayment(ses *Session, rail Rail, now time.Time) Payment {
	return Payment{
		ID: s.ids.ID("pay", now), MerchantID: ses.MerchantID, Mode: ses.Mode, Family: ses.Family,
		SessionID: ses.ID, CustomerID: ses.CustomerID, State: PaymentCreated, Version: 1,
		Amount: ses.Amount, Capture: ses.Capture, Rail: rail.Name(), Method: rail.Facts().Method,
		Echo: ses.Echo, Hook: ses.Offer.Hooks[ObjectPayment], Metadata: ses.Metadata,
		Description: ses.Offer.Description, CreatedAt: now, UpdatedAt: now,
	}
}

// submit hands the attempt to the rail and applies the answer. It goes on when the buyer's browser
// has hung up: what was started is brought to an end.
func (s *Service) submit(
	ctx context.Context, c Caller, o *Once[Payment], t *try,
) (Payment, Reply, error) {
	ctx = context.WithoutCancel(ctx)
	if t.refused {
		return s.conclude(ctx, c, o, t.payment.ID, Outcome{})
	}
	return s.conclude(ctx, c, o, t.payment.ID, s.start(ctx, c, t))
}

// start hands the attempt to the rail. An error of the rail means unknown: the zero outcome, which
// leaves the payment as it is.
func (s *Service) start(ctx context.Context, c Caller, t *try) Outcome {
	p := &t.payment
	a := Attempt{
		Ref: s.ref(c, p), Amount: p.Amount, Capture: p.Capture, Card: t.card, Saved: t.saved,
		Keep: p.Keep, ExpiresAt: t.expiresAt,
	}
	if t.saved == nil {
		a.Mobile, a.Payto, a.Agreement = p.Mobile, p.Payto, t.agreement
	}
	if !p.OffSession {
		a.ReturnURL = s.returnURL(p.SessionID)
	}
	ctx, cancel := context.WithTimeout(ctx, t.rail.Facts().Deadline)
	defer cancel()
	out, err := t.rail.Start(ctx, a)
	if err != nil {
		s.log.WarnContext(ctx, "payment outcome unknown", "payment", p.ID, "rail", p.Rail,
			"error", err)
		return Outcome{}
	}
	return out
}

// conclude applies a rail's answer and stores the answer to the caller's key in the same
// transaction.
func (s *Service) conclude(
	ctx context.Context, c Caller, o *Once[Payment], id string, out Outcome,
) (Payment, Reply, error) {
	var reply Reply
	p, err := s.applyThen(ctx, c, id, out, func(ctx context.Context, tx Tx, p *Payment) error {
		reply = o.render(*p)
		if !o.keyed() {
			return nil
		}
		return tx.FinishIdempotency(ctx, s.record(o.ticket(c), p.ID, &reply))
	})
	return p, reply, err
}

// ref names the payment at its rail.
func (s *Service) ref(c Caller, p *Payment) Ref {
	return Ref{Scope: p.Scope(), PaymentID: p.ID, Now: s.Now(c)}
}

// returnURL is where a payer's browser comes back to after acting elsewhere.
func (s *Service) returnURL(sessionID string) string {
	return s.base + "/checkout/" + sessionID + "/return?key=" + s.PageKey(sessionID)
}
