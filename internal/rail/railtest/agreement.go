package railtest

import (
	"context"
	"reflect"
	"regexp"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

// ofAgreements are the tests of rails whose payers agree at their banks.
func (s *suite) ofAgreements() []test {
	return append(s.ofAmendments(), []test{
		{"an agreement is answered", s.agreementAnswered},
		{"an agreement runs out", s.agreementRunsOut},
		{"an agreement is withdrawn", s.agreementWithdrawn},
		{"who suspended may release", s.agreementSuspended},
		{"an agreement is cancelled", s.agreementCancelled},
		{"an agreement moves to another account", s.agreementMoved},
		{"an agreement binds", s.agreementBinds},
		{"an agreement alone", s.agreementAlone},
		{"agreements of others", s.agreementsOfOthers},
	}...)
}

// agreementToken is a UUID of version 1 without hyphens.
var agreementToken = regexp.MustCompile(`^[a-f0-9]{12}1[a-f0-9]{3}[89ab][a-f0-9]{15}$`)

// banker is a network of agreements whose payers the suite plays.
type banker interface {
	pay.Rail
	pay.Agreer
	pay.Banker
	pay.Voider
}

func (s *suite) banker(t *testing.T) banker {
	t.Helper()
	b, ok := s.Open(t).(banker)
	if !ok {
		t.Skip("the rail makes no agreements")
	}
	return b
}

// offered submits a payment whose payer is asked for an agreement.
func (s *suite) offered(t *testing.T, b banker) (pay.Attempt, pay.Agreement) {
	t.Helper()
	a := s.attempt(t, Challenged, pay.CaptureAutomatic)
	out := s.started(t, b, a)
	want(t, out, pay.OutcomeAction, s.amount)
	if out.Action != pay.ActionApprove || out.ActionURL != "" || out.Agreement == nil {
		t.Fatalf("the payer is asked %+v", out)
	}
	g := *out.Agreement
	if g.State != pay.AgreementPending || g.Version != 0 || !agreementToken.MatchString(g.Token) ||
		g.PaymentID != a.PaymentID || g.Payto != *a.Payto || g.Merchant != a.Agreement.Merchant ||
		g.Description != a.Agreement.Description || g.Deadline.After(a.ExpiresAt) {
		t.Errorf("agreement %+v of %+v", g, a)
	}
	return a, g
}

// active submits a payment and has its payer agree.
func (s *suite) active(t *testing.T, b banker) (pay.Attempt, pay.Agreement) {
	t.Helper()
	a, g := s.offered(t, b)
	g = s.decided(t, b, g.Token, pay.BankApprove)
	if g.State != pay.AgreementActive || g.Version != 1 || g.By != "" || g.NetworkCode != "" {
		t.Fatalf("approved: %+v", g)
	}
	return a, g
}

func (s *suite) agreementRef(token string) pay.AgreementRef {
	return pay.AgreementRef{Scope: s.ref("").Scope, Token: token, Now: s.Now()}
}

func (s *suite) decided(
	t *testing.T, b banker, token string, do pay.BankAction,
) pay.Agreement {
	t.Helper()
	g, err := b.DecideAgreement(t.Context(), s.agreementRef(token), pay.BankDecision{Do: do})
	if err != nil {
		t.Fatalf("%s: %v", do, err)
	}
	return g
}

// refuses checks that the payer cannot do something with an agreement.
func (s *suite) refuses(t *testing.T, b banker, token string, do ...pay.BankAction) {
	t.Helper()
	for _, one := range do {
		g, err := b.DecideAgreement(t.Context(), s.agreementRef(token), pay.BankDecision{Do: one})
		if !pay.IsKind(err, pay.State) {
			t.Errorf("%s: %+v, %v", one, g, err)
		}
	}
}

func (s *suite) instructed(
	t *testing.T, b banker, token string, i pay.Instruction,
) pay.Agreement {
	t.Helper()
	g, err := b.Instruct(t.Context(), s.agreementRef(token), i)
	if err != nil {
		t.Fatalf("%s: %v", i, err)
	}
	return g
}

// agreement asks the network, opened anew, what an agreement is now.
func (s *suite) agreement(t *testing.T, token string) pay.Agreement {
	t.Helper()
	g, err := s.banker(t).Agreement(t.Context(), s.agreementRef(token))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// is checks what an agreement has become.
func (s *suite) is(
	t *testing.T, token string, state pay.AgreementState, by pay.AgreementParty,
) pay.Agreement {
	t.Helper()
	g := s.agreement(t, token)
	if g.State != state || g.By != by || (by == "") != (g.NetworkCode == "") {
		t.Errorf("agreement %+v, want %s by %q", g, state, by)
	}
	return g
}

func (s *suite) agreementAnswered(t *testing.T) {
	b := s.banker(t)
	s.heard(t, b, "")
	a, g := s.active(t, b)
	if got := s.heard(t, b, g.Token); len(got) > 1 {
		t.Errorf("told %d times: %+v", len(got), got)
	}
	out := s.query(t, b, a.PaymentID)
	want(t, out, pay.OutcomePaid, s.amount)
	now := s.is(t, g.Token, pay.AgreementActive, "")
	if !reflect.DeepEqual(out.Agreement, &now) {
		t.Errorf("the payment's agreement is %+v", out.Agreement)
	}
	s.taken(t, a.PaymentID, s.amount.Minor)
	s.refuses(t, b, g.Token, pay.BankApprove, pay.BankDecline)

	d, h := s.offered(t, b)
	s.refuses(t, b, h.Token, pay.BankPause, pay.BankResume, pay.BankMove)
	s.decided(t, b, h.Token, pay.BankDecline)
	s.is(t, h.Token, pay.AgreementCancelled, pay.PartyBank)
	out = s.query(t, b, d.PaymentID)
	want(t, out, pay.OutcomeDeclined, s.amount)
	if out.NetworkCode != out.Agreement.NetworkCode || out.NetworkCode == "" {
		t.Errorf("declined: %+v, agreement %+v", out, out.Agreement)
	}
	s.refuses(t, b, h.Token, pay.BankApprove, pay.BankPause, pay.BankResume, pay.BankMove)
	s.taken(t, d.PaymentID)
}

// heard returns the notifications about an agreement that arrive now.
func (s *suite) heard(t *testing.T, b banker, token string) (all []pay.Notice) {
	t.Helper()
	for _, got := range s.Notices(t, b) {
		notice, err := b.(pay.Notifier).Notify(t.Context(), got.Header, got.Body)
		if err != nil {
			t.Error(err)
		}
		if token != "" && notice.Token == token {
			all = append(all, notice)
		}
	}
	return all
}

// A late approval starts no payment.
func (s *suite) agreementRunsOut(t *testing.T) {
	b := s.banker(t)
	a, g := s.offered(t, b)
	s.Advance(g.Deadline.Sub(s.Now()))
	s.refuses(t, b, g.Token, pay.BankApprove, pay.BankDecline)
	s.is(t, g.Token, pay.AgreementCancelled, pay.PartyNetwork)
	out := s.query(t, b, a.PaymentID)
	want(t, out, pay.OutcomeDeclined, s.amount)
	if out.Decline != s.TimeOut {
		t.Errorf("declined as %q", out.Decline)
	}
	s.Advance(200 * time.Hour)
	s.taken(t, a.PaymentID)
}

func (s *suite) agreementWithdrawn(t *testing.T) {
	b := s.banker(t)
	a, g := s.offered(t, b)
	for range 2 {
		out, err := b.Void(t.Context(), s.ref(a.PaymentID))
		if err != nil {
			t.Fatal(err)
		}
		want(t, out, pay.OutcomeCanceled, s.amount)
	}
	s.is(t, g.Token, pay.AgreementCancelled, pay.PartyMerchant)
	s.refuses(t, b, g.Token, pay.BankApprove)

	c, h := s.offered(t, b)
	if got := s.instructed(t, b, h.Token, pay.AgreementCancel); got.State != pay.AgreementCancelled {
		t.Errorf("withdrawn: %+v", got)
	}
	want(t, s.query(t, b, c.PaymentID), pay.OutcomeCanceled, s.amount)
	s.Advance(time.Hour)
	s.taken(t, a.PaymentID)
	s.taken(t, c.PaymentID)

	for range 8 {
		a, g := s.offered(t, b)
		atOnce(t, func(ctx context.Context, i int) (pay.Outcome, error) {
			if i%2 == 0 {
				return b.Void(ctx, s.ref(a.PaymentID))
			}
			_, err := b.DecideAgreement(ctx, s.agreementRef(g.Token),
				pay.BankDecision{Do: pay.BankApprove})
			return pay.Outcome{Kind: pay.OutcomeAction}, err
		})
		s.agrees(t, b, a.PaymentID)
		active := s.agreement(t, g.Token).State == pay.AgreementActive
		if active != (len(s.Debits(t, a.PaymentID)) == 1) {
			t.Errorf("active: %v, and taken: %v", active, s.Debits(t, a.PaymentID))
		}
	}
}

// chargedOr checks that a charge under the agreement is paid, or declined for the reason.
func (s *suite) chargedOr(t *testing.T, b banker, token string, code pay.DeclineCode) {
	t.Helper()
	a := s.charge(token, true)
	out := s.started(t, b, a)
	if code == "" {
		want(t, out, pay.OutcomePaid, s.amount)
		s.taken(t, a.PaymentID, s.amount.Minor)
		return
	}
	s.declined(t, a.PaymentID, out, code)
	if out.NetworkCode == "" || !same(s.query(t, s.banker(t), a.PaymentID), out) {
		t.Errorf("declined: %+v", out)
	}
}

func (s *suite) agreementSuspended(t *testing.T) {
	b := s.banker(t)
	_, g := s.active(t, b)
	s.chargedOr(t, b, g.Token, "")
	for _, side := range []pay.AgreementParty{pay.PartyBank, pay.PartyMerchant} {
		s.heard(t, b, "")
		before := s.agreement(t, g.Token).Version
		for range 2 {
			s.turned(t, b, g.Token, side, true)
		}
		s.is(t, g.Token, pay.AgreementSuspended, side)
		s.chargedOr(t, b, g.Token, pay.DeclineAgreementInactive)
		s.foreign(t, b, g.Token, side)
		for range 2 {
			s.turned(t, b, g.Token, side, false)
		}
		if got := s.is(t, g.Token, pay.AgreementActive, ""); got.Version != before+2 {
			t.Errorf("version %d after two changes of %d", got.Version, before)
		}
		s.chargedOr(t, b, g.Token, "")
		news := len(s.heard(t, b, g.Token))
		if side == pay.PartyBank && news != 2 || side == pay.PartyMerchant && news != 0 {
			t.Errorf("told %d times of what the %s did", news, side)
		}
	}
}

// turned suspends or releases an agreement for one side.
func (s *suite) turned(
	t *testing.T, b banker, token string, side pay.AgreementParty, suspend bool,
) {
	t.Helper()
	switch {
	case side == pay.PartyBank && suspend:
		s.decided(t, b, token, pay.BankPause)
	case side == pay.PartyBank:
		s.decided(t, b, token, pay.BankResume)
	case suspend:
		s.instructed(t, b, token, pay.AgreementSuspend)
	default:
		s.instructed(t, b, token, pay.AgreementRelease)
	}
}

// foreign checks that the other side cannot release what this one has suspended.
func (s *suite) foreign(t *testing.T, b banker, token string, side pay.AgreementParty) {
	t.Helper()
	if side == pay.PartyMerchant {
		s.refuses(t, b, token, pay.BankResume)
		return
	}
	g, err := b.Instruct(t.Context(), s.agreementRef(token), pay.AgreementRelease)
	if !pay.IsKind(err, pay.State) {
		t.Errorf("released by the other side: %+v, %v", g, err)
	}
}
