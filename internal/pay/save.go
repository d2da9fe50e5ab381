package pay

import (
	"context"
	"crypto/hmac"
	"slices"
	"strings"
	"time"

	"github.com/kassa-pay/kassa/internal/consent"
)

// ConsentFacts are what a payer agrees to who pays the session by a method, for consent.Words. The
// page shows the words in its language before the payer agrees, and Pay, told the same language,
// stores them.
func ConsentFacts(ses *Session, method, merchant, language string) consent.Facts {
	f := consent.Facts{
		Language: language, Merchant: merchant, Currency: ses.Amount.Currency,
		Amount: ses.Amount.Minor, Schedule: ses.Offer.Schedule,
		Counted: ses.Offer.CountFirst || method == MethodPayTo, // as grant does
	}
	if ses.Offer.Terms != nil {
		f.Terms = *ses.Offer.Terms
	}
	return f
}

// consentTo returns the words of the mandate that an attempt to pay the session gives.
func (s *Service) consentTo(
	ctx context.Context, ses *Session, method, language string,
) (string, error) {
	m, err := s.store.Merchant(ctx, ses.MerchantID)
	if err != nil {
		return "", err
	}
	return strings.Join(consent.Words(ConsentFacts(ses, method, m.Name, language)), "\n"), nil
}

// prepareSaved prepares an attempt with a method that the session's customer left earlier.
func (s *Service) prepareSaved(
	ctx context.Context, c Caller, ses *Session, id string,
) (*try, error) {
	m, err := s.store.SavedMethod(ctx, c.Scope, id)
	if err != nil && !IsKind(err, NotFound) {
		return nil, err
	}
	if err != nil || m.State != MethodActive || m.CustomerID != ses.CustomerID {
		return nil, errNotSaved
	}
	rail, ok := s.railNamed(m.Rail)
	if !ok || !ses.suits(rail) || !ses.takes(rail, &m) {
		return nil, BadParam("payment_method.id", "payment_method_not_available",
			"This session cannot be paid by the saved payment method.")
	}
	t := &try{rail: rail, saved: &Credential{Token: m.Token}, expiresAt: ses.ExpiresAt}
	t.payment = s.newPayment(ses, rail, s.Now(c))
	t.payment.use(&m)
	if isAgreer(rail) {
		t.under, err = s.mandateOn(ctx, &m)
	}
	return t, err
}

// mandateOn finds the mandate that every payment with a saved agreement is a charge under; "" when
// the agreement was saved without one.
func (s *Service) mandateOn(ctx context.Context, m *SavedMethod) (string, error) {
	for _, states := range [][]MandateState{liveMandates, nil} {
		some, err := s.store.Mandates(ctx, m.Scope(), MandateFilter{
			Page: Page{Limit: 1}, MethodID: m.ID, States: states,
		})
		if err != nil {
			return "", err
		}
		if len(some) > 0 {
			return some[0].ID, nil
		}
	}
	return "", nil
}

var errNotSaved = BadParam("payment_method.id", "resource_missing",
	"This saved payment method is not there any more. Choose another way to pay.")

// stillSaved locks a method that is about to be charged, and refuses one that was detached since we
// looked.
func (s *Service) stillSaved(ctx context.Context, tx Tx, id string) error {
	m, err := tx.LockMethod(ctx, id)
	if err == nil && m.State != MethodActive {
		return errNotSaved
	}
	return err
}

// use makes the payment one with a saved method.
func (p *Payment) use(m *SavedMethod) {
	p.MethodID, p.CustomerID, p.Card, p.Mobile = m.ID, m.CustomerID, m.Card, m.Mobile
	if p.Payto = m.Payto; p.Payto != nil {
		p.Agreement = m.Token
	}
}

// withSaved reports whether the payment is made with a saved method, rather than saved by it.
func (p *Payment) withSaved() bool { return p.MethodID != "" && !p.Keep }

// keeping is a payment that may have left a credential at its rail.
type keeping struct {
	payment *Payment
	session *Session // nil when it has none that follows it
	token   string   // the rail's name for the credential
}

// keep saves the method of a payment that has just succeeded, if it was to be kept, in the
// transaction of that success. If the customer had saved it before, what it was is returned.
func (s *Service) keep(
	ctx context.Context, tx Tx, c Caller, k keeping,
) (replaced *SavedMethod, err error) {
	p, ses := k.payment, k.session
	if !p.Keep || p.MethodID != "" || ses == nil || p.Agreement != "" {
		return nil, nil
	}
	if k.token == "" {
		s.log.ErrorContext(ctx, "the network kept no credential", "payment", p.ID, "rail", p.Rail)
		return nil, nil
	}
	if err := s.ensureCustomer(ctx, tx, c, ses); err != nil {
		return nil, err
	}
	p.CustomerID = ses.CustomerID
	known, err := s.knownMethod(ctx, tx, c, p)
	if err != nil {
		return nil, err
	}
	if known != nil {
		return s.renew(ctx, tx, c, known, k)
	}
	now := s.Now(c)
	m := SavedMethod{
		ID: s.ids.ID("pm", now), MerchantID: p.MerchantID, Mode: p.Mode, Family: p.Family,
		CustomerID: p.CustomerID, State: MethodActive, Version: 1, Rail: p.Rail, Type: p.Method,
		Card: p.Card, Mobile: p.Mobile, Token: k.token, PaymentID: p.ID, CreatedAt: now,
		UpdatedAt: now,
	}
	p.MethodID = m.ID
	if err := tx.InsertMethod(ctx, m); err != nil {
		return nil, err
	}
	return nil, s.emitMethod(ctx, tx, c, &m)
}

