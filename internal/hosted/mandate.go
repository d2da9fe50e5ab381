package hosted

import (
	"net/http"
	"strings"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
)

// agreement is a mandate as the payer who gave it sees it.
type agreement struct {
	State   string // of the mandate
	Reason  string
	Words   []string // as they were agreed to
	Method  kept
	Given   moment
	Next    *charge // nil when none is planned or one is being made
	Retry   bool    // it failed before and is tried again then
	Charges []charge
	Change  *change // waits for the payer's answer; nil when none does
	Stop    string  // address of the question; "" when there is nothing to stop
}

// change is what the merchant asks the payer to agree to.
type change struct {
	Words []string // of the mandate as it would be
	Until moment
}

// charge is one charge under a mandate.
type charge struct {
	At     moment
	Amount string
	State  string // ends the id of its words, charge_…
}

// mandate shows the payer what was agreed, what was charged and what comes next.
func (p *Pages) mandate(w http.ResponseWriter, r *http.Request) error {
	return p.showMandate(w, r, pageMandate)
}

// askStop asks whether the mandate is meant to end. When it has ended the page tells that instead.
func (p *Pages) askStop(w http.ResponseWriter, r *http.Request) error {
	return p.showMandate(w, r, pageStop)
}

func (p *Pages) showMandate(w http.ResponseWriter, r *http.Request, name string) error {
	v, err := p.pay.MandatePage(r.Context(), r.PathValue("id"), r.URL.Query().Get("key"))
	if err != nil {
		return err
	}
	pg := p.blank(r)
	pg.Name, pg.Test = name, v.Mandate.Mode == pay.Test
	merchant := plain(v.Merchant.Name)
	pg.Merchant, pg.Initial = pg.isolate(merchant), initial(merchant)
	pg.Self = wayOf(r).self()
	if pg.Mandate, err = pg.agreementOf(&v, wayOf(r)); err != nil {
		return err
	}
	if name == pageStop && pg.Mandate.Stop == "" {
		return seeOther(w, r, pg.Self)
	}
	p.render(w, r, pg)
	return nil
}

// stop ends the mandate for the payer. One that has ended by itself is as good as stopped.
func (p *Pages) stop(w http.ResponseWriter, r *http.Request) error {
	_, err := p.pay.CancelMandateAsPayer(r.Context(), r.PathValue("id"), r.URL.Query().Get("key"))
	if err != nil && !pay.IsKind(err, pay.State) && !pay.IsKind(err, pay.Conflict) {
		return err
	}
	return seeOther(w, r, wayOf(r).self())
}

func (p *page) agreementOf(v *pay.MandatePage, at way) (*agreement, error) {
	m := &v.Mandate
	a := &agreement{
		State: m.State.String(), Reason: m.Reason, Method: keptOf(&v.Method),
		Words: readable(strings.Split(m.Consent, "\n")),
	}
	if m.State == pay.MandateActive || m.State == pay.MandatePaused {
		a.Stop = at.step("stop")
	}
	zone := m.Terms.Location()
	var err error
	if a.Given, err = p.date(m.CreatedAt.In(zone)); err != nil {
		return nil, err
	}
	if a.Next, err = p.planned(m); err != nil {
		return nil, err
	}
	if a.Change, err = p.proposed(m); err != nil {
		return nil, err
	}
	a.Retry = a.Next != nil && m.Failures > 0
	for i := range v.Charges {
		c := charge{Amount: p.sum(v.Charges[i].Amount), State: chargeState(&v.Charges[i])}
		if c.At, err = p.date(v.Charges[i].CreatedAt.In(zone)); err != nil {
			return nil, err
		}
		a.Charges = append(a.Charges, c)
	}
	return a, nil
}

// proposed is the change that the payer can answer; nil when there is none.
func (p *page) proposed(m *pay.Mandate) (*change, error) {
	if m.Proposal == nil {
		return nil, nil
	}
	until, err := p.instant(m.Proposal.ExpiresAt.In(m.Terms.Location()))
	return &change{readable(strings.Split(m.Proposal.Consent, "\n")), until}, err
}

// planned is the charge that the server makes next; nil when none is planned.
func (p *page) planned(m *pay.Mandate) (*charge, error) {
	if m.State != pay.MandateActive || m.Schedule == nil || m.TryAt.IsZero() {
		return nil, nil
	}
	at, err := p.date(m.TryAt.In(m.Terms.Location()))
	sum := money.Amount{Minor: m.Due(), Currency: m.Currency}
	return &charge{At: at, Amount: p.sum(sum)}, err
}

// chargeState says in one word how a charge stands.
func chargeState(c *pay.Payment) string {
	switch c.State {
	case pay.PaymentPaid, pay.PaymentOverpaid:
		switch {
		case c.Verifies():
			return "checked"
		case c.Refunded >= c.Captured:
			return "refunded"
		case c.Refunded > 0:
			return "part_refunded"
		}
		return "paid"
	case pay.PaymentLate:
		return "late"
	case pay.PaymentAuthorised:
		return "held"
	case pay.PaymentFailed:
		return "failed"
	case pay.PaymentCanceled:
		return "canceled"
	}
	return "pending"
}

// chargeStates are the words that chargeState says.
var chargeStates = []string{
	"checked", "refunded", "part_refunded", "paid", "late", "held", "failed", "canceled", "pending",
}

// Standing returns the words for a charge's state.
func (p *page) Standing(c charge) (string, error) { return p.T("charge_" + c.State) }

// sum writes an amount for the page's reader.
func (p *page) sum(a money.Amount) string { return p.isolate(a.Format(p.Lang)) }
