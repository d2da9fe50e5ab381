package wpay

import (
	"net/http"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

// Limits of waiting for the network while a caller waits for us.
const (
	finalWithin = 30 * time.Second // the network's own service level
	askEvery    = time.Second
	answerTime  = 10 * time.Second // to write the answer after that
)

// makePayment pays with an instrument, without the buyer, and answers when the outcome is final or
// the network takes too long.
func (a *API) makePayment(c *call) error {
	var in paymentInput
	if err := c.decode(&in); err != nil {
		return err
	}
	o, err := a.readPayment(c, &in)
	if err != nil {
		return err
	}
	i, err := a.instrument(c, o.InstrumentID)
	if err != nil {
		return err
	}
	o.BuyerID, o.InstrumentType = i.echo.BuyerID, i.echo.InstrumentType
	if err := a.prepare(c, i, o, in.Simulation); err != nil {
		return err
	}
	once := once(c, pay.Alias{Kind: aliasPayment, ID: o.PaymentID}, &in,
		func(p *pay.Payment) any { return paymentOf(p) })
	_, _, err = a.Pay.Charge(c.r.Context(), c.Caller, once, i.charge(&o.echo, o.hooks))
	if err != nil {
		return taken(err, "paymentId", nil)
	}
	p, err := a.finalPayment(c, o.PaymentID)
	if err != nil {
		return err
	}
	return c.show(http.StatusCreated, paymentOf(p))
}

// prepare makes sure that an instrument can pay what is asked of it. A payment that was asked for
// before is not judged again: whoever asks learns what became of it, or that its id is taken.
func (a *API) prepare(c *call, i *instrument, o *opening, wish *simulationInput) error {
	_, err := a.resolve(c, aliasPayment, o.PaymentID)
	switch {
	case err == nil && i.mandate != nil:
		return nil
	case err != nil && !pay.IsKind(err, pay.NotFound):
		return err
	}
	path := ""
	if o.Type == typePayment {
		path = "payment."
	}
	if err := i.payable(path, o.Amount); err != nil {
		return err
	}
	return a.rehearse(c, i, wish)
}

// readPayment takes the fields of a payment without a session.
func (a *API) readPayment(c *call, in *paymentInput) (*opening, error) {
	r := a.reader(c)
	o := &opening{}
	r.payment("", in, &o.echo)
	o.InstrumentID = c.r.PathValue("instrumentId")
	if in.InstrumentID != nil && *in.InstrumentID != o.InstrumentID {
		r.refuse(bad("instrumentId", "differs from the instrument of the address."))
	}
	r.simulates("simulation", in.Simulation, &paymentSubject)
	r.attach(o, pay.ObjectPayment, r.hook("merchantWebhooksUrl", in.MerchantWebhooksURL, nil))
	return o, r.wrong.err()
}

// finalPayment waits for the outcome of a payment, and returns it as it is when that takes too
// long. It holds nothing meanwhile but the caller's connection.
func (a *API) finalPayment(c *call, id string) (*pay.Payment, error) {
	p, err := a.payment(c, id)
	if err != nil {
		return nil, err
	}
	err = a.await(c, func() (bool, error) {
		if paymentStatus(p) != statusProcessing {
			return true, nil
		}
		after, err := a.Pay.Sync(c.r.Context(), c.Caller, p.ID)
		p = &after
		return err == nil && paymentStatus(p) != statusProcessing, err
	})
	return p, err
}

// await asks again and again until there is an answer, for as long as a caller of this protocol
// counts on.
func (a *API) await(c *call, done func() (bool, error)) error {
	deadline := a.Now().Add(finalWithin)
	// The server's own limit is shorter. A connection that knows none needs no longer one.
	_ = http.NewResponseController(c.w).SetWriteDeadline(deadline.Add(answerTime))
	for {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		left := deadline.Sub(a.Now())
		if left <= 0 {
			return nil
		}
		select {
		case <-a.After(min(askEvery, left)):
		case <-a.Stopping:
			return nil
		case <-c.r.Context().Done():
			return c.r.Context().Err()
		}
	}
}

// payment loads what the merchant calls so: a payment of its own, or that of a session.
func (a *API) payment(c *call, id string) (*pay.Payment, error) {
	object, err := a.resolve(c, aliasPayment, id)
	if err != nil {
		return nil, err
	}
	ctx := c.r.Context()
	if hasPrefix(object, prefixSession) {
		s, err := a.Pay.Session(ctx, c.Caller, object)
		if err != nil {
			return nil, err
		}
		if object = s.PaymentID; object == "" {
			return nil, errNotInitiated
		}
	}
	p, err := a.Pay.Payment(ctx, c.Caller, object)
	return &p, err
}

// hasPrefix reports whether an id of ours is of the kind.
func hasPrefix(id, prefix string) bool {
	return len(id) > len(prefix) && id[:len(prefix)] == prefix && id[len(prefix)] == '_'
}

var errNotInitiated = pay.Errorf(pay.NotFound, "payment_not_initiated",
	"The payment was not initiated: the buyer has not agreed to its instrument.")

func (a *API) getPayment(c *call) error {
	p, err := a.payment(c, c.r.PathValue("paymentId"))
	if err != nil {
		return err
	}
	if !initiated(p) {
		return errNotInitiated
	}
	return c.show(http.StatusOK, paymentOf(p))
}
