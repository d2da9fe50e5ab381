package wire

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/kassa-pay/kassa/internal/pay"
)

// problemType is the media type of RFC 9457.
const problemType = "application/problem+json"

// ProblemPath is the address of what the types of problems mean; the slug follows as a fragment.
const ProblemPath = "/docs/errors"

// A class is what all problems with one status have in common.
type class struct{ slug, title string }

var classes = map[int]class{
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

// Problem is what all documents of RFC 9457 have in common. Those of a protocol begin with it and
// go on with members of their own.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

// NewProblem returns the problem of the status, without its detail. origin is that of its type's
// address.
func NewProblem(origin string, status int) Problem {
	c := classes[status]
	return Problem{Type: origin + ProblemPath + "#" + c.slug, Title: c.title, Status: status}
}

// WriteProblem answers with an error, described by a document that begins with a Problem.
func WriteProblem(w http.ResponseWriter, status int, e *pay.Error, doc any) {
	Advise(w.Header(), status, e)
	raw(w, status, problemType, Encode(doc))
}

// ExplainProblems lists the types of problems for whoever looks one up.
func ExplainProblems(w http.ResponseWriter, _ *http.Request) error {
	var text strings.Builder
	for _, status := range slices.Sorted(maps.Keys(classes)) {
		fmt.Fprintf(&text, "#%s (%d)\n%s.\n\n", classes[status].slug, status, classes[status].title)
	}
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = io.WriteString(w, text.String())
	return nil
}
