package wpay

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/returnurl"
	"github.com/kassa-pay/kassa/internal/terms"
)

// prefixSession begins our ids of this family's sessions.
const prefixSession = "ps"

// maxCustomerName is how much of a buyer's name the core keeps with a customer, in characters.
const maxCustomerName = 100

// maxShown is how much of a description the buyer's bank shows, in characters.
const maxShown = 140

// paths are where the ids of a session stand in the request.
var paths = map[string]string{
	aliasInstrument: "instrument.instrumentId", aliasPayment: "payment.paymentId",
	aliasBuyer: "buyer.buyerId",
}

// createCheckout opens a session in which the buyer agrees and pays.
func (a *API) createCheckout(c *call) error { return a.create(c, typeCheckout) }

// createInstrument opens a session in which the buyer agrees, and pays nothing.
func (a *API) createInstrument(c *call) error { return a.create(c, typeInstrument) }

// opening is a session that a request asks for.
type opening struct {
	echo
	hooks   []pay.Hook
	maximum int64
	end     terms.Date
	// What is simulated, in test mode.
	agreement, paid fate
}

func (a *API) create(c *call, kind sessionType) error {
	var in sessionInput
	if err := c.decode(&in); err != nil {
		return err
	}
	o, err := a.read(c, &in, kind)
	if err != nil {
		return err
	}
	once := once(c, pay.Alias{Kind: aliasInstrument, ID: o.InstrumentID}, &in, a.created)
	_, reply, err := a.Pay.OpenSession(c.r.Context(), c.Caller, once, a.open(c, o))
	if err != nil {
		return taken(fields(err), paths[aliasInstrument], paths)
	}
	return c.reply(reply)
}

// read takes the fields of a checkout or instrument session.
func (a *API) read(c *call, in *sessionInput, kind sessionType) (*opening, error) {
	r := a.reader(c)
	o := &opening{}
	o.Type, o.SessionID = kind, newUUID(a.IDs)
	o.Deadline = a.Pay.Now(c.Caller).Add(a.TTL)
	r.session(c.Caller, in, &o.echo)
	r.instrument(in, o)
	switch {
	case kind == typeCheckout && in.Payment == nil:
		r.refuse(required("payment"))
	case kind == typeCheckout:
		r.payment("payment.", in.Payment, &o.echo)
		r.newInstrument(in.Payment)
		o.paid = in.Payment.Simulation.fate(&paymentSubject)
		r.attach(o, pay.ObjectPayment, r.hook("payment.merchantWebhooksUrl",
			in.Payment.MerchantWebhooksURL, in.MerchantWebhooksURL))
	case in.Payment != nil:
		r.refuse(bad("payment", "belongs to checkout and payment sessions."))
	}
	r.limits(o, in.Instrument, a)
	return o, r.wrong.err()
}

// session reads what every session has.
func (r *reader) session(c pay.Caller, in *sessionInput, e *echo) {
	e.ReturnURL = r.either("", "merchantReturnUrl", in.MerchantReturnURL, in.ReturnURL)
	if e.ReturnURL == "" {
		r.refuse(required("merchantReturnUrl"))
	} else {
		_ = r.wrong.add(wire.ReturnURL("merchantReturnUrl", e.ReturnURL, returnurl.Policy{
			AllowLoopbackHTTP: c.Mode == pay.Test,
			AnyOrigin:         c.Mode == pay.Test && len(c.ReturnOrigins) == 0,
			Origins:           c.ReturnOrigins,
		}))
	}
	r.buyer(in.Buyer, e)
	r.target("merchantWebhooksUrl", in.MerchantWebhooksURL)
}

// instrument reads what the buyer is to agree to.
func (r *reader) instrument(sin *sessionInput, o *opening) {
	const path = "instrument."
	in := sin.Instrument
	if in == nil {
		r.refuse(required("instrument"))
		return
	}
	if b := sin.Buyer; b != nil && b.Name == nil && b.BuyerName == nil {
		r.refuse(required("buyer.name"))
	}
	o.InstrumentID = r.id(path, "instrumentId", in.InstrumentID, in.ID)
	o.InstrumentType = instrumentType(r.either(path, "type", in.Type, in.InstrumentType))
	switch o.InstrumentType {
	case oneOff, ongoing:
	case "":
		r.refuse(required(path + "type"))
	default:
		r.refuse(bad(path+"type", "must be "+string(oneOff)+" or "+string(ongoing)+"."))
	}
	o.InstrumentData = r.data(path+"merchantDefinedData", in.MerchantDefinedData)
	r.simulates(path+"simulation", in.Simulation, &instrumentSubject)
	o.agreement = in.Simulation.agreement()
	r.attach(o, pay.ObjectMandate,
		r.hook(path+"merchantWebhooksUrl", in.MerchantWebhooksURL, sin.MerchantWebhooksURL))
}

