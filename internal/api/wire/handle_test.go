package wire_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/ident"
	"github.com/kassa-pay/kassa/internal/pay"
)

// bench is a Front whose clock goes on by a millisecond at each look and whose log can be read.
type bench struct {
	wire.Front
	mu  sync.Mutex
	log bytes.Buffer
	t   time.Time
}

// Write takes the log; the server of a test runs handlers on several goroutines.
func (b *bench) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.log.Write(p)
}

func (b *bench) now() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.t = b.t.Add(time.Millisecond)
	return b.t
}

// lines returns the log, decoded.
func (b *bench) lines(t *testing.T) []map[string]any {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	var lines []map[string]any
	for sc := bufio.NewScanner(&b.log); sc.Scan(); {
		var line map[string]any
		if err := json.Unmarshal(sc.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	return lines
}

func newBench() *bench {
	b := &bench{t: time.Date(2026, 10, 3, 9, 30, 0, 0, time.UTC)}
	b.Front = wire.Front{
		Common: wire.Common{
			Log: slog.New(slog.NewJSONHandler(b, nil)), IDs: ident.Random(), Now: b.now,
			Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
		},
		WriteError: func(w http.ResponseWriter, r *http.Request, e *pay.Error) {
			wire.Raw(w, statuses[e.Kind], wire.Encode(map[string]string{
				"code": e.Code, "request": wire.RequestID(r.Context()),
			}))
		},
	}
	return b
}

var statuses = map[pay.Kind]int{
	pay.Internal: 500, pay.Invalid: 400, pay.Unauthorized: 401, pay.Forbidden: 403,
	pay.NotFound: 404, pay.Unavailable: 503, pay.State: 409,
}

// serve runs one request through a mux, as a family does.
func (b *bench) serve(fn wire.HandlerFunc, r *http.Request) *httptest.ResponseRecorder {
	mux := http.NewServeMux()
	mux.Handle("POST /v1/things/{id}", b.Handle(fn))
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	return w
}

func request() *http.Request {
	r := httptest.NewRequest("POST", "/v1/things/th_7?key=pagekey1", strings.NewReader("private"))
	r.RemoteAddr = "10.0.0.1:99"
	r.Header.Set("X-Forwarded-For", "203.0.113.9")
	r.Header.Set("Authorization", "Bearer sk_live_topsecret")
	return r
}

func TestHandle(t *testing.T) {
	cause := errors.New("disk sk_live_topsecret 4242 4242 4242 4242")
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	tests := []struct {
		name   string
		fn     wire.HandlerFunc
		ctx    context.Context
		status int
		level  string
		want   map[string]any // of the log; nil means absent
	}{
		{name: "ok", status: 201, level: "INFO", want: map[string]any{"bytes": 2.0, "code": nil},
			fn: func(w http.ResponseWriter, _ *http.Request) error {
				wire.Raw(w, 201, wire.Encode(struct{}{}))
				return nil
			}},
		{name: "silent", status: 200, level: "INFO", want: map[string]any{"bytes": 0.0},
			fn: func(http.ResponseWriter, *http.Request) error { return nil }},
		{name: "write only", status: 200, level: "INFO", want: map[string]any{"bytes": 3.0},
			fn: func(w http.ResponseWriter, _ *http.Request) error {
				_, err := io.WriteString(w, "abc")
				return err
			}},
		{name: "invalid", status: 400, level: "INFO",
			want: map[string]any{"kind": "invalid", "code": "c", "param": "p", "cause": nil},
			fn: func(http.ResponseWriter, *http.Request) error {
				return fmt.Errorf("wrapped: %w", pay.BadParam("p", "c", "m"))
			}},
		{name: "internal", status: 500, level: "ERROR",
			want: map[string]any{"code": "internal", "cause": "disk sk_live_**** ****4242"},
			fn:   func(http.ResponseWriter, *http.Request) error { return cause }},
		{name: "internal of ours", status: 500, level: "ERROR",
			want: map[string]any{"code": "hole", "cause": "at: internal hole: no rail"},
			fn: func(http.ResponseWriter, *http.Request) error {
				return fmt.Errorf("at: %w", pay.Errorf(pay.Internal, "hole", "no rail"))
			}},
		{name: "unavailable", status: 503, level: "WARN", want: map[string]any{
			"cause": "unavailable busy: m: disk sk_live_**** ****4242"},
			fn: func(http.ResponseWriter, *http.Request) error {
				return &pay.Error{Kind: pay.Unavailable, Code: "busy", Message: "m", Err: cause}
			}},
		{name: "time-out", status: 503, level: "WARN", want: map[string]any{"code": "timeout"},
			fn: func(http.ResponseWriter, *http.Request) error {
				return fmt.Errorf("query: %w", context.DeadlineExceeded)
			}},
		{name: "client gone", status: 503, level: "INFO", ctx: gone,
			want: map[string]any{"code": "request_closed"},
			fn: func(_ http.ResponseWriter, r *http.Request) error {
				return &pay.Error{Kind: pay.Internal, Code: "internal", Err: r.Context().Err()}
			}},
		{name: "cancelled by us", status: 500, level: "ERROR",
			fn: func(http.ResponseWriter, *http.Request) error { return context.Canceled }},
		{name: "form too large", status: 400, level: "INFO",
			want: map[string]any{"code": "body_too_large"},
			fn: func(w http.ResponseWriter, r *http.Request) error {
				_, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1))
				return err
			}},
		{name: "half prepared", status: 404, level: "INFO",
			fn: func(w http.ResponseWriter, _ *http.Request) error {
				w.Header().Set("Content-Length", "9999")
				w.Header().Set("Content-Encoding", "br")
				return pay.Errorf(pay.NotFound, "none", "m")
			}},
		{name: "panic", status: 500, level: "ERROR",
			want: map[string]any{"code": "internal", "cause": "panic: sk_live_****"},
			fn:   func(http.ResponseWriter, *http.Request) error { panic("sk_live_topsecret") }},
		{name: "panic of the runtime", status: 500, level: "ERROR",
			fn: func(http.ResponseWriter, *http.Request) error {
				var none []error
				return none[len(none)]
			}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, r := newBench(), request()
			if tt.ctx != nil {
				r = r.WithContext(tt.ctx)
			}
			var id string
			w := b.serve(func(w http.ResponseWriter, r *http.Request) error {
				id = wire.RequestID(r.Context())
				return tt.fn(w, r)
			}, r)
			if got := w.Result(); got.StatusCode != tt.status || got.Header.Get("Request-Id") != id ||
				!ident.Valid("req", id) {
				t.Errorf("%d %q, id %q", got.StatusCode, got.Header, id)
			}
			checkAnswer(t, w, id)
			b.checkLine(t, tt.status, id, tt.level, tt.want)
		})
	}
}

