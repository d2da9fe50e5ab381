package sqldb_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

const benchSchema = `-- +goose Up
CREATE TABLE session (id TEXT PRIMARY KEY, merchant_id TEXT NOT NULL, body TEXT NOT NULL, expires_at BIGINT NOT NULL);
CREATE INDEX session_due ON session (expires_at) WHERE expires_at > 0;
CREATE TABLE event (id TEXT PRIMARY KEY, merchant_id TEXT NOT NULL, body BYTEA NOT NULL, fanned_out BOOLEAN NOT NULL);
`

func BenchmarkWrite(b *testing.B) {
	for name, url := range engines {
		for _, callers := range []int{1, 8, 64} {
			b.Run(fmt.Sprintf("%s/callers=%d", name, callers), func(b *testing.B) {
				benchWrite(b, url(b), callers)
			})
		}
	}
}

func benchWrite(b *testing.B, url string, callers int) {
	ctx := context.Background()
	db, err := sqldb.Open(ctx, sqldb.Options{URL: url, Migrations: fstest.MapFS{"00001_a.sql": {Data: []byte(benchSchema)}}})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	if _, _, err := db.Migrate(ctx); err != nil {
		b.Fatal(err)
	}
	body := strings.Repeat("x", 700)
	ev := []byte(strings.Repeat("y", 800))
	var n atomic.Int64
	b.ReportAllocs()
	b.ResetTimer()
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for {
				i := n.Add(1)
				if i > int64(b.N) {
					return
				}
				err := db.Write(ctx, func(ctx context.Context, tx sqldb.Tx) error {
					tx.Queue("INSERT INTO session VALUES ($1,$2,$3,$4)", fmt.Sprintf("cs_%020d", i), "m_1", body, i)
					tx.Queue("INSERT INTO event VALUES ($1,$2,$3,$4)", fmt.Sprintf("ev_%020d", i), "m_1", ev, false)
					return nil
				})
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "units/s")
	b.ReportMetric(float64(db.Commits())/float64(b.N), "commits/unit")
}
