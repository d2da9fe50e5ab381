package checkout

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/secret"
)

// payInput is the body of a simulated payment. Without approve a prompt is left to be answered.
// Save ticks the box of a session that asks whether to keep the method.
type payInput struct {
	Method         methodInput `json:"payment_method" wire:"required"`
	Approve        *bool       `json:"approve"`
	Save           *bool       `json:"save"`
	IdempotencyKey *string     `json:"idempotency_key"`
}

func (in *payInput) key() *string { return in.IdempotencyKey }

// methodInput is how the buyer pays. The dates of a card may be numbers or digits in quotes, as
// they would come from a form.
type methodInput struct {
	Type     string          `json:"type" wire:"required"`
	Number   secret.PAN      `json:"number,omitzero"`
	ExpMonth json.RawMessage `json:"exp_month,omitempty"`
	ExpYear  json.RawMessage `json:"exp_year,omitempty"`
	CVC      secret.CVV      `json:"cvc,omitzero"`
	Name     *string         `json:"name"`
	Phone    *string         `json:"phone"`
	Provider *string         `json:"provider"`
	PayID    *string         `json:"payid"`
	BSB      *string         `json:"bsb"`
	Account  *string         `json:"account"`
	ID       *string         `json:"id"`
}

// methodSaved is this family's word for a method that the customer saved before.
const methodSaved = "saved"

// clockInput is the body of a move of the clock.
type clockInput struct {
	Seconds        int64   `json:"seconds" wire:"required"`
	IdempotencyKey *string `json:"idempotency_key"`
}

func (in *clockInput) key() *string { return in.IdempotencyKey }

// paySession pays as the page's form does, and then plays the payer who is asked to agree.
func (a *API) paySession(c *call) error {
	id, err := a.sessionAlias(c)
	if err != nil {
		return err
	}
	var in payInput
	if err := wire.Decode(c.w, c.r, &in); err != nil {
		return err
	}
	method, err := in.Method.method()
	if err != nil {
		return err
	}
	o, err := once(c, &in, http.StatusOK, appendPayment)
	if err != nil {
		return err
	}
	p, err := a.attempt(c, o, pay.PayRequest{
		SessionID: id, Method: method, Save: wire.Value(in.Save),
	})
	if err != nil {
		return err
	}
	if in.Approve != nil && asked(&p) {
		d := pay.Reject
		if *in.Approve {
			d = pay.Approve
		}
		if p, err = a.pay.Answer(c.r.Context(), c.Caller, p.ID, d); err != nil {
			return err
		}
	}
	return a.showAttempt(c, &p)
}

// asked reports whether the payer has been asked to agree and has not answered.
func asked(p *pay.Payment) bool {
	return p.State.InFlight() && (p.Action == pay.ActionRedirect || p.Action == pay.ActionApprove)
}

// attempt pays. A repeated request gets the payment that the first one made, as it is now.
func (a *API) attempt(
	c *call, o *pay.Once[pay.Payment], r pay.PayRequest,
) (pay.Payment, error) {
	p, reply, err := a.pay.Pay(c.r.Context(), c.Caller, o, r)
	if err != nil || !reply.Replayed {
		return p, err
	}
	c.w.Header().Set("Idempotent-Replayed", "true")
	var first struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(reply.Body, &first); err != nil {
		return p, fmt.Errorf("stored reply: %w", err)
	}
	return a.pay.Payment(c.r.Context(), c.Caller, first.ID)
}

// showAttempt sends the payment, what the payer has to do next, and what the session became.
func (a *API) showAttempt(c *call, p *pay.Payment) error {
	var v sessionView
	var err error
	if p.SessionID != "" {
		v, err = a.sessionByID(c.r.Context(), c.Caller, p.SessionID)
	}
	return show(c, p, err, func(buf []byte, p *pay.Payment) []byte {
		o := begin(buf)
		paymentKeys(&o, p)
		nextActionKey(&o, p)
		if p.SessionID == "" {
			o.null("session") // a server made it
			return o.end()
		}
		o.nested("session", func(buf []byte) []byte { return a.enc.session(buf, &v) })
		return o.end()
	})
}

