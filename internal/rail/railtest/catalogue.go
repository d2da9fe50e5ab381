package railtest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kassa-pay/kassa/internal/rail/simnet"
)

// A Catalogue is what the catalogue of a simulated network was made from.
type Catalogue struct {
	Scenarios []simnet.Scenario
	Magic     [][2]string
	// Elsewhere are the scenarios that no magic value leads to.
	Elsewhere []string
}

// Check holds that every value leads to a scenario, every scenario has a value, and nothing has two
// meanings.
func (c Catalogue) Check(t *testing.T) {
	t.Helper()
	index := simnet.NewCatalogue(c.Scenarios, c.Magic)
	used := c.Elsewhere
	for _, row := range c.Magic {
		if index.ByName[row[1]] == nil {
			t.Errorf("%s: there is no scenario %q", row[0], row[1])
		}
		used = append(used, row[1])
	}
	for _, s := range c.Scenarios {
		if !slices.Contains(used, s.Name) {
			t.Errorf("nothing leads to the scenario %q", s.Name)
		}
	}
	if len(index.ByName) != len(c.Scenarios) || len(index.ByValue) != len(c.Magic) {
		t.Error("two scenarios or two values have one name")
	}
}

// Guide holds that the tables of docs/test-values.md say the same as the code, in the same order.
// The pattern is that of a line, with groups named value, scenario and says. It returns the lines
// by all their groups.
func (c Catalogue) Guide(t *testing.T, pattern string) []map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "test-values.md"))
	if err != nil {
		t.Fatal(err)
	}
	re := regexp.MustCompile(pattern)
	var lines []map[string]string
	for _, match := range re.FindAllStringSubmatch(string(text), -1) {
		line := map[string]string{}
		for i, name := range re.SubexpNames() {
			line[name] = match[i]
		}
		line["value"] = strings.ReplaceAll(line["value"], " ", "")
		lines = append(lines, line)
	}
	if len(lines) != len(c.Magic) {
		t.Fatalf("the guide lists %d values, the code %d", len(lines), len(c.Magic))
	}
	index := simnet.NewCatalogue(c.Scenarios, c.Magic)
	for i, line := range lines {
		value, scenario := c.Magic[i][0], c.Magic[i][1]
		if line["value"] != value || line["scenario"] != scenario {
			t.Errorf("line %d: the guide says %s is %s, the code says %s is %s",
				i, line["value"], line["scenario"], value, scenario)
		}
		if says := index.ByName[scenario].Says; says != line["says"] {
			t.Errorf("%s: the guide says %q, the code %q", value, line["says"], says)
		}
	}
	return lines
}
