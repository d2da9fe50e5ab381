package secret_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/secret"
)

var handlers = map[string]func(io.Writer) slog.Handler{
	"text": func(w io.Writer) slog.Handler { return secret.Handler(slog.NewTextHandler(w, timeless)) },
	"json": func(w io.Writer) slog.Handler { return secret.Handler(slog.NewJSONHandler(w, timeless)) },
}

// timeless leaves the time of day out: tests look for a few digits in what is written, and a time
// to the nanosecond has nine that may be any.
var timeless = &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}}

type resolver struct{ v any }

func (r resolver) LogValue() slog.Value { return slog.AnyValue(r.v) }

type stringer struct{ s string }

func (s *stringer) String() string { return s.s }

type nested struct {
	Next  *nested           `json:"next,omitempty"`
	Text  string            `json:"text"`
	Minor int64             `json:"minor"`
	Tags  map[string]string `json:"tags"`
	Parts []string          `json:"parts"`
}

func TestHandler_HidesEverywhere(t *testing.T) {
	const key = "sk_live_9f8e7d6c5b4a"
	dirty := "card " + number + " key " + key
	var nobody *stringer
	cycle := map[string]any{"text": dirty}
	cycle["self"] = cycle
	tests := map[string]func(*slog.Logger){
		"message":        func(l *slog.Logger) { l.Info(dirty) },
		"string":         func(l *slog.Logger) { l.Info("m", "a", dirty) },
		"name":           func(l *slog.Logger) { l.Info("m", number, 1) },
		"int":            func(l *slog.Logger) { l.Info("m", "a", int64(4242424242424242)) },
		"negative":       func(l *slog.Logger) { l.Info("m", "a", int64(-4242424242424242)) },
		"uint":           func(l *slog.Logger) { l.Info("m", "a", uint64(4242424242424242)) },
		"float":          func(l *slog.Logger) { l.Info("m", "a", float64(4242424242424242)) },
		"error":          func(l *slog.Logger) { l.Info("m", "err", errors.New(dirty)) },
		"wrapped":        func(l *slog.Logger) { l.Info("m", "e", fmt.Errorf("%w", errors.New(dirty))) },
		"stringer":       func(l *slog.Logger) { l.Info("m", "a", &stringer{dirty}) },
		"nil stringer":   func(l *slog.Logger) { l.Info("m", "a", nobody, "b", dirty) },
		"bytes":          func(l *slog.Logger) { l.Info("m", "a", []byte(dirty)) },
		"raw":            func(l *slog.Logger) { l.Info("m", "a", json.RawMessage(`"`+dirty+`"`)) },
		"valuer":         func(l *slog.Logger) { l.Info("m", "a", resolver{resolver{dirty}}) },
		"valuer struct":  func(l *slog.Logger) { l.Info("m", "a", resolver{nested{Text: dirty}}) },
		"struct":         func(l *slog.Logger) { l.Info("m", "a", nested{Text: dirty}) },
		"deep":           func(l *slog.Logger) { l.Info("m", "a", &nested{Next: &nested{Text: dirty}}) },
		"struct number":  func(l *slog.Logger) { l.Info("m", "a", nested{Minor: 4242424242424242}) },
		"map":            func(l *slog.Logger) { l.Info("m", "a", map[string]any{"x": []any{dirty}}) },
		"map key":        func(l *slog.Logger) { l.Info("m", "a", map[string]int{dirty: 1}) },
		"slice":          func(l *slog.Logger) { l.Info("m", "a", []string{dirty}) },
		"split in slice": func(l *slog.Logger) { l.Info("m", "a", strings.SplitAfter(number, "4242")) },
		"split in ints":  func(l *slog.Logger) { l.Info("m", "a", []int{4242, 4242, 4242, 4242}) },
		"group":          func(l *slog.Logger) { l.Info("m", slog.Group("g", "a", dirty)) },
		"group name":     func(l *slog.Logger) { l.WithGroup(number).Info("m", "a", 1) },
		"with":           func(l *slog.Logger) { l.With("a", dirty).Info("m") },
		"with group":     func(l *slog.Logger) { l.WithGroup("g").With("a", dirty).Info("m") },
		"cycle":          func(l *slog.Logger) { l.Info("m", "a", cycle) },
		"func":           func(l *slog.Logger) { l.Info("m", "a", func() string { return dirty }) },
		"lone value":     func(l *slog.Logger) { l.Info("m", []any{dirty}...) },
		"named cvc":      func(l *slog.Logger) { l.Info("m", "cvc", number, "Card-Number", key) },
		"named in map":   func(l *slog.Logger) { l.Info("m", "a", map[string]string{"cvc": "4242"}) },
	}
	for name, write := range tests {
		for kind, open := range handlers {
			t.Run(name+"/"+kind, func(t *testing.T) {
				var buf bytes.Buffer
				write(slog.New(open(&buf)))
				out := buf.String()
				if out == "" {
					t.Fatal("nothing was logged")
				}
				if strings.Contains(out, "424242") || strings.Contains(out, "9f8e7d6c5b4a") {
					t.Errorf("leaks: %s", out)
				}
				if strings.Contains(out, `4242","4242`) || strings.Contains(out, "4242 4242") ||
					strings.Contains(out, "4242,4242") {
					t.Errorf("leaks the parts: %s", out)
				}
			})
		}
	}
}

