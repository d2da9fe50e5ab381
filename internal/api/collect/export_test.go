package collect

import (
	"reflect"
	"slices"
	"strings"

	"github.com/kassa-pay/kassa/internal/api/wire"
)

// Patterns lists the routes as the mux knows them.
func Patterns() (patterns []string) {
	for _, r := range (&API{}).routes() {
		patterns = append(patterns, r.method+" "+r.path)
	}
	return patterns
}

// EventNames lists the names of the events.
func EventNames() []string { return knownEvents() }

// bodies are the inputs by the name of their schema in the API description.
var bodies = map[string]any{
	"NewSession": sessionInput{}, "Options": optionsInput{}, "NewSessionCustomer": customerOption{},
	"CheckoutOptions": checkoutOptions{}, "PresentationMode": presentationMode{},
	"PaymentMethodOptions": methodOptions{}, "CardOptions": cardOptions{},
	"MandateOptions": mandateInput{}, "Recurrence": recurrenceInput{}, "RecurrenceOn": onInput{},
	"Installments": installmentInput{}, "PeriodLimits": limitsInput{}, "Window": windowInput{},
	"Anchor": anchorInput{}, "Dates": dates{}, "SubscriptionOptions": subscriptionInput{},
	"Capture": captureInput{}, "Void": voidInput{}, "NewRefund": refundInput{},
	"NewCustomer": customerInput{}, "NewWebhookEndpoint": endpointInput{}, "Empty": nothing{},
}

// Bodies lists the members of every body by the name of its schema.
func Bodies() map[string][]string {
	all := map[string][]string{}
	for schema, in := range bodies {
		all[schema] = members(reflect.TypeOf(in))
	}
	return all
}

// Documents lists the members of every answer by the name of its schema.
func Documents() map[string][]string {
	all := map[string][]string{}
	for schema, doc := range map[string]any{
		"Session": sessionDoc{}, "Payment": paymentDoc{}, "PaymentError": paymentError{},
		"Details": detailsDoc{}, "Refund": refundDoc{}, "Customer": customerDoc{},
		"PaymentMethod": methodDoc{}, "Mandate": mandateDoc{}, "Subscription": subscriptionDoc{},
		"WebhookEndpoint": endpointDoc{}, "Event": eventDoc{}, "Problem": problem{},
	} {
		all[schema] = members(reflect.TypeOf(doc))
	}
	return all
}

func members(t reflect.Type) (names []string) {
	for f := range t.Fields() {
		if f.Anonymous {
			names = append(names, members(f.Type)...)
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// PaymentWords and SessionWords list the words that lists can be narrowed to.
func PaymentWords() []string { return wire.Words(paymentWords) }

// SessionWords lists the words for the states of a session.
func SessionWords() []string { return wire.Words(sessionWords) }

// MandateWords lists the words for the states of a mandate.
func MandateWords() []string { return wire.Words(mandateWords) }
