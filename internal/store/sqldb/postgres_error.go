package sqldb

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// pgError says what an error of PostgreSQL means. Codes are those of appendix A of its manual.
func pgError(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNoRows
	}
	var e *pgconn.PgError
	var connect *pgconn.ConnectError // whatever the server said: nothing was begun
	if !errors.As(err, &e) || errors.As(err, &connect) {
		if isConnectionError(err) {
			return mean(ErrUnavailable, err)
		}
		return err
	}
	switch e.Code {
	case "23505":
		return &UniqueError{Constraint: e.ConstraintName, Err: err}
	case "23503":
		return mean(ErrForeignKey, err)
	case "23514":
		return &CheckError{Constraint: e.ConstraintName, Err: err}
	case "23502", "22021", "22P05": // not null, text that is not UTF-8
		return mean(ErrCheck, err)
	case "25006", "53100": // read-only transaction, disk full
		return mean(ErrFull, err)
	case "40001", "40P01", "55P03", "57014", "57P01", "57P02", "57P03", "57P05":
		return mean(ErrUnavailable, err)
	}
	if class := e.Code[:min(2, len(e.Code))]; class == "08" || class == "53" {
		return mean(ErrUnavailable, err)
	}
	return err
}

func isConnectionError(err error) bool {
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || pgconn.Timeout(err) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, pgconn.ErrConnClosed) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

// ofTheMoment reports whether the same unit may succeed when it is run again: it met another
// transaction, a prepared statement was overtaken by a migration, or the connection was cut.
func ofTheMoment(err error) bool {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
			errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
	}
	switch e.Code {
	case "40001", "40P01", "55P03", "0A000", "26000", "57P01":
		return true
	}
	return false
}