func TestHandler_ByName(t *testing.T) {
	var buf bytes.Buffer
	slog.New(handlers["json"](&buf)).Info("m",
		"cvc", "907", "CVV2", 907, "Set-Cookie", "x=plain", "client_secret", "plain",
		"body", map[string]any{"card": map[string]any{"cvc": "907", "exp": 12}})
	for _, s := range []string{"907", "plain"} {
		if strings.Contains(buf.String(), s) {
			t.Errorf("leaks %s: %s", s, buf.String())
		}
	}
	if !strings.Contains(buf.String(), `"exp":12`) {
		t.Errorf("lost an innocent value: %s", buf.String())
	}
}

func TestHandler_LeavesTheRest(t *testing.T) {
	var plain, masked bytes.Buffer
	at := time.Date(2026, 10, 3, 9, 30, 0, 0, time.UTC)
	for _, h := range []slog.Handler{
		slog.NewJSONHandler(&plain, nil), secret.Handler(slog.NewJSONHandler(&masked, nil)),
	} {
		r := slog.NewRecord(at, slog.LevelWarn, "request", 0)
		r.AddAttrs(slog.Int("status", 201), slog.Duration("took", 1500*time.Microsecond),
			slog.Time("at", at), slog.Bool("ok", true), slog.Float64("ratio", 0.5),
			slog.Any("none", nil), slog.Any("list", []string{"a", "b"}),
			slog.Any("map", map[string]any{"k": int64(5), "b": false}),
			slog.Group("g", "route", "POST /v1/checkout/sessions", "bytes", uint64(812)))
		if err := h.WithGroup("http").WithAttrs([]slog.Attr{slog.String("id", "req_1")}).
			Handle(context.Background(), r); err != nil {
			t.Fatal(err)
		}
	}
	if plain.String() != masked.String() {
		t.Errorf("plain  %smasked %s", plain.String(), masked.String())
	}
	h := secret.Handler(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if h.Enabled(context.Background(), slog.LevelInfo) ||
		!h.Enabled(context.Background(), slog.LevelError) {
		t.Error("the level is not the next handler's")
	}
}

func FuzzHandler(f *testing.F) {
	f.Add("a", "4242", "{\"x\":1}")
	f.Add("\x00", "sk_live_", "é")
	f.Fuzz(func(t *testing.T, key, before, after string) {
		var buf bytes.Buffer
		slog.New(handlers["json"](&buf)).Info(before+number+after, key, before+number+after,
			"a", []any{before + number, map[string]any{key: number + after}})
		if !strings.Contains(before+"x"+after+"x"+key, number) &&
			strings.Contains(buf.String(), number) {
			t.Fatalf("leaks: %s", buf.String())
		}
		if !json.Valid(buf.Bytes()) {
			t.Fatalf("not JSON: %s", buf.String())
		}
	})
}
