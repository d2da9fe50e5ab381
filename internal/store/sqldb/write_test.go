package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

func TestWrite_SharesCommits(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db := one(t, url)
		before := db.Commits()
		var units []sqldb.Unit
		for i := range 40 {
			units = append(units, queue("INSERT INTO job (id) VALUES ($1)", fmt.Sprint(i)))
		}
		for i, err := range together(t, db, units...) {
			if err != nil {
				t.Errorf("unit %d: %v", i, err)
			}
		}
		if n := db.Commits() - before; n != 1 {
			t.Errorf("40 units took %d commits, want 1", n)
		}
		if n := number(t, db.Reader(), "SELECT count(*) FROM job"); n != 40 {
			t.Errorf("%d rows stored, want 40", n)
		}
	})
}

func TestWrite_BatchIsBounded(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db := open(t, sqldb.Options{URL: url, Writers: 1, MaxBatch: 4})
		var units []sqldb.Unit
		for i := range 10 {
			units = append(units, queue("INSERT INTO job (id) VALUES ($1)", fmt.Sprint(i)))
		}
		before := db.Commits()
		together(t, db, units...)
		if n := db.Commits() - before; n != 3 {
			t.Errorf("10 units in batches of 4 took %d commits, want 3", n)
		}
	})
}

const (
	duplicate = "INSERT INTO counter (id, n) VALUES ('a', 1)"
	orphan    = "INSERT INTO child (id, parent_id) VALUES ('bad', 'nobody')"
	job1      = "INSERT INTO job (id) VALUES ('1')"
)

// badUnits are units that fail, each in its own way, and what their callers are told.
var badUnits = map[string]struct {
	unit sqldb.Unit
	want func(error) bool
}{
	"own error after a write": {func(ctx context.Context, tx sqldb.Tx) error {
		if _, err := tx.Exec(ctx, "INSERT INTO job (id) VALUES ('bad')"); err != nil {
			return err
		}
		return errMine
	}, is(errMine)},
	"own error after a queued write": {func(_ context.Context, tx sqldb.Tx) error {
		tx.Queue("INSERT INTO job (id) VALUES ('bad')")
		return errMine
	}, is(errMine)},
	"own error after a queued write and a read": {func(ctx context.Context, tx sqldb.Tx) error {
		tx.Queue("INSERT INTO job (id) VALUES ('bad')")
		var n int64
		if err := tx.QueryRow(ctx, "SELECT count(*) FROM job").Scan(&n); err != nil {
			return err
		}
		return errMine
	}, is(errMine)},
	"duplicate":        {exec(duplicate), isUnique("counter_pkey")},
	"queued duplicate": {queue(duplicate), isUnique("counter_pkey")},
	"queued orphan":    {queue(orphan), is(sqldb.ErrForeignKey)},
	"failure ignored": {func(ctx context.Context, tx sqldb.Tx) error {
		tx.Queue("INSERT INTO job (id) VALUES ('bad')")
		_, _ = tx.Exec(ctx, duplicate)
		tx.Queue("INSERT INTO job (id) VALUES ('bad2')")
		return nil
	}, isUnique("counter_pkey")},
	"panic": {func(ctx context.Context, tx sqldb.Tx) error {
		_, _ = tx.Exec(ctx, "INSERT INTO job (id) VALUES ('bad')")
		panic("unit broke")
	}, func(err error) bool {
		var p *sqldb.PanicError
		return errors.As(err, &p) && p.Value == "unit broke" && len(p.Stack) > 0
	}},
	"syntax": {exec("INSERT INTO nothing VALUES (1)"), func(err error) bool { return err != nil }},
	"argument that cannot be stored": {
		queue("INSERT INTO job (id) VALUES ($1)", 1.5), func(err error) bool { return err != nil },
	},
}

func is(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }

func isUnique(constraint string) func(error) bool {
	return func(err error) bool {
		var u *sqldb.UniqueError
		return errors.As(err, &u) && u.Constraint == constraint
	}
}

func isCheck(constraint string) func(error) bool {
	return func(err error) bool {
		var c *sqldb.CheckError
		return errors.Is(err, sqldb.ErrCheck) && errors.As(err, &c) && c.Constraint == constraint
	}
}

