package collect

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
)

// Core is what this family needs of the core, noun by noun.
type Core interface {
	Callers
	Pages
	Sessions
	Payments
	Refunds
	Customers
	Methods
	Mandates
	Events
	Endpoints
}

// Callers tells who asks and what time it is for them.
type Callers interface {
	Authenticate(ctx context.Context, token string) (pay.Caller, error)
	Now(c pay.Caller) time.Time
}

// Pages tells the addresses, with their keys, of the pages that payers see.
type Pages interface {
	PageURL(sessionID string) string
	MandateURL(mandateID string) string
	ClientToken(sessionID string, expires time.Time) string
}

// Sessions are the use cases of payment sessions.
type Sessions interface {
	OpenSession(context.Context, pay.Caller, *pay.Once[pay.Session], pay.OpenSession) (
		pay.Session, pay.Reply, error)
	ChargeSession(context.Context, pay.Caller, *pay.Once[pay.Session], pay.ChargeRequest) (
		pay.Session, pay.Reply, error)
	CancelSession(ctx context.Context, c pay.Caller, o *pay.Once[pay.Session], id string) (
		pay.Session, pay.Reply, error)
	Session(ctx context.Context, c pay.Caller, id string) (pay.Session, error)
	Sessions(context.Context, pay.Caller, pay.SessionFilter) ([]pay.Session, bool, error)
}

// Payments are the use cases of payments.
type Payments interface {
	CapturePayment(
		ctx context.Context, c pay.Caller, o *pay.Once[pay.Payment], id string,
		r pay.CaptureRequest,
	) (pay.Payment, pay.Reply, error)
	VoidPayment(
		ctx context.Context, c pay.Caller, o *pay.Once[pay.Payment], id string,
		metadata map[string]string,
	) (pay.Payment, pay.Reply, error)
	Payment(ctx context.Context, c pay.Caller, id string) (pay.Payment, error)
	Payments(context.Context, pay.Caller, pay.PaymentFilter) ([]pay.Payment, bool, error)
}

// Refunds are the use cases of refunds.
type Refunds interface {
	CreateRefund(context.Context, pay.Caller, *pay.Once[pay.Refund], pay.RefundRequest) (
		pay.Refund, pay.Reply, error)
	Refund(ctx context.Context, c pay.Caller, id string) (pay.Refund, error)
	Refunds(context.Context, pay.Caller, pay.RefundFilter) ([]pay.Refund, bool, error)
}

// Customers are the use cases of customers.
type Customers interface {
	CreateCustomer(context.Context, pay.Caller, *pay.Once[pay.Customer], pay.Customer) (
		pay.Customer, pay.Reply, error)
	Customer(ctx context.Context, c pay.Caller, id string) (pay.Customer, error)
	Customers(context.Context, pay.Caller, pay.CustomerFilter) ([]pay.Customer, bool, error)
}

// Methods are the use cases of saved methods.
type Methods interface {
	DetachMethod(ctx context.Context, c pay.Caller, o *pay.Once[pay.SavedMethod], id string) (
		pay.SavedMethod, pay.Reply, error)
	SavedMethod(ctx context.Context, c pay.Caller, id string) (pay.SavedMethod, error)
	SavedMethods(context.Context, pay.Caller, pay.MethodFilter) ([]pay.SavedMethod, bool, error)
}

// Mandates are the use cases of mandates.
type Mandates interface {
	CancelMandate(ctx context.Context, c pay.Caller, o *pay.Once[pay.Mandate], id string) (
		pay.Mandate, pay.Reply, error)
	PauseMandate(ctx context.Context, c pay.Caller, o *pay.Once[pay.Mandate], id string) (
		pay.Mandate, pay.Reply, error)
	ResumeMandate(ctx context.Context, c pay.Caller, o *pay.Once[pay.Mandate], id string) (
		pay.Mandate, pay.Reply, error)
	Mandate(ctx context.Context, c pay.Caller, id string) (pay.Mandate, error)
	Mandates(context.Context, pay.Caller, pay.MandateFilter) ([]pay.Mandate, bool, error)
}

// Events reads what has happened.
type Events interface {
	Event(ctx context.Context, c pay.Caller, id string) (pay.Event, error)
	Events(context.Context, pay.Caller, pay.EventFilter) ([]pay.Event, bool, error)
}

// Endpoints are the use cases of webhook endpoints.
type Endpoints interface {
	CreateEndpoint(
		context.Context, pay.Caller, *pay.Once[pay.EndpointSecret], pay.NewEndpoint,
	) (pay.EndpointSecret, pay.Reply, error)
	DeleteEndpoint(ctx context.Context, c pay.Caller, o *pay.Once[pay.Endpoint], id string) (
		pay.Endpoint, pay.Reply, error)
	Endpoint(ctx context.Context, c pay.Caller, id string) (pay.Endpoint, error)
	Endpoints(context.Context, pay.Caller, pay.Page) ([]pay.Endpoint, bool, error)
}

// Deps is what the API is made of.
type Deps struct {
	wire.Common
	Pay Core
	// BaseURL is the public origin, without a slash at the end.
	BaseURL string
	// Public bounds what one address sends with publishable keys, which anybody may have; nil does
	// not. It comes before the limit of the key, which would be that of all payers together.
	Public wire.Limiter
	// CheckTarget judges the address of a webhook endpoint. Its error is a sentence without a
	// subject, such as "must use https".
	CheckTarget func(mode pay.Mode, rawURL string) error
}

