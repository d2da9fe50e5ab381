package checkout

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
	Sessions
	Payments
	SavedMethods
	Mandates
	Balances
	Refunds
	Customers
	Events
	Endpoints
	Deliveries
	Simulation
	Banks
}

// Callers tells who asks and what time it is for them.
type Callers interface {
	Authenticate(ctx context.Context, token string) (pay.Caller, error)
	Now(c pay.Caller) time.Time
}

// Sessions are the use cases of checkout sessions.
type Sessions interface {
	OpenSession(context.Context, pay.Caller, *pay.Once[pay.Session], pay.OpenSession) (
		pay.Session, pay.Reply, error)
	Session(ctx context.Context, c pay.Caller, id string) (pay.Session, error)
	Sessions(context.Context, pay.Caller, pay.SessionFilter) ([]pay.Session, bool, error)
	ExpireSession(ctx context.Context, c pay.Caller, o *pay.Once[pay.Session], id string) (
		pay.Session, pay.Reply, error)
	PageURL(sessionID string) string
}

// Payments are the use cases of payments.
type Payments interface {
	CreatePayment(context.Context, pay.Caller, *pay.Once[pay.Payment], pay.NewPayment) (
		pay.Payment, pay.Reply, error)
	Charge(context.Context, pay.Caller, *pay.Once[pay.Payment], pay.ChargeRequest) (
		pay.Payment, pay.Reply, error)
	ConfirmPayment(ctx context.Context, c pay.Caller, id string, code string) (pay.Payment, error)
	Payment(ctx context.Context, c pay.Caller, id string) (pay.Payment, error)
	Payments(context.Context, pay.Caller, pay.PaymentFilter) ([]pay.Payment, bool, error)
	CancelPayment(ctx context.Context, c pay.Caller, o *pay.Once[pay.Payment], id string) (
		pay.Payment, pay.Reply, error)
	CapturePayment(
		context.Context, pay.Caller, *pay.Once[pay.Payment], string, pay.CaptureRequest,
	) (pay.Payment, pay.Reply, error)
	SettlePayment(
		ctx context.Context, c pay.Caller, o *pay.Once[pay.Payment], id string, how pay.Settlement,
	) (pay.Payment, pay.Reply, error)
}

// SavedMethods are the use cases of saved payment methods.
type SavedMethods interface {
	SavedMethod(ctx context.Context, c pay.Caller, id string) (pay.SavedMethod, error)
	SavedMethods(context.Context, pay.Caller, pay.MethodFilter) ([]pay.SavedMethod, bool, error)
	DetachMethod(ctx context.Context, c pay.Caller, o *pay.Once[pay.SavedMethod], id string) (
		pay.SavedMethod, pay.Reply, error)
}

// Mandates are the use cases of mandates.
type Mandates interface {
	Mandate(ctx context.Context, c pay.Caller, id string) (pay.Mandate, error)
	Mandates(context.Context, pay.Caller, pay.MandateFilter) ([]pay.Mandate, bool, error)
	// MandateWindow returns what was charged in the present period of a mandate's limit.
	MandateWindow(ctx context.Context, c pay.Caller, m *pay.Mandate) (pay.MandateWindow, error)
	CancelMandate(ctx context.Context, c pay.Caller, o *pay.Once[pay.Mandate], id string) (
		pay.Mandate, pay.Reply, error)
	PauseMandate(ctx context.Context, c pay.Caller, o *pay.Once[pay.Mandate], id string) (
		pay.Mandate, pay.Reply, error)
	ResumeMandate(ctx context.Context, c pay.Caller, o *pay.Once[pay.Mandate], id string) (
		pay.Mandate, pay.Reply, error)
	// AmendMandate proposes a change of a mandate to its payer.
	AmendMandate(ctx context.Context, c pay.Caller, o *pay.Once[pay.Mandate], id string,
		x pay.MandateChange) (pay.Mandate, pay.Reply, error)
	MandateURL(id string) string
}

