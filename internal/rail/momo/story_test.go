package momo_test

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

func follow(t *testing.T, w *paytest.World, p pay.Payment, steps []step) {
	t.Helper()
	for i, want := range steps {
		w.Advance(want.after)
		got, ses := w.Payment(p.ID), w.Session(p.SessionID)
		if got.State != want.payment || ses.State != want.session {
			t.Fatalf("step %d: payment %s, session %s; want %s, %s",
				i, got.State, ses.State, want.payment, want.session)
		}
	}
}

// What a merchant sees of each number, through the real core and its background work.
func TestStory_WhatTheMerchantSees(t *testing.T) {
	const s = time.Second
	tests := []struct {
		name, phone string
		decline     pay.DeclineCode
		steps       []step
	}{
		{"at once", "024 123 0000", "", []step{{0, pay.PaymentPaid, pay.SessionComplete}}},
		{"no money", "0241230001", pay.DeclineInsufficientFunds, []step{
			{0, pay.PaymentFailed, pay.SessionOpen}}},
		{"ignored", "+233241234567", pay.DeclinePromptExpired, []step{
			{0, pay.PaymentWaiting, pay.SessionPaying},
			{119 * s, pay.PaymentWaiting, pay.SessionPaying},
			{s, pay.PaymentFailed, pay.SessionOpen}}},
		{"prompt lost", "0241230003", pay.DeclinePromptExpired, []step{
			{0, pay.PaymentWaiting, pay.SessionPaying},
			{2 * time.Minute, pay.PaymentFailed, pay.SessionOpen}}},
		{"code ignored", "0241230010", pay.DeclinePromptExpired, []step{
			{0, pay.PaymentAction, pay.SessionPaying},
			{5 * time.Minute, pay.PaymentFailed, pay.SessionOpen}}},
		{"late", "0241230020", "", []step{
			{0, pay.PaymentWaiting, pay.SessionPaying},
			{31 * s, pay.PaymentPaid, pay.SessionComplete}}},
		{"paid after the time-out", "0241230022", pay.DeclinePromptExpired, []step{
			{0, pay.PaymentWaiting, pay.SessionPaying},
			{2 * time.Minute, pay.PaymentFailed, pay.SessionOpen},
			{3 * time.Minute, pay.PaymentLate, pay.SessionOpen}}},
		{"told first", "0241230024", "", []step{{0, pay.PaymentPaid, pay.SessionComplete}}},
		{"never told", "0241230026", "", []step{
			{2 * time.Minute, pay.PaymentPaid, pay.SessionComplete}}},
		{"reply lost", "0241230027", "", []step{
			{0, pay.PaymentCreated, pay.SessionPaying},
			{11 * s, pay.PaymentPaid, pay.SessionComplete}}},
		{"never arrived", "0241230028", pay.DeclineNotSubmitted, []step{
			{0, pay.PaymentCreated, pay.SessionPaying},
			{90 * s, pay.PaymentCanceled, pay.SessionOpen}}},
		{"stuck", "0241230029", "", []step{
			{11 * s, pay.PaymentWaiting, pay.SessionPaying},
			{25 * time.Hour, pay.PaymentReview, pay.SessionPaying},
			{24 * time.Hour, pay.PaymentPaid, pay.SessionComplete}}},
		{"wrong amount", "0241230030", "", []step{
			{0, pay.PaymentReview, pay.SessionPaying}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := paytest.New(t)
			p := w.Prompt(w.Open().ID, test.phone, "mtn")
			follow(t, w, p, test.steps)
			if got := w.Payment(p.ID).DeclineCode; got != test.decline {
				t.Errorf("decline = %q, want %q", got, test.decline)
			}
		})
	}
}

func TestStory_AnswersOnThePhone(t *testing.T) {
	tests := []struct {
		phone   string
		answers []pay.Decision
		state   pay.PaymentState
		decline pay.DeclineCode
	}{
		{"0241234567", []pay.Decision{pay.Approve}, pay.PaymentPaid, ""},
		{"0201234567", []pay.Decision{pay.WrongPIN, pay.WrongPIN, pay.Approve},
			pay.PaymentPaid, ""},
		{"0271234567", []pay.Decision{pay.Reject}, pay.PaymentFailed, pay.DeclineByPayer},
		{"0241234567", []pay.Decision{pay.WrongPIN, pay.WrongPIN, pay.WrongPIN},
			pay.PaymentFailed, pay.DeclineWrongPIN},
		{"0241230006", []pay.Decision{pay.Approve},
			pay.PaymentFailed, pay.DeclineInsufficientFunds},
		{"0241230022", []pay.Decision{pay.Approve}, pay.PaymentPaid, ""},
	}
	for _, test := range tests {
		w := paytest.New(t)
		p := w.Prompt(w.Open().ID, test.phone, "")
		if p.State != pay.PaymentWaiting || p.Action != pay.ActionApprove {
			t.Fatalf("%s: payment is %s, action %q", test.phone, p.State, p.Action)
		}
		var err error
		for _, d := range test.answers {
			if p, err = w.Pay.Answer(t.Context(), w.Shop, p.ID, d); err != nil {
				t.Fatal(err)
			}
		}
		if p.State != test.state || p.DeclineCode != test.decline {
			t.Errorf("%s after %v: payment is %s (%s)", test.phone, test.answers, p.State,
				p.DeclineCode)
		}
		w.Advance(time.Hour)
		if got := w.Payment(p.ID); got.Version != p.Version {
			t.Errorf("%s: an hour later the payment is %s", test.phone, got.State)
		}
	}
}

