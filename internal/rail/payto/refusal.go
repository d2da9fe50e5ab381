package payto

import (
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/terms"
)

var _ pay.Refuser = (*Network)(nil)

// refusals are the codes with which the network would have rejected a payment that the merchant's
// own side did not let go out.
var refusals = map[string]string{
	"mandate_not_active":       codeInactive,
	string(terms.NotStarted):   codeNotYet,
	string(terms.Ended):        codeOver,
	string(terms.PeriodCount):  codeTooMany,
	string(terms.PeriodAmount): codeTooHigh,
}

// Refusal is the code of a payment that a mandate does not permit.
func (*Network) Refusal(code string) string {
	if known, ok := refusals[code]; ok {
		return known
	}
	return codeTerms
}
