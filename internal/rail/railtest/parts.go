package railtest

import (
	"context"
	"testing"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
)

// part is an order to capture so much under a number and keep the rest held.
func (s *suite) part(paymentID string, number, minor int64) pay.CaptureOrder {
	return pay.CaptureOrder{
		Ref: s.ref(paymentID), Number: number, Amount: s.sum(minor), KeepRest: true,
	}
}

// took captures and checks that the network took just that.
func took(t *testing.T, c pay.Capturer, o pay.CaptureOrder) {
	t.Helper()
	out, err := c.Capture(t.Context(), o)
	if err != nil {
		t.Fatalf("Capture %d: %v", o.Number, err)
	}
	want(t, out, pay.OutcomePaid, o.Amount)
}

// refused captures and checks that the network took nothing.
func refused(t *testing.T, c pay.Capturer, o pay.CaptureOrder) {
	t.Helper()
	if out, err := c.Capture(t.Context(), o); err == nil && out.Kind == pay.OutcomePaid {
		t.Errorf("Capture %d of %v = %+v", o.Number, o.Amount, out)
	}
}

// gone captures and checks that nothing is held any more.
func (s *suite) gone(t *testing.T, c pay.Capturer, o pay.CaptureOrder) {
	t.Helper()
	out, err := c.Capture(t.Context(), o)
	if err != nil {
		t.Fatalf("Capture %d: %v", o.Number, err)
	}
	want(t, out, pay.OutcomeCanceled, s.amount)
}

func (s *suite) captureParts(t *testing.T) {
	r := s.Open(t)
	c := capturer(t, r)
	for _, letGo := range []bool{false, true} {
		a := s.held(t, r)
		one, two := s.part(a.PaymentID, 1, 100), s.part(a.PaymentID, 2, 100)
		for range 2 {
			took(t, c, one)
		}
		want(t, s.query(t, r, a.PaymentID), pay.OutcomeAuthorised, s.amount)
		s.taken(t, a.PaymentID, 100)
		took(t, c, two)
		took(t, capturer(t, s.Open(t)), one)
		for _, wrong := range []pay.CaptureOrder{
			s.part(a.PaymentID, 2, 101), s.part(a.PaymentID, 3, s.amount.Minor-199),
			s.part(a.PaymentID, 3, 0), s.part(a.PaymentID, 0, 1), s.part(a.PaymentID, -1, 1),
			{Ref: a.Ref, Number: 1, Amount: money.Amount{Minor: 100, Currency: "KES"}},
		} {
			refused(t, c, wrong)
		}
		want(t, s.query(t, s.Open(t), a.PaymentID), pay.OutcomeAuthorised, s.amount)
		s.taken(t, a.PaymentID, 100, 100)

		last := s.part(a.PaymentID, 3, s.amount.Minor-200)
		if letGo {
			last.Amount, last.KeepRest = s.sum(300), false
		}
		for range 2 {
			took(t, c, last)
		}
		all := s.sum(200 + last.Amount.Minor)
		want(t, s.query(t, r, a.PaymentID), pay.OutcomePaid, all)
		s.voidIsTooLate(t, r, a.PaymentID)
		s.gone(t, c, s.part(a.PaymentID, 4, 1))
		took(t, c, two)
		want(t, s.started(t, r, a), pay.OutcomePaid, all)
		s.taken(t, a.PaymentID, 100, 100, last.Amount.Minor)
	}
}

func (s *suite) voidRest(t *testing.T) {
	r := s.Open(t)
	c, v := capturer(t, r), voider(t, r)
	a := s.held(t, r)
	one := s.part(a.PaymentID, 1, 700)
	took(t, c, one)
	for range 2 {
		out, err := v.Void(t.Context(), s.ref(a.PaymentID))
		if err != nil {
			t.Fatal(err)
		}
		want(t, out, pay.OutcomePaid, s.sum(700))
	}
	want(t, s.query(t, s.Open(t), a.PaymentID), pay.OutcomePaid, s.sum(700))
	s.gone(t, c, s.part(a.PaymentID, 2, 700))
	took(t, c, one)
	s.taken(t, a.PaymentID, 700)
}

