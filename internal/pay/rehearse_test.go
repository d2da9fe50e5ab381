package pay_test

import (
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/terms"
)

func TestRehearse_Refusals(t *testing.T) {
	w := paytest.New(t)
	m := w.Agree(ok, terms.Terms{})
	live := w.Shop
	live.Mode = pay.Live
	err := w.Pay.Rehearse(t.Context(), live, m.MethodID, pay.RehearseApprove)
	failed(t, err, pay.Forbidden, "test_mode_only")
	err = w.Pay.Rehearse(t.Context(), w.Rival, m.MethodID, pay.RehearseApprove)
	failed(t, err, pay.NotFound, "resource_missing")
	err = w.Pay.Rehearse(t.Context(), w.Shop, m.MethodID, "perhaps")
	failed(t, err, pay.Invalid, "parameter_invalid")
	if p := w.Charge(m.ID, 700); p.State != pay.PaymentPaid {
		t.Errorf("after refused rehearsals a charge is %s", p.State)
	}
	if _, _, err := w.Pay.DetachMethod(t.Context(), w.Shop, nil, m.MethodID); err != nil {
		t.Fatal(err)
	}
	err = w.Pay.Rehearse(t.Context(), w.Shop, m.MethodID, pay.RehearseApprove)
	failed(t, err, pay.State, "payment_method_not_active")
}

// Every word decides one charge, and the one after it is as ever.
func TestRehearse_DecidesTheNextChargeAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, w *paytest.World) {
		m := w.Agree(ok, terms.Terms{})
		for word, want := range map[pay.Rehearsal]pay.PaymentState{
			pay.RehearseApprove: pay.PaymentPaid, pay.RehearseUnknown: pay.PaymentCreated,
			pay.RehearseLate: pay.PaymentWaiting, "lost_card": pay.PaymentFailed,
			"authentication_required": pay.PaymentFailed,
		} {
			w.Rehearse(m.MethodID, word)
			p := w.Charge(m.ID, 700)
			if p.State != want {
				t.Errorf("%s: %s, want %s", word, p.State, want)
			}
			if want == pay.PaymentFailed && p.DeclineCode != pay.DeclineCode(word) {
				t.Errorf("%s: declined as %s", word, p.DeclineCode)
			}
			if p := w.Charge(m.ID, 700); p.State != pay.PaymentPaid {
				t.Errorf("after %s: %s", word, p.State)
			}
		}
	})
}

// agreeByPhone has a payer give a mandate on a wallet.
func agreeByPhone(t *testing.T, w *paytest.World) pay.Mandate {
	t.Helper()
	ses := w.Open(paytest.First(terms.Terms{}))
	first := w.Prompt(ses.ID, "0241234567", "")
	if _, err := w.Pay.Answer(t.Context(), w.Shop, first.ID, pay.Approve); err != nil {
		t.Fatal(err)
	}
	return w.Mandate(w.Session(ses.ID).MandateID)
}

// The payer of a wallet is asked on the phone at every charge; who does not answer has not paid.
func TestCharge_AsksTheWalletOnItsPhone(t *testing.T) {
	w := paytest.New(t)
	m := agreeByPhone(t, w)
	p := w.Charge(m.ID, 700)
	open, err := w.Pay.Prompts(t.Context(), w.Shop)
	if p.State != pay.PaymentWaiting || p.Action != pay.ActionApprove || err != nil ||
		len(open) != 1 || open[0].PaymentID != p.ID || open[0].Mobile.Phone != "0241234567" {
		t.Fatalf("charge is %s (%s), prompts %+v, %v", p.State, p.Action, open, err)
	}
	if p, err = w.Pay.Answer(t.Context(), w.Shop, p.ID, pay.Approve); err != nil ||
		p.State != pay.PaymentPaid {
		t.Errorf("approved: %s, %v", p.State, err)
	}
	p = w.Charge(m.ID, 700)
	if p, err = w.Pay.Answer(t.Context(), w.Shop, p.ID, pay.Reject); err != nil ||
		p.State != pay.PaymentFailed || p.DeclineCode != pay.DeclineByPayer {
		t.Errorf("rejected: %s, %s, %v", p.State, p.DeclineCode, err)
	}
	p = w.Charge(m.ID, 700)
	w.Advance(5 * time.Minute)
	if p = w.Payment(p.ID); p.State != pay.PaymentFailed ||
		p.DeclineCode != pay.DeclinePromptExpired {
		t.Errorf("ignored: %s, %s", p.State, p.DeclineCode)
	}
	w.Advance(2 * time.Hour)
	if p, m = w.Payment(p.ID), w.Mandate(m.ID); p.State != pay.PaymentFailed || m.Count != 1 ||
		m.Total != 700 {
		t.Errorf("hours later it is %s, and the mandate counts %d of %d", p.State, m.Count, m.Total)
	}
}