// Balances read the journal.
type Balances interface {
	Balance(ctx context.Context, c pay.Caller) ([]pay.AccountBalance, error)
	Entries(context.Context, pay.Caller, pay.EntryFilter) ([]pay.Entry, bool, error)
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
	UpdateCustomer(
		ctx context.Context, c pay.Caller, o *pay.Once[pay.Customer], id string,
		patch pay.CustomerPatch,
	) (pay.Customer, pay.Reply, error)
	DeleteCustomer(ctx context.Context, c pay.Caller, o *pay.Once[pay.Customer], id string) (
		pay.Customer, pay.Reply, error)
	Customer(ctx context.Context, c pay.Caller, id string) (pay.Customer, error)
	Customers(context.Context, pay.Caller, pay.CustomerFilter) ([]pay.Customer, bool, error)
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
	UpdateEndpoint(
		ctx context.Context, c pay.Caller, o *pay.Once[pay.Endpoint], id string,
		patch pay.EndpointPatch,
	) (pay.Endpoint, pay.Reply, error)
	DeleteEndpoint(ctx context.Context, c pay.Caller, o *pay.Once[pay.Endpoint], id string) (
		pay.Endpoint, pay.Reply, error)
	RotateEndpointSecret(
		ctx context.Context, c pay.Caller, o *pay.Once[pay.EndpointSecret], id string,
	) (pay.EndpointSecret, pay.Reply, error)
	TestEndpoint(ctx context.Context, c pay.Caller, o *pay.Once[pay.Event], id string) (
		pay.Event, pay.Reply, error)
	Endpoint(ctx context.Context, c pay.Caller, id string) (pay.Endpoint, error)
	Endpoints(context.Context, pay.Caller, pay.Page) ([]pay.Endpoint, bool, error)
}

// Deliveries are the use cases of what was sent to endpoints.
type Deliveries interface {
	Deliveries(ctx context.Context, c pay.Caller, endpointID string, p pay.Page) (
		[]pay.Delivery, bool, error)
	Redeliver(
		ctx context.Context, c pay.Caller, o *pay.Once[pay.Delivery], endpointID, deliveryID string,
	) (pay.Delivery, pay.Reply, error)
}

// Simulation plays the payer and moves the clock, in test mode.
type Simulation interface {
	Pay(context.Context, pay.Caller, *pay.Once[pay.Payment], pay.PayRequest) (
		pay.Payment, pay.Reply, error)
	Answer(ctx context.Context, c pay.Caller, paymentID string, d pay.Decision) (
		pay.Payment, error)
	Deposit(ctx context.Context, c pay.Caller, paymentID string, amount int64) (
		pay.Payment, error)
	Prompts(ctx context.Context, c pay.Caller) ([]pay.Prompt, error)
	Rehearse(ctx context.Context, c pay.Caller, methodID string, r pay.Rehearsal) error
	Behaviour(ctx context.Context, c pay.Caller, railName string) (pay.Behaviour, error)
	Behave(ctx context.Context, c pay.Caller, railName string, b pay.Behaviour) error
	AdvanceClock(
		ctx context.Context, c pay.Caller, o *pay.Once[time.Time], by time.Duration,
	) (time.Time, pay.Reply, error)
}

// Banks play the payer in the bank's app, in test mode.
type Banks interface {
	Agreements(ctx context.Context, c pay.Caller) ([]pay.Agreement, error)
	// DecideAgreement takes the id of an agreement, or of what was made with it.
	DecideAgreement(ctx context.Context, c pay.Caller, id string, d pay.BankDecision) (
		pay.Agreement, error)
	ResolvePayID(ctx context.Context, c pay.Caller, in pay.PaytoInput) (pay.Payto, error)
	// Resolve finds an object by the id that it has in another protocol.
	Resolve(ctx context.Context, c pay.Caller, family, kind, id string) (string, error)
}

// Deps is what the API is made of.
type Deps struct {
	wire.Common
	Pay Core
	// CheckTarget judges the address of a webhook endpoint. Its error is a sentence without a
	// subject, such as "must use https".
	CheckTarget func(mode pay.Mode, rawURL string) error
}

// API answers the native protocol.
type API struct {
	pay         Core
	front       wire.Front
	enc         encoder
	checkTarget func(mode pay.Mode, rawURL string) error
}

