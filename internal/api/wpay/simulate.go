package wpay

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/kassa-pay/kassa/internal/npp"
	"github.com/kassa-pay/kassa/internal/pay"
)

// simulationInput forces an outcome in test mode: {"outcome": "Rejected", "reasonCode": "AM04"}, or
// {"simulate": "insufficient_funds"}. type is another name of simulate.
type simulationInput struct {
	Outcome    *string `json:"outcome"`
	ReasonCode *string `json:"reasonCode"`
	Simulate   *string `json:"simulate"`
	Type       *string `json:"type"`
	Delay      *int64  `json:"delay"`
}

// maxDelay is the longest delay of a simulation, in seconds.
const maxDelay = 86_400

// Rehearsals besides those of the core: what the simulated network makes of an instrument or a
// payment. A reason code rejects a payment.
const (
	processing pay.Rehearsal = "processing"       // the bank is silent for long
	slow       pay.Rehearsal = "processing_later" // the same, for a buyer who has agreed at once
	unanswered pay.Rehearsal = "unanswered"       // the buyer is asked and never sees it
)

// What stands behind a reason code: the bank refuses the instrument, or the buyer agrees at once
// and the payment is rejected.
const (
	refused  = "/refused"
	settling = "/settling"
)

// paymentWords are the words of simulate, with what becomes of a payment.
var paymentWords = map[string]pay.Rehearsal{
	"auto_settle": pay.RehearseApprove, "insufficient_funds": "AM04",
	"debtor_account_closed": "AC05", "creditor_account_closed": "AC07",
	"creditor_account_type_not_supported": "AC14", "requires_investigation": processing,
	"investigate_and_settle": processing, "investigate_and_fail": "AB04",
	"financial_infrastructure_unavailable": "AB08", "debtor_alias_not_found": "ZPUNP07",
	"creditor_alias_not_found": "ZPUNP08", "alias_resolution_service_unavailable": "ZPUNP06",
}

// instrumentWords are those with what becomes of an instrument.
var instrumentWords = map[string]pay.Rehearsal{
	"debtor_accept": pay.RehearseApprove, "debtor_decline": codeByPayer + refused,
	"expire":                               unanswered,
	"debtor_account_type_not_supported":    "AC13" + refused,
	"debtor_alias_not_found":               "ZPUNP07" + refused,
	"creditor_alias_not_found":             "ZPUNP08" + refused,
	"alias_resolution_service_unavailable": "ZPUNP06" + refused,
	"agreement_service_unavailable":        "ZPPAY24" + refused,
}

// refundWords are those of a refund. How one fails is a matter of the account that it goes to.
var refundWords = map[string]pay.Rehearsal{"success": pay.RehearseApprove}

// simulates checks a wish for an outcome, which live mode does not grant. words are those of
// simulate.
func (r *reader) simulates(field string, in *simulationInput, words map[string]pay.Rehearsal) {
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
	if _, known := words[word]; word != "" && !known {
		r.refuse(bad(field+".simulate", "is not known here. Known are: "+list(words)+"."))
	}
	outcome := value(in.Outcome)
	if outcome != "" && outcome != statusCompleted && outcome != statusRejected &&
		outcome != statusProcessing && !npp.Known(outcome) {
		r.refuse(bad(field+".outcome", "must be Completed, Rejected, Processing or a reason code."))
	}
	if in.ReasonCode != nil && !npp.Known(*in.ReasonCode) {
		r.refuse(bad(field+".reasonCode", "is no reason code of the network."))
	}
}

func list(words map[string]pay.Rehearsal) string {
	return strings.Join(slices.Sorted(maps.Keys(words)), ", ")
}

// simulatesRefund checks a wish for the outcome of a refund, which can be that it succeeds.
func (r *reader) simulatesRefund(field string, in *simulationInput) {
	r.simulates(field, in, refundWords)
	if in == nil || in.ReasonCode == nil && value(in.Outcome) != statusRejected &&
		value(in.Outcome) != statusProcessing && !npp.Known(value(in.Outcome)) {
		return
	}
	r.refuse(bad(field, "can only be a success: whether a refund fails is a matter of the buyer's "+
		"account, such as one that ends in 0041."))
}

// codeFunds is why a payment is rejected of which a simulation does not say why.
const codeFunds = "AM04"

// rehearsal is what a payment is to become; "" without a simulation.
func (in *simulationInput) rehearsal() pay.Rehearsal {
	if in == nil {
		return ""
	}
	if word := in.word(); word != "" {
		return paymentWords[word]
	}
	switch outcome := value(in.Outcome); {
	case npp.Known(outcome):
		return pay.Rehearsal(outcome)
	case in.ReasonCode != nil:
		return pay.Rehearsal(*in.ReasonCode)
	case outcome == statusRejected:
		return codeFunds
	case outcome == statusProcessing:
		return processing
	}
	return pay.RehearseApprove
}

func (in *simulationInput) word() string { return cmp.Or(value(in.Simulate), value(in.Type)) }

// agreement is what an instrument is to become; "" for what the buyer makes of it.
func (in *simulationInput) agreement() pay.Rehearsal {
	if in == nil {
		return ""
	}
	if word := in.word(); word != "" {
		return instrumentWords[word]
	}
	switch outcome := value(in.Outcome); {
	case npp.Known(outcome):
		return pay.Rehearsal(outcome) + refused
	case in.ReasonCode != nil:
		return pay.Rehearsal(*in.ReasonCode) + refused
	case outcome == statusRejected:
		return codeByPayer + refused
	case outcome == statusCompleted:
		return pay.RehearseApprove
	}
	return ""
}

// rehearsed is what becomes of a session whose instrument and payment are simulated.
func rehearsed(instrument, payment pay.Rehearsal) pay.Rehearsal {
	switch {
	case instrument == "" && payment == pay.RehearseApprove:
		return "" // as it goes by itself
	case instrument == "":
		return payment
	case instrument != pay.RehearseApprove, payment == "", payment == pay.RehearseApprove:
		return instrument
	case payment == processing:
		return slow
	}
	return payment + settling
}

// rehearse tells the simulated network what the next payment on the instrument becomes.
func (a *API) rehearse(c *call, i *instrument, in *simulationInput) error {
	r := in.rehearsal()
	if r == "" {
		return nil
	}
	return a.Pay.Rehearse(c.r.Context(), c.Caller, i.mandate.MethodID, r)
}
