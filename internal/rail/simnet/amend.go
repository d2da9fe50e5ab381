package simnet

import (
	"context"
	"reflect"
	"slices"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/payid"
	"github.com/kassa-pay/kassa/internal/terms"
)

// The words of the network's books for what has become of an action.
const (
	actionPending   = "PEND"
	actionCompleted = "CMPL"
	actionDeclined  = "DECL"
	actionRecalled  = "RECL"
	actionTimedOut  = "TIMO"
)

// The types of action.
const (
	actionAmend = "AMND" // changes what was agreed to
	actionPort  = "PORT" // banks move the agreement among themselves
)

// maxActions is how many actions an agreement keeps in its books. The oldest go first.
const maxActions = 64

// amendmentStates are the words of the books in those of the merchant's side.
var amendmentStates = map[string]pay.AmendmentState{
	actionPending: pay.AmendmentPending, actionCompleted: pay.AmendmentCompleted,
	actionDeclined: pay.AmendmentDeclined, actionRecalled: pay.AmendmentRecalled,
	actionTimedOut: pay.AmendmentTimedOut,
}

// endedBy is what becomes of a pending amendment when somebody cancels the agreement.
var endedBy = map[pay.AgreementParty]string{
	pay.PartyMerchant: actionRecalled, pay.PartyBank: actionDeclined,
	pay.PartyNetwork: actionTimedOut,
}

// action is a change of what was agreed to, in the network's books. It is never changed in place:
// the agreement as it was a moment ago may share it.
type action struct {
	ID          string       `json:"id"` // the merchant's
	Type        string       `json:"type"`
	Status      string       `json:"status"`
	Terms       *terms.Terms `json:"terms,omitempty"`
	Description string       `json:"description,omitempty"`
	At          time.Time    `json:"at"`
	Deadline    time.Time    `json:"deadline,omitzero"` // none: nobody had to agree
	Decided     time.Time    `json:"decided,omitzero"`
	Code        string       `json:"code,omitempty"`
}

// with is the action with what has become of it.
func (a *action) with(status string, at time.Time, code string) action {
	done := *a
	done.Status, done.Decided, done.Code = status, at, code
	return done
}

// pending returns the amendment that waits for the payer; nil for none.
func (g *agreement) pending() *action {
	return g.action(func(a action) bool { return a.Status == actionPending })
}

func (g *agreement) action(is func(action) bool) *action {
	i := slices.IndexFunc(g.actions, is)
	if i < 0 {
		return nil
	}
	return &g.actions[i]
}

// settle writes an action into the books, in place of what they say of it.
func (g *agreement) settle(a action) {
	g.actions = slices.Clone(g.actions)
	if known := g.action(func(o action) bool { return o.ID == a.ID }); known != nil {
		*known = a
		return
	}
	g.actions = append(g.actions[max(0, len(g.actions)+1-maxActions):], a)
}

// amendment is what the network tells of the amendment that waits for the payer, or else of the
// latest.
func (g *agreement) amendment() *pay.Amendment {
	a := g.pending()
	for i := len(g.actions) - 1; i >= 0 && a == nil; i-- {
		if g.actions[i].Type == actionAmend {
			a = &g.actions[i]
		}
	}
	if a == nil {
		return nil
	}
	return &pay.Amendment{
		ID: a.ID, State: amendmentStates[a.Status], Terms: *a.Terms, Description: a.Description,
		ProposedAt: a.At, Deadline: a.Deadline, DecidedAt: a.Decided, NetworkCode: a.Code,
	}
}

// The ways in which an amendment can come to nothing.
var (
	errAmending = pay.Errorf(pay.State, "amendment_pending",
		"The payer has not answered an earlier amendment of this agreement yet.")
	errReused = pay.Errorf(pay.State, "amendment_reused",
		"Another amendment has this id already.")
	errLate = pay.Errorf(pay.State, "amendment_expired",
		"The time to answer this amendment is over.")
	errAnswered = pay.Errorf(pay.State, "amendment_answered",
		"This amendment was answered already.")
	errSameTerms = pay.BadParam("terms", "amendment_empty",
		"Name terms or a description that the agreement does not have already.")
)

// Amend proposes other terms to the payer, or changes the description at once.
func (n *Network) Amend(
	ctx context.Context, ref pay.AgreementRef, o pay.AmendOrder,
) (pay.Agreement, error) {
	b, err := n.reached(ctx, ref.Scope)
	if err != nil {
		return pay.Agreement{}, err
	}
	g, err := n.alter(ctx, b, ref, wish{pay.PartyMerchant, func(g *agreement) error {
		return g.amend(o, ref.Now, n.words)
	}})
	return g, lost(b, err)
}

