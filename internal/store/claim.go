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
// busy are the endpoints with something pending, live how many leases each has, heads the time up
// to which an endpoint's oldest due deliveries fill its share, ranked those deliveries with their
// place in it. Who comes second to a row finds it moved and passes on.
const claimDeliveries = `WITH RECURSIVE
	busy (endpoint_id) AS (
		SELECT MIN(endpoint_id) FROM delivery WHERE state = 'pending'
		UNION ALL
		SELECT (SELECT MIN(d.endpoint_id) FROM delivery d
			WHERE d.state = 'pending' AND d.endpoint_id > busy.endpoint_id)
		FROM busy WHERE busy.endpoint_id IS NOT NULL),
	live (endpoint_id, leases) AS (
		SELECT endpoint_id, COUNT(*) FROM delivery
		WHERE lease IS NOT NULL AND next_attempt_at > $1 GROUP BY endpoint_id),
	heads (endpoint_id, upto) AS (
		SELECT endpoint_id, COALESCE((SELECT d.next_attempt_at FROM delivery d
			WHERE d.endpoint_id = busy.endpoint_id AND d.state = 'pending'
			AND d.next_attempt_at <= $1
			ORDER BY d.next_attempt_at LIMIT 1 OFFSET $4 - 1), $1)
		FROM busy WHERE endpoint_id IS NOT NULL),
	ranked (id, due, place) AS (
		SELECT d.id, d.next_attempt_at, COALESCE(live.leases, 0) + ROW_NUMBER() OVER (
			PARTITION BY d.endpoint_id ORDER BY d.next_attempt_at, d.sequence, d.id)
		FROM heads CROSS JOIN delivery d LEFT JOIN live ON live.endpoint_id = d.endpoint_id
		WHERE d.endpoint_id = heads.endpoint_id AND d.state = 'pending'
		AND d.next_attempt_at <= heads.upto),
	taken (id) AS (
		SELECT id FROM delivery WHERE state = 'pending' AND next_attempt_at <= $1
		AND id IN (SELECT id FROM ranked WHERE place <= $4 ORDER BY due, id LIMIT $3)
		/*skip locked*/)
	UPDATE delivery SET lease = $5, next_attempt_at = $2
	WHERE id IN (SELECT id FROM taken) RETURNING id`

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
