package railtest

import (
	"context"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
)

func (s *suite) sum(minor int64) money.Amount {
	return money.Amount{Minor: minor, Currency: s.amount.Currency}
}

// held submits a payment whose money is held, not taken.
func (s *suite) held(t *testing.T, r pay.Rail) pay.Attempt {
	t.Helper()
	a := s.attempt(t, Succeeds, pay.CaptureManual)
	want(t, s.started(t, r, a), pay.OutcomeAuthorised, s.amount)
	s.taken(t, a.PaymentID)
	return a
}

func capturer(t *testing.T, r pay.Rail) pay.Capturer {
	t.Helper()
	return able[pay.Capturer](t, r, "cannot hold money")
}

func voider(t *testing.T, r pay.Rail) pay.Voider {
	t.Helper()
	return able[pay.Voider](t, r, "cannot give a payment up")
}

func (s *suite) capture(t *testing.T) {
	r := s.Open(t)
	c := capturer(t, r)
	for _, part := range []int64{s.amount.Minor, 1, s.amount.Minor - 1} {
		a := s.held(t, r)
		for range 2 {
			out, err := c.Capture(t.Context(), first(s.ref(a.PaymentID), s.sum(part)))
			if err != nil {
				t.Fatal(err)
			}
			want(t, out, pay.OutcomePaid, s.sum(part))
		}
		want(t, s.query(t, r, a.PaymentID), pay.OutcomePaid, s.sum(part))
		want(t, s.query(t, s.Open(t), a.PaymentID), pay.OutcomePaid, s.sum(part))
		s.taken(t, a.PaymentID, part)
	}
	out, err := c.Capture(t.Context(), first(s.ref(s.IDs.ID("pay", s.Now())), s.amount))
	if err != nil {
		t.Fatal(err)
	}
	want(t, out, pay.OutcomeNotFound, s.amount)
}

func (s *suite) captureTooMuch(t *testing.T) {
	r := s.Open(t)
	c := capturer(t, r)
	a := s.held(t, r)
	for _, wrong := range []money.Amount{
		s.sum(s.amount.Minor + 1), s.sum(0), s.sum(-1), {Minor: s.amount.Minor, Currency: "KES"},
	} {
		out, err := c.Capture(t.Context(), first(s.ref(a.PaymentID), wrong))
		if err == nil && out.Kind == pay.OutcomePaid {
			t.Errorf("Capture of %v = %+v", wrong, out)
		}
	}
	want(t, s.query(t, r, a.PaymentID), pay.OutcomeAuthorised, s.amount)
	s.taken(t, a.PaymentID)

	if _, err := c.Capture(t.Context(), first(s.ref(a.PaymentID), s.sum(100))); err != nil {
		t.Fatal(err)
	}
	out, err := c.Capture(t.Context(), first(s.ref(a.PaymentID), s.sum(200)))
	if err == nil && out.Amount == s.sum(200) {
		t.Errorf("a second capture of another amount = %+v", out)
	}
	want(t, s.query(t, r, a.PaymentID), pay.OutcomePaid, s.sum(100))
	s.taken(t, a.PaymentID, 100)
}

func (s *suite) captureParallel(t *testing.T) {
	r := s.Open(t)
	c := capturer(t, r)
	a := s.held(t, r)
	outs := atOnce(t, func(ctx context.Context, i int) (pay.Outcome, error) {
		return c.Capture(ctx, first(s.ref(a.PaymentID), s.sum(int64(100+i%2))))
	})
	winner := s.query(t, r, a.PaymentID)
	for _, out := range outs {
		want(t, out, pay.OutcomePaid, winner.Amount)
	}
	s.taken(t, a.PaymentID, winner.Amount.Minor)
}

func (s *suite) void(t *testing.T) {
	r := s.Open(t)
	v := voider(t, r)
	a := s.open(t, r)
	for range 2 {
		out, err := v.Void(t.Context(), s.ref(a.PaymentID))
		if err != nil {
			t.Fatal(err)
		}
		want(t, out, pay.OutcomeCanceled, s.amount)
	}
	if c, ok := r.(pay.Capturer); ok {
		out, err := c.Capture(t.Context(), first(s.ref(a.PaymentID), s.amount))
		if err == nil && out.Kind != pay.OutcomeCanceled {
			t.Errorf("Capture after Void = %+v", out)
		}
	}
	want(t, s.started(t, r, a), pay.OutcomeCanceled, s.amount)
	s.taken(t, a.PaymentID)

	b := s.paid(t, r, Succeeds)
	s.voidIsTooLate(t, r, b.PaymentID)
	c := s.attempt(t, Declines, pay.CaptureAutomatic)
	want(t, s.started(t, r, c), pay.OutcomeDeclined, s.amount)
	s.voidIsTooLate(t, r, c.PaymentID)
}

