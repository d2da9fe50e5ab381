package payto_test

import (
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/payid"
	"github.com/kassa-pay/kassa/internal/rail/payto"
	"github.com/kassa-pay/kassa/internal/rail/railtest"
	"github.com/kassa-pay/kassa/internal/store/sqldb/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var (
	_ pay.Rail      = (*payto.Network)(nil)
	_ pay.Voider    = (*payto.Network)(nil)
	_ pay.Refunder  = (*payto.Network)(nil)
	_ pay.Notifier  = (*payto.Network)(nil)
	_ pay.Simulated = (*payto.Network)(nil)
	_ pay.Keeper    = (*payto.Network)(nil)
	_ pay.Rehearser = (*payto.Network)(nil)
	_ pay.Agreer    = (*payto.Network)(nil)
	_ pay.Banker    = (*payto.Network)(nil)
)

func open(t testing.TB, g *railtest.Ground) *payto.Network {
	t.Helper()
	n, err := payto.New(g.Config())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// account is one whose number ends so.
func account(ending string) *pay.Payto {
	return &pay.Payto{Kind: payid.Account, BSB: "062000", Account: "1234" + ending}
}

// offer asks for an agreement on an account.
func offer(a *pay.Attempt, p *pay.Payto) {
	a.Payto, a.Agreement = p, &pay.Agreement{
		Currency: "AUD", Description: "Order A-1001", Merchant: "Bluegum Books",
		Deadline: a.ExpiresAt,
	}
}

func TestNetwork_Conformance(t *testing.T) {
	endings := map[railtest.Case]string{
		railtest.Succeeds: "0000", railtest.Declines: "0001", railtest.Challenged: "0010",
		railtest.Late: "0020", railtest.LateDecline: "0021", railtest.ReplyLost: "0022",
		railtest.NeverArrives: "0023", railtest.Verified: "0000", railtest.RefundLate: "0040",
		railtest.RefundFails: "0041",
	}
	railtest.Engines(t, func(t *testing.T, g *railtest.Ground) {
		h := g.Harness(payto.Name)
		h.Open = func(t testing.TB) pay.Rail { return open(t, g) }
		h.TimeOut = pay.DeclineAgreementExpired
		h.Fill = func(c railtest.Case, a *pay.Attempt) bool {
			ending, ok := endings[c]
			offer(a, account(ending))
			a.Agreement.Deadline = a.Now.Add(30 * time.Minute)
			return ok
		}
		railtest.Run(t, h)
	})
}

// attempt is a new payment of 50 dollars that asks an account for an agreement.
func attempt(g *railtest.Ground, p *pay.Payto) pay.Attempt {
	a := g.Attempt()
	a.Amount = money.Amount{Minor: 5000, Currency: "AUD"}
	a.ExpiresAt = a.Now.Add(30 * time.Minute)
	offer(&a, p)
	return a
}
