package checkout

import (
	"net/http"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
)

// captureInput is the body of a capture. Without an amount all that is held is taken; without final
// what is not taken is let go.
type captureInput struct {
	Amount         *int64             `json:"amount"`
	Final          *bool              `json:"final"`
	Metadata       *map[string]string `json:"metadata"`
	IdempotencyKey *string            `json:"idempotency_key"`
}

func (in *captureInput) key() *string { return in.IdempotencyKey }

func (in *captureInput) tags() map[string]string { return wire.Value(in.Metadata) }

// paymentInput is the body of a create: of one that a payer is asked for, or with off_session of
// one that nobody is. Currency is required here, as documented. Method is a type of method in the
// first and the id of a saved one in the second.
type paymentInput struct {
	Amount         int64              `json:"amount" wire:"required"`
	Currency       string             `json:"currency" wire:"required"`
	Method         *string            `json:"payment_method"`
	Provider       *string            `json:"provider"`
	Phone          *string            `json:"phone"`
	Description    *string            `json:"description"`
	Customer       *string            `json:"customer"`
	OffSession     *bool              `json:"off_session"`
	Mandate        *string            `json:"mandate"`
	CaptureMethod  *string            `json:"capture_method"`
	Metadata       *map[string]string `json:"metadata"`
	IdempotencyKey *string            `json:"idempotency_key"`
}

func (in *paymentInput) key() *string { return in.IdempotencyKey }

func (in *paymentInput) tags() map[string]string { return wire.Value(in.Metadata) }

// settleInput is the body of a decision about a transfer.
type settleInput struct {
	Action         string  `json:"action" wire:"required"`
	IdempotencyKey *string `json:"idempotency_key"`
}

func (in *settleInput) key() *string { return in.IdempotencyKey }

// confirmInput is the body that brings a payer's one-time code.
type confirmInput struct {
	Code string `json:"code" wire:"required"`
}

// maxCode bounds a one-time code, in bytes.
const maxCode = 32

func (a *API) createPayment(c *call) error {
	var in paymentInput
	if err := wire.Decode(c.w, c.r, &in); err != nil {
		return err
	}
	if err := in.foreign(); err != nil {
		return err
	}
	o, err := once(c, &in, http.StatusCreated, appendStarted)
	if err != nil {
		return err
	}
	if wire.Value(in.OffSession) {
		return a.charge(c, o, &in)
	}
	_, reply, err := a.pay.CreatePayment(c.r.Context(), c.Caller, o, pay.NewPayment{
		Family: Family, Amount: in.Amount, Currency: in.Currency,
		Method: pay.MethodInput{Type: *in.Method, Mobile: &pay.MobileInput{
			Phone: wire.Value(in.Phone), Provider: wire.Value(in.Provider),
		}},
		Description: wire.Value(in.Description), CustomerID: wire.Value(in.Customer),
		Metadata: wire.Value(in.Metadata),
	})
	return c.reply(reply, err)
}

// foreign refuses what is missing for the kind of payment that is asked for, and fields that say
// nothing about it: they would have no effect.
func (in *paymentInput) foreign() error {
	alone := wire.Value(in.OffSession)
	switch {
	case !alone && in.Method == nil:
		return pay.BadParam("payment_method", codeMissing,
			"Missing required parameter: payment_method.")
	case alone && in.Method == nil && in.Mandate == nil:
		return pay.BadParam("payment_method", codeMissing,
			"Missing required parameter: payment_method, or mandate in its place.")
	}
	with := map[bool]string{false: "without", true: "with"}
	for _, f := range []struct {
		name         string
		given, alone bool
	}{
		{"phone", in.Phone != nil, false}, {"provider", in.Provider != nil, false},
		{"mandate", in.Mandate != nil, true}, {"capture_method", in.CaptureMethod != nil, true},
	} {
		if f.given && f.alone != alone {
			return pay.BadParam(f.name, wire.CodeParameterUnknown,
				"%s belongs to payments %s off_session alone.", f.name, with[f.alone])
		}
	}
	return nil
}

