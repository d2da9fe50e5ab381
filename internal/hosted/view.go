package hosted

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
)

//go:embed page/*.html
var pageFiles embed.FS

const (
	fewTries   = 2  // remaining attempts that are worth a warning
	longAmount = 14 // characters
)

// page is what a template shows. Everything in it is safe to be seen by whoever holds the page key.
type page struct {
	Name string
	*speech
	*assets
	status int // HTTP

	Test      bool
	Merchant  string // "" on pages that belong to no session
	Initial   string
	Amount    string
	Received  string // what a transfer has brought; "" before
	Missing   string // what it has not; "" when nothing is
	Excess    string // the part of it that was not asked for; "" without
	Refunded  string // "" when nothing was sent back
	Email     string
	Reference string // the payment's id
	Card      string // "Visa •••• 4242"
	Phone     string // "024 ••• ••67"
	Provider  string // of the phone's wallet
	Network   string // its name
	Menu      string // what to dial for the network's own menu
	Transfer  *transfer
	Payto     *payto // how an agreement at the payer's bank stands
	Account   string // that it draws on, masked
	BankName  string // where it is, with the names of its app and its website
	BankApp   string
	BankWeb   string
	expires   time.Time // when the session is over, in the merchant's clock
	Remaining int       // the time that is left, in Unit
	Unit      string    // unitDays, unitHours or unitMinutes
	Prompt    string    // promptAgain, promptUsed, promptLost or ""
	Refunding bool      // late money goes back by itself
	Review    bool      // the outcome has been open for long
	Going     bool      // the browser returns to the shop by itself

	// Ways: of ours, and to the outside.
	Self, Onward, Status, Events, Wait                  string
	CancelAction, LeaveAction, ResendAction, CodeAction string
	Counter                                             string // the other side of it, in test mode
	ShopURL, CancelURL, ActionURL                       template.URL

	PaymentID string
	Version   string // of what is shown, for who watches it
	Choices   []choice
	Form      form
	networks  []network
	Nonce     string
	Decline   pay.DeclineCode
	// NetworkCode is the network's own word for it, such as AM04.
	NetworkCode string
	Method      string // of the last attempt
	Stopped     bool   // the last attempt was given up by the buyer
	Returned    bool   // the shop sends back what it brought
	Unsettled   bool   // the shop has yet to decide about what a transfer brought
	Verifies    bool   // no money is taken: the method is only made sure of
	Several     bool   // there are other ways to pay
	Left        int    // attempts
	Minutes     int    // until the next attempt is allowed

	// What is agreed to besides the payment.
	saved     []pay.SavedMethod
	First     bool     // the payer permits later charges
	Agreement []string // in these words
	SaveLabel string   // of the box that asks whether to keep the method; "" without
	Keeps     bool     // the method is kept without asking
	Kept      bool     // it was

	// After the payment.
	Taken      string // of held money, when it is not all
	Closed     bool   // no more of it will be
	Receipt    string // its address
	PaidAt     moment // on the receipt
	Held       bool   // the receipt is of money that is held
	MandateURL string
	Mandate    *agreement

	// Within a merchant's page.
	way        way
	look       url.Values // what the reader has chosen to see
	Framed     bool
	Parent     string // the origin that hears of what happens; "" for nobody
	Session    string
	HideButton bool // the merchant's page has a button of its own
	Expires    int  // seconds until nobody can pay any more
}

// T returns a message of the catalogue, filled from the page.
func (p *page) T(id string) (string, error) { return p.say(id, p) }

// N returns a message of the catalogue that depends on a number.
func (p *page) N(id string, n int) (string, error) { return p.count(id, n, p) }

// Live reports whether the page watches the session.
func (p *page) Live() bool { return liveAt(p.Name) }

// Waits reports whether the page, without scripts, waits for news by itself.
func (p *page) Waits() bool { return waits(p.Name) }

// FewLeft reports whether the buyer should know how many attempts remain.
func (p *page) FewLeft() bool { return p.Left > 0 && p.Left <= fewTries }

// LongAmount reports whether the amount needs a smaller type to stand on one line of a phone.
func (p *page) LongAmount() bool { return utf8.RuneCountInString(p.Amount) > longAmount }

