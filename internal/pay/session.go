package pay

import (
	"time"

	"github.com/kassa-pay/kassa/internal/money"
)

// CaptureMode says when the money of an authorised payment is taken.
type CaptureMode string

// The capture modes.
const (
	CaptureAutomatic CaptureMode = "automatic"
	CaptureManual    CaptureMode = "manual"
)

// Session is one offer to pay an amount once. Times are UTC to the microsecond, in the merchant's
// clock.
type Session struct {
	ID            string            `json:"id"`
	MerchantID    string            `json:"merchant"`
	Mode          Mode              `json:"mode"`
	Family        string            `json:"family"`
	Echo          []byte            `json:"echo,omitempty"` // the family's own; never read here
	State         SessionState      `json:"state"`
	Version       int64             `json:"version"`
	Amount        money.Amount      `json:"amount"`
	Capture       CaptureMode       `json:"capture"`
	Methods       []string          `json:"methods,omitempty"` // empty: all the merchant offers
	CustomerID    string            `json:"customer,omitempty"`
	CustomerEmail string            `json:"email,omitempty"`
	CustomerPhone string            `json:"phone,omitempty"`
	SuccessURL    string            `json:"success_url"` // "": the page says so itself
	CancelURL     string            `json:"cancel_url"`  // "": giving up cancels the session
	Metadata      map[string]string `json:"metadata,omitempty"`
	PaymentID     string            `json:"payment,omitempty"` // in flight, or the one that paid
	Declines      int64             `json:"declines,omitempty"`
	// LastDecline and LastDeclineAt are those of the last attempt, "" once one succeeded or is in
	// flight.
	LastDecline   DeclineCode `json:"last_decline,omitempty"`
	LastDeclineAt time.Time   `json:"last_decline_at,omitzero"`
	Series        Series      `json:"series,omitempty"`
	Offer         Offer       `json:"offer,omitzero"`
	MethodID      string      `json:"method,omitempty"`  // saved by it, or charged
	MandateID     string      `json:"mandate,omitempty"` // given in it, or charged under
	ExpiresAt     time.Time   `json:"expires_at"`
	CreatedAt     time.Time   `json:"created_at"`
	UpdatedAt     time.Time   `json:"updated_at"`
}

// Scope returns whose session it is.
func (s *Session) Scope() Scope { return Scope{MerchantID: s.MerchantID, Mode: s.Mode} }

// StateAt returns the state as it must be shown at now: an open session whose deadline has passed
// is expired, whether or not the worker has come by yet.
func (s *Session) StateAt(now time.Time) SessionState {
	if s.State == SessionOpen && !now.Before(s.ExpiresAt) {
		return SessionExpired
	}
	return s.State
}

// Verifies reports whether the session takes no money: it only makes sure of the method.
func (s *Session) Verifies() bool { return s.Amount.Minor == 0 }

// Accepts reports whether the session lets the buyer pay by the method.
func (s *Session) Accepts(method string) bool {
	if len(s.Methods) == 0 {
		return true
	}
	for _, m := range s.Methods {
		if m == method {
			return true
		}
	}
	return false
}
