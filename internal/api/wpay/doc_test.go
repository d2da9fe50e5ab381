package wpay_test

import (
	"strings"
	"testing"

	"github.com/kassa-pay/kassa/internal/api/apitest"
	"github.com/kassa-pay/kassa/internal/api/openapi"
	"github.com/kassa-pay/kassa/internal/api/wpay"
)

// guide is the page that newcomers read.
const guide = "wpay.md"

// routes are those of the code as the guide writes them, without what they have in common.
func routes() (patterns []string) {
	for _, p := range wpay.Patterns() {
		patterns = append(patterns, strings.Replace(p, "/merchants/{merchantId}", "…", 1))
	}
	return patterns
}

// TestGuide_LeavesNothingOut holds that the guide names every route, every member of a body, every
// event, every word, and every rule that a transcript shows.
func TestGuide_LeavesNothingOut(t *testing.T) {
	g := apitest.ReadGuide(t, guide)
	for _, r := range routes() {
		_, path, _ := strings.Cut(r, "…")
		// The last part is enough of a route that the guide has with another one.
		g.Mentions(t, false, path[strings.LastIndex(path, "/"):])
	}
	for _, names := range wpay.Bodies() {
		g.Mentions(t, false, names...)
	}
	for schema, words := range wpay.Words() {
		if schema != "LabelType" {
			g.Mentions(t, true, words...)
		}
	}
	g.Mentions(t, true, apitest.Shown(t, 6, `"status": 422,\n(?:.*\n){1,3} +"code": "([a-z_]+)"`)...)
}

// TestGuide_NamesNothingElse holds that every route and every event in the guide exists.
func TestGuide_NamesNothingElse(t *testing.T) {
	g := apitest.ReadGuide(t, guide)
	g.Keeps(t, 13, "`((?:GET|POST) …/[^`]*)`", routes())
	g.Keeps(t, 6, "`((?:Instrument|Payment|Refund)\\.[A-Z][a-z]+)`", wpay.EventNames())
}

// TestTranscripts_ShowEveryStatusAndEvent holds that no word of the protocol goes untold.
func TestTranscripts_ShowEveryStatusAndEvent(t *testing.T) {
	all := apitest.Transcripts(t)
	for _, event := range wpay.EventNames() {
		if !strings.Contains(all, "webhook "+event) {
			t.Errorf("no transcript shows %s", event)
		}
	}
	for schema, words := range wpay.Words() {
		for _, word := range words {
			if strings.HasSuffix(schema, "Status") && !strings.Contains(all, `"status": "`+word+`"`) {
				t.Errorf("no transcript shows the %s %s", schema, word)
			}
		}
	}
}

// TestDescription_SaysWhatTheCodeSays compares routes, members, events and words, both ways.
func TestDescription_SaysWhatTheCodeSays(t *testing.T) {
	d := apitest.Describe(t, openapi.Wpay())
	apitest.Same(t, "routes", wpay.Patterns(), d.Routes())
	for _, all := range []map[string][]string{wpay.Bodies(), wpay.Documents()} {
		for schema, names := range all {
			apitest.Same(t, schema, names, d.Members(schema))
		}
	}
	apitest.Same(t, "webhooks", wpay.EventNames(), d.Events())
	for schema, words := range wpay.Words() {
		apitest.Same(t, schema, words, d.Words(schema))
	}
}
