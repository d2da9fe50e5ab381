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
	paymentColumns = `id, merchant_id, mode, family, COALESCE(session_id, ''),
		COALESCE(customer_id, ''), state, version, amount, currency, capture, captured, refunded,
		rail, method, instrument, description, metadata, decline_code, rail_reference, action_url,
		capturing, poll_count, received, action, COALESCE(late_at, 0), created_at, updated_at,
		keep_rest, captures, authorised, voided, COALESCE(held_until, 0), COALESCE(method_id, ''),
		COALESCE(mandate_id, ''), off_session, COALESCE(occurrence, 0), attempt,
		COALESCE(window_start, 0), keep, final, echo, network_code, COALESCE(agreement, ''),
		COALESCE(hook, '')`
	selectPaymentByID = `SELECT ` + paymentColumns + ` FROM payment WHERE id = $1`
	selectPayment     = selectPaymentByID + ` AND merchant_id = $2 AND mode = $3`
	lockPayment       = selectPaymentByID + ` /*for update*/`

	insertPayment = `INSERT INTO payment (id, merchant_id, mode, family, session_id, customer_id,
		state, version, amount, currency, capture, captured, refunded, rail, method, instrument,
		description, metadata, decline_code, rail_reference, action_url, capturing,
		poll_count, late_at, created_at, updated_at, due_at, received, action,
		keep_rest, captures, authorised, voided, held_until, method_id, mandate_id, off_session,
		occurrence, attempt, window_start, keep, final, echo, network_code, agreement, hook)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
		$19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36,
		$37, $38, $39, $40, $41, $42, $43, $44, $45, $46)`
	swapPayment = `UPDATE payment SET family = $4, session_id = $5, customer_id = $6, state = $7,
		version = $8, amount = $9, currency = $10, capture = $11, captured = $12, refunded = $13,
		rail = $14, method = $15, instrument = $16, description = $17, metadata = $18, decline_code = $19,
		rail_reference = $20, action_url = $21, capturing = $22, poll_count = $23,
		late_at = $24, created_at = $25, updated_at = $26, due_at = $27,
		received = $28, action = $29, keep_rest = $30, captures = $31, authorised = $32,
		voided = $33, held_until = $34, method_id = $35, mandate_id = $36, off_session = $37,
		occurrence = $38, attempt = $39, window_start = $40, keep = $41, final = $42, echo = $43,
		network_code = $44, agreement = $45, hook = $46
		WHERE id = $1 AND merchant_id = $2 AND mode = $3 AND version = $8 - 1`

	claimPayments = `WITH due AS (
		SELECT id FROM payment WHERE due_at <= $1 ORDER BY due_at LIMIT $3 /*skip locked*/)
		UPDATE payment SET due_at = $2, poll_count = poll_count + 1
		WHERE id IN (SELECT id FROM due) RETURNING ` + paymentColumns
	delayPayment = `UPDATE payment SET due_at = $4
		WHERE id = $1 AND merchant_id = $2 AND mode = $3 AND version = $5`

	// A payment in review is asked about from time to time, so it is among those that are due.
	paymentsInReview = `SELECT ` + paymentColumns + ` FROM payment
		WHERE due_at IS NOT NULL AND state = 'review' ORDER BY due_at LIMIT $1`

	paymentPage = `SELECT ` + paymentColumns + ` FROM payment
		WHERE merchant_id = $1 AND mode = $2 AND id < $3
		AND ($5 = '' OR replace($5, '|' || state || '|', '') <> $5)`
	selectPayments           = paymentPage + listOrder
	selectPaymentsByCustomer = paymentPage + ` AND customer_id = $6` + listOrder
	selectPaymentsBySession  = paymentPage + ` AND ($6 = '' OR customer_id = $6)
		AND ($7 = '' OR mandate_id = $7) AND session_id = $8` + listOrder
	selectPaymentsByMandate = paymentPage + ` AND ($6 = '' OR customer_id = $6)
		AND mandate_id = $7` + listOrder

	paymentRange = `SELECT ` + paymentColumns + ` FROM payment
		WHERE merchant_id = $1 AND mode = $2 AND id < $3 AND state = ` + rangeWord + `
		AND state NOT IN ('created', 'paid')`
	// A payment is created for a moment, and due all that time.
	createdRange = `SELECT * FROM (SELECT ` + paymentColumns + ` FROM payment
		WHERE due_at IS NOT NULL AND state || '' = 'created' AND merchant_id || '' = $1
		AND mode || '' = $2 AND id || '' < $3 ORDER BY id || '' DESC LIMIT $4) AS created`
)

