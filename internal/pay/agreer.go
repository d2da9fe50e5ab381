package pay

import (
	"context"
	"time"

	"github.com/kassa-pay/kassa/internal/payid"
	"github.com/kassa-pay/kassa/internal/terms"
)

// Payto is an account that payments are taken from by agreement, as the payer named it.
type Payto struct {
	Kind      payid.Kind `json:"kind"`
	PayIDType payid.Type `json:"payid_type,omitempty"`
	PayID     string     `json:"payid,omitempty"`
	BSB       string     `json:"bsb,omitempty"`
	Account   string     `json:"account,omitempty"`
	// Name is whom the network knows behind it: what a PayID resolves to.
	Name string `json:"name,omitempty"`
}

// PaytoOf is the account that an id names; name is what the network calls its holder.
func PaytoOf(id payid.ID, name string) Payto {
	return Payto{
		Kind: id.Kind, PayIDType: id.Type, PayID: id.PayID, BSB: id.BSB, Account: id.Account,
		Name: name,
	}
}

// ID returns how the account is named, without the name of its holder.
func (p *Payto) ID() payid.ID {
	return payid.ID{
		Kind: p.Kind, Type: p.PayIDType, PayID: p.PayID, BSB: p.BSB, Account: p.Account,
	}
}

// Agreer is a rail on which the payer agrees with their bank to payments that are initiated later.
// An Attempt with Payto and Agreement makes an agreement and, once it is active, takes the amount
// under the same payment id; an Attempt with Saved names an agreement that is active.
type Agreer interface {
	// Resolve asks whom a PayID or an account belongs to; "" when the network does not say, as of an
	// account. An Error tells the payer what is wrong; any other error means "unknown, try again".
	Resolve(ctx context.Context, sc Scope, id payid.ID) (name string, err error)
	// Agreement says what an agreement is now; an Error of kind NotFound when there is none.
	Agreement(ctx context.Context, ref AgreementRef) (Agreement, error)
	// Instruct changes an agreement on the merchant's behalf. What it is already is no error; what
	// cannot be is an Error of kind State.
	Instruct(ctx context.Context, ref AgreementRef, i Instruction) (Agreement, error)
	// Amend proposes other terms, to which the payer has to agree, or changes the description, to
	// which nobody has to. The same id asks for the same amendment, however often it is sent. What
	// cannot be is an Error of kind Invalid, State or NotFound.
	Amend(ctx context.Context, ref AgreementRef, o AmendOrder) (Agreement, error)
}

// AgreementRef names an agreement at its rail.
type AgreementRef struct {
	Scope
	Token string
	Now   time.Time // the merchant's clock
}

// Instruction is what a merchant wants of an agreement.
type Instruction string

// The instructions.
const (
	AgreementCancel  Instruction = "cancel"
	AgreementSuspend Instruction = "suspend"
	AgreementRelease Instruction = "release" // of what the merchant suspended itself
)

// AmendOrder is what a merchant wants changed of an agreement.
type AmendOrder struct {
	ID string // ours, of this amendment
	// Terms are the new ones as a whole; nil or the same: they stay.
	Terms       *terms.Terms
	Description string // "": it stays
	// Deadline is when the payer must have answered, in the merchant's clock; zero, or later than
	// the network allows: as long as that.
	Deadline time.Time
}

// Amendment is a change of an agreement, as its network tells of it.
type Amendment struct {
	ID          string
	State       AmendmentState
	Terms       terms.Terms // that the agreement has with it
	Description string
	ProposedAt  time.Time
	Deadline    time.Time // zero when nobody had to agree
	DecidedAt   time.Time // zero while pending
	NetworkCode string    // why it came to nothing
}

// AmendmentState is what has become of an amendment.
type AmendmentState string

// The states of an amendment. All but the first are final.
const (
	AmendmentPending   AmendmentState = "pending" // waits for the payer
	AmendmentCompleted AmendmentState = "completed"
	AmendmentDeclined  AmendmentState = "declined"
	AmendmentRecalled  AmendmentState = "recalled" // by the merchant
	AmendmentTimedOut  AmendmentState = "timed_out"
)

// AgreementState is where an agreement stands at its rail.
type AgreementState string

// The states of an agreement. A declined or expired one is cancelled.
const (
	AgreementPending   AgreementState = "pending" // waits for the payer
	AgreementActive    AgreementState = "active"
	AgreementSuspended AgreementState = "suspended"
	AgreementCancelled AgreementState = "cancelled"
)

// AgreementParty is one side of an agreement.
type AgreementParty string

// The parties.
const (
	PartyMerchant AgreementParty = "merchant"
	PartyBank     AgreementParty = "bank"    // the payer, or the payer's bank for them
	PartyNetwork  AgreementParty = "network" // time ran out, or the last permitted payment was made
)

// Agreement is a payer's permission at their bank. In an Attempt Terms, Currency, Description,
// Merchant and Deadline alone are set; in an Outcome all that is known.
type Agreement struct {
	// Token is the network's id of it: 32 hexadecimal digits.
	Token string
	State AgreementState
	// Version rises with every change at the network, so that an older answer can be told from a
	// newer one. It is 0 while pending.
	Version int64
	// Terms bind the network too. The payment that the agreement is made with is the first under
	// them; after the last that they permit the network ends it.
	Terms       terms.Terms
	Currency    string
	Description string // what the payer reads, 140 characters at most
	Merchant    string // the name the payer reads
	// Deadline is when an unanswered agreement is withdrawn, in the merchant's clock.
	Deadline time.Time
	// Payto is the account that it draws on now; the payer may have moved it.
	Payto Payto
	// By and NetworkCode tell who suspended or cancelled it and with which reason code.
	By          AgreementParty
	NetworkCode string
	// Amendment is the one that waits for the payer, else the latest; nil: it was never amended.
	Amendment *Amendment
	// PaymentID is the payment that it was made with.
	PaymentID string
	// Rehearsal, in an Attempt, is what a simulated network is to make of it and its payment: one of
	// the rehearsals; a reason code with which the payment is rejected once the payer has agreed; or
	// one with "/refused" behind it, with which the bank refuses, or "/settling", with which the
	// payment is rejected of a payer who agrees at once.
	Rehearsal Rehearsal
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Banker is a simulated network that lets somebody play the payer in their bank's app.
type Banker interface {
	// Agreements lists those of a scope that a payer could still see, newest first.
	Agreements(ctx context.Context, sc Scope, now time.Time) ([]Agreement, error)
	// DecideAgreement does with an agreement what the payer wants.
	DecideAgreement(ctx context.Context, ref AgreementRef, d BankDecision) (Agreement, error)
}

// BankDecision is what a payer does with an agreement in the bank's app. To is set for BankMove
// alone: the account that is to be drawn on from now on.
type BankDecision struct {
	Do BankAction
	To *Payto
}

// BankAction is a button in the bank's app.
type BankAction string

// The actions of a payer. The first two answer what waits for an answer: the agreement, or the
// amendment of an active one.
const (
	BankApprove BankAction = "approve"
	BankDecline BankAction = "decline"
	BankPause   BankAction = "pause"
	BankResume  BankAction = "resume"
	BankCancel  BankAction = "cancel"
	BankMove    BankAction = "move"
)
