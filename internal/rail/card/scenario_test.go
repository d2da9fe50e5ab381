package card

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/secret"
)

// row is a line of a table of docs/test-values.md.
var row = regexp.MustCompile("(?m)^\\| `([0-9 ]+)` \\| (\\w+) \\| `(\\w+)` \\| (.+) \\|$")

func TestMagic_TheGuideSaysTheSame(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "test-values.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := row.FindAllStringSubmatch(string(text), -1)
	if len(rows) != len(magic) {
		t.Fatalf("the guide lists %d numbers, the code %d", len(rows), len(magic))
	}
	for i, r := range rows {
		number := strings.ReplaceAll(r[1], " ", "")
		if number != magic[i].number || r[3] != magic[i].scenario {
			t.Errorf("line %d: the guide says %s is %s, the code says %s is %s",
				i, number, r[3], magic[i].number, magic[i].scenario)
		}
		if brand := pay.Brand(number); brand != r[2] {
			t.Errorf("%s: the guide says %s, it is %s", number, r[2], brand)
		}
		if says := byName[magic[i].scenario].says; says != r[4] {
			t.Errorf("%s: the guide says %q, the code %q", number, r[4], says)
		}
	}
}

func TestMagic_EveryNumberIsACard(t *testing.T) {
	now := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	used := map[string]bool{}
	for _, m := range magic {
		code := "123"
		if pay.Brand(m.number) == "amex" {
			code = "1234"
		}
		c := pay.Card{
			Number: secret.NewPAN(m.number), CVC: secret.NewCVV([]byte(code)),
			ExpMonth: 11, ExpYear: 2026,
		}
		if err := c.Validate("", now); err != nil {
			t.Errorf("%s: %v", m.number, err)
		}
		if used[m.number] {
			t.Errorf("%s is listed twice", m.number)
		}
		if byName[m.scenario] == nil {
			t.Errorf("%s: there is no scenario %q", m.number, m.scenario)
		}
		used[m.number], used[m.scenario] = true, true
	}
	for _, s := range scenarios {
		if !used[s.name] {
			t.Errorf("no number leads to scenario %q", s.name)
		}
	}
	if len(byName) != len(scenarios) {
		t.Error("two scenarios have one name")
	}
}

func TestMagic_EveryDeclineOfTheIssuerHasANumber(t *testing.T) {
	reached := map[pay.DeclineCode]bool{
		// What no number asks for: the payer lets the time run out, nothing was submitted, a
		// refund is refused.
		pay.DeclineAuthTimeout: true, pay.DeclineNotSubmitted: true,
		pay.DeclineRefundRefused: true,
		// What only the other networks say.
		pay.DeclineByPayer: true, pay.DeclineWrongPIN: true, pay.DeclineWrongCode: true,
		pay.DeclinePromptExpired: true, pay.DeclineNotRegistered: true,
		pay.DeclineProviderDown: true, pay.DeclineTransferExpired: true,
	}
	for _, s := range scenarios {
		reached[s.decline] = true
	}
	for _, code := range pay.DeclineCodes() {
		if !reached[code] {
			t.Errorf("no card is declined as %q", code)
		}
	}
}

func TestScenarioOf_OtherNumbersSucceed(t *testing.T) {
	for _, number := range []string{"4111111111111111", "2223003122003222"} {
		if s := scenarioOf(number); s.name != approved {
			t.Errorf("%s is %s", number, s.name)
		}
	}
	if s := scenarioNamed("of another version"); s.name != approved {
		t.Errorf("an unknown scenario is %s", s.name)
	}
}

// What the network says must agree with what it books, at every moment of every scenario.
func TestOutcome_AgreesWithTheLedger(t *testing.T) {
	start := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	yes, no := true, false
	for _, s := range scenarios {
		for _, manual := range []bool{false, true} {
			for _, approve := range []*bool{nil, &yes, &no} {
				if approve != nil && !s.challenge {
					continue
				}
				r := record{
					scenario: &s, startedAt: start, manual: manual, approved: approve,
					amount: money.Amount{Minor: 100, Currency: "GHS"},
				}
				if approve != nil {
					r.answeredAt = start.Add(time.Minute)
				}
				agree(t, &r)
			}
		}
	}
}

func agree(t *testing.T, r *record) {
	t.Helper()
	at, amount, debited := r.debit()
	for _, after := range []time.Duration{
		0, time.Microsecond, lateAfter - 1, lateAfter, lateAfter + 2*time.Minute,
		ChallengeTTL, stuckAfter - 1, stuckAfter, 1000 * time.Hour,
	} {
		now := r.startedAt.Add(after)
		if now.Before(r.answeredAt) {
			continue
		}
		out := r.outcome(now)
		booked := debited && !now.Before(at)
		if paid := out.Kind == pay.OutcomePaid; paid != booked {
			t.Errorf("%s after %v: outcome %d, booked %v", r.scenario.name, after, out.Kind, booked)
		}
		if booked && out.Amount != amount {
			t.Errorf("%s: says %v, books %v", r.scenario.name, out.Amount, amount)
		}
		if (out.Kind == pay.OutcomeDeclined) != (out.Decline != "") {
			t.Errorf("%s after %v: %+v", r.scenario.name, after, out)
		}
	}
}
