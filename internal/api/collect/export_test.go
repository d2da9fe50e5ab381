package collect

import (
	"github.com/kassa-pay/kassa/internal/api/apitest"
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
func Bodies() map[string][]string { return apitest.Members(bodies) }

// Documents lists the members of every answer by the name of its schema.
func Documents() map[string][]string {
	return apitest.Members(map[string]any{
		"Session": sessionDoc{}, "Payment": paymentDoc{}, "PaymentError": paymentError{},
		"Details": detailsDoc{}, "Refund": refundDoc{}, "Customer": customerDoc{},
		"PaymentMethod": methodDoc{}, "Mandate": mandateDoc{}, "Subscription": subscriptionDoc{},
		"WebhookEndpoint": endpointDoc{}, "Event": eventDoc{}, "Problem": problem{},
	})
}

// PaymentWords and SessionWords list the words that lists can be narrowed to.
func PaymentWords() []string { return wire.Words(paymentWords) }

// SessionWords lists the words for the states of a session.
func SessionWords() []string { return wire.Words(sessionWords) }

// MandateWords lists the words for the states of a mandate.
func MandateWords() []string { return wire.Words(mandateWords) }
