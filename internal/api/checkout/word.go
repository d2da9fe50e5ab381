package checkout

import (
	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
)

// sessionStatus is the documented word for a session's state. A buyer in the middle of an attempt
// has an open session: if the attempt fails they try again.
func sessionStatus(s pay.SessionState) string {
	switch s {
	case pay.SessionOpen, pay.SessionPaying:
		return "open"
	case pay.SessionComplete:
		return "complete"
	case pay.SessionExpired, pay.SessionCanceled:
		return "expired"
	}
	return ""
}

// paymentStatus says of a session whether its money is there. What is only held is not paid, nor is
// a session that its one charge without the payer completed by failing.
func paymentStatus(v *sessionView) string {
	if v.State == pay.SessionComplete && !v.held && v.LastDecline == "" {
		return "paid"
	}
	return "unpaid"
}

// paymentWord is the documented word for a payment's state. authorized is this family's extension
// for money that is held, late the one for money that came after the payment was given up: to say
// succeeded would have goods shipped for a session that is over. underpaid and overpaid are
// transfers that the merchant has to decide about.
func paymentWord(s pay.PaymentState) string {
	switch s {
	case pay.PaymentCreated, pay.PaymentAction, pay.PaymentWaiting:
		return "pending"
	case pay.PaymentReview:
		return "processing"
	case pay.PaymentAuthorised:
		return "authorized"
	case pay.PaymentPaid:
		return "succeeded"
	case pay.PaymentFailed:
		return "failed"
	case pay.PaymentCanceled:
		return "canceled"
	case pay.PaymentLate:
		return "late"
	case pay.PaymentUnderpaid:
		return "underpaid"
	case pay.PaymentOverpaid:
		return "overpaid"
	}
	return ""
}

// paymentWords are the words a list of payments can be narrowed to, with the states behind each.
var paymentWords = wire.ByWord(paymentWord, pay.PaymentCreated, pay.PaymentOverpaid)

// sessionWords are the words a list of sessions can be narrowed to.
var sessionWords = wire.ByWord(sessionStatus, pay.SessionOpen, pay.SessionCanceled)

// declineMessages say to the merchant, who may show it to the buyer, why the payer's side said no.
// A lost, stolen or suspicious card is told apart by its code alone: the one who presents it must
// not learn more than that it was declined.
var declineMessages = map[pay.DeclineCode]string{
	pay.DeclineGeneric:           "The card was declined.",
	pay.DeclineInsufficientFunds: "There is not enough money in the account.",
	pay.DeclineLostCard:          "The card was declined.",
	pay.DeclineStolenCard:        "The card was declined.",
	pay.DeclineExpiredCard:       "The card has expired.",
	pay.DeclineIncorrectCVC:      "The security code of the card is wrong.",
	pay.DeclineProcessingError:   "The card could not be processed. Try again in a moment.",
	pay.DeclineLimitExceeded:     "The amount is over the limit of the account.",
	pay.DeclineNotPermitted:      "The card does not allow this kind of payment.",
	pay.DeclineFraud:             "The card was declined.",
	pay.DeclineAuthentication:    "The payer could not be authenticated.",
	pay.DeclineAuthTimeout:       "The payer did not confirm the payment in time.",
	pay.DeclineNotSubmitted:      "The payment never reached the network. No money was moved.",
	pay.DeclineByPayer:           "The payer declined the payment.",
	pay.DeclineWrongPIN:          "The wrong PIN was entered too often.",
	pay.DeclineWrongCode:         "The wrong code was entered too often.",
	pay.DeclinePromptExpired:     "The payer did not answer the prompt in time.",
	pay.DeclineNotRegistered:     "The number has no wallet with this network.",
	pay.DeclineProviderDown:      "The network is not available. Try again later.",
	pay.DeclineTransferExpired:   "No transfer came in time.",
	pay.DeclineRefundRefused:     "The refund was refused by the network.",
	pay.DeclineAuthRequired:      "The payer has to confirm this payment and was not there.",
	pay.DeclineSavedMethod:       "The network does not keep this payment method any more.",
	pay.DeclineAgreementExpired:  "The agreement at the payer's bank has run out.",
	pay.DeclineAgreementInactive: "The agreement at the payer's bank is paused or has ended.",
	pay.DeclineAccountUnknown:    "No account was found under these details.",
	pay.DeclineAccountClosed:     "The account is closed.",
	pay.DeclineAccountBlocked:    "The account is blocked.",
	pay.DeclineBankUnsupported:   "The payer's bank does not take part, or not with this account.",
	pay.DeclineBankDown:          "The payer's bank is not available. Try again later.",
}

func declineMessage(code pay.DeclineCode) string {
	if code == "" {
		return ""
	}
	if m, ok := declineMessages[code]; ok {
		return m
	}
	return declineMessages[pay.DeclineGeneric]
}
