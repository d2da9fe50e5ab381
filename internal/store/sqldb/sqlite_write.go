package sqldb

import (
	"context"
	"errors"

	lib "modernc.org/sqlite/lib"
)

// liteWriter is the one writer of a SQLite database.
type liteWriter struct {
	store *liteStore
	conn  *liteConn
}

// try runs the calls in one transaction, each in its own savepoint; a single call needs none.
func (w *liteWriter) try(calls []*call) attempt {
	if err := w.store.halted(); err != nil {
		return attempt{fate: refused, err: err}
	}
	if err := w.run("BEGIN IMMEDIATE"); err != nil {
		return attempt{fate: refused, err: err}
	}
	wrote := false
	for i, c := range calls {
		t := &liteTx{conn: w.conn}
		var err error
		if len(calls) == 1 {
			err = c.runIn(t)
			c.own = err
		} else {
			err = w.guarded(c, t)
		}
		if err != nil {
			w.reset()
			return attempt{fate: rolledBack, culprit: i, err: err}
		}
		wrote = wrote || t.wrote
	}
	return w.commit(wrote)
}

// guarded runs a call in a savepoint. Its own failure ends there; the error returned means that
// the whole transaction is lost, which is what SQLite does on a full disk.
func (w *liteWriter) guarded(c *call, t *liteTx) error {
	if err := w.run("SAVEPOINT unit"); err != nil {
		return err
	}
	if c.own = c.runIn(t); c.own == nil {
		return w.run("RELEASE unit")
	}
	t.wrote = false
	if w.run("ROLLBACK TO unit") != nil || w.run("RELEASE unit") != nil {
		return c.own
	}
	return nil
}

// runIn runs the unit and lets a failed statement fail it, whatever the unit made of the failure.
func (c *call) runIn(t *liteTx) error {
	err := c.run(t)
	t.over = true
	if err == nil {
		return t.failed
	}
	return err
}

// commit ends the transaction. An I/O error here may or may not have left the commit on disk, and
// a later fsync that succeeds would not mean what it says, so the database accepts no more writes
// until it is opened again.
func (w *liteWriter) commit(wrote bool) attempt {
	err := w.run("COMMIT")
	if err == nil {
		return attempt{fate: settled, durable: wrote}
	}
	w.reset()
	switch liteCode(err) {
	case lib.SQLITE_IOERR:
		w.store.halt(err)
		return attempt{fate: unknown, err: mean(ErrUnknownCommit, err)}
	case lib.SQLITE_CONSTRAINT:
		return attempt{fate: rolledBack, culprit: nobody, err: err}
	}
	return attempt{fate: refused, err: err}
}

// reset ends the transaction if one is open; an error means that there was none.
func (w *liteWriter) reset() { _ = w.run("ROLLBACK") }

func (w *liteWriter) run(sql string) error {
	_, err := w.conn.exec(context.Background(), sql)
	return err
}

// errUnitOver is the answer to a statement after the unit has returned.
var errUnitOver = errors.New("sqldb: statement after its unit of work has ended")

// liteTx is the Tx of one unit. Statements are not interruptible: the writer waits for nobody, and
// the driver would start a goroutine for each statement.
type liteTx struct {
	conn   *liteConn
	failed error
	wrote  bool
	over   bool
}

func (t *liteTx) ready() error {
	if t.over {
		return errUnitOver
	}
	return t.failed
}

func (t *liteTx) fail(err error) error {
	t.failed = t.conn.nameConstraint(err)
	return t.failed
}

func (t *liteTx) Exec(_ context.Context, sql string, args ...any) (int64, error) {
	if err := t.ready(); err != nil {
		return 0, err
	}
	n, err := t.conn.exec(context.Background(), sql, args...)
	if err != nil {
		return 0, t.fail(err)
	}
	t.wrote = t.wrote || changes(sql, n)
	return n, nil
}

func (t *liteTx) Queue(sql string, args ...any) {
	_, _ = t.Exec(context.Background(), sql, args...) // the failure is kept and ends the unit
}

func (t *liteTx) Query(_ context.Context, sql string, args ...any) (Rows, error) {
	return t.query(0, sql, args)
}

func (t *liteTx) QueryRow(_ context.Context, sql string, args ...any) Row {
	rows, err := t.query(1, sql, args)
	if err != nil {
		return failedRow{err}
	}
	return rows.first()
}

func (t *liteTx) query(limit int, sql string, args []any) (*liteRows, error) {
	if err := t.ready(); err != nil {
		return nil, err
	}
	rows, err := t.conn.query(context.Background(), limit, sql, args)
	if err != nil {
		return nil, t.fail(err)
	}
	t.wrote = t.wrote || changes(sql, int64(len(rows.values)))
	return rows, nil
}
