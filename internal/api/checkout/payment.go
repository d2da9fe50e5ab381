package checkout

import (
	"net/http"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
)

// captureInput is the body of a capture. Without an amount all that is held is taken.
type captureInput struct {
	Amount         *int64  `json:"amount"`
	IdempotencyKey *string `json:"idempotency_key"`
}

func (in *captureInput) key() *string { return in.IdempotencyKey }

// paymentInput is the body of a create. Currency is required here, as documented.
type paymentInput struct {
	Amount         int64              `json:"amount" wire:"required"`
	Currency       string             `json:"currency" wire:"required"`
	Method         string             `json:"payment_method" wire:"required"`
	Provider       *string            `json:"provider"`
	Phone          *string            `json:"phone"`
	Description    *string            `json:"description"`
	Customer       *string            `json:"customer"`
	Metadata       *map[string]string `json:"metadata"`
	IdempotencyKey *string            `json:"idempotency_key"`
}

func (in *paymentInput) key() *string { return in.IdempotencyKey }

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
	o, err := once(c, &in, http.StatusCreated, appendStarted)
	if err != nil {
		return err
	}
	_, reply, err := a.pay.CreatePayment(c.r.Context(), c.Caller, o, pay.NewPayment{
		Family: Family, Amount: in.Amount, Currency: in.Currency,
		Method: pay.MethodInput{Type: in.Method, Mobile: &pay.MobileInput{
			Phone: value(in.Phone), Provider: value(in.Provider),
		}},
		Description: value(in.Description), CustomerID: value(in.Customer),
		Metadata: value(in.Metadata),
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
	q := wire.Query(c.r)
	f := pay.PaymentFilter{
		Page: page(q), States: paymentWords[q.Enum("status", words(paymentWords)...)],
		CustomerID: q.String("customer", maxID), SessionID: q.String("session", maxID),
	}
	if err := q.Err(); err != nil {
		return err
	}
	payments, more, err := a.pay.Payments(c.r.Context(), c.Caller, f)
	if err != nil {
		return err
	}
	return showList(c, payments, more, appendPayment)
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
	_, reply, err := a.pay.CapturePayment(c.r.Context(), c.Caller, o, id, value(in.Amount))
	return c.reply(reply, err)
}

// positive checks an optional amount: to the core 0 means all, in a request it is a mistake.
func positive(amount *int64) error {
	if amount != nil && *amount <= 0 {
		return pay.BadParam("amount", codeInvalid, "The amount must be a positive integer")
	}
	return nil
}
