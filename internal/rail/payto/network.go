package payto

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/rail/simnet"
	"github.com/kassa-pay/kassa/internal/terms"
)

// Name is the rail's name in stored payments.
const Name = "payto"

const (
	currency = "AUD"
	zone     = "Australia/Sydney" // the days of an agreement are those of this zone

	// maxMinor is the largest payment that the network takes, in cents.
	maxMinor = 1_000_000_000
	// maxDescription is how many characters the payer reads in the bank's app.
	maxDescription = 140

	// reviewAfter is longer than an agreement can wait and its payment can take.
	reviewAfter = pay.MaxTTL + LongAfter + 24*time.Hour
)

var (
	errLive   = simnet.ErrLive
	errSilent = simnet.ErrNoReply
)

// Config is what the network stands on.
type Config = simnet.Config

// Processing is the rehearsal of a charge that is in process for 40 hours.
const Processing pay.Rehearsal = "processing"

// Network is the simulated platform behind one door. It is safe for concurrent use; several
// processes may share its records.
type Network struct{ *simnet.Network }

// New returns the network over its records.
func New(c Config) (*Network, error) {
	n, err := simnet.New(c, &model{Story: &story, vault: c.Vault})
	if err != nil {
		return nil, err
	}
	return &Network{n}, nil
}

// Start asks the payer for an agreement and takes the payment once they agreed; or takes a payment
// under the agreement that the attempt names.
func (n *Network) Start(ctx context.Context, a pay.Attempt) (pay.Outcome, error) {
	out, err := n.Network.Start(ctx, a)
	return n.attach(ctx, a.Ref, out, err)
}

// Query says what became of a payment, and of the agreement it rests on.
func (n *Network) Query(ctx context.Context, ref pay.Ref) (pay.Outcome, error) {
	out, err := n.Network.Query(ctx, ref)
	return n.attach(ctx, ref, out, err)
}

// Void gives up a payment whose payer has not agreed yet, and withdraws the agreement. A payment
// that was initiated cannot be called back.
func (n *Network) Void(ctx context.Context, ref pay.Ref) (pay.Outcome, error) {
	out, err := n.Network.Void(ctx, ref)
	return n.attach(ctx, ref, out, err)
}

// attach adds the agreement, as it is now, to what the network says of a payment.
func (n *Network) attach(
	ctx context.Context, ref pay.Ref, out pay.Outcome, err error,
) (pay.Outcome, error) {
	if err != nil || out.Kind == pay.OutcomeNotFound {
		return out, err
	}
	out.Agreement, err = n.AgreementOf(ctx, ref)
	return out, err
}

// Prompts lists what the payers of a scope are asked now, each with its agreement.
func (n *Network) Prompts(
	ctx context.Context, sc pay.Scope, now time.Time,
) ([]pay.Prompt, error) {
	all, err := n.Network.Prompts(ctx, sc, now)
	for i := range all {
		if err == nil {
			ref := all[i].Ref
			ref.Now = now
			all[i].Agreement, err = n.AgreementOf(ctx, ref)
		}
	}
	return all, err
}

// Amend proposes other terms of an agreement to its payer, or changes what they read at once.
func (n *Network) Amend(
	ctx context.Context, ref pay.AgreementRef, o pay.AmendOrder,
) (pay.Agreement, error) {
	if utf8.RuneCountInString(o.Description) > maxDescription {
		return pay.Agreement{}, pay.BadParam("description", "parameter_invalid",
			"The description must have at most %d characters.", maxDescription)
	}
	return n.Network.Amend(ctx, ref, o)
}

// Forget cancels an agreement on the merchant's behalf. An unknown one is as good as cancelled.
func (n *Network) Forget(ctx context.Context, sc pay.Scope, token string) error {
	return n.Drop(ctx, sc, token)
}

// Rehearse sets what the next payment under an agreement becomes.
func (n *Network) Rehearse(
	ctx context.Context, sc pay.Scope, token string, r pay.Rehearsal,
) error {
	return n.RehearseCredential(ctx, sc, token, r)
}

// model is what the platform is.
type model struct {
	*simnet.Story
	vault pay.Vault
}

func (*model) Name() string { return Name }

func (*model) Facts() pay.Facts {
	f := simnet.Promises(pay.MethodPayTo, reviewAfter)
	f.Currencies = []string{currency}
	return f
}

func (*model) Providers() []string {
	var names []string
	for _, b := range banks {
		names = append(names, b.name)
	}
	return names
}

func (*model) Show(*simnet.Record, *pay.Prompt) {}

// Account returns how payments go that draw on an account.
func (*model) Account(p pay.Payto) *simnet.Scenario { return scenarioOf(p) }

// Take reads whose account it is and what is asked for, or how a payment under an agreement goes.
func (m *model) Take(a pay.Attempt, b pay.Behaviour, r *simnet.Record) error {
	if err := check(a); err != nil {
		return err
	}
	if a.Saved == nil {
		account := *a.Payto
		r.Terms.Payto, r.ExpiresAt = &account, deadline(a)
		r.MAC = m.vault.MAC("sim payto account", string(account.Kind)+" "+
			string(account.PayIDType)+" "+account.PayID+" "+account.BSB+" "+account.Account)
		r.Charged = scenarioOf(account)
		r.Scenario = cmp.Or(rehearsed(a.Agreement.Rehearsal), r.Charged)
	}
	r.Scenario = m.treat(a, b, r)
	return nil
}

