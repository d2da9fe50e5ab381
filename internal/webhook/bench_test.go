package webhook_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

const (
	benchEndpoints = 16
	benchEvents    = 600 // for each endpoint
	benchClients   = 64
)

// BenchmarkDeliver measures deliveries a second, from the event table to the recorded attempt, and
// what share they are of a bare loop of posts over kept-alive connections to the same receiver.
func BenchmarkDeliver(b *testing.B) {
	var got atomic.Int64
	r := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		got.Add(1)
	}))
	defer r.Close()
	var sent, posted float64
	for b.Loop() {
		posted += pump(b, r.URL, benchEndpoints*benchEvents)
		sent += deliverAll(b, r.URL, &got)
	}
	n := float64(b.N)
	b.ReportMetric(sent/n, "deliveries/s")
	b.ReportMetric(posted/n, "posts/s")
	b.ReportMetric(sent/posted, "ratio")
}

// pump posts n times and returns posts a second.
func pump(b *testing.B, url string, n int) float64 {
	b.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: benchClients}}
	defer client.CloseIdleConnections()
	body := bytes.Repeat([]byte("x"), 800)
	var left atomic.Int64
	left.Store(int64(n))
	begin := time.Now()
	var wg sync.WaitGroup
	for range benchClients {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				res, err := client.Post(url, "application/json", bytes.NewReader(body))
				if err != nil {
					b.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
			}
		})
	}
	wg.Wait()
	return float64(n) / time.Since(begin).Seconds()
}

// deliverAll brings events to all endpoints and returns deliveries a second.
func deliverAll(b *testing.B, url string, got *atomic.Int64) float64 {
	b.Helper()
	h := newHouse(b)
	h.ticks = wall{time.Now()}
	for i := range benchEndpoints {
		h.endpoint(fmt.Sprint(url, "/", i))
	}
	h.write(func(ctx context.Context, tx pay.Tx) error {
		for i := range benchEvents {
			e := pay.Event{
				ID: h.ids.ID("evt", epoch), MerchantID: h.scope.MerchantID, Mode: pay.Test,
				Type: "payment.paid", Kind: pay.ObjectPayment, ObjectID: fmt.Sprint("pay_", i),
				Sequence: 1, Family: "checkout", Data: bytes.Repeat([]byte("x"), 700),
				CreatedAt: epoch,
			}
			if err := tx.InsertEvent(ctx, e); err != nil {
				return err
			}
		}
		return nil
	})
	got.Store(0)
	begin := time.Now()
	h.run(time.Minute, func() bool { return got.Load() >= benchEndpoints*benchEvents })
	h.drain()
	took := time.Since(begin).Seconds()
	if n := got.Load(); n != benchEndpoints*benchEvents {
		b.Fatalf("%d deliveries arrived, want %d", n, benchEndpoints*benchEvents)
	}
	return benchEndpoints * benchEvents / took
}
