package hosted

import (
	"slices"

	"github.com/kassa-pay/kassa/internal/pay"
)

// alike are the declines whose words are the same whatever the buyer paid by. The others speak of a
// card, unless the method has words of its own.
var alike = []pay.DeclineCode{
	pay.DeclineByPayer, pay.DeclineWrongPIN, pay.DeclineWrongCode, pay.DeclinePromptExpired,
	pay.DeclineNotRegistered, pay.DeclineProviderDown, pay.DeclineTransferExpired,
	pay.DeclineRefundRefused, pay.DeclineAuthRequired, pay.DeclineSavedMethod,
	pay.DeclineAgreementExpired, pay.DeclineAgreementInactive, pay.DeclineAccountUnknown,
	pay.DeclineAccountClosed, pay.DeclineAccountBlocked, pay.DeclineBankUnsupported,
	pay.DeclineBankDown,
}

// ownWords are the declines that a method other than the card has words of its own for. Any other
// gets the words of its generic decline.
var ownWords = map[string][]pay.DeclineCode{
	pay.MethodMobile: {
		pay.DeclineGeneric, pay.DeclineInsufficientFunds, pay.DeclineLimitExceeded,
		pay.DeclineProcessingError, pay.DeclineNotSubmitted,
	},
	pay.MethodBank: {pay.DeclineGeneric, pay.DeclineNotSubmitted},
	pay.MethodPayTo: {
		pay.DeclineGeneric, pay.DeclineInsufficientFunds, pay.DeclineLimitExceeded,
		pay.DeclineNotPermitted, pay.DeclineProcessingError, pay.DeclineNotSubmitted,
		pay.DeclineByPayer,
	},
}

// declineID names the message for a decline of a method. A rail's word that is not in the
// vocabulary has the words of the generic decline.
func declineID(method string, code pay.DeclineCode) string {
	if !slices.Contains(pay.DeclineCodes(), code) {
		code = pay.DeclineGeneric
	}
	own, ok := ownWords[method]
	switch {
	case slices.Contains(own, code):
	case !ok, slices.Contains(alike, code):
		return "decline_" + string(code)
	default:
		code = pay.DeclineGeneric
	}
	return "decline_" + method + "_" + string(code)
}

// DeclineText returns the words for the last decline.
func (p *page) DeclineText() (string, error) { return p.T(declineID(p.Method, p.Decline)) }

// Uncertain reports whether money may still arrive for the attempt that has just ended, so that the
// page must not say that there was none.
func (p *page) Uncertain() bool {
	return p.Decline == pay.DeclinePromptExpired || p.Method == pay.MethodBank
}
