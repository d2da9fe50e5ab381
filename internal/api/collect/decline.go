package collect

import (
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

// declined is the code of what the issuer of a card or a wallet refused; the others are their own.
const declined = "card_declined"

// decline is how a reason of the core is said here.
type decline struct{ code, reason, message string }

// declines are in the words of this protocol: what was declined has a reason of its own. A lost,
// stolen or suspicious card is told apart by its reason alone: whoever presents it must not learn
// more than that it was declined.
var declines = map[pay.DeclineCode]decline{
	pay.DeclineGeneric:           {declined, "generic_decline", "The payment was declined."},
	pay.DeclineInsufficientFunds: {declined, "insufficient_funds", "There is not enough money."},
	pay.DeclineLostCard:          {declined, "lost_card", "The payment was declined."},
	pay.DeclineStolenCard:        {declined, "stolen_card", "The payment was declined."},
	pay.DeclineExpiredCard:       {declined, "expired_card", "The card has expired."},
	pay.DeclineIncorrectCVC:      {declined, "incorrect_cvc", "The security code is wrong."},
	pay.DeclineLimitExceeded: {declined, "limit_exceeded",
		"The amount is over the limit of the account."},
	pay.DeclineNotPermitted: {declined, "transaction_not_allowed",
		"The card does not allow this kind of payment."},
	pay.DeclineFraud: {declined, "fraudulent", "The payment was declined."},
	pay.DeclineProcessingError: {"processing_error", "processing_error",
		"The payment could not be processed. Try again in a moment."},
	pay.DeclineAuthentication: {"authentication_failed", "authentication_failed",
		"The payer could not be authenticated."},
	pay.DeclineAuthTimeout: {"authentication_failed", "authentication_timeout",
		"The payer did not confirm the payment in time."},
	pay.DeclineNotSubmitted: {"processing_error", "not_submitted",
		"The payment never reached the network. No money was moved."},
	pay.DeclineByPayer: {"payment_rejected", "declined_by_customer",
		"The payer declined the payment."},
	pay.DeclineWrongPIN: {"authentication_failed", "wrong_pin",
		"The wrong PIN was entered too often."},
	pay.DeclineWrongCode: {"authentication_failed", "wrong_code",
		"The wrong code was entered too often."},
	pay.DeclinePromptExpired: {"payment_expired", "prompt_expired",
		"The payer did not answer the prompt in time."},
	pay.DeclineNotRegistered: {"payment_method_invalid", "number_not_registered",
		"The number has no wallet with this network."},
	pay.DeclineProviderDown: {"processing_error", "provider_unavailable",
		"The network is not available. Try again later."},
	pay.DeclineTransferExpired: {"payment_expired", "transfer_expired",
		"No transfer came in time."},
	pay.DeclineAuthRequired: {"authentication_failed", "authentication_required",
		"The payer has to confirm this payment and was not there."},
	pay.DeclineSavedMethod: {"payment_method_invalid", "saved_method_invalid",
		"The network does not keep this payment method any more."},
	pay.DeclineAgreementExpired: {"payment_expired", "agreement_expired",
		"The agreement at the payer's bank has run out."},
	pay.DeclineAgreementInactive: {"payment_method_invalid", "agreement_not_active",
		"The agreement at the payer's bank is paused or has ended."},
	pay.DeclineAccountUnknown: {"payment_method_invalid", "account_not_found",
		"No account was found under these details."},
	pay.DeclineAccountClosed: {"payment_method_invalid", "account_closed",
		"The account is closed."},
	pay.DeclineAccountBlocked: {"payment_method_invalid", "account_blocked",
		"The account is blocked."},
	pay.DeclineBankUnsupported: {"payment_method_invalid", "bank_not_supported",
		"The payer's bank does not take part, or not with this account."},
	pay.DeclineBankDown: {"processing_error", "bank_unavailable",
		"The payer's bank is not available. Try again later."},
	pay.DeclineRefundRefused: {"refund_refused", "refund_refused",
		"The refund was refused by the network."},
}

// paymentError tells why an attempt failed.
type paymentError struct {
	ErrorCode   string `json:"error_code"`
	DeclineCode string `json:"decline_code"`
	// NetworkCode is the payment network's own word for why; not every network has one.
	NetworkCode string `json:"network_code,omitempty"`
	Message     string `json:"message"`
	Timestamp   string `json:"timestamp"`
}

// paymentErrorOf returns nil when nothing failed.
func paymentErrorOf(code pay.DeclineCode, when time.Time) *paymentError {
	if code == "" {
		return nil
	}
	d, ok := declines[code]
	if !ok {
		d = declines[pay.DeclineGeneric]
	}
	return &paymentError{
		ErrorCode: d.code, DeclineCode: d.reason, Message: d.message, Timestamp: at(when),
	}
}
