package hosted

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/kassa-pay/kassa/internal/ident"
	"github.com/kassa-pay/kassa/internal/limit"
	"github.com/kassa-pay/kassa/internal/pay"
)

// Limits of the pages.
const (
	// DefaultAttempts is how many payments may be started from one client address, and with one
	// card, within AttemptWindow.
	DefaultAttempts = 10
	// AttemptWindow is the time over which attempts are counted.
	AttemptWindow = 10 * time.Minute

	maxBody = 16 << 10 // bytes of a form

	askEvery   = 3 * time.Second // a session's rail is asked no more often by browsers that come back
	maxReturns = 5               // from the issuer that ask the rail within askEvery, of one payment
)

// Core is what the pages ask of the core. *pay.Service provides it.
type Core interface {
	Sessions
	Payments
	Mandates
}

// Sessions shows sessions and lets payers give them up.
type Sessions interface {
	Page(ctx context.Context, sessionID, key string) (pay.PageView, error)
	PageKey(sessionID string) string
	ClientTokenSession(token string) (sessionID string, ok bool)
	CancelSessionAsPayer(ctx context.Context, id, key string) (pay.Session, error)
	Watch(sessionID string) (changed <-chan struct{}, stop func())
}

// Payments pays sessions.
type Payments interface {
	Pay(ctx context.Context, c pay.Caller, o *pay.Once[pay.Payment], r pay.PayRequest) (
		pay.Payment, pay.Reply, error)
	CancelPayment(ctx context.Context, c pay.Caller, o *pay.Once[pay.Payment], id string) (
		pay.Payment, pay.Reply, error)
	ConfirmPayment(ctx context.Context, c pay.Caller, id, code string) (pay.Payment, error)
	ResendPrompt(ctx context.Context, c pay.Caller, id string) error
	Sync(ctx context.Context, c pay.Caller, paymentID string) (pay.Payment, error)
	// ResolvePayID asks whom an account belongs to, so that the payer can confirm it.
	ResolvePayID(ctx context.Context, c pay.Caller, in pay.PaytoInput) (pay.Payto, error)
}

// Mandates shows payers what they permitted, and ends it for them.
type Mandates interface {
	MandateURL(id string) string
	MandatePage(ctx context.Context, id, key string) (pay.MandatePage, error)
	CancelMandateAsPayer(ctx context.Context, id, key string) (pay.Mandate, error)
}

// Deps is what the pages need. All fields but ClientIP and Attempts are required.
type Deps struct {
	Pay Core
	// BaseURL is the public origin of the pages, without a slash at the end.
	BaseURL string
	Log     *slog.Logger
	IDs     ident.Source
	// Now is the server's own clock, for limits and connection deadlines; never a test clock.
	Now func() time.Time
	// After is the pace of live status: time.After outside tests.
	After func(time.Duration) <-chan time.Time
	// ClientIP tells who asks; nil takes the address of the connection.
	ClientIP func(*http.Request) string
	// Attempts is how many payments may be started from one client address, and with one card,
	// within AttemptWindow; 0 means without limit.
	Attempts int
}

// Pages serves everything below /checkout/, /embed/ and /mandates/. It is safe for concurrent use.
type Pages struct {
	pay      Core
	base     string
	log      *slog.Logger
	ids      ident.Source
	now      func() time.Time
	after    func(time.Duration) <-chan time.Time
	clientIP func(*http.Request) string

	headers   [][2]string
	cross     *http.CrossOriginProtection
	brake     *brake // nil: no limit
	reports   *limit.Window
	asks      *limit.Window // by session
	returns   *limit.Window // by payment
	assets    *assets
	templates templates
	catalogue *catalogue
	streams   *streams
	networks  []network
}

// New reads templates, catalogue and assets, which are part of the program, and returns the pages.
func New(d Deps) (*Pages, error) {
	p := &Pages{
		pay: d.Pay, base: d.BaseURL, log: d.Log, ids: d.IDs, now: d.Now,
		after: d.After, clientIP: d.ClientIP,
		headers: securityHeaders(d.BaseURL),
		cross:   http.NewCrossOriginProtection(),
		reports: limit.NewWindow(maxReports, reportWindow, d.Now),
		asks:    limit.NewWindow(1, askEvery, d.Now),
		returns: limit.NewWindow(maxReturns, askEvery, d.Now),
		streams: &streams{session: map[string]int{}}, networks: allNetworks(),
		assets: newAssets(),
	}
	if p.clientIP == nil {
		p.clientIP = connectionIP
	}
	p.brake = newBrake(d.Attempts, d.IDs, d.Now, d.Log)
	var err error
	if p.catalogue, err = newCatalogue(); err != nil {
		return nil, err
	}
	if p.templates, err = newTemplates(); err != nil {
		return nil, err
	}
	return p, p.cross.AddTrustedOrigin(d.BaseURL)
}

