package server_test

import (
	"slices"
	"strings"
)

// A step is a row that is written, and the story of a buyer that leads there: its kind, or one of
// the kind.
type step struct {
	name, by  string
	table, op string
	when      string // of the row; "" for any
}

// steps are where the process dies, in the order of a payment's life.
var steps = slices.Concat(
	[]step{{"a session opens", "checkout", "session", "INSERT", "NEW.family = 'wpay'"}},
	money("an agreement for one payment", "once 0", "p.method = 'payto' AND NOT p.off_session"),
	agreed,
	money("a charge under an agreement", "ongoing 1", "p.method = 'payto' AND p.off_session"),
	money("a charge of a card", "series", "p.method = 'card' AND p.off_session"),
	money("a charge that fell due", "schedule", "p.occurrence IS NOT NULL"),
	money("a payment by card", "card", "p.method = 'card' AND NOT p.off_session"),
	money("a payment by phone", "phone 0", "p.method = 'mobile_money'"),
	money("a transfer", "transfer 0", "p.method = 'bank_transfer'"),
	brought, parted, amended, kept, told,
)

// money are the steps of every payment: our intent, the network's record of the money, the
// outcome. which says of which payments, whose rows it calls p.
func money(what, by, which string) []step {
	row := strings.ReplaceAll(which, "p.", "NEW.")
	return []step{
		{what + " is begun", by, "payment", "INSERT", row},
		{"the network takes " + what, by, "sim_entry", "INSERT", `NEW.kind = 'debit' AND EXISTS (
			SELECT 1 FROM payment p WHERE p.id = NEW.payment_id AND ` + which + `)`},
		{what + " is paid", by, "payment", "UPDATE",
			row + " AND NEW.state = 'paid' AND OLD.state <> 'paid'"},
	}
}

// agreed are the steps of an agreement at a bank, and of what comes to nothing.
var agreed = []step{
	{"the network writes down the agreement", "ongoing", "sim_agreement", "INSERT", ""},
	{"we learn that the payer is asked", "once", "payment", "UPDATE",
		"NEW.method = 'payto' AND NEW.state = 'action'"},
	{"the payer agrees at the bank", "checkout 2", "sim_agreement", "UPDATE",
		"NEW.state = 'active' AND OLD.state = 'pending'"},
	{"the payer declines at the bank", "once 2", "sim_agreement", "UPDATE",
		"NEW.state = 'cancelled' AND OLD.state = 'pending'"},
	{"the method of an agreement is saved", "ongoing", "method", "INSERT", "NEW.type = 'payto'"},
	{"a mandate of an agreement is saved", "checkout 2", "mandate", "INSERT",
		"NEW.currency = 'AUD'"},
	{"an agreement that was declined fails its payment", "once 2", "payment", "UPDATE",
		"NEW.method = 'payto' AND NEW.state = 'failed'"},
	{"a session completes", "checkout 2", "session", "UPDATE",
		"NEW.family = 'wpay' AND NEW.state = 'complete'"},
	{"a charge that fell due fails", "schedule 0", "payment", "UPDATE",
		"NEW.occurrence IS NOT NULL AND NEW.state = 'failed'"},
	{"a phone is asked", "phone", "sim_payment", "INSERT", "NEW.rail = 'momo'"},
	{"what the phone declined fails its payment", "phone 3", "payment", "UPDATE",
		"NEW.method = 'mobile_money' AND NEW.state = 'failed'"},
}

// brought are the steps of transfers that come in parts, or bring too much.
var brought = []step{
	{"the bank gives a transfer its reference", "transfer", "sim_payment", "INSERT",
		"NEW.rail = 'bank'"},
	{"a part of a transfer is booked", "transfer 1", "payment", "UPDATE",
		"NEW.state = 'underpaid' AND OLD.state <> 'underpaid'"},
	{"the rest of a transfer is booked", "transfer 1", "payment", "UPDATE",
		"NEW.state = 'paid' AND OLD.state = 'underpaid'"},
	{"too much of a transfer is booked", "transfer 2", "payment", "UPDATE",
		"NEW.state = 'overpaid' AND OLD.state <> 'overpaid'"},
	{"what a transfer brought is settled", "transfer 2", "payment", "UPDATE",
		"NEW.state = 'paid' AND OLD.state = 'overpaid'"},
	{"the bank sends the rest back", "transfer 3", "sim_refund", "INSERT", "NEW.rail = 'bank'"},
}

