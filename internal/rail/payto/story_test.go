package payto_test

import (
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/payid"
	"github.com/kassa-pay/kassa/internal/rail/payto"
	"github.com/kassa-pay/kassa/internal/rail/railtest"
	"github.com/kassa-pay/kassa/internal/terms"
)

// counter plays both sides of a network of its own.
type counter struct {
	*testing.T
	g *railtest.Ground
	n *payto.Network
}

func newCounter(t *testing.T) *counter {
	g := railtest.SQLite(t)
	return &counter{t, g, open(t, g)}
}

func (c *counter) start(a pay.Attempt) pay.Outcome {
	c.Helper()
	out, err := c.n.Start(c.Context(), a)
	if err != nil {
		c.Fatal(err)
	}
	return out
}

func (c *counter) query(a pay.Attempt) pay.Outcome {
	c.Helper()
	out, err := c.n.Query(c.Context(), c.g.Ref(a.PaymentID))
	if err != nil {
		c.Fatal(err)
	}
	return out
}

func (c *counter) ref(token string) pay.AgreementRef {
	return pay.AgreementRef{Scope: c.g.Ref("").Scope, Token: token, Now: c.g.Clock.Now()}
}

func (c *counter) decide(token string, do pay.BankAction) pay.Agreement {
	c.Helper()
	g, err := c.n.DecideAgreement(c.Context(), c.ref(token), pay.BankDecision{Do: do})
	if err != nil {
		c.Fatalf("%s: %v", do, err)
	}
	return g
}

func (c *counter) agreement(token string) pay.Agreement {
	c.Helper()
	g, err := c.n.Agreement(c.Context(), c.ref(token))
	if err != nil {
		c.Fatal(err)
	}
	return g
}

// agreed asks for an agreement on an account and has the payer agree.
func (c *counter) agreed(p *pay.Payto) (pay.Attempt, string) {
	c.Helper()
	a := attempt(c.g, p)
	return a, c.approved(a)
}

func (c *counter) approved(a pay.Attempt) string {
	c.Helper()
	out := c.start(a)
	c.is(out, pay.OutcomeAction, "")
	c.decide(out.Agreement.Token, pay.BankApprove)
	return out.Agreement.Token
}

// charge pays 50 dollars under an agreement.
func (c *counter) charge(token string, minor int64) pay.Attempt {
	a := c.g.Attempt()
	a.Amount = money.Amount{Minor: minor, Currency: "AUD"}
	a.Saved = &pay.Credential{Token: token, OffSession: true}
	return a
}

// is checks an outcome and the network's own word in it.
func (c *counter) is(out pay.Outcome, kind pay.OutcomeKind, code string) {
	c.Helper()
	if out.Kind != kind || out.NetworkCode != code || (code == "") != (out.Decline == "") {
		c.Errorf("outcome = %+v, want kind %d with code %q", out, kind, code)
	}
	if code != "" && out.Decline != payto.Decline(code) {
		c.Errorf("%s declines as %q, want %q", code, out.Decline, payto.Decline(code))
	}
}

// settles checks that a payment ends so after an ordinary payment's time, and not before.
func (c *counter) settles(a pay.Attempt, code string) {
	c.Helper()
	c.is(c.query(a), pay.OutcomeWaiting, "")
	c.g.Clock.Advance(payto.SettleAfter - time.Millisecond)
	c.is(c.query(a), pay.OutcomeWaiting, "")
	c.g.Clock.Advance(time.Millisecond)
	kind := pay.OutcomePaid
	if code != "" {
		kind = pay.OutcomeDeclined
	}
	c.is(c.query(a), kind, code)
	if booked := c.g.Booked(c, payto.Name, "debit", a.PaymentID); (len(booked) == 1) != (code == "") {
		c.Errorf("%q: booked %v", code, booked)
	}
}

// notices returns what the network tells now.
func (c *counter) notices() (all []pay.Notice) {
	c.Helper()
	for _, got := range c.g.Collect(c, c.n) {
		notice, err := c.n.Notify(c.Context(), got.Header, got.Body)
		if err != nil {
			c.Fatal(err)
		}
		all = append(all, notice)
	}
	return all
}

