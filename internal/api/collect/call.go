package collect

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
)

// Limits of what a request names and attaches, in characters and pairs.
const (
	maxID            = wire.MaxID
	maxFilter        = 254
	maxReference     = 255
	maxMetadata      = 20
	maxMetadataKey   = 50
	maxMetadataValue = 500
)

// keyHeader is where the idempotency key of a request stands.
const keyHeader = "Idempotency-Key"

// nothing is the body of requests that need none.
type nothing struct{}

// id returns the path's id. What cannot be an id is as unknown as one that nobody has.
func (c *call) id(noun string) (string, error) {
	id := c.r.PathValue("id")
	if !wire.IsID(id) {
		return "", missing(noun, id)
	}
	return id, nil
}

// open reads the path's id and the body of a request that may have none.
func (c *call) open(noun string, in any) (string, error) {
	id, err := c.id(noun)
	if err != nil {
		return "", err
	}
	return id, wire.DecodeOptional(c.w, c.r, in)
}

// once prepares the idempotency of a request with the body in, whose answer has the status and the
// document that doc returns. A key belongs to the path it was sent to, and what is sent with a
// publishable key, which anybody may have, neither takes a key from the merchant's own server nor
// is answered with what that server made.
func once[T any](c *call, in any, status int, doc func(*T) any) (*pay.Once[T], error) {
	key, err := c.key()
	if err != nil {
		return nil, err
	}
	o := &pay.Once[T]{Secret: true, Render: func(v T) pay.Reply {
		return pay.Reply{Status: status, Body: wire.Encode(doc(&v))}
	}}
	if key != "" {
		o.Key = c.r.URL.Path + " " + key
		if c.Kind != pay.SecretKey {
			o.Key = string(c.Kind) + " " + o.Key
		}
		o.Fingerprint = wire.Fingerprint(c.r.Method, c.r.URL.Path, in)
		c.IdempotencyKey = key
	}
	return o, nil
}

// key returns the idempotency key of the request, or nothing.
func (c *call) key() (string, error) {
	key, err := wire.IdempotencyKey(c.r, "")
	if err != nil {
		return "", err
	}
	if strings.ContainsFunc(key, notOfKey) {
		return "", pay.BadParam(keyHeader, wire.CodeIdempotencyKey,
			"%s must be 1 to %d letters, digits, hyphens and underscores.", keyHeader,
			wire.MaxIdempotencyKey)
	}
	return key, nil
}

func notOfKey(r rune) bool {
	return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') &&
		r != '_' && r != '-'
}

// reply sends what a use case answered, now or when it was first asked.
func (c *call) reply(r pay.Reply, err error) error { return wire.Reply(c.w, r, err) }

// show sends one document.
func (c *call) show(doc any) error {
	wire.Raw(c.w, http.StatusOK, wire.Encode(doc))
	return nil
}

// listDoc is one page of a list.
type listDoc struct {
	Data    []any `json:"data"`
	HasMore bool  `json:"has_more"`
}

// query reads the parameters of a list.
func (c *call) query() *wire.Params {
	c.q = wire.Query(c.r)
	return c.q
}

// page sends what find has for a filter that was read from the parameters.
func page[F, T any](
	c *call, f F, find func(context.Context, pay.Caller, F) ([]T, bool, error),
	doc func(*T) any,
) error {
	if err := c.q.Err(); err != nil {
		return err
	}
	items, more, err := find(c.r.Context(), c.Caller, f)
	if err != nil {
		return err
	}
	return showList(c, items, more, doc)
}

// showList sends one page of a list.
func showList[T any](c *call, items []T, more bool, doc func(*T) any) error {
	out := listDoc{Data: make([]any, len(items)), HasMore: more}
	for i := range items {
		out.Data[i] = doc(&items[i])
	}
	return c.show(out)
}

// checkMetadata judges what a merchant attaches. at is the path of the field.
func checkMetadata(at string, m map[string]string) error {
	if len(m) > maxMetadata {
		return bad(at, "must not have more than %d pairs.", maxMetadata)
	}
	for k, v := range m {
		switch {
		case !wire.Plain(k, maxMetadataKey):
			return bad(at, "has a key that is not 1 to %d characters without control characters: %s.",
				maxMetadataKey, wire.Printable(k, maxID))
		case !wire.Plain(v, maxMetadataValue):
			return bad(fmt.Sprintf("%s.%s", at, k), "must be 1 to %d characters, none of them a "+
				"control character.", maxMetadataValue)
		}
	}
	return nil
}

// checkReference judges what a merchant calls an object itself.
func checkReference(reference *string) error {
	if reference == nil {
		return nil
	}
	r := *reference
	if r == "" || len(r) > maxReference || strings.ContainsFunc(r, notOfKey) {
		return bad("external_reference",
			"must be 1 to %d letters, digits, hyphens and underscores.", maxReference)
	}
	return nil
}

// positive checks an amount or a count that may be left out.
func positive(field string, n *int64) error {
	if n != nil && *n < 1 {
		return bad(field, "must be at least 1.")
	}
	return nil
}

// first returns the first error.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
