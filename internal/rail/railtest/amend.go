package railtest

import (
	"context"
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/terms"
)

// ofAmendments are the tests of rails whose agreements can be changed.
func (s *suite) ofAmendments() []test {
	return []test{
		{"an amendment is answered", s.amendmentAnswered},
		{"an amendment runs out", s.amendmentRunsOut},
		{"an amendment waits meanwhile", s.amendmentMeanwhile},
		{"an amendment ends with its agreement", s.amendmentCancelled},
		{"a description needs nobody's consent", s.amendmentAlone},
		{"amendments that cannot be", s.amendmentRefused},
		{"amendments at once", s.amendmentRace},
		{"an amendment binds", s.amendmentBinds},
	}
}

// raised asks for an agreement to payments of so much at most.
func (s *suite) raised(id string, most int64) pay.AmendOrder {
	return pay.AmendOrder{ID: id, Terms: &terms.Terms{
		Kind: terms.OnDemand, Amount: terms.Amount{Max: most}, Zone: "Australia/Sydney",
	}}
}

func (s *suite) amended(
	t *testing.T, b banker, token string, o pay.AmendOrder,
) pay.Agreement {
	t.Helper()
	g, err := b.Amend(t.Context(), s.agreementRef(token), o)
	if err != nil {
		t.Fatalf("amend: %v", err)
	}
	return g
}

// stands checks what has become of the latest amendment, and the version of the agreement.
func (s *suite) stands(
	t *testing.T, token string, state pay.AmendmentState, version int64,
) pay.Agreement {
	t.Helper()
	g := s.agreement(t, token)
	a := g.Amendment
	if a == nil || a.State != state || g.Version != version ||
		(state == pay.AmendmentPending) != a.DecidedAt.IsZero() {
		t.Fatalf("amendment %+v of version %d, want %s of %d", a, g.Version, state, version)
	}
	return g
}

func (s *suite) amendmentAnswered(t *testing.T) {
	b := s.banker(t)
	_, g := s.active(t, b)
	s.heard(t, b, "")
	o := s.raised("amd_1", 7_000)
	for range 2 { // the same order, twice
		s.amended(t, b, g.Token, o)
	}
	now := s.stands(t, g.Token, pay.AmendmentPending, 1)
	if !reflect.DeepEqual(now.Terms, g.Terms) || !reflect.DeepEqual(now.Amendment.Terms, *o.Terms) {
		t.Errorf("while it waits: %+v", now)
	}
	s.decided(t, b, g.Token, pay.BankDecline)
	if now = s.stands(t, g.Token, pay.AmendmentDeclined, 1); now.Amendment.NetworkCode == "" ||
		!reflect.DeepEqual(now.Terms, g.Terms) {
		t.Errorf("declined: %+v", now)
	}
	s.refuses(t, b, g.Token, pay.BankApprove, pay.BankDecline)
	s.amended(t, b, g.Token, o) // what came to nothing does not come back
	s.stands(t, g.Token, pay.AmendmentDeclined, 1)

	p := s.raised("amd_2", 9_000)
	p.Description = "More of the same"
	s.amended(t, b, g.Token, p)
	s.decided(t, b, g.Token, pay.BankApprove)
	now = s.stands(t, g.Token, pay.AmendmentCompleted, 2)
	if !reflect.DeepEqual(now.Terms, *p.Terms) || now.Description != p.Description {
		t.Errorf("approved: %+v", now)
	}
	s.refuses(t, b, g.Token, pay.BankApprove, pay.BankDecline)
	if news := s.heard(t, b, g.Token); len(news) != 2 {
		t.Errorf("told %d times of two answers", len(news))
	}
}

func (s *suite) amendmentRunsOut(t *testing.T) {
	b := s.banker(t)
	_, g := s.active(t, b)
	s.heard(t, b, "")
	o := s.raised("amd_1", 7_000)
	o.Deadline = s.Now().Add(time.Hour)
	s.amended(t, b, g.Token, o)
	if got := s.stands(t, g.Token, pay.AmendmentPending, 1); !got.Amendment.Deadline.
		Equal(o.Deadline) {
		t.Errorf("until %v, want %v", got.Amendment.Deadline, o.Deadline)
	}
	s.Advance(time.Hour)
	s.refuses(t, b, g.Token, pay.BankApprove, pay.BankDecline)
	now := s.stands(t, g.Token, pay.AmendmentTimedOut, 1)
	if !reflect.DeepEqual(now.Terms, g.Terms) || now.State != pay.AgreementActive {
		t.Errorf("it has run out: %+v", now)
	}
	if news := s.heard(t, b, g.Token); len(news) != 1 {
		t.Errorf("told %d times that it ran out", len(news))
	}
	s.amended(t, b, g.Token, s.raised("amd_2", 8_000)) // as long as the network allows
	s.stands(t, g.Token, pay.AmendmentPending, 1)
	s.Advance(120 * time.Hour)
	s.stands(t, g.Token, pay.AmendmentTimedOut, 1)
	if got, err := b.Amend(t.Context(), s.agreementRef(g.Token), pay.AmendOrder{
		ID: "amd_3", Terms: o.Terms, Deadline: s.Now(),
	}); !pay.IsKind(err, pay.State) {
		t.Errorf("an amendment that has run out already: %+v, %v", got, err)
	}
}

