package payto_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

// How a network tells of a payment does not change what is true of it.
func TestStory_EveryWayToTell(t *testing.T) {
	for ending, times := range map[string]int{"0020": 1, "0026": 2, "0028": 0, "5678": 1} {
		c := newCounter(t)
		a := attempt(c.g, account(ending))
		if out := c.start(a); out.Kind == pay.OutcomeAction {
			c.decide(out.Agreement.Token, pay.BankApprove)
			c.decide(out.Agreement.Token, pay.BankPause)
		}
		c.g.Clock.Advance(time.Minute)
		told, ids := 0, map[string]bool{}
		for _, n := range c.notices() {
			if n.PaymentID == a.PaymentID && n.Token == "" {
				told++
				ids[n.ID] = true
			}
			if times == 0 {
				t.Errorf("%s: told %+v", ending, n)
			}
		}
		if told != times || len(ids) > 1 {
			t.Errorf("%s: told %d times under %d ids, want %d", ending, told, len(ids), times)
		}
		c.is(c.query(a), pay.OutcomePaid, "")
	}
}

func TestStory_ToldBeforeTheReply(t *testing.T) {
	c := newCounter(t)
	replied := false
	var early []string
	c.n.Connect(func(_ context.Context, h http.Header, body []byte) error {
		notice, err := c.n.Notify(t.Context(), h, body)
		if err == nil && !replied {
			early = append(early, notice.PaymentID)
		}
		return err
	})
	a := attempt(c.g, account("0027"))
	c.is(c.start(a), pay.OutcomePaid, "")
	replied = true
	if len(early) != 1 || early[0] != a.PaymentID {
		t.Errorf("told %v before the reply", early)
	}
}

// Notifications of agreements are late, twice or lost on the same bad days as those of payments.
func TestStory_ABadDayForNotices(t *testing.T) {
	for name, test := range map[string]struct {
		day   pay.Behaviour
		times int
	}{
		"twice": {pay.Behaviour{Duplicate: true}, 2}, "lost": {pay.Behaviour{DropNotices: true}, 0},
		"late": {pay.Behaviour{DelayMillis: 5_000}, 0},
	} {
		c := newCounter(t)
		_, token := c.agreed(account("5678"))
		c.g.Clock.Advance(time.Minute)
		c.notices()
		if err := c.n.Behave(t.Context(), c.g.Merchant, test.day); err != nil {
			t.Fatal(err)
		}
		c.decide(token, pay.BankPause)
		if told := c.notices(); len(told) != test.times {
			t.Errorf("%s: told %+v", name, told)
		}
		if name != "late" {
			continue
		}
		c.decide(token, pay.BankResume) // does not take back what is on its way
		c.g.Clock.Advance(5 * time.Second)
		if told := c.notices(); len(told) != 2 {
			t.Errorf("%s: told %+v", name, told)
		}
	}
}
