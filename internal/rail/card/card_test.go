package card_test

import (
	"testing"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/rail/card"
	"github.com/kassa-pay/kassa/internal/rail/railtest"
	"github.com/kassa-pay/kassa/internal/secret"
	"github.com/kassa-pay/kassa/internal/store/sqldb/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var (
	_ pay.Rail      = (*card.Network)(nil)
	_ pay.Capturer  = (*card.Network)(nil)
	_ pay.Voider    = (*card.Network)(nil)
	_ pay.Refunder  = (*card.Network)(nil)
	_ pay.Notifier  = (*card.Network)(nil)
	_ pay.Simulated = (*card.Network)(nil)
	_ pay.Keeper    = (*card.Network)(nil)
	_ pay.Rehearser = (*card.Network)(nil)
)

// bench is a network with everything it stands on.
type bench struct {
	*card.Network
	*railtest.Ground
}

// engines runs a test on each engine.
func engines(t *testing.T, run func(t *testing.T, b *bench)) {
	railtest.Engines(t, func(t *testing.T, g *railtest.Ground) { run(t, newBench(t, g)) })
}

func sqlite(t testing.TB) *bench { return newBench(t, railtest.SQLite(t)) }

func newBench(t testing.TB, g *railtest.Ground) *bench {
	t.Helper()
	b := &bench{Ground: g}
	b.Network = b.open(t)
	return b
}

// open opens the network over the same records once more.
func (b *bench) open(t testing.TB) *card.Network {
	t.Helper()
	n, err := card.New(b.Config())
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

func (b *bench) attempt(number string) pay.Attempt {
	a := b.Attempt()
	a.Card = cardOf(number)
	return a
}

func (b *bench) query(t testing.TB, paymentID string) pay.Outcome {
	t.Helper()
	out, err := b.Query(t.Context(), b.Ref(paymentID))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (b *bench) ledger(t testing.TB, kind, paymentID string) []money.Amount {
	t.Helper()
	return b.Booked(t, card.Name, kind, paymentID)
}

func (b *bench) collect(t testing.TB) []railtest.Notification {
	t.Helper()
	return b.Collect(t, b.Network)
}

func TestNetwork_Conformance(t *testing.T) {
	numbers := map[railtest.Case]string{
		railtest.Succeeds: "4242424242424242", railtest.Declines: "4000000000000002",
		railtest.Late: "4000000000101008", railtest.LateDecline: "4000000000102006",
		railtest.ReplyLost: "4000000000107005", railtest.NeverArrives: "4000000000108003",
		railtest.Challenged: "4000002500003155", railtest.RefundLate: "4000000000007726",
		railtest.RefundFails: "4000000000005126", railtest.Verified: "4242424242424242",
		railtest.AsksAlways: "4000002760003184", railtest.DeclinesLater: "4000000000000341",
	}
	engines(t, func(t *testing.T, b *bench) {
		h := b.Harness(card.Name)
		h.Open = func(t testing.TB) pay.Rail { return b.open(t) }
		h.TimeOut = pay.DeclineAuthTimeout
		h.Fill = func(c railtest.Case, a *pay.Attempt) bool {
			number, ok := numbers[c]
			a.Card = cardOf(number)
			return ok
		}
		railtest.Run(t, h)
	})
}
