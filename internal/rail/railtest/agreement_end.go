package railtest

import (
	"context"
	"reflect"
	"slices"
	"testing"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/terms"
)

func (s *suite) agreementCancelled(t *testing.T) {
	b := s.banker(t)
	_, g := s.active(t, b)
	before := s.charge(g.Token, true)
	want(t, s.started(t, b, before), pay.OutcomePaid, s.amount)
	s.heard(t, b, "")
	s.decided(t, b, g.Token, pay.BankCancel)
	s.is(t, g.Token, pay.AgreementCancelled, pay.PartyBank)
	if news := s.heard(t, b, g.Token); len(news) != 1 || news[0].PaymentID != "" {
		t.Errorf("told: %+v", news)
	}
	s.chargedOr(t, b, g.Token, pay.DeclineSavedMethod)
	s.refuses(t, b, g.Token, pay.BankPause, pay.BankResume, pay.BankMove)
	want(t, s.started(t, b, before), pay.OutcomePaid, s.amount)

	_, h := s.active(t, b)
	s.instructed(t, b, h.Token, pay.AgreementSuspend)
	for range 2 {
		s.instructed(t, b, h.Token, pay.AgreementCancel)
	}
	s.is(t, h.Token, pay.AgreementCancelled, pay.PartyMerchant)
	for _, i := range []pay.Instruction{pay.AgreementSuspend, pay.AgreementRelease} {
		if g, err := b.Instruct(t.Context(), s.agreementRef(h.Token), i); !pay.IsKind(err, pay.State) {
			t.Errorf("%s: %+v, %v", i, g, err)
		}
	}
	if _, err := b.Instruct(t.Context(), s.agreementRef(h.Token), "x"); !pay.IsKind(err, pay.Invalid) {
		t.Errorf("an instruction that nobody knows: %v", err)
	}
}

// The payer may draw an agreement on another account without asking anybody.
func (s *suite) agreementMoved(t *testing.T) {
	b := s.banker(t)
	_, g := s.active(t, b)
	s.heard(t, b, "")
	other := s.attempt(t, Declines, pay.CaptureAutomatic)
	to := pay.BankDecision{Do: pay.BankMove, To: other.Payto}
	for range 2 {
		moved, err := b.DecideAgreement(t.Context(), s.agreementRef(g.Token), to)
		if err != nil || moved.Payto != *other.Payto || moved.Version != 2 {
			t.Errorf("moved: %+v, %v", moved, err)
		}
	}
	if got := s.is(t, g.Token, pay.AgreementActive, ""); got.Payto != *other.Payto {
		t.Errorf("drawn on %+v", got.Payto)
	}
	if news := s.heard(t, b, g.Token); len(news) != 1 {
		t.Errorf("told %d times", len(news))
	}
	a := s.charge(g.Token, true)
	if out := s.started(t, b, a); out.Kind == pay.OutcomePaid {
		t.Errorf("the old account has paid: %+v", out)
	}
	for _, wrong := range []*pay.Payto{nil, {}} {
		d := pay.BankDecision{Do: pay.BankMove, To: wrong}
		_, err := b.DecideAgreement(t.Context(), s.agreementRef(g.Token), d)
		if !pay.IsKind(err, pay.Invalid) {
			t.Errorf("moved to %v: %v", wrong, err)
		}
	}
}

// Of many payments at once as many succeed as the agreement permits, and the one that it was made
// with is the first of them. After the last the network ends it.
func (s *suite) agreementBinds(t *testing.T) {
	b := s.banker(t)
	const permitted = 4
	a := s.attempt(t, Succeeds, pay.CaptureAutomatic)
	a.Agreement.Terms = terms.Terms{
		MaxCount: permitted, Amount: terms.Amount{Min: s.amount.Minor, Max: s.amount.Minor},
	}
	out := s.started(t, b, a)
	want(t, out, pay.OutcomePaid, s.amount)
	token := out.Agreement.Token
	for _, off := range []int64{-1, 1} {
		c := s.charge(token, true)
		c.Amount.Minor += off
		if out := s.started(t, b, c); out.Kind != pay.OutcomeDeclined || out.NetworkCode == "" {
			t.Errorf("%d cents off: %+v", off, out)
		}
	}
	paid := 0
	for _, out := range atOnce(t, func(ctx context.Context, _ int) (pay.Outcome, error) {
		return b.Start(ctx, s.charge(token, true))
	}) {
		if out.Kind == pay.OutcomePaid {
			paid++
		}
	}
	if paid != permitted-1 {
		t.Errorf("%d more payments succeeded, %d were agreed to", paid, permitted)
	}
	s.is(t, token, pay.AgreementCancelled, pay.PartyNetwork)
}

