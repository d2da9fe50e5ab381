package momo

import (
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/rail/simnet"
)

// anyway is how long after its prompt ran out the money of a late payment comes.
const anyway = 3 * time.Minute

// The scenarios that the code itself asks for.
const (
	prompted    = "prompt" // of every number that asks for nothing else
	unavailable = string(pay.DeclineProviderDown)
	ported      = "other_network"
	unknown     = string(pay.DeclineNotRegistered)
)

// How the payer is asked.
var (
	onPhone = simnet.Asks{Action: pay.ActionApprove, TTL: PromptTTL}
	lost    = simnet.Asks{Action: pay.ActionApprove, TTL: PromptTTL, Lost: true}
	late    = simnet.Asks{Action: pay.ActionApprove, TTL: PromptTTL, Anyway: anyway}
	byCode  = simnet.Asks{Action: pay.ActionCode, TTL: CodeTTL}
)

var scenarios = append(simnet.Faults(), []simnet.Scenario{
	{Name: prompted, Asks: onPhone, Says: "Asks on the simulated phone and waits for the answer."},

	{Name: "approved", Says: "Succeeds at once."},
	{Name: "insufficient_funds", Decline: pay.DeclineInsufficientFunds,
		Says: "Declined at once: not enough money."},
	{Name: "declined_by_customer", Decline: pay.DeclineByPayer,
		Says: "Declined at once: the payer says no."},
	{Name: "prompt_lost", Asks: lost,
		Says: "The prompt never reaches the phone; declined as `prompt_expired` after 2 minutes."},
	{Name: "wrong_pin", Decline: pay.DeclineWrongPIN,
		Says: "Declined at once: the payer gets the PIN wrong three times."},
	{Name: "limit_exceeded", Decline: pay.DeclineLimitExceeded,
		Says: "Declined at once: over the wallet's limit."},
	{Name: "declined_after_prompt", Asks: onPhone, Decline: pay.DeclineInsufficientFunds,
		Says: "Asks on the phone; approving ends in `insufficient_funds`."},
	{Name: ported,
		Says: "Not registered with the network of its prefix; asks on the phone at the others."},
	{Name: unknown, Decline: pay.DeclineNotRegistered,
		Says: "Registered with none of the networks."},
	{Name: unavailable, Decline: pay.DeclineProviderDown,
		Says: "Declined at once: the network is out of order."},

	{Name: "one_time_code", Asks: byCode, Alone: prompted,
		Says: "Sends a one-time code to the phone; the payer types it on the payment page."},
	{Name: "declined_after_code", Asks: byCode, Decline: pay.DeclineInsufficientFunds,
		Says: "Sends a one-time code; typing it ends in `insufficient_funds`."},

	{Name: "late_declined", After: simnet.LateAfter, Decline: pay.DeclineInsufficientFunds,
		Says: "Declined after 30 seconds."},
	{Name: "paid_after_time_out", Asks: late,
		Says: "Asks on the phone; if nobody answers, it is declined after 2 minutes, " +
			"and 3 minutes later the money comes all the same."},

	{Name: "refund_slow", Refund: simnet.RefundSlow,
		Says: "Succeeds at once; a refund takes 30 seconds."},
	{Name: "refund_fails", Refund: simnet.RefundFails,
		Says: "Succeeds at once; a refund looks good for 30 seconds and then fails."},
}...)

// magic is the table of endings, in the order of docs/test-values.md.
var magic = [][2]string{
	{"0000", "approved"},
	{"0001", "insufficient_funds"},
	{"0002", "declined_by_customer"},
	{"0003", "prompt_lost"},
	{"0004", "wrong_pin"},
	{"0005", "limit_exceeded"},
	{"0006", "declined_after_prompt"},
	{"0007", ported},
	{"0008", unknown},
	{"0009", unavailable},

	{"0010", "one_time_code"},
	{"0011", "declined_after_code"},

	{"0020", "late_approved"},
	{"0021", "late_declined"},
	{"0022", "paid_after_time_out"},
	{"0023", "late_notified_twice"},
	{"0024", "notified_first"},
	{"0025", "notified_out_of_order"},
	{"0026", "never_notified"},
	{"0027", "reply_lost"},
	{"0028", "never_arrived"},
	{"0029", "stuck"},
	{"0030", "wrong_amount"},

	{"0040", "refund_slow"},
	{"0041", "refund_fails"},
}

// catalogue has all of them.
var catalogue = simnet.NewCatalogue(scenarios, magic)

// story is what the networks make of a payer who does not agree.
var story = simnet.Story{
	Scenarios: catalogue.ByName, Plain: catalogue.ByName[prompted],
	OnReject: pay.DeclineByPayer, OnTimeOut: pay.DeclinePromptExpired,
	OnWrong: map[pay.ActionKind]pay.DeclineCode{
		pay.ActionApprove: pay.DeclineWrongPIN, pay.ActionCode: pay.DeclineWrongCode,
	},
}

// endingDigits is how many of a number's last digits decide.
const endingDigits = 4

// scenarioOf returns how the networks treat a wallet.
func scenarioOf(w pay.Mobile) *simnet.Scenario {
	ending := w.Phone[max(0, len(w.Phone)-endingDigits):]
	known, ok := catalogue.ByValue[ending]
	switch {
	case !ok:
		return catalogue.ByName[prompted]
	case known.Name == ported && w.Provider == pay.ProviderOf(w.Phone):
		return catalogue.ByName[unknown]
	case known.Name == ported:
		return catalogue.ByName[prompted]
	}
	return known
}
