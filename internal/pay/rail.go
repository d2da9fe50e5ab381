package pay

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/kassa-pay/kassa/internal/money"
)

// Methods a session may offer.
const (
	MethodCard   = "card"
	MethodMobile = "mobile_money"
	MethodBank   = "bank_transfer"
	MethodPayTo  = "payto"
)

// Rail is a network or processor that moves money. A rail returns values; it never stores ours and
// never calls the core. A decline is an outcome. An error means "unknown, ask again": whatever was
// sent may have had its effect.
type Rail interface {
	// Name identifies the rail in stored payments; it never changes.
	Name() string
	// Facts are the rail's promises, read once at start.
	Facts() Facts
	// Start submits the attempt. The payment's id is its idempotency key and our reference.
	Start(ctx context.Context, a Attempt) (Outcome, error)
	// Query asks what became of a payment, by our reference.
	Query(ctx context.Context, ref Ref) (Outcome, error)
}

// Facts are what a rail promises; the core derives its behaviour from them.
type Facts struct {
	Method string // the payment method it serves
	Mode   Mode   // the mode it serves: simulated networks never see live money
	// Currencies are those it moves, by their ISO 4217 codes; nil for any.
	Currencies []string
	// SubmitIdempotent: a second Start or Refund with the same reference has no second effect.
	SubmitIdempotent bool
	// NotFoundFinalAfter: before this much time since submission "not found" proves nothing.
	NotFoundFinalAfter time.Duration
	// ReviewAfter: an outcome still open after this long needs a person.
	ReviewAfter time.Duration
	// Deadline bounds one call.
	Deadline time.Duration
}

// takes reports whether the rail moves money of the currency.
func (f Facts) takes(currency string) bool {
	return f.Currencies == nil || slices.Contains(f.Currencies, currency)
}

// Capturer is a rail that can take money it only held, in one part or several. The outcome is
// OutcomePaid with the amount of this capture, or OutcomeCanceled when nothing is held any more; a
// repeat with the same number answers the same. Until then Query answers OutcomeAuthorised with all
// that was held at first, and afterwards OutcomePaid with the sum of what was taken.
type Capturer interface {
	Capture(ctx context.Context, o CaptureOrder) (Outcome, error)
}

// CaptureOrder names a capture at the rail by its number, from 1.
type CaptureOrder struct {
	Ref
	Number   int64
	Amount   money.Amount
	KeepRest bool // what is not taken stays held; otherwise it is let go
}

// Keeper is a rail that keeps credentials: an Attempt with Keep is answered with a Token, and an
// Attempt with Saved charges it.
type Keeper interface {
	// Forget ends a token. An unknown one is as good as forgotten.
	Forget(ctx context.Context, sc Scope, token string) error
}

// Rehearser is a simulated network that can be told what the next charge of a token becomes.
type Rehearser interface {
	Rehearse(ctx context.Context, sc Scope, token string, r Rehearsal) error
}

// Credential is a kept credential that a charge is made with.
type Credential struct {
	Token      string
	OffSession bool // the payer is not there: nobody can be asked to act on a page
}

// Voider is a rail on which a payment that has not been paid can be given up, or what is held of it
// let go after a part was taken: then the outcome is OutcomePaid with the sum of what was taken.
// Otherwise it is OutcomeCanceled, or the truth that came first.
type Voider interface {
	Void(ctx context.Context, ref Ref) (Outcome, error)
}

// Refunder is a rail that can send money back. QueryRefund answers OutcomeNotFound for a refund it
// never saw.
type Refunder interface {
	Refund(ctx context.Context, r RefundOrder) (Outcome, error)
	QueryRefund(ctx context.Context, r RefundOrder) (Outcome, error)
}

// Notifier is a rail that calls us back. Notify verifies the notification over its raw bytes, in
// constant time, and fails closed.
type Notifier interface {
	Notify(ctx context.Context, header http.Header, body []byte) (Notice, error)
}

// Confirmer is a rail on which the payer types a one-time code to go on. A wrong code is
// OutcomeAction again, until the rail has had enough.
type Confirmer interface {
	Confirm(ctx context.Context, ref Ref, code string) (Outcome, error)
}

// Resender is a rail that can send its prompt to the payer again. It answers an Error of
// kind State when it has done so often enough.
type Resender interface {
	Resend(ctx context.Context, ref Ref) error
}

