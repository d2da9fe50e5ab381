package railtest

import (
	"context"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
)

func refunder(t *testing.T, r pay.Rail) pay.Refunder {
	t.Helper()
	return able[pay.Refunder](t, r, "cannot send money back")
}

func (s *suite) order(paymentID string, minor int64) pay.RefundOrder {
	return pay.RefundOrder{
		Ref: s.ref(paymentID), RefundID: s.IDs.ID("re", s.Now()), Amount: s.sum(minor),
	}
}

// refunded asks for a refund and returns what the network says.
func refunded(t *testing.T, f pay.Refunder, o pay.RefundOrder) pay.Outcome {
	t.Helper()
	out, err := f.Refund(t.Context(), o)
	if err != nil {
		t.Fatalf("Refund: %v", err)
	}
	return out
}

func queried(t *testing.T, f pay.Refunder, o pay.RefundOrder) pay.Outcome {
	t.Helper()
	out, err := f.QueryRefund(t.Context(), o)
	if err != nil {
		t.Fatalf("QueryRefund: %v", err)
	}
	return out
}

func (s *suite) refund(t *testing.T) {
	r := s.Open(t)
	f := refunder(t, r)
	a := s.paid(t, r, Succeeds)

	part := s.order(a.PaymentID, 10_000)
	want(t, queried(t, f, part), pay.OutcomeNotFound, s.sum(0))
	for range 2 {
		want(t, refunded(t, f, part), pay.OutcomePaid, s.sum(10_000))
	}
	want(t, queried(t, f, part), pay.OutcomePaid, s.sum(10_000))
	want(t, queried(t, s.Open(t).(pay.Refunder), part), pay.OutcomePaid, s.sum(10_000))
	s.returned(t, a.PaymentID, 10_000)

	more := s.order(a.PaymentID, s.amount.Minor-10_000+1)
	for range 2 {
		want(t, refunded(t, f, more), pay.OutcomeDeclined, more.Amount)
	}
	rest := s.order(a.PaymentID, s.amount.Minor-10_000)
	want(t, refunded(t, f, rest), pay.OutcomePaid, rest.Amount)
	want(t, refunded(t, f, s.order(a.PaymentID, 1)), pay.OutcomeDeclined, s.sum(1))
	s.returned(t, a.PaymentID, 10_000, s.amount.Minor-10_000)
	s.taken(t, a.PaymentID, s.amount.Minor)

	s.contradictRefund(t, f, part)
	s.returned(t, a.PaymentID, 10_000, s.amount.Minor-10_000)
}

func (s *suite) contradictRefund(t *testing.T, f pay.Refunder, known pay.RefundOrder) {
	t.Helper()
	other := s.paid(t, s.Open(t), Succeeds)
	changes := map[string]func(*pay.RefundOrder){
		"amount":   func(o *pay.RefundOrder) { o.Amount.Minor-- },
		"currency": func(o *pay.RefundOrder) { o.Amount.Currency = "KES" },
		"payment":  func(o *pay.RefundOrder) { o.PaymentID = other.PaymentID },
		"merchant": func(o *pay.RefundOrder) { o.MerchantID = s.IDs.ID("mer", s.Now()) },
	}
	for name, change := range changes {
		o := known
		change(&o)
		if out, err := f.Refund(t.Context(), o); err == nil && out.Kind == pay.OutcomePaid &&
			out.Amount != known.Amount {
			t.Errorf("another %s under the same id: Refund = %+v", name, out)
		}
	}
	want(t, queried(t, f, known), pay.OutcomePaid, known.Amount)
	s.returned(t, other.PaymentID)
}

