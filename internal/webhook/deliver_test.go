package webhook_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

const rotatedSecret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

// verify computes both signatures anew, from what a receiver sees.
func verify(t *testing.T, c call, secrets ...string) {
	t.Helper()
	at := c.header.Get("Webhook-Timestamp")
	own, standard := "t="+at, ""
	for i, s := range secrets {
		sum := hmac.New(sha256.New, []byte(s))
		fmt.Fprintf(sum, "%s.%s", at, c.body)
		own += ",v1=" + hex.EncodeToString(sum.Sum(nil))
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s, "whsec_"))
		if err != nil {
			t.Fatal(err)
		}
		sum = hmac.New(sha256.New, key)
		fmt.Fprintf(sum, "%s.%s.%s", c.header.Get("Webhook-Id"), at, c.body)
		if i > 0 {
			standard += " "
		}
		standard += "v1," + base64.StdEncoding.EncodeToString(sum.Sum(nil))
	}
	if got := c.header.Get("X-PayGate-Signature"); got != own {
		t.Errorf("X-PayGate-Signature: %s\nwant %s", got, own)
	}
	if got := c.header.Get("Webhook-Signature"); got != standard {
		t.Errorf("webhook-signature: %s\nwant %s", got, standard)
	}
	if at != fmt.Sprint(c.at.Unix()) {
		t.Errorf("signed at %s, sent at %d", at, c.at.Unix())
	}
}

func TestDeliver_Once(t *testing.T) { onBoth(t, deliverOnce) }

func deliverOnce(t *testing.T, h *house) {
	r := h.receive(nil)
	to := h.endpoint(r.URL + "/hooks?shop=1")
	e := h.event("cs_1", "session.complete")
	h.drain()
	h.later(7 * 24 * time.Hour)

	c := r.want(t, 1)[0]
	verify(t, c, plainSecret)
	if want := `{"id":"` + e.ID + `","pending":1,"type":"session.complete"}`; c.body != want {
		t.Errorf("body %s, want %s", c.body, want)
	}
	for name, want := range map[string]string{
		"Webhook-Id": e.ID, "Content-Type": "application/json",
		"User-Agent": "Kassa-Webhook/1.0", "Accept-Encoding": "",
	} {
		if got := c.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if c.path != "/hooks?shop=1" {
		t.Errorf("sent to %s", c.path)
	}
	d := h.only(to)
	if d.State != pay.DeliverySucceeded || d.Attempts != 1 || len(d.Log) != 1 {
		t.Fatalf("delivery %+v", d)
	}
	if a := d.Log[0]; a.Number != 1 || a.Status != 200 || a.Error != "" || !a.At.Equal(epoch) {
		t.Errorf("attempt %+v", a)
	}
}

func TestDeliver_Ladder(t *testing.T) {
	h := newHouse(t)
	r := h.receive(status(500))
	to := h.endpoint(r.URL)
	e := h.event("cs_1", "session.complete")
	h.drain()
	steps := []time.Duration{
		5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour,
		5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
	}
	for i, step := range steps {
		d := h.only(to)
		wait := d.NextAttemptAt.Sub(h.clock.Now())
		if wait < step*85/100 || wait > step*115/100 {
			t.Errorf("after attempt %d it waits %v, want %v ±15 %%", i+1, wait, step)
		}
		h.later(wait - time.Microsecond)
		r.want(t, i+1)
		h.later(time.Microsecond)
		r.want(t, i+2)
	}
	d := h.only(to)
	if d.State != pay.DeliveryFailed || d.Attempts != 10 || len(d.Log) != 10 {
		t.Errorf("in the end: %+v", d)
	}
	h.later(30 * 24 * time.Hour)
	for _, c := range r.want(t, 10) {
		verify(t, c, plainSecret)
		if c.header.Get("Webhook-Id") != e.ID || c.body != r.got()[0].body {
			t.Errorf("a repeat differs: %s %s", c.header.Get("Webhook-Id"), c.body)
		}
	}
}

func TestDeliver_RetryAfter(t *testing.T) {
	for asked, want := range map[string]time.Duration{"1800": 30 * time.Minute, "86400": time.Hour} {
		h := newHouse(t)
		r := h.receive(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", asked)
			w.WriteHeader(http.StatusServiceUnavailable)
		})
		to := h.endpoint(r.URL)
		h.event("cs_1", "session.complete")
		h.drain()
		if got := h.only(to).NextAttemptAt.Sub(h.clock.Now()); got != want {
			t.Errorf("asked for %s seconds it waits %v, want %v", asked, got, want)
		}
	}
}

func TestDeliver_GoneDisables(t *testing.T) { onBoth(t, deliverGoneDisables) }

