package pay

import (
	"context"
	"time"

	"github.com/kassa-pay/kassa/internal/terms"
)

var errNotYet = Errorf(Internal, "not_yet", "Not built yet.")

// DefaultRetry is how a scheduled charge is tried again when its mandate does not say.
var DefaultRetry = Retry{Days: []int64{1, 3, 5}}

func (s *Service) SavedMethod(ctx context.Context, c Caller, id string) (SavedMethod, error) {
	return SavedMethod{}, errNotYet
}
func (s *Service) SavedMethods(ctx context.Context, c Caller, f MethodFilter) ([]SavedMethod, bool, error) {
	return nil, false, errNotYet
}

// DetachMethod forgets a saved method, at the rail too, and cancels its mandates.
func (s *Service) DetachMethod(ctx context.Context, c Caller, o *Once[SavedMethod], id string) (SavedMethod, Reply, error) {
	return SavedMethod{}, Reply{}, errNotYet
}
func (s *Service) Mandate(ctx context.Context, c Caller, id string) (Mandate, error) {
	return Mandate{}, errNotYet
}
func (s *Service) Mandates(ctx context.Context, c Caller, f MandateFilter) ([]Mandate, bool, error) {
	return nil, false, errNotYet
}
func (s *Service) CancelMandate(ctx context.Context, c Caller, o *Once[Mandate], id string) (Mandate, Reply, error) {
	return Mandate{}, Reply{}, errNotYet
}
func (s *Service) PauseMandate(ctx context.Context, c Caller, o *Once[Mandate], id string) (Mandate, Reply, error) {
	return Mandate{}, Reply{}, errNotYet
}

// ResumeMandate: scheduled charges that fell into the pause are skipped.
func (s *Service) ResumeMandate(ctx context.Context, c Caller, o *Once[Mandate], id string) (Mandate, Reply, error) {
	return Mandate{}, Reply{}, errNotYet
}

// MandateURL returns the address, with its key, of the page on which the payer sees and cancels the mandate.
func (s *Service) MandateURL(id string) string { return "" }

// MandateView is all that the payer's page of a mandate shows.
type MandatePage struct {
	Mandate  Mandate
	Method   SavedMethod
	Merchant Merchant
	Charges  []Payment // newest first, at most ten
	Caller   Caller
	Now      time.Time
}

// MandatePage: a wrong key and an unknown mandate are the same NotFound.
func (s *Service) MandatePage(ctx context.Context, id, key string) (MandatePage, error) {
	return MandatePage{}, errNotYet
}

// CancelMandateAsPayer ends a mandate for whoever has its link.
func (s *Service) CancelMandateAsPayer(ctx context.Context, id, key string) (Mandate, error) {
	return Mandate{}, errNotYet
}

// Charge makes a payment without the payer and without a session (native API).
func (s *Service) Charge(ctx context.Context, c Caller, o *Once[Payment], r ChargeRequest) (Payment, Reply, error) {
	return Payment{}, Reply{}, errNotYet
}

// ChargeSession makes a session of SeriesNext and its one payment (collect).
func (s *Service) ChargeSession(ctx context.Context, c Caller, o *Once[Session], r ChargeRequest) (Session, Reply, error) {
	return Session{}, Reply{}, errNotYet
}

// CancelSession gives an open session up for its merchant.
func (s *Service) CancelSession(ctx context.Context, c Caller, o *Once[Session], id string) (Session, Reply, error) {
	return Session{}, Reply{}, errNotYet
}

// CancelSessionAsPayer gives an open session up for whoever has its page key.
func (s *Service) CancelSessionAsPayer(ctx context.Context, id, key string) (Session, error) {
	return Session{}, errNotYet
}

// ChargeDue makes the scheduled charges whose time has come: one bounded round.
func (s *Service) ChargeDue(ctx context.Context) (int, error) { return 0, nil }

// Rehearse tells the simulated network what the next charge of a saved method becomes (test mode).
func (s *Service) Rehearse(ctx context.Context, c Caller, methodID string, r Rehearsal) error {
	return errNotYet
}

var _ = terms.Terms{}
