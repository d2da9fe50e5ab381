package wpay

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/npp"
	"github.com/kassa-pay/kassa/internal/pay"
)

// simulationInput forces an outcome in test mode: {"outcome": "Rejected", "reasonCode": "AM04"}, or
// {"simulate": "insufficient_funds"}. type is another name of simulate. delay is how many seconds
// it takes.
type simulationInput struct {
	Outcome    *string `json:"outcome"`
	ReasonCode *string `json:"reasonCode"`
	Simulate   *string `json:"simulate"`
	Type       *string `json:"type"`
	Delay      *int64  `json:"delay"`
}

// Limits of a delay.
const (
	maxDelay = 86_400 // seconds
	// investigation is how long a payment is in process of which a simulation does not say it.
	investigation = 40 * time.Hour
)

// unanswered is a rehearsal besides those of the core: the buyer is asked and never sees it.
const unanswered pay.Rehearsal = "unanswered"

// What stands behind a reason code: the bank refuses the instrument, or the buyer agrees at once
// and the payment is rejected.
const (
	refused  = "/refused"
	settling = "/settling"
)

// A fate is what becomes of an instrument, a payment or a refund, and how long that takes; zero: as
// long as ever.
type fate struct {
	what  pay.Rehearsal
	delay time.Duration
}

// subject is what a simulation is about.
type subject struct {
	words map[string]fate // of simulate
	// context is where the network may give a reason code, and rejected the one it gives when none
	// is asked for.
	context  npp.Context
	rejected string
}

var paymentSubject = subject{
	words: map[string]fate{
		"auto_settle": {what: pay.RehearseApprove}, "insufficient_funds": {what: "AM04"},
		"debtor_account_closed": {what: "AC05"}, "creditor_account_closed": {what: "AC07"},
		"creditor_account_type_not_supported":  {what: "AC14"},
		"requires_investigation":               {pay.RehearseApprove, investigation},
		"investigate_and_settle":               {pay.RehearseApprove, investigation},
		"investigate_and_fail":                 {"AB04", investigation},
		"financial_infrastructure_unavailable": {what: "AB08"},
		"debtor_alias_not_found":               {what: "ZPUNP07"},
		"creditor_alias_not_found":             {what: "ZPUNP08"},
		"alias_resolution_service_unavailable": {what: "ZPUNP06"},
	},
	context: npp.PaymentRejected, rejected: "AM04",
}

var instrumentSubject = subject{
	words: map[string]fate{
		"debtor_accept": {what: pay.RehearseApprove}, "debtor_decline": {what: codeByPayer},
		"expire":                               {what: unanswered},
		"debtor_account_type_not_supported":    {what: "AC13"},
		"debtor_alias_not_found":               {what: "ZPUNP07"},
		"creditor_alias_not_found":             {what: "ZPUNP08"},
		"alias_resolution_service_unavailable": {what: "ZPUNP06"},
		"agreement_service_unavailable":        {what: "ZPPAY24"},
	},
	context: npp.AgreementDeclined, rejected: codeByPayer,
}

var refundSubject = subject{
	words: map[string]fate{
		"success":                  {what: pay.RehearseApprove},
		"creditor_alias_not_found": {what: "ZPUNP08"}, "creditor_account_closed": {what: "AC07"},
	},
	context: npp.RefundRejected, rejected: "AC07",
}

// simulates checks a wish for an outcome, which live mode does not grant.
func (r *reader) simulates(field string, in *simulationInput, of *subject) {
	if in == nil {
		return
	}
	if r.mode != pay.Test {
		r.refuse(bad(field, "belongs to test mode."))
		return
	}
	if in.Delay != nil && (*in.Delay < 0 || *in.Delay > maxDelay) {
		r.refuse(bad(field+".delay", "must be from 0 to 86400 seconds."))
	}
	word := r.either(field+".", "simulate", in.Simulate, in.Type)
	if _, known := of.words[word]; !known && (in.Simulate != nil || in.Type != nil) {
		r.refuse(bad(field+".simulate", "is not known here. Known are: "+of.list()+"."))
	}
	if word != "" && (in.Outcome != nil || in.ReasonCode != nil) {
		r.refuse(bad(field+".simulate", "does not go with outcome and reasonCode: give one form alone."))
	}
	r.outcome(field, in, of)
}

