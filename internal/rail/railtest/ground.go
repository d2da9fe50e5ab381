package railtest

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/kassa-pay/kassa/internal/ident"
	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/rail/simnet"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
	"github.com/kassa-pay/kassa/internal/store/sqldb/pgtest"
	"github.com/kassa-pay/kassa/internal/store/storetest"
	"github.com/kassa-pay/kassa/internal/vault"
)

// Clock is a time that stands still until it is moved.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that stands at the time.
func NewClock(at time.Time) *Clock { return &Clock{now: at} }

// Now returns the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the time.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Ground is what simulated networks stand on in tests: a real database with their tables alone.
type Ground struct {
	DB       *sqldb.DB
	URL      string
	Clock    *Clock
	IDs      ident.Source
	Vault    *vault.Vault
	Merchant string
}

// Engines runs a test on a new ground on each engine. The package's TestMain must be pgtest.Main.
func Engines(t *testing.T, run func(t *testing.T, g *Ground)) {
	t.Run("sqlite", func(t *testing.T) { run(t, SQLite(t)) })
	t.Run("postgresql", func(t *testing.T) { run(t, NewGround(t, pgtest.URL(t))) })
}

// SQLite returns a new ground in a temporary folder.
func SQLite(t testing.TB) *Ground {
	return NewGround(t, "sqlite:"+filepath.Join(t.TempDir(), "kassa.db"))
}

// NewGround returns a new ground on the database.
func NewGround(t testing.TB, url string) *Ground {
	t.Helper()
	db, err := sqldb.Open(t.Context(), storetest.Patient(url, migrations(t)))
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
	g := &Ground{
		DB: db, URL: url, IDs: ident.Random(),
		Clock: NewClock(time.Date(2026, 11, 20, 9, 0, 0, 123_456_000, time.UTC)),
	}
	if g.Vault, err = vault.FromKey(bytes.Repeat([]byte{7}, vault.KeySize), g.IDs); err != nil {
		t.Fatal(err)
	}
	g.Merchant = g.IDs.ID("mer", g.Clock.Now())
	return g
}

// migrations are those of the networks and no other: they refer to nothing of the product.
func migrations(t testing.TB) fstest.MapFS {
	t.Helper()
	all := fstest.MapFS{}
	for _, name := range []string{"0100_sim.sql", "0101_payto.sql"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "store", "schema", name))
		if err != nil {
			t.Fatal(err)
		}
		all[name] = &fstest.MapFile{Data: text}
	}
	return all
}

// Config is a network's on this ground.
func (g *Ground) Config() simnet.Config {
	return simnet.Config{
		DB: g.DB, Clock: g.Clock, IDs: g.IDs, Vault: g.Vault, BaseURL: "http://127.0.0.1:8080",
	}
}

// Ref names a payment of the ground's merchant.
func (g *Ground) Ref(paymentID string) pay.Ref {
	return pay.Ref{
		Scope:     pay.Scope{MerchantID: g.Merchant, Mode: pay.Test},
		PaymentID: paymentID, Now: g.Clock.Now(),
	}
}

// Attempt returns a new payment of 50 cedis, to be completed with what the payer types.
func (g *Ground) Attempt() pay.Attempt {
	now := g.Clock.Now()
	return pay.Attempt{
		Ref: g.Ref(g.IDs.ID("pay", now)), Capture: pay.CaptureAutomatic,
		Amount:    money.Amount{Minor: 5000, Currency: "GHS"},
		ExpiresAt: now.Add(24 * time.Hour),
		ReturnURL: "http://127.0.0.1:8080/checkout/cs_1/return",
	}
}

// Booked returns what a network has booked of one kind for a payment by now, whosever it is.
func (g *Ground) Booked(t testing.TB, rail, kind, paymentID string) []money.Amount {
	t.Helper()
	rows, err := g.DB.Reader().Query(t.Context(), `SELECT amount, currency FROM sim_entry
		WHERE rail = $1 AND payment_id = $2 AND kind = $3 AND posted_at <= $4`,
		rail, paymentID, kind, g.Clock.Now().UnixMicro())
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []money.Amount
	for rows.Next() {
		var a money.Amount
		if err := rows.Scan(&a.Minor, &a.Currency); err != nil {
			t.Fatal(err)
		}
		all = append(all, a)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// Pumper is a network that sends its notifications when it is told to.
type Pumper interface {
	Pump(ctx context.Context, now time.Time, limit int, send simnet.Send) (int, error)
}

// Collect pumps a network once and returns what arrived.
func (g *Ground) Collect(t testing.TB, from Pumper) []Notification {
	t.Helper()
	var got []Notification
	_, err := from.Pump(t.Context(), g.Clock.Now(), 100,
		func(_ context.Context, header http.Header, body []byte) error {
			got = append(got, Notification{Header: header, Body: bytes.Clone(body)})
			return nil
		})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// Harness is the part of a harness that a simulated network has from its ground. Open, Fill and
// TimeOut are the network's own.
func (g *Ground) Harness(rail string) Harness {
	return Harness{
		Now: g.Clock.Now, Advance: g.Clock.Advance, IDs: g.IDs, LateAfter: simnet.LateAfter,
		Debits: func(t testing.TB, id string) []money.Amount {
			return g.Booked(t, rail, "debit", id)
		},
		Credits: func(t testing.TB, id string) []money.Amount {
			return g.Booked(t, rail, "credit", id)
		},
		Notices: func(t testing.TB, r pay.Rail) []Notification {
			return g.Collect(t, r.(Pumper))
		},
	}
}
