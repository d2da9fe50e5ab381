package payto

import (
	"github.com/kassa-pay/kassa/internal/pay"
)

// The codes that the network itself gives.
const (
	codeByPayer    = "MD16"
	codeByMerchant = "MD17"
	codeUnanswered = "NOAS"
	codeEnded      = "MD20"
	codeFailures   = "MSUC"
	codeFinal      = "MCFC"
	codeOnce       = "MCOC"
	codeInactive   = "NACT"
	codeUnknown    = "MD01"

	codeFunds     = "AM04"
	codeTooMuch   = "AM02"
	codeTooLittle = "AM06"
	codeNotAgreed = "AM09"
	codeNotYet    = "BVSD"
	codeOver      = "AVED"
	codeTerms     = "NAUT"
	codeTooMany   = "SL13"
	codeTooHigh   = "SL14"
	codeCurrency  = "CURR"

	codeRenamed       = "AC02"
	codeGoneAlias     = "ZPUNP08"
	codeClosedAccount = "AC07"
	codeFloat         = "ZPREF07"
	codeAliasUnknown  = "ZPUNP07"
	codeAliasService  = "ZPUNP06"
	codeNoPayTo       = "ZPUNP01"
	codeNoBank        = "AGNT"
	codeBankDown      = "ZPPAY24"
	codeSystem        = "SYS"
)

// declines are the house's words for the codes that mean something to a payer. All other codes are
// faults of processing.
var declines = map[string]pay.DeclineCode{
	"AC02": pay.DeclineAccountUnknown, "AC03": pay.DeclineNotPermitted,
	"AC04": pay.DeclineAccountClosed, "AC05": pay.DeclineAccountClosed,
	"AC06": pay.DeclineAccountBlocked, "AC07": pay.DeclineNotPermitted,
	"AC13": pay.DeclineNotPermitted, "AC14": pay.DeclineNotPermitted,
	"AC15": pay.DeclineAccountUnknown, "AG01": pay.DeclineNotPermitted,
	"AG03": pay.DeclineNotPermitted, "AG07": pay.DeclineInsufficientFunds,
	"AGNT": pay.DeclineBankUnsupported, "AM02": pay.DeclineLimitExceeded,
	"AM03": pay.DeclineNotPermitted, "AM04": pay.DeclineInsufficientFunds,
	"AM06": pay.DeclineNotPermitted, "AM09": pay.DeclineNotPermitted,
	"AM14": pay.DeclineLimitExceeded, "AM21": pay.DeclineLimitExceeded,
	"AVED": pay.DeclineAgreementExpired, "BE05": pay.DeclineNotPermitted,
	"BE06": pay.DeclineAccountUnknown, "BVSD": pay.DeclineNotPermitted,
	"CTAM": pay.DeclineAgreementInactive, "CTCA": pay.DeclineAgreementInactive,
	"CTEX": pay.DeclineAgreementInactive, "CUST": pay.DeclineByPayer,
	"FF10": pay.DeclineBankDown, "FRAD": pay.DeclineFraud,
	"MCFC": pay.DeclineAgreementInactive, "MCOC": pay.DeclineAgreementInactive,
	"MD01": pay.DeclineSavedMethod, "MD07": pay.DeclineAccountClosed,
	"MD08": pay.DeclineBankUnsupported, "MD09": pay.DeclineNotPermitted,
	"MD16": pay.DeclineByPayer, "MD17": pay.DeclineAgreementInactive,
	"MD20": pay.DeclineAgreementExpired, "MD21": pay.DeclineFraud,
	"MS02": pay.DeclineByPayer, "MS03": pay.DeclineGeneric,
	"MSUC": pay.DeclineAgreementInactive, "NACT": pay.DeclineAgreementInactive,
	"NAUT": pay.DeclineNotPermitted, "NOAS": pay.DeclineAgreementExpired,
	"SL11": pay.DeclineNotPermitted, "SL12": pay.DeclineNotPermitted,
	"SL13": pay.DeclineLimitExceeded, "SL14": pay.DeclineLimitExceeded,
	"ZPPAY24": pay.DeclineBankDown, "ZPUNP01": pay.DeclineBankUnsupported,
	"ZPUNP07": pay.DeclineAccountUnknown, "AB08": pay.DeclineBankDown,
	"RR04": pay.DeclineNotPermitted,
}

// Decline is the house's word for a code of the network.
func Decline(code string) pay.DeclineCode {
	if d, ok := declines[code]; ok {
		return d
	}
	return pay.DeclineProcessingError
}

// codes are the network's words for the house's, where a test asks for a decline by the latter.
var codes = map[pay.DeclineCode]string{
	pay.DeclineInsufficientFunds: codeFunds, pay.DeclineLimitExceeded: "AM21",
	pay.DeclineByPayer: codeByPayer, pay.DeclineFraud: "FRAD",
	pay.DeclineAccountUnknown: "AC02", pay.DeclineAccountClosed: "AC05",
	pay.DeclineAccountBlocked: "AC06", pay.DeclineBankUnsupported: codeNoPayTo,
	pay.DeclineBankDown: codeBankDown, pay.DeclineNotPermitted: codeTerms,
	pay.DeclineAgreementExpired: codeOver, pay.DeclineAgreementInactive: codeInactive,
	pay.DeclineSavedMethod: codeUnknown, pay.DeclineGeneric: "MS03",
}

// codeOf is the network's word for a decline of the house; one that belongs to other methods is a
// fault of the system.
func codeOf(d pay.DeclineCode) string {
	if code, ok := codes[d]; ok {
		return code
	}
	return codeSystem
}
