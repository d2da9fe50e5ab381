package store

import (
	"context"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

const (
	keyColumns = `k.id, k.merchant_id, k.mode, k.kind, k.hash, k.permissions, k.networks, k.name,
		k.created_at,
		COALESCE(k.expires_at, 0), COALESCE(k.revoked_at, 0), COALESCE(k.last_used_at, 0)`
	selectKey = `SELECT ` + keyColumns + `, ` + merchantColumns + `
		FROM api_key k JOIN merchant ON merchant.id = k.merchant_id WHERE k.id = $1`
	selectKeys = `SELECT ` + keyColumns + ` FROM api_key k WHERE k.merchant_id = $1
		ORDER BY k.created_at DESC, k.id DESC`
	insertKey = `INSERT INTO api_key (id, merchant_id, mode, kind, hash, permissions, name,
		created_at, expires_at, revoked_at, last_used_at, networks)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`
	// What was taken from a key is never given back: noting its use must not undo a revocation or
	// a roll that came in between.
	updateKey = `UPDATE api_key SET permissions = $4, name = $5,
		expires_at = CASE WHEN expires_at IS NULL OR $6 < expires_at THEN $6 ELSE expires_at END,
		revoked_at = COALESCE(revoked_at, $7), last_used_at = $8
		WHERE id = $1 AND merchant_id = $2 AND mode = $3`
	touchKey = `UPDATE api_key SET last_used_at = $2
		WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)`
)

// keyRow holds a key while it is scanned.
type keyRow struct {
	k                               pay.Key
	permissions, networks           string
	created, expires, revoked, used int64
}

func (r *keyRow) columns() []any {
	return []any{
		&r.k.ID, &r.k.MerchantID, (*string)(&r.k.Mode), (*string)(&r.k.Kind), &r.k.Hash,
		&r.permissions, &r.networks, &r.k.Name, &r.created, &r.expires, &r.revoked, &r.used,
	}
}

func (r *keyRow) key() (pay.Key, error) {
	r.k.CreatedAt, r.k.ExpiresAt = moment(r.created), moment(r.expires)
	r.k.RevokedAt, r.k.LastUsedAt = moment(r.revoked), moment(r.used)
	if err := decode(r.networks, &r.k.Networks); err != nil {
		return r.k, err
	}
	return r.k, decode(r.permissions, &r.k.Permissions)
}

func scanKey(row sqldb.Row) (pay.Key, error) {
	var r keyRow
	if err := row.Scan(r.columns()...); err != nil {
		return pay.Key{}, err
	}
	return r.key()
}

func (v view) Key(ctx context.Context, id string) (pay.Key, pay.Merchant, error) {
	var kr keyRow
	var mr merchantRow
	row := v.r.QueryRow(ctx, selectKey, id)
	if err := row.Scan(append(kr.columns(), mr.columns()...)...); err != nil {
		return pay.Key{}, pay.Merchant{}, meaning(err)
	}
	k, err := kr.key()
	if err != nil {
		return pay.Key{}, pay.Merchant{}, err
	}
	m, err := mr.merchant()
	return k, m, err
}

func (v view) Keys(ctx context.Context, merchantID string) ([]pay.Key, error) {
	rows, err := v.r.Query(ctx, selectKeys, merchantID)
	return all(rows, err, scanKey)
}

func (w *work) InsertKey(_ context.Context, k pay.Key) error {
	w.tx.Queue(insertKey, k.ID, k.MerchantID, string(k.Mode), string(k.Kind), k.Hash,
		fromList(k.Permissions), k.Name, k.CreatedAt.UnixMicro(), micros(k.ExpiresAt),
		micros(k.RevokedAt), micros(k.LastUsedAt), fromList(k.Networks))
	return nil
}

func (w *work) UpdateKey(ctx context.Context, k pay.Key) error {
	w.rekeyed = true
	return w.change(ctx, updateKey, k.ID, k.MerchantID, string(k.Mode), fromList(k.Permissions),
		k.Name, micros(k.ExpiresAt), micros(k.RevokedAt), micros(k.LastUsedAt))
}

func (w *work) TouchKey(_ context.Context, id string, at time.Time) error {
	w.tx.Queue(touchKey, id, at.UnixMicro())
	return nil
}
