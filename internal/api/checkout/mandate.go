package checkout

import (
	"context"
	"net/http"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
)

func (a *API) listMandates(c *call) error {
	q := c.query()
	f := pay.MandateFilter{
		Page: q.Page(), CustomerID: q.String("customer", maxID),
		MethodID: q.String("payment_method", maxID),
		States:   wire.Choice(q, "status", mandateWords),
	}
	return page(c, f, a.pay.Mandates, a.enc.mandate)
}

// getMandate also tells what was charged in the present period; only here, because it is the one
// answer about one mandate that is not written with a change of it.
func (a *API) getMandate(c *call) error {
	id, err := c.id("id")
	if err != nil {
		return err
	}
	v := mandateView{}
	if v.Mandate, err = a.pay.Mandate(c.r.Context(), c.Caller, id); err != nil {
		return err
	}
	if v.Terms.Period != nil {
		if v.window, err = a.pay.MandateWindow(c.r.Context(), c.Caller, &v.Mandate); err != nil {
			return err
		}
		v.now = a.pay.Now(c.Caller)
	}
	return show(c, &v, nil, a.enc.mandateView)
}

// A mandateChange is a use case that moves a mandate.
type mandateChange func(
	core Core, ctx context.Context, c pay.Caller, o *pay.Once[pay.Mandate], id string,
) (pay.Mandate, pay.Reply, error)

// changeMandate answers a request that moves a mandate and says all by its path.
func (a *API) changeMandate(change mandateChange) handler {
	return func(c *call) error {
		var in bare
		id, err := c.open(&in)
		if err != nil {
			return err
		}
		o, err := once(c, &in, http.StatusOK, a.enc.mandate)
		if err != nil {
			return err
		}
		_, reply, err := change(a.pay, c.r.Context(), c.Caller, o, id)
		return c.reply(reply, err)
	}
}

// mandateWords are the words a list of mandates can be narrowed to; they are the core's own.
var mandateWords = wire.ByWord(
	pay.MandateState.String, pay.MandateActive, pay.MandateCompleted,
)

func (a *API) listMethods(c *call) error {
	q := c.query()
	f := pay.MethodFilter{
		Page: q.Page(), CustomerID: q.String("customer", maxID),
		All: q.Enum("status", "active", "all") == "all",
	}
	return page(c, f, a.pay.SavedMethods, appendMethod)
}

func (a *API) getMethod(c *call) error {
	id, err := c.id("id")
	if err != nil {
		return err
	}
	m, err := a.pay.SavedMethod(c.r.Context(), c.Caller, id)
	return show(c, &m, err, appendMethod)
}

func (a *API) detachMethod(c *call) error {
	var in bare
	id, err := c.open(&in)
	if err != nil {
		return err
	}
	o, err := once(c, &in, http.StatusOK, appendMethod)
	if err != nil {
		return err
	}
	_, reply, err := a.pay.DetachMethod(c.r.Context(), c.Caller, o, id)
	return c.reply(reply, err)
}

// rehearsalInput is the body of a wish for what the next charge of a saved method becomes.
type rehearsalInput struct {
	Outcome string `json:"outcome" wire:"required"`
}

// A rehearsal is what the network was told.
type rehearsal struct {
	method  string
	outcome pay.Rehearsal
}

// rehearse tells the network what the next charge becomes. It takes no idempotency key: a repeat
// says the same.
func (a *API) rehearse(c *call) error {
	id, err := c.id("id")
	if err != nil {
		return err
	}
	var in rehearsalInput
	if err := wire.Decode(c.w, c.r, &in); err != nil {
		return err
	}
	r := rehearsal{method: id, outcome: pay.Rehearsal(in.Outcome)}
	err = a.pay.Rehearse(c.r.Context(), c.Caller, id, r.outcome)
	return show(c, &r, err, appendRehearsal)
}
