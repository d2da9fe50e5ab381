package pay_test

import (
	"testing"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
)

// Money that comes after a transfer was settled is settled by itself: what was decided about the
// money before it stands.
func TestSettle_MoneyThatComesAfterwards(t *testing.T) {
	for _, tc := range []struct {
		name             string
		first            int64
		how              pay.Settlement
		then             int64
		captured, refund int64
	}{
		{"the excess was sent back", 7000, pay.SettleRefund, 1000, 8000, 3000},
		{"the excess was kept", 7000, pay.SettleAccept, 1000, 8000, 1000},
		{"too little was kept", 3000, pay.SettleAccept, 1000, 4000, 1000},
		{"too little was kept, then the rest comes", 3000, pay.SettleAccept, 2000, 5000, 2000},
		{"too little was kept, then too much comes", 3000, pay.SettleAccept, 4000, 7000, 4000},
		{"it was right", 5000, "", 5000, 10000, 5000},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := paytest.New(t)
			_, p := transfer(t, w)
			deposit(t, w, p.ID, tc.first)
			settle := func(how pay.Settlement) {
				t.Helper()
				if _, _, err := w.Pay.SettlePayment(t.Context(), w.Shop, nil, p.ID, how); err != nil {
					t.Fatal(err)
				}
				w.Work()
			}
			if tc.how != "" {
				settle(tc.how)
			}
			if got := deposit(t, w, p.ID, tc.then); got.State != pay.PaymentOverpaid {
				t.Fatalf("payment is %s", got.State)
			}
			settle(pay.SettleRefund)
			got := w.Payment(p.ID)
			if got.State != pay.PaymentPaid || got.Captured != tc.captured || got.Refunded != tc.refund {
				t.Errorf("payment is %s, captured %d, refunded %d; want %d, %d", got.State,
					got.Captured, got.Refunded, tc.captured, tc.refund)
			}
			kept := accounts(t, w)
			if kept[pay.AccountMerchant] != tc.captured-tc.refund || kept[pay.AccountUnsettled] != 0 {
				t.Errorf("accounts: %v", kept)
			}
		})
	}
}
