package store

import (
	"context"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

const (
	refundColumns = `id, merchant_id, mode, family, payment_id, state, version, amount, currency,
		reason, metadata, failure_code, poll_count, created_at, updated_at, network_code, echo,
		COALESCE(hook, ''), rehearsal`
	selectRefund = `SELECT ` + refundColumns + ` FROM refund
		WHERE id = $1 AND merchant_id = $2 AND mode = $3`
	lockRefund = `SELECT ` + refundColumns + ` FROM refund WHERE id = $1 /*for update*/`

	insertRefund = `INSERT INTO refund (id, merchant_id, mode, family, payment_id, state, version,
		amount, currency, reason, metadata, failure_code, poll_count, created_at, updated_at, due_at,
		network_code, echo, hook, rehearsal)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
		$19, $20)`
	swapRefund = `UPDATE refund SET family = $4, payment_id = $5, state = $6, version = $7,
		amount = $8, currency = $9, reason = $10, metadata = $11, failure_code = $12,
		poll_count = $13, created_at = $14, updated_at = $15, due_at = $16,
		network_code = $17, echo = $18, hook = $19, rehearsal = $20
		WHERE id = $1 AND merchant_id = $2 AND mode = $3 AND version = $7 - 1`

	claimRefunds = `WITH due AS (
		SELECT id FROM refund WHERE due_at <= $1 ORDER BY due_at LIMIT $3 /*skip locked*/)
		UPDATE refund SET due_at = $2, poll_count = poll_count + 1
		WHERE id IN (SELECT id FROM due) RETURNING ` + refundColumns
	delayRefund = `UPDATE refund SET due_at = $4
		WHERE id = $1 AND merchant_id = $2 AND mode = $3 AND version = $5`

	selectRefunds = `SELECT ` + refundColumns + ` FROM refund
		WHERE merchant_id = $1 AND mode = $2 AND id < $3 ORDER BY id DESC LIMIT $4`
	selectRefundsByPayment = `SELECT ` + refundColumns + ` FROM refund
		WHERE payment_id = $5 AND merchant_id = $1 AND mode = $2 AND id < $3
		ORDER BY id DESC LIMIT $4`
)

func scanRefund(row sqldb.Row) (r pay.Refund, err error) {
	var state, metadata string
	var created, updated int64
	if err := row.Scan(&r.ID, &r.MerchantID, (*string)(&r.Mode), &r.Family, &r.PaymentID, &state,
		&r.Version, &r.Amount.Minor, &r.Amount.Currency, &r.Reason, &metadata,
		(*string)(&r.FailureCode), &r.PollCount, &created, &updated, &r.NetworkCode,
		&r.Echo, &r.Hook, (*string)(&r.Rehearsal)); err != nil {
		return r, err
	}
	r.State = pay.ParseRefundState(state)
	r.CreatedAt, r.UpdatedAt = moment(created), moment(updated)
	return r, decode(metadata, &r.Metadata)
}

func refundArgs(r *pay.Refund, dueAt time.Time) []any {
	return []any{
		r.ID, r.MerchantID, string(r.Mode), r.Family, r.PaymentID, r.State.String(), r.Version,
		r.Amount.Minor, r.Amount.Currency, r.Reason, fromMap(r.Metadata), string(r.FailureCode),
		r.PollCount, r.CreatedAt.UnixMicro(), r.UpdatedAt.UnixMicro(), micros(dueAt),
		r.NetworkCode, blob(r.Echo), nullable(r.Hook), string(r.Rehearsal),
	}
}

func (v view) Refund(ctx context.Context, sc pay.Scope, id string) (pay.Refund, error) {
	return one(v.r.QueryRow(ctx, selectRefund, id, sc.MerchantID, string(sc.Mode)), scanRefund)
}

func (v view) Refunds(
	ctx context.Context, sc pay.Scope, f pay.RefundFilter,
) ([]pay.Refund, error) {
	args := []any{sc.MerchantID, string(sc.Mode), before(f.Page), int64(f.Limit)}
	if f.PaymentID == "" {
		rows, err := v.r.Query(ctx, selectRefunds, args...)
		return all(rows, err, scanRefund)
	}
	rows, err := v.r.Query(ctx, selectRefundsByPayment, append(args, f.PaymentID)...)
	return all(rows, err, scanRefund)
}

func (w *work) LockRefund(ctx context.Context, id string) (pay.Refund, error) {
	return one(w.r.QueryRow(ctx, lockRefund, id), scanRefund)
}

func (w *work) InsertRefund(_ context.Context, r pay.Refund, dueAt time.Time) error {
	w.tx.Queue(insertRefund, refundArgs(&r, dueAt)...)
	return nil
}

func (w *work) SwapRefund(ctx context.Context, r pay.Refund, dueAt time.Time) error {
	return w.swap(ctx, swapRefund, refundArgs(&r, dueAt)...)
}

func (w *work) ClaimRefunds(
	ctx context.Context, now, until time.Time, limit int,
) ([]pay.Refund, error) {
	rows, err := w.r.Query(ctx, claimRefunds, now.UnixMicro(), until.UnixMicro(), int64(limit))
	return all(rows, err, scanRefund)
}

func (w *work) DelayRefund(ctx context.Context, r pay.Refund, dueAt time.Time) error {
	return w.swap(ctx, delayRefund, r.ID, r.MerchantID, string(r.Mode), micros(dueAt), r.Version)
}
