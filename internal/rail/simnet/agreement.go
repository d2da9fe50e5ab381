package simnet

import (
	"encoding/hex"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/terms"
)

// AgreementModel is a Model whose payments rest on agreements that payers give at their banks.
type AgreementModel interface {
	Model
	// Words are the network's reasons for what happens to agreements.
	Words() Words
	// Account returns how payments go that draw on an account.
	Account(p pay.Payto) *Scenario
}

// Words are a network's own codes for what happens to agreements and to payments under them. A code
// for a payment names the scenario of its refusal as well.
type Words struct {
	Zone       string // that days are meant in where the terms name none
	ByPayer    string // declined, paused or cancelled by the payer
	ByMerchant string
	Unanswered string
	// AnswerTTL is how long the payer has to answer an amendment, at most.
	AnswerTTL time.Duration
	Ended     string // the last day is over
	Spent     string // the last payment that was agreed to was made
	SpentOnce string // and it was the only one
	Failures  string // too many payments in a row brought no money
	Inactive  string // a payment under an agreement that is suspended or not active yet
	Cancelled string // the scenario of a payment under one that was cancelled
	// Broken names the code of a payment that the terms do not permit.
	Broken func(t terms.Terms, amount int64, r terms.Refusal) string
	// RefundFailed are the codes of refunds that fail; that of RefundNow is of one not covered.
	RefundFailed map[Refund]string
}

// maxFailures is after how many payments without money, in a row, the payer's bank suspends an
// agreement.
const maxFailures = 7

// Turn is something that a payer's bank does about an active agreement by itself.
type Turn struct {
	After time.Duration      // since the agreement became active
	To    pay.AgreementState // "": it stays, and moves to another bank with the payer's account
	Code  string
}

// offer is what was agreed to.
type offer struct {
	Terms       terms.Terms `json:"terms"`
	Currency    string      `json:"currency"`
	Description string      `json:"description"`
	Merchant    string      `json:"merchant"`
}

// agreement is what a network keeps of one. What it is at a moment depends on that and on the time
// alone. Times are the merchant's.
type agreement struct {
	token, merchantID, paymentID string
	scenario                     *Scenario
	offer                        offer
	payto                        pay.Payto
	state                        pay.AgreementState
	version                      int64
	party                        pay.AgreementParty
	code                         string
	createdAt, deadline          time.Time
	activeAt, changedAt          time.Time
	spentAt                      time.Time // when the last payment settles; zero: not known yet
	use                          terms.Use // payments that succeeded or will
	windowAt                     time.Time // the period that the window's part of use is of
	failures                     int64     // in a row
	actions                      []action  // on what was agreed to, oldest first
}

// change is a step of an agreement from one state to another.
type change struct {
	at   time.Time
	to   pay.AgreementState
	by   pay.AgreementParty
	code string
}

// at is the agreement as it is at now, with all that has happened to it by itself.
func (g agreement) at(now time.Time, w *Words) agreement {
	for {
		next, ok := g.next(w)
		p := g.pending()
		switch {
		case p != nil && !p.Deadline.After(now) && (!ok || !next.at.Before(p.Deadline)):
			g.settle(p.with(actionTimedOut, p.Deadline, w.Unanswered))
		case !ok || next.at.After(now):
			return g
		default:
			g.apply(next)
		}
	}
}

// next returns what happens to the agreement by itself if nobody does anything.
func (g *agreement) next(w *Words) (change, bool) {
	switch g.state {
	case pay.AgreementCancelled:
		return change{}, false
	case pay.AgreementPending:
		return g.answered(w), true
	}
	next := g.ends(w)
	for _, t := range g.scenario.Turns {
		at := g.activeAt.Add(t.After)
		if at.After(g.changedAt) && t.To != g.state && (next.at.IsZero() || at.Before(next.at)) {
			next = change{at, t.To, pay.PartyBank, t.Code}
		}
	}
	return next, !next.at.IsZero()
}

// answered is what becomes of a pending agreement whose payer does nothing.
func (g *agreement) answered(w *Words) change {
	at := g.createdAt.Add(g.scenario.Asks.Itself)
	switch {
	case g.scenario.Asks.Itself == 0 || !at.Before(g.deadline):
		return change{g.deadline, pay.AgreementCancelled, pay.PartyNetwork, w.Unanswered}
	case g.scenario.Refuses:
		return change{at, pay.AgreementCancelled, pay.PartyBank, g.scenario.Code}
	}
	return change{at, pay.AgreementActive, pay.PartyBank, ""}
}

// ends is when the network itself ends the agreement: with its last payment or its last day.
func (g *agreement) ends(w *Words) change {
	end := change{to: pay.AgreementCancelled, by: pay.PartyNetwork, code: w.Ended}
	last := g.offer.Terms.EndsAt()
	switch {
	case !g.spentAt.IsZero() && (last.IsZero() || g.spentAt.Before(last)):
		if end.code = w.Spent; g.offer.Terms.MaxCount == 1 {
			end.code = w.SpentOnce
		}
		end.at = later(g.spentAt, g.changedAt)
	case !last.IsZero():
		end.at = later(last, g.changedAt)
	}
	return end
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

func (g *agreement) apply(c change) {
	if c.to == "" {
		g.port(c.at)
		return
	}
	if g.state == pay.AgreementPending && c.to == pay.AgreementActive {
		g.activeAt = c.at
		g.spend(c.at.Add(g.scenario.After))
	}
	// Whoever asks may have a slower clock than whoever asked before.
	g.state, g.party, g.code, g.changedAt = c.to, c.by, c.code, later(c.at, g.changedAt)
	if p := g.pending(); p != nil && c.to == pay.AgreementCancelled {
		g.settle(p.with(endedBy[c.by], g.changedAt, c.code))
	}
	if c.to == pay.AgreementActive {
		g.party, g.code = "", ""
	}
	g.version++
}

// view is the agreement as the network tells of it.
func (g *agreement) view() pay.Agreement {
	return pay.Agreement{
		Token: g.token, State: g.state, Version: g.version, Terms: g.offer.Terms,
		Currency: g.offer.Currency, Description: g.offer.Description, Merchant: g.offer.Merchant,
		Deadline: g.deadline, Payto: g.payto, By: g.party, NetworkCode: g.code,
		PaymentID: g.paymentID, Amendment: g.amendment(), CreatedAt: g.createdAt,
		UpdatedAt: g.changedAt,
	}
}

// hidden reports whether the payer cannot see the agreement in the bank's app.
func (g *agreement) hidden() bool {
	return g.scenario.Asks.Lost || g.scenario.Refuses
}

// epochOffset is how far the epoch of a UUID of version 1 lies before that of Unix, in steps of 100
// nanoseconds.
const epochOffset = 0x01b21dd213814000

// newToken is a UUID of version 1 without hyphens, of the time and of randomness: the network's id
// of an agreement.
func (n *Network) newToken(now time.Time) string {
	steps := uint64(now.UnixMicro()*10) + epochOffset
	b := n.ids.Bytes(16)
	for i := range 4 {
		b[i] = byte(steps >> (24 - 8*i))
	}
	b[4], b[5] = byte(steps>>40), byte(steps>>32)
	b[6], b[7] = byte(steps>>56)&0x0f|0x10, byte(steps>>48)
	b[8] = b[8]&0x3f | 0x80
	return hex.EncodeToString(b)
}