// New returns the API. It has no state of its own.
func New(d Deps) *API {
	return &API{
		pay: d.Pay, enc: encoder{d.Pay.PageURL, d.Pay.MandateURL}, checkTarget: d.CheckTarget,
		front: wire.Front{
			Common: d.Common, Authenticate: d.Pay.Authenticate, WriteError: writeError,
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
	return slices.Concat(a.sessionRoutes(), a.paymentRoutes(), a.mandateRoutes(), a.moneyRoutes(),
		a.customerRoutes(), a.webhookRoutes(), a.testRoutes(), a.bankRoutes())
}

func (a *API) sessionRoutes() []route {
	return []route{
		// Opens a session and returns the address of its page.
		{"POST", "/v1/checkout/sessions", writing, a.createSession},
		// Lists sessions, newest first, narrowed by status, customer and payment.
		{"GET", "/v1/checkout/sessions", reading, a.listSessions},
		// Retrieves one session.
		{"GET", "/v1/checkout/sessions/{id}", reading, a.getSession},
		// Closes an open session before its time.
		{"POST", "/v1/checkout/sessions/{id}/expire", writing, a.expireSession},
	}
}

func (a *API) paymentRoutes() []route {
	return []route{
		// Asks a payer's phone for money, or charges a saved method, without a session.
		{"POST", "/v1/payments", writing, a.createPayment},
		// Lists payments, newest first, narrowed by status, customer, session and mandate.
		{"GET", "/v1/payments", reading, a.listPayments},
		// Retrieves one payment.
		{"GET", "/v1/payments/{id}", reading, a.getPayment},
		// Gives up a payment that was not paid, or lets held money go.
		{"POST", "/v1/payments/{id}/cancel", writing, a.cancelPayment},
		// Takes held money, all of it or a part.
		{"POST", "/v1/payments/{id}/capture", writing, a.capturePayment},
		// Hands on the one-time code that the payer got.
		{"POST", "/v1/payments/{id}/confirm", writing, a.confirmPayment},
		// Decides what becomes of a transfer that brought too little or too much.
		{"POST", "/v1/payments/{id}/settle", writing, a.settlePayment},
	}
}

func (a *API) mandateRoutes() []route {
	const one = "/v1/mandates/{id}"
	return []route{
		// Lists saved payment methods, newest first, narrowed by customer.
		{"GET", "/v1/payment_methods", reading, a.listMethods},
		// Retrieves one saved payment method.
		{"GET", "/v1/payment_methods/{id}", reading, a.getMethod},
		// Forgets a saved payment method and cancels its mandates.
		{"DELETE", "/v1/payment_methods/{id}", writing, a.detachMethod},
		// Lists mandates, newest first, narrowed by customer, payment method and status.
		{"GET", "/v1/mandates", reading, a.listMandates},
		// Retrieves one mandate.
		{"GET", one, reading, a.getMandate},
		// Proposes other terms to the payer, who answers at their bank.
		{"POST", one + "/amend", writing, a.amendMandate},
		// Ends a mandate for good.
		{"POST", one + "/cancel", writing, a.changeMandate(Core.CancelMandate)},
		// Stops charges for now.
		{"POST", one + "/pause", writing, a.changeMandate(Core.PauseMandate)},
		// Lets charges go on; those that fell into the pause are skipped.
		{"POST", one + "/resume", writing, a.changeMandate(Core.ResumeMandate)},
	}
}

func (a *API) moneyRoutes() []route {
	return []route{
		// Tells what belongs to the merchant.
		{"GET", "/v1/balance", reading, a.getBalance},
		// Lists what changed the available balance, newest first, narrowed by type.
		{"GET", "/v1/balance/transactions", reading, a.listTransactions},
		// Sends money of a payment back.
		{"POST", "/v1/refunds", writing, a.createRefund},
		// Lists refunds, newest first, narrowed by payment.
		{"GET", "/v1/refunds", reading, a.listRefunds},
		// Retrieves one refund.
		{"GET", "/v1/refunds/{id}", reading, a.getRefund},
		// Lists events, newest first, narrowed by type.
		{"GET", "/v1/events", reading, a.listEvents},
		// Retrieves one event.
		{"GET", "/v1/events/{id}", reading, a.getEvent},
	}
}

func (a *API) customerRoutes() []route {
	return []route{
		// Adds a customer.
		{"POST", "/v1/customers", writing, a.createCustomer},
		// Lists customers, newest first, narrowed by e-mail address.
		{"GET", "/v1/customers", reading, a.listCustomers},
		// Retrieves one customer.
		{"GET", "/v1/customers/{id}", reading, a.getCustomer},
		// Changes the fields that are given; the three methods do the same.
		{"POST", "/v1/customers/{id}", writing, a.updateCustomer},
		{"PATCH", "/v1/customers/{id}", writing, a.updateCustomer},
		{"PUT", "/v1/customers/{id}", writing, a.updateCustomer},
		// Removes a customer; sessions and payments that name it stay.
		{"DELETE", "/v1/customers/{id}", writing, a.deleteCustomer},
	}
}

func (a *API) webhookRoutes() []route {
	const delivery = "/v1/webhooks/{id}/deliveries/{delivery}"
	return []route{
		// Adds an endpoint and shows its signing secret, once.
		{"POST", "/v1/webhooks", writing, a.createEndpoint},
		// Lists endpoints, newest first.
		{"GET", "/v1/webhooks", reading, a.listEndpoints},
		// Retrieves one endpoint.
		{"GET", "/v1/webhooks/{id}", reading, a.getEndpoint},
		// Changes the fields that are given; the three methods do the same.
		{"POST", "/v1/webhooks/{id}", writing, a.updateEndpoint},
		{"PATCH", "/v1/webhooks/{id}", writing, a.updateEndpoint},
		{"PUT", "/v1/webhooks/{id}", writing, a.updateEndpoint},
		// Removes an endpoint with the log of its deliveries.
		{"DELETE", "/v1/webhooks/{id}", writing, a.deleteEndpoint},
		// Sends a test event to the endpoint.
		{"POST", "/v1/webhooks/{id}/test", writing, a.testEndpoint},
		// Makes a new signing secret and shows it, once.
		{"POST", "/v1/webhooks/{id}/rotate_secret", writing, a.rotateSecret},
		// Lists what was sent to the endpoint, newest first, with every attempt.
		{"GET", "/v1/webhooks/{id}/deliveries", reading, a.listDeliveries},
		// Sends a delivery again: the same event under the same id.
		{"POST", delivery + "/redeliver", writing, a.redeliver},
	}
}

func (a *API) testRoutes() []route {
	return []route{
		// Pays a session as a buyer would on its page.
		{"POST", "/v1/test_helpers/sessions/{id}/pay", simulating, a.paySession},
		// Lists what payers are being asked now.
		{"GET", "/v1/test_helpers/prompts", simulating, a.listPrompts},
		// Answers what the payer of a payment is asked.
		{"POST", "/v1/test_helpers/prompts/{id}/approve", simulating, a.answer(pay.Approve)},
		{"POST", "/v1/test_helpers/prompts/{id}/reject", simulating, a.answer(pay.Reject)},
		{"POST", "/v1/test_helpers/prompts/{id}/wrong_pin", simulating, a.answer(pay.WrongPIN)},
		// Sends a transfer to a payment's reference.
		{"POST", "/v1/test_helpers/transfers/{id}", simulating, a.sendTransfer},
		// Tells the network what the next charge of a saved payment method becomes.
		{"POST", "/v1/test_helpers/payment_methods/{id}/next_charge", simulating, a.rehearse},
		// Tells how a simulated network behaves.
		{"GET", "/v1/test_helpers/rails/{rail}", simulating, a.getRail},
		// Changes how a simulated network behaves.
		{"POST", "/v1/test_helpers/rails/{rail}", simulating, a.setRail},
		// Tells the time of the test clock.
		{"GET", "/v1/test_helpers/clock", simulating, a.getClock},
		// Moves the test clock ahead.
		{"POST", "/v1/test_helpers/clock/advance", simulating, a.advanceClock},
	}
}

func (a *API) bankRoutes() []route {
	const one = "/v1/test_helpers/agreements/{id}"
	return []route{
		// Lists what payers see in their banks: agreements that wait and those that were given.
		{"GET", "/v1/test_helpers/agreements", simulating, a.listAgreements},
		// Answers an agreement that waits for its payer.
		{"POST", one + "/approve", simulating, a.decide(pay.BankApprove)},
		{"POST", one + "/decline", simulating, a.decide(pay.BankDecline)},
		// Stops payments under an agreement for now, and lets them go on.
		{"POST", one + "/pause", simulating, a.decide(pay.BankPause)},
		{"POST", one + "/resume", simulating, a.decide(pay.BankResume)},
		// Ends an agreement for good.
		{"POST", one + "/cancel", simulating, a.decide(pay.BankCancel)},
		// Has an agreement draw on another account from now on.
		{"POST", one + "/move", simulating, a.moveAgreement},
	}
}

// Mount adds the routes to mux, and answers for every other path and method below /v1/.
func (a *API) Mount(mux *http.ServeMux) {
	var routes []wire.Route
	for _, r := range a.routes() {
		routes = append(routes, wire.Route{
			Method: r.method, Path: r.path, Handle: a.guard(r.access, r.handle),
		})
	}
	a.front.Mount(mux, "/v1/", routes)
}
