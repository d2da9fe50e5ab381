package pay_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/payid"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/terms"
)

func TestAgreement_PausedAndResumedAtTheBank(t *testing.T) {
	w := paytest.New(t)
	m := agreeAtBank(t, w, upTo(5000))
	w.AtBank(m.ID, pay.BankPause)
	m = w.Mandate(m.ID)
	if m.State != pay.MandatePaused || m.Reason != pay.ByBank || m.NetworkCode != "MD16" {
		t.Fatalf("mandate is %s by %q, %s", m.State, m.Reason, m.NetworkCode)
	}
	_, err := w.ChargeAUD(m.ID, 700)
	fails(t, err, pay.State, "mandate_not_active", "")
	_, _, err = w.Pay.ResumeMandate(t.Context(), w.Shop, nil, m.ID)
	if !pay.IsKind(err, pay.State) || w.Mandate(m.ID).State != pay.MandatePaused {
		t.Errorf("the merchant resumes what the payer paused: %v", err)
	}
	w.AtBank(m.ID, pay.BankResume)
	if m = w.Mandate(m.ID); m.State != pay.MandateActive || m.Reason+m.NetworkCode != "" {
		t.Fatalf("mandate is %s by %q", m.State, m.Reason)
	}
	chargeAUD(t, w, m.ID, 700)
	events(t, w, m.ID, "mandate.paused", "mandate.resumed")
}

func TestAgreement_CanceledAtTheBank(t *testing.T) {
	w := paytest.New(t)
	m := agreeAtBank(t, w, upTo(5000))
	w.AtBank(m.ID, pay.BankCancel)
	w.Work()
	m = w.Mandate(m.ID)
	if m.State != pay.MandateCanceled || m.Reason != pay.ByBank || m.NetworkCode != "MD16" {
		t.Fatalf("mandate is %s by %q, %s", m.State, m.Reason, m.NetworkCode)
	}
	if w.Method(m.MethodID).State != pay.MethodDetached {
		t.Error("the method of a canceled agreement can still be chosen")
	}
	w.Advance(48 * time.Hour)
	events(t, w, m.ID, "mandate.canceled")
}

func TestAgreement_MovedToAnotherAccount(t *testing.T) {
	w := paytest.New(t)
	m := agreeAtBank(t, w, upTo(5000))
	to := pay.Payto{Kind: payid.Account, BSB: "062000", Account: "12345678"}
	_, err := w.Pay.DecideAgreement(t.Context(), w.Shop, m.ID, pay.BankDecision{
		Do: pay.BankMove, To: &to,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Work()
	m, method := w.Mandate(m.ID), w.Method(m.MethodID)
	if *m.Payto != to || *method.Payto != to || m.State != pay.MandateActive {
		t.Errorf("mandate draws on %+v, its method is %+v", m.Payto, method.Payto)
	}
	events(t, w, m.ID, "mandate.updated")
	if told := w.Told(method.ID); !slices.Equal(told, []string{"method.active", "method.updated"}) {
		t.Errorf("events of the method %v", told)
	}
	chargeAUD(t, w, m.ID, 700)
}

func TestAgreement_NewsOfItselfArrives(t *testing.T) {
	for name, tc := range map[string]struct {
		payID string
		state pay.MandateState
		code  string
	}{
		"suspended": {"bank-suspends@example.com", pay.MandatePaused, "MD16"},
		"cancelled": {"bank-cancels@example.com", pay.MandateCanceled, "MD16"},
		"closed":    {"account-closes@example.com", pay.MandateCanceled, "AC04"},
	} {
		for _, dropped := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				w := paytest.New(t)
				ses := w.Open(paytest.InAUD(4995), paytest.First(upTo(5000)))
				p := w.PayTo(ses.ID, tc.payID)
				w.AtBank(p.ID, pay.BankApprove)
				w.Advance(settles)
				err := w.Pay.Behave(t.Context(), w.Shop, "payto", pay.Behaviour{DropNotices: dropped})
				if err != nil {
					t.Fatal(err)
				}
				w.Advance(2 * time.Minute)
				if dropped { // what nobody told us of is found by looking
					w.Advance(25 * time.Hour)
				}
				m := w.Mandate(w.Session(ses.ID).MandateID)
				if m.State != tc.state || m.NetworkCode != tc.code || m.Reason != pay.ByBank {
					t.Errorf("mandate is %s by %q, %s", m.State, m.Reason, m.NetworkCode)
				}
			})
		}
	}
}

