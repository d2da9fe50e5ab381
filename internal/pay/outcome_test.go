package pay_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
)

// numbers are the test cards of the scenarios below, as docs/test-values.md has them.
var numbers = map[string]string{
	"late_approved":         "4000000000101008",
	"late_declined":         "4000000000102006",
	"late_notified_twice":   "4000000000103004",
	"notified_first":        "4000000000104002",
	"notified_out_of_order": "4000000000105009",
	"never_notified":        "4000000000106007",
	"reply_lost":            "4000000000107005",
	"never_arrived":         "4000000000108003",
	"stuck":                 "4000000000109001",
	"wrong_amount":          "4000000000110009",
	"refund_fails":          "4000000000005126",
}

func TestOutcome_FindsItsWayWhateverTheNetworkDoes(t *testing.T) {
	for _, tc := range []struct {
		scenario string
		after    time.Duration
		payment  pay.PaymentState
		session  pay.SessionState
	}{
		{"late_approved", time.Minute, pay.PaymentPaid, pay.SessionComplete},
		{"late_declined", time.Minute, pay.PaymentFailed, pay.SessionOpen},
		{"late_notified_twice", time.Minute, pay.PaymentPaid, pay.SessionComplete},
		{"notified_first", 0, pay.PaymentPaid, pay.SessionComplete},
		{"notified_out_of_order", time.Minute, pay.PaymentPaid, pay.SessionComplete},
		{"never_notified", 2 * time.Minute, pay.PaymentPaid, pay.SessionComplete},
		{"reply_lost", time.Minute, pay.PaymentPaid, pay.SessionComplete},
		{"never_arrived", time.Minute, pay.PaymentCanceled, pay.SessionOpen},
		{"wrong_amount", 0, pay.PaymentReview, pay.SessionPaying},
	} {
		t.Run(tc.scenario, func(t *testing.T) {
			w := paytest.New(t)
			ses := w.Open(func(r *pay.OpenSession) {
				r.ExpiresAt = paytest.Epoch.Add(20 * time.Hour)
			})
			p := w.Buy(ses.ID, numbers[tc.scenario])
			if p.State == pay.PaymentFailed {
				t.Fatalf("%s became a failure at once", tc.scenario)
			}
			for waited := time.Duration(0); waited < tc.after; waited += 10 * time.Second {
				w.Advance(10 * time.Second)
			}
			w.Work()
			if got := w.Payment(p.ID); got.State != tc.payment {
				t.Errorf("payment is %s, want %s", got.State, tc.payment)
			}
			if got := w.Session(ses.ID); got.State != tc.session {
				t.Errorf("session is %s, want %s", got.State, tc.session)
			}
		})
	}
}

// TestOutcome_StuckGoesToReviewAndThenToItsTruth: an outcome that stays open beyond the rail's own
// window is for a person; it is never called failed, and the truth is still taken when it comes.
func TestOutcome_StuckGoesToReviewAndThenToItsTruth(t *testing.T) {
	w := paytest.New(t)
	ses := w.Open()
	p := w.Buy(ses.ID, numbers["stuck"])
	for range 26 {
		w.Advance(time.Hour)
	}
	if got := w.Payment(p.ID); got.State != pay.PaymentReview {
		t.Errorf("payment is %s after a day without an answer", got.State)
	}
	if got := w.Session(ses.ID); got.State != pay.SessionPaying {
		t.Errorf("session is %s", got.State)
	}
	for range 24 {
		w.Advance(time.Hour)
	}
	if got := w.Payment(p.ID); got.State != pay.PaymentPaid {
		t.Errorf("payment is %s when the answer has come", got.State)
	}
}