// Simulated is a network of test mode: an outside party with its own records, driven by whoever
// plays the payer. Times are in the merchant's clock.
type Simulated interface {
	// Prompts lists what the payers of a scope are being asked now, oldest first.
	Prompts(ctx context.Context, sc Scope, now time.Time) ([]Prompt, error)
	// Prompt shows what the payer is asked, by the secret token of the action URL.
	Prompt(ctx context.Context, token string) (Prompt, error)
	// Decide answers the prompt of a payment as the payer.
	Decide(ctx context.Context, ref Ref, d Decision) error
	// Standing is the network's own word for how a payment stands, such as ACSP; "" when it has none.
	Standing(ctx context.Context, ref Ref) (string, error)
	// Advance moves everything the network has planned for the merchant that much nearer.
	Advance(ctx context.Context, merchantID string, by time.Duration) error
	// Behaviour and Behave read and set how the network treats one merchant.
	Behaviour(ctx context.Context, merchantID string) (Behaviour, error)
	Behave(ctx context.Context, merchantID string, b Behaviour) error
}

// Depositor is a simulated bank: whoever plays the payer sends money to a payment's reference.
type Depositor interface {
	Deposit(ctx context.Context, ref Ref, amount money.Amount) error
}

// Decision is what a payer does with a prompt.
type Decision string

// The decisions.
const (
	Approve  Decision = "approve"
	Reject   Decision = "reject"
	WrongPIN Decision = "wrong_pin" // mobile money: the prompt stays until it has seen three
)

// Behaviour is how a simulated network treats one merchant, on top of what the magic values ask
// for. The zero Behaviour is a good day.
type Behaviour struct {
	Down        bool     `json:"down"`         // nothing reaches the network
	Outage      []string `json:"outage"`       // providers that are down, one by one
	LoseReplies bool     `json:"lose_replies"` // calls have their effect and then fail
	DropNotices bool     `json:"drop_notices"`
	Duplicate   bool     `json:"duplicate"` // every notification comes twice
	Reorder     bool     `json:"reorder"`   // of those due at once the latest comes first
	DelayMillis int64    `json:"delay_ms"`  // added to when a notification is due
}

// Attempt is one submission to a rail.
type Attempt struct {
	Ref
	Amount  money.Amount
	Capture CaptureMode
	Card    *Card   // method card only; lives in memory for this attempt alone
	Mobile  *Mobile // method mobile_money only
	Payto   *Payto  // method payto only; with Agreement
	// Agreement is what the payer is asked to agree to, at an Agreer.
	Agreement *Agreement
	Saved     *Credential // set instead of Card, Mobile and Payto: what the rail keeps
	Keep      bool        // the credential is to be kept; the outcome carries its token
	// ExpiresAt is when the payer's time is over, in the merchant's clock.
	ExpiresAt time.Time
	// ReturnURL is where the payer's browser comes back to after acting.
	ReturnURL string
}

// Ref names a payment at the rail.
type Ref struct {
	Scope
	PaymentID string
	Now       time.Time // the merchant's clock
}

// RefundOrder names a refund at the rail. RefundID is its idempotency key.
type RefundOrder struct {
	Ref
	RefundID string
	Amount   money.Amount
	// Rehearsal is what a simulated network is to make of it; "" for what the payment asks for.
	Rehearsal Rehearsal
}

// OutcomeKind says what a rail knows.
type OutcomeKind uint8

// The kinds of outcome.
const (
	OutcomeNotFound OutcomeKind = iota + 1 // the rail has no record of it
	OutcomeWaiting                         // it has it and has not decided
	OutcomeAction                          // the payer has to act at ActionURL
	OutcomeAuthorised
	OutcomePaid
	OutcomeDeclined
	OutcomeCanceled
	OutcomeReceived // a transfer: Amount is all that has come so far
)

// Outcome is what a rail says of a payment or a refund.
type Outcome struct {
	Kind      OutcomeKind
	Amount    money.Amount // what was authorised, paid or refunded; checked against what we asked
	Reference string       // the rail's own
	Decline   DeclineCode
	Action    ActionKind
	ActionURL string
	Transfer  *Transfer // where the payer has to send the money
	Token     string    // under which the rail keeps the credential, once it does
	// Agreement is what the payer agreed to, or is asked to, as it is now; nil without one.
	Agreement *Agreement
	// NetworkCode is the rail's own word for why, beside Decline; "" when it has none.
	NetworkCode string
	// NetworkStatus is the rail's own word for how a payment stands, such as ACSP; "" when it has
	// none. It is for people to read: Kind says what follows from it.
	NetworkStatus string
	// refused: it never went out, and so took no slot of its mandate.
	refused bool
	// silent: the rail gave no answer at all.
	silent bool
	// capture is the number of the capture that it answers; 0: it is about the payment as a whole.
	capture int64
	// metadata is what the payment has once its held money is let go; nil: what it had.
	metadata map[string]string
}

