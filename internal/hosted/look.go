package hosted

import (
	"net/http"
	"net/url"
)

// lookOf is what the reader of a page on which one waits has chosen to see of it: whose steps are
// shown, and whether the panel is open for those who find nothing. It stands in the address, so
// that it stays whatever leads back to the page, also where there is no script.
func lookOf(r *http.Request) url.Values {
	asked, look := r.URL.Query(), url.Values{}
	if b := bankNamed(asked.Get(fieldBank)); b != nil {
		look.Set(fieldBank, b.Code)
	}
	if asked.Get(fieldHelp) != "" {
		look.Set(fieldHelp, "1")
	}
	return look
}

// looks reports whether a page has anything to choose to see.
func looks(name string) bool { return name == pageApprove || name == pagePrompt }

// keepLook makes the ways that lead back to the page by themselves keep what its reader chose.
func (p *page) keepLook(r *http.Request) {
	p.look = lookOf(r)
	if fields := p.look.Encode(); fields != "" {
		p.Onward, p.Wait = p.way.with(p.Onward, fields), p.way.with(p.Wait, fields)
	}
}

// helpID is the id of the panel, for addresses that lead to it.
const helpID = "help"

// lookAgain is where a browser goes that has waited on the page without news.
func lookAgain(r *http.Request) string {
	look, way := lookOf(r), wayOf(r)
	next := way.onward()
	if fields := look.Encode(); fields != "" {
		next = way.with(next, fields)
	}
	if look.Has(fieldHelp) {
		next += "#" + helpID
	}
	return next
}

// Helps reports whether the panel is open.
func (p *page) Helps() bool { return p.Prompt != "" || p.look.Has(fieldHelp) }

// AskedBank is the code of the bank that the reader has chosen; "" when none was.
func (p *page) AskedBank() string { return p.look.Get(fieldBank) }

// PagePath is the page's address without its query.
func (p *page) PagePath() string { return p.way.base }

// PageFields are the fields of the page's address, for forms that lead back to it.
func (p *page) PageFields() (url.Values, error) { return url.ParseQuery(p.way.query) }
