package server_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/kassa-pay/kassa/internal/config"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
	"github.com/kassa-pay/kassa/internal/store/storetest"
)

// The process is held by a trigger of the database that does not come back: PostgreSQL sleeps,
// SQLite counts to more than it can. Before that SQLite writes more than it keeps in memory, so
// that the file it writes ahead to grows, which can be seen from outside.
const (
	liteView = `CREATE VIEW endless AS WITH RECURSIVE c (n) AS (
		SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 500000000) SELECT n FROM c`
	liteHeap    = `CREATE TABLE heap (lump BLOB NOT NULL)`
	liteTrigger = `CREATE TRIGGER hold BEFORE %op ON %table WHEN %when BEGIN
		INSERT INTO heap SELECT zeroblob(1000000) FROM endless LIMIT 30;
		SELECT count(*) FROM endless; END`
	liteSign = 20_000_000 // bytes; a file that nobody is held at is less than half of that

	pgFunction = `CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $hold$ BEGIN
		IF %when THEN PERFORM pg_sleep(60); END IF; RETURN NEW; END $hold$`
	pgTrigger = `CREATE TRIGGER hold BEFORE %op ON %table FOR EACH ROW EXECUTE FUNCTION hold()`
	pgSign    = `SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND wait_event = 'PgSleep'`
)

// Times of holding.
const (
	holdPatience = time.Minute          // for the process to come to its step
	holdLook     = 4 * time.Millisecond // between two looks whether it has
)

// prepare makes the server stand still when it comes to the step; nil for nowhere. What the dead
// had leased is free: while the server is down a minute passes, which is told to the database
// rather than waited for.
func (v *victim) prepare(s *step) {
	v.t.Helper()
	if v.watch == nil && v.database != "" {
		v.watch = v.open()
		v.t.Cleanup(func() { v.watch.Close() })
	}
	db := v.watch
	if db == nil {
		db = v.open()
		defer db.Close()
	}
	statements := []string{
		deliveriesFree, noticesFree, "DROP TRIGGER IF EXISTS hold",
		"DROP VIEW IF EXISTS endless", "DROP TABLE IF EXISTS heap",
	}
	hold := []string{liteView, liteHeap, liteTrigger}
	if v.database != "" {
		v.sever(db)
		statements = []string{deliveriesFree, noticesFree, "DROP FUNCTION IF EXISTS hold CASCADE"}
		hold = []string{pgFunction, pgTrigger}
	}
	for _, text := range hold {
		if s != nil {
			statements = append(statements, s.say(text))
		}
	}
	err := db.Write(context.Background(), func(ctx context.Context, tx sqldb.Tx) error {
		for _, statement := range statements {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		v.t.Fatal(err)
	}
}

// The leases end of deliveries and notifications that began less than a minute ago.
const (
	deliveriesFree = `UPDATE delivery SET next_attempt_at = next_attempt_at - 60000000
		WHERE state = 'pending' AND lease IS NOT NULL`
	noticesFree = `UPDATE inbox SET due_at = due_at - 60000000 WHERE state = 'pending'`
)

// watcher is what our own connections are called.
const watcher = "watcher"

// open opens the database beside the server, or in its place.
func (v *victim) open() *sqldb.DB {
	v.t.Helper()
	url := "sqlite:" + filepath.Join(v.data, config.DatabaseFile)
	if v.database != "" {
		url = v.database + "&application_name=" + watcher
	}
	db, err := sqldb.Open(context.Background(), storetest.Patient(url, nil))
	if err != nil {
		v.t.Fatal(err)
	}
	return db
}

// count reads a number.
func count(db *sqldb.DB, sql string, args ...any) (n int64, err error) {
	err = db.Reader().QueryRow(context.Background(), sql, args...).Scan(&n)
	return n, err
}

func (s *step) say(text string) string {
	when := s.when
	if when == "" {
		when = "TRUE"
	}
	return strings.NewReplacer("%op", s.op, "%table", s.table, "%when", when).Replace(text)
}

// outlive is a minute in which the server is down, and no step at which it is held.
func (v *victim) outlive() { v.prepare(nil) }

// sever ends what the dead had begun in a PostgreSQL that outlives them: with a process that was
// killed, its machine is gone, and so are its connections.
func (v *victim) sever(db *sqldb.DB) {
	v.t.Helper()
	_, err := count(db, `SELECT count(pg_terminate_backend(pid, 30000)) FROM pg_stat_activity
		WHERE datname = current_database() AND application_name <> $1`, watcher)
	if err != nil {
		v.t.Fatal(err)
	}
}

// awaitHold returns when the process stands still at its step.
func (v *victim) awaitHold(name string) {
	v.t.Helper()
	for began := time.Now(); !v.held(); time.Sleep(holdLook) {
		if time.Since(began) > holdPatience {
			v.t.Errorf("the server never came to the step %q", name)
			return
		}
	}
}

func (v *victim) held() bool {
	if v.database == "" {
		wal, err := os.Stat(filepath.Join(v.data, config.DatabaseFile+"-wal"))
		return err == nil && wal.Size() > liteSign
	}
	n, err := count(v.watch, pgSign)
	if err != nil {
		v.t.Error(err)
	}
	return n > 0
}
