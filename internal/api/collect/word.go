package collect

import (
	"strings"
	"time"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
)

// The types of session.
const (
	typeOneTime = "one_time"
	typeFirst   = "first_in_series"
	typeNext    = "next_in_series"
)

// The outcomes of a session.
const (
	outcomeNotStarted = "not_started"
	outcomePending    = "pending"
	outcomePaid       = "paid"
	outcomeUnpaid     = "unpaid"
	outcomeReserved   = "reserved"
	outcomeVerified   = "payment_method_verified"
)

// sessionType is the documented word for where a session stands in a series.
func sessionType(s pay.Series) string {
	switch s {
	case pay.SeriesFirst:
		return typeFirst
	case pay.SeriesNext:
		return typeNext
	}
	return typeOneTime
}

// sessionStatus is the documented word for a session's state. A payer in the middle of an attempt
// has an active session: if the attempt fails they try again.
func sessionStatus(s pay.SessionState) string {
	switch s {
	case pay.SessionOpen, pay.SessionPaying:
		return "active"
	case pay.SessionComplete:
		return "completed"
	case pay.SessionExpired:
		return "expired"
	case pay.SessionCanceled:
		return "cancelled"
	}
	return ""
}

// sessionWords are the words a list of sessions can be narrowed to.
var sessionWords = wire.ByWord(sessionStatus, pay.SessionOpen, pay.SessionCanceled)

// outcome says what became of the payment of a session that is in the state. It never changes once
// the session is complete: held money that is captured or let go later stays reserved here.
func outcome(s *pay.Session, state pay.SessionState) string {
	switch state {
	case pay.SessionPaying:
		return outcomePending
	case pay.SessionOpen:
		switch {
		case s.Series == pay.SeriesNext:
			return outcomePending // its charge is part of its making
		case s.LastDecline != "":
			return outcomeUnpaid
		}
		return outcomeNotStarted
	case pay.SessionComplete:
		return completeOutcome(s)
	}
	return outcomeUnpaid
}

func completeOutcome(s *pay.Session) string {
	switch {
	case s.Series == pay.SeriesNext && s.LastDecline != "":
		return outcomeUnpaid
	case s.Verifies():
		return outcomeVerified
	case s.Capture == pay.CaptureManual:
		return outcomeReserved
	}
	return outcomePaid
}

// paymentStatus is the older, coarser word for an outcome.
func paymentStatus(outcome string) string {
	switch outcome {
	case outcomePending:
		return "pending"
	case outcomePaid, outcomeReserved, outcomeVerified:
		return "paid"
	}
	return "unpaid"
}

// paymentWord is the documented word for a payment's state. A payment is one attempt: one that
// failed stays so, and the next attempt of its session is another payment. Money that came after
// the payment was given up makes it expired, because to say succeeded would have goods shipped for
// a session that is over. A transfer that brought too little waits for its payer, one that brought
// too much for its merchant.
func paymentWord(s pay.PaymentState) string {
	switch s {
	case pay.PaymentCreated:
		return "initiating"
	case pay.PaymentAction, pay.PaymentUnderpaid:
		return "pending_action"
	case pay.PaymentWaiting, pay.PaymentReview, pay.PaymentOverpaid:
		return "processing"
	case pay.PaymentAuthorised, pay.PaymentPaid:
		return "succeeded"
	case pay.PaymentFailed:
		return "failed"
	case pay.PaymentCanceled:
		return "cancelled"
	case pay.PaymentLate:
		return "expired"
	}
	return ""
}

// paymentWords are the words a list of payments can be narrowed to, with the states behind each.
// Draft is documented, and no payment of ours is ever a draft.
var paymentWords = wire.ByWord(paymentWord, pay.PaymentCreated, pay.PaymentOverpaid)

func mandateWord(s pay.MandateState) string {
	switch s {
	case pay.MandateActive:
		return "active"
	case pay.MandatePaused:
		return "paused"
	case pay.MandateCanceled:
		return "cancelled"
	case pay.MandateExpired:
		return "expired"
	case pay.MandateCompleted:
		return "completed"
	}
	return ""
}

// mandateWords are the words a list of mandates can be narrowed to.
var mandateWords = wire.ByWord(mandateWord, pay.MandateActive, pay.MandateCompleted)

// at writes UTC to the millisecond with a Z, the only form of time in this family.
func at(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// maybeAt writes nothing for no time.
func maybeAt(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return at(t)
}

// Ids of the views that have no row of their own: they are the object's id with another prefix.
const (
	prefixSession      = "ps"
	prefixCheckout     = "ckt"
	prefixMandate      = "mdt"
	prefixSubscription = "sub"
)

// reprefix gives an id another prefix; an id with a prefix that is not from stays as it is.
func reprefix(id, from, to string) string {
	rest, ok := strings.CutPrefix(id, from+"_")
	if !ok {
		return id
	}
	return to + "_" + rest
}
