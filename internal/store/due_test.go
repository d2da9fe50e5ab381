package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
	"github.com/kassa-pay/kassa/internal/store/sqldb/pgtest"
	"github.com/kassa-pay/kassa/internal/store/storetest"
)

// dueNow is the moment at which tests and measurements ask what is due.
var dueNow = time.Date(2026, 11, 21, 10, 30, 0, 0, time.UTC)

// The rows of mandates in bulk, all made on one method. Parameters: the first and the last number,
// dueNow, and how many are due by then; the others are due within the thirty days that follow.
const (
	numbers = `WITH RECURSIVE n (i) AS (
		SELECT CAST($1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < $2)`
	bulkSessions = numbers + ` INSERT INTO session (id, merchant_id, mode, family, state, version,
		amount, currency, capture, methods, customer_email, customer_phone, success_url, cancel_url,
		metadata, declines, expires_at, created_at, updated_at, last_decline, series)
		SELECT 'cs_' || i, 'mer_1', 'test', 'collect', 'complete', 1, 5000, 'ZAR', 'automatic', '',
		'ama@example.com', '', '', '', '', 0, 0, 0, 0, '', 'first' FROM n`
	bulkMandates = numbers + ` INSERT INTO mandate (id, merchant_id, mode, family, customer_id,
		method_id, session_id, state, version, currency, terms, consent, used_count, used_total,
		max_count, schedule, next_at, try_at, failures, retry, reason, created_at, updated_at,
		due_at, network_code, description)
		SELECT 'mdt_' || i, 'mer_1', 'test', 'collect', 'cus_' || i, 'pm_1', 'cs_' || i, 'active', 1,
		'ZAR', '{"kind":"scheduled","amount":{"exact":5000},"recurrence":{"unit":"month",` +
		`"interval":1},"start":"2026-01-01","zone":"Africa/Johannesburg","max_count":36}',
		'I agree that 50.00 ZAR is charged every month, at most 36 times.', 3, 15000, 36,
		'{"recurrence":{"unit":"month","interval":1},"start":"2026-01-01","hour":9,"minute":0,` +
		`"amount":5000}', due, due, 0, '', '', 0, 0, due, '', ''
		FROM (SELECT i, CASE WHEN i <= $4 THEN $3 - $4 + i
			ELSE $3 + 1 + (i * 7919) % 2592000000000 END AS due FROM n) AS scheduled`
)

// bulk fills a database with mandates of which some are due, the first one longest.
func bulk(t testing.TB, db *sqldb.DB, mandates, due int64) {
	t.Helper()
	const step = 20_000
	write := func(sql string, args ...any) {
		t.Helper()
		err := db.Write(context.Background(), func(_ context.Context, tx sqldb.Tx) error {
			tx.Queue(sql, args...)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	p := pay.Payment{
		ID: "pay_1", MerchantID: "mer_1", Mode: pay.Test, State: pay.PaymentPaid, Version: 1,
		Capture: pay.CaptureAutomatic,
	}
	m := pay.SavedMethod{
		ID: "pm_1", MerchantID: "mer_1", Mode: pay.Test, State: pay.MethodActive, Version: 1,
		PaymentID: p.ID,
	}
	err := store.New(db).Write(context.Background(), func(ctx context.Context, tx pay.Tx) error {
		return errors.Join(tx.InsertPayment(ctx, p, time.Time{}), tx.InsertMethod(ctx, m))
	})
	if err != nil {
		t.Fatal(err)
	}
	for first := int64(1); first <= mandates; first += step {
		last := min(mandates, first+step-1)
		write(bulkSessions, first, last)
		write(bulkMandates, first, last, dueNow.UnixMicro(), due)
	}
}

// BenchmarkDueScan asks a million mandates which are due: a hundred, and none.
func BenchmarkDueScan(b *testing.B) {
	const mandates, due = 1_000_000, 100
	for engine, url := range engines {
		b.Run(engine, func(b *testing.B) {
			db := storetest.Open(b, url(b))
			bulk(b, db, mandates, due)
			s := store.New(db)
			for _, x := range []struct {
				at   time.Time
				want int
			}{{dueNow, due}, {dueNow.Add(-time.Hour), 0}} {
				b.Run(fmt.Sprintf("due=%d", x.want), func(b *testing.B) {
					for range b.N {
						if n := countDue(b, s, x.at, due); n != x.want {
							b.Fatalf("%d are due, want %d", n, x.want)
						}
					}
				})
			}
		})
	}
}

func countDue(b *testing.B, s *store.Store, at time.Time, limit int) (n int) {
	b.Helper()
	must(b, s, func(ctx context.Context, tx pay.Tx) error {
		due, err := tx.LockDueMandates(ctx, at, limit)
		n = len(due)
		return err
	})
	return n
}

// TestDueMandates_LockedArePassedOver: while one node holds a mandate, another takes the next one
// and does not wait.
func TestDueMandates_LockedArePassedOver(t *testing.T) {
	url := pgtest.URL(t)
	db := storetest.Open(t, url)
	bulk(t, db, 4, 3)
	ids := []string{"mdt_1", "mdt_2", "mdt_3"}
	mine, theirs := store.New(db), store.New(storetest.Open(t, url))
	take := func(ctx context.Context, tx pay.Tx) []string {
		due, err := tx.LockDueMandates(ctx, dueNow, 2)
		if err != nil {
			t.Error(err)
		}
		var taken []string
		for _, m := range due {
			taken = append(taken, m.ID)
		}
		return taken
	}
	err := mine.Write(context.Background(), func(ctx context.Context, tx pay.Tx) error {
		if taken := take(ctx, tx); !slices.Equal(taken, ids[:2]) {
			t.Errorf("the first node took %v, want %v", taken, ids[:2])
		}
		return theirs.Write(context.Background(), func(ctx context.Context, tx pay.Tx) error {
			if taken := take(ctx, tx); !slices.Equal(taken, ids[2:]) {
				t.Errorf("the second node took %v, want %v", taken, ids[2:])
			}
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestSlots_TwoNodes: two nodes take slots of one mandate at once without ever asking its terms.
// Just as many are sold as there are.
func TestSlots_TwoNodes(t *testing.T) {
	const slots, buyers = 36, 60 // slots is what the terms of bulk permit, of which 3 are used
	url := pgtest.URL(t)
	db := storetest.Open(t, url)
	bulk(t, db, 1, 0)
	nodes := []*store.Store{store.New(db), store.New(storetest.Open(t, url))}
	errs := make([]error, buyers)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			errs[i] = nodes[i%2].Write(context.Background(), takeSlot)
		})
	}
	wg.Wait()
	sold := int64(3)
	for _, err := range errs {
		switch e := pay.AsError(err); {
		case err == nil:
			sold++
		case e.Kind != pay.Conflict || e.Code != "limit":
			t.Error(err)
		}
	}
	m, err := nodes[0].MandateByID(context.Background(), "mdt_1")
	if err != nil || m.Count != slots || sold != slots {
		t.Errorf("%d sold, %d counted of %d: %v", sold, m.Count, slots, err)
	}
}

func takeSlot(ctx context.Context, tx pay.Tx) error {
	m, err := tx.LockMandate(ctx, "mdt_1")
	if err != nil {
		return err
	}
	m.Count++
	m.Version++
	return tx.SwapMandate(ctx, m, time.Time{})
}
