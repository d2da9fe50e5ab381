package collect

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
)

// Family is this family's name in stored objects.
const Family = "collect"

// maxAmount is the largest amount of a session, in minor units.
const maxAmount = 99_999_999

// sessionInput is the body of a create. The ids at the top level are another place for those of a
// next_in_series session.
type sessionInput struct {
	Amount            int64              `json:"amount" wire:"required"`
	Currency          string             `json:"currency" wire:"required"`
	Type              *string            `json:"type"`
	Options           *optionsInput      `json:"options"`
	CustomerID        *string            `json:"customer_id"`
	PaymentMethodID   *string            `json:"payment_method_id"`
	Metadata          *map[string]string `json:"metadata"`
	ExternalReference *string            `json:"external_reference"`
}

// echo is what this family keeps with a session and its payment, and nobody else reads.
type echo struct {
	ExternalReference string  `json:"external_reference,omitempty"`
	ReturnURL         *string `json:"return_url,omitempty"`
}

// echoOf reads what an object of this family carries; one of another family carries nothing.
func echoOf(raw []byte) (e echo) {
	_ = json.Unmarshal(raw, &e) // ours, or nothing
	return e
}

func (in *sessionInput) echo() []byte {
	e := echo{ExternalReference: wire.Value(in.ExternalReference)}
	if in.Options != nil && in.Options.CheckoutOptions != nil {
		e.ReturnURL = in.Options.CheckoutOptions.ReturnURL
	}
	return wire.Encode(e)
}

func (in *sessionInput) sessionType() string {
	if in.Type == nil {
		return typeOneTime
	}
	return *in.Type
}

func (a *API) createSession(c *call) error {
	var in sessionInput
	if err := wire.Decode(c.w, c.r, &in); err != nil {
		return err
	}
	if in.Options == nil {
		in.Options = &optionsInput{}
	}
	if err := first(in.validate(), in.mayOpen(c.Caller)); err != nil {
		return err
	}
	if in.sessionType() == typeNext {
		return a.chargeSession(c, &in)
	}
	return a.openSession(c, &in)
}

// validate checks what every type of session has in common, and that no type has what only another
// one knows.
func (in *sessionInput) validate() error {
	kind := in.sessionType()
	if kind != typeOneTime && kind != typeFirst && kind != typeNext {
		return bad("type", "must be %s, %s or %s.", typeOneTime, typeFirst, typeNext)
	}
	if in.Amount < 0 || in.Amount > maxAmount {
		return bad("amount", "must be between 0 and %d minor units.", maxAmount)
	}
	in.Currency = strings.ToUpper(in.Currency)
	return first(
		checkReference(in.ExternalReference),
		checkMetadata("metadata", wire.Value(in.Metadata)),
		in.Options.only(kind),
		in.topLevel(kind),
	)
}

// topLevel refuses ids at the top level where nothing is charged.
func (in *sessionInput) topLevel(kind string) error {
	for _, f := range []struct {
		name  string
		given bool
	}{
		{"customer_id", in.CustomerID != nil}, {"payment_method_id", in.PaymentMethodID != nil},
	} {
		if f.given && kind != typeNext {
			return &pay.Error{Kind: pay.Invalid, Code: codeUnknown, Param: f.name, Message: f.name +
				" belongs to sessions of the type " + typeNext + "; elsewhere it stands in options."}
		}
	}
	return nil
}

// mayOpen keeps a publishable key, which may be in anybody's hands, from charging and from showing
// what a customer saved.
func (in *sessionInput) mayOpen(c pay.Caller) error {
	o := in.Options
	if in.sessionType() != typeNext && o.CustomerID == nil {
		return nil
	}
	return wire.SecretKey(c)
}

func (a *API) openSession(c *call, in *sessionInput) error {
	request, err := in.open(a.pay.Now(c.Caller))
	if err != nil {
		return err
	}
	o, err := once(c, in, http.StatusCreated, a.enc.created)
	if err != nil {
		return err
	}
	_, reply, err := a.pay.OpenSession(c.r.Context(), c.Caller, o, request)
	return c.reply(reply, renamed(err, in.Options.path))
}

// open describes the session to the core.
func (in *sessionInput) open(now time.Time) (pay.OpenSession, error) {
	o := in.Options
	if err := o.validate(in); err != nil {
		return pay.OpenSession{}, err
	}
	offer, err := in.offer(now)
	if err != nil {
		return pay.OpenSession{}, err
	}
	r := pay.OpenSession{
		Family: Family, IDPrefix: prefixSession, Echo: in.echo(), Amount: in.Amount,
		Currency: in.Currency, Capture: o.capture(), CustomerID: wire.Value(o.CustomerID),
		SuccessURL: o.successURL(), Metadata: wire.Value(in.Metadata), Verify: in.Amount == 0,
		Offer: offer,
	}
	if in.sessionType() == typeFirst {
		r.Series = pay.SeriesFirst
	}
	if r.Verify {
		r.Capture = "" // there is nothing to take later
	}
	r.Methods = in.methods(r.Capture)
	if cu := o.Customer; cu != nil {
		r.NewCustomer = &pay.Customer{Name: cu.Name, Email: cu.Email, Phone: wire.Value(cu.Phone)}
	}
	return r, nil
}

