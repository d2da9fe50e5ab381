package hosted

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/ident"
	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/terms"
)

// stage shows one session as a test wants it, to look at states that take long to reach. What the
// pages do to the real core is tested against the real core.
type stage struct {
	view    pay.PageView
	mandate pay.MandatePage
	err     error
}

const (
	stageID  = "cs_06d9n0000000000000000stage"
	stageKey = "3f1c"

	stageToken   = "a.client.token"
	stageMandate = "mdt_06d9n000000000000000stage"
)

func (s *stage) Page(_ context.Context, id, key string) (pay.PageView, error) {
	if s.err != nil {
		return pay.PageView{}, s.err
	}
	if id != stageID || key != stageKey {
		return pay.PageView{}, pay.Errorf(pay.NotFound, "resource_missing", "No such page.")
	}
	return s.view, nil
}

func (s *stage) Pay(
	context.Context, pay.Caller, *pay.Once[pay.Payment], pay.PayRequest,
) (pay.Payment, pay.Reply, error) {
	panic("the stage takes no money")
}

func (s *stage) CancelPayment(
	context.Context, pay.Caller, *pay.Once[pay.Payment], string,
) (pay.Payment, pay.Reply, error) {
	panic("the stage takes no money")
}

func (s *stage) ConfirmPayment(context.Context, pay.Caller, string, string) (pay.Payment, error) {
	panic("the stage has no rail")
}

func (s *stage) ResendPrompt(context.Context, pay.Caller, string) error {
	panic("the stage has no rail")
}

func (s *stage) Sync(context.Context, pay.Caller, string) (pay.Payment, error) {
	panic("the stage has no rail")
}

func (s *stage) ResolvePayID(context.Context, pay.Caller, pay.PaytoInput) (pay.Payto, error) {
	panic("the stage has no rail")
}

func (s *stage) PageKey(string) string { return stageKey }

func (s *stage) ClientTokenSession(token string) (string, bool) {
	return stageID, token == stageToken
}

func (s *stage) CancelSessionAsPayer(context.Context, string, string) (pay.Session, error) {
	panic("the stage gives nothing up")
}

func (s *stage) MandateURL(id string) string {
	return "http://127.0.0.1:8080/mandates/" + id + "?key=" + stageKey
}

func (s *stage) MandatePage(_ context.Context, id, key string) (pay.MandatePage, error) {
	if s.err != nil || id != s.mandate.Mandate.ID || key != stageKey {
		return pay.MandatePage{}, errNoPage
	}
	return s.mandate, nil
}

func (s *stage) CancelMandateAsPayer(context.Context, string, string) (pay.Mandate, error) {
	panic("the stage gives nothing up")
}

func (s *stage) Watch(string) (<-chan struct{}, func()) { return nil, func() {} }

var stageNow = time.Date(2026, 10, 3, 9, 30, 0, 0, time.UTC)

func openSession() pay.PageView {
	return pay.PageView{
		Session: pay.Session{
			ID: stageID, Mode: pay.Test, State: pay.SessionOpen, Version: 1,
			Amount:     money.Amount{Minor: 5000, Currency: "GHS"},
			SuccessURL: "https://shop.test/done?session_id={CHECKOUT_SESSION_ID}",
			CancelURL:  "https://shop.test/basket?from={CHECKOUT_SESSION_ID}",
			ExpiresAt:  stageNow.Add(time.Hour), CreatedAt: stageNow, UpdatedAt: stageNow,
		},
		State: pay.SessionOpen, Merchant: pay.Merchant{Name: "Ama’s Fabrics"},
		Methods: []string{pay.MethodCard}, Email: "ama@shop.test", Now: stageNow,
	}
}

func attempt(state pay.PaymentState) *pay.Payment {
	return &pay.Payment{
		ID: "pay_06d9n00000000000000payment", State: state, Version: 2, Method: pay.MethodCard,
		Amount: money.Amount{Minor: 5000, Currency: "GHS"},
		Card:   &pay.CardSummary{Brand: "visa", Last4: "4242", ExpMonth: 12, ExpYear: 2034},
	}
}

// setting is a session in one state, and the page that must show it.
type setting struct {
	name  string // of the test
	page  string
	setup func(*pay.PageView)
}

func in(state pay.SessionState, p *pay.Payment) func(*pay.PageView) {
	return func(v *pay.PageView) { v.State, v.Session.State, v.Payment = state, state, p }
}

func failed(code pay.DeclineCode) *pay.Payment {
	p := attempt(pay.PaymentFailed)
	p.DeclineCode = code
	return p
}

