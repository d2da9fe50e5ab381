package hosted

import (
	"net/http"

	"github.com/kassa-pay/kassa/internal/pay"
)

// toShop is how long a page stays before the browser returns to the shop by itself, in seconds, as
// the Refresh header has them.
const toShop = "2"

// load reads the session that a request's path and key open.
func (p *Pages) load(r *http.Request) (pay.PageView, error) {
	if f := frameOf(r); f != nil {
		return p.pay.Page(r.Context(), f.session, f.key)
	}
	return p.pay.Page(r.Context(), r.PathValue("id"), r.URL.Query().Get("key"))
}

// show renders the session as it is.
func (p *Pages) show(w http.ResponseWriter, r *http.Request) error {
	v, err := p.load(r)
	if err != nil {
		return err
	}
	pg := p.pageOf(r, &v)
	done := settled(pg.Name) || pg.Name == pageCanceled && pg.CancelURL == ""
	if done && !pg.Framed && pg.ShopURL != "" && r.URL.Query().Get("go") != "" {
		pg.Going = true
		// A redirect would do, were it not for form-action, which binds all that a form leads to.
		w.Header().Set("Refresh", toShop+"; url="+string(pg.ShopURL))
	}
	p.render(w, r, pg)
	return nil
}

// back receives a browser that returns from the issuer. Its coming is only a hint: the rail is
// asked. When the rail cannot say, the page tells what is known.
func (p *Pages) back(w http.ResponseWriter, r *http.Request) error {
	v, err := p.load(r)
	if err != nil {
		return err
	}
	next := wayOf(r).onward()
	if v.State == pay.SessionPaying && v.Payment != nil {
		paid := *v.Payment
		if ok, _ := p.returns.Allow(paid.ID); ok {
			paid, err = p.pay.Sync(r.Context(), v.Caller, paid.ID)
		}
		if err != nil {
			p.log.WarnContext(r.Context(), "checkout page: no answer from the rail on return",
				"payment", v.Payment.ID, "error", err)
		}
		if err != nil || paid.State == pay.PaymentAction {
			// Still to be done: going on by itself would throw the buyer back at once.
			next = wayOf(r).self()
		}
	}
	return seeOther(w, r, next)
}

// seeOther ends a POST with a GET of our own, so that reloading repeats nothing.
func seeOther(w http.ResponseWriter, r *http.Request, to string) error {
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}
