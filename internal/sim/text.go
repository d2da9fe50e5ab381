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
		text:  "There is too much going on to take your answer. Go back and try again.",
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

// describe names a card as its holder knows it.
func describe(c pay.CardSummary) string {
	name := brandNames[c.Brand]
	if name == "" {
		name = "Card"
	}
	return name + " ending in " + c.Last4
}
