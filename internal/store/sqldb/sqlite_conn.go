package sqldb

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"modernc.org/sqlite"
)

// maxStatements bounds the prepared statements a connection keeps. The product's texts are fixed
// and far fewer; the bound protects against a text made at run time.
const maxStatements = 1024

// liteConn is one SQLite connection with its prepared statements. It is used by one goroutine at a
// time and reads every answer whole, so a statement is never left open.
type liteConn struct {
	raw   driver.Conn
	stmts map[string]liteStmt
	args  []driver.NamedValue
}

type liteStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

func connectLite(dsn string) (*liteConn, error) {
	raw, err := new(sqlite.Driver).Open(dsn)
	if err != nil {
		return nil, liteError(err)
	}
	return &liteConn{raw: raw, stmts: make(map[string]liteStmt)}, nil
}

func (c *liteConn) close() error {
	c.forget()
	return c.raw.Close()
}

func (c *liteConn) forget() {
	for _, s := range c.stmts {
		_ = s.Close()
	}
	clear(c.stmts)
}

func (c *liteConn) prepare(sql string) (liteStmt, error) {
	if s, ok := c.stmts[sql]; ok {
		return s, nil
	}
	if len(c.stmts) >= maxStatements {
		c.forget()
	}
	p, err := c.raw.Prepare(sql)
	if err != nil {
		return nil, liteError(err)
	}
	s, ok := p.(liteStmt)
	if !ok {
		return nil, errors.New("sqlite driver lacks statements with context")
	}
	c.stmts[sql] = s
	return s, nil
}

// exec runs a statement and returns how many rows it changed.
func (c *liteConn) exec(ctx context.Context, sql string, args ...any) (int64, error) {
	s, err := c.prepare(sql)
	if err != nil {
		return 0, err
	}
	if err := c.bind(args); err != nil {
		return 0, err
	}
	res, err := s.ExecContext(ctx, c.args)
	if err != nil {
		return 0, liteError(err)
	}
	return res.RowsAffected()
}

// query returns up to limit rows of a statement; a limit of 0 means all.
func (c *liteConn) query(ctx context.Context, limit int, sql string, args []any,
) (*liteRows, error) {
	s, err := c.prepare(sql)
	if err != nil {
		return nil, err
	}
	if err := c.bind(args); err != nil {
		return nil, err
	}
	r, err := s.QueryContext(ctx, c.args)
	if err != nil {
		return nil, liteError(err)
	}
	rows := &liteRows{width: len(r.Columns()), at: -1}
	err = rows.fill(r, limit)
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, liteError(err)
	}
	return rows, nil
}

// value returns the first value a statement answers with, as text.
func (c *liteConn) value(ctx context.Context, sql string) (string, error) {
	rows, err := c.query(ctx, 1, sql, nil)
	if err != nil {
		return "", fmt.Errorf("%s: %w", sql, err)
	}
	if len(rows.values) == 0 {
		return "", fmt.Errorf("%s: %w", sql, ErrNoRows)
	}
	return fmt.Sprint(rows.values[0]), nil
}

func (c *liteConn) bind(args []any) error {
	c.args = c.args[:0]
	for i, a := range args {
		v, err := argument(a)
		if err != nil {
			return fmt.Errorf("argument $%d: %w", i+1, err)
		}
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return nil
}

// liteRows holds an answer in memory, row after row.
type liteRows struct {
	width  int
	values []driver.Value
	at     int
}

func (r *liteRows) fill(from driver.Rows, limit int) error {
	for n := 0; limit == 0 || n < limit; n++ {
		have := len(r.values)
		for range r.width {
			r.values = append(r.values, nil)
		}
		switch err := from.Next(r.values[have:]); {
		case err == io.EOF:
			r.values = r.values[:have]
			return nil
		case err != nil:
			return err
		}
	}
	return nil
}

func (r *liteRows) Next() bool {
	if (r.at+1)*r.width >= len(r.values) {
		return false
	}
	r.at++
	return true
}

func (r *liteRows) Scan(dest ...any) error {
	if r.at < 0 {
		return errors.New("sqldb: Scan before Next")
	}
	if len(dest) != r.width {
		return fmt.Errorf("sqldb: %d columns scanned into %d variables", r.width, len(dest))
	}
	for i, v := range r.values[r.at*r.width : (r.at+1)*r.width] {
		if err := assign(dest[i], v); err != nil {
			return fmt.Errorf("column %d: %w", i+1, err)
		}
	}
	return nil
}

func (r *liteRows) Err() error { return nil }
func (r *liteRows) Close()     {}

// first returns the first row as a Row.
func (r *liteRows) first() Row {
	if !r.Next() {
		return failedRow{ErrNoRows}
	}
	return r
}

// failedRow is a Row that could not be had.
type failedRow struct{ err error }

func (r failedRow) Scan(...any) error { return r.err }