// limits reads the bounds of an instrument.
func (r *reader) limits(o *opening, in *instrumentInput, a *API) {
	const field = "instrument.maximumAmount"
	if in == nil {
		return
	}
	o.maximum = a.Maximum
	if in.MaximumAmount != nil {
		o.maximum = r.amount(field, in.MaximumAmount)
	}
	o.end = r.date("instrument.expiryDate", in.ExpiryDate)
	switch {
	case in.MaximumAmount != nil && o.InstrumentType == oneOff && o.Amount > 0:
		r.refuse(bad(field, "belongs to Ongoing instruments: OneOff is for this payment alone."))
	case in.MaximumAmount != nil && o.maximum < o.Amount:
		r.refuse(bad(field, "must not be less than payment.amount."))
	case o.maximum < o.Amount && o.InstrumentType == ongoing:
		r.refuse(bad("payment.amount", "is more than an Ongoing instrument permits."))
	}
	t := termsOf(&o.echo, o.maximum, o.end, a.Pay.Now(pay.Caller{}))
	today := terms.DateOf(o.Deadline.In(t.Location()))
	if !o.end.IsZero() && o.end.Compare(today) < 0 {
		r.refuse(bad("instrument.expiryDate", "must not be over before the session is."))
	}
}

// newInstrument refuses another instrument's id in the payment of a checkout session.
func (r *reader) newInstrument(in *paymentInput) {
	if in.InstrumentID != nil {
		r.refuse(bad("payment.instrumentId",
			"belongs to payment sessions: this payment is made with the new instrument."))
	}
	r.simulates("payment.simulation", in.Simulation, &paymentSubject)
}

func (r *reader) attach(o *opening, kind pay.ObjectKind, address string) {
	if address != "" {
		o.hooks = append(o.hooks, pay.Hook{Kind: kind, URL: address})
	}
}

// open describes the session to the core.
func (a *API) open(c *call, o *opening) pay.OpenSession {
	now := a.Pay.Now(c.Caller)
	back := a.returnURL(o.SessionID)
	r := pay.OpenSession{
		Family: Family, IDPrefix: prefixSession, Echo: wire.Encode(o.echo), Amount: o.Amount,
		Currency: currency, Methods: []string{pay.MethodPayTo}, Verify: o.Type == typeInstrument,
		SuccessURL: back, CancelURL: back, ExpiresAt: o.Deadline, Series: pay.SeriesFirst,
		KnownAs:     &pay.Alias{Kind: aliasBuyer, ID: o.BuyerID},
		NewCustomer: &pay.Customer{Name: cut(o.BuyerName, maxCustomerName)},
		Hooks:       o.hooks,
		Aliases: []pay.Alias{
			{Kind: aliasSession, ID: o.SessionID}, {Kind: aliasInstrument, ID: o.InstrumentID},
		},
		Offer: pay.Offer{
			Terms: termsOf(&o.echo, o.maximum, o.end, now), CountFirst: true,
			Description: cut(o.Description, maxShown), OneTry: true,
			Rehearsal: rehearsed(o.agreement, o.paid),
		},
	}
	if o.PaymentID != "" {
		r.Aliases = append(r.Aliases, pay.Alias{Kind: aliasPayment, ID: o.PaymentID})
	}
	return r
}

func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}

// fields says an error of the core about a field with the field's name in this protocol.
func fields(err error) error {
	e := pay.AsError(err)
	if e == nil || coreFields[e.Param] == "" {
		return err
	}
	out := *e
	out.Param = coreFields[e.Param]
	return &out
}

var coreFields = map[string]string{
	"amount": "payment.amount", "success_url": "merchantReturnUrl", "name": "buyer.name",
	"customer": "buyer.buyerId", "offer.terms.end": "instrument.expiryDate",
}

// created makes the answer to a create.
func (a *API) created(s *pay.Session) any {
	e := echoOf(s.Family, s.Echo)
	return createdDoc{
		SessionID: e.SessionID, Status: sessionCreated, RedirectURL: a.launchURL(s, &e),
		CreatedAt: at(s.CreatedAt), UpdatedAt: at(s.CreatedAt),
	}
}

// createPayment pays with a saved instrument and opens a page for the buyer to watch it.
func (a *API) createPayment(c *call) error {
	var in sessionInput
	if err := c.decode(&in); err != nil {
		return err
	}
	r := a.reader(c)
	o := &opening{}
	o.Type, o.SessionID = typePayment, newUUID(a.IDs)
	o.Deadline = a.Pay.Now(c.Caller).Add(a.TTL)
	r.session(c.Caller, &in, &o.echo)
	if in.Instrument != nil {
		r.refuse(bad("instrument", "belongs to checkout and instrument sessions."))
	}
	if in.Payment == nil {
		r.refuse(required("payment"))
	} else {
		r.payment("payment.", in.Payment, &o.echo)
		o.InstrumentID = r.id("payment.", "instrumentId", in.Payment.InstrumentID, nil)
		r.simulates("payment.simulation", in.Payment.Simulation, &paymentSubject)
		r.attach(o, pay.ObjectPayment, r.hook("payment.merchantWebhooksUrl",
			in.Payment.MerchantWebhooksURL, in.MerchantWebhooksURL))
	}
	if err := r.wrong.err(); err != nil {
		return err
	}
	return a.chargeSession(c, &in, o)
}

