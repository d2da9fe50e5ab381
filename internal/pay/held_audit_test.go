package pay_test

import (
	"testing"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
)

// What does not agree about held money is found, and what agrees is not.
func TestAudit_FindsHeldMoneyThatDoesNotAgree(t *testing.T) {
	for what, statement := range map[string]string{
		"held although it is over": `UPDATE payment SET voided = voided - 1
			WHERE state = 'paid' AND voided > 0`,
		"a void that nobody was told of": `DELETE FROM event WHERE type = 'payment.voided'`,
		"less captured than booked": `UPDATE payment SET captured = captured - 1
			WHERE state = 'authorised' AND captured > 0`,
		"a capture that nobody booked": `DELETE FROM journal WHERE amount = 300`,
		"held money called failed": `UPDATE payment SET state = 'failed'
			WHERE state = 'authorised' AND captured > 0`,
	} {
		t.Run(what, func(t *testing.T) {
			w := paytest.Open(t, paytest.Options{Broken: true})
			open, over := hold(t, w), hold(t, w)
			for _, p := range []pay.Payment{open, over} {
				for _, amount := range []int64{100, 300} {
					_, err := capture(w, p.ID, pay.CaptureRequest{Amount: amount, KeepRest: true})
					if err != nil {
						t.Fatal(err)
					}
				}
			}
			if _, err := void(w, over.ID); err != nil {
				t.Fatal(err)
			}
			isFound(t, w, statement)
		})
	}
}
