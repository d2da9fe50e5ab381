package card

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

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
		if says := byName[magic[i].scenario].Says; says != r[4] {
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
		if !used[s.Name] {
			t.Errorf("no number leads to scenario %q", s.Name)
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
		// What only charges of a saved card can become.
		pay.DeclineAuthRequired: true, pay.DeclineSavedMethod: true,
		// What only the other networks say.
		pay.DeclineByPayer: true, pay.DeclineWrongPIN: true, pay.DeclineWrongCode: true,
		pay.DeclinePromptExpired: true, pay.DeclineNotRegistered: true,
		pay.DeclineProviderDown: true, pay.DeclineTransferExpired: true,
		pay.DeclineAgreementExpired: true, pay.DeclineAgreementInactive: true,
		pay.DeclineAccountUnknown: true, pay.DeclineAccountClosed: true,
		pay.DeclineAccountBlocked: true, pay.DeclineBankUnsupported: true,
		pay.DeclineBankDown: true,
	}
	for _, s := range scenarios {
		reached[s.Decline] = true
	}
	for _, code := range pay.DeclineCodes() {
		if !reached[code] {
			t.Errorf("no card is declined as %q", code)
		}
	}
}

func TestScenarioOf_OtherNumbersSucceed(t *testing.T) {
	for _, number := range []string{"4111111111111111", "2223003122003222"} {
		if s := scenarioOf(number); s.Name != approved {
			t.Errorf("%s is %s", number, s.Name)
		}
	}
	if s := story.Scenario("of another version"); s.Name != approved {
		t.Errorf("an unknown scenario is %s", s.Name)
	}
}