// methods returns by what a session can be paid; nil for whatever there is. Money is held on cards
// alone, and only what can be verified is of use where no money is taken.
func (in *sessionInput) methods(capture pay.CaptureMode) []string {
	switch {
	case capture == pay.CaptureManual:
		return []string{pay.MethodCard}
	case in.Amount == 0 && in.Currency == currencyPayTo:
		return []string{pay.MethodCard, pay.MethodPayTo}
	case in.Amount == 0:
		return []string{pay.MethodCard}
	}
	return nil
}

// currencyPayTo is the one in which agreements at a bank are made.
const currencyPayTo = "AUD"

// chargeSession makes the one payment of a next_in_series session at once.
func (a *API) chargeSession(c *call, in *sessionInput) error {
	o := in.Options
	customer, cerr := either("customer_id", o.CustomerID, in.CustomerID)
	method, merr := either("payment_method_id", o.PaymentMethodID, in.PaymentMethodID)
	if err := first(cerr, merr, positive("amount", &in.Amount), o.PaymentMethodOptions.validate(),
		o.PaymentMethodOptions.noSaving()); err != nil {
		return err
	}
	once, err := once(c, in, http.StatusCreated, a.enc.created)
	if err != nil {
		return err
	}
	_, reply, err := a.pay.ChargeSession(c.r.Context(), c.Caller, once, pay.ChargeRequest{
		Family: Family, IDPrefix: prefixSession, Echo: in.echo(),
		Amount:  money.Amount{Minor: in.Amount, Currency: in.Currency},
		Capture: o.capture(), CustomerID: customer, MethodID: method,
		MandateID: wire.Value(o.MandateID), Metadata: wire.Value(in.Metadata),
	})
	return c.reply(reply, renamed(err, chargePath))
}

// either returns an id that may stand in one of two places, or in both if they agree.
func either(name string, inOptions, onTop *string) (string, error) {
	field := "options." + name
	switch {
	case inOptions != nil && onTop != nil && *inOptions != *onTop:
		return "", bad(name, "differs from %s: give it once.", field)
	case inOptions != nil:
		return *inOptions, checkID(field, *inOptions)
	case onTop != nil:
		return *onTop, checkID(name, *onTop)
	}
	return "", required(field)
}

func checkID(field, id string) error {
	if !wire.IsID(id) {
		return &pay.Error{Kind: pay.NotFound, Code: codeNone, Param: field,
			Message: field + " names nothing in this account and mode."}
	}
	return nil
}

func (a *API) listSessions(c *call) error {
	q := c.query()
	f := pay.SessionFilter{
		Page: q.Page(), States: wire.Choice(q, "status", sessionWords),
		CustomerID: q.String("customer_id", maxID), Family: Family,
	}
	now := a.pay.Now(c.Caller)
	return page(c, f, a.pay.Sessions, func(s *pay.Session) any { return a.enc.session(s, now) })
}

func (a *API) getSession(c *call) error {
	s, err := a.session(c)
	if err != nil {
		return err
	}
	return c.show(a.enc.withToken(&s, a.pay.Now(c.Caller)))
}

// session loads the path's session. Those of other families are none of this one's.
func (a *API) session(c *call) (pay.Session, error) {
	const noun = "payment session"
	id, err := c.id(noun)
	if err != nil {
		return pay.Session{}, err
	}
	s, err := a.pay.Session(c.r.Context(), c.Caller, id)
	if err == nil && s.Family != Family {
		err = missing(noun, id)
	}
	return s, orMissing(err, noun, id)
}

func (a *API) cancelSession(c *call) error {
	var in nothing
	if err := wire.DecodeOptional(c.w, c.r, &in); err != nil {
		return err
	}
	s, err := a.session(c)
	if err != nil {
		return err
	}
	o, err := once(c, &in, http.StatusOK, a.enc.changed)
	if err != nil {
		return err
	}
	_, reply, err := a.pay.CancelSession(c.r.Context(), c.Caller, o, s.ID)
	return c.reply(reply, err)
}

// withSessionID adds the session to the address that the payer comes back to, and leaves what is
// there as it is. The core puts the id in.
func withSessionID(raw string) string {
	if raw == "" || strings.Contains(raw, sessionPlaceholder) {
		return raw
	}
	u, err := url.Parse(raw)
	if err != nil || u.Query().Has("session_id") {
		return raw // the core says what is wrong with it
	}
	address, fragment, hasFragment := strings.Cut(raw, "#")
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	address += separator + "session_id=" + sessionPlaceholder
	if hasFragment {
		address += "#" + fragment
	}
	return address
}

// sessionPlaceholder is where the core puts the session's id into a return address.
const sessionPlaceholder = "{CHECKOUT_SESSION_ID}"
