package pay_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/rail/card"
)

// hold buys for 50 cedis that are held, not taken.
func hold(t testing.TB, w *paytest.World) pay.Payment {
	t.Helper()
	ses := w.Open(func(r *pay.OpenSession) { r.Capture = pay.CaptureManual })
	p := w.Buy(ses.ID, ok)
	if p.State != pay.PaymentAuthorised || w.Session(ses.ID).State != pay.SessionComplete {
		t.Fatalf("payment is %s", p.State)
	}
	if p.Authorised != 5000 || p.Held() != 5000 ||
		!p.AuthorisedUntil.Equal(w.Clock.Now().Add(pay.AuthorisationTTL)) {
		t.Fatalf("%d of %d held until %v", p.Held(), p.Authorised, p.AuthorisedUntil)
	}
	return p
}

func capture(w *paytest.World, id string, r pay.CaptureRequest) (pay.Payment, error) {
	p, _, err := w.Pay.CapturePayment(context.Background(), w.Shop, nil, id, r)
	return p, err
}

func void(w *paytest.World, id string) (pay.Payment, error) {
	p, _, err := w.Pay.CancelPayment(context.Background(), w.Shop, nil, id)
	return p, err
}

// stands checks how much of a payment was taken and let go.
func stands(t testing.TB, p pay.Payment, state pay.PaymentState, captured, voided int64) {
	t.Helper()
	if p.State != state || p.Captured != captured || p.Voided != voided || p.Capturing != 0 {
		t.Errorf("payment is %s, captured %d, capturing %d, voided %d; want %s, %d, %d",
			p.State, p.Captured, p.Capturing, p.Voided, state, captured, voided)
	}
}

// failed checks the kind and the code of an error.
func failed(t testing.TB, err error, kind pay.Kind, code string) {
	t.Helper()
	var e *pay.Error
	if !errors.As(err, &e) || e.Kind != kind || e.Code != code {
		t.Errorf("error = %v, want %s", err, code)
	}
}

// told returns the types of an object's events, oldest first.
func told(w *paytest.World, id string) string {
	types := w.Told(id)
	for i, eventType := range types {
		_, types[i], _ = strings.Cut(eventType, ".")
	}
	return strings.Join(types, " ")
}

// debits are what the network took for a payment, by its own books, in order.
func debits(t testing.TB, w *paytest.World, id string) (all []int64) {
	t.Helper()
	lines, err := w.Card.Ledger(context.Background(), w.Shop.MerchantID, w.Pay.Now(w.Shop))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		if l.PaymentID == id && l.Kind == "debit" {
			all = append(all, l.Amount.Minor)
		}
	}
	return all
}

func TestCapture_OnceLetsTheRestGo(t *testing.T) {
	w := paytest.New(t)
	p := hold(t, w)
	p, err := capture(w, p.ID, pay.CaptureRequest{Amount: 3000})
	if err != nil {
		t.Fatal(err)
	}
	stands(t, p, pay.PaymentPaid, 3000, 2000)
	_, err = capture(w, p.ID, pay.CaptureRequest{Amount: 1})
	failed(t, err, pay.State, "payment_not_capturable")
	_, err = void(w, p.ID)
	failed(t, err, pay.State, "payment_already_voided")
	_, _, err = w.Pay.CreateRefund(t.Context(), w.Shop, nil,
		pay.RefundRequest{PaymentID: p.ID, Amount: 3001})
	failed(t, err, pay.Invalid, "amount_too_large")
	if got := told(w, p.ID); got != "created authorised paid" {
		t.Errorf("events: %s", got)
	}
}

func TestCapture_InParts(t *testing.T) {
	onBoth(t, func(t *testing.T, w *paytest.World) {
		p := hold(t, w)
		session := w.Session(p.SessionID)
		for i := range int64(2) {
			got, err := capture(w, p.ID, pay.CaptureRequest{
				Amount: 1000, KeepRest: true, Metadata: map[string]string{"parcel": string('1' + rune(i))},
			})
			if err != nil {
				t.Fatal(err)
			}
			stands(t, got, pay.PaymentAuthorised, 1000*(i+1), 0)
			if got.Metadata["parcel"] != string('1'+rune(i)) || got.Captures != i+1 {
				t.Errorf("metadata %v, %d captures", got.Metadata, got.Captures)
			}
		}
		r, _, err := w.Pay.CreateRefund(t.Context(), w.Shop, nil,
			pay.RefundRequest{PaymentID: p.ID, Amount: 1500})
		if err != nil || r.State != pay.RefundSucceeded {
			t.Errorf("a refund while the rest is held: %+v, %v", r, err)
		}
		_, err = capture(w, p.ID, pay.CaptureRequest{Amount: 3001, KeepRest: true})
		failed(t, err, pay.Invalid, "amount_too_large")
		got, err := capture(w, p.ID, pay.CaptureRequest{KeepRest: true})
		if err != nil {
			t.Fatal(err)
		}
		stands(t, got, pay.PaymentPaid, 5000, 0)
		if got.Metadata["parcel"] != "2" {
			t.Errorf("a capture without metadata changed it: %v", got.Metadata)
		}
		_, err = void(w, p.ID)
		failed(t, err, pay.State, "nothing_to_void")
		if got := told(w, p.ID); got != "created authorised captured captured paid" {
			t.Errorf("events: %s", got)
		}
		if got := debits(t, w, p.ID); !slices.Equal(got, []int64{1000, 1000, 3000}) {
			t.Errorf("debits: %v", got)
		}
		if now := w.Session(p.SessionID); now.Version != session.Version {
			t.Errorf("captures moved the session: %+v", now)
		}
	})
}

