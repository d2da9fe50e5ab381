package pay

import (
	"strconv"
	"strings"
	"time"
)

// Rehearsal is the outcome of the next charge of a saved method, of a new agreement with its
// payment, or of a refund, at a simulated network.
type Rehearsal string

// The rehearsals besides the words of DeclineCode, which decline.
const (
	RehearseApprove Rehearsal = "approve"
	RehearseUnknown Rehearsal = "unknown" // it takes effect, and the reply is lost
	RehearseLate    Rehearsal = "late"    // it takes effect a while later
)

// Pace is when a rehearsal takes place, in the merchant's clock.
type Pace struct {
	// Answer is how long the payer's bank takes to say yes or no to an agreement; zero: as ever.
	Answer time.Duration
	// Settle is how long the network takes for the payment or the refund; zero: as ever.
	Settle time.Duration
}

// The parts of a rehearsal that tell its pace, in seconds.
const (
	paceAnswer = ";answer="
	paceSettle = ";settle="
)

// At returns the same rehearsal at a pace, in whole seconds.
func (r Rehearsal) At(p Pace) Rehearsal {
	if s := int64(p.Answer / time.Second); s > 0 {
		r += Rehearsal(paceAnswer + strconv.FormatInt(s, 10))
	}
	if s := int64(p.Settle / time.Second); s > 0 {
		r += Rehearsal(paceSettle + strconv.FormatInt(s, 10))
	}
	return r
}

// Pace takes a rehearsal apart that At has put together.
func (r Rehearsal) Pace() (of Rehearsal, p Pace) {
	r, p.Settle = r.cut(paceSettle)
	r, p.Answer = r.cut(paceAnswer)
	return r, p
}

func (r Rehearsal) cut(mark string) (Rehearsal, time.Duration) {
	of, text, found := strings.Cut(string(r), mark)
	seconds, err := strconv.ParseInt(text, 10, 32)
	if !found || err != nil || seconds < 1 {
		return r, 0
	}
	return Rehearsal(of), time.Duration(seconds) * time.Second
}
