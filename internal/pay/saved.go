package pay

import (
	"time"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/terms"
)

// SavedMethod is a way to pay that a payer left with a merchant. The credential itself stays with
// the rail, under Token; what is here may be shown. Times are UTC, in the merchant's clock.
type SavedMethod struct {
	ID         string       `json:"id"`
	MerchantID string       `json:"merchant"`
	Mode       Mode         `json:"mode"`
	Family     string       `json:"family"`
	CustomerID string       `json:"customer"`
	State      MethodState  `json:"state"`
	Version    int64        `json:"version"`
	Rail       string       `json:"rail"`
	Type       string       `json:"type"` // MethodCard, MethodMobile or MethodPayTo
	Card       *CardSummary `json:"card,omitempty"`
	Mobile     *Mobile      `json:"mobile,omitempty"`
	Payto      *Payto       `json:"payto,omitempty"`
	Token      string       `json:"-"`
	// TokenVersion is the version of the agreement that this agrees with, where Token is one.
	TokenVersion int64     `json:"-"`
	PaymentID    string    `json:"payment"` // it was saved with
	CreatedAt    time.Time `json:"created_at"`
	UpdatedAt    time.Time `json:"updated_at"`
}

// Scope returns whose method it is.
func (m *SavedMethod) Scope() Scope { return Scope{MerchantID: m.MerchantID, Mode: m.Mode} }

