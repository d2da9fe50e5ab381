package pay

import (
	"context"
	"time"

	"github.com/kassa-pay/kassa/internal/money"
)

// Account is one side of a journal entry. Accounts belong to a merchant, a mode and a currency.
type Account string

// The accounts. Money enters from the network and leaves to it; what the others hold is never
// negative.
const (
	AccountNetwork   Account = "network"   // the rails, as the merchant's counterpart
	AccountMerchant  Account = "merchant"  // what the merchant may dispose of
	AccountUnsettled Account = "unsettled" // transfers that were too much or too little
	AccountLate      Account = "late"      // money that came for a payment already given up
	AccountRefunds   Account = "refunds"   // on its way back to payers
)

// EntryType says why money moved.
type EntryType string

// The types of entry.
const (
	EntryPayment       EntryType = "payment"
	EntryTransfer      EntryType = "transfer_received"
	EntrySettlement    EntryType = "settlement"
	EntryLate          EntryType = "late_payment"
	EntryRefund        EntryType = "refund"         // reserved
	EntryRefundPaid    EntryType = "refund_paid"    // left the house
	EntryRefundFailure EntryType = "refund_failure" // came back
)

// Entry is one line of the journal: an amount that left one account and reached another, so that
// the sum over all accounts is zero by its shape. Entries are only ever added.
type Entry struct {
	ID         string
	MerchantID string
	Mode       Mode
	Type       EntryType
	From, To   Account
	Amount     money.Amount // at least 1
	PaymentID  string
	RefundID   string // "" when no refund is part of it
	CreatedAt  time.Time
}

// AccountBalance is what an account holds in one currency. The network's is negative by as much as
// the others hold.
type AccountBalance struct {
	Account Account
	Amount  money.Amount
}

// home is the account a payment's money belongs to once it is ours.
func (p *Payment) home() Account {
	if p.State == PaymentLate {
		return AccountLate
	}
	return AccountMerchant
}

// unsettled is what a transfer has brought and nobody has taken or sent back yet.
func (p *Payment) unsettled() int64 { return max(0, p.Received-p.Captured) }

// book writes what a change of a payment means in money.
func (s *Service) book(ctx context.Context, tx Tx, c Caller, before, after *Payment) error {
	captured := after.Captured - before.Captured
	unsettled := after.unsettled() - before.unsettled()
	if unsettled < 0 { // what was taken was here already
		settled := min(-unsettled, captured)
		captured -= settled
		e := after.entry(settled, AccountUnsettled, after.home())
		e.Type = EntrySettlement
		if err := s.enter(ctx, tx, c, e); err != nil {
			return err
		}
	}
	if unsettled > 0 {
		e := after.entry(unsettled, AccountNetwork, AccountUnsettled)
		e.Type = EntryTransfer
		if err := s.enter(ctx, tx, c, e); err != nil {
			return err
		}
	}
	e := after.entry(captured, AccountNetwork, after.home())
	e.Type = EntryPayment
	if after.State == PaymentLate {
		e.Type = EntryLate
	}
	return s.enter(ctx, tx, c, e)
}

// bookRefund writes what a change of a refund means in money.
func (s *Service) bookRefund(ctx context.Context, tx Tx, c Caller, p *Payment, r *Refund) error {
	e := p.entry(r.Amount.Minor, p.home(), AccountRefunds)
	e.Type, e.RefundID = EntryRefund, r.ID
	switch r.State {
	case RefundSucceeded:
		e.Type, e.From, e.To = EntryRefundPaid, AccountRefunds, AccountNetwork
	case RefundFailed:
		e.Type, e.From, e.To = EntryRefundFailure, AccountRefunds, p.home()
	}
	return s.enter(ctx, tx, c, e)
}

// entry begins a line of the payment's: so many minor units from one account to another.
func (p *Payment) entry(minor int64, from, to Account) Entry {
	return Entry{
		MerchantID: p.MerchantID, Mode: p.Mode, From: from, To: to, PaymentID: p.ID,
		Amount: money.Amount{Minor: minor, Currency: p.Amount.Currency},
	}
}

// enter dates a line and writes it; an amount of zero is no line.
func (s *Service) enter(ctx context.Context, tx Tx, c Caller, e Entry) error {
	if e.Amount.Minor == 0 {
		return nil
	}
	e.CreatedAt = s.Now(c)
	e.ID = s.ids.ID("bt", e.CreatedAt)
	return tx.InsertEntry(ctx, e)
}

// Balance returns what each of the caller's accounts holds, currency by currency.
func (s *Service) Balance(ctx context.Context, c Caller) ([]AccountBalance, error) {
	return s.store.Balances(ctx, c.Scope)
}

// Entries lists the caller's journal, newest first, and says whether there are more.
func (s *Service) Entries(ctx context.Context, c Caller, f EntryFilter) ([]Entry, bool, error) {
	return list(ctx, c, &f.Page, s.store.Entry, func() ([]Entry, error) {
		return s.store.Entries(ctx, c.Scope, f)
	})
}
