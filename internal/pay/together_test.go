package pay_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/terms"
)

// rounds is a Together that does all of a round at once and remembers how much that was.
type rounds struct {
	mu    sync.Mutex
	sizes []int
}

func (r *rounds) do(n int, do func(i int)) {
	if n == 0 {
		return
	}
	r.mu.Lock()
	r.sizes = append(r.sizes, n)
	r.mu.Unlock()
	together(n, func(i int) (struct{}, error) {
		do(i)
		return struct{}{}, nil
	})
}

// What is due goes to its networks together, and each charge once.
func TestTogether_ScheduledChargesAndTheirPolls(t *testing.T) {
	onBoth(t, func(t *testing.T, w *paytest.World) {
		const n = 6
		var all []pay.Mandate
		for range n {
			all = append(all, w.Agree(ok, terms.Terms{},
				paytest.Scheduled(daily(100, day(10, 4)))))
		}
		for _, m := range all[:n/2] {
			w.Rehearse(m.MethodID, pay.RehearseUnknown)
		}
		w.Clock.Advance(27 * time.Hour)
		r := &rounds{}
		node := w.Twin(func(d *pay.Deps) { d.Together = r.do })
		if did, err := node.ChargeDue(context.Background()); err != nil || did != n {
			t.Fatalf("%d mandates were due, %v", did, err)
		}
		w.Clock.Advance(time.Minute)
		if did, err := node.PollPayments(context.Background()); err != nil || did != n/2 {
			t.Fatalf("%d payments were asked about, %v", did, err)
		}
		if !slices.Equal(r.sizes, []int{n, n / 2}) {
			t.Errorf("rounds of %v", r.sizes)
		}
		for _, m := range all {
			if count, sum := w.Debits(m.ID); count != 1 || sum != 100 ||
				w.Charges(m.ID)[0].State != pay.PaymentPaid {
				t.Errorf("%d debits of %d, %+v", count, sum, w.Charges(m.ID))
			}
		}
	})
}

func TestTogether_RefundsAreAskedAboutAtOnce(t *testing.T) {
	w := paytest.Open(t, paytest.Options{Real: true})
	const n = 3
	var refunds []pay.Refund
	behaved := pay.Behaviour{LoseReplies: true}
	for range n {
		p := w.Buy(w.Open().ID, ok)
		behave(t, w, behaved)
		r, _, err := w.Pay.CreateRefund(t.Context(), w.Shop, nil, pay.RefundRequest{PaymentID: p.ID})
		if err != nil || r.State != pay.RefundPending {
			t.Fatalf("refund is %s, %v", r.State, err)
		}
		behave(t, w, pay.Behaviour{})
		refunds = append(refunds, r)
	}
	r := &rounds{}
	w.Clock.Advance(time.Minute)
	did, err := w.Twin(func(d *pay.Deps) { d.Together = r.do }).PollRefunds(t.Context())
	if err != nil || did != n || !slices.Equal(r.sizes, []int{n}) {
		t.Fatalf("%d refunds in rounds of %v, %v", did, r.sizes, err)
	}
	for _, one := range refunds {
		if got, err := w.Pay.Refund(t.Context(), w.Shop, one.ID); err != nil ||
			got.State != pay.RefundSucceeded {
			t.Errorf("refund is %s, %v", got.State, err)
		}
	}
}

// Whoever is told to stop in the middle of a round begins nothing more; it is due again.
func TestTogether_ARoundThatIsToldToStop(t *testing.T) {
	w := paytest.New(t)
	behave(t, w, pay.Behaviour{LoseReplies: true})
	p := w.Buy(w.Open().ID, ok)
	behave(t, w, pay.Behaviour{})
	w.Clock.Advance(time.Minute)
	ctx, stop := context.WithCancel(t.Context())
	node := w.Twin(func(d *pay.Deps) {
		d.Together = func(n int, do func(int)) {
			stop()
			for i := range n {
				do(i)
			}
		}
	})
	if did, err := node.PollPayments(ctx); err != nil || did != 1 {
		t.Fatalf("%d, %v", did, err)
	}
	if got := w.Payment(p.ID); got.State != pay.PaymentCreated {
		t.Errorf("payment is %s", got.State)
	}
	w.Advance(time.Minute)
	if got := w.Payment(p.ID); got.State != pay.PaymentPaid {
		t.Errorf("payment is %s in the end", got.State)
	}
}
