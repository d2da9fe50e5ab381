package checkout_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/kassa-pay/kassa/internal/api/checkout"
	"github.com/kassa-pay/kassa/internal/api/openapi"
	"github.com/kassa-pay/kassa/internal/pay"
)

// guide is the page that newcomers read.
const guide = "../../../docs/api.md"

// TestGuide_LeavesNothingOut holds that the guide names every route, parameter, event, status,
// reason of a failure and error code that there is.
func TestGuide_LeavesNothingOut(t *testing.T) {
	raw, err := os.ReadFile(guide)
	must(t, err)
	text := string(raw)
	want := checkout.Patterns()
	want = append(want, checkout.Vocabulary()...)
	for _, code := range pay.DeclineCodes() {
		want = append(want, "`"+string(code)+"`")
	}
	for _, word := range want {
		if !strings.Contains(text, word) {
			t.Errorf("docs/api.md does not mention %s", word)
		}
	}
	for code, file := range codesOf(t) {
		if !strings.Contains(text, "`"+code+"`") {
			t.Errorf("docs/api.md does not mention the error %s of %s", code, file)
		}
	}
}

// TestGuide_NamesNothingElse holds that every route in the guide exists.
func TestGuide_NamesNothingElse(t *testing.T) {
	raw, err := os.ReadFile(guide)
	must(t, err)
	have := map[string]bool{}
	for _, pattern := range checkout.Patterns() {
		have[pattern] = true
	}
	routes := regexp.MustCompile("`((?:GET|POST|PUT|PATCH|DELETE) /v1/[^`]*)`").
		FindAllStringSubmatch(string(raw), -1)
	for _, m := range routes {
		if !have[m[1]] {
			t.Errorf("docs/api.md promises %s", m[1])
		}
	}
	if len(routes) < len(have) {
		t.Errorf("only %d routes found", len(routes))
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

func description(t *testing.T) (d described) {
	t.Helper()
	must(t, yaml.Unmarshal(openapi.Document(), &d))
	return d
}

// TestDescription_HasTheRoutesAndNoOther compares the mux with the paths of the description, both
// ways.
func TestDescription_HasTheRoutesAndNoOther(t *testing.T) {
	var paths []string
	for path, item := range description(t).Paths {
		for method := range item {
			if method != "parameters" {
				paths = append(paths, strings.ToUpper(method)+" "+path)
			}
		}
	}
	same(t, "routes", checkout.Patterns(), paths)
}

// TestDescription_KnowsEveryWord compares what the code says with what the description allows, both
// ways: parameters, events, statuses, reasons and error codes.
func TestDescription_KnowsEveryWord(t *testing.T) {
	d := description(t)
	for schema, names := range checkout.Bodies() {
		same(t, schema, names, slices.Collect(maps.Keys(d.Components.Schemas[schema].Properties)))
	}
	same(t, "webhooks", checkout.EventNames(), slices.Collect(maps.Keys(d.Webhooks)))
	same(t, "EventType", checkout.EventNames(), d.Components.Schemas["EventType"].Enum)
	same(t, "PaymentStatus", checkout.PaymentWords(), d.Components.Schemas["PaymentStatus"].Enum)
	var reasons []string
	for _, code := range pay.DeclineCodes() {
		reasons = append(reasons, string(code))
	}
	same(t, "FailureCode", reasons, d.Components.Schemas["FailureCode"].Enum)
	codes := d.Components.Schemas["ErrorCode"].Enum
	for code, file := range codesOf(t) {
		if !slices.Contains(codes, code) {
			t.Errorf("ErrorCode does not know %s of %s", code, file)
		}
	}
	guide, err := os.ReadFile(guide)
	must(t, err)
	for _, code := range codes {
		if !strings.Contains(string(guide), "`"+code+"`") {
			t.Errorf("docs/api.md does not mention the error %s of the description", code)
		}
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

// codesOf collects the error codes that the transcripts show.
func codesOf(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txt")
	must(t, err)
	code := regexp.MustCompile(`"type": "[a-z_]+_error",\n +"code": "([a-z_]+)"`)
	codes := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		for _, m := range code.FindAllStringSubmatch(string(text), -1) {
			codes[m[1]] = file
		}
	}
	if len(codes) < 20 {
		t.Fatalf("only %d codes found: %v", len(codes), codes)
	}
	return codes
}
