package pay_test

import (
	"context"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
)

// What is over is forgotten in its time, and what happened to money is not.
func TestPrune_ForgetsWhatIsOver(t *testing.T) {
	onBoth(t, func(t *testing.T, w *paytest.World) {
		open := func() (pay.Reply, error) {
			o := once("order-1", "create", func(s pay.Session) string { return s.ID })
			_, reply, err := w.Pay.OpenSession(t.Context(), w.Shop, o, pay.OpenSession{
				Family: "checkout", Amount: 5000, Currency: "GHS",
				SuccessURL: "https://shop.test/", CancelURL: "https://shop.test/",
			})
			return reply, err
		}
		first, err := open()
		if err != nil {
			t.Fatal(err)
		}
		p := w.Buy(w.Open().ID, numbers["late_notified_twice"])
		w.Advance(time.Minute)
		if got := w.Payment(p.ID); got.State != pay.PaymentPaid {
			t.Fatalf("payment is %s", got.State)
		}
		// Another request has died and never answered.
		err = w.Store.Write(t.Context(), func(ctx context.Context, tx pay.Tx) error {
			return tx.InsertIdempotency(ctx, pay.IdempotencyRecord{
				Scope: w.Shop.Scope, Key: "died", Fingerprint: []byte{1}, ObjectID: p.ID,
				CreatedAt: w.Clock.Now(),
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		pruned := func() (n int) {
			t.Helper()
			for {
				did, err := w.Pay.Prune(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				if n += did; did == 0 {
					return n
				}
			}
		}
		w.Advance(29 * 24 * time.Hour)
		if n := pruned(); n != 0 {
			t.Errorf("%d rows are forgotten too early", n)
		}
		w.Advance(2 * 24 * time.Hour)
		if n := pruned(); n != 3 { // both keys and the notification
			t.Errorf("%d rows are forgotten", n)
		}
		second, err := open()
		if err != nil || string(first.Body) == string(second.Body) {
			t.Errorf("the key still answers: %v", err)
		}
		if len(w.Told(p.ID)) == 0 {
			t.Error("events are forgotten")
		}
	})
}
