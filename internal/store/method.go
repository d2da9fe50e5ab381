package store

import (
	"context"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

const (
	methodColumns = `id, merchant_id, mode, family, customer_id, state, version, rail, type,
		instrument, token, payment_id, created_at, updated_at, token_version`
	selectMethod = `SELECT ` + methodColumns + ` FROM method
		WHERE id = $1 AND merchant_id = $2 AND mode = $3`
	selectAgreement = `SELECT ` + methodColumns + ` FROM method
		WHERE rail = $1 AND token = $2 AND type = 'payto'`
	lockMethod = `SELECT ` + methodColumns + ` FROM method WHERE id = $1 /*for update*/`

	insertMethod = `INSERT INTO method (` + methodColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`
	swapMethod = `UPDATE method SET family = $4, customer_id = $5, state = $6, version = $7,
		rail = $8, type = $9, instrument = $10, token = $11, payment_id = $12, created_at = $13,
		updated_at = $14, token_version = $15
		WHERE id = $1 AND merchant_id = $2 AND mode = $3 AND version = $7 - 1`

	methodPage = `SELECT ` + methodColumns + ` FROM method
		WHERE merchant_id = $1 AND mode = $2 AND id < $3 AND ($5 OR state <> 'detached')`
	selectMethodsByCustomer = methodPage + ` AND customer_id = $6` + listOrder
	methodRange             = `SELECT ` + methodColumns + ` FROM method
		WHERE merchant_id = $1 AND mode = $2 AND id < $3 AND state = ` + rangeWord
)

var allMethodStates = []pay.MethodState{pay.MethodActive, pay.MethodDetached}

func scanMethod(row sqldb.Row) (m pay.SavedMethod, err error) {
	var state, column string
	var created, updated int64
	if err := row.Scan(&m.ID, &m.MerchantID, (*string)(&m.Mode), &m.Family, &m.CustomerID, &state,
		&m.Version, &m.Rail, &m.Type, &column, &m.Token, &m.PaymentID, &created,
		&updated, &m.TokenVersion); err != nil {
		return m, err
	}
	m.State = pay.ParseMethodState(state)
	m.CreatedAt, m.UpdatedAt = moment(created), moment(updated)
	var i instrument
	err = decode(column, &i)
	m.Card, m.Mobile, m.Payto = (*pay.CardSummary)(i.Card), i.Mobile, i.Payto
	return m, err
}

func methodArgs(m *pay.SavedMethod) []any {
	return []any{
		m.ID, m.MerchantID, string(m.Mode), m.Family, m.CustomerID, m.State.String(), m.Version,
		m.Rail, m.Type,
		instrument{Card: (*card)(m.Card), Mobile: m.Mobile, Payto: m.Payto}.column(), m.Token,
		m.PaymentID, m.CreatedAt.UnixMicro(), m.UpdatedAt.UnixMicro(), m.TokenVersion,
	}
}

func (v view) SavedMethod(
	ctx context.Context, sc pay.Scope, id string,
) (pay.SavedMethod, error) {
	return one(v.r.QueryRow(ctx, selectMethod, id, sc.MerchantID, string(sc.Mode)), scanMethod)
}

func (v view) SavedMethods(
	ctx context.Context, sc pay.Scope, f pay.MethodFilter,
) ([]pay.SavedMethod, error) {
	args := []any{sc.MerchantID, string(sc.Mode), before(f.Page), int64(f.Limit), f.All}
	if f.CustomerID == "" {
		states := allMethodStates
		if !f.All {
			states = []pay.MethodState{pay.MethodActive}
		}
		sql, args := ranges{methodRange, args[:listArgs]}.list(words(states))
		rows, err := v.r.Query(ctx, sql, args...)
		return all(rows, err, scanMethod)
	}
	rows, err := v.r.Query(ctx, selectMethodsByCustomer, append(args, f.CustomerID)...)
	return all(rows, err, scanMethod)
}

func (v view) MethodByToken(ctx context.Context, rail, token string) (pay.SavedMethod, error) {
	return one(v.r.QueryRow(ctx, selectAgreement, rail, token), scanMethod)
}

func (w *work) LockMethod(ctx context.Context, id string) (pay.SavedMethod, error) {
	return one(w.r.QueryRow(ctx, lockMethod, id), scanMethod)
}

func (w *work) InsertMethod(_ context.Context, m pay.SavedMethod) error {
	w.tx.Queue(insertMethod, methodArgs(&m)...)
	return nil
}

func (w *work) SwapMethod(ctx context.Context, m pay.SavedMethod) error {
	return w.swap(ctx, swapMethod, methodArgs(&m)...)
}
