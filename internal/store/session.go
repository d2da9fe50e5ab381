package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

const (
	sessionColumns = `id, merchant_id, mode, family, echo, state, version, amount, currency, capture,
		methods, COALESCE(customer_id, ''), customer_email, customer_phone, success_url, cancel_url,
		metadata, COALESCE(payment_id, ''), declines, expires_at, created_at, updated_at,
		last_decline, COALESCE(declined_at, 0), series, COALESCE(offer, ''), COALESCE(method_id, ''),
		COALESCE(mandate_id, '')`
	selectSessionByID = `SELECT ` + sessionColumns + ` FROM session WHERE id = $1`
	selectSession     = selectSessionByID + ` AND merchant_id = $2 AND mode = $3`
	lockSession       = selectSessionByID + ` /*for update*/`

	insertSession = `INSERT INTO session (id, merchant_id, mode, family, echo, state, version,
		amount, currency, capture, methods, customer_id, customer_email, customer_phone,
		success_url, cancel_url, metadata, payment_id, declines, expires_at, created_at, updated_at,
		due_at, last_decline, declined_at, series, offer, method_id, mandate_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
		$19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29)`
	swapSession = `UPDATE session SET family = $4, echo = $5, state = $6, version = $7, amount = $8,
		currency = $9, capture = $10, methods = $11, customer_id = $12, customer_email = $13,
		customer_phone = $14, success_url = $15, cancel_url = $16, metadata = $17, payment_id = $18,
		declines = $19, expires_at = $20, created_at = $21, updated_at = $22, due_at = $23,
		last_decline = $24, declined_at = $25, series = $26, offer = $27, method_id = $28,
		mandate_id = $29
		WHERE id = $1 AND merchant_id = $2 AND mode = $3 AND version = $7 - 1`

	dueSessions = `SELECT id FROM session WHERE due_at <= $1 ORDER BY due_at LIMIT $2`
)

// The lists of sessions. An open session past its deadline counts as expired; it is due, so there
// are few. A list that asks for a customer, a payment or a family walks that index. Those that came
// to nothing have one of their own; any other state is looked at row by row.
const (
	// nativeFamily has no index of its own: it lists the objects of all families.
	nativeFamily = "checkout"

	sessionPage = `SELECT ` + sessionColumns + ` FROM session
		WHERE merchant_id = $1 AND mode = $2 AND id < $3 AND ($5 = '' OR replace($5, '|' ||
		CASE WHEN state = 'open' AND expires_at <= $6 THEN 'expired' ELSE state END || '|', '') <> $5)
		AND ($7 = '' OR family = $7)`
	selectSessions         = sessionPage + listOrder
	selectSessionsByFamily = sessionPage + ` AND family = $7 AND family <> '` +
		nativeFamily + `'` + listOrder
	selectSessionsByCustomer = sessionPage + ` AND customer_id = $8` + listOrder
	selectSessionsByPayment  = sessionPage + ` AND ($8 = '' OR customer_id = $8)
		AND payment_id = $9` + listOrder

	sessionRange = `SELECT ` + sessionColumns + ` FROM session
		WHERE merchant_id = $1 AND mode = $2 AND id < $3 AND state = ` + rangeWord + `
		AND state IN ('expired', 'canceled') AND ($5 = '' OR family = $5)`
	sessionFamilyRange = sessionRange + ` AND family = $5 AND family <> '` + nativeFamily + `'`
	// The columns of other indexes are compared as expressions, and so are the ids in the order, or
	// the walk would begin there.
	overdueRange = `SELECT * FROM (SELECT ` + sessionColumns + ` FROM session
		WHERE due_at <= $6 AND state || '' = 'open' AND expires_at <= $7
		AND merchant_id || '' = $1 AND mode || '' = $2 AND id || '' < $3
		AND ($5 = '' OR family || '' = $5) ORDER BY id || '' DESC LIMIT $4) AS overdue`
)

func scanSession(row sqldb.Row) (s pay.Session, err error) {
	var state, methods, metadata, offer string
	var expires, created, updated, declined int64
	if err := row.Scan(&s.ID, &s.MerchantID, (*string)(&s.Mode), &s.Family, &s.Echo, &state,
		&s.Version, &s.Amount.Minor, &s.Amount.Currency, (*string)(&s.Capture), &methods,
		&s.CustomerID, &s.CustomerEmail, &s.CustomerPhone, &s.SuccessURL, &s.CancelURL, &metadata,
		&s.PaymentID, &s.Declines, &expires, &created, &updated, (*string)(&s.LastDecline),
		&declined, (*string)(&s.Series), &offer, &s.MethodID, &s.MandateID); err != nil {
		return s, err
	}
	s.State = pay.ParseSessionState(state)
	s.ExpiresAt, s.CreatedAt, s.UpdatedAt = moment(expires), moment(created), moment(updated)
	s.LastDeclineAt = moment(declined)
	return s, errors.Join(decode(methods, &s.Methods), decode(metadata, &s.Metadata),
		decode(offer, &s.Offer))
}

