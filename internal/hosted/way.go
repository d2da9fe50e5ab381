package hosted

import (
	"net/http"
	"net/url"
	"strings"
)

// mandatesPath is where payers see what they permitted.
const mandatesPath = "/mandates/"

// way is how a browser reaches the pages of one session or mandate: the path of the page, and the
// query that opens it. Every address we write into a page goes the way the page was reached by.
type way struct {
	base  string // path, escaped
	query string // "key=…"; within another page "parent=…" or nothing
}

// checkoutWay leads to a session's page by its key.
func checkoutWay(id, key string) way {
	return way{"/checkout/" + url.PathEscape(id), "key=" + url.QueryEscape(key)}
}

// mandateWay leads to the payer's page of a mandate by its key.
func mandateWay(id, key string) way {
	return way{mandatesPath + url.PathEscape(id), "key=" + url.QueryEscape(key)}
}

// wayOf is the way a request came by.
func wayOf(r *http.Request) way {
	if f := frameOf(r); f != nil {
		return f.way
	}
	if strings.HasPrefix(r.URL.Path, mandatesPath) {
		return mandateWay(r.PathValue("id"), r.URL.Query().Get("key"))
	}
	return checkoutWay(r.PathValue("id"), r.URL.Query().Get("key"))
}

// self is the address of the page itself.
func (w way) self() string { return w.step("") }

// onward is self for a browser that is on its way: the page then goes on by itself to the bank or
// the shop. Opened again later, without the mark, it stays and tells how things stand.
func (w way) onward() string { return w.with(w.self(), "go=1") }

// choose is the address of the page with one method's form.
func (w way) choose(method string) string {
	return w.with(w.self(), fieldMethod+"="+url.QueryEscape(method))
}

// step is the address of a step below the page.
func (w way) step(name string) string {
	address := w.base
	if name != "" {
		address += "/" + name
	}
	if w.query != "" {
		address += "?" + w.query
	}
	return address
}

// with adds a field to the query of an address of this way.
func (w way) with(address, field string) string {
	if w.query == "" {
		return address + "?" + field
	}
	return address + "&" + field
}
