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