func TestAgreement_TheMerchantsWishesGoToTheBank(t *testing.T) {
	w := paytest.New(t)
	m := agreeAtBank(t, w, upTo(5000))
	ctx := t.Context()
	at := func() pay.Agreement { return agreements(t, w)[0] }
	if _, _, err := w.Pay.PauseMandate(ctx, w.Shop, nil, m.ID); err != nil {
		t.Fatal(err)
	}
	if a := at(); a.State != pay.AgreementSuspended || a.By != pay.PartyMerchant {
		t.Errorf("agreement is %s by %s", a.State, a.By)
	}
	if m = w.Mandate(m.ID); m.State != pay.MandatePaused || m.Reason != pay.ByMerchant {
		t.Errorf("mandate is %s by %q", m.State, m.Reason)
	}
	if _, _, err := w.Pay.ResumeMandate(ctx, w.Shop, nil, m.ID); err != nil {
		t.Fatal(err)
	}
	if a := at(); a.State != pay.AgreementActive || w.Mandate(m.ID).State != pay.MandateActive {
		t.Errorf("agreement is %s, mandate %s", a.State, w.Mandate(m.ID).State)
	}
	chargeAUD(t, w, m.ID, 700)
	if _, _, err := w.Pay.CancelMandate(ctx, w.Shop, nil, m.ID); err != nil {
		t.Fatal(err)
	}
	m = w.Mandate(m.ID)
	if a := at(); a.State != pay.AgreementCancelled || m.State != pay.MandateCanceled ||
		m.Reason != pay.ByMerchant || m.NetworkCode != "MD17" {
		t.Errorf("agreement is %s, mandate %s by %q %s", a.State, m.State, m.Reason, m.NetworkCode)
	}
	_, _, err := w.Pay.CancelMandate(ctx, w.Shop, nil, m.ID)
	fails(t, err, pay.State, "mandate_not_cancelable", "")
	w.Advance(48 * time.Hour)
	events(t, w, m.ID, "mandate.paused", "mandate.resumed", "mandate.canceled")
}

func TestAgreement_CanceledAsPayer(t *testing.T) {
	w := paytest.New(t)
	m := agreeAtBank(t, w, upTo(5000))
	key := w.Pay.MandateURL(m.ID)
	key = key[len(key)-64:]
	m, err := w.Pay.CancelMandateAsPayer(t.Context(), m.ID, key)
	if err != nil || m.State != pay.MandateCanceled || m.Reason != pay.ByPayer {
		t.Fatalf("mandate is %s by %q, %v", m.State, m.Reason, err)
	}
	if a := agreements(t, w)[0]; a.State != pay.AgreementCancelled {
		t.Errorf("agreement is %s", a.State)
	}
}

func TestAgreement_AKeyedWishIsAnsweredOnce(t *testing.T) {
	w := paytest.New(t)
	m := agreeAtBank(t, w, upTo(5000))
	for i := range 3 {
		_, reply, err := w.Pay.CancelMandate(t.Context(), w.Shop, keyed("k1", 1), m.ID)
		if err != nil || string(reply.Body) != "canceled" || reply.Replayed != (i > 0) {
			t.Errorf("attempt %d: %+v %s, %v", i, reply, reply.Body, err)
		}
	}
}

// silent is a rail whose replies to instructions are lost, before or after they have their effect.
type silent struct {
	agreer
	before, after bool
}

