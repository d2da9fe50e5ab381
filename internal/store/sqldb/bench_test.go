package sqldb_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

const benchSchema = `-- +goose Up
CREATE TABLE session (
	id TEXT PRIMARY KEY, merchant_id TEXT NOT NULL, body TEXT NOT NULL, expires_at BIGINT NOT NULL
);
CREATE INDEX session_due ON session (expires_at) WHERE expires_at > 0;
CREATE TABLE event (
	id TEXT PRIMARY KEY, merchant_id TEXT NOT NULL, body BYTEA NOT NULL, fanned_out BOOLEAN NOT NULL
);
`

var (
	benchBody  = strings.Repeat("x", 700)
	benchEvent = []byte(strings.Repeat("y", 800))
)

// insertSession is a unit like that of a new session: a fat row with a due time, and its event.
func insertSession(i int64) sqldb.Unit {
	return func(_ context.Context, tx sqldb.Tx) error {
		tx.Queue("INSERT INTO session (id, merchant_id, body, expires_at) VALUES ($1, $2, $3, $4)",
			fmt.Sprintf("cs_%020d", i), "m_1", benchBody, i)
		tx.Queue("INSERT INTO event (id, merchant_id, body, fanned_out) VALUES ($1, $2, $3, $4)",
			fmt.Sprintf("ev_%020d", i), "m_1", benchEvent, false)
		return nil
	}
}

// moveSession is a unit like that of a payment: read, compare and swap, write an event.
func moveSession(i int64) sqldb.Unit {
	return func(ctx context.Context, tx sqldb.Tx) error {
		id := fmt.Sprintf("cs_%020d", i)
		var at int64
		row := tx.QueryRow(ctx, "SELECT expires_at FROM session WHERE id = $1 /*for update*/", id)
		if err := row.Scan(&at); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "UPDATE session SET expires_at = 0 WHERE id = $1 AND expires_at = $2",
			id, at); err != nil {
			return err
		}
		tx.Queue("INSERT INTO event (id, merchant_id, body, fanned_out) VALUES ($1, $2, $3, $4)",
			fmt.Sprintf("em_%020d", i), "m_1", benchEvent, false)
		return nil
	}
}

func BenchmarkWrite(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgresql"} {
		for _, callers := range []int{1, 8, 64} {
			b.Run(fmt.Sprintf("%s/insert/callers=%d", engine, callers), func(b *testing.B) {
				benchUnits(b, openBench(b, engine), callers, insertSession)
			})
		}
		b.Run(engine+"/move/callers=64", func(b *testing.B) {
			db := openBench(b, engine)
			for first := int64(1); first <= int64(b.N); first += 1000 {
				mustWrite(b, db, func(ctx context.Context, tx sqldb.Tx) error {
					for i := first; i < first+1000; i++ {
						_ = insertSession(i)(ctx, tx)
					}
					return nil
				})
			}
			benchUnits(b, db, 64, moveSession)
		})
	}
}

func openBench(b *testing.B, engine string) *sqldb.DB {
	return open(b, sqldb.Options{URL: engines[engine](b), Migrations: migrations(benchSchema)})
}

// benchUnits keeps that many callers busy and reports rate, commits and the slowest hundredth.
func benchUnits(b *testing.B, db *sqldb.DB, callers int, unit func(int64) sqldb.Unit) {
	var n atomic.Int64
	var mu sync.Mutex
	took := make([]time.Duration, 0, b.N)
	before := db.Commits()
	b.ReportAllocs()
	b.ResetTimer()
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			var mine []time.Duration
			for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
				start := time.Now()
				if err := db.Write(context.Background(), unit(i)); err != nil {
					b.Error(err)
				}
				mine = append(mine, time.Since(start))
			}
			mu.Lock()
			took = append(took, mine...)
			mu.Unlock()
		})
	}
	all.Wait()
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "units/s")
	b.ReportMetric(float64(db.Commits()-before)/float64(b.N), "commits/unit")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "ms-p99")
	b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "ms-max")
}

func BenchmarkRead(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgresql"} {
		b.Run(engine, func(b *testing.B) {
			db := openBench(b, engine)
			mustWrite(b, db, insertSession(1))
			r := db.Reader()
			b.ReportAllocs()
			b.SetParallelism(32)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					var merchant, body string
					var at int64
					err := r.QueryRow(context.Background(),
						"SELECT merchant_id, body, expires_at FROM session WHERE id = $1",
						"cs_00000000000000000001").Scan(&merchant, &body, &at)
					if err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