// ensureCustomer makes a customer of what the session knows of its payer, unless it has one. A
// customer is locked, so that a card that is saved twice at once is saved once.
func (s *Service) ensureCustomer(ctx context.Context, tx Tx, c Caller, ses *Session) error {
	if ses.CustomerID != "" {
		_, err := tx.LockCustomer(ctx, c.Scope, ses.CustomerID)
		if !IsKind(err, NotFound) {
			return err
		}
	}
	now := s.Now(c)
	cu := Customer{
		ID: s.ids.ID("cus", now), MerchantID: ses.MerchantID, Mode: ses.Mode,
		Email: ses.CustomerEmail, Phone: ses.CustomerPhone, CreatedAt: now, UpdatedAt: now,
	}
	ses.CustomerID = cu.ID
	return tx.InsertCustomer(ctx, cu)
}

// knownMethod finds the customer's saved method that the payment was made with once more; nil when
// it is new.
func (s *Service) knownMethod(
	ctx context.Context, tx Tx, c Caller, p *Payment,
) (*SavedMethod, error) {
	known, err := tx.SavedMethods(ctx, c.Scope, MethodFilter{
		Page: Page{Limit: MaxPage}, CustomerID: p.CustomerID,
	})
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(known, func(m SavedMethod) bool { return m.Rail == p.Rail && m.same(p) })
	if i < 0 {
		return nil, nil
	}
	m, err := tx.LockMethod(ctx, known[i].ID)
	if err != nil || m.State != MethodActive {
		return nil, err // it was detached since: the payer has just saved it again
	}
	return &m, nil
}

// same reports whether the payment was made with what was saved.
func (m *SavedMethod) same(p *Payment) bool {
	switch {
	case m.Card != nil && p.Card != nil:
		return m.Card.Fingerprint != "" && m.Card.Fingerprint == p.Card.Fingerprint
	case m.Mobile != nil && p.Mobile != nil:
		return *m.Mobile == *p.Mobile
	}
	return false
}

// renew gives a saved method its new token, and what is new on the card. It returns the method as
// it was, whose token nobody needs any more.
func (s *Service) renew(
	ctx context.Context, tx Tx, c Caller, m *SavedMethod, k keeping,
) (*SavedMethod, error) {
	was := *m
	m.Token, m.Card, m.Mobile = k.token, k.payment.Card, k.payment.Mobile
	m.UpdatedAt = s.Now(c)
	m.Version++
	k.payment.MethodID = m.ID
	err := tx.SwapMethod(ctx, *m)
	if err != nil || hmac.Equal([]byte(was.Token), []byte(m.Token)) {
		return nil, err
	}
	return &was, nil
}

func (s *Service) emitMethod(ctx context.Context, tx Tx, c Caller, m *SavedMethod) error {
	return s.emitMethodAs(ctx, tx, c, m, "method."+m.State.String())
}

func (s *Service) emitMethodAs(
	ctx context.Context, tx Tx, c Caller, m *SavedMethod, what string,
) error {
	return s.emit(ctx, tx, c, Event{
		Type: what, Kind: ObjectMethod, ObjectID: m.ID,
		Sequence: m.Version, Family: m.Family,
	}, m)
}

// SavedMethod returns one of the caller's saved methods.
func (s *Service) SavedMethod(ctx context.Context, c Caller, id string) (SavedMethod, error) {
	return s.store.SavedMethod(ctx, c.Scope, id)
}

// SavedMethods lists the caller's saved methods, newest first, and says whether there are more.
func (s *Service) SavedMethods(
	ctx context.Context, c Caller, f MethodFilter,
) ([]SavedMethod, bool, error) {
	return list(ctx, c, &f.Page, s.store.SavedMethod, func() ([]SavedMethod, error) {
		return s.store.SavedMethods(ctx, c.Scope, f)
	})
}

// takes reports whether the session can be paid with the saved method. An agreement at a bank was
// given for terms of its own: it cannot stand for those of another session.
func (ses *Session) takes(rail Rail, m *SavedMethod) bool {
	return !isAgreer(rail) || !ses.Verifies() && (ses.Series != SeriesFirst ||
		ses.MandateID != "" && ses.MethodID == m.ID)
}

// usable returns the saved methods that the payer of a page can choose from.
func (s *Service) usable(ctx context.Context, v *PageView) ([]SavedMethod, error) {
	ses := &v.Session
	if ses.CustomerID == "" || ses.Verifies() && ses.Series == SeriesNone {
		return nil, nil
	}
	all, err := s.store.SavedMethods(ctx, ses.Scope(), MethodFilter{
		Page: Page{Limit: MaxPage}, CustomerID: ses.CustomerID,
	})
	return slices.DeleteFunc(all, func(m SavedMethod) bool {
		rail, ok := s.railNamed(m.Rail)
		return !ok || !ses.suits(rail) || !ses.takes(rail, &m) || m.expiredAt(v.Now)
	}), err
}

// expiredAt reports whether the card's last month is over, anywhere on earth.
func (m *SavedMethod) expiredAt(now time.Time) bool {
	if m.Card == nil {
		return false
	}
	end := time.Date(int(m.Card.ExpYear), time.Month(m.Card.ExpMonth)+1, 1, 12, 0, 0, 0, time.UTC)
	return !now.Before(end)
}
