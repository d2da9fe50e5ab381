package store

import (
	"context"
	"errors"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

const (
	mandateColumns = `id, merchant_id, mode, family, customer_id, method_id, session_id, state,
		version, currency, terms, consent, used_count, used_total, COALESCE(schedule, ''),
		COALESCE(next_at, 0), COALESCE(try_at, 0), failures, retry, reason, created_at, updated_at,
		network_code, COALESCE(payto, ''), COALESCE(look_at, 0), echo, COALESCE(hook, ''),
		description, COALESCE(proposal, '')`
	selectMandateByID = `SELECT ` + mandateColumns + ` FROM mandate WHERE id = $1`
	selectMandate     = selectMandateByID + ` AND merchant_id = $2 AND mode = $3`
	lockMandate       = selectMandateByID + ` /*for update*/`

	insertMandate = `INSERT INTO mandate (id, merchant_id, mode, family, customer_id, method_id,
		session_id, state, version, currency, terms, consent, used_count, used_total, max_count,
		max_total, schedule, next_at, try_at, failures, retry, reason, created_at, updated_at,
		due_at, network_code, payto, look_at, echo, hook, description, proposal)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
		$19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30,
		$31, $32)`
	// Amended bounds may be below what is used. What is used stays, and nothing is added to it.
	swapMandate = `UPDATE mandate SET family = $4, customer_id = $5, method_id = $6,
		session_id = $7, state = $8, version = $9, currency = $10, terms = $11, consent = $12,
		used_count = $13, used_total = $14,
		max_count = CASE WHEN $13 <= used_count AND $15 < $13 THEN $13 ELSE $15 END,
		max_total = CASE WHEN $14 <= used_total AND $16 < $14 THEN $14 ELSE $16 END, schedule = $17,
		next_at = $18, try_at = $19, failures = $20, retry = $21, reason = $22, created_at = $23,
		updated_at = $24, due_at = $25, network_code = $26, payto = $27, look_at = $28, echo = $29,
		hook = $30, description = $31, proposal = $32
		WHERE id = $1 AND merchant_id = $2 AND mode = $3 AND version = $9 - 1`

	lockDueMandates = `SELECT ` + mandateColumns + ` FROM mandate WHERE due_at <= $1
		ORDER BY due_at LIMIT $2 /*skip locked*/`

	windowColumns = `mandate_id, start_at, used_count, COALESCE(max_count, 0), used_amount,
		COALESCE(max_amount, 0)`
	selectWindow = `SELECT ` + windowColumns + ` FROM mandate_window
		WHERE mandate_id = $1 AND start_at = $2`
	putWindow = `INSERT INTO mandate_window
		(mandate_id, start_at, used_count, max_count, used_amount, max_amount)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (mandate_id, start_at) DO UPDATE SET used_count = excluded.used_count,
		max_count = excluded.max_count, used_amount = excluded.used_amount,
		max_amount = excluded.max_amount`
)

// The lists of mandates. A list that asks for a method or a customer walks that index, and looks at
// the state row by row; those with a schedule have one of their own.
const (
	mandatePage = `SELECT ` + mandateColumns + ` FROM mandate
		WHERE merchant_id = $1 AND mode = $2 AND id < $3
		AND ($5 = '' OR replace($5, '|' || state || '|', '') <> $5)`
	selectMandatesByCustomer = mandatePage + ` AND (NOT $6 OR COALESCE(schedule, '') <> '')
		AND customer_id = $7` + listOrder
	selectMandatesByMethod = mandatePage + ` AND (NOT $6 OR COALESCE(schedule, '') <> '')
		AND ($7 = '' OR customer_id = $7) AND method_id = $8` + listOrder

	mandateRange = `SELECT ` + mandateColumns + ` FROM mandate
		WHERE merchant_id = $1 AND mode = $2 AND id < $3 AND state = ` + rangeWord
	scheduledRange = mandateRange + ` AND schedule IS NOT NULL`
)

var allMandateStates = []pay.MandateState{
	pay.MandateActive, pay.MandatePaused, pay.MandateCanceled, pay.MandateExpired,
	pay.MandateCompleted,
}

func scanMandate(row sqldb.Row) (m pay.Mandate, err error) {
	var state, permits, schedule, retry, payto, proposal string
	var next, try, look, created, updated int64
	if err := row.Scan(&m.ID, &m.MerchantID, (*string)(&m.Mode), &m.Family, &m.CustomerID,
		&m.MethodID, &m.SessionID, &state, &m.Version, &m.Currency, &permits, &m.Consent, &m.Count,
		&m.Total, &schedule, &next, &try, &m.Failures, &retry, &m.Reason, &created,
		&updated, &m.NetworkCode, &payto, &look, &m.Echo, &m.Hook,
		&m.Description, &proposal); err != nil {
		return m, err
	}
	m.State = pay.ParseMandateState(state)
	m.NextAt, m.TryAt, m.LookAt = moment(next), moment(try), moment(look)
	m.CreatedAt, m.UpdatedAt = moment(created), moment(updated)
	return m, errors.Join(decode(permits, &m.Terms), decode(schedule, &m.Schedule),
		decode(retry, &m.Retry.Days), decode(payto, &m.Payto),
		decode(proposal, &m.Proposal))
}

func mandateArgs(m *pay.Mandate, dueAt time.Time) []any {
	return []any{
		m.ID, m.MerchantID, string(m.Mode), m.Family, m.CustomerID, m.MethodID, m.SessionID,
		m.State.String(), m.Version, m.Currency, encode(m.Terms), m.Consent, m.Count, m.Total,
		bound(maxCount(m)), bound(m.Terms.MaxTotal), fromSchedule(m), micros(m.NextAt), micros(m.TryAt),
		m.Failures, fromList(m.Retry.Days), m.Reason, m.CreatedAt.UnixMicro(),
		m.UpdatedAt.UnixMicro(), micros(dueAt), m.NetworkCode, fromPayto(m.Payto),
		micros(m.LookAt), blob(m.Echo), nullable(m.Hook), m.Description, fromProposal(m.Proposal),
	}
}

// maxCount returns how many charges a mandate permits, 0 for any number. Fixed parts are a bound
// too.
func maxCount(m *pay.Mandate) int64 {
	count, parts := m.Terms.MaxCount, int64(len(m.Terms.Items))
	if count == 0 || parts > 0 && parts < count {
		return parts
	}
	return count
}

// bound turns 0 into NULL, which bounds nothing.
func bound(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}

func fromSchedule(m *pay.Mandate) any {
	if m.Schedule == nil {
		return nil
	}
	return encode(m.Schedule)
}

func fromPayto(p *pay.Payto) any {
	if p == nil {
		return nil
	}
	return encode(p)
}

func fromProposal(p *pay.Proposal) any {
	if p == nil {
		return nil
	}
	return encode(p)
}

func scanWindow(row sqldb.Row) (w pay.MandateWindow, err error) {
	var start int64
	err = row.Scan(&w.MandateID, &start, &w.Count, &w.MaxCount, &w.Amount, &w.MaxAmount)
	w.Start = time.UnixMicro(start).UTC()
	return w, err
}

func (v view) Mandate(ctx context.Context, sc pay.Scope, id string) (pay.Mandate, error) {
	return one(v.r.QueryRow(ctx, selectMandate, id, sc.MerchantID, string(sc.Mode)), scanMandate)
}

func (v view) MandateByID(ctx context.Context, id string) (pay.Mandate, error) {
	return one(v.r.QueryRow(ctx, selectMandateByID, id), scanMandate)
}

func (v view) Mandates(
	ctx context.Context, sc pay.Scope, f pay.MandateFilter,
) ([]pay.Mandate, error) {
	args := []any{
		sc.MerchantID, string(sc.Mode), before(f.Page), int64(f.Limit), wordList(words(f.States)),
	}
	var rows sqldb.Rows
	var err error
	switch {
	case f.MethodID != "":
		rows, err = v.r.Query(ctx, selectMandatesByMethod,
			append(args, f.Scheduled, f.CustomerID, f.MethodID)...)
	case f.CustomerID != "":
		rows, err = v.r.Query(ctx, selectMandatesByCustomer,
			append(args, f.Scheduled, f.CustomerID)...)
	default:
		r := ranges{mandateRange, args[:listArgs]}
		if f.Scheduled {
			r.sql = scheduledRange
		}
		sql, args := r.list(wordsOr(f.States, allMandateStates))
		rows, err = v.r.Query(ctx, sql, args...)
	}
	return all(rows, err, scanMandate)
}

func (v view) MandateWindow(
	ctx context.Context, mandateID string, start time.Time,
) (pay.MandateWindow, error) {
	return one(v.r.QueryRow(ctx, selectWindow, mandateID, start.UnixMicro()), scanWindow)
}

func (w *work) LockMandate(ctx context.Context, id string) (pay.Mandate, error) {
	return one(w.r.QueryRow(ctx, lockMandate, id), scanMandate)
}

func (w *work) InsertMandate(_ context.Context, m pay.Mandate, dueAt time.Time) error {
	w.tx.Queue(insertMandate, mandateArgs(&m, dueAt)...)
	return nil
}

func (w *work) SwapMandate(ctx context.Context, m pay.Mandate, dueAt time.Time) error {
	return w.swap(ctx, swapMandate, mandateArgs(&m, dueAt)...)
}

func (w *work) LockDueMandates(
	ctx context.Context, now time.Time, limit int,
) ([]pay.Mandate, error) {
	rows, err := w.r.Query(ctx, lockDueMandates, now.UnixMicro(), int64(limit))
	return all(rows, err, scanMandate)
}

func (w *work) PutMandateWindow(_ context.Context, x pay.MandateWindow) error {
	w.tx.Queue(putWindow, x.MandateID, x.Start.UnixMicro(), x.Count, bound(x.MaxCount), x.Amount,
		bound(x.MaxAmount))
	return nil
}
