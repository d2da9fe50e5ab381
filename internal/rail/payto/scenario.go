package payto

import (
	"strings"
	"time"

	"github.com/kassa-pay/kassa/internal/npp"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/payid"
	"github.com/kassa-pay/kassa/internal/rail/simnet"
)

// How long things take, in the merchant's clock.
const (
	AnswerTTL   = 120 * time.Hour  // the scheme's limit for an agreement that nobody answers
	SettleAfter = 3 * time.Second  // an ordinary payment
	LongAfter   = 40 * time.Hour   // how long the network asks a silent bank again
	TurnAfter   = 60 * time.Second // until a bank does something about an agreement by itself
)

// The scenarios that the code itself asks for.
const (
	ordinary = "payto"    // of every account that asks for nothing else
	settled  = "settled"  // a payment under an agreement
	approved = "approved" // all at once
	mandate  = "agreement_only"
	slow     = "processing_later" // a payment that the bank is silent about

	cancelled = "cancelled" // a payment under an agreement that was cancelled
)

// How the payer is asked.
var (
	inApp = simnet.Asks{Action: pay.ActionApprove, TTL: AnswerTTL, AtBank: true}
	lost  = simnet.Asks{Action: pay.ActionApprove, TTL: AnswerTTL, AtBank: true, Lost: true}
)

// turns returns what a bank does by itself, once.
func turns(to pay.AgreementState, code string) []simnet.Turn {
	return []simnet.Turn{{After: TurnAfter, To: to, Code: code}}
}

var scenarios = []simnet.Scenario{
	{Name: ordinary, Asks: inApp, After: SettleAfter, Later: settled,
		Says: "Waits for the payer in the bank's app; a payment settles after 3 seconds."},
	{Name: settled, After: SettleAfter},
	{Name: mandate, Asks: inApp, Later: settled},

	{Name: approved, Says: "Agreed and paid at once."},
	{Name: "refused", Refuses: true, Code: codeByPayer,
		Says: "The payer declines at once (`MD16`)."},
	{Name: "not_eligible", Refuses: true, Code: "MD09",
		Says: "The bank refuses: the account is not eligible (`MD09`)."},
	{Name: "closed_account", Refuses: true, Code: "AC05",
		Says: "The bank refuses: the account is closed (`AC05`)."},
	{Name: "account_type", Refuses: true, Code: "AC13",
		Says: "The bank refuses: the account cannot be debited (`AC13`)."},
	{Name: "unknown", Refuses: true, Code: codeAliasUnknown,
		Says: "The PayID belongs to nobody (`ZPUNP07`)."},
	{Name: "directory_down", Refuses: true, Code: codeAliasService,
		Says: "PayIDs cannot be looked up (`ZPUNP06`)."},
	{Name: "no_payto", Refuses: true, Code: codeNoPayTo,
		Says: "The bank does not offer PayTo (`ZPUNP01`)."},
	{Name: "suspected", Refuses: true, Code: "MD21",
		Says: "The bank suspects fraud behind the agreement (`MD21`)."},
	{Name: "unanswered", Asks: lost, Later: settled,
		Says: "The request never appears in the bank's app; it runs out (`NOAS`)."},

	{Name: "asked_then_paid", Asks: inApp, Later: approved,
		Says: "Waits for the payer; then the payment settles at once."},
	{Name: "no_funds", Asks: inApp, After: SettleAfter, Code: codeFunds, Later: "no_funds_later",
		Says: "Waits for the payer; payments are rejected for lack of money (`AM04`)."},
	{Name: "no_funds_later", After: SettleAfter, Code: codeFunds},
	{Name: "blocked", Asks: inApp, After: SettleAfter, Code: "AC06", Later: settled,
		Says: "Waits for the payer; the payment is rejected, the account is blocked (`AC06`)."},
	{Name: "over_limit", Asks: inApp, After: SettleAfter, Code: "AM21", Later: settled,
		Says: "Waits for the payer; the payment is over the payer's limit (`AM21`)."},
	{Name: "settlement_timeout", Asks: inApp, After: SettleAfter, Code: "AB03", Later: settled,
		Says: "Waits for the payer; the settlement times out (`AB03`)."},
	{Name: "fraud", Asks: inApp, After: SettleAfter, Code: "FRAD", Later: settled,
		Says: "Waits for the payer; the payment is taken for fraud (`FRAD`)."},
	{Name: "every_status", Asks: inApp, After: 8 * statusFor, Course: everyStatus,
		Later: "every_status_later",
		Says:  "Waits for the payer; every status before an answer for 5 seconds each, then paid."},
	{Name: "every_status_later", After: 8 * statusFor, Course: everyStatus},
	{Name: "new_status", Asks: inApp, After: simnet.LateAfter, Later: settled,
		Course: []simnet.Stage{{Status: newStatus}},
		Says:   "Waits for the payer; a status that nobody knows (`XPRG`) for 30 seconds, then paid."},

	{Name: "late_approved", After: simnet.LateAfter,
		Says: "Agreed at once; the payment settles after 30 seconds."},
	{Name: "late_declined", After: simnet.LateAfter, Code: codeFunds,
		Says: "Agreed at once; the payment is rejected after 30 seconds (`AM04`)."},
	{Name: "reply_lost", Reply: simnet.ReplyLost, Notice: simnet.NoticeNever,
		Says: "Agreed and paid, but the reply is lost."},
	{Name: "never_arrived", Reply: simnet.NeverArrives,
		Says: "The request is lost: the network never hears of it."},
	{Name: "processing", Asks: inApp, After: LongAfter, Later: slow,
		Says: "Waits for the payer; the payment is in process for 40 hours, then settles."},
	{Name: slow, After: LongAfter},
	{Name: "processing_fails", Asks: inApp, After: LongAfter, Code: "AB04", Later: settled,
		Says: "Waits for the payer; in process for 40 hours, then rejected (`AB04`)."},
	{Name: "told_twice", After: simnet.LateAfter, Notice: simnet.NoticeTwice,
		Says: "As `late_approved`; the notification comes twice."},
	{Name: "told_first", Notice: simnet.NoticeFirst,
		Says: "As `approved`; the notification comes before the reply."},
	{Name: "told_never", Asks: inApp, After: SettleAfter, Notice: simnet.NoticeNever,
		Later: settled, Says: "As any other, but nobody is told of anything."},

	{Name: "no_funds_next", Asks: inApp, After: SettleAfter, Later: "no_funds_later",
		Says: "The first payment settles; every later one is rejected (`AM04`)."},
	{Name: "renamed", Asks: inApp, After: SettleAfter, Later: "renamed_later",
		Says: "The first payment settles; then the PayID changes its name (`AC02`)."},
	{Name: "renamed_later", After: SettleAfter, Code: codeRenamed},
	{Name: "bank_suspends", Asks: inApp, After: SettleAfter, Later: settled,
		Turns: turns(pay.AgreementSuspended, codeByPayer),
		Says:  "The payer pauses the agreement a minute after it became active (`MD16`)."},
	{Name: "bank_cancels", Asks: inApp, After: SettleAfter, Later: settled,
		Turns: turns(pay.AgreementCancelled, codeByPayer),
		Says:  "The payer cancels the agreement a minute after it became active (`MD16`)."},
	{Name: "account_closes", Asks: inApp, After: SettleAfter, Later: settled,
		Turns: turns(pay.AgreementCancelled, "AC04"),
		Says:  "The account is closed a minute after the agreement became active (`AC04`)."},
	{Name: "bank_ports", Asks: inApp, After: SettleAfter, Later: settled, Turns: turns("", ""),
		Says: "The account gets another BSB a minute after the agreement became active."},

	{Name: "refund_slow", Refund: simnet.RefundSlow,
		Says: "Agreed and paid at once; a refund takes 30 seconds."},
	{Name: "refund_fails", Refund: simnet.RefundFails,
		Says: "Agreed and paid at once; a refund fails after 30 seconds (`AC07`)."},
	{Name: "refund_gone", Refund: simnet.RefundGone,
		Says: "Agreed and paid at once; a refund finds nobody (`ZPUNP08`)."},
}

