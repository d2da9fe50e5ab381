package collect

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
)

// problemType is the media type of RFC 9457.
const problemType = "application/problem+json"

// retryAfter is how many seconds a caller is told to wait when nobody knows better.
const retryAfter = "1"

// Codes that this family makes itself.
const (
	codeInvalid = wire.CodeParameterInvalid
	codeMissing = wire.CodeParameterMissing
	codeUnknown = wire.CodeParameterUnknown
	codeMethod  = "method_not_allowed"
	codeNoRoute = "route_unknown"
	codeNone    = "resource_missing"
)

// statuses answers every kind of the core.
var statuses = map[pay.Kind]int{
	pay.Internal:     http.StatusInternalServerError,
	pay.Invalid:      http.StatusBadRequest,
	pay.Unauthorized: http.StatusUnauthorized,
	pay.Forbidden:    http.StatusForbidden,
	pay.NotFound:     http.StatusNotFound,
	pay.Conflict:     http.StatusConflict,
	pay.State:        http.StatusUnprocessableEntity,
	pay.Declined:     http.StatusPaymentRequired,
	pay.Unavailable:  http.StatusServiceUnavailable,
}

// exceptions are codes whose answer differs from that of their kind.
var exceptions = map[string]int{
	"idempotency_key_reused":   http.StatusConflict,
	"payment_not_capturable":   http.StatusConflict,
	"payment_not_cancelable":   http.StatusConflict,
	"authorisation_expired":    http.StatusConflict,
	"payment_already_voided":   http.StatusConflict,
	"nothing_to_void":          http.StatusConflict,
	"session_complete":         http.StatusConflict,
	"session_expired":          http.StatusConflict,
	"session_closed":           http.StatusConflict,
	"session_canceled":         http.StatusConflict,
	codeNone:                   http.StatusNotFound,
	"amount_too_large":         http.StatusUnprocessableEntity,
	"currency_not_supported":   http.StatusUnprocessableEntity,
	wire.CodeBodyTooLarge:      http.StatusRequestEntityTooLarge,
	wire.CodeContentType:       http.StatusUnsupportedMediaType,
	wire.CodeRateLimitExceeded: http.StatusTooManyRequests,
	codeMethod:                 http.StatusMethodNotAllowed,
}

// slugs and titles name the class of a problem by its status.
var slugs = map[int][2]string{
	http.StatusBadRequest:            {"bad-request", "The request is not acceptable"},
	http.StatusUnauthorized:          {"unauthorized", "A valid API key is required"},
	http.StatusPaymentRequired:       {"request-failed", "The request failed"},
	http.StatusForbidden:             {"forbidden", "The key may not do this"},
	http.StatusNotFound:              {"not-found", "The requested resource was not found"},
	http.StatusMethodNotAllowed:      {"method-not-allowed", "The method is not allowed here"},
	http.StatusConflict:              {"conflict", "The request conflicts with the present state"},
	http.StatusRequestEntityTooLarge: {"content-too-large", "The body is too large"},
	http.StatusUnsupportedMediaType:  {"unsupported-media-type", "The body must be JSON"},
	http.StatusUnprocessableEntity:   {"unprocessable-content", "The request cannot be processed"},
	http.StatusTooManyRequests:       {"too-many-requests", "There were too many requests"},
	http.StatusInternalServerError:   {"internal-server-error", "Something went wrong on our side"},
	http.StatusServiceUnavailable:    {"service-unavailable", "The service is not available"},
}

// problemPath is the address of what the types of problems mean; the slug follows as a fragment.
const problemPath = "/docs/errors"

// explain lists the types of problems for whoever looks one up.
func explain(w http.ResponseWriter, _ *http.Request) error {
	var text strings.Builder
	for _, status := range slices.Sorted(maps.Keys(slugs)) {
		fmt.Fprintf(&text, "#%s (%d)\n%s.\n\n", slugs[status][0], status, slugs[status][1])
	}
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = io.WriteString(w, text.String())
	return nil
}

// A problem is an error as RFC 9457 has it. Code is for programs and errors for forms: both are
// extension members.
type problem struct {
	Type     string       `json:"type"`
	Title    string       `json:"title"`
	Status   int          `json:"status"`
	Detail   string       `json:"detail"`
	Instance string       `json:"instance"`
	Code     string       `json:"code,omitempty"`
	Errors   []fieldError `json:"errors,omitempty"`
}

