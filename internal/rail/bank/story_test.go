package bank_test

import (
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
)

func deposit(t *testing.T, w *paytest.World, p pay.Payment, minor int64) pay.Payment {
	t.Helper()
	p, err := w.Pay.Deposit(t.Context(), w.Shop, p.ID, minor)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What a merchant sees of what comes for a payment of 5000, through the real core.
func TestStory_WhatComes(t *testing.T) {
	tests := []struct {
		name     string
		deposits []int64
		payment  pay.PaymentState
		session  pay.SessionState
	}{
		{"exactly", []int64{5000}, pay.PaymentPaid, pay.SessionComplete},
		{"short", []int64{3000}, pay.PaymentUnderpaid, pay.SessionPaying},
		{"short, topped up", []int64{3000, 1999, 1}, pay.PaymentPaid, pay.SessionComplete},
		{"over", []int64{5001}, pay.PaymentOverpaid, pay.SessionPaying},
		{"short, then over", []int64{3000, 3000}, pay.PaymentOverpaid, pay.SessionPaying},
		{"twice", []int64{5000, 5000}, pay.PaymentOverpaid, pay.SessionComplete},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := paytest.New(t)
			p := w.Transfer(w.Open().ID)
			if p.State != pay.PaymentWaiting || p.Transfer == nil || p.Transfer.Reference == "" {
				t.Fatalf("payment is %s, transfer %+v", p.State, p.Transfer)
			}
			var sum int64
			for _, minor := range test.deposits {
				sum += minor
				if p = deposit(t, w, p, minor); p.Received != sum {
					t.Errorf("received %d, want %d", p.Received, sum)
				}
				w.Check()
			}
			w.Advance(time.Minute)
			ses := w.Session(p.SessionID)
			if p.State != test.payment || ses.State != test.session {
				t.Errorf("payment is %s, session %s", p.State, ses.State)
			}
			if p.Transfer == nil {
				t.Error("the payment has lost its reference")
			}
		})
	}
}

func TestStory_Settled(t *testing.T) {
	tests := []struct {
		name     string
		minor    int64
		how      pay.Settlement
		state    pay.PaymentState
		session  pay.SessionState
		refunded int64
	}{
		{"short, kept", 3000, pay.SettleAccept, pay.PaymentPaid, pay.SessionComplete, 0},
		{"short, sent back", 3000, pay.SettleRefund, pay.PaymentCanceled, pay.SessionOpen, 3000},
		{"over, kept", 6000, pay.SettleAccept, pay.PaymentPaid, pay.SessionComplete, 0},
		{"over, sent back", 6000, pay.SettleRefund, pay.PaymentPaid, pay.SessionComplete, 1000},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := paytest.New(t)
			p := deposit(t, w, w.Transfer(w.Open().ID), test.minor)
			if _, _, err := w.Pay.SettlePayment(t.Context(), w.Shop, nil, p.ID, test.how); err != nil {
				t.Fatal(err)
			}
			w.Advance(time.Minute)
			p = w.Payment(p.ID)
			if p.State != test.state || w.Session(p.SessionID).State != test.session ||
				p.Refunded != test.refunded {
				t.Errorf("payment is %s, session %s, refunded %d", p.State,
					w.Session(p.SessionID).State, p.Refunded)
			}
			returned(t, w, test.refunded)
		})
	}
}

// returned checks what the bank itself has sent back.
func returned(t *testing.T, w *paytest.World, want int64) {
	t.Helper()
	entries, err := w.Bank.Ledger(t.Context(), w.Shop.MerchantID, w.Pay.Now(w.Shop))
	if err != nil {
		t.Fatal(err)
	}
	var got int64
	for _, e := range entries {
		if e.Kind == "credit" {
			got += e.Amount.Minor
		}
	}
	if got != want {
		t.Errorf("the bank sent %d back, want %d", got, want)
	}
}

