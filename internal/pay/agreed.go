package pay

import (
	"context"
	"time"
)

// agreed takes over what an outcome says of the agreement that a payment was made with. As soon as
// the payer has agreed, what was to be kept is kept, in the transaction of that outcome, whatever
// becomes of the payment. It reports whether the payment was changed; it is not written here.
func (s *Service) agreed(
	ctx context.Context, tx Tx, c Caller, p *Payment, out Outcome,
) (after settled, err error) {
	a := out.Agreement
	if a == nil || !p.State.InFlight() {
		return after, nil
	}
	if p.Agreement == "" {
		p.Agreement, after.changed = a.Token, true
	}
	if !p.Keep || p.MethodID != "" || !a.given(out) {
		return after, nil
	}
	ses, err := tx.LockSession(ctx, p.SessionID)
	if err != nil || ses.State != SessionPaying || ses.PaymentID != p.ID {
		return after, err
	}
	after.changed = true
	p.Payto = &a.Payto
	if err := s.ensureCustomer(ctx, tx, c, &ses); err != nil {
		return after, err
	}
	p.CustomerID = ses.CustomerID
	if err := s.keepAgreement(ctx, tx, c, p, a); err != nil {
		return after, err
	}
	if ses.Series == SeriesFirst {
		p.Hook = ses.Offer.Hooks[ObjectPayment]
	}
	if after.replaced, err = s.grantIn(ctx, tx, c, p, &ses); err != nil {
		return after, err
	}
	ses.UpdatedAt = s.Now(c)
	ses.Version++
	return after, tx.SwapSession(ctx, ses, time.Time{})
}

// given reports whether the payer has agreed, even if the agreement has been used up since.
func (a *Agreement) given(out Outcome) bool {
	return a.State == AgreementActive || a.State == AgreementSuspended ||
		a.State == AgreementCancelled && out.Kind == OutcomePaid
}

// keepAgreement saves the account of a payment with the agreement that was made for it. Each
// agreement is a method of its own. What has happened to it since it was given is found by mirror.
func (s *Service) keepAgreement(
	ctx context.Context, tx Tx, c Caller, p *Payment, a *Agreement,
) error {
	now := s.Now(c)
	m := SavedMethod{
		ID: s.ids.ID("pm", now), MerchantID: p.MerchantID, Mode: p.Mode, Family: p.Family,
		CustomerID: p.CustomerID, State: MethodActive, Version: 1, Rail: p.Rail, Type: p.Method,
		Payto: p.Payto, Token: a.Token, PaymentID: p.ID, CreatedAt: now, UpdatedAt: now,
	}
	if a.State == AgreementActive {
		m.TokenVersion = a.Version
	}
	p.MethodID = m.ID
	if err := tx.InsertMethod(ctx, m); err != nil {
		return err
	}
	return s.emitMethod(ctx, tx, c, &m)
}

// grantIn records on a session the method that its payment has saved, and gives the mandate of a
// first session. If the session had given one on another method, that one ends; the method it was
// on is returned.
func (s *Service) grantIn(
	ctx context.Context, tx Tx, c Caller, p *Payment, ses *Session,
) (replaced *SavedMethod, err error) {
	if p.MethodID != "" {
		ses.MethodID, ses.CustomerID = p.MethodID, p.CustomerID
	}
	if ses.Series != SeriesFirst || ses.MethodID == "" || ses.Offer.Terms == nil {
		return nil, nil
	}
	if gone, err := s.takenBack(ctx, tx, p); gone || err != nil {
		return nil, err
	}
	if ses.MandateID != "" {
		old, err := tx.MandateByID(ctx, ses.MandateID)
		if err != nil || old.MethodID == ses.MethodID {
			return nil, err
		}
		if replaced, err = s.replace(ctx, tx, c, &old); err != nil {
			return nil, err
		}
	}
	return replaced, s.grant(ctx, tx, c, p, ses)
}

// takenBack reports whether the saved method of a payment was detached while its payer was away:
// then there is nothing to charge later.
func (s *Service) takenBack(ctx context.Context, tx Tx, p *Payment) (bool, error) {
	if !p.withSaved() {
		return false, nil
	}
	err := s.stillSaved(ctx, tx, p.MethodID)
	if IsKind(err, Invalid) {
		return true, nil
	}
	return false, err
}

// replace ends a mandate for which another one is given in the same session.
func (s *Service) replace(
	ctx context.Context, tx Tx, c Caller, old *Mandate,
) (*SavedMethod, error) {
	m, err := tx.LockMethod(ctx, old.MethodID)
	if err != nil {
		return nil, err
	}
	now, err := tx.LockMandate(ctx, old.ID)
	if err == nil && now.State.live() {
		err = s.cancelMandate(ByReplaced)(ctx, tx, c, &now)
	}
	if err != nil || old.Payto == nil || m.State != MethodActive {
		return nil, err
	}
	return &m, s.detach(ctx, tx, c, &m)
}

// grant writes the mandate of a first session. If the session's own payment is the first charge
// under it, the payment takes a slot, as any charge does.
func (s *Service) grant(ctx context.Context, tx Tx, c Caller, p *Payment, ses *Session) error {
	m := s.newMandate(c, p, ses)
	if m.Payto != nil {
		owner, err := tx.Merchant(ctx, ses.MerchantID)
		if err != nil {
			return err
		}
		m.Description = AgreementOf(ses, owner.Name, true).Description
	}
	var w MandateWindow
	if !p.Verifies() && (ses.Offer.CountFirst || m.Payto != nil) {
		var err error
		if w, err = s.windowOf(ctx, tx, &m, m.CreatedAt); err != nil {
			return err
		}
		m.Count, m.Total = 1, p.Amount.Minor
		p.MandateID, p.Window = m.ID, w.Start
	}
	ses.MandateID = m.ID
	if err := tx.InsertMandate(ctx, m, m.dueAt(c)); err != nil {
		return err
	}
	if !w.Start.IsZero() {
		w.Count, w.Amount = 1, p.Amount.Minor
		if err := tx.PutMandateWindow(ctx, w); err != nil {
			return err
		}
	}
	return s.emitMandate(ctx, tx, c, &m, eventMandateActive)
}

// leftover reports whether a payment that has just ended leaves an agreement behind that nobody
// keeps, and that its payer would go on seeing at their bank.
func (p *Payment) leftover(next PaymentState, a *Agreement) bool {
	if a == nil || p.MethodID != "" || a.State == AgreementCancelled {
		return false
	}
	return next == PaymentPaid || next == PaymentFailed || next == PaymentCanceled
}