// agreer is all that the core uses of the payto network.
type agreer interface {
	pay.Rail
	pay.Agreer
	pay.Banker
	pay.Voider
	pay.Refunder
	pay.Notifier
	pay.Simulated
}

var errSilent = errors.New("no reply")

func (s *silent) Instruct(
	ctx context.Context, ref pay.AgreementRef, i pay.Instruction,
) (pay.Agreement, error) {
	if s.before {
		return pay.Agreement{}, errSilent
	}
	a, err := s.agreer.Instruct(ctx, ref, i)
	if s.after {
		return pay.Agreement{}, errSilent
	}
	return a, err
}

// quiet opens a world in which the payto network loses replies.
func quiet(t *testing.T) (*paytest.World, *silent) {
	t.Helper()
	s := &silent{}
	w := paytest.Open(t, paytest.Options{Rails: []pay.Rail{s}, Lately: func(w *paytest.World) {
		s.agreer = w.Payto
	}})
	return w, s
}

func TestAgreement_AWishWhoseAnswerIsLost(t *testing.T) {
	for name, tc := range map[string]struct {
		wish  func(w *paytest.World, id string) error
		state pay.MandateState
	}{
		"cancel": {func(w *paytest.World, id string) error {
			_, _, err := w.Pay.CancelMandate(context.Background(), w.Shop, nil, id)
			return err
		}, pay.MandateCanceled},
		"pause": {func(w *paytest.World, id string) error {
			_, _, err := w.Pay.PauseMandate(context.Background(), w.Shop, nil, id)
			return err
		}, pay.MandatePaused},
	} {
		for _, effect := range []bool{false, true} {
			w, s := quiet(t)
			m := agreeAtBank(t, w, upTo(5000))
			s.before, s.after = !effect, effect
			fails(t, tc.wish(w, m.ID), pay.Unavailable, "outcome_unknown", "")
			if got := w.Mandate(m.ID); got.State != pay.MandateActive {
				t.Errorf("%s: without an answer the mandate is %s", name, got.State)
			}
			s.before, s.after = false, false
			w.Advance(2 * time.Minute)
			want := pay.MandateActive
			if effect {
				want = tc.state
			}
			if got := w.Mandate(m.ID); got.State != want {
				t.Errorf("%s, effect %v: the mandate comes to be %s", name, effect, got.State)
			}
			if !effect { // the wish is repeated
				if err := tc.wish(w, m.ID); err != nil {
					t.Error(err)
				}
			}
			if got := w.Mandate(m.ID); got.State != tc.state || got.Reason != pay.ByMerchant {
				t.Errorf("%s: in the end it is %s by %q", name, got.State, got.Reason)
			}
			if told := w.Told(m.ID); len(told) != 2 {
				t.Errorf("%s: events %v", name, told)
			}
		}
	}
}

func TestAgreement_ADetachedMethodEndsAtTheBankLater(t *testing.T) {
	w, s := quiet(t)
	m := agreeAtBank(t, w, upTo(5000))
	s.before = true
	if _, _, err := w.Pay.DetachMethod(t.Context(), w.Shop, nil, m.MethodID); err != nil {
		t.Fatal(err)
	}
	if m = w.Mandate(m.ID); m.State != pay.MandateCanceled || m.Reason != pay.ByDetach {
		t.Fatalf("mandate is %s by %q", m.State, m.Reason)
	}
	w.Advance(2 * time.Minute)
	if a := agreements(t, w)[0]; a.State != pay.AgreementActive {
		t.Fatalf("agreement is %s", a.State)
	}
	s.before = false
	w.Advance(15 * time.Minute)
	if a := agreements(t, w)[0]; a.State != pay.AgreementCancelled {
		t.Errorf("agreement is %s", a.State)
	}
	if m = w.Mandate(m.ID); !m.LookAt.IsZero() {
		t.Errorf("it is looked at again at %v", m.LookAt)
	}
}

