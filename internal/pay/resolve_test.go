package pay_test

import (
	"context"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/terms"
)

// inReview opens a session and pays it on a network that never says what became of it.
func inReview(
	t *testing.T, w *paytest.World, change ...func(*pay.OpenSession),
) (pay.Session, pay.Payment) {
	t.Helper()
	ses := w.Open(change...)
	p := w.Buy(ses.ID, ok)
	for range 3 {
		w.Advance(time.Hour)
	}
	if p = w.Payment(p.ID); p.State != pay.PaymentReview {
		t.Fatalf("payment is %s after hours without an answer", p.State)
	}
	return w.Session(ses.ID), p
}

func resolve(w *paytest.World, id string, v pay.Verdict, amount int64) (pay.Payment, error) {
	return w.Pay.ResolvePayment(context.Background(), id, v, amount)
}

// A network that does not answer at all leaves a payment to a person, too, once its time is over.
func TestResolve_APersonSaysWhatBecameOfIt(t *testing.T) {
	for _, tc := range []struct {
		name     string
		verdict  pay.Verdict
		amount   int64
		capture  pay.CaptureMode
		payment  pay.PaymentState
		session  pay.SessionState
		captured int64
	}{
		{"paid", pay.VerdictPaid, 0, "", pay.PaymentPaid, pay.SessionComplete, 5000},
		{"paid in part", pay.VerdictPaid, 3000, "", pay.PaymentPaid, pay.SessionComplete, 3000},
		{"unpaid", pay.VerdictUnpaid, 0, "", pay.PaymentFailed, pay.SessionOpen, 0},
		{"held", pay.VerdictPaid, 0, pay.CaptureManual, pay.PaymentAuthorised, pay.SessionComplete, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := paytest.Open(t, paytest.Options{Rails: []pay.Rail{&scripted{}}})
			ses, p := inReview(t, w, func(r *pay.OpenSession) { r.Capture = tc.capture })
			all, err := w.Pay.InReview(t.Context())
			if err != nil || len(all) != 1 || all[0].ID != p.ID {
				t.Errorf("in review: %+v, %v", all, err)
			}
			if p, err = resolve(w, p.ID, tc.verdict, tc.amount); err != nil {
				t.Fatal(err)
			}
			if p.State != tc.payment || p.Captured != tc.captured ||
				w.Session(ses.ID).State != tc.session {
				t.Errorf("payment is %s, captured %d, session %s", p.State, p.Captured,
					w.Session(ses.ID).State)
			}
			_, err = resolve(w, p.ID, pay.VerdictUnpaid, 0)
			failed(t, err, pay.State, "payment_not_unclear")
			if all, err = w.Pay.InReview(t.Context()); err != nil || len(all) != 0 {
				t.Errorf("in review afterwards: %+v, %v", all, err)
			}
		})
	}
}

func TestResolve_Refusals(t *testing.T) {
	fake := &lateRail{}
	w := paytest.Open(t, paytest.Options{Rails: []pay.Rail{fake}})
	_, err := resolve(w, "pay_unknown", pay.VerdictPaid, 0)
	failed(t, err, pay.NotFound, "resource_missing")
	early := w.Buy(w.Open().ID, ok)
	_, err = resolve(w, early.ID, pay.VerdictUnpaid, 0)
	failed(t, err, pay.State, "payment_not_unclear")
	_, p := inReview(t, w)
	for _, bad := range []struct {
		verdict pay.Verdict
		amount  int64
	}{{"perhaps", 0}, {pay.VerdictUnpaid, 1}, {pay.VerdictPaid, -1}, {pay.VerdictPaid, 5001}} {
		_, err = resolve(w, p.ID, bad.verdict, bad.amount)
		failed(t, err, pay.Invalid, "parameter_invalid")
	}
	// What the network says is true, whatever a person has found out.
	fake.paid = true
	_, err = resolve(w, p.ID, pay.VerdictUnpaid, 0)
	failed(t, err, pay.State, "payment_not_unclear")
	if got := w.Payment(p.ID); got.State != pay.PaymentPaid {
		t.Errorf("payment is %s", got.State)
	}
}

