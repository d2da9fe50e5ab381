package store

import (
	"cmp"
	"context"
	"slices"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

const (
	entryColumns = `id, merchant_id, mode, type, from_account, to_account, amount, currency,
		payment_id, COALESCE(refund_id, ''), created_at`
	selectEntry = `SELECT ` + entryColumns + ` FROM journal
		WHERE id = $1 AND merchant_id = $2 AND mode = $3`
	entryPage = `SELECT ` + entryColumns + ` FROM journal
		WHERE merchant_id = $1 AND mode = $2 AND id < $3
		AND ($5 = '' OR replace($5, '|' || type || '|', '') <> $5)`
	selectEntries          = entryPage + listOrder
	selectEntriesByPayment = entryPage + ` AND payment_id = $6` + listOrder
	entryRange             = `SELECT ` + entryColumns + ` FROM journal
		WHERE merchant_id = $1 AND mode = $2 AND id < $3 AND type = ` + rangeWord + `
		AND type <> 'payment'`

	insertEntry = `INSERT INTO journal (id, merchant_id, mode, type, from_account, to_account,
		amount, currency, payment_id, refund_id, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`

	notFolded = ` FROM journal WHERE merchant_id = $1 AND mode = $2 AND id >
		COALESCE((SELECT entry_id FROM folded WHERE merchant_id = $1 AND mode = $2), '')`
	sumAccounts = `SELECT account, currency, CAST(SUM(amount) AS BIGINT) FROM (
		SELECT account, currency, amount FROM folded_balance
		WHERE merchant_id = $1 AND mode = $2
		UNION ALL
		SELECT to_account AS account, currency, amount` + notFolded + `
		UNION ALL
		SELECT from_account, currency, -amount` + notFolded + `) AS legs
		GROUP BY account, currency ORDER BY account, currency`

	lockFolded = `SELECT entry_id FROM folded WHERE merchant_id = $1 AND mode = $2
		/*for update*/`
	entriesToFold = `SELECT ` + entryColumns + ` FROM journal
		WHERE merchant_id = $1 AND mode = $2 AND id > $3 AND id < $4 ORDER BY id LIMIT $5`
	beginFolded = `INSERT INTO folded (merchant_id, mode, entry_id) VALUES ($1, $2, $3)
		ON CONFLICT (merchant_id, mode) DO NOTHING`
	moveFolded  = `UPDATE folded SET entry_id = $3 WHERE merchant_id = $1 AND mode = $2`
	foldBalance = `INSERT INTO folded_balance (merchant_id, mode, account, currency, amount)
		VALUES ($1, $2, $3, $4, $5) ON CONFLICT (merchant_id, mode, account, currency)
		DO UPDATE SET amount = folded_balance.amount + excluded.amount`
)

func scanEntry(row sqldb.Row) (e pay.Entry, err error) {
	var created int64
	err = row.Scan(&e.ID, &e.MerchantID, (*string)(&e.Mode), (*string)(&e.Type),
		(*string)(&e.From), (*string)(&e.To), &e.Amount.Minor, &e.Amount.Currency, &e.PaymentID,
		&e.RefundID, &created)
	e.CreatedAt = moment(created)
	return e, err
}

func scanBalance(row sqldb.Row) (b pay.AccountBalance, err error) {
	err = row.Scan((*string)(&b.Account), &b.Amount.Currency, &b.Amount.Minor)
	return b, err
}

func (v view) Entry(ctx context.Context, sc pay.Scope, id string) (pay.Entry, error) {
	return one(v.r.QueryRow(ctx, selectEntry, id, sc.MerchantID, string(sc.Mode)), scanEntry)
}

func (v view) Entries(
	ctx context.Context, sc pay.Scope, f pay.EntryFilter,
) ([]pay.Entry, error) {
	types := make([]string, len(f.Types))
	for i, t := range f.Types {
		types[i] = string(t)
	}
	args := []any{
		sc.MerchantID, string(sc.Mode), before(f.Page), int64(f.Limit), wordList(types),
	}
	var rows sqldb.Rows
	var err error
	switch {
	case f.PaymentID != "":
		rows, err = v.r.Query(ctx, selectEntriesByPayment, append(args, f.PaymentID)...)
	case len(types) > 0 && !slices.Contains(f.Types, pay.EntryPayment):
		sql, args := ranges{entryRange, args[:listArgs]}.list(types)
		rows, err = v.r.Query(ctx, sql, args...)
	default:
		rows, err = v.r.Query(ctx, selectEntries, args...)
	}
	return all(rows, err, scanEntry)
}

func (v view) Balances(ctx context.Context, sc pay.Scope) ([]pay.AccountBalance, error) {
	rows, err := v.r.Query(ctx, sumAccounts, sc.MerchantID, string(sc.Mode))
	return all(rows, err, scanBalance)
}

func (w *work) InsertEntry(_ context.Context, e pay.Entry) error {
	w.tx.Queue(insertEntry, e.ID, e.MerchantID, string(e.Mode), string(e.Type), string(e.From),
		string(e.To), e.Amount.Minor, e.Amount.Currency, e.PaymentID, nullable(e.RefundID),
		e.CreatedAt.UnixMicro())
	return nil
}

func (w *work) FoldJournal(
	ctx context.Context, sc pay.Scope, below string, limit int,
) (int64, error) {
	merchant, mode := sc.MerchantID, string(sc.Mode)
	from, err := one(w.r.QueryRow(ctx, lockFolded, merchant, mode), text)
	begun := err == nil
	if err != nil && !pay.IsKind(err, pay.NotFound) {
		return 0, err
	}
	rows, err := w.r.Query(ctx, entriesToFold, merchant, mode, from, below, int64(limit))
	entries, err := all(rows, err, scanEntry)
	if err != nil || len(entries) == 0 {
		return 0, err
	}
	last := entries[len(entries)-1].ID
	if begun {
		w.tx.Queue(moveFolded, merchant, mode, last)
	} else if n, err := w.tx.Exec(ctx, beginFolded, merchant, mode, last); err != nil || n == 0 {
		return 0, meaning(err) // somebody else has begun just now
	}
	for _, b := range sums(entries) {
		w.tx.Queue(foldBalance, merchant, mode, string(b.Account), b.Amount.Currency,
			b.Amount.Minor)
	}
	return int64(len(entries)), nil
}

// sums adds entries up by account and currency, in an order that is the same everywhere.
func sums(entries []pay.Entry) []pay.AccountBalance {
	type key struct {
		account  pay.Account
		currency string
	}
	by := map[key]int64{}
	for _, e := range entries {
		by[key{e.To, e.Amount.Currency}] += e.Amount.Minor
		by[key{e.From, e.Amount.Currency}] -= e.Amount.Minor
	}
	var out []pay.AccountBalance
	for k, minor := range by {
		out = append(out, pay.AccountBalance{
			Account: k.account, Amount: money.Amount{Minor: minor, Currency: k.currency},
		})
	}
	slices.SortFunc(out, func(a, b pay.AccountBalance) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account),
			cmp.Compare(a.Amount.Currency, b.Amount.Currency))
	})
	return out
}
