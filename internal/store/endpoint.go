package store

import (
	"context"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

const (
	endpointColumns = `endpoint.id, endpoint.merchant_id, endpoint.mode, endpoint.family, url,
		description, events, enabled, secret, previous, COALESCE(previous_until, 0),
		disabled_reason, COALESCE(failing_since, 0), version, endpoint.created_at,
		endpoint.updated_at, endpoint.hook`
	selectEndpointByID = `SELECT ` + endpointColumns + ` FROM endpoint WHERE id = $1`
	selectEndpoint     = selectEndpointByID + ` AND merchant_id = $2 AND mode = $3
		AND deleted = FALSE`
	lockEndpoint    = selectEndpointByID + ` /*for update*/`
	lockOwnEndpoint = selectEndpoint + ` /*for update*/`
	selectEndpoints = `SELECT ` + endpointColumns + ` FROM endpoint
		WHERE merchant_id = $1 AND mode = $2 AND id < $3 AND hook = FALSE AND deleted = FALSE
		ORDER BY id DESC LIMIT $4`
	selectEnabled = `SELECT ` + endpointColumns + ` FROM endpoint
		WHERE merchant_id = $1 AND mode = $2 AND enabled = TRUE AND hook = FALSE
		AND deleted = FALSE ORDER BY id DESC`
	selectHook = `SELECT ` + endpointColumns + ` FROM endpoint WHERE merchant_id = $1 AND mode = $2
		AND family = $3 AND url = $4 AND hook = TRUE`
	lockHook = selectHook + ` /*for update*/`

	insertEndpoint = `INSERT INTO endpoint (id, merchant_id, mode, family, url, description, events,
		enabled, secret, previous, previous_until, disabled_reason, failing_since, version,
		created_at, updated_at, hook, deleted)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, FALSE)`
	insertHook = insertEndpoint + `
		ON CONFLICT (merchant_id, mode, family, url) WHERE hook = TRUE DO NOTHING`
	swapEndpoint = `UPDATE endpoint SET family = $4, url = $5, description = $6, events = $7,
		enabled = $8, secret = $9, previous = $10, previous_until = $11, disabled_reason = $12,
		failing_since = $13, version = $14, created_at = $15, updated_at = $16,
		hook = $17
		WHERE id = $1 AND merchant_id = $2 AND mode = $3 AND version = $14 - 1`
)

// Deleting an endpoint takes everything that was sent to it along, so many deliveries at a time:
// to delete all of a busy endpoint would hold up everybody else. What other endpoints were sent for
// the same events stays.
const (
	deletedAtOnce  = 256
	deliveriesOf   = `SELECT id, event_id FROM delivery WHERE endpoint_id = $1 ORDER BY id LIMIT $2`
	deleteEndpoint = `DELETE FROM endpoint WHERE id = $1`
	markDeleted    = `UPDATE endpoint SET deleted = TRUE, enabled = FALSE, hook = FALSE
		WHERE id = $1`
	deletedEndpoints = `SELECT id FROM endpoint WHERE deleted = TRUE AND id > '' ORDER BY id LIMIT 1
		/*skip locked*/`
)

// endpointRow holds an endpoint while it is scanned, alone or behind a delivery.
type endpointRow struct {
	e                                       pay.Endpoint
	events                                  string
	previousUntil, failing, created, update int64
}

func (r *endpointRow) columns() []any {
	return []any{
		&r.e.ID, &r.e.MerchantID, (*string)(&r.e.Mode), &r.e.Family, &r.e.URL, &r.e.Description,
		&r.events, &r.e.Enabled, &r.e.Secret, &r.e.Previous, &r.previousUntil,
		&r.e.DisabledReason, &r.failing, &r.e.Version, &r.created, &r.update, &r.e.Hook,
	}
}

func (r *endpointRow) endpoint() (pay.Endpoint, error) {
	r.e.PreviousUntil, r.e.FailingSince = moment(r.previousUntil), moment(r.failing)
	r.e.CreatedAt, r.e.UpdatedAt = moment(r.created), moment(r.update)
	return r.e, decode(r.events, &r.e.Events)
}

func scanEndpoint(row sqldb.Row) (pay.Endpoint, error) {
	var r endpointRow
	if err := row.Scan(r.columns()...); err != nil {
		return pay.Endpoint{}, err
	}
	return r.endpoint()
}

func endpointArgs(e *pay.Endpoint) []any {
	return []any{
		e.ID, e.MerchantID, string(e.Mode), e.Family, e.URL, e.Description, fromList(e.Events),
		e.Enabled, e.Secret, blob(e.Previous), micros(e.PreviousUntil), e.DisabledReason,
		micros(e.FailingSince), e.Version, e.CreatedAt.UnixMicro(), e.UpdatedAt.UnixMicro(),
		e.Hook,
	}
}

func (v view) Endpoint(ctx context.Context, sc pay.Scope, id string) (pay.Endpoint, error) {
	return one(v.r.QueryRow(ctx, selectEndpoint, id, sc.MerchantID, string(sc.Mode)), scanEndpoint)
}

func (v view) HookSigner(
	ctx context.Context, sc pay.Scope, family string,
) (pay.Endpoint, error) {
	row := v.r.QueryRow(ctx, selectHook, sc.MerchantID, string(sc.Mode), family, "")
	return one(row, scanEndpoint)
}

func (v view) Endpoints(
	ctx context.Context, sc pay.Scope, p pay.Page,
) ([]pay.Endpoint, error) {
	rows, err := v.r.Query(ctx, selectEndpoints, sc.MerchantID, string(sc.Mode), before(p),
		int64(p.Limit))
	return all(rows, err, scanEndpoint)
}

func (v view) EnabledEndpoints(ctx context.Context, sc pay.Scope) ([]pay.Endpoint, error) {
	rows, err := v.r.Query(ctx, selectEnabled, sc.MerchantID, string(sc.Mode))
	return all(rows, err, scanEndpoint)
}

func (w *work) LockEndpoint(ctx context.Context, id string) (pay.Endpoint, error) {
	return one(w.r.QueryRow(ctx, lockEndpoint, id), scanEndpoint)
}

func (w *work) InsertEndpoint(_ context.Context, e pay.Endpoint) error {
	w.tx.Queue(insertEndpoint, endpointArgs(&e)...)
	return nil
}

func (w *work) SwapEndpoint(ctx context.Context, e pay.Endpoint) error {
	return w.swap(ctx, swapEndpoint, endpointArgs(&e)...)
}

func (w *work) EnsureHook(ctx context.Context, e pay.Endpoint) (pay.Endpoint, error) {
	find := func(sql string) (pay.Endpoint, error) {
		return one(w.r.QueryRow(ctx, sql, e.MerchantID, string(e.Mode), e.Family, e.URL),
			scanEndpoint)
	}
	// Whatever a merchant sells names the same hook: one that works is not locked, or all of its
	// requests would wait for one another.
	known, err := find(selectHook)
	if err == nil && !known.Enabled {
		return find(lockHook)
	}
	if !pay.IsKind(err, pay.NotFound) {
		return known, err
	}
	n, err := w.tx.Exec(ctx, insertHook, endpointArgs(&e)...)
	if err != nil || n == 1 {
		return e, meaning(err)
	}
	return find(lockHook)
}

func (w *work) DeleteEndpoint(ctx context.Context, sc pay.Scope, id string) error {
	// The lock waits for whoever is adding deliveries at this moment, so that theirs go too.
	row := w.r.QueryRow(ctx, lockOwnEndpoint, id, sc.MerchantID, string(sc.Mode))
	if _, err := one(row, scanEndpoint); err != nil {
		return err
	}
	if n, err := w.dropEndpoint(ctx, id, deletedAtOnce); err != nil || n < deletedAtOnce {
		return err
	}
	w.tx.Queue(markDeleted, id)
	return nil
}

// dropEndpoint deletes what was sent to a locked endpoint, at most so many deliveries, and the
// endpoint itself when there were fewer.
func (w *work) dropEndpoint(ctx context.Context, id string, limit int) (int, error) {
	rows, err := w.r.Query(ctx, deliveriesOf, id, int64(limit))
	n, err := w.dropDeliveries(rows, err)
	if err == nil && n < limit {
		w.tx.Queue(deleteEndpoint, id)
	}
	return n, err
}

func (w *work) PruneEndpoints(ctx context.Context, limit int) (int64, error) {
	rows, err := w.r.Query(ctx, deletedEndpoints)
	ids, err := all(rows, err, text)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	n, err := w.dropEndpoint(ctx, ids[0], limit)
	return int64(n) + 1, err
}
