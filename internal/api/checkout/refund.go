package checkout

import (
	"net/http"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
)

// refundInput is the body of a create. Without an amount all that is left is sent back.
type refundInput struct {
	Payment        string             `json:"payment" wire:"required"`
	Amount         *int64             `json:"amount"`
	Reason         *string            `json:"reason"`
	Metadata       *map[string]string `json:"metadata"`
	IdempotencyKey *string            `json:"idempotency_key"`
}

func (in *refundInput) key() *string { return in.IdempotencyKey }

func (in *refundInput) tags() map[string]string { return wire.Value(in.Metadata) }

func (a *API) createRefund(c *call) error {
	var in refundInput
	if err := wire.Decode(c.w, c.r, &in); err != nil {
		return err
	}
	if err := positive(in.Amount); err != nil {
		return err
	}
	o, err := once(c, &in, http.StatusCreated, appendRefund)
	if err != nil {
		return err
	}
	if err := demandKey(c, o.Key); err != nil {
		return err
	}
	_, reply, err := a.pay.CreateRefund(c.r.Context(), c.Caller, o, pay.RefundRequest{
		PaymentID: in.Payment, Amount: wire.Value(in.Amount), Reason: wire.Value(in.Reason),
		Metadata: wire.Value(in.Metadata),
	})
	return c.reply(reply, err)
}

func (a *API) listRefunds(c *call) error {
	q := c.query()
	f := pay.RefundFilter{Page: q.Page(), PaymentID: q.String("payment", maxID)}
	return page(c, f, a.pay.Refunds, appendRefund)
}

func (a *API) getRefund(c *call) error {
	id, err := c.id("id")
	if err != nil {
		return err
	}
	refund, err := a.pay.Refund(c.r.Context(), c.Caller, id)
	return show(c, &refund, err, appendRefund)
}
