package card

import (
	"context"
	"errors"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/rail/simnet"
)

// Name is the rail's name in stored payments.
const Name = "card"

// ChallengeTTL is how long the issuer waits for the payer, in the merchant's clock.
const ChallengeTTL = 10 * time.Minute

// Config is what the network stands on.
type Config = simnet.Config

// Network is the simulated card network. It is safe for concurrent use; several processes may
// share its records.
type Network struct{ *simnet.Network }

// New returns the network over its records.
func New(c Config) (*Network, error) {
	n, err := simnet.New(c, &model{Story: &story, vault: c.Vault})
	if err != nil {
		return nil, err
	}
	return &Network{n}, nil
}

// Capture takes a part of the held amount, under a number.
func (n *Network) Capture(ctx context.Context, o pay.CaptureOrder) (pay.Outcome, error) {
	return n.TakeHeld(ctx, o)
}

// Forget ends the token of a card.
func (n *Network) Forget(ctx context.Context, sc pay.Scope, token string) error {
	return n.DropCredential(ctx, sc, token)
}

// Rehearse sets what the next charge of a card's token becomes.
func (n *Network) Rehearse(
	ctx context.Context, sc pay.Scope, token string, r pay.Rehearsal,
) error {
	return n.RehearseCredential(ctx, sc, token, r)
}

// story is what the issuer makes of a payer who does not agree.
var story = simnet.Story{
	Scenarios: catalogue.ByName, Plain: catalogue.ByName[approved],
	OnReject: pay.DeclineAuthentication, OnTimeOut: pay.DeclineAuthTimeout,
}

// model is what a card network is.
type model struct {
	*simnet.Story
	vault pay.Vault
}

func (*model) Name() string { return Name }

func (*model) Facts() pay.Facts { return simnet.Promises(pay.MethodCard, simnet.ReviewAfter) }

func (*model) Providers() []string { return nil }

// Take keeps of the card what may be shown. There is nothing to hold of an amount of zero, by which
// a card is only verified.
func (m *model) Take(a pay.Attempt, _ pay.Behaviour, r *simnet.Record) error {
	r.Manual = a.Capture == pay.CaptureManual && a.Amount.Minor > 0
	switch {
	case a.Saved != nil && expired(r.Terms.Card, a.Now):
		r.Scenario = catalogue.ByName[string(pay.DeclineExpiredCard)]
		return nil
	case a.Saved != nil:
		return nil
	case a.Card == nil:
		return errors.New("a card payment without a card")
	}
	digits := a.Card.Number.Reveal()
	r.Scenario = scenarioOf(digits)
	r.MAC = m.vault.MAC("sim card number", digits)
	r.Terms.Card = &pay.CardSummary{
		Brand: pay.Brand(digits), Last4: a.Card.Number.Last4(),
		ExpMonth: a.Card.ExpMonth, ExpYear: a.Card.ExpYear,
	}
	return nil
}

// expired reports whether the last day of the card's month is over, everywhere on earth.
func expired(c *pay.CardSummary, now time.Time) bool {
	return c != nil && !now.Before(
		time.Date(int(c.ExpYear), time.Month(c.ExpMonth)+1, 1, 12, 0, 0, 0, time.UTC))
}

func (*model) Show(*simnet.Record, *pay.Prompt) {}