// handler answers a request, or says with an error which page does.
type handler func(http.ResponseWriter, *http.Request) error

// Mount adds the pages to a mux.
func (p *Pages) Mount(mux *http.ServeMux) {
	inner := http.NewServeMux()
	for pattern, h := range p.steps() {
		method, step, _ := strings.Cut(pattern, " ")
		inner.Handle(method+" /checkout/{id}"+step, p.handle(h))
		inner.Handle(method+" "+embedPath+"{token}"+step, p.handle(p.framed(h)))
	}
	// What browsers report about our Content-Security-Policy.
	inner.Handle("POST /checkout/csp-report", http.HandlerFunc(p.violation))
	// What a payer permitted, and the question whether to end it.
	inner.Handle("GET "+mandatesPath+"{id}", p.handle(p.mandate))
	inner.Handle("GET "+mandatesPath+"{id}/stop", p.handle(p.askStop))
	inner.Handle("POST "+mandatesPath+"{id}/stop", p.handle(p.guarded(p.stop)))
	inner.Handle("/", p.handle(func(http.ResponseWriter, *http.Request) error { return errNoPage }))

	serve := func(w http.ResponseWriter, r *http.Request) {
		p.secure(w)
		// Not a pattern of the inner mux: it would overlap those that begin with a session's id.
		if name, ok := strings.CutPrefix(r.URL.Path, assetPath); ok && p.assets.serve(w, r, name) {
			return
		}
		inner.ServeHTTP(w, r)
	}
	mux.HandleFunc("/checkout/", serve)
	mux.HandleFunc(embedPath, serve)
	mux.HandleFunc(mandatesPath, serve)
	mux.HandleFunc("GET /embed.js", p.embedScript)
}

// steps are the pages and acts of a session, by method and what follows the session's address.
func (p *Pages) steps() map[string]handler {
	return map[string]handler{
		// The page in whatever state the session is.
		"GET ": p.show,
		// The payment form.
		"POST ": p.guarded(p.submit),
		// Giving up the attempt in flight, to choose again; and the session, for good.
		"POST /cancel": p.guarded(p.cancel),
		"POST /leave":  p.guarded(p.leave),
		// The one-time code of a mobile money network, and asking for its prompt again.
		"POST /code":   p.guarded(p.confirm),
		"POST /resend": p.guarded(p.resend),
		// What was paid, to keep.
		"GET /receipt": p.receipt,
		// The page's own address as a picture.
		"GET /qr.svg": p.code,
		// Back from the issuer.
		"GET /return": p.back,
		// The state for scripts, once and as a stream.
		"GET /status": p.status,
		"GET /events": p.events,
		// The waiting page's own way to wait where there is no script.
		"GET /wait": p.wait,
	}
}

// errNoPage is answered to everything that does not exist, alike.
var errNoPage = pay.Errorf(pay.NotFound, "resource_missing", "No such page.")

// handle turns the error of a handler into its page.
func (p *Pages) handle(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			p.fail(w, r, err)
		}
	})
}

// fail shows the page of an error. A defect is logged here, once, because its cause is shown to
// nobody.
func (p *Pages) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return // the browser has gone
	}
	e := pay.AsError(err)
	pg := p.blank(r)
	switch e.Kind {
	case pay.NotFound:
		pg.Name, pg.status = pageNotFound, http.StatusNotFound
	case pay.Forbidden:
		pg.Name, pg.status = pageRefused, http.StatusForbidden
	case pay.Unavailable:
		pg.Name, pg.status = pageUnavailable, http.StatusServiceUnavailable
		w.Header().Set("Retry-After", "5")
	default:
		p.log.ErrorContext(r.Context(), "checkout page", "error", err)
		pg.Name, pg.status = pageUnavailable, http.StatusInternalServerError
	}
	if e.Kind != pay.NotFound {
		pg.Self = wayOf(r).self()
	}
	p.render(w, r, pg)
}
