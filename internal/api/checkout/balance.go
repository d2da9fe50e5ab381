package checkout

import (
	"context"
	"slices"
	"strings"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
)

// balance is what the merchant's accounts hold, in one currency.
type balance struct {
	currency                     string
	available, pending, reserved int64
}

// add puts an account where the merchant looks for it: refunds on their way and late money are
// reserved for payers, unsettled transfers pend on a decision.
func (b *balance) add(account pay.Account, minor int64) {
	switch account {
	case pay.AccountMerchant:
		b.available += minor
	case pay.AccountUnsettled:
		b.pending += minor
	case pay.AccountRefunds, pay.AccountLate:
		b.reserved += minor
	}
}

// balances sums the accounts, one balance per currency that ever moved, sorted; zero in the usual
// currency when none has.
func balances(accounts []pay.AccountBalance) []balance {
	var all []balance
	for _, a := range accounts {
		i := slices.IndexFunc(all, func(b balance) bool { return b.currency == a.Amount.Currency })
		if i < 0 {
			i = len(all)
			all = append(all, balance{currency: a.Amount.Currency})
		}
		all[i].add(a.Account, a.Amount.Minor)
	}
	if len(all) == 0 {
		all = []balance{{currency: defaultCurrency}}
	}
	slices.SortFunc(all, func(a, b balance) int { return strings.Compare(a.currency, b.currency) })
	return all
}

func (a *API) getBalance(c *call) error {
	q := wire.Query(c.r)
	if err := q.Err(); err != nil {
		return err
	}
	accounts, err := a.pay.Balance(c.r.Context(), c.Caller)
	all := balances(accounts)
	return show(c, &all, err, appendBalance)
}

func appendBalance(buf []byte, all *[]balance) []byte {
	o := begin(buf)
	o.text("object", "balance")
	sums := func(name string, of func(*balance) int64) {
		o.nested(name, func(buf []byte) []byte {
			return appendArray(buf, *all, func(buf []byte, b *balance) []byte {
				sum := begin(buf)
				sum.number("amount", of(b))
				sum.text("currency", b.currency)
				return sum.end()
			})
		})
	}
	sums("available", func(b *balance) int64 { return b.available })
	sums("pending", func(b *balance) int64 { return b.pending })
	sums("reserved", func(b *balance) int64 { return b.reserved })
	return o.end()
}

// transactionTypes are the types of entry that can change the available balance.
var transactionTypes = []pay.EntryType{
	pay.EntryPayment, pay.EntryRefund, pay.EntryRefundFailure, pay.EntrySettlement,
}

// typesOf returns the types that a list is narrowed to; all of them for the empty name.
func typesOf(name string) []pay.EntryType {
	if name == "" {
		return transactionTypes
	}
	return []pay.EntryType{pay.EntryType(name)}
}

// signed returns by how much an entry changes the available balance. Entries between other accounts
// do not: late money is sent back without ever having been the merchant's.
func signed(e *pay.Entry) int64 {
	switch pay.AccountMerchant {
	case e.To:
		return e.Amount.Minor
	case e.From:
		return -e.Amount.Minor
	}
	return 0
}

func (a *API) listTransactions(c *call) error {
	names := make([]string, len(transactionTypes))
	for i, t := range transactionTypes {
		names[i] = string(t)
	}
	q := c.query()
	f := pay.EntryFilter{Page: q.Page(), Types: typesOf(q.Enum("type", names...))}
	return page(c, f, a.transactions, appendTransaction)
}

// transactions fills a page with entries of the available balance. The journal knows no such
// filter; the entries to pass over are refunds of late money, and rare.
func (a *API) transactions(
	ctx context.Context, c pay.Caller, f pay.EntryFilter,
) (found []pay.Entry, more bool, err error) {
	for want := f.Limit; ; {
		var entries []pay.Entry
		if entries, more, err = a.pay.Entries(ctx, c, f); err != nil {
			return nil, false, err
		}
		for i := range entries {
			f.After = entries[i].ID
			if signed(&entries[i]) == 0 {
				continue
			}
			if len(found) == want {
				return found, true, nil
			}
			found = append(found, entries[i])
		}
		if !more {
			return found, false, nil
		}
	}
}

func appendTransaction(buf []byte, e *pay.Entry) []byte {
	o := begin(buf)
	o.text("id", e.ID)
	o.text("object", "balance_transaction")
	o.text("type", string(e.Type))
	o.number("amount", signed(e))
	o.text("currency", e.Amount.Currency)
	o.text("payment", e.PaymentID)
	o.maybe("refund", e.RefundID)
	o.time("created_at", e.CreatedAt)
	return o.end()
}
