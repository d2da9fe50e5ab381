package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/kassa-pay/kassa/internal/server"
)

// TestMisses_AreCountedOverAllProtocols holds that an address that tries out keys is told to wait,
// by each protocol in its own words, whichever of them it tried; and that a good key works on.
func TestMisses_AreCountedOverAllProtocols(t *testing.T) {
	c := devConfig(t.TempDir())
	c.RateLimit = 500
	l := serve(t, c)
	const guess = "sk_test_0123456789abcdefguessed"
	ask := func(path, key string) answer {
		req := l.request(http.MethodGet, path, "")
		req.Header.Set("Authorization", "Bearer "+key)
		req.Header.Set("X-Request-Id", "3b0a7a0e-6a0c-4c43-8f5e-6a4f7b1d2c90")
		return l.do(req)
	}
	const native = "/v1/customers"
	tries := 0
	for ask(native, guess).status == http.StatusUnauthorized {
		if tries++; tries > 1000 {
			t.Fatal("nobody is slowed down")
		}
	}
	for path, want := range map[string][]string{
		native: {
			"application/json", `"type":"rate_limit_error","code":"rate_limit_exceeded"`,
		},
		"/collect/payment_sessions/cs_1": {
			"application/problem+json", `#too-many-requests"`, `"code":"rate_limit_exceeded"`,
		},
		"/merchants/" + server.DemoWpayMerchant + "/payments/pay-1": {
			"application/problem+json", `#too-many-requests"`, `"code":"rate_limit_exceeded"`,
		},
	} {
		a := ask(path, guess)
		if a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %v", path, a.status, a.header)
		}
		for _, part := range want {
			if !strings.Contains(a.header.Get("Content-Type")+a.body, part) {
				t.Errorf("%s: %s, want %s", path, a.body, part)
			}
		}
		a = ask(path, server.DemoSecretKey)
		if a.status != http.StatusOK && a.status != http.StatusNotFound {
			t.Errorf("%s with a good key: %d %s", path, a.status, a.body)
		}
	}
}
