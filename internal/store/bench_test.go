package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/ident"
	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store"
	"github.com/kassa-pay/kassa/internal/store/storetest"
)

// BenchmarkCreate stores what creating a session stores: the session, its event and, in the keyed
// runs, the record of the idempotency key with the reply. The time per operation is the wall clock
// over all callers; units per commit tell how well commits are shared.
func BenchmarkCreate(b *testing.B) {
	for engine, url := range engines {
		for _, callers := range []int{1, 64} {
			for _, merchants := range []int{1, 1000} {
				for _, keyed := range []bool{false, true} {
					name := fmt.Sprintf("%s/callers=%d/merchants=%d/keyed=%t", engine, callers,
						merchants, keyed)
					b.Run(name, func(b *testing.B) {
						benchmarkCreate(b, url(b), callers, creator(merchants, keyed))
					})
				}
			}
		}
	}
}

func benchmarkCreate(b *testing.B, url string, callers int, unit func(int64, pay.Tx) error) {
	db := storetest.Open(b, url)
	s := store.New(db)
	var next atomic.Int64
	var wg sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	before := db.Commits()
	for range callers {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				err := s.Write(context.Background(), func(_ context.Context, tx pay.Tx) error {
					return unit(i, tx)
				})
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/float64(db.Commits()-before), "units/commit")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "units/s")
}

// creator returns a unit that stores the i-th session, spread over the merchants.
func creator(merchants int, keyed bool) func(i int64, tx pay.Tx) error {
	ids := ident.Random()
	owners := make([]string, merchants)
	for i := range owners {
		owners[i] = ids.ID("mer", time.Now())
	}
	return func(i int64, tx pay.Tx) error {
		ctx := context.Background()
		s := session(ids, owners[int(i)%merchants])
		if err := tx.InsertSession(ctx, s, s.ExpiresAt); err != nil {
			return err
		}
		data, err := json.Marshal(s)
		if err != nil {
			return err
		}
		err = tx.InsertEvent(ctx, pay.Event{
			ID: ids.ID("evt", s.CreatedAt), MerchantID: s.MerchantID, Mode: s.Mode,
			Type: "session.open", Kind: pay.ObjectSession, ObjectID: s.ID, Sequence: 1,
			Family: s.Family, Data: data, RequestID: ids.ID("req", s.CreatedAt), Sent: true,
			CreatedAt: s.CreatedAt,
		})
		if err != nil || !keyed {
			return err
		}
		return tx.InsertIdempotency(ctx, pay.IdempotencyRecord{
			Scope: s.Scope(), Key: ids.Secret(16), Fingerprint: make([]byte, 32), ObjectID: s.ID,
			Reply: &pay.Reply{Status: 201, Body: data}, CreatedAt: s.CreatedAt,
		})
	}
}

func session(ids ident.Source, merchant string) pay.Session {
	now := time.Now().UTC().Truncate(time.Microsecond)
	return pay.Session{
		ID: ids.ID("cs", now), MerchantID: merchant, Mode: pay.Test, Family: "checkout",
		State: pay.SessionOpen, Version: 1, Amount: money.Amount{Minor: 5000, Currency: "GHS"},
		Capture: pay.CaptureAutomatic, CustomerEmail: "customer@example.com",
		SuccessURL: "https://shop.example.com/success?session_id={CHECKOUT_SESSION_ID}",
		CancelURL:  "https://shop.example.com/cart",
		Metadata:   map[string]string{"order_id": "order_" + strconv.Itoa(now.Nanosecond())},
		ExpiresAt:  now.Add(24 * time.Hour), CreatedAt: now, UpdatedAt: now,
	}
}

