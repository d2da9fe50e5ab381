package pay

import "context"

// resubmittable reports whether all that is needed to submit the payment is on disk: a saved method
// or an account at a bank.
func (p *Payment) resubmittable() bool { return p.withSaved() || p.Payto != nil }

// resubmit submits such a payment that its rail never saw: all that is needed is on
// disk. It does not when the rail cannot tell a repeat from a second payment, when the payer's time
// is over, or when the method or the mandate was taken back since. Then out stays what it is.
func (s *Service) resubmit(ctx context.Context, c Caller, p *Payment, out Outcome) Outcome {
	t, err := s.again(ctx, c, p)
	if err != nil {
		s.log.ErrorContext(ctx, "payment not submitted again", "payment", p.ID, "error", err)
		return Outcome{}
	}
	if t == nil {
		return out
	}
	return s.start(ctx, c, t)
}

// again makes the attempt of a payment once more; nil when it must not be made.
func (s *Service) again(ctx context.Context, c Caller, p *Payment) (*try, error) {
	rail, ok := s.railNamed(p.Rail)
	if !ok || !rail.Facts().SubmitIdempotent {
		return nil, nil
	}
	if !p.withSaved() {
		return s.againFresh(ctx, c, p, rail)
	}
	m, err := s.store.SavedMethod(ctx, c.Scope, p.MethodID)
	if err != nil || m.State != MethodActive {
		return nil, err
	}
	if p.MandateID != "" {
		mandate, err := s.store.Mandate(ctx, c.Scope, p.MandateID)
		if err != nil || mandate.State == MandateCanceled {
			return nil, err
		}
	}
	t := &try{
		payment: *p, rail: rail, saved: &Credential{Token: m.Token, OffSession: p.OffSession},
		expiresAt: p.CreatedAt.Add(DefaultTTL),
	}
	if p.SessionID != "" {
		ses, err := s.store.SessionByID(ctx, p.SessionID)
		if err != nil {
			return nil, err
		}
		t.expiresAt = ses.ExpiresAt
	}
	if !p.Occurrence.IsZero() {
		t.expiresAt = s.Now(c).Add(DefaultTTL) // what fell due is made up for, however late
	}
	if !s.Now(c).Before(t.expiresAt) {
		return nil, nil
	}
	return t, nil
}

// againFresh makes the attempt with an account at a bank once more. Its payer may just have been
// told to look into their bank's app.
func (s *Service) againFresh(
	ctx context.Context, c Caller, p *Payment, rail Rail,
) (*try, error) {
	ses, err := s.store.SessionByID(ctx, p.SessionID)
	if err != nil || !s.Now(c).Before(ses.ExpiresAt) {
		return nil, err
	}
	t := &try{payment: *p, rail: rail, expiresAt: ses.ExpiresAt}
	return t, s.propose(ctx, &ses, t)
}