// checkAnswer looks for what an answer must not carry.
func checkAnswer(t *testing.T, w *httptest.ResponseRecorder, id string) {
	t.Helper()
	for _, inside := range []string{"topsecret", "disk", "panic", "goroutine", "no rail", ".go"} {
		if strings.Contains(w.Body.String(), inside) {
			t.Errorf("the answer tells %q: %s", inside, w.Body)
		}
	}
	if w.Code >= 400 && !strings.Contains(w.Body.String(), id) {
		t.Errorf("the error does not know its request: %s", w.Body)
	}
	if n := w.Header().Get("Content-Length"); n != "" && n != fmt.Sprint(w.Body.Len()) {
		t.Errorf("Content-Length %s of %d", n, w.Body.Len())
	}
	if w.Header().Get("Content-Encoding") != "" {
		t.Error("the error inherits an encoding")
	}
}

func (b *bench) checkLine(t *testing.T, status int, id, level string, want map[string]any) {
	t.Helper()
	text := b.log.String()
	lines := b.lines(t)
	if len(lines) != 1 {
		t.Fatalf("%d lines: %s", len(lines), text)
	}
	line := lines[0]
	all := map[string]any{
		"request_id": id, "method": "POST", "route": "POST /v1/things/{id}",
		"status": float64(status), "took": 1e6, "client": "203.0.113.9", "level": level,
	}
	for name, value := range want {
		all[name] = value
	}
	for name, value := range all {
		if line[name] != value {
			t.Errorf("%s is %v, want %v", name, line[name], value)
		}
	}
	for _, private := range []string{"pagekey1", "th_7", "private", "topsecret", "424242"} {
		if strings.Contains(text, private) {
			t.Errorf("the log tells %q: %s", private, text)
		}
	}
	_, stack := line["stack"].(string)
	if strings.HasPrefix(fmt.Sprint(line["cause"]), "panic:") != stack {
		t.Errorf("stack %v", line["stack"])
	}
}

