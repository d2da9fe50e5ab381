package wire_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
)

func TestStatuses(t *testing.T) {
	own := wire.Statuses{
		Codes: map[string]int{"gone": 410}, Kinds: map[pay.Kind]int{pay.State: 409},
	}
	for _, tt := range []struct {
		kind pay.Kind
		code string
		want int
	}{
		{pay.State, "", 409}, {pay.State, "gone", 410}, {pay.Invalid, "", 400},
		{pay.Invalid, wire.CodeContentType, 415}, {pay.Invalid, wire.CodeMethod, 405},
		{pay.State, "amount_too_large", 422}, {pay.Unavailable, wire.CodeRateLimitExceeded, 429},
	} {
		if got := own.Of(&pay.Error{Kind: tt.kind, Code: tt.code}); got != tt.want {
			t.Errorf("%s %s: %d, want %d", tt.kind, tt.code, got, tt.want)
		}
	}
	for _, kind := range pay.Kinds() {
		status := wire.Statuses{}.Of(&pay.Error{Kind: kind})
		if p := wire.NewProblem("", status); status < 400 || p.Title == "" {
			t.Errorf("%s is answered with %d, %+v", kind, status, p)
		}
	}
}

func TestWriteProblem(t *testing.T) {
	w := httptest.NewRecorder()
	p := wire.NewProblem("https://pay.test", http.StatusUnauthorized)
	p.Detail = "No key."
	wire.WriteProblem(w, p.Status, pay.Errorf(pay.Unauthorized, "c", "m"), p)
	const want = `{"type":"https://pay.test/docs/errors#unauthorized",` +
		`"title":"A valid API key is required","status":401,"detail":"No key."}`
	if w.Code != http.StatusUnauthorized || w.Body.String() != want ||
		w.Header().Get("Content-Type") != "application/problem+json" ||
		w.Header().Get("WWW-Authenticate") == "" {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}

// TestExplainProblems holds that the page of the types has the type of every problem.
func TestExplainProblems(t *testing.T) {
	w := httptest.NewRecorder()
	if err := wire.ExplainProblems(w, nil); err != nil {
		t.Fatal(err)
	}
	for _, kind := range pay.Kinds() {
		p := wire.NewProblem("", wire.Statuses{}.Of(&pay.Error{Kind: kind}))
		if _, slug, _ := strings.Cut(p.Type, "#"); !strings.Contains(w.Body.String(), "#"+slug+" (") {
			t.Errorf("%s is not explained: %s", slug, w.Body)
		}
	}
}

// TestAdvise holds that a wait that somebody worked out stands.
func TestAdvise(t *testing.T) {
	busy := pay.Errorf(pay.Conflict, "idempotency_key_in_use", "")
	for _, tt := range []struct {
		given, want string
		status      int
		err         *pay.Error
	}{
		{"", "1", 503, pay.Errorf(pay.Unavailable, "down", "")}, {"", "1", 409, busy},
		{"17", "17", 503, busy}, {"", "", 409, pay.Errorf(pay.Conflict, "taken", "")},
	} {
		h := http.Header{}
		if tt.given != "" {
			h.Set("Retry-After", tt.given)
		}
		wire.Advise(h, tt.status, tt.err)
		if got := h.Get("Retry-After"); got != tt.want {
			t.Errorf("%d %s: Retry-After %q, want %q", tt.status, tt.err.Code, got, tt.want)
		}
	}
}
