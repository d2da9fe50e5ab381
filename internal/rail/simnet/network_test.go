package simnet_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/rail/railtest"
	"github.com/kassa-pay/kassa/internal/rail/simnet"
	"github.com/kassa-pay/kassa/internal/store/sqldb/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// plain is the smallest model: everything is paid at once, or after a while.
type plain struct {
	*simnet.Story
	references []string // of the payments to come; without one, the network's own
}

func newPlain(s simnet.Scenario) *plain {
	return &plain{Story: &simnet.Story{Plain: &s}}
}

func (*plain) Name() string                       { return "plain" }
func (*plain) Facts() pay.Facts                   { return pay.Facts{Mode: pay.Test} }
func (*plain) Providers() []string                { return nil }
func (*plain) Show(*simnet.Record, *pay.Prompt)   {}
func (p *plain) Scenario(string) *simnet.Scenario { return p.Plain }

func (p *plain) Take(_ pay.Attempt, _ pay.Behaviour, r *simnet.Record) error {
	r.Scenario = p.Plain
	if len(p.references) > 0 {
		r.Reference, p.references = p.references[0], p.references[1:]
	}
	return nil
}

func open(t testing.TB, g *railtest.Ground, m simnet.Model) *simnet.Network {
	t.Helper()
	n, err := simnet.New(g.Config(), m)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// References that people type are short, so two payments may draw the same.
func TestStart_DrawsAnotherReference(t *testing.T) {
	railtest.Engines(t, func(t *testing.T, g *railtest.Ground) {
		m := newPlain(simnet.Scenario{})
		m.references = []string{"A", "A", "A", "B", "A", "A", "A", "A"}
		n := open(t, g, m)
		for _, want := range []string{"A", "B"} {
			out, err := n.Start(t.Context(), g.Attempt())
			if err != nil || out.Reference != want {
				t.Errorf("Start = %+v, %v; want reference %s", out, err, want)
			}
		}
		if out, err := n.Start(t.Context(), g.Attempt()); err == nil {
			t.Errorf("no reference was left, and Start = %+v", out)
		}
	})
}

// The payer's answer replaces what was planned: one debit, one notification.
func TestDecide_ReplacesThePlan(t *testing.T) {
	railtest.Engines(t, func(t *testing.T, g *railtest.Ground) {
		asks := simnet.Asks{Action: pay.ActionApprove, TTL: time.Hour}
		n := open(t, g, newPlain(simnet.Scenario{Asks: asks, After: time.Minute}))
		a := g.Attempt()
		if _, err := n.Start(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		if err := n.Decide(t.Context(), a.Ref, pay.Approve); err != nil {
			t.Fatal(err)
		}
		told := 0
		for range 30 {
			g.Clock.Advance(10 * time.Minute)
			_, err := n.Pump(t.Context(), g.Clock.Now(), 10,
				func(context.Context, http.Header, []byte) error { told++; return nil })
			if err != nil {
				t.Fatal(err)
			}
		}
		if told != 1 {
			t.Errorf("told %d times of one decision", told)
		}
		if got := g.Booked(t, "plain", "debit", a.PaymentID); len(got) != 1 {
			t.Errorf("debits = %v", got)
		}
	})
}

func TestBehave_DelaysAndForgets(t *testing.T) {
	g := railtest.SQLite(t)
	n := open(t, g, newPlain(simnet.Scenario{After: time.Minute}))
	behave := func(b pay.Behaviour) {
		t.Helper()
		if err := n.Behave(t.Context(), g.Merchant, b); err != nil {
			t.Fatal(err)
		}
	}
	behave(pay.Behaviour{DelayMillis: 60_000})
	if _, err := n.Start(t.Context(), g.Attempt()); err != nil {
		t.Fatal(err)
	}
	behave(pay.Behaviour{})
	g.Clock.Advance(time.Minute)
	if got := g.Collect(t, n); len(got) != 0 {
		t.Errorf("%d notifications came without their delay", len(got))
	}
	g.Clock.Advance(time.Minute)
	if got := g.Collect(t, n); len(got) != 1 {
		t.Errorf("%d notifications came in the end", len(got))
	}
}
