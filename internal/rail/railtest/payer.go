package railtest

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

// challenged submits a payment that waits for its payer.
func (s *suite) challenged(
	t *testing.T, r pay.Rail,
) (pay.Attempt, pay.Simulated, pay.Outcome) {
	t.Helper()
	sim, ok := r.(pay.Simulated)
	if !ok {
		t.Skip("the rail is not a simulated network")
	}
	a := s.attempt(t, Challenged, pay.CaptureAutomatic)
	out := s.started(t, r, a)
	want(t, out, pay.OutcomeAction, amount)
	if out.ActionURL == "" {
		t.Fatal("the payer is not told where to go")
	}
	return a, sim, out
}

func decision(approve bool) pay.Decision {
	if approve {
		return pay.Approve
	}
	return pay.Reject
}

// token returns the secret at the end of an action URL.
func token(actionURL string) string {
	return actionURL[strings.LastIndex(actionURL, "/")+1:]
}

func (s *suite) challenge(t *testing.T) {
	r := s.Open(t)
	for _, approve := range []bool{true, false} {
		a, sim, out := s.challenged(t, r)
		if again := s.query(t, s.Open(t), a.PaymentID); again != out {
			t.Errorf("Query = %+v, Start said %+v", again, out)
		}
		s.prompted(t, sim, token(out.ActionURL), a)
		s.taken(t, a.PaymentID)
		if err := sim.Decide(t.Context(), s.ref(a.PaymentID), decision(approve)); err != nil {
			t.Fatal(err)
		}
		for _, twice := range []bool{approve, !approve} {
			err := sim.Decide(t.Context(), s.ref(a.PaymentID), decision(twice))
			if !pay.IsKind(err, pay.State) {
				t.Errorf("a second answer: %v", err)
			}
		}
		if p, err := sim.Prompt(t.Context(), token(out.ActionURL)); err != nil || p.Open {
			t.Errorf("after the answer Prompt = %+v, %v", p, err)
		}
		if approve {
			want(t, s.query(t, r, a.PaymentID), pay.OutcomePaid, amount)
			s.taken(t, a.PaymentID, amount.Minor)
		} else {
			want(t, s.query(t, r, a.PaymentID), pay.OutcomeDeclined, amount)
			s.taken(t, a.PaymentID)
		}
	}
	sim := r.(pay.Simulated)
	if _, err := sim.Prompt(t.Context(), "guess"); !pay.IsKind(err, pay.NotFound) {
		t.Errorf("Prompt of a guessed token: %v", err)
	}
	err := sim.Decide(t.Context(), s.ref(s.IDs.ID("pay", s.Now())), pay.Approve)
	if !pay.IsKind(err, pay.NotFound) {
		t.Errorf("Decide of an unknown payment: %v", err)
	}
}

