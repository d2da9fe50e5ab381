package railtest

import (
	"context"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
)

// transfer submits a payment that waits for a transfer.
func (s *suite) transfer(t *testing.T, r pay.Rail) (pay.Attempt, pay.Depositor) {
	t.Helper()
	bank := able[pay.Depositor](t, r, "takes no transfers")
	a := s.attempt(t, Succeeds, pay.CaptureAutomatic)
	out := s.started(t, r, a)
	want(t, out, pay.OutcomeWaiting, s.amount)
	to := out.Transfer
	if to == nil || to.Bank == "" || to.AccountName == "" || to.AccountNumber == "" ||
		to.Reference == "" || !to.ExpiresAt.Equal(a.ExpiresAt) {
		t.Fatalf("the payer is not told where to send the money: %+v", to)
	}
	return a, bank
}

func (s *suite) deposit(t *testing.T, bank pay.Depositor, a pay.Attempt, minor int64) {
	t.Helper()
	if err := bank.Deposit(t.Context(), s.ref(a.PaymentID), s.sum(minor)); err != nil {
		t.Fatal(err)
	}
}

func (s *suite) transfers(t *testing.T) {
	r := s.Open(t)
	a, bank := s.transfer(t, r)
	b, _ := s.transfer(t, r)
	sim := r.(pay.Simulated)
	first, second := s.prompted(t, sim, a).Transfer, s.prompted(t, sim, b).Transfer
	if first.Reference == second.Reference || first.AccountNumber != second.AccountNumber {
		t.Errorf("two payments of a merchant go to %+v and %+v", first, second)
	}
	s.noticesOf(t, r, pay.Attempt{}) // those of earlier tests
	s.deposit(t, bank, a, 1000)
	want(t, s.query(t, r, a.PaymentID), pay.OutcomeReceived, s.sum(1000))
	if p := s.prompted(t, sim, a); p.Received != 1000 {
		t.Errorf("the bank shows %d received", p.Received)
	}
	s.deposit(t, bank, a, s.amount.Minor-1000)
	want(t, s.query(t, s.Open(t), a.PaymentID), pay.OutcomeReceived, s.amount)
	if all := s.listed(t, sim, a); len(all) != 0 {
		t.Errorf("a paid reference is listed: %+v", all)
	}
	s.deposit(t, bank, a, 7)
	want(t, s.query(t, r, a.PaymentID), pay.OutcomeReceived, s.sum(s.amount.Minor+7))
	s.taken(t, a.PaymentID, 1000, s.amount.Minor-1000, 7)
	if n := s.noticesOf(t, r, a); n != 3 {
		t.Errorf("told %d times of 3 deposits", n)
	}
	want(t, s.query(t, r, b.PaymentID), pay.OutcomeWaiting, s.amount)
	s.taken(t, b.PaymentID)
	s.refusesDeposits(t, bank, b)
}

func (s *suite) refusesDeposits(t *testing.T, bank pay.Depositor, a pay.Attempt) {
	t.Helper()
	for _, wrong := range []money.Amount{
		s.sum(0), s.sum(-1), {Minor: 1, Currency: "KES"}, s.sum(money.MaxMinor + 1),
	} {
		err := bank.Deposit(t.Context(), s.ref(a.PaymentID), wrong)
		if !pay.IsKind(err, pay.Invalid) {
			t.Errorf("a deposit of %v: %v", wrong, err)
		}
	}
	stranger := s.ref(a.PaymentID)
	stranger.MerchantID = s.IDs.ID("mer", s.Now())
	for name, ref := range map[string]pay.Ref{
		"of another merchant": stranger, "unknown": s.ref(s.IDs.ID("pay", s.Now())),
	} {
		if err := bank.Deposit(t.Context(), ref, s.sum(1)); !pay.IsKind(err, pay.NotFound) {
			t.Errorf("a deposit to a payment that is %s: %v", name, err)
		}
	}
	s.taken(t, a.PaymentID)
}

func (s *suite) transferRunsOut(t *testing.T) {
	r := s.Open(t)
	a, bank := s.transfer(t, r)
	part, _ := s.transfer(t, r)
	s.deposit(t, bank, part, 1000)
	s.noticesOf(t, r, pay.Attempt{})
	s.Advance(sessionTTL + time.Second)
	out := s.query(t, r, a.PaymentID)
	want(t, out, pay.OutcomeDeclined, s.amount)
	if out.Decline != pay.DeclineTransferExpired {
		t.Errorf("declined as %q", out.Decline)
	}
	if n := s.noticesOf(t, r, a); n != 1 {
		t.Errorf("told %d times that the time is over, want once", n)
	}
	if all := s.listed(t, r.(pay.Simulated), a); len(all) != 0 {
		t.Errorf("a reference whose time is over is listed: %+v", all)
	}
	want(t, s.query(t, r, part.PaymentID), pay.OutcomeReceived, s.sum(1000))
	s.deposit(t, bank, a, s.amount.Minor)
	want(t, s.query(t, r, a.PaymentID), pay.OutcomeReceived, s.amount)
	if n := s.noticesOf(t, r, a); n != 1 {
		t.Errorf("told %d times of late money, want once", n)
	}
	s.taken(t, a.PaymentID, s.amount.Minor)
}

func (s *suite) voidTransfer(t *testing.T) {
	r := s.Open(t)
	a, bank := s.transfer(t, r)
	v := voider(t, r)
	out, err := v.Void(t.Context(), s.ref(a.PaymentID))
	if err != nil {
		t.Fatal(err)
	}
	want(t, out, pay.OutcomeCanceled, s.amount)
	s.deposit(t, bank, a, 500)
	want(t, s.query(t, r, a.PaymentID), pay.OutcomeReceived, s.sum(500))
	s.taken(t, a.PaymentID, 500)

	part, _ := s.transfer(t, r)
	s.deposit(t, bank, part, 500)
	if out, err = v.Void(t.Context(), s.ref(part.PaymentID)); err != nil {
		t.Fatal(err)
	}
	want(t, out, pay.OutcomeReceived, s.sum(500))
	f := refunder(t, r)
	want(t, refunded(t, f, s.order(part.PaymentID, 501)), pay.OutcomeDeclined, s.sum(501))
	want(t, refunded(t, f, s.order(part.PaymentID, 500)), pay.OutcomePaid, s.sum(500))
	s.returned(t, part.PaymentID, 500)

	unseen := s.ref(s.IDs.ID("pay", s.Now()))
	if _, err := v.Void(t.Context(), unseen); err != nil {
		t.Fatal(err)
	}
	if err := bank.Deposit(t.Context(), unseen, s.sum(1)); !pay.IsKind(err, pay.State) {
		t.Errorf("a deposit without a reference: %v", err)
	}
}

func (s *suite) depositsParallel(t *testing.T) {
	r := s.Open(t)
	a, bank := s.transfer(t, r)
	atOnce(t, func(ctx context.Context, _ int) (pay.Outcome, error) {
		err := bank.Deposit(ctx, s.ref(a.PaymentID), s.sum(10))
		return pay.Outcome{Kind: pay.OutcomeReceived}, err
	})
	want(t, s.query(t, r, a.PaymentID), pay.OutcomeReceived, s.sum(10*parallel))
	each := make([]int64, parallel)
	for i := range each {
		each[i] = 10
	}
	s.taken(t, a.PaymentID, each...)
}