func (a *API) chargeSession(c *call, in *sessionInput, o *opening) error {
	i, err := a.owned(c, o)
	if err != nil {
		return err
	}
	o.InstrumentType = i.echo.InstrumentType
	if err := a.prepare(c, i, o, in.Payment.Simulation); err != nil {
		return err
	}
	charge := i.charge(&o.echo, o.hooks)
	charge.IDPrefix, charge.SuccessURL = prefixSession, a.returnURL(o.SessionID)
	charge.Aliases = append(charge.Aliases, pay.Alias{Kind: aliasSession, ID: o.SessionID})
	once := once(c, pay.Alias{Kind: aliasPayment, ID: o.PaymentID}, in, a.created)
	_, reply, err := a.Pay.ChargeSession(c.r.Context(), c.Caller, once, charge)
	if err != nil {
		return taken(fields(err), paths[aliasPayment], paths)
	}
	return c.reply(reply)
}

// owned returns the instrument that a payment session names, which must be the buyer's.
func (a *API) owned(c *call, o *opening) (*instrument, error) {
	_, err := a.resolve(c, aliasBuyer, o.BuyerID)
	if pay.IsKind(err, pay.NotFound) {
		return nil, rule("buyer_unknown", "buyer.buyerId",
			"The buyer is not known: a buyer comes to be with a checkout or instrument session.")
	}
	if err != nil {
		return nil, err
	}
	i, err := a.instrument(c, o.InstrumentID)
	if pay.IsKind(err, pay.NotFound) || err == nil && i.echo.BuyerID != o.BuyerID {
		return nil, rule("instrument_not_of_buyer", "payment.instrumentId",
			"The buyer has no instrument of this id.")
	}
	return i, err
}

func (a *API) getSession(c *call) error {
	id, err := a.object(c, aliasSession)
	if err != nil {
		return err
	}
	s, err := a.Pay.Session(c.r.Context(), c.Caller, id)
	if err != nil {
		return err
	}
	e := echoOf(s.Family, s.Echo)
	status, since := e.status(&s, a.Pay.Now(c.Caller))
	doc := sessionDoc{
		SessionID: e.SessionID, Type: e.Type, Status: status, RedirectURL: a.launchURL(&s, &e),
		CreatedAt: at(s.CreatedAt), UpdatedAt: at(since), ExpiresAt: at(e.Deadline),
		Buyer: buyerDoc{BuyerID: e.BuyerID, Name: maybe(e.BuyerName)},
	}
	i, err := a.instrument(c, e.InstrumentID)
	if err != nil {
		return err
	}
	doc.Instrument = i.doc()
	if e.PaymentID != "" {
		if doc.Payment, err = a.paymentIn(c, &s, &e); err != nil {
			return err
		}
	}
	return c.show(http.StatusOK, doc)
}

// paymentIn returns the payment of a session, whether or not it was initiated.
func (a *API) paymentIn(c *call, s *pay.Session, e *echo) (*paymentDoc, error) {
	if s.PaymentID == "" {
		return e.payment(), nil
	}
	p, err := a.Pay.Payment(c.r.Context(), c.Caller, s.PaymentID)
	if err != nil {
		return nil, err
	}
	return paymentOf(&p), nil
}

// Paths of the buyer's browser: to a session's page, and back to the shop.
const (
	launchPath = "/payto"
	returnPath = "/payto/return"
)

// launchURL is where the buyer is sent. The key opens the page, the id is the one that the shop
// knows the session by.
func (a *API) launchURL(s *pay.Session, e *echo) string {
	q := url.Values{"key": {s.ID + "." + a.Pay.PageKey(s.ID)}}
	return a.BaseURL + launchPath + "?sessionId=" + e.SessionID + "&" + q.Encode()
}

// returnURL is where the page sends the buyer back to: here, because what is sent to the shop is to
// be there before the buyer. The core puts its id of the session in.
func (a *API) returnURL(uuid string) string {
	return a.BaseURL + returnPath + "?sessionId=" + uuid + "&session=" + placeholder
}

// placeholder is where the core puts its id of a session into a return address.
const placeholder = "{CHECKOUT_SESSION_ID}"

// backTo is the shop's own address, with the id that the shop knows the session by.
func (e *echo) backTo() string {
	return cmp.Or(returnurl.Substitute(e.ReturnURL, e.SessionID), strings.TrimSpace(e.ReturnURL))
}
