package wire_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/api/wire"
)

// start runs a server with the limits on loopback and returns how to talk to it.
func start(t *testing.T, h http.HandlerFunc, change func(*http.Server)) func(raw string) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := wire.Server(h, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if change != nil {
		change(srv)
	}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ln) }()
	t.Cleanup(func() {
		_ = srv.Close()
		<-done
	})
	return func(raw string) string {
		conn, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(time.Minute))
		if _, err := io.WriteString(conn, raw); err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil {
			return err.Error()
		}
		return strings.TrimSpace(line)
	}
}

func TestServer(t *testing.T) {
	talk := start(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "%s served", r.Method)
	}, nil)
	header := func(n int) string {
		return "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: " +
			strings.Repeat("a", n) + "\r\n\r\n"
	}
	plain := func(method string) string {
		return method + " / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
	}
	tests := []struct{ name, request, want string }{
		{"get", plain("GET"), "HTTP/1.1 200 OK"},
		{"delete", plain("DELETE"), "HTTP/1.1 200 OK"},
		{"header within", header(15 << 10), "HTTP/1.1 200 OK"},
		{"header beyond", header(21 << 10), "HTTP/1.1 431 Request Header Fields Too Large"},
		{"trace", plain("TRACE"), "HTTP/1.1 405 Method Not Allowed"},
		{"connect", plain("CONNECT"), "HTTP/1.1 405 Method Not Allowed"},
		{"made up", plain("PAY"), "HTTP/1.1 405 Method Not Allowed"},
		{"lower case", plain("get"), "HTTP/1.1 405 Method Not Allowed"},
		{"not HTTP", "hello\r\n\r\n", "HTTP/1.1 400 Bad Request"},
	}
	for _, tt := range tests {
		if got := talk(tt.request); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestServer_Limits(t *testing.T) {
	srv := wire.Server(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	if srv.ReadHeaderTimeout != 5*time.Second || srv.ReadTimeout != 15*time.Second ||
		srv.WriteTimeout != 30*time.Second || srv.IdleTimeout != 60*time.Second ||
		srv.MaxHeaderBytes != 16<<10 || srv.HTTP2.MaxConcurrentStreams != 100 ||
		srv.ErrorLog == nil {
		t.Errorf("%+v", srv)
	}
}

// TestServer_SlowClients has clients that stop in the middle. The limits are shortened, so that
// the test is; that they work at all is what it shows.
func TestServer_SlowClients(t *testing.T) {
	b := newBench()
	h := b.Handle(func(w http.ResponseWriter, r *http.Request) error {
		var dst item
		return wire.Decode(w, r, &dst)
	})
	talk := start(t, h.ServeHTTP, func(srv *http.Server) {
		srv.ReadHeaderTimeout, srv.ReadTimeout = 500*time.Millisecond, time.Second
	})
	const head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	if got := talk(head); got != "EOF" {
		t.Errorf("half a header: %s", got)
	}
	if got := talk(head + "Content-Length: 50\r\n\r\n{"); got != "HTTP/1.1 400 Bad Request" {
		t.Errorf("half a body: %s", got)
	}
}

// TestServer_Stream checks what Server says of streams: one that clears the write deadline outlives
// both limits, and its context is not cancelled.
func TestServer_Stream(t *testing.T) {
	ended := make(chan error, 1)
	talk := start(t, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
		select {
		case <-r.Context().Done():
			ended <- r.Context().Err()
		case <-time.After(300 * time.Millisecond):
			ended <- nil
		}
	}, func(srv *http.Server) {
		srv.ReadTimeout, srv.WriteTimeout = 50*time.Millisecond, 50*time.Millisecond
	})
	got := talk("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	if err := <-ended; err != nil || got != "HTTP/1.1 200 OK" {
		t.Errorf("got %q, the stream ended with %v", got, err)
	}
}
