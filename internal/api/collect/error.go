package collect

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
)

// Codes that this family makes itself.
const (
	codeInvalid = wire.CodeParameterInvalid
	codeMissing = wire.CodeParameterMissing
	codeUnknown = wire.CodeParameterUnknown
	codeNone    = "resource_missing"
)

// statuses are those in which this family differs from the others.
var statuses = wire.Statuses{
	Kinds: map[pay.Kind]int{pay.Declined: http.StatusPaymentRequired},
	Codes: map[string]int{
		"idempotency_key_reused": http.StatusConflict,
		"payment_not_capturable": http.StatusConflict,
		"payment_not_cancelable": http.StatusConflict,
		"authorisation_expired":  http.StatusConflict,
		"payment_already_voided": http.StatusConflict,
		"nothing_to_void":        http.StatusConflict,
		"session_complete":       http.StatusConflict,
		"session_expired":        http.StatusConflict,
		"session_closed":         http.StatusConflict,
		"session_canceled":       http.StatusConflict,
		codeNone:                 http.StatusNotFound,
		"currency_not_supported": http.StatusUnprocessableEntity,
	},
}

// A problem is an error as RFC 9457 has it. Code is for programs and errors for forms: both are
// extension members.
type problem struct {
	wire.Problem
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
	status := statuses.Of(err)
	wire.WriteProblem(w, status, err, p.document(r, status, err))
}

// document describes an error. What went wrong on our side has no code and no detail of its own.
func (p problems) document(r *http.Request, status int, err *pay.Error) problem {
	doc := problem{Problem: wire.NewProblem(p.base, status), Instance: r.URL.Path}
	if err.Kind == pay.Internal {
		doc.Detail = "Nothing was lost. Ask again, with the same idempotency key."
		return doc
	}
	doc.Code, doc.Detail = err.Code, err.Message
	if words, ok := documented[err.Code]; ok {
		doc.Detail = words
	}
	field := err.Param
	if field == "idempotency_key" {
		field = keyHeader // bodies have no such member here
	}
	if field != "" {
		doc.Errors = []fieldError{{Field: field, Message: doc.Detail}}
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
func missing(noun, id string) *pay.Error {
	return pay.Errorf(pay.NotFound, strings.ReplaceAll(noun, " ", "_")+"_not_found",
		"No %s %s exists.", noun, wire.Printable(id, maxID))
}

// orMissing turns the core's NotFound into one that names the noun.
func orMissing(err error, noun, id string) error {
	if pay.IsKind(err, pay.NotFound) {
		return missing(noun, id)
	}
	return err
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
	out.Message = wire.Sentence(field, e.Message)
	// A message may speak of the field by its name, or of the thing that it names.
	if out.Message == e.Message &&
		(strings.HasPrefix(e.Message, e.Param+" ") || strings.Contains(e.Param, "_")) {
		out.Message = strings.Replace(e.Message, e.Param, field, 1)
	}
	return &out
}
