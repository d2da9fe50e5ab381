package wire_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
)

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestDecode_Request(t *testing.T) {
	const good, kind = `{"amount":5}`, wire.CodeContentType
	chunked := func(s string) io.Reader { return io.MultiReader(strings.NewReader(s)) }
	tests := []struct {
		name   string
		body   io.Reader
		header http.Header
		code   string
	}{
		{"plain", strings.NewReader(good), typed("application/json"), ""},
		{"chunked", chunked(good), typed("application/json"), ""},
		{"charset", strings.NewReader(good), typed("application/json; charset=utf-8"), ""},
		{"quoted", strings.NewReader(good), typed(`Application/JSON;charset="UTF-8"`), ""},
		{"byte order mark", strings.NewReader("\ufeff" + good), typed("application/json"), ""},
		{"two marks", strings.NewReader("\ufeff\ufeff" + good), typed("application/json"),
			wire.CodeInvalidJSON},
		{"no type", strings.NewReader(good), nil, kind},
		{"form", strings.NewReader(good), typed("application/x-www-form-urlencoded"), kind},
		{"text", strings.NewReader(good), typed("text/plain"), kind},
		{"json-ish", strings.NewReader(good), typed("application/vnd.x+json"), kind},
		{"latin", strings.NewReader(good), typed("application/json; charset=latin1"), kind},
		{"parameter", strings.NewReader(good), typed("application/json; x=y"), kind},
		{"two types", strings.NewReader(good), typed("application/json", "text/plain"), kind},
		{"malformed type", strings.NewReader(good), typed("application/json;;"), kind},
		{"gzip", strings.NewReader(good), http.Header{"Content-Type": {"application/json"},
			"Content-Encoding": {"gzip"}}, kind},
		{"large", strings.NewReader(strings.Repeat(" ", wire.MaxBody+1)), typed("application/json"),
			wire.CodeBodyTooLarge},
		{"large chunked", chunked(strings.Repeat(" ", wire.MaxBody+1)), typed("application/json"),
			wire.CodeBodyTooLarge},
		{"largest", chunked(good + strings.Repeat(" ", wire.MaxBody-len(good))),
			typed("application/json"), ""},
		{"broken", brokenReader{}, typed("application/json"), wire.CodeBodyUnreadable},
		{"empty", strings.NewReader(""), typed("application/json"), wire.CodeInvalidJSON},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/", tt.body)
			r.Header = tt.header
			if r.Header == nil {
				r.Header = http.Header{}
			}
			w := httptest.NewRecorder()
			var dst everything
			err := wire.Decode(w, r, &dst)
			if tt.code == "" {
				if err != nil || dst.Amount != 5 {
					t.Fatalf("got %v %v", dst.Amount, err)
				}
				return
			}
			var e *pay.Error
			if !errors.As(err, &e) || e.Code != tt.code || e.Kind != pay.Invalid {
				t.Fatalf("got %v", err)
			}
			closes := tt.code == wire.CodeBodyTooLarge || tt.code == wire.CodeBodyUnreadable
			if (w.Header().Get("Connection") == "close") != closes {
				t.Errorf("Connection %q", w.Header().Get("Connection"))
			}
		})
	}
}

func typed(values ...string) http.Header { return http.Header{"Content-Type": values} }

func TestDecodeOptional(t *testing.T) {
	dst := everything{Amount: 7}
	r := httptest.NewRequest("POST", "/", strings.NewReader(""))
	if err := wire.DecodeOptional(httptest.NewRecorder(), r, &dst); err != nil || dst.Amount != 7 {
		t.Errorf("no body: %v %v", err, dst.Amount)
	}
	r = httptest.NewRequest("POST", "/", strings.NewReader(`{"amount":5}`))
	if err := wire.DecodeOptional(httptest.NewRecorder(), r, &dst); err == nil {
		t.Error("a body without a type passes")
	}
	r.Body = io.NopCloser(strings.NewReader(`{"amount":5}`))
	r.Header.Set("Content-Type", "application/json")
	if err := wire.DecodeOptional(httptest.NewRecorder(), r, &dst); err != nil || dst.Amount != 5 {
		t.Errorf("body: %v %v", err, dst.Amount)
	}
	r.Body = io.NopCloser(strings.NewReader(` `))
	if err := wire.DecodeOptional(httptest.NewRecorder(), r, &dst); err == nil {
		t.Error("a space passes for no body")
	}
}

// create is the body of a session as merchants send it.
type create struct {
	Amount     *int64             `json:"amount" wire:"required"`
	Currency   *string            `json:"currency"`
	SuccessURL *string            `json:"success_url" wire:"required"`
	CancelURL  *string            `json:"cancel_url" wire:"required"`
	Customer   *string            `json:"customer"`
	Email      *string            `json:"customer_email"`
	Phone      *string            `json:"customer_phone"`
	Types      *[]string          `json:"payment_method_types"`
	Metadata   *map[string]string `json:"metadata"`
	ExpiresAt  *string            `json:"expires_at"`
	Key        *string            `json:"idempotency_key"`
}

const createBody = `{"amount":12550,"currency":"GHS","success_url":"https://shop.test/done?` +
	`session_id={CHECKOUT_SESSION_ID}","cancel_url":"https://shop.test/basket",` +
	`"customer_email":"ama@shop.test","payment_method_types":["card","mobile_money"],` +
	`"metadata":{"order_id":"A-77","user":"u9"},` +
	`"expires_at":"2026-10-04T09:30:00Z"}`

func BenchmarkDecode(b *testing.B) {
	body := []byte(createBody)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		var dst create
		if err := wire.DecodeBytes(body, &dst); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode_EncodingJSON(b *testing.B) {
	body := []byte(createBody)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		var dst create
		dec := json.NewDecoder(bytes.NewReader(body))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&dst); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFingerprint(b *testing.B) {
	var dst create
	if err := wire.DecodeBytes([]byte(createBody), &dst); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		wire.Fingerprint("POST", "/v1/checkout/sessions", &dst)
	}
}
