package wpay

import (
	"encoding/json"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/terms"
)

// echo is what this family keeps with a session, and with the payments and mandates that it makes:
// all that the protocol knows of them and the core does not.
type echo struct {
	// SessionID is what the session is called here; "" for a payment without one.
	SessionID  string      `json:"session,omitempty"`
	Type       sessionType `json:"type,omitempty"`
	ReturnURL  string      `json:"return_url,omitempty"`
	LaunchedAt time.Time   `json:"launched_at,omitzero"`
	ReturnedAt time.Time   `json:"returned_at,omitzero"`
	// Deadline is when the buyer's time is over.
	Deadline time.Time `json:"deadline,omitzero"`

	BuyerID   string `json:"buyer,omitempty"`
	BuyerName string `json:"buyer_name,omitempty"`

	InstrumentID   string          `json:"instrument,omitempty"`
	InstrumentType instrumentType  `json:"instrument_type,omitempty"`
	InstrumentData json.RawMessage `json:"instrument_data,omitempty"`

	PaymentID         string          `json:"payment,omitempty"`
	Amount            int64           `json:"amount,omitempty"`
	Reference         *string         `json:"reference,omitempty"`
	Description       string          `json:"description,omitempty"`
	CreditorReference *string         `json:"creditor_reference,omitempty"`
	Data              json.RawMessage `json:"data,omitempty"`

	// RefundID is that of a refund, whose payment is PaymentID.
	RefundID string `json:"refund,omitempty"`
}

// echoOf reads what an object of this family carries; one of another family carries nothing.
func echoOf(family string, raw []byte) (e echo) {
	if family == Family {
		_ = json.Unmarshal(raw, &e) // ours
	}
	return e
}

// sessionType says what a session is for.
type sessionType string

// The types of session.
const (
	typeCheckout   sessionType = "Checkout"
	typeInstrument sessionType = "Instrument"
	typePayment    sessionType = "Payment"
)

// instrumentType says whether the buyer saves an instrument.
type instrumentType string

// The types of instrument.
const (
	oneOff  instrumentType = "OneOff"
	ongoing instrumentType = "Ongoing"
)

// zone is where the network's days begin and end.
const zone = "Australia/Sydney"

// oneOffDays is how long the buyer's bank honours an instrument for a single payment.
const oneOffDays = 30

// termsOf are what the buyer agrees to. An instrument for a single payment is for that one alone.
func termsOf(e *echo, maximum int64, end terms.Date, now time.Time) *terms.Terms {
	t := &terms.Terms{
		Kind: terms.OnDemand, Zone: zone, End: end, Amount: terms.Amount{Max: maximum},
	}
	if e.InstrumentType == ongoing {
		return t
	}
	t.MaxCount = 1
	if e.Amount > 0 {
		t.Amount = terms.Amount{Min: e.Amount, Max: e.Amount}
	}
	if end.IsZero() {
		t.End = terms.DateOf(now.In(t.Location())).AddDays(oneOffDays)
	}
	return t
}

// status is where a session stands at now. One whose payment is under way outlasts its deadline, so
// that what is Expired stays so.
func (e *echo) status(s *pay.Session, now time.Time) (status string, since time.Time) {
	deadline := e.Deadline
	if deadline.IsZero() {
		deadline = s.ExpiresAt
	}
	switch {
	case !e.ReturnedAt.IsZero():
		return sessionCompleted, e.ReturnedAt
	case !now.Before(deadline) && s.State == pay.SessionComplete:
		return sessionCompleted, s.UpdatedAt // all is done, though the browser never came back
	case s.State == pay.SessionCanceled:
		return sessionExpired, s.UpdatedAt
	case !now.Before(deadline) && s.State != pay.SessionPaying:
		return sessionExpired, deadline
	case !e.LaunchedAt.IsZero():
		return sessionLaunched, e.LaunchedAt
	}
	return sessionCreated, s.CreatedAt
}
