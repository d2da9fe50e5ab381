package sim

import (
	"bytes"
	"context"
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/site"
)

var (
	//go:embed page
	pageFiles embed.FS
	//go:embed asset
	assetFiles embed.FS
)

// The paths of these pages, and of the ones they lead back to.
const (
	homePath      = "/sim"
	bankPath      = "/sim/bank"
	sessionPath   = "/sim/session/"
	networksPath  = "/sim/networks"
	clockPath     = "/sim/clock"
	challengePath = "/sim/card/challenge/"
	assetPath     = "/sim/assets/"
	checkoutPath  = "/checkout/"
)

// The files of these pages.
const (
	styleName = "sim.css"
	iconName  = "icon.svg"
)

// maxForm is how many bytes an answer may have.
const maxForm = 4 << 10

// Pay is what the payer's pages need of the core.
type Pay interface {
	Payers
	Banks
}

// Banks plays what payers do and see in their banks' apps.
type Banks interface {
	Agreements(ctx context.Context, c pay.Caller) ([]pay.Agreement, error)
	DecideAgreement(ctx context.Context, c pay.Caller, id string, d pay.BankDecision) (
		pay.Agreement, error)
	// ResolvePayID asks whom an account belongs to, as a bank does that moves an agreement to it.
	ResolvePayID(ctx context.Context, c pay.Caller, in pay.PaytoInput) (pay.Payto, error)
	Refunds(ctx context.Context, c pay.Caller, f pay.RefundFilter) ([]pay.Refund, bool, error)
	// Standing is the network's own word for how a payment stands; "" when it has none.
	Standing(ctx context.Context, c pay.Caller, p *pay.Payment) (string, error)
}

// Payers shows what payers are asked, and answers for them.
type Payers interface {
	// Prompt shows what a network asks the payer, by the secret token of its address.
	Prompt(ctx context.Context, rail, token string) (pay.Prompt, error)
	// DecidePrompt answers it, once, and returns where the payer's browser goes next.
	DecidePrompt(ctx context.Context, rail, token string, d pay.Decision) (string, error)
	// Page returns a session by its page key.
	Page(ctx context.Context, sessionID, key string) (pay.PageView, error)
	// Prompts lists what all payers of the caller are being asked.
	Prompts(ctx context.Context, c pay.Caller) ([]pay.Prompt, error)
	Payment(ctx context.Context, c pay.Caller, id string) (pay.Payment, error)
	Payments(ctx context.Context, c pay.Caller, f pay.PaymentFilter) ([]pay.Payment, bool, error)
	// Answer and Deposit play the payer of one payment.
	Answer(ctx context.Context, c pay.Caller, paymentID string, d pay.Decision) (pay.Payment, error)
	Deposit(ctx context.Context, c pay.Caller, paymentID string, minor int64) (pay.Payment, error)
}

// Control is what the pages of a development server need besides.
type Control interface {
	CallerFor(ctx context.Context, sc pay.Scope) (pay.Caller, error)
	Now(c pay.Caller) time.Time
	Behaviour(ctx context.Context, c pay.Caller, rail string) (pay.Behaviour, error)
	Behave(ctx context.Context, c pay.Caller, rail string, b pay.Behaviour) error
	AdvanceClock(ctx context.Context, c pay.Caller, o *pay.Once[time.Time], by time.Duration) (
		time.Time, pay.Reply, error)
}

// Demo names the one merchant whose payers and networks everybody may play who can reach the
// server: the demo merchant of development.
type Demo struct {
	Control  Control
	Scope    pay.Scope
	Merchant string // its name
}

// Deps is what the pages are made from.
type Deps struct {
	Pay     Pay
	BaseURL string       // the installation's public origin
	Log     *slog.Logger // what went wrong on our side; slog's default when nil
	Demo    *Demo        // nil outside development: then there is no overview and no switch
}

// Pages serves the other side of the counter.
type Pages struct {
	pay    Pay
	demo   *Demo
	base   string
	log    *slog.Logger
	shield *site.Shield
	assets *site.Assets
	pages  map[string]*template.Template
}

// New returns the pages.
func New(d Deps) *Pages {
	if d.Log == nil {
		d.Log = slog.Default()
	}
	return &Pages{
		pay: d.Pay, demo: d.Demo, base: d.BaseURL, log: d.Log, shield: site.NewShield(d.BaseURL),
		assets: site.Load(assetPath, assetFiles, "asset"), pages: parsePages(),
	}
}

func parsePages() map[string]*template.Template {
	all := map[string]*template.Template{}
	for _, name := range []string{"ask", "message", "counter", "bank", "networks"} {
		page := template.New("").Funcs(template.FuncMap{
			"pair": newPair, "toggle": newToggle, "deal": newDeal,
		})
		all[name] = template.Must(page.ParseFS(pageFiles, "page/layout.html", "page/permit.html",
			"page/"+name+".html"))
	}
	return all
}

