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
type payInput struct {
	Method         methodInput `json:"payment_method" wire:"required"`
	Approve        *bool       `json:"approve"`
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
}

// clockInput is the body of a move of the clock.
type clockInput struct {
	Seconds        int64   `json:"seconds" wire:"required"`
	IdempotencyKey *string `json:"idempotency_key"`
}

func (in *clockInput) key() *string { return in.IdempotencyKey }

// paySession pays as the page's form does, and then plays the payer at the bank.
func (a *API) paySession(c *call) error {
	id, err := c.id("id")
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
	p, err := a.attempt(c, o, pay.PayRequest{SessionID: id, Method: method})
	if err != nil {
		return err
	}
	if in.Approve != nil && p.State == pay.PaymentAction {
		if p, err = a.pay.Answer(c.r.Context(), c.Caller, p.ID, *in.Approve); err != nil {
			return err
		}
	}
	return a.showAttempt(c, id, &p)
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
func (a *API) showAttempt(c *call, sessionID string, p *pay.Payment) error {
	v, err := a.sessionByID(c.r.Context(), c.Caller, sessionID)
	return show(c, p, err, func(buf []byte, p *pay.Payment) []byte {
		o := begin(buf)
		paymentKeys(&o, p)
		if p.State == pay.PaymentAction {
			o.nested("next_action", func(buf []byte) []byte {
				next := begin(buf)
				next.text("type", "redirect")
				next.text("url", p.ActionURL)
				return next.end()
			})
		} else {
			o.null("next_action")
		}
		o.nested("session", func(buf []byte) []byte { return a.enc.session(buf, &v) })
		return o.end()
	})
}

func (in *methodInput) method() (pay.MethodInput, error) {
	if in.Type != pay.MethodCard {
		return pay.MethodInput{Type: in.Type}, nil
	}
	month, err := digits("payment_method.exp_month", in.ExpMonth)
	if err != nil {
		return pay.MethodInput{}, err
	}
	year, err := digits("payment_method.exp_year", in.ExpYear)
	if err != nil {
		return pay.MethodInput{}, err
	}
	return pay.MethodInput{Type: in.Type, Card: &pay.Card{
		Number: in.Number, CVC: in.CVC, ExpMonth: month, ExpYear: year, Name: value(in.Name),
	}}, nil
}

// digits reads a small number, as it is or in quotes.
func digits(param string, raw json.RawMessage) (int64, error) {
	text := string(raw)
	switch {
	case text == "" || text == "null":
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
