package egress_test

import (
	"context"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/kassa-pay/kassa/internal/egress"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var dev = egress.Policy{AllowPrivate: true, AllowHTTP: true}

func post(t *testing.T, o egress.Options, url string) (egress.Answer, error) {
	t.Helper()
	pool := egress.NewPool(o)
	t.Cleanup(pool.Close)
	return do(t, pool, "mer_1", url)
}

func do(t *testing.T, pool *egress.Pool, tenant, url string) (egress.Answer, error) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, url, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	return pool.Do(t.Context(), tenant, r)
}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func TestClient_PrivateTargetNeedsPermission(t *testing.T) {
	var calls atomic.Int64
	s := serve(t, func(http.ResponseWriter, *http.Request) { calls.Add(1) })

	strict := egress.Options{Policy: egress.Policy{AllowHTTP: true}}
	if _, err := post(t, strict, s.URL); egress.Reason(err) != "blocked_address" {
		t.Errorf("a strict client reached the server: %v", err)
	}
	if calls.Load() != 0 {
		t.Error("the server was called by a strict client")
	}
	res, err := post(t, egress.Options{Policy: dev}, s.URL)
	if err != nil || res.Status != http.StatusOK {
		t.Errorf("with permission: %v", err)
	}
}

func TestClient_RedirectIsNotFollowed(t *testing.T) {
	var followed atomic.Bool
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/inside" {
			followed.Store(true)
		}
		w.Header().Set("Location", r.URL.Query().Get("to"))
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	for _, to := range []string{"/inside", "http://169.254.169.254/latest/meta-data/"} {
		res, err := post(t, egress.Options{Policy: dev}, s.URL+"/?to="+url.QueryEscape(to))
		if err != nil || res.Status != http.StatusTemporaryRedirect {
			t.Errorf("redirect to %s: %v, %v", to, res, err)
		}
	}
	if followed.Load() {
		t.Error("the redirect was followed")
	}
}

// The name server answers with another address at every question: first a public one, then one of
// the house. The name was good when it was checked; what counts is what is dialled.
func TestClient_Rebinding(t *testing.T) {
	var reached atomic.Bool
	s := serve(t, func(http.ResponseWriter, *http.Request) { reached.Store(true) })
	port := netip.MustParseAddrPort(s.Listener.Addr().String()).Port()
	names := nameServer(t, "8.8.8.8", "127.0.0.1")

	o := egress.Options{
		Policy:   egress.Policy{AllowHTTP: true, Ports: []int{int(port)}},
		Resolver: names, Connect: 10 * time.Second,
	}
	target := fmt.Sprintf("http://rebind.example:%d/", port)
	if err := o.Policy.Check(target); err != nil {
		t.Fatalf("the name itself is good: %v", err)
	}
	got, err := names.LookupNetIP(t.Context(), "ip4", "rebind.example")
	if err != nil || got[0] != netip.MustParseAddr("8.8.8.8") {
		t.Fatalf("first answer: %v, %v", got, err)
	}
	_, err = post(t, o, target)
	var refused *egress.Refused
	if !errors.As(err, &refused) || refused.Reason != "loopback" {
		t.Errorf("got %v, want a refusal of the loopback address", err)
	}
	if reached.Load() {
		t.Error("the inside server was reached")
	}
}

// nameServer returns a resolver whose answers to A questions are the addresses in turn, the last
// one repeated.
func nameServer(t *testing.T, answers ...string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		buf, turn := make([]byte, 512), 0
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			reply, isA := answer(buf[:n], netip.MustParseAddr(answers[min(turn, len(answers)-1)]))
			if isA {
				turn++
			}
			_, _ = conn.WriteTo(reply, from)
		}
	}()
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp4", conn.LocalAddr().String())
	}
	return &net.Resolver{PreferGo: true, Dial: dial}
}

