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

// Capture takes up to the held amount, once. A repeat with the same amount answers the same.
func (n *Network) Capture(ctx context.Context, o pay.CaptureOrder) (pay.Outcome, error) {
	return n.TakeHeld(ctx, o.Ref, o.Amount)
}

// story is what the issuer makes of a payer who does not agree.
var story = simnet.Story{
	Scenarios: byName, Plain: byName[approved],
	OnReject: pay.DeclineAuthentication, OnTimeOut: pay.DeclineAuthTimeout,
}

// model is what a card network is.
type model struct {
	*simnet.Story
	vault pay.Vault
}

func (*model) Name() string { return Name }

func (*model) Facts() pay.Facts {
	return pay.Facts{
		Method: pay.MethodCard, Mode: pay.Test, SubmitIdempotent: true,
		NotFoundFinalAfter: simnet.NotFoundFinalAfter, ReviewAfter: simnet.ReviewAfter,
		Deadline: simnet.Deadline,
	}
}

func (*model) Providers() []string { return nil }

// Take keeps of the card what may be shown.
func (m *model) Take(a pay.Attempt, _ pay.Behaviour, r *simnet.Record) error {
	if a.Card == nil {
		return errors.New("a card payment without a card")
	}
	digits := a.Card.Number.Reveal()
	r.Scenario, r.Manual = scenarioOf(digits), a.Capture == pay.CaptureManual
	r.MAC = m.vault.MAC("sim card number", digits)
	r.Terms.Card = &pay.CardSummary{
		Brand: pay.Brand(digits), Last4: a.Card.Number.Last4(),
		ExpMonth: a.Card.ExpMonth, ExpYear: a.Card.ExpYear,
	}
	return nil
}

func (*model) Show(*simnet.Record, *pay.Prompt) {}
