package checkout_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
)

func (h *house) count(t testing.TB, path string) int {
	t.Helper()
	var doc struct{ Data []json.RawMessage }
	w := h.do("GET", path, key, "")
	must(t, json.Unmarshal(w.Body.Bytes(), &doc))
	return len(doc.Data)
}

func TestTwentyCreatesWithOneKeyAreOneSession(t *testing.T) {
	h := open(t)
	answers := paytest.Together(20, func(int) *httptest.ResponseRecorder {
		return h.do("POST", "/v1/checkout/sessions", key, sessionBody, "Idempotency-Key", "k")
	})
	fresh := 0
	for _, w := range answers {
		if w.Code != 201 || w.Body.String() != answers[0].Body.String() {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if w.Header().Get("Idempotent-Replayed") == "" {
			fresh++
		}
	}
	if n := h.count(t, "/v1/checkout/sessions"); n != 1 || fresh != 1 {
		t.Errorf("%d sessions, %d fresh answers", n, fresh)
	}
}

func TestTwelvePaysAreOnePayment(t *testing.T) {
	for name, headers := range map[string][]string{
		"without a key": nil, "with one key": {"Idempotency-Key", "k"},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			id := h.made(t, "/v1/checkout/sessions", sessionBody)
			answers := paytest.Together(12, func(int) *httptest.ResponseRecorder {
				return h.do("POST", "/v1/test_helpers/sessions/"+id+"/pay", key, cardBody, headers...)
			})
			paid := 0
			for _, w := range answers {
				switch w.Code {
				case 200:
					paid++
				case 409:
				default:
					t.Errorf("%d %s", w.Code, w.Body)
				}
			}
			if n := h.count(t, "/v1/payments"); n != 1 || paid == 0 || headers == nil && paid != 1 {
				t.Errorf("%d payments, %d answers of success", n, paid)
			}
		})
	}
}