// hint has a network send word that there is news of a payment, and has it acted on.
func hint(t *testing.T, w *paytest.World, from pay.Rail, paymentID string) {
	t.Helper()
	if err := w.Pay.Receive(t.Context(), from.Name(), nil, []byte(paymentID)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Pay.ProcessNotices(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// behave sets how the card network treats the shop.
func behave(t *testing.T, w *paytest.World, b pay.Behaviour) {
	t.Helper()
	if err := w.Pay.Behave(t.Context(), w.Shop, "card", b); err != nil {
		t.Fatal(err)
	}
}

func TestOutcome_NetworkDownIsUnknown(t *testing.T) {
	w := paytest.New(t)
	behave(t, w, pay.Behaviour{LoseReplies: true})
	ses := w.Open()
	p := w.Buy(ses.ID, ok)
	if p.State != pay.PaymentCreated {
		t.Errorf("payment is %s without an answer", p.State)
	}
	w.Advance(time.Minute)
	behave(t, w, pay.Behaviour{})
	w.Advance(5 * time.Minute)
	if got := w.Payment(p.ID); got.State != pay.PaymentPaid {
		t.Errorf("payment is %s after the network is back", got.State)
	}
}

func TestCancel_LateMoneyIsRecordedAndCanBeRefunded(t *testing.T) {
	ctx := context.Background()
	fake := &lateRail{}
	w := paytest.Open(t, paytest.Options{Rails: []pay.Rail{fake}})
	ses := w.Open()
	p := w.Buy(ses.ID, ok)
	if p.State != pay.PaymentWaiting {
		t.Fatalf("payment is %s", p.State)
	}
	p, _, err := w.Pay.CancelPayment(ctx, w.Shop, nil, p.ID)
	if err != nil || p.State != pay.PaymentCanceled {
		t.Fatalf("payment is %s, %v", p.State, err)
	}
	fake.paid = true
	hint(t, w, fake, p.ID)
	got := w.Payment(p.ID)
	if got.State != pay.PaymentLate || got.Captured != 5000 {
		t.Errorf("payment is %s, captured %d", got.State, got.Captured)
	}
	if s := w.Session(ses.ID); s.State != pay.SessionOpen {
		t.Errorf("late money moved the session to %s", s.State)
	}
	r, _, err := w.Pay.CreateRefund(ctx, w.Shop, nil, pay.RefundRequest{PaymentID: p.ID})
	if err != nil || r.Amount.Minor != 5000 {
		t.Errorf("refund of late money: %+v, %v", r, err)
	}
}

func TestRefund_FailsLateAndGivesItsReservationBack(t *testing.T) {
	w := paytest.New(t)
	ctx := context.Background()
	p := w.Buy(w.Open().ID, numbers["refund_fails"])
	r, _, err := w.Pay.CreateRefund(ctx, w.Shop, nil, pay.RefundRequest{PaymentID: p.ID})
	if err != nil {
		t.Fatal(err)
	}
	if got := w.Payment(p.ID); r.State == pay.RefundPending && got.Refundable() != 0 {
		t.Errorf("%d may be refunded beside a pending refund of all", got.Refundable())
	}
	w.Advance(time.Minute)
	w.Advance(time.Minute)
	if r, err = w.Pay.Refund(ctx, w.Shop, r.ID); err != nil || r.State != pay.RefundFailed {
		t.Errorf("refund is %s, %v", r.State, err)
	}
	if got := w.Payment(p.ID); got.Refundable() != 5000 {
		t.Errorf("%d may be refunded after the refund failed", got.Refundable())
	}
}

// lateRail is a network on which money comes after everybody has given up.
type lateRail struct{ paid bool }

func (*lateRail) Name() string { return "late" }
func (*lateRail) Facts() pay.Facts {
	return pay.Facts{
		Method: pay.MethodCard, Mode: pay.Test, Deadline: time.Second, SubmitIdempotent: true,
		NotFoundFinalAfter: time.Minute, ReviewAfter: time.Hour,
	}
}

func (r *lateRail) Start(_ context.Context, a pay.Attempt) (pay.Outcome, error) {
	return pay.Outcome{Kind: pay.OutcomeWaiting}, nil
}

func (r *lateRail) Query(ctx context.Context, ref pay.Ref) (pay.Outcome, error) {
	if r.paid {
		return pay.Outcome{
			Kind: pay.OutcomePaid, Amount: paytest.GHS(5000),
		}, nil
	}
	return pay.Outcome{}, errors.New("no answer")
}

func (r *lateRail) Void(context.Context, pay.Ref) (pay.Outcome, error) {
	return pay.Outcome{Kind: pay.OutcomeCanceled}, nil
}

func (r *lateRail) Notify(_ context.Context, _ http.Header, body []byte) (pay.Notice, error) {
	return pay.Notice{ID: "n1", PaymentID: string(body)}, nil
}

func (r *lateRail) Refund(_ context.Context, o pay.RefundOrder) (pay.Outcome, error) {
	return pay.Outcome{Kind: pay.OutcomePaid, Amount: o.Amount}, nil
}

func (r *lateRail) QueryRefund(_ context.Context, o pay.RefundOrder) (pay.Outcome, error) {
	return pay.Outcome{Kind: pay.OutcomePaid, Amount: o.Amount}, nil
}
