package pay

import (
	"time"

	"github.com/kassa-pay/kassa/internal/money"
)

// Payment is one attempt to move money. Its id is the idempotency key at the rail and our reference
// there. Amounts are in minor units of Amount.Currency.
type Payment struct {
	ID         string       `json:"id"`
	MerchantID string       `json:"merchant"`
	Mode       Mode         `json:"mode"`
	Family     string       `json:"family"`
	SessionID  string       `json:"session,omitempty"`
	CustomerID string       `json:"customer,omitempty"`
	State      PaymentState `json:"state"`
	Version    int64        `json:"version"`
	Amount     money.Amount `json:"amount"`
	Capture    CaptureMode  `json:"capture"`
	Captured   int64        `json:"captured"`             // what the rail took for us
	Refunded   int64        `json:"refunded"`             // refunds that succeeded or may yet
	Capturing  int64        `json:"-"`                    // the amount of a capture that is on its way
	KeepRest   bool         `json:"-"`                    // that capture is not the last
	Captures   int64        `json:"captures,omitempty"`   // how many were begun; numbers them
	Authorised int64        `json:"authorised,omitempty"` // held when it was authorised
	Voided     int64        `json:"voided,omitempty"`     // of it, let go
	// AuthorisedUntil is when held money is let go by itself.
	AuthorisedUntil time.Time `json:"authorised_until,omitzero"`
	// MethodID is the saved method it is made with, or that was saved by it; MandateID the mandate
	// it was charged under. OffSession: the payer was not there.
	MethodID   string `json:"method_id,omitempty"`
	MandateID  string `json:"mandate,omitempty"`
	OffSession bool   `json:"off_session,omitempty"`
	// Occurrence is the scheduled time it was charged for, Attempt its number of tries at it;
	// Window the start of the period its slot was taken from.
	Occurrence time.Time `json:"occurrence,omitzero"`
	Attempt    int64     `json:"attempt,omitempty"`
	Window     time.Time `json:"window,omitzero"`
	// Keep: the rail is asked to keep the credential for later.
	Keep bool `json:"-"`
	// Final: no other attempt of its session follows this one.
	Final bool   `json:"final,omitempty"`
	Echo  []byte `json:"echo,omitempty"` // the family's own; never read here
	// Hook is the endpoint that gets its events besides those that want all; "" for none.
	Hook     string       `json:"-"`
	Rail     string       `json:"rail"`
	Method   string       `json:"method"`
	Received int64        `json:"received,omitempty"` // what a transfer has brought
	Card     *CardSummary `json:"card,omitempty"`
	Mobile   *Mobile      `json:"mobile,omitempty"`
	Transfer *Transfer    `json:"transfer,omitempty"`
	Payto    *Payto       `json:"payto,omitempty"`
	// Agreement is the network's id of the agreement that it draws on.
	Agreement   string            `json:"agreement,omitempty"`
	Description string            `json:"description,omitempty"`
	Metadata    map[string]string `json:"metadata,omitempty"`
	DeclineCode DeclineCode       `json:"decline,omitempty"`
	// NetworkCode is the rail's own word for the decline, such as AM04.
	NetworkCode   string     `json:"network_code,omitempty"`
	RailReference string     `json:"rail_reference,omitempty"`
	Action        ActionKind `json:"action,omitempty"`
	ActionURL     string     `json:"action_url,omitempty"`
	PollCount     int64      `json:"-"`
	LateAt        time.Time  `json:"late_at,omitzero"`
	CreatedAt     time.Time  `json:"created_at"`
	UpdatedAt     time.Time  `json:"updated_at"`
}

// Scope returns whose payment it is.
func (p *Payment) Scope() Scope { return Scope{MerchantID: p.MerchantID, Mode: p.Mode} }

// Refundable returns how many minor units may still be sent back.
func (p *Payment) Refundable() int64 { return p.Captured - p.Refunded }

// Verifies reports whether the payment moves no money: it only makes sure of the method.
func (p *Payment) Verifies() bool { return p.Amount.Minor == 0 }

// Held returns how many minor units are held and neither taken nor let go.
func (p *Payment) Held() int64 { return max(0, p.Authorised-p.Captured-p.Voided) }

// CardSummary is what may be kept and shown of a card: never the number.
type CardSummary struct {
	Brand       string `json:"brand"`
	Last4       string `json:"last4"`
	ExpMonth    int64  `json:"exp_month"`
	ExpYear     int64  `json:"exp_year"`
	Fingerprint string `json:"-"` // HMAC of the number, keyed per installation
}

// Mobile is a mobile-money wallet.
type Mobile struct {
	Phone    string `json:"phone"`    // local form, ten digits from 0: 0241234567
	Provider string `json:"provider"` // mtn, telecel or airteltigo
}

// Transfer tells the payer where to send a bank transfer and under which reference.
type Transfer struct {
	Bank          string    `json:"bank"`
	AccountName   string    `json:"account_name"`
	AccountNumber string    `json:"account_number"`
	Reference     string    `json:"reference"` // unique to the payment
	ExpiresAt     time.Time `json:"expires_at"`
}

// Refund sends money of one payment back. While it is pending its amount is reserved.
type Refund struct {
	ID          string            `json:"id"`
	MerchantID  string            `json:"merchant"`
	Mode        Mode              `json:"mode"`
	Family      string            `json:"family"`
	PaymentID   string            `json:"payment"`
	State       RefundState       `json:"state"`
	Version     int64             `json:"version"`
	Amount      money.Amount      `json:"amount"`
	Reason      string            `json:"reason,omitempty"`
	Metadata    map[string]string `json:"metadata,omitempty"`
	FailureCode DeclineCode       `json:"failure,omitempty"`
	// NetworkCode is the rail's own word for the failure, such as AC07.
	NetworkCode string `json:"network_code,omitempty"`
	// Echo is the family's own; Hook as in Payment.
	Echo []byte `json:"echo,omitempty"`
	Hook string `json:"-"`
	// Rehearsal is what a simulated network is to make of it; "" for what the payment asks for.
	Rehearsal Rehearsal `json:"-"`
	PollCount int64     `json:"-"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Scope returns whose refund it is.
func (r *Refund) Scope() Scope { return Scope{MerchantID: r.MerchantID, Mode: r.Mode} }

// Customer is a person a merchant knows.
type Customer struct {
	ID         string            `json:"id"`
	MerchantID string            `json:"merchant"`
	Mode       Mode              `json:"mode"`
	Email      string            `json:"email,omitempty"`
	Name       string            `json:"name,omitempty"`
	Phone      string            `json:"phone,omitempty"`
	Metadata   map[string]string `json:"metadata,omitempty"`
	CreatedAt  time.Time         `json:"created_at"`
	UpdatedAt  time.Time         `json:"updated_at"`
}
