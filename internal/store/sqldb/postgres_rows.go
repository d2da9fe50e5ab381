package sqldb

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// pgStream is the answer to a query of the reader pool, read as it comes.
type pgStream struct {
	pgx.Rows
	cancel func()
}

func (r *pgStream) Scan(dest ...any) error { return pgError(r.Rows.Scan(dest...)) }
func (r *pgStream) Err() error             { return pgError(r.Rows.Err()) }

func (r *pgStream) Close() {
	r.Rows.Close()
	r.cancel()
}

// pgOne is the first row of the answer to a query of the reader pool.
type pgOne struct {
	store *pgStore
	ctx   context.Context
	sql   string
	args  []any
}

func (r *pgOne) Scan(dest ...any) error {
	ctx, cancel := r.store.bound(r.ctx)
	defer cancel()
	return pgError(again(func() error {
		return r.store.readers.QueryRow(ctx, r.sql, r.args...).Scan(dest...)
	}))
}

// pgAnswer holds the answer to a statement of a transaction, so that the connection is free for
// the next one.
type pgAnswer struct {
	types  *pgtype.Map
	fields []pgconn.FieldDescription
	values [][]byte // row after row; nil is NULL
	tag    pgconn.CommandTag
	at     int
}

// read takes up to limit rows of the next result; a limit of 0 means all.
func (a *pgAnswer) read(br pgx.BatchResults, limit int) error {
	rows, err := br.Query()
	if err != nil {
		return err
	}
	a.fields = slices.Clone(rows.FieldDescriptions())
	a.at = -1
	for n := 0; (limit == 0 || n < limit) && rows.Next(); n++ {
		a.keep(rows.RawValues())
	}
	rows.Close()
	a.tag = rows.CommandTag()
	return rows.Err()
}

// keep copies a row; its bytes belong to the connection and are overwritten by the next one.
func (a *pgAnswer) keep(row [][]byte) {
	size := 0
	for _, v := range row {
		size += len(v)
	}
	held := make([]byte, 0, size)
	for _, v := range row {
		if v == nil {
			a.values = append(a.values, nil)
			continue
		}
		start := len(held)
		held = append(held, v...)
		a.values = append(a.values, held[start:len(held):len(held)])
	}
}

func (a *pgAnswer) Next() bool {
	if (a.at+1)*len(a.fields) >= len(a.values) {
		return false
	}
	a.at++
	return true
}

func (a *pgAnswer) Scan(dest ...any) error {
	if a.at < 0 {
		return errors.New("sqldb: Scan before Next")
	}
	if len(dest) != len(a.fields) {
		return fmt.Errorf("sqldb: %d columns scanned into %d variables", len(a.fields), len(dest))
	}
	for i, d := range dest {
		f := &a.fields[i]
		v := a.values[a.at*len(a.fields)+i]
		if err := a.types.Scan(f.DataTypeOID, f.Format, v, d); err != nil {
			return fmt.Errorf("column %d: %w", i+1, err)
		}
	}
	return nil
}

func (a *pgAnswer) Err() error { return nil }
func (a *pgAnswer) Close()     {}

func (a *pgAnswer) first() Row {
	if !a.Next() {
		return failedRow{ErrNoRows}
	}
	return a
}
