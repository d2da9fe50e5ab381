package webhook_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/webhook"
)

// The vector of PayGate's scheme.
func TestSign_OwnVector(t *testing.T) {
	const body = `{"id":"evt_9kT2mWq4Zr","object":"event","type":"checkout.session.completed",` +
		`"created_at":"2026-10-03T10:00:00Z","data":{"object":{"id":"cs_7Hq2LmX9pT4v",` +
		`"object":"checkout.session"}},"pending_webhooks":1,` +
		`"request":{"id":null,"idempotency_key":null}}`
	h := http.Header{}
	m := webhook.Message{ID: "evt_9kT2mWq4Zr", At: time.Unix(1791021600, 0), Body: []byte(body)}
	if err := webhook.Sign(h, m, "whsec_5Qm2vR8tKx0Lz7Nd"); err != nil {
		t.Fatal(err)
	}
	const want = "t=1791021600," +
		"v1=86d4edb5efac3e896309d5d39a1c33b04aacabce0ac9c9719945284fba6aa4fe"
	if got := h.Get("X-PayGate-Signature"); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// The vector that the libraries of Standard Webhooks test themselves with.
func TestSign_StandardVector(t *testing.T) {
	h := http.Header{}
	m := webhook.Message{
		ID: "msg_p5jXN8AQM9LWM0D4loKWxJek", At: time.Unix(1614265330, 0),
		Body: []byte(`{"test": 2432232314}`),
	}
	if err := webhook.Sign(h, m, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"webhook-id":        "msg_p5jXN8AQM9LWM0D4loKWxJek",
		"webhook-timestamp": "1614265330",
		"webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

// The vector of the payment sessions' protocol, and what a retry changes: time and signature alone.
func TestSign_PaymentSessionsVector(t *testing.T) {
	const secret = "whsec_bW9tZW50LWNsb25lLXRlc3Qta2V5LTAxMjM0NTY3ODk="
	m := webhook.Message{
		ID: "msg_Test0000000000000001", At: time.Unix(1767225600, 0),
		Body: []byte(`{"id":"evt_Test0000000000000001","type":"payment_session.completed",` +
			`"data":{"id":"ps_Test000000001","status":"completed","payment_outcome":"paid"}}`),
	}
	h, later := http.Header{}, http.Header{}
	if err := webhook.Sign(h, m, secret); err != nil {
		t.Fatal(err)
	}
	const want = "v1,08kNBdBbYEYqpsgBIhwuYAkYJ1ZXwrf7reIszCAsF5c="
	if got := h.Get("webhook-signature"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	m.At = m.At.Add(time.Minute)
	if err := webhook.Sign(later, m, secret); err != nil {
		t.Fatal(err)
	}
	if later.Get("webhook-id") != h.Get("webhook-id") ||
		later.Get("webhook-timestamp") != "1767225660" ||
		later.Get("webhook-signature") == h.Get("webhook-signature") {
		t.Errorf("the retry has %v", later)
	}
}

func TestSign_RefusesWhatIsNoSecret(t *testing.T) {
	for _, s := range []string{"", "whsec_", "whsec_!!", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"} {
		h := http.Header{}
		if err := webhook.Sign(h, webhook.Message{}, s); err == nil || len(h) != 0 {
			t.Errorf("%q signs: %v", s, h)
		}
	}
}
