package collect

import (
	"net/http"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
)

// captureInput is the body of a capture. Without an amount all that is left is taken.
type captureInput struct {
	Amount   *int64             `json:"amount"`
	Metadata *map[string]string `json:"metadata"`
}

// voidInput is the body of a void, which always lets go all that is left.
type voidInput struct {
	Metadata *map[string]string `json:"metadata"`
}

// refundInput is the body of a refund. Without an amount all that is left is sent back.
type refundInput struct {
	PaymentID string             `json:"payment_id" wire:"required"`
	Amount    *int64             `json:"amount"`
	Reason    *string            `json:"reason"`
	Metadata  *map[string]string `json:"metadata"`
}

const (
	nounPayment = "payment"
	nounRefund  = "refund"
)

func (a *API) listPayments(c *call) error {
	q := c.query()
	f := pay.PaymentFilter{
		Page: q.Page(), States: wire.Choice(q, "status", paymentWords),
		CustomerID: q.String("customer_id", maxID),
		SessionID:  q.String("payment_session_id", maxID),
		MandateID:  q.String("mandate_id", maxID),
	}
	return page(c, f, a.pay.Payments, a.paymentDoc)
}

// paymentDoc is the document of a payment in an answer.
func (a *API) paymentDoc(p *pay.Payment) any { return a.enc.payment(p) }

func (a *API) getPayment(c *call) error {
	id, err := c.id(nounPayment)
	if err != nil {
		return err
	}
	p, err := a.pay.Payment(c.r.Context(), c.Caller, id)
	if err != nil {
		return orMissing(err, nounPayment, id)
	}
	return c.show(a.enc.payment(&p))
}

// capturePayment keeps held what it does not take: it is for voids to let it go.
func (a *API) capturePayment(c *call) error {
	var in captureInput
	id, err := c.open(nounPayment, &in)
	if err != nil {
		return err
	}
	if err := first(positive("amount", in.Amount),
		checkMetadata("metadata", wire.Value(in.Metadata))); err != nil {
		return err
	}
	o, err := once(c, &in, http.StatusOK, a.paymentDoc)
	if err != nil {
		return err
	}
	_, reply, err := a.pay.CapturePayment(c.r.Context(), c.Caller, o, id, pay.CaptureRequest{
		Amount: wire.Value(in.Amount), KeepRest: true, Metadata: wire.Value(in.Metadata),
	})
	return c.reply(reply, overCapture(orMissing(err, nounPayment, id)))
}

// overCapture tells an amount above what is held from one that could never be: the first conflicts
// with the payment.
func overCapture(err error) error {
	e := pay.AsError(err)
	if e == nil || e.Code != "amount_too_large" {
		return err
	}
	return &pay.Error{Kind: pay.Conflict, Code: codeOverCapture, Param: "amount", Message: e.Message}
}

func (a *API) voidPayment(c *call) error {
	var in voidInput
	id, err := c.open(nounPayment, &in)
	if err != nil {
		return err
	}
	if err := checkMetadata("metadata", wire.Value(in.Metadata)); err != nil {
		return err
	}
	o, err := once(c, &in, http.StatusOK, a.paymentDoc)
	if err != nil {
		return err
	}
	_, reply, err := a.pay.VoidPayment(c.r.Context(), c.Caller, o, id, wire.Value(in.Metadata))
	return c.reply(reply, orMissing(err, nounPayment, id))
}

func (a *API) createRefund(c *call) error {
	var in refundInput
	if err := wire.Decode(c.w, c.r, &in); err != nil {
		return err
	}
	if err := first(checkID("payment_id", in.PaymentID), positive("amount", in.Amount),
		checkMetadata("metadata", wire.Value(in.Metadata))); err != nil {
		return err
	}
	o, err := once(c, &in, http.StatusCreated, refundOf)
	if err != nil {
		return err
	}
	_, reply, err := a.pay.CreateRefund(c.r.Context(), c.Caller, o, pay.RefundRequest{
		PaymentID: in.PaymentID, Amount: wire.Value(in.Amount), Reason: wire.Value(in.Reason),
		Metadata: wire.Value(in.Metadata),
	})
	if e := pay.AsError(err); e != nil && e.Code == codeNone {
		gone := missing(nounPayment, in.PaymentID)
		gone.Param = "payment_id"
		err = gone
	}
	return c.reply(reply, err)
}

func (a *API) listRefunds(c *call) error {
	q := c.query()
	f := pay.RefundFilter{Page: q.Page(), PaymentID: q.String("payment_id", maxID)}
	return page(c, f, a.pay.Refunds, refundOf)
}

func (a *API) getRefund(c *call) error {
	id, err := c.id(nounRefund)
	if err != nil {
		return err
	}
	r, err := a.pay.Refund(c.r.Context(), c.Caller, id)
	if err != nil {
		return orMissing(err, nounRefund, id)
	}
	return c.show(refundOf(&r))
}