func (s *suite) refundUnpaid(t *testing.T) {
	r := s.Open(t)
	f := refunder(t, r)
	ids := map[string]string{
		"open": s.open(t, r).PaymentID, "unknown": s.IDs.ID("pay", s.Now()),
	}
	declined := pay.Attempt{Ref: s.ref(s.IDs.ID("pay", s.Now())), Amount: s.amount}
	if s.Fill(Declines, &declined) {
		want(t, s.started(t, r, declined), pay.OutcomeDeclined, s.amount)
		ids["declined"] = declined.PaymentID
	}
	for name, id := range ids {
		out, err := f.Refund(t.Context(), s.order(id, 1))
		if err == nil && out.Kind != pay.OutcomeDeclined {
			t.Errorf("refund of a payment that is %s = %+v", name, out)
		}
		s.returned(t, id)
	}
	a := s.paid(t, r, Succeeds)
	for _, wrong := range []money.Amount{s.sum(0), s.sum(-1), {Minor: 1, Currency: "KES"}} {
		o := s.order(a.PaymentID, 1)
		o.Amount = wrong
		if out, err := f.Refund(t.Context(), o); err == nil && out.Kind == pay.OutcomePaid {
			t.Errorf("refund of %v = %+v", wrong, out)
		}
	}
	s.returned(t, a.PaymentID)
}

// Each of many refunds asks for a fifth: five fit, however they come.
func (s *suite) refundParallel(t *testing.T) {
	r := s.Open(t)
	f := refunder(t, r)
	a := s.paid(t, r, Succeeds)
	fifth := s.amount.Minor / 5
	outs := atOnce(t, func(ctx context.Context, _ int) (pay.Outcome, error) {
		return f.Refund(ctx, s.order(a.PaymentID, fifth))
	})
	paid := 0
	for _, out := range outs {
		if out.Kind == pay.OutcomePaid {
			paid++
		}
	}
	if paid != 5 {
		t.Errorf("%d refunds of a fifth succeeded, want 5", paid)
	}
	s.returned(t, a.PaymentID, fifth, fifth, fifth, fifth, fifth)
}

func (s *suite) refundSameParallel(t *testing.T) {
	r := s.Open(t)
	f := refunder(t, r)
	a := s.paid(t, r, Succeeds)
	o := s.order(a.PaymentID, s.amount.Minor)
	outs := atOnce(t, func(ctx context.Context, _ int) (pay.Outcome, error) {
		return f.Refund(ctx, o)
	})
	for _, out := range outs {
		want(t, out, pay.OutcomePaid, s.amount)
	}
	s.returned(t, a.PaymentID, s.amount.Minor)
}

// refunding orders a payment's money back from a network that takes its time for it.
func (s *suite) refunding(t *testing.T, c Case) (pay.Refunder, pay.Attempt, pay.RefundOrder) {
	t.Helper()
	r := s.Open(t)
	f := refunder(t, r)
	a := s.paid(t, r, c)
	o := s.order(a.PaymentID, s.amount.Minor)
	want(t, refunded(t, f, o), pay.OutcomeWaiting, s.amount)
	return f, a, o
}

func (s *suite) refundLate(t *testing.T) {
	f, a, o := s.refunding(t, RefundLate)
	s.returned(t, a.PaymentID)
	want(t, refunded(t, f, s.order(a.PaymentID, 1)), pay.OutcomeDeclined, s.sum(1))
	s.Advance(s.LateAfter + time.Second)
	o.Now = s.Now()
	want(t, queried(t, f, o), pay.OutcomePaid, s.amount)
	want(t, refunded(t, f, o), pay.OutcomePaid, s.amount)
	s.returned(t, a.PaymentID, s.amount.Minor)
}

// A failed refund gives its amount free again.
func (s *suite) refundFails(t *testing.T) {
	f, a, o := s.refunding(t, RefundFails)
	s.Advance(s.LateAfter + time.Second)
	o.Now = s.Now()
	want(t, queried(t, f, o), pay.OutcomeDeclined, s.amount)
	want(t, refunded(t, f, o), pay.OutcomeDeclined, s.amount)
	s.returned(t, a.PaymentID)
	want(t, refunded(t, f, s.order(a.PaymentID, s.amount.Minor)), pay.OutcomeWaiting, s.amount)
}