// magic is the table of endings, in the order of docs/test-values.md.
var magic = []struct{ ending, scenario string }{
	{"0000", approved},
	{"0001", "refused"},
	{"0002", "not_eligible"},
	{"0003", "closed_account"},
	{"0004", "account_type"},
	{"0005", "unknown"},
	{"0006", "directory_down"},
	{"0007", "no_payto"},
	{"0008", "suspected"},
	{"0009", "unanswered"},

	{"0010", "asked_then_paid"},
	{"0011", "no_funds"},
	{"0012", "blocked"},
	{"0013", "over_limit"},
	{"0014", "settlement_timeout"},
	{"0015", "fraud"},
	{"0016", "every_status"},
	{"0017", "new_status"},

	{"0020", "late_approved"},
	{"0021", "late_declined"},
	{"0022", "reply_lost"},
	{"0023", "never_arrived"},
	{"0024", "processing"},
	{"0025", "processing_fails"},
	{"0026", "told_twice"},
	{"0027", "told_first"},
	{"0028", "told_never"},

	{"0030", "no_funds_next"},
	{"0031", "renamed"},
	{"0032", "bank_suspends"},
	{"0033", "bank_cancels"},
	{"0034", "account_closes"},
	{"0035", "bank_ports"},

	{"0040", "refund_slow"},
	{"0041", "refund_fails"},
	{"0042", "refund_gone"},
}

// amounts are the sums, in cents, that decide how an ordinary payment ends, in the order of
// docs/test-values.md.
var amounts = []struct {
	minor int64
	code  string
}{
	{88_802, "AC02"}, {88_804, codeFunds}, {88_805, "AC05"}, {88_806, "AC06"}, {88_808, "AB08"},
	{88_810, "FF10"}, {88_821, "AM21"},
}