// Mount adds the routes to the mux.
func (p *Pages) Mount(mux *http.ServeMux) {
	// What the card issuer asks the payer, and the payer's answer.
	mux.HandleFunc("GET "+challengePath+"{token}", p.challenge)
	mux.HandleFunc("POST "+challengePath+"{token}", p.decide)
	// What the payer of one session sees and does.
	mux.HandleFunc("GET "+sessionPath+"{id}", p.at(p.session, p.show))
	mux.HandleFunc("POST "+sessionPath+"{id}", p.at(p.session, p.act))
	// In development: all payers, the networks, the clock.
	mux.HandleFunc("GET "+homePath, p.home(p.at(p.everybody, p.show)))
	mux.HandleFunc("POST "+homePath, p.at(p.everybody, p.act))
	mux.HandleFunc("GET "+bankPath, p.home(p.at(p.customers, p.bank)))
	mux.HandleFunc("POST "+bankPath, p.at(p.customers, p.act))
	mux.HandleFunc("GET "+networksPath, p.home(p.at(p.everybody, p.networks)))
	mux.HandleFunc("POST "+networksPath+"/{rail}", p.at(p.everybody, p.behave))
	mux.HandleFunc("POST "+clockPath, p.at(p.everybody, p.advance))
	// The style sheet, the script and the icon.
	mux.HandleFunc("GET "+assetPath+"{name}", p.asset)
	// Everything else below /sim/.
	mux.HandleFunc("/sim/", func(w http.ResponseWriter, r *http.Request) {
		p.message(w, r, http.StatusNotFound, unknown)
	})
}

func (p *Pages) asset(w http.ResponseWriter, r *http.Request) {
	p.shield.Strict(w)
	if !p.assets.Serve(w, r, r.PathValue("name")) {
		p.message(w, r, http.StatusNotFound, unknown)
	}
}

// view is one page: its status, its template, and what the template sees.
type view struct {
	status   int
	template string

	CSS, Icon, Script site.Link // a page without a script has no Script
	Title             string
	Menu              string // the path of this page in the menu; "" for no menu

	Merchant, Amount, Card string // who asks for what, and from which card
	Text                   string // a message
	Note                   string // what came of the answer before
	Next                   string // where the payer goes on; "" for nowhere

	Counter  *counter
	Book     *book
	Networks []network
	Traces   []trace
	Clock    string
}

// Issuer reports whether the page is one of the card issuer's.
func (v view) Issuer() bool { return v.template == "ask" || v.template == "message" }

// pair hands two things to a part of a page.
type pair struct {
	Counter *counter
	Item    item
}

func newPair(c *counter, i item) pair { return pair{c, i} }

// toggle is one switch of a network, for the part of the page that draws it.
type toggle struct {
	Rail, Name, Title, Text string
	On                      bool
}

func newToggle(rail, name string, on bool) toggle {
	words := switches[name]
	return toggle{rail, name, words[0], words[1], on}
}

// own returns the path of an address on our own checkout, and nothing for any other address:
// whatever the network was given, a browser is sent nowhere else.
func (p *Pages) own(address string) string { return p.below(address, checkoutPath) }

// below returns the path of an address of ours below a prefix, and nothing for any other.
func (p *Pages) below(address, prefix string) string {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || u.Scheme+"://"+u.Host != p.base {
		return ""
	}
	if path := u.RequestURI(); strings.HasPrefix(path, prefix) {
		return path
	}
	return ""
}

// fail shows an error of the core in the words of a page.
func (p *Pages) fail(w http.ResponseWriter, r *http.Request, err error) {
	switch e := pay.AsError(err); e.Kind {
	case pay.NotFound:
		p.message(w, r, http.StatusNotFound, unknown)
	case pay.Unavailable:
		w.Header().Set("Retry-After", "2")
		p.message(w, r, http.StatusServiceUnavailable, busy)
	default:
		p.log.ErrorContext(r.Context(), "test bank page", "error", err)
		p.message(w, r, http.StatusInternalServerError, broken)
	}
}

func (p *Pages) message(w http.ResponseWriter, r *http.Request, status int, m message) {
	p.render(w, r, view{
		status: status, template: "message", Title: m.title, Text: m.text, Next: m.next,
	})
}

// render writes a page as a whole or, if its template fails, an error: never half a page.
func (p *Pages) render(w http.ResponseWriter, r *http.Request, v view) {
	v.CSS, v.Icon = p.assets.Link(styleName), p.assets.Link(iconName)
	headers := p.shield.Strict
	if !v.Issuer() {
		v.Script, headers = p.assets.Link(site.Script), p.shield.Scripted
	}
	var page bytes.Buffer
	if err := p.pages[v.template].ExecuteTemplate(&page, "layout.html", v); err != nil {
		p.log.ErrorContext(r.Context(), "test bank page", "error", err)
		http.Error(w, broken.text, http.StatusInternalServerError)
		return
	}
	headers(w)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(v.status)
	_, _ = page.WriteTo(w)
}
