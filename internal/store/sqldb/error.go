package sqldb

import "errors"

// Errors of this package, recognised by the engines' codes, never by their words. Errors returned
// wrap these and the engine's own error.
var (
	// ErrNoRows is the answer of Scan on the row of a query that found nothing.
	ErrNoRows = errors.New("no rows")
	// ErrForeignKey means that a row refers to one that does not exist, or is still referred to.
	ErrForeignKey = errors.New("foreign key violated")
	// ErrCheck means that a value breaks a CHECK or NOT NULL, or is text that is not UTF-8 or
	// holds a zero byte.
	ErrCheck = errors.New("check violated")
	// ErrOverloaded means that too many units wait. Nothing was run; try again later.
	ErrOverloaded = errors.New("database overloaded")
	// ErrUnavailable means that the database did not answer in time or not at all. Nothing of the
	// unit was stored.
	ErrUnavailable = errors.New("database unavailable")
	// ErrUnknownCommit means that the answer to COMMIT was lost. The unit is stored as a whole or
	// not at all; only reading tells which.
	ErrUnknownCommit = errors.New("commit outcome unknown")
	// ErrFull means that the disk is full or the database accepts no writes. Nothing was stored.
	ErrFull = errors.New("database accepts no writes")
	// ErrClosed means that the database was closed. Nothing was run.
	ErrClosed = errors.New("database closed")

	errUnitExited = errors.New("unit of work ended its goroutine")
)

// UniqueError means that a row with the same key exists. Constraint is the name of the index, and
// for keys declared inside CREATE TABLE the name PostgreSQL gives them: table_pkey or
// table_column_key. It is the same on both engines. SQLite tells columns only, so two unique
// indexes over the same columns of a table cannot be told apart there.
type UniqueError struct {
	Constraint string
	Err        error
}

func (e *UniqueError) Error() string { return "unique constraint " + e.Constraint + " violated" }

// Unwrap returns the engine's error.
func (e *UniqueError) Unwrap() error { return e.Err }

// CheckError is an ErrCheck that names the CHECK a value breaks. Constraint is the name it was
// given; one without a name is called by each engine as it likes.
type CheckError struct {
	Constraint string
	Err        error
}

func (e *CheckError) Error() string { return ErrCheck.Error() + ": " + e.Constraint }

// Unwrap returns ErrCheck and the engine's error.
func (e *CheckError) Unwrap() []error { return []error{ErrCheck, e.Err} }

// engineError joins what an engine error means with the error itself.
type engineError struct{ meaning, cause error }

func (e *engineError) Error() string   { return e.meaning.Error() + ": " + e.cause.Error() }
func (e *engineError) Unwrap() []error { return []error{e.meaning, e.cause} }

func mean(meaning, cause error) error { return &engineError{meaning, cause} }
