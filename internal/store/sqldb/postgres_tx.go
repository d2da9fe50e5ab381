package sqldb

import "context"

// pgTx is the Tx of one unit in a batch.
type pgTx struct {
	batch   *pgBatch
	owner   int
	changed bool  // rows this unit changed have been sent to the server
	refusal error // an argument was refused before it was sent; the unit has failed
	over    bool
}

func (t *pgTx) ready(args []any) ([]any, error) {
	switch {
	case t.over:
		return nil, errUnitOver
	case t.refusal != nil:
		return nil, t.refusal
	case t.batch.failed != nil:
		return nil, t.batch.failed
	}
	args, t.refusal = arguments(args)
	return args, t.refusal
}

func (t *pgTx) Exec(_ context.Context, sql string, args ...any) (int64, error) {
	answer, err := t.ask(0, sql, args)
	if err != nil {
		return 0, err
	}
	return answer.tag.RowsAffected(), nil
}

func (t *pgTx) Queue(sql string, args ...any) {
	if args, err := t.ready(args); err == nil {
		t.batch.add(t.owner, t.batch.w.store.texts.rewrite(sql), args)
	}
}

func (t *pgTx) Query(_ context.Context, sql string, args ...any) (Rows, error) {
	answer, err := t.ask(0, sql, args)
	if err != nil {
		return nil, err
	}
	return answer, nil
}

func (t *pgTx) QueryRow(_ context.Context, sql string, args ...any) Row {
	answer, err := t.ask(1, sql, args)
	if err != nil {
		return failedRow{err}
	}
	return answer.first()
}

// ask sends what waits and one statement whose answer is needed.
func (t *pgTx) ask(limit int, sql string, args []any) (*pgAnswer, error) {
	args, err := t.ready(args)
	if err != nil {
		return nil, err
	}
	b := t.batch
	t.changed = t.changed || t.queued() > 0
	b.add(t.owner, b.w.store.texts.rewrite(sql), args)
	answer := &pgAnswer{types: b.w.conn.TypeMap()}
	if err := b.flush(answer, limit); err != nil {
		return nil, err
	}
	t.changed = t.changed || changes(sql, answer.tag.RowsAffected())
	return answer, nil
}

// queued counts the statements of this unit that wait to be sent. They are the last in line.
func (t *pgTx) queued() int {
	n := 0
	for o := t.batch.owners; n < len(o) && o[len(o)-1-n] == t.owner; {
		n++
	}
	return n
}