func TestAgreement_AChargeFindsWhatNobodyTold(t *testing.T) {
	w := paytest.New(t)
	m := agreeAtBank(t, w, upTo(5000))
	method := w.Method(m.MethodID)
	deaf(t, w)
	pause := func(do pay.BankAction) {
		_, err := w.Payto.DecideAgreement(t.Context(), pay.AgreementRef{
			Scope: w.Shop.Scope, Token: method.Token, Now: w.Pay.Now(w.Shop),
		}, pay.BankDecision{Do: do})
		if err != nil {
			t.Fatal(err)
		}
	}
	pause(pay.BankPause)
	p, err := w.ChargeAUD(m.ID, 700)
	if err != nil || p.State != pay.PaymentFailed || p.NetworkCode != "NACT" {
		t.Fatalf("charge is %s %s, %v", p.State, p.NetworkCode, err)
	}
	m = w.Mandate(m.ID)
	if m.State != pay.MandatePaused || m.Reason != pay.ByBank || m.Count != 1 || m.Total != 4995 {
		t.Errorf("mandate is %s by %q with %d charges of %d", m.State, m.Reason, m.Count, m.Total)
	}
	pause(pay.BankResume)
	w.Advance(25 * time.Hour)
	if m = w.Mandate(m.ID); m.State != pay.MandateActive {
		t.Errorf("mandate is %s", m.State)
	}
}

func TestAgreement_RefusedChargesAreRecorded(t *testing.T) {
	w := paytest.New(t)
	permits := upTo(5000)
	permits.MaxCount = 2
	m := agreeAtBank(t, w, permits)
	charge := func(minor int64) pay.Payment {
		t.Helper()
		p, _, err := w.Pay.Charge(t.Context(), w.Shop, nil, pay.ChargeRequest{
			Family: "checkout", Amount: paytest.AUD(minor), MandateID: m.ID, Recorded: true,
		})
		if err != nil || p.State != pay.PaymentFailed || p.MandateID != m.ID {
			t.Fatalf("charge is %s under %q, %v", p.State, p.MandateID, err)
		}
		return p
	}
	if p := charge(5001); p.NetworkCode != "NAUT" || p.DeclineCode != pay.DeclineNotPermitted {
		t.Errorf("too much is %s %s", p.NetworkCode, p.DeclineCode)
	}
	w.AtBank(m.ID, pay.BankPause)
	p := charge(700)
	if p.NetworkCode != "NACT" || p.DeclineCode != pay.DeclineAgreementInactive {
		t.Errorf("paused is %s %s", p.NetworkCode, p.DeclineCode)
	}
	if told := w.Told(p.ID); !slices.Equal(told, []string{"payment.created", "payment.failed"}) {
		t.Errorf("events %v", told)
	}
	ses, _, err := w.Pay.ChargeSession(t.Context(), w.Shop, nil, pay.ChargeRequest{
		Family: "checkout", Amount: paytest.AUD(700), MandateID: m.ID, Recorded: true,
	})
	if err != nil || ses.State != pay.SessionComplete ||
		ses.LastDecline != pay.DeclineAgreementInactive {
		t.Errorf("session is %s %s, %v", ses.State, ses.LastDecline, err)
	}
	w.AtBank(m.ID, pay.BankResume)
	chargeAUD(t, w, m.ID, 700)
	charge(700)
	if m = w.Mandate(m.ID); m.Count != 2 || m.Total != 5695 || m.State != pay.MandateCompleted {
		t.Errorf("mandate is %s with %d of %d", m.State, m.Count, m.Total)
	}
	w.Work()
}

