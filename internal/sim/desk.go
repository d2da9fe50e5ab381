package sim

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/kassa-pay/kassa/internal/pay"
)

// notes are what a page says once about the answer before it, by the word in its address.
var notes = map[string]string{
	"approved":  "Approved. The shop knows as soon as the network tells it.",
	"agreed":    "Approved. The shop knows as soon as the network tells it.",
	"declined":  "Declined. The shop is told that you said no.",
	"paused":    "Paused. Nothing is taken until you resume it.",
	"resumed":   "Resumed. The shop can take payments again.",
	"ended":     "Cancelled. Nothing is taken any more.",
	"moved":     "Moved. The next payments come from the other account.",
	"over":      "Too late: the agreement has changed since.",
	"account":   "Nothing was moved. Type a PayID that somebody has, or a BSB and an account number.",
	"rejected":  "Rejected. The shop is told that you said no.",
	"wrong_pin": "That PIN is wrong. The prompt stays open until you have typed three wrong ones.",
	"sent":      "Sent. The bank tells the shop.",
	"closed":    "Too late: this request is closed.",
	"amount":    "Nothing was sent. Type an amount such as 25.00.",
	"saved":     "Saved. The network behaves like that from now on.",
	"delay":     "Nothing was saved. Type the delay in seconds, such as 5.",
	"clock":     "The test clock has moved. What has become due happens now.",
}

// desk is where somebody stands at the counter: whose payers they play, and on which page.
type desk struct {
	caller   pay.Caller
	merchant string
	session  string // the one session they may see; "" for everybody's
	path     string // this page, with its key
	checkout string // the session's checkout page
	amount   string // that the session asks for
}

// at resolves who stands at the counter before a handler runs, and refuses forms of other sites.
func (p *Pages) at(
	find func(r *http.Request) (*desk, error),
	handle func(w http.ResponseWriter, r *http.Request, d *desk),
) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			if !p.shield.Ours(r) {
				p.message(w, r, http.StatusForbidden, foreign)
				return
			}
			r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		}
		d, err := find(r)
		if err != nil {
			p.fail(w, r, err)
			return
		}
		handle(w, r, d)
	}
}

var errNoDesk = pay.Errorf(pay.NotFound, "resource_missing", "No such page.")

// session is the desk of one session's payer. Its page key opens it, like the checkout page.
func (p *Pages) session(r *http.Request) (*desk, error) {
	id, key := r.PathValue("id"), r.URL.Query().Get("key")
	v, err := p.pay.Page(r.Context(), id, key)
	if err != nil {
		return nil, err
	}
	if v.Session.Mode != pay.Test {
		return nil, errNoDesk
	}
	query := "?" + url.Values{"key": {key}}.Encode()
	return &desk{
		caller: v.Caller, merchant: v.Merchant.Name, session: id, path: sessionPath + id + query,
		checkout: checkoutPath + id + query, amount: v.Session.Amount.Format("en"),
	}, nil
}

// everybody is the desk of a developer, who plays all payers of the demo merchant. It needs no key,
// so it is there for requests alone that name this server as their browser knows it.
func (p *Pages) everybody(r *http.Request) (*desk, error) {
	if p.demo == nil || !p.shield.AtHome(r) {
		return nil, errNoDesk
	}
	c, err := p.demo.Control.CallerFor(r.Context(), p.demo.Scope)
	return &desk{caller: c, merchant: p.demo.Merchant, path: homePath}, err
}

// customers is the desk of everybody on the page of their banks' app.
func (p *Pages) customers(r *http.Request) (*desk, error) {
	d, err := p.everybody(r)
	if d != nil {
		d.path = bankPath
	}
	return d, err
}

// home sends a browser that came by another name of this server, such as localhost, to the right
// one.
func (p *Pages) home(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if p.demo == nil || p.shield.AtHome(r) {
			h(w, r)
			return
		}
		p.shield.Strict(w)
		http.Redirect(w, r, p.base+r.URL.RequestURI(), http.StatusSeeOther)
	}
}

// goBack ends an answer: back to a page, which says once what came of it.
func (p *Pages) goBack(w http.ResponseWriter, r *http.Request, path, note string) {
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	p.shield.Strict(w)
	http.Redirect(w, r, path+separator+"note="+note, http.StatusSeeOther)
}
