package pay_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/store/sqldb/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// onBoth runs a test on each engine, with real randomness.
func onBoth(t *testing.T, test func(t *testing.T, w *paytest.World)) {
	paytest.OnBoth(t, paytest.Options{Real: true}, func(t *testing.T, o paytest.Options) {
		test(t, paytest.Open(t, o))
	})
}

// together calls f n times at once and returns what each call came to.
func together[T any](n int, f func(i int) (T, error)) ([]T, []error) {
	errs := make([]error, n)
	values := paytest.Together(n, func(i int) (v T) {
		v, errs[i] = f(i)
		return v
	})
	return values, errs
}

func TestRace_TwelvePaysMakeOnePayment(t *testing.T) {
	onBoth(t, func(t *testing.T, w *paytest.World) {
		ses := w.Open()
		paid, errs := together(12, func(int) (pay.Payment, error) { return w.Try(ses.ID, ok) })
		won := 0
		for i, err := range errs {
			switch {
			case err == nil && paid[i].State == pay.PaymentPaid:
				won++
			case !pay.IsKind(err, pay.Conflict) && !pay.IsKind(err, pay.State):
				t.Errorf("a pay that came second got %v", err)
			}
		}
		all, _, err := w.Pay.Payments(context.Background(), w.Shop, pay.PaymentFilter{})
		if err != nil || won != 1 || len(all) != 1 {
			t.Errorf("%d pays won, %d payments, %v", won, len(all), err)
		}
	})
}

// once makes the idempotency of a request that is told apart by what.
func once[T any](key, what string, show func(T) string) *pay.Once[T] {
	o := &pay.Once[T]{Key: key, Render: func(v T) pay.Reply {
		return pay.Reply{Status: http.StatusCreated, Body: []byte(show(v))}
	}}
	copy(o.Fingerprint[:], what)
	return o
}

func TestRace_TwentyCreatesWithOneKeyMakeOneSession(t *testing.T) {
	onBoth(t, func(t *testing.T, w *paytest.World) {
		ctx := context.Background()
		replies, errs := together(20, func(int) (string, error) {
			o := once("order-77", "create", func(s pay.Session) string { return s.ID })
			_, reply, err := w.Pay.OpenSession(ctx, w.Shop, o, pay.OpenSession{
				Family: "checkout", Amount: 5000, Currency: "GHS",
				SuccessURL: "https://shop.test/", CancelURL: "https://shop.test/",
			})
			return string(reply.Body), err
		})
		for i := range replies {
			if errs[i] != nil || replies[i] != replies[0] || replies[i] == "" {
				t.Errorf("call %d: %q, %v; the first got %q", i, replies[i], errs[i], replies[0])
			}
		}
		all, _, err := w.Pay.Sessions(ctx, w.Shop, pay.SessionFilter{})
		if err != nil || len(all) != 1 {
			t.Errorf("%d sessions, %v", len(all), err)
		}
	})
}

func TestRace_TwelvePaysWithOneKeyGetOneAnswer(t *testing.T) {
	onBoth(t, func(t *testing.T, w *paytest.World) {
		ctx := context.Background()
		ses := w.Open()
		payOnce := func(int) (string, error) {
			o := once("pay-1", "pay", func(p pay.Payment) string { return p.ID + p.State.String() })
			_, reply, err := w.Pay.Pay(ctx, w.Shop, o, pay.PayRequest{
				SessionID: ses.ID,
				Method:    pay.MethodInput{Type: pay.MethodCard, Card: paytest.CardOf(ok)},
			})
			return string(reply.Body), err
		}
		replies, errs := together(12, payOnce)
		final, err := payOnce(0)
		if err != nil || final == "" {
			t.Fatalf("the repeat after all: %q, %v", final, err)
		}
		for i := range replies {
			if errs[i] == nil && replies[i] != final {
				t.Errorf("call %d: %q, the repeat got %q", i, replies[i], final)
			}
			if e := pay.AsError(errs[i]); e != nil && e.Kind != pay.Conflict {
				t.Errorf("call %d: %v", i, errs[i])
			}
		}
		all, _, err := w.Pay.Payments(ctx, w.Shop, pay.PaymentFilter{})
		if err != nil || len(all) != 1 {
			t.Errorf("%d payments, %v", len(all), err)
		}
	})
}

// overtaken is a store on which somebody is quicker before a session is read.
type overtaken struct {
	pay.Store
	quicker func()
}

func (s *overtaken) Session(ctx context.Context, sc pay.Scope, id string) (pay.Session, error) {
	s.quicker()
	return s.Store.Session(ctx, sc, id)
}

// A request whose twin has paid, between its look for their key and for the session, is answered as
// the twin was: not that the session has been paid.
func TestRace_ATwinPaysBeforeTheSessionIsRead(t *testing.T) {
	onBoth(t, func(t *testing.T, w *paytest.World) {
		ses := w.Open()
		payBy := func(s *pay.Service) (string, bool) {
			o := once("pay-1", "pay", func(p pay.Payment) string { return p.ID + p.State.String() })
			_, reply, err := s.Pay(t.Context(), w.Shop, o, pay.PayRequest{
				SessionID: ses.ID,
				Method:    pay.MethodInput{Type: pay.MethodCard, Card: paytest.CardOf(ok)},
			})
			if err != nil {
				t.Error(err)
			}
			return string(reply.Body), reply.Replayed
		}
		var first string
		slow := w.Twin(func(d *pay.Deps) {
			d.Store = &overtaken{d.Store, func() { first, _ = payBy(w.Pay) }}
		})
		if got, replayed := payBy(slow); got != first || got == "" || !replayed {
			t.Errorf("answered %q, again: %v; its twin %q", got, replayed, first)
		}
	})
}

func TestRace_RefundsNeverExceedTheCapture(t *testing.T) {
	onBoth(t, func(t *testing.T, w *paytest.World) {
		ctx := context.Background()
		p := w.Buy(w.Open().ID, ok)
		refunds, errs := together(10, func(i int) (pay.Refund, error) {
			r, _, err := w.Pay.CreateRefund(ctx, w.Shop, nil, pay.RefundRequest{
				PaymentID: p.ID, Amount: 1200, Reason: fmt.Sprintf("part %d", i),
			})
			return r, err
		})
		var sum int64
		for i, r := range refunds {
			if errs[i] == nil {
				sum += r.Amount.Minor
			} else if !pay.IsKind(errs[i], pay.Invalid) && !pay.IsKind(errs[i], pay.State) {
				t.Errorf("refund %d: %v", i, errs[i])
			}
		}
		if sum != 4800 {
			t.Errorf("refunded %d of 5000 in parts of 1200", sum)
		}
	})
}

func TestRace_ExpireAndPayNeverBothWin(t *testing.T) {
	onBoth(t, func(t *testing.T, w *paytest.World) {
		ctx := context.Background()
		for range 20 {
			ses := w.Open()
			_, errs := together(2, func(i int) (struct{}, error) {
				if i == 0 {
					_, err := w.Try(ses.ID, ok)
					return struct{}{}, err
				}
				_, _, err := w.Pay.ExpireSession(ctx, w.Shop, nil, ses.ID)
				return struct{}{}, err
			})
			state := w.Session(ses.ID).State
			paid, closed := errs[0] == nil, errs[1] == nil
			if paid == closed || paid != (state == pay.SessionComplete) {
				t.Errorf("pay: %v, expire: %v, session %s", errs[0], errs[1], state)
			}
		}
	})
}
