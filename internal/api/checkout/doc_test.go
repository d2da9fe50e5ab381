package checkout_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/kassa-pay/kassa/internal/api/checkout"
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
