package railtest

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

// asked submits a payment that waits for its payer.
func (s *suite) asked(
	t *testing.T, r pay.Rail, c Case,
) (pay.Attempt, pay.Simulated, pay.Outcome) {
	t.Helper()
	sim := able[pay.Simulated](t, r, "is not a simulated network")
	a := s.attempt(t, c, pay.CaptureAutomatic)
	out := s.started(t, r, a)
	kind := pay.OutcomeAction
	if _, atBank := r.(pay.Agreer); out.Action == pay.ActionApprove && !atBank {
		kind = pay.OutcomeWaiting
	}
	want(t, out, kind, s.amount)
	if out.Action == "" || (out.Action == pay.ActionRedirect) != (out.ActionURL != "") {
		t.Fatalf("the payer is not told what to do: %+v", out)
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
		a, sim, out := s.asked(t, r, Challenged)
		if again := s.query(t, s.Open(t), a.PaymentID); !same(again, out) {
			t.Errorf("Query = %+v, Start said %+v", again, out)
		}
		s.prompted(t, sim, a)
		if out.ActionURL != "" {
			s.tokenOpens(t, sim, token(out.ActionURL), a)
		}
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
		s.closed(t, sim, a, out)
		if approve {
			want(t, s.query(t, r, a.PaymentID), pay.OutcomePaid, s.amount)
			s.taken(t, a.PaymentID, s.amount.Minor)
		} else {
			want(t, s.query(t, r, a.PaymentID), pay.OutcomeDeclined, s.amount)
			s.taken(t, a.PaymentID)
		}
	}
	s.refusesStrangers(t, r)
}

// refusesStrangers checks what does not belong to an open prompt.
func (s *suite) refusesStrangers(t *testing.T, r pay.Rail) {
	t.Helper()
	sim := r.(pay.Simulated)
	if _, err := sim.Prompt(t.Context(), "guess"); !pay.IsKind(err, pay.NotFound) {
		t.Errorf("Prompt of a guessed token: %v", err)
	}
	err := sim.Decide(t.Context(), s.ref(s.IDs.ID("pay", s.Now())), pay.Approve)
	if !pay.IsKind(err, pay.NotFound) {
		t.Errorf("Decide of an unknown payment: %v", err)
	}
	a, _, _ := s.asked(t, r, Challenged)
	err = sim.Decide(t.Context(), s.ref(a.PaymentID), "perhaps")
	if !pay.IsKind(err, pay.Invalid) {
		t.Errorf("Decide of nothing known: %v", err)
	}
	stranger := s.ref(a.PaymentID)
	stranger.MerchantID = s.IDs.ID("mer", s.Now())
	if err := sim.Decide(t.Context(), stranger, pay.Approve); !pay.IsKind(err, pay.NotFound) {
		t.Errorf("another merchant's answer: %v", err)
	}
}

// listed returns the open prompts of a payment.
func (s *suite) listed(t *testing.T, sim pay.Simulated, a pay.Attempt) []pay.Prompt {
	t.Helper()
	all, err := sim.Prompts(t.Context(), a.Scope, s.Now())
	if err != nil {
		t.Fatal(err)
	}
	byAge := func(a, b pay.Prompt) int { return a.AskedAt.Compare(b.AskedAt) }
	if !slices.IsSortedFunc(all, byAge) {
		t.Error("the prompts are not listed oldest first")
	}
	return slices.DeleteFunc(all, func(p pay.Prompt) bool { return p.PaymentID != a.PaymentID })
}

// prompted checks that the payer is asked about this payment, and returns what is shown.
func (s *suite) prompted(t *testing.T, sim pay.Simulated, a pay.Attempt) pay.Prompt {
	t.Helper()
	all := s.listed(t, sim, a)
	if len(all) != 1 {
		t.Fatalf("%d prompts for the payment, want 1", len(all))
	}
	s.asks(t, all[0], a)
	return all[0]
}

// asks checks that a prompt is about the payment.
func (s *suite) asks(t *testing.T, p pay.Prompt, a pay.Attempt) {
	t.Helper()
	if !p.Open || p.PaymentID != a.PaymentID || p.Scope != a.Scope || p.Amount != a.Amount ||
		p.ReturnURL != a.ReturnURL || p.AskedAt.After(s.Now()) {
		t.Errorf("prompt %+v, not what %+v asked", p, a.Ref)
	}
	if a.Card != nil && (p.Card == nil || p.Card.Last4 != a.Card.Number.Last4()) {
		t.Errorf("the prompt shows card %+v", p.Card)
	}
	if a.Payto != nil && (p.Payto == nil || *p.Payto != *a.Payto) {
		t.Errorf("the prompt shows account %+v", p.Payto)
	}
	if a.Mobile != nil && (p.Mobile == nil || *p.Mobile != *a.Mobile) {
		t.Errorf("the prompt shows wallet %+v", p.Mobile)
	}
}

