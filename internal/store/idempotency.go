package store

import (
	"context"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

const (
	selectIdempotency = `SELECT merchant_id, mode, key, fingerprint, object_id, COALESCE(status, 0),
		body, sealed, created_at FROM idempotency
		WHERE merchant_id = $1 AND mode = $2 AND key = $3`
	insertIdempotency = `INSERT INTO idempotency
		(merchant_id, mode, key, fingerprint, object_id, status, body, sealed, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`
	// An answer once given is not changed: of two that finish the same request the first counts.
	finishIdempotency = `UPDATE idempotency SET object_id = $4, status = $5, body = $6, sealed = $7
		WHERE merchant_id = $1 AND mode = $2 AND key = $3 AND status IS NULL`
	freeIdempotency = `DELETE FROM idempotency
		WHERE merchant_id = $1 AND mode = $2 AND key = $3 AND status IS NULL`
	// A request that died has no answer. While the payment or the refund that it began has something
	// due, the key keeps a repeat from beginning another.
	pruneIdempotency = `DELETE FROM idempotency WHERE (merchant_id, mode, key) IN (
		SELECT merchant_id, mode, key FROM idempotency AS old
		WHERE created_at < $1 AND (status IS NOT NULL OR NOT EXISTS (
			SELECT 1 FROM payment WHERE id = old.object_id AND due_at IS NOT NULL
			UNION ALL
			SELECT 1 FROM payment WHERE session_id = old.object_id AND due_at IS NOT NULL
			UNION ALL
			SELECT 1 FROM refund WHERE id = old.object_id AND due_at IS NOT NULL))
		ORDER BY created_at LIMIT $2)`
)

func scanIdempotency(row sqldb.Row) (r pay.IdempotencyRecord, err error) {
	var status, created int64
	var body []byte
	if err := row.Scan(&r.MerchantID, (*string)(&r.Mode), &r.Key, &r.Fingerprint, &r.ObjectID,
		&status, &body, &r.Sealed, &created); err != nil {
		return r, err
	}
	if status != 0 {
		r.Reply = &pay.Reply{Status: int(status), Body: body}
	}
	r.CreatedAt = moment(created)
	return r, nil
}

// replyColumns are NULL while the request runs; an answer without a body has no bytes, not NULL.
func replyColumns(r *pay.Reply) (status, body any) {
	if r == nil {
		return nil, nil
	}
	return int64(r.Status), append([]byte{}, r.Body...)
}

func (v view) Idempotency(
	ctx context.Context, sc pay.Scope, key string,
) (pay.IdempotencyRecord, error) {
	row := v.r.QueryRow(ctx, selectIdempotency, sc.MerchantID, string(sc.Mode), key)
	return one(row, scanIdempotency)
}

func (w *work) InsertIdempotency(_ context.Context, r pay.IdempotencyRecord) error {
	status, body := replyColumns(r.Reply)
	w.tx.Queue(insertIdempotency, r.MerchantID, string(r.Mode), r.Key, r.Fingerprint, r.ObjectID,
		status, body, r.Sealed, r.CreatedAt.UnixMicro())
	return nil
}

func (w *work) FinishIdempotency(_ context.Context, r pay.IdempotencyRecord) error {
	status, body := replyColumns(r.Reply)
	w.tx.Queue(finishIdempotency, r.MerchantID, string(r.Mode), r.Key, r.ObjectID, status, body,
		r.Sealed)
	return nil
}

func (w *work) FreeIdempotency(_ context.Context, sc pay.Scope, key string) error {
	w.tx.Queue(freeIdempotency, sc.MerchantID, string(sc.Mode), key)
	return nil
}

func (w *work) PruneIdempotency(
	ctx context.Context, before time.Time, limit int,
) (int64, error) {
	n, err := w.tx.Exec(ctx, pruneIdempotency, before.UnixMicro(), int64(limit))
	return n, meaning(err)
}
