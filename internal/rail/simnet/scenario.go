package simnet

import (
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

// How long things take in the scenarios that take time, in the merchant's clock.
const (
	LateAfter   = 30 * time.Second // a late decision, a slow refund
	StuckAfter  = 48 * time.Hour   // longer than a network promises to need
	reorderedBy = 5 * time.Second  // between two notifications in the wrong order
)

// Scenario is how a network treats a payment. The zero scenario approves at once.
type Scenario struct {
	Name string
	// Says is the sentence of docs/test-values.md.
	Says string
	// Decline is why the payer's side says no; empty when it says yes.
	Decline pay.DeclineCode
	// Code is the network's own word for that.
	Code string
	// After is how long the decision takes; zero is at once.
	After time.Duration
	// Course is what the network says until then, where it has words for it; the first at once.
	Course []Stage
	// Asks is how the payer is asked first.
	Asks   Asks
	Reply  Reply
	Notice Notice
	// Excess is added to the amount that was asked for.
	Excess int64
	Refund Refund
	// Later names the scenario of the charges of a credential that is kept from it, and Alone that
	// of the charges at which the payer is not there; "": as this one.
	Later, Alone string
	// Refuses: the payer's bank refuses the agreement itself, for Decline and Code.
	Refuses bool
	// Turns are what the payer's bank does about the agreement by itself, in order.
	Turns []Turn
}

// Stage is a part of the time that a decision takes: from After on, the network has this word for
// how the payment stands.
type Stage struct {
	After  time.Duration
	Status string
}

// Asks is how a network asks the payer. The zero value asks nothing.
type Asks struct {
	Action pay.ActionKind
	TTL    time.Duration // how long it waits for an answer, in the merchant's clock
	// AtBank: the payer answers in the app of the bank, where no PIN of ours is typed, and the
	// payment page has to say so.
	AtBank bool
	// Lost: the prompt never reaches the payer, so nobody can answer it.
	Lost bool
	// Itself is how long until the payer's bank answers by itself: yes, or no where the scenario
	// Refuses; zero: it leaves that to the payer.
	Itself time.Duration
	// Anyway is how long after an unanswered prompt the money comes all the same; zero for never.
	Anyway time.Duration
}

// Reply says what becomes of the answer to Start.
type Reply uint8

// The fates of a reply.
const (
	Replied      Reply = iota
	ReplyLost          // the payment arrives, the answer does not
	NeverArrives       // nothing arrives
)

// Notice says how a network tells of a late decision.
type Notice uint8

// The ways to tell.
const (
	NoticeOnce Notice = iota
	NoticeTwice
	NoticeFirst     // before the reply to Start
	NoticeReordered // the earlier state after the later one
	NoticeNever
)

// Refund says how a network sends money back.
type Refund uint8

// The ways to send money back.
const (
	RefundNow Refund = iota
	RefundSlow
	RefundFails
	RefundGone // the account behind the payment is not there any more
)

// Story is the part of a model that follows scenarios: the payer is asked or not, and then the
// network decides. Its fields are the declines of a payer who does not agree.
type Story struct {
	Scenarios map[string]*Scenario
	Plain     *Scenario
	OnReject  pay.DeclineCode
	OnTimeOut pay.DeclineCode
	OnWrong   map[pay.ActionKind]pay.DeclineCode // after too many wrong PINs or codes
}

// declines are the scenarios that every network knows: each word of the vocabulary says no at once.
var declines = indexDeclines()

func indexDeclines() map[string]*Scenario {
	m := map[string]*Scenario{}
	for _, code := range pay.DeclineCodes() {
		m[string(code)] = &Scenario{Name: string(code), Decline: code}
	}
	return m
}

// Scenario returns the scenario of a stored payment. A name that an older version wrote and this
// one does not know is treated as the plainest.
func (s *Story) Scenario(name string) *Scenario {
	if known, ok := s.Scenarios[name]; ok {
		return known
	}
	if known, ok := declines[name]; ok {
		return known
	}
	return s.Plain
}

// Outcome says what is known of the payment at now.
func (s *Story) Outcome(r *Record, now time.Time) pay.Outcome {
	out := pay.Outcome{Amount: r.Amount}
	if !r.Submitted() {
		s.unapproved(&out, r, now)
		return out
	}
	s.decide(&out, r, now)
	return out
}

// unapproved fills in the outcome of a payment whose payer is asked and has not agreed.
func (s *Story) unapproved(out *pay.Outcome, r *Record, now time.Time) {
	asks := r.Scenario.Asks
	end := r.answerBy()
	switch {
	case r.Answer == Rejected && r.Scenario.Refuses: // the bank did
		out.Kind, out.Decline = pay.OutcomeDeclined, r.Scenario.Decline
		out.NetworkCode = r.Scenario.Code
	case r.Answer == Rejected:
		out.Kind, out.Decline = pay.OutcomeDeclined, s.OnReject
	case r.Answer == Wrong:
		out.Kind, out.Decline = pay.OutcomeDeclined, s.OnWrong[asks.Action]
	case now.Before(end):
		out.Kind, out.Action = pay.OutcomeAction, asks.Action
		if asks.Action == pay.ActionApprove && !asks.AtBank {
			out.Kind = pay.OutcomeWaiting // the payer acts elsewhere, on the phone
		}
	case asks.Anyway > 0 && !now.Before(end.Add(asks.Anyway)):
		out.Kind = pay.OutcomePaid
	default:
		out.Kind, out.Decline = pay.OutcomeDeclined, s.OnTimeOut
	}
}

// decide fills in the outcome of a payment that needs no answer, or has it.
func (s *Story) decide(out *pay.Outcome, r *Record, now time.Time) {
	switch {
	case now.Before(r.Since().Add(r.Scenario.After)):
		out.Kind = pay.OutcomeWaiting
	case r.Scenario.Decline != "":
		out.Kind, out.Decline = pay.OutcomeDeclined, r.Scenario.Decline
		out.NetworkCode = r.Scenario.Code
	case r.Manual:
		out.Kind = pay.OutcomeAuthorised
		out.Amount.Minor += r.Scenario.Excess
	default:
		out.Kind = pay.OutcomePaid
		out.Amount.Minor += r.Scenario.Excess
	}
}

// Plan says what the network does about the payment by itself.
func (s *Story) Plan(r *Record) Plan {
	asks := r.Scenario.Asks
	switch {
	case r.Submitted():
		at := r.Since().Add(r.Scenario.After)
		p := Plan{News: r.news(at)}
		if r.Scenario.Decline == "" && !r.Manual {
			p.DebitAt, p.Debit = at, r.Amount.Minor+r.Scenario.Excess
		}
		return p
	case r.Answer != NoAnswer:
		return Plan{News: []time.Time{r.AnsweredAt}}
	case !r.itself().IsZero():
		return s.planItself(r, r.itself())
	}
	end := r.answerBy()
	if asks.Anyway == 0 {
		return Plan{News: []time.Time{end}}
	}
	late := end.Add(asks.Anyway)
	return Plan{DebitAt: late, Debit: r.Amount.Minor, News: []time.Time{end, late}}
}

// asks reports whether the payer is asked at all.
func (r *Record) asks() bool { return r.Scenario.Asks.Action != "" }

// answerBy is when the payer's time is over.
func (r *Record) answerBy() time.Time {
	end := r.AskedAt.Add(r.Scenario.Asks.TTL)
	if !r.ExpiresAt.IsZero() && r.ExpiresAt.Before(end) {
		return r.ExpiresAt
	}
	return end
}

// Submitted reports whether it is for the network to decide: nobody is asked, or the payer agreed.
func (r *Record) Submitted() bool { return !r.asks() || r.Answer == Approved }

// news are the times at which there is something to tell of a payment that is decided at the given
// time: its statuses, but for the first, and the decision.
func (r *Record) news(decided time.Time) (all []time.Time) {
	for _, stage := range r.Scenario.Course {
		if stage.After > 0 {
			all = append(all, r.Since().Add(stage.After))
		}
	}
	return append(all, decided)
}

// Since is when the network began to decide.
func (r *Record) Since() time.Time {
	if r.Answer == Approved {
		return r.AnsweredAt
	}
	return r.StartedAt
}
