package sim

import (
	"context"
	"net/http"
	"slices"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/site"
)

// shown is how many of the latest payments a counter has, besides everything that is open.
const shown = 20

// counter is everything a payer holds in hand: a phone, a bank, a card issuer.
type counter struct {
	Path     string // where the answers go
	Checkout string // the session's checkout page; "" on the page of everybody
	Version  string // of all items together

	Phone, Bank, Issuer []item
	Permits             []permit // that wait for an answer; of one session all of them
}

// Single reports whether the counter is that of one session.
func (c *counter) Single() bool { return c.Checkout != "" }

// Empty reports whether nobody has been asked anything.
func (c *counter) Empty() bool { return len(c.Phone)+len(c.Bank)+len(c.Issuer)+len(c.Permits) == 0 }

// item is one payment as its payer sees it.
type item struct {
	ID       string // of the payment
	Version  string // changes whenever anything here does
	Open     bool   // waits for an answer
	Settled  bool   // nothing more is expected of the payer
	Merchant string
	Amount   string
	Outcome  outcome

	Number, Network string // mobile money
	Code            string // the one-time code of a message

	Bank, AccountName, AccountNumber, Reference string // where a transfer goes
	Received, Missing                           string // formatted, and as the field has it

	Card, Challenge string // and the path of the issuer's question
}

// show is the page of a counter. A script that has this version already is told so.
func (p *Pages) show(w http.ResponseWriter, r *http.Request, d *desk) {
	c, err := p.counter(r.Context(), d)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	if r.URL.Query().Get("have") == c.Version {
		p.shield.Scripted(w)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	v := view{
		status: http.StatusOK, template: "counter", Title: "The other side of the counter",
		Merchant: d.merchant, Amount: d.amount, Counter: c, Menu: homePath,
		Note: notes[r.URL.Query().Get("note")],
	}
	if c.Single() {
		v.Title, v.Menu = "You are the payer", ""
	}
	p.render(w, r, v)
}

// counter collects what the payers of a desk see: the latest payments and whatever is still open.
func (p *Pages) counter(ctx context.Context, d *desk) (*counter, error) {
	open, err := p.prompts(ctx, d)
	if err != nil {
		return nil, err
	}
	payments, _, err := p.pay.Payments(ctx, d.caller, pay.PaymentFilter{
		SessionID: d.session, Page: pay.Page{Limit: shown},
	})
	if err != nil {
		return nil, err
	}
	c := &counter{Path: d.path, Checkout: d.checkout}
	for i := range payments {
		prompt := open[payments[i].ID]
		delete(open, payments[i].ID)
		c.add(p.item(&payments[i], prompt, d.merchant))
	}
	if d.session == "" {
		err = p.addOlder(ctx, c, d, open)
	}
	if err == nil {
		err = p.showPermits(ctx, c, d)
	}
	c.Version = site.Version(c)
	return c, err
}

// showPermits adds the agreements that a desk's payers are asked for.
func (p *Pages) showPermits(ctx context.Context, c *counter, d *desk) error {
	b := &book{}
	if err := p.addPermits(ctx, b, d); err != nil {
		return err
	}
	c.Permits = b.Pending
	if d.session != "" {
		c.Permits = slices.Concat(b.Pending, b.Running, b.Ended)
	}
	return nil
}

// prompts returns what the payers of a desk are being asked, by payment.
func (p *Pages) prompts(ctx context.Context, d *desk) (map[string]pay.Prompt, error) {
	all, err := p.pay.Prompts(ctx, d.caller)
	byPayment := make(map[string]pay.Prompt, len(all))
	for _, prompt := range all {
		byPayment[prompt.PaymentID] = prompt
	}
	return byPayment, err
}

// addOlder adds payments that are open and not among the latest.
func (p *Pages) addOlder(
	ctx context.Context, c *counter, d *desk, open map[string]pay.Prompt,
) error {
	left := shown
	for id, prompt := range open {
		if left--; left < 0 {
			return nil
		}
		payment, err := p.pay.Payment(ctx, d.caller, id)
		if err != nil {
			return err
		}
		c.add(p.item(&payment, prompt, d.merchant))
	}
	return nil
}

// add puts an item where its payer finds it.
func (c *counter) add(i item) {
	i.Version = site.Version(i)
	switch {
	case i.Number != "":
		c.Phone = append(c.Phone, i)
	case i.Reference != "":
		c.Bank = append(c.Bank, i)
	case i.Card != "":
		c.Issuer = append(c.Issuer, i)
	}
}

// item describes a payment as its payer sees it.
func (p *Pages) item(payment *pay.Payment, prompt pay.Prompt, merchant string) item {
	i := item{
		ID: payment.ID, Open: prompt.Open, Merchant: merchant, Amount: sumOf(payment),
		Outcome: outcomeOf(payment), Code: prompt.Code,
		Settled: !payment.State.InFlight() && payment.State != pay.PaymentUnderpaid,
	}
	if m := payment.Mobile; m != nil {
		i.Number, i.Network = spaced(m.Phone), providerNames[m.Provider]
	}
	if t := payment.Transfer; t != nil {
		i.Bank, i.Reference = t.Bank, t.Reference
		i.AccountName, i.AccountNumber = t.AccountName, t.AccountNumber
		received := money.Amount{Minor: payment.Received, Currency: payment.Amount.Currency}
		i.Received = received.Format("en")
		i.Missing = missing(payment.Amount, payment.Received).Decimal()
	}
	// A card is shown while its issuer asks: before and after, its holder sees nothing.
	if payment.Card != nil && payment.Action == pay.ActionRedirect {
		i.Challenge = p.below(payment.ActionURL, challengePath)
		if i.Challenge != "" && prompt.Open {
			i.Card = describe(payment.Card)
		}
	}
	return i
}

// sumOf writes what a payment asks for.
func sumOf(p *pay.Payment) string {
	if p.Verifies() {
		return "No money, only a check"
	}
	return p.Amount.Format("en")
}

// missing is what has still to be sent; all of it again when nothing is missing.
func missing(asked money.Amount, received int64) money.Amount {
	if received < asked.Minor {
		asked.Minor -= received
	}
	return asked
}