// prompted checks that the payer is asked about this payment and no other.
func (s *suite) prompted(t *testing.T, sim pay.Simulated, token string, a pay.Attempt) {
	t.Helper()
	p, err := sim.Prompt(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if !p.Open || p.PaymentID != a.PaymentID || p.Scope != a.Scope || p.Amount != a.Amount ||
		p.ReturnURL != a.ReturnURL {
		t.Errorf("Prompt = %+v, not what %+v asked", p, a.Ref)
	}
	if a.Card != nil && p.Card.Last4 != a.Card.Number.Last4() {
		t.Errorf("Prompt shows card %q", p.Card.Last4)
	}
	stranger := a.Ref
	stranger.MerchantID = s.IDs.ID("mer", s.Now())
	if err := sim.Decide(t.Context(), stranger, pay.Approve); !pay.IsKind(err, pay.NotFound) {
		t.Errorf("another merchant's answer: %v", err)
	}
}

func (s *suite) challengeParallel(t *testing.T) {
	r := s.Open(t)
	a, sim, _ := s.challenged(t, r)
	var answered atomic.Int64
	atOnce(t, func(ctx context.Context, i int) (pay.Outcome, error) {
		err := sim.Decide(ctx, s.ref(a.PaymentID), decision(i%2 == 0))
		if err == nil {
			answered.Add(1)
		} else if !pay.IsKind(err, pay.State) {
			t.Errorf("Decide: %v", err)
		}
		return pay.Outcome{Kind: pay.OutcomeAction}, nil
	})
	if n := answered.Load(); n != 1 {
		t.Errorf("%d answers were taken, want 1", n)
	}
	if out := s.query(t, r, a.PaymentID); out.Kind == pay.OutcomePaid {
		s.taken(t, a.PaymentID, amount.Minor)
	} else {
		want(t, out, pay.OutcomeDeclined, amount)
		s.taken(t, a.PaymentID)
	}
}

func (s *suite) challengeRunsOut(t *testing.T) {
	r := s.Open(t)
	a, sim, out := s.challenged(t, r)
	s.Advance(time.Hour)
	if p, err := sim.Prompt(t.Context(), token(out.ActionURL)); err != nil || p.Open {
		t.Errorf("Prompt = %+v, %v; want a closed one", p, err)
	}
	if err := sim.Decide(t.Context(), s.ref(a.PaymentID), pay.Approve); !pay.IsKind(err, pay.State) {
		t.Errorf("Decide: %v", err)
	}
	out = s.query(t, r, a.PaymentID)
	want(t, out, pay.OutcomeDeclined, amount)
	if out.Decline != pay.DeclineAuthTimeout {
		t.Errorf("declined as %q", out.Decline)
	}
	s.taken(t, a.PaymentID)
}

// noticed makes the network tell about a payment.
func (s *suite) noticed(t *testing.T) (pay.Rail, pay.Notifier, string, Notification) {
	t.Helper()
	r := s.Open(t)
	n, ok := r.(pay.Notifier)
	if !ok {
		t.Skip("the rail does not call back")
	}
	s.Notices(t, r) // those of earlier tests
	a := s.attempt(t, Late, pay.CaptureAutomatic)
	want(t, s.started(t, r, a), pay.OutcomeWaiting, amount)
	if early := s.Notices(t, r); len(early) != 0 {
		t.Errorf("%d notifications before anything happened", len(early))
	}
	s.Advance(s.LateAfter + time.Second)
	got := s.Notices(t, r)
	if len(got) != 1 {
		t.Fatalf("%d notifications, want 1", len(got))
	}
	return r, n, a.PaymentID, got[0]
}

func (s *suite) notices(t *testing.T) {
	r, n, paymentID, got := s.noticed(t)
	notice, err := n.Notify(t.Context(), got.Header, got.Body)
	if err != nil {
		t.Fatal(err)
	}
	if notice.PaymentID != paymentID || notice.ID == "" {
		t.Errorf("Notify = %+v, want payment %s", notice, paymentID)
	}
	if again, err := n.Notify(t.Context(), got.Header, got.Body); err != nil || again != notice {
		t.Errorf("Notify again = %+v, %v", again, err)
	}
	if more := s.Notices(t, r); len(more) != 0 {
		t.Errorf("%d more notifications after delivery", len(more))
	}
	for _, line := range []string{string(got.Body), got.Header.Get("Content-Type")} {
		if number := s.Card(Late).Number.Reveal(); strings.Contains(line, number) {
			t.Error("the notification carries the card number")
		}
	}
}

func (s *suite) forged(t *testing.T) {
	_, n, _, got := s.noticed(t)
	refused := func(t *testing.T, header http.Header, body []byte) {
		t.Helper()
		if notice, err := n.Notify(t.Context(), header, body); err == nil {
			t.Errorf("Notify = %+v, want an error", notice)
		}
	}
	t.Run("changed body", func(t *testing.T) {
		for i := range got.Body {
			body := bytes.Clone(got.Body)
			body[i] ^= 1
			refused(t, got.Header, body)
		}
		refused(t, got.Header, append(bytes.Clone(got.Body), ' '))
		refused(t, got.Header, nil)
	})
	t.Run("no signature", func(t *testing.T) {
		refused(t, http.Header{}, got.Body)
		refused(t, nil, got.Body)
	})
	t.Run("damaged headers", func(t *testing.T) {
		for name, values := range got.Header {
			if strings.HasPrefix(name, "Content-") {
				continue
			}
			for _, value := range []string{"", "x", values[0][:len(values[0])-1],
				values[0] + "0", strings.ToUpper(values[0])} {
				header := got.Header.Clone()
				header.Set(name, value)
				refused(t, header, got.Body)
			}
			header := got.Header.Clone()
			header.Add(name, values[0])
			header.Add(name, "x")
			refused(t, header, got.Body)
		}
	})
	t.Run("huge body", func(t *testing.T) {
		refused(t, got.Header, make([]byte, 1<<20))
	})
	t.Run("old", func(t *testing.T) {
		s.Advance(6 * time.Minute)
		refused(t, got.Header, got.Body)
	})
	t.Run("from the future", func(t *testing.T) {
		s.Advance(-12 * time.Minute)
		refused(t, got.Header, got.Body)
		s.Advance(6 * time.Minute)
		if _, err := n.Notify(t.Context(), got.Header, got.Body); err != nil {
			t.Errorf("at its own time: %v", err)
		}
	})
}
