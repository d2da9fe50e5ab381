package pay_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
)

// hooked returns, by event type, the addresses of the hooks of an object's events.
func hooked(t *testing.T, w *paytest.World, objectID string) map[string]string {
	t.Helper()
	some, err := w.Store.Events(t.Context(), w.Shop.Scope, pay.EventFilter{
		Page: pay.Page{Limit: pay.MaxPage}, ObjectID: objectID,
	})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, e := range some {
		out[e.Type] = ""
		if e.Hook == "" {
			continue
		}
		to, err := w.Store.Endpoint(t.Context(), w.Shop.Scope, e.Hook)
		if err != nil {
			t.Fatal(err)
		}
		out[e.Type] = to.URL
	}
	return out
}

func TestHook_EventsNameTheAddressTheirObjectWasMadeWith(t *testing.T) {
	w := paytest.New(t)
	const instrument, payment = "https://shop.test/i", "https://shop.test/p"
	ses := w.Open(paytest.InAUD(4995), paytest.First(upTo(5000)), func(r *pay.OpenSession) {
		r.Hooks = []pay.Hook{
			{Kind: pay.ObjectMandate, URL: instrument}, {Kind: pay.ObjectPayment, URL: payment},
		}
	})
	p := w.PayTo(ses.ID, paytest.Mira)
	w.AtBank(p.ID, pay.BankApprove)
	w.Advance(settles)
	m := w.Mandate(w.Session(ses.ID).MandateID)
	w.AtBank(m.ID, pay.BankPause)
	w.AtBank(m.ID, pay.BankResume)
	charge, _, err := w.Pay.Charge(t.Context(), w.Shop, nil, pay.ChargeRequest{
		Family: "checkout", Amount: paytest.AUD(700), MandateID: m.ID, Hook: "https://shop.test/c",
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Advance(settles)
	refund, _, err := w.Pay.CreateRefund(t.Context(), w.Shop, nil, pay.RefundRequest{
		PaymentID: charge.ID, Hook: "https://shop.test/r", Echo: []byte("e"),
	})
	if err != nil || string(refund.Echo) != "e" {
		t.Fatalf("refund %+v, %v", refund, err)
	}
	w.Advance(settles)
	// Until the payer has agreed, what becomes of the attempt is news of the agreement.
	early := map[string]bool{"payment.created": true, "payment.action": true}
	for id, want := range map[string]string{
		ses.ID: "", p.ID: payment, m.ID: instrument, m.MethodID: "",
		charge.ID: "https://shop.test/c", refund.ID: "https://shop.test/r",
	} {
		for event, got := range hooked(t, w, id) {
			if id == p.ID && early[event] {
				want = instrument
			} else if id == p.ID {
				want = payment
			}
			if got != want {
				t.Errorf("%s of %s goes to %q, want %q", event, id, got, want)
			}
		}
	}
}

func TestHook_OneForEachAddress(t *testing.T) {
	w := paytest.New(t)
	open := func(url string) string {
		ses := w.Open(func(r *pay.OpenSession) {
			r.Hooks = []pay.Hook{{Kind: pay.ObjectPayment, URL: url}}
		})
		return ses.Offer.Hooks[pay.ObjectPayment]
	}
	first := open("https://shop.test/a")
	if open("https://shop.test/a") != first || open("https://shop.test/b") == first {
		t.Error("an address is not one hook")
	}
	all, _, err := w.Pay.Endpoints(t.Context(), w.Shop, pay.Page{})
	if err != nil || len(all) != 0 {
		t.Errorf("%d endpoints are listed, %v", len(all), err)
	}
	e, err := w.Store.Endpoint(t.Context(), w.Shop.Scope, first)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := w.Vault.Open(pay.PurposeEndpointSecret, e.Secret)
	if err != nil || string(plain) != hookSecret(t, w, w.Shop, "checkout") ||
		string(plain) == hookSecret(t, w, w.Rival, "checkout") {
		t.Errorf("the hook's secret is %q, %v", plain, err)
	}
	// Whoever asks for a disabled one gives it another chance.
	err = w.Store.Write(t.Context(), func(ctx context.Context, tx pay.Tx) error {
		e.Enabled, e.DisabledReason, e.FailingSince = false, "gone", paytest.Epoch
		e.Version++
		return tx.SwapEndpoint(ctx, e)
	})
	if err != nil {
		t.Fatal(err)
	}
	open("https://shop.test/a")
	e, err = w.Store.Endpoint(t.Context(), w.Shop.Scope, first)
	if err != nil || !e.Enabled || e.DisabledReason != "" || !e.FailingSince.IsZero() {
		t.Errorf("endpoint %+v, %v", e, err)
	}
}

func hookSecret(t *testing.T, w *paytest.World, c pay.Caller, family string) string {
	t.Helper()
	secret, err := w.Pay.HookSecret(t.Context(), c, family)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// A new secret is that of all hooks of the family, and of nobody else's; the one before is kept for
// a while. A hook has none of its own that could be rotated.
func TestHook_TheirSecretIsRotatedForAll(t *testing.T) {
	onBoth(t, func(t *testing.T, w *paytest.World) {
		others := func() []string {
			return []string{
				hookSecret(t, w, w.Shop, "collect"), hookSecret(t, w, w.Rival, "checkout"),
			}
		}
		before, theirs := hookSecret(t, w, w.Shop, "checkout"), others()
		rotate := func(key string) string {
			o := once(key, "rotate", func(e pay.EndpointSecret) string { return e.Plain })
			_, reply, err := w.Pay.RotateHookSecret(t.Context(), w.Shop, o, "checkout")
			if err != nil {
				t.Fatal(err)
			}
			return string(reply.Body)
		}
		first := rotate("a")
		if again := rotate("a"); again != first || first == before {
			t.Errorf("%s, and again %s, before %s", first, again, before)
		}
		w.Advance(time.Hour)
		second := rotate("b")
		if got := hookSecret(t, w, w.Shop, "checkout"); got != second || second == first {
			t.Errorf("shown is %s, want %s after %s", got, second, first)
		}
		if got := others(); !slices.Equal(got, theirs) {
			t.Errorf("others have %v, want %v", got, theirs)
		}
		signer, err := w.Store.HookSigner(t.Context(), w.Shop.Scope, "checkout")
		if err != nil || !signer.PreviousUntil.Equal(w.Clock.Now().Add(pay.SecretOverlap)) {
			t.Fatalf("%+v, %v", signer, err)
		}
		last, err := w.Vault.Open(pay.PurposeEndpointSecret, signer.Previous)
		if err != nil || string(last) != first {
			t.Errorf("the one before is %s, %v; want %s", last, err, first)
		}
		ses := w.Open(func(r *pay.OpenSession) {
			r.Hooks = []pay.Hook{{Kind: pay.ObjectPayment, URL: "https://shop.test/a"}}
		})
		var none *pay.Once[pay.EndpointSecret]
		_, _, err = w.Pay.RotateEndpointSecret(t.Context(), w.Shop, none,
			ses.Offer.Hooks[pay.ObjectPayment])
		if e := pay.AsError(err); e == nil || e.Code != "endpoint_secret_shared" {
			t.Errorf("a hook by itself: %v", err)
		}
	})
}
