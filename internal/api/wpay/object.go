package wpay

import (
	"cmp"
	"encoding/json"
	"time"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/npp"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/payid"
	"github.com/kassa-pay/kassa/internal/terms"
)

// The statuses of a session.
const (
	sessionCreated   = "Created"
	sessionLaunched  = "Launched"
	sessionCompleted = "Completed"
	sessionExpired   = "Expired"
)

// The statuses of an instrument.
const (
	instrumentPending   = "Pending"
	instrumentActive    = "Active"
	instrumentPaused    = "Paused"
	instrumentCancelled = "Cancelled"
)

// The statuses of a payment and a refund.
const (
	statusProcessing = "Processing"
	statusCompleted  = "Completed"
	statusRejected   = "Rejected"
)

// The types of label: how the buyer named the account.
const (
	labelPayID = "PAYID"
	labelBBAN  = "BBAN"
)

// Codes of the network that stand in where the core ended something itself.
const (
	codeByPayer    = "MD16"
	codeByMerchant = "MD17"
	codeExpired    = "MD20"
	codeUnanswered = "NOAS"
	codeNotRefund  = "MS03"
	codeSystem     = "SYS"
)

// sessionDoc is a session. The instrument and the payment are null in sessions without one.
type sessionDoc struct {
	SessionID   string         `json:"sessionId"`
	Type        sessionType    `json:"type"`
	Status      string         `json:"status"`
	RedirectURL string         `json:"redirectUrl"`
	CreatedAt   string         `json:"createdAt"`
	UpdatedAt   string         `json:"updatedAt"`
	ExpiresAt   string         `json:"expiresAt"`
	Buyer       buyerDoc       `json:"buyer"`
	Instrument  *instrumentDoc `json:"instrument"`
	Payment     *paymentDoc    `json:"payment"`
}

type buyerDoc struct {
	BuyerID string  `json:"buyerId"`
	Name    *string `json:"name"`
}

// createdDoc is the answer to a create.
type createdDoc struct {
	SessionID   string `json:"sessionId"`
	Status      string `json:"status"`
	RedirectURL string `json:"redirectUrl"`
	CreatedAt   string `json:"createdAt"`
	UpdatedAt   string `json:"updatedAt"`
}

// instrumentDoc is an instrument. What is not known before the buyer has named an account is null.
type instrumentDoc struct {
	InstrumentID        string          `json:"instrumentId"`
	BuyerID             string          `json:"buyerId"`
	Type                instrumentType  `json:"type"`
	Status              *string         `json:"status"`
	LabelType           *string         `json:"labelType"`
	Label               *string         `json:"label"`
	MaximumAmount       *int64          `json:"maximumAmount"`
	ExpiryDate          *string         `json:"expiryDate"`
	Reason              *reasonDoc      `json:"reason"`
	MerchantDefinedData json.RawMessage `json:"merchantDefinedData"`
	CreatedAt           *string         `json:"createdAt"`
	UpdatedAt           *string         `json:"updatedAt"`
}

// paymentDoc is a payment. Its status is null while it waits for its instrument.
type paymentDoc struct {
	PaymentID           string          `json:"paymentId"`
	InstrumentID        string          `json:"instrumentId"`
	Status              *string         `json:"status"`
	Amount              int64           `json:"amount"`
	RefundedAmount      int64           `json:"refundedAmount"`
	Reference           *string         `json:"reference"`
	Description         string          `json:"description"`
	CreditorReference   *string         `json:"creditorReference"`
	RejectionReason     *reasonDoc      `json:"rejectionReason"`
	MerchantDefinedData json.RawMessage `json:"merchantDefinedData"`
	CreatedAt           *string         `json:"createdAt"`
	UpdatedAt           *string         `json:"updatedAt"`
}

// refundDoc is a refund.
type refundDoc struct {
	RefundID            string          `json:"refundId"`
	PaymentID           string          `json:"paymentId"`
	Status              string          `json:"status"`
	Amount              int64           `json:"amount"`
	Reference           *string         `json:"reference"`
	Description         string          `json:"description"`
	RejectionReason     *reasonDoc      `json:"rejectionReason"`
	MerchantDefinedData json.RawMessage `json:"merchantDefinedData"`
	CreatedAt           string          `json:"createdAt"`
	UpdatedAt           string          `json:"updatedAt"`
}