func deliverGoneDisables(t *testing.T, h *house) {
	r := h.receive(status(410))
	to := h.endpoint(r.URL)
	h.event("cs_1", "session.complete")
	h.event("cs_1", "payment.paid") // waits for the first
	h.drain()

	e := h.reload(to)
	if e.Enabled || e.DisabledReason != "gone" {
		t.Errorf("endpoint %+v", e)
	}
	for _, d := range h.deliveries(to) {
		if d.State != pay.DeliveryFailed {
			t.Errorf("delivery %+v", d)
		}
	}
	h.event("cs_2", "session.complete")
	h.later(24 * time.Hour)
	r.want(t, 1)
}

func TestDeliver_DisabledMeanwhile(t *testing.T) {
	h := newHouse(t)
	r := h.receive(status(500))
	to := h.endpoint(r.URL)
	h.event("cs_1", "session.complete")
	h.drain()
	h.write(func(ctx context.Context, tx pay.Tx) error {
		e, err := tx.LockEndpoint(ctx, to.ID)
		if err != nil {
			return err
		}
		e.Enabled, e.Version = false, e.Version+1
		return tx.SwapEndpoint(ctx, e)
	})
	h.later(time.Minute)
	r.want(t, 1)
	d := h.only(to)
	if d.State != pay.DeliveryFailed || d.Log[1].Error != "endpoint_disabled" {
		t.Errorf("delivery %+v", d)
	}
}

func TestDeliver_FailingForFiveDays(t *testing.T) {
	h := newHouse(t)
	r := h.receive(status(500))
	to := h.endpoint(r.URL)
	h.event("cs_1", "session.complete")
	h.drain()
	if got := h.reload(to).FailingSince; !got.Equal(epoch) {
		t.Errorf("failing since %v, want %v", got, epoch)
	}
	version := h.reload(to).Version
	h.later(time.Minute)
	if got := h.reload(to).Version; got != version {
		t.Error("the endpoint is written at each failure")
	}
	h.clock.Advance(4 * 24 * time.Hour)
	h.event("cs_2", "session.complete")
	h.drain()
	if !h.reload(to).Enabled {
		t.Error("disabled after four days")
	}
	h.clock.Advance(24 * time.Hour)
	h.event("cs_3", "session.complete")
	h.event("cs_3", "payment.paid")
	h.drain()
	if e := h.reload(to); e.Enabled || e.DisabledReason != "failing" {
		t.Errorf("after five days: %+v", e)
	}
	for _, d := range h.deliveries(to) {
		if d.State != pay.DeliveryFailed {
			t.Errorf("delivery still %s", d.State)
		}
	}
}

// The days count by the merchant's test clock, which runs ahead of the server's.
func TestDeliver_FailingByTheTestClock(t *testing.T) {
	h := newHouse(t)
	r := h.receive(status(500))
	to := h.endpoint(r.URL)
	h.event("cs_1", "session.complete")
	h.drain()
	const ahead = 5 * 24 * time.Hour
	h.write(func(ctx context.Context, tx pay.Tx) error {
		m, err := tx.LockMerchant(ctx, h.scope.MerchantID)
		if err != nil {
			return err
		}
		m.ClockOffset = ahead
		if err := tx.UpdateMerchant(ctx, m); err != nil {
			return err
		}
		return tx.ShiftDue(ctx, m.ID, ahead)
	})
	h.drain()
	if e := h.reload(to); e.Enabled || e.DisabledReason != "failing" {
		t.Errorf("endpoint %+v", e)
	}
}

func TestDeliver_SuccessForgives(t *testing.T) { onBoth(t, deliverSuccessForgives) }

func deliverSuccessForgives(t *testing.T, h *house) {
	r := h.receive(status(500, 200, 500))
	to := h.endpoint(r.URL)
	h.event("cs_1", "session.complete")
	h.drain()
	h.later(time.Minute)
	if e := h.reload(to); !e.FailingSince.IsZero() {
		t.Errorf("after a success it is failing since %v", e.FailingSince)
	}
	h.clock.Advance(6 * 24 * time.Hour)
	h.event("cs_2", "session.complete")
	h.drain()
	if !h.reload(to).Enabled {
		t.Error("one failure, days after a success, disables")
	}
}

func TestDeliver_OrderWithinAnObject(t *testing.T) { onBoth(t, deliverOrderWithinAnObject) }

func deliverOrderWithinAnObject(t *testing.T, h *house) {
	r := h.receive(status(500, 200))
	to := h.endpoint(r.URL)
	first := h.event("cs_1", "payment.created")
	second := h.event("cs_1", "payment.paid")
	if n, err := h.sender.FanOut(t.Context()); n != 2 || err != nil {
		t.Fatalf("fanned out %d events (%v), want 2", n, err)
	}
	third := h.event("cs_1", "session.complete")
	h.drain()
	if c := r.want(t, 1)[0]; c.header.Get("Webhook-Id") != first.ID {
		t.Errorf("sent first: %s", c.body)
	}
	h.later(10 * time.Second)
	for i, e := range []pay.Event{first, first, second, third} {
		if got := r.want(t, 4)[i].header.Get("Webhook-Id"); got != e.ID {
			t.Errorf("request %d brings %s, want %s", i, got, e.ID)
		}
	}
	for _, d := range h.deliveries(to) {
		if d.State != pay.DeliverySucceeded {
			t.Errorf("delivery %+v", d)
		}
	}
}

