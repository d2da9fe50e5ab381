package wire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"time"

	"github.com/kassa-pay/kassa/internal/ident"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/secret"
)

// HandlerFunc is a handler that returns its error instead of writing it. Before it returns one it
// must not have begun its answer.
type HandlerFunc func(http.ResponseWriter, *http.Request) error

// Common is what all families are given alike. All fields but Limit, Misses and Trusted are needed.
type Common struct {
	Log *slog.Logger
	IDs ident.Source
	Now func() time.Time // the server's own clock
	// Limit bounds the requests of one API key; nil does not.
	Limit Limiter
	// Misses bounds how many requests with wrong keys of one address are answered as such, and the
	// rest is told to wait; nil does not.
	Misses Limiter
	// Trusted are the proxies whose X-Forwarded-For is believed.
	Trusted []netip.Prefix
}

// Front is what all handlers of a family have in common.
type Front struct {
	Common
	// Authenticate finds the caller that a key belongs to. Without it there are no callers.
	Authenticate func(ctx context.Context, key string) (pay.Caller, error)
	// WriteError answers with an error in the family's form.
	WriteError func(http.ResponseWriter, *http.Request, *pay.Error)
}

type requestIDKey struct{}

// RequestID returns the id of the request that ctx belongs to, or nothing.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// Handle makes an http.Handler of fn. Each request gets an id, in its context and in the header
// Request-Id; an error or panic becomes an answer through WriteError, and the process lives; one
// line in the log tells method, route pattern, status, size, duration, client and, once, the cause
// of an error. The line never has the path, the query, a header or a body.
func (f *Front) Handle(fn HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := f.Now()
		id := f.IDs.ID("req", start)
		w.Header().Set("Request-Id", id)
		r = r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id))
		x := &exchange{answer: answer{ResponseWriter: w}, front: f, request: r, start: start, id: id}
		x.run(fn)
	})
}

// exchange is one request and its answer.
type exchange struct {
	answer
	front   *Front
	request *http.Request
	start   time.Time
	id      string
}

func (x *exchange) run(fn HandlerFunc) {
	stack, err := x.call(fn)
	// A broken answer must not look whole to the client.
	abort := errors.Is(err, http.ErrAbortHandler) || stack != "" && x.status != 0
	if err != nil && x.status == 0 && !abort {
		x.fail(toError(x.request, err))
	}
	x.log(err, stack)
	if abort {
		panic(http.ErrAbortHandler)
	}
}

// call runs fn and turns a panic into an error with the stack it happened on.
func (x *exchange) call(fn HandlerFunc) (stack string, err error) {
	defer func() {
		switch v := recover(); v {
		case nil:
		case http.ErrAbortHandler:
			err = http.ErrAbortHandler
		default:
			stack, err = string(debug.Stack()), fmt.Errorf("panic: %v", v)
		}
	}()
	return "", fn(&x.answer, x.request)
}

// toError maps what the standard library reports about the client before anything else does.
func toError(r *http.Request, err error) *pay.Error {
	var known *pay.Error
	var limit *http.MaxBytesError
	switch {
	case errors.As(err, &known) && known.Kind != pay.Internal:
		return known
	case errors.Is(err, http.ErrAbortHandler),
		errors.Is(err, context.Canceled) && r.Context().Err() != nil:
		return &pay.Error{Kind: pay.Unavailable, Code: CodeRequestClosed,
			Message: "The request was given up.", Err: err}
	case errors.Is(err, context.DeadlineExceeded):
		return &pay.Error{Kind: pay.Unavailable, Code: CodeTimeout,
			Message: "The request took too long. Ask again.", Err: err}
	case errors.As(err, &limit):
		return tooLarge()
	}
	return pay.AsError(err)
}

// fail writes the error. Headers that described another body must not describe this one.
func (x *exchange) fail(e *pay.Error) {
	for _, name := range []string{"Content-Length", "Content-Encoding", "Content-Type", "Etag"} {
		x.Header().Del(name)
	}
	x.front.WriteError(&x.answer, x.request, e)
}

func (x *exchange) log(err error, stack string) {
	r := x.request
	attrs := make([]slog.Attr, 0, 13)
	attrs = append(attrs,
		slog.String("request_id", x.id),
		slog.String("method", r.Method),
		slog.String("route", route(r)),
		slog.Int("status", x.sent()),
		slog.Int64("bytes", x.bytes),
		slog.Duration("took", x.front.Now().Sub(x.start)),
		slog.String("client", ClientIP(r, x.front.Trusted).String()),
	)
	level := slog.LevelInfo
	if err != nil {
		e := toError(r, err)
		level = severity(e)
		attrs = append(attrs, slog.String("kind", e.Kind.String()), slog.String("code", e.Code))
		if e.Param != "" {
			attrs = append(attrs, slog.String("param", secret.Mask(e.Param)))
		}
		if e.Err != nil || e.Kind == pay.Internal {
			attrs = append(attrs, slog.String("cause", secret.Mask(err.Error())))
		}
	}
	if stack != "" {
		attrs = append(attrs, slog.String("stack", secret.Mask(stack)))
	}
	x.front.Log.LogAttrs(r.Context(), level, "request", attrs...)
}

func severity(e *pay.Error) slog.Level {
	switch {
	case e.Kind == pay.Internal:
		return slog.LevelError
	case e.Kind == pay.Unavailable && e.Code != CodeRequestClosed && e.Code != CodeRateLimitExceeded:
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// route is the pattern that matched: a path may carry what must not be logged.
func route(r *http.Request) string {
	if r.Pattern == "" {
		return "none"
	}
	return r.Pattern
}

// answer remembers what was sent.
type answer struct {
	http.ResponseWriter
	status int // zero until the final header
	bytes  int64
}

// Unwrap lets http.ResponseController reach what the server can do beyond plain answers.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answer) WriteHeader(status int) {
	// 1xx other than 101 come before the final header.
	if a.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(b)
	a.bytes += int64(n)
	return n, err
}

// sent is the status the client sees: a handler that writes nothing answers 200.
func (a *answer) sent() int {
	if a.status == 0 {
		return http.StatusOK
	}
	return a.status
}
