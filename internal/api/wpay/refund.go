package wpay

import (
	"errors"
	"net/http"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
)

// makeRefund sends money of a payment back, and answers when the outcome is final or the network
// takes too long.
func (a *API) makeRefund(c *call) error {
	var in refundInput
	if err := c.decode(&in); err != nil {
		return err
	}
	r := a.reader(c)
	e := r.refund(&in)
	hook := r.hook("merchantWebhooksUrl", in.MerchantWebhooksURL, nil)
	if err := r.wrong.err(); err != nil {
		return err
	}
	e.PaymentID = c.r.PathValue("paymentId")
	p, err := a.payment(c, e.PaymentID)
	if err != nil && !errors.Is(err, errNotInitiated) {
		return err
	}
	if err != nil || paymentStatus(p) != statusCompleted {
		return rule("payment_not_completed", "", "Only a Completed payment can be refunded.")
	}
	name := pay.Alias{Kind: aliasRefund, ID: e.RefundID}
	once := once(c, name, &in, func(r *pay.Refund) any { return refundOf(r) })
	_, _, err = a.Pay.CreateRefund(c.r.Context(), c.Caller, once, pay.RefundRequest{
		PaymentID: p.ID, Amount: wire.Value(in.Amount), Echo: wire.Encode(e), Hook: hook,
		Aliases:   []pay.Alias{name},
		Rehearsal: in.Simulation.fate(&refundSubject).rehearsal(),
	})
	if err != nil {
		return taken(err, "refundId", nil)
	}
	refund, err := a.finalRefund(c, e.RefundID)
	if err != nil {
		return err
	}
	return c.show(http.StatusCreated, refundOf(refund))
}

// refund reads what is sent back.
func (r *reader) refund(in *refundInput) *echo {
	e := &echo{RefundID: r.id("", "refundId", in.RefundID, in.ID)}
	if in.Amount != nil {
		r.amount("amount", in.Amount)
	}
	e.Reference = r.ascii("reference", in.Reference, maxReference)
	e.Description = r.description("description", in.Description)
	if in.Description == nil {
		e.Description = "Refund " + e.RefundID
	}
	e.Data = r.data("merchantDefinedData", in.MerchantDefinedData)
	r.simulates("simulation", in.Simulation, &refundSubject)
	return e
}

// finalRefund waits for the outcome of a refund, and returns it as it is when that takes too long.
func (a *API) finalRefund(c *call, id string) (*pay.Refund, error) {
	refund, err := a.refund(c, id)
	if err != nil {
		return nil, err
	}
	err = a.await(c, func() (bool, error) {
		after, err := a.Pay.SyncRefund(c.r.Context(), c.Caller, refund.ID)
		refund = &after
		return err == nil && refundStatus(refund.State) != statusProcessing, err
	})
	return refund, err
}

// refund loads what the merchant calls so.
func (a *API) refund(c *call, id string) (*pay.Refund, error) {
	object, err := a.resolve(c, aliasRefund, id)
	if err != nil {
		return nil, err
	}
	r, err := a.Pay.Refund(c.r.Context(), c.Caller, object)
	return &r, err
}

func (a *API) getRefund(c *call) error {
	id := c.r.PathValue("refundId")
	r, err := a.refund(c, id)
	if err != nil {
		return err
	}
	doc := refundOf(r)
	if of := c.r.PathValue("paymentId"); of != "" && of != doc.PaymentID {
		return missing(aliasRefund, id)
	}
	return c.show(http.StatusOK, doc)
}
