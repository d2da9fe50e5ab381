package momo

import (
	"testing"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/rail/railtest"
)

func TestMagic(t *testing.T) {
	all := railtest.Catalogue{
		Scenarios: scenarios, Magic: magic, Elsewhere: []string{prompted}, // of every other number
	}
	all.Check(t)
	all.Guide(t, "(?m)^\\| `(?<value>[0-9]{4})` \\| `(?<scenario>\\w+)` \\| (?<says>.+) \\|$")
}

func TestScenarioOf_OtherNumbersAreAsked(t *testing.T) {
	for _, w := range []pay.Mobile{
		{Phone: "0241234567", Provider: "mtn"}, {Phone: "0201230007", Provider: "mtn"}, {},
	} {
		if s := scenarioOf(w); s.Name != prompted {
			t.Errorf("%+v is %s", w, s.Name)
		}
	}
	if s := story.Scenario("of another version"); s.Name != prompted {
		t.Errorf("an unknown scenario is %s", s.Name)
	}
}
