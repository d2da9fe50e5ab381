package wpay

import (
	"maps"
	"slices"

	"github.com/kassa-pay/kassa/internal/api/apitest"
)

// Patterns lists the routes as the mux knows them, below the first prefix.
func Patterns() (patterns []string) {
	for _, r := range (&API{}).routes() {
		patterns = append(patterns, r.method+" /merchants/{merchantId}"+r.path)
	}
	return patterns
}

// EventNames lists the names of the events.
func EventNames() []string {
	return []string{
		eventCreated, eventCancelled, eventCompleted, eventRejected, eventRefunded, eventRefused,
	}
}

// Bodies lists the members of every body by the name of its schema in the API description.
func Bodies() map[string][]string {
	return apitest.Members(map[string]any{
		"NewSession": sessionInput{}, "NewBuyer": buyerInput{}, "NewInstrument": instrumentInput{},
		"NewPayment": paymentInput{}, "NewRefund": refundInput{}, "Cancel": cancelInput{},
		"PaymentSimulation": simulationInput{}, "InstrumentSimulation": simulationInput{},
		"RefundSimulation": simulationInput{}, "Empty": struct{}{},
	})
}

// Documents lists the members of every answer and event by the name of its schema.
func Documents() map[string][]string {
	return apitest.Members(map[string]any{
		"CreatedSession": createdDoc{}, "Session": sessionDoc{}, "Buyer": buyerDoc{},
		"Instrument": instrumentDoc{}, "Wallet": walletDoc{}, "Payment": paymentDoc{},
		"Refund": refundDoc{}, "Reason": reasonDoc{}, "WebhookSecret": secretDoc{},
		"Problem": problem{}, "Event": eventDoc{}, "EventReason": reasonPayload{},
		"InstrumentCreated": createdPayload{}, "InstrumentCancelled": cancelledPayload{},
		"PaymentCompleted": completedPayload{}, "PaymentRejected": rejectedPayload{},
		"RefundCompleted": refundedPayload{}, "RefundRejected": refusedPayload{},
	})
}

// Words lists those for types, statuses and what can be simulated, by the name of their schema.
func Words() map[string][]string {
	all := map[string][]string{
		"EventType":        EventNames(),
		"SessionType":      {string(typeCheckout), string(typeInstrument), string(typePayment)},
		"SessionStatus":    {sessionCreated, sessionLaunched, sessionCompleted, sessionExpired},
		"InstrumentType":   {string(oneOff), string(ongoing)},
		"InstrumentStatus": {instrumentPending, instrumentActive, instrumentPaused, instrumentCancelled},
		"PaymentStatus":    {statusProcessing, statusCompleted, statusRejected},
		"LabelType":        {labelPayID, labelBBAN},
	}
	for schema, of := range map[string]*subject{
		"PaymentScenario": &paymentSubject, "InstrumentScenario": &instrumentSubject,
		"RefundScenario": &refundSubject,
	} {
		all[schema] = slices.Collect(maps.Keys(of.words))
	}
	return all
}