func TestCancel_LetsTheRestGo(t *testing.T) {
	onBoth(t, func(t *testing.T, w *paytest.World) {
		p := hold(t, w)
		if _, err := capture(w, p.ID, pay.CaptureRequest{Amount: 1000, KeepRest: true}); err != nil {
			t.Fatal(err)
		}
		o := once("void-1", "void", func(p pay.Payment) string { return p.State.String() })
		got, reply, err := w.Pay.CancelPayment(t.Context(), w.Shop, o, p.ID)
		if err != nil || string(reply.Body) != "paid" {
			t.Fatalf("%s, %v", reply.Body, err)
		}
		stands(t, got, pay.PaymentPaid, 1000, 4000)
		if _, reply, err = w.Pay.CancelPayment(t.Context(), w.Shop, o, p.ID); err != nil ||
			!reply.Replayed {
			t.Errorf("the same key again: %+v, %v", reply, err)
		}
		_, err = void(w, p.ID)
		failed(t, err, pay.State, "payment_already_voided")
		_, err = capture(w, p.ID, pay.CaptureRequest{})
		failed(t, err, pay.State, "payment_not_capturable")
		if got := told(w, p.ID); got != "created authorised captured voided" {
			t.Errorf("events: %s", got)
		}

		whole, err := void(w, hold(t, w).ID)
		if err != nil {
			t.Fatal(err)
		}
		stands(t, whole, pay.PaymentCanceled, 0, 5000)
		_, err = void(w, whole.ID)
		failed(t, err, pay.State, "payment_already_voided")
		if got := told(w, whole.ID); got != "created authorised canceled" {
			t.Errorf("events: %s", got)
		}
	})
}

func TestCapture_Refusals(t *testing.T) {
	w := paytest.New(t)
	p := hold(t, w)
	for name, test := range map[string]struct {
		id   string
		r    pay.CaptureRequest
		kind pay.Kind
		code string
	}{
		"more than is held": {p.ID, pay.CaptureRequest{Amount: 5001}, pay.Invalid,
			"amount_too_large"},
		"less than nothing": {p.ID, pay.CaptureRequest{Amount: -1}, pay.Invalid,
			"amount_too_large"},
		"bad metadata": {p.ID, pay.CaptureRequest{Metadata: map[string]string{"": "x"}},
			pay.Invalid, "parameter_invalid"},
		"unknown": {"pay_unknown", pay.CaptureRequest{}, pay.NotFound, "resource_missing"},
		"taken": {w.Buy(w.Open().ID, ok).ID, pay.CaptureRequest{}, pay.State,
			"payment_not_capturable"},
		"a transfer": {w.Transfer(w.Open().ID).ID, pay.CaptureRequest{}, pay.State,
			"payment_not_capturable"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := capture(w, test.id, test.r)
			failed(t, err, test.kind, test.code)
		})
	}
	_, _, err := w.Pay.CapturePayment(t.Context(), w.Rival, nil, p.ID, pay.CaptureRequest{})
	failed(t, err, pay.NotFound, "resource_missing")
	stands(t, w.Payment(p.ID), pay.PaymentAuthorised, 0, 0)
}

func TestCapture_HeldMoneyIsLetGoInTime(t *testing.T) {
	w := paytest.New(t)
	untouched, part := hold(t, w), hold(t, w)
	if _, err := capture(w, part.ID, pay.CaptureRequest{Amount: 1000, KeepRest: true}); err != nil {
		t.Fatal(err)
	}
	w.Advance(pay.AuthorisationTTL - time.Second)
	stands(t, w.Payment(untouched.ID), pay.PaymentAuthorised, 0, 0)
	stands(t, w.Payment(part.ID), pay.PaymentAuthorised, 1000, 0)
	w.Clock.Advance(time.Second) // and nobody has come by yet
	_, err := capture(w, part.ID, pay.CaptureRequest{Amount: 1000})
	failed(t, err, pay.State, "authorisation_expired")
	w.Work()
	stands(t, w.Payment(untouched.ID), pay.PaymentCanceled, 0, 5000)
	stands(t, w.Payment(part.ID), pay.PaymentPaid, 1000, 4000)
	for _, id := range []string{untouched.ID, part.ID} {
		_, err := capture(w, id, pay.CaptureRequest{Amount: 1000})
		failed(t, err, pay.State, "authorisation_expired")
	}
	if got := told(w, part.ID); got != "created authorised captured voided" {
		t.Errorf("events: %s", got)
	}
}