// amend takes an order into the books. Terms need the payer's consent, a description does not.
func (g *agreement) amend(o pay.AmendOrder, now time.Time, w *Words) error {
	a, err := g.ordered(o, now, w)
	if err != nil {
		return err
	}
	known := g.action(func(k action) bool { return k.ID == a.ID })
	switch {
	case known != nil && known.asks(a):
		return nil
	case known != nil:
		return errReused
	case g.state == pay.AgreementPending:
		return errPending
	case g.state == pay.AgreementCancelled:
		return errCancelled
	case !reflect.DeepEqual(*a.Terms, g.offer.Terms):
		return g.propose(a, now)
	case a.Description == g.offer.Description:
		return errSameTerms
	}
	a.Deadline = time.Time{}
	g.complete(a.with(actionCompleted, now, ""), now)
	return nil
}

// asks reports whether an action is the same as another one with its id.
func (a *action) asks(o action) bool {
	return a.Description == o.Description && reflect.DeepEqual(a.Terms, o.Terms)
}

// ordered is the action that an order asks for.
func (g *agreement) ordered(o pay.AmendOrder, now time.Time, w *Words) (action, error) {
	wanted := g.offer.Terms
	if o.Terms != nil {
		if wrong := o.Terms.Validate(); wrong != nil {
			return action{}, pay.BadParam("terms."+wrong.Field, "parameter_invalid", "%s",
				wrong.Message)
		}
		wanted = *o.Terms
	}
	a := action{
		ID: o.ID, Type: actionAmend, Terms: &wanted, Description: o.Description, At: now,
		Deadline: now.Add(w.AnswerTTL),
	}
	if wanted.Zone == "" {
		wanted.Zone = w.Zone
	}
	if o.Description == "" {
		a.Description = g.offer.Description
	}
	if !o.Deadline.IsZero() && o.Deadline.Before(a.Deadline) {
		a.Deadline = o.Deadline
	}
	return a, nil
}

// propose asks the payer. One amendment at a time waits for them.
func (g *agreement) propose(a action, now time.Time) error {
	switch {
	case g.pending() != nil:
		return errAmending
	case !a.Deadline.After(now):
		return errLate
	}
	a.Status = actionPending
	g.settle(a)
	return nil
}

// complete makes an amendment what was agreed to. What was used already stays used: terms that
// permit no more than that end the agreement.
func (g *agreement) complete(a action, now time.Time) {
	g.settle(a)
	g.offer.Terms, g.offer.Description = *a.Terms, a.Description
	g.changedAt = later(now, g.changedAt)
	g.version++
	spent := g.offer.Terms.SpentBy(g.use)
	switch {
	case !spent:
		g.spentAt = time.Time{}
	case g.spentAt.IsZero():
		g.spentAt = g.changedAt
	}
}

// decide gives the payer's answer to what waits for one: the amendment of an agreement that was
// amended, or else the agreement itself.
func (n *Network) decide(
	ctx context.Context, b pay.Behaviour, ref pay.AgreementRef, do pay.BankAction,
) (pay.Agreement, error) {
	amended := true
	g, err := n.alter(ctx, b, ref, wish{pay.PartyBank, func(g *agreement) error {
		amended = g.amendment() != nil
		if !amended {
			return nil
		}
		return g.answer(do == pay.BankApprove, ref.Now, n.words)
	}})
	if err != nil || amended {
		return g, err
	}
	return n.answer(ctx, ref, do)
}

// answer gives the payer's answer to the amendment that waits for it.
func (g *agreement) answer(yes bool, now time.Time, w *Words) error {
	p := g.pending()
	switch {
	case g.state == pay.AgreementCancelled:
		return errCancelled
	case p == nil && g.amendment().State == pay.AmendmentTimedOut:
		return errLate
	case p == nil:
		return errAnswered
	case yes:
		g.complete(p.with(actionCompleted, now, ""), now)
	default:
		g.settle(p.with(actionDeclined, now, w.ByPayer))
	}
	return nil
}

// portedBSB is where accounts go that move to another bank.
const portedBSB = "923000"

// port moves the agreement to another bank, together with the payer's account: an account number
// gets another BSB, a PayID goes on naming the same payer.
func (g *agreement) port(at time.Time) {
	if g.payto.Kind == payid.Account {
		g.payto.BSB = portedBSB
	}
	g.changedAt = later(at, g.changedAt)
	g.version++
	g.settle(action{
		ID: actionPort, Type: actionPort, Status: actionCompleted, At: at, Decided: at,
	})
}
