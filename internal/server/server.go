package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/kassa-pay/kassa/internal/api/checkout"
	"github.com/kassa-pay/kassa/internal/api/collect"
	"github.com/kassa-pay/kassa/internal/api/openapi"
	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/api/wpay"
	"github.com/kassa-pay/kassa/internal/config"
	"github.com/kassa-pay/kassa/internal/egress"
	"github.com/kassa-pay/kassa/internal/hosted"
	"github.com/kassa-pay/kassa/internal/limit"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/webhook"
	"github.com/kassa-pay/kassa/internal/worker"
)

// Limits of the process. Stopping takes no longer than drainTime and settleTime together, which is
// less than what those who stop processes have patience for.
const (
	drainTime  = 6 * time.Second // for requests in flight when the server stops
	settleTime = 3 * time.Second // for background work after that
	readyLimit = 2 * time.Second // for the database to answer a readiness question
	noticeRows = 64              // notifications of the simulated networks per round
)

// Server is the whole product, built and not yet listening.
type Server struct {
	*Core
	handler http.Handler
	web     *http.Server
	worker  *worker.Worker
	sender  *webhook.Sender
	log     *slog.Logger

	stopping context.Context // ends what would not end by itself
	hangUp   context.CancelFunc
}

// Run serves until the context ends, then lets requests and deliveries in flight finish. Notes for
// the person who started it go to out.
func Run(ctx context.Context, c config.Config, log *slog.Logger, out io.Writer) error {
	ln, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return fmt.Errorf("--addr %s: %w", c.Addr, listenError(err))
	}
	if c.BaseURL == "" {
		c.BaseURL = "http://" + ln.Addr().String()
	}
	core, err := Open(ctx, c, log)
	if err != nil {
		ln.Close()
		return err
	}
	defer core.Close()
	s, err := New(core, c, log)
	if err != nil {
		ln.Close()
		return err
	}
	if c.Dev {
		if err := seed(ctx, core.Pay); err != nil {
			ln.Close()
			return err
		}
	}
	return s.serve(ctx, ln, func() { greet(out, c, ln.Addr()) })
}

