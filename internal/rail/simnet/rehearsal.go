package simnet

import (
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

// RefundRehearser is a model whose refunds can be rehearsed.
type RefundRehearser interface {
	// RehearseRefund says how a rehearsed refund goes; false for a word that it does not know.
	RehearseRefund(r pay.Rehearsal) (RefundPlan, bool)
}

// RefundPlan is how a refund goes.
type RefundPlan struct {
	After time.Duration // until the network has decided
	Code  string        // its own word for why the refund fails; "" when it does not
}

// rehearsedRefund says how a refund goes that is rehearsed; false when the payment says.
func (n *Network) rehearsedRefund(o pay.RefundOrder) (plan RefundPlan, ok bool) {
	model, can := n.model.(RefundRehearser)
	if can && o.Rehearsal != "" {
		plan, ok = model.RehearseRefund(o.Rehearsal)
	}
	return plan, ok
}
