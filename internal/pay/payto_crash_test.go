package pay_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
)

// cutOff is a rail in front of which the process dies: calls are lost on their way there or back,
// which leaves the same on disk as a process that ended at that moment.
type cutOff struct {
	agreer
	there, back atomic.Bool
	dies        atomic.Bool // the process itself, where it is cut off from an amendment
}

func (d *cutOff) call(do func() (pay.Outcome, error)) (pay.Outcome, error) {
	if d.there.Load() {
		return pay.Outcome{}, errSilent
	}
	out, err := do()
	if d.back.Load() {
		return pay.Outcome{}, errSilent
	}
	return out, err
}

func (d *cutOff) Start(ctx context.Context, a pay.Attempt) (pay.Outcome, error) {
	return d.call(func() (pay.Outcome, error) { return d.agreer.Start(ctx, a) })
}

func (d *cutOff) Query(ctx context.Context, ref pay.Ref) (pay.Outcome, error) {
	return d.call(func() (pay.Outcome, error) { return d.agreer.Query(ctx, ref) })
}

// mortal opens a world on the engine whose payto network can be cut off.
func mortal(t *testing.T, o paytest.Options) (*paytest.World, *cutOff) {
	t.Helper()
	d := &cutOff{}
	o.Rails = []pay.Rail{d}
	o.Lately = func(w *paytest.World) { d.agreer = w.Payto }
	return paytest.Open(t, o), d
}

// engines runs a test with a network that can be cut off, on each engine.
func engines(t *testing.T, test func(t *testing.T, w *paytest.World, d *cutOff)) {
	paytest.OnBoth(t, paytest.Options{}, func(t *testing.T, o paytest.Options) {
		w, d := mortal(t, o)
		test(t, w, d)
	})
}

// there and back are the two ways of a call on which a network can be cut off.
func there(d *cutOff) *atomic.Bool { return &d.there }
func back(d *cutOff) *atomic.Bool  { return &d.back }

// bothWays runs a test with a network that can be cut off one way, and again with one that can be
// cut off the other way, on each engine.
func bothWays(
	t *testing.T, test func(t *testing.T, w *paytest.World, d *cutOff, cut *atomic.Bool),
) {
	for name, way := range map[string]func(*cutOff) *atomic.Bool{"there": there, "back": back} {
		t.Run(name, func(t *testing.T) {
			engines(t, func(t *testing.T, w *paytest.World, d *cutOff) { test(t, w, d, way(d)) })
		})
	}
}

// deaf has the network tell nobody of anything.
func deaf(t *testing.T, w *paytest.World) {
	t.Helper()
	err := w.Pay.Behave(t.Context(), w.Shop, "payto", pay.Behaviour{DropNotices: true})
	if err != nil {
		t.Fatal(err)
	}
}

// restart ends the process and starts another one on the same database.
func restart(w *paytest.World) { w.Pay = w.Twin() }