// ActionKind says what the payer has to do.
type ActionKind string

// The kinds of action.
const (
	ActionRedirect ActionKind = "redirect" // go to ActionURL and come back
	ActionCode     ActionKind = "code"     // type the one-time code the network sent
	ActionApprove  ActionKind = "approve"  // answer the prompt on the phone
)

// Notice is a verified notification: a hint to ask the rail about one payment now. ID is unique at
// the rail. With Token it is about an agreement; PaymentID is then the payment that the agreement
// was made with, if that still waits for it, or "".
type Notice struct {
	ID        string
	PaymentID string
	Token     string
}

// Prompt is what a simulated network shows the payer.
type Prompt struct {
	Ref
	Amount    money.Amount
	Merchant  string
	Rail      string
	Card      *CardSummary
	Mobile    *Mobile
	Transfer  *Transfer
	Payto     *Payto
	Agreement *Agreement // that the payer is asked for
	Received  int64      // of a transfer, minor units
	Code      string     // the one-time code in the message on the phone; "" without one
	ReturnURL string
	AskedAt   time.Time
	Open      bool // still waiting for an answer
}

// DeclineCode says why the payer's side said no. The words are the same on every rail.
type DeclineCode string

// The vocabulary of declines.
const (
	DeclineGeneric           DeclineCode = "card_declined"
	DeclineInsufficientFunds DeclineCode = "insufficient_funds"
	DeclineLostCard          DeclineCode = "lost_card"
	DeclineStolenCard        DeclineCode = "stolen_card"
	DeclineExpiredCard       DeclineCode = "expired_card"
	DeclineIncorrectCVC      DeclineCode = "incorrect_cvc"
	DeclineProcessingError   DeclineCode = "processing_error"
	DeclineLimitExceeded     DeclineCode = "limit_exceeded"
	DeclineNotPermitted      DeclineCode = "transaction_not_allowed"
	DeclineFraud             DeclineCode = "fraudulent"
	DeclineAuthentication    DeclineCode = "authentication_failed"
	DeclineAuthTimeout       DeclineCode = "authentication_timeout"
	DeclineNotSubmitted      DeclineCode = "not_submitted" // the rail never received it
	DeclineByPayer           DeclineCode = "declined_by_customer"
	DeclineWrongPIN          DeclineCode = "wrong_pin"
	DeclineWrongCode         DeclineCode = "wrong_code"
	DeclinePromptExpired     DeclineCode = "prompt_expired"
	DeclineNotRegistered     DeclineCode = "number_not_registered"
	DeclineProviderDown      DeclineCode = "provider_unavailable"
	DeclineTransferExpired   DeclineCode = "transfer_expired"
	DeclineRefundRefused     DeclineCode = "refund_refused"
	// DeclineAuthRequired: the payer would have to act, and is not there.
	DeclineAuthRequired DeclineCode = "authentication_required"
	// DeclineSavedMethod: the rail does not keep the credential (any more).
	DeclineSavedMethod DeclineCode = "saved_method_invalid"
	// DeclineAgreementExpired: the payer did not answer in time, or its last day is over.
	DeclineAgreementExpired DeclineCode = "agreement_expired"
	// DeclineAgreementInactive: it is suspended or was cancelled.
	DeclineAgreementInactive DeclineCode = "agreement_not_active"
	DeclineAccountUnknown    DeclineCode = "account_not_found"
	DeclineAccountClosed     DeclineCode = "account_closed"
	DeclineAccountBlocked    DeclineCode = "account_blocked"
	DeclineBankUnsupported   DeclineCode = "bank_not_supported"
	DeclineBankDown          DeclineCode = "bank_unavailable"
)

// DeclineCodes lists the vocabulary, for tests that prove a catalogue complete.
func DeclineCodes() []DeclineCode {
	return []DeclineCode{
		DeclineGeneric, DeclineInsufficientFunds, DeclineLostCard, DeclineStolenCard,
		DeclineExpiredCard, DeclineIncorrectCVC, DeclineProcessingError, DeclineLimitExceeded,
		DeclineNotPermitted, DeclineFraud, DeclineAuthentication, DeclineAuthTimeout,
		DeclineNotSubmitted, DeclineByPayer, DeclineWrongPIN, DeclineWrongCode,
		DeclinePromptExpired, DeclineNotRegistered, DeclineProviderDown, DeclineTransferExpired,
		DeclineRefundRefused, DeclineAuthRequired, DeclineSavedMethod,
		DeclineAgreementExpired, DeclineAgreementInactive, DeclineAccountUnknown,
		DeclineAccountClosed, DeclineAccountBlocked, DeclineBankUnsupported, DeclineBankDown,
	}
}
