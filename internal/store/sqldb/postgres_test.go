package sqldb_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/kassa-pay/kassa/internal/store/sqldb"
	"github.com/kassa-pay/kassa/internal/store/sqldb/pgtest"
)

func with(t *testing.T, base, key, value string) string {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set(key, value)
	u.RawQuery = q.Encode()
	return u.String()
}

func TestPostgres_Safety(t *testing.T) {
	base := pgtest.URL(t)
	off, err := sqldb.Open(t.Context(), sqldb.Options{URL: with(t, base, "synchronous_commit", "off")})
	if err == nil {
		_ = off.Close()
		t.Error("synchronous_commit=off was accepted")
	}
	var log bytes.Buffer
	local, err := sqldb.Open(t.Context(), sqldb.Options{
		URL: with(t, base, "synchronous_commit", "local"), Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := local.Close(); err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.String(), "synchronous_commit") {
		t.Errorf("synchronous_commit=local gave no warning: %s", &log)
	}
}

func TestPostgres_Unreachable(t *testing.T) {
	_, err := sqldb.Open(t.Context(), sqldb.Options{URL: "postgres://kassa@/x?host=" + t.TempDir()})
	if !is(sqldb.ErrUnavailable)(err) {
		t.Errorf("no server: %v", err)
	}
}

// TestPostgres_SurvivesCut ends every connection of the server and expects the next units to
// succeed or to say truthfully that they do not know.
func TestPostgres_SurvivesCut(t *testing.T) {
	url := pgtest.URL(t)
	var now atomic.Int64
	db := open(t, sqldb.Options{
		URL: url, Writers: 1, Now: func() time.Time { return time.Unix(0, now.Load()) },
	})
	admin, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = admin.Close(context.Background()) }()
	const cut = `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid()`

	if _, err := admin.Exec(t.Context(), cut); err != nil {
		t.Fatal(err)
	}
	now.Add(int64(time.Minute)) // idle for a minute, so the writer looks before it sends
	mustWrite(t, db, queue("INSERT INTO job (id) VALUES ('1')"))

	if _, err := admin.Exec(t.Context(), cut); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, db, func(ctx context.Context, tx sqldb.Tx) error { // a read first: nothing is lost
		number(t, nopReader{tx}, "SELECT 1::bigint")
		tx.Queue("INSERT INTO job (id) VALUES ('2')")
		return nil
	})
	if n := number(t, db.Reader(), "SELECT count(*) FROM job"); n != 2 {
		t.Errorf("%d rows, want 2", n)
	}
}

// nopReader answers 1 to a read that fails, so that the helper for tests does not end the unit.
type nopReader struct{ sqldb.Reader }

type oneRow struct{ row sqldb.Row }

func (r oneRow) Scan(dest ...any) error {
	_ = r.row.Scan(dest...)
	return nil
}

func (r nopReader) QueryRow(ctx context.Context, sql string, args ...any) sqldb.Row {
	return oneRow{r.Reader.QueryRow(ctx, sql, args...)}
}

// cutter is a wire between us and the server that can be cut.
type cutter struct {
	listener net.Listener
	target   string
	mode     atomic.Int32
}

const (
	whole       int32 = iota
	cutAnswers        // the server hears us and we do not hear it
	cutRequests       // nothing reaches the server
)

func newCutter(t *testing.T, base string) (c *cutter, through string) {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c = &cutter{listener: l, target: filepath.Join(u.Query().Get("host"), ".s.PGSQL.5432")}
	var wires sync.WaitGroup
	wires.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wires.Go(func() { c.serve(t, conn) })
		}
	})
	t.Cleanup(wires.Wait)
	t.Cleanup(func() { _ = l.Close() })
	return c, "postgres://postgres@" + l.Addr().String() + u.Path + "?sslmode=disable"
}

func (c *cutter) serve(t *testing.T, client net.Conn) {
	server, err := net.Dial("unix", c.target)
	if err != nil {
		t.Error(err)
		return
	}
	var both sync.WaitGroup
	both.Go(func() { c.copy(server, client, cutRequests) })
	both.Go(func() { c.copy(client, server, cutAnswers) })
	both.Wait()
}

