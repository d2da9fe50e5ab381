package card_test

import (
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
)

// step is how a payment must stand once so much time has passed since the step before.
type step struct {
	after   time.Duration
	payment pay.PaymentState
	session pay.SessionState
}

// What a merchant sees of each kind of bad day, through the real core and its background work.
func TestStory_WhatTheMerchantSees(t *testing.T) {
	const s = time.Second
	tests := []struct {
		name, number string
		decline      pay.DeclineCode
		steps        []step
	}{
		{"late", lateCard, "", []step{
			{0, pay.PaymentWaiting, pay.SessionPaying},
			{31 * s, pay.PaymentPaid, pay.SessionComplete}}},
		{"late decline", "4000000000102006", pay.DeclineGeneric, []step{
			{0, pay.PaymentWaiting, pay.SessionPaying},
			{31 * s, pay.PaymentFailed, pay.SessionOpen}}},
		{"told twice", twiceCard, "", []step{{31 * s, pay.PaymentPaid, pay.SessionComplete}}},
		{"told first", firstCard, "", []step{{0, pay.PaymentPaid, pay.SessionComplete}}},
		{"told in the wrong order", reorderCard, "", []step{
			{31 * s, pay.PaymentPaid, pay.SessionComplete},
			{10 * s, pay.PaymentPaid, pay.SessionComplete}}},
		{"never told", silentCard, "", []step{
			{5 * s, pay.PaymentWaiting, pay.SessionPaying},
			{2 * time.Minute, pay.PaymentPaid, pay.SessionComplete}}},
		{"reply lost", "4000000000107005", "", []step{
			{0, pay.PaymentCreated, pay.SessionPaying},
			{11 * s, pay.PaymentPaid, pay.SessionComplete}}},
		{"never arrived", "4000000000108003", pay.DeclineNotSubmitted, []step{
			{0, pay.PaymentCreated, pay.SessionPaying},
			{20 * s, pay.PaymentCreated, pay.SessionPaying},
			{time.Minute, pay.PaymentCanceled, pay.SessionOpen}}},
		{"stuck", stuckCard, "", []step{
			{11 * s, pay.PaymentWaiting, pay.SessionPaying},
			{25 * time.Hour, pay.PaymentReview, pay.SessionPaying},
			{24 * time.Hour, pay.PaymentPaid, pay.SessionComplete}}},
		{"wrong amount", excessCard, "", []step{
			{0, pay.PaymentReview, pay.SessionPaying},
			{48 * time.Hour, pay.PaymentReview, pay.SessionPaying}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := paytest.New(t)
			p := w.Buy(w.Open().ID, test.number)
			for i, want := range test.steps {
				w.Advance(want.after)
				got, ses := w.Payment(p.ID), w.Session(p.SessionID)
				if got.State != want.payment || ses.State != want.session {
					t.Fatalf("step %d: payment %s, session %s; want %s, %s",
						i, got.State, ses.State, want.payment, want.session)
				}
			}
			if got := w.Payment(p.ID).DeclineCode; got != test.decline {
				t.Errorf("decline = %q, want %q", got, test.decline)
			}
		})
	}
}

func TestStory_EveryImmediateCard(t *testing.T) {
	for number, want := range map[string]pay.DeclineCode{
		okCard: "", "5555555555554444": "", "378282246310005": "", "6011111111111117": "",
		"3056930009020004": "", "3566002020360505": "", "6200000000000005": "",
		"4000000000003055": "", "4111111111111111": "",
		"4000000000000002": pay.DeclineGeneric,
		"4000000000009995": pay.DeclineInsufficientFunds,
		"4000000000009987": pay.DeclineLostCard,
		"4000000000009979": pay.DeclineStolenCard,
		"4000000000000069": pay.DeclineExpiredCard,
		"4000000000000127": pay.DeclineIncorrectCVC,
		"4000000000000119": pay.DeclineProcessingError,
		"4000000000006975": pay.DeclineLimitExceeded,
		"4100000000000019": pay.DeclineFraud,
		"4000000000000150": pay.DeclineNotPermitted,
		"4000008400001280": pay.DeclineAuthentication,
	} {
		t.Run(number, func(t *testing.T) {
			w := paytest.New(t)
			p := w.Buy(w.Open().ID, number)
			state := pay.PaymentPaid
			if want != "" {
				state = pay.PaymentFailed
			}
			if p.State != state || p.DeclineCode != want {
				t.Errorf("payment is %s (%s), want %s (%s)", p.State, p.DeclineCode, state, want)
			}
		})
	}
}

func TestStory_Refunds(t *testing.T) {
	tests := map[string]pay.RefundState{
		"4000000000007726": pay.RefundSucceeded, "4000000000005126": pay.RefundFailed,
	}
	for number, want := range tests {
		t.Run(number, func(t *testing.T) {
			w := paytest.New(t)
			p := w.Buy(w.Open().ID, number)
			r, _, err := w.Pay.CreateRefund(t.Context(), w.Shop, nil,
				pay.RefundRequest{PaymentID: p.ID})
			if err != nil || r.State != pay.RefundPending {
				t.Fatalf("CreateRefund = %+v, %v", r, err)
			}
			w.Advance(2 * time.Minute)
			if r, err = w.Pay.Refund(t.Context(), w.Shop, r.ID); err != nil || r.State != want {
				t.Errorf("refund is %s, %v; want %s", r.State, err, want)
			}
		})
	}
}

// The merchant's clock is moved, not the server's: what the network planned comes along.
func TestStory_TestClock(t *testing.T) {
	w := paytest.New(t)
	late := w.Buy(w.Open().ID, lateCard)
	asked := w.Buy(w.Open().ID, challengeCard)
	if _, _, err := w.Pay.AdvanceClock(t.Context(), w.Shop, nil, 11*time.Minute); err != nil {
		t.Fatal(err)
	}
	w.Work()
	if got := w.Payment(late.ID); got.State != pay.PaymentPaid {
		t.Errorf("the late payment is %s", got.State)
	}
	got := w.Payment(asked.ID)
	if got.State != pay.PaymentFailed || got.DeclineCode != pay.DeclineAuthTimeout {
		t.Errorf("the challenge that ran out is %s, %s", got.State, got.DeclineCode)
	}
}