// voidIsTooLate checks that what came before a void stands.
func (s *suite) voidIsTooLate(t *testing.T, r pay.Rail, paymentID string) {
	t.Helper()
	before := s.query(t, r, paymentID)
	out, err := voider(t, r).Void(t.Context(), s.ref(paymentID))
	if err != nil {
		t.Fatal(err)
	}
	if after := s.query(t, r, paymentID); !same(out, before) || !same(after, before) {
		t.Errorf("before %+v, Void = %+v, afterwards %+v", before, out, after)
	}
}

func (s *suite) voidLate(t *testing.T) {
	r := s.Open(t)
	v := voider(t, r)
	a := s.attempt(t, Late, pay.CaptureAutomatic)
	want(t, s.started(t, r, a), pay.OutcomeWaiting, s.amount)
	out, err := v.Void(t.Context(), s.ref(a.PaymentID))
	if err != nil {
		t.Fatal(err)
	}
	if _, initiated := r.(pay.Agreer); initiated { // what was initiated cannot be called back
		want(t, out, pay.OutcomeWaiting, s.amount)
		s.Advance(s.LateAfter + time.Second)
		want(t, s.query(t, r, a.PaymentID), pay.OutcomePaid, s.amount)
		s.taken(t, a.PaymentID, s.amount.Minor)
		return
	}
	want(t, out, pay.OutcomeCanceled, s.amount)
	s.Advance(s.LateAfter + time.Second)
	want(t, s.query(t, r, a.PaymentID), pay.OutcomeCanceled, s.amount)
	s.taken(t, a.PaymentID)

	b := s.attempt(t, Late, pay.CaptureAutomatic)
	want(t, s.started(t, r, b), pay.OutcomeWaiting, s.amount)
	s.Advance(s.LateAfter + time.Second)
	if out, err = v.Void(t.Context(), s.ref(b.PaymentID)); err != nil {
		t.Fatal(err)
	}
	want(t, out, pay.OutcomePaid, s.amount)
	s.taken(t, b.PaymentID, s.amount.Minor)
}

// A payment that is given up while its submission is still on its way must not be made when the
// submission arrives.
func (s *suite) voidUnseen(t *testing.T) {
	r := s.Open(t)
	v := voider(t, r)
	a := s.attempt(t, Succeeds, pay.CaptureAutomatic)
	out, err := v.Void(t.Context(), s.ref(a.PaymentID))
	if err != nil {
		t.Fatal(err)
	}
	if out.Kind == pay.OutcomeNotFound {
		return // the rail makes no promise, so the core waits for NotFoundFinalAfter
	}
	if out.Kind != pay.OutcomeCanceled {
		t.Fatalf("Void = %+v", out)
	}
	want(t, s.started(t, r, a), pay.OutcomeCanceled, s.amount)
	s.taken(t, a.PaymentID)

	for range 4 {
		b := s.attempt(t, Succeeds, pay.CaptureAutomatic)
		atOnce(t, func(ctx context.Context, i int) (pay.Outcome, error) {
			if i%2 == 0 {
				return v.Void(ctx, s.ref(b.PaymentID))
			}
			return r.Start(ctx, b)
		})
		s.agrees(t, r, b.PaymentID)
	}
}

// agrees checks that the ledger holds a debit exactly if the network says paid.
func (s *suite) agrees(t *testing.T, r pay.Rail, paymentID string) {
	t.Helper()
	switch out := s.query(t, r, paymentID); out.Kind {
	case pay.OutcomePaid:
		s.taken(t, paymentID, out.Amount.Minor)
	case pay.OutcomeCanceled, pay.OutcomeWaiting:
		s.taken(t, paymentID)
	default:
		t.Errorf("Query = %+v, want paid or canceled", out)
	}
}

func (s *suite) captureAgainstVoid(t *testing.T) {
	r := s.Open(t)
	c, v := capturer(t, r), voider(t, r)
	for range 4 {
		a := s.held(t, r)
		outs := atOnce(t, func(ctx context.Context, i int) (pay.Outcome, error) {
			if i%2 == 0 {
				return v.Void(ctx, s.ref(a.PaymentID))
			}
			return c.Capture(ctx, first(s.ref(a.PaymentID), s.amount))
		})
		for _, out := range outs {
			if !same(out, outs[0]) {
				t.Errorf("two truths: %+v and %+v", outs[0], out)
			}
		}
		s.agrees(t, r, a.PaymentID)
	}
}

// first is an order to capture so much and let the rest go.
func first(ref pay.Ref, amount money.Amount) pay.CaptureOrder {
	return pay.CaptureOrder{Ref: ref, Number: 1, Amount: amount}
}
