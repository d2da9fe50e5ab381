package wpay

import (
	"context"
	"net/http"
	"time"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
)

// Family is this family's name in stored objects.
const Family = "wpay"

// Defaults of Deps.
const (
	// SessionTTL is how long a buyer has for a session.
	SessionTTL = 30 * time.Minute
	// OngoingMaximum bounds one payment on an instrument that the buyer saves, in cents.
	OngoingMaximum = 1_000_000_00
)

// Prefixes are the paths under which the protocol is served unless told otherwise.
func Prefixes() []string { return []string{"", "/payto/v1"} }

// Core is what this family needs of the core, noun by noun.
type Core interface {
	Callers
	Secrets
	Sessions
	Pages
	Payments
	Refunds
	Mandates
}

// Callers tells who asks, what time it is for them, and what they called an object.
type Callers interface {
	Authenticate(ctx context.Context, token string) (pay.Caller, error)
	Now(c pay.Caller) time.Time
	Resolve(ctx context.Context, c pay.Caller, family, kind, id string) (objectID string, err error)
	Events(context.Context, pay.Caller, pay.EventFilter) ([]pay.Event, bool, error)
	Deliveries(ctx context.Context, c pay.Caller, endpointID string, p pay.Page) (
		[]pay.Delivery, bool, error)
}

// Secrets are the use cases of what webhooks are signed with.
type Secrets interface {
	HookSecret(ctx context.Context, c pay.Caller, family string) (string, error)
	RotateHookSecret(context.Context, pay.Caller, *pay.Once[pay.EndpointSecret], string) (
		pay.EndpointSecret, pay.Reply, error)
}

// Sessions are the use cases of sessions.
type Sessions interface {
	OpenSession(context.Context, pay.Caller, *pay.Once[pay.Session], pay.OpenSession) (
		pay.Session, pay.Reply, error)
	ChargeSession(context.Context, pay.Caller, *pay.Once[pay.Session], pay.ChargeRequest) (
		pay.Session, pay.Reply, error)
	CancelSession(ctx context.Context, c pay.Caller, o *pay.Once[pay.Session], id string) (
		pay.Session, pay.Reply, error)
	Session(ctx context.Context, c pay.Caller, id string) (pay.Session, error)
}

// Pages are what a buyer's browser may do with a session by the key of its page.
type Pages interface {
	Page(ctx context.Context, sessionID, key string) (pay.PageView, error)
	PageKey(sessionID string) string
	PageURL(sessionID string) string
	Annotate(ctx context.Context, id, key string, note pay.Note) (pay.Session, error)
	CancelSessionAsPayer(ctx context.Context, id, key string) (pay.Session, error)
}

// Payments are the use cases of payments.
type Payments interface {
	Charge(context.Context, pay.Caller, *pay.Once[pay.Payment], pay.ChargeRequest) (
		pay.Payment, pay.Reply, error)
	Payment(ctx context.Context, c pay.Caller, id string) (pay.Payment, error)
	Sync(ctx context.Context, c pay.Caller, id string) (pay.Payment, error)
	CancelPayment(ctx context.Context, c pay.Caller, o *pay.Once[pay.Payment], id string) (
		pay.Payment, pay.Reply, error)
	Rehearse(ctx context.Context, c pay.Caller, methodID string, r pay.Rehearsal) error
}

// Refunds are the use cases of refunds.
type Refunds interface {
	CreateRefund(context.Context, pay.Caller, *pay.Once[pay.Refund], pay.RefundRequest) (
		pay.Refund, pay.Reply, error)
	Refund(ctx context.Context, c pay.Caller, id string) (pay.Refund, error)
	SyncRefund(ctx context.Context, c pay.Caller, id string) (pay.Refund, error)
}

// Mandates are the use cases of mandates and of the methods they are given on.
type Mandates interface {
	CancelMandate(ctx context.Context, c pay.Caller, o *pay.Once[pay.Mandate], id string) (
		pay.Mandate, pay.Reply, error)
	Mandate(ctx context.Context, c pay.Caller, id string) (pay.Mandate, error)
	Mandates(context.Context, pay.Caller, pay.MandateFilter) ([]pay.Mandate, bool, error)
}