// BenchmarkRetrieve reads sessions by id, eight readers at a time.
func BenchmarkRetrieve(b *testing.B) {
	const stored, readers = 10_000, 8
	for engine, url := range engines {
		b.Run(engine, func(b *testing.B) {
			s := store.New(storetest.Open(b, url(b)))
			sessions := make([]pay.Session, stored)
			err := s.Write(context.Background(), func(ctx context.Context, tx pay.Tx) error {
				for i := range sessions {
					sessions[i] = session(ident.Random(), "mer_1")
					if err := tx.InsertSession(ctx, sessions[i], time.Time{}); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
			var next atomic.Int64
			b.SetParallelism(readers)
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					want := &sessions[next.Add(1)*7919%stored]
					_, err := s.Session(context.Background(), want.Scope(), want.ID)
					if err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

// BenchmarkDeliver moves deliveries through the store as a sender does: claimed in rounds, each
// attempt recorded. One endpoint of a hundred never answers and has a long backlog.
func BenchmarkDeliver(b *testing.B) {
	for engine, url := range engines {
		for _, backlog := range []int{0, 20_000} {
			b.Run(fmt.Sprintf("%s/backlog=%d", engine, backlog), func(b *testing.B) {
				benchmarkDeliver(b, store.New(storetest.Open(b, url(b))), backlog)
			})
		}
	}
}

func benchmarkDeliver(b *testing.B, s *store.Store, backlog int) {
	const endpoints, limit = 100, 64
	now := time.Now()
	ids := ident.Random()
	owners := make([]pay.Endpoint, endpoints)
	for i := range owners {
		owners[i] = pay.Endpoint{
			ID: ids.ID("we", now), MerchantID: "mer_1", Mode: pay.Test, Family: "checkout",
			Enabled: true, Secret: []byte{1}, Version: 1, CreatedAt: now, UpdatedAt: now,
		}
		must(b, s, func(ctx context.Context, tx pay.Tx) error {
			return tx.InsertEndpoint(ctx, owners[i])
		})
	}
	fill(b, s, backlog, func(int) pay.Delivery { return delivery(ids, owners[0], now) })
	fill(b, s, b.N, func(i int) pay.Delivery { return delivery(ids, owners[1+i%(endpoints-1)], now) })
	b.ResetTimer()
	for done := 0; done < b.N; {
		var parcels []pay.Parcel
		must(b, s, func(ctx context.Context, tx pay.Tx) (err error) {
			parcels, err = tx.ClaimDeliveries(ctx, pay.ClaimOrder{
				Now: now, Until: now.Add(time.Hour), Lease: ids.ID("lease", now), Limit: limit,
				PerEndpoint: 4,
			})
			return err
		})
		var wg sync.WaitGroup
		for _, p := range parcels {
			if p.EndpointID == owners[0].ID {
				continue
			}
			done++
			wg.Go(func() {
				d := p.Delivery
				d.State, d.Attempts = pay.DeliverySucceeded, 1
				must(b, s, func(ctx context.Context, tx pay.Tx) error {
					_, err := tx.FinishAttempt(ctx, d, pay.DeliveryAttempt{Number: 1, At: now, Status: 200})
					if err != nil {
						return err
					}
					return tx.ReleaseNext(ctx, d.EndpointID, d.ObjectID, now)
				})
			})
		}
		wg.Wait()
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "deliveries/s")
}

func delivery(ids ident.Source, e pay.Endpoint, now time.Time) pay.Delivery {
	return pay.Delivery{
		ID: ids.ID("dlv", now), MerchantID: e.MerchantID, Mode: e.Mode, EndpointID: e.ID,
		EventID: ids.ID("evt", now), Type: "checkout.session.completed", ObjectID: ids.ID("cs", now),
		Sequence: 1, State: pay.DeliveryPending, NextAttemptAt: now.Add(-time.Second),
		CreatedAt: now, UpdatedAt: now,
	}
}

// fill stores n deliveries, a thousand to a unit.
func fill(b *testing.B, s *store.Store, n int, next func(int) pay.Delivery) {
	b.Helper()
	body := make([]byte, 800)
	for at := 0; at < n; at += 1000 {
		must(b, s, func(ctx context.Context, tx pay.Tx) error {
			for i := at; i < min(n, at+1000); i++ {
				if err := tx.InsertDelivery(ctx, next(i), body); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

func must(b *testing.B, s *store.Store, unit func(context.Context, pay.Tx) error) {
	b.Helper()
	if err := s.Write(context.Background(), unit); err != nil {
		b.Error(err)
	}
}
