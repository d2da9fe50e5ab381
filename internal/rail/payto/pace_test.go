package payto_test

import (
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/rail/payto"
)

// paced starts a payment of an agreement for one payment that is rehearsed.
func (c *counter) paced(r pay.Rehearsal, p pay.Pace) (pay.Attempt, pay.Outcome) {
	c.Helper()
	a := attempt(c.g, account("5678"))
	a.Agreement.Terms.MaxCount, a.Agreement.Rehearsal = 1, r.At(p)
	return a, c.start(a)
}

func (c *counter) stands(token string, state pay.AgreementState, code string) {
	c.Helper()
	if g := c.agreement(token); g.State != state || g.NetworkCode != code {
		c.Errorf("the agreement is %s %s, want %s %s", g.State, g.NetworkCode, state, code)
	}
}

func (c *counter) debits(a pay.Attempt) int {
	return len(c.g.Booked(c, payto.Name, "debit", a.PaymentID))
}

func TestPace_TheBankAgreesByItself(t *testing.T) {
	c := newCounter(t)
	a, out := c.paced(pay.RehearseApprove, pay.Pace{Answer: time.Minute, Settle: 20 * time.Second})
	token := out.Agreement.Token
	c.is(out, pay.OutcomeAction, "")
	c.g.Clock.Advance(time.Minute - time.Millisecond)
	c.stands(token, pay.AgreementPending, "")
	if told := c.notices(); len(told) != 0 {
		t.Errorf("told too soon: %+v", told)
	}
	c.g.Clock.Advance(time.Millisecond)
	c.stands(token, pay.AgreementActive, "")
	c.is(c.query(a), pay.OutcomeWaiting, "")
	if told := c.notices(); len(told) != 1 || told[0].PaymentID != a.PaymentID {
		t.Errorf("told of the answer: %+v", told)
	}
	if out, err := c.n.Void(t.Context(), c.g.Ref(a.PaymentID)); err != nil ||
		out.Kind != pay.OutcomeWaiting {
		t.Errorf("what was initiated is called back: %+v, %v", out, err)
	}
	c.g.Clock.Advance(20*time.Second - time.Millisecond)
	if c.is(c.query(a), pay.OutcomeWaiting, ""); c.debits(a) != 0 {
		t.Error("debited too soon")
	}
	c.g.Clock.Advance(time.Millisecond)
	if c.is(c.query(a), pay.OutcomePaid, ""); c.debits(a) != 1 {
		t.Error("not debited")
	}
	c.stands(token, pay.AgreementCancelled, "MCOC")
	if told := c.notices(); len(told) != 2 {
		t.Errorf("told of the payment and of the end: %+v", told)
	}
}

func TestPace_TheBankRefusesByItself(t *testing.T) {
	c := newCounter(t)
	a, out := c.paced("AC13/refused", pay.Pace{Answer: time.Minute})
	c.is(out, pay.OutcomeAction, "")
	c.stands(out.Agreement.Token, pay.AgreementPending, "")
	if err := c.n.Decide(t.Context(), c.g.Ref(a.PaymentID), pay.Approve); err == nil {
		t.Error("the payer answers what the bank has hidden")
	}
	c.g.Clock.Advance(time.Minute)
	c.is(c.query(a), pay.OutcomeDeclined, "AC13")
	c.stands(out.Agreement.Token, pay.AgreementCancelled, "AC13")
	if told := c.notices(); len(told) != 1 || c.debits(a) != 0 {
		t.Errorf("told %+v, %d debits", told, c.debits(a))
	}
}

// Whoever is faster than the bank decides.
func TestPace_SomebodyIsFaster(t *testing.T) {
	pace := pay.Pace{Answer: time.Minute}
	for name, tc := range map[string]struct {
		do     func(c *counter, a pay.Attempt, token string) error
		kind   pay.OutcomeKind
		code   string // of the payment
		debits int
		ended  string // the code of the agreement
	}{
		"approve": {func(c *counter, _ pay.Attempt, token string) error {
			c.decide(token, pay.BankApprove)
			return nil
		}, pay.OutcomePaid, "", 1, "MCOC"},
		"decline": {func(c *counter, _ pay.Attempt, token string) error {
			c.decide(token, pay.BankDecline)
			return nil
		}, pay.OutcomeDeclined, "MD16", 0, "MD16"},
		"withdraw": {func(c *counter, a pay.Attempt, _ string) error {
			_, err := c.n.Void(c.Context(), c.g.Ref(a.PaymentID))
			return err
		}, pay.OutcomeCanceled, "", 0, "MD17"},
	} {
		c := newCounter(t)
		a, out := c.paced(pay.RehearseApprove, pace)
		c.g.Clock.Advance(30 * time.Second)
		if err := tc.do(c, a, out.Agreement.Token); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		c.g.Clock.Advance(10 * time.Minute)
		c.is(c.query(a), tc.kind, tc.code)
		c.stands(out.Agreement.Token, pay.AgreementCancelled, tc.ended)
		if n := c.debits(a); n != tc.debits {
			t.Errorf("%s: %d debits", name, n)
		}
	}
}

