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

// classes name the class of an error by its status; all others are requests that are not right.
var classes = map[int]string{
	http.StatusUnauthorized:        typeAuth,
	http.StatusForbidden:           typeAuth,
	http.StatusTooManyRequests:     typeRate,
	http.StatusInternalServerError: typeAPI,
	http.StatusServiceUnavailable:  typeAPI,
}

// statuses are those in which this family differs from the others.
var statuses = wire.Statuses{
	Kinds: map[pay.Kind]int{pay.State: http.StatusConflict},
	Codes: map[string]int{
		"currency_not_supported": http.StatusUnprocessableEntity,
		"idempotency_key_reused": http.StatusUnprocessableEntity,
	},
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
)

// notFound is the one answer for what does not exist, what belongs to somebody else and what is of
// the other mode: whoever asks cannot tell these apart.
var notFound = &pay.Error{
	Kind: pay.NotFound, Code: codeNone, Param: "id",
	Message: "There is no such object in this account and mode.",
}

// writeError answers with the documented envelope.
func writeError(w http.ResponseWriter, _ *http.Request, err *pay.Error) {
	if err.Kind == pay.NotFound && err.Code != wire.CodeNoRoute {
		err = notFound
	}
	status := statuses.Of(err)
	wire.Advise(w.Header(), status, err)
	wire.Raw(w, status, envelope(cmp.Or(classes[status], typeRequest), err))
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