func TestStory_AnOrdinaryPayerAgreesAndPays(t *testing.T) {
	c := newCounter(t)
	id, problem := payid.Parse("0412 345 678")
	if problem != nil {
		t.Fatal(problem)
	}
	name, err := c.n.Resolve(t.Context(), c.g.Ref("").Scope, id)
	if err != nil || name == "" {
		t.Fatalf("Resolve = %q, %v", name, err)
	}
	account := pay.PaytoOf(id, name)
	a, token := c.agreed(&account)
	if told := c.notices(); len(told) != 1 || told[0].Token != token ||
		told[0].PaymentID != a.PaymentID {
		t.Errorf("told at once: %+v", told)
	}
	c.settles(a, "")
	if told := c.notices(); len(told) != 1 || told[0].Token != "" ||
		told[0].PaymentID != a.PaymentID {
		t.Errorf("told of the payment: %+v", told)
	}
	if g := c.agreement(token); g.Payto.Name != name || g.Payto.ID() != id {
		t.Errorf("drawn on %+v", g.Payto)
	}
	b := c.charge(token, 1_234)
	c.is(c.start(b), pay.OutcomeWaiting, "")
	c.settles(b, "")
}

func TestStory_EveryAgreementThatTheBankRefuses(t *testing.T) {
	c := newCounter(t)
	for ending, code := range map[string]string{
		"0001": "MD16", "0002": "MD09", "0003": "AC05", "0004": "AC13", "0005": "ZPUNP07",
		"0006": "ZPUNP06", "0007": "ZPUNP01", "0008": "MD21",
	} {
		a := attempt(c.g, account(ending))
		out := c.start(a)
		c.is(out, pay.OutcomeDeclined, code)
		g := out.Agreement
		if g.State != pay.AgreementCancelled || g.By != pay.PartyBank || g.NetworkCode != code {
			t.Errorf("%s: agreement %+v", ending, g)
		}
		if out.Amount != a.Amount {
			t.Errorf("%s: %v", ending, out.Amount)
		}
	}
	seen, err := c.n.Agreements(t.Context(), c.g.Ref("").Scope, c.g.Clock.Now())
	if err != nil || len(seen) != 0 {
		t.Errorf("the payer sees what the bank has refused: %+v, %v", seen, err)
	}
}

func TestStory_EveryPaymentThatIsRejected(t *testing.T) {
	c := newCounter(t)
	for ending, codes := range map[string][2]string{
		"0011": {"AM04", "AM04"}, "0012": {"AC06", ""}, "0013": {"AM21", ""}, "0014": {"AB03", ""},
		"0015": {"FRAD", ""}, "0030": {"", "AM04"}, "0031": {"", "AC02"},
	} {
		a, token := c.agreed(account(ending))
		c.settles(a, codes[0])
		if g := c.agreement(token); g.State != pay.AgreementActive {
			t.Errorf("%s: the payment took the agreement with it: %+v", ending, g)
		}
		b := c.charge(token, 700)
		c.start(b)
		c.settles(b, codes[1])
	}
	for minor, code := range map[int64]string{
		88_802: "AC02", 88_804: "AM04", 88_805: "AC05", 88_806: "AC06", 88_808: "AB08",
		88_810: "FF10", 88_821: "AM21",
	} {
		a := attempt(c.g, account("5678"))
		a.Amount.Minor = minor
		token := c.approved(a)
		c.settles(a, code)
		b := c.charge(token, minor)
		c.start(b)
		c.settles(b, code)
	}
}

func TestStory_ASilentBankIsAskedForFortyHours(t *testing.T) {
	c := newCounter(t)
	good, _ := c.agreed(account("0024"))
	bad, _ := c.agreed(account("0025"))
	c.g.Clock.Advance(payto.LongAfter - time.Second)
	c.is(c.query(good), pay.OutcomeWaiting, "")
	c.is(c.query(bad), pay.OutcomeWaiting, "")
	if c.n.Facts().ReviewAfter <= payto.LongAfter {
		t.Error("a person is called before the network has given up")
	}
	c.g.Clock.Advance(time.Second)
	c.is(c.query(good), pay.OutcomePaid, "")
	c.is(c.query(bad), pay.OutcomeDeclined, "AB04")
}

// What the payer's bank does by itself is told once, when it happens.
func TestStory_TheBankChangesAnAgreement(t *testing.T) {
	for ending, want := range map[string]struct {
		state pay.AgreementState
		code  string
		next  string
	}{
		"0032": {pay.AgreementSuspended, "MD16", "NACT"},
		"0033": {pay.AgreementCancelled, "MD16", "NACT"},
		"0034": {pay.AgreementCancelled, "AC04", "NACT"},
	} {
		c := newCounter(t)
		_, token := c.agreed(account(ending))
		c.g.Clock.Advance(payto.TurnAfter - time.Second)
		c.notices()
		if g := c.agreement(token); g.State != pay.AgreementActive {
			t.Errorf("%s: %+v too early", ending, g)
		}
		c.g.Clock.Advance(time.Second)
		g := c.agreement(token)
		if g.State != want.state || g.NetworkCode != want.code || g.By != pay.PartyBank ||
			g.Version != 2 {
			t.Errorf("%s: %+v", ending, g)
		}
		if told := c.notices(); len(told) != 1 || told[0].Token != token || told[0].PaymentID != "" {
			t.Errorf("%s: told %+v", ending, told)
		}
		out := c.start(c.charge(token, 700))
		if out.Kind != pay.OutcomeDeclined || out.NetworkCode != want.next {
			t.Errorf("%s: %+v", ending, out)
		}
		if want.state == pay.AgreementSuspended {
			c.decide(token, pay.BankResume)
			c.g.Clock.Advance(time.Hour)
			if g := c.agreement(token); g.State != pay.AgreementActive {
				t.Errorf("%s: resumed, and %+v", ending, g)
			}
		}
	}
}

