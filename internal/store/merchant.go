package store

import (
	"context"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

const (
	merchantColumns = `merchant.id, merchant.name, return_origins, late_money, clock_offset,
		merchant.created_at`
	selectMerchant  = `SELECT ` + merchantColumns + ` FROM merchant WHERE id = $1`
	lockMerchant    = selectMerchant + ` /*for update*/`
	selectMerchants = `SELECT ` + merchantColumns + ` FROM merchant ORDER BY id DESC`
	insertMerchant  = `INSERT INTO merchant
		(id, name, return_origins, late_money, clock_offset, created_at)
		VALUES ($1, $2, $3, $4, $5, $6)`
	updateMerchant = `UPDATE merchant SET name = $2, return_origins = $3, late_money = $4,
		clock_offset = $5, created_at = $6 WHERE id = $1`

	selectSetting = `SELECT value FROM setting WHERE name = $1`
	insertSetting = `INSERT INTO setting (name, value) VALUES ($1, $2)`
)

// The work of test mode that waits for a time. A delivery under a lease is being sent: its time is
// the end of the lease, and that runs in real time.
const (
	shiftSessions = `UPDATE session SET due_at = due_at - $2
		WHERE merchant_id = $1 AND mode = 'test' AND due_at IS NOT NULL`
	shiftPayments = `UPDATE payment SET due_at = due_at - $2
		WHERE merchant_id = $1 AND mode = 'test' AND due_at IS NOT NULL`
	shiftRefunds = `UPDATE refund SET due_at = due_at - $2
		WHERE merchant_id = $1 AND mode = 'test' AND due_at IS NOT NULL`
	shiftMandates = `UPDATE mandate SET due_at = due_at - $2
		WHERE merchant_id = $1 AND mode = 'test' AND due_at IS NOT NULL`
	shiftDeliveries = `UPDATE delivery SET next_attempt_at = next_attempt_at - $2
		WHERE merchant_id = $1 AND mode = 'test' AND state = 'pending' AND lease IS NULL
		AND endpoint_id IN (SELECT id FROM endpoint WHERE merchant_id = $1 AND mode = 'test')`
)

// merchantRow holds a merchant while it is scanned, alone or behind a key.
type merchantRow struct {
	m               pay.Merchant
	origins         string
	offset, created int64
}

func (r *merchantRow) columns() []any {
	return []any{&r.m.ID, &r.m.Name, &r.origins, (*string)(&r.m.LateMoney), &r.offset, &r.created}
}

func (r *merchantRow) merchant() (pay.Merchant, error) {
	r.m.ClockOffset = time.Duration(r.offset) * time.Microsecond
	r.m.CreatedAt = moment(r.created)
	return r.m, decode(r.origins, &r.m.ReturnOrigins)
}

func scanMerchant(row sqldb.Row) (pay.Merchant, error) {
	var r merchantRow
	if err := row.Scan(r.columns()...); err != nil {
		return pay.Merchant{}, err
	}
	return r.merchant()
}

func merchantArgs(m *pay.Merchant) []any {
	return []any{
		m.ID, m.Name, fromList(m.ReturnOrigins), string(m.LateMoney), m.ClockOffset.Microseconds(),
		m.CreatedAt.UnixMicro(),
	}
}

func (v view) Merchant(ctx context.Context, id string) (pay.Merchant, error) {
	return one(v.r.QueryRow(ctx, selectMerchant, id), scanMerchant)
}

func (v view) Merchants(ctx context.Context) ([]pay.Merchant, error) {
	rows, err := v.r.Query(ctx, selectMerchants)
	return all(rows, err, scanMerchant)
}

func (v view) Setting(ctx context.Context, name string) (string, error) {
	return one(v.r.QueryRow(ctx, selectSetting, name), text)
}

func (w *work) LockMerchant(ctx context.Context, id string) (pay.Merchant, error) {
	return one(w.r.QueryRow(ctx, lockMerchant, id), scanMerchant)
}

func (w *work) InsertMerchant(_ context.Context, m pay.Merchant) error {
	w.tx.Queue(insertMerchant, merchantArgs(&m)...)
	return nil
}

func (w *work) UpdateMerchant(ctx context.Context, m pay.Merchant) error {
	w.rekeyed = true
	return w.change(ctx, updateMerchant, merchantArgs(&m)...)
}

func (w *work) InsertSetting(_ context.Context, name, value string) error {
	w.tx.Queue(insertSetting, name, value)
	return nil
}

func (w *work) ShiftDue(_ context.Context, merchantID string, d time.Duration) error {
	us := d.Microseconds()
	w.tx.Queue(shiftSessions, merchantID, us)
	w.tx.Queue(shiftPayments, merchantID, us)
	w.tx.Queue(shiftRefunds, merchantID, us)
	w.tx.Queue(shiftMandates, merchantID, us)
	w.tx.Queue(shiftDeliveries, merchantID, us)
	return nil
}
