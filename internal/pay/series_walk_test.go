package pay_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/terms"
)

// rehearsals are what the network is told the next charge becomes.
var rehearsals = []pay.Rehearsal{
	pay.RehearseApprove, pay.RehearseUnknown, pay.RehearseLate,
	pay.Rehearsal(pay.DeclineInsufficientFunds), pay.Rehearsal(pay.DeclineLostCard),
}

// randomTerms are terms that a walk soon comes to the end of.
func randomTerms(r *rand.Rand) terms.Terms {
	t := terms.Terms{Amount: terms.Amount{Max: 900}}
	if r.IntN(2) == 0 {
		t.MaxCount = 2 + r.Int64N(8)
	}
	if r.IntN(2) == 0 {
		t.MaxTotal = 1000 + r.Int64N(4000)
	}
	if r.IntN(2) == 0 {
		t.Period = &terms.Period{Unit: terms.Day, MaxCount: 1 + r.Int64N(3)}
	}
	if r.IntN(2) == 0 {
		t.Period = &terms.Period{Unit: terms.Month, MaxAmount: 1000 + r.Int64N(2000)}
	}
	if r.IntN(4) == 0 {
		t.End = day(10, 3+r.IntN(20))
	}
	return t
}

// roam does one random thing to a mandate, or to the network.
func roam(t *testing.T, w *paytest.World, r *rand.Rand, m pay.Mandate) {
	t.Helper()
	ctx := context.Background()
	var err error
	switch r.IntN(14) {
	case 0, 1:
		_, err = w.TryCharge(m.ID, 1+r.Int64N(1000))
	case 2, 3:
		_, err = tryNext(w, m.ID, 1+r.Int64N(1000))
	case 4:
		_, _, err = w.Pay.PauseMandate(ctx, w.Shop, nil, m.ID)
	case 5, 6:
		_, _, err = w.Pay.ResumeMandate(ctx, w.Shop, nil, m.ID)
	case 7:
		if r.IntN(8) == 0 {
			_, _, err = w.Pay.CancelMandate(ctx, w.Shop, nil, m.ID)
		}
	case 8:
		behave(t, w, pay.Behaviour{Down: r.IntN(2) == 0})
	case 9:
		for _, p := range w.Charges(m.ID) {
			if p.State.InFlight() && err == nil {
				_, _, err = w.Pay.CancelPayment(ctx, w.Shop, nil, p.ID)
			}
		}
	case 10, 11:
		_ = w.Pay.Rehearse(ctx, w.Shop, m.MethodID, rehearsals[r.IntN(len(rehearsals))])
	default:
		w.Advance(time.Duration(r.IntN(30*60)) * time.Minute)
	}
	if err != nil && !pay.IsKind(err, pay.State) && !pay.IsKind(err, pay.Conflict) &&
		!pay.IsKind(err, pay.Unavailable) {
		t.Errorf("%v", err)
	}
}

// judge counts what the network took under a mandate, by the calendar and without our counters, and
// holds it against the terms.
func judge(t *testing.T, w *paytest.World, m pay.Mandate) (charged int) {
	t.Helper()
	type sum struct{ count, amount int64 }
	all, windows := sum{}, map[string]sum{}
	served := map[time.Time]bool{}
	unit := "2006-01"
	if m.Terms.Period != nil && m.Terms.Period.Unit == terms.Day {
		unit = time.DateOnly
	}
	for _, p := range w.Charges(m.ID) {
		if p.State != pay.PaymentPaid {
			continue
		}
		in := windows[p.CreatedAt.Format(unit)]
		windows[p.CreatedAt.Format(unit)] = sum{in.count + 1, in.amount + p.Captured}
		all = sum{all.count + 1, all.amount + p.Captured}
		if p.Captured > m.Terms.Amount.Max {
			t.Errorf("%s took %d of at most %d", p.ID, p.Captured, m.Terms.Amount.Max)
		}
		if !m.Terms.End.IsZero() && p.CreatedAt.Format(time.DateOnly) > m.Terms.End.String() {
			t.Errorf("%s was charged after %s", p.ID, m.Terms.End)
		}
		if !p.Occurrence.IsZero() {
			if served[p.Occurrence] || p.Occurrence.Hour() != 12 || p.CreatedAt.Before(p.Occurrence) {
				t.Errorf("%s was charged for %s at %s", p.ID, p.Occurrence, p.CreatedAt)
			}
			served[p.Occurrence] = true
		}
	}
	if n, taken := w.Debits(m.ID); int64(n) != all.count || taken != all.amount {
		t.Errorf("%s: the network took %d, %d times; we say %+v", m.ID, taken, n, all)
	}
	over := func(n, most int64) bool { return most > 0 && n > most }
	if over(all.count, m.Terms.MaxCount) || over(all.amount, m.Terms.MaxTotal) {
		t.Errorf("%s permits %+v and was charged %+v", m.ID, m.Terms, all)
	}
	if m.Terms.Period == nil {
		return int(all.count)
	}
	most := *m.Terms.Period
	for window, in := range windows {
		if over(in.count, most.MaxCount) || over(in.amount, most.MaxAmount) {
			t.Errorf("%s permits %+v and was charged %+v in %s", m.ID, most, in, window)
		}
	}
	return int(all.count)
}

// TestMandate_RandomWalks: whatever merchants, payers and networks do, nobody is charged more than
// they agreed to. The networks' ledgers are asked, and the check at the end of the test holds our
// counters against them.
func TestMandate_RandomWalks(t *testing.T) {
	const walks, steps = 16, 40
	w := paytest.New(t)
	r := rand.New(rand.NewPCG(20, 26))
	charged := 0
	ends := map[pay.MandateState]int{}
	for range walks {
		behave(t, w, pay.Behaviour{})
		from := w.Clock.Now()
		permits := randomTerms(r)
		if !permits.End.IsZero() {
			permits.End = terms.DateOf(from.AddDate(0, 0, permits.End.Day-2))
		}
		s := daily(100+r.Int64N(400), terms.DateOf(from))
		m := w.Agree(ok, permits, paytest.Scheduled(s, 1, 2))
		for range steps {
			roam(t, w, r, m)
		}
		behave(t, w, pay.Behaviour{})
		w.Advance(3 * time.Hour)
		charged += judge(t, w, m)
		ends[w.Mandate(m.ID).State]++
		_, _, _ = w.Pay.CancelMandate(t.Context(), w.Shop, nil, m.ID)
	}
	if charged < walks || len(ends) < 3 {
		t.Errorf("the walks went nowhere: %d charges, %v", charged, ends)
	}
	t.Logf("%d charges; %v", charged, ends)
}
