package pay

import (
	"context"
	"crypto/hmac"
	"strings"
	"time"

	"github.com/kassa-pay/kassa/internal/ident"
)

// PageView is all that a session's page shows.
type PageView struct {
	Session  Session
	State    SessionState // at Now
	Merchant Merchant
	// Payment is the one in flight, the one that paid, or the last that was tried; nil before the
	// first attempt.
	Payment *Payment
	Methods []string
	// Saved are the customer's saved methods that this session can be paid with, newest first.
	Saved []SavedMethod
	// Email and Phone prefill the form: the session's own, else the customer's.
	Email, Phone string
	Caller       Caller
	Now          time.Time
}

// PageKeyValid reports whether the key opens the session's page.
func (s *Service) PageKeyValid(sessionID, key string) bool {
	return hmac.Equal([]byte(s.PageKey(sessionID)), []byte(key))
}

// Page returns what the page of the session shows. A wrong key and an unknown session are the same
// NotFound.
func (s *Service) Page(ctx context.Context, sessionID, key string) (PageView, error) {
	prefix, _, _ := strings.Cut(sessionID, "_")
	if !ident.Valid(prefix, sessionID) || !s.PageKeyValid(sessionID, key) {
		return PageView{}, errNoPage
	}
	ses, err := s.store.SessionByID(ctx, sessionID)
	if err != nil {
		return PageView{}, err
	}
	m, err := s.store.Merchant(ctx, ses.MerchantID)
	if err != nil {
		return PageView{}, err
	}
	v := PageView{
		Session: ses, Merchant: m, Methods: s.Methods(&ses), Caller: callerOf(ses.Scope(), m),
		Email: ses.CustomerEmail, Phone: ses.CustomerPhone,
	}
	v.Now = s.Now(v.Caller)
	v.State = ses.StateAt(v.Now)
	err = s.fillPage(ctx, &v)
	return v, err
}

func (s *Service) fillPage(ctx context.Context, v *PageView) error {
	if v.Session.PaymentID != "" {
		p, err := s.store.Payment(ctx, v.Session.Scope(), v.Session.PaymentID)
		if err != nil {
			return err
		}
		v.Payment = &p
	}
	var err error
	if v.Saved, err = s.usable(ctx, v); err != nil {
		return err
	}
	if v.Session.CustomerID == "" || v.Email != "" && v.Phone != "" {
		return nil
	}
	cu, err := s.store.Customer(ctx, v.Session.Scope(), v.Session.CustomerID)
	if IsKind(err, NotFound) {
		return nil // the customer was deleted since; the session is as payable as before
	}
	if err != nil {
		return err
	}
	if v.Email == "" {
		v.Email = cu.Email
	}
	if v.Phone == "" {
		v.Phone = cu.Phone
	}
	return nil
}