// charge makes a payment that no payer is asked for.
func (a *API) charge(c *call, o *pay.Once[pay.Payment], in *paymentInput) error {
	if err := demandKey(c, o.Key); err != nil {
		return err
	}
	_, reply, err := a.pay.Charge(c.r.Context(), c.Caller, o, pay.ChargeRequest{
		Family: Family, Amount: money.Amount{Minor: in.Amount, Currency: in.Currency},
		Capture: pay.CaptureMode(wire.Value(in.CaptureMethod)), CustomerID: wire.Value(in.Customer),
		MethodID: wire.Value(in.Method), MandateID: wire.Value(in.Mandate),
		Description: wire.Value(in.Description), Metadata: wire.Value(in.Metadata),
	})
	return c.reply(reply, err)
}

// confirmPayment takes no idempotency key: a code is good once, by itself.
func (a *API) confirmPayment(c *call) error {
	id, err := c.id("id")
	if err != nil {
		return err
	}
	var in confirmInput
	if err := wire.Decode(c.w, c.r, &in); err != nil {
		return err
	}
	if in.Code == "" || len(in.Code) > maxCode {
		return pay.BadParam("code", codeInvalid, "The code must have 1 to %d characters.", maxCode)
	}
	p, err := a.pay.ConfirmPayment(c.r.Context(), c.Caller, id, in.Code)
	return show(c, &p, err, appendStarted)
}

func (a *API) settlePayment(c *call) error {
	id, err := c.id("id")
	if err != nil {
		return err
	}
	var in settleInput
	if err := wire.Decode(c.w, c.r, &in); err != nil {
		return err
	}
	o, err := once(c, &in, http.StatusOK, appendPayment)
	if err != nil {
		return err
	}
	if err := demandKey(c, o.Key); err != nil {
		return err
	}
	_, reply, err := a.pay.SettlePayment(c.r.Context(), c.Caller, o, id, pay.Settlement(in.Action))
	return c.reply(reply, err)
}

func (a *API) listPayments(c *call) error {
	q := c.query()
	f := pay.PaymentFilter{
		Page: q.Page(), States: wire.Choice(q, "status", paymentWords),
		CustomerID: q.String("customer", maxID), SessionID: q.String("session", maxID),
		MandateID: q.String("mandate", maxID),
	}
	return page(c, f, a.pay.Payments, appendPayment)
}

func (a *API) getPayment(c *call) error {
	id, err := c.id("id")
	if err != nil {
		return err
	}
	p, err := a.pay.Payment(c.r.Context(), c.Caller, id)
	return show(c, &p, err, appendPayment)
}

func (a *API) cancelPayment(c *call) error {
	var in bare
	id, err := c.open(&in)
	if err != nil {
		return err
	}
	o, err := once(c, &in, http.StatusOK, appendPayment)
	if err != nil {
		return err
	}
	_, reply, err := a.pay.CancelPayment(c.r.Context(), c.Caller, o, id)
	return c.reply(reply, err)
}

func (a *API) capturePayment(c *call) error {
	var in captureInput
	id, err := c.open(&in)
	if err != nil {
		return err
	}
	if err := positive(in.Amount); err != nil {
		return err
	}
	o, err := once(c, &in, http.StatusOK, appendPayment)
	if err != nil {
		return err
	}
	if err := demandKey(c, o.Key); err != nil {
		return err
	}
	_, reply, err := a.pay.CapturePayment(c.r.Context(), c.Caller, o, id, pay.CaptureRequest{
		Amount: wire.Value(in.Amount), KeepRest: in.Final != nil && !*in.Final,
		Metadata: wire.Value(in.Metadata),
	})
	return c.reply(reply, err)
}

// positive checks an optional amount: to the core 0 means all, in a request it is a mistake.
func positive(amount *int64) error {
	if amount != nil && *amount <= 0 {
		return pay.BadParam("amount", codeInvalid, "The amount must be a positive integer")
	}
	return nil
}
