package railtest

import (
	"context"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
)

func (s *suite) facts(t *testing.T) {
	r := s.Open(t)
	f := r.Facts()
	if r.Name() == "" || f.Method == "" || f.Mode == "" {
		t.Errorf("name %q, facts %+v: incomplete", r.Name(), f)
	}
	if f.Deadline <= 0 || f.NotFoundFinalAfter < f.Deadline || f.ReviewAfter <= f.NotFoundFinalAfter {
		t.Errorf("facts %+v: deadline < not found final < review does not hold", f)
	}
}

func (s *suite) startEchoes(t *testing.T) {
	r := s.Open(t)
	sums := []money.Amount{
		{Minor: 1, Currency: "GHS"}, {Minor: 500, Currency: "JPY"},
		{Minor: money.MaxMinor, Currency: "KWD"},
	}
	if s.currencies != nil {
		sums = []money.Amount{s.sum(1), s.sum(500), s.sum(1_000_000_000)}
	}
	for _, sum := range sums {
		a := s.attempt(t, Succeeds, pay.CaptureAutomatic)
		a.Amount = sum
		out := s.start(t, r, a)
		if out.Reference == "" {
			t.Error("the network gives no reference of its own")
		}
		if again := s.query(t, r, a.PaymentID); !same(again, out) {
			t.Errorf("Query = %+v, Start said %+v", again, out)
		}
		if got := s.Debits(t, a.PaymentID); len(got) != 1 || got[0] != sum {
			t.Errorf("debits = %v, want %v", got, sum)
		}
	}
}

func (s *suite) startAgain(t *testing.T) {
	r := s.Open(t)
	a := s.attempt(t, Succeeds, pay.CaptureAutomatic)
	first := s.start(t, r, a)
	for range 3 {
		if again := s.started(t, r, a); !same(again, first) {
			t.Errorf("Start again = %+v, first %+v", again, first)
		}
	}
	s.taken(t, a.PaymentID, s.amount.Minor)
}

func (s *suite) startParallel(t *testing.T) {
	r := s.Open(t)
	a := s.attempt(t, Succeeds, pay.CaptureAutomatic)
	outs := atOnce(t, func(ctx context.Context, _ int) (pay.Outcome, error) {
		return r.Start(ctx, a)
	})
	for _, out := range outs {
		if !same(out, outs[0]) {
			t.Errorf("two answers to one payment: %+v and %+v", outs[0], out)
		}
	}
	s.start(t, r, a)
	s.taken(t, a.PaymentID, s.amount.Minor)
}

// A contradiction is refused with an error, never with a decline: a decline would tell the core
// that the first submission took no money.
func (s *suite) startContradicts(t *testing.T) {
	r := s.Open(t)
	a := s.attempt(t, Succeeds, pay.CaptureAutomatic)
	first := s.start(t, r, a)
	changes := map[string]func(*pay.Attempt){
		"amount":   func(b *pay.Attempt) { b.Amount.Minor++ },
		"currency": func(b *pay.Attempt) { b.Amount.Currency = "KES" },
		"payer":    func(b *pay.Attempt) { s.Fill(Declines, b) },
		"capture":  func(b *pay.Attempt) { b.Capture = pay.CaptureManual },
		"merchant": func(b *pay.Attempt) { b.MerchantID = s.IDs.ID("mer", s.Now()) },
	}
	for name, change := range changes {
		b := a
		change(&b)
		if out, err := r.Start(t.Context(), b); err == nil && !same(out, first) {
			t.Errorf("another %s: Start = %+v; want an error or the first outcome", name, out)
		}
	}
	if again := s.query(t, r, a.PaymentID); !same(again, first) {
		t.Errorf("afterwards Query = %+v, want %+v", again, first)
	}
	s.taken(t, a.PaymentID, s.amount.Minor)
}

func (s *suite) declineIsOutcome(t *testing.T) {
	r := s.Open(t)
	a := s.attempt(t, Declines, pay.CaptureAutomatic)
	out := s.started(t, r, a)
	want(t, out, pay.OutcomeDeclined, s.amount)
	if again := s.query(t, r, a.PaymentID); !same(again, out) {
		t.Errorf("Query = %+v, Start said %+v", again, out)
	}
	if again := s.started(t, r, a); !same(again, out) {
		t.Errorf("Start again = %+v, first %+v", again, out)
	}
	s.taken(t, a.PaymentID)
}