// blank returns a page that belongs to no session.
func (p *Pages) blank(r *http.Request) *page {
	return &page{
		speech: p.catalogue.pick(r), assets: p.assets, networks: p.networks, status: http.StatusOK,
	}
}

// pageOf returns the page that shows a session as it is.
func (p *Pages) pageOf(r *http.Request, v *pay.PageView) *page {
	pg := p.blank(r)
	ses := &v.Session
	name := plain(v.Merchant.Name)
	pg.Name, pg.Test = stateOf(v), ses.Mode == pay.Test
	pg.Merchant, pg.Initial = pg.isolate(name), initial(name)
	pg.expires = ses.ExpiresAt
	pg.Verifies = ses.Verifies()
	if !pg.Verifies {
		pg.Amount = pg.sum(ses.Amount)
	}
	pg.Email = v.Email
	pg.lead(r, v)
	pg.Prompt = r.URL.Query().Get("prompt")
	pg.Several = len(v.Methods) > 1 && pg.Name != pageFailed
	pg.Left = int(pay.MaxDeclines - ses.Declines)
	pg.Refunding = v.Merchant.LateMoney != pay.HoldLate
	if v.Payment != nil {
		pg.showPayment(v.Payment)
	}
	if pg.Name == pageForm {
		pg.Nonce = p.ids.Secret(nonceBytes)
		pg.openForm(r, v)
	}
	if pg.Transfer != nil {
		pg.Transfer.QR = pg.way.step("qr.svg")
		pg.limitTransfer(v.Payment.Transfer.ExpiresAt.Sub(v.Now), p.now())
	}
	if looks(pg.Name) {
		pg.keepLook(r)
	}
	if pg.Name == pageApprove {
		p.askBank(pg, r, v)
	}
	if pg.Test && hasCounter(pg.Name) {
		pg.Counter = "/sim/session/" + url.PathEscape(ses.ID) + "?key=" + p.pay.PageKey(ses.ID)
	}
	p.closeSale(pg, r, v)
	if pg.Name == pageExpired || pg.Name == pageClosed {
		pg.status = http.StatusGone
	}
	return pg
}

// lead fills in the ways that go on from the page.
func (p *page) lead(r *http.Request, v *pay.PageView) {
	ses, at := &v.Session, wayOf(r)
	p.way, p.Self, p.Onward = at, at.self(), at.onward()
	p.Status, p.Events = at.step("status"), at.step("events")
	p.Version = snapshotOf(v).Version
	p.Wait = at.with(at.step("wait"), "seen="+p.Version)
	p.CancelAction, p.LeaveAction = at.step("cancel"), at.step("leave")
	p.ResendAction, p.CodeAction = at.step("resend"), at.step("code")
	p.ShopURL, p.CancelURL = template.URL(successURL(ses)), template.URL(cancelURL(ses))
	if f := frameOf(r); f != nil {
		p.Framed, p.Session, p.Parent = true, ses.ID, parentOf(f, v)
		p.HideButton = ses.Offer.HidePayButton
		p.Expires = int(ses.ExpiresAt.Sub(v.Now) / time.Second)
	}
}

// GoesOn reports whether the payer may go back to the shop while the bank is at work: they have
// agreed, and the shop takes them back at one address whatever comes of the payment.
func (p *page) GoesOn() bool {
	return p.Payto != nil && p.Payto.Approved && !p.Framed && p.ShopURL != "" &&
		p.ShopURL == p.CancelURL
}

// BackURL is the way back to the shop of a payer who did not pay.
func (p *page) BackURL() template.URL {
	if p.CancelURL == "" {
		return p.ShopURL
	}
	return p.CancelURL
}

// V returns a message that has other words where no money is taken.
func (p *page) V(id string) (string, error) {
	if p.Verifies {
		id += "_verify"
		if slices.Contains(ownVerify, id) && (p.Payto != nil || p.Form.Method == pay.MethodPayTo) {
			id += "_payto"
		}
	}
	return p.T(id)
}

// Top makes a link leave the page around ours, too: shops and banks are not shown within it.
func (p *page) Top() template.HTMLAttr {
	if p.Framed {
		return ` target="_top"`
	}
	return ""
}

