package checkout

import (
	"cmp"
	"net/http"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
)

// The documented classes of error.
const (
	typeAPI     = "api_error"
	typeAuth    = "authentication_error"
	typeRequest = "invalid_request_error"
	typeRate    = "rate_limit_error"
)

// retryAfter is how many seconds a caller is told to wait when nobody knows better.
const retryAfter = "1"

// A verdict is how one kind of error looks on the wire.
type verdict struct {
	status int
	class  string
}

// verdicts answers every kind of the core.
var verdicts = map[pay.Kind]verdict{
	pay.Internal:     {http.StatusInternalServerError, typeAPI},
	pay.Invalid:      {http.StatusBadRequest, typeRequest},
	pay.Unauthorized: {http.StatusUnauthorized, typeAuth},
	pay.Forbidden:    {http.StatusForbidden, typeAuth},
	pay.NotFound:     {http.StatusNotFound, typeRequest},
	pay.Conflict:     {http.StatusConflict, typeRequest},
	pay.State:        {http.StatusConflict, typeRequest},
	pay.Declined:     {http.StatusUnprocessableEntity, typeRequest},
	pay.Unavailable:  {http.StatusServiceUnavailable, typeAPI},
}

// exceptions are codes whose answer differs from that of their kind.
var exceptions = map[string]verdict{
	"currency_not_supported":   {http.StatusUnprocessableEntity, typeRequest},
	"amount_too_large":         {http.StatusUnprocessableEntity, typeRequest},
	"idempotency_key_reused":   {http.StatusUnprocessableEntity, typeRequest},
	wire.CodeBodyTooLarge:      {http.StatusRequestEntityTooLarge, typeRequest},
	wire.CodeContentType:       {http.StatusUnsupportedMediaType, typeRequest},
	wire.CodeRateLimitExceeded: {http.StatusTooManyRequests, typeRate},
	codeMethod:                 {http.StatusMethodNotAllowed, typeRequest},
}

// documented says the core's codes in the words of this family, where they differ. An empty message
// leaves the core's.
var documented = map[string]struct{ code, message string }{
	"url_invalid": {codeInvalid, ""},
	"session_not_open": {"checkout_session_not_open",
		"Only an open session that nobody is paying can be expired."},
	"payment_not_cancelable": {"payment_not_cancelable",
		"Only a payment that is authorized, or pending and not on its way yet, can be canceled."},
	"authorisation_expired": {"authorization_expired",
		"The authorization has expired: the held money is let go."},
	"payment_not_capturable": {"payment_not_capturable",
		"Only an authorized payment can be captured."},
	"payment_not_unsettled": {"payment_not_unsettled",
		"Only an underpaid or overpaid payment can be settled."},
	"payment_not_refundable": {"payment_not_refundable",
		"Only a payment whose money came can be refunded."},
}

// Codes that this family makes itself.
const (
	codeInvalid = wire.CodeParameterInvalid
	codeMissing = wire.CodeParameterMissing
	codeNone    = "resource_missing"
	codeMethod  = "method_not_allowed"
)

// notFound is the one answer for what does not exist, what belongs to somebody else and what is of
// the other mode: whoever asks cannot tell these apart.
var notFound = &pay.Error{
	Kind: pay.NotFound, Code: codeNone, Param: "id",
	Message: "There is no such object in this account and mode.",
}

// writeError answers with the documented envelope.
func writeError(w http.ResponseWriter, _ *http.Request, err *pay.Error) {
	if err.Kind == pay.NotFound && err.Code != codeNoRoute {
		err = notFound
	}
	v, ok := exceptions[err.Code]
	if !ok {
		v = verdicts[err.Kind]
	}
	h := w.Header()
	switch {
	case v.status == http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="kassa"`)
	case h.Get("Retry-After") != "":
	case v.status == http.StatusServiceUnavailable, err.Code == "idempotency_key_in_use":
		h.Set("Retry-After", retryAfter)
	}
	wire.Raw(w, v.status, envelope(v.class, err))
}

// envelope encodes an error. What went wrong on our side has no code and no detail.
func envelope(class string, err *pay.Error) []byte {
	code, param, message := err.Code, err.Param, err.Message
	if words, ok := documented[code]; ok {
		code, message = words.code, cmp.Or(words.message, message)
	}
	if err.Kind == pay.Internal {
		code, param, message = "", "", "Something went wrong on our side."
	}
	o := begin(nil)
	o.nested("error", func(buf []byte) []byte {
		inner := begin(buf)
		inner.text("type", class)
		if code != "" {
			inner.text("code", code)
		}
		if param != "" {
			inner.text("param", param)
		}
		inner.text("message", message)
		return inner.end()
	})
	return o.end()
}
