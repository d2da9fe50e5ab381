package checkout

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
)

func written(err *pay.Error) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	writeError(w, httptest.NewRequest("GET", "/v1/x", nil), err)
	return w
}

// TestError_EveryKind is the golden table of the core's kinds.
func TestError_EveryKind(t *testing.T) {
	const ours = `{"error":{"type":"api_error","message":"Something went wrong on our side."}}`
	body := func(class string) string {
		return `{"error":{"type":"` + class + `","code":"c","param":"p","message":"m"}}`
	}
	want := map[pay.Kind]struct {
		status int
		body   string
	}{
		pay.Internal:     {500, ours},
		pay.Invalid:      {400, body("invalid_request_error")},
		pay.Unauthorized: {401, body("authentication_error")},
		pay.Forbidden:    {403, body("authentication_error")},
		pay.NotFound: {404, `{"error":{"type":"invalid_request_error",` +
			`"code":"resource_missing","param":"id",` +
			`"message":"There is no such object in this account and mode."}}`},
		pay.Conflict:    {409, body("invalid_request_error")},
		pay.State:       {409, body("invalid_request_error")},
		pay.Declined:    {422, body("invalid_request_error")},
		pay.Unavailable: {503, body("api_error")},
	}
	for _, kind := range pay.Kinds() {
		w := written(&pay.Error{
			Kind: kind, Code: "c", Param: "p", Message: "m", Err: errors.New("cause"),
		})
		expected, ok := want[kind]
		if !ok || w.Code != expected.status || w.Body.String() != expected.body {
			t.Errorf("%s: %d %s", kind, w.Code, w.Body)
		}
		if kind == pay.Unavailable != (w.Header().Get("Retry-After") != "") {
			t.Errorf("%s: Retry-After %q", kind, w.Header().Get("Retry-After"))
		}
	}
}

func TestError_CodesWithAnAnswerOfTheirOwn(t *testing.T) {
	for _, c := range []struct {
		err    *pay.Error
		status int
		code   string
		class  string
	}{
		{pay.BadParam("currency", "currency_not_supported", ""), 422, "", typeRequest},
		{pay.BadParam("amount", "amount_too_large", ""), 422, "", typeRequest},
		{pay.Errorf(pay.State, "idempotency_key_reused", ""), 422, "", typeRequest},
		{pay.Errorf(pay.Conflict, "idempotency_key_in_use", ""), 409, "", typeRequest},
		{pay.Errorf(pay.State, "session_not_open", ""), 409, "checkout_session_not_open",
			typeRequest},
		{pay.BadParam("success_url", "url_invalid", ""), 400, "parameter_invalid", typeRequest},
		{pay.Errorf(pay.Invalid, wire.CodeBodyTooLarge, ""), 413, "", typeRequest},
		{pay.Errorf(pay.Invalid, wire.CodeContentType, ""), 415, "", typeRequest},
		{pay.Errorf(pay.Unavailable, wire.CodeRateLimitExceeded, ""), 429, "", typeRate},
		{pay.Errorf(pay.NotFound, wire.CodeNoRoute, ""), 404, "", typeRequest},
	} {
		if c.code == "" {
			c.code = c.err.Code
		}
		w := written(c.err)
		var doc struct{ Error struct{ Type, Code string } }
		if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
			t.Fatal(err)
		}
		if w.Code != c.status || doc.Error.Code != c.code || doc.Error.Type != c.class {
			t.Errorf("%s: %d %s", c.err.Code, w.Code, w.Body)
		}
	}
}

func TestError_HeadersThatTellWhatToDo(t *testing.T) {
	unauthorized := written(pay.Errorf(pay.Unauthorized, "invalid_api_key", ""))
	if !strings.HasPrefix(unauthorized.Header().Get("WWW-Authenticate"), "Bearer") {
		t.Error("401 without WWW-Authenticate")
	}
	running := written(pay.Errorf(pay.Conflict, "idempotency_key_in_use", ""))
	if running.Header().Get("Retry-After") != "1" {
		t.Error("a running request's twin is not told when to come back")
	}
	w := httptest.NewRecorder()
	w.Header().Set("Retry-After", "17")
	writeError(w, nil, pay.Errorf(pay.Unavailable, wire.CodeRateLimitExceeded, ""))
	if w.Header().Get("Retry-After") != "17" || w.Code != http.StatusTooManyRequests {
		t.Errorf("%d, Retry-After %s", w.Code, w.Header().Get("Retry-After"))
	}
}

func TestError_NothingOfOurSideIsShown(t *testing.T) {
	err := pay.AsError(errors.New("SELECT failed in the cellar"))
	err.Param, err.Code = "db", "sql"
	if body := written(err).Body.String(); strings.Contains(body, "cellar") ||
		strings.Contains(body, "sql") || strings.Contains(body, "db") {
		t.Errorf("shown: %s", body)
	}
}
