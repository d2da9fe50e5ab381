package collect_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/kassa-pay/kassa/internal/api/collect"
	"github.com/kassa-pay/kassa/internal/api/openapi"
)

// guide is the page that newcomers read.
func guide(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile("../../../docs/collect.md")
	must(t, err)
	return string(raw)
}

// TestGuide_LeavesNothingOut holds that the guide names every route, every member of a body, every
// event, every word for a state and every error code that a transcript shows.
func TestGuide_LeavesNothingOut(t *testing.T) {
	text := guide(t)
	want := collect.EventNames()
	want = append(want, collect.PaymentWords()...)
	want = append(want, collect.SessionWords()...)
	want = append(want, collect.MandateWords()...)
	for _, names := range collect.Bodies() {
		want = append(want, names...)
	}
	for _, word := range want {
		if !strings.Contains(text, word) {
			t.Errorf("docs/collect.md does not mention %s", word)
		}
	}
	for _, p := range collect.Patterns() {
		if !strings.Contains(text, "`"+p+"`") {
			t.Errorf("docs/collect.md does not mention %s", p)
		}
	}
	for _, name := range []string{"Session", "Payment", "Mandate"} {
		for _, member := range collect.Documents()[name] {
			if !strings.Contains(text, "`"+member+"`") {
				t.Errorf("docs/collect.md does not mention %s of the %s", member, name)
			}
		}
	}
}

// TestGuide_NamesNothingElse holds that every route and every event in the guide exists.
func TestGuide_NamesNothingElse(t *testing.T) {
	text := guide(t)
	have := map[string]bool{}
	for _, name := range append(collect.Patterns(), collect.EventNames()...) {
		have[name] = true
	}
	for _, re := range []string{
		"`((?:GET|POST|PUT|PATCH|DELETE) /collect/[^`]*)`",
		"`((?:payment_session|payment|refund|mandate|payment_method)\\.[a-z_]+)`",
	} {
		found := regexp.MustCompile(re).FindAllStringSubmatch(text, -1)
		for _, m := range found {
			if !have[m[1]] {
				t.Errorf("docs/collect.md promises %s", m[1])
			}
		}
		if len(found) < 15 {
			t.Errorf("only %d found of %s", len(found), re)
		}
	}
}

// TestGuide_KnowsTheCodesOfTheTranscripts holds that every refusal is explained.
func TestGuide_KnowsTheCodesOfTheTranscripts(t *testing.T) {
	text := guide(t)
	files, err := filepath.Glob("testdata/*.txt")
	must(t, err)
	code := regexp.MustCompile(`"status": (4..),\n(?:.*\n){1,3} +"code": "([a-z_]+)"`)
	codes := map[string]bool{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		must(t, err)
		for _, m := range code.FindAllStringSubmatch(string(raw), -1) {
			codes[m[2]] = true
		}
	}
	for c := range codes {
		if !strings.Contains(text, "`"+c+"`") {
			t.Errorf("docs/collect.md does not explain %s", c)
		}
	}
	if len(codes) < 25 {
		t.Errorf("only %d codes found", len(codes))
	}
}

// TestProblems_AreExplained holds that the address of a type says what it means, without a key.
func TestProblems_AreExplained(t *testing.T) {
	h := newHouse(t)
	w := h.do("GET", "/docs/errors", "", "")
	text := guide(t)
	slugs := regexp.MustCompile(`#([a-z-]+) \(\d+\)`).FindAllStringSubmatch(w.Body.String(), -1)
	if w.Code != 200 || len(slugs) < 12 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	for _, m := range slugs {
		if !strings.Contains(text, "`"+m[1]+"`") {
			t.Errorf("docs/collect.md does not explain %s", m[1])
		}
	}
}

// TestTranscripts_ShowEveryStatusAndEvent holds that no word of the protocol goes untold.
func TestTranscripts_ShowEveryStatusAndEvent(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	must(t, err)
	var all strings.Builder
	for _, file := range files {
		raw, err := os.ReadFile(file)
		must(t, err)
		all.Write(raw)
	}
	for _, event := range collect.EventNames() {
		// An endpoint that is disabled is not told of it; the others are, after days of failures.
		if event != "webhook_endpoint.disabled" && !strings.Contains(all.String(), "webhook "+event) {
			t.Errorf("no transcript shows %s", event)
		}
	}
	words := append(collect.PaymentWords(), collect.SessionWords()...)
	for _, word := range append(words, collect.MandateWords()...) {
		if !strings.Contains(all.String(), `"status": "`+word+`"`) {
			t.Errorf("no transcript shows the status %s", word)
		}
	}
	for _, word := range []string{"not_started", "pending", "paid", "unpaid", "reserved",
		"payment_method_verified"} {
		if !strings.Contains(all.String(), `"payment_outcome": "`+word+`"`) {
			t.Errorf("no transcript shows the outcome %s", word)
		}
	}
}

// described is what the tests read of the API description.
type described struct {
	Paths      map[string]map[string]yaml.Node
	Webhooks   map[string]yaml.Node
	Components struct {
		Schemas map[string]struct {
			Enum       []string
			Properties map[string]yaml.Node
		}
	}
}

// TestDescription_SaysWhatTheCodeSays compares routes, members, events and words, both ways.
func TestDescription_SaysWhatTheCodeSays(t *testing.T) {
	var d described
	must(t, yaml.Unmarshal(openapi.Collect(), &d))
	var paths []string
	for path, item := range d.Paths {
		for method := range item {
			paths = append(paths, strings.ToUpper(method)+" "+path)
		}
	}
	same(t, "routes", collect.Patterns(), paths)
	for _, all := range []map[string][]string{collect.Bodies(), collect.Documents()} {
		for schema, names := range all {
			same(t, schema, names, slices.Collect(maps.Keys(d.Components.Schemas[schema].Properties)))
		}
	}
	same(t, "webhooks", collect.EventNames(), slices.Collect(maps.Keys(d.Webhooks)))
	for schema, names := range map[string][]string{
		"EventType": collect.EventNames(), "PaymentStatus": collect.PaymentWords(),
		"SessionStatus": collect.SessionWords(), "MandateStatus": collect.MandateWords(),
	} {
		same(t, schema, names, d.Components.Schemas[schema].Enum)
	}
}

// same reports what one of two sets lacks.
func same(t *testing.T, what string, code, doc []string) {
	t.Helper()
	for _, word := range code {
		if !slices.Contains(doc, word) {
			t.Errorf("%s: the description lacks %s", what, word)
		}
	}
	for _, word := range doc {
		if !slices.Contains(code, word) {
			t.Errorf("%s: the description promises %s", what, word)
		}
	}
}