type reasonDoc struct {
	Code   string `json:"code"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
}

func reasonOf(code string) *reasonDoc {
	r := npp.Lookup(code)
	return &reasonDoc{Code: r.Code, Title: r.Title, Detail: r.Detail}
}

// mandateDoc makes the document of an instrument that was active once.
func mandateDoc(m *pay.Mandate) *instrumentDoc {
	e := echoOf(m.Family, m.Echo)
	doc := e.instrument(&m.Terms)
	status := mandateStatus(m.State)
	doc.Status = &status
	doc.CreatedAt, doc.UpdatedAt = maybe(at(m.CreatedAt)), maybe(at(m.UpdatedAt))
	if status == instrumentCancelled || status == instrumentPaused {
		doc.Reason = reasonOf(endOf(m))
	}
	doc.label(m.Payto)
	return doc
}

// instrument makes the document of an instrument that no buyer has agreed to.
func (e *echo) instrument(t *terms.Terms) *instrumentDoc {
	return &instrumentDoc{
		InstrumentID: e.InstrumentID, BuyerID: e.BuyerID, Type: e.InstrumentType,
		MaximumAmount: maximumOf(t), ExpiryDate: expiryOf(t),
		MerchantDefinedData: orNull(e.InstrumentData),
	}
}

func (doc *instrumentDoc) label(p *pay.Payto) {
	if p == nil {
		return
	}
	kind, text := labelOf(p)
	doc.LabelType, doc.Label = &kind, &text
}

// labelOf is what a shop shows its buyer of the account: a PayID as the buyer writes it, of an
// account number the end alone.
func labelOf(p *pay.Payto) (kind, text string) {
	id := p.ID()
	if id.Kind == payid.Account {
		return labelBBAN, id.Masked()
	}
	return labelPayID, id.Label()
}

// maximumOf is the most that one payment can take; null for any amount.
func maximumOf(t *terms.Terms) *int64 {
	if most := cmp.Or(t.Amount.Exact, t.Amount.Max); most > 0 {
		return &most
	}
	return nil
}

// expiryOf is the last day of an instrument; null for none.
func expiryOf(t *terms.Terms) *string {
	if t.End.IsZero() {
		return nil
	}
	end := t.End.String()
	return &end
}

// mandateStatus is the documented word for a mandate's state. One for a single payment that was
// made is not cancelled by anybody: it stays as it is until its last day is over.
func mandateStatus(s pay.MandateState) string {
	switch s {
	case pay.MandateActive, pay.MandateCompleted:
		return instrumentActive
	case pay.MandatePaused:
		return instrumentPaused
	case pay.MandateCanceled, pay.MandateExpired:
		return instrumentCancelled
	}
	return ""
}

// endOf is the network's code for why a mandate was paused or ended.
func endOf(m *pay.Mandate) string {
	switch {
	case m.NetworkCode != "":
		return m.NetworkCode
	case m.State == pay.MandateExpired:
		return codeExpired
	case m.Reason == pay.ByPayer, m.Reason == pay.ByBank:
		return codeByPayer
	}
	return codeByMerchant
}

// paymentOf makes the document of a payment.
func paymentOf(p *pay.Payment) *paymentDoc {
	e := echoOf(p.Family, p.Echo)
	doc := e.payment()
	if !initiated(p) {
		return doc
	}
	doc.CreatedAt, doc.UpdatedAt = maybe(at(p.CreatedAt)), maybe(at(p.UpdatedAt))
	doc.RefundedAmount = p.Refunded
	doc.Status = maybe(paymentStatus(p))
	if wire.Value(doc.Status) == statusRejected {
		doc.RejectionReason = reasonOf(rejection(p))
	}
	return doc
}

// payment makes the document of a payment that was not initiated.
func (e *echo) payment() *paymentDoc {
	return &paymentDoc{
		PaymentID: e.PaymentID, InstrumentID: e.InstrumentID, Amount: e.Amount,
		Reference: e.Reference, Description: e.Description,
		CreditorReference: e.CreditorReference, MerchantDefinedData: orNull(e.Data),
	}
}

// initiated reports whether a payment came as far as the network: its agreement was active.
func initiated(p *pay.Payment) bool { return p.MethodID != "" }

// unmade are the network's codes for agreements that never came to be: a bank or a directory that
// could not be asked, or did not know the account.
var unmade = map[string]bool{
	"AGNT": true, "ZPPAY24": true, "ZPUNP01": true, "ZPUNP06": true, "ZPUNP07": true,
	"ZPUNP08": true,
}

// agreedNothing reports whether an attempt ended before there was an agreement at the bank. The
// buyer may correct the account, and nobody is told.
func agreedNothing(p *pay.Payment) bool {
	return !initiated(p) && p.State == pay.PaymentFailed && unmade[p.NetworkCode]
}

// paymentStatus is the documented word for a payment's state; none for one that waits for its
// instrument, or whose buyer did not agree. Money that came after the payment was given up leaves
// it rejected, because to say otherwise would have goods shipped for a session that is over.
func paymentStatus(p *pay.Payment) string {
	if !initiated(p) {
		return ""
	}
	switch p.State {
	case pay.PaymentPaid, pay.PaymentAuthorised:
		return statusCompleted
	case pay.PaymentFailed, pay.PaymentCanceled, pay.PaymentLate:
		return statusRejected
	}
	return statusProcessing
}

// rejection is the network's code for why a payment was not made.
func rejection(p *pay.Payment) string { return cmp.Or(p.NetworkCode, codeSystem) }

// declined is the network's code for why a buyer's agreement did not come about.
func declined(p *pay.Payment) string {
	switch {
	case p.NetworkCode != "":
		return p.NetworkCode
	case p.State == pay.PaymentCanceled:
		return codeByMerchant
	case p.DeclineCode == pay.DeclineByPayer:
		return codeByPayer
	}
	return codeUnanswered
}

func refundOf(r *pay.Refund) *refundDoc {
	e := echoOf(r.Family, r.Echo)
	doc := &refundDoc{
		RefundID: e.RefundID, PaymentID: e.PaymentID, Status: refundStatus(r.State),
		Amount: r.Amount.Minor, Reference: e.Reference, Description: e.Description,
		MerchantDefinedData: orNull(e.Data), CreatedAt: at(r.CreatedAt), UpdatedAt: at(r.UpdatedAt),
	}
	if doc.Status == statusRejected {
		doc.RejectionReason = reasonOf(refundRejection(r))
	}
	return doc
}

func refundStatus(s pay.RefundState) string {
	switch s {
	case pay.RefundSucceeded:
		return statusCompleted
	case pay.RefundFailed:
		return statusRejected
	}
	return statusProcessing
}

func refundRejection(r *pay.Refund) string { return cmp.Or(r.NetworkCode, codeNotRefund) }

// orNull is null for nothing.
func orNull(raw json.RawMessage) json.RawMessage {
	if raw == nil {
		return json.RawMessage("null")
	}
	return raw
}

// at writes UTC with up to seven digits after the second and no zeros at their end.
func at(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.9999999Z") }

// atNetwork writes UTC to the millisecond, as the network does.
func atNetwork(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
