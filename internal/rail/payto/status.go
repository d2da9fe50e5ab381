package payto

import (
	"time"

	"github.com/kassa-pay/kassa/internal/npp"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/rail/simnet"
)

const (
	// ServiceLevel is how long the scheme gives the payer's bank for a payment. What takes longer is
	// pending, and the network asks the bank again for up to LongAfter.
	ServiceLevel = 30 * time.Second

	statusFor = 5 * time.Second // how long each status stands in the scenario that has them all
	newStatus = "XPRG"          // a word that no version of the vocabulary has
)

// everyStatus is the course of a payment that passes through all there is before an answer.
var everyStatus = passing()

func passing() (all []simnet.Stage) {
	for _, s := range npp.Statuses() {
		if !s.Final() {
			all = append(all, simnet.Stage{
				After: time.Duration(len(all)) * statusFor, Status: string(s),
			})
		}
	}
	return all
}

// course is what the network says of a payment that takes so long.
func course(after time.Duration) []simnet.Stage {
	stages := []simnet.Stage{
		{Status: string(npp.Settling)}, {After: ServiceLevel, Status: string(npp.Pending)},
	}
	switch {
	case after == 0:
		return nil
	case after <= ServiceLevel:
		return stages[:1]
	}
	return stages
}

// statusAt is the network's word for how an initiated payment stands at now.
func statusAt(r *simnet.Record, now time.Time) npp.Status {
	passed := now.Sub(r.Since())
	switch {
	case passed >= r.Scenario.After && r.Scenario.Decline != "":
		return npp.Refused
	case passed >= r.Scenario.After:
		return npp.Settled
	}
	var status npp.Status
	for _, stage := range r.Scenario.Course {
		if stage.After <= max(passed, 0) {
			status = npp.Status(stage.Status)
		}
	}
	return status
}

// kindOf is what a status means to us. What is not final, or is a word that we do not know, leaves
// open whether money moves: such a payment has not failed.
func kindOf(s npp.Status) pay.OutcomeKind {
	switch s {
	case npp.Settled:
		return pay.OutcomePaid
	case npp.Refused:
		return pay.OutcomeDeclined
	}
	return pay.OutcomeWaiting
}

// paymentAt is what is known at now of a payment that was initiated.
func paymentAt(r *simnet.Record, now time.Time) pay.Outcome {
	status := statusAt(r, now)
	out := pay.Outcome{Kind: kindOf(status), Amount: r.Amount, NetworkStatus: string(status)}
	if out.Kind == pay.OutcomeDeclined {
		out.Decline, out.NetworkCode = r.Scenario.Decline, r.Scenario.Code
	}
	return out
}