// instrument is what the column instrument holds: the one thing a payment is made with.
type instrument struct {
	Card     *card         `json:"card,omitempty"`
	Mobile   *pay.Mobile   `json:"mobile,omitempty"`
	Transfer *pay.Transfer `json:"transfer,omitempty"`
	Payto    *pay.Payto    `json:"payto,omitempty"`
}

// card is a card summary with its fingerprint, which the core keeps out of its own JSON.
type card struct {
	Brand       string `json:"brand"`
	Last4       string `json:"last4"`
	ExpMonth    int64  `json:"exp_month"`
	ExpYear     int64  `json:"exp_year"`
	Fingerprint string `json:"fingerprint,omitempty"`
}

func (i instrument) column() string {
	if i == (instrument{}) {
		return ""
	}
	return encode(i)
}

// paymentRow holds a payment while it is scanned.
type paymentRow struct {
	p                                 pay.Payment
	state, instrument, metadata       string
	late, created, updated            int64
	heldUntil, occurrence, windowFrom int64
}

func (r *paymentRow) columns() []any {
	p := &r.p
	return []any{
		&p.ID, &p.MerchantID, (*string)(&p.Mode), &p.Family, &p.SessionID, &p.CustomerID, &r.state,
		&p.Version, &p.Amount.Minor, &p.Amount.Currency, (*string)(&p.Capture), &p.Captured,
		&p.Refunded, &p.Rail, &p.Method, &r.instrument, &p.Description, &r.metadata,
		(*string)(&p.DeclineCode), &p.RailReference, &p.ActionURL, &p.Capturing, &p.PollCount,
		&p.Received, (*string)(&p.Action), &r.late, &r.created, &r.updated, &p.KeepRest,
		&p.Captures, &p.Authorised, &p.Voided, &r.heldUntil, &p.MethodID, &p.MandateID,
		&p.OffSession, &r.occurrence, &p.Attempt, &r.windowFrom, &p.Keep, &p.Final, &p.Echo,
		&p.NetworkCode, &p.Agreement, &p.Hook,
	}
}

func (r *paymentRow) payment() (pay.Payment, error) {
	p := &r.p
	p.State = pay.ParsePaymentState(r.state)
	p.LateAt, p.CreatedAt, p.UpdatedAt = moment(r.late), moment(r.created), moment(r.updated)
	p.AuthorisedUntil, p.Occurrence = moment(r.heldUntil), moment(r.occurrence)
	p.Window = moment(r.windowFrom)
	var i instrument
	err := errors.Join(decode(r.instrument, &i), decode(r.metadata, &p.Metadata))
	p.Card, p.Mobile, p.Transfer = (*pay.CardSummary)(i.Card), i.Mobile, i.Transfer
	p.Payto = i.Payto
	return r.p, err
}

func scanPayment(row sqldb.Row) (pay.Payment, error) {
	var r paymentRow
	if err := row.Scan(r.columns()...); err != nil {
		return pay.Payment{}, err
	}
	return r.payment()
}

