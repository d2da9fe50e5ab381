package wpay

import (
	"net/http"
	"strings"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
)

// Kinds of what a merchant names.
const (
	aliasSession    = "session"
	aliasBuyer      = "buyer"
	aliasInstrument = "instrument"
	aliasPayment    = "payment"
	aliasRefund     = "refund"
)

// resolve returns our id of what the merchant calls so.
func (a *API) resolve(c *call, kind, id string) (string, error) {
	if !wire.Plain(id, maxID) {
		return "", missing(kind, id)
	}
	object, err := a.Pay.Resolve(c.r.Context(), c.Caller, Family, kind, id)
	if pay.IsKind(err, pay.NotFound) {
		return "", missing(kind, id)
	}
	return object, err
}

// object returns our id of what the path names.
func (a *API) object(c *call, kind string) (string, error) {
	id := c.r.PathValue(kind + "Id")
	if kind == aliasSession {
		id = strings.ToLower(id)
	}
	return a.resolve(c, kind, id)
}

// decode reads the body of a request.
func (c *call) decode(in any) error { return wire.Decode(c.w, c.r, in) }

// once prepares the repeat of a request with the body in that makes an object which the merchant
// names. A repeat is the same request, under the same id of its own, for the same object; every
// other request finds the object's id taken.
func once[T any](c *call, name pay.Alias, in any, doc func(*T) any) *pay.Once[T] {
	key := Family + " " + strings.ToLower(c.id) + " " + name.Kind + " " + name.ID
	return &pay.Once[T]{
		Key: key, Fingerprint: wire.Fingerprint(c.r.Method, c.r.URL.Path, in), Secret: true,
		Render: func(v T) pay.Reply {
			return pay.Reply{Status: http.StatusCreated, Body: wire.Encode(doc(&v))}
		},
	}
}

// onceCancelled prepares the repeat of a request that cancels an instrument.
func onceCancelled[T any](c *call, id string, in any, doc func(*T) any) *pay.Once[T] {
	o := once(c, pay.Alias{Kind: "cancel " + aliasInstrument, ID: id}, in, doc)
	made := o.Render
	o.Render = func(v T) pay.Reply {
		r := made(v)
		r.Status = http.StatusOK
		return r
	}
	return o
}

// reply sends what a use case answered, now or when it was first asked.
func (c *call) reply(r pay.Reply) error {
	wire.Raw(c.w, r.Status, r.Body)
	return nil
}

// show sends one document.
func (c *call) show(status int, doc any) error {
	wire.Raw(c.w, status, wire.Encode(doc))
	return nil
}

// maybe is null for nothing.
func maybe(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// printableASCII reports whether a text is printable ASCII, as the network's texts have to be.
func printableASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}
