package pay_test

import (
	"context"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
)

func giveUp(w *paytest.World, id string) (pay.Session, error) {
	ses, _, err := w.Pay.CancelSession(context.Background(), w.Shop, nil, id)
	return ses, err
}

func TestCancelSession(t *testing.T) {
	onBoth(t, func(t *testing.T, w *paytest.World) {
		id := w.Open().ID
		o := once("give-up", "cancel", func(s pay.Session) string { return s.State.String() })
		for i := range 2 {
			_, reply, err := w.Pay.CancelSession(t.Context(), w.Shop, o, id)
			if err != nil || string(reply.Body) != "canceled" || reply.Replayed != (i == 1) {
				t.Errorf("reply %+v, %v", reply, err)
			}
		}
		if got := told(w, id); got != "open canceled" {
			t.Errorf("events: %s", got)
		}
		_, err := giveUp(w, id)
		failed(t, err, pay.State, "session_canceled")
		_, err = w.Try(id, ok)
		failed(t, err, pay.State, "session_canceled")
		w.Advance(pay.DefaultTTL + time.Hour)
		if ses := w.Session(id); ses.State != pay.SessionCanceled {
			t.Errorf("a canceled session became %s", ses.State)
		}
	})
}

func TestCancelSession_Refusals(t *testing.T) {
	w := paytest.New(t)
	paying := w.Open().ID
	w.Buy(paying, "4000000000003220")
	_, err := giveUp(w, paying)
	failed(t, err, pay.Conflict, "payment_in_progress")

	complete := w.Open().ID
	w.Buy(complete, ok)
	_, err = giveUp(w, complete)
	failed(t, err, pay.State, "session_complete")

	open := w.Open().ID
	_, _, err = w.Pay.CancelSession(t.Context(), w.Rival, nil, open)
	failed(t, err, pay.NotFound, "resource_missing")
	_, err = giveUp(w, "cs_unknown")
	failed(t, err, pay.NotFound, "resource_missing")

	w.Clock.Advance(pay.DefaultTTL)
	_, err = giveUp(w, open)
	failed(t, err, pay.State, "session_expired")

	declined := w.Open().ID
	w.Buy(declined, "4000000000000002")
	if ses, err := giveUp(w, declined); err != nil || ses.State != pay.SessionCanceled {
		t.Errorf("after a decline: %s, %v", ses.State, err)
	}
}

func TestCancelSession_AsPayer(t *testing.T) {
	w := paytest.New(t)
	id := w.Open().ID
	for _, key := range []string{"", "guess", w.Pay.PageKey(w.Open().ID)} {
		_, err := w.Pay.CancelSessionAsPayer(t.Context(), id, key)
		failed(t, err, pay.NotFound, "resource_missing")
	}
	for range 2 {
		ses, err := w.Pay.CancelSessionAsPayer(t.Context(), id, w.Pay.PageKey(id))
		if err != nil || ses.State != pay.SessionCanceled {
			t.Errorf("%s, %v", ses.State, err)
		}
	}
	if got := told(w, id); got != "open canceled" {
		t.Errorf("events: %s", got)
	}
	paid := w.Open().ID
	w.Buy(paid, ok)
	_, err := w.Pay.CancelSessionAsPayer(t.Context(), paid, w.Pay.PageKey(paid))
	failed(t, err, pay.State, "session_complete")
}

// Whoever comes first, the payer or the one who gives up: a canceled session was not paid.
func TestRace_PayAndCancelSession(t *testing.T) {
	onBoth(t, func(t *testing.T, w *paytest.World) {
		for range 5 {
			id := w.Open().ID
			_, errs := together(6, func(i int) (int, error) {
				if i%2 == 0 {
					_, err := w.Try(id, ok)
					return 0, err
				}
				_, err := giveUp(w, id)
				return 0, err
			})
			won := 0
			for _, err := range errs {
				if err == nil {
					won++
				}
			}
			ses := w.Session(id)
			paid := ses.State == pay.SessionComplete
			if won != 1 || !paid && ses.State != pay.SessionCanceled || paid != (ses.PaymentID != "") {
				t.Errorf("%d won, session is %s with payment %q", won, ses.State, ses.PaymentID)
			}
		}
	})
}
