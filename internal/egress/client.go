package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

// Limits of a call.
const (
	ConnectTimeout = 5 * time.Second
	TotalTimeout   = 15 * time.Second
	MaxBody        = 64 << 10 // bytes of an answer that are read, and thrown away
	MaxHeader      = 16 << 10 // bytes of an answer's header
	maxIdle        = 64       // idle connections per tenant
	maxIdlePerHost = 32
	idleTimeout    = 60 * time.Second
	maxTenants     = 512 // with connections kept open
)

// Options are what a Pool is made from.
type Options struct {
	Policy Policy
	// Roots are the authorities that are trusted; nil means those of the system.
	Roots *x509.CertPool
	// Resolver resolves names; nil means that of the system.
	Resolver *net.Resolver
	// Connect and Total replace ConnectTimeout and TotalTimeout when they are not zero.
	Connect, Total time.Duration
}

// Pool calls on behalf of tenants, no two of which ever share a connection. The connections of the
// tenant that called longest ago are closed when there are too many tenants. It is safe for
// concurrent use.
type Pool struct {
	opts Options
	mu   sync.Mutex
	use  int64 // counts calls
	by   map[string]*tenant
}

type tenant struct {
	transport *http.Transport
	used      int64
}

// Answer is what is kept of an answer.
type Answer struct {
	Status int
	Header http.Header
	Size   int64 // bytes of the body that were read, at most MaxBody
}

// NewPool returns an empty pool.
func NewPool(o Options) *Pool {
	if o.Connect == 0 {
		o.Connect = ConnectTimeout
	}
	if o.Total == 0 {
		o.Total = TotalTimeout
	}
	return &Pool{opts: o, by: map[string]*tenant{}}
}

// Policy returns what the pool admits.
func (p *Pool) Policy() Policy { return p.opts.Policy }

// Do makes one call for the tenant. A redirect is returned as the answer it is, and the body is
// thrown away. The status counts once the header is there, whatever becomes of the body.
func (p *Pool) Do(ctx context.Context, name string, r *http.Request) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, p.opts.Total)
	defer cancel()
	res, err := p.transport(name).RoundTrip(r.WithContext(ctx))
	if err != nil {
		return Answer{}, err
	}
	return Answer{res.StatusCode, res.Header, discard(res.Body)}, nil
}

// discard reads the body to its end, so that the connection can be used again, or to MaxBody,
// whichever comes first.
func discard(body io.ReadCloser) int64 {
	n, _ := io.CopyN(io.Discard, body, MaxBody)
	_ = body.Close()
	return n
}

func (p *Pool) transport(name string) *http.Transport {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.use++
	t := p.by[name]
	if t == nil {
		if len(p.by) >= maxTenants {
			p.evict()
		}
		t = &tenant{transport: newTransport(p.opts)}
		p.by[name] = t
	}
	t.used = p.use
	return t.transport
}

func (p *Pool) evict() {
	oldest, used := "", p.use+1
	for name, t := range p.by {
		if t.used < used {
			oldest, used = name, t.used
		}
	}
	p.by[oldest].transport.CloseIdleConnections()
	delete(p.by, oldest)
}

// Close closes all idle connections.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.by {
		t.transport.CloseIdleConnections()
	}
	clear(p.by)
}

// newTransport has no proxy, and follows no redirect because a transport never does.
func newTransport(o Options) *http.Transport {
	http1 := new(http.Protocols)
	http1.SetHTTP1(true)
	dialer := &net.Dialer{
		Timeout: o.Connect, Resolver: o.Resolver, ControlContext: control(o.Policy),
	}
	return &http.Transport{
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.Roots},
		TLSHandshakeTimeout:    o.Connect,
		DisableCompression:     true,
		MaxIdleConns:           maxIdle,
		MaxIdleConnsPerHost:    maxIdlePerHost,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: MaxHeader,
		Protocols:              http1,
	}
}

type controller = func(context.Context, string, string, syscall.RawConn) error

// control runs between the making of a socket and its connecting: address is what the packets will
// be sent to, whatever name led there.
func control(p Policy) controller {
	return func(_ context.Context, network, address string, _ syscall.RawConn) error {
		a, err := netip.ParseAddrPort(address)
		if err != nil || network != "tcp4" && network != "tcp6" {
			return &Refused{a, "not a TCP address"}
		}
		return p.Admit(a)
	}
}

// Reason puts the error of a call into one word: blocked_address, timeout, name_not_found,
// tls_failed, connect_failed or, for a conversation that broke off or made no sense,
// connection_lost. The error itself may name inside addresses and is not for tenants.
func Reason(err error) string {
	var (
		refused *Refused
		network net.Error
		name    *net.DNSError
		cert    *tls.CertificateVerificationError
		record  tls.RecordHeaderError
		alert   tls.AlertError
		op      *net.OpError
	)
	switch {
	case errors.As(err, &refused):
		return "blocked_address"
	case errors.As(err, &network) && network.Timeout():
		return "timeout"
	case errors.As(err, &name):
		return "name_not_found"
	case errors.As(err, &cert), errors.As(err, &record), errors.As(err, &alert),
		errors.Is(err, http.ErrSchemeMismatch):
		return "tls_failed"
	case errors.As(err, &op) && op.Op == "dial":
		return "connect_failed"
	}
	return "connection_lost"
}
