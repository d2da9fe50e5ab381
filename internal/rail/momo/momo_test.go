package momo_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/rail/card"
	"github.com/kassa-pay/kassa/internal/rail/momo"
	"github.com/kassa-pay/kassa/internal/rail/railtest"
	"github.com/kassa-pay/kassa/internal/store/sqldb/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var (
	_ pay.Rail      = (*momo.Network)(nil)
	_ pay.Voider    = (*momo.Network)(nil)
	_ pay.Refunder  = (*momo.Network)(nil)
	_ pay.Notifier  = (*momo.Network)(nil)
	_ pay.Simulated = (*momo.Network)(nil)
	_ pay.Confirmer = (*momo.Network)(nil)
	_ pay.Resender  = (*momo.Network)(nil)
	_ pay.Keeper    = (*momo.Network)(nil)
	_ pay.Rehearser = (*momo.Network)(nil)
)

func open(t testing.TB, g *railtest.Ground) *momo.Network {
	t.Helper()
	n, err := momo.New(g.Config())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestNetwork_Conformance(t *testing.T) {
	phones := map[railtest.Case]string{
		railtest.Succeeds: "0241230000", railtest.Declines: "0241230001",
		railtest.Late: "0241230020", railtest.LateDecline: "0241230021",
		railtest.ReplyLost: "0241230027", railtest.NeverArrives: "0241230028",
		railtest.Challenged: "0241234567", railtest.Coded: "0241230010",
		railtest.Anyway: "0241230022", railtest.RefundLate: "0241230040",
		railtest.RefundFails: "0241230041",
	}
	railtest.Engines(t, func(t *testing.T, g *railtest.Ground) {
		h := g.Harness(momo.Name)
		h.Open = func(t testing.TB) pay.Rail { return open(t, g) }
		h.TimeOut = pay.DeclinePromptExpired
		h.Fill = func(c railtest.Case, a *pay.Attempt) bool {
			phone, ok := phones[c]
			a.Mobile = &pay.Mobile{Phone: phone, Provider: "mtn"}
			return ok
		}
		railtest.Run(t, h)
	})
}

// start submits a payment of a wallet.
func start(
	t testing.TB, g *railtest.Ground, n *momo.Network, m pay.Mobile,
) (pay.Attempt, pay.Outcome) {
	t.Helper()
	a := g.Attempt()
	a.Mobile = &m
	out, err := n.Start(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return a, out
}

func TestStart_EveryImmediateNumber(t *testing.T) {
	g := railtest.SQLite(t)
	n := open(t, g)
	for phone, want := range map[string]pay.DeclineCode{
		"0241230000": "", "0201230000": "", "0271230000": "",
		"0241230001": pay.DeclineInsufficientFunds,
		"0241230002": pay.DeclineByPayer,
		"0241230004": pay.DeclineWrongPIN,
		"0241230005": pay.DeclineLimitExceeded,
		"0241230007": pay.DeclineNotRegistered,
		"0241230008": pay.DeclineNotRegistered,
		"0241230009": pay.DeclineProviderDown,
	} {
		kind := pay.OutcomePaid
		if want != "" {
			kind = pay.OutcomeDeclined
		}
		_, out := start(t, g, n, pay.Mobile{Phone: phone, Provider: pay.ProviderOf(phone)})
		if out.Kind != kind || out.Decline != want {
			t.Errorf("%s: %+v, want %q", phone, out, want)
		}
	}
}

// A number that moved to another network is asked there.
func TestStart_OtherNetwork(t *testing.T) {
	g := railtest.SQLite(t)
	n := open(t, g)
	for _, provider := range pay.Providers() {
		_, out := start(t, g, n, pay.Mobile{Phone: "0241230007", Provider: provider})
		if asked := out.Action == pay.ActionApprove; asked == (provider == "mtn") {
			t.Errorf("at %s: %+v", provider, out)
		}
	}
}

func TestStart_AnotherNetworkIsAContradiction(t *testing.T) {
	g := railtest.SQLite(t)
	n := open(t, g)
	a, _ := start(t, g, n, pay.Mobile{Phone: "0241234567", Provider: "mtn"})
	a.Mobile = &pay.Mobile{Phone: "0241234567", Provider: "telecel"}
	if out, err := n.Start(t.Context(), a); err == nil {
		t.Errorf("the same payment at another network: %+v", out)
	}
	for _, wrong := range []*pay.Mobile{nil, {Phone: "0241234567", Provider: "glo"}} {
		b := g.Attempt()
		b.Mobile = wrong
		if out, err := n.Start(t.Context(), b); err == nil {
			t.Errorf("a payment of %+v: %+v", wrong, out)
		}
	}
}

// A prompt that is lost on its way is nowhere to be answered.
func TestPrompt_Lost(t *testing.T) {
	g := railtest.SQLite(t)
	n := open(t, g)
	a, out := start(t, g, n, pay.Mobile{Phone: "0241230003", Provider: "mtn"})
	if out.Kind != pay.OutcomeWaiting || out.Action != pay.ActionApprove {
		t.Errorf("outcome = %+v", out)
	}
	if all, err := n.Prompts(t.Context(), a.Scope, g.Clock.Now()); err != nil || len(all) != 0 {
		t.Errorf("the phone shows %+v, %v", all, err)
	}
	if err := n.Decide(t.Context(), a.Ref, pay.Approve); !pay.IsKind(err, pay.State) {
		t.Errorf("answered: %v", err)
	}
	if err := n.Resend(t.Context(), a.Ref); err != nil {
		t.Errorf("Resend: %v", err)
	}
	g.Clock.Advance(momo.PromptTTL)
	out, err := n.Query(t.Context(), g.Ref(a.PaymentID))
	if err != nil || out.Decline != pay.DeclinePromptExpired {
		t.Errorf("after the time-out: %+v, %v", out, err)
	}
}

func TestBehaviour_OutageOfOneNetwork(t *testing.T) {
	railtest.Engines(t, func(t *testing.T, g *railtest.Ground) {
		n := open(t, g)
		behave := func(outage ...string) {
			t.Helper()
			err := n.Behave(t.Context(), g.Merchant, pay.Behaviour{Outage: outage})
			if err != nil {
				t.Fatal(err)
			}
		}
		behave("telecel")
		down, out := start(t, g, n, pay.Mobile{Phone: "0201234567", Provider: "telecel"})
		if out.Kind != pay.OutcomeDeclined || out.Decline != pay.DeclineProviderDown {
			t.Errorf("telecel is out of order: %+v", out)
		}
		if _, out := start(t, g, n, pay.Mobile{Phone: "0241234567", Provider: "mtn"}); out.Kind !=
			pay.OutcomeWaiting {
			t.Errorf("mtn: %+v", out)
		}
		behave()
		if _, out := start(t, g, n, pay.Mobile{Phone: "0201234567", Provider: "telecel"}); out.Kind !=
			pay.OutcomeWaiting {
			t.Errorf("telecel is back: %+v", out)
		}
		again, err := n.Query(t.Context(), down.Ref)
		if err != nil || again.Decline != pay.DeclineProviderDown {
			t.Errorf("what was declined: %+v, %v", again, err)
		}
	})
}

// What another process sets is seen within a second.
func TestBehaviour_OtherProcess(t *testing.T) {
	g := railtest.SQLite(t)
	one, two := open(t, g), open(t, g)
	if _, err := two.Behaviour(t.Context(), g.Merchant); err != nil {
		t.Fatal(err)
	}
	if err := one.Behave(t.Context(), g.Merchant, pay.Behaviour{Down: true}); err != nil {
		t.Fatal(err)
	}
	g.Clock.Advance(time.Second)
	if b, err := two.Behaviour(t.Context(), g.Merchant); err != nil || !b.Down {
		t.Errorf("Behaviour = %+v, %v", b, err)
	}
}

// A network that is down keeps what it has to tell, and the other merchants are told meanwhile.
func TestPump_WaitsForTheNetwork(t *testing.T) {
	railtest.Engines(t, func(t *testing.T, g *railtest.Ground) {
		n := open(t, g)
		late := pay.Mobile{Phone: "0241230020", Provider: "mtn"}
		start(t, g, n, late)
		other := g.Attempt()
		other.MerchantID, other.Mobile = "mer_other", &late
		if _, err := n.Start(t.Context(), other); err != nil {
			t.Fatal(err)
		}
		if err := n.Behave(t.Context(), g.Merchant, pay.Behaviour{Down: true}); err != nil {
			t.Fatal(err)
		}
		g.Clock.Advance(time.Hour)
		for range 20 {
			g.Clock.Advance(time.Hour)
			g.Collect(t, n)
		}
		if err := n.Behave(t.Context(), g.Merchant, pay.Behaviour{}); err != nil {
			t.Fatal(err)
		}
		if got := g.Collect(t, n); len(got) != 1 {
			t.Errorf("%d notifications once the network is back, want 1", len(got))
		}
	})
}

func TestPump_ReordersForOneMerchantAlone(t *testing.T) {
	g := railtest.SQLite(t)
	n := open(t, g)
	var order []string
	for i := range 4 {
		a := g.Attempt()
		a.Mobile = &pay.Mobile{Phone: "0241230020", Provider: "mtn"}
		if i%2 == 1 {
			a.MerchantID = "mer_other"
		}
		if _, err := n.Start(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		order = append(order, a.PaymentID)
		g.Clock.Advance(time.Second)
	}
	err := n.Behave(t.Context(), g.Merchant, pay.Behaviour{Reorder: true})
	if err != nil {
		t.Fatal(err)
	}
	g.Clock.Advance(time.Minute)
	var got []string
	for _, sent := range g.Collect(t, n) {
		notice, err := n.Notify(context.Background(), sent.Header, sent.Body)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, notice.PaymentID)
	}
	want := []string{order[2], order[1], order[0], order[3]}
	if !slices.Equal(got, want) {
		t.Errorf("told of %v, want %v", got, want)
	}
}

// What one network signs is nothing at another's door.
func TestNotify_OtherNetwork(t *testing.T) {
	g := railtest.SQLite(t)
	n := open(t, g)
	start(t, g, n, pay.Mobile{Phone: "0241230020", Provider: "mtn"})
	g.Clock.Advance(time.Minute)
	got := g.Collect(t, n)
	header := got[0].Header.Clone()
	header.Set("Kassa-Card-Signature", header.Get("Kassa-Momo-Signature"))
	if _, err := openCard(t, g).Notify(t.Context(), header, got[0].Body); err == nil {
		t.Error("the card network's door took a notification of mobile money")
	}
	if _, err := n.Notify(t.Context(), header, got[0].Body); err != nil {
		t.Error(err)
	}
}

func openCard(t testing.TB, g *railtest.Ground) *card.Network {
	t.Helper()
	n, err := card.New(g.Config())
	if err != nil {
		t.Fatal(err)
	}
	return n
}