// Deps is what the API is made of. Fields without another word are required.
type Deps struct {
	wire.Common
	Pay Core
	// After is the pace of waiting for a network or a receiver: time.After outside tests.
	After func(time.Duration) <-chan time.Time
	// Stopping is closed when the server stops: nobody is kept waiting then. Nil: it never does.
	Stopping <-chan struct{}
	// BaseURL is the public origin, without a slash at the end.
	BaseURL string
	// Prefixes are the paths below which the protocol is served; nil for those of Prefixes.
	Prefixes []string
	// Merchants gives merchants, by their id here, an id of this protocol other than MerchantID.
	Merchants map[string]string
	// Maximum bounds one payment on a saved instrument, in cents; 0 for OngoingMaximum.
	Maximum int64
	// TTL is how long a buyer has for a session; 0 for SessionTTL.
	TTL time.Duration
	// CheckTarget judges the address of webhooks. Its error is a sentence without a subject, such
	// as "must use https".
	CheckTarget func(mode pay.Mode, rawURL string) error
}

// API answers the protocol.
type API struct {
	Deps
	front wire.Front
}

// New returns the API. It has no state of its own.
func New(d Deps) *API {
	if d.Prefixes == nil {
		d.Prefixes = Prefixes()
	}
	if d.Maximum == 0 {
		d.Maximum = OngoingMaximum
	}
	if d.TTL == 0 {
		d.TTL = SessionTTL
	}
	return &API{
		Deps: d,
		front: wire.Front{
			Common: d.Common, Authenticate: d.Pay.Authenticate,
			WriteError: problems{base: d.BaseURL}.write,
		},
	}
}

// A route is one method of one path below /merchants/{merchantId} and what it does.
type route struct {
	method, path string
	access       access
	handle       handler
}

// routes is the whole API. Some paths are documented in more than one way.
func (a *API) routes() []route {
	return []route{
		// Opens a session in which the buyer agrees at their bank and pays.
		{"POST", "/session/checkout", writing, a.createCheckout},
		{"POST", "/session-checkout", writing, a.createCheckout},
		// Opens a session in which the buyer agrees, and pays nothing yet.
		{"POST", "/session/instrument", writing, a.createInstrument},
		{"POST", "/session-instrument", writing, a.createInstrument},
		// Pays with a saved instrument, and has a page for the buyer to watch it.
		{"POST", "/session/payment", writing, a.createPayment},
		{"POST", "/session-payment", writing, a.createPayment},
		// Tells where a session stands, with its instrument and its payment.
		{"GET", "/session/{sessionId}", reading, a.getSession},
		{"GET", "/sessions/{sessionId}", reading, a.getSession},
		// Lists the instruments that a buyer saved.
		{"GET", "/buyers/{buyerId}/instruments", reading, a.getWallet},
		{"GET", "/buyers/{buyerId}/wallet", reading, a.getWallet},
		// Retrieves one instrument.
		{"GET", "/instruments/{instrumentId}", reading, a.getInstrument},
		// Ends an instrument for good.
		{"POST", "/instruments/{instrumentId}/cancel", writing, a.cancelInstrument},
		// Pays with a saved instrument, without the buyer.
		{"POST", "/instruments/{instrumentId}/payment", writing, a.makePayment},
		// Retrieves one payment.
		{"GET", "/payments/{paymentId}", reading, a.getPayment},
		// Sends money of a payment back.
		{"POST", "/payments/{paymentId}/refund", writing, a.makeRefund},
		// Shows what the signatures of webhooks are made with.
		{"GET", "/webhook-secret", writing, a.getWebhookSecret},
		// Makes another one.
		{"POST", "/webhook-secret/rotate", writing, a.rotateWebhookSecret},
		// Retrieves one refund.
		{"GET", "/refunds/{refundId}", reading, a.getRefund},
		{"GET", "/payments/{paymentId}/refunds/{refundId}", reading, a.getRefund},
	}
}

// Mount adds the routes to mux, answers for every other path and method below the prefixes, and
// adds the way of the buyer's browser to a session's page and back.
func (a *API) Mount(mux *http.ServeMux) {
	for _, prefix := range a.Prefixes {
		root := prefix + "/merchants/"
		var routes []wire.Route
		for _, r := range a.routes() {
			routes = append(routes, wire.Route{
				Method: r.method, Path: root + "{merchantId}" + r.path,
				Handle: a.guard(r.access, r.handle),
			})
		}
		a.front.Mount(mux, root, routes)
	}
	mux.Handle("GET "+launchPath, a.front.Handle(a.launch))
	mux.Handle("GET "+returnPath, a.front.Handle(a.comeBack))
}

// currency is the only one of this protocol.
const currency = "AUD"

func aud(cents int64) money.Amount { return money.Amount{Minor: cents, Currency: currency} }