// What the merchant let go itself was not too late, however late it is asked about.
func TestCapture_OfWhatWasVoidedIsNotTooLate(t *testing.T) {
	w := paytest.New(t)
	p := hold(t, w)
	metadata := map[string]string{"why": "out of stock"}
	voided, _, err := w.Pay.VoidPayment(t.Context(), w.Shop, nil, p.ID, metadata)
	if err != nil || voided.Metadata["why"] != "out of stock" {
		t.Fatalf("%v, metadata %v", err, voided.Metadata)
	}
	if kept := w.Payment(p.ID).Metadata; kept["why"] != "out of stock" {
		t.Errorf("metadata %v was kept", kept)
	}
	w.Advance(pay.AuthorisationTTL + time.Hour)
	_, err = capture(w, p.ID, pay.CaptureRequest{Amount: 1000})
	failed(t, err, pay.State, "payment_not_capturable")
}

// The metadata of a void that did not happen is not taken over.
func TestVoid_ThatIsRefusedChangesNothing(t *testing.T) {
	w := paytest.New(t)
	p := hold(t, w)
	if _, err := capture(w, p.ID, pay.CaptureRequest{}); err != nil {
		t.Fatal(err)
	}
	metadata := map[string]string{"why": "out of stock"}
	_, _, err := w.Pay.VoidPayment(t.Context(), w.Shop, nil, p.ID, metadata)
	failed(t, err, pay.State, "nothing_to_void")
	if kept := w.Payment(p.ID).Metadata; kept["why"] != "" {
		t.Errorf("metadata %v was kept", kept)
	}
}

