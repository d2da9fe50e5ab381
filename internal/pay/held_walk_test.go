package pay_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
)

// Held money follows the merchant's test clock.
func TestCapture_TheTestClockLetsHeldMoneyGo(t *testing.T) {
	w := paytest.New(t)
	p := hold(t, w)
	for _, step := range []struct {
		by    time.Duration
		state pay.PaymentState
	}{
		{pay.AuthorisationTTL - time.Minute, pay.PaymentAuthorised},
		{time.Minute, pay.PaymentCanceled},
	} {
		if _, _, err := w.Pay.AdvanceClock(t.Context(), w.Shop, nil, step.by); err != nil {
			t.Fatal(err)
		}
		w.Work()
		if got := w.Payment(p.ID); got.State != step.state {
			t.Errorf("%s after %v, want %s", got.State, step.by, step.state)
		}
	}
}

// An issuer may refuse at a capture what it held. What was taken before stays taken.
func TestCapture_IsDeclined(t *testing.T) {
	rail := &voiding{}
	w := paytest.Open(t, paytest.Options{Rails: []pay.Rail{rail}})
	rail.Network = w.Card
	whole, part := hold(t, w), hold(t, w)
	if _, err := capture(w, part.ID, pay.CaptureRequest{Amount: 100, KeepRest: true}); err != nil {
		t.Fatal(err)
	}
	rail.decline = pay.DeclineLostCard
	p, err := capture(w, whole.ID, pay.CaptureRequest{Amount: 100, KeepRest: true})
	if err != nil || p.DeclineCode != pay.DeclineLostCard {
		t.Errorf("declined as %q, %v", p.DeclineCode, err)
	}
	stands(t, p, pay.PaymentFailed, 0, 5000)
	if p, err = capture(w, part.ID, pay.CaptureRequest{Amount: 100, KeepRest: true}); err != nil {
		t.Fatal(err)
	}
	stands(t, p, pay.PaymentPaid, 100, 4900)
}

// walk does one random thing to a held payment, on a random day of the network.
func walk(t *testing.T, w *paytest.World, r *rand.Rand, id string) {
	t.Helper()
	days := []pay.Behaviour{{}, {}, {Down: true}, {LoseReplies: true}, {Duplicate: true}}
	behave(t, w, days[r.IntN(len(days))])
	var err error
	switch r.IntN(10) {
	case 0:
		_, err = void(w, id)
	case 1, 2:
		w.Advance(time.Duration(r.IntN(90)) * time.Second)
	case 3:
		_, err = w.Pay.Sync(t.Context(), w.Shop, id)
	case 4, 5:
		_, _, err = w.Pay.CreateRefund(t.Context(), w.Shop, nil,
			pay.RefundRequest{PaymentID: id, Amount: r.Int64N(600)})
	default:
		_, err = capture(w, id, pay.CaptureRequest{
			Amount: r.Int64N(1500), KeepRest: r.IntN(6) > 0,
		})
	}
	if err != nil && !pay.IsKind(err, pay.State) && !pay.IsKind(err, pay.Conflict) &&
		!pay.IsKind(err, pay.Invalid) && !pay.IsKind(err, pay.Unavailable) {
		t.Errorf("%v", err)
	}
}

// Whatever merchants and networks do, what we say was captured is what the network took, at no time
// more than was held, and in the end nothing is held any more. The check at the end of the test
// holds the journal, the events and the networks' books against each other.
func TestCapture_RandomWalks(t *testing.T) {
	const walks, steps = 60, 14
	w := paytest.New(t)
	r := rand.New(rand.NewPCG(20, 26))
	ends := map[pay.PaymentState]int{}
	parts := 0
	for range walks {
		behave(t, w, pay.Behaviour{})
		p := hold(t, w)
		for range steps {
			walk(t, w, r, p.ID)
			now := w.Payment(p.ID)
			if now.Captured+now.Capturing+now.Voided > now.Authorised {
				t.Fatalf("more than was held: %+v", now)
			}
		}
		behave(t, w, pay.Behaviour{})
		w.Advance(pay.AuthorisationTTL)
		w.Advance(2 * time.Hour)
		end, sum := w.Payment(p.ID), int64(0)
		all := debits(t, w, p.ID)
		for _, d := range all {
			sum += d
		}
		if len(all) > 1 {
			parts++
		}
		if end.Captured != sum || end.Captured+end.Voided != end.Authorised || end.Capturing != 0 ||
			(end.State == pay.PaymentPaid) != (sum > 0) {
			t.Errorf("%s: captured %d, voided %d, the network took %v", end.State, end.Captured,
				end.Voided, all)
		}
		ends[end.State]++
	}
	if ends[pay.PaymentPaid] < walks/4 || ends[pay.PaymentCanceled] == 0 || parts < walks/6 {
		t.Errorf("the walks went nowhere: %v, %d in parts", ends, parts)
	}
}
