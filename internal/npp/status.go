package npp

// Status is the platform's word for how a payment stands. Two of them are final; whatever else it
// says, now or in a later version, nobody knows yet whether money moves.
type Status string

// The statuses of a payment, as banks on the platform pass them on (ANZ Fileactive PayTo API 1.1.1,
// Monoova). Neither explains those that are not final: what they say below is our reading.
const (
	Settled Status = "ACSC" // final: money moved
	Refused Status = "RJCT" // final: none moved, for a Reason

	Received    Status = "RECV"
	Accepted    Status = "ACCP"
	Sent        Status = "SENT"
	Settling    Status = "ACSP"
	InProgress  Status = "INPR"
	Undelivered Status = "UNDV"
	Stored      Status = "SAFD"
	Pending     Status = "PDNG"
)

// Final reports whether nothing can follow the status.
func (s Status) Final() bool { return s == Settled || s == Refused }

// Says is what the status means, in a few words; those of an unknown one say that nothing is known.
func (s Status) Says() string {
	if says, ok := says[s]; ok {
		return says
	}
	return "A status of the network that says nothing final"
}

// Statuses lists the vocabulary: what comes before an answer, in the order of a payment's way, and
// then the answers.
func Statuses() []Status { return append([]Status(nil), statuses...) }

var statuses = []Status{
	Received, Accepted, Sent, Settling, InProgress, Undelivered, Stored, Pending, Settled, Refused,
}

var says = map[Status]string{
	Received:    "The network has the payment",
	Accepted:    "The agreement permits the payment",
	Sent:        "The payment is with the payer’s bank",
	Settling:    "The payer’s bank has accepted it and settles it",
	InProgress:  "The payer’s bank is still at work",
	Undelivered: "The payer’s bank could not be reached",
	Stored:      "Kept until the payer’s bank can be reached",
	Pending:     "Beyond the service level: the network asks the payer’s bank again",
	Settled:     "The money has moved",
	Refused:     "No money has moved",
}