func TestAgreement_OneVisitAtATimeKeepsToTheTerms(t *testing.T) {
	w := paytest.New(t)
	permits := upTo(5000)
	permits.Period = &terms.Period{Unit: terms.Day, MaxCount: 2}
	m := agreeAtBank(t, w, permits)
	visit := func(want pay.PaymentState, code string) {
		t.Helper()
		ses := w.Open(paytest.InAUD(900), func(r *pay.OpenSession) { r.CustomerID = m.CustomerID })
		p, err := paySaved(w, w.Shop, ses.ID, m.MethodID)
		if err != nil {
			t.Fatal(err)
		}
		w.Advance(settles)
		if p = w.Payment(p.ID); p.State != want || p.NetworkCode != code || p.MandateID != m.ID {
			t.Errorf("payment is %s %q under %q", p.State, p.NetworkCode, p.MandateID)
		}
		if want == pay.PaymentFailed && w.Session(ses.ID).State != pay.SessionOpen {
			t.Errorf("session is %s", w.Session(ses.ID).State)
		}
	}
	visit(pay.PaymentPaid, "")
	visit(pay.PaymentFailed, "SL13")
	if m = w.Mandate(m.ID); m.Count != 2 || m.Total != 5895 {
		t.Errorf("%d charges of %d", m.Count, m.Total)
	}
}

// stale is a rail that answers with what an agreement was before.
type stale struct {
	agreer
	old *pay.Agreement
}

func (s *stale) Agreement(ctx context.Context, ref pay.AgreementRef) (pay.Agreement, error) {
	if s.old != nil {
		return *s.old, nil
	}
	return s.agreer.Agreement(ctx, ref)
}

func TestAgreement_OlderNewsChangesNothing(t *testing.T) {
	s := &stale{}
	w := paytest.Open(t, paytest.Options{Rails: []pay.Rail{s}, Lately: func(w *paytest.World) {
		s.agreer = w.Payto
	}})
	m := agreeAtBank(t, w, upTo(5000))
	active := agreements(t, w)[0]
	w.AtBank(m.ID, pay.BankPause)
	paused := w.Mandate(m.ID)
	s.old = &active
	w.Advance(25 * time.Hour)
	if got := w.Mandate(m.ID); got.State != pay.MandatePaused || got.LookAt.Equal(paused.LookAt) {
		t.Fatalf("after older news the mandate is %s, looked at again at %v", got.State, got.LookAt)
	}
	s.old = nil
	w.AtBank(m.ID, pay.BankResume)
	if got := w.Mandate(m.ID); got.State != pay.MandateActive {
		t.Errorf("mandate is %s", got.State)
	}
}

func TestAgreement_FailuresOfOursAreNotTheBanks(t *testing.T) {
	w := paytest.New(t)
	ses := w.Open(paytest.InAUD(4995), paytest.First(upTo(5000)),
		paytest.Scheduled(daily(700, day(10, 4)), 1))
	p := w.PayTo(ses.ID, "no-funds-next@example.com")
	w.AtBank(p.ID, pay.BankApprove)
	w.Advance(settles)
	id := w.Session(ses.ID).MandateID
	for range 4 {
		w.Advance(24 * time.Hour)
		w.Advance(settles)
	}
	m := w.Mandate(id)
	if m.State != pay.MandatePaused || m.Reason != pay.ByFailures {
		t.Fatalf("mandate is %s by %q", m.State, m.Reason)
	}
	to := pay.Payto{Kind: payid.Account, BSB: "062000", Account: "12345678"}
	_, err := w.Pay.DecideAgreement(t.Context(), w.Shop, id, pay.BankDecision{
		Do: pay.BankMove, To: &to,
	})
	if err != nil {
		t.Fatal(err)
	}
	if m = w.Mandate(id); m.State != pay.MandatePaused || *m.Payto != to {
		t.Errorf("mandate is %s on %+v", m.State, m.Payto)
	}
	if _, _, err := w.Pay.ResumeMandate(t.Context(), w.Shop, nil, id); err != nil {
		t.Fatal(err)
	}
	w.Advance(24 * time.Hour)
	w.Advance(settles)
	if n, sum := w.Debits(id); n != 2 || sum != 4995+700 {
		t.Errorf("%d debits of %d", n, sum)
	}
}