func (s *suite) errorMeansUnknown(t *testing.T) {
	r := s.Open(t)
	t.Run("the payment arrived", func(t *testing.T) {
		a := s.attempt(t, ReplyLost, pay.CaptureAutomatic)
		if out, err := r.Start(t.Context(), a); err == nil {
			t.Fatalf("Start = %+v, want an error", out)
		}
		want(t, s.query(t, r, a.PaymentID), pay.OutcomePaid, s.amount)
		if out, err := r.Start(t.Context(), a); err == nil {
			want(t, out, pay.OutcomePaid, s.amount)
		}
		s.taken(t, a.PaymentID, s.amount.Minor)
	})
	t.Run("the payment did not arrive", func(t *testing.T) {
		a := s.attempt(t, NeverArrives, pay.CaptureAutomatic)
		if out, err := r.Start(t.Context(), a); err == nil {
			t.Fatalf("Start = %+v, want an error", out)
		}
		want(t, s.query(t, r, a.PaymentID), pay.OutcomeNotFound, s.amount)
		s.Advance(r.Facts().NotFoundFinalAfter + time.Second)
		want(t, s.query(t, r, a.PaymentID), pay.OutcomeNotFound, s.amount)
		s.taken(t, a.PaymentID)
	})
}

func (s *suite) notFound(t *testing.T) {
	r := s.Open(t)
	a := s.attempt(t, Succeeds, pay.CaptureAutomatic)
	want(t, s.query(t, r, a.PaymentID), pay.OutcomeNotFound, s.amount)
	s.start(t, r, a)

	stranger := a.Ref
	stranger.MerchantID = s.IDs.ID("mer", s.Now())
	out, err := r.Query(t.Context(), stranger)
	if err != nil {
		t.Fatal(err)
	}
	want(t, out, pay.OutcomeNotFound, s.amount)
}

func (s *suite) late(t *testing.T) {
	r := s.Open(t)
	tests := []struct {
		c     Case
		kind  pay.OutcomeKind
		debit []int64
	}{
		{Late, pay.OutcomePaid, []int64{s.amount.Minor}},
		{LateDecline, pay.OutcomeDeclined, nil},
	}
	for _, test := range tests {
		t.Run(string(test.c), func(t *testing.T) {
			a := s.attempt(t, test.c, pay.CaptureAutomatic)
			want(t, s.started(t, r, a), pay.OutcomeWaiting, s.amount)
			s.Advance(s.LateAfter - time.Second)
			want(t, s.query(t, r, a.PaymentID), pay.OutcomeWaiting, s.amount)
			s.taken(t, a.PaymentID)
			s.Advance(2 * time.Second)
			want(t, s.query(t, r, a.PaymentID), test.kind, s.amount)
			want(t, s.started(t, r, a), test.kind, s.amount)
			s.taken(t, a.PaymentID, test.debit...)
		})
	}
}

func (s *suite) reopen(t *testing.T) {
	r := s.Open(t)
	for _, c := range []Case{Succeeds, Declines, Late, ReplyLost, Challenged} {
		t.Run(string(c), func(t *testing.T) {
			a := s.attempt(t, c, pay.CaptureAutomatic)
			_, _ = r.Start(t.Context(), a)
			before := s.query(t, r, a.PaymentID)
			if after := s.query(t, s.Open(t), a.PaymentID); !same(after, before) {
				t.Errorf("after reopening Query = %+v, before %+v", after, before)
			}
			if _, err := s.Open(t).Start(t.Context(), a); err != nil && c != ReplyLost {
				t.Errorf("after reopening Start: %v", err)
			}
			if after := s.query(t, r, a.PaymentID); !same(after, before) {
				t.Errorf("after a second Start Query = %+v, before %+v", after, before)
			}
		})
	}
}

func (s *suite) otherMode(t *testing.T) {
	r := s.Open(t)
	a := s.attempt(t, Succeeds, pay.CaptureAutomatic)
	a.Mode = pay.Live
	if r.Facts().Mode == pay.Live {
		a.Mode = pay.Test
	}
	if out, err := r.Start(t.Context(), a); err == nil {
		t.Errorf("Start = %+v, want an error", out)
	}
	a.Mode = r.Facts().Mode
	want(t, s.query(t, r, a.PaymentID), pay.OutcomeNotFound, s.amount)
	s.taken(t, a.PaymentID)
}
