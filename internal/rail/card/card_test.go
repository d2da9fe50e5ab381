package card_test

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
	"github.com/kassa-pay/kassa/internal/rail/card"
	"github.com/kassa-pay/kassa/internal/rail/railtest"
	"github.com/kassa-pay/kassa/internal/secret"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
	"github.com/kassa-pay/kassa/internal/store/sqldb/pgtest"
	"github.com/kassa-pay/kassa/internal/vault"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var (
	_ pay.Rail      = (*card.Network)(nil)
	_ pay.Capturer  = (*card.Network)(nil)
	_ pay.Voider    = (*card.Network)(nil)
	_ pay.Refunder  = (*card.Network)(nil)
	_ pay.Notifier  = (*card.Network)(nil)
	_ pay.Simulated = (*card.Network)(nil)
)

// clock is a time that stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// bench is a network with everything it stands on.
type bench struct {
	*card.Network
	db       *sqldb.DB
	url      string
	clock    *clock
	ids      ident.Source
	vault    *vault.Vault
	merchant string
}

// engines runs a test on each engine.
func engines(t *testing.T, run func(t *testing.T, b *bench)) {
	t.Run("sqlite", func(t *testing.T) {
		run(t, newBench(t, "sqlite:"+filepath.Join(t.TempDir(), "kassa.db")))
	})
	t.Run("postgresql", func(t *testing.T) { run(t, newBench(t, pgtest.URL(t))) })
}

func migrations(t testing.TB) fstest.MapFS {
	t.Helper()
	const name = "0100_sim.sql"
	text, err := os.ReadFile(filepath.Join("..", "..", "store", "schema", name))
	if err != nil {
		t.Fatal(err)
	}
	return fstest.MapFS{name: {Data: text}}
}

func newBench(t testing.TB, url string) *bench {
	t.Helper()
	db, err := sqldb.Open(t.Context(), sqldb.Options{URL: url, Migrations: migrations(t)})
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
	b := &bench{
		db: db, url: url, ids: ident.Random(),
		clock: &clock{now: time.Date(2026, 11, 20, 9, 0, 0, 123_456_000, time.UTC)},
	}
	if b.vault, err = vault.FromKey(bytes.Repeat([]byte{7}, vault.KeySize), b.ids); err != nil {
		t.Fatal(err)
	}
	b.merchant = b.ids.ID("mer", b.clock.Now())
	b.Network = b.open(t)
	return b
}

// open opens the network over the same records once more.
func (b *bench) open(t testing.TB) *card.Network {
	t.Helper()
	n, err := card.New(card.Config{
		DB: b.db, Clock: b.clock, IDs: b.ids, Vault: b.vault, BaseURL: "http://127.0.0.1:8080",
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func cardOf(number string) *pay.Card {
	return &pay.Card{
		Number: secret.NewPAN(number), CVC: secret.NewCVV([]byte("123")),
		ExpMonth: 12, ExpYear: 2030,
	}
}

func (b *bench) ref(paymentID string) pay.Ref {
	return pay.Ref{
		Scope:     pay.Scope{MerchantID: b.merchant, Mode: pay.Test},
		PaymentID: paymentID, Now: b.clock.Now(),
	}
}

func (b *bench) attempt(number string) pay.Attempt {
	return pay.Attempt{
		Ref: b.ref(b.ids.ID("pay", b.clock.Now())), Capture: pay.CaptureAutomatic,
		Amount: money.Amount{Minor: 5000, Currency: "GHS"}, Card: cardOf(number),
		ReturnURL: "http://127.0.0.1:8080/checkout/cs_1/return",
	}
}

func (b *bench) query(t testing.TB, paymentID string) pay.Outcome {
	t.Helper()
	out, err := b.Query(t.Context(), b.ref(paymentID))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// ledger returns what the network has booked of one kind for a payment by now, for any merchant of
// the suite.
func (b *bench) ledger(t testing.TB, kind, paymentID string) []money.Amount {
	t.Helper()
	rows, err := b.db.Reader().Query(t.Context(), `SELECT amount, currency FROM sim_entry
		WHERE rail = 'card' AND payment_id = $1 AND kind = $2 AND posted_at <= $3`,
		paymentID, kind, b.clock.Now().UnixMicro())
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

// collect pumps the network once and returns what arrived.
func (b *bench) collect(t testing.TB) []railtest.Notification {
	t.Helper()
	var got []railtest.Notification
	_, err := b.Pump(t.Context(), b.clock.Now(), 100,
		func(_ context.Context, header http.Header, body []byte) error {
			got = append(got, railtest.Notification{Header: header, Body: bytes.Clone(body)})
			return nil
		})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestNetwork_Conformance(t *testing.T) {
	numbers := map[railtest.Case]string{
		railtest.Succeeds: "4242424242424242", railtest.Declines: "4000000000000002",
		railtest.Late: "4000000000101008", railtest.LateDecline: "4000000000102006",
		railtest.ReplyLost: "4000000000107005", railtest.NeverArrives: "4000000000108003",
		railtest.Challenged: "4000002500003155", railtest.RefundLate: "4000000000007726",
		railtest.RefundFails: "4000000000005126",
	}
	engines(t, func(t *testing.T, b *bench) {
		railtest.Run(t, railtest.Harness{
			Open: func(t testing.TB) pay.Rail { return b.open(t) },
			Now:  b.clock.Now, Advance: b.clock.advance, IDs: b.ids,
			Card: func(c railtest.Case) *pay.Card { return cardOf(numbers[c]) },
			Debits: func(t testing.TB, id string) []money.Amount {
				return b.ledger(t, "debit", id)
			},
			Credits: func(t testing.TB, id string) []money.Amount {
				return b.ledger(t, "credit", id)
			},
			Notices: func(t testing.TB, _ pay.Rail) []railtest.Notification {
				return b.collect(t)
			},
			LateAfter: 30 * time.Second,
		})
	})
}
