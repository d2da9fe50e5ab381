package payto_test

import (
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/payid"
	"github.com/kassa-pay/kassa/internal/rail/payto"
	"github.com/kassa-pay/kassa/internal/rail/railtest"
	"github.com/kassa-pay/kassa/internal/terms"
)

func parsed(t *testing.T, typed string) payid.ID {
	t.Helper()
	id, problem := payid.Parse(typed)
	if problem != nil {
		t.Fatal(problem)
	}
	return id
}

func TestResolve_TellsThePayerWhatIsWrong(t *testing.T) {
	c := newCounter(t)
	scope := c.g.Ref("").Scope
	for typed, want := range map[string]struct {
		kind pay.Kind
		code string
	}{
		"0412 340 005":            {pay.Invalid, "payid_not_found"},
		"unknown@example.com":     {pay.Invalid, "payid_not_found"},
		"0412 340 006":            {pay.Unavailable, "payid_lookup_unavailable"},
		"0412 340 007":            {pay.Invalid, "bank_not_supported"},
		"no-payto@example.com":    {pay.Invalid, "bank_not_supported"},
		"directory_down@kassa.au": {pay.Unavailable, "payid_lookup_unavailable"},
	} {
		name, err := c.n.Resolve(t.Context(), scope, parsed(t, typed))
		if !pay.IsKind(err, want.kind) || !strings.Contains(err.Error(), want.code) || name != "" {
			t.Errorf("%s: %q, %v", typed, name, err)
		}
	}
	for _, bsb := range []string{"100000", "100001"} {
		id := payid.ID{Kind: payid.Account, BSB: bsb, Account: "12345678"}
		if name, err := c.n.Resolve(t.Context(), scope, id); !pay.IsKind(err, pay.Invalid) {
			t.Errorf("BSB %s: %q, %v", bsb, name, err)
		}
	}
	for _, id := range []payid.ID{{}, {Kind: payid.PayID, Type: payid.Phone, PayID: "0412"}} {
		if name, err := c.n.Resolve(t.Context(), scope, id); !pay.IsKind(err, pay.Invalid) {
			t.Errorf("%+v: %q, %v", id, name, err)
		}
	}
}

func TestResolve_KnowsPeopleAndKeepsAccountsQuiet(t *testing.T) {
	c := newCounter(t)
	scope := c.g.Ref("").Scope
	for _, typed := range []string{
		"0412 345 678", "mira@example.com", "51 824 753 556", "bluegum bakery", "0412 340 011",
	} {
		for range 2 {
			name, err := open(t, c.g).Resolve(t.Context(), scope, parsed(t, typed))
			if err != nil || name == "" {
				t.Errorf("%s: %q, %v", typed, name, err)
			}
		}
	}
	quiet := payid.ID{Kind: payid.Account, BSB: "062000", Account: "12345678"}
	if name, err := c.n.Resolve(t.Context(), scope, quiet); err != nil || name != "" {
		t.Errorf("an account belongs to %q, %v", name, err)
	}
	live := scope
	live.Mode = pay.Live
	if name, err := c.n.Resolve(t.Context(), live, quiet); err == nil {
		t.Errorf("a live account belongs to %q", name)
	}
	for _, b := range []pay.Behaviour{{Down: true}, {LoseReplies: true}} {
		if err := c.n.Behave(t.Context(), scope.MerchantID, b); err != nil {
			t.Fatal(err)
		}
		_, err := c.n.Resolve(t.Context(), scope, parsed(t, "0412 345 678"))
		if err == nil || pay.IsKind(err, pay.Invalid) {
			t.Errorf("%+v: %v", b, err)
		}
	}
}

// A bank that is out of order rejects what touches it and nothing else.
func TestBehave_OneBankIsOut(t *testing.T) {
	c := newCounter(t)
	wattle := &pay.Payto{Kind: payid.Account, BSB: "013000", Account: "12340000"}
	token := c.start(attempt(c.g, wattle)).Agreement.Token
	b := pay.Behaviour{Outage: []string{"wattle"}}
	if err := c.n.Behave(t.Context(), c.g.Merchant, b); err != nil {
		t.Fatal(err)
	}
	out := c.start(attempt(c.g, wattle))
	c.is(out, pay.OutcomeDeclined, "ZPPAY24")
	if out.Agreement.State != pay.AgreementCancelled {
		t.Errorf("agreement %+v", out.Agreement)
	}
	c.is(c.start(c.charge(token, 700)), pay.OutcomeDeclined, "ZPPAY24")
	c.is(c.start(attempt(c.g, account("0000"))), pay.OutcomePaid, "")
	if err := c.n.Behave(t.Context(), c.g.Merchant, pay.Behaviour{}); err != nil {
		t.Fatal(err)
	}
	c.is(c.start(c.charge(token, 700)), pay.OutcomePaid, "")
}

