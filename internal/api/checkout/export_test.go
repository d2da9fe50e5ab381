package checkout

import (
	"github.com/kassa-pay/kassa/internal/api/apitest"
	"github.com/kassa-pay/kassa/internal/api/wire"
)

// Patterns lists the routes as the mux knows them.
func Patterns() []string {
	var patterns []string
	for _, r := range (&API{}).routes() {
		patterns = append(patterns, r.method+" "+r.path)
	}
	return patterns
}

// bodies are the inputs by the name of their schema in the API description.
var bodies = map[string]any{
	"NewSession": sessionInput{}, "NewPayment": paymentInput{}, "Capture": captureInput{},
	"Code": confirmInput{}, "Settlement": settleInput{}, "NewRefund": refundInput{},
	"CustomerFields": customerInput{}, "NewWebhook": endpointInput{},
	"WebhookFields": endpointPatch{}, "Attempt": payInput{}, "Method": methodInput{},
	"SentTransfer": transferInput{}, "RailFields": railInput{}, "Advance": clockInput{},
	"Empty": bare{}, "Nothing": nothing{}, "NewMandate": mandateInput{}, "Bounds": boundsInput{},
	"Recurrence": recurrenceInput{}, "PeriodLimits": periodInput{}, "NewSchedule": scheduleInput{},
	"NextCharge": rehearsalInput{}, "Account": accountInput{},
	"Amendment": amendInput{},
}

// Bodies lists the parameters of every body by the name of its schema.
func Bodies() map[string][]string { return apitest.Members(bodies) }

// EventNames lists the names of the events.
func EventNames() []string { return knownEvents() }

// PaymentWords lists the words for the states of a payment.
func PaymentWords() []string { return wire.Words(paymentWords) }

// Vocabulary lists, as the guide writes them, the parameters of every body, the names of the
// events, the words for states and the codes with an answer of their own.
func Vocabulary() []string {
	var words []string
	for schema, names := range Bodies() {
		for _, name := range names {
			if schema == "Method" {
				name = "payment_method." + name
			}
			words = append(words, name)
		}
	}
	words = append(words, knownEvents()...)
	for word := range paymentWords {
		words = append(words, word)
	}
	for _, t := range transactionTypes {
		words = append(words, string(t))
	}
	for word := range sessionWords {
		words = append(words, word)
	}
	for code := range statuses.Codes {
		words = append(words, code)
	}
	for _, d := range documented {
		words = append(words, d.code)
	}
	for i := range words {
		words[i] = "`" + words[i] + "`"
	}
	return words
}
