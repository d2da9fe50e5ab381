package simnet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

// Answer is what a payer's side has decided.
type Answer string

// The answers. NoAnswer is a prompt that is open or has run out.
const (
	NoAnswer Answer = ""
	Approved Answer = "approve"
	Rejected Answer = "reject"
	Wrong    Answer = "wrong" // too many wrong PINs or codes
)

// Terms are what may be kept and shown of how a payment is made: one of them is set.
type Terms struct {
	Card     *pay.CardSummary `json:"card,omitempty"`
	Mobile   *pay.Mobile      `json:"mobile,omitempty"`
	Transfer *pay.Transfer    `json:"transfer,omitempty"`
	Payto    *pay.Payto       `json:"payto,omitempty"`
}

// Record is what a network keeps of a payment. Times are the merchant's but for PromptUntil.
type Record struct {
	PaymentID, MerchantID string
	Reference             string // the network's own
	Scenario              *Scenario
	Amount                money.Amount
	Manual                bool   // the money is held until it is captured
	MAC                   []byte // of what the payment is made with, so that a repeat can be compared
	// Kept is the token of the credential that it leaves; "" for none.
	Kept string
	// Agreement is the token of the agreement that it rests on; "" for none.
	Agreement   string
	Terms       Terms
	StartedAt   time.Time
	AskedAt     time.Time // when the payer was last prompted
	ExpiresAt   time.Time // when the payer's time is over; zero when the scenario says
	TokenHash   []byte
	PromptUntil time.Time // server time; zero when nothing is asked (any more)
	ReturnURL   string
	Answer      Answer
	AnsweredAt  time.Time
	Tries       int64 // wrong PINs or codes
	Resends     int64
	Received    int64     // what deposits have brought
	Captured    int64     // the sum of the captures
	CapturedAt  time.Time // the last of them
	VoidedAt    time.Time // what was held and not captured was let go
	// Charged is how charges of what is kept go on; nil: as Scenario does.
	Charged *Scenario
	// rehearsed is the scenario that was rehearsed for this charge; "" for none.
	rehearsed string
}

const recordColumns = `payment_id, merchant_id, reference, scenario, amount, currency, manual, mac,
	kept, terms, started_at, asked_at, expires_at, token_hash, prompt_until, return_url, answer,
	answered_at, tries, resends, received, captured, captured_at, voided_at, agreement`

const insertRecord = `INSERT INTO sim_payment (rail, ` + recordColumns + `)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
	$20, $21, $22, $23, $24, $25, $26)`

const updateRecord = `UPDATE sim_payment SET asked_at = $3, prompt_until = $4, answer = $5,
	answered_at = $6, tries = $7, resends = $8, received = $9, captured = $10, captured_at = $11,
	voided_at = $12 WHERE rail = $1 AND payment_id = $2`

const (
	selectRecord = `SELECT ` + recordColumns + ` FROM sim_payment
		WHERE rail = $1 AND payment_id = $2 AND merchant_id = $3`
	lockRecord  = selectRecord + ` /*for update*/`
	selectToken = `SELECT ` + recordColumns + ` FROM sim_payment
		WHERE rail = $1 AND token_hash = $2`
)

// errNoRecord tells that the network has never heard of the payment.
var errNoRecord = errors.New("no such payment at the network")

// find reads the payment that ref names.
func (n *Network) find(ctx context.Context, from sqldb.Reader, ref pay.Ref) (Record, error) {
	return n.scan(from.QueryRow(ctx, selectRecord, n.name, ref.PaymentID, ref.MerchantID))
}

// lock reads the payment that ref names and keeps it to the unit of work.
func (n *Network) lock(ctx context.Context, tx sqldb.Tx, ref pay.Ref) (Record, error) {
	return n.scan(tx.QueryRow(ctx, lockRecord, n.name, ref.PaymentID, ref.MerchantID))
}

// scan reads a row of recordColumns.
func (n *Network) scan(row sqldb.Row) (Record, error) {
	var r Record
	var name, terms, answer string
	var started, asked int64
	var expires, prompt, answered, captured, voided *int64
	err := row.Scan(
		&r.PaymentID, &r.MerchantID, &r.Reference, &name, &r.Amount.Minor, &r.Amount.Currency,
		&r.Manual, &r.MAC, &r.Kept, &terms, &started, &asked, &expires, &r.TokenHash, &prompt,
		&r.ReturnURL, &answer, &answered, &r.Tries, &r.Resends, &r.Received, &r.Captured, &captured,
		&voided, &r.Agreement)
	if errors.Is(err, sqldb.ErrNoRows) {
		return r, errNoRecord
	}
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal([]byte(terms), &r.Terms); err != nil {
		return r, fmt.Errorf("terms of %s: %w", r.PaymentID, err)
	}
	r.Scenario, r.Answer = n.model.Scenario(name), Answer(answer)
	r.StartedAt, r.AskedAt = time.UnixMicro(started).UTC(), time.UnixMicro(asked).UTC()
	r.ExpiresAt, r.PromptUntil = fromMicros(expires), fromMicros(prompt)
	r.AnsweredAt = fromMicros(answered)
	r.CapturedAt, r.VoidedAt = fromMicros(captured), fromMicros(voided)
	return r, nil
}

// values are the arguments of insertRecord.
func (n *Network) values(r *Record) ([]any, error) {
	terms, err := json.Marshal(r.Terms)
	return []any{
		n.name, r.PaymentID, r.MerchantID, r.Reference, r.Scenario.Name, r.Amount.Minor,
		r.Amount.Currency, r.Manual, r.MAC, r.Kept, string(terms), micros(r.StartedAt),
		micros(r.AskedAt), nullable(r.ExpiresAt), r.TokenHash, nullable(r.PromptUntil), r.ReturnURL,
		string(r.Answer), nullable(r.AnsweredAt), r.Tries, r.Resends, r.Received, r.Captured,
		nullable(r.CapturedAt), nullable(r.VoidedAt), r.Agreement,
	}, err
}

// queueUpdate writes what may change of a record.
func (n *Network) queueUpdate(tx sqldb.Tx, r *Record) {
	tx.Queue(updateRecord, n.name, r.PaymentID, micros(r.AskedAt), nullable(r.PromptUntil),
		string(r.Answer), nullable(r.AnsweredAt), r.Tries, r.Resends, r.Received, r.Captured,
		nullable(r.CapturedAt), nullable(r.VoidedAt))
}

// closedUnseen reports whether the payment was closed before it arrived.
func (r *Record) closedUnseen() bool { return r.Amount == money.Amount{} && !r.VoidedAt.IsZero() }

// outcome says what the network knows of the payment at now. It depends on nothing else. Of a held
// payment it says so until nothing is held any more.
func (n *Network) outcome(r *Record, now time.Time) pay.Outcome {
	r = r.asOf(now)
	out := pay.Outcome{Amount: r.Amount}
	switch {
	case r.Received > 0: // money that is there is there, whatever was agreed before
		out = n.model.Outcome(r, now)
	case r.Captured > 0 && r.Captured < r.Amount.Minor && r.VoidedAt.IsZero():
		out.Kind = pay.OutcomeAuthorised
	case r.Captured > 0:
		out.Kind, out.Amount.Minor = pay.OutcomePaid, r.Captured
	case !r.VoidedAt.IsZero():
		out.Kind = pay.OutcomeCanceled
	default:
		out = n.model.Outcome(r, now)
	}
	out.Reference = r.Reference
	if out.Kind == pay.OutcomePaid || out.Kind == pay.OutcomeAuthorised {
		out.Token = r.Kept
	}
	return out
}
