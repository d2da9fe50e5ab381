package store

import (
	"context"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

const (
	deliveryColumns = `delivery.id, delivery.merchant_id, delivery.mode, endpoint_id,
		delivery.event_id, type, object_id, sequence, state, attempts, COALESCE(next_attempt_at, 0),
		COALESCE(lease, ''), delivery.created_at, delivery.updated_at`
	selectDelivery = `SELECT ` + deliveryColumns + ` FROM delivery
		WHERE id = $1 AND merchant_id = $2 AND mode = $3`
	deliveryPage = ` FROM delivery WHERE endpoint_id = $1 AND merchant_id = $2 AND mode = $3
		AND id < $4 ORDER BY id DESC LIMIT $5`
	selectDeliveries = `SELECT ` + deliveryColumns + deliveryPage

	attemptColumns = `delivery_id, number, at, status, duration, size, error`
	selectLog      = `SELECT ` + attemptColumns + ` FROM delivery_attempt WHERE delivery_id = $1
		ORDER BY number`
	selectLogs = `SELECT ` + attemptColumns + ` FROM delivery_attempt
		WHERE delivery_id IN (SELECT id` + deliveryPage + `) ORDER BY delivery_id, number`

	insertPayload = `INSERT INTO payload (event_id, family, body)
		SELECT $1, family, $2 FROM endpoint WHERE id = $3
		ON CONFLICT (event_id, family) DO NOTHING`
	insertDelivery = `INSERT INTO delivery (id, merchant_id, mode, endpoint_id, event_id, type,
		object_id, sequence, state, attempts, next_attempt_at, lease, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`
	insertAttempt = `INSERT INTO delivery_attempt
		(delivery_id, number, at, status, duration, size, error)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`

	pendingBefore = `SELECT COUNT(*) FROM (SELECT 1 FROM delivery
		WHERE endpoint_id = $1 AND object_id = $2 AND sequence < $3 AND state = 'pending'
		LIMIT 1) AS earlier`
	// Only the earliest event of the object that is still to be sent can be released, and only if
	// it never went out: what has failed before has a time of its own.
	releaseNext = `UPDATE delivery SET next_attempt_at = $3
		WHERE id = (SELECT id FROM delivery WHERE endpoint_id = $1 AND object_id = $2
		AND state = 'pending' ORDER BY sequence, id LIMIT 1)
		AND attempts = 0 AND lease IS NULL AND next_attempt_at > $3`
	// The lease stays, so that what is under way can still report what became of it.
	failPending = `UPDATE delivery SET state = 'failed', next_attempt_at = NULL, updated_at = $2
		WHERE endpoint_id = $1 AND state = 'pending'`
	// Under a live lease it is being sent at this moment, which is as good as now.
	redeliver = `UPDATE delivery SET state = 'pending', updated_at = $4,
		lease = CASE WHEN next_attempt_at > $4 THEN lease END,
		next_attempt_at = CASE WHEN lease IS NOT NULL AND next_attempt_at > $4
		THEN next_attempt_at ELSE $4 END
		WHERE id = $1 AND merchant_id = $2 AND mode = $3`
	// Ids sort by the time they were made at, so what is old is found through the primary key: an
	// index over times would cost every delivery something.
	oldDeliveries = `SELECT id, event_id FROM delivery
		WHERE id < $1 AND state <> 'pending' AND updated_at < $2 ORDER BY id LIMIT $3
		/*skip locked*/`
	dropAttempts = `DELETE FROM delivery_attempt WHERE delivery_id = $1`
	dropDelivery = `DELETE FROM delivery WHERE id = $1`
	dropPayload  = `DELETE FROM payload WHERE event_id = $1
		AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.event_id = $1)`
	// A delivery given up while it was under way stays so, unless it arrived after all.
	finishAttempt = `UPDATE delivery SET attempts = $4, lease = NULL, updated_at = $6,
		state = CASE WHEN state = 'pending' OR $3 = 'succeeded' THEN $3 ELSE state END,
		next_attempt_at = CASE WHEN state = 'pending' THEN $5 ELSE next_attempt_at END
		WHERE id = $1 AND lease = $2`
)

func scanDelivery(row sqldb.Row) (pay.Delivery, error) {
	var r deliveryRow
	err := row.Scan(r.columns()...)
	return r.delivery(), err
}

// deliveryRow holds a delivery while it is scanned.
type deliveryRow struct {
	d                     pay.Delivery
	next, created, update int64
}

func (r *deliveryRow) columns() []any {
	return []any{
		&r.d.ID, &r.d.MerchantID, (*string)(&r.d.Mode), &r.d.EndpointID, &r.d.EventID, &r.d.Type,
		&r.d.ObjectID, &r.d.Sequence, (*string)(&r.d.State), &r.d.Attempts, &r.next, &r.d.Lease,
		&r.created, &r.update,
	}
}

func (r *deliveryRow) delivery() pay.Delivery {
	r.d.NextAttemptAt = moment(r.next)
	r.d.CreatedAt, r.d.UpdatedAt = moment(r.created), moment(r.update)
	return r.d
}

// logged is an attempt with the delivery it belongs to.
type logged struct {
	deliveryID string
	pay.DeliveryAttempt
}

func scanLogged(row sqldb.Row) (l logged, err error) {
	var at, duration int64
	err = row.Scan(&l.deliveryID, &l.Number, &at, &l.Status, &duration, &l.Size, &l.Error)
	l.At, l.Duration = moment(at), time.Duration(duration)*time.Microsecond
	return l, err
}

func (v view) Delivery(ctx context.Context, sc pay.Scope, id string) (pay.Delivery, error) {
	d, err := one(v.r.QueryRow(ctx, selectDelivery, id, sc.MerchantID, string(sc.Mode)), scanDelivery)
	if err != nil {
		return d, err
	}
	rows, err := v.r.Query(ctx, selectLog, id)
	entries, err := all(rows, err, scanLogged)
	for _, e := range entries {
		d.Log = append(d.Log, e.DeliveryAttempt)
	}
	return d, err
}

func (v view) Deliveries(
	ctx context.Context, sc pay.Scope, endpointID string, p pay.Page,
) ([]pay.Delivery, error) {
	args := []any{endpointID, sc.MerchantID, string(sc.Mode), before(p), int64(p.Limit)}
	rows, err := v.r.Query(ctx, selectDeliveries, args...)
	list, err := all(rows, err, scanDelivery)
	if err != nil || len(list) == 0 {
		return list, err
	}
	rows, err = v.r.Query(ctx, selectLogs, args...)
	entries, err := all(rows, err, scanLogged)
	place := make(map[string]int, len(list))
	for i := range list {
		place[list[i].ID] = i
	}
	for _, e := range entries {
		// A delivery made between the two reads is in the second one alone.
		if i, ok := place[e.deliveryID]; ok {
			list[i].Log = append(list[i].Log, e.DeliveryAttempt)
		}
	}
	return list, err
}

func (w *work) InsertDelivery(_ context.Context, d pay.Delivery, body []byte) error {
	w.tx.Queue(insertPayload, d.EventID, body, d.EndpointID)
	w.tx.Queue(insertDelivery, d.ID, d.MerchantID, string(d.Mode), d.EndpointID, d.EventID, d.Type,
		d.ObjectID, d.Sequence, string(d.State), d.Attempts, nextAttempt(&d), nullable(d.Lease),
		d.CreatedAt.UnixMicro(), d.UpdatedAt.UnixMicro())
	return nil
}

// nextAttempt is when a delivery is due: never, unless it is pending.
func nextAttempt(d *pay.Delivery) any {
	if d.State != pay.DeliveryPending {
		return nil
	}
	return micros(d.NextAttemptAt)
}

func (w *work) PendingBefore(
	ctx context.Context, endpointID, objectID string, sequence int64,
) (bool, error) {
	var n int64
	err := w.r.QueryRow(ctx, pendingBefore, endpointID, objectID, sequence).Scan(&n)
	return n > 0, meaning(err)
}

func (w *work) FinishAttempt(
	ctx context.Context, d pay.Delivery, a pay.DeliveryAttempt,
) (bool, error) {
	n, err := w.tx.Exec(ctx, finishAttempt, d.ID, d.Lease, string(d.State), d.Attempts,
		nextAttempt(&d), d.UpdatedAt.UnixMicro())
	if err != nil || n == 0 {
		return false, meaning(err)
	}
	w.tx.Queue(insertAttempt, d.ID, a.Number, a.At.UnixMicro(), a.Status,
		a.Duration.Microseconds(), a.Size, a.Error)
	return true, nil
}

func (w *work) ReleaseNext(
	_ context.Context, endpointID, objectID string, now time.Time,
) error {
	w.tx.Queue(releaseNext, endpointID, objectID, now.UnixMicro())
	return nil
}

func (w *work) FailPending(_ context.Context, endpointID string, now time.Time) error {
	w.tx.Queue(failPending, endpointID, now.UnixMicro())
	return nil
}

func (w *work) Redeliver(
	ctx context.Context, sc pay.Scope, id string, now time.Time,
) error {
	return w.change(ctx, redeliver, id, sc.MerchantID, string(sc.Mode), now.UnixMicro())
}

func (w *work) PruneDeliveries(
	ctx context.Context, below string, before time.Time, limit int,
) (int64, error) {
	rows, err := w.r.Query(ctx, oldDeliveries, below, before.UnixMicro(), int64(limit))
	n, err := w.dropDeliveries(rows, err)
	return int64(n), err
}

// dropDeliveries deletes deliveries, their attempts and what nobody else was sent.
func (w *work) dropDeliveries(rows sqldb.Rows, err error) (int, error) {
	old, err := all(rows, err, func(row sqldb.Row) (d pay.Delivery, err error) {
		err = row.Scan(&d.ID, &d.EventID)
		return d, err
	})
	for _, d := range old {
		w.tx.Queue(dropAttempts, d.ID)
		w.tx.Queue(dropDelivery, d.ID)
		w.tx.Queue(dropPayload, d.EventID)
	}
	return len(old), err
}
