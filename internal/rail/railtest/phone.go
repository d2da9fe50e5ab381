package railtest

import (
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

// tries is how many wrong PINs or codes the payer has.
const tries = 3

func (s *suite) wrongPINs(t *testing.T) {
	r := s.Open(t)
	a, sim, out := s.asked(t, r, Challenged)
	miss := func(a pay.Attempt) error {
		return sim.Decide(t.Context(), s.ref(a.PaymentID), pay.WrongPIN)
	}
	if _, atBank := r.(pay.Agreer); atBank || out.Action != pay.ActionApprove {
		if err := miss(a); !pay.IsKind(err, pay.State) {
			t.Errorf("a PIN where none is asked for: %v", err)
		}
		return
	}
	for range tries - 1 {
		if err := miss(a); err != nil {
			t.Fatal(err)
		}
		s.prompted(t, sim, a)
		want(t, s.query(t, r, a.PaymentID), pay.OutcomeWaiting, s.amount)
	}
	if err := sim.Decide(t.Context(), s.ref(a.PaymentID), pay.Approve); err != nil {
		t.Fatal(err)
	}
	want(t, s.query(t, r, a.PaymentID), pay.OutcomePaid, s.amount)
	s.taken(t, a.PaymentID, s.amount.Minor)

	b, _, _ := s.asked(t, r, Challenged)
	for range tries {
		if err := miss(b); err != nil {
			t.Fatal(err)
		}
	}
	out = s.query(t, r, b.PaymentID)
	want(t, out, pay.OutcomeDeclined, s.amount)
	if out.Decline != pay.DeclineWrongPIN {
		t.Errorf("declined as %q", out.Decline)
	}
	if err := miss(b); !pay.IsKind(err, pay.State) {
		t.Errorf("one more: %v", err)
	}
	s.closed(t, sim, b, out)
	s.taken(t, b.PaymentID)
}

// coded submits a payment that waits for a one-time code and returns what the payer's phone shows.
func (s *suite) coded(
	t *testing.T, r pay.Rail,
) (pay.Attempt, pay.Confirmer, pay.Prompt) {
	t.Helper()
	a, sim, out := s.asked(t, r, Coded)
	confirmer, ok := r.(pay.Confirmer)
	if !ok || out.Action != pay.ActionCode {
		t.Fatalf("outcome = %+v, and the rail takes codes: %v", out, ok)
	}
	p := s.prompted(t, sim, a)
	if len(p.Code) < 4 {
		t.Fatalf("the phone shows code %q", p.Code)
	}
	if err := sim.Decide(t.Context(), s.ref(a.PaymentID), pay.Approve); !pay.IsKind(err, pay.State) {
		t.Errorf("approved without the code: %v", err)
	}
	return a, confirmer, p
}

func (s *suite) confirm(
	t *testing.T, c pay.Confirmer, paymentID, code string,
) pay.Outcome {
	t.Helper()
	out, err := c.Confirm(t.Context(), s.ref(paymentID), code)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (s *suite) code(t *testing.T) {
	r := s.Open(t)
	a, c, p := s.coded(t, r)
	other, _, q := s.coded(t, r)
	if p.Code == q.Code {
		t.Errorf("two payments have the code %s", p.Code)
	}
	want(t, s.confirm(t, c, a.PaymentID, q.Code), pay.OutcomeAction, s.amount)
	s.taken(t, a.PaymentID)
	typed := " " + p.Code[:3] + " " + p.Code[3:]
	want(t, s.confirm(t, c, a.PaymentID, typed), pay.OutcomePaid, s.amount)
	want(t, s.confirm(t, c, a.PaymentID, "000000"), pay.OutcomePaid, s.amount)
	s.taken(t, a.PaymentID, s.amount.Minor)
	s.taken(t, other.PaymentID)

	unknown := s.IDs.ID("pay", s.Now())
	want(t, s.confirm(t, c, unknown, p.Code), pay.OutcomeNotFound, s.amount)
	s.Advance(time.Hour)
	out := s.confirm(t, c, other.PaymentID, q.Code)
	want(t, out, pay.OutcomeDeclined, s.amount)
	if out.Decline != s.TimeOut {
		t.Errorf("declined as %q", out.Decline)
	}
}

func (s *suite) wrongCodes(t *testing.T) {
	r := s.Open(t)
	a, c, p := s.coded(t, r)
	for range tries - 1 {
		out := s.confirm(t, c, a.PaymentID, "not it")
		want(t, out, pay.OutcomeAction, s.amount)
		if out.Action != pay.ActionCode {
			t.Errorf("after a wrong code: %+v", out)
		}
	}
	out := s.confirm(t, c, a.PaymentID, "")
	want(t, out, pay.OutcomeDeclined, s.amount)
	if out.Decline != pay.DeclineWrongCode {
		t.Errorf("declined as %q", out.Decline)
	}
	want(t, s.confirm(t, c, a.PaymentID, p.Code), pay.OutcomeDeclined, s.amount)
	s.taken(t, a.PaymentID)
}

func (s *suite) resend(t *testing.T) {
	const resends = 3
	r := s.Open(t)
	resender := able[pay.Resender](t, r, "does not prompt again")
	a, sim, _ := s.asked(t, r, Challenged)
	first := s.prompted(t, sim, a)
	for range resends {
		s.Advance(time.Minute + 59*time.Second) // the payer has the whole time again
		if err := resender.Resend(t.Context(), s.ref(a.PaymentID)); err != nil {
			t.Fatal(err)
		}
		if p := s.prompted(t, sim, a); !p.AskedAt.After(first.AskedAt) {
			t.Errorf("asked again at %v, first at %v", p.AskedAt, first.AskedAt)
		}
	}
	if err := resender.Resend(t.Context(), s.ref(a.PaymentID)); !pay.IsKind(err, pay.State) {
		t.Errorf("a fourth time: %v", err)
	}
	if err := sim.Decide(t.Context(), s.ref(a.PaymentID), pay.Approve); err != nil {
		t.Fatal(err)
	}
	s.taken(t, a.PaymentID, s.amount.Minor)
	if err := resender.Resend(t.Context(), s.ref(a.PaymentID)); !pay.IsKind(err, pay.State) {
		t.Errorf("after the answer: %v", err)
	}
	unknown := s.ref(s.IDs.ID("pay", s.Now()))
	if err := resender.Resend(t.Context(), unknown); !pay.IsKind(err, pay.NotFound) {
		t.Errorf("an unknown payment: %v", err)
	}
}

// A network may say no because its time is over, and the money comes all the same.
func (s *suite) anyway(t *testing.T) {
	r := s.Open(t)
	s.noticesOf(t, r, pay.Attempt{}) // those of earlier tests
	a, sim, _ := s.asked(t, r, Anyway)
	answered, _, _ := s.asked(t, r, Anyway)
	if err := sim.Decide(t.Context(), s.ref(answered.PaymentID), pay.Reject); err != nil {
		t.Fatal(err)
	}
	s.Advance(2*time.Minute + time.Second)
	s.timedOut(t, r, a)
	s.Advance(time.Hour)
	want(t, s.query(t, r, a.PaymentID), pay.OutcomePaid, s.amount)
	s.taken(t, a.PaymentID, s.amount.Minor)
	if n := s.noticesOf(t, r, a); n != 1 {
		t.Errorf("told %d times of the money, want once", n)
	}
	want(t, s.query(t, r, answered.PaymentID), pay.OutcomeDeclined, s.amount)
	s.taken(t, answered.PaymentID)
}
