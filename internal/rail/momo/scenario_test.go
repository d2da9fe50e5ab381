package momo

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/kassa-pay/kassa/internal/pay"
)

// row is a line of a table of docs/test-values.md.
var row = regexp.MustCompile("(?m)^\\| `([0-9]{4})` \\| `(\\w+)` \\| (.+) \\|$")

func TestMagic_TheGuideSaysTheSame(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "test-values.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := row.FindAllStringSubmatch(string(text), -1)
	if len(rows) != len(magic) {
		t.Fatalf("the guide lists %d endings, the code %d", len(rows), len(magic))
	}
	for i, r := range rows {
		if r[1] != magic[i].ending || r[2] != magic[i].scenario {
			t.Errorf("line %d: the guide says %s is %s, the code says %s is %s",
				i, r[1], r[2], magic[i].ending, magic[i].scenario)
		}
		if says := byName[magic[i].scenario].Says; says != r[3] {
			t.Errorf("%s: the guide says %q, the code %q", r[1], r[3], says)
		}
	}
}

func TestMagic_EveryScenarioHasAnEnding(t *testing.T) {
	used := map[string]bool{prompted: true} // of every other number
	for _, m := range magic {
		if byName[m.scenario] == nil {
			t.Errorf("%s: there is no scenario %q", m.ending, m.scenario)
		}
		if used[m.ending] {
			t.Errorf("%s is listed twice", m.ending)
		}
		used[m.ending], used[m.scenario] = true, true
	}
	for _, s := range scenarios {
		if !used[s.Name] {
			t.Errorf("no number leads to scenario %q", s.Name)
		}
	}
	if len(byName) != len(scenarios) || len(byEnding) != len(magic) {
		t.Error("two scenarios or two endings have one name")
	}
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