func sessionArgs(s *pay.Session, dueAt time.Time) []any {
	return []any{
		s.ID, s.MerchantID, string(s.Mode), s.Family, blob(s.Echo), s.State.String(), s.Version,
		s.Amount.Minor, s.Amount.Currency, string(s.Capture), fromList(s.Methods),
		nullable(s.CustomerID), s.CustomerEmail, s.CustomerPhone, s.SuccessURL, s.CancelURL,
		fromMap(s.Metadata), nullable(s.PaymentID), s.Declines, s.ExpiresAt.UnixMicro(),
		s.CreatedAt.UnixMicro(), s.UpdatedAt.UnixMicro(), micros(dueAt),
		string(s.LastDecline), micros(s.LastDeclineAt), string(s.Series), fromOffer(&s.Offer),
		nullable(s.MethodID), nullable(s.MandateID),
	}
}

// fromOffer writes an offer as JSON, and NULL for a session that wants nothing but its payment.
func fromOffer(o *pay.Offer) any {
	if column := encode(o); column != "{}" {
		return column
	}
	return nil
}

func (v view) Session(ctx context.Context, sc pay.Scope, id string) (pay.Session, error) {
	return one(v.r.QueryRow(ctx, selectSession, id, sc.MerchantID, string(sc.Mode)), scanSession)
}

func (v view) SessionByID(ctx context.Context, id string) (pay.Session, error) {
	return one(v.r.QueryRow(ctx, selectSessionByID, id), scanSession)
}

func (v view) Sessions(
	ctx context.Context, sc pay.Scope, f pay.SessionFilter,
) ([]pay.Session, error) {
	args := []any{
		sc.MerchantID, string(sc.Mode), before(f.Page), int64(f.Limit),
		wordList(words(f.States)), f.Now.UnixMicro(), f.Family,
	}
	var rows sqldb.Rows
	var err error
	switch {
	case f.PaymentID != "":
		rows, err = v.r.Query(ctx, selectSessionsByPayment, append(args, f.CustomerID, f.PaymentID)...)
	case f.CustomerID != "":
		rows, err = v.r.Query(ctx, selectSessionsByCustomer, append(args, f.CustomerID)...)
	case vain(f.States):
		sql, args := sessionList(args[:listArgs], f)
		rows, err = v.r.Query(ctx, sql, args...)
	case f.Family != "" && f.Family != nativeFamily:
		rows, err = v.r.Query(ctx, selectSessionsByFamily, args...)
	default:
		rows, err = v.r.Query(ctx, selectSessions, args...)
	}
	return all(rows, err, scanSession)
}

// vain reports whether a list asks for nothing but sessions that came to nothing.
func vain(states []pay.SessionState) bool {
	return len(states) > 0 && !slices.ContainsFunc(states, func(s pay.SessionState) bool {
		return s != pay.SessionExpired && s != pay.SessionCanceled
	})
}

// sessionList returns the statement of a list of sessions that came to nothing.
func sessionList(args []any, f pay.SessionFilter) (string, []any) {
	r := ranges{sessionRange, append(args, f.Family)}
	if f.Family != "" && f.Family != nativeFamily {
		r.sql = sessionFamilyRange
	}
	if !slices.Contains(f.States, pay.SessionExpired) {
		return r.list(words(f.States))
	}
	r.args = append(r.args, f.ServerNow.UnixMicro(), f.Now.UnixMicro())
	return r.list(words(f.States), overdueRange)
}

func (w *work) LockSession(ctx context.Context, id string) (pay.Session, error) {
	return one(w.r.QueryRow(ctx, lockSession, id), scanSession)
}

func (w *work) InsertSession(_ context.Context, s pay.Session, dueAt time.Time) error {
	w.tx.Queue(insertSession, sessionArgs(&s, dueAt)...)
	return nil
}

func (w *work) SwapSession(ctx context.Context, s pay.Session, dueAt time.Time) error {
	return w.swap(ctx, swapSession, sessionArgs(&s, dueAt)...)
}

func (w *work) DueSessions(ctx context.Context, now time.Time, limit int) ([]string, error) {
	rows, err := w.r.Query(ctx, dueSessions, now.UnixMicro(), int64(limit))
	return all(rows, err, text)
}
