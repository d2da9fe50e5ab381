package storetest

import (
	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
)

var journalCases = map[string]func(*run){
	"Journal_BalanceIsTheSameFolded": journalFold,
	"Journal_FoldedOnceByAll":        journalFoldRace,
}

// addEntry moves money of a payment from one account to another.
func (r *run) addEntry(p pay.Payment, from, to pay.Account, amount money.Amount) string {
	r.Helper()
	e := pay.Entry{
		ID: r.id("bt"), MerchantID: p.MerchantID, Mode: p.Mode, Type: pay.EntryPayment, From: from,
		To: to, Amount: amount, PaymentID: p.ID, CreatedAt: r.now,
	}
	r.do(func(tx pay.Tx) error { return tx.InsertEntry(r.ctx, e) })
	return e.ID
}

// addLines writes a few lines of the payment's into the journal.
func (r *run) addLines(p pay.Payment) {
	for i := range int64(4) {
		ghs := money.Amount{Minor: 100 + i, Currency: "GHS"}
		r.addEntry(p, pay.AccountNetwork, pay.AccountMerchant, ghs)
		r.addEntry(p, pay.AccountNetwork, pay.AccountLate, money.Amount{Minor: 7, Currency: "AUD"})
		r.addEntry(p, pay.AccountMerchant, pay.AccountRefunds, ghs)
	}
}

func (r *run) balances(sc pay.Scope) []pay.AccountBalance {
	r.Helper()
	return got[[]pay.AccountBalance](r)(r.Balances(r.ctx, sc))
}

func (r *run) fold(sc pay.Scope, below string, limit int) int64 {
	r.Helper()
	return inUnit(r, func(tx pay.Tx) (int64, error) {
		return tx.FoldJournal(r.ctx, sc, below, limit)
	})
}

// journalFold: a balance does not tell how much of the journal was summed up before.
func journalFold(r *run) {
	mine, foreign := r.addPayment(shop, nothing), r.addPayment(rival, nothing)
	r.addLines(mine)
	r.addLines(foreign)
	below := r.id("bt")
	r.addLines(mine)
	want, theirs := r.balances(shop), r.balances(rival)
	for _, n := range []int64{5, 5, 2, 0} {
		r.eq(r.fold(shop, below, 5), n)
		r.eq(r.balances(shop), want)
		r.eq(r.balances(rival), theirs)
	}
	r.addEntry(mine, pay.AccountNetwork, pay.AccountMerchant,
		money.Amount{Minor: 1, Currency: "GHS"})
	for i := range want {
		if want[i].Amount.Currency != "GHS" {
			continue
		}
		switch want[i].Account {
		case pay.AccountMerchant:
			want[i].Amount.Minor++
		case pay.AccountNetwork:
			want[i].Amount.Minor--
		}
	}
	r.eq(r.balances(shop), want)
	r.eq(r.fold(shop, r.id("bt"), 100), int64(13))
	r.eq(r.balances(shop), want)
	r.eq(len(got[[]pay.Entry](r)(r.Entries(r.ctx, shop, pay.EntryFilter{Page: page(100)}))), 25)
}

// journalFoldRace: whoever folds at the same time folds each entry once between them.
func journalFoldRace(r *run) {
	p := r.addPayment(shop, nothing)
	r.addLines(p)
	want, below := r.balances(shop), r.id("bt")
	for range 4 {
		r.race(6, func(int) error {
			return r.try(func(tx pay.Tx) error {
				return fails(tx.FoldJournal(r.ctx, shop, below, 2))
			})
		})
		r.eq(r.balances(shop), want)
	}
	for r.fold(shop, below, 5) > 0 {
		r.eq(r.balances(shop), want)
	}
	r.eq(r.balances(shop), want)
}
