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

	"github.com/kassa-pay/kassa/internal/pay"
)

//go:embed page
var pageFiles embed.FS

// rail is the name of the card network whose challenges these pages show.
const rail = "card"

// The paths of these pages.
const (
	challengePath = "/sim/card/challenge/"
	assetPath     = "/sim/assets/"
	checkoutPath  = "/checkout/"
)

// Limits of a request.
const (
	maxToken = 128     // characters of a token
	maxForm  = 4 << 10 // bytes of an answer
)

// answerField is the button's name; its value says what the payer decided.
const (
	answerField   = "answer"
	answerApprove = "approve"
	answerDecline = "decline"
)

// Pay is what the pages need of the core.
type Pay interface {
	// Prompt shows what a network asks the payer, by the secret token of its address.
	Prompt(ctx context.Context, rail, token string) (pay.Prompt, error)
	// DecidePrompt answers it, once, and returns where the payer's browser goes next.
	DecidePrompt(ctx context.Context, rail, token string, approve bool) (string, error)
}

// Pages serves the other side of the counter.
type Pages struct {
	// Log receives what went wrong on our side; slog's default until it is set.
	Log *slog.Logger

	pay     Pay
	base    string
	headers [][2]string
	cross   *http.CrossOriginProtection
	assets  map[string]asset
	pages   map[string]*template.Template
}

// New returns the pages of the installation whose public origin is baseURL.
func New(p Pay, baseURL string) *Pages {
	return &Pages{
		Log: slog.Default(), pay: p, base: baseURL, headers: securityHeaders(baseURL),
		cross: http.NewCrossOriginProtection(), assets: loadAssets(), pages: parsePages(),
	}
}

func parsePages() map[string]*template.Template {
	all := map[string]*template.Template{}
	for _, name := range []string{"ask", "message"} {
		all[name] = template.Must(template.ParseFS(pageFiles, "page/layout.html",
			"page/"+name+".html"))
	}
	return all
}

// Mount adds the routes to the mux.
func (p *Pages) Mount(mux *http.ServeMux) {
	// What the issuer asks the payer, and the payer's answer.
	mux.HandleFunc("GET "+challengePath+"{token}", p.show)
	mux.HandleFunc("POST "+challengePath+"{token}", p.decide)
	// The style sheet and the icon.
	mux.HandleFunc("GET "+assetPath+"{name}", p.asset)
	// Everything else below /sim/.
	mux.HandleFunc("/sim/", func(w http.ResponseWriter, r *http.Request) {
		p.message(w, r, http.StatusNotFound, unknown)
	})
}

// view is one page: its status, its template, and what the template sees.
type view struct {
	status   int
	template string

	CSS, Icon link
	Title     string

	Merchant, Amount, Card string // the question

	Text string // a message
	Next string // where the payer goes on; "" for nowhere
}

func (p *Pages) show(w http.ResponseWriter, r *http.Request) {
	prompt, err := p.prompt(r)
	switch {
	case err != nil:
		p.fail(w, r, err)
	case !prompt.Open:
		p.closed(w, r, prompt.ReturnURL)
	default:
		p.render(w, r, view{
			status: http.StatusOK, template: "ask",
			Title: "Approve this payment?", Merchant: prompt.Merchant,
			Amount: prompt.Amount.Format("en"), Card: describe(prompt.Card),
		})
	}
}

// prompt looks the request's token up. A token that is too long to be one is unknown.
func (p *Pages) prompt(r *http.Request) (pay.Prompt, error) {
	token := r.PathValue("token")
	if len(token) > maxToken {
		return pay.Prompt{}, pay.Errorf(pay.NotFound, "resource_missing", "No such request.")
	}
	return p.pay.Prompt(r.Context(), rail, token)
}

func (p *Pages) decide(w http.ResponseWriter, r *http.Request) {
	if !p.ours(r) {
		p.message(w, r, http.StatusForbidden, foreign)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	answer := r.PostFormValue(answerField)
	if answer != answerApprove && answer != answerDecline {
		p.message(w, r, http.StatusBadRequest, unclear)
		return
	}
	prompt, err := p.prompt(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	next, err := p.pay.DecidePrompt(r.Context(), rail, r.PathValue("token"),
		answer == answerApprove)
	switch {
	case pay.IsKind(err, pay.State):
		p.closed(w, r, prompt.ReturnURL)
	case err != nil:
		p.fail(w, r, err)
	default:
		p.goOn(w, r, next)
	}
}

// ours reports whether the browser says that the form came from our own page. One that says
// nothing is refused too: every browser that can show our page says something.
func (p *Pages) ours(r *http.Request) bool {
	silent := r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == ""
	return !silent && p.cross.Check(r) == nil
}

// goOn sends the browser back to the checkout.
func (p *Pages) goOn(w http.ResponseWriter, r *http.Request, next string) {
	path := p.own(next)
	if path == "" {
		p.message(w, r, http.StatusOK, answered)
		return
	}
	p.secure(w)
	http.Redirect(w, r, path, http.StatusSeeOther)
}

// own returns the path of an address on our own checkout, and nothing for any other address:
// whatever the network was given, a browser is sent nowhere else.
func (p *Pages) own(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || u.Scheme+"://"+u.Host != p.base {
		return ""
	}
	if path := u.RequestURI(); strings.HasPrefix(path, checkoutPath) {
		return path
	}
	return ""
}

// closed tells that there is nothing left to answer. After a POST, which is most likely the second
// click of a double click, the browser goes on by itself.
func (p *Pages) closed(w http.ResponseWriter, r *http.Request, next string) {
	m := used
	if m.next = p.own(next); m.next != "" && r.Method == http.MethodPost {
		w.Header().Set("Refresh", "2;url="+m.next)
	}
	p.message(w, r, http.StatusGone, m)
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
		p.Log.ErrorContext(r.Context(), "test bank page", "error", err)
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
	v.CSS, v.Icon = p.assets[styleName].link, p.assets[iconName].link
	var page bytes.Buffer
	if err := p.pages[v.template].ExecuteTemplate(&page, "layout.html", v); err != nil {
		p.Log.ErrorContext(r.Context(), "test bank page", "error", err)
		http.Error(w, broken.text, http.StatusInternalServerError)
		return
	}
	p.secure(w)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(v.status)
	_, _ = page.WriteTo(w)
}