func TestRefundsTogetherNeverExceedThePayment(t *testing.T) {
	h := open(t)
	x := everything(t, h)
	body := `{"payment":"` + x.payment + `","amount":5000}`
	ok := 0
	for _, w := range paytest.Together(8, func(int) *httptest.ResponseRecorder {
		return h.do("POST", "/v1/refunds", key, body)
	}) {
		switch w.Code {
		case 201:
			ok++
		case 409, 422:
		default:
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	if ok != 2 { // 12550 less the 1 that is gone holds 5000 twice
		t.Errorf("%d refunds of 5000", ok)
	}
}

func TestTooLargeIsRefused(t *testing.T) {
	h := open(t)
	body := strings.Replace(sessionBody, "{",
		`{"metadata":{"a":"`+strings.Repeat("x", wire.MaxBody)+`"},`, 1)
	w := h.do("POST", "/v1/checkout/sessions", key, body)
	if w.Code != 413 || !strings.Contains(w.Body.String(), `"code":"body_too_large"`) ||
		w.Header().Get("Request-Id") == "" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if n := h.count(t, "/v1/checkout/sessions"); n != 0 {
		t.Errorf("%d sessions", n)
	}
}

func TestFiveDeclinesCloseTheSession(t *testing.T) {
	h := open(t)
	path := "/v1/test_helpers/sessions/" + h.made(t, "/v1/checkout/sessions", sessionBody) + "/pay"
	declined := strings.Replace(cardBody, "4242424242424242", "4000000000000002", 1)
	for i := range pay.MaxDeclines {
		if w := h.do("POST", path, key, declined); w.Code != 200 {
			t.Fatalf("attempt %d: %d %s", i, w.Code, w.Body)
		}
	}
	w := h.do("POST", path, key, cardBody)
	if w.Code != 409 || !strings.Contains(w.Body.String(), `"code":"session_closed"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestEveryCardHasItsEnd pays with each kind of slow card and lets a day pass: nothing stays in
// the air that the network can settle, and the session says the same as its payment.
func TestEveryCardHasItsEnd(t *testing.T) {
	for number, want := range map[string]string{
		"4000000000101008": "succeeded paid", "4000000000102006": "failed unpaid",
		"4000000000103004": "succeeded paid", "4000000000104002": "succeeded paid",
		"4000000000106007": "succeeded paid", "4000000000107005": "succeeded paid",
		"4000000000108003": "canceled unpaid", "4000000000110009": "processing unpaid",
	} {
		t.Run(number, func(t *testing.T) {
			h := open(t)
			id := h.made(t, "/v1/checkout/sessions", sessionBody)
			body := strings.Replace(cardBody, "4242424242424242", number, 1)
			payment := h.made(t, "/v1/test_helpers/sessions/"+id+"/pay", body)
			for range 120 {
				h.Advance(time.Second)
			}
			var p, s map[string]any
			w := h.do("GET", "/v1/payments/"+payment, key, "")
			must(t, json.Unmarshal(w.Body.Bytes(), &p))
			w = h.do("GET", "/v1/checkout/sessions/"+id, key, "")
			must(t, json.Unmarshal(w.Body.Bytes(), &s))
			if got := fmt.Sprint(p["status"], " ", s["payment_status"]); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// TestLogsKeepSecrets pays, fails and errs, and then looks for what must not be in the log.
func TestLogsKeepSecrets(t *testing.T) {
	h := open(t)
	x := everything(t, h)
	wrong := strings.Replace(cardBody, "4242424242424242", "4242424242424241", 1)
	h.do("POST", "/v1/test_helpers/sessions/"+x.session+"/pay", key, wrong)
	h.do("GET", "/v1/customers?email=secret@shop.example", key, "")
	h.do("POST", "/v1/checkout/sessions", "sk_test_thisisnokeyofours", sessionBody)
	log := h.Logs.String()
	for _, word := range []string{
		"4242424242424242", "4242424242424241", "987", key, "thisisnokeyofours", "whsec_",
		"secret@shop", "shop.example/done", x.session,
	} {
		if strings.Contains(log, word) {
			t.Errorf("the log shows %q", word)
		}
	}
	if got := strings.Count(log, "msg=request"); got != 11 {
		t.Errorf("%d lines for 11 requests:\n%s", got, log)
	}
}

// FuzzCreate holds that no body brings the API down, and that what is refused is refused in the
// documented form.
func FuzzCreate(f *testing.F) {
	for _, s := range []string{
		sessionBody, "", "{}", "[", `{"amount":1e9}`, `{"amount":12,"metadata":{"a":{"b":1}}}`,
		strings.Replace(sessionBody, "shop.example", "ex\\u0000ample", 1),
		strings.Replace(sessionBody, "12550", "12550,\"expires_at\":\"2026-10-03T09:30:01Z\"", 1),
		strings.Replace(sessionBody, "12550", "12550,\"customer\":\"cus_\\u00ff\"", 1),
		strings.Replace(sessionBody, "12550", `1,"payment_method_types":["card"]`, 1),
		strings.Replace(sessionBody, "12550", `1,"save_payment_method":"prompt"`, 1),
		strings.Replace(sessionBody, "12550", `1,"mandate":{"type":"installment","total_amount":9,`+
			`"installments":[4,5],"recurrence":{"unit":"month","weekdays":["fri"],"nth":-1},`+
			`"schedule":{"time":"09:30"},"retry_days":[]}`, 1),
		strings.Replace(sessionBody, "12550", `1,"mandate":{"start_date":"9999-12-31",`+
			`"time_zone":"America/New_York","recurrence":{"unit":"year","interval":366,"month":2,`+
			`"day":29},"period_limits":{"unit":"year","max_count":1,"anchor":1,"anchor_month":1},`+
			`"schedule":{"amount":1,"start_date":"0001-01-01","end_date":"9999-12-31"}}`, 1),
	} {
		f.Add(s)
	}
	h := open(f)
	f.Fuzz(func(t *testing.T, body string) {
		w := h.do("POST", "/v1/checkout/sessions", key, body, "Content-Type", "application/json")
		var doc struct {
			ID    string
			Error struct{ Type, Code, Message string }
		}
		if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
			t.Fatalf("%q: %d %s", body, w.Code, w.Body)
		}
		refused := w.Code >= 400 && w.Code < 500 && doc.Error.Code != "" && doc.Error.Message != ""
		if w.Code != 201 && !refused {
			t.Fatalf("%q: %d %s", body, w.Code, w.Body)
		}
	})
}

func BenchmarkCreate(b *testing.B) {
	h := open(b)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if w := h.do("POST", "/v1/checkout/sessions", key, sessionBody); w.Code != 201 {
				b.Error(w.Body)
				return
			}
		}
	})
}

func BenchmarkRetrieve(b *testing.B) {
	h := open(b)
	path := "/v1/checkout/sessions/" + h.made(b, "/v1/checkout/sessions", sessionBody)
	b.ReportAllocs()
	for b.Loop() {
		if w := h.do("GET", path, key, ""); w.Code != 200 {
			b.Fatal(w.Body)
		}
	}
}
