package pay

import (
	"errors"
	"fmt"
)

// Kind is the coarse class of an Error. Every family answers every kind.
type Kind uint8

// The nine kinds. Internal is the zero value, so an Error that forgot its kind hides its message.
const (
	Internal     Kind = iota // a defect or a broken dependency; the message stays inside
	Invalid                  // the request is malformed or a field has an unusable value
	Unauthorized             // no usable credential
	Forbidden                // the credential is good, but not for this
	NotFound                 // no such object for this merchant in this mode
	Conflict                 // another request got there first, or a key is in use
	State                    // the object exists but is not in a state that allows this
	Declined                 // the payer's side said no
	Unavailable              // overload or a dependency is down; the same request may be repeated
)

var kindNames = [...]string{
	Internal: "internal", Invalid: "invalid", Unauthorized: "unauthorized",
	Forbidden: "forbidden", NotFound: "not_found", Conflict: "conflict", State: "state",
	Declined: "declined", Unavailable: "unavailable",
}

// Kinds lists every kind, for tests that prove an encoder total.
func Kinds() []Kind {
	all := make([]Kind, len(kindNames))
	for i := range all {
		all[i] = Kind(i)
	}
	return all
}

func (k Kind) String() string { return kindNames[k] }

// Error is the one error type that crosses rooms. Code is a stable snake_case word for programs,
// Message a sentence for people, Param the name of the offending field (dots for nesting, brackets
// for elements), Err the cause, which is logged and never sent.
type Error struct {
	Kind    Kind
	Code    string
	Param   string
	Message string
	Err     error
}

func (e *Error) Error() string {
	s := e.Kind.String() + " " + e.Code
	if e.Param != "" {
		s += " (" + e.Param + ")"
	}
	if e.Message != "" {
		s += ": " + e.Message
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error without a field.
func Errorf(kind Kind, code, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Message: fmt.Sprintf(format, args...)}
}

// BadParam makes an Invalid error that names the field.
func BadParam(param, code, format string, args ...any) *Error {
	return &Error{Kind: Invalid, Code: code, Param: param, Message: fmt.Sprintf(format, args...)}
}

// AsError returns err as an Error. Anything that is not one already becomes Internal with err as
// its cause, so that nothing unforeseen is ever shown to a caller.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{
		Kind: Internal, Code: "internal", Message: "Something went wrong on our side.", Err: err,
	}
}

// IsKind reports whether err is an Error of the given kind.
func IsKind(err error, kind Kind) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == kind
}
