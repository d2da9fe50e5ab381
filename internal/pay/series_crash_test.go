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
	repeats       bool           // a second submission would be a second debit
}

func (*mortalRail) Name() string { return "mortal" }
func (r *mortalRail) Facts() pay.Facts {
	return pay.Facts{
		Method: pay.MethodCard, Mode: pay.Test, Deadline: time.Second, SubmitIdempotent: !r.repeats,
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

// TestCrash_DownForDays: a process that dies with a scheduled charge on its way, and is started
// again only days later, makes the charge then. That it was down is no failure of the payer's.
func TestCrash_DownForDays(t *testing.T) {
	rail := &mortalRail{took: map[string]int{}}
	w := paytest.Open(t, paytest.Options{Rails: []pay.Rail{rail}})
	m := w.Agree(ok, terms.Terms{MaxCount: 1},
		func(r *pay.OpenSession) { r.Amount = 700 }, paytest.Scheduled(daily(700, day(10, 3))))
	w.Clock.Advance(150 * time.Minute)
	rail.dies = true
	dying(t, func() { _, _ = w.Pay.ChargeDue(t.Context()) })
	rail.dies = false
	w.Pay = w.Twin()
	w.Advance(72 * time.Hour)
	charges := w.Charges(m.ID)
	if len(charges) != 1 || charges[0].State != pay.PaymentPaid || rail.took[charges[0].ID] != 1 {
		t.Errorf("charges %+v", charges)
	}
	if got := w.Mandate(m.ID); got.State != pay.MandateCompleted || got.Failures != 0 {
		t.Errorf("mandate is %s after %d failures", got.State, got.Failures)
	}
}

// TestCrash_NotSubmittedAgainWhereThatIsAnotherPayment: the network itself must tell that it never
// heard of the charge, for as long as it says that takes; then the slot is free.
func TestCrash_NotSubmittedAgainWhereThatIsAnotherPayment(t *testing.T) {
	rail := &mortalRail{took: map[string]int{}, repeats: true}
	w := paytest.Open(t, paytest.Options{Rails: []pay.Rail{rail}})
	m := w.Agree(ok, terms.Terms{}, func(r *pay.OpenSession) { r.Amount = 700 })
	rail.dies = true
	dying(t, func() { _, _ = w.TryCharge(m.ID, 700) })
	rail.dies = false
	w.Advance(30 * time.Minute)
	p := w.Charges(m.ID)[0]
	if p.State != pay.PaymentCreated || rail.took[p.ID] != 0 {
		t.Errorf("payment is %s, taken %d times", p.State, rail.took[p.ID])
	}
	for range 3 {
		w.Advance(time.Hour)
	}
	if p := w.Payment(p.ID); p.State != pay.PaymentCanceled || w.Mandate(m.ID).Count != 0 {
		t.Errorf("payment is %s, the mandate counts %d", p.State, w.Mandate(m.ID).Count)
	}
}

// TestCrash_APayerWhoLeftIsNotCharged: a payment with a saved method that the network never heard
// of is not submitted any more when the payer's time is over, or when the method was taken back.
func TestCrash_APayerWhoLeftIsNotCharged(t *testing.T) {
	for what, meanwhile := range map[string]func(*paytest.World, string) error{
		"time": func(w *paytest.World, _ string) error {
			w.Advance(2 * time.Hour)
			return nil
		},
		"method": func(w *paytest.World, method string) error {
			_, _, err := w.Pay.DetachMethod(context.Background(), w.Shop, nil, method)
			return err
		},
	} {
		t.Run(what, func(t *testing.T) {
			w := paytest.New(t)
			cu := customer(t, w)
			of := func(r *pay.OpenSession) {
				r.CustomerID, r.Offer.Save = cu.ID, pay.SaveAlways
				r.ExpiresAt = paytest.Epoch.Add(time.Hour)
			}
			method := w.Buy(w.Open(of).ID, ok).MethodID
			ses := w.Open(of)
			behave(t, w, pay.Behaviour{Down: true})
			p, err := paySaved(w, w.Shop, ses.ID, method)
			if err != nil || p.State != pay.PaymentCreated {
				t.Fatalf("payment is %s, %v", p.State, err)
			}
			if err := meanwhile(w, method); err != nil {
				t.Fatal(err)
			}
			behave(t, w, pay.Behaviour{})
			for range 6 {
				w.Advance(5 * time.Minute)
			}
			if got := w.Payment(p.ID); got.State != pay.PaymentCanceled {
				t.Errorf("payment is %s", got.State)
			}
		})
	}
}

// TestSchedule_WaitsForItsNetworkToBeConnected: a charge is not lost because this server does not
// have its network.
func TestSchedule_WaitsForItsNetworkToBeConnected(t *testing.T) {
	w := paytest.New(t)
	m := w.Agree(ok, terms.Terms{}, paytest.Scheduled(daily(100, day(10, 3))))
	bare := w.Twin(func(d *pay.Deps) { d.Rails = nil })
	w.Clock.Advance(150 * time.Minute)
	for range 2 {
		if _, err := bare.ChargeDue(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	got := w.Mandate(m.ID)
	if len(w.Charges(m.ID)) != 0 || !got.NextAt.Equal(m.NextAt) || got.TryAt.Equal(m.TryAt) {
		t.Errorf("mandate %+v", got)
	}
	_, _, err := bare.Charge(t.Context(), w.Shop, nil, pay.ChargeRequest{
		Amount: paytest.GHS(1), MandateID: m.ID,
	})
	if !pay.IsKind(err, pay.Unavailable) {
		t.Errorf("a charge without its network: %v", err)
	}
	w.Advance(time.Hour)
	if got := occurrences(w, m.ID); len(got) != 1 {
		t.Errorf("charged for %v", got)
	}
}

// TestSchedule_NothingBeginsWhileThereIsNoRoom: what is due stays due until there is.
func TestSchedule_NothingBeginsWhileThereIsNoRoom(t *testing.T) {
	w := paytest.New(t)
	m := w.Agree(ok, terms.Terms{}, paytest.Scheduled(daily(100, day(10, 3))))
	full := w.Twin(func(d *pay.Deps) {
		d.Admit = func() error { return pay.Errorf(pay.Unavailable, "disk_full", "No room.") }
	})
	w.Clock.Advance(150 * time.Minute)
	if n, err := full.ChargeDue(t.Context()); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	_, _, err := full.Charge(t.Context(), w.Shop, nil, pay.ChargeRequest{
		Amount: paytest.GHS(1), MandateID: m.ID,
	})
	if !pay.IsKind(err, pay.Unavailable) || len(w.Charges(m.ID)) != 0 {
		t.Errorf("a charge without room: %v", err)
	}
	w.Work()
	if n, _ := w.Debits(m.ID); n != 1 {
		t.Errorf("%d debits", n)
	}
}
