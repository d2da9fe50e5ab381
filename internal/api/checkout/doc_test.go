package checkout_test

import (
	"slices"
	"testing"

	"github.com/kassa-pay/kassa/internal/api/apitest"
	"github.com/kassa-pay/kassa/internal/api/checkout"
	"github.com/kassa-pay/kassa/internal/api/openapi"
	"github.com/kassa-pay/kassa/internal/pay"
)

// guide is the page that newcomers read.
const guide = "api.md"

// TestGuide_LeavesNothingOut holds that the guide names every route, parameter, event, status,
// reason of a failure and error code that there is.
func TestGuide_LeavesNothingOut(t *testing.T) {
	g := apitest.ReadGuide(t, guide)
	g.Mentions(t, false, slices.Concat(checkout.Patterns(), checkout.Vocabulary())...)
	g.Mentions(t, true, slices.Concat(reasons(), codes(t))...)
}

// TestGuide_NamesNothingElse holds that every route in the guide exists.
func TestGuide_NamesNothingElse(t *testing.T) {
	patterns := checkout.Patterns()
	apitest.ReadGuide(t, guide).Keeps(t, len(patterns),
		"`((?:GET|POST|PUT|PATCH|DELETE) /v1/[^`]*)`", patterns)
}

// TestDescription_KnowsEveryWord compares what the code says with what the description allows, both
// ways: routes, parameters, events, statuses, reasons and error codes.
func TestDescription_KnowsEveryWord(t *testing.T) {
	d := apitest.Describe(t, openapi.Document())
	apitest.Same(t, "routes", checkout.Patterns(), d.Routes())
	for schema, names := range checkout.Bodies() {
		apitest.Same(t, schema, names, d.Members(schema))
	}
	apitest.Same(t, "webhooks", checkout.EventNames(), d.Events())
	for schema, names := range map[string][]string{
		"EventType": checkout.EventNames(), "PaymentStatus": checkout.PaymentWords(),
		"FailureCode": reasons(),
	} {
		apitest.Same(t, schema, names, d.Words(schema))
	}
	known := d.Words("ErrorCode")
	for _, code := range codes(t) {
		if !slices.Contains(known, code) {
			t.Errorf("ErrorCode does not know %s", code)
		}
	}
	apitest.ReadGuide(t, guide).Mentions(t, true, known...)
}

// reasons are the codes of why a payment failed.
func reasons() (codes []string) {
	for _, code := range pay.DeclineCodes() {
		codes = append(codes, string(code))
	}
	return codes
}

// codes are the error codes that the transcripts show.
func codes(t *testing.T) []string {
	t.Helper()
	return apitest.Shown(t, 20, `"type": "[a-z_]+_error",\n +"code": "([a-z_]+)"`)
}
