package pay

import "time"

// ObjectKind names the noun an event is about.
type ObjectKind string

// The nouns that have events.
const (
	ObjectSession  ObjectKind = "session"
	ObjectPayment  ObjectKind = "payment"
	ObjectRefund   ObjectKind = "refund"
	ObjectCustomer ObjectKind = "customer"
	ObjectEndpoint ObjectKind = "endpoint"
	ObjectMethod   ObjectKind = "method"
	ObjectMandate  ObjectKind = "mandate"
)

// Event records one change of one object, written in the transaction of the change. The table of
// events is the outbox: deliveries are made from it.
type Event struct {
	ID         string
	MerchantID string
	Mode       Mode
	// Type is the noun and the state it reached: "session.complete", "payment.paid".
	Type string
	Kind ObjectKind
	// ObjectID and Sequence order the events of one object; Sequence is the object's version.
	ObjectID string
	Sequence int64
	// Family is the protocol the object was made through.
	Family string
	// Data is the object as it was after the change: our own JSON of the noun.
	Data []byte
	// RequestID and IdempotencyKey name the API request that caused it; "" when nobody asked.
	RequestID      string
	IdempotencyKey string
	// Target limits the event to one endpoint: a test event of that endpoint.
	Target string
	// Hook is an endpoint that gets the event besides those that want it; "" for none.
	Hook string
	// Sent is set when nobody has a name for the event: there is nothing to fan out.
	Sent      bool
	CreatedAt time.Time
	// Pending counts the deliveries still to be made; filled on reading.
	Pending int64
}

// Letter is one message that a family makes of an event.
type Letter struct {
	// ID is what a receiver tells repeats by: the event's own, or another if a family makes more
	// than one message of the event.
	ID   string
	Name string // the family's name of the message
	Body []byte
	// Chain is the object whose messages to one endpoint go one after the other; "" for the event's
	// own.
	Chain string
}

// Endpoint is an address of the merchant that events are sent to.
type Endpoint struct {
	ID          string
	MerchantID  string
	Mode        Mode
	Family      string
	URL         string
	Description string
	Events      []string // the family's names; "*" for all
	Enabled     bool
	// Hook: it gets the events of the objects that name it and no others, and is not listed.
	Hook bool
	// Secret is the sealed signing secret; Previous, until PreviousUntil, the one before it.
	Secret         []byte
	Previous       []byte
	PreviousUntil  time.Time
	DisabledReason string
	// FailingSince is when the present row of failures began; zero when the last attempt succeeded.
	FailingSince time.Time
	Version      int64
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// DeliveryState is where the sending of one event to one endpoint stands.
type DeliveryState string

// The states of a delivery.
const (
	DeliveryPending   DeliveryState = "pending"
	DeliverySucceeded DeliveryState = "succeeded"
	DeliveryFailed    DeliveryState = "failed" // the ladder is used up, or the endpoint is gone
)

// Delivery is one event on its way to one endpoint.
type Delivery struct {
	ID         string
	MerchantID string
	Mode       Mode
	EndpointID string
	EventID    string // of the letter
	Type       string // the family's event name
	ObjectID   string
	Sequence   int64
	State      DeliveryState
	Attempts   int64
	// NextAttemptAt is in server time: webhooks travel in the real world.
	NextAttemptAt time.Time
	// Lease is the fencing token of the node that sends it now; "" when nobody does.
	Lease     string
	CreatedAt time.Time
	UpdatedAt time.Time
	// Log is filled on reading one delivery or a page of them.
	Log []DeliveryAttempt
}

// DeliveryAttempt is one try of a delivery. The receiver's answer is kept as status, size and time
// alone.
type DeliveryAttempt struct {
	Number   int64
	At       time.Time
	Status   int64         // HTTP status; 0 when there was no answer
	Duration time.Duration // kept in microseconds
	Size     int64         // bytes of the answer that were read
	Error    string        // our own word for what went wrong; "" on success
}
