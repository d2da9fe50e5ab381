package bank_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/rail/bank"
	"github.com/kassa-pay/kassa/internal/rail/railtest"
	"github.com/kassa-pay/kassa/internal/store/sqldb/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var (
	_ pay.Rail      = (*bank.Network)(nil)
	_ pay.Voider    = (*bank.Network)(nil)
	_ pay.Refunder  = (*bank.Network)(nil)
	_ pay.Notifier  = (*bank.Network)(nil)
	_ pay.Simulated = (*bank.Network)(nil)
	_ pay.Depositor = (*bank.Network)(nil)
)

func open(t testing.TB, g *railtest.Ground) *bank.Network {
	t.Helper()
	n, err := bank.New(g.Config())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestNetwork_Conformance(t *testing.T) {
	railtest.Engines(t, func(t *testing.T, g *railtest.Ground) {
		h := g.Harness(bank.Name)
		h.Open = func(t testing.TB) pay.Rail { return open(t, g) }
		h.Fill = func(c railtest.Case, _ *pay.Attempt) bool { return c == railtest.Succeeds }
		railtest.Run(t, h)
	})
}

// A transfer has a deadline and an amount, and leaves nothing that could be charged again.
func TestStart_RefusesWhatIsNoTransfer(t *testing.T) {
	g := railtest.SQLite(t)
	n := open(t, g)
	for name, spoil := range map[string]func(*pay.Attempt){
		"no deadline": func(a *pay.Attempt) { a.ExpiresAt = time.Time{} },
		"no amount":   func(a *pay.Attempt) { a.Amount.Minor = 0 },
		"keep":        func(a *pay.Attempt) { a.Keep = true },
		"saved":       func(a *pay.Attempt) { a.Saved = &pay.Credential{Token: "tok_1"} },
	} {
		a := g.Attempt()
		spoil(&a)
		if out, err := n.Start(t.Context(), a); err == nil {
			t.Errorf("%s: %+v", name, out)
		}
	}
}

// A session may live for 30 days: until then nobody has to look why nothing has come.
func TestFacts_ReviewComesAfterEveryDeadline(t *testing.T) {
	g := railtest.NewGround(t, "sqlite:"+filepath.Join(t.TempDir(), "kassa.db"))
	if after := open(t, g).Facts().ReviewAfter; after <= pay.MaxTTL {
		t.Errorf("review after %v, sessions live up to %v", after, pay.MaxTTL)
	}
}

// Whoever plays the payer answers no prompt at a bank.
func TestDecide_HasNothingToAnswer(t *testing.T) {
	g := railtest.SQLite(t)
	n := open(t, g)
	a := g.Attempt()
	if _, err := n.Start(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if err := n.Decide(t.Context(), a.Ref, pay.Approve); !pay.IsKind(err, pay.State) {
		t.Errorf("Decide: %v", err)
	}
}