// answer makes the reply to a DNS question (RFC 1035 §4): the address for an A question, nothing
// for any other.
func answer(q []byte, a netip.Addr) (reply []byte, isA bool) {
	end := 12
	for q[end] != 0 {
		end += int(q[end]) + 1
	}
	end += 5
	isA = binary.BigEndian.Uint16(q[end-4:]) == 1
	reply = append(reply, q[:end]...)
	reply[2], reply[3] = 0x81, 0x80
	clear(reply[6:12])
	if isA {
		reply[7] = 1
		reply = append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
		reply = append(reply, a.AsSlice()...)
	}
	return reply, isA
}

func TestClient_NoProxy(t *testing.T) {
	var proxied atomic.Bool
	proxy := serve(t, func(http.ResponseWriter, *http.Request) { proxied.Store(true) })
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("HTTPS_PROXY", proxy.URL)
	_, err := post(t, egress.Options{Policy: dev, Resolver: nameServer(t, "127.0.0.1")},
		"http://proxied.example:1/")
	if egress.Reason(err) != "connect_failed" || proxied.Load() {
		t.Errorf("got %v, by proxy %v; want a refused connection to the address itself",
			err, proxied.Load())
	}
}

func TestDo_BodyIsBounded(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		chunk := make([]byte, 4096)
		for range 1 << 14 {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	res, err := post(t, egress.Options{Policy: dev}, s.URL)
	if err != nil || res.Size != egress.MaxBody {
		t.Errorf("read %d bytes of an answer without end, want %d (%v)",
			res.Size, egress.MaxBody, err)
	}
}

func TestClient_DoesNotUncompress(t *testing.T) {
	var asked atomic.Value
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.Header.Get("Accept-Encoding"))
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = io.WriteString(w, "not gzip at all")
	})
	res, err := post(t, egress.Options{Policy: dev}, s.URL)
	if err != nil || res.Size != 15 || asked.Load() != "" {
		t.Errorf("read %d bytes, asked for %q, %v; want 15 raw bytes",
			res.Size, asked.Load(), err)
	}
}

func TestClient_LongHeaderFails(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Long", strings.Repeat("a", 2*egress.MaxHeader))
	})
	_, err := post(t, egress.Options{Policy: dev}, s.URL)
	if err == nil || egress.Reason(err) != "connection_lost" {
		t.Errorf("got %v", err)
	}
}

func TestClient_KeepsConnectionsPerTenant(t *testing.T) {
	var opened atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	pool := egress.NewPool(egress.Options{Policy: dev})
	t.Cleanup(pool.Close)
	for _, tenant := range []string{"a", "a", "b", "a", "b"} {
		if _, err := do(t, pool, tenant, s.URL); err != nil {
			t.Fatal(err)
		}
	}
	if opened.Load() != 2 {
		t.Errorf("%d connections for two tenants, want 2", opened.Load())
	}
}

func TestReason(t *testing.T) {
	slow := make(chan struct{})
	hang := serve(t, func(http.ResponseWriter, *http.Request) { <-slow })
	t.Cleanup(func() { close(slow) })
	lost := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	plain := serve(t, func(http.ResponseWriter, *http.Request) {})

	for _, c := range []struct{ name, url, want string }{
		{"hangs", hang.URL, "timeout"},
		{"breaks off", lost.URL, "connection_lost"},
		{"unknown authority", secure.URL, "tls_failed"},
		{"no TLS", strings.Replace(plain.URL, "http:", "https:", 1), "tls_failed"},
		{"nobody listens", "http://127.0.0.1:1/", "connect_failed"},
		{"metadata", "http://169.254.169.254/", "blocked_address"},
	} {
		o := egress.Options{Policy: dev}
		if c.want == "timeout" {
			o.Total = time.Second
		}
		_, err := post(t, o, c.url)
		if got := egress.Reason(err); got != c.want {
			t.Errorf("%s: %s (%v), want %s", c.name, got, err, c.want)
		}
	}

	roots := x509.NewCertPool()
	roots.AddCert(secure.Certificate())
	o := egress.Options{Policy: dev, Roots: roots}
	if res, err := post(t, o, secure.URL); err != nil || res.Status != 404 {
		t.Errorf("with the authority trusted: %v", err)
	}
}
