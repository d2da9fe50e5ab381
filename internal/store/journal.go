package store

import (
	"context"

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
	entryOrder             = ` ORDER BY id DESC LIMIT $4`
	selectEntries          = entryPage + entryOrder
	selectEntriesByPayment = entryPage + ` AND payment_id = $6` + entryOrder

	insertEntry = `INSERT INTO journal (id, merchant_id, mode, type, from_account, to_account,
		amount, currency, payment_id, refund_id, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`

	sumAccounts = `SELECT account, currency, CAST(SUM(amount) AS BIGINT) FROM (
		SELECT to_account AS account, currency, amount FROM journal
		WHERE merchant_id = $1 AND mode = $2
		UNION ALL
		SELECT from_account, currency, -amount FROM journal
		WHERE merchant_id = $1 AND mode = $2) AS legs
		GROUP BY account, currency ORDER BY account, currency`
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
	if f.PaymentID == "" {
		rows, err := v.r.Query(ctx, selectEntries, args...)
		return all(rows, err, scanEntry)
	}
	rows, err := v.r.Query(ctx, selectEntriesByPayment, append(args, f.PaymentID)...)
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
