package card

import (
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/rail/simnet"
)

// approved is the scenario of every number that asks for nothing else.
const approved = "approved"

// challenge is 3-D Secure: the payer goes to the issuer's page and comes back.
var challenge = simnet.Asks{Action: pay.ActionRedirect, TTL: ChallengeTTL}

var scenarios = append(simnet.Faults(), []simnet.Scenario{
	{Name: approved, Says: "Succeeds."},

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

	{Name: "3ds_frictionless", Says: "The issuer authenticates the payer unseen; succeeds."},
	{Name: "3ds_challenge", Asks: challenge, Alone: approved,
		Says: "The payer is sent to the issuer; approving succeeds, declining fails."},
	{Name: "3ds_then_declined", Asks: challenge, Decline: pay.DeclineGeneric,
		Says: "The payer is sent to the issuer; approving ends in a decline all the same."},
	{Name: "3ds_failed", Asks: challenge, Decline: pay.DeclineAuthentication,
		Says: "The payer is sent to the issuer; authentication fails whatever the payer does."},
	{Name: "3ds_unavailable", Decline: pay.DeclineAuthentication,
		Says: "The issuer cannot be reached for authentication, which this card needs."},

	{Name: "late_declined", After: simnet.LateAfter, Decline: pay.DeclineGeneric,
		Says: "Declined after 30 seconds."},

	{Name: "declined_later", Later: string(pay.DeclineGeneric),
		Says: "Succeeds and is saved; every later charge is declined as `card_declined`."},
	{Name: "funds_later", Later: string(pay.DeclineInsufficientFunds),
		Says: "Succeeds and is saved; every later charge is declined as `insufficient_funds`."},
	{Name: "3ds_always", Asks: challenge,
		Says: "The payer is sent to the issuer every time; without the payer, a charge is " +
			"declined as `authentication_required`."},

	{Name: "refund_slow", Refund: simnet.RefundSlow,
		Says: "Succeeds; a refund takes 30 seconds."},
	{Name: "refund_fails", Refund: simnet.RefundFails,
		Says: "Succeeds; a refund looks good for 30 seconds and then fails."},
}...)

func declines(code pay.DeclineCode, says string) simnet.Scenario {
	return simnet.Scenario{Name: string(code), Says: says, Decline: code}
}

// magic is the table of numbers, in the order of docs/test-values.md. Any other number succeeds.
var magic = [][2]string{
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

	{"4000000000000341", "declined_later"},
	{"4000000000111007", "funds_later"},
	{"4000002760003184", "3ds_always"},

	{"4000000000007726", "refund_slow"},
	{"4000000000005126", "refund_fails"},
}

// catalogue has all of them.
var catalogue = simnet.NewCatalogue(scenarios, magic)

// scenarioOf returns how the network treats a card.
func scenarioOf(digits string) *simnet.Scenario {
	if s, ok := catalogue.ByValue[digits]; ok {
		return s
	}
	return catalogue.ByName[approved]
}
