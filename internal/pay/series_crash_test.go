package pay_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/terms"
)

// mortalRail is a network of cards that are kept, reached by a process that may die on the way.
type mortalRail struct {
	mu            sync.Mutex
	took          map[string]int // debits by payment
	dies, survive bool           // before the network heard, or after
}

func (*mortalRail) Name() string { return "mortal" }
func (*mortalRail) Facts() pay.Facts {
	return pay.Facts{
		Method: pay.MethodCard, Mode: pay.Test, Deadline: time.Second, SubmitIdempotent: true,
		NotFoundFinalAfter: time.Hour, ReviewAfter: 24 * time.Hour,
	}
}

func (*mortalRail) Forget(context.Context, pay.Scope, string) error { return nil }

// errDied is what a process leaves that dies in the middle of a charge.
const errDied = "the process died"

func (r *mortalRail) Start(_ context.Context, a pay.Attempt) (pay.Outcome, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dies {
		panic(errDied)
	}
	if _, again := r.took[a.PaymentID]; !again {
		r.took[a.PaymentID] = 1
	}
	if r.survive {
		panic(errDied)
	}
	return pay.Outcome{Kind: pay.OutcomePaid, Amount: a.Amount, Token: "tok_1"}, nil
}

func (r *mortalRail) Query(_ context.Context, ref pay.Ref) (pay.Outcome, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.took[ref.PaymentID] == 0 {
		return pay.Outcome{Kind: pay.OutcomeNotFound}, nil
	}
	return pay.Outcome{Kind: pay.OutcomePaid, Amount: paytest.GHS(700)}, nil
}

// dying calls what dies on the way and comes back.
func dying(t *testing.T, do func()) {
	t.Helper()
	defer func() {
		if r := recover(); r != errDied {
			t.Fatalf("it did not die, but: %v", r)
		}
	}()
	do()
}

// TestCrash_AChargeIsBroughtToItsEnd: a process that dies between the intent and the network, or
// between the network and the outcome, leaves a charge that another process ends, once, and a
// repeat of the request with its key is answered with that end.
func TestCrash_AChargeIsBroughtToItsEnd(t *testing.T) {
	for what, dies := range map[string]bool{"before the network": true, "after the network": false} {
		t.Run(what, func(t *testing.T) {
			ctx := context.Background()
			rail := &mortalRail{took: map[string]int{}}
			w := paytest.Open(t, paytest.Options{Rails: []pay.Rail{rail}})
			m := w.Agree(ok, terms.Terms{MaxCount: 3},
				func(r *pay.OpenSession) { r.Amount = 700 }, paytest.Scheduled(daily(700, day(10, 3))))
			r := pay.ChargeRequest{Amount: paytest.GHS(700), MandateID: m.ID, IDPrefix: "ps"}
			payment := once("k-1", "charge", func(p pay.Payment) string { return p.State.String() })
			session := once("k-2", "next", func(s pay.Session) string { return s.State.String() })
			rail.dies, rail.survive = dies, !dies
			dying(t, func() { _, _, _ = w.Pay.Charge(ctx, w.Shop, payment, r) })
			dying(t, func() { _, _, _ = w.Pay.ChargeSession(ctx, w.Shop, session, r) })
			w.Clock.Advance(150 * time.Minute)
			dying(t, func() { _, _ = w.Pay.ChargeDue(ctx) })
			if got := w.Mandate(m.ID); got.Count != 3 {
				t.Errorf("%d slots are taken by charges nobody knows the end of", got.Count)
			}
			if _, _, err := w.Pay.Charge(ctx, w.Shop, payment, r); !pay.IsKind(err, pay.Conflict) {
				t.Errorf("a repeat before the end is known: %v", err)
			}
			rail.dies, rail.survive = false, false
			w.Pay = w.Twin()
			w.Advance(time.Minute)
			for _, p := range w.Charges(m.ID) {
				if p.State != pay.PaymentPaid || rail.took[p.ID] != 1 {
					t.Errorf("%s is %s and was taken %d times", p.ID, p.State, rail.took[p.ID])
				}
			}
			if got := w.Mandate(m.ID); got.State != pay.MandateCompleted {
				t.Errorf("mandate is %s", got.State)
			}
			_, reply, err := w.Pay.Charge(ctx, w.Shop, payment, r)
			if err != nil || !reply.Replayed || string(reply.Body) != "paid" {
				t.Errorf("the repeat: %q, %v", reply.Body, err)
			}
			_, reply, err = w.Pay.ChargeSession(ctx, w.Shop, session, r)
			if err != nil || !reply.Replayed || string(reply.Body) != "complete" {
				t.Errorf("the repeat of the session: %q, %v", reply.Body, err)
			}
		})
	}
}
