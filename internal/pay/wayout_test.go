package pay_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/rail/card"
)

// refusing is a card network that refuses every capture.
type refusing struct{ *card.Network }

func (r *refusing) Capture(context.Context, pay.CaptureOrder) (pay.Outcome, error) {
	return pay.Outcome{}, errors.New("this contradicts an earlier capture")
}

// refusedCapture holds money of which a capture was begun that its network refuses.
func refusedCapture(t *testing.T) (*paytest.World, pay.Payment) {
	t.Helper()
	rail := &refusing{}
	w := paytest.Open(t, paytest.Options{
		Rails: []pay.Rail{rail}, Lately: func(w *paytest.World) { rail.Network = w.Card },
	})
	p := hold(t, w)
	if _, err := capture(w, p.ID, pay.CaptureRequest{Amount: 1000}); err != nil {
		t.Fatal(err)
	}
	_, err := void(w, p.ID)
	failed(t, err, pay.Conflict, "capture_in_progress")
	return w, p
}

func TestCapture_RefusedCanBeGivenUp(t *testing.T) {
	w, p := refusedCapture(t)
	w.Advance(10 * time.Minute)
	if got := w.Payment(p.ID); got.State != pay.PaymentAuthorised || got.Capturing != 1000 {
		t.Fatalf("payment is %s, capturing %d", got.State, got.Capturing)
	}
	got, err := void(w, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	stands(t, got, pay.PaymentCanceled, 0, 5000)
}

func TestCapture_RefusedIsLetGoInTime(t *testing.T) {
	w, p := refusedCapture(t)
	w.Advance(pay.AuthorisationTTL)
	w.Advance(2 * time.Hour)
	stands(t, w.Payment(p.ID), pay.PaymentCanceled, 0, 5000)
}

// The network refuses our capture because somebody has taken the money there by hand.
func TestCapture_RefusedBecauseTheMoneyIsTaken(t *testing.T) {
	w, p := refusedCapture(t)
	_, err := w.Card.Capture(t.Context(), pay.CaptureOrder{
		Ref:    pay.Ref{Scope: w.Shop.Scope, PaymentID: p.ID, Now: w.Pay.Now(w.Shop)},
		Number: 7, Amount: paytest.GHS(2000),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Advance(10 * time.Minute)
	stands(t, w.Payment(p.ID), pay.PaymentPaid, 2000, 3000)
}

// scripted is a network that says what it is told to.
type scripted struct {
	lateRail
	says  pay.Outcome
	voids int
}

func (r *scripted) Query(context.Context, pay.Ref) (pay.Outcome, error) {
	if r.says.Kind == 0 {
		return pay.Outcome{}, errors.New("no answer")
	}
	return r.says, nil
}

func (r *scripted) Void(context.Context, pay.Ref) (pay.Outcome, error) {
	r.voids++
	return pay.Outcome{Kind: pay.OutcomeCanceled}, nil
}

func (r *scripted) Capture(_ context.Context, o pay.CaptureOrder) (pay.Outcome, error) {
	return pay.Outcome{Kind: pay.OutcomePaid, Amount: o.Amount}, nil
}

// givenUp is a payment that was canceled, and news of it afterwards.
func givenUp(
	t *testing.T, w *paytest.World, rail *scripted, news pay.Outcome,
) pay.Payment {
	t.Helper()
	p := w.Buy(w.Open(func(r *pay.OpenSession) { r.Capture = pay.CaptureManual }).ID, ok)
	p, err := void(w, p.ID)
	if err != nil || p.State != pay.PaymentCanceled {
		t.Fatalf("payment is %s, %v", p.State, err)
	}
	rail.says = news
	hint(t, w, rail, p.ID)
	w.Work()
	return w.Payment(p.ID)
}

// A payer's money is not left held for a payment that was given up.
func TestLate_HeldMoneyIsLetGo(t *testing.T) {
	rail := &scripted{}
	w := paytest.Open(t, paytest.Options{Rails: []pay.Rail{rail}})
	p := givenUp(t, w, rail, pay.Outcome{
		Kind: pay.OutcomeAuthorised, Amount: paytest.GHS(5000),
	})
	if p.State != pay.PaymentCanceled || rail.voids != 2 {
		t.Errorf("payment is %s, voided %d times", p.State, rail.voids)
	}
}

func TestLate_OfAnotherAmount(t *testing.T) {
	for _, tc := range []struct {
		came     money.Amount
		payment  pay.PaymentState
		captured int64
	}{
		{paytest.GHS(3000), pay.PaymentLate, 3000},
		{paytest.GHS(5000), pay.PaymentLate, 5000},
		{paytest.AUD(3000), pay.PaymentCanceled, 0}, // another currency: the log tells
	} {
		rail := &scripted{}
		w := paytest.Open(t, paytest.Options{Rails: []pay.Rail{rail}})
		p := givenUp(t, w, rail, pay.Outcome{Kind: pay.OutcomePaid, Amount: tc.came})
		if p.State != tc.payment || p.Captured != tc.captured {
			t.Errorf("%s: payment is %s, captured %d", tc.came, p.State, p.Captured)
		}
	}
}

// oneWay is a network that sends nothing back.
type oneWay struct{ late *lateRail }

func (r *oneWay) Name() string     { return r.late.Name() }
func (r *oneWay) Facts() pay.Facts { return r.late.Facts() }
func (r *oneWay) Start(ctx context.Context, a pay.Attempt) (pay.Outcome, error) {
	return r.late.Start(ctx, a)
}

func (r *oneWay) Query(ctx context.Context, ref pay.Ref) (pay.Outcome, error) {
	return r.late.Query(ctx, ref)
}

func (r *oneWay) Void(ctx context.Context, ref pay.Ref) (pay.Outcome, error) {
	return r.late.Void(ctx, ref)
}

func (r *oneWay) Notify(
	ctx context.Context, h http.Header, body []byte,
) (pay.Notice, error) {
	return r.late.Notify(ctx, h, body)
}

// Late money is recorded even if it cannot be sent back as its merchant wants.
func TestLate_OnANetworkThatCannotRefund(t *testing.T) {
	rail := &oneWay{&lateRail{}}
	w := paytest.Open(t, paytest.Options{Rails: []pay.Rail{rail}})
	m, err := w.Pay.CreateMerchant(t.Context(), pay.NewMerchant{
		Name: "returns", LateMoney: pay.RefundLate,
	})
	if err != nil {
		t.Fatal(err)
	}
	if w.Shop, err = w.Pay.CallerFor(t.Context(), pay.Scope{
		MerchantID: m.ID, Mode: pay.Test,
	}); err != nil {
		t.Fatal(err)
	}
	_, p := inReview(t, w)
	if _, err := resolve(w, p.ID, pay.VerdictUnpaid, 0); err != nil {
		t.Fatal(err)
	}
	rail.late.paid = true
	hint(t, w, rail, p.ID)
	w.Work()
	if got := w.Payment(p.ID); got.State != pay.PaymentLate || got.Captured != 5000 ||
		got.Refunded != 0 {
		t.Errorf("payment is %s, captured %d, refunded %d", got.State, got.Captured, got.Refunded)
	}
	_, _, err = w.Pay.CreateRefund(t.Context(), w.Shop, nil, pay.RefundRequest{PaymentID: p.ID})
	failed(t, err, pay.State, "payment_not_refundable")
	if slices.Contains(w.Told(p.ID), "payment.paid") {
		t.Error("late money was called paid")
	}
}

// The test clock has an end, and says so.
func TestClock_AHundredYearsAhead(t *testing.T) {
	w := paytest.New(t)
	for range 100 {
		_, _, err := w.Pay.AdvanceClock(t.Context(), w.Shop, nil, pay.MaxClockAdvance)
		if err != nil {
			t.Fatal(err)
		}
	}
	_, _, err := w.Pay.AdvanceClock(t.Context(), w.Shop, nil, time.Second)
	failed(t, err, pay.Invalid, "parameter_invalid")
}

// A session whose money is to be held offers what can hold it, and nothing else: money that was
// held elsewhere could never be taken.
func TestCapture_ManualOffersWhatCanHoldAlone(t *testing.T) {
	w := paytest.New(t)
	ses := w.Open(func(r *pay.OpenSession) { r.Capture = pay.CaptureManual })
	if got := w.Pay.Methods(&ses); !slices.Equal(got, []string{pay.MethodCard}) {
		t.Errorf("it offers %v", got)
	}
	for _, m := range []pay.MethodInput{
		{Type: pay.MethodBank},
		{Type: pay.MethodMobile, Mobile: &pay.MobileInput{Phone: "0241234567"}},
	} {
		_, _, err := w.Pay.Pay(t.Context(), w.Shop, nil, pay.PayRequest{SessionID: ses.ID, Method: m})
		failed(t, err, pay.Invalid, "payment_method_not_available")
	}
	_, _, err := w.Pay.OpenSession(t.Context(), w.Shop, nil, pay.OpenSession{
		Family: "checkout", Amount: 5000, Currency: "GHS", Capture: pay.CaptureManual,
		Methods: []string{pay.MethodMobile}, SuccessURL: "https://shop.test/a",
		CancelURL: "https://shop.test/b",
	})
	fails(t, err, pay.Invalid, "parameter_invalid", "capture_method")
}
