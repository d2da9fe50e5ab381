package sim

import "github.com/kassa-pay/kassa/internal/pay"

// message is a page that tells something and asks nothing.
type message struct{ title, text, next string }

var (
	unknown = message{
		title: "We do not know this request",
		text: "The address is not complete, or it belongs to another installation. Go back to " +
			"the shop and start the payment again.",
	}
	used = message{
		title: "This request is closed",
		text: "It has been answered, or it waited longer than 10 minutes. It cannot be answered " +
			"again.",
	}
	answered = message{
		title: "Thank you",
		text:  "Your answer has reached the shop. You can close this page.",
	}
	foreign = message{
		title: "This answer did not come from our page",
		text:  "For your safety it was not counted. Go back, reload the page and answer again.",
	}
	unclear = message{
		title: "Approve or decline?",
		text:  "The answer did not say which. Go back and press one of the two buttons.",
	}
	busy = message{
		title: "One moment, please",
		text:  "There is too much going on right now. Go back and try again.",
	}
	broken = message{
		title: "Something went wrong on our side",
		text:  "Your answer may not have been counted. Go back and try again.",
	}
)

var brandNames = map[string]string{
	"amex": "American Express", "diners": "Diners Club", "discover": "Discover", "jcb": "JCB",
	"mastercard": "Mastercard", "unionpay": "UnionPay", "verve": "Verve", "visa": "Visa",
}

// switches are the names of what a network can be told, and what each does.
var switches = map[string][2]string{
	"down":         {"Down", "Nothing reaches the network"},
	"lose_replies": {"Loses replies", "Does what it is asked and does not say so"},
	"drop_notices": {"Drops notifications", "The outcome has to be asked for"},
	"duplicate":    {"Repeats notifications", "Each one comes twice"},
	"reorder":      {"Reorders notifications", "The latest comes first"},
}

var providerNames = map[string]string{
	"mtn": "MTN MoMo", "telecel": "Telecel Cash", "airteltigo": "AirtelTigo Money",
	"wattle": "Wattle Bank", "banksia": "Banksia Bank", "kurrajong": "Kurrajong Bank",
	"gumtree": "Gumtree Bank",
}

// describe names a card as its holder knows it.
func describe(c *pay.CardSummary) string {
	if c == nil {
		return "Card"
	}
	name := brandNames[c.Brand]
	if name == "" {
		name = "Card"
	}
	return name + " ending in " + c.Last4
}

// spaced writes a phone number in the groups people read it in: 024 123 4567.
func spaced(phone string) string {
	if len(phone) != localDigits {
		return phone
	}
	return phone[:3] + " " + phone[3:6] + " " + phone[6:]
}

const localDigits = 10 // of a Ghanaian number in its local form

// outcome is how a payment stands, in a word or two; Mood colours it.
type outcome struct{ Mood, Text string }

var outcomes = map[pay.PaymentState]outcome{
	pay.PaymentCreated:    {"note", "Waiting"},
	pay.PaymentAction:     {"note", "Waiting"},
	pay.PaymentWaiting:    {"note", "Waiting"},
	pay.PaymentReview:     {"warn", "Being looked at"},
	pay.PaymentAuthorised: {"good", "Held"},
	pay.PaymentPaid:       {"good", "Paid"},
	pay.PaymentFailed:     {"bad", "Failed"},
	pay.PaymentCanceled:   {"bad", "Cancelled"},
	pay.PaymentLate:       {"warn", "Paid too late"},
	pay.PaymentUnderpaid:  {"warn", "Too little"},
	pay.PaymentOverpaid:   {"warn", "Too much"},
}

var refundOutcomes = map[pay.RefundState]outcome{
	pay.RefundPending:   {"note", "On its way"},
	pay.RefundSucceeded: {"good", "Came back"},
	pay.RefundFailed:    {"bad", "Failed"},
}

// reasons say why a payment failed, where that is more than that it did.
var reasons = map[pay.DeclineCode]string{
	pay.DeclineByPayer:           "Rejected",
	pay.DeclineWrongPIN:          "Wrong PIN",
	pay.DeclineWrongCode:         "Wrong code",
	pay.DeclinePromptExpired:     "Not answered in time",
	pay.DeclineTransferExpired:   "Not sent in time",
	pay.DeclineInsufficientFunds: "Not enough money",
	pay.DeclineNotRegistered:     "Number not registered",
	pay.DeclineProviderDown:      "Network down",
	pay.DeclineAgreementExpired:  "Not approved in time",
	pay.DeclineAgreementInactive: "Agreement not active",
	pay.DeclineAccountUnknown:    "Account not found",
	pay.DeclineAccountClosed:     "Account closed",
	pay.DeclineAccountBlocked:    "Account blocked",
	pay.DeclineBankUnsupported:   "Bank without PayTo",
	pay.DeclineBankDown:          "Bank down",
}

func outcomeOf(p *pay.Payment) outcome {
	o := outcomes[p.State]
	if reason := reasons[p.DeclineCode]; p.State == pay.PaymentFailed && reason != "" {
		o.Text = reason
	}
	return o
}