// outcome checks the form of a wish that is made of an outcome and a reason code.
func (r *reader) outcome(field string, in *simulationInput, of *subject) {
	switch outcome := wire.Value(in.Outcome); {
	case in.Outcome == nil, outcome == statusRejected:
	case outcome != statusCompleted && outcome != statusProcessing && !of.rejects(outcome):
		r.refuse(bad(field+".outcome",
			"must be Completed, Rejected, Processing or a reason code that the network gives here."))
	case in.ReasonCode != nil:
		r.refuse(bad(field+".reasonCode", "belongs to the outcome Rejected."))
	}
	if in.ReasonCode != nil && !of.rejects(*in.ReasonCode) {
		r.refuse(bad(field+".reasonCode", "is no reason code that the network gives here."))
	}
}

// rejects reports whether the network may give the code as a reason.
func (of *subject) rejects(code string) bool { return npp.Lookup(code).In(of.context) }

func (of *subject) list() string {
	return strings.Join(slices.Sorted(maps.Keys(of.words)), ", ")
}

// fate is what a simulation wishes for; the zero fate without one.
func (in *simulationInput) fate(of *subject) (f fate) {
	if in == nil {
		return f
	}
	word := cmp.Or(wire.Value(in.Simulate), wire.Value(in.Type))
	outcome, code := wire.Value(in.Outcome), wire.Value(in.ReasonCode)
	switch {
	case word != "":
		f = of.words[word]
	case outcome == statusProcessing:
		f = fate{pay.RehearseApprove, investigation}
	case outcome == statusCompleted, outcome == "" && code == "":
		f.what = pay.RehearseApprove
	case outcome == statusRejected, outcome == "":
		f.what = pay.Rehearsal(cmp.Or(code, of.rejected))
	default:
		f.what = pay.Rehearsal(outcome)
	}
	if in.Delay != nil && *in.Delay > 0 {
		f.delay = time.Duration(*in.Delay) * time.Second
	}
	return f
}

// rehearsal is what a payment on an instrument, or a refund, is to become.
func (f fate) rehearsal() pay.Rehearsal {
	if f.what == "" {
		return ""
	}
	return f.what.At(pay.Pace{Settle: f.delay})
}

// agreement is what an instrument is to become; the zero fate for what the buyer makes of it: a
// simulation without an outcome, or with one that never comes, leaves it to the buyer.
func (in *simulationInput) agreement() fate {
	f := in.fate(&instrumentSubject)
	switch {
	case in == nil, wire.Value(in.Delay) > 0:
		return f
	case wire.Value(in.Outcome) == statusProcessing, in.Outcome == nil && in.ReasonCode == nil &&
		in.Simulate == nil && in.Type == nil:
		return fate{}
	}
	return f
}

// rehearsed is what becomes of a session whose instrument and payment are simulated.
func rehearsed(instrument, payment fate) pay.Rehearsal {
	pace := pay.Pace{Answer: instrument.delay, Settle: payment.delay}
	rejected := payment.what != "" && payment.what != pay.RehearseApprove
	switch what := instrument.what; {
	case what == "" && rejected:
		return payment.what.At(pace)
	case what == "":
		return what.At(pace) // as it goes by itself
	case what == unanswered:
		return what.At(pay.Pace{Answer: pace.Answer})
	case what != pay.RehearseApprove:
		return (what + refused).At(pay.Pace{Answer: pace.Answer})
	case rejected:
		return (payment.what + settling).At(pace)
	}
	return pay.RehearseApprove.At(pace)
}

// rehearse tells the simulated network what the next payment on the instrument becomes.
func (a *API) rehearse(c *call, i *instrument, in *simulationInput) error {
	r := in.fate(&paymentSubject).rehearsal()
	if r == "" {
		return nil
	}
	return a.Pay.Rehearse(c.r.Context(), c.Caller, i.mandate.MethodID, r)
}
