package simnet

import (
	"bytes"
	"regexp"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/ident"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/terms"
)

var words = Words{
	ByPayer: "payer", ByMerchant: "merchant", Unanswered: "unanswered", Ended: "ended",
	Spent: "spent", SpentOnce: "once", Failures: "failures", Inactive: "inactive",
}

// agreementsOf are agreements in every state, with everything that can happen to them by itself.
func agreementsOf() (all []agreement) {
	turns := [][]Turn{
		nil,
		{{time.Minute, pay.AgreementSuspended, "payer"}},
		{{time.Minute, pay.AgreementCancelled, "payer"}},
		{{time.Minute, "", ""}},
		{{time.Minute, pay.AgreementSuspended, "a"}, {time.Hour, pay.AgreementActive, ""},
			{2 * time.Hour, pay.AgreementCancelled, "b"}},
	}
	days := []terms.Date{{}, {Year: 2026, Month: time.November, Day: 20}}
	spent := []time.Time{{}, start.Add(3 * time.Second), start.Add(90 * time.Minute)}
	for _, t := range turns {
		for _, end := range days {
			for _, at := range spent {
				g := agreement{
					scenario: &Scenario{Turns: t}, state: pay.AgreementPending, createdAt: start,
					changedAt: start, deadline: start.Add(time.Hour), spentAt: at,
				}
				g.offer.Terms.End = end
				all = append(all, states(g)...)
			}
		}
	}
	return all
}

func states(g agreement) []agreement {
	all := []agreement{g}
	g.apply(change{start, pay.AgreementActive, pay.PartyBank, ""})
	all = append(all, g)
	for _, to := range []pay.AgreementState{pay.AgreementSuspended, pay.AgreementCancelled} {
		h := g
		h.apply(change{start.Add(time.Second), to, pay.PartyMerchant, "merchant"})
		all = append(all, h)
	}
	return all
}

// What an agreement is does not depend on when somebody looked before, never goes back, and changes
// at the times alone that were planned.
func TestAgreement_DependsOnItsRecordAndTheTimeAlone(t *testing.T) {
	all := agreementsOf()
	if len(all) < 90 {
		t.Fatalf("%d agreements", len(all))
	}
	for i, g := range all {
		last, looked := g, g
		for after := time.Duration(0); after < 20*time.Hour; after += 17 * time.Second {
			now := start.Add(after)
			once, again := g.at(now, &words), looked.at(now, &words)
			if once.view().State != again.view().State || once.version != again.version ||
				once.code != again.code || !once.changedAt.Equal(again.changedAt) {
				t.Fatalf("%d at %v: %+v, and to whom looked before %+v", i, now, once.view(),
					again.view())
			}
			if once.version < last.version || last.state == pay.AgreementCancelled &&
				once.state != pay.AgreementCancelled {
				t.Fatalf("%d at %v: %+v after %+v", i, now, once.view(), last.view())
			}
			if once.version > last.version && once.changedAt.After(now) {
				t.Fatalf("%d changed at %v before its time: %+v", i, now, once.view())
			}
			last, looked = once, again
		}
	}
}

func TestAgreement_EndsWithWhatComesFirst(t *testing.T) {
	for name, test := range map[string]struct {
		change func(g *agreement)
		code   string
		at     time.Time
	}{
		"nobody answers": {func(g *agreement) { g.state = pay.AgreementPending }, "unanswered",
			start.Add(time.Hour)},
		"its day": {func(g *agreement) {}, "ended", time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)},
		"its last payment": {func(g *agreement) { g.spentAt = start.Add(time.Minute) }, "spent",
			start.Add(time.Minute)},
		"its only payment": {func(g *agreement) {
			g.spentAt, g.offer.Terms.MaxCount = start.Add(time.Minute), 1
		}, "once", start.Add(time.Minute)},
		"the payer": {func(g *agreement) {
			g.scenario = &Scenario{Turns: []Turn{{time.Second, pay.AgreementCancelled, "payer"}}}
		}, "payer", start.Add(time.Second)},
		"a payment that settles after its day": {func(g *agreement) {
			g.spentAt = start.Add(48 * time.Hour)
		}, "ended", time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)},
	} {
		g := agreement{
			scenario: &Scenario{}, state: pay.AgreementActive, createdAt: start, changedAt: start,
			activeAt: start, deadline: start.Add(time.Hour),
		}
		g.offer.Terms.End = terms.Date{Year: 2026, Month: time.November, Day: 20}
		test.change(&g)
		if before := g.at(test.at.Add(-time.Microsecond), &words); before.version != 0 {
			t.Errorf("%s: %+v too early", name, before.view())
		}
		got := g.at(test.at, &words)
		if got.state != pay.AgreementCancelled || got.code != test.code ||
			!got.changedAt.Equal(test.at) {
			t.Errorf("%s: %+v", name, got.view())
		}
	}
}

// Whoever asks may have a slower clock than whoever asked before.
func TestAgreement_TimeNeverGoesBack(t *testing.T) {
	g := agreement{scenario: &Scenario{}, state: pay.AgreementActive, changedAt: start}
	g.apply(change{start.Add(-time.Hour), pay.AgreementSuspended, pay.PartyBank, "payer"})
	if !g.changedAt.Equal(start) || g.version != 1 {
		t.Errorf("%+v", g.view())
	}
}

func TestNewToken_IsAUUIDOfVersion1(t *testing.T) {
	form := regexp.MustCompile(`^[a-f0-9]{12}1[a-f0-9]{3}[89ab][a-f0-9]{15}$`)
	n := &Network{ids: ident.From(bytes.NewReader(bytes.Repeat([]byte{0xff}, 64)))}
	at := time.Date(1998, 2, 4, 22, 13, 53, 151_182_000, time.UTC)
	// The first name space of RFC 4122, 6ba7b810-9dad-11d1-…, was made 400 nanoseconds later.
	if token := n.newToken(at); token != "6ba7b80c9dad11d1bfffffffffffffff" {
		t.Errorf("token %s", token)
	}
	r := &Network{ids: ident.Random()}
	seen := map[string]bool{}
	for range 1000 {
		token := r.newToken(start)
		if !form.MatchString(token) || seen[token] {
			t.Fatalf("token %s", token)
		}
		seen[token] = true
	}
}