func TestStart_TakesDollarsAlone(t *testing.T) {
	c := newCounter(t)
	a := attempt(c.g, account("0000"))
	a.Amount.Currency = "NZD"
	c.is(c.start(a), pay.OutcomeDeclined, "CURR")
	b := attempt(c.g, account("5678"))
	b.Amount.Minor = 1_000_000_001
	c.is(c.start(b), pay.OutcomeDeclined, "AM02")
}

func TestStart_RefusesWhatIsNoAgreement(t *testing.T) {
	c := newCounter(t)
	for name, change := range map[string]func(a *pay.Attempt){
		"no account":   func(a *pay.Attempt) { a.Payto = nil },
		"no terms":     func(a *pay.Attempt) { a.Agreement = nil },
		"bad account":  func(a *pay.Attempt) { a.Payto = &pay.Payto{Kind: "iban"} },
		"negative":     func(a *pay.Attempt) { a.Amount.Minor = -1 },
		"long":         func(a *pay.Attempt) { a.Agreement.Description = strings.Repeat("x", 141) },
		"broken terms": func(a *pay.Attempt) { a.Agreement.Terms.MaxCount = -1 },
		"nothing saved": func(a *pay.Attempt) {
			a.Saved, a.Amount.Minor = &pay.Credential{Token: "x"}, 0
		},
	} {
		a := attempt(c.g, account("0000"))
		change(&a)
		if out, err := c.n.Start(t.Context(), a); err == nil {
			t.Errorf("%s: %+v", name, out)
		}
		c.is(c.query(a), pay.OutcomeNotFound, "")
	}
}

// The session's deadline withdraws an agreement, and the scheme's does at the latest.
func TestStart_BoundsTheTimeToAnswer(t *testing.T) {
	c := newCounter(t)
	now := c.g.Clock.Now()
	for name, test := range map[string]struct{ session, agreement, want time.Time }{
		"session":   {now.Add(time.Hour), time.Time{}, now.Add(time.Hour)},
		"agreement": {now.Add(time.Hour), now.Add(time.Minute), now.Add(time.Minute)},
		"scheme":    {now.Add(300 * time.Hour), time.Time{}, now.Add(120 * time.Hour)},
		"neither":   {time.Time{}, time.Time{}, now.Add(120 * time.Hour)},
	} {
		a := attempt(c.g, account("5678"))
		a.ExpiresAt, a.Agreement.Deadline = test.session, test.agreement
		if g := c.start(a).Agreement; !g.Deadline.Equal(test.want) {
			t.Errorf("%s: until %v, want %v", name, g.Deadline, test.want)
		}
	}
	a := attempt(c.g, account("0009")) // never appears in the app
	out := c.start(a)
	if seen, err := c.n.Prompts(t.Context(), a.Scope, now); err != nil || len(seen) != 4 {
		t.Errorf("the payer sees %d, %v", len(seen), err)
	} else if seen[0].Agreement == nil || seen[0].Payto == nil {
		t.Errorf("the payer sees %+v", seen[0])
	}
	_, err := c.n.DecideAgreement(t.Context(), c.ref(out.Agreement.Token),
		pay.BankDecision{Do: pay.BankApprove})
	if !pay.IsKind(err, pay.State) {
		t.Errorf("an answer to what was never shown: %v", err)
	}
	c.g.Clock.Advance(30 * time.Minute)
	c.is(c.query(a), pay.OutcomeDeclined, "NOAS")
}

func TestRefund_TellsWhyItFailed(t *testing.T) {
	c := newCounter(t)
	for ending, want := range map[string]struct {
		code string
		late bool
	}{"0041": {"AC07", true}, "0042": {"ZPUNP08", false}, "0000": {"", false}, "0040": {"", true}} {
		a := attempt(c.g, account(ending))
		c.is(c.start(a), pay.OutcomePaid, "")
		o := pay.RefundOrder{
			Ref: c.g.Ref(a.PaymentID), RefundID: c.g.IDs.ID("re", a.Now), Amount: a.Amount,
		}
		out, err := c.n.Refund(t.Context(), o)
		if (out.Kind == pay.OutcomeWaiting) != want.late || err != nil {
			t.Errorf("%s: %+v, %v", ending, out, err)
		}
		c.g.Clock.Advance(time.Minute)
		o.Now = c.g.Clock.Now()
		if out, err = c.n.QueryRefund(t.Context(), o); err != nil || out.NetworkCode != want.code {
			t.Errorf("%s: %+v, %v", ending, out, err)
		}
		more := o
		more.RefundID = c.g.IDs.ID("re", o.Now)
		more.Amount.Minor++
		if out, err = c.n.Refund(t.Context(), more); err != nil || out.NetworkCode != "ZPREF07" {
			t.Errorf("%s: more than was paid: %+v, %v", ending, out, err)
		}
	}
}

