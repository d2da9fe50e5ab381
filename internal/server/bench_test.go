package server_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kassa-pay/kassa/internal/config"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/server"
)

const benchKey = "sk_test_bench"

// benched returns the product's routes over a fresh SQLite database.
func benched(b *testing.B) http.Handler {
	b.Helper()
	ctx, log, dir := context.Background(), slog.New(slog.DiscardHandler), b.TempDir()
	c := config.Config{
		Data: dir, KeyFile: filepath.Join(dir, "kassa.key"), BaseURL: "https://pay.test",
	}
	core, err := server.Open(ctx, c, log)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { core.Close() })
	if _, err := core.Pay.CreateMerchant(ctx, pay.NewMerchant{ID: "bench", Name: "B"}); err != nil {
		b.Fatal(err)
	}
	_, _, err = core.Pay.CreateKey(ctx, pay.NewKey{
		Scope: pay.Scope{MerchantID: "bench", Mode: pay.Test}, Kind: pay.SecretKey, Plain: benchKey,
	})
	if err != nil {
		b.Fatal(err)
	}
	s, err := server.New(core, c, log)
	if err != nil {
		b.Fatal(err)
	}
	return s.Handler()
}

func serveOne(b *testing.B, h http.Handler, method, path, body string, want int) []byte {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+benchKey)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != want {
		b.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	return w.Body.Bytes()
}

const benchSession = `{"amount":12550,"currency":"GHS","success_url":"https://shop.test/done",` +
	`"cancel_url":"https://shop.test/basket","metadata":{"order_id":"A-77"}}`

func BenchmarkCreateSession(b *testing.B) {
	h := benched(b)
	b.SetParallelism(32)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			serveOne(b, h, http.MethodPost, "/v1/checkout/sessions", benchSession, http.StatusCreated)
		}
	})
}

func BenchmarkRetrieveSession(b *testing.B) {
	h := benched(b)
	var ses struct{ ID string }
	body := serveOne(b, h, http.MethodPost, "/v1/checkout/sessions", benchSession, http.StatusCreated)
	if err := json.Unmarshal(body, &ses); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			serveOne(b, h, http.MethodGet, "/v1/checkout/sessions/"+ses.ID, "", http.StatusOK)
		}
	})
}