// The time to answer may be over before the bank answers.
func TestPace_TimeRunsOutFirst(t *testing.T) {
	c := newCounter(t)
	for _, r := range []pay.Rehearsal{pay.RehearseApprove, "MD09/refused", "unanswered"} {
		a, out := c.paced(r, pay.Pace{Answer: 2 * time.Hour}) // half an hour is what there is
		c.g.Clock.Advance(3 * time.Hour)
		c.is(c.query(a), pay.OutcomeDeclined, "NOAS")
		c.stands(out.Agreement.Token, pay.AgreementCancelled, "NOAS")
		if c.debits(a) != 0 {
			t.Errorf("%s: debited", r)
		}
	}
	a, _ := c.paced("unanswered", pay.Pace{Answer: time.Minute})
	c.g.Clock.Advance(time.Minute)
	c.is(c.query(a), pay.OutcomeDeclined, "NOAS")
}

func TestPace_OfCharges(t *testing.T) {
	c := newCounter(t)
	_, token := c.agreed(account("5678"))
	sc := c.g.Ref("").Scope
	for _, tc := range []struct {
		rehearsal pay.Rehearsal
		kind      pay.OutcomeKind
		code      string
	}{{pay.RehearseApprove, pay.OutcomePaid, ""}, {"AC06", pay.OutcomeDeclined, "AC06"}} {
		paced := tc.rehearsal.At(pay.Pace{Settle: time.Hour})
		if err := c.n.Rehearse(t.Context(), sc, token, paced); err != nil {
			t.Fatal(err)
		}
		a := c.charge(token, 700)
		c.is(c.start(a), pay.OutcomeWaiting, "")
		c.g.Clock.Advance(time.Hour - time.Millisecond)
		c.is(c.query(a), pay.OutcomeWaiting, "")
		c.g.Clock.Advance(time.Millisecond)
		c.is(c.query(a), tc.kind, tc.code)
		b := c.charge(token, 700) // the next one goes as ever
		c.is(c.start(b), pay.OutcomeWaiting, "")
		c.settles(b, "")
	}
	for _, wrong := range []pay.Rehearsal{
		"perhaps;settle=1", "AM04;settle=0", "AM04;settle=x", pay.RehearseApprove.At(
			pay.Pace{Answer: time.Second}),
	} {
		if err := c.n.Rehearse(t.Context(), sc, token, wrong); !pay.IsKind(err, pay.Invalid) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

func TestPace_OfRefunds(t *testing.T) {
	c := newCounter(t)
	a := attempt(c.g, account("0041")) // whose refunds fail, unless one is rehearsed
	c.is(c.start(a), pay.OutcomePaid, "")
	for rehearsal, want := range map[pay.Rehearsal]struct {
		after time.Duration
		kind  pay.OutcomeKind
		code  string
	}{
		pay.RehearseApprove: {0, pay.OutcomePaid, ""},
		pay.RehearseApprove.At(pay.Pace{Settle: time.Hour}): {time.Hour, pay.OutcomePaid, ""},
		"ZPUNP08": {0, pay.OutcomeDeclined, "ZPUNP08"},
		pay.Rehearsal("ZPREF07").At(pay.Pace{Settle: time.Minute}): {
			time.Minute, pay.OutcomeDeclined, "ZPREF07"},
		"MD16": {30 * time.Second, pay.OutcomeDeclined, "AC07"}, // no reason of a refund
	} {
		o := pay.RefundOrder{
			Ref: c.g.Ref(a.PaymentID), RefundID: c.g.IDs.ID("re", c.g.Clock.Now()),
			Rehearsal: rehearsal,
		}
		o.Amount = a.Amount
		o.Amount.Minor = 100
		for range 2 {
			out, err := c.n.Refund(t.Context(), o)
			if err != nil || (out.Kind == pay.OutcomeWaiting) != (want.after > 0) {
				t.Errorf("%s: %+v, %v", rehearsal, out, err)
			}
		}
		c.g.Clock.Advance(want.after)
		o.Now = c.g.Clock.Now()
		out, err := c.n.QueryRefund(t.Context(), o)
		if err != nil || out.Kind != want.kind || out.NetworkCode != want.code {
			t.Errorf("%s: %+v, %v", rehearsal, out, err)
		}
	}
	if n := len(c.g.Booked(c, payto.Name, "credit", a.PaymentID)); n != 2 {
		t.Errorf("%d credits", n)
	}
}
