package pay_test

import (
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
)

// Whoever looks a payment up is told what the network says, and nothing moves.
func TestLookUp_AsksAndChangesNothing(t *testing.T) {
	w := paytest.New(t)
	p := w.PayTo(w.Open(paytest.InAUD(5000)).ID, "0412 345 678")
	at := func(status string, kind pay.OutcomeKind) {
		t.Helper()
		before := w.Payment(p.ID)
		got, out, err := w.Pay.LookUp(t.Context(), p.ID)
		if err != nil || out.Kind != kind || out.NetworkStatus != status {
			t.Errorf("%+v, %v; want kind %d at %q", out, err, kind, status)
		}
		if after := w.Payment(p.ID); after.Version != before.Version || got.State != before.State {
			t.Errorf("a look changed %s to %s", before.State, after.State)
		}
		if said, err := w.Pay.Standing(t.Context(), w.Shop, &got); err != nil || said != status {
			t.Errorf("it stands at %q, %v; want %q", said, err, status)
		}
	}
	at("", pay.OutcomeAction)
	if _, err := w.Pay.DecideAgreement(t.Context(), w.Shop, p.ID,
		pay.BankDecision{Do: pay.BankApprove}); err != nil {
		t.Fatal(err)
	}
	at("ACSP", pay.OutcomeWaiting)
	w.Clock.Advance(time.Minute)
	at("ACSC", pay.OutcomePaid)
	if err := w.Pay.Behave(t.Context(), w.Shop, p.Rail, pay.Behaviour{Down: true}); err != nil {
		t.Fatal(err)
	}
	if _, out, err := w.Pay.LookUp(t.Context(), p.ID); !pay.IsKind(err, pay.Unavailable) {
		t.Errorf("a network that is down says %+v, %v", out, err)
	}
	if _, _, err := w.Pay.LookUp(t.Context(), "pay_nobody"); !pay.IsKind(err, pay.NotFound) {
		t.Errorf("a payment that nobody made: %v", err)
	}
}

// Every status before an answer leaves a payment in progress, and so does one that we do not know.
func TestStatus_NoneButTheAnswersMovesAPayment(t *testing.T) {
	for typed, way := range map[string]time.Duration{
		"0412 340 016": 40 * time.Second, "0412 340 017": 30 * time.Second,
	} {
		w := paytest.New(t)
		p := w.PayTo(w.Open(paytest.InAUD(5000)).ID, typed)
		if _, err := w.Pay.DecideAgreement(t.Context(), w.Shop, p.ID,
			pay.BankDecision{Do: pay.BankApprove}); err != nil {
			t.Fatal(err)
		}
		for at := time.Duration(0); at < way; at += 5 * time.Second {
			w.Work()
			if p = w.Payment(p.ID); p.State != pay.PaymentWaiting {
				t.Errorf("%s after %v: %s", typed, at, p.State)
			}
			w.Advance(5 * time.Second)
		}
		w.Work()
		if p = w.Payment(p.ID); p.State != pay.PaymentPaid {
			t.Errorf("%s in the end: %s", typed, p.State)
		}
	}
}
