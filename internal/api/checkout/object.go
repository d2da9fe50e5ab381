package checkout

import (
	"time"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
)

// A sessionView is a session with what its document says beyond it.
type sessionView struct {
	pay.Session
	now  time.Time
	held bool // the session is complete and its money held, not captured
}

// An encoder appends the documents of this family. url gives the address of a session's page with
// its key, manage that of the page of a mandate.
type encoder struct {
	url    func(sessionID string) string
	manage func(mandateID string) string
}

// session appends exactly the fifteen documented keys. The addresses are as the merchant gave them,
// the placeholder untouched.
func (e encoder) session(buf []byte, v *sessionView) []byte {
	state := v.StateAt(v.now)
	o := begin(buf)
	o.text("id", v.ID)
	o.text("object", "checkout.session")
	o.text("status", sessionStatus(state))
	o.text("url", e.url(v.ID))
	o.number("amount", v.Amount.Minor)
	o.text("currency", v.Amount.Currency)
	if state == pay.SessionComplete {
		o.maybe("payment", v.PaymentID)
	} else {
		o.null("payment") // an attempt in flight may still fail
	}
	o.text("payment_status", paymentStatus(v))
	o.maybe("customer", v.CustomerID)
	o.maybe("customer_email", v.CustomerEmail)
	o.text("success_url", v.SuccessURL)
	o.text("cancel_url", v.CancelURL)
	o.metadata("metadata", v.Metadata)
	o.time("expires_at", v.ExpiresAt)
	o.time("created_at", v.CreatedAt)
	return o.end()
}

// appendPayment appends the documented keys, then those of ours: why it failed, what a transfer is
// about, what of held money was taken and let go, and what it was charged with.
func appendPayment(buf []byte, p *pay.Payment) []byte {
	o := begin(buf)
	paymentKeys(&o, p)
	return o.end()
}

// appendPaymentOfEvent is appendPayment with the payer's number masked, as events travel to
// receivers that need not know it.
func appendPaymentOfEvent(buf []byte, p *pay.Payment) []byte {
	if p.Mobile != nil {
		masked := *p
		masked.Mobile = &pay.Mobile{Phone: wire.MaskPhone(p.Mobile.Phone), Provider: p.Mobile.Provider}
		p = &masked
	}
	return appendPayment(buf, p)
}

func paymentKeys(o *object, p *pay.Payment) {
	o.text("id", p.ID)
	o.text("object", "payment")
	o.number("amount", p.Amount.Minor)
	o.text("currency", p.Amount.Currency)
	o.text("status", paymentWord(p.State))
	o.text("payment_method", p.Method)
	var mobile pay.Mobile
	if p.Mobile != nil {
		mobile = *p.Mobile
	}
	o.maybe("provider", mobile.Provider)
	o.maybe("phone", mobile.Phone)
	o.maybe("description", p.Description)
	o.maybe("customer", p.CustomerID)
	o.metadata("metadata", p.Metadata)
	o.time("created_at", p.CreatedAt)
	o.time("updated_at", p.UpdatedAt)
	o.maybe("failure_code", string(p.DeclineCode))
	o.maybe("failure_message", declineMessage(p.DeclineCode))
	if p.Method == pay.MethodBank {
		o.number("amount_received", p.Received)
	} else {
		o.null("amount_received")
	}
	transferKey(o, p.Transfer)
	heldKeys(o, p)
	o.maybe("saved_payment_method", p.MethodID)
	o.maybe("mandate", p.MandateID)
	o.truth("off_session", p.OffSession)
	paytoKeys(o, p)
}

// heldKeys tell what became of money that was held; null when none was.
func heldKeys(o *object, p *pay.Payment) {
	if p.Authorised == 0 {
		o.null("amount_authorized")
		o.null("amount_captured")
		o.null("amount_voided")
		o.null("authorized_until")
		return
	}
	o.number("amount_authorized", p.Authorised)
	o.number("amount_captured", p.Captured)
	o.number("amount_voided", p.Voided)
	if p.State == pay.PaymentAuthorised {
		o.maybeTime("authorized_until", p.AuthorisedUntil)
	} else {
		o.null("authorized_until")
	}
}

// transferKey tells where a transfer has to go; null when there is none.
func transferKey(o *object, t *pay.Transfer) {
	if t == nil {
		o.null("transfer")
		return
	}
	o.nested("transfer", func(buf []byte) []byte {
		inner := begin(buf)
		inner.text("bank", t.Bank)
		inner.text("account_name", t.AccountName)
		inner.text("account_number", t.AccountNumber)
		inner.text("reference", t.Reference)
		inner.time("expires_at", t.ExpiresAt)
		return inner.end()
	})
}

