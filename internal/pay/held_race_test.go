package pay_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
)

// insist repeats a capture until no other is in its way.
func insist(w *paytest.World, id string, r pay.CaptureRequest) (err error) {
	for range 10_000 {
		if _, err = capture(w, id, r); !pay.IsKind(err, pay.Conflict) {
			return err
		}
	}
	return err
}

// Captures that together are more than is held take what fits, by the network's own books.
func TestRace_CapturesTakeNoMoreThanIsHeld(t *testing.T) {
	onBoth(t, func(t *testing.T, w *paytest.World) {
		p := hold(t, w)
		_, errs := together(12, func(int) (int, error) {
			return 0, insist(w, p.ID, pay.CaptureRequest{Amount: 900, KeepRest: true})
		})
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
				continue
			}
			failed(t, err, pay.Invalid, "amount_too_large")
		}
		if won != 5 {
			t.Errorf("%d captures of 900 of 5000 succeeded", won)
		}
		stands(t, w.Payment(p.ID), pay.PaymentAuthorised, 4500, 0)
		if got := debits(t, w, p.ID); !slices.Equal(got, []int64{900, 900, 900, 900, 900}) {
			t.Errorf("debits: %v", got)
		}
		p, err := void(w, p.ID)
		if err != nil {
			t.Fatal(err)
		}
		stands(t, p, pay.PaymentPaid, 4500, 500)
	})
}

func TestRace_CaptureAndVoidAgreeWithTheNetwork(t *testing.T) {
	onBoth(t, func(t *testing.T, w *paytest.World) {
		for range 5 {
			p := hold(t, w)
			_, errs := together(9, func(i int) (int, error) {
				if i == 4 {
					_, err := void(w, p.ID)
					return 0, err
				}
				return 0, insist(w, p.ID, pay.CaptureRequest{Amount: 500, KeepRest: true})
			})
			for _, err := range errs {
				if err != nil && !pay.IsKind(err, pay.State) && !pay.IsKind(err, pay.Conflict) {
					t.Errorf("%v", err)
				}
			}
			w.Advance(time.Minute)
			got, sum := w.Payment(p.ID), int64(0)
			for _, d := range debits(t, w, p.ID) {
				sum += d
			}
			if got.Captured != sum || got.Capturing != 0 {
				t.Errorf("captured %d, capturing %d, the network took %d", got.Captured,
					got.Capturing, sum)
			}
			if got.State != pay.PaymentAuthorised && got.Captured+got.Voided != 5000 {
				t.Errorf("%s: captured %d, voided %d", got.State, got.Captured, got.Voided)
			}
		}
	})
}

// One key is one capture, however often it is sent, although the payment goes on being capturable.
func TestRace_TwelveCapturesWithOneKeyTakeOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *paytest.World) {
		p := hold(t, w)
		request := pay.CaptureRequest{Amount: 100, KeepRest: true}
		send := func() (string, error) {
			o := once("parcel-1", "capture", func(p pay.Payment) string { return p.State.String() })
			_, reply, err := w.Pay.CapturePayment(t.Context(), w.Shop, o, p.ID, request)
			return string(reply.Body), err
		}
		replies, errs := together(12, func(int) (string, error) { return send() })
		for i, err := range errs {
			if err != nil {
				if !pay.IsKind(err, pay.Conflict) {
					t.Errorf("%v", err)
				}
			} else if replies[i] != "authorised" {
				t.Errorf("reply %q", replies[i])
			}
		}
		if reply, err := send(); err != nil || reply != "authorised" {
			t.Errorf("afterwards %q, %v", reply, err)
		}
		stands(t, w.Payment(p.ID), pay.PaymentAuthorised, 100, 0)
		if got := debits(t, w, p.ID); len(got) != 1 {
			t.Errorf("debits: %v", got)
		}
	})
}

// Whoever asks beside another gets the same answer, and nobody is alarmed.
func TestRace_VoidsOfTheRestAreOne(t *testing.T) {
	onBoth(t, func(t *testing.T, w *paytest.World) {
		p := hold(t, w)
		if err := insist(w, p.ID, pay.CaptureRequest{Amount: 700, KeepRest: true}); err != nil {
			t.Fatal(err)
		}
		_, errs := together(8, func(int) (pay.Payment, error) { return void(w, p.ID) })
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else {
				failed(t, err, pay.State, "payment_already_voided")
			}
		}
		if won == 0 {
			t.Error("nobody won")
		}
		stands(t, w.Payment(p.ID), pay.PaymentPaid, 700, 4300)
		if got := told(w, p.ID); got != "created authorised captured voided" {
			t.Errorf("events: %s", got)
		}
		if strings.Contains(w.Logs.String(), "level=ERROR") {
			t.Errorf("the log is alarmed: %s", w.Logs)
		}
	})
}