func TestDeliver_OrderHasPatience(t *testing.T) { onBoth(t, deliverOrderHasPatience) }

func deliverOrderHasPatience(t *testing.T, h *house) {
	r := h.receive(status(500))
	h.endpoint(r.URL)
	h.event("cs_1", "payment.created")
	second := h.event("cs_1", "payment.paid")
	other := h.event("cs_2", "payment.created")
	h.drain()
	ids := map[string]int{}
	for _, c := range r.want(t, 2) {
		ids[c.header.Get("Webhook-Id")]++
	}
	if ids[other.ID] != 1 || ids[second.ID] != 0 {
		t.Errorf("sent at once: %v", ids)
	}
	h.later(10*time.Minute - time.Second)
	for _, c := range r.got() {
		if c.header.Get("Webhook-Id") == second.ID {
			t.Error("the second event did not wait")
		}
	}
	before := len(r.got())
	h.later(time.Second)
	if c := r.want(t, before+1)[before]; c.header.Get("Webhook-Id") != second.ID {
		t.Errorf("after ten minutes: %s", c.body)
	}
}

func TestDeliver_Rotation(t *testing.T) {
	h := newHouse(t)
	r := h.receive(status(500))
	h.endpoint(r.URL, func(e *pay.Endpoint) {
		e.Previous = e.Secret
		e.Secret = h.vault.Seal(pay.PurposeEndpointSecret, []byte(rotatedSecret))
		e.PreviousUntil = epoch.Add(time.Minute)
	})
	h.event("cs_1", "session.complete")
	h.drain()
	h.later(time.Minute)
	calls := r.want(t, 2)
	verify(t, calls[0], rotatedSecret, plainSecret)
	verify(t, calls[1], rotatedSecret)
}

// What hooks share once it was rotated signs for all of them, whatever each was made with.
func TestDeliver_RotationOfHooks(t *testing.T) {
	h := newHouse(t)
	r := h.receive(status(500))
	hook := h.endpoint(r.URL, func(e *pay.Endpoint) { e.Hook = true })
	h.event("pay_1", "payment.paid", func(e *pay.Event) { e.Hook = hook.ID })
	h.drain()
	h.endpoint("", func(e *pay.Endpoint) {
		e.Hook, e.Previous = true, e.Secret
		e.Secret = h.vault.Seal(pay.PurposeEndpointSecret, []byte(rotatedSecret))
		e.PreviousUntil = h.clock.Now().Add(6 * time.Minute)
	})
	h.later(time.Minute)
	h.later(6 * time.Minute) // the ladder's five may be 5:45
	calls := r.want(t, 3)
	verify(t, calls[0], plainSecret)
	verify(t, calls[1], rotatedSecret, plainSecret)
	verify(t, calls[2], rotatedSecret)
}

func TestDeliver_UnreadableSecret(t *testing.T) {
	h := newHouse(t)
	r := h.receive(nil)
	to := h.endpoint(r.URL, func(e *pay.Endpoint) { e.Secret = []byte("not sealed") })
	h.event("cs_1", "session.complete")
	h.drain()
	r.want(t, 0)
	if d := h.only(to); d.State != pay.DeliveryPending || d.Log[0].Error != "secret_unreadable" {
		t.Errorf("delivery %+v", d)
	}
}

func TestRedeliver(t *testing.T) { onBoth(t, redeliver) }

func redeliver(t *testing.T, h *house) {
	r := h.receive(nil)
	to := h.endpoint(r.URL)
	h.event("cs_1", "session.complete")
	h.drain()
	h.write(func(ctx context.Context, tx pay.Tx) error {
		return tx.Redeliver(ctx, h.scope, h.only(to).ID, h.clock.Now())
	})
	h.drain()
	calls := r.want(t, 2)
	if calls[0].body != calls[1].body ||
		calls[0].header.Get("Webhook-Id") != calls[1].header.Get("Webhook-Id") {
		t.Errorf("sent again: %+v", calls[1])
	}
	if d := h.only(to); d.State != pay.DeliverySucceeded || len(d.Log) != 2 {
		t.Errorf("delivery %+v", d)
	}
}

func TestDeliver_OthersAreToldOfADisabledEndpoint(t *testing.T) {
	h := newHouse(t)
	gone, well := h.receive(status(410)), h.receive(status(200))
	h.endpoint(gone.URL)
	h.endpoint(well.URL)
	h.event("cs_1", "session.complete")
	h.drain()
	h.drain()
	gone.want(t, 1)
	well.want(t, 2)
}
