package hosted

import (
	"net/http"
	"strings"

	"github.com/kassa-pay/kassa/internal/pay"
)

// receipt shows what was paid, to keep. A session that is not paid has none: its page tells why.
func (p *Pages) receipt(w http.ResponseWriter, r *http.Request) error {
	v, err := p.load(r)
	if err != nil {
		return err
	}
	if !settled(stateOf(&v)) {
		return seeOther(w, r, wayOf(r).self())
	}
	pg := p.pageOf(r, &v)
	// The session is complete from the moment the money was there, and does not change any more.
	if pg.PaidAt, err = pg.instant(v.Session.UpdatedAt); err != nil {
		return err
	}
	pg.Held = pg.Name == pageAuthorised
	pg.Name = pageReceipt
	p.render(w, r, pg)
	return nil
}

// settled reports whether a page tells that the payer has paid, so that there is a receipt.
func settled(name string) bool { return name == pagePaid || name == pageAuthorised }

// closeSale adds what a payer who has paid may want to see next.
func (p *Pages) closeSale(pg *page, r *http.Request, v *pay.PageView) {
	if !settled(pg.Name) {
		return
	}
	pg.Receipt = wayOf(r).step("receipt")
	spent := v.Session.MandateID != "" &&
		pay.ConsentFacts(&v.Session, pg.Method, v.Merchant.Name, pg.Lang).Last()
	pg.Kept = v.Payment != nil && v.Payment.Keep && v.Session.MethodID != "" &&
		!(spent && pg.Payto != nil) // an account is kept with what may be taken from it
	if v.Session.MandateID != "" && !spent {
		pg.MandateURL = strings.TrimPrefix(p.pay.MandateURL(v.Session.MandateID), p.base)
	}
}
