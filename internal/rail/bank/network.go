package bank

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/kassa-pay/kassa/internal/ident"
	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/rail/simnet"
)

// Name is the rail's name in stored payments.
const Name = "bank"

// reviewAfter is longer than any session lives: until a transfer's own deadline, waiting for it is
// nothing that a person would have to look at.
const reviewAfter = pay.MaxTTL + 24*time.Hour

// What the payer is told besides the reference.
const (
	bankName      = "Test Bank"
	accountName   = "Test merchant account"
	accountDigits = 13
)

// Config is what the bank stands on.
type Config = simnet.Config

// Network is the simulated bank. It is safe for concurrent use; several processes may share its
// records.
type Network struct{ *simnet.Network }

// New returns the bank over its records.
func New(c Config) (*Network, error) {
	n, err := simnet.New(c, &model{vault: c.Vault, ids: c.IDs})
	if err != nil {
		return nil, err
	}
	return &Network{n}, nil
}

// Deposit sends money to the reference of a payment, as the payer would: more than once, too little
// or too much, and after its time.
func (n *Network) Deposit(ctx context.Context, ref pay.Ref, amount money.Amount) error {
	_, err := n.Change(ctx, ref, func(r *simnet.Record) error {
		return deposit(r, amount)
	})
	return err
}

func deposit(r *simnet.Record, amount money.Amount) error {
	if r.Terms.Transfer == nil {
		return pay.Errorf(pay.State, "payment_not_payable",
			"This payment was given up before it had a reference to send money to.")
	}
	if amount.Currency != r.Amount.Currency || amount.Minor < 1 {
		return pay.BadParam("amount", "parameter_invalid",
			"The amount must be a positive integer, in minor units of %s.", r.Amount.Currency)
	}
	sum, err := amount.Add(money.Amount{Minor: r.Received, Currency: r.Amount.Currency})
	if err != nil {
		return pay.BadParam("amount", "amount_too_large",
			"All transfers to one reference together can be %d at most.", money.MaxMinor)
	}
	if r.Received = sum.Minor; r.Received >= r.Amount.Minor {
		r.PromptUntil = time.Time{}
	}
	return nil
}

// plain is the only scenario of the bank.
var plain = simnet.Scenario{Name: "transfer"}

// model is what a bank is.
type model struct {
	vault pay.Vault
	ids   ident.Source
}

func (*model) Name() string { return Name }

func (*model) Facts() pay.Facts { return simnet.Promises(pay.MethodBank, reviewAfter) }

func (*model) Providers() []string { return nil }

func (*model) Scenario(string) *simnet.Scenario { return &plain }

// Take gives the payment a reference of its own. Only time can bring money: none is held.
func (m *model) Take(a pay.Attempt, _ pay.Behaviour, r *simnet.Record) error {
	switch {
	case a.ExpiresAt.IsZero():
		return errors.New("a transfer without a deadline")
	case a.Saved != nil || a.Keep:
		return errors.New("a transfer leaves nothing that could be charged again")
	case a.Amount.Minor < 1:
		return errors.New("a transfer of nothing")
	}
	r.Scenario, r.ExpiresAt = &plain, a.ExpiresAt
	r.Reference = newReference(func() []byte {
		return m.vault.MAC("sim bank reference", m.ids.ID("ref", a.Now))
	})
	r.Terms.Transfer = &pay.Transfer{
		Bank: bankName, AccountName: accountName, AccountNumber: m.account(a.MerchantID),
		Reference: r.Reference, ExpiresAt: a.ExpiresAt,
	}
	return nil
}

// account is the number of the merchant's account, always the same.
func (m *model) account(merchantID string) string {
	number := binary.BigEndian.Uint64(m.vault.MAC("sim bank account", merchantID)[:8])
	return fmt.Sprintf("%0*d", accountDigits, number%1e13)
}

// Outcome says what has come. Money that is there counts whatever the time.
func (*model) Outcome(r *simnet.Record, now time.Time) pay.Outcome {
	out := pay.Outcome{Amount: r.Amount}
	switch {
	case r.Received > 0:
		out.Kind, out.Amount.Minor = pay.OutcomeReceived, r.Received
		out.Transfer = r.Terms.Transfer
	case now.Before(r.ExpiresAt):
		out.Kind, out.Transfer = pay.OutcomeWaiting, r.Terms.Transfer
	default:
		out.Kind, out.Decline = pay.OutcomeDeclined, pay.DeclineTransferExpired
	}
	return out
}

// Plan tells when a transfer that has brought nothing is over.
func (*model) Plan(r *simnet.Record) simnet.Plan {
	if r.Received > 0 {
		return simnet.Plan{}
	}
	return simnet.Plan{News: []time.Time{r.ExpiresAt}}
}

func (*model) Show(*simnet.Record, *pay.Prompt) {}