func paymentArgs(p *pay.Payment, dueAt time.Time) []any {
	return []any{
		p.ID, p.MerchantID, string(p.Mode), p.Family, nullable(p.SessionID),
		nullable(p.CustomerID), p.State.String(), p.Version, p.Amount.Minor, p.Amount.Currency,
		string(p.Capture), p.Captured, p.Refunded, p.Rail, p.Method,
		instrument{(*card)(p.Card), p.Mobile, p.Transfer, p.Payto}.column(),
		p.Description, fromMap(p.Metadata), string(p.DeclineCode), p.RailReference, p.ActionURL,
		p.Capturing, p.PollCount, micros(p.LateAt), p.CreatedAt.UnixMicro(),
		p.UpdatedAt.UnixMicro(), micros(dueAt), p.Received, string(p.Action),
		p.KeepRest, p.Captures, p.Authorised, p.Voided, micros(p.AuthorisedUntil),
		nullable(p.MethodID), nullable(p.MandateID), p.OffSession, micros(p.Occurrence), p.Attempt,
		micros(p.Window), p.Keep, p.Final, blob(p.Echo),
		p.NetworkCode, nullable(p.Agreement), nullable(p.Hook),
	}
}

func (v view) Payment(ctx context.Context, sc pay.Scope, id string) (pay.Payment, error) {
	return one(v.r.QueryRow(ctx, selectPayment, id, sc.MerchantID, string(sc.Mode)), scanPayment)
}

func (v view) PaymentByID(ctx context.Context, id string) (pay.Payment, error) {
	return one(v.r.QueryRow(ctx, selectPaymentByID, id), scanPayment)
}

func (v view) Payments(
	ctx context.Context, sc pay.Scope, f pay.PaymentFilter,
) ([]pay.Payment, error) {
	args := []any{
		sc.MerchantID, string(sc.Mode), before(f.Page), int64(f.Limit), wordList(words(f.States)),
	}
	var rows sqldb.Rows
	var err error
	switch {
	case f.SessionID != "":
		rows, err = v.r.Query(ctx, selectPaymentsBySession, append(args, f.CustomerID, f.MandateID,
			f.SessionID)...)
	case f.MandateID != "":
		rows, err = v.r.Query(ctx, selectPaymentsByMandate, append(args, f.CustomerID, f.MandateID)...)
	case f.CustomerID != "":
		rows, err = v.r.Query(ctx, selectPaymentsByCustomer, append(args, f.CustomerID)...)
	case len(f.States) > 0 && !slices.Contains(f.States, pay.PaymentPaid):
		sql, args := paymentList(args[:listArgs], f.States)
		rows, err = v.r.Query(ctx, sql, args...)
	default:
		rows, err = v.r.Query(ctx, selectPayments, args...)
	}
	return all(rows, err, scanPayment)
}

// paymentList returns the statement of a list of states that few payments are in.
func paymentList(args []any, states []pay.PaymentState) (string, []any) {
	r := ranges{paymentRange, args}
	if i := slices.Index(states, pay.PaymentCreated); i >= 0 {
		return r.list(words(slices.Concat(states[:i], states[i+1:])), createdRange)
	}
	return r.list(words(states))
}

func (v view) PaymentsInReview(ctx context.Context, limit int) ([]pay.Payment, error) {
	rows, err := v.r.Query(ctx, paymentsInReview, int64(limit))
	return all(rows, err, scanPayment)
}

func (w *work) LockPayment(ctx context.Context, id string) (pay.Payment, error) {
	return one(w.r.QueryRow(ctx, lockPayment, id), scanPayment)
}

func (w *work) InsertPayment(_ context.Context, p pay.Payment, dueAt time.Time) error {
	w.tx.Queue(insertPayment, paymentArgs(&p, dueAt)...)
	return nil
}

func (w *work) SwapPayment(ctx context.Context, p pay.Payment, dueAt time.Time) error {
	return w.swap(ctx, swapPayment, paymentArgs(&p, dueAt)...)
}

func (w *work) ClaimPayments(
	ctx context.Context, now, until time.Time, limit int,
) ([]pay.Payment, error) {
	rows, err := w.r.Query(ctx, claimPayments, now.UnixMicro(), until.UnixMicro(), int64(limit))
	return all(rows, err, scanPayment)
}

func (w *work) DelayPayment(ctx context.Context, p pay.Payment, dueAt time.Time) error {
	return w.swap(ctx, delayPayment, p.ID, p.MerchantID, string(p.Mode), micros(dueAt), p.Version)
}
