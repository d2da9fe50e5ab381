package momo_test

import (
	"testing"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/rail/momo"
	"github.com/kassa-pay/kassa/internal/rail/railtest"
)

// saved lets a payer pay once, and saves the wallet.
func saved(t testing.TB, g *railtest.Ground, n *momo.Network, m pay.Mobile) string {
	t.Helper()
	a := g.Attempt()
	a.Mobile, a.Keep = &m, true
	out, err := n.Start(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	switch out.Action {
	case pay.ActionApprove:
		err = n.Decide(t.Context(), g.Ref(a.PaymentID), pay.Approve)
	case pay.ActionCode:
		var open []pay.Prompt
		if open, err = n.Prompts(t.Context(), a.Scope, a.Now); err == nil {
			_, err = n.Confirm(t.Context(), g.Ref(a.PaymentID), open[len(open)-1].Code)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	if out, err = n.Query(t.Context(), g.Ref(a.PaymentID)); err != nil || out.Token == "" {
		t.Fatalf("not saved: %+v, %v", out, err)
	}
	return out.Token
}

func charge(
	t testing.TB, g *railtest.Ground, n *momo.Network, token string,
) (pay.Attempt, pay.Outcome) {
	t.Helper()
	a := g.Attempt()
	a.Saved = &pay.Credential{Token: token, OffSession: true}
	out, err := n.Start(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return a, out
}

// A code is typed on a page, and without the payer there is none: the network asks on the phone.
func TestSaved_CodeBecomesPrompt(t *testing.T) {
	g := railtest.SQLite(t)
	n := open(t, g)
	token := saved(t, g, n, pay.Mobile{Phone: "0241230010", Provider: "mtn"})
	a, out := charge(t, g, n, token)
	if out.Kind != pay.OutcomeWaiting || out.Action != pay.ActionApprove {
		t.Fatalf("charge = %+v", out)
	}
	if err := n.Decide(t.Context(), g.Ref(a.PaymentID), pay.Approve); err != nil {
		t.Fatal(err)
	}
	if out, err := n.Query(t.Context(), g.Ref(a.PaymentID)); err != nil ||
		out.Kind != pay.OutcomePaid {
		t.Errorf("in the end %+v, %v", out, err)
	}
}

// A ported number stays with the network that it was saved at.
func TestSaved_OtherNetwork(t *testing.T) {
	g := railtest.SQLite(t)
	n := open(t, g)
	token := saved(t, g, n, pay.Mobile{Phone: "0241230007", Provider: "telecel"})
	if _, out := charge(t, g, n, token); out.Action != pay.ActionApprove {
		t.Errorf("charge = %+v", out)
	}
}

func TestSaved_Outage(t *testing.T) {
	g := railtest.SQLite(t)
	n := open(t, g)
	token := saved(t, g, n, pay.Mobile{Phone: "0241230000", Provider: "mtn"})
	for _, test := range []struct {
		outage string
		kind   pay.OutcomeKind
	}{{"mtn", pay.OutcomeDeclined}, {"telecel", pay.OutcomePaid}} {
		err := n.Behave(t.Context(), g.Merchant, pay.Behaviour{Outage: []string{test.outage}})
		if err != nil {
			t.Fatal(err)
		}
		if _, out := charge(t, g, n, token); out.Kind != test.kind {
			t.Errorf("%s is down: %+v", test.outage, out)
		}
	}
}

func TestStart_OfNothing(t *testing.T) {
	g := railtest.SQLite(t)
	a := g.Attempt()
	a.Mobile, a.Amount.Minor = &pay.Mobile{Phone: "0241230000", Provider: "mtn"}, 0
	if out, err := open(t, g).Start(t.Context(), a); err == nil {
		t.Errorf("a payment of nothing: %+v", out)
	}
}
