package store_test

import (
	"context"
	"testing"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
	"github.com/kassa-pay/kassa/internal/store/sqldb/pgtest"
	"github.com/kassa-pay/kassa/internal/store/storetest"
)

var engines = pgtest.Engines

func TestMain(m *testing.M) { pgtest.MainWithoutLeaks(m) }

func TestStore(t *testing.T) {
	for name, url := range engines {
		t.Run(name, func(t *testing.T) {
			db := storetest.Open(t, url(t))
			storetest.Run(t, func(t *testing.T) pay.Store {
				wipe(t, db)
				return store.New(db)
			})
		})
	}
}

// wipe empties every table of the store, for a new database takes PostgreSQL most of a second.
func wipe(t *testing.T, db *sqldb.DB) {
	t.Helper()
	tables := []string{
		"delivery_attempt", "delivery", "payload", "endpoint", "event", "journal", "folded",
		"folded_balance", "refund", "mandate_window", "mandate", "method", "payment", "session",
		"customer", "api_key", "merchant", "setting", "idempotency", "inbox",
	}
	err := db.Write(context.Background(), func(ctx context.Context, tx sqldb.Tx) error {
		for _, table := range tables {
			tx.Queue("DELETE FROM " + table)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
