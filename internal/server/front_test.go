package server_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/kassa-pay/kassa/internal/disk"
	"github.com/kassa-pay/kassa/internal/server"
	"github.com/kassa-pay/kassa/internal/store/sqldb/pgtest"
)

// dial opens a bare connection to the server, closed when the test ends.
func (l *live) dial() net.Conn {
	l.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(l.base, "http://"))
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		l.t.Fatal(err)
	}
	return conn
}

// say sends raw bytes and returns the first line of the answer, or how the connection ended.
func (l *live) say(raw string) string {
	l.t.Helper()
	conn := l.dial()
	// The server may hang up before it has read everything.
	_, _ = io.WriteString(conn, raw)
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil && line == "" {
		return "hung up"
	}
	return strings.TrimSpace(line)
}

func TestFront_Requests(t *testing.T) {
	l := build(t, func(*server.Core) {})
	s := l.open()
	page := strings.TrimPrefix(s.URL, l.base)
	const auth = "Authorization: Bearer " + server.DemoSecretKey + "\r\n"
	for _, tc := range []struct{ name, raw, want string }{
		{"trace", "TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", "405 Method Not Allowed"},
		{"trace an API route", "TRACE /v1/payments HTTP/1.1\r\nHost: x\r\n" + auth + "\r\n",
			"405 Method Not Allowed"},
		{"trace a page", "TRACE " + page + " HTTP/1.1\r\nHost: x\r\n\r\n", "405 Method Not Allowed"},
		{"long header", "GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("a", 32<<10) + "\r\n\r\n",
			"431 Request Header Fields Too Large"},
		{"two lengths", "POST /v1/customers HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n" +
			"Content-Length: 3\r\n\r\n{}", "400 Bad Request"},
		{"length and chunks", "POST /v1/customers HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n" +
			"Transfer-Encoding: chunked\r\nConnection: close\r\n" + auth +
			"Content-Type: application/json\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "201 Created"},
		{"no such path", "GET /admin HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "404 Not Found"},
		{"a description", "GET /collect/openapi.yaml HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK"},
		{"another", "GET /wpay/openapi.yaml HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK"},
		{"profiles", "GET /debug/pprof/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
			"404 Not Found"},
	} {
		if got := l.say(tc.raw); got != "HTTP/1.1 "+tc.want {
			t.Errorf("%s: %s", tc.name, got)
		}
	}
	a := l.post("/v1/checkout/sessions", `{"success_url":"`+strings.Repeat("x", 300<<10)+`"}`)
	if a.status != http.StatusRequestEntityTooLarge || !strings.Contains(a.body, "body_too_large") {
		t.Errorf("a body too large: %d %s", a.status, a.body)
	}
	form := url.Values{"nonce": {strings.Repeat("x", 20<<10)}}
	if a := l.do(l.form(page, form)); a.status < 400 || a.status >= 500 {
		t.Errorf("a form too large: %d", a.status)
	}
	if l.state(s) != "open" {
		t.Errorf("the session is %s", l.state(s))
	}
}

// TestFront_SlowClients has clients that stop in the middle of their request. The limits are
// shortened, so that the test is.
func TestFront_SlowClients(t *testing.T) {
	l := serve(t, devConfig(t.TempDir()))
	slow := withLimits(t, func(web *http.Server) {
		web.ReadHeaderTimeout, web.ReadTimeout = 200*time.Millisecond, 400*time.Millisecond
	})
	const head = "POST /v1/checkout/sessions HTTP/1.1\r\nHost: x\r\n"
	const rest = "Content-Type: application/json\r\nContent-Length: 500\r\nAuthorization: Bearer " +
		server.DemoSecretKey + "\r\n\r\n{"
	if got := slow.say(head); got != "hung up" {
		t.Errorf("half a header: %s", got)
	}
	if got := slow.say(head + rest); !strings.HasPrefix(got, "HTTP/1.1 4") && got != "hung up" {
		t.Errorf("half a body: %s", got)
	}
	l.eventually("half a form is answered", func() bool { // unless it came too slowly itself
		got := slow.say("POST /checkout/cs_x HTTP/1.1\r\nHost: x\r\nOrigin: " + slow.base +
			"\r\nContent-Length: 500\r\n\r\nnonce=")
		return strings.HasPrefix(got, "HTTP/1.1 4")
	})
	began := time.Now()
	conn := slow.dial()
	for {
		if _, err := io.WriteString(conn, "G"); err != nil || time.Since(began) > patience {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if took := time.Since(began); took > patience/2 {
		t.Errorf("a client that drips was heard for %v", took)
	}
	l.eventually("what comes in time is served", func() bool {
		a, err := send(slow.request(http.MethodGet, "/v1/checkout/sessions", ""))
		return err == nil && a.status == http.StatusOK && strings.Contains(a.body, `"data":[]`)
	})
	// The product itself has the limits of its HTTP plumbing.
	if a := l.get("/healthz"); a.status != http.StatusOK {
		t.Error(a.status)
	}
}

// withLimits serves with an HTTP server that the test has changed.
func withLimits(t *testing.T, change func(*http.Server)) *live {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l, s := assemble(t, "http://"+ln.Addr().String(), func(*server.Core) {})
	change(s.Web())
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, ln) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return l
}

// TestFront_APanicEndsOneRequest has the core panic in the middle of requests.
func TestFront_APanicEndsOneRequest(t *testing.T) {
	var broken atomic.Bool
	l := build(t, func(core *server.Core) {
		core.Disk = disk.New(disk.Options{
			Dir: t.TempDir(), Now: time.Now, Log: slog.New(slog.DiscardHandler),
			Measure: func(string) (disk.Space, error) {
				if broken.Load() {
					panic("a defect at /srv/secret/path")
				}
				return disk.Space{}, errors.New("nothing known")
			},
		})
	})
	s := l.open()
	broken.Store(true)
	l.eventually("the defect shows", func() bool {
		return l.post("/v1/checkout/sessions", newSession).status == http.StatusInternalServerError
	})
	a := l.post("/v1/checkout/sessions", newSession)
	if a.status != http.StatusInternalServerError || a.header.Get("Request-Id") == "" ||
		!strings.Contains(a.body, `"type":"api_error"`) {
		t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
	b := l.payPage(s, visa, "123")
	if b.status != http.StatusInternalServerError || b.header.Get("Request-Id") == "" {
		t.Errorf("on the page: %d %v", b.status, b.header)
	}
	for _, shown := range []string{a.body, b.body} {
		if strings.Contains(shown, "defect") || strings.Contains(shown, ".go:") {
			t.Errorf("the answer tells too much: %s", shown)
		}
	}
	if log := l.logs.String(); !strings.Contains(log, "a defect") || !strings.Contains(log, "stack=") {
		t.Error("the log does not tell what happened")
	}
	if a := l.get("/v1/checkout/sessions/" + s.ID); a.status != http.StatusOK {
		t.Errorf("another request: %d %s", a.status, a.body)
	}
	broken.Store(false)
	l.eventually("all is well again", func() bool {
		return l.post("/v1/checkout/sessions", newSession).status == http.StatusCreated
	})
}

func TestHealth_WithoutItsDatabase(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		var core *server.Core
		l := build(t, func(c *server.Core) { core = c })
		l.health(http.StatusOK)
		core.DB.Close()
		l.health(http.StatusServiceUnavailable)
	})
	t.Run("postgresql", func(t *testing.T) {
		c := devConfig(t.TempDir())
		var cable *cable
		cable, c.Database = cableTo(t, pgtest.URL(t))
		l := serve(t, c)
		l.health(http.StatusOK)
		cable.set(true)
		l.health(http.StatusServiceUnavailable)
		a := l.post("/v1/checkout/sessions", newSession)
		if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
			t.Errorf("a request without a database: %d %s", a.status, a.body)
		}
		cable.set(false)
		l.health(http.StatusOK)
		l.eventually("requests are served again", func() bool {
			return l.post("/v1/checkout/sessions", newSession).status == http.StatusCreated
		})
	})
}

// health waits for the server to be ready, or not; it is healthy all the time.
func (l *live) health(ready int) {
	l.t.Helper()
	l.eventually(http.StatusText(ready), func() bool { return l.get("/readyz").status == ready })
	if a := l.get("/healthz"); a.status != http.StatusOK {
		l.t.Errorf("healthy: %d %s", a.status, a.body)
	}
}

// cable is the way from the server to its database, which can be cut.
type cable struct {
	ln                net.Listener
	network, database string

	mu    sync.Mutex
	cut   bool
	links []net.Conn
}

// cableTo returns a cable to a PostgreSQL and the URL at its near end.
func cableTo(t *testing.T, database string) (*cable, string) {
	t.Helper()
	config, err := pgconn.ParseConfig(database)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{ln: ln}
	c.network, c.database = pgconn.NetworkAddress(config.Host, config.Port)
	go c.run()
	t.Cleanup(func() {
		ln.Close()
		c.set(true)
	})
	u := url.URL{Scheme: "postgres", User: url.User(config.User), Host: ln.Addr().String(),
		Path: "/" + config.Database, RawQuery: "sslmode=disable"}
	return c, u.String()
}

func (c *cable) run() {
	for {
		near, err := c.ln.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial(c.network, c.database)
		if err != nil || !c.keep(near, far) {
			near.Close()
			continue
		}
		go join(near, far)
		go join(far, near)
	}
}

func join(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	to.Close()
	from.Close()
}

func (c *cable) keep(links ...net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.links = append(c.links, links...)
	return !c.cut
}

// set cuts the cable or mends it.
func (c *cable) set(cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = cut
	for _, link := range c.links {
		if cut {
			link.Close()
		}
	}
}
