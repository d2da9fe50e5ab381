package checkout

import (
	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
)

// nothing is the body of a request that says all by its path. What a payer does takes no
// idempotency key: a payer who sends money twice has sent it twice.
type nothing struct{}

// transferInput is the body of a simulated transfer, in minor units of the payment's currency.
type transferInput struct {
	Amount int64 `json:"amount" wire:"required"`
}

// railInput is the body of a change of a simulated network, which leaves what is not given.
type railInput struct {
	Down        *bool     `json:"down"`
	Outage      *[]string `json:"outage"`
	LoseReplies *bool     `json:"lose_replies"`
	DropNotices *bool     `json:"drop_notices"`
	Duplicate   *bool     `json:"duplicate"`
	Reorder     *bool     `json:"reorder"`
	DelayMillis *int64    `json:"delay_ms"`
}

// answer plays a payer who answers what the network asks.
func (a *API) answer(d pay.Decision) handler {
	return func(c *call) error {
		var in nothing
		id, err := c.id("id")
		if err != nil {
			return err
		}
		if err := wire.DecodeOptional(c.w, c.r, &in); err != nil {
			return err
		}
		p, err := a.pay.Answer(c.r.Context(), c.Caller, id, d)
		if err != nil {
			return err
		}
		return a.showAttempt(c, &p)
	}
}

// sendTransfer plays a payer who sends money to a payment's reference.
func (a *API) sendTransfer(c *call) error {
	id, err := c.id("id")
	if err != nil {
		return err
	}
	var in transferInput
	if err := wire.Decode(c.w, c.r, &in); err != nil {
		return err
	}
	p, err := a.pay.Deposit(c.r.Context(), c.Caller, id, in.Amount)
	if err != nil {
		return err
	}
	return a.showAttempt(c, &p)
}

// listPrompts shows all that is open on all networks, on one page.
func (a *API) listPrompts(c *call) error {
	q := wire.Query(c.r)
	if err := q.Err(); err != nil {
		return err
	}
	prompts, err := a.pay.Prompts(c.r.Context(), c.Caller)
	if err != nil {
		return err
	}
	return showList(c, prompts, false, appendPrompt)
}

func appendPrompt(buf []byte, p *pay.Prompt) []byte {
	var mobile pay.Mobile
	if p.Mobile != nil {
		mobile = *p.Mobile
	}
	var card pay.CardSummary
	if p.Card != nil {
		card = *p.Card
	}
	o := begin(buf)
	o.text("object", "test_helpers.prompt")
	o.text("payment", p.PaymentID)
	o.text("rail", p.Rail)
	o.number("amount", p.Amount.Minor)
	o.text("currency", p.Amount.Currency)
	o.maybe("provider", mobile.Provider)
	o.maybe("phone", mobile.Phone)
	o.maybe("code", p.Code)
	o.maybe("card_last4", card.Last4)
	if p.Transfer == nil {
		o.null("amount_received")
	} else {
		o.number("amount_received", p.Received)
	}
	transferKey(&o, p.Transfer)
	if p.Payto != nil {
		o.nested("payto", func(buf []byte) []byte { return appendPayto(buf, p.Payto) })
	}
	o.time("asked_at", p.AskedAt)
	return o.end()
}

// A rail is how a simulated network behaves, with its name.
type rail struct {
	name string
	pay.Behaviour
}

func (a *API) getRail(c *call) error {
	q := wire.Query(c.r)
	if err := q.Err(); err != nil {
		return err
	}
	r, err := a.rail(c)
	return show(c, &r, err, appendRail)
}

func (a *API) rail(c *call) (r rail, err error) {
	if r.name, err = c.id("rail"); err != nil {
		return r, err
	}
	r.Behaviour, err = a.pay.Behaviour(c.r.Context(), c.Caller, r.name)
	return r, err
}

func (a *API) setRail(c *call) error {
	var in railInput
	if err := wire.DecodeOptional(c.w, c.r, &in); err != nil {
		return err
	}
	r, err := a.rail(c)
	if err != nil {
		return err
	}
	in.apply(&r.Behaviour)
	err = a.pay.Behave(c.r.Context(), c.Caller, r.name, r.Behaviour)
	return show(c, &r, err, appendRail)
}

func (in *railInput) apply(b *pay.Behaviour) {
	set(&b.Down, in.Down)
	set(&b.Outage, in.Outage)
	set(&b.LoseReplies, in.LoseReplies)
	set(&b.DropNotices, in.DropNotices)
	set(&b.Duplicate, in.Duplicate)
	set(&b.Reorder, in.Reorder)
	set(&b.DelayMillis, in.DelayMillis)
}

// set takes over what was given.
func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

func appendRail(buf []byte, r *rail) []byte {
	o := begin(buf)
	o.text("object", "test_helpers.rail")
	o.text("rail", r.name)
	o.truth("down", r.Down)
	o.texts("outage", r.Outage)
	o.truth("lose_replies", r.LoseReplies)
	o.truth("drop_notices", r.DropNotices)
	o.truth("duplicate", r.Duplicate)
	o.truth("reorder", r.Reorder)
	o.number("delay_ms", r.DelayMillis)
	return o.end()
}
