package store

import (
	"context"

	"github.com/kassa-pay/kassa/internal/pay"
)

const (
	selectAlias = `SELECT object_id FROM alias WHERE merchant_id = $1 AND mode = $2
		AND family = $3 AND kind = $4 AND foreign_id = $5`
	insertAlias = `INSERT INTO alias (merchant_id, mode, family, kind, foreign_id, object_id)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`
)

func (v view) Alias(ctx context.Context, k pay.AliasKey) (string, error) {
	return one(v.r.QueryRow(ctx, selectAlias, k.MerchantID, string(k.Mode), k.Family, k.Kind, k.ID),
		text)
}

// InsertAlias waits for whoever is taking the same id at this moment.
func (w *work) InsertAlias(ctx context.Context, k pay.AliasKey, objectID string) error {
	n, err := w.tx.Exec(ctx, insertAlias, k.MerchantID, string(k.Mode), k.Family, k.Kind, k.ID,
		objectID)
	if err == nil && n == 0 {
		return pay.Errorf(pay.Conflict, "duplicate", "This id is taken.")
	}
	return meaning(err)
}
