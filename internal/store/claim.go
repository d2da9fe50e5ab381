package store

import (
	"context"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

// claimDeliveries leases what is due, oldest first, as long as no endpoint gets more than its
// share. It steps from endpoint to endpoint through the index instead of walking what is due in
// order of time: an endpoint that answers slowly may have any number of deliveries due, and
// nobody else's must wait behind them.
//
// busy are the endpoints with something pending, live how many leases each has. step takes each
// endpoint's oldest due delivery and goes on to its next as long as there is room in its share.
// It joins nothing: what could be joined in two ways would be planned, without statistics, as a
// walk over the table. For the same reason the last condition is one that no index answers. It is
// there because who comes second to a row must find it moved and pass on.
const (
	firstDue = ` FROM delivery d WHERE d.endpoint_id = busy.endpoint_id AND d.state = 'pending'
		AND d.next_attempt_at <= $1 ORDER BY d.next_attempt_at, d.id LIMIT 1)`
	nextDue = ` FROM delivery d WHERE d.endpoint_id = step.endpoint_id AND d.state = 'pending'
		AND d.next_attempt_at <= $1 AND (d.next_attempt_at, d.id) > (step.due, step.id)
		ORDER BY d.next_attempt_at, d.id LIMIT 1)`

	claimDeliveries = `WITH RECURSIVE
	busy (endpoint_id) AS (
		SELECT MIN(endpoint_id) FROM delivery WHERE state = 'pending'
		UNION ALL
		SELECT (SELECT MIN(d.endpoint_id) FROM delivery d
			WHERE d.state = 'pending' AND d.endpoint_id > busy.endpoint_id)
		FROM busy WHERE busy.endpoint_id IS NOT NULL),
	live (endpoint_id, leases) AS (
		SELECT endpoint_id, COUNT(*) FROM delivery
		WHERE lease > '' AND next_attempt_at > $1 GROUP BY endpoint_id),
	step (endpoint_id, due, id, place) AS (
		SELECT busy.endpoint_id, (SELECT d.next_attempt_at` + firstDue + `, (SELECT d.id` +
		firstDue + `, COALESCE(live.leases, 0) + 1
		FROM busy LEFT JOIN live ON live.endpoint_id = busy.endpoint_id
		WHERE busy.endpoint_id IS NOT NULL AND COALESCE(live.leases, 0) < $4
		UNION ALL
		SELECT step.endpoint_id, (SELECT d.next_attempt_at` + nextDue + `, (SELECT d.id` +
		nextDue + `, step.place + 1
		FROM step WHERE step.place < $4 AND step.id IS NOT NULL),
	taken (id) AS (
		SELECT id FROM delivery WHERE id IN (
			SELECT step.id FROM step WHERE step.id IS NOT NULL
			ORDER BY step.due, step.id LIMIT $3)
		AND CASE WHEN state = 'pending' THEN next_attempt_at END <= $1 /*skip locked*/)
	UPDATE delivery SET lease = $5, next_attempt_at = $2
	WHERE id IN (SELECT id FROM taken) RETURNING id`
)

const selectParcels = `SELECT ` + deliveryColumns + `, ` + endpointColumns + `, body
	FROM delivery JOIN endpoint ON endpoint.id = delivery.endpoint_id
	JOIN payload ON payload.event_id = delivery.event_id AND payload.family = endpoint.family
	WHERE delivery.lease = $1 ORDER BY delivery.id`

func scanParcel(row sqldb.Row) (p pay.Parcel, err error) {
	var d deliveryRow
	var e endpointRow
	columns := append(append(d.columns(), e.columns()...), &p.Body)
	if err := row.Scan(columns...); err != nil {
		return p, err
	}
	p.Delivery = d.delivery()
	p.Endpoint, err = e.endpoint()
	return p, err
}

func (w *work) ClaimDeliveries(
	ctx context.Context, o pay.ClaimOrder,
) ([]pay.Parcel, error) {
	rows, err := w.r.Query(ctx, claimDeliveries, o.Now.UnixMicro(), o.Until.UnixMicro(),
		int64(o.Limit), int64(o.PerEndpoint), o.Lease)
	ids, err := all(rows, err, text)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	rows, err = w.r.Query(ctx, selectParcels, o.Lease)
	parcels, err := all(rows, err, scanParcel)
	return claimed(parcels, ids), err
}

// claimed keeps the parcels of this claim, in case the node uses a lease more than once.
func claimed(parcels []pay.Parcel, ids []string) []pay.Parcel {
	fresh := make(map[string]bool, len(ids))
	for _, id := range ids {
		fresh[id] = true
	}
	kept := parcels[:0]
	for _, p := range parcels {
		if fresh[p.ID] {
			kept = append(kept, p)
		}
	}
	return kept
}
