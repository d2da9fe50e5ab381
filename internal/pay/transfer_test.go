package pay_test

import (
	"context"
	"testing"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
)

// transfer opens a session for 50 cedis and chooses to pay it by bank transfer.
func transfer(t *testing.T, w *paytest.World) (pay.Session, pay.Payment) {
	t.Helper()
	ses := w.Open()
	p, _, err := w.Pay.Pay(context.Background(), w.Shop, nil, pay.PayRequest{
		SessionID: ses.ID, Method: pay.MethodInput{Type: pay.MethodBank},
	})
	if err != nil || p.State != pay.PaymentWaiting || p.Transfer == nil {
		t.Fatalf("payment is %s, %v", p.State, err)
	}
	return ses, p
}

func deposit(t *testing.T, w *paytest.World, id string, amounts ...int64) pay.Payment {
	t.Helper()
	var p pay.Payment
	for _, amount := range amounts {
		var err error
		if p, err = w.Pay.Deposit(context.Background(), w.Shop, id, amount); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// accounts returns what the shop's accounts hold.
func accounts(t *testing.T, w *paytest.World) map[pay.Account]int64 {
	t.Helper()
	all, err := w.Pay.Balance(context.Background(), w.Shop)
	if err != nil {
		t.Fatal(err)
	}
	out := map[pay.Account]int64{}
	for _, b := range all {
		out[b.Account] = b.Amount.Minor
	}
	return out
}

func TestTransfer_WhatComesDecides(t *testing.T) {
	for _, tc := range []struct {
		name    string
		came    []int64
		payment pay.PaymentState
		session pay.SessionState
	}{
		{"exactly", []int64{5000}, pay.PaymentPaid, pay.SessionComplete},
		{"short", []int64{3000}, pay.PaymentUnderpaid, pay.SessionPaying},
		{"short, then the rest", []int64{3000, 2000}, pay.PaymentPaid, pay.SessionComplete},
		{"short twice", []int64{3000, 1000}, pay.PaymentUnderpaid, pay.SessionPaying},
		{"short, then too much", []int64{3000, 3000}, pay.PaymentOverpaid, pay.SessionPaying},
		{"too much", []int64{7000}, pay.PaymentOverpaid, pay.SessionPaying},
		{"twice", []int64{5000, 5000}, pay.PaymentOverpaid, pay.SessionComplete},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := paytest.New(t)
			ses, p := transfer(t, w)
			p = deposit(t, w, p.ID, tc.came...)
			if got := w.Session(ses.ID); p.State != tc.payment || got.State != tc.session {
				t.Errorf("payment is %s, session %s", p.State, got.State)
			}
		})
	}
}

func TestSettle_TheMerchantDecides(t *testing.T) {
	for _, tc := range []struct {
		name             string
		came             int64
		how              pay.Settlement
		payment          pay.PaymentState
		session          pay.SessionState
		captured, refund int64
	}{
		{"keep too little", 3000, pay.SettleAccept, pay.PaymentPaid, pay.SessionComplete, 3000, 0},
		{"return too little", 3000, pay.SettleRefund, pay.PaymentCanceled, pay.SessionOpen, 3000,
			3000},
		{"keep too much", 7000, pay.SettleAccept, pay.PaymentPaid, pay.SessionComplete, 7000, 0},
		{"return the excess", 7000, pay.SettleRefund, pay.PaymentPaid, pay.SessionComplete, 7000,
			2000},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := paytest.New(t)
			ctx := context.Background()
			ses, p := transfer(t, w)
			deposit(t, w, p.ID, tc.came)
			if held := accounts(t, w)[pay.AccountUnsettled]; held != tc.came {
				t.Errorf("%d unsettled, %d came", held, tc.came)
			}
			if _, _, err := w.Pay.SettlePayment(ctx, w.Shop, nil, p.ID, tc.how); err != nil {
				t.Fatal(err)
			}
			w.Work() // without any time passing: what is to be sent back goes at once
			p, got := w.Payment(p.ID), w.Session(ses.ID)
			if p.State != tc.payment || got.State != tc.session {
				t.Errorf("payment is %s, session %s", p.State, got.State)
			}
			if p.Captured != tc.captured || p.Refunded != tc.refund {
				t.Errorf("captured %d, refunded %d", p.Captured, p.Refunded)
			}
			held := accounts(t, w)
			if held[pay.AccountMerchant] != tc.captured-tc.refund || held[pay.AccountRefunds] != 0 ||
				held[pay.AccountUnsettled] != 0 {
				t.Errorf("accounts: %v", held)
			}
			_, _, err := w.Pay.SettlePayment(ctx, w.Shop, nil, p.ID, tc.how)
			if !pay.IsKind(err, pay.State) {
				t.Errorf("settled twice: %v", err)
			}
		})
	}
}

func TestTransfer_MoneyForAPaymentGivenUpIsLate(t *testing.T) {
	w := paytest.New(t)
	ctx := context.Background()
	ses, p := transfer(t, w)
	if _, _, err := w.Pay.CancelPayment(ctx, w.Shop, nil, p.ID); err != nil {
		t.Fatal(err)
	}
	if paid := w.Buy(ses.ID, ok); paid.State != pay.PaymentPaid {
		t.Fatalf("another method: %s", paid.State)
	}
	if p = deposit(t, w, p.ID, 1234); p.State != pay.PaymentLate || p.Captured != 1234 {
		t.Errorf("payment is %s, captured %d", p.State, p.Captured)
	}
	if held := accounts(t, w); held[pay.AccountLate] != 1234 || held[pay.AccountMerchant] != 5000 {
		t.Errorf("accounts: %v", held)
	}
	_, _, err := w.Pay.CreateRefund(ctx, w.Shop, nil, pay.RefundRequest{PaymentID: p.ID})
	if err != nil {
		t.Fatal(err)
	}
	if held := accounts(t, w); held[pay.AccountLate] != 0 {
		t.Errorf("accounts after the refund: %v", held)
	}
}

func TestTransfer_NothingCameUntilTheDeadline(t *testing.T) {
	w := paytest.New(t)
	ses, p := transfer(t, w)
	w.Advance(pay.DefaultTTL)
	w.Advance(pay.DefaultTTL)
	if got := w.Payment(p.ID); got.State != pay.PaymentFailed ||
		got.DeclineCode != pay.DeclineTransferExpired {
		t.Errorf("payment is %s, %s", got.State, got.DeclineCode)
	}
	if got := w.Session(ses.ID); got.State != pay.SessionExpired {
		t.Errorf("session is %s", got.State)
	}
}

func TestMobile_PhonesAndNetworks(t *testing.T) {
	for phone, want := range map[string]string{
		"0241234567": "0241234567", "+233 24 123 4567": "0241234567", "233241234567": "0241234567",
		"024-123-4567": "0241234567", "241234567": "0241234567", "0041234567": "", "024123456": "",
		"+44 20 7946 0000": "", "": "", "02412345678": "", "024123456a": "",
	} {
		got, valid := pay.LocalPhone(phone)
		if valid != (want != "") || valid && got != want {
			t.Errorf("%q: %q, %v", phone, got, valid)
		}
	}
	for phone, want := range map[string]string{
		"0241234567": "mtn", "0201234567": "telecel", "0271234567": "airteltigo", "0301234567": "",
	} {
		if got := pay.ProviderOf(phone); got != want {
			t.Errorf("%s: %q, want %q", phone, got, want)
		}
	}
}
