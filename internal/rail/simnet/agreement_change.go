package simnet

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

// follow takes the payer's answer, or the end of a payment that was given up, into the agreement
// that the payment was made with.
func (n *Network) follow(
	ctx context.Context, tx sqldb.Tx, b pay.Behaviour, r *Record,
) error {
	if r.Agreement == "" || !r.asks() {
		return nil
	}
	g, err := n.lockAgreement(ctx, tx, r.MerchantID, r.Agreement)
	if err != nil {
		return err
	}
	switch {
	case !r.VoidedAt.IsZero():
		g.apply(change{r.VoidedAt, pay.AgreementCancelled, pay.PartyMerchant, n.words.ByMerchant})
	case r.Answer == Approved:
		g.apply(change{r.AnsweredAt, pay.AgreementActive, pay.PartyBank, ""})
		n.queueAgreementNews(tx, b, &g, r.AnsweredAt)
		if r.Scenario.After > 0 {
			n.queueAgreed(tx, b, &g, agreed{what: noticeAgreed, paymentID: r.PaymentID})
		}
	case r.Answer == Rejected:
		g.apply(change{r.AnsweredAt, pay.AgreementCancelled, pay.PartyBank, n.words.ByPayer})
	}
	return n.queueAgreement(tx, &g)
}

// agreed is news of an agreement: its type, the payment that waits for it, and how long from now it
// is due.
type agreed struct {
	what      string
	paymentID string
	in        time.Duration
}

func (n *Network) queueAgreed(tx sqldb.Tx, b pay.Behaviour, g *agreement, a agreed) {
	if g.scenario.Notice == NoticeNever {
		return
	}
	due := n.clock.Now().Add(a.in + delay(b))
	n.queueNotice(tx, g.merchantID, noticeBody{
		ID: n.ids.ID("ntc", due), Type: a.what, Payment: a.paymentID, Agreement: g.token,
	}, due)
}

// queueAgreementNews plans anew what is to be told of an agreement that has changed. What becomes
// of a pending one is told as news of its payment.
func (n *Network) queueAgreementNews(
	tx sqldb.Tx, b pay.Behaviour, g *agreement, now time.Time,
) {
	tx.Queue(dropAgreementNotices, n.name, g.token, noticeTurned, micros(n.clock.Now()))
	if p := g.pending(); p != nil {
		n.queueAgreed(tx, b, g, agreed{what: noticeTurned, in: p.Deadline.Sub(now)})
	}
	ahead := *g
	for {
		next, ok := ahead.next(n.words)
		if !ok {
			return
		}
		pending := ahead.state == pay.AgreementPending
		ahead.apply(next)
		if !pending {
			n.queueAgreed(tx, b, g, agreed{what: noticeTurned, in: next.at.Sub(now)})
		}
	}
}

// Instruct changes an agreement on the merchant's behalf. A pending one that is cancelled takes its
// payment with it.
func (n *Network) Instruct(
	ctx context.Context, ref pay.AgreementRef, i pay.Instruction,
) (pay.Agreement, error) {
	b, err := n.reached(ctx, ref.Scope)
	if err != nil {
		return pay.Agreement{}, err
	}
	to, known := map[pay.Instruction]pay.AgreementState{
		pay.AgreementCancel: pay.AgreementCancelled, pay.AgreementSuspend: pay.AgreementSuspended,
		pay.AgreementRelease: pay.AgreementActive,
	}[i]
	if !known {
		return pay.Agreement{}, pay.BadParam("instruction", "parameter_invalid",
			"The instruction must be %q, %q or %q.", pay.AgreementCancel, pay.AgreementSuspend,
			pay.AgreementRelease)
	}
	c := change{at: ref.Now, to: to, by: pay.PartyMerchant, code: n.words.ByMerchant}
	g, err := n.alter(ctx, b, ref, wish{c.by, func(g *agreement) error { return g.turn(c) }})
	if errors.Is(err, errPending) && to == pay.AgreementCancelled {
		g, err = n.withdraw(ctx, b, ref, g.PaymentID)
	}
	return g, lost(b, err)
}

// Drop cancels an agreement on the merchant's behalf, whatever its state. An unknown one is as good
// as cancelled.
func (n *Network) Drop(ctx context.Context, sc pay.Scope, token string) error {
	ref := pay.AgreementRef{Scope: sc, Token: token, Now: n.clock.Now()}
	_, err := n.Instruct(ctx, ref, pay.AgreementCancel)
	if pay.IsKind(err, pay.NotFound) {
		return nil
	}
	return err
}

// withdraw gives up the payment that waits for an agreement, and the agreement with it.
func (n *Network) withdraw(
	ctx context.Context, b pay.Behaviour, ref pay.AgreementRef, paymentID string,
) (pay.Agreement, error) {
	of := pay.Ref{Scope: ref.Scope, PaymentID: paymentID, Now: ref.Now}
	err := n.db.Write(ctx, func(ctx context.Context, tx sqldb.Tx) error {
		_, err := n.void(ctx, tx, b, of)
		return err
	})
	if err != nil {
		return pay.Agreement{}, err
	}
	g, err := n.AgreementOf(ctx, of)
	if err != nil {
		return pay.Agreement{}, err
	}
	return *g, nil
}

// The ways in which a wish about an agreement can come to nothing.
var (
	errPending = pay.Errorf(pay.State, "agreement_pending",
		"The payer has not answered this agreement yet.")
	errCancelled = pay.Errorf(pay.State, "agreement_cancelled",
		"This agreement was cancelled for good.")
	errForeign = pay.Errorf(pay.State, "agreement_suspended_by_other",
		"Only the side that suspended an agreement can release it.")
)

