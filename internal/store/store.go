package store

import (
	"context"
	"errors"
	"strings"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

// Store is pay.Store on a SQL database. Reads on it see what was durable when they began.
type Store struct {
	view
	db   *sqldb.DB
	keys *keyCache // nil: every look-up is made
}

// New returns the store over a migrated database. Whoever opened the database closes it.
func New(db *sqldb.DB) *Store { return &Store{view: view{db.Reader()}, db: db} }

// Write runs the unit in a transaction that it may share with other units and returns when it is
// durable. If the unit or one of its statements fails, nothing of it is stored. An error that wraps
// sqldb.ErrUnknownCommit leaves open whether it is.
func (s *Store) Write(
	ctx context.Context, unit func(ctx context.Context, tx pay.Tx) error,
) error {
	var w *work
	err := s.db.Write(ctx, func(ctx context.Context, tx sqldb.Tx) error {
		w = &work{view: view{tx}, tx: tx}
		return unit(ctx, w)
	})
	if w != nil && w.rekeyed {
		s.keys.forget()
	}
	return meaning(err)
}

// view reads through a pool of readers or inside a unit.
type view struct{ r sqldb.Reader }

// work is a unit's access to the tables.
type work struct {
	view
	tx sqldb.Tx
	// unsent are the owners of the events that this unit took from the outbox.
	unsent map[string]pay.Scope
	// rekeyed is set when the unit changed a key or a merchant.
	rekeyed bool
}

var (
	_ pay.Store = (*Store)(nil)
	_ pay.Tx    = (*work)(nil)
)

// boundary ends the names of the CHECKs that keep a count within its bound. Whoever breaks one came
// second to what was left; any other CHECK is broken by a defect alone.
const boundary = "_bound"

// meaning says in the core's words what an engine's error is. Errors that are none of the core's
// business stay as they are and count as defects.
func meaning(err error) error {
	var known *pay.Error
	var unique *sqldb.UniqueError
	var check *sqldb.CheckError
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case errors.Is(err, sqldb.ErrNoRows):
		return missing()
	case errors.As(err, &unique):
		return because(err, pay.Conflict, "duplicate", "This exists already.")
	case errors.As(err, &check) && strings.HasSuffix(check.Constraint, boundary):
		return because(err, pay.Conflict, "limit", "What was agreed is used up. Try again.")
	case errors.Is(err, sqldb.ErrForeignKey):
		return because(err, pay.Conflict, "stale", "What this refers to has changed. Try again.")
	case errors.Is(err, sqldb.ErrOverloaded):
		return because(err, pay.Unavailable, "overloaded", "Too many requests wait. Try again.")
	case errors.Is(err, sqldb.ErrFull):
		return because(err, pay.Unavailable, "storage_full", "Nothing can be stored at present.")
	case errors.Is(err, sqldb.ErrUnavailable), errors.Is(err, sqldb.ErrClosed):
		return because(err, pay.Unavailable, "storage_unavailable", "The database does not answer.")
	}
	return err
}

func because(err error, kind pay.Kind, code, message string) error {
	return &pay.Error{Kind: kind, Code: code, Message: message, Err: err}
}

// missing is the one answer for what was never there and for what belongs to somebody else.
func missing() error {
	return pay.Errorf(pay.NotFound, "resource_missing", "There is no such object.")
}

// change runs a statement that must change a row, or the row is not there.
func (w *work) change(ctx context.Context, sql string, args ...any) error {
	n, err := w.tx.Exec(ctx, sql, args...)
	if err == nil && n == 0 {
		return missing()
	}
	return meaning(err)
}

// swap runs a statement that must change a row, or somebody else was first.
func (w *work) swap(ctx context.Context, sql string, args ...any) error {
	n, err := w.tx.Exec(ctx, sql, args...)
	if err == nil && n == 0 {
		return pay.Errorf(pay.Conflict, "stale", "This was changed meanwhile. Try again.")
	}
	return meaning(err)
}

// one reads a single row.
func one[T any](row sqldb.Row, scan func(sqldb.Row) (T, error)) (T, error) {
	v, err := scan(row)
	return v, meaning(err)
}

// all reads every row of a statement.
func all[T any](
	rows sqldb.Rows, err error, scan func(sqldb.Row) (T, error),
) ([]T, error) {
	if err != nil {
		return nil, meaning(err)
	}
	defer rows.Close()
	var list []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, meaning(err)
		}
		list = append(list, v)
	}
	return list, meaning(rows.Err())
}

// text is the scan of a row that is one string.
func text(row sqldb.Row) (s string, err error) {
	err = row.Scan(&s)
	return s, err
}