// TestHandle_Server has the cases that need a connection: an answer that breaks off, one that is
// aborted, and what http.ResponseController reaches.
func TestHandle_Server(t *testing.T) {
	b := newBench()
	mux := http.NewServeMux()
	mux.Handle("/broken", b.Handle(func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic("late")
	}))
	mux.Handle("/aborted", b.Handle(func(http.ResponseWriter, *http.Request) error {
		panic(http.ErrAbortHandler)
	}))
	mux.Handle("/late", b.Handle(func(w http.ResponseWriter, _ *http.Request) error {
		_, _ = io.WriteString(w, "whole")
		return errors.New("too late to tell")
	}))
	mux.Handle("/deadline", b.Handle(func(w http.ResponseWriter, _ *http.Request) error {
		return http.NewResponseController(w).SetWriteDeadline(time.Time{})
	}))
	mux.Handle("/hints", b.Handle(func(w http.ResponseWriter, _ *http.Request) error {
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusNoContent)
		return nil
	}))
	srv := httptest.NewServer(mux)
	defer srv.Close()
	get := func(path string) (int, string, error) {
		resp, err := srv.Client().Get(srv.URL + path)
		if err != nil {
			return 0, "", err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return resp.StatusCode, string(body), err
	}
	if _, body, err := get("/broken"); err == nil || body != "half" {
		t.Errorf("broken looks whole: %q %v", body, err)
	}
	if _, body, err := get("/aborted"); err == nil {
		t.Errorf("aborted answers %q", body)
	}
	if status, body, err := get("/late"); err != nil || status != 200 || body != "whole" {
		t.Errorf("late: %d %q %v", status, body, err)
	}
	if status, _, err := get("/deadline"); err != nil || status != 200 {
		t.Errorf("deadline: %d %v", status, err)
	}
	if status, _, err := get("/hints"); err != nil || status != 204 {
		t.Errorf("hints: %d %v", status, err)
	}
	srv.Close()
	var told []string
	for _, line := range b.lines(t) {
		told = append(told, fmt.Sprint(line["route"], " ", line["level"], " ", line["status"]))
	}
	want := []string{
		"/broken ERROR 200", "/aborted INFO 200", "/late ERROR 200", "/deadline INFO 200",
		"/hints INFO 204",
	}
	for _, w := range want {
		if strings.Count(strings.Join(told, "\n")+"\n", w+"\n") != 1 {
			t.Errorf("the log has not one %q: %q", w, told)
		}
	}
}

// TestHandle_AroundMux checks that the route is known when the handler is the mux itself.
func TestHandle_AroundMux(t *testing.T) {
	b := newBench()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/{id}", func(w http.ResponseWriter, _ *http.Request) {})
	h := b.Handle(func(w http.ResponseWriter, r *http.Request) error {
		mux.ServeHTTP(w, r)
		return nil
	})
	for _, path := range []string{"/v1/a", "/secret-path"} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
	}
	lines := b.lines(t)
	if lines[0]["route"] != "GET /v1/{id}" || lines[1]["route"] != "none" ||
		lines[1]["status"] != 404.0 {
		t.Errorf("%v", lines)
	}
	if wire.RequestID(context.Background()) != "" {
		t.Error("an id out of nowhere")
	}
}

func BenchmarkHandle(b *testing.B) {
	f := newBench().Front
	f.Log = slog.New(slog.NewJSONHandler(io.Discard, nil))
	h := f.Handle(func(w http.ResponseWriter, _ *http.Request) error {
		wire.Raw(w, 200, []byte("{}"))
		return nil
	})
	r := httptest.NewRequest("GET", "/", nil)
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
}
