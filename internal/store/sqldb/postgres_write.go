package sqldb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	pgBegin  = "BEGIN ISOLATION LEVEL READ COMMITTED"
	pgCommit = "COMMIT" // also the tag of the answer when it was one; otherwise that is ROLLBACK
)

// pgWriter is one of the connections that commit.
type pgWriter struct {
	store    *pgStore
	now      func() time.Time
	conn     *pgx.Conn
	usedAt   time.Time
	failedAt time.Time // when the server could last not be reached; zero if it could
	failure  error
}

// connect makes sure that there is a connection. After a failure it waits a moment before it tries
// the server again, so that a queue full of units is refused quickly.
func (w *pgWriter) connect(ctx context.Context) error {
	now := w.now()
	if w.conn != nil && !w.conn.IsClosed() {
		if now.Sub(w.usedAt) < pgProbeAfter || w.probe(ctx) == nil {
			return nil
		}
	}
	if !w.failedAt.IsZero() && now.Sub(w.failedAt) < pgRetryAfter {
		return w.failure
	}
	ctx, cancel := context.WithTimeout(ctx, pgConnect)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, w.store.config)
	if err != nil {
		w.failedAt, w.failure = now, pgError(err)
		return w.failure
	}
	w.conn, w.usedAt, w.failedAt = conn, now, time.Time{}
	return w.limitLocks(ctx)
}

// limitLocks gives each connection its own patience with locks. Two transactions that wait for
// each other must not give up at the same moment, or they would meet again and again.
func (w *pgWriter) limitLocks(ctx context.Context) error {
	patience := pgLockTimeout + time.Duration(w.conn.PgConn().PID()%pgLockSteps)*pgLockSpread
	_, err := w.conn.PgConn().Exec(ctx, "SET lock_timeout = "+millis(patience)).ReadAll()
	if err != nil {
		return errors.Join(pgError(err), w.close())
	}
	return nil
}

// probe finds out on a connection nobody used for a while whether it was cut, before a COMMIT sent
// on it leaves an outcome unknown.
func (w *pgWriter) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, w.store.timeout)
	defer cancel()
	return w.conn.Ping(ctx)
}

func (w *pgWriter) close() error {
	if w.conn == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), pgGrace)
	defer cancel()
	return w.conn.Close(ctx)
}

// reset rolls back what is open. A connection that cannot do that is given up, which has the same
// effect.
func (w *pgWriter) reset() {
	if w.conn == nil || w.conn.IsClosed() || w.conn.PgConn().TxStatus() == 'I' {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), w.store.timeout)
	defer cancel()
	if _, err := w.conn.PgConn().Exec(ctx, "ROLLBACK").ReadAll(); err != nil {
		_ = w.close()
	}
}

// try runs the calls one after the other in one transaction without savepoints. What they queue
// goes out in one pipeline, with COMMIT at its end.
func (w *pgWriter) try(calls []*call) attempt {
	if err := w.connect(context.Background()); err != nil {
		return attempt{fate: refused, err: err}
	}
	b := &pgBatch{w: w, culprit: nobody}
	b.add(nobody, pgBegin, nil)
	for i, c := range calls {
		if a, lost := b.runUnit(i, c); lost {
			w.reset()
			return a
		}
	}
	if !b.sent && len(b.owners) == 1 {
		return attempt{fate: settled} // every unit refused its work before anything was sent
	}
	a := b.commit()
	w.usedAt = w.now()
	if a.fate != settled {
		w.reset()
	}
	return a
}

// pgBatch is one transaction: the statements that wait to be sent, and whose they are.
type pgBatch struct {
	w       *pgWriter
	pending pgx.Batch
	owners  []int
	sent    bool // BEGIN has gone out
	wrote   bool

	failed  error // the first failure; the transaction is lost
	culprit int   // whose statement it was, or nobody's
	maybe   bool  // COMMIT had gone out and its answer is missing
}

func (b *pgBatch) add(owner int, sql string, args []any) {
	b.pending.Queue(sql, args...)
	b.owners = append(b.owners, owner)
}

// runUnit runs one call. It reports lost when the transaction cannot go on: a statement failed, or
// the unit changed its mind after its writes were sent.
func (b *pgBatch) runUnit(i int, c *call) (a attempt, lost bool) {
	t := &pgTx{batch: b, owner: i}
	c.own = c.run(t)
	t.over = true
	if c.own == nil {
		c.own = t.refusal
	}
	if b.failed != nil {
		a := attempt{fate: rolledBack, culprit: b.culprit, err: c.own, retry: ofTheMoment(b.failed)}
		if a.err == nil {
			a.err = b.failed
		}
		return a, true
	}
	if c.own == nil {
		b.wrote = b.wrote || t.changed || t.queued() > 0
		return attempt{}, false
	}
	if t.changed {
		return attempt{fate: rolledBack, culprit: i, err: c.own}, true
	}
	b.drop(t.queued())
	return attempt{}, false
}

// drop forgets the last n statements, which were queued and not sent.
func (b *pgBatch) drop(n int) {
	left := len(b.owners) - n
	b.owners = b.owners[:left]
	b.pending.QueuedQueries = b.pending.QueuedQueries[:left]
}

// commit sends what is left with COMMIT behind it. The answer to COMMIT decides; without it nobody
// knows.
func (b *pgBatch) commit() attempt {
	b.add(nobody, pgCommit, nil)
	answer := pgAnswer{types: b.w.conn.TypeMap()}
	err := b.flush(&answer, 0)
	switch {
	case err == nil && answer.tag.String() == pgCommit:
		return attempt{fate: settled, durable: b.wrote}
	case err == nil:
		err = fmt.Errorf("commit was answered with %s", answer.tag)
	case b.maybe:
		return attempt{fate: unknown, err: mean(ErrUnknownCommit, err)}
	}
	return attempt{fate: rolledBack, culprit: b.culprit, err: err, retry: ofTheMoment(err)}
}

// flush sends what waits in one round trip. The last statement's answer goes to answer.
func (b *pgBatch) flush(answer *pgAnswer, limit int) error {
	ctx, cancel := context.WithTimeout(context.Background(), b.w.store.timeout+pgGrace)
	defer cancel()
	b.sent = true
	br := b.w.conn.SendBatch(ctx, &b.pending)
	last := len(b.owners) - 1
	for i := range last {
		if _, err := br.Exec(); err != nil {
			b.fail(b.owners[i], err)
			break
		}
	}
	if b.failed == nil {
		if err := answer.read(br, limit); err != nil {
			b.fail(b.owners[last], err)
		}
	}
	_ = br.Close() // after the last answer only a dead connection fails; its next use finds out
	b.pending = pgx.Batch{}
	b.owners = b.owners[:0]
	return b.failed
}

// fail records the first failure. Only an answer of the server says that the transaction is lost;
// without one, a COMMIT that was in the pipeline may have been carried out.
func (b *pgBatch) fail(owner int, err error) {
	b.failed, b.culprit = pgError(err), owner
	var said *pgconn.PgError
	var before pgx.ErrPreprocessingBatch
	if errors.As(err, &before) {
		b.culprit = nobody
		return
	}
	if !errors.As(err, &said) || said.Severity == "FATAL" {
		b.culprit = nobody
		b.maybe = b.committing()
	}
}

func (b *pgBatch) committing() bool {
	q := b.pending.QueuedQueries
	return len(q) > 0 && q[len(q)-1].SQL == pgCommit
}
