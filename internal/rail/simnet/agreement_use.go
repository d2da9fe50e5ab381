package simnet

import (
	"context"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
	"github.com/kassa-pay/kassa/internal/terms"
)

// agrees reports whether the network's payments rest on agreements.
func (n *Network) agrees() bool { return n.words != nil }

// rest makes the agreement that a new payment comes with, or takes the payment's place in the one
// that it names.
func (n *Network) rest(
	ctx context.Context, tx sqldb.Tx, b pay.Behaviour, s submission,
) error {
	switch {
	case !n.agrees():
		return nil
	case s.Saved != nil:
		return n.spend(ctx, tx, b, s)
	}
	g := n.newAgreement(s)
	if err := n.queueNewAgreement(tx, &g); err != nil {
		return err
	}
	n.queueAgreementNews(tx, b, &g, s.Now)
	return nil
}

// newAgreement is what the network keeps of an agreement that is asked for now. The payment it is
// made with is the first under it.
func (n *Network) newAgreement(s submission) agreement {
	offered := s.Attempt.Agreement
	g := agreement{
		token: s.Record.Agreement, merchantID: s.Record.MerchantID, paymentID: s.Record.PaymentID,
		scenario: s.Scenario, payto: *s.Attempt.Payto, state: pay.AgreementPending,
		offer: offer{
			offered.Terms, offered.Currency, offered.Description, offered.Merchant,
		},
		createdAt: s.Now, deadline: s.answerBy(), changedAt: s.Now, windowAt: time.Unix(0, 0),
	}
	if g.offer.Terms.Zone == "" {
		g.offer.Terms.Zone = n.words.Zone
	}
	if s.Record.Amount.Minor > 0 {
		g.count(s.Record, s.Now)
	}
	switch {
	case s.asks():
	case s.Scenario.Refuses:
		g.apply(change{s.Now, pay.AgreementCancelled, pay.PartyBank, s.Scenario.Code})
	default:
		g.apply(change{s.Now, pay.AgreementActive, pay.PartyBank, ""})
	}
	return g
}

// spend judges a payment under an agreement that was made before, and counts it. What the agreement
// does not permit is refused with the network's own code.
func (n *Network) spend(
	ctx context.Context, tx sqldb.Tx, b pay.Behaviour, s submission,
) error {
	g, err := n.lockAgreement(ctx, tx, s.Record.MerchantID, s.Saved.Token)
	if pay.IsKind(err, pay.NotFound) {
		return nil // recall has seen to it
	}
	if err != nil {
		return err
	}
	g = g.at(s.Now, n.words)
	s.Record.Agreement = g.token
	if code := g.refusal(s.Record.Amount.Minor, s.Now, n.words); code != "" {
		s.Record.Scenario = n.model.Scenario(code)
		return nil
	}
	g.count(s.Record, s.Now)
	before := g.spentAt
	g.spend(s.Now.Add(s.Scenario.After))
	if g.failures >= maxFailures {
		g.failures = 0
		g.apply(change{s.Now, pay.AgreementSuspended, pay.PartyBank, n.words.Failures})
		n.queueAgreed(tx, b, &g, agreed{what: noticeAgreed})
	}
	if g.spentAt != before || g.state == pay.AgreementSuspended {
		n.queueAgreementNews(tx, b, &g, s.Now)
	}
	return n.queueAgreement(tx, &g)
}

// spend notes when the last payment that was agreed to settles, once no other can follow.
func (g *agreement) spend(at time.Time) {
	if g.spentAt.IsZero() && g.offer.Terms.SpentBy(g.use) {
		g.spentAt = at
	}
}

// refusal names the scenario of a payment that the agreement does not permit now; "" when it does.
func (g *agreement) refusal(amount int64, now time.Time, w *Words) string {
	switch {
	case g.state == pay.AgreementCancelled && g.code == w.Ended:
		return w.Broken(g.offer.Terms, amount, terms.Ended)
	case g.state == pay.AgreementCancelled && (g.code == w.Spent || g.code == w.SpentOnce):
		return w.Broken(g.offer.Terms, amount, terms.UsedUp)
	case g.state == pay.AgreementCancelled:
		return w.Cancelled
	case g.state != pay.AgreementActive:
		return w.Inactive
	}
	from, _ := g.offer.Terms.Window(now)
	use := g.use
	if !from.Equal(g.windowAt) {
		use.WindowCount, use.WindowTotal = 0, 0
	}
	if broken := g.offer.Terms.Permit(amount, now, use); broken != "" {
		return w.Broken(g.offer.Terms, amount, broken)
	}
	return ""
}

// count takes a payment into the books of the agreement. How it ends is settled already.
func (g *agreement) count(r *Record, now time.Time) {
	if r.Scenario.Decline != "" {
		g.failures++
		return
	}
	g.failures = 0
	if from, _ := g.offer.Terms.Window(now); !from.Equal(g.windowAt) && !from.IsZero() {
		g.windowAt, g.use.WindowCount, g.use.WindowTotal = from.UTC(), 0, 0
	}
	add(&g.use, r.Amount.Minor)
}

func add(u *terms.Use, amount int64) {
	u.Count++
	u.Total += amount
	u.WindowCount++
	u.WindowTotal += amount
}