func TestWrite_FailureAlone(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db := one(t, url)
		for name, bad := range badUnits {
			if err := db.Write(t.Context(), bad.unit); !bad.want(err) {
				t.Errorf("%s: got %v", name, err)
			}
		}
		if n := number(t, db.Reader(), "SELECT count(*) FROM job"); n != 0 {
			t.Errorf("failed units left %d rows", n)
		}
		if n := db.Commits(); n != 0 {
			t.Errorf("failed units made %d commits", n)
		}
	})
}

// TestWrite_FailureIsItsOwn runs every bad unit between good ones in one batch.
func TestWrite_FailureIsItsOwn(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		for name, bad := range badUnits {
			t.Run(name, func(t *testing.T) {
				db := one(t, url)
				mustWrite(t, db, queue("DELETE FROM job"))
				good := func(id string) sqldb.Unit {
					return queue("INSERT INTO job (id) VALUES ($1)", id)
				}
				answers := together(t, db, good("1"), exec("INSERT INTO job (id) VALUES ('2')"),
					bad.unit, good("3"), bad.unit, exec("INSERT INTO job (id) VALUES ('4')"))
				for i, err := range answers {
					switch isBad := i == 2 || i == 4; {
					case isBad && !bad.want(err):
						t.Errorf("bad unit %d: got %v", i, err)
					case !isBad && err != nil:
						t.Errorf("good unit %d: got %v", i, err)
					}
				}
				if n := number(t, db.Reader(), "SELECT count(*) FROM job"); n != 4 {
					t.Errorf("%d rows stored, want the 4 good ones", n)
				}
			})
		}
	})
}

// TestWrite_RefusalsShareTheCommit: a unit that finds its key taken and gives up costs the batch
// nothing.
func TestWrite_RefusalsShareTheCommit(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db := one(t, url)
		var runs atomic.Int64
		claim := func(ctx context.Context, tx sqldb.Tx) error {
			runs.Add(1)
			n, err := tx.Exec(ctx, "INSERT INTO job (id) VALUES ('k') ON CONFLICT DO NOTHING")
			if err == nil && n == 0 {
				return errMine
			}
			return err
		}
		before := db.Commits()
		won := 0
		for _, err := range together(t, db, claim, claim, claim, claim, claim, claim) {
			switch {
			case err == nil:
				won++
			case !errors.Is(err, errMine):
				t.Error(err)
			}
		}
		if n := db.Commits() - before; won != 1 || n != 1 || runs.Load() != 6 {
			t.Errorf("%d won, %d commits, %d runs; want 1, 1, 6", won, n, runs.Load())
		}
	})
}

func TestWrite_ReadsItsOwnWrites(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db := one(t, url)
		mustWrite(t, db, func(ctx context.Context, tx sqldb.Tx) error {
			tx.Queue("UPDATE counter SET n = n + 1 WHERE id = $1", "a")
			tx.Queue("UPDATE counter SET n = n + 1 WHERE id = $1", "a")
			if n := number(t, tx, "SELECT n FROM counter WHERE id = 'a' /*for update*/"); n != 2 {
				t.Errorf("a unit reads %d after its queued writes, want 2", n)
			}
			rows, err := tx.Query(ctx, "UPDATE counter SET n = n + 5 RETURNING id, n")
			if err != nil {
				return err
			}
			seen := map[string]int64{}
			for rows.Next() {
				var id string
				var n int64
				if err := rows.Scan(&id, &n); err != nil {
					return err
				}
				seen[id] = n
				tx.Queue("INSERT INTO job (id) VALUES ($1)", id) // while the rows are read
			}
			if seen["a"] != 7 || seen["b"] != 5 {
				t.Errorf("RETURNING gave %v", seen)
			}
			return rows.Err()
		})
		if n := number(t, db.Reader(), "SELECT n FROM counter WHERE id = 'a'"); n != 7 {
			t.Errorf("stored %d, want 7", n)
		}
	})
}