// What one side may do alone takes effect while an amendment waits, and raises the version.
func (s *suite) amendmentMeanwhile(t *testing.T) {
	b := s.banker(t)
	_, g := s.active(t, b)
	s.amended(t, b, g.Token, s.raised("amd_1", 7_000))
	s.decided(t, b, g.Token, pay.BankPause)
	s.decided(t, b, g.Token, pay.BankResume)
	s.instructed(t, b, g.Token, pay.AgreementSuspend)
	other := s.attempt(t, Succeeds, pay.CaptureAutomatic)
	if _, err := b.DecideAgreement(t.Context(), s.agreementRef(g.Token),
		pay.BankDecision{Do: pay.BankMove, To: other.Payto}); err != nil {
		t.Fatal(err)
	}
	s.amended(t, b, g.Token, pay.AmendOrder{ID: "amd_2", Description: "Renamed"})
	now := s.stands(t, g.Token, pay.AmendmentPending, 6)
	if now.Payto != *other.Payto || now.Description != "Renamed" || now.Amendment.ID != "amd_1" {
		t.Errorf("meanwhile: %+v", now)
	}
	s.decided(t, b, g.Token, pay.BankApprove)
	now = s.stands(t, g.Token, pay.AmendmentCompleted, 7)
	if now.State != pay.AgreementSuspended || now.Terms.Amount.Max != 7_000 {
		t.Errorf("approved while suspended: %+v", now)
	}
}

func (s *suite) amendmentCancelled(t *testing.T) {
	b := s.banker(t)
	for by, state := range map[pay.AgreementParty]pay.AmendmentState{
		pay.PartyBank: pay.AmendmentDeclined, pay.PartyMerchant: pay.AmendmentRecalled,
	} {
		_, g := s.active(t, b)
		s.amended(t, b, g.Token, s.raised("amd_1", 7_000))
		if by == pay.PartyBank {
			s.decided(t, b, g.Token, pay.BankCancel)
		} else {
			s.instructed(t, b, g.Token, pay.AgreementCancel)
		}
		s.stands(t, g.Token, state, 2)
		s.refuses(t, b, g.Token, pay.BankApprove, pay.BankDecline)
		_, err := b.Amend(t.Context(), s.agreementRef(g.Token), s.raised("amd_2", 8_000))
		if !pay.IsKind(err, pay.State) {
			t.Errorf("an agreement that has ended is amended: %v", err)
		}
	}
}

func (s *suite) amendmentAlone(t *testing.T) {
	b := s.banker(t)
	_, g := s.active(t, b)
	s.heard(t, b, "")
	o := pay.AmendOrder{ID: "amd_1", Description: "Renamed"}
	for range 2 {
		s.amended(t, b, g.Token, o)
	}
	now := s.stands(t, g.Token, pay.AmendmentCompleted, 2)
	if now.Description != "Renamed" || !reflect.DeepEqual(now.Terms, g.Terms) {
		t.Errorf("renamed: %+v", now)
	}
	if news := s.heard(t, b, g.Token); len(news) != 0 {
		t.Errorf("told %d times of what we did", len(news))
	}
	s.refuses(t, b, g.Token, pay.BankApprove)
}

