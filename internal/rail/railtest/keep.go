package railtest

import (
	"context"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

func keeper(t *testing.T, r pay.Rail) pay.Keeper {
	t.Helper()
	return able[pay.Keeper](t, r, "keeps no credentials")
}

func rehearser(t *testing.T, r pay.Rail) pay.Rehearser {
	t.Helper()
	return able[pay.Rehearser](t, r, "cannot be told what comes next")
}

// kept submits a payment that leaves its credential, and returns the token.
func (s *suite) kept(t *testing.T, r pay.Rail, c Case) string {
	t.Helper()
	keeper(t, r)
	a := s.attempt(t, c, pay.CaptureAutomatic)
	a.Keep = true
	out := s.started(t, r, a)
	if out.Kind == pay.OutcomeAction || out.Kind == pay.OutcomeWaiting {
		if out.Token != "" {
			t.Errorf("a token before the payer agreed: %+v", out)
		}
		if err := r.(pay.Simulated).Decide(t.Context(), s.ref(a.PaymentID), pay.Approve); err != nil {
			t.Fatal(err)
		}
		out = s.query(t, r, a.PaymentID)
	}
	want(t, out, pay.OutcomePaid, s.amount)
	if out.Token == "" {
		t.Fatalf("no token: %+v", out)
	}
	return out.Token
}

// charge is a new payment by a token.
func (s *suite) charge(token string, offSession bool) pay.Attempt {
	a := pay.Attempt{
		Ref: s.ref(s.IDs.ID("pay", s.Now())), Amount: s.amount, Capture: pay.CaptureAutomatic,
		Saved:     &pay.Credential{Token: token, OffSession: offSession},
		ExpiresAt: s.Now().Add(sessionTTL),
	}
	if !offSession {
		a.ReturnURL = "http://127.0.0.1/checkout/return"
	}
	return a
}

// declined checks that a payment was declined for the reason, and that nothing was taken.
func (s *suite) declined(
	t *testing.T, paymentID string, out pay.Outcome, code pay.DeclineCode,
) {
	t.Helper()
	want(t, out, pay.OutcomeDeclined, s.amount)
	if out.Decline != code {
		t.Errorf("declined as %q, want %q", out.Decline, code)
	}
	if out.Token != "" {
		t.Errorf("a declined payment has a token: %+v", out)
	}
	s.taken(t, paymentID)
}

func (s *suite) keep(t *testing.T) {
	r := s.Open(t)
	keeper(t, r)
	a := s.attempt(t, Succeeds, pay.CaptureAutomatic)
	a.Keep = true
	out := s.started(t, r, a)
	if out.Token == "" {
		t.Fatalf("no token: %+v", out)
	}
	for name, again := range map[string]pay.Outcome{
		"Query": s.query(t, r, a.PaymentID), "Start": s.started(t, r, a),
		"Query after reopening": s.query(t, s.Open(t), a.PaymentID),
	} {
		if !same(again, out) {
			t.Errorf("%s = %+v, Start said %+v", name, again, out)
		}
	}
	if other := s.kept(t, r, Succeeds); other == out.Token {
		t.Error("two payments left one token")
	}
	b := s.attempt(t, Succeeds, pay.CaptureAutomatic)
	if out := s.started(t, r, b); out.Token != "" {
		t.Errorf("a token that nobody asked for: %+v", out)
	}
	d := s.attempt(t, Declines, pay.CaptureAutomatic)
	d.Keep = true
	if out := s.started(t, r, d); out.Token != "" {
		t.Errorf("a declined payment has a token: %+v", out)
	}
}

func (s *suite) chargeSaved(t *testing.T) {
	r := s.Open(t)
	token := s.kept(t, r, Succeeds)
	other := s.kept(t, r, Succeeds)
	for _, offSession := range []bool{false, true} {
		for _, keep := range []bool{false, true} {
			a := s.charge(token, offSession)
			a.Keep = keep
			out := s.started(t, s.Open(t), a)
			want(t, out, pay.OutcomePaid, s.amount)
			if wanted := keep; wanted != (out.Token == token) || !keep && out.Token != "" {
				t.Errorf("keep %v: token %q of %q", keep, out.Token, token)
			}
			for range 2 {
				if again := s.started(t, r, a); !same(again, out) {
					t.Errorf("Start again = %+v, first %+v", again, out)
				}
			}
			a.Saved = &pay.Credential{Token: other, OffSession: offSession}
			if again, err := r.Start(t.Context(), a); err == nil && !same(again, out) {
				t.Errorf("with another token: %+v", again)
			}
			s.taken(t, a.PaymentID, s.amount.Minor)
		}
	}
	s.holdSaved(t, r, token)
}

func (s *suite) holdSaved(t *testing.T, r pay.Rail, token string) {
	t.Helper()
	c, ok := r.(pay.Capturer)
	if !ok {
		return
	}
	a := s.charge(token, true)
	a.Capture = pay.CaptureManual
	want(t, s.started(t, r, a), pay.OutcomeAuthorised, s.amount)
	took(t, c, s.part(a.PaymentID, 1, 100))
	s.taken(t, a.PaymentID, 100)
}

// One payment charges once, however many callers submit it.
func (s *suite) chargeSavedParallel(t *testing.T) {
	r := s.Open(t)
	a := s.charge(s.kept(t, r, Succeeds), true)
	for _, out := range atOnce(t, func(ctx context.Context, _ int) (pay.Outcome, error) {
		return r.Start(ctx, a)
	}) {
		want(t, out, pay.OutcomePaid, s.amount)
	}
	s.taken(t, a.PaymentID, s.amount.Minor)
}

func (s *suite) forget(t *testing.T) {
	r := s.Open(t)
	k := keeper(t, r)
	token := s.kept(t, r, Succeeds)
	refuse := func(what string, a pay.Attempt) {
		t.Helper()
		out := s.started(t, r, a)
		if out.Kind != pay.OutcomeDeclined {
			t.Errorf("%s: %+v", what, out)
			return
		}
		s.declined(t, a.PaymentID, out, pay.DeclineSavedMethod)
		if again := s.query(t, s.Open(t), a.PaymentID); !same(again, out) {
			t.Errorf("%s: Query = %+v, Start said %+v", what, again, out)
		}
	}
	unknown := s.charge("tok_unknown", true)
	unknown.Keep = true
	refuse("an unknown token", unknown)
	stranger := pay.Scope{MerchantID: s.IDs.ID("mer", s.Now()), Mode: pay.Test}
	strange := s.charge(token, true)
	strange.Scope = stranger
	if out := s.started(t, r, strange); out.Decline != pay.DeclineSavedMethod {
		t.Errorf("another merchant's token: %+v", out)
	}
	if err := k.Forget(t.Context(), stranger, token); err != nil {
		t.Errorf("Forget of another merchant's token: %v", err)
	}
	before := s.charge(token, true)
	want(t, s.started(t, r, before), pay.OutcomePaid, s.amount)
	for range 2 {
		if err := k.Forget(t.Context(), before.Scope, token); err != nil {
			t.Fatal(err)
		}
	}
	refuse("a forgotten token", s.charge(token, true))
	refuse("a forgotten token with the payer", s.charge(token, false))
	want(t, s.started(t, r, before), pay.OutcomePaid, s.amount)
	s.taken(t, before.PaymentID, s.amount.Minor)
	if err := k.Forget(t.Context(), pay.Scope{
		MerchantID: s.merchant, Mode: pay.Live,
	}, token); err == nil {
		t.Error("a simulated network forgets for live mode")
	}
}

// Nobody can be sent to a page who is not there. A prompt on the phone reaches the payer anywhere.
func (s *suite) offSession(t *testing.T) {
	r := s.Open(t)
	a := s.charge(s.kept(t, r, Challenged), true)
	out := s.started(t, r, a)
	if out.Kind == pay.OutcomePaid {
		s.taken(t, a.PaymentID, s.amount.Minor)
		return
	}
	want(t, out, pay.OutcomeWaiting, s.amount)
	if out.Action != pay.ActionApprove || out.ActionURL != "" {
		t.Fatalf("the payer is sent somewhere: %+v", out)
	}
	s.prompted(t, r.(pay.Simulated), a)
	s.answered(t, r, a)
}

// answered lets the payer of a charge agree, and the payer of another one not answer.
func (s *suite) answered(t *testing.T, r pay.Rail, a pay.Attempt) {
	t.Helper()
	if err := r.(pay.Simulated).Decide(t.Context(), s.ref(a.PaymentID), pay.Approve); err != nil {
		t.Fatal(err)
	}
	want(t, s.query(t, r, a.PaymentID), pay.OutcomePaid, s.amount)
	s.taken(t, a.PaymentID, s.amount.Minor)

	b := s.charge(a.Saved.Token, true)
	want(t, s.started(t, r, b), pay.OutcomeWaiting, s.amount)
	s.Advance(time.Hour)
	s.declined(t, b.PaymentID, s.query(t, r, b.PaymentID), s.TimeOut)
}

func (s *suite) asksAlways(t *testing.T) {
	r := s.Open(t)
	token := s.kept(t, r, AsksAlways)
	a := s.charge(token, true)
	s.declined(t, a.PaymentID, s.started(t, r, a), pay.DeclineAuthRequired)
	b := s.charge(token, false)
	out := s.started(t, r, b)
	want(t, out, pay.OutcomeAction, s.amount)
	if out.ActionURL == "" {
		t.Errorf("the payer who is there is not asked: %+v", out)
	}
}

func (s *suite) declinesLater(t *testing.T) {
	r := s.Open(t)
	token := s.kept(t, r, DeclinesLater)
	for range 2 {
		a := s.charge(token, true)
		s.declined(t, a.PaymentID, s.started(t, r, a), pay.DeclineGeneric)
	}
}

func (s *suite) rehearse(t *testing.T) {
	r := s.Open(t)
	h := rehearser(t, r)
	token := s.kept(t, r, Succeeds)
	scope := s.ref("").Scope
	tell := func(what pay.Rehearsal) {
		t.Helper()
		if err := h.Rehearse(t.Context(), scope, token, what); err != nil {
			t.Fatalf("Rehearse %q: %v", what, err)
		}
	}
	for _, code := range []pay.DeclineCode{
		pay.DeclineInsufficientFunds, pay.DeclineLostCard, pay.DeclineByPayer,
	} {
		tell(pay.Rehearsal(code))
		a := s.charge(token, true)
		s.declined(t, a.PaymentID, s.started(t, r, a), code)
		s.declined(t, a.PaymentID, s.query(t, s.Open(t), a.PaymentID), code)
		s.chargedAgain(t, r, token)
	}
	tell(pay.RehearseUnknown)
	a := s.charge(token, true)
	if out, err := r.Start(t.Context(), a); err == nil {
		t.Errorf("the reply came: %+v", out)
	}
	want(t, s.query(t, r, a.PaymentID), pay.OutcomePaid, s.amount)
	s.taken(t, a.PaymentID, s.amount.Minor)
	s.chargedAgain(t, r, token)

	tell(pay.RehearseLate)
	b := s.charge(token, true)
	want(t, s.started(t, r, b), pay.OutcomeWaiting, s.amount)
	s.chargedAgain(t, r, token)
	s.Advance(s.LateAfter + time.Second)
	want(t, s.query(t, r, b.PaymentID), pay.OutcomePaid, s.amount)
	s.taken(t, b.PaymentID, s.amount.Minor)

	tell(pay.RehearseApprove)
	s.chargedAgain(t, r, token)
	s.refusesRehearsals(t, h, token)
}

// chargedAgain checks that a rehearsal was for one charge alone.
func (s *suite) chargedAgain(t *testing.T, r pay.Rail, token string) {
	t.Helper()
	a := s.charge(token, true)
	want(t, s.started(t, r, a), pay.OutcomePaid, s.amount)
	s.taken(t, a.PaymentID, s.amount.Minor)
}

func (s *suite) refusesRehearsals(t *testing.T, h pay.Rehearser, token string) {
	t.Helper()
	scope := s.ref("").Scope
	if err := h.Rehearse(t.Context(), scope, token, "perhaps"); !pay.IsKind(err, pay.Invalid) {
		t.Errorf("Rehearse of nothing known: %v", err)
	}
	err := h.Rehearse(t.Context(), scope, "tok_unknown", pay.RehearseApprove)
	if !pay.IsKind(err, pay.NotFound) {
		t.Errorf("Rehearse of an unknown token: %v", err)
	}
	stranger := pay.Scope{MerchantID: s.IDs.ID("mer", s.Now()), Mode: pay.Test}
	err = h.Rehearse(t.Context(), stranger, token, pay.RehearseApprove)
	if !pay.IsKind(err, pay.NotFound) {
		t.Errorf("Rehearse of another merchant's token: %v", err)
	}
	live := pay.Scope{MerchantID: s.merchant, Mode: pay.Live}
	if err := h.Rehearse(t.Context(), live, token, pay.RehearseApprove); err == nil {
		t.Error("a live charge can be rehearsed")
	}
}

// Of many charges at once exactly one is the rehearsed one, and none is lost.
func (s *suite) rehearseParallel(t *testing.T) {
	r := s.Open(t)
	h := rehearser(t, r)
	token := s.kept(t, r, Succeeds)
	err := h.Rehearse(t.Context(), s.ref("").Scope, token, pay.Rehearsal(pay.DeclineFraud))
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[pay.OutcomeKind]int{}
	for _, out := range atOnce(t, func(ctx context.Context, _ int) (pay.Outcome, error) {
		return r.Start(ctx, s.charge(token, true))
	}) {
		kinds[out.Kind]++
	}
	if kinds[pay.OutcomeDeclined] != 1 || kinds[pay.OutcomePaid] != parallel-1 {
		t.Errorf("outcomes by kind: %v; want one decline among %d", kinds, parallel)
	}
}
