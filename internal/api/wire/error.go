package wire

import (
	"cmp"
	"net/http"

	"github.com/kassa-pay/kassa/internal/pay"
)

// Codes of requests for what is not there, of the kinds pay.NotFound and pay.Invalid.
const (
	CodeNoRoute = "route_unknown"
	CodeMethod  = "method_not_allowed"
)

// retryAfter is how many seconds a caller is told to wait when nobody knows better.
const retryAfter = "1"

// usualKinds answers every kind of the core.
var usualKinds = map[pay.Kind]int{
	pay.Internal:     http.StatusInternalServerError,
	pay.Invalid:      http.StatusBadRequest,
	pay.Unauthorized: http.StatusUnauthorized,
	pay.Forbidden:    http.StatusForbidden,
	pay.NotFound:     http.StatusNotFound,
	pay.Conflict:     http.StatusConflict,
	pay.State:        http.StatusUnprocessableEntity,
	pay.Declined:     http.StatusUnprocessableEntity,
	pay.Unavailable:  http.StatusServiceUnavailable,
}

// usualCodes are codes whose answer differs from that of their kind.
var usualCodes = map[string]int{
	CodeBodyTooLarge:      http.StatusRequestEntityTooLarge,
	CodeContentType:       http.StatusUnsupportedMediaType,
	CodeRateLimitExceeded: http.StatusTooManyRequests,
	CodeMethod:            http.StatusMethodNotAllowed,
	"amount_too_large":    http.StatusUnprocessableEntity,
}

// Statuses are the statuses with which a protocol answers errors, as far as they are not the usual
// ones. A code goes before a kind.
type Statuses struct {
	Codes map[string]int
	Kinds map[pay.Kind]int
}

// Of returns the status for an error.
func (s Statuses) Of(e *pay.Error) int {
	return cmp.Or(s.Codes[e.Code], usualCodes[e.Code], s.Kinds[e.Kind], usualKinds[e.Kind])
}

// Advise sets the headers that tell the caller of a refused request what to do: with what to
// authenticate, and when to ask again.
func Advise(h http.Header, status int, e *pay.Error) {
	switch {
	case status == http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="kassa"`)
	case h.Get("Retry-After") != "":
	case status == http.StatusServiceUnavailable, e.Code == "idempotency_key_in_use":
		h.Set("Retry-After", retryAfter)
	}
}
