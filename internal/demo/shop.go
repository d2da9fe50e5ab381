package demo

import (
	"bytes"
	"embed"
	"html/template"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/kassa-pay/kassa/internal/ident"
	"github.com/kassa-pay/kassa/internal/site"
)

var (
	//go:embed page
	pageFiles embed.FS
	//go:embed asset
	assetFiles embed.FS
)

// The paths of the shop.
const (
	homePath    = "/demo"
	buyPath     = "/demo/buy"
	ordersPath  = "/demo/orders/"
	webhookPath = "/demo/webhook"
	assetPath   = "/demo/assets/"
)

const (
	orderPrefix = "order"
	maxForm     = 4 << 10 // bytes of an order
	lastOrders  = 5       // shown on the first page
	// description is how the shop knows its own webhook endpoints again.
	description = "Demo shop of the development server"
)

// Deps is what the shop is made from.
type Deps struct {
	Client  *http.Client // reaches Kassa
	BaseURL string       // Kassa's origin, which is the shop's, too
	Key     string       // the merchant's secret test key
	Name    string       // of the shop
	IDs     ident.Source
	Now     func() time.Time
	Log     *slog.Logger
}

// Shop is the demo shop.
type Shop struct {
	name   string
	base   string
	kassa  kassa
	ids    ident.Source
	now    func() time.Time
	log    *slog.Logger
	orders *orders
	shield *site.Shield
	assets *site.Assets
	pages  map[string]*template.Template

	shopSteps, orderSteps []step

	mu     sync.Mutex
	secret string // of the webhook endpoint; "" before the first use
}

// New returns the shop. It calls nobody before somebody buys.
func New(d Deps) *Shop {
	return &Shop{
		name: d.Name, base: d.BaseURL, ids: d.IDs, now: d.Now, log: d.Log,
		kassa: kassa{
			client: d.Client, api: d.BaseURL, key: d.Key, shop: d.BaseURL, endpoints: description,
		},
		orders: newOrders(), shield: site.NewShield(d.BaseURL),
		assets: site.Load(assetPath, assetFiles, "asset"), pages: parsePages(),
		shopSteps:  steps(shopPlans, d.BaseURL, d.Key),
		orderSteps: steps(orderPlans, d.BaseURL, d.Key),
	}
}

func parsePages() map[string]*template.Template {
	all := map[string]*template.Template{}
	for _, name := range []string{"shop", "order", "message"} {
		all[name] = template.Must(template.ParseFS(pageFiles, "page/layout.html",
			"page/code.html", "page/"+name+".html"))
	}
	return all
}

// Mount adds the routes to the mux.
func (s *Shop) Mount(mux *http.ServeMux) {
	// What there is to buy, and buying it.
	mux.HandleFunc("GET "+homePath, s.atHome(s.home))
	mux.HandleFunc("POST "+buyPath, s.atHome(s.buy))
	// Where the buyer comes back to.
	mux.HandleFunc("GET "+ordersPath+"{id}", s.atHome(s.order))
	// Where Kassa tells what happened.
	mux.HandleFunc("POST "+webhookPath, s.webhook)
	// Pictures, the style sheet and the script.
	mux.HandleFunc("GET "+assetPath+"{name}", s.asset)
	// Everything else below /demo/.
	mux.HandleFunc("/demo/", func(w http.ResponseWriter, r *http.Request) {
		s.message(w, r, http.StatusNotFound, unknown)
	})
}

// atHome lets a request in that names this server as its owner does. A browser that came by another
// name is sent to the right one.
func (s *Shop) atHome(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case s.shield.AtHome(r):
			h(w, r)
		case r.Method == http.MethodGet:
			s.shield.Strict(w)
			http.Redirect(w, r, s.base+r.URL.RequestURI(), http.StatusSeeOther)
		default:
			s.message(w, r, http.StatusForbidden, foreign)
		}
	}
}

func (s *Shop) asset(w http.ResponseWriter, r *http.Request) {
	s.shield.Strict(w)
	if !s.assets.Serve(w, r, r.PathValue("name")) {
		s.message(w, r, http.StatusNotFound, unknown)
	}
}

// view is one page: its status, its template, and what the template sees.
type view struct {
	status   int
	template string

	CSS, Script, Icon site.Link
	Shop, Title, Text string
	Home              bool // the first page

	Shelf  []offer
	Orders []order
	Order  *orderView
	Steps  []step
}

// offer is a product with what its form needs.
type offer struct {
	product
	Image string
	Order string // the id of the order that this form makes, so that a double click makes one
}

// message is a page that tells something and asks nothing.
type message struct{ title, text string }

var (
	unknown = message{
		title: "There is nothing here",
		text:  "The shop keeps its orders in memory and forgets them when the server restarts.",
	}
	foreign = message{
		title: "This order did not come from our page",
		text:  "Nothing was bought. Go to the shop and try again.",
	}
	soldOut = message{title: "We do not sell that", text: "Nothing was bought."}
	broken  = message{
		title: "The checkout does not answer",
		text:  "Nothing was bought. The server’s log says why.",
	}
)

func (s *Shop) message(w http.ResponseWriter, r *http.Request, status int, m message) {
	s.render(w, r, view{status: status, template: "message", Title: m.title, Text: m.text})
}

// render writes a page as a whole or, if its template fails, an error: never half a page.
func (s *Shop) render(w http.ResponseWriter, r *http.Request, v view) {
	v.Shop, v.CSS = s.name, s.assets.Link("shop.css")
	v.Script, v.Icon = s.assets.Link(site.Script), s.assets.Link("icon.svg")
	var page bytes.Buffer
	if err := s.pages[v.template].ExecuteTemplate(&page, "layout.html", v); err != nil {
		s.log.ErrorContext(r.Context(), "demo shop", "error", err)
		http.Error(w, broken.text, http.StatusInternalServerError)
		return
	}
	s.shield.Scripted(w)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(v.status)
	_, _ = page.WriteTo(w)
}