// A person was wrong: the money is late and goes the way of all late money.
func TestResolve_MoneyThatComesAfterAllIsLate(t *testing.T) {
	fake := &lateRail{}
	w := paytest.Open(t, paytest.Options{Rails: []pay.Rail{fake}})
	_, p := inReview(t, w)
	if _, err := resolve(w, p.ID, pay.VerdictUnpaid, 0); err != nil {
		t.Fatal(err)
	}
	fake.paid = true
	hint(t, w, fake, p.ID)
	w.Work()
	if got := w.Payment(p.ID); got.State != pay.PaymentLate || got.Captured != 5000 {
		t.Errorf("payment is %s, captured %d", got.State, got.Captured)
	}
}

// A scheduled charge that nobody can say anything about holds up its mandate until it is resolved.
func TestResolve_LetsTheScheduleGoOn(t *testing.T) {
	for verdict, want := range map[pay.Verdict]struct {
		count int64
		tries bool // the same charge is tried again
	}{pay.VerdictPaid: {1, false}, pay.VerdictUnpaid: {0, true}} {
		t.Run(string(verdict), func(t *testing.T) {
			fake := &keptRail{}
			w := paytest.Open(t, paytest.Options{Rails: []pay.Rail{fake}})
			m := w.Agree(ok, terms.Terms{}, paytest.Scheduled(daily(100, day(10, 4)), 1))
			fake.waits = true
			for range 30 {
				w.Advance(time.Hour)
			}
			m = w.Mandate(m.ID)
			charges := w.Charges(m.ID)
			if len(charges) != 1 || charges[0].State != pay.PaymentReview || !m.TryAt.IsZero() {
				t.Fatalf("%d charges, the mandate %+v", len(charges), m)
			}
			stalled := m.NextAt
			if _, err := resolve(w, charges[0].ID, verdict, 0); err != nil {
				t.Fatal(err)
			}
			m = w.Mandate(m.ID)
			if m.TryAt.IsZero() || m.NextAt.Equal(stalled) != want.tries || m.Count != want.count {
				t.Errorf("the mandate %+v", m)
			}
		})
	}
}

// Several people and the network's own answer meet: one of them decides, and money is counted once.
func TestResolve_OneVerdictCounts(t *testing.T) {
	paytest.OnBoth(t, paytest.Options{Real: true}, func(t *testing.T, o paytest.Options) {
		o.Rails = []pay.Rail{&lateRail{}}
		w := paytest.Open(t, o)
		ses, p := inReview(t, w)
		other := w.Twin()
		_, errs := together(12, func(i int) (pay.Payment, error) {
			if i%2 == 0 {
				return resolve(w, p.ID, pay.VerdictPaid, 0)
			}
			return other.ResolvePayment(context.Background(), p.ID, pay.VerdictPaid, 0)
		})
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if !pay.IsKind(err, pay.State) {
				t.Error(err)
			}
		}
		if got := w.Payment(p.ID); won != 1 || got.State != pay.PaymentPaid ||
			w.Session(ses.ID).State != pay.SessionComplete {
			t.Errorf("%d verdicts counted, payment is %s", won, got.State)
		}
	})
}

// Nobody is left to agree at their bank to a payment that was resolved as unpaid.
func TestResolve_WithdrawsTheAgreement(t *testing.T) {
	w := paytest.New(t)
	ses := w.Open(paytest.InAUD(4995))
	p := w.PayTo(ses.ID, paytest.Mira)
	if p.State != pay.PaymentAction || p.Agreement == "" {
		t.Fatalf("payment is %s, agreement %q", p.State, p.Agreement)
	}
	err := w.Store.Write(t.Context(), func(ctx context.Context, tx pay.Tx) error {
		stuck, err := tx.LockPayment(ctx, p.ID)
		stuck.State = pay.PaymentReview
		stuck.Version++
		if err == nil {
			err = tx.SwapPayment(ctx, stuck, w.Clock.Now().Add(time.Hour))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if p, err = resolve(w, p.ID, pay.VerdictUnpaid, 0); err != nil || p.State != pay.PaymentFailed {
		t.Fatalf("payment is %s, %v", p.State, err)
	}
	for _, a := range agreements(t, w) {
		if a.State != pay.AgreementCancelled {
			t.Errorf("the agreement is %s", a.State)
		}
	}
}