// Nothing came in the session's time; what comes afterwards is late.
func TestStory_RunsOutAndComesLate(t *testing.T) {
	w := paytest.New(t)
	p := w.Transfer(w.Open().ID)
	w.Advance(23 * time.Hour)
	if got := w.Payment(p.ID); got.State != pay.PaymentWaiting {
		t.Errorf("before the deadline the payment is %s", got.State)
	}
	w.Advance(time.Hour)
	got, ses := w.Payment(p.ID), w.Session(p.SessionID)
	if got.State != pay.PaymentFailed || got.DeclineCode != pay.DeclineTransferExpired ||
		ses.State != pay.SessionExpired {
		t.Errorf("at the deadline the payment is %s (%s), the session %s", got.State,
			got.DeclineCode, ses.State)
	}
	if got = deposit(t, w, p, 2000); got.State != pay.PaymentLate || got.Captured != 2000 {
		t.Errorf("late money: payment is %s with %d", got.State, got.Captured)
	}
	if got = deposit(t, w, p, 3000); got.State != pay.PaymentLate || got.Captured != 5000 {
		t.Errorf("more late money: payment is %s with %d", got.State, got.Captured)
	}
}

// The buyer pays another way and sends the transfer all the same.
func TestStory_CanceledAndComesLate(t *testing.T) {
	w := paytest.New(t)
	ses := w.Open()
	p := w.Transfer(ses.ID)
	if _, _, err := w.Pay.CancelPayment(t.Context(), w.Shop, nil, p.ID); err != nil {
		t.Fatal(err)
	}
	w.Buy(ses.ID, "4242424242424242")
	if got := deposit(t, w, p, 5000); got.State != pay.PaymentLate {
		t.Errorf("payment is %s", got.State)
	}
	if got := w.Session(ses.ID); got.State != pay.SessionComplete || got.PaymentID == p.ID {
		t.Errorf("session is %s, paid by %s", got.State, got.PaymentID)
	}
}

// Money that was on its way when the payment was given up is found out by the cancellation.
func TestStory_CancelMeetsMoney(t *testing.T) {
	w := paytest.New(t)
	p := w.Transfer(w.Open().ID)
	err := w.Bank.Deposit(t.Context(), pay.Ref{
		Scope: w.Shop.Scope, PaymentID: p.ID, Now: w.Pay.Now(w.Shop),
	}, paytest.GHS(5000))
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := w.Pay.CancelPayment(t.Context(), w.Shop, nil, p.ID)
	if err != nil || got.State != pay.PaymentPaid {
		t.Errorf("payment is %s, %v", got.State, err)
	}
}

// A deposit is noticed without anybody asking for it, even on a bad day.
func TestStory_NoticedByItself(t *testing.T) {
	for name, b := range map[string]pay.Behaviour{
		"a good day": {}, "twice": {Duplicate: true}, "late": {DelayMillis: 30_000},
		"never told": {DropNotices: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := paytest.New(t)
			if err := w.Pay.Behave(t.Context(), w.Shop, "bank", b); err != nil {
				t.Fatal(err)
			}
			p := w.Transfer(w.Open().ID)
			ref := pay.Ref{Scope: w.Shop.Scope, PaymentID: p.ID, Now: w.Pay.Now(w.Shop)}
			for _, minor := range []int64{2000, 3000} {
				if err := w.Bank.Deposit(t.Context(), ref, paytest.GHS(minor)); err != nil {
					t.Fatal(err)
				}
			}
			w.Advance(31 * time.Second)
			if got := w.Payment(p.ID); got.State != pay.PaymentPaid {
				t.Errorf("payment is %s", got.State)
			}
		})
	}
}

// A session that lives long waits long, without bothering a person.
func TestStory_LongSession(t *testing.T) {
	w := paytest.New(t)
	p := w.Transfer(w.Open(func(r *pay.OpenSession) {
		at := w.Clock.Now().Add(20 * 24 * time.Hour)
		r.ExpiresAt = at
	}).ID)
	w.Advance(19 * 24 * time.Hour)
	if got := w.Payment(p.ID); got.State != pay.PaymentWaiting {
		t.Errorf("payment is %s", got.State)
	}
}