func (s *suite) tokenOpens(t *testing.T, sim pay.Simulated, token string, a pay.Attempt) {
	t.Helper()
	p, err := sim.Prompt(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	s.asks(t, p, a)
}

// closed checks that nobody is asked about the payment any more.
func (s *suite) closed(t *testing.T, sim pay.Simulated, a pay.Attempt, out pay.Outcome) {
	t.Helper()
	if all := s.listed(t, sim, a); len(all) != 0 {
		t.Errorf("a closed prompt is listed: %+v", all)
	}
	if out.ActionURL == "" {
		return
	}
	if p, err := sim.Prompt(t.Context(), token(out.ActionURL)); err != nil || p.Open {
		t.Errorf("Prompt = %+v, %v; want a closed one", p, err)
	}
}

func (s *suite) challengeParallel(t *testing.T) {
	r := s.Open(t)
	a, sim, _ := s.asked(t, r, Challenged)
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
		s.taken(t, a.PaymentID, s.amount.Minor)
	} else {
		want(t, out, pay.OutcomeDeclined, s.amount)
		s.taken(t, a.PaymentID)
	}
}

func (s *suite) challengeRunsOut(t *testing.T) {
	r := s.Open(t)
	s.noticesOf(t, r, pay.Attempt{}) // those of earlier tests
	a, sim, out := s.asked(t, r, Challenged)
	s.Advance(time.Hour)
	s.closed(t, sim, a, out)
	err := sim.Decide(t.Context(), s.ref(a.PaymentID), pay.Approve)
	if !pay.IsKind(err, pay.State) {
		t.Errorf("Decide: %v", err)
	}
	s.timedOut(t, r, a)
}

// timedOut checks that a payment was declined because the payer's time is over, and told of once.
func (s *suite) timedOut(t *testing.T, r pay.Rail, a pay.Attempt) {
	t.Helper()
	out := s.query(t, r, a.PaymentID)
	want(t, out, pay.OutcomeDeclined, s.amount)
	if out.Decline != s.TimeOut {
		t.Errorf("declined as %q", out.Decline)
	}
	s.taken(t, a.PaymentID)
	if n := s.noticesOf(t, r, a); n != 1 {
		t.Errorf("told %d times that the payer's time is over, want once", n)
	}
}

// noticesOf counts the notifications of a payment that arrive now.
func (s *suite) noticesOf(t *testing.T, r pay.Rail, a pay.Attempt) (n int) {
	t.Helper()
	notifier, ok := r.(pay.Notifier)
	if !ok {
		return 0
	}
	for _, got := range s.Notices(t, r) {
		notice, err := notifier.Notify(t.Context(), got.Header, got.Body)
		if err != nil {
			t.Errorf("Notify: %v", err)
		}
		if notice.PaymentID == a.PaymentID {
			n++
		}
	}
	return n
}

func (s *suite) prompts(t *testing.T) {
	r := s.Open(t)
	first, sim, _ := s.asked(t, r, Challenged)
	s.Advance(time.Second)
	second, _, _ := s.asked(t, r, Challenged)
	s.prompted(t, sim, first)
	s.prompted(t, s.Open(t).(pay.Simulated), second)
	if _, err := voider(t, r).Void(t.Context(), s.ref(first.PaymentID)); err != nil {
		t.Fatal(err)
	}
	if all := s.listed(t, sim, first); len(all) != 0 {
		t.Errorf("after Void the payer is still asked: %+v", all)
	}
	s.prompted(t, sim, second)
	stranger := pay.Scope{MerchantID: s.IDs.ID("mer", s.Now()), Mode: pay.Test}
	if all, err := sim.Prompts(t.Context(), stranger, s.Now()); err != nil || len(all) != 0 {
		t.Errorf("another merchant's prompts: %+v, %v", all, err)
	}
	if err := sim.Advance(t.Context(), s.merchant, time.Hour); err != nil {
		t.Fatal(err)
	}
	if all := s.listed(t, sim, second); len(all) != 0 {
		t.Errorf("the payer is still asked an hour later: %+v", all)
	}
}

func (s *suite) behaviour(t *testing.T) {
	r := s.Open(t)
	sim := able[pay.Simulated](t, r, "is not a simulated network")
	bad := pay.Behaviour{
		Down: true, LoseReplies: true, DropNotices: true, Duplicate: true, Reorder: true,
		DelayMillis: 1500,
	}
	set := func(b pay.Behaviour) {
		t.Helper()
		if err := sim.Behave(t.Context(), s.merchant, b); err != nil {
			t.Fatal(err)
		}
	}
	defer set(pay.Behaviour{})
	for _, b := range []pay.Behaviour{{}, bad, {LoseReplies: true}} {
		set(b)
		for _, sim := range []pay.Simulated{sim, s.Open(t).(pay.Simulated)} {
			got, err := sim.Behaviour(t.Context(), s.merchant)
			if err != nil || got.Down != b.Down || got.DelayMillis != b.DelayMillis ||
				got.LoseReplies != b.LoseReplies {
				t.Errorf("Behaviour = %+v, %v; want %+v", got, err, b)
			}
		}
	}
	set(pay.Behaviour{Down: true})
	a := s.attempt(t, Succeeds, pay.CaptureAutomatic)
	if out, err := r.Start(t.Context(), a); err == nil {
		t.Errorf("a network that is down says %+v", out)
	}
	other := s.attempt(t, Succeeds, pay.CaptureAutomatic)
	other.MerchantID = s.IDs.ID("mer", s.Now())
	if _, err := r.Start(t.Context(), other); err != nil {
		t.Errorf("another merchant: %v", err)
	}
	err := sim.Behave(t.Context(), s.merchant, pay.Behaviour{Outage: []string{"nobody"}})
	if !pay.IsKind(err, pay.Invalid) {
		t.Errorf("an outage of a provider that does not exist: %v", err)
	}
}