func (in *methodInput) method() (pay.MethodInput, error) {
	if err := in.foreign(); err != nil {
		return pay.MethodInput{}, err
	}
	switch in.Type {
	case pay.MethodCard:
		return in.card()
	case pay.MethodMobile:
		return pay.MethodInput{Type: in.Type, Mobile: &pay.MobileInput{
			Phone: wire.Value(in.Phone), Provider: wire.Value(in.Provider),
		}}, nil
	case pay.MethodPayTo:
		of := accountInput{PayID: in.PayID, BSB: in.BSB, Account: in.Account}
		account := of.payto()
		return pay.MethodInput{Type: in.Type, Payto: &account}, nil
	case methodSaved:
		if in.ID == nil {
			return pay.MethodInput{}, pay.BadParam("payment_method.id", codeMissing,
				"Missing required parameter: payment_method.id.")
		}
		return pay.MethodInput{SavedID: *in.ID}, nil
	}
	return pay.MethodInput{Type: in.Type}, nil
}

// foreign refuses fields that say nothing about the method: they would have no effect.
func (in *methodInput) foreign() error {
	for _, f := range []struct {
		name, method string
		given        bool
	}{
		{"number", pay.MethodCard, !in.Number.IsZero()},
		{"exp_month", pay.MethodCard, given(in.ExpMonth)},
		{"exp_year", pay.MethodCard, given(in.ExpYear)},
		{"cvc", pay.MethodCard, !in.CVC.IsZero()},
		{"name", pay.MethodCard, in.Name != nil},
		{"phone", pay.MethodMobile, in.Phone != nil},
		{"provider", pay.MethodMobile, in.Provider != nil},
		{"payid", pay.MethodPayTo, in.PayID != nil},
		{"bsb", pay.MethodPayTo, in.BSB != nil},
		{"account", pay.MethodPayTo, in.Account != nil},
		{"id", methodSaved, in.ID != nil},
	} {
		if f.given && f.method != in.Type {
			return pay.BadParam("payment_method."+f.name, wire.CodeParameterUnknown,
				"payment_method.%s belongs to the type %s alone.", f.name, f.method)
		}
	}
	return nil
}

func (in *methodInput) card() (pay.MethodInput, error) {
	month, err := digits("payment_method.exp_month", in.ExpMonth)
	if err != nil {
		return pay.MethodInput{}, err
	}
	year, err := digits("payment_method.exp_year", in.ExpYear)
	if err != nil {
		return pay.MethodInput{}, err
	}
	return pay.MethodInput{Type: in.Type, Card: &pay.Card{
		Number: in.Number, CVC: in.CVC, ExpMonth: month, ExpYear: year, Name: wire.Value(in.Name),
	}}, nil
}

// given reports whether a raw value is there; null is the same as leaving it out.
func given(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

// digits reads a small number, as it is or in quotes.
func digits(param string, raw json.RawMessage) (int64, error) {
	text := string(raw)
	switch {
	case !given(raw):
		return 0, pay.BadParam(param, codeMissing, "Missing required parameter: %s", param)
	case strings.HasPrefix(text, `"`):
		text = strings.Trim(text, `"`)
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0, pay.BadParam(param, codeInvalid, "%s must be a whole number.", param)
	}
	return int64(n), nil
}

func (a *API) getClock(c *call) error {
	q := wire.Query(c.r)
	now := a.pay.Now(c.Caller)
	return show(c, &now, q.Err(), appendClock)
}

func (a *API) advanceClock(c *call) error {
	var in clockInput
	if err := wire.Decode(c.w, c.r, &in); err != nil {
		return err
	}
	if in.Seconds < 1 || in.Seconds > int64(pay.MaxClockAdvance/time.Second) {
		return pay.BadParam("seconds", codeInvalid,
			"The clock can be advanced by 1 to %d seconds.", pay.MaxClockAdvance/time.Second)
	}
	o, err := once(c, &in, http.StatusOK, appendClock)
	if err != nil {
		return err
	}
	by := time.Duration(in.Seconds) * time.Second
	_, reply, err := a.pay.AdvanceClock(c.r.Context(), c.Caller, o, by)
	return c.reply(reply, err)
}