type fieldError struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// problems writes errors; base is the origin of their types.
type problems struct{ base string }

func (p problems) write(w http.ResponseWriter, r *http.Request, err *pay.Error) {
	status, ok := exceptions[err.Code]
	if !ok {
		status = statuses[err.Kind]
	}
	h := w.Header()
	switch {
	case status == http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="kassa"`)
	case h.Get("Retry-After") != "":
	case status == http.StatusServiceUnavailable, err.Code == "idempotency_key_in_use":
		h.Set("Retry-After", retryAfter)
	}
	wire.RawAs(w, status, problemType, encode(p.document(r, status, err)))
}

// document describes an error. What went wrong on our side has no code and no detail of its own.
func (p problems) document(r *http.Request, status int, err *pay.Error) problem {
	class := slugs[status]
	doc := problem{
		Type: p.base + problemPath + "#" + class[0], Title: class[1], Status: status,
		Instance: r.URL.Path,
	}
	if err.Kind == pay.Internal {
		doc.Detail = "Nothing was lost. Ask again, with the same idempotency key."
		return doc
	}
	doc.Code, doc.Detail = err.Code, err.Message
	if words, ok := documented[err.Code]; ok {
		doc.Detail = words
	}
	if err.Param != "" {
		doc.Errors = []fieldError{{Field: err.Param, Message: doc.Detail}}
	}
	return doc
}

// documented are details that receivers may compare, word for word, and where this protocol takes
// more than the core.
var documented = map[string]string{
	"currency_not_supported": "The currency must be an ISO 4217 code, such as GHS.",
	"payment_not_capturable": "The payment is not in an authorised state and cannot be captured.",
	codeOverCapture:          "The capture amount exceeds the remaining authorised amount.",
	"authorisation_expired":  "The authorisation has expired and can no longer be captured.",
	"payment_not_cancelable": "The payment is not in an authorised state and cannot be voided.",
	"payment_already_voided": "The payment has already been fully voided.",
	"nothing_to_void":        "There is no remaining authorised amount to void.",
}

// codeOverCapture says that more was to be captured than is held.
const codeOverCapture = "capture_amount_too_large"

// missing says which object does not exist. What belongs to somebody else, what is of the other
// mode and what never was are the same.
func missing(noun, id string) error {
	return pay.Errorf(pay.NotFound, strings.ReplaceAll(noun, " ", "_")+"_not_found",
		"No %s %s exists.", noun, printable(id))
}

// orMissing turns the core's NotFound into one that names the noun.
func orMissing(err error, noun, id string) error {
	if pay.IsKind(err, pay.NotFound) {
		return missing(noun, id)
	}
	return err
}

// printable shortens what a request named for use in a message.
func printable(id string) string {
	if len(id) > maxID {
		id = id[:maxID]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, id)
}

// conflicting says of a state that does not allow a command that the two conflict.
func conflicting(err error) error {
	e := pay.AsError(err)
	if e == nil || e.Kind != pay.State {
		return err
	}
	out := *e
	out.Kind = pay.Conflict
	return &out
}

// bad refuses a field by its path.
func bad(field, format string, args ...any) error {
	return &pay.Error{
		Kind: pay.Invalid, Code: codeInvalid, Param: field,
		Message: field + " " + fmt.Sprintf(format, args...),
	}
}

// required refuses a body without the field.
func required(field string) error {
	return &pay.Error{
		Kind: pay.Invalid, Code: codeMissing, Param: field,
		Message: "Missing required parameter: " + field + ".",
	}
}

// within puts a field in its place: below the path of the object it was decoded from.
func within(path string, err error) error {
	return renamed(err, func(field string) string { return path + "." + field })
}

// renamed says an error about a field with the field's name in this protocol.
func renamed(err error, name func(string) string) error {
	e := pay.AsError(err)
	if e == nil || e.Param == "" {
		return err
	}
	field := name(e.Param)
	if field == e.Param {
		return err
	}
	out := *e
	out.Param = field
	// A message may speak of the field by its name, or of the thing that it names.
	if strings.HasPrefix(e.Message, e.Param+" ") || strings.Contains(e.Param, "_") {
		out.Message = strings.Replace(e.Message, e.Param, field, 1)
	}
	return &out
}
