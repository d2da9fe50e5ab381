package pay_test

import (
	"context"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
)

// wish is a request about a mandate under one key.
type wish func(
	ctx context.Context, c pay.Caller, o *pay.Once[pay.Mandate], id string,
) (pay.Mandate, pay.Reply, error)

// keyed is a request whose answer is the state of its mandate. body tells requests apart.
func keyed(key string, body byte) *pay.Once[pay.Mandate] {
	return &pay.Once[pay.Mandate]{
		Key: key, Fingerprint: [32]byte{body}, Render: func(m pay.Mandate) pay.Reply {
			return pay.Reply{Status: 200, Body: []byte(m.State.String())}
		},
	}
}

// A keyed wish whose bank was told, or was not, when the process died is answered when it is
// repeated as it would have been: whatever has come to our ears meanwhile, and whether or not.
func TestWish_ARepeatIsAnsweredAsTheFirst(t *testing.T) {
	for name, tc := range map[string]struct {
		wish func(w *paytest.World) wish
		want string
	}{
		"cancel": {func(w *paytest.World) wish { return w.Pay.CancelMandate }, "canceled"},
		"pause":  {func(w *paytest.World) wish { return w.Pay.PauseMandate }, "paused"},
	} {
		for _, effect := range []bool{false, true} {
			for _, looked := range []bool{false, true} {
				w, s := quiet(t)
				m := agreeAtBank(t, w, upTo(5000))
				s.before, s.after = !effect, effect
				_, _, err := tc.wish(w)(t.Context(), w.Shop, keyed("k", 1), m.ID)
				fails(t, err, pay.Unavailable, "outcome_unknown", "")
				s.before, s.after = false, false
				if looked {
					w.Advance(48 * time.Hour)
				}
				_, _, err = tc.wish(w)(t.Context(), w.Shop, keyed("k", 2), m.ID)
				fails(t, err, pay.State, "idempotency_key_reused", "idempotency_key")
				for i := range 2 {
					_, reply, err := tc.wish(w)(t.Context(), w.Shop, keyed("k", 1), m.ID)
					if err != nil || string(reply.Body) != tc.want {
						t.Errorf("%s, effect %v, looked %v: repeat %d is answered %q, %v", name,
							effect, looked, i, reply.Body, err)
					}
				}
				if told := w.Told(m.ID); len(told) != 2 {
					t.Errorf("%s: events %v", name, told)
				}
			}
		}
	}
}

// Whoever wishes for the same under another key finds that it has happened.
func TestWish_AnotherKeyIsAnotherRequest(t *testing.T) {
	w := paytest.New(t)
	m := agreeAtBank(t, w, upTo(5000))
	for i, want := range []string{"", "mandate_not_cancelable"} {
		_, _, err := w.Pay.CancelMandate(t.Context(), w.Shop, keyed("k"+string(rune('0'+i)), 1), m.ID)
		if code(err) != want {
			t.Errorf("request %d: %v", i, err)
		}
	}
	// A request that was refused leaves its key free.
	_, _, err := w.Pay.CancelMandate(t.Context(), w.Shop, keyed("k1", 2), m.ID)
	if code(err) != "mandate_not_cancelable" {
		t.Errorf("the key of a refused request: %v", err)
	}
}

// A request that the bank refuses leaves its key free, too.
func TestWish_TheBankSaysNo(t *testing.T) {
	w := paytest.New(t)
	m := agreeAtBank(t, w, upTo(5000))
	w.AtBank(m.ID, pay.BankPause)
	_, _, err := w.Pay.ResumeMandate(t.Context(), w.Shop, keyed("k", 1), m.ID)
	fails(t, err, pay.State, "agreement_suspended_by_other", "")
	_, reply, err := w.Pay.CancelMandate(t.Context(), w.Shop, keyed("k", 2), m.ID)
	if err != nil || string(reply.Body) != "canceled" {
		t.Errorf("another request with the key: %q, %v", reply.Body, err)
	}
}

// The same request at once, many times, is one.
func TestWish_AtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *paytest.World) {
		m := agreeAtBank(t, w, upTo(5000))
		replies, errs := together(4, func(int) (pay.Reply, error) {
			_, reply, err := w.Pay.CancelMandate(context.Background(), w.Shop, keyed("k", 1), m.ID)
			return reply, err
		})
		for i, err := range errs {
			if err != nil || string(replies[i].Body) != "canceled" {
				t.Errorf("%q, %v", replies[i].Body, err)
			}
		}
		if told := w.Told(m.ID); len(told) != 2 {
			t.Errorf("events %v", told)
		}
	})
}

func (s *silent) Void(ctx context.Context, ref pay.Ref) (pay.Outcome, error) {
	if s.before {
		return pay.Outcome{}, errSilent
	}
	out, err := s.agreer.(pay.Voider).Void(ctx, ref)
	if s.after {
		return pay.Outcome{}, errSilent
	}
	return out, err
}

// What holds for mandates holds for a payment that is given up while its payer is asked.
func TestWish_APaymentIsGivenUpOnce(t *testing.T) {
	for _, effect := range []bool{false, true} {
		for _, looked := range []bool{false, true} {
			w, s := quiet(t)
			ses := w.Open(paytest.InAUD(4995), paytest.First(upTo(5000)))
			p := w.PayTo(ses.ID, paytest.Mira)
			s.before, s.after = !effect, effect
			void := once("k", "cancel", func(p pay.Payment) string { return p.State.String() })
			_, _, err := w.Pay.CancelPayment(t.Context(), w.Shop, void, p.ID)
			fails(t, err, pay.Unavailable, "outcome_unknown", "")
			s.before, s.after = false, false
			want := "canceled"
			if looked {
				w.Advance(48 * time.Hour)
				want = w.Payment(p.ID).State.String() // nobody answers for so long
			}
			for i := range 2 {
				_, reply, err := w.Pay.CancelPayment(t.Context(), w.Shop, void, p.ID)
				if err != nil || string(reply.Body) != want {
					t.Errorf("effect %v, looked %v: repeat %d is answered %q, %v", effect, looked, i,
						reply.Body, err)
				}
			}
			other := once("k", "else", func(p pay.Payment) string { return "" })
			_, _, err = w.Pay.CancelPayment(t.Context(), w.Shop, other, p.ID)
			fails(t, err, pay.State, "idempotency_key_reused", "idempotency_key")
		}
	}
}
