package collect

import (
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

// An encoder makes the documents of this family.
type encoder struct{ pages Pages }

// sessionDoc is a payment session. What is not known is left out, but for the two that were always
// there.
type sessionDoc struct {
	ID                string            `json:"id"`
	Type              string            `json:"type"`
	Amount            int64             `json:"amount"`
	Currency          string            `json:"currency"`
	Status            string            `json:"status"`
	PaymentOutcome    string            `json:"payment_outcome"`
	PaymentStatus     string            `json:"payment_status"`
	CustomerID        string            `json:"customer_id,omitempty"`
	PaymentMethodID   string            `json:"payment_method_id,omitempty"`
	PaymentID         string            `json:"payment_id,omitempty"`
	MandateID         string            `json:"mandate_id,omitempty"`
	SubscriptionID    string            `json:"subscription_id,omitempty"`
	CheckoutSessionID *string           `json:"checkout_session_id"`
	SessionURL        string            `json:"session_url,omitempty"`
	ClientToken       string            `json:"client_token,omitempty"`
	ReturnURL         *string           `json:"return_url"`
	LastPaymentError  *paymentError     `json:"last_payment_error,omitempty"`
	Mode              pay.Mode          `json:"mode"`
	ExternalReference string            `json:"external_reference,omitempty"`
	Metadata          map[string]string `json:"metadata,omitempty"`
	ExpiresAt         string            `json:"expires_at,omitempty"`
	CreatedAt         string            `json:"created_at"`
	UpdatedAt         string            `json:"updated_at"`
}

// session makes the document of a session as it is at now.
func (e encoder) session(s *pay.Session, now time.Time) *sessionDoc {
	state := s.StateAt(now)
	became := outcome(s, state)
	kept := echoOf(s.Echo)
	doc := &sessionDoc{
		ID: s.ID, Type: sessionType(s.Series), Amount: s.Amount.Minor, Currency: s.Amount.Currency,
		Status: sessionStatus(state), PaymentOutcome: became, PaymentStatus: paymentStatus(became),
		CustomerID: s.CustomerID, PaymentMethodID: s.MethodID, MandateID: s.MandateID,
		ReturnURL: kept.ReturnURL, LastPaymentError: paymentErrorOf(s.LastDecline, s.LastDeclineAt),
		Mode: s.Mode, ExternalReference: kept.ExternalReference, Metadata: s.Metadata,
		CreatedAt: at(s.CreatedAt), UpdatedAt: at(s.UpdatedAt),
	}
	if s.Series == pay.SeriesNext || became == outcomePaid || became == outcomeReserved {
		doc.PaymentID = s.PaymentID // with a payer, an attempt in flight may fail and not be the last
	}
	if s.MandateID != "" && s.Offer.Schedule != nil {
		doc.SubscriptionID = reprefix(s.MandateID, prefixMandate, prefixSubscription)
	}
	if s.Series != pay.SeriesNext {
		page := reprefix(s.ID, prefixSession, prefixCheckout)
		doc.CheckoutSessionID, doc.SessionURL = &page, e.pages.PageURL(s.ID)
		doc.ExpiresAt = at(s.ExpiresAt)
	}
	return doc
}

// withToken adds what a page of the merchant's needs to embed ours.
func (e encoder) withToken(s *pay.Session, now time.Time) *sessionDoc {
	doc := e.session(s, now)
	if s.Offer.Presentation != pay.Redirect && doc.Status == sessionStatus(pay.SessionOpen) {
		doc.ClientToken = e.pages.ClientToken(s.ID, s.ExpiresAt)
	}
	return doc
}

// created makes the answer to a create, changed that to another change, as that change left it.
func (e encoder) created(s *pay.Session) any { return e.withToken(s, s.UpdatedAt) }
func (e encoder) changed(s *pay.Session) any { return e.session(s, s.UpdatedAt) }

// The intents of a payment.
const (
	intentPayment = "payment"
	intentVerify  = "payment_method_verification"
)

// paymentDoc is a payment: one attempt.
type paymentDoc struct {
	ID                      string            `json:"id"`
	ReconciliationReference string            `json:"reconciliation_reference"`
	Status                  string            `json:"status"`
	Intent                  string            `json:"intent"`
	Amount                  int64             `json:"amount"`
	Currency                string            `json:"currency"`
	Country                 *string           `json:"country"`
	CaptureMethod           pay.CaptureMode   `json:"capture_method"`
	AuthorisedAmount        *int64            `json:"authorised_amount"`
	PaidAmount              *int64            `json:"paid_amount"`
	VoidedAmount            *int64            `json:"voided_amount"`
	RefundedAmount          int64             `json:"refunded_amount"`
	PaymentMethodDetails    *detailsDoc       `json:"payment_method_details"`
	LastPaymentError        *paymentError     `json:"last_payment_error,omitempty"`
	AuthorizationExpiresAt  string            `json:"authorization_expires_at,omitempty"`
	PaymentSessionID        string            `json:"payment_session_id,omitempty"`
	CustomerID              string            `json:"customer_id,omitempty"`
	PaymentMethodID         string            `json:"payment_method_id,omitempty"`
	MandateID               string            `json:"mandate_id,omitempty"`
	ExternalReference       string            `json:"external_reference,omitempty"`
	Metadata                map[string]string `json:"metadata,omitempty"`
	Mode                    pay.Mode          `json:"mode"`
	CreatedAt               string            `json:"created_at"`
	UpdatedAt               string            `json:"updated_at"`
}

// payment makes the document of a payment.
func (e encoder) payment(p *pay.Payment) *paymentDoc {
	doc := &paymentDoc{
		ID: p.ID, ReconciliationReference: p.RailReference, Status: paymentWord(p.State),
		Intent: intentPayment, Amount: p.Amount.Minor, Currency: p.Amount.Currency,
		Country: country(p), CaptureMethod: p.Capture, RefundedAmount: p.Refunded,
		PaymentMethodDetails: paidWith{p.Card, p.Mobile, p.Transfer, p.Payto}.details(),
		LastPaymentError:     paymentErrorOf(p.DeclineCode, p.UpdatedAt),
		PaymentSessionID:     p.SessionID, CustomerID: p.CustomerID, PaymentMethodID: p.MethodID,
		MandateID: p.MandateID, ExternalReference: echoOf(p.Echo).ExternalReference,
		Metadata: p.Metadata, Mode: p.Mode, CreatedAt: at(p.CreatedAt), UpdatedAt: at(p.UpdatedAt),
	}
	if doc.ReconciliationReference == "" {
		doc.ReconciliationReference = p.ID
	}
	if p.Held() > 0 && p.State == pay.PaymentAuthorised {
		doc.AuthorizationExpiresAt = maybeAt(p.AuthorisedUntil)
	}
	if doc.LastPaymentError != nil {
		doc.LastPaymentError.NetworkCode = p.NetworkCode
	}
	amounts(doc, p)
	return doc
}

// amounts fills in what was held, taken and let go; null before there is anything to say.
func amounts(doc *paymentDoc, p *pay.Payment) {
	paid, authorised, voided := p.Captured, p.Authorised, p.Voided
	switch {
	case p.Verifies():
		doc.Intent = intentVerify
		if p.State == pay.PaymentPaid {
			doc.AuthorisedAmount, doc.PaidAmount, doc.VoidedAmount = &authorised, &paid, &voided
		}
	case p.Authorised > 0:
		doc.AuthorisedAmount, doc.PaidAmount, doc.VoidedAmount = &authorised, &paid, &voided
	case p.Captured > 0:
		doc.PaidAmount = &paid
	}
}

// country is where the network of the payment is at home; null for cards, which travel.
func country(p *pay.Payment) *string {
	switch p.Method {
	case pay.MethodMobile, pay.MethodBank:
		return maybe("GH")
	case pay.MethodPayTo:
		return maybe("AU")
	}
	return nil
}

// refundDoc is a refund.
type refundDoc struct {
	ID          string            `json:"id"`
	PaymentID   string            `json:"payment_id"`
	Amount      int64             `json:"amount"`
	Currency    string            `json:"currency"`
	Status      string            `json:"status"`
	Reason      *string           `json:"reason"`
	FailureCode string            `json:"failure_code,omitempty"`
	NetworkCode string            `json:"network_code,omitempty"`
	Metadata    map[string]string `json:"metadata,omitempty"`
	Mode        pay.Mode          `json:"mode"`
	CreatedAt   string            `json:"created_at"`
	UpdatedAt   string            `json:"updated_at"`
}

func refundOf(r *pay.Refund) any {
	return &refundDoc{
		ID: r.ID, PaymentID: r.PaymentID, Amount: r.Amount.Minor, Currency: r.Amount.Currency,
		Status: r.State.String(), Reason: maybe(r.Reason), FailureCode: string(r.FailureCode),
		NetworkCode: r.NetworkCode, Metadata: r.Metadata, Mode: r.Mode, CreatedAt: at(r.CreatedAt),
		UpdatedAt: at(r.UpdatedAt),
	}
}

// customerDoc is a customer.
type customerDoc struct {
	ID        string            `json:"id"`
	Name      *string           `json:"name"`
	Email     *string           `json:"email"`
	Phone     *string           `json:"phone"`
	Metadata  map[string]string `json:"metadata,omitempty"`
	Mode      pay.Mode          `json:"mode"`
	CreatedAt string            `json:"created_at"`
	UpdatedAt string            `json:"updated_at"`
}

func customerOf(c *pay.Customer) any {
	return &customerDoc{
		ID: c.ID, Name: maybe(c.Name), Email: maybe(c.Email), Phone: maybe(c.Phone),
		Metadata: c.Metadata, Mode: c.Mode, CreatedAt: at(c.CreatedAt), UpdatedAt: at(c.UpdatedAt),
	}
}

// methodDoc is a saved method.
type methodDoc struct {
	ID         string      `json:"id"`
	CustomerID string      `json:"customer_id"`
	Status     string      `json:"status"`
	Details    *detailsDoc `json:"payment_method_details"`
	PaymentID  string      `json:"payment_id"`
	Mode       pay.Mode    `json:"mode"`
	CreatedAt  string      `json:"created_at"`
	UpdatedAt  string      `json:"updated_at"`
}

func methodOf(m *pay.SavedMethod) any {
	return &methodDoc{
		ID: m.ID, CustomerID: m.CustomerID, Status: m.State.String(),
		Details: paidWith{m.Card, m.Mobile, nil, m.Payto}.details(), PaymentID: m.PaymentID, Mode: m.Mode,
		CreatedAt: at(m.CreatedAt), UpdatedAt: at(m.UpdatedAt),
	}
}

// maybe is null for an absent text.
func maybe(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