// Rejected once, the payer tries again and pays.
func TestStory_RetryAfterRejection(t *testing.T) {
	w := paytest.New(t)
	ses := w.Open()
	first := w.Prompt(ses.ID, "0241234567", "")
	if _, err := w.Pay.Answer(t.Context(), w.Shop, first.ID, pay.Reject); err != nil {
		t.Fatal(err)
	}
	second := w.Prompt(ses.ID, "0241234567", "")
	if _, err := w.Pay.Answer(t.Context(), w.Shop, second.ID, pay.Approve); err != nil {
		t.Fatal(err)
	}
	if got := w.Session(ses.ID); got.State != pay.SessionComplete || got.PaymentID != second.ID {
		t.Errorf("session is %s, paid by %s", got.State, got.PaymentID)
	}
}

func TestStory_OneTimeCode(t *testing.T) {
	w := paytest.New(t)
	p := w.Prompt(w.Open().ID, "0241230010", "")
	if p.State != pay.PaymentAction || p.Action != pay.ActionCode {
		t.Fatalf("payment is %s, action %q", p.State, p.Action)
	}
	prompts, err := w.Pay.Prompts(t.Context(), w.Shop)
	if err != nil || len(prompts) != 1 {
		t.Fatalf("prompts = %+v, %v", prompts, err)
	}
	_, err = w.Pay.ConfirmPayment(t.Context(), w.Shop, p.ID, "12")
	if !pay.IsKind(err, pay.Invalid) || w.Payment(p.ID).State != pay.PaymentAction {
		t.Errorf("a wrong code: %v, payment is %s", err, w.Payment(p.ID).State)
	}
	p, err = w.Pay.ConfirmPayment(t.Context(), w.Shop, p.ID, prompts[0].Code)
	if err != nil || p.State != pay.PaymentPaid {
		t.Errorf("the right code: payment is %s, %v", p.State, err)
	}
}

// The money came after all: it is recorded as late and can be sent back.
func TestStory_LateMoneyIsRefundable(t *testing.T) {
	w := paytest.New(t)
	p := w.Prompt(w.Open().ID, "0241230022", "")
	w.Advance(2 * time.Minute)
	w.Advance(3 * time.Minute)
	r, _, err := w.Pay.CreateRefund(t.Context(), w.Shop, nil, pay.RefundRequest{PaymentID: p.ID})
	if err != nil {
		t.Fatal(err)
	}
	w.Advance(time.Minute)
	if r, err = w.Pay.Refund(t.Context(), w.Shop, r.ID); err != nil ||
		r.State != pay.RefundSucceeded {
		t.Errorf("refund is %s, %v", r.State, err)
	}
}

// The merchant's clock is moved, not the server's: what the networks planned comes along.
func TestStory_TestClock(t *testing.T) {
	w := paytest.New(t)
	p := w.Prompt(w.Open().ID, "0241234567", "")
	late := w.Prompt(w.Open().ID, "0241230022", "")
	if _, _, err := w.Pay.AdvanceClock(t.Context(), w.Shop, nil, 2*time.Minute); err != nil {
		t.Fatal(err)
	}
	w.Work()
	for _, id := range []string{p.ID, late.ID} {
		if got := w.Payment(id); got.State != pay.PaymentFailed {
			t.Errorf("the ignored payment is %s", got.State)
		}
	}
	if open, err := w.Pay.Prompts(t.Context(), w.Shop); err != nil || len(open) != 0 {
		t.Errorf("prompts = %+v, %v", open, err)
	}
	if _, _, err := w.Pay.AdvanceClock(t.Context(), w.Shop, nil, 3*time.Minute); err != nil {
		t.Fatal(err)
	}
	w.Work()
	if got := w.Payment(late.ID); got.State != pay.PaymentLate {
		t.Errorf("the late payment is %s", got.State)
	}
}

// A payer who is prompted again has the whole time again.
func TestStory_Resend(t *testing.T) {
	w := paytest.New(t)
	p := w.Prompt(w.Open().ID, "0241234567", "")
	w.Advance(time.Minute)
	if err := w.Pay.ResendPrompt(t.Context(), w.Shop, p.ID); err != nil {
		t.Fatal(err)
	}
	follow(t, w, p, []step{
		{119 * time.Second, pay.PaymentWaiting, pay.SessionPaying},
		{time.Second, pay.PaymentFailed, pay.SessionOpen}})
	err := w.Pay.ResendPrompt(t.Context(), w.Shop, p.ID)
	if !pay.IsKind(err, pay.State) {
		t.Errorf("afterwards: %v", err)
	}
}