// Mandate is a payer's permission to charge a saved method without them. Times are UTC, in the
// merchant's clock; the terms are meant in their own zone.
type Mandate struct {
	ID         string       `json:"id"`
	MerchantID string       `json:"merchant"`
	Mode       Mode         `json:"mode"`
	Family     string       `json:"family"`
	CustomerID string       `json:"customer"`
	MethodID   string       `json:"method"`
	SessionID  string       `json:"session"` // it was given in
	State      MandateState `json:"state"`
	Version    int64        `json:"version"`
	Currency   string       `json:"currency"`
	Terms      terms.Terms  `json:"terms"`
	// Consent is what the payer agreed to, in the words that were shown.
	Consent string `json:"consent"`
	// Count and Total are the charges that succeeded or may yet, and their sum in minor units.
	Count int64 `json:"count"`
	Total int64 `json:"total"`
	// Schedule is when the server itself charges; nil when only the merchant does.
	Schedule *terms.Schedule `json:"schedule,omitempty"`
	// NextAt is the scheduled time of the charge that comes next, or that is being tried; zero when
	// none will come.
	NextAt time.Time `json:"next_at,omitzero"`
	// TryAt is when that charge is tried next: NextAt, or later after a failure; zero while a try
	// is in flight.
	TryAt    time.Time `json:"try_at,omitzero"`
	Failures int64     `json:"failures"` // of the scheduled charge that is being tried, in a row
	Retry    Retry     `json:"retry"`
	// Reason says who or what paused or ended it: one of the reasons below. In the event of a
	// charge that was skipped it is the terms.Refusal instead.
	Reason string `json:"reason,omitempty"`
	// NetworkCode is the rail's own word for why it was paused or ended, such as MD16.
	NetworkCode string `json:"network_code,omitempty"`
	// Payto is the account that it draws on now, where it stands on an agreement at a bank.
	Payto *Payto `json:"payto,omitempty"`
	// Description is what the payer reads of it there.
	Description string `json:"description,omitempty"`
	// Proposal is what the payer has yet to agree to there; nil: nothing.
	Proposal *Proposal `json:"proposal,omitempty"`
	// LookAt is when that agreement is looked at again; zero: never.
	LookAt time.Time `json:"-"`
	// Echo is its session's; Hook is the endpoint that gets its events besides those that want all.
	Echo      []byte    `json:"echo,omitempty"`
	Hook      string    `json:"-"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Scope returns whose mandate it is.
func (m *Mandate) Scope() Scope { return Scope{MerchantID: m.MerchantID, Mode: m.Mode} }

// The reasons for which a mandate is paused or ended before its time.
const (
	ByMerchant = "merchant"
	ByPayer    = "payer"
	ByFailures = "failures" // of scheduled charges
	ByDetach   = "detached" // its method is gone
	ByBank     = "bank"     // by the payer at their bank, or by the bank
	ByNetwork  = "network"  // its agreement was ended by the network
	ByReplaced = "replaced" // by another one that was given in the same session
)

// Retry says after how many days each a scheduled charge that failed is tried again. When the last
// of them failed too, the mandate is paused.
type Retry struct {
	// Days are 1 to 30 each, at most 8. Nil in an Offer: DefaultRetry; empty: never.
	Days []int64 `json:"days,omitzero"`
}

// MandateWindow is what was charged within one period of a mandate's limit. The store refuses more
// than Max of either; 0 is no bound.
type MandateWindow struct {
	MandateID         string
	Start             time.Time
	Count, MaxCount   int64
	Amount, MaxAmount int64 // minor units
}

// Series says where a session stands in a series of charges.
type Series string

// The series.
const (
	SeriesNone  Series = ""      // one payment and no more
	SeriesFirst Series = "first" // the payer is here and permits later charges
	SeriesNext  Series = "next"  // the payer is not here
)

// SaveWish says whether the method a session is paid with is kept for the customer's next visit.
type SaveWish string

// The wishes.
const (
	SaveNever  SaveWish = "never"
	SaveAlways SaveWish = "always"
	SavePrompt SaveWish = "prompt" // the payer decides on the page
)

// Presentation says where the page of a session is shown.
type Presentation string

// The presentations.
const (
	Redirect       Presentation = ""       // a page of its own
	EmbeddedModal  Presentation = "modal"  // over the merchant's page
	EmbeddedInline Presentation = "inline" // within it
)

// Offer is what a merchant wants from a payer besides the payment.
type Offer struct {
	Save SaveWish `json:"save,omitempty"` // "": SaveNever; SeriesFirst always saves
	// Terms and Schedule are those of the mandate of SeriesFirst.
	Terms    *terms.Terms    `json:"terms,omitempty"`
	Schedule *terms.Schedule `json:"schedule,omitempty"`
	Retry    Retry           `json:"retry,omitzero"`
	// CountFirst: the session's own payment is the first charge under the mandate. Under an agreement
	// at a bank it always is.
	CountFirst bool `json:"count_first,omitempty"`
	// Description is what the payer reads at their bank, 140 characters at most; "" for a plain one.
	Description string `json:"description,omitempty"`
	// OneTry: a payment that failed although its payer had agreed to it at their bank closes the
	// session, because its merchant knows it by an id that no other payment can have.
	OneTry bool `json:"one_try,omitempty"`
	// Rehearsal is what simulated networks are to make of an agreement of the session; see Agreement.
	Rehearsal Rehearsal `json:"rehearsal,omitempty"`
	// Hooks are the endpoints that get the events of what the session makes, by kind. OpenSession
	// fills them in.
	Hooks map[ObjectKind]string `json:"hooks,omitempty"`
	// Presentation and HidePayButton are for pages that embed this one.
	Presentation  Presentation `json:"presentation,omitempty"`
	HidePayButton bool         `json:"hide_pay_button,omitempty"`
	// Consent is what the payer agreed to in the latest attempt, in the words that were shown. It
	// becomes the mandate's.
	Consent string `json:"consent,omitempty"`
}

// MethodFilter narrows a list of saved methods. Detached ones are left out unless All is set.
type MethodFilter struct {
	Page
	CustomerID string
	All        bool
}

// MandateFilter narrows a list of mandates.
type MandateFilter struct {
	Page
	CustomerID string
	MethodID   string
	States     []MandateState
	Scheduled  bool // those with a schedule alone
}

// ChargeRequest is a charge without the payer. Method or mandate may be left out: then the
// customer's one active mandate on the other is meant.
type ChargeRequest struct {
	Family      string
	IDPrefix    string // of the session, for ChargeSession
	Echo        []byte
	Amount      money.Amount
	Capture     CaptureMode // "" for automatic
	CustomerID  string
	MethodID    string
	MandateID   string
	Description string
	Metadata    map[string]string
	// SuccessURL is where the page of ChargeSession leads back to: an address of the family's own.
	SuccessURL string
	// Aliases are ids of the merchant's own for what is made.
	Aliases []Alias
	// Hook is an address that gets the payment's events, for its whole life; "" for none.
	Hook string
	// Recorded: a charge that the mandate does not permit is no error but a payment that failed.
	Recorded bool
}

// CaptureRequest says how much of the held money to take.
type CaptureRequest struct {
	Amount int64 // minor units; 0: all that is left
	// KeepRest leaves what is not taken held, for another capture. Otherwise it is let go.
	KeepRest bool
	Metadata map[string]string // nil: unchanged
}