// copy passes bytes on until the wire is cut in this direction; then it ends both.
func (c *cutter) copy(to, from net.Conn, cut int32) {
	defer func() { _, _ = to.Close(), from.Close() }()
	buf := make([]byte, 1<<16)
	for {
		n, err := from.Read(buf)
		if err != nil || c.mode.Load() == cut {
			return
		}
		if _, err := to.Write(buf[:n]); err != nil && err != io.EOF {
			return
		}
	}
}

func TestPostgres_UnknownCommit(t *testing.T) {
	for mode, want := range map[int32]int64{cutAnswers: 1, cutRequests: 0} {
		base := pgtest.URL(t)
		direct := one(t, base)
		wire, through := newCutter(t, base)
		db := one(t, through)
		insert := func(id string) sqldb.Unit {
			return queue("INSERT INTO job (id) VALUES ($1)", id)
		}
		mustWrite(t, db, insert("before")) // prepares what the next one sends
		before := db.Commits()
		release := hold(t, db)
		answer := make(chan error)
		go func() { answer <- db.Write(context.Background(), insert("cut")) }()
		awaitWaiting(t, db, 1)
		wire.mode.Store(mode)
		release()
		if err := <-answer; !is(sqldb.ErrUnknownCommit)(err) {
			t.Errorf("mode %d: %v, want an unknown outcome", mode, err)
		}
		if db.Commits() != before {
			t.Errorf("mode %d: an unknown commit was counted", mode)
		}
		wire.mode.Store(whole)
		mustWrite(t, db, insert("after"))
		if n := number(t, direct.Reader(), "SELECT count(*) FROM job WHERE id = 'cut'"); n != want {
			t.Errorf("mode %d: %d rows of the unit whose commit is unknown, want %d", mode, n, want)
		}
	}
}

// TestPostgres_Deadlock makes two nodes take the same two rows in opposite order.
func TestPostgres_Deadlock(t *testing.T) {
	url := pgtest.URL(t)
	a, b := one(t, url), one(t, url)
	met := make(chan struct{}, 2)
	var first atomic.Int32
	cross := func(one, two string) sqldb.Unit {
		tried := false
		return func(ctx context.Context, tx sqldb.Tx) error {
			if _, err := tx.Exec(ctx, "UPDATE counter SET n = n + 1 WHERE id = $1", one); err != nil {
				return err
			}
			if !tried { // only the first attempts wait for each other
				tried = true
				if first.Add(1) == 2 {
					met <- struct{}{}
					met <- struct{}{}
				}
				<-met
			}
			_, err := tx.Exec(ctx, "UPDATE counter SET n = n + 1 WHERE id = $1", two)
			return err
		}
	}
	var both sync.WaitGroup
	for _, run := range []struct {
		db   *sqldb.DB
		unit sqldb.Unit
	}{{a, cross("a", "b")}, {b, cross("b", "a")}} {
		both.Go(func() {
			if err := run.db.Write(context.Background(), run.unit); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	if n := number(t, a.Reader(), "SELECT sum(n)::bigint FROM counter"); n != 4 {
		t.Errorf("counted %d, want 4", n)
	}
}

// TestPostgres_StatementTimeout: a statement that never ends is ended, and only its unit suffers.
func TestPostgres_StatementTimeout(t *testing.T) {
	db := open(t, sqldb.Options{
		URL: pgtest.URL(t), Writers: 1, StatementTimeout: 2 * time.Second,
	})
	sleep := func(ctx context.Context, tx sqldb.Tx) error {
		_, err := tx.Exec(ctx, "SELECT pg_sleep(60)")
		return err
	}
	answers := together(t, db, queue("INSERT INTO job (id) VALUES ('1')"), sleep,
		queue("INSERT INTO job (id) VALUES ('2')"))
	if answers[0] != nil || !is(sqldb.ErrUnavailable)(answers[1]) || answers[2] != nil {
		t.Errorf("answers: %v", answers)
	}
	var x string
	err := db.Reader().QueryRow(t.Context(), "SELECT pg_sleep(60)::text").Scan(&x)
	if !is(sqldb.ErrUnavailable)(err) {
		t.Errorf("read: %v", err)
	}
}
