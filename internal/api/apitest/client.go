package apitest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
)

// Must stops a test that cannot go on.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Keys of a world's shop, besides those that it has anyway.
const (
	ReadKey  = "sk_test_reads"
	WriteKey = "sk_test_writes"
	OldKey   = "sk_test_old" // revoked
)

// MakeKeys makes keys with fewer permissions, and one that was revoked.
func MakeKeys(t testing.TB, w *paytest.World) {
	t.Helper()
	for plain, permissions := range map[string][]string{
		ReadKey: {pay.PermRead}, WriteKey: {pay.PermWrite}, OldKey: nil,
	} {
		k, _, err := w.Pay.CreateKey(t.Context(), pay.NewKey{
			Scope: w.Shop.Scope, Kind: pay.SecretKey, Plain: plain, Permissions: permissions,
		})
		Must(t, err)
		if plain == OldKey {
			Must(t, w.Pay.RevokeKey(t.Context(), k.ID))
		}
	}
}

// Vars is what transcripts call the keys of a world after MakeKeys.
func Vars() map[string]string {
	return map[string]string{
		"key": paytest.Key("shop"), "live_key": paytest.LiveKey("shop"),
		"public_key": paytest.PublicKey("shop"), "other_key": paytest.Key("rival"),
		"read_key": ReadKey, "write_key": WriteKey, "old_key": OldKey,
	}
}

// Do sends one request and returns the answer. header has names and values in turn.
func Do(h http.Handler, method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// Object is what an answer says.
type Object map[string]any

// Read decodes an answer, which must have the status.
func Read(t testing.TB, status int, w *httptest.ResponseRecorder) (o Object) {
	t.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), &o); err != nil || w.Code != status {
		t.Fatalf("%d, want %d: %s (%v)", w.Code, status, w.Body, err)
	}
	return o
}

// Text returns the text that a path leads to, or nothing.
func (o Object) Text(path ...string) string {
	for _, name := range path[:len(path)-1] {
		o, _ = o[name].(map[string]any)
	}
	s, _ := o[path[len(path)-1]].(string)
	return s
}
