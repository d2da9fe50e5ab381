package wpay

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
)

// Codes that this family makes itself, or looks for.
const (
	codeInvalid    = wire.CodeParameterInvalid
	codeMissing    = wire.CodeParameterMissing
	codeValidation = "validation_failed"
	codeMode       = "test_mode_only"
	codeTaken      = "id_taken"
	codeReused     = "idempotency_key_reused"
)

// statuses are those in which this family differs from the others.
var statuses = wire.Statuses{Codes: map[string]int{codeMode: http.StatusBadRequest}}

// A problem is an error as RFC 9457 has it. TraceID finds the request in the server's log; Code is
// for programs and Errors for forms, by the path of the field.
type problem struct {
	wire.Problem
	TraceID string              `json:"traceId"`
	Code    string              `json:"code,omitempty"`
	Errors  map[string][]string `json:"errors,omitempty"`
}

// problems writes errors; base is the origin of their types.
type problems struct{ base string }

func (p problems) write(w http.ResponseWriter, r *http.Request, err *pay.Error) {
	status := statuses.Of(err)
	wire.WriteProblem(w, status, err, p.document(r, status, err))
}

// document describes an error. What went wrong on our side has no code and no detail of its own.
func (p problems) document(r *http.Request, status int, err *pay.Error) problem {
	doc := problem{
		Problem: wire.NewProblem(p.base, status), TraceID: wire.RequestID(r.Context()),
	}
	if err.Kind == pay.Internal {
		doc.Detail = "Nothing was lost. Ask for the object by its id before you repeat the request."
		return doc
	}
	doc.Code, doc.Detail = err.Code, err.Message
	var many *faults
	switch {
	case errors.As(err.Err, &many):
		doc.Errors = many.fields
	case err.Param != "":
		doc.Errors = map[string][]string{err.Param: {err.Message}}
	}
	return doc
}

// faults are all that is wrong with a request, by the path of the field.
type faults struct {
	fields map[string][]string
	codes  []string
}

func (f *faults) Error() string { return strings.Join(f.codes, ", ") }

// add notes an error about a field. It returns the errors that are about something else.
func (f *faults) add(err error) error {
	e := pay.AsError(err)
	switch {
	case e == nil:
		return nil
	case e.Param == "":
		return err
	}
	if f.fields == nil {
		f.fields = map[string][]string{}
	}
	f.fields[e.Param] = append(f.fields[e.Param], e.Message)
	f.codes = append(f.codes, e.Param+" "+e.Code)
	return nil
}

// err returns one error about all fields; nil when there is nothing wrong.
func (f *faults) err() error {
	if len(f.codes) == 0 {
		return nil
	}
	slices.Sort(f.codes)
	return &pay.Error{
		Kind: pay.Invalid, Code: codeValidation, Err: f,
		Message: "One or more fields are not acceptable. See errors.",
	}
}

func fault(code, field, message string) error {
	return &pay.Error{Kind: pay.Invalid, Code: code, Param: field, Message: message}
}

// bad refuses a field by its path.
func bad(field, message string) error { return fault(codeInvalid, field, field+" "+message) }

// required refuses a body without the field.
func required(field string) error { return fault(codeMissing, field, field+" is required.") }

// rule refuses what is well formed and breaks a rule of the business.
func rule(code, field, message string) error {
	return &pay.Error{Kind: pay.State, Code: code, Param: field, Message: message}
}

// missing says which object does not exist. What belongs to somebody else, what is of the other
// mode and what never was are the same.
func missing(noun, id string) error {
	return pay.Errorf(pay.NotFound, noun+"_not_found",
		"No %s %s exists.", noun, wire.Printable(id, maxID))
}

// taken says which of a request's ids names something already, by its path in the request. main is
// the path of the id of what the request makes.
func taken(err error, main string, paths map[string]string) error {
	e := pay.AsError(err)
	if e == nil || e.Code != codeTaken && e.Code != codeReused {
		return err
	}
	path, ok := paths[e.Param]
	if e.Code == codeReused || !ok {
		path = main
	}
	return &pay.Error{
		Kind: pay.Conflict, Code: codeTaken, Param: path, Err: e.Err,
		Message: path + " was used before. Every id can be used once.",
	}
}