// listenError leaves out the address, which whoever gave it knows.
func listenError(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

// serve runs until the context ends. ready is called once requests are answered.
func (s *Server) serve(ctx context.Context, ln net.Listener, ready func()) error {
	s.Start()
	defer s.Stop()
	failed := make(chan error, 1)
	go func() { failed <- s.web.Serve(ln) }()
	ready()
	rest()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	s.log.Info("stopping")
	s.hangUp()
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	err := s.web.Shutdown(drain)
	if errors.Is(err, context.DeadlineExceeded) {
		s.log.Warn("requests in flight did not end in time and are cut off")
		return s.web.Close()
	}
	return err
}

// New builds the rooms over the core.
func New(core *Core, c config.Config, log *slog.Logger) (*Server, error) {
	s := &Server{Core: core, log: log}
	s.stopping, s.hangUp = context.WithCancel(context.Background())
	proxies, err := c.Proxies()
	if err != nil {
		return nil, err
	}
	private := c.AllowPrivateWebhooks
	s.sender = webhook.New(webhook.Deps{
		Store: core.Store, Clock: core.Clock, IDs: core.IDs, Vault: core.Vault, Log: log,
		// Live mode never reaches private networks.
		Test: egress.Policy{AllowPrivate: private, AllowHTTP: private},
		Encoders: map[string]webhook.Encoder{
			checkout.Family: webhook.Single(checkout.Encoder(core.Pay.PageURL, core.Pay.MandateURL)),
			collect.Family:  collect.Encoder(core.Pay),
			wpay.Family:     wpay.Encoder(),
		},
		Native: checkout.Family, Wake: core.wakeWorker,
	})
	s.buildWorker()
	if err := s.mount(c, proxies); err != nil {
		return nil, err
	}
	s.web = wire.Server(s.handler, log)
	return s, nil
}

// named reports whether an event of the family is sent to anybody: the native protocol sees all,
// the others see their own.
func named(family, eventType string) bool {
	return checkout.Names(eventType) || family == collect.Family && collect.Names(eventType) ||
		family == wpay.Family && wpay.Names(eventType)
}

func (s *Server) mount(c config.Config, proxies []netip.Prefix) error {
	common := wire.Common{
		Log: s.log, IDs: s.IDs, Now: time.Now, Limit: requestLimit(c.RateLimit),
		Misses: perAddress(c.RateLimit, missRate, missBurst), Trusted: proxies,
	}
	mux := http.NewServeMux()
	s.mountAPIs(mux, c, common)
	pages, err := hosted.New(hosted.Deps{
		Pay: s.Pay, BaseURL: c.BaseURL, Log: s.log, IDs: s.IDs, Now: time.Now, After: time.After,
		ClientIP: func(r *http.Request) string {
			return wire.AddrKey(wire.ClientIP(r, proxies))
		},
		Attempts: c.AttemptLimit,
	})
	if err != nil {
		return err
	}
	front := wire.Front{Common: common, WriteError: pageError}
	docs, err := openapi.New(c.BaseURL)
	if err != nil {
		return err
	}
	rooms := []mounter{pages, s.counter(c), docs}
	if c.Dev {
		rooms = append(rooms, s.shop(c))
	}
	s.mountPages(mux, &front, rooms...)
	s.mountHealth(mux, c)
	s.handler = mux
	return nil
}

// mountAPIs puts up the wire protocols. A key's requests are counted over all of them.
func (s *Server) mountAPIs(mux *http.ServeMux, c config.Config, common wire.Common) {
	target := func(mode pay.Mode, raw string) error { return s.sender.Policy(mode).Check(raw) }
	checkout.New(checkout.Deps{Common: common, Pay: s.Pay, CheckTarget: target}).Mount(mux)
	collect.New(collect.Deps{
		Common: common, Pay: s.Pay, BaseURL: c.BaseURL, CheckTarget: target,
		Public: perAddress(c.RateLimit, publicRate, publicBurst),
	}).Mount(mux)
	wpay.New(wpay.Deps{
		Common: common, Pay: s.Pay, After: time.After, BaseURL: c.BaseURL,
		Prefixes: c.WpayPrefixes, Merchants: wpayMerchants(c), CheckTarget: target,
		Stopping: s.stopping.Done(),
	}).Mount(mux)
}

// mounter is a room with pages.
type mounter interface{ Mount(mux *http.ServeMux) }

// mountPages puts the rooms with pages behind the front: request id, panics, one log line.
func (s *Server) mountPages(mux *http.ServeMux, front *wire.Front, rooms ...mounter) {
	inner := http.NewServeMux()
	for _, r := range rooms {
		r.Mount(inner)
	}
	handler := front.Handle(func(w http.ResponseWriter, r *http.Request) error {
		s.serveOrStream(inner, w, r)
		return nil
	})
	for _, path := range []string{
		"/checkout/", "/embed/", "/embed.js", "/mandates/", "/sim", "/sim/", "/demo", "/demo/",
		"/docs", "/docs/", "/openapi.yaml",
		"/collect/openapi.yaml", "/wpay/openapi.yaml",
	} {
		mux.Handle(path, handler)
	}
}

// serveOrStream lets a stream of events end when the server stops; the browser comes back to it, or
// to another node. Everything else ends by itself and may do so.
func (s *Server) serveOrStream(h http.Handler, w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Accept") != "text/event-stream" {
		h.ServeHTTP(w, r)
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(s.stopping, cancel)()
	h.ServeHTTP(w, r.WithContext(ctx))
}

// pageError answers when a page's own error page failed, too.
func pageError(w http.ResponseWriter, _ *http.Request, e *pay.Error) {
	http.Error(w, "Something went wrong. Please go back and try again.\nReference: "+
		w.Header().Get("Request-Id"), http.StatusInternalServerError)
}

// What one address opens with publishable keys: a payer needs one session, a household or an office
// behind one address some. And how often it may send a wrong key: whoever mends a configuration
// needs some tries, whoever guesses needs very many.
const (
	publicRate  = 0.5 // sessions a second
	publicBurst = 30
	missRate    = 0.2 // requests with a wrong key a second
	missBurst   = 20
)

// perAddress returns a limit for one address; none where there is none for keys either.
func perAddress(perSecond int, rate float64, burst int) wire.Limiter {
	if perSecond == 0 {
		return nil
	}
	return limit.NewBucket(rate, burst, time.Now)
}

func requestLimit(perSecond int) wire.Limiter {
	if perSecond == 0 {
		return nil
	}
	return limit.NewBucket(float64(perSecond), 2*perSecond, time.Now)
}

// mountHealth answers whoever watches the process. Healthy: it runs. Ready: it can store.
func (s *Server) mountHealth(mux *http.ServeMux, c config.Config) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		plain(w, http.StatusOK, "ok")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), readyLimit)
		defer cancel()
		if err := s.DB.Ping(ctx); err != nil {
			s.log.WarnContext(ctx, "not ready", "error", err)
			plain(w, http.StatusServiceUnavailable, "the database does not answer")
			return
		}
		if s.Disk.Low() {
			plain(w, http.StatusServiceUnavailable, "the disk is almost full")
			return
		}
		plain(w, http.StatusOK, "ready")
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		plain(w, http.StatusOK, strings.TrimSpace(welcome(c)))
	})
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n")
}

// Handler returns the routes of the product.
func (s *Server) Handler() http.Handler { return s.handler }