// A merchant's instruction takes effect even if its reply is lost.
func TestInstruct_OnABadDay(t *testing.T) {
	c := newCounter(t)
	_, token := c.agreed(account("5678"))
	behave := func(b pay.Behaviour) {
		t.Helper()
		if err := c.n.Behave(t.Context(), c.g.Merchant, b); err != nil {
			t.Fatal(err)
		}
	}
	behave(pay.Behaviour{Down: true})
	if g, err := c.n.Instruct(t.Context(), c.ref(token), pay.AgreementSuspend); err == nil {
		t.Errorf("a network that is down says %+v", g)
	}
	if g, err := c.n.Agreement(t.Context(), c.ref(token)); err == nil {
		t.Errorf("a network that is down says %+v", g)
	}
	behave(pay.Behaviour{})
	if g := c.agreement(token); g.State != pay.AgreementActive {
		t.Errorf("%+v", g)
	}
	behave(pay.Behaviour{LoseReplies: true})
	if g, err := c.n.Instruct(t.Context(), c.ref(token), pay.AgreementSuspend); err == nil {
		t.Errorf("the reply came: %+v", g)
	}
	c.decide(token, pay.BankPause) // the app of the bank needs no reply of ours
	behave(pay.Behaviour{})
	if g := c.agreement(token); g.State != pay.AgreementSuspended || g.By != pay.PartyMerchant {
		t.Errorf("%+v", g)
	}
}

// The account that an agreement was moved to decides how its payments go from then on.
func TestDecide_AMovedAgreementDrawsElsewhere(t *testing.T) {
	c := newCounter(t)
	_, token := c.agreed(account("5678"))
	to := account("0011")
	_, err := c.n.DecideAgreement(t.Context(), c.ref(token),
		pay.BankDecision{Do: pay.BankMove, To: to})
	if err != nil {
		t.Fatal(err)
	}
	a := c.charge(token, 700)
	c.start(a)
	c.settles(a, "AM04")
	if g := c.agreement(token); g.Payto != *to {
		t.Errorf("drawn on %+v", g.Payto)
	}
}

// What a merchant forgets cannot be charged again, and the account is not kept for it.
func TestForget_LeavesNoCredential(t *testing.T) {
	railtest.Engines(t, func(t *testing.T, g *railtest.Ground) {
		n := open(t, g)
		a := attempt(g, account("0000"))
		out, err := n.Start(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Forget(t.Context(), a.Scope, out.Agreement.Token); err != nil {
			t.Fatal(err)
		}
		var kept int64
		row := g.DB.Reader().QueryRow(t.Context(), `SELECT COUNT(*) FROM sim_credential`)
		if err := row.Scan(&kept); err != nil || kept != 0 {
			t.Errorf("%d credentials are kept, %v", kept, err)
		}
	})
}

// The network counts for an agreement what may be taken under it, however many ask at once.
func TestStart_NeverMoreThanTheSum(t *testing.T) {
	railtest.Engines(t, func(t *testing.T, g *railtest.Ground) {
		n := open(t, g)
		a := attempt(g, account("0000"))
		a.Amount.Minor = 0
		a.Agreement.Terms = terms.Terms{MaxTotal: 2_000}
		out, err := n.Start(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan pay.Outcome)
		for range 12 {
			b := g.Attempt()
			b.Amount = money.Amount{Minor: 500, Currency: "AUD"}
			b.Saved = &pay.Credential{Token: out.Agreement.Token, OffSession: true}
			go func() {
				out, err := n.Start(t.Context(), b)
				if err != nil {
					t.Error(err)
				}
				done <- out
			}()
		}
		paid := 0
		for range 12 {
			if out := <-done; out.Kind == pay.OutcomePaid {
				paid++
			}
		}
		if paid != 4 {
			t.Errorf("%d payments of a quarter of the sum succeeded", paid)
		}
	})
}

func TestDecline_IsTheHousesWord(t *testing.T) {
	for code, want := range map[string]pay.DeclineCode{
		"AM04": pay.DeclineInsufficientFunds, "MD16": pay.DeclineByPayer,
		"NOAS": pay.DeclineAgreementExpired, "AC05": pay.DeclineAccountClosed,
		"AB03": pay.DeclineProcessingError, "XX99": pay.DeclineProcessingError,
	} {
		if got := payto.Decline(code); got != want {
			t.Errorf("%s declines as %s, want %s", code, got, want)
		}
	}
}

// Whoever refuses a payment before it leaves the house uses the network's word for it.
func TestRefusal_IsACodeOfTheNetwork(t *testing.T) {
	n := newCounter(t).n
	for refusal, code := range map[string]string{
		"mandate_not_active": "NACT", string(terms.NotStarted): "BVSD", string(terms.Ended): "AVED",
		string(terms.PeriodCount): "SL13", string(terms.PeriodAmount): "SL14",
		string(terms.UsedUp): "NAUT", string(terms.TotalAmount): "NAUT",
	} {
		if got := n.Refusal(refusal); got != code {
			t.Errorf("%s is %s, want %s", refusal, got, code)
		}
	}
}