// A refund or a question to the rail in between does not let go of held money before its time.
func TestCapture_HeldMoneyIsKeptUntilItsTime(t *testing.T) {
	w := paytest.New(t)
	p := hold(t, w)
	if _, err := capture(w, p.ID, pay.CaptureRequest{Amount: 1000, KeepRest: true}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		w.Advance(24 * time.Hour)
		if _, _, err := w.Pay.CreateRefund(t.Context(), w.Shop, nil,
			pay.RefundRequest{PaymentID: p.ID, Amount: 100}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Pay.Sync(t.Context(), w.Shop, p.ID); err != nil {
			t.Fatal(err)
		}
	}
	err := w.Store.Write(t.Context(), func(ctx context.Context, tx pay.Tx) error {
		return tx.DelayPayment(ctx, w.Payment(p.ID), w.Clock.Now()) // looked at too early
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Work()
	stands(t, w.Payment(p.ID), pay.PaymentAuthorised, 1000, 0)
	w.Advance(4 * 24 * time.Hour)
	stands(t, w.Payment(p.ID), pay.PaymentPaid, 1000, 4000)
}

// What was claimed is captured once, whether the rail never heard of it or its answer was lost.
func TestCapture_CrashAfterTheClaim(t *testing.T) {
	for name, day := range map[string]pay.Behaviour{
		"before the rail": {Down: true}, "after the rail": {LoseReplies: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := paytest.New(t)
			p := hold(t, w)
			for i, keep := range []bool{true, true, false} {
				behave(t, w, day)
				o := once(string(rune('a'+i)), "capture", func(p pay.Payment) string {
					return p.State.String()
				})
				got, _, err := w.Pay.CapturePayment(t.Context(), w.Shop, o, p.ID,
					pay.CaptureRequest{Amount: 1000, KeepRest: keep})
				if err != nil || got.Capturing != 1000 || got.Captured != 1000*int64(i) {
					t.Fatalf("%+v, %v", got, err)
				}
				_, err = capture(w, p.ID, pay.CaptureRequest{Amount: 500})
				failed(t, err, pay.Conflict, "capture_in_progress")
				_, err = void(w, p.ID)
				failed(t, err, pay.Conflict, "capture_in_progress")
				behave(t, w, pay.Behaviour{})
				w.Advance(time.Minute)
				if got = w.Payment(p.ID); got.Captured != 1000*int64(i+1) || got.Capturing != 0 {
					t.Fatalf("captured %d, capturing %d", got.Captured, got.Capturing)
				}
			}
			stands(t, w.Payment(p.ID), pay.PaymentPaid, 3000, 2000)
			if got := debits(t, w, p.ID); !slices.Equal(got, []int64{1000, 1000, 1000}) {
				t.Errorf("debits: %v", got)
			}
		})
	}
}

// The time of held money ends while a capture of it is under way: the capture comes first.
func TestCapture_UnderWayWhenItsTimeEnds(t *testing.T) {
	w := paytest.New(t)
	p := hold(t, w)
	w.Advance(pay.AuthorisationTTL - time.Second)
	behave(t, w, pay.Behaviour{Down: true})
	if _, err := capture(w, p.ID, pay.CaptureRequest{Amount: 1000, KeepRest: true}); err != nil {
		t.Fatal(err)
	}
	w.Advance(time.Hour)
	behave(t, w, pay.Behaviour{})
	w.Advance(2 * time.Hour)
	stands(t, w.Payment(p.ID), pay.PaymentPaid, 1000, 4000)
}

// voiding is a card network on which something happens while it lets go of held money, and which
// the process does not always live to ask.
type voiding struct {
	*card.Network
	before, after func()
	crash         bool
	decline       pay.DeclineCode // of captures
}

func (b *voiding) Capture(ctx context.Context, o pay.CaptureOrder) (pay.Outcome, error) {
	if b.crash {
		panic("the process ends here")
	}
	if b.decline != "" {
		_, err := b.Network.Void(ctx, o.Ref)
		return pay.Outcome{Kind: pay.OutcomeDeclined, Amount: o.Amount, Decline: b.decline}, err
	}
	return b.Network.Capture(ctx, o)
}

func (b *voiding) Void(ctx context.Context, ref pay.Ref) (pay.Outcome, error) {
	if b.before != nil {
		b.before()
	}
	out, err := b.Network.Void(ctx, ref)
	if b.after != nil {
		b.after()
	}
	return out, err
}

// A capture that begins while the rest is let go is the size of the one before it, so that the
// network's two answers look alike.
func TestCapture_BeginsWhileTheRestIsLetGo(t *testing.T) {
	tests := []struct {
		name             string
		day              pay.Behaviour
		first            bool // the capture reaches the network first
		captured, voided int64
	}{
		{"it never reaches the network", pay.Behaviour{Down: true}, false, 1000, 4000},
		{"it reaches the network too late", pay.Behaviour{}, false, 1000, 4000},
		{"its answer is lost", pay.Behaviour{LoseReplies: true}, true, 2000, 3000},
		{"it comes first", pay.Behaviour{}, true, 2000, 3000},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			rail := &voiding{}
			w := paytest.Open(t, paytest.Options{Rails: []pay.Rail{rail}})
			rail.Network = w.Card
			p := hold(t, w)
			part := pay.CaptureRequest{Amount: 1000, KeepRest: true}
			if _, err := capture(w, p.ID, part); err != nil {
				t.Fatal(err)
			}
			meanwhile := func() {
				behave(t, w, test.day)
				if _, err := capture(w, p.ID, part); err != nil {
					t.Error(err)
				}
				behave(t, w, pay.Behaviour{})
			}
			if rail.after = meanwhile; test.first {
				rail.before, rail.after = meanwhile, nil
			}
			if _, err := void(w, p.ID); err != nil {
				t.Fatal(err)
			}
			w.Advance(time.Hour)
			stands(t, w.Payment(p.ID), pay.PaymentPaid, test.captured, test.voided)
		})
	}
}

// The process died between the claim and the answer, so that the key has none. It answers once the
// poll has brought the capture to an end, although the payment can still be captured.
func TestCapture_TheKeyOfACrashedOneAnswers(t *testing.T) {
	rail := &voiding{crash: true}
	w := paytest.Open(t, paytest.Options{Rails: []pay.Rail{rail}})
	rail.Network = w.Card
	p := hold(t, w)
	send := func() (string, error) {
		o := once("parcel-1", "capture", func(p pay.Payment) string { return p.State.String() })
		_, reply, err := w.Pay.CapturePayment(t.Context(), w.Shop, o, p.ID,
			pay.CaptureRequest{Amount: 1000, KeepRest: true})
		return string(reply.Body), err
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the process lives")
			}
		}()
		_, _ = send()
	}()
	rail.crash = false
	_, err := send()
	failed(t, err, pay.Conflict, "idempotency_key_in_use")
	w.Advance(time.Minute)
	for range 2 {
		if reply, err := send(); err != nil || reply != "authorised" {
			t.Errorf("reply %q, %v", reply, err)
		}
	}
	stands(t, w.Payment(p.ID), pay.PaymentAuthorised, 1000, 0)
	if got := debits(t, w, p.ID); len(got) != 1 {
		t.Errorf("debits: %v", got)
	}
}
