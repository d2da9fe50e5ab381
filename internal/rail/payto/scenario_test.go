package payto

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/kassa-pay/kassa/internal/npp"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/payid"
)

// row is a line of a table of docs/test-values.md.
var row = regexp.MustCompile("(?m)^\\| `…([0-9]{4})` \\| `(\\w+)` \\| (.+) \\|$")

func guide(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "test-values.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestMagic_TheGuideSaysTheSame(t *testing.T) {
	text := guide(t)
	rows := row.FindAllStringSubmatch(text, -1)
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
	said := strings.Join(strings.Fields(text), " ")
	for _, a := range amounts {
		says := fmt.Sprintf("A$%d.%02d as `%s`", a.minor/100, a.minor%100, a.code)
		if !strings.Contains(said, says) {
			t.Errorf("the guide does not say %q", says)
		}
	}
	for _, s := range npp.Statuses() {
		row := fmt.Sprintf("| `%s` | %s. |", s, strings.ReplaceAll(s.Says(), "’", "'"))
		if !strings.Contains(said, row) {
			t.Errorf("the guide does not say %q", row)
		}
	}
	if !strings.Contains(said, "`"+newStatus+"`") || newStatus == "" {
		t.Errorf("the guide does not name the status %s", newStatus)
	}
	for _, b := range banks {
		if !strings.Contains(said, "`"+b.name+"`") {
			t.Errorf("the guide does not name the bank %s", b.name)
		}
	}
}

func TestMagic_EveryScenarioHasAnEnding(t *testing.T) {
	used := map[string]bool{ordinary: true, mandate: true}
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
		used[s.Later] = true
	}
	for _, s := range scenarios {
		if !used[s.Name] {
			t.Errorf("no account leads to scenario %q", s.Name)
		}
		if later := byName[s.Later]; s.Later != "" && (later == nil || later.Asks.Action != "") {
			t.Errorf("%s: payments under its agreement ask the payer again", s.Name)
		}
		if s.Asks.Action != "" && s.Later == "" {
			t.Errorf("%s asks, and does not say how payments go on", s.Name)
		}
		if s.Code != "" && (!npp.Known(s.Code) || s.Decline == "") {
			t.Errorf("%s: code %q declines as %q", s.Name, s.Code, s.Decline)
		}
	}
}

func TestDecline_KnowsEveryCode(t *testing.T) {
	known := map[pay.DeclineCode]bool{}
	for _, d := range pay.DeclineCodes() {
		known[d] = true
	}
	for code, d := range declines {
		if !npp.Known(code) || !known[d] {
			t.Errorf("%s declines as %s", code, d)
		}
	}
	for _, r := range npp.Reasons() {
		if d := Decline(r.Code); !known[d] || byName[r.Code].Decline != d {
			t.Errorf("%s declines as %q", r.Code, d)
		}
	}
	if d := Decline("XX99"); d != pay.DeclineProcessingError {
		t.Errorf("a code of tomorrow declines as %s", d)
	}
	for d, code := range codes {
		if !npp.Known(code) || d != Decline(code) {
			t.Errorf("%s is %s, and that is %s", d, code, Decline(code))
		}
	}
}

func TestScenarioOf_ReadsTheAccount(t *testing.T) {
	for typed, want := range map[string]string{
		"0412 345 678": ordinary, "0412 340 011": "no_funds", "02 9374 0031": "renamed",
		"mira@example.com": ordinary, "Renamed@Example.com": "renamed",
		"told-never@example.com": "told_never", "am21@example.com": "AM21/asked",
		"settled@example.com": ordinary, "am21x@example.com": ordinary,
		"51 824 753 556": ordinary, "bakery 0011": ordinary,
	} {
		id, problem := payid.Parse(typed)
		if problem != nil {
			t.Fatal(problem)
		}
		if s := scenarioOf(pay.PaytoOf(id, "")); s.Name != want {
			t.Errorf("%s is %s, want %s", typed, s.Name, want)
		}
	}
	for _, test := range []struct{ bsb, account, want string }{
		{"062-000", "12345678", ordinary}, {"062-000", "0011", "no_funds"},
		{"062-000", "11", ordinary}, {"100-001", "0011", "no_payto"},
		{"100-000", "12345678", "AGNT/refused"},
	} {
		id, problem := payid.ParseAccount(test.bsb, test.account)
		if problem != nil {
			t.Fatal(problem)
		}
		if s := scenarioOf(pay.PaytoOf(id, "")); s.Name != test.want {
			t.Errorf("%s %s is %s, want %s", test.bsb, test.account, s.Name, test.want)
		}
	}
	if s := story.Scenario("of another version"); s.Name != ordinary {
		t.Errorf("an unknown scenario is %s", s.Name)
	}
}

func TestDisplayName_IsAlwaysTheSame(t *testing.T) {
	names := map[string]bool{}
	for i := range 50 {
		id := payid.ID{Kind: payid.PayID, Type: payid.Phone, PayID: fmt.Sprintf("+61-4120001%02d", i)}
		name := displayName(id)
		if given, family, ok := strings.Cut(name, " "); !ok || given == "" || family == "" {
			t.Errorf("%s belongs to %q", id.PayID, name)
		}
		if name != displayName(id) {
			t.Errorf("%s belongs to two people", id.PayID)
		}
		names[name] = true
	}
	if len(names) < 20 {
		t.Errorf("50 PayIDs belong to %d names", len(names))
	}
	org := payid.ID{Kind: payid.PayID, Type: payid.Org, PayID: "bluegum bakery  wa"}
	if name := displayName(org); name != "Bluegum Bakery Wa" {
		t.Errorf("an organisation is called %q", name)
	}
	if name := displayName(payid.ID{Kind: payid.Account, BSB: "062000", Account: "1"}); name != "" {
		t.Errorf("an account is called %q", name)
	}
	abn := payid.ID{Kind: payid.PayID, Type: payid.ABN, PayID: "51824753556"}
	if name := displayName(abn); !strings.HasSuffix(name, " Pty Ltd") {
		t.Errorf("a business is called %q", name)
	}
}