func challenged(to string) *pay.Payment {
	p := attempt(pay.PaymentAction)
	p.ActionURL = to
	return p
}

var everyMethod = []string{pay.MethodCard, pay.MethodMobile, pay.MethodBank}

// wallet is an attempt by mobile money.
func wallet(state pay.PaymentState, action pay.ActionKind) *pay.Payment {
	p := attempt(state)
	p.Method, p.Card, p.Action = pay.MethodMobile, nil, action
	p.Mobile = &pay.Mobile{Phone: "0241234567", Provider: "mtn"}
	return p
}

// sent is an attempt by bank transfer that has brought so much.
func sent(state pay.PaymentState, received int64) *pay.Payment {
	p := attempt(state)
	p.Method, p.Card, p.Received = pay.MethodBank, nil, received
	p.Transfer = &pay.Transfer{
		Bank: "Test Bank", AccountName: "Ama’s Fabrics", AccountNumber: "1020304050607",
		Reference: "KAS-7F3K-92QD", ExpiresAt: stageNow.Add(25 * time.Hour),
	}
	return p
}

func offering(methods []string, p *pay.Payment) func(*pay.PageView) {
	return func(v *pay.PageView) {
		in(pay.SessionOpen, p)(v)
		v.Methods = methods
	}
}

// because is a payment with a reason why it ended.
func because(p *pay.Payment, code pay.DeclineCode) *pay.Payment {
	p.DeclineCode = code
	return p
}

// keptAll is a payment of which the shop took all that had come.
func keptAll(p *pay.Payment) *pay.Payment {
	p.Captured = p.Received
	return p
}

// otherWays are the states of the methods other than cards.
func otherWays() []setting {
	mobile, bank := []string{pay.MethodMobile}, []string{pay.MethodBank}
	unknown := pay.DeclineNotRegistered
	nowhere := sent(pay.PaymentUnderpaid, 3000)
	nowhere.Transfer = nil
	return []setting{
		{"choice", pageForm, offering(everyMethod, nil)},
		{"mobile money alone", pageForm, offering(mobile, nil)},
		{"bank alone", pageForm, offering(bank, nil)},
		{"declined on the phone", pageForm,
			offering(everyMethod, because(wallet(pay.PaymentFailed, ""), pay.DeclineByPayer))},
		{"declined, not registered", pageForm,
			offering(everyMethod, because(wallet(pay.PaymentFailed, ""), unknown))},
		{"declined, timed out", pageForm,
			offering(mobile, because(wallet(pay.PaymentFailed, ""), pay.DeclinePromptExpired))},
		{"stopped at the phone", pageForm,
			offering(everyMethod, wallet(pay.PaymentCanceled, ""))},
		{"stopped transfer", pageForm, offering(everyMethod, sent(pay.PaymentCanceled, 0))},
		{"returned", pageForm, offering(bank, keptAll(sent(pay.PaymentCanceled, 3000)))},
		{"prompt", pagePrompt,
			in(pay.SessionPaying, wallet(pay.PaymentWaiting, pay.ActionApprove))},
		{"code", pageCode, in(pay.SessionPaying, wallet(pay.PaymentAction, pay.ActionCode))},
		{"mobile money, unknown", pageWaiting,
			in(pay.SessionPaying, wallet(pay.PaymentWaiting, ""))},
		{"transfer", pageTransfer, in(pay.SessionPaying, sent(pay.PaymentWaiting, 0))},
		{"underpaid", pageUnderpaid, in(pay.SessionPaying, sent(pay.PaymentUnderpaid, 3000))},
		{"underpaid, no account", pageUnderpaid, in(pay.SessionPaying, nowhere)},
		{"overpaid", pageOverpaid, in(pay.SessionPaying, sent(pay.PaymentOverpaid, 7000))},
		{"paid by transfer", pagePaid,
			in(pay.SessionComplete, keptAll(sent(pay.PaymentPaid, 5000)))},
		{"paid with less", pagePaid, in(pay.SessionComplete, keptAll(sent(pay.PaymentPaid, 3000)))},
		{"paid twice", pagePaid, in(pay.SessionComplete, sent(pay.PaymentOverpaid, 10000))},
		{"paid by mobile money", pagePaid,
			in(pay.SessionComplete, wallet(pay.PaymentPaid, ""))},
		{"late mobile money", pageLate, in(pay.SessionExpired, wallet(pay.PaymentLate, ""))},
		{"expired without the transfer", pageExpired, in(pay.SessionExpired,
			because(sent(pay.PaymentFailed, 0), pay.DeclineTransferExpired))},
		{"expired, returned", pageExpired,
			in(pay.SessionExpired, keptAll(sent(pay.PaymentCanceled, 3000)))},
	}
}

