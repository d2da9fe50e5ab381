package payto_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/npp"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/payid"
	"github.com/kassa-pay/kassa/internal/rail/payto"
)

// told returns the statuses in the notifications that are due, in their order.
func (c *counter) told() (all []string) {
	c.Helper()
	for _, n := range c.g.Collect(c, c.n) {
		var body struct{ Type, Status string }
		if err := json.Unmarshal(n.Body, &body); err != nil {
			c.Fatal(err)
		}
		if body.Type == "payment.changed" {
			all = append(all, body.Status)
		}
	}
	return all
}

// reads checks how the network says a payment stands, and what that is to us.
func (c *counter) reads(a pay.Attempt, status string, kind pay.OutcomeKind) {
	c.Helper()
	out := c.query(a)
	if out.NetworkStatus != status || out.Kind != kind {
		c.Errorf("it stands at %q, kind %d; want %q, kind %d", out.NetworkStatus, out.Kind, status, kind)
	}
	if (out.Kind == pay.OutcomeDeclined) != (out.Decline != "") {
		c.Errorf("%+v", out)
	}
}

func TestStatus_APaymentPassesThroughAllOfThem(t *testing.T) {
	c := newCounter(t)
	a, token := c.agreed(account("0016"))
	c.told()
	again := c.charge(token, 700)
	c.start(again)
	for i, want := range []string{"RECV", "ACCP", "SENT", "ACSP", "INPR", "UNDV", "SAFD", "PDNG"} {
		c.reads(a, want, pay.OutcomeWaiting)
		c.reads(again, want, pay.OutcomeWaiting)
		if told := c.told(); i > 0 && !slices.Equal(told, []string{want, want}) {
			t.Errorf("%s: told %q", want, told)
		}
		c.g.Clock.Advance(5 * time.Second)
	}
	for _, paid := range []pay.Attempt{a, again} {
		c.reads(paid, "ACSC", pay.OutcomePaid)
	}
	if told := c.told(); !slices.Equal(told, []string{"ACSC", "ACSC"}) {
		t.Errorf("told %q", told)
	}
}

// A bank that is silent beyond the service level leaves the payment pending, whatever comes of it.
func TestStatus_TheLongTailIsPending(t *testing.T) {
	for ending, last := range map[string]string{"0024": "ACSC", "0025": "RJCT"} {
		c := newCounter(t)
		a := attempt(c.g, account(ending))
		out := c.start(a)
		if out.NetworkStatus != "" {
			t.Errorf("%s: %q before the payer has agreed", ending, out.NetworkStatus)
		}
		c.decide(out.Agreement.Token, pay.BankApprove)
		c.reads(a, "ACSP", pay.OutcomeWaiting)
		c.g.Clock.Advance(payto.ServiceLevel - time.Millisecond)
		c.reads(a, "ACSP", pay.OutcomeWaiting)
		c.g.Clock.Advance(time.Millisecond)
		c.reads(a, "PDNG", pay.OutcomeWaiting)
		c.g.Clock.Advance(payto.LongAfter - payto.ServiceLevel - time.Millisecond)
		c.reads(a, "PDNG", pay.OutcomeWaiting)
		c.g.Clock.Advance(time.Millisecond)
		kind := pay.OutcomePaid
		if last == "RJCT" {
			kind = pay.OutcomeDeclined
		}
		c.reads(a, last, kind)
		if told := c.told(); !slices.Equal(told, []string{"PDNG", last}) {
			t.Errorf("%s: told %q", ending, told)
		}
	}
}

// What the network will be taught to say tomorrow is no failure today.
func TestStatus_AnUnknownWordIsNoAnswer(t *testing.T) {
	c := newCounter(t)
	a, _ := c.agreed(account("0017"))
	if known := slices.Contains(npp.Statuses(), "XPRG"); known {
		t.Error("the unknown word is known")
	}
	c.reads(a, "XPRG", pay.OutcomeWaiting)
	c.g.Clock.Advance(29 * time.Second)
	c.reads(a, "XPRG", pay.OutcomeWaiting)
	c.g.Clock.Advance(time.Second)
	c.reads(a, "ACSC", pay.OutcomePaid)
}

func TestStatus_OfWhatIsNoPaymentThereIsNone(t *testing.T) {
	c := newCounter(t)
	refused := c.start(attempt(c.g, account("0002")))
	c.is(refused, pay.OutcomeDeclined, "MD09")
	only := attempt(c.g, account("5678"))
	only.Amount.Minor = 0
	c.approved(only)
	c.reads(only, "", pay.OutcomePaid)
	if refused.NetworkStatus != "" {
		t.Errorf("a refused agreement stands at %q", refused.NetworkStatus)
	}
	paid := c.start(attempt(c.g, account("0000")))
	if paid.NetworkStatus != "ACSC" {
		t.Errorf("what is paid at once stands at %q", paid.NetworkStatus)
	}
	c.decide(paid.Agreement.Token, pay.BankPause)
	if out := c.start(c.charge(paid.Agreement.Token, 5000)); out.NetworkStatus != "RJCT" {
		t.Errorf("what the agreement does not permit stands at %q", out.NetworkStatus)
	}
}

// Many banks pay no more than 25,000 dollars at once, and some any sum.
func TestStory_ABankHasALimit(t *testing.T) {
	for bsb, code := range map[string]string{
		"013000": "AM02", "062000": "AM02", "118000": "AM02", "484799": "",
	} {
		c := newCounter(t)
		a := attempt(c.g, &pay.Payto{Kind: payid.Account, BSB: bsb, Account: "12345678"})
		a.Amount.Minor, a.Keep = 25_000_00, true
		token := c.approved(a)
		c.settles(a, "")
		over := c.charge(token, 25_000_01)
		c.start(over)
		c.settles(over, code)
	}
	c := newCounter(t)
	asked := attempt(c.g, account("0000"))
	asked.Amount.Minor = 30_000_00
	c.is(c.start(asked), pay.OutcomePaid, "")
}