// appendStarted appends a payment with what its payer has to do next.
func appendStarted(buf []byte, p *pay.Payment) []byte {
	o := begin(buf)
	paymentKeys(&o, p)
	nextActionKey(&o, p)
	return o.end()
}

// nextActionKey tells what the payer has to do; null when nothing is left to do.
func nextActionKey(o *object, p *pay.Payment) {
	kind := string(p.Action)
	switch {
	case p.State == pay.PaymentAction || p.State == pay.PaymentWaiting && kind != "":
	case p.Transfer != nil && (p.State == pay.PaymentWaiting || p.State == pay.PaymentUnderpaid):
		kind = actionTransfer
	default:
		o.null("next_action")
		return
	}
	o.nested("next_action", func(buf []byte) []byte {
		next := begin(buf)
		next.text("type", kind)
		next.maybe("url", p.ActionURL)
		return next.end()
	})
}

// actionTransfer is this family's word for a payer who has yet to send money; the others are the
// core's.
const actionTransfer = "transfer"

func appendRefund(buf []byte, r *pay.Refund) []byte {
	o := begin(buf)
	o.text("id", r.ID)
	o.text("object", "refund")
	o.text("payment", r.PaymentID)
	o.number("amount", r.Amount.Minor)
	o.text("currency", r.Amount.Currency)
	o.text("status", r.State.String())
	o.maybe("reason", r.Reason)
	o.metadata("metadata", r.Metadata)
	o.time("created_at", r.CreatedAt)
	o.time("updated_at", r.UpdatedAt)
	o.maybe("failure_code", string(r.FailureCode))
	o.maybe("failure_message", declineMessage(r.FailureCode))
	if r.NetworkCode != "" {
		o.text("network_code", r.NetworkCode)
	}
	return o.end()
}

func appendCustomer(buf []byte, c *pay.Customer) []byte {
	o := begin(buf)
	o.text("id", c.ID)
	o.text("object", "customer")
	o.maybe("email", c.Email)
	o.maybe("name", c.Name)
	o.maybe("phone", c.Phone)
	o.metadata("metadata", c.Metadata)
	o.time("created_at", c.CreatedAt)
	o.time("updated_at", c.UpdatedAt)
	return o.end()
}

// appendEndpoint appends an endpoint. secret is shown when it was just made and never again; the
// reason is there when it was not the merchant who disabled the endpoint.
func appendEndpoint(buf []byte, e *pay.Endpoint, secret string) []byte {
	o := begin(buf)
	o.text("id", e.ID)
	o.text("object", "webhook_endpoint")
	o.text("url", e.URL)
	o.maybe("description", e.Description)
	o.text("status", endpointStatus(e.Enabled))
	o.texts("events", e.Events)
	if secret != "" {
		o.text("secret", secret)
	}
	if e.DisabledReason != "" {
		o.text("disabled_reason", e.DisabledReason)
	}
	o.time("created_at", e.CreatedAt)
	return o.end()
}

func endpointStatus(enabled bool) string {
	if enabled {
		return "enabled"
	}
	return "disabled"
}

func appendDelivery(buf []byte, d *pay.Delivery) []byte {
	o := begin(buf)
	o.text("id", d.ID)
	o.text("object", "webhook_delivery")
	o.text("endpoint", d.EndpointID)
	o.text("event", d.EventID)
	o.text("event_type", d.Type)
	o.text("status", string(d.State))
	o.number("attempts", d.Attempts)
	if d.State == pay.DeliveryPending {
		o.maybeTime("next_attempt_at", d.NextAttemptAt)
	} else {
		o.null("next_attempt_at")
	}
	o.nested("log", func(buf []byte) []byte { return appendArray(buf, d.Log, appendAttempt) })
	o.time("created_at", d.CreatedAt)
	o.time("updated_at", d.UpdatedAt)
	return o.end()
}

func appendAttempt(buf []byte, a *pay.DeliveryAttempt) []byte {
	o := begin(buf)
	o.number("number", a.Number)
	o.time("at", a.At)
	if a.Status == 0 {
		o.null("status") // no answer came
	} else {
		o.number("status", a.Status)
	}
	o.number("duration_ms", a.Duration.Milliseconds())
	o.number("size", a.Size)
	o.maybe("error", a.Error)
	return o.end()
}

// appendDeleted is what is left of an object after its deletion.
func appendDeleted(buf []byte, id, kind string) []byte {
	o := begin(buf)
	o.text("id", id)
	o.text("object", kind)
	o.truth("deleted", true)
	return o.end()
}

func appendClock(buf []byte, now *time.Time) []byte {
	o := begin(buf)
	o.text("object", "test_helpers.clock")
	o.time("now", *now)
	return o.end()
}