// parted are the steps of money that is held first, and sent back.
var parted = []step{
	{"a capture is begun", "held", "payment", "UPDATE", "NEW.capturing > 0 AND OLD.capturing = 0"},
	{"the network captures", "held", "sim_capture", "INSERT", ""},
	{"a capture is booked", "held", "payment", "UPDATE",
		"NEW.authorised > 0 AND NEW.captured > OLD.captured"},
	{"the network lets go", "held 1", "sim_payment", "UPDATE",
		"NEW.voided_at IS NOT NULL AND OLD.voided_at IS NULL"},
	{"what was let go is booked", "held 1", "payment", "UPDATE", "NEW.voided > OLD.voided"},
	{"a refund is begun", "held", "refund", "INSERT", ""},
	{"the network sends back", "ongoing", "sim_refund", "INSERT", ""},
	{"a refund is booked", "checkout 1", "refund", "UPDATE", "NEW.state = 'succeeded'"},
}

// amended are the steps of an agreement whose terms are changed, and of its end.
var amended = []step{
	{"an amendment is proposed", "ongoing 1", "mandate", "UPDATE",
		"NEW.proposal IS NOT NULL AND OLD.proposal IS NULL"},
	{"the network writes down an amendment", "ongoing 1", "sim_agreement", "UPDATE",
		"NEW.actions LIKE '%PEND%' AND OLD.actions NOT LIKE '%PEND%'"},
	{"the payer agrees to an amendment", "ongoing 1", "sim_agreement", "UPDATE",
		"NEW.actions LIKE '%CMPL%' AND OLD.actions LIKE '%PEND%'"},
	{"an amendment takes effect", "ongoing 1", "mandate", "UPDATE",
		"NEW.proposal IS NULL AND OLD.proposal IS NOT NULL AND NEW.terms <> OLD.terms"},
	{"the payer declines an amendment", "ongoing 3", "sim_agreement", "UPDATE",
		"NEW.actions LIKE '%DECL%' AND OLD.actions LIKE '%PEND%'"},
	{"an amendment comes to nothing", "ongoing 3", "mandate", "UPDATE",
		"NEW.proposal IS NULL AND OLD.proposal IS NOT NULL AND NEW.terms = OLD.terms"},
	{"an agreement is ended at the network", "ongoing 0", "sim_agreement", "UPDATE",
		"NEW.state = 'cancelled' AND OLD.state = 'active'"},
	{"a mandate ends", "ongoing 0", "mandate", "UPDATE", "NEW.state = 'canceled'"},
}

// kept are the steps of an account that is saved alone, in the protocol of checkout sessions.
var kept = []step{
	{"an account is saved without a payment", "saved 1", "payment", "UPDATE",
		"NEW.amount = 0 AND NEW.state = 'paid'"},
	{"a payment that its buyer watches is begun", "saved 1", "session", "INSERT",
		"NEW.family = 'wpay' AND NEW.series = 'next'"},
	{"the payer pauses an agreement", "saved 1", "sim_agreement", "UPDATE",
		"NEW.state = 'suspended' AND OLD.state = 'active'"},
	{"we learn that an agreement is paused", "saved 1", "mandate", "UPDATE",
		"NEW.state = 'paused' AND OLD.state = 'active'"},
	{"a payment under a paused agreement is rejected", "saved 1", "payment", "UPDATE",
		"NEW.state = 'failed' AND NEW.network_code = 'NACT'"},
	{"a paused instrument is cancelled", "saved 1", "mandate", "UPDATE",
		"NEW.state = 'canceled' AND OLD.state = 'paused'"},
	{"a session is given up", "saved 0", "session", "UPDATE", "NEW.state = 'canceled'"},
}

// told are the steps of what others tell us, and we tell others.
var told = []step{
	{"a notification comes in", "once", "inbox", "INSERT", ""},
	{"an event becomes a delivery", "once", "delivery", "INSERT", ""},
	{"a delivery is recorded", "once", "delivery_attempt", "INSERT", ""},
}
