package hosted

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/returnurl"
)

// embedPath is where the pages of a session are served to be shown within a merchant's page, each
// below the client token that opens it.
const embedPath = "/embed/"

// fieldParent names the origin of the page around ours, as the merchant's script tells it.
const fieldParent = "parent"

// frame is what makes a page one that is shown within another.
type frame struct {
	way
	session string
	key     string // of the session's own page
	asked   string // the origin that the query names as our parent's
}

type frameKey struct{}

// frameOf returns the frame a request is for; nil for a page of its own.
func frameOf(r *http.Request) *frame {
	f, _ := r.Context().Value(frameKey{}).(*frame)
	return f
}

// framed opens a session's page by its client token instead of its key.
func (p *Pages) framed(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		token := r.PathValue("token")
		id, ok := p.pay.ClientTokenSession(token)
		if !ok {
			return errNoPage
		}
		f := &frame{
			way: way{base: embedPath + url.PathEscape(token)}, session: id, key: p.pay.PageKey(id),
			asked: r.URL.Query().Get(fieldParent),
		}
		if f.asked != "" {
			f.query = fieldParent + "=" + url.QueryEscape(f.asked)
		}
		v, err := p.pay.Page(r.Context(), id, f.key)
		if err != nil {
			return err
		}
		letInto(w.Header(), parentsOf(f, &v))
		return h(w, r.WithContext(context.WithValue(r.Context(), frameKey{}, f)))
	}
}

// parentsOf lists the origins whose pages may show the session's within themselves: those of its
// own return addresses, those the merchant registered, and in test mode the developer's own
// machine, when it is what asks.
func parentsOf(f *frame, v *pay.PageView) []string {
	var all []string
	add := func(raw string) {
		if o, err := returnurl.Origin(raw); err == nil && !slices.Contains(all, o) {
			all = append(all, o)
		}
	}
	add(v.Session.SuccessURL)
	add(v.Session.CancelURL)
	for _, o := range v.Merchant.ReturnOrigins {
		add(o)
	}
	own := returnurl.Policy{AllowLoopbackHTTP: v.Session.Mode == pay.Test}
	if o, err := returnurl.Origin(f.asked); err == nil && returnurl.Check(f.asked, own) == nil {
		add(o)
	}
	return all
}

// parentOf is the origin that our page may talk to: the one that asks, if it may show us.
func parentOf(f *frame, v *pay.PageView) string {
	if f == nil || f.asked == "" || !slices.Contains(parentsOf(f, v), f.asked) {
		return ""
	}
	return f.asked
}

// letInto lets pages of the origins show ours within themselves; without one nobody may.
func letInto(h http.Header, origins []string) {
	if len(origins) == 0 {
		return
	}
	h.Set("Content-Security-Policy",
		strings.Replace(policy, "frame-ancestors 'none'",
			"frame-ancestors "+strings.Join(origins, " "), 1))
	h.Del("X-Frame-Options") // it knows no list; the policy says it all
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
}

// embedScript serves the script that a merchant's page loads. Its name never changes, so that it is
// kept for an hour and asked for again.
func (p *Pages) embedScript(w http.ResponseWriter, r *http.Request) {
	p.secure(w)
	h := w.Header()
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Access-Control-Allow-Origin", "*")
	p.assets.Send(w, r, "embed.js", scriptKept)
}