func settings() []setting {
	return slices.Concat(cardSettings(), otherWays(), lastingSettings(), paytoSettings())
}

// visaAndMTN are the saved methods of a customer who comes back.
var visaAndMTN = []pay.SavedMethod{
	{ID: "pm_06d9n00000000000000000card", Type: pay.MethodCard, State: pay.MethodActive,
		Card: &pay.CardSummary{Brand: "visa", Last4: "4242", ExpMonth: 4, ExpYear: 2034}},
	{ID: "pm_06d9n0000000000000000phone", Type: pay.MethodMobile, State: pay.MethodActive,
		Mobile: &pay.Mobile{Phone: "0241234567", Provider: "mtn"}},
}

// series makes the session the first of a series: GHS 50.00 a month.
func series(v *pay.PageView) {
	monthly := terms.Recurrence{Unit: terms.Month, Interval: 1}
	v.Session.Series = pay.SeriesFirst
	v.Session.Offer.Terms = &terms.Terms{
		Kind: terms.Scheduled, Amount: terms.Amount{Exact: 5000}, Recurrence: &monthly,
	}
	v.Session.Offer.Schedule = &terms.Schedule{
		Recurrence: monthly, Start: terms.Date{Year: 2026, Month: 11, Day: 3}, Amount: 5000,
	}
}

// verifying makes the session one that takes no money.
func verifying(v *pay.PageView) {
	v.Session.Amount.Minor = 0
	v.Session.Offer.Save = pay.SaveAlways
	if v.Payment != nil {
		v.Payment.Amount.Minor = 0
	}
}

// both does one thing after the other to a session.
func both(all ...func(*pay.PageView)) func(*pay.PageView) {
	return func(v *pay.PageView) {
		for _, f := range all {
			f(v)
		}
	}
}

// lastingSettings are the states of sessions that leave something for later.
func lastingSettings() []setting {
	returning := func(v *pay.PageView) { v.Saved = visaAndMTN }
	saves := func(w pay.SaveWish) func(*pay.PageView) {
		return func(v *pay.PageView) { v.Session.Offer.Save = w }
	}
	withSaved := failed(pay.DeclineExpiredCard)
	withSaved.MethodID = visaAndMTN[0].ID
	keeping := attempt(pay.PaymentPaid)
	keeping.Keep = true
	gave := func(v *pay.PageView) {
		v.Session.MethodID, v.Session.MandateID = visaAndMTN[0].ID, stageMandate
	}
	oneWay := func(v *pay.PageView) { v.Session.CancelURL = "" }
	noWay := func(v *pay.PageView) { v.Session.CancelURL, v.Session.SuccessURL = "", "" }
	part := attempt(pay.PaymentAuthorised)
	part.Authorised, part.Captured = 5000, 2000
	rest := attempt(pay.PaymentPaid)
	rest.Authorised, rest.Captured, rest.Voided = 5000, 2000, 3000
	next := func(v *pay.PageView) { v.Session.Series = pay.SeriesNext }
	return []setting{
		{"saved methods", pageForm, both(offering(everyMethod, nil), returning)},
		{"saved card alone", pageForm, returning},
		{"declined with a saved card", pageForm, both(in(pay.SessionOpen, withSaved), returning)},
		{"prompt to save", pageForm, saves(pay.SavePrompt)},
		{"always saved", pageForm, saves(pay.SaveAlways)},
		{"first in series", pageForm, series},
		{"first in series with a saved card", pageForm, both(series, returning)},
		{"verification", pageForm, verifying},
		{"verification and series", pageForm, both(series, verifying)},
		{"declined verification", pageForm,
			both(in(pay.SessionOpen, failed(pay.DeclineGeneric)), verifying)},
		{"verified", pagePaid, both(in(pay.SessionComplete, keeping), gave, verifying)},
		{"paid and saved", pagePaid, both(in(pay.SessionComplete, keeping), gave)},
		{"taken in part", pageAuthorised, in(pay.SessionComplete, part)},
		{"declined without the buyer", pageFailed, both(
			in(pay.SessionComplete, failed(pay.DeclineInsufficientFunds)), next)},
		{"taken in part for good", pagePaid, in(pay.SessionComplete, rest)},
		{"open, one way back", pageForm, oneWay},
		{"open, no way back", pageForm, noWay},
		{"canceled", pageCanceled, in(pay.SessionCanceled, nil)},
		{"canceled after a prompt", pageCanceled, in(pay.SessionCanceled,
			because(wallet(pay.PaymentFailed, ""), pay.DeclinePromptExpired))},
		{"canceled, one way back", pageCanceled, both(in(pay.SessionCanceled, nil), oneWay)},
		{"canceled, no way back", pageCanceled, both(in(pay.SessionCanceled, nil), noWay)},
		{"canceled verification", pageCanceled,
			both(in(pay.SessionCanceled, nil), verifying)},
		{"paid, no way back", pagePaid,
			both(in(pay.SessionComplete, attempt(pay.PaymentPaid)), noWay)},
	}
}