// What was planned for an agreement does not happen once somebody ended it before.
func TestStory_AnEndedAgreementIsToldOfOnce(t *testing.T) {
	c := newCounter(t)
	_, token := c.agreed(account("0033"))
	if _, err := c.n.Instruct(t.Context(), c.ref(token), pay.AgreementCancel); err != nil {
		t.Fatal(err)
	}
	c.notices()
	c.g.Clock.Advance(time.Hour)
	for _, told := range c.notices() {
		if told.Token != "" {
			t.Errorf("told %+v", told)
		}
	}
	if g := c.agreement(token); g.By != pay.PartyMerchant || g.NetworkCode != "MD17" {
		t.Errorf("%+v", g)
	}
}

func TestStory_SevenFailuresSuspend(t *testing.T) {
	c := newCounter(t)
	_, token := c.agreed(account("0030"))
	c.g.Clock.Advance(time.Minute)
	c.notices()
	for range 7 {
		if g := c.agreement(token); g.State != pay.AgreementActive {
			t.Fatalf("too early: %+v", g)
		}
		a := c.charge(token, 700)
		c.start(a)
		c.g.Clock.Advance(time.Minute)
		c.is(c.query(a), pay.OutcomeDeclined, "AM04")
	}
	if g := c.agreement(token); g.State != pay.AgreementSuspended || g.NetworkCode != "MSUC" {
		t.Errorf("after seven failures: %+v", g)
	}
	told := 0
	for _, n := range c.notices() {
		if n.Token == token {
			told++
		}
	}
	if told != 1 {
		t.Errorf("told %d times", told)
	}
}

func TestStory_TheTermsBindInSydney(t *testing.T) {
	c := newCounter(t) // it is 20 November 2026, eight in the evening in Sydney
	day := terms.Date{Year: 2026, Month: time.November, Day: 20}
	a := attempt(c.g, account("0000"))
	a.Amount.Minor = 0
	a.Agreement.Terms = terms.Terms{
		Amount: terms.Amount{Min: 500, Max: 900}, End: day.AddDays(1),
		Period: &terms.Period{Unit: terms.Day, MaxCount: 2, MaxAmount: 1_200},
	}
	token := c.start(a).Agreement.Token
	pays := func(minor int64, code string) {
		t.Helper()
		kind := pay.OutcomePaid
		if code != "" {
			kind = pay.OutcomeDeclined
		}
		c.is(c.start(c.charge(token, minor)), kind, code)
	}
	pays(499, "AM06")
	pays(901, "AM02")
	pays(600, "")
	pays(700, "SL14")
	pays(600, "")
	pays(600, "SL13")
	c.g.Clock.Advance(4*time.Hour - time.Second)
	pays(600, "SL13")
	c.g.Clock.Advance(time.Second) // it is midnight
	pays(600, "")
	end := time.Date(2026, 11, 21, 13, 0, 0, 0, time.UTC) // midnight in Sydney
	c.g.Clock.Advance(end.Sub(c.g.Clock.Now()) - time.Microsecond)
	pays(600, "")
	c.notices()
	c.g.Clock.Advance(time.Microsecond)
	pays(600, "AVED")
	if g := c.agreement(token); g.State != pay.AgreementCancelled || g.NetworkCode != "MD20" ||
		g.By != pay.PartyNetwork || !g.UpdatedAt.Equal(end) {
		t.Errorf("after the last day: %+v", g)
	}
	if told := c.notices(); len(told) != 1 || told[0].Token != token {
		t.Errorf("told %+v", told)
	}
}

