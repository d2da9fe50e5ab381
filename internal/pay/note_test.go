package pay_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
)

// add notes one more letter with a session.
func add(s *pay.Service, id string, letter byte) (pay.Session, error) {
	note := func(ses pay.Session, _ time.Time) []byte {
		return append(bytes.Clone(ses.Echo), letter)
	}
	return s.Annotate(context.Background(), id, s.PageKey(id), note)
}

func TestAnnotate_KeepsANoteAndTellsNobody(t *testing.T) {
	w := paytest.New(t)
	ses := w.Open(func(r *pay.OpenSession) { r.Echo = []byte("a") })
	var told pay.Session
	var at time.Time
	got, err := w.Pay.Annotate(t.Context(), ses.ID, w.Pay.PageKey(ses.ID),
		func(s pay.Session, now time.Time) []byte {
			told, at = s, now
			return []byte("ab")
		})
	if err != nil || string(got.Echo) != "ab" || string(told.Echo) != "a" ||
		!at.Equal(w.Pay.Now(w.Shop)) {
		t.Fatalf("%+v of %+v at %v, %v", got, told, at, err)
	}
	if got := w.Session(ses.ID); string(got.Echo) != "ab" || got.State != pay.SessionOpen {
		t.Errorf("session %+v", got)
	}
	before := w.Session(ses.ID).Version
	same := func(s pay.Session, _ time.Time) []byte { return s.Echo }
	if _, err := w.Pay.Annotate(t.Context(), ses.ID, w.Pay.PageKey(ses.ID), same); err != nil {
		t.Fatal(err)
	}
	if got := w.Session(ses.ID).Version; got != before {
		t.Errorf("a note that says nothing new made version %d of %d", got, before)
	}
	if types := w.Told(ses.ID); len(types) != 1 {
		t.Errorf("events %v", types)
	}
	_, err = w.Pay.Annotate(t.Context(), ses.ID, w.Pay.PageKey("cs_another"), same)
	failed(t, err, pay.NotFound, "resource_missing")
}

// A note takes nothing from a session: it still ends in its time, and what is being paid goes on.
func TestAnnotate_LeavesTheSessionItsCourse(t *testing.T) {
	w := paytest.New(t)
	noted, paying := w.Open(), w.Open()
	p := w.Buy(paying.ID, numbers["late_approved"])
	for _, id := range []string{noted.ID, paying.ID} {
		if _, err := add(w.Pay, id, 'x'); err != nil {
			t.Fatal(err)
		}
	}
	w.Advance(time.Minute)
	if got := w.Session(paying.ID); got.State != pay.SessionComplete || string(got.Echo) != "x" ||
		w.Payment(p.ID).State != pay.PaymentPaid {
		t.Errorf("session %+v", got)
	}
	w.Advance(pay.DefaultTTL)
	if got := w.Session(noted.ID); got.State != pay.SessionExpired || string(got.Echo) != "x" {
		t.Errorf("session %+v", got)
	}
}

func TestAnnotate_NoNoteIsLost(t *testing.T) {
	onBoth(t, func(t *testing.T, w *paytest.World) {
		ses := w.Open()
		other := w.Twin()
		_, errs := together(13, func(i int) (pay.Session, error) {
			switch {
			case i == 0:
				_, err := w.Try(ses.ID, ok)
				return pay.Session{}, err
			case i%2 == 0:
				return add(w.Pay, ses.ID, byte('a'+i))
			}
			return add(other, ses.ID, byte('a'+i))
		})
		for _, err := range errs {
			if err != nil {
				t.Error(err)
			}
		}
		got := w.Session(ses.ID)
		if len(got.Echo) != 12 || got.State != pay.SessionComplete {
			t.Errorf("session is %s with the notes %q", got.State, got.Echo)
		}
	})
}

// A payment that failed after its payer had agreed leaves a session of one try no other; one that
// its payer declined does.
func TestOneTry_ClosesTheSessionOnceThePayerHasAgreed(t *testing.T) {
	w := paytest.New(t)
	once := func(r *pay.OpenSession) { r.Offer.OneTry = true }
	ses := w.Open(paytest.InAUD(4995), paytest.First(upTo(5000)), once)
	declined := w.PayTo(ses.ID, paytest.Mira)
	w.AtBank(declined.ID, pay.BankDecline)
	if got := w.Payment(declined.ID); got.State != pay.PaymentFailed || got.Final ||
		w.Session(ses.ID).State != pay.SessionOpen {
		t.Fatalf("payment is %s, final %v, session %s", got.State, got.Final,
			w.Session(ses.ID).State)
	}
	p := w.PayTo(ses.ID, "no-funds@example.com")
	w.AtBank(p.ID, pay.BankApprove)
	w.Advance(settles)
	got := w.Session(ses.ID)
	if p = w.Payment(p.ID); p.State != pay.PaymentFailed || !p.Final ||
		got.State != pay.SessionExpired {
		t.Fatalf("payment is %s, final %v, session %s", p.State, p.Final, got.State)
	}
	if _, err := w.TryPayTo(ses.ID, paytest.Mira); !pay.IsKind(err, pay.State) {
		t.Errorf("another try: %v", err)
	}
	// What the payer has agreed to stands, and was not used.
	if m := w.Mandate(got.MandateID); m.State != pay.MandateActive || m.Count != 0 {
		t.Errorf("mandate %+v", m)
	}
	paid := w.Open(paytest.InAUD(4995), paytest.First(upTo(5000)), once)
	w.AtBank(w.PayTo(paid.ID, paytest.Mira).ID, pay.BankApprove)
	w.Advance(settles)
	if got := w.Session(paid.ID); got.State != pay.SessionComplete {
		t.Errorf("the session that was paid is %s", got.State)
	}
}