// bank is one that stands behind BSBs, by their first two digits. most is the largest payment that
// it makes for a customer, in cents; 0: as much as the network takes.
type bank struct {
	name, prefixes string
	most           int64
}

// bankMost is what many banks let a customer pay at once.
const bankMost = 25_000_00

// banks are all there are. The last one has what no other has.
var banks = []bank{
	{"wattle", "01 08 73", bankMost}, {"banksia", "03 06 76", bankMost},
	{"kurrajong", "11 18 63 80", bankMost}, {"gumtree", "", 0},
}

// The BSBs that no ordinary bank has.
const (
	bsbNowhere = "100000"
	bsbNoPayTo = "100001"
)

var (
	byName   = indexScenarios()
	byEnding = indexEndings()
)

// story is what the network makes of a payer who does not agree.
var story = simnet.Story{
	Scenarios: byName, Plain: byName[ordinary],
	OnReject: pay.DeclineByPayer, OnTimeOut: pay.DeclineAgreementExpired,
}

// indexScenarios completes the scenarios with the house's words, and adds those that are named
// after a code: it rejects a payment at once, or after an ordinary payment's time.
func indexScenarios() map[string]*simnet.Scenario {
	m := map[string]*simnet.Scenario{}
	for i := range scenarios {
		s := &scenarios[i]
		if s.Code != "" {
			s.Decline = Decline(s.Code)
		}
		if s.Course == nil {
			s.Course = course(s.After)
		}
		m[s.Name] = s
	}
	for _, r := range npp.Reasons() {
		m[r.Code] = &simnet.Scenario{Name: r.Code, Code: r.Code, Decline: Decline(r.Code)}
		m[r.Code+asking] = &simnet.Scenario{
			Name: r.Code + asking, Code: r.Code, Decline: Decline(r.Code), Asks: inApp,
			After: SettleAfter, Course: course(SettleAfter), Later: settled,
		}
		m[r.Code+refusing] = &simnet.Scenario{
			Name: r.Code + refusing, Code: r.Code, Decline: Decline(r.Code), Refuses: true,
		}
		m[r.Code+settling] = &simnet.Scenario{
			Name: r.Code + settling, Code: r.Code, Decline: Decline(r.Code), After: SettleAfter,
			Course: course(SettleAfter),
		}
	}
	m[cancelled] = &simnet.Scenario{
		Name: cancelled, Code: codeInactive, Decline: pay.DeclineSavedMethod,
	}
	for _, d := range pay.DeclineCodes() {
		m[string(d)] = &simnet.Scenario{Name: string(d), Code: codeOf(d), Decline: d}
	}
	return m
}

// What stands behind a code in the names of scenarios that end in it.
const (
	asking   = "/asked"
	settling = "/settling"
	refusing = "/refused"
)

func indexEndings() map[string]*simnet.Scenario {
	m := map[string]*simnet.Scenario{}
	for _, row := range magic {
		m[row.ending] = byName[row.scenario]
	}
	return m
}

// endingDigits is how many of a number's last digits decide.
const endingDigits = 4

// scenarioOf returns how the network treats an account. An email address is named after its
// scenario, or after a code: renamed@example.com, am21@example.com.
func scenarioOf(p pay.Payto) *simnet.Scenario {
	number := p.Account
	switch {
	case p.Kind == payid.Account && p.BSB == bsbNoPayTo:
		return byName["no_payto"]
	case p.Kind == payid.Account && p.BSB == bsbNowhere:
		return byName[codeNoBank+refusing]
	case p.PayIDType == payid.Email:
		return ofMailbox(p.PayID)
	case p.Kind == payid.PayID:
		number = p.PayID
	}
	if p.PayIDType == payid.ABN || p.PayIDType == payid.Org {
		return byName[ordinary]
	}
	if known, ok := byEnding[number[max(0, len(number)-endingDigits):]]; ok {
		return known
	}
	return byName[ordinary]
}

func ofMailbox(address string) *simnet.Scenario {
	name, _, _ := strings.Cut(address, "@")
	name = strings.ReplaceAll(name, "-", "_")
	for _, row := range magic {
		if row.scenario == name {
			return byName[name]
		}
	}
	if code := strings.ToUpper(name); npp.Known(code) {
		return byName[code+asking]
	}
	return byName[ordinary]
}

// bankOf is the bank behind an account. A PayID is at one of them, always the same.
func bankOf(p pay.Payto) bank {
	if p.Kind == payid.PayID {
		return banks[hash(p.PayID)%uint32(len(banks))]
	}
	for _, b := range banks {
		if len(p.BSB) >= 2 && strings.Contains(b.prefixes, p.BSB[:2]) {
			return b
		}
	}
	return banks[len(banks)-1]
}
