package card

import (
	"time"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
)

// record is what the network keeps of a payment.
type record struct {
	paymentID, merchantID string
	reference             string
	scenario              *scenario
	amount                money.Amount
	manual                bool
	mac                   []byte // of the card's number
	card                  pay.CardSummary
	startedAt             time.Time
	tokenHash             []byte
	promptUntil           time.Time // server time
	returnURL             string
	approved              *bool
	answeredAt            time.Time
	captured              int64
	capturedAt            time.Time
	voidedAt              time.Time
}

// outcome says what the network knows of the payment at now. It depends on nothing else.
func (r *record) outcome(now time.Time) pay.Outcome {
	out := pay.Outcome{Amount: r.amount, Reference: r.reference}
	switch {
	case !r.voidedAt.IsZero():
		out.Kind = pay.OutcomeCanceled
	case !r.capturedAt.IsZero():
		out.Kind, out.Amount.Minor = pay.OutcomePaid, r.captured
	default:
		r.decide(&out, now)
	}
	return out
}

// decide fills in the outcome of a payment that was neither captured by hand nor voided.
func (r *record) decide(out *pay.Outcome, now time.Time) {
	since := r.startedAt
	if r.scenario.challenge {
		switch {
		case r.approved == nil && now.Before(since.Add(ChallengeTTL)):
			out.Kind = pay.OutcomeAction
			return
		case r.approved == nil:
			out.Kind, out.Decline = pay.OutcomeDeclined, pay.DeclineAuthTimeout
			return
		case !*r.approved:
			out.Kind, out.Decline = pay.OutcomeDeclined, pay.DeclineAuthentication
			return
		}
		since = r.answeredAt
	}
	switch {
	case now.Before(since.Add(r.scenario.after)):
		out.Kind = pay.OutcomeWaiting
	case r.scenario.decline != "":
		out.Kind, out.Decline = pay.OutcomeDeclined, r.scenario.decline
	case r.manual:
		out.Kind = pay.OutcomeAuthorised
		out.Amount.Minor += r.scenario.excess
	default:
		out.Kind = pay.OutcomePaid
		out.Amount.Minor += r.scenario.excess
	}
}

// debit returns when the network takes the money by itself and how much; false when it takes none,
// or cannot know before the payer has answered.
func (r *record) debit() (at time.Time, amount money.Amount, ok bool) {
	answered := r.approved != nil && *r.approved
	if r.manual || r.scenario.decline != "" || r.scenario.challenge && !answered {
		return time.Time{}, money.Amount{}, false
	}
	at = r.startedAt
	if r.scenario.challenge {
		at = r.answeredAt
	}
	amount = r.amount
	amount.Minor += r.scenario.excess
	return at.Add(r.scenario.after), amount, true
}

// refund is what the network keeps of a refund.
type refund struct {
	refundID, merchantID, paymentID string
	reference                       string
	amount                          money.Amount
	settlesAt                       time.Time
	fails                           bool
}

// outcome says what the network knows of the refund at now.
func (r *refund) outcome(now time.Time) pay.Outcome {
	out := pay.Outcome{Kind: pay.OutcomePaid, Amount: r.amount, Reference: r.reference}
	switch {
	case now.Before(r.settlesAt):
		out.Kind = pay.OutcomeWaiting
	case r.fails:
		out.Kind, out.Decline = pay.OutcomeDeclined, pay.DeclineRefundRefused
	}
	return out
}
