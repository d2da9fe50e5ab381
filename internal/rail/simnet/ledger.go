package simnet

import (
	"context"
	"time"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

// Entry is one line of a network's ledger. Kind is "debit" for money taken from the payer and
// "credit" for money given back.
type Entry struct {
	ID        string // the payment of a debit, the refund of a credit, or a deposit's own
	PaymentID string
	Kind      string
	Amount    money.Amount
	PostedAt  time.Time
}

// Ledger returns what the network has booked for the merchant up to now, the merchant's clock,
// oldest first. What lies ahead is not part of it.
func (n *Network) Ledger(ctx context.Context, merchantID string, now time.Time) ([]Entry, error) {
	rows, err := n.db.Reader().Query(ctx, `SELECT entry_id, payment_id, kind, amount, currency,
		posted_at FROM sim_entry WHERE rail = $1 AND merchant_id = $2 AND posted_at <= $3
		ORDER BY posted_at, entry_id`, n.name, merchantID, micros(now))
	return gather(rows, err, func(row sqldb.Row) (e Entry, err error) {
		var at int64
		err = row.Scan(&e.ID, &e.PaymentID, &e.Kind, &e.Amount.Minor, &e.Amount.Currency, &at)
		e.PostedAt = time.UnixMicro(at).UTC()
		return e, err
	})
}

// Incidents returns what the network refused for the merchant because it contradicted an earlier
// request, oldest first.
func (n *Network) Incidents(ctx context.Context, merchantID string) ([]string, error) {
	rows, err := n.db.Reader().Query(ctx, `SELECT payment_id, what FROM sim_incident
		WHERE rail = $1 AND merchant_id = $2 ORDER BY incident_id`, n.name, merchantID)
	return gather(rows, err, func(row sqldb.Row) (string, error) {
		var paymentID, what string
		err := row.Scan(&paymentID, &what)
		return paymentID + ": " + what, err
	})
}
