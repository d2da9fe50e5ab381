package wire_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/limit"
	"github.com/kassa-pay/kassa/internal/pay"
)

func says(text string) wire.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

func TestMount(t *testing.T) {
	b := newBench()
	mux := http.NewServeMux()
	b.Mount(mux, "/v1/", []wire.Route{
		{Method: "GET", Path: "/v1/things/{id}", Handle: says("one")},
		{Method: "DELETE", Path: "/v1/things/{id}", Handle: says("gone")},
		{Method: "POST", Path: "/v1/things", Handle: says("made")},
		{Method: "POST", Path: "/v1/{kind}/{id}", Handle: says("any")},
	})
	for request, want := range map[string]string{
		"GET /v1/things/1": "200 one", "HEAD /v1/things/1": "200 one",
		"DELETE /v1/things/1": "200 gone", "POST /v1/things": "200 made",
		"POST /v1/others/1":  "200 any",
		"PUT /v1/others/1":   "400 method_not_allowed POST",
		"POST /v1/things/1":  "400 method_not_allowed DELETE, GET, HEAD",
		"PATCH /v1/things":   "400 method_not_allowed POST",
		"HEAD /v1/things":    "400 method_not_allowed POST",
		"OPTIONS /v1/things": "400 method_not_allowed POST",
		"GET /v1/none":       "404 route_unknown", "POST /v1/": "404 route_unknown",
	} {
		method, path, _ := strings.Cut(request, " ")
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(method, path, nil))
		got := fmt.Sprint(w.Code, " ", w.Body, " ", w.Header().Get("Allow"))
		for _, part := range strings.Fields(want) {
			if !strings.Contains(got, part) {
				t.Errorf("%s: %s, want %s", request, got, want)
			}
		}
	}
}

// TestCaller_SlowsDownWhoGuessesKeys holds that an address that sends wrong keys is told to wait,
// and that a good key works from there all the same, for it may be somebody else's.
func TestCaller_SlowsDownWhoGuessesKeys(t *testing.T) {
	b := newBench()
	b.Misses = limit.NewBucket(0.5, 2, b.now)
	ask := func(key, from string) string {
		r := request()
		r.Header.Set("X-Forwarded-For", from)
		w := b.serve(func(w http.ResponseWriter, r *http.Request) error {
			_, err := b.Caller(w, r, key)
			return err
		}, r)
		var doc struct{ Code string }
		_ = json.Unmarshal(w.Body.Bytes(), &doc)
		return fmt.Sprint(w.Code, " ", doc.Code, " ", w.Header().Get("Retry-After"))
	}
	b.Authenticate = func(_ context.Context, key string) (pay.Caller, error) {
		switch key {
		case "good":
			return pay.Caller{KeyID: "key_1"}, nil
		case "broken":
			return pay.Caller{}, errors.New("the database is away")
		}
		return pay.Caller{}, pay.Errorf(pay.Unauthorized, "invalid_api_key", "No.")
	}
	for i, step := range []struct{ key, from, want string }{
		{"wrong", "203.0.113.9", "401 invalid_api_key "},
		{"other", "203.0.113.9", "401 invalid_api_key "},
		{"wrong", "203.0.113.9", "503 rate_limit_exceeded 2"},
		{"good", "203.0.113.9", "200  "},
		{"broken", "203.0.113.9", "500 internal "},
		{"wrong", "198.51.100.9", "401 invalid_api_key "},
		{"wrong", "198.51.100.10, 203.0.113.9", "503 rate_limit_exceeded 2"},
		{"wrong", "2001:db8::1", "401 invalid_api_key "},
		{"wrong", "2001:db8::2", "401 invalid_api_key "},
		{"wrong", "2001:db8::3", "503 rate_limit_exceeded 2"},
	} {
		if got := ask(step.key, step.from); got != step.want {
			t.Errorf("step %d: %q, want %q", i, got, step.want)
		}
	}
	b.mu.Lock()
	b.t = b.t.Add(2 * time.Second)
	b.mu.Unlock()
	if got := ask("wrong", "203.0.113.9"); got != "401 invalid_api_key " {
		t.Errorf("after the wait: %q", got)
	}
}

func TestCaller(t *testing.T) {
	b := newBench()
	b.Limit = limit.NewBucket(1, 1, b.now)
	b.Authenticate = func(_ context.Context, key string) (pay.Caller, error) {
		if key != "sk_test_1" {
			return pay.Caller{}, pay.Errorf(pay.Unauthorized, "invalid_api_key", "No.")
		}
		home := netip.MustParsePrefix("203.0.113.0/24")
		return pay.Caller{KeyID: "key_1", Networks: []netip.Prefix{home}}, nil
	}
	ask := func(key, from string) *httptest.ResponseRecorder {
		r := request()
		r.Header.Set("X-Forwarded-For", from)
		return b.serve(func(w http.ResponseWriter, r *http.Request) error {
			_, err := b.Caller(w, r, key)
			return err
		}, r)
	}
	if w := ask("sk_test_2", "203.0.113.9"); !strings.Contains(w.Body.String(), "invalid_api_key") {
		t.Errorf("another key: %s", w.Body)
	}
	if w := ask("sk_test_1", "198.51.100.9"); !strings.Contains(w.Body.String(), "address_not") {
		t.Errorf("from elsewhere: %s", w.Body)
	}
	for _, want := range []string{"", "rate_limit_exceeded"} {
		w := ask("sk_test_1", "203.0.113.9")
		if !strings.Contains(w.Body.String(), want) || (want == "") != (w.Code == http.StatusOK) {
			t.Errorf("want %q: %d %s", want, w.Code, w.Body)
		}
	}
	b.mu.Lock()
	b.t = b.t.Add(time.Second)
	b.mu.Unlock()
	if w := ask("sk_test_1", "203.0.113.9"); w.Code != http.StatusOK {
		t.Errorf("after the wait: %d %s", w.Code, w.Body)
	}
}