// What was taken can be sent back while the rest is still held, and no more than that.
func (s *suite) refundPart(t *testing.T) {
	r := s.Open(t)
	c, f := capturer(t, r), refunder(t, r)
	a := s.held(t, r)
	want(t, refunded(t, f, s.order(a.PaymentID, 1)), pay.OutcomeDeclined, s.sum(1))
	took(t, c, s.part(a.PaymentID, 1, 100))
	want(t, refunded(t, f, s.order(a.PaymentID, 60)), pay.OutcomePaid, s.sum(60))
	want(t, refunded(t, f, s.order(a.PaymentID, 41)), pay.OutcomeDeclined, s.sum(41))
	took(t, c, s.part(a.PaymentID, 2, 50))
	want(t, refunded(t, f, s.order(a.PaymentID, 90)), pay.OutcomePaid, s.sum(90))
	want(t, refunded(t, f, s.order(a.PaymentID, 1)), pay.OutcomeDeclined, s.sum(1))
	want(t, s.query(t, r, a.PaymentID), pay.OutcomeAuthorised, s.amount)
	s.taken(t, a.PaymentID, 100, 50)
	s.returned(t, a.PaymentID, 60, 90)
}

// Captures under different numbers that together are more than is held take what fits.
func (s *suite) partsParallel(t *testing.T) {
	r := s.Open(t)
	c := capturer(t, r)
	a := s.held(t, r)
	fifth := s.amount.Minor / 5
	outs := atOnce(t, func(ctx context.Context, i int) (pay.Outcome, error) {
		return c.Capture(ctx, s.part(a.PaymentID, int64(i+1), fifth))
	})
	var paid []int64
	for _, out := range outs {
		if out.Kind == pay.OutcomePaid {
			paid = append(paid, out.Amount.Minor)
		}
	}
	if len(paid) != 5 {
		t.Errorf("%d captures of a fifth succeeded", len(paid))
	}
	s.taken(t, a.PaymentID, paid...)
}

// Whatever comes first, captures or the void: what the network says at the end is what it took.
func (s *suite) partsAgainstVoid(t *testing.T) {
	r := s.Open(t)
	c, v := capturer(t, r), voider(t, r)
	for range 4 {
		a := s.held(t, r)
		atOnce(t, func(ctx context.Context, i int) (pay.Outcome, error) {
			if i == parallel/2 {
				return v.Void(ctx, s.ref(a.PaymentID))
			}
			return c.Capture(ctx, s.part(a.PaymentID, int64(i+1), 100))
		})
		var all int64
		debits := s.Debits(t, a.PaymentID)
		for _, d := range debits {
			all += d.Minor
		}
		if len(debits) == 0 {
			want(t, s.query(t, r, a.PaymentID), pay.OutcomeCanceled, s.amount)
			continue
		}
		want(t, s.query(t, r, a.PaymentID), pay.OutcomePaid, s.sum(all))
		s.gone(t, c, s.part(a.PaymentID, parallel+1, 1))
	}
}

// A payment of nothing only makes sure of the method: it is paid, and nothing is booked.
func (s *suite) verify(t *testing.T) {
	r := s.Open(t)
	for _, capture := range []pay.CaptureMode{pay.CaptureAutomatic, pay.CaptureManual} {
		a := s.attempt(t, Verified, capture)
		a.Amount = s.sum(0)
		out := s.started(t, r, a)
		want(t, out, pay.OutcomePaid, s.sum(0))
		if again := s.query(t, s.Open(t), a.PaymentID); !same(again, out) {
			t.Errorf("Query = %+v, Start said %+v", again, out)
		}
		s.taken(t, a.PaymentID)
		if f, ok := r.(pay.Refunder); ok {
			want(t, refunded(t, f, s.order(a.PaymentID, 1)), pay.OutcomeDeclined, s.sum(1))
		}
	}
	b := s.attempt(t, Declines, pay.CaptureAutomatic)
	b.Amount = s.sum(0)
	want(t, s.started(t, r, b), pay.OutcomeDeclined, s.sum(0))

	d := s.attempt(t, Challenged, pay.CaptureAutomatic)
	d.Amount = s.sum(0)
	want(t, s.started(t, r, d), pay.OutcomeAction, s.sum(0))
	if err := r.(pay.Simulated).Decide(t.Context(), s.ref(d.PaymentID), pay.Approve); err != nil {
		t.Fatal(err)
	}
	want(t, s.query(t, r, d.PaymentID), pay.OutcomePaid, s.sum(0))
	s.taken(t, d.PaymentID)
}