// oneOfEach demands one agreement, one settlement, one mandate and one final event.
func oneOfEach(t *testing.T, w *paytest.World, ses pay.Session, p pay.Payment) {
	t.Helper()
	got, p := w.Session(ses.ID), w.Payment(p.ID)
	if got.State != pay.SessionComplete || p.State != pay.PaymentPaid || got.MandateID == "" {
		t.Fatalf("session is %s with mandate %q, payment %s %s", got.State, got.MandateID, p.State,
			p.NetworkCode)
	}
	if n := len(agreements(t, w)); n != 1 {
		t.Errorf("%d agreements", n)
	}
	if n, sum := w.Debits(got.MandateID); n != 1 || sum != p.Amount.Minor {
		t.Errorf("%d debits of %d", n, sum)
	}
	for id, event := range map[string]string{
		ses.ID: "session.complete", p.ID: "payment.paid", got.MandateID: "mandate.active",
		got.MethodID: "method.active",
	} {
		n := 0
		for _, told := range w.Told(id) {
			if told == event {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%s is told %d times", event, n)
		}
	}
}

// TestPayToCrash_AtTheStart: the process ends before the network hears of the payment, or before we
// hear of the network.
func TestPayToCrash_AtTheStart(t *testing.T) {
	bothWays(t, func(t *testing.T, w *paytest.World, d *cutOff, cut *atomic.Bool) {
		ses := w.Open(paytest.InAUD(4995), paytest.First(upTo(5000)))
		cut.Store(true)
		p := w.PayTo(ses.ID, paytest.Mira)
		heard := len(agreements(t, w))
		if want := map[*atomic.Bool]int{&d.back: 1}[cut]; p.State != pay.PaymentCreated ||
			heard != want {
			t.Fatalf("payment is %s, %d agreements", p.State, heard)
		}
		cut.Store(false)
		restart(w)
		w.Advance(11 * time.Second)
		if p = w.Payment(p.ID); p.State != pay.PaymentAction {
			t.Fatalf("after the restart it is %s", p.State)
		}
		w.AtBank(p.ID, pay.BankApprove)
		w.Advance(settles)
		oneOfEach(t, w, ses, p)
	})
}

func TestPayToCrash_ApprovedWhileWeWereDown(t *testing.T) {
	engines(t, func(t *testing.T, w *paytest.World, d *cutOff) {
		ses := w.Open(paytest.InAUD(4995), paytest.First(upTo(5000)))
		p := w.PayTo(ses.ID, paytest.Mira)
		deaf(t, w)
		if err := approve(t, w, p); err != nil {
			t.Fatal(err)
		}
		w.Clock.Advance(3 * time.Hour)
		restart(w)
		w.Work()
		oneOfEach(t, w, ses, p)
	})
}

// approve approves at the bank; nobody of ours takes part.
func approve(t *testing.T, w *paytest.World, p pay.Payment) error {
	t.Helper()
	_, err := w.Payto.DecideAgreement(t.Context(), pay.AgreementRef{
		Scope: w.Shop.Scope, Token: p.Agreement, Now: w.Pay.Now(w.Shop),
	}, pay.BankDecision{Do: pay.BankApprove})
	return err
}

func TestPayToCrash_WhileThePaymentSettles(t *testing.T) {
	engines(t, func(t *testing.T, w *paytest.World, d *cutOff) {
		ses := w.Open(paytest.InAUD(4995), paytest.First(upTo(5000)))
		p := w.PayTo(ses.ID, paytest.Mira)
		w.AtBank(p.ID, pay.BankApprove)
		given := w.Session(ses.ID).MandateID
		d.back.Store(true)
		w.Advance(settles)
		if p = w.Payment(p.ID); p.State != pay.PaymentWaiting || given == "" {
			t.Fatalf("payment is %s, mandate %q", p.State, given)
		}
		d.back.Store(false)
		restart(w)
		w.Advance(2 * time.Hour)
		oneOfEach(t, w, ses, p)
	})
}

func TestPayToCrash_UsedUpBeforeWeLook(t *testing.T) {
	engines(t, func(t *testing.T, w *paytest.World, d *cutOff) {
		permits := upTo(4995)
		permits.MaxCount = 1
		ses := w.Open(paytest.InAUD(4995), paytest.First(permits))
		p := w.PayTo(ses.ID, paytest.Mira)
		deaf(t, w)
		if err := approve(t, w, p); err != nil {
			t.Fatal(err)
		}
		w.Clock.Advance(time.Hour)
		w.AtBankAlone(p.Agreement, pay.BankCancel)
		restart(w)
		w.Work()
		oneOfEach(t, w, ses, p)
		m := w.Mandate(w.Session(ses.ID).MandateID)
		if m.State.String() == "active" {
			t.Errorf("mandate is %s", m.State)
		}
		w.Advance(48 * time.Hour)
	})
}

// TestPayToCrash_TheEndIsToldBeforeThePayment: the network ends an agreement that has served, and
// says so while we cannot learn yet what the last payment came to.
func TestPayToCrash_TheEndIsToldBeforeThePayment(t *testing.T) {
	engines(t, func(t *testing.T, w *paytest.World, d *cutOff) {
		permits := upTo(4995)
		permits.MaxCount = 1
		ses := w.Open(paytest.InAUD(4995), paytest.First(permits))
		p := w.PayTo(ses.ID, paytest.Mira)
		w.AtBank(p.ID, pay.BankApprove)
		d.back.Store(true)
		w.Advance(settles)
		w.Advance(25 * time.Hour) // the agreement is looked at too
		m := w.Mandate(w.Session(ses.ID).MandateID)
		if a := agreements(t, w)[0]; a.State != pay.AgreementCancelled || a.By != pay.PartyNetwork {
			t.Fatalf("the network did not end the agreement: it is %s by %s", a.State, a.By)
		}
		if m.State != pay.MandateActive || w.Payment(p.ID).State != pay.PaymentWaiting {
			t.Fatalf("mandate is %s, payment %s", m.State, w.Payment(p.ID).State)
		}
		d.back.Store(false)
		restart(w)
		w.Advance(2 * time.Hour)
		oneOfEach(t, w, ses, p)
		events(t, w, m.ID, "mandate.completed")
		if w.Method(m.MethodID).State != pay.MethodDetached {
			t.Error("the method of an agreement that has served can still be chosen")
		}
		w.Advance(2 * time.Hour)
		if m = w.Mandate(m.ID); !m.LookAt.IsZero() {
			t.Errorf("it is looked at again at %v", m.LookAt)
		}
	})
}

func TestPayToCrash_LateApprovalStartsNothing(t *testing.T) {
	engines(t, func(t *testing.T, w *paytest.World, d *cutOff) {
		ses := w.Open(paytest.InAUD(4995), paytest.First(upTo(5000)), func(r *pay.OpenSession) {
			r.ExpiresAt = w.Clock.Now().Add(30 * time.Minute)
		})
		p := w.PayTo(ses.ID, paytest.Mira)
		w.Clock.Advance(30 * time.Minute) // we are down
		if err := approve(t, w, p); err == nil {
			t.Error("an agreement was approved after its time")
		}
		restart(w)
		w.Advance(time.Hour)
		got, p := w.Session(ses.ID), w.Payment(p.ID)
		if got.State != pay.SessionExpired || p.State != pay.PaymentFailed || got.MandateID != "" {
			t.Errorf("session is %s, payment %s", got.State, p.State)
		}
		if n := len(w.Told(p.ID)); n != 3 {
			t.Errorf("events %v", w.Told(p.ID))
		}
	})
}

// TestPayToRace_AllAtOnce: the payer's answer, notifications, polls, the page and commands about
// the mandate, from two processes at once.
func TestPayToRace_AllAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *paytest.World) {
		ctx := context.Background()
		other := w.Twin()
		var sessions []pay.Session
		var payments []pay.Payment
		for range 3 {
			ses := w.Open(paytest.InAUD(4995), paytest.First(upTo(5000)))
			sessions = append(sessions, ses)
			payments = append(payments, w.PayTo(ses.ID, paytest.Mira))
		}
		for _, p := range payments {
			if err := approve(t, w, p); err != nil {
				t.Fatal(err)
			}
		}
		w.Clock.Advance(12 * time.Second)
		_, errs := together(48, func(i int) (struct{}, error) {
			p := payments[i%3]
			var err error
			switch i / 3 % 8 {
			case 0, 1:
				_, err = w.Pay.Sync(ctx, w.Shop, p.ID)
			case 2:
				_, err = other.Sync(ctx, w.Shop, p.ID)
			case 3:
				_, err = other.PollPayments(ctx)
			case 4:
				_, err = w.Pay.ProcessNotices(ctx)
			case 5:
				_, err = other.DecideAgreement(ctx, w.Shop, p.ID, pay.BankDecision{Do: pay.BankPause})
			case 6:
				_, err = w.Pay.DecideAgreement(ctx, w.Shop, p.ID,
					pay.BankDecision{Do: pay.BankResume})
			case 7:
				_, err = other.ChargeDue(ctx)
			}
			return struct{}{}, err
		})
		for i, err := range errs {
			if err != nil && !pay.IsKind(err, pay.State) && !pay.IsKind(err, pay.Conflict) {
				t.Errorf("call %d: %v", i, err)
			}
		}
		for i, ses := range sessions {
			w.Advance(settles)
			got := w.Session(ses.ID)
			m := w.Mandate(got.MandateID)
			if m.State == pay.MandatePaused {
				w.AtBank(m.ID, pay.BankResume)
			}
			if got.State != pay.SessionComplete || w.Payment(payments[i].ID).State != pay.PaymentPaid {
				t.Errorf("session is %s", got.State)
			}
			if n, _ := w.Debits(m.ID); n != 1 {
				t.Errorf("%d debits", n)
			}
			if m = w.Mandate(m.ID); m.State != pay.MandateActive || m.Count != 1 {
				t.Errorf("mandate is %s with %d charges", m.State, m.Count)
			}
		}
	})
}