func TestWrite_CountsRows(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db := one(t, url)
		mustWrite(t, db, func(ctx context.Context, tx sqldb.Tx) error {
			for _, step := range []struct {
				sql  string
				want int64
			}{
				{"UPDATE counter SET n = 3", 2},
				{"UPDATE counter SET n = 3 WHERE id = 'zz'", 0},
				{"INSERT INTO counter VALUES ('a', 1) ON CONFLICT DO NOTHING", 0},
				{"INSERT INTO job (id) VALUES ('x'), ('y'), ('z') RETURNING id", 3},
				{"UPDATE counter SET n = 4 WHERE id = 'a' AND n = 3 RETURNING n", 1},
				{"DELETE FROM child", 0},
				{"INSERT INTO pair (a, b) SELECT id, 'x' FROM counter ORDER BY id", 2},
			} {
				if n, err := tx.Exec(ctx, step.sql); err != nil || n != step.want {
					t.Errorf("%s: %d rows, %v; want %d", step.sql, n, err, step.want)
				}
			}
			return nil
		})
	})
}

func TestWrite_Context(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db := one(t, url)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if err := db.Write(ended, queue(job1)); !is(context.Canceled)(err) {
			t.Errorf("ended context: %v", err)
		}

		release := hold(t, db)
		waiting, leave := context.WithCancel(t.Context())
		answer := make(chan error)
		go func() { answer <- db.Write(waiting, queue("INSERT INTO job (id) VALUES ('2')")) }()
		awaitWaiting(t, db, 1)
		leave()
		if err := <-answer; !is(context.Canceled)(err) {
			t.Errorf("context ended while waiting: %v", err)
		}
		release()

		running, stop := context.WithCancel(t.Context())
		err := db.Write(running, func(ctx context.Context, tx sqldb.Tx) error {
			stop()
			if ctx.Err() != nil || ctx.Done() != nil {
				t.Error("a unit sees its caller leave")
			}
			_, err := tx.Exec(running, "INSERT INTO job (id) VALUES ('3')")
			return err
		})
		if err != nil {
			t.Errorf("context ended while running: %v; the outcome is awaited", err)
		}
		if n := number(t, db.Reader(), "SELECT count(*) FROM job"); n != 1 {
			t.Errorf("%d rows, want only the one of the unit that had started", n)
		}
	})
}

func TestWrite_Overload(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		var now atomic.Int64
		db := open(t, sqldb.Options{
			URL: url, Writers: 1, MaxQueue: 1,
			Now: func() time.Time { return time.Unix(0, now.Load()) },
		})
		release := hold(t, db)
		answer := make(chan error)
		go func() { answer <- db.Write(context.Background(), queue(job1)) }()
		awaitWaiting(t, db, 1)
		if err := db.Write(t.Context(), queue("DELETE FROM job")); !is(sqldb.ErrOverloaded)(err) {
			t.Errorf("full queue: %v", err)
		}
		now.Add(int64(sqldb.MaxQueueWait + 1))
		release()
		if err := <-answer; !is(sqldb.ErrOverloaded)(err) {
			t.Errorf("unit that waited too long: %v", err)
		}
		mustWrite(t, db, queue("INSERT INTO job (id) VALUES ('2')"))
		if n := number(t, db.Reader(), "SELECT count(*) FROM job"); n != 1 {
			t.Errorf("%d rows, want 1", n)
		}
	})
}

func TestWrite_Misuse(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db := one(t, url)
		var kept sqldb.Tx
		mustWrite(t, db, func(ctx context.Context, tx sqldb.Tx) error {
			if err := db.Write(ctx, queue("DELETE FROM job")); err == nil {
				t.Error("a unit could wait for a unit")
			}
			kept = tx
			return nil
		})
		kept.Queue("INSERT INTO job (id) VALUES ('late')")
		if _, err := kept.Exec(t.Context(), "INSERT INTO job (id) VALUES ('late')"); err == nil {
			t.Error("a transaction could be used after its unit")
		}
		answers := together(t, db, queue("INSERT INTO job (id) VALUES ('1')"),
			func(context.Context, sqldb.Tx) error { runtime.Goexit(); return nil })
		if answers[1] == nil {
			t.Error("a unit that ended its goroutine was answered with success")
		}
		mustWrite(t, db, queue("INSERT INTO job (id) VALUES ('2')"))
		n := number(t, db.Reader(), "SELECT count(*) FROM job WHERE id = 'late'")
		if n != 0 {
			t.Error("a late statement was stored")
		}
	})
}

