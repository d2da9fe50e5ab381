package collect_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kassa-pay/kassa/internal/api/apitest"
	"github.com/kassa-pay/kassa/internal/api/collect"
	"github.com/kassa-pay/kassa/internal/api/openapi"
)

// guide is the page that newcomers read.
const guide = "collect.md"

// words are those for the states of things.
func words() []string {
	return slices.Concat(collect.PaymentWords(), collect.SessionWords(), collect.MandateWords())
}

// TestGuide_LeavesNothingOut holds that the guide names every route, every member of a body, every
// event, every word for a state and every error code that a transcript shows.
func TestGuide_LeavesNothingOut(t *testing.T) {
	g := apitest.ReadGuide(t, guide)
	g.Mentions(t, false, slices.Concat(collect.EventNames(), words())...)
	for _, names := range collect.Bodies() {
		g.Mentions(t, false, names...)
	}
	g.Mentions(t, true, collect.Patterns()...)
	for _, name := range []string{"Session", "Payment", "Mandate"} {
		g.Mentions(t, true, collect.Documents()[name]...)
	}
	g.Mentions(t, true, apitest.Shown(t, 25,
		`"status": 4..,\n(?:.*\n){1,3} +"code": "([a-z_]+)"`)...)
}

// TestGuide_NamesNothingElse holds that every route and every event in the guide exists.
func TestGuide_NamesNothingElse(t *testing.T) {
	g := apitest.ReadGuide(t, guide)
	g.Keeps(t, 15, "`((?:GET|POST|PUT|PATCH|DELETE) /collect/[^`]*)`", collect.Patterns())
	g.Keeps(t, 15, "`((?:payment_session|payment|refund|mandate|payment_method)\\.[a-z_]+)`",
		collect.EventNames())
}

// TestProblems_AreExplained holds that the address of a type says what it means, without a key.
func TestProblems_AreExplained(t *testing.T) {
	h := newHouse(t)
	w := h.do("GET", "/docs/errors", "", "")
	slugs := regexp.MustCompile(`#([a-z-]+) \(\d+\)`).FindAllStringSubmatch(w.Body.String(), -1)
	if w.Code != 200 || len(slugs) < 12 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	for _, m := range slugs {
		apitest.ReadGuide(t, guide).Mentions(t, true, m[1])
	}
}

// TestTranscripts_ShowEveryStatusAndEvent holds that no word of the protocol goes untold.
func TestTranscripts_ShowEveryStatusAndEvent(t *testing.T) {
	all := apitest.Transcripts(t)
	for _, event := range collect.EventNames() {
		if !strings.Contains(all, "webhook "+event) {
			t.Errorf("no transcript shows %s", event)
		}
	}
	for _, word := range words() {
		if !strings.Contains(all, `"status": "`+word+`"`) {
			t.Errorf("no transcript shows the status %s", word)
		}
	}
	for _, word := range []string{"not_started", "pending", "paid", "unpaid", "reserved",
		"payment_method_verified"} {
		if !strings.Contains(all, `"payment_outcome": "`+word+`"`) {
			t.Errorf("no transcript shows the outcome %s", word)
		}
	}
	// What receivers may compare, word for word.
	for _, detail := range []string{
		"The payment is not in an authorised state and cannot be captured.",
		"The capture amount exceeds the remaining authorised amount.",
		"The authorisation has expired and can no longer be captured.",
		"The payment is not in an authorised state and cannot be voided.",
		"The payment has already been fully voided.",
		"There is no remaining authorised amount to void.",
	} {
		if !strings.Contains(all, `"detail": "`+detail+`"`) {
			t.Errorf("no transcript shows %q", detail)
		}
	}
}

// TestDescription_SaysWhatTheCodeSays compares routes, members, events and words, both ways.
func TestDescription_SaysWhatTheCodeSays(t *testing.T) {
	d := apitest.Describe(t, openapi.Collect())
	apitest.Same(t, "routes", collect.Patterns(), d.Routes())
	for _, all := range []map[string][]string{collect.Bodies(), collect.Documents()} {
		for schema, names := range all {
			apitest.Same(t, schema, names, d.Members(schema))
		}
	}
	apitest.Same(t, "webhooks", collect.EventNames(), d.Events())
	for schema, names := range map[string][]string{
		"EventType": collect.EventNames(), "PaymentStatus": collect.PaymentWords(),
		"SessionStatus": collect.SessionWords(), "MandateStatus": collect.MandateWords(),
	} {
		apitest.Same(t, schema, names, d.Words(schema))
	}
}