// Aside opens a link that is not about this payment beside a page that is within another.
func (p *page) Aside() template.HTMLAttr {
	if p.Framed {
		return ` target="_blank" rel="noopener"`
	}
	return ""
}

func (p *page) showPayment(m *pay.Payment) {
	p.PaymentID, p.Reference, p.Method = m.ID, m.ID, m.Method
	p.ActionURL = template.URL(actionURL(m))
	p.Review, p.Unsettled = m.State == pay.PaymentReview, m.State.Unsettled()
	if m.Card != nil {
		p.Card = cardName(m.Card)
	}
	if m.Mobile != nil {
		p.showMobile(m.Mobile)
	}
	if m.Payto != nil {
		p.showPayto(m)
	}
	if m.Method == pay.MethodBank {
		p.showTransfer(m)
	}
	if m.Method == pay.MethodCard && m.Captured > 0 && m.Captured < m.Amount.Minor {
		p.Taken = p.sum(money.Amount{Minor: m.Captured, Currency: m.Amount.Currency})
		p.Closed = m.State == pay.PaymentPaid
	}
	if m.Refunded > 0 {
		sent := m.Amount
		sent.Minor = m.Refunded
		p.Refunded = p.sum(sent)
	}
	switch m.State {
	case pay.PaymentFailed:
		p.Decline = m.DeclineCode
		if p.Decline == "" {
			p.Decline = pay.DeclineGeneric
		}
	case pay.PaymentCanceled:
		p.Decline = m.DeclineCode // set when the attempt never reached the rail
		p.Returned = m.Captured > 0
		p.Stopped = m.DeclineCode == "" && !p.Returned
	}
}

var brandNames = map[string]string{
	"visa": "Visa", "mastercard": "Mastercard", "amex": "American Express",
	"discover": "Discover", "diners": "Diners Club", "jcb": "JCB", "unionpay": "UnionPay",
	"verve": "Verve",
}

// cardName tells a card to the one who holds it.
func cardName(c *pay.CardSummary) string {
	number := "••••\u00a0" + c.Last4 // on one line
	if name := brandNames[c.Brand]; name != "" {
		return name + " " + number
	}
	return number
}

// initial is the letter that stands for a merchant without a logo.
func initial(name string) string {
	for _, r := range name {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return string(unicode.ToUpper(r))
		}
	}
	r, _ := utf8.DecodeRuneInString(name + "•")
	return string(r)
}

// templates holds one set per page: the layout, the shared parts, and the page itself.
type templates map[string]*template.Template

// partsOf names the files of parts that only some pages use. A set keeps a copy of all it was
// given, used or not, for as long as the server runs.
var partsOf = map[string][]string{
	"form":      {"card", "mobile", "agree", "payto"},
	"approve":   {"payto"},
	"waiting":   {"payto"},
	"prompt":    {"mobile"},
	"code":      {"mobile"},
	"transfer":  {"account"},
	"underpaid": {"account"},
}

func newTemplates() (templates, error) {
	base, err := template.ParseFS(pageFiles, "page/layout.html", "page/part.html")
	if err != nil {
		return nil, err
	}
	all := templates{}
	for _, name := range pageNames {
		t, err := base.Clone()
		if err != nil {
			return nil, err
		}
		for _, file := range append([]string{name}, partsOf[name]...) {
			if t, err = t.ParseFS(pageFiles, "page/"+file+".html"); err != nil {
				return nil, fmt.Errorf("page %s: %w", name, err)
			}
		}
		all[name] = t
	}
	return all, nil
}

// render writes the page whole or not at all.
func (p *Pages) render(w http.ResponseWriter, r *http.Request, pg *page) {
	var buf bytes.Buffer
	if err := p.templates[pg.Name].ExecuteTemplate(&buf, "layout.html", pg); err != nil {
		p.log.ErrorContext(r.Context(), "checkout page", "page", pg.Name, "error", err)
		http.Error(w, "Something went wrong on our side.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", pg.Lang)
	h.Set("Vary", "Accept-Language")
	h.Set("Content-Length", strconv.Itoa(buf.Len()))
	w.WriteHeader(pg.status)
	if r.Method != http.MethodHead {
		_, _ = buf.WriteTo(w)
	}
}
