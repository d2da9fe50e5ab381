package pay_test

import (
	"context"
	"strings"
	"testing"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
	"github.com/kassa-pay/kassa/internal/store/sqldb/pgtest"
)

// busy gives the world one of everything an audit looks at.
func busy(t *testing.T, w *paytest.World) {
	t.Helper()
	ctx := context.Background()
	p := w.Buy(w.Open().ID, ok)
	for _, amount := range []int64{1000, 500} {
		_, _, err := w.Pay.CreateRefund(ctx, w.Shop, nil, pay.RefundRequest{
			PaymentID: p.ID, Amount: amount,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	w.Buy(w.Open().ID, "4000000000000002")
	w.Open()
}

// planted are inconsistencies, each as the statement that makes it.
var planted = map[string]string{
	"a refund nobody made":         `UPDATE payment SET refunded = refunded + 1 WHERE state = 'paid'`,
	"less captured than booked":    `UPDATE payment SET captured = captured - 1 WHERE state = 'paid'`,
	"a paid payment called failed": `UPDATE payment SET state = 'failed' WHERE state = 'paid'`,
	"a paid session called open":   `UPDATE session SET state = 'open' WHERE state = 'complete'`,
	"a session of another amount":  `UPDATE session SET amount = amount + 1 WHERE state = 'complete'`,
	"a session without its payment": `UPDATE session SET payment_id = NULL
		WHERE state = 'complete'`,
	"a payment nobody booked": `DELETE FROM journal WHERE type = 'payment'`,
	"a line that grew":        `UPDATE journal SET amount = amount + 1 WHERE type = 'payment'`,
	"a line in another money": `UPDATE journal SET currency = 'USD' WHERE type = 'payment'`,
	"a refund that grew":      `UPDATE refund SET amount = amount + 1`,
	"a refund called failed":  `UPDATE refund SET state = 'failed'`,
	"a refund booked back":    `UPDATE journal SET type = 'refund_failure' WHERE type = 'refund_paid'`,
	"money out of nowhere": `INSERT INTO journal SELECT 'bt_planted', merchant_id, mode, 'payment',
		'network', 'merchant', 1, currency, payment_id, NULL, created_at
		FROM journal WHERE type = 'payment'`,
	"an event that never was": `DELETE FROM event WHERE type = 'payment.paid'`,
	"a change without its event": `UPDATE event SET type = 'session.open'
		WHERE type = 'session.complete'`,
}

func TestAudit_FindsWhatWasPlanted(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgresql"} {
		for what, statement := range planted {
			t.Run(engine+"/"+strings.ReplaceAll(what, " ", "_"), func(t *testing.T) {
				o := paytest.Options{Broken: true}
				if engine == "postgresql" {
					o.URL = pgtest.URL(t)
				}
				w := paytest.Open(t, o)
				busy(t, w)
				isFound(t, w, statement)
			})
		}
	}
}

func auditOf(t *testing.T, w *paytest.World) pay.AuditReport {
	t.Helper()
	report, err := w.Pay.Audit(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// isFound breaks what is stored, which was in order, and demands that an audit notices.
func isFound(t *testing.T, w *paytest.World, statement string) {
	t.Helper()
	if clean := auditOf(t, w); len(clean.Findings) > 0 {
		t.Fatalf("before anything was planted: %v", clean.Findings)
	}
	plant(t, w, statement)
	if found := auditOf(t, w); len(found.Findings) == 0 {
		t.Error("nothing was found")
	}
}

func plant(t *testing.T, w *paytest.World, statement string) {
	t.Helper()
	err := w.DB.Write(context.Background(), func(ctx context.Context, tx sqldb.Tx) error {
		n, err := tx.Exec(ctx, statement)
		if err == nil && n == 0 {
			t.Error("nothing was planted")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
