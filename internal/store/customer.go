package store

import (
	"context"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

const (
	customerColumns = `id, merchant_id, mode, COALESCE(email, ''), name, phone, metadata,
		created_at, updated_at`
	selectCustomer = `SELECT ` + customerColumns + ` FROM customer
		WHERE id = $1 AND merchant_id = $2 AND mode = $3`
	lockCustomer    = selectCustomer + ` /*for update*/`
	selectCustomers = `SELECT ` + customerColumns + ` FROM customer
		WHERE merchant_id = $1 AND mode = $2 AND id < $3 ORDER BY id DESC LIMIT $4`
	selectCustomersByEmail = `SELECT ` + customerColumns + ` FROM customer
		WHERE email = $5 AND merchant_id = $1 AND mode = $2 AND id < $3 ORDER BY id DESC LIMIT $4`
	insertCustomer = `INSERT INTO customer
		(id, merchant_id, mode, email, name, phone, metadata, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`
	updateCustomer = `UPDATE customer SET email = $4, name = $5, phone = $6, metadata = $7,
		created_at = $8, updated_at = $9 WHERE id = $1 AND merchant_id = $2 AND mode = $3`
	deleteCustomer = `DELETE FROM customer WHERE id = $1 AND merchant_id = $2 AND mode = $3`
)

func scanCustomer(row sqldb.Row) (c pay.Customer, err error) {
	var metadata string
	var created, updated int64
	if err := row.Scan(&c.ID, &c.MerchantID, (*string)(&c.Mode), &c.Email, &c.Name, &c.Phone,
		&metadata, &created, &updated); err != nil {
		return c, err
	}
	c.CreatedAt, c.UpdatedAt = moment(created), moment(updated)
	return c, decode(metadata, &c.Metadata)
}

func customerArgs(c *pay.Customer) []any {
	return []any{
		c.ID, c.MerchantID, string(c.Mode), nullable(c.Email), c.Name, c.Phone,
		fromMap(c.Metadata), c.CreatedAt.UnixMicro(), c.UpdatedAt.UnixMicro(),
	}
}

func (v view) Customer(ctx context.Context, sc pay.Scope, id string) (pay.Customer, error) {
	return one(v.r.QueryRow(ctx, selectCustomer, id, sc.MerchantID, string(sc.Mode)), scanCustomer)
}

func (v view) Customers(
	ctx context.Context, sc pay.Scope, f pay.CustomerFilter,
) ([]pay.Customer, error) {
	args := []any{sc.MerchantID, string(sc.Mode), before(f.Page), int64(f.Limit)}
	if f.Email == "" {
		rows, err := v.r.Query(ctx, selectCustomers, args...)
		return all(rows, err, scanCustomer)
	}
	rows, err := v.r.Query(ctx, selectCustomersByEmail, append(args, f.Email)...)
	return all(rows, err, scanCustomer)
}

func (w *work) LockCustomer(
	ctx context.Context, sc pay.Scope, id string,
) (pay.Customer, error) {
	return one(w.r.QueryRow(ctx, lockCustomer, id, sc.MerchantID, string(sc.Mode)), scanCustomer)
}

func (w *work) InsertCustomer(_ context.Context, c pay.Customer) error {
	w.tx.Queue(insertCustomer, customerArgs(&c)...)
	return nil
}

func (w *work) UpdateCustomer(ctx context.Context, c pay.Customer) error {
	return w.change(ctx, updateCustomer, customerArgs(&c)...)
}

func (w *work) DeleteCustomer(ctx context.Context, sc pay.Scope, id string) error {
	return w.change(ctx, deleteCustomer, id, sc.MerchantID, string(sc.Mode))
}