// An agreement may be asked for without a payment.
func (s *suite) agreementAlone(t *testing.T) {
	b := s.banker(t)
	a := s.attempt(t, Challenged, pay.CaptureAutomatic)
	a.Amount = s.sum(0)
	out := s.started(t, b, a)
	want(t, out, pay.OutcomeAction, s.sum(0))
	token := out.Agreement.Token
	s.decided(t, b, token, pay.BankApprove)
	out = s.query(t, b, a.PaymentID)
	want(t, out, pay.OutcomePaid, s.sum(0))
	if out.Agreement.State != pay.AgreementActive {
		t.Errorf("agreement %+v", out.Agreement)
	}
	s.taken(t, a.PaymentID)
	s.chargedOr(t, b, token, "")
}

func (s *suite) agreementsOfOthers(t *testing.T) {
	b := s.banker(t)
	_, g := s.offered(t, b)
	stranger := s.agreementRef(g.Token)
	stranger.MerchantID = s.IDs.ID("mer", s.Now())
	for _, ref := range []pay.AgreementRef{stranger, s.agreementRef("unknown")} {
		if got, err := b.Agreement(t.Context(), ref); !pay.IsKind(err, pay.NotFound) {
			t.Errorf("Agreement: %+v, %v", got, err)
		}
		_, err := b.Instruct(t.Context(), ref, pay.AgreementCancel)
		if !pay.IsKind(err, pay.NotFound) {
			t.Errorf("Instruct: %v", err)
		}
		for _, do := range []pay.BankAction{pay.BankApprove, pay.BankCancel} {
			_, err := b.DecideAgreement(t.Context(), ref, pay.BankDecision{Do: do})
			if !pay.IsKind(err, pay.NotFound) {
				t.Errorf("%s: %v", do, err)
			}
		}
	}
	_, err := b.DecideAgreement(t.Context(), s.agreementRef(g.Token), pay.BankDecision{Do: "x"})
	if !pay.IsKind(err, pay.Invalid) {
		t.Errorf("a decision that nobody knows: %v", err)
	}
	live := s.agreementRef(g.Token)
	live.Mode = pay.Live
	if _, err := b.Agreement(t.Context(), live); err == nil {
		t.Error("a simulated network shows a live agreement")
	}
	if _, err := b.Instruct(t.Context(), live, pay.AgreementCancel); err == nil {
		t.Error("a simulated network cancels a live agreement")
	}
	s.isListed(t, b, g, stranger.Scope)
}

func (s *suite) isListed(t *testing.T, b banker, g pay.Agreement, stranger pay.Scope) {
	t.Helper()
	all, err := b.Agreements(t.Context(), s.ref("").Scope, s.Now())
	g = s.is(t, g.Token, pay.AgreementPending, "")
	listed := slices.ContainsFunc(all, func(o pay.Agreement) bool { return reflect.DeepEqual(o, g) })
	newest := slices.IsSortedFunc(all, func(a, b pay.Agreement) int {
		return b.CreatedAt.Compare(a.CreatedAt)
	})
	if err != nil || !listed || !newest {
		t.Errorf("listed: %v, newest first: %v, %v", listed, newest, err)
	}
	if others, err := b.Agreements(t.Context(), stranger, s.Now()); err != nil || len(others) != 0 {
		t.Errorf("another merchant's: %+v, %v", others, err)
	}
}
