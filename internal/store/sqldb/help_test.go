package sqldb_test

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/fstest"
	"time"

	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

const testSchema = `-- +goose Up
CREATE TABLE counter (id TEXT PRIMARY KEY, n BIGINT NOT NULL,
    CONSTRAINT counter_floor CHECK (n >= 0));
CREATE TABLE parent (id TEXT PRIMARY KEY, code TEXT NOT NULL UNIQUE, label TEXT, live BOOLEAN);
CREATE UNIQUE INDEX parent_label ON parent (label) WHERE live = TRUE;
CREATE TABLE child (id TEXT PRIMARY KEY, parent_id TEXT NOT NULL REFERENCES parent (id));
CREATE TABLE pair (a TEXT NOT NULL, b TEXT NOT NULL, c TEXT, PRIMARY KEY (a, b), UNIQUE (b, c));
CREATE TABLE kind (id TEXT PRIMARY KEY, flag BOOLEAN, bytes BYTEA, num BIGINT, words TEXT);
CREATE TABLE job (id TEXT PRIMARY KEY, owner TEXT);
INSERT INTO counter (id, n) VALUES ('a', 0), ('b', 0);
INSERT INTO parent (id, code, label, live) VALUES ('p1', 'c1', 'l1', TRUE);
`

func migrations(texts ...string) fstest.MapFS {
	files := fstest.MapFS{}
	for i, text := range texts {
		files["0000"+string(rune('1'+i))+"_test.sql"] = &fstest.MapFile{Data: []byte(text)}
	}
	return files
}

// each runs a test on both engines, with a new database.
func each(t *testing.T, f func(t *testing.T, url string)) {
	for name, url := range engines {
		t.Run(name, func(t *testing.T) { f(t, url(t)) })
	}
}

// patience is how long a statement, or a wait for a lock, may take where a test does not ask for
// less: a machine that stood still for seconds is no answer to who won a race.
const patience = time.Minute

// open opens and migrates a database and closes it when the test ends.
func open(t testing.TB, o sqldb.Options) *sqldb.DB {
	t.Helper()
	o.StatementTimeout = cmp.Or(o.StatementTimeout, patience)
	if o.Now == nil {
		o.Now = func() time.Time { return time.Time{} } // no unit waits too long
	}
	if o.Migrations == nil {
		o.Migrations = migrations(testSchema)
	}
	db, err := sqldb.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

// one opens a database with one writer, so that a test decides what shares a commit.
func one(t testing.TB, url string) *sqldb.DB {
	t.Helper()
	return open(t, sqldb.Options{URL: url, Writers: 1})
}

// hold keeps the only writer busy until release is called.
func hold(t testing.TB, db *sqldb.DB) (release func()) {
	t.Helper()
	started, leave, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- db.Write(context.Background(), func(context.Context, sqldb.Tx) error {
			close(started)
			<-leave
			return nil
		})
	}()
	<-started
	return func() {
		t.Helper()
		close(leave)
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// together runs units in one batch, in this order, and returns their answers.
func together(t testing.TB, db *sqldb.DB, units ...sqldb.Unit) []error {
	t.Helper()
	release := hold(t, db)
	answers := make([]error, len(units))
	done := make(chan struct{}, len(units))
	for i, unit := range units {
		go func() {
			answers[i] = db.Write(context.Background(), unit)
			done <- struct{}{}
		}()
		awaitWaiting(t, db, i+1)
	}
	release()
	for range units {
		<-done
	}
	return answers
}

func awaitWaiting(t testing.TB, db *sqldb.DB, n int) {
	t.Helper()
	for deadline := time.Now().Add(patience); db.Waiting() != n; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%d units wait, want %d", db.Waiting(), n)
		}
	}
}

// exec is a unit of one statement whose answer is awaited.
func exec(sql string, args ...any) sqldb.Unit {
	return func(ctx context.Context, tx sqldb.Tx) error {
		_, err := tx.Exec(ctx, sql, args...)
		return err
	}
}

// queue is a unit of one queued statement.
func queue(sql string, args ...any) sqldb.Unit {
	return func(_ context.Context, tx sqldb.Tx) error {
		tx.Queue(sql, args...)
		return nil
	}
}

func mustWrite(t testing.TB, db *sqldb.DB, unit sqldb.Unit) {
	t.Helper()
	if err := db.Write(context.Background(), unit); err != nil {
		t.Fatal(err)
	}
}

func number(t testing.TB, r sqldb.Reader, sql string, args ...any) int64 {
	t.Helper()
	var n int64
	if err := r.QueryRow(context.Background(), sql, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

var errMine = errors.New("the unit's own error")
