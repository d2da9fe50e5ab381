package card

import (
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/rail/railtest"
	"github.com/kassa-pay/kassa/internal/secret"
)

func TestMagic(t *testing.T) {
	all := railtest.Catalogue{Scenarios: scenarios, Magic: magic}
	all.Check(t)
	for _, line := range all.Guide(t, "(?m)^\\| `(?<value>[0-9 ]+)` \\| (?<brand>\\w+) "+
		"\\| `(?<scenario>\\w+)` \\| (?<says>.+) \\|$") {
		if brand := pay.Brand(line["value"]); brand != line["brand"] {
			t.Errorf("%s: the guide says %s, it is %s", line["value"], line["brand"], brand)
		}
	}
}

func TestMagic_EveryNumberIsACard(t *testing.T) {
	now := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	for _, row := range magic {
		number, code := row[0], "123"
		if pay.Brand(number) == "amex" {
			code = "1234"
		}
		c := pay.Card{
			Number: secret.NewPAN(number), CVC: secret.NewCVV([]byte(code)),
			ExpMonth: 11, ExpYear: 2026,
		}
		if err := c.Validate("", now); err != nil {
			t.Errorf("%s: %v", number, err)
		}
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
