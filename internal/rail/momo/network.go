package momo

import (
	"context"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/rail/simnet"
)

// Name is the rail's name in stored payments.
const Name = "momo"

// How long the networks wait for a payer, in the merchant's clock.
const (
	PromptTTL = 2 * time.Minute // for an answer on the phone
	CodeTTL   = 5 * time.Minute // for the one-time code, which has to be copied
)

// codeDigits is the length of a one-time code.
const codeDigits = 6

// Config is what the networks stand on.
type Config = simnet.Config

// Network is the simulated mobile-money networks behind one door. It is safe for concurrent use;
// several processes may share its records.
type Network struct {
	*simnet.Network
	model *model
}

// New returns the networks over their records.
func New(c Config) (*Network, error) {
	m := &model{Story: &story, vault: c.Vault}
	n, err := simnet.New(c, m)
	if err != nil {
		return nil, err
	}
	return &Network{n, m}, nil
}

// Confirm compares the one-time code that the payer typed. A wrong one leaves the payment waiting
// for another, until there were too many.
func (n *Network) Confirm(ctx context.Context, ref pay.Ref, code string) (pay.Outcome, error) {
	out, err := n.Call(ctx, ref, func(r *simnet.Record) error {
		switch {
		case !r.Open(ref.Now) || r.Scenario.Asks.Action != pay.ActionCode:
			// What has come first stands, and is the answer.
		case n.model.rightCode(r.PaymentID, code):
			r.Close(simnet.Approved, ref.Now)
		default:
			r.Miss(ref.Now)
		}
		return nil
	})
	if pay.IsKind(err, pay.NotFound) {
		return pay.Outcome{Kind: pay.OutcomeNotFound}, nil
	}
	return out, err
}

// Resend prompts the payer's phone again, a few times at most, and gives the payer the whole time
// again.
func (n *Network) Resend(ctx context.Context, ref pay.Ref) error { return n.AskAgain(ctx, ref) }

// Forget ends the token of a wallet.
func (n *Network) Forget(ctx context.Context, sc pay.Scope, token string) error {
	return n.DropCredential(ctx, sc, token)
}

// Rehearse sets what the next charge of a wallet's token becomes.
func (n *Network) Rehearse(
	ctx context.Context, sc pay.Scope, token string, r pay.Rehearsal,
) error {
	return n.RehearseCredential(ctx, sc, token, r)
}

// model is what mobile-money networks are.
type model struct {
	*simnet.Story
	vault pay.Vault
}

func (*model) Name() string { return Name }

func (*model) Facts() pay.Facts { return simnet.Promises(pay.MethodMobile, simnet.ReviewAfter) }

func (*model) Providers() []string { return pay.Providers() }

// Take reads who is to pay. The money is always taken at once: these networks hold none.
func (m *model) Take(a pay.Attempt, b pay.Behaviour, r *simnet.Record) error {
	switch {
	case a.Amount.Minor < 1:
		return errors.New("a mobile-money payment of nothing")
	case a.Saved == nil && a.Mobile == nil:
		return errors.New("a mobile-money payment without a phone")
	case a.Saved == nil:
		wallet := *a.Mobile
		if !slices.Contains(m.Providers(), wallet.Provider) {
			return fmt.Errorf("no network %q", wallet.Provider)
		}
		r.Terms.Mobile = &wallet
		r.MAC = m.vault.MAC("sim momo wallet", wallet.Provider+" "+wallet.Phone)
		r.Scenario = scenarioOf(wallet)
	}
	if w := r.Terms.Mobile; w != nil && slices.Contains(b.Outage, w.Provider) {
		r.Scenario = catalogue.ByName[unavailable]
	}
	return nil
}

// Show adds the one-time code of the message on the phone.
func (m *model) Show(r *simnet.Record, p *pay.Prompt) {
	if r.Scenario.Asks.Action == pay.ActionCode {
		p.Code = m.code(r.PaymentID)
	}
}

// code is the payment's one-time code. It is computed, so that nothing has to keep it.
func (m *model) code(paymentID string) string {
	number := binary.BigEndian.Uint64(m.vault.MAC("sim momo code", paymentID)[:8])
	return fmt.Sprintf("%0*d", codeDigits, number%1_000_000)
}

func (m *model) rightCode(paymentID, typed string) bool {
	typed = strings.NewReplacer(" ", "", "-", "").Replace(typed)
	return subtle.ConstantTimeCompare([]byte(typed), []byte(m.code(paymentID))) == 1
}
