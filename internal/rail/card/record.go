package card

import (
	"context"
	"errors"
	"time"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

const recordColumns = `payment_id, merchant_id, reference, scenario, amount, currency, manual,
	card_mac, brand, last4, exp_month, exp_year, started_at, token_hash, prompt_until, return_url,
	approved, answered_at, captured, captured_at, voided_at`

const insertRecord = `INSERT INTO sim_card_payment (` + recordColumns + `)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
	$20, $21)`

const (
	selectRecord = `SELECT ` + recordColumns + ` FROM sim_card_payment
		WHERE payment_id = $1 AND merchant_id = $2`
	lockRecord  = selectRecord + ` /*for update*/`
	selectToken = `SELECT ` + recordColumns + ` FROM sim_card_payment WHERE token_hash = $1`
	selectOwner = `SELECT merchant_id FROM sim_card_payment WHERE payment_id = $1`
)

const insertEntry = `INSERT INTO sim_card_entry
	(entry_id, merchant_id, payment_id, kind, amount, currency, posted_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7)`

const insertIncident = `INSERT INTO sim_card_incident
	(incident_id, merchant_id, payment_id, what, happened_at) VALUES ($1, $2, $3, $4, $5)`

// errNoRecord tells that the network has never heard of the payment.
var errNoRecord = errors.New("no such payment at the card network")

// load reads one payment by statement, which selects recordColumns.
func load(ctx context.Context, from sqldb.Reader, statement string, args ...any) (record, error) {
	r, err := scan(from.QueryRow(ctx, statement, args...))
	if errors.Is(err, sqldb.ErrNoRows) {
		return r, errNoRecord
	}
	return r, err
}

func scan(row sqldb.Row) (record, error) {
	var r record
	var name string
	var started int64
	var prompt, answered, captured, voided *int64
	err := row.Scan(
		&r.paymentID, &r.merchantID, &r.reference, &name, &r.amount.Minor, &r.amount.Currency,
		&r.manual, &r.mac, &r.card.Brand, &r.card.Last4, &r.card.ExpMonth, &r.card.ExpYear,
		&started, &r.tokenHash, &prompt, &r.returnURL, &r.approved, &answered, &r.captured,
		&captured, &voided)
	r.scenario = scenarioNamed(name)
	r.startedAt = time.UnixMicro(started).UTC()
	r.promptUntil, r.answeredAt = fromMicros(prompt), fromMicros(answered)
	r.capturedAt, r.voidedAt = fromMicros(captured), fromMicros(voided)
	return r, err
}

// queueRecord adds a payment.
func queueRecord(tx sqldb.Tx, r *record) {
	tx.Queue(insertRecord, r.values()...)
}

func (r *record) values() []any {
	return []any{
		r.paymentID, r.merchantID, r.reference, r.scenario.name, r.amount.Minor,
		r.amount.Currency, r.manual, r.mac, r.card.Brand, r.card.Last4, r.card.ExpMonth,
		r.card.ExpYear, micros(r.startedAt), r.tokenHash, nullable(r.promptUntil), r.returnURL,
		r.approved, nullable(r.answeredAt), r.captured, nullable(r.capturedAt),
		nullable(r.voidedAt),
	}
}

func nullable(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	us := micros(t)
	return &us
}

// queueDebit books, or plans, the money of a payment.
func queueDebit(tx sqldb.Tx, r *record, at time.Time, amount money.Amount) {
	tx.Queue(insertEntry, r.paymentID, r.merchantID, r.paymentID, "debit", amount.Minor,
		amount.Currency, micros(at))
}

// queueIncident records a request that was refused.
func (n *Network) queueIncident(tx sqldb.Tx, ref pay.Ref, what string) {
	tx.Queue(insertIncident, n.ids.ID("inc", ref.Now), ref.MerchantID, ref.PaymentID, what,
		micros(ref.Now))
}

// Entry is one line of the network's ledger. Kind is "debit" for money taken from the payer and
// "credit" for money given back.
type Entry struct {
	ID        string // the payment of a debit, the refund of a credit
	PaymentID string
	Kind      string
	Amount    money.Amount
	PostedAt  time.Time
}

// Ledger returns what the network has booked for the merchant up to now, the merchant's clock,
// oldest first. What lies ahead is not part of it.
func (n *Network) Ledger(ctx context.Context, merchantID string, now time.Time) ([]Entry, error) {
	rows, err := n.db.Reader().Query(ctx, `SELECT entry_id, payment_id, kind, amount, currency,
		posted_at FROM sim_card_entry WHERE merchant_id = $1 AND posted_at <= $2
		ORDER BY posted_at, entry_id`, merchantID, micros(now))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []Entry
	for rows.Next() {
		var e Entry
		var at int64
		if err := rows.Scan(&e.ID, &e.PaymentID, &e.Kind, &e.Amount.Minor, &e.Amount.Currency,
			&at); err != nil {
			return nil, err
		}
		e.PostedAt = time.UnixMicro(at).UTC()
		all = append(all, e)
	}
	return all, rows.Err()
}

// Incidents returns what the network refused for the merchant because it contradicted an earlier
// request, oldest first.
func (n *Network) Incidents(ctx context.Context, merchantID string) ([]string, error) {
	rows, err := n.db.Reader().Query(ctx, `SELECT payment_id, what FROM sim_card_incident
		WHERE merchant_id = $1 ORDER BY incident_id`, merchantID)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var paymentID, what string
		if err := rows.Scan(&paymentID, &what); err != nil {
			return nil, err
		}
		all = append(all, paymentID+": "+what)
	}
	return all, rows.Err()
}