func TestClose(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db := one(t, url)
		release := hold(t, db)
		answer := make(chan error)
		go func() { answer <- db.Write(context.Background(), queue(job1)) }()
		awaitWaiting(t, db, 1)
		closed := make(chan error)
		go func() { closed <- db.Close() }()
		release()
		if err := errors.Join(<-answer, <-closed); err != nil {
			t.Error(err)
		}
		if err := db.Write(t.Context(), queue("DELETE FROM job")); !is(sqldb.ErrClosed)(err) {
			t.Errorf("after Close: %v", err)
		}
		again := one(t, url)
		if n := number(t, again.Reader(), "SELECT count(*) FROM job"); n != 1 {
			t.Errorf("a unit that waited at Close left %d rows, want 1", n)
		}
	})
}

// TestWrite_Parallel adds to one row from two processes' worth of writers; none may be lost.
func TestWrite_Parallel(t *testing.T) {
	const workers, rounds = 8, 40
	each(t, func(t *testing.T, url string) {
		dbs := []*sqldb.DB{open(t, sqldb.Options{URL: url}), open(t, sqldb.Options{URL: url})}
		var all sync.WaitGroup
		for w := range workers {
			all.Go(func() {
				for i := range rounds {
					unit := queue("UPDATE counter SET n = n + 1 WHERE id = 'a'")
					if i%2 == 0 {
						unit = exec("UPDATE counter SET n = n + 1 WHERE id = 'a'")
					}
					if err := dbs[(w+i)%2].Write(context.Background(), unit); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		n := number(t, dbs[0].Reader(), "SELECT n FROM counter WHERE id = 'a'")
		if n != workers*rounds {
			t.Errorf("counted %d, want %d", n, workers*rounds)
		}
	})
}

const claimJobs = `UPDATE job SET owner = $1 WHERE id IN (
	SELECT id FROM job WHERE owner IS NULL ORDER BY id LIMIT 5 /*skip locked*/) RETURNING id`

// TestWrite_Claims takes rows from two nodes at once; nobody may get a row twice.
func TestWrite_Claims(t *testing.T) {
	const jobs = 200
	each(t, func(t *testing.T, url string) {
		dbs := []*sqldb.DB{open(t, sqldb.Options{URL: url}), open(t, sqldb.Options{URL: url})}
		mustWrite(t, dbs[0], func(_ context.Context, tx sqldb.Tx) error {
			for i := range jobs {
				tx.Queue("INSERT INTO job (id) VALUES ($1)", fmt.Sprintf("%04d", i))
			}
			return nil
		})
		var mu sync.Mutex
		owners := map[string]string{}
		var all sync.WaitGroup
		for w := range 6 {
			me := fmt.Sprint(w)
			all.Go(func() {
				for {
					ids, err := claim(dbs[w%2], me)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					for _, id := range ids {
						if other, taken := owners[id]; taken {
							t.Errorf("%s and %s both have %s", other, me, id)
						}
						owners[id] = me
					}
					mu.Unlock()
					left := number(t, dbs[w%2].Reader(), "SELECT count(*) FROM job WHERE owner IS NULL")
					if left == 0 {
						return
					}
				}
			})
		}
		all.Wait()
		if len(owners) != jobs {
			t.Errorf("%d rows handed out, want %d", len(owners), jobs)
		}
	})
}

func claim(db *sqldb.DB, owner string) (ids []string, err error) {
	err = db.Write(context.Background(), func(ctx context.Context, tx sqldb.Tx) error {
		rows, err := tx.Query(ctx, claimJobs, owner)
		if err != nil {
			return err
		}
		defer rows.Close()
		ids = nil
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return rows.Err()
	})
	return ids, err
}

func TestOpen_RefusesUnknownURL(t *testing.T) {
	for _, url := range []string{"", "mysql://x", "file:x", "sqlite:", "sqlite::memory:"} {
		db, err := sqldb.Open(t.Context(), sqldb.Options{URL: url})
		if err == nil {
			t.Errorf("%q was opened", url)
			_ = db.Close()
		} else if !strings.HasPrefix(err.Error(), "open database: ") {
			t.Errorf("%q: %v", url, err)
		}
	}
}
