package server_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/server"
)

// soon is less than the five seconds for which a buyer waits for what is sent to the shop: who is
// led back so early was not led back because they waited long enough.
const soon = 4 * time.Second

// mailbox receives webhooks and remembers the types of events.
type mailbox struct {
	*httptest.Server
	mu    sync.Mutex
	types []string
}

// newMailbox returns a receiver that answers once gate is closed; nil is open.
func newMailbox(t *testing.T, gate <-chan struct{}) *mailbox {
	m := &mailbox{}
	m.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var e struct{ EventType string }
		_ = json.Unmarshal(body, &e)
		m.mu.Lock()
		m.types = append(m.types, e.EventType)
		m.mu.Unlock()
		if gate != nil {
			<-gate
		}
	}))
	t.Cleanup(m.Close)
	return m
}

func (m *mailbox) got() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.types)
}

// wpay sends a request of the other protocol.
func (l *live) wpay(method, prefix, path, body string) answer {
	l.t.Helper()
	req := l.request(method, prefix+"/merchants/"+server.DemoWpayMerchant+path, body)
	req.Header.Set("X-Api-Key", server.DemoSecretKey)
	req.Header.Set("X-Request-Id", "3b0a7a0e-6a0c-4c43-8f5e-6a4f7b1d2c90")
	a, err := send(req)
	if err != nil {
		l.t.Fatal(err)
	}
	return a
}

// buy opens a checkout session whose events go to the address, and pays it with a bank account that
// agrees at once.
func (l *live) buy(hook string) (id, redirect string) {
	l.t.Helper()
	a := l.wpay(http.MethodPost, "", "/session/checkout", `{
		"merchantReturnUrl":"https://shop.test/back","buyer":{"buyerId":"cust-1","name":"Mira Okafor"},
		"instrument":{"instrumentId":"ins-1","type":"Ongoing"},
		"payment":{"paymentId":"pay-1","amount":4995},"merchantWebhooksUrl":"`+hook+`"}`)
	var s struct{ SessionID, RedirectURL string }
	a.into(l.t, &s)
	if a.status != http.StatusCreated {
		l.t.Fatalf("%d %s", a.status, a.body)
	}
	paid := l.post("/v1/test_helpers/sessions/"+s.SessionID+"/pay",
		`{"payment_method":{"type":"payto","payid":"+61400000000"}}`)
	if paid.status >= http.StatusBadRequest {
		l.t.Fatalf("%d %s", paid.status, paid.body)
	}
	return s.SessionID, s.RedirectURL
}

func TestWpay_ABuyerComesAndGoes(t *testing.T) {
	l := serve(t, devConfig(t.TempDir()))
	box := newMailbox(t, nil)
	id, redirect := l.buy(box.URL)
	page := l.get(strings.TrimPrefix(redirect, l.base))
	if page.status != http.StatusSeeOther {
		t.Fatalf("the buyer's address: %d %s", page.status, page.body)
	}
	shown := l.get(strings.TrimPrefix(page.header.Get("Location"), l.base))
	if shown.status != http.StatusOK || !strings.Contains(shown.body, "/payto/return?sessionId="+id) {
		t.Fatalf("the page does not lead back: %d %s", shown.status, shown.body)
	}
	began := time.Now()
	_, query, _ := strings.Cut(shown.body, "/payto/return?")
	query, _, _ = strings.Cut(query, `"`)
	back := l.get("/payto/return?" + strings.ReplaceAll(query, "&amp;", "&"))
	if back.header.Get("Location") != "https://shop.test/back" {
		t.Errorf("the buyer is led to %d %v", back.status, back.header)
	}
	// Two objects: their messages go side by side.
	heard := func() bool {
		return slices.Equal(slices.Sorted(slices.Values(box.got())),
			[]string{"Instrument.Created", "Payment.Completed"})
	}
	if took := time.Since(began); took < soon && !heard() {
		t.Errorf("when the buyer is back the shop has got %v (after %s)", box.got(), took)
	}
	l.eventually("the shop hears of both", heard)
	for _, prefix := range []string{"", "/payto/v1"} {
		a := l.wpay(http.MethodGet, prefix, "/session/"+id, "")
		var s struct {
			Status  string
			Payment struct{ Status string }
		}
		a.into(t, &s)
		if s.Status != "Completed" || s.Payment.Status != "Completed" {
			t.Errorf("below %q: %d %s", prefix, a.status, a.body)
		}
	}
	a := l.wpay(http.MethodPost, "", "/instruments/ins-1/payment",
		`{"paymentId":"pay-2","amount":100}`)
	if a.status != http.StatusCreated || !strings.Contains(a.body, `"Completed"`) {
		t.Errorf("a payment without the buyer: %d %s", a.status, a.body)
	}
	if native := l.get("/v1/events?limit=1"); native.status != http.StatusOK {
		t.Errorf("the native protocol: %d %s", native.status, native.body)
	}
}

func TestWpay_AReceiverThatHangsHoldsNobody(t *testing.T) {
	l := serve(t, devConfig(t.TempDir()))
	gate := make(chan struct{})
	box := newMailbox(t, gate)
	t.Cleanup(func() { close(gate) })
	_, redirect := l.buy(box.URL)
	page := l.get(strings.TrimPrefix(redirect, l.base))
	shown := l.get(strings.TrimPrefix(page.header.Get("Location"), l.base))
	_, query, _ := strings.Cut(shown.body, "/payto/return?")
	query, _, _ = strings.Cut(query, `"`)
	began := time.Now()
	back := l.get("/payto/return?" + strings.ReplaceAll(query, "&amp;", "&"))
	if took := time.Since(began); back.status != http.StatusSeeOther || took > 12*time.Second {
		t.Errorf("after %s: %d", took, back.status)
	}
}