// treat is how this one payment goes: as its account asks for, unless its amount, its currency or
// the bank's day decides.
func (m *model) treat(a pay.Attempt, b pay.Behaviour, r *simnet.Record) *simnet.Scenario {
	account := r.Terms.Payto
	if account == nil { // nothing is kept under this token
		return r.Scenario
	}
	code := amountCode(a.Amount.Minor, bankOf(*account))
	switch {
	case a.Amount.Currency != currency:
		code = codeCurrency
	case a.Amount.Minor > maxMinor:
		code = codeTooMuch
	case slices.Contains(b.Outage, bankOf(*account).name):
		code = codeBankDown
	case a.Saved == nil && outside(a) != "":
		code = outside(a)
	case r.Scenario.Name == settled && code != "":
		return byName[code+settling]
	case r.Scenario.Name == ordinary && code != "":
		return byName[code+asking]
	case r.Scenario.Asks.Action != "" && !r.Scenario.Asks.Lost && a.Amount.Minor == 0:
		return mandateAt(r.Scenario)
	default:
		return r.Scenario
	}
	if a.Saved == nil {
		return byName[code+refusing]
	}
	return byName[code]
}

// amountCode is the code with which a payment is rejected that is of a magic amount or too large
// for the payer's bank; "" for any other.
func amountCode(minor int64, of bank) string {
	for _, row := range amounts {
		if row.minor == minor {
			return row.code
		}
	}
	if of.most > 0 && minor > of.most {
		return codeTooMuch
	}
	return ""
}

// outside is the code of a payment that the agreement it comes with does not permit.
func outside(a pay.Attempt) string {
	offered := a.Agreement.Terms
	offered.Zone = cmp.Or(offered.Zone, zone)
	if r := offered.Permit(a.Amount.Minor, a.Now, terms.Use{}); a.Amount.Minor > 0 && r != "" {
		return broken(offered, a.Amount.Minor, r)
	}
	return ""
}

// deadline is when an agreement that nobody has answered is withdrawn.
func deadline(a pay.Attempt) time.Time {
	end := a.Now.Add(AnswerTTL)
	for _, at := range []time.Time{a.ExpiresAt, a.Agreement.Deadline} {
		if !at.IsZero() && at.Before(end) {
			end = at
		}
	}
	return end
}

func check(a pay.Attempt) error {
	switch {
	case a.Amount.Minor < 0:
		return errors.New("a payment of less than nothing")
	case a.Saved != nil && a.Amount.Minor == 0:
		return errors.New("a payment of nothing under an agreement")
	case a.Saved != nil:
		return nil
	case a.Payto == nil || a.Agreement == nil:
		return errors.New("an agreement without an account or without terms")
	case utf8.RuneCountInString(a.Agreement.Description) > maxDescription:
		return errors.New("an agreement whose description is too long")
	}
	if problem := a.Payto.ID().Validate(); problem != nil {
		return problem
	}
	if problem := a.Agreement.Terms.Validate(); problem != nil {
		return problem
	}
	return nil
}

// Outcome says what is known of a payment by the network's word for it, once it was initiated.
// Before that, and where no money is asked for, it is the story of the agreement.
func (m *model) Outcome(r *simnet.Record, now time.Time) pay.Outcome {
	if r.Submitted() && !r.Scenario.Refuses && r.Amount.Minor > 0 {
		return paymentAt(r, now)
	}
	out := m.Story.Outcome(r, now)
	switch {
	case out.Kind != pay.OutcomeDeclined || out.NetworkCode != "":
	case r.Answer == simnet.Rejected:
		out.NetworkCode = codeByPayer
	default:
		out.NetworkCode = codeUnanswered
	}
	return out
}

// Words are the platform's codes.
func (*model) Words() simnet.Words {
	return simnet.Words{
		Zone: zone, AnswerTTL: AnswerTTL, ByPayer: codeByPayer, ByMerchant: codeByMerchant,
		Unanswered: codeUnanswered, Spent: codeFinal, SpentOnce: codeOnce,
		Ended: codeEnded, Failures: codeFailures, Inactive: codeInactive,
		Cancelled: cancelled, Broken: broken,
		RefundFailed: map[simnet.Refund]string{
			simnet.RefundNow:   codeFloat,
			simnet.RefundFails: codeClosedAccount, simnet.RefundGone: codeGoneAlias,
		},
	}
}

// broken is the code of a payment that the terms do not permit.
func broken(t terms.Terms, amount int64, r terms.Refusal) string {
	switch {
	case r == terms.NotStarted:
		return codeNotYet
	case r == terms.Ended:
		return codeOver
	case r == terms.PeriodCount:
		return codeTooMany
	case r == terms.PeriodAmount:
		return codeTooHigh
	case r != terms.WrongAmount:
		return codeTerms
	case t.Amount.Exact > 0:
		return codeNotAgreed
	case amount < t.Amount.Min:
		return codeTooLittle
	}
	return codeTooMuch
}
