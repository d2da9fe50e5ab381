package pay_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/rail/card"
)

// One session that cannot be expired does not keep the others open.
func TestExpire_OneThatFailsHoldsUpNobody(t *testing.T) {
	w := paytest.Open(t, paytest.Options{Broken: true})
	ill := w.Open()
	err := w.Store.Write(t.Context(), func(ctx context.Context, tx pay.Tx) error {
		return tx.InsertEvent(ctx, pay.Event{
			ID: w.IDs.ID("evt", w.Clock.Now()), MerchantID: "shop", Mode: pay.Test, Type: "x",
			Kind: pay.ObjectSession, ObjectID: ill.ID, Sequence: ill.Version + 1, Data: []byte("{}"),
			CreatedAt: w.Clock.Now(),
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	well := []pay.Session{w.Open(), w.Open()}
	w.Clock.Advance(pay.DefaultTTL)
	n, err := w.Pay.ExpireDue(t.Context())
	if n != len(well) || err == nil || !strings.Contains(err.Error(), ill.ID) {
		t.Errorf("%d expired, %v", n, err)
	}
	for _, ses := range well {
		if got := w.Session(ses.ID); got.State != pay.SessionExpired {
			t.Errorf("session is %s", got.State)
		}
	}
}

// A notification that can never be applied is not tried for ever.
func TestNotice_IsGivenUpInItsTime(t *testing.T) {
	w := paytest.New(t)
	m := agreeAtBank(t, w, upTo(10_000))
	token := w.Method(m.MethodID).Token
	err := w.Store.Write(t.Context(), func(ctx context.Context, tx pay.Tx) error {
		return tx.InsertNotice(ctx, pay.StoredNotice{
			Rail: "payto", Notice: pay.Notice{ID: "n1", Token: token}, ReceivedAt: w.Clock.Now(),
		})
	})
	if err == nil {
		err = w.Pay.Behave(t.Context(), w.Shop, "payto", pay.Behaviour{Down: true})
	}
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{1, 1, 1, 0} {
		if n, err := w.Pay.ProcessNotices(t.Context()); err != nil || n != want {
			t.Errorf("round %d: %d, %v", i, n, err)
		}
		if w.Clock.Advance(time.Minute); i == 1 {
			w.Clock.Advance(pay.NoticeTTL)
		}
	}
	if err := w.Pay.Behave(t.Context(), w.Shop, "payto", pay.Behaviour{}); err != nil {
		t.Fatal(err)
	}
}

// halfway is a card network that does not hear that the test clock was moved.
type halfway struct{ *card.Network }

func (*halfway) Advance(context.Context, string, time.Duration) error {
	return errors.New("the process ends here")
}

// The clock was moved and the process died before the networks heard of it: their notifications are
// late, and the poll finds out all the same. Asking once more moves nothing twice.
func TestClock_MovedWithoutTheNetworks(t *testing.T) {
	rail := &halfway{}
	w := paytest.Open(t, paytest.Options{
		Rails: []pay.Rail{rail}, Lately: func(w *paytest.World) { rail.Network = w.Card },
	})
	p := w.Buy(w.Open().ID, numbers["late_approved"])
	advance := func() (pay.Reply, error) {
		o := once("clock-1", "advance", func(at time.Time) string { return at.String() })
		_, reply, err := w.Pay.AdvanceClock(t.Context(), w.Shop, o, time.Hour)
		return reply, err
	}
	if _, err := advance(); err == nil {
		t.Error("the process lives")
	}
	reply, err := advance()
	if err != nil || !reply.Replayed {
		t.Errorf("asked once more: %+v, %v", reply, err)
	}
	c, err := w.Pay.CallerFor(t.Context(), w.Shop.Scope)
	if err != nil || c.ClockOffset != time.Hour {
		t.Errorf("the clock is %v ahead, %v", c.ClockOffset, err)
	}
	w.Work()
	if got := w.Payment(p.ID); got.State != pay.PaymentPaid {
		t.Errorf("payment is %s", got.State)
	}
}
