package wpay

import (
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

// simulates are the words of simulate, with what becomes of a payment.
var simulates = map[string]pay.Rehearsal{
	"auto_settle": pay.RehearseApprove, "insufficient_funds": "AM04",
	"debtor_account_closed": "AC05", "creditor_account_closed": "AC07",
	"creditor_account_type_not_supported": "AC14", "requires_investigation": processing,
	"investigate_and_settle": processing, "investigate_and_fail": "AB04",
	"financial_infrastructure_unavailable": "AB08", "debtor_alias_not_found": "ZPUNP07",
	"creditor_alias_not_found": "ZPUNP08", "alias_resolution_service_unavailable": "ZPUNP06",
	"success": pay.RehearseApprove,
}

// simulates checks a wish for an outcome, which live mode does not grant.
func (r *reader) simulates(field string, in *simulationInput) {
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
	if _, known := simulates[word]; word != "" && !known {
		r.refuse(bad(field+".simulate", "is not known. Known are: "+list(simulates)+"."))
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
	var all []string
	for word := range words {
		all = append(all, word)
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// processing is what becomes of a payment whose bank is silent for long.
const processing pay.Rehearsal = "processing"

// codeFunds is why a payment is rejected of which a simulation does not say why.
const codeFunds = "AM04"

// rehearsal is what the network is told; "" without a simulation.
func (in *simulationInput) rehearsal() pay.Rehearsal {
	switch {
	case in == nil:
		return ""
	case in.Simulate != nil:
		return simulates[*in.Simulate]
	case in.Type != nil:
		return simulates[*in.Type]
	case in.Outcome != nil && npp.Known(*in.Outcome):
		return pay.Rehearsal(*in.Outcome)
	case in.ReasonCode != nil:
		return pay.Rehearsal(*in.ReasonCode)
	}
	switch value(in.Outcome) {
	case statusRejected:
		return codeFunds
	case statusProcessing:
		return processing
	}
	return pay.RehearseApprove
}

// rehearse tells the simulated network what the next payment on the instrument becomes.
func (a *API) rehearse(c *call, i *instrument, in *simulationInput) error {
	r := in.rehearsal()
	if r == "" {
		return nil
	}
	return a.Pay.Rehearse(c.r.Context(), c.Caller, i.mandate.MethodID, r)
}