// turn takes a wish of one side. What the agreement is already is no error.
func (g *agreement) turn(c change) error {
	switch {
	case g.state == c.to:
		return nil
	case g.state == pay.AgreementPending:
		return errPending
	case g.state == pay.AgreementCancelled:
		return errCancelled
	case c.to == pay.AgreementActive && g.party != c.by:
		return errForeign
	}
	g.apply(c)
	return nil
}

// wish is what one side wants done with an agreement.
type wish struct {
	by pay.AgreementParty
	do func(g *agreement) error
}

// alter changes an agreement, locked, and plans anew what follows. The side that did it knows: the
// other one is told. The change's error comes with the agreement as it was.
func (n *Network) alter(
	ctx context.Context, b pay.Behaviour, ref pay.AgreementRef, x wish,
) (pay.Agreement, error) {
	var view pay.Agreement
	err := n.db.Write(ctx, func(ctx context.Context, tx sqldb.Tx) error {
		g, err := n.lockAgreement(ctx, tx, ref.MerchantID, ref.Token)
		if err != nil {
			return err
		}
		account := g.payto
		g = g.at(ref.Now, n.words)
		before := g
		before.payto = account // a bank may have moved it by itself
		view = g.view()
		if err := x.do(&g); err != nil || g.same(&before) {
			return err
		}
		view = g.view()
		n.queueAgreementNews(tx, b, &g, ref.Now)
		if x.by != pay.PartyMerchant {
			n.queueAgreed(tx, b, &g, agreed{what: noticeAgreed})
		}
		return n.queueAltered(tx, &g, &before)
	})
	return view, err
}

// same reports whether nothing has happened to an agreement.
func (g *agreement) same(before *agreement) bool {
	return g.version == before.version && slices.Equal(g.actions, before.actions)
}

func (n *Network) queueAltered(tx sqldb.Tx, g, before *agreement) error {
	if g.state == pay.AgreementCancelled {
		tx.Queue(deleteCredential, n.name, g.token, g.merchantID)
	}
	if g.payto != before.payto {
		kept, err := json.Marshal(Terms{Payto: &g.payto})
		if err != nil {
			return err
		}
		account := n.model.(AgreementModel).Account(g.payto)
		tx.Queue(moveCredential, n.name, g.token, account.Name, string(kept))
	}
	return n.queueAgreement(tx, g)
}

// DecideAgreement does with an agreement what its payer wants.
func (n *Network) DecideAgreement(
	ctx context.Context, ref pay.AgreementRef, d pay.BankDecision,
) (pay.Agreement, error) {
	b, err := n.Behaviour(ctx, ref.MerchantID)
	if err != nil {
		return pay.Agreement{}, err
	}
	c := change{at: ref.Now, by: pay.PartyBank, code: n.words.ByPayer}
	switch d.Do {
	case pay.BankApprove, pay.BankDecline:
		return n.decide(ctx, b, ref, d.Do)
	case pay.BankPause:
		c.to = pay.AgreementSuspended
	case pay.BankResume:
		c.to = pay.AgreementActive
	case pay.BankCancel:
		c.to = pay.AgreementCancelled
	case pay.BankMove:
		return n.alter(ctx, b, ref, wish{c.by, func(g *agreement) error {
			return g.move(d.To, ref.Now)
		}})
	default:
		return pay.Agreement{}, pay.BadParam("decision", "parameter_invalid",
			"The decision must be %q, %q, %q, %q, %q or %q.", pay.BankApprove, pay.BankDecline,
			pay.BankPause, pay.BankResume, pay.BankCancel, pay.BankMove)
	}
	g, err := n.alter(ctx, b, ref, wish{c.by, func(g *agreement) error { return g.turn(c) }})
	if errors.Is(err, errPending) && d.Do == pay.BankCancel {
		return n.answer(ctx, ref, pay.BankDecline)
	}
	return g, err
}

// move draws the agreement on another account of the payer from now on.
func (g *agreement) move(to *pay.Payto, now time.Time) error {
	switch {
	case g.state == pay.AgreementPending:
		return errPending
	case g.state == pay.AgreementCancelled:
		return errCancelled
	case to == nil:
		return pay.BadParam("payto", "parameter_missing", "Name the account to draw on from now on.")
	case g.payto == *to:
		return nil
	}
	if problem := to.ID().Validate(); problem != nil {
		return pay.BadParam(problem.Field, problem.Code, "%s", problem.Message)
	}
	g.payto, g.changedAt = *to, later(now, g.changedAt)
	g.version++
	return nil
}

// answer gives the payer's answer to an agreement that waits for it.
func (n *Network) answer(
	ctx context.Context, ref pay.AgreementRef, do pay.BankAction,
) (pay.Agreement, error) {
	g, err := n.scanAgreement(
		n.db.Reader().QueryRow(ctx, selectAgreement, n.name, ref.Token, ref.MerchantID))
	if err != nil {
		return pay.Agreement{}, err
	}
	d := pay.Approve
	if do == pay.BankDecline {
		d = pay.Reject
	}
	of := pay.Ref{Scope: ref.Scope, PaymentID: g.paymentID, Now: ref.Now}
	if err := n.Decide(ctx, of, d); err != nil {
		return pay.Agreement{}, err
	}
	made, err := n.AgreementOf(ctx, of)
	if err != nil {
		return pay.Agreement{}, err
	}
	return *made, nil
}
