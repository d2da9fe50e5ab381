package payto

import (
	"github.com/kassa-pay/kassa/internal/npp"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/rail/simnet"
)

// Scenario returns how a stored payment is treated: one of the table, or one of them at a pace.
func (m *model) Scenario(name string) *simnet.Scenario {
	of, p := pay.Rehearsal(name).Pace()
	s := m.Story.Scenario(string(of))
	if p == (pay.Pace{}) {
		return s
	}
	return at(s, p)
}

// at is a scenario at a pace. One that nobody is asked in, or that the bank refuses, waits for the
// bank then; one that nobody answers runs out.
func at(s *simnet.Scenario, p pay.Pace) *simnet.Scenario {
	paced := *s
	paced.Name = string(pay.Rehearsal(s.Name).At(p))
	if p.Settle > 0 {
		paced.After, paced.Course = p.Settle, course(p.Settle)
	}
	switch {
	case p.Answer == 0:
	case s.Refuses:
		paced.Asks = lost
		paced.Asks.Itself = p.Answer
	case s.Asks.Lost:
		paced.Asks.TTL = p.Answer
	default:
		paced.Asks = inApp
		paced.Asks.Itself = p.Answer
	}
	return &paced
}

// rehearsed is how an attempt goes that is rehearsed; nil for one that is not, or by a word that
// the network does not know. A pace alone is that of an ordinary one.
func rehearsed(r pay.Rehearsal) *simnet.Scenario {
	of, p := r.Pace()
	name := string(of)
	switch {
	case r == "":
		return nil
	case of == "":
		name = ordinary
	case of == pay.RehearseApprove:
		name = settled
	case npp.Known(name):
		name += asking
	}
	s, known := byName[name]
	if !known || p == (pay.Pace{}) {
		return s
	}
	return at(s, p)
}

// mandateAt is how a payment of nothing goes that only brings an agreement: as its scenario does,
// until the payer has agreed.
func mandateAt(s *simnet.Scenario) *simnet.Scenario {
	_, p := pay.Rehearsal(s.Name).Pace()
	if p.Answer == 0 {
		return byName[mandate]
	}
	return at(byName[mandate], pay.Pace{Answer: p.Answer})
}

// Rehearsal: a charge can become what any reason code says, or take as long as the network asks a
// silent bank, or as long as its pace says.
func (*model) Rehearsal(r pay.Rehearsal) (scenario string, ok bool) {
	of, p := r.Pace()
	switch {
	case p.Answer > 0: // the payer has agreed already
		return "", false
	case of == Processing:
		of = slow
	case of == pay.RehearseApprove:
		of = approved
	case !npp.Known(string(of)):
		return "", false
	}
	return string(of.At(p)), true
}

// RehearseRefund says how a rehearsed refund goes: it succeeds, or fails with a reason of refunds.
func (*model) RehearseRefund(r pay.Rehearsal) (simnet.RefundPlan, bool) {
	of, p := r.Pace()
	plan := simnet.RefundPlan{After: p.Settle}
	if of != pay.RehearseApprove {
		plan.Code = string(of)
	}
	return plan, plan.Code == "" || npp.Lookup(plan.Code).In(npp.RefundRejected)
}
