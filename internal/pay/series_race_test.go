package pay_test

import (
	"context"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/terms"
)

// TestRace_EverythingThatHappensToMandates: charges with and without sessions, good and bad, the
// schedule, pauses, cancellations, detached methods and the poll, all at once on the same few
// mandates. The audit that ends each test judges what is left.
func TestRace_EverythingThatHappensToMandates(t *testing.T) {
	onBoth(t, func(t *testing.T, w *paytest.World) {
		ctx := context.Background()
		other := w.Twin()
		var all []pay.Mandate
		for i := range 6 {
			card := []string{ok, later}[i%2]
			all = append(all, w.Agree(card, terms.Terms{
				MaxCount: 8, Period: &terms.Period{Unit: terms.Day, MaxCount: 3},
			}, paytest.Scheduled(daily(100, day(10, 3)), 1)))
		}
		w.Clock.Advance(27 * time.Hour)
		_, errs := together(120, func(i int) (struct{}, error) {
			m := all[i%len(all)]
			var err error
			switch i % 11 {
			case 0, 1, 2:
				_, err = w.TryCharge(m.ID, 100)
			case 3, 4:
				_, err = tryNext(w, m.ID, 100)
			case 5:
				_, err = w.Pay.ChargeDue(ctx)
			case 6:
				_, err = other.ChargeDue(ctx)
			case 7:
				_, _, err = w.Pay.PauseMandate(ctx, w.Shop, nil, m.ID)
			case 8:
				_, _, err = other.ResumeMandate(ctx, w.Shop, nil, m.ID)
			case 9:
				_, err = other.PollPayments(ctx)
			case 10:
				switch i / 11 {
				case 8:
					_, _, err = other.DetachMethod(ctx, w.Shop, nil, m.MethodID)
				case 9:
					_, _, err = w.Pay.CancelMandate(ctx, w.Shop, nil, m.ID)
				}
			}
			return struct{}{}, err
		})
		for i, err := range errs {
			if err != nil && !pay.IsKind(err, pay.State) && !pay.IsKind(err, pay.Conflict) {
				t.Errorf("call %d (%d): %v", i, i%11, err)
			}
		}
		live(w, 4)
		for _, m := range all {
			got := w.Mandate(m.ID)
			n, sum := w.Debits(m.ID)
			if int64(n) != got.Count || sum != got.Total || got.Count > 8 {
				t.Errorf("%s counts %d of %d, the network took %d, %d times", m.ID, got.Count,
					got.Total, sum, n)
			}
		}
	})
}

// TestRace_OneMandateOfOneSession: a first session that is paid from many sides gives one mandate,
// and one card that is saved in several sessions at once is one method.
func TestRace_OneMandateOfOneSession(t *testing.T) {
	onBoth(t, func(t *testing.T, w *paytest.World) {
		cu := customer(t, w)
		of := func(r *pay.OpenSession) { r.CustomerID = cu.ID }
		var sessions []pay.Session
		for range 4 {
			sessions = append(sessions, w.Open(paytest.First(terms.Terms{}), of))
		}
		together(16, func(i int) (pay.Payment, error) { return w.Try(sessions[i%4].ID, ok) })
		all, _, err := w.Pay.Mandates(t.Context(), w.Shop, pay.MandateFilter{CustomerID: cu.ID})
		if err != nil || len(all) != len(sessions) {
			t.Errorf("%d mandates of %d sessions, %v", len(all), len(sessions), err)
		}
		if n := len(methodsOf(t, w, cu.ID)); n != 1 {
			t.Errorf("one card was saved %d times", n)
		}
	})
}