// API answers the protocol of payment sessions.
type API struct {
	pay         Core
	front       wire.Front
	enc         encoder
	public      wire.Limiter
	checkTarget func(mode pay.Mode, rawURL string) error
}

// New returns the API. It has no state of its own.
func New(d Deps) *API {
	return &API{
		pay: d.Pay, enc: encoder{d.Pay}, public: d.Public, checkTarget: d.CheckTarget,
		front: wire.Front{
			Common: d.Common, Authenticate: d.Pay.Authenticate,
			WriteError: problems{base: d.BaseURL}.write,
		},
	}
}

// A route is one method of one path and what a key needs for it.
type route struct {
	method, path string
	access       access
	handle       handler
}

// routes is the whole API.
func (a *API) routes() []route {
	return slices.Concat(a.sessionRoutes(), a.paymentRoutes(), a.payerRoutes(), a.webhookRoutes())
}

func (a *API) sessionRoutes() []route {
	return []route{
		// Opens a session for a payer, or charges a saved method without the payer.
		{"POST", "/collect/payment_sessions", opening, a.createSession},
		// Lists sessions, newest first, narrowed by status and customer.
		{"GET", "/collect/payment_sessions", reading, a.listSessions},
		// Retrieves one session.
		{"GET", "/collect/payment_sessions/{id}", reading, a.getSession},
		// Gives up a session that nobody is paying.
		{"POST", "/collect/payment_sessions/{id}/cancel", writing, a.cancelSession},
	}
}

func (a *API) paymentRoutes() []route {
	return []route{
		// Lists payments, newest first, narrowed by status, customer, session and mandate.
		{"GET", "/collect/payments", reading, a.listPayments},
		// Retrieves one payment.
		{"GET", "/collect/payments/{id}", reading, a.getPayment},
		// Takes held money, all that is left or a part.
		{"POST", "/collect/payments/{id}/captures", writing, a.capturePayment},
		// Lets go what is still held.
		{"POST", "/collect/payments/{id}/voids", writing, a.voidPayment},
		// Sends money of a payment back.
		{"POST", "/collect/refunds", writing, a.createRefund},
		// Lists refunds, newest first, narrowed by payment.
		{"GET", "/collect/refunds", reading, a.listRefunds},
		// Retrieves one refund.
		{"GET", "/collect/refunds/{id}", reading, a.getRefund},
	}
}

func (a *API) payerRoutes() []route {
	return []route{
		// Adds a customer.
		{"POST", "/collect/customers", writing, a.createCustomer},
		// Lists customers, newest first, narrowed by e-mail address.
		{"GET", "/collect/customers", reading, a.listCustomers},
		// Retrieves one customer.
		{"GET", "/collect/customers/{id}", reading, a.getCustomer},
		// Lists the saved methods of one customer, newest first.
		{"GET", "/collect/payment_methods", reading, a.listMethods},
		// Retrieves one saved method.
		{"GET", "/collect/payment_methods/{id}", reading, a.getMethod},
		// Forgets a saved method and ends what was permitted with it.
		{"DELETE", "/collect/payment_methods/{id}", writing, a.detachMethod},
		// Lists mandates, newest first, narrowed by status, customer and saved method.
		{"GET", "/collect/mandates", reading, a.listMandates},
		// Retrieves one mandate.
		{"GET", "/collect/mandates/{id}", reading, a.getMandate},
		// Ends, interrupts and continues what a mandate permits.
		{"POST", "/collect/mandates/{id}/cancel", writing, a.cancelMandate},
		{"POST", "/collect/mandates/{id}/pause", writing, a.pauseMandate},
		{"POST", "/collect/mandates/{id}/resume", writing, a.resumeMandate},
		// Lists mandates with a schedule of their own as what they are to a merchant.
		{"GET", "/collect/subscriptions", reading, a.listSubscriptions},
		// Retrieves one subscription.
		{"GET", "/collect/subscriptions/{id}", reading, a.getSubscription},
	}
}

func (a *API) webhookRoutes() []route {
	return []route{
		// Adds an endpoint and shows its signing secret, once.
		{"POST", "/collect/webhook_endpoints", writing, a.createEndpoint},
		// Lists endpoints, newest first.
		{"GET", "/collect/webhook_endpoints", reading, a.listEndpoints},
		// Retrieves one endpoint.
		{"GET", "/collect/webhook_endpoints/{id}", reading, a.getEndpoint},
		// Removes an endpoint with the log of its deliveries.
		{"DELETE", "/collect/webhook_endpoints/{id}", writing, a.deleteEndpoint},
		// Lists events, newest first, narrowed by type.
		{"GET", "/collect/events", reading, a.listEvents},
		// Retrieves one event.
		{"GET", "/collect/events/{id}", reading, a.getEvent},
	}
}

// Mount adds the routes to mux, and answers for every other path and method below /collect/. The
// address of the types of problems is a page for people.
func (a *API) Mount(mux *http.ServeMux) {
	mux.Handle("GET "+wire.ProblemPath, a.front.Handle(wire.ExplainProblems))
	var routes []wire.Route
	for _, r := range a.routes() {
		routes = append(routes, wire.Route{
			Method: r.method, Path: r.path, Handle: a.guard(r.access, r.handle),
		})
	}
	a.front.Mount(mux, "/collect/", routes)
}