func TestStory_OtherTermsHaveOtherCodes(t *testing.T) {
	c := newCounter(t)
	tomorrow := terms.Date{Year: 2026, Month: time.November, Day: 21}
	for name, test := range map[string]struct {
		terms        terms.Terms
		first, minor int64
		code         string
	}{
		"exact":      {terms.Terms{Amount: terms.Amount{Exact: 500}}, 500, 501, "AM09"},
		"not begun":  {terms.Terms{Start: tomorrow}, 0, 500, "BVSD"},
		"one alone":  {terms.Terms{MaxCount: 1}, 500, 500, "NAUT"},
		"sum":        {terms.Terms{MaxTotal: 999}, 500, 500, "NAUT"},
		"permitted":  {terms.Terms{MaxCount: 2, MaxTotal: 1000}, 500, 500, ""},
		"other zone": {terms.Terms{Start: tomorrow, Zone: "UTC"}, 0, 500, "BVSD"},
	} {
		a := attempt(c.g, account("0000"))
		a.Amount.Minor = test.first
		a.Agreement.Terms = test.terms
		out := c.start(a)
		c.is(out, pay.OutcomePaid, "")
		out = c.start(c.charge(out.Agreement.Token, test.minor))
		if out.NetworkCode != test.code {
			t.Errorf("%s: %+v", name, out)
		}
	}
}

// The network ends an agreement with the last payment that it permits, when that settles.
func TestStory_TheLastPaymentEndsTheAgreement(t *testing.T) {
	for most, code := range map[int64]string{1: "MCOC", 2: "MCFC"} {
		c := newCounter(t)
		a := attempt(c.g, account("5678"))
		a.Agreement.Terms = terms.Terms{MaxCount: most}
		token := c.approved(a)
		if most == 2 {
			c.settles(a, "")
			a = c.charge(token, 700)
			c.start(a)
		}
		c.g.Clock.Advance(payto.SettleAfter - time.Second)
		c.notices()
		if g := c.agreement(token); g.State != pay.AgreementActive {
			t.Errorf("of %d: ended before the money came: %+v", most, g)
		}
		c.g.Clock.Advance(time.Second)
		out := c.query(a)
		c.is(out, pay.OutcomePaid, "")
		if g := out.Agreement; g.State != pay.AgreementCancelled || g.By != pay.PartyNetwork ||
			g.NetworkCode != code {
			t.Errorf("of %d: %+v", most, g)
		}
		ended := 0
		for _, told := range c.notices() {
			if told.Token == token {
				ended++
			}
		}
		if ended != 1 {
			t.Errorf("of %d: told %d times", most, ended)
		}
		c.is(c.start(c.charge(token, 700)), pay.OutcomeDeclined, "NAUT")
	}
}

// A payment that fails uses nothing up.
func TestStory_AFailureLeavesTheAgreement(t *testing.T) {
	c := newCounter(t)
	a := attempt(c.g, account("0012"))
	a.Agreement.Terms = terms.Terms{MaxCount: 1}
	token := c.approved(a)
	c.settles(a, "AC06")
	b := c.charge(token, 700)
	c.start(b)
	c.settles(b, "")
	if g := c.agreement(token); g.NetworkCode != "MCOC" {
		t.Errorf("%+v", g)
	}
}

func TestStory_TheFirstPaymentKeepsToTheTerms(t *testing.T) {
	c := newCounter(t)
	yesterday := terms.Date{Year: 2026, Month: time.November, Day: 19}
	for code, offered := range map[string]terms.Terms{
		"AM02": {Amount: terms.Amount{Max: 4999}}, "AM06": {Amount: terms.Amount{Min: 5001}},
		"AM09": {Amount: terms.Amount{Exact: 5001}}, "AVED": {End: yesterday},
		"BVSD": {Start: yesterday.AddDays(2)}, "NAUT": {MaxTotal: 4999},
	} {
		a := attempt(c.g, account("5678"))
		a.Agreement.Terms = offered
		c.is(c.start(a), pay.OutcomeDeclined, code)
	}
}

// A payment that succeeds in between begins the count of failures anew.
func TestStory_SevenFailuresAreInARow(t *testing.T) {
	c := newCounter(t)
	_, token := c.agreed(account("0030"))
	for i := range 13 {
		if i == 6 {
			err := c.n.Rehearse(t.Context(), c.g.Ref("").Scope, token, pay.RehearseApprove)
			if err != nil {
				t.Fatal(err)
			}
		}
		c.start(c.charge(token, 700))
	}
	if g := c.agreement(token); g.State != pay.AgreementActive {
		t.Errorf("after six failures, a payment and six failures: %+v", g)
	}
}

// Half past midnight in Sydney is the next day for a first payment too.
func TestStory_TheFirstDayBeginsInSydney(t *testing.T) {
	c := newCounter(t)
	c.g.Clock.Advance(3*time.Hour + 30*time.Minute)
	for _, code := range []string{"BVSD", ""} {
		a := attempt(c.g, account("0000"))
		a.Agreement.Terms.Start = terms.Date{Year: 2026, Month: time.November, Day: 21}
		if out := c.start(a); out.NetworkCode != code {
			t.Errorf("%v: %+v", a.Now, out)
		}
		c.g.Clock.Advance(time.Hour)
	}
}