func cardSettings() []setting {
	bank := "https://bank.test/challenge/x?a=1&b=2"
	refunded := attempt(pay.PaymentPaid)
	refunded.Captured, refunded.Refunded = 5000, 1250
	closed := func(v *pay.PageView) {
		in(pay.SessionExpired, failed(pay.DeclineGeneric))(v)
		v.Session.Declines = pay.MaxDeclines
	}
	return []setting{
		{"open", pageForm, func(*pay.PageView) {}},
		{"declined", pageForm, in(pay.SessionOpen, failed(pay.DeclineInsufficientFunds))},
		{"last try", pageForm, func(v *pay.PageView) {
			in(pay.SessionOpen, failed(pay.DeclineIncorrectCVC))(v)
			v.Session.Declines = pay.MaxDeclines - 1
		}},
		{"stopped", pageForm, in(pay.SessionOpen, attempt(pay.PaymentCanceled))},
		{"action", pageAction, in(pay.SessionPaying, challenged(bank))},
		{"action nowhere", pageWaiting, in(pay.SessionPaying, challenged("javascript:alert(1)"))},
		{"action, not for browsers", pageWaiting,
			in(pay.SessionPaying, challenged("javascript://bank.test/%0aalert(1)"))},
		{"declined without a word", pageForm, in(pay.SessionOpen, failed(""))},
		{"created", pageWaiting, in(pay.SessionPaying, attempt(pay.PaymentCreated))},
		{"waiting", pageWaiting, in(pay.SessionPaying, attempt(pay.PaymentWaiting))},
		{"review", pageWaiting, in(pay.SessionPaying, attempt(pay.PaymentReview))},
		{"just paid", pageWaiting, in(pay.SessionPaying, attempt(pay.PaymentPaid))},
		{"paid", pagePaid, in(pay.SessionComplete, attempt(pay.PaymentPaid))},
		{"refunded", pagePaid, in(pay.SessionComplete, refunded)},
		{"authorised", pageAuthorised, in(pay.SessionComplete, attempt(pay.PaymentAuthorised))},
		{"voided", pageReleased, in(pay.SessionComplete, attempt(pay.PaymentCanceled))},
		{"capture failed", pageReleased, in(pay.SessionComplete, failed(pay.DeclineGeneric))},
		{"late, expired", pageLate, in(pay.SessionExpired, attempt(pay.PaymentLate))},
		{"late, open", pageLate, in(pay.SessionOpen, attempt(pay.PaymentLate))},
		{"expired", pageExpired, in(pay.SessionExpired, nil)},
		{"expired after a decline", pageExpired,
			in(pay.SessionExpired, failed(pay.DeclineGeneric))},
		{"closed", pageClosed, closed},
		{"no method", pageNoMethod, func(v *pay.PageView) { v.Methods = nil }},
	}
}

// counter is a source of randomness that counts, so that every run is the same.
type counter struct{ n byte }

func (c *counter) Read(b []byte) (int, error) {
	for i := range b {
		c.n++
		b[i] = c.n
	}
	return len(b), nil
}

func newPages(t *testing.T, core Core, change ...func(*Deps)) *Pages {
	t.Helper()
	d := Deps{
		Pay: core, BaseURL: "http://127.0.0.1:8080", Log: slog.New(slog.DiscardHandler),
		IDs: ident.From(&counter{}), Now: func() time.Time { return stageNow },
		After: func(time.Duration) <-chan time.Time { return nil },
	}
	for _, f := range change {
		f(&d)
	}
	p, err := New(d)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func handlerOf(p *Pages) http.Handler {
	mux := http.NewServeMux()
	p.Mount(mux)
	return mux
}

func get(h http.Handler, target string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// post sends a form as a browser on our own page does.
func post(
	h http.Handler, target string, values url.Values, header ...string,
) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

const stagePath = "/checkout/" + stageID + "?key=" + stageKey

func show(t *testing.T, s setting, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	v := openSession()
	s.setup(&v)
	return get(handlerOf(newPages(t, &stage{view: v})), stagePath, header...)
}
