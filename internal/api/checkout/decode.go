package checkout

import (
	"context"
	"net/http"
	"unicode/utf8"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
)

// maxID bounds an id that a list is narrowed to, in characters.
const maxID = wire.MaxID

// An input is a body that can carry an idempotency key.
type input interface{ key() *string }

// bare is the body of requests that need none.
type bare struct {
	IdempotencyKey *string `json:"idempotency_key"`
}

func (in *bare) key() *string { return in.IdempotencyKey }

// id returns the path's id. What cannot be an id is as unknown as one that nobody has.
func (c *call) id(name string) (string, error) {
	id := c.r.PathValue(name)
	if !wire.IsID(id) {
		return "", notFound
	}
	return id, nil
}

// open reads the path's id and the body of a request that may have none.
func (c *call) open(in input) (string, error) {
	id, err := c.id("id")
	if err != nil {
		return "", err
	}
	return id, wire.DecodeOptional(c.w, c.r, in)
}

// once prepares the idempotency of a request with the body in, whose answer has the status and the
// document that put appends.
func once[T any](
	c *call, in input, status int, put func([]byte, *T) []byte,
) (*pay.Once[T], error) {
	key, err := wire.IdempotencyKey(c.r, wire.Value(in.key()))
	if err != nil {
		return nil, err
	}
	if err := checkTags(in); err != nil {
		return nil, err
	}
	o := &pay.Once[T]{Key: key, Secret: true, Render: func(v T) pay.Reply {
		return pay.Reply{Status: status, Body: put(make([]byte, 0, sizeHint), &v)}
	}}
	if key != "" {
		o.Fingerprint = wire.Fingerprint(c.r.Method, c.r.URL.Path, in)
		c.IdempotencyKey = key
	}
	return o, nil
}

// Limits of metadata, in characters. The core keeps longer keys, for protocols that promise them.
const (
	maxTag   = 40
	shownTag = 60 // of a key, in a message
)

// checkTags holds the keys of a body's metadata to this protocol's length; the core checks the
// rest.
func checkTags(in input) error {
	tagged, ok := in.(interface{ tags() map[string]string })
	if !ok {
		return nil
	}
	for key := range tagged.tags() {
		if utf8.RuneCountInString(key) <= maxTag {
			continue
		}
		if shown := []rune(key); len(shown) > shownTag {
			key = string(shown[:shownTag]) + "…"
		}
		return pay.BadParam("metadata", codeInvalid, "A metadata key must have 1 to %d characters "+
			"and no control characters: %q.", maxTag, key)
	}
	return nil
}

// demandKey refuses to move real money for a request that cannot be repeated safely.
func demandKey(c *call, key string) error {
	if c.Mode == pay.Live && key == "" {
		return pay.BadParam("idempotency_key", "idempotency_key_required",
			"This request moves money and needs an Idempotency-Key header.")
	}
	return nil
}

// reply sends what a use case answered, now or when it was first asked.
func (c *call) reply(r pay.Reply, err error) error { return wire.Reply(c.w, r, err) }

// show sends one document.
func show[T any](c *call, v *T, err error, put func([]byte, *T) []byte) error {
	if err != nil {
		return err
	}
	wire.Raw(c.w, http.StatusOK, put(make([]byte, 0, sizeHint), v))
	return nil
}

// query reads the parameters of a list.
func (c *call) query() *wire.Params {
	c.q = wire.Query(c.r)
	return c.q
}

// page sends what find has for a filter that was read from the parameters.
func page[F, T any](
	c *call, f F, find func(context.Context, pay.Caller, F) ([]T, bool, error),
	put func([]byte, *T) []byte,
) error {
	if err := c.q.Err(); err != nil {
		return err
	}
	items, more, err := find(c.r.Context(), c.Caller, f)
	if err != nil {
		return err
	}
	return showList(c, items, more, put)
}

// showList sends one page of a list.
func showList[T any](c *call, items []T, more bool, put func([]byte, *T) []byte) error {
	wire.Raw(c.w, http.StatusOK, list(c.r.URL.Path, items, more, put))
	return nil
}

// patch returns what a field of an update asks for: nil leaves it, null clears it.
func patch[T any](n wire.Null[T]) *T {
	if !n.Set {
		return nil
	}
	return &n.Value
}
