package card

import (
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

// How long things take in the scenarios that take time, in the merchant's clock.
const (
	lateAfter   = 30 * time.Second // a late decision, a slow refund
	stuckAfter  = 48 * time.Hour   // longer than the network promises to need
	reorderedBy = 5 * time.Second  // between two notifications in the wrong order
)

// scenario is how the network treats a payment. The zero scenario approves at once.
type scenario struct {
	name string
	// says is the sentence of docs/test-values.md.
	says string
	// decline is why the issuer says no; empty when it says yes.
	decline pay.DeclineCode
	// after is how long the decision takes; zero is at once.
	after time.Duration
	// challenge: the issuer asks the payer first.
	challenge bool
	reply     replyKind
	notice    noticeKind
	// excess is added to the amount that was asked for.
	excess int64
	refund refundKind
}

// replyKind says what becomes of the answer to Start.
type replyKind uint8

const (
	replied      replyKind = iota
	replyLost              // the payment arrives, the answer does not
	neverArrives           // nothing arrives
)

// noticeKind says how the network tells of a late decision.
type noticeKind uint8

const (
	noticeOnce noticeKind = iota
	noticeTwice
	noticeFirst     // before the reply to Start
	noticeReordered // the earlier state after the later one
	noticeNever
)

// refundKind says how the network sends money back.
type refundKind uint8

const (
	refundNow refundKind = iota
	refundSlow
	refundFails
)

// approved is the scenario of every number that asks for nothing else.
const approved = "approved"

var scenarios = []scenario{
	{name: approved, says: "Succeeds."},

	declines(pay.DeclineGeneric, "Declined without a reason."),
	declines(pay.DeclineInsufficientFunds, "Declined: not enough money."),
	declines(pay.DeclineLostCard, "Declined: reported lost."),
	declines(pay.DeclineStolenCard, "Declined: reported stolen."),
	declines(pay.DeclineExpiredCard, "Declined: the issuer says the card has expired."),
	declines(pay.DeclineIncorrectCVC, "Declined: the issuer does not accept the security code."),
	declines(pay.DeclineProcessingError, "Declined: the issuer had a technical problem."),
	declines(pay.DeclineLimitExceeded, "Declined: over the card's limit."),
	declines(pay.DeclineFraud, "Declined: the issuer suspects fraud."),
	declines(pay.DeclineNotPermitted, "Declined: the card may not be used for this."),

	{name: "3ds_frictionless", says: "The issuer authenticates the payer unseen; succeeds."},
	{name: "3ds_challenge", challenge: true,
		says: "The payer is sent to the issuer; approving succeeds, declining fails."},
	{name: "3ds_then_declined", challenge: true, decline: pay.DeclineGeneric,
		says: "The payer is sent to the issuer; approving ends in a decline all the same."},
	{name: "3ds_failed", challenge: true, decline: pay.DeclineAuthentication,
		says: "The payer is sent to the issuer; authentication fails whatever the payer does."},
	{name: "3ds_unavailable", decline: pay.DeclineAuthentication,
		says: "The issuer cannot be reached for authentication, which this card needs."},

	{name: "late_approved", after: lateAfter, says: "Succeeds after 30 seconds."},
	{name: "late_declined", after: lateAfter, decline: pay.DeclineGeneric,
		says: "Declined after 30 seconds."},
	{name: "late_notified_twice", after: lateAfter, notice: noticeTwice,
		says: "Succeeds after 30 seconds; the notification comes twice."},
	{name: "notified_first", notice: noticeFirst,
		says: "Succeeds; the notification comes before the reply."},
	{name: "notified_out_of_order", after: lateAfter, notice: noticeReordered,
		says: "Succeeds after 30 seconds; an older notification comes after the newer one."},
	{name: "never_notified", after: lateAfter, notice: noticeNever,
		says: "Succeeds after 30 seconds; nobody is told."},
	{name: "reply_lost", reply: replyLost, notice: noticeNever,
		says: "Succeeds, but the reply is lost: the outcome is unknown until the network is asked."},
	{name: "never_arrived", reply: neverArrives,
		says: "The request is lost: the network never hears of the payment."},
	{name: "stuck", after: stuckAfter, reply: replyLost, notice: noticeNever,
		says: "Unknown for 48 hours, longer than the network promises; then it succeeds."},
	{name: "wrong_amount", excess: 1,
		says: "Takes one minor unit more than it was asked to, so a person must look."},

	{name: "refund_slow", refund: refundSlow,
		says: "Succeeds; a refund takes 30 seconds."},
	{name: "refund_fails", refund: refundFails,
		says: "Succeeds; a refund looks good for 30 seconds and then fails."},
}

func declines(code pay.DeclineCode, says string) scenario {
	return scenario{name: string(code), says: says, decline: code}
}

// magic is the table of numbers, in the order of docs/test-values.md. Any other number succeeds.
var magic = []struct{ number, scenario string }{
	{"4242424242424242", approved},
	{"5555555555554444", approved},
	{"378282246310005", approved},
	{"6011111111111117", approved},
	{"3056930009020004", approved},
	{"3566002020360505", approved},
	{"6200000000000005", approved},

	{"4000000000000002", string(pay.DeclineGeneric)},
	{"4000000000009995", string(pay.DeclineInsufficientFunds)},
	{"4000000000009987", string(pay.DeclineLostCard)},
	{"4000000000009979", string(pay.DeclineStolenCard)},
	{"4000000000000069", string(pay.DeclineExpiredCard)},
	{"4000000000000127", string(pay.DeclineIncorrectCVC)},
	{"4000000000000119", string(pay.DeclineProcessingError)},
	{"4000000000006975", string(pay.DeclineLimitExceeded)},
	{"4100000000000019", string(pay.DeclineFraud)},
	{"4000000000000150", string(pay.DeclineNotPermitted)},

	{"4000000000003055", "3ds_frictionless"},
	{"4000002500003155", "3ds_challenge"},
	{"4000000000003220", "3ds_challenge"},
	{"4000008400001629", "3ds_then_declined"},
	{"4000000000003352", "3ds_failed"},
	{"4000008400001280", "3ds_unavailable"},

	{"4000000000101008", "late_approved"},
	{"4000000000102006", "late_declined"},
	{"4000000000103004", "late_notified_twice"},
	{"4000000000104002", "notified_first"},
	{"4000000000105009", "notified_out_of_order"},
	{"4000000000106007", "never_notified"},
	{"4000000000107005", "reply_lost"},
	{"4000000000108003", "never_arrived"},
	{"4000000000109001", "stuck"},
	{"4000000000110009", "wrong_amount"},

	{"4000000000007726", "refund_slow"},
	{"4000000000005126", "refund_fails"},
}

var (
	byName   = indexScenarios()
	byNumber = indexNumbers()
)

func indexScenarios() map[string]*scenario {
	m := map[string]*scenario{}
	for i := range scenarios {
		m[scenarios[i].name] = &scenarios[i]
	}
	return m
}

func indexNumbers() map[string]*scenario {
	m := map[string]*scenario{}
	for _, row := range magic {
		m[row.number] = byName[row.scenario]
	}
	return m
}

// scenarioOf returns how the network treats a card.
func scenarioOf(digits string) *scenario {
	if s, ok := byNumber[digits]; ok {
		return s
	}
	return byName[approved]
}

// scenarioNamed returns the scenario of a stored payment. A name that an older version wrote and
// this one does not know is treated as the plainest.
func scenarioNamed(name string) *scenario {
	if s, ok := byName[name]; ok {
		return s
	}
	return byName[approved]
}