func (s *suite) amendmentRefused(t *testing.T) {
	b := s.banker(t)
	_, waits := s.offered(t, b)
	_, g := s.active(t, b)
	s.amended(t, b, g.Token, s.raised("amd_1", 7_000))
	stranger := s.agreementRef(g.Token)
	stranger.MerchantID = s.IDs.ID("mer", s.Now())
	live := s.agreementRef(g.Token)
	live.Mode = pay.Live
	for name, x := range map[string]struct {
		ref  pay.AgreementRef
		o    pay.AmendOrder
		kind pay.Kind
	}{
		"of a pending one":  {s.agreementRef(waits.Token), s.raised("amd_2", 1_000), pay.State},
		"a second one":      {s.agreementRef(g.Token), s.raised("amd_2", 8_000), pay.State},
		"the same id":       {s.agreementRef(g.Token), s.raised("amd_1", 8_000), pay.State},
		"of a stranger's":   {stranger, s.raised("amd_2", 8_000), pay.NotFound},
		"of an unknown one": {s.agreementRef("unknown"), s.raised("amd_2", 8_000), pay.NotFound},
		"of nothing":        {s.agreementRef(g.Token), pay.AmendOrder{ID: "amd_2"}, pay.Invalid},
		"that is no terms": {s.agreementRef(g.Token), pay.AmendOrder{
			ID: "amd_2", Terms: &terms.Terms{MaxCount: -1},
		}, pay.Invalid},
		"of a live one": {live, s.raised("amd_2", 8_000), pay.Internal},
	} {
		if got, err := b.Amend(t.Context(), x.ref, x.o); err == nil ||
			x.kind != pay.Internal && !pay.IsKind(err, x.kind) {
			t.Errorf("an amendment %s: %+v, %v", name, got, err)
		}
	}
	s.stands(t, g.Token, pay.AmendmentPending, 1)
}

// Of many amendments at once one waits. Of an approval and an end at once the second finds out.
func (s *suite) amendmentRace(t *testing.T) {
	b := s.banker(t)
	_, g := s.active(t, b)
	taken := 0
	for _, out := range atOnce(t, func(ctx context.Context, i int) (pay.Outcome, error) {
		_, err := b.Amend(ctx, s.agreementRef(g.Token),
			s.raised("amd_"+strconv.Itoa(i), 7_000+int64(i)))
		if pay.IsKind(err, pay.State) {
			return pay.Outcome{Kind: pay.OutcomeDeclined}, nil
		}
		return pay.Outcome{Kind: pay.OutcomePaid}, err
	}) {
		if out.Kind == pay.OutcomePaid {
			taken++
		}
	}
	if taken != 1 {
		t.Errorf("%d amendments at once were taken", taken)
	}
	do := []pay.BankAction{pay.BankApprove, pay.BankDecline, pay.BankCancel}
	atOnce(t, func(ctx context.Context, i int) (pay.Outcome, error) {
		_, err := b.DecideAgreement(ctx, s.agreementRef(g.Token),
			pay.BankDecision{Do: do[i%len(do)]})
		if pay.IsKind(err, pay.State) {
			err = nil
		}
		return pay.Outcome{}, err
	})
	now := s.agreement(t, g.Token)
	approved := now.Amendment.State == pay.AmendmentCompleted
	if now.State != pay.AgreementCancelled || approved == reflect.DeepEqual(now.Terms, g.Terms) ||
		approved != (now.Version == 3) {
		t.Errorf("after all at once: %+v, %+v", now, now.Amendment)
	}
}

// The terms bind as they are while an amendment waits, and as they were amended after. What was
// used is not given back; terms that permit no more than that end the agreement.
func (s *suite) amendmentBinds(t *testing.T) {
	b := s.banker(t)
	most := s.amount.Minor
	a := s.attempt(t, Succeeds, pay.CaptureAutomatic)
	a.Agreement.Terms = terms.Terms{Amount: terms.Amount{Max: most}, MaxCount: 5}
	out := s.started(t, b, a)
	want(t, out, pay.OutcomePaid, s.amount)
	token := out.Agreement.Token
	larger := func() pay.Outcome {
		c := s.charge(token, true)
		c.Amount.Minor++
		return s.started(t, b, c)
	}
	o := s.raised("amd_1", most+1)
	o.Terms.MaxCount = 3
	s.amended(t, b, token, o)
	if got := larger(); got.Kind != pay.OutcomeDeclined {
		t.Errorf("charged by terms that nobody agreed to: %+v", got)
	}
	s.chargedOr(t, b, token, "")
	s.decided(t, b, token, pay.BankApprove)
	if got := larger(); got.Kind != pay.OutcomePaid {
		t.Errorf("charged by the new terms: %+v", got)
	}
	s.is(t, token, pay.AgreementCancelled, pay.PartyNetwork) // the third of three

	a = s.attempt(t, Succeeds, pay.CaptureAutomatic)
	a.Agreement.Terms = terms.Terms{MaxCount: 2}
	token = s.started(t, b, a).Agreement.Token
	s.amended(t, b, token, pay.AmendOrder{ID: "amd_1", Terms: &terms.Terms{MaxCount: 1}})
	s.decided(t, b, token, pay.BankApprove)
	s.is(t, token, pay.AgreementCancelled, pay.PartyNetwork)
}
