package wpay

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/terms"
)

// Limits of what a request says, in characters, cents and bytes.
const (
	maxID          = 128
	maxName        = 140
	maxReference   = 35
	maxDescription = 280
	maxAmount      = 100_000_000
	maxData        = 4096
)

// sessionInput is the body of a create. A webhook address at the top is that of every object in the
// body which has none of its own.
type sessionInput struct {
	MerchantReturnURL   *string          `json:"merchantReturnUrl"`
	ReturnURL           *string          `json:"returnUrl"`
	Buyer               *buyerInput      `json:"buyer"`
	Instrument          *instrumentInput `json:"instrument"`
	Payment             *paymentInput    `json:"payment"`
	MerchantWebhooksURL *string          `json:"merchantWebhooksUrl"`
}

type buyerInput struct {
	BuyerID   *string `json:"buyerId"`
	ID        *string `json:"id"`
	Name      *string `json:"name"`
	BuyerName *string `json:"buyerName"`
}

type instrumentInput struct {
	InstrumentID        *string          `json:"instrumentId"`
	ID                  *string          `json:"id"`
	Type                *string          `json:"type"`
	InstrumentType      *string          `json:"instrumentType"`
	MaximumAmount       *int64           `json:"maximumAmount"`
	ExpiryDate          *string          `json:"expiryDate"`
	MerchantWebhooksURL *string          `json:"merchantWebhooksUrl"`
	MerchantDefinedData *json.RawMessage `json:"merchantDefinedData"`
	Simulation          *simulationInput `json:"simulation"`
}

// paymentInput is a payment of a session, and the body of a payment without one.
type paymentInput struct {
	PaymentID           *string          `json:"paymentId"`
	ID                  *string          `json:"id"`
	InstrumentID        *string          `json:"instrumentId"`
	Amount              *int64           `json:"amount"`
	Reference           *string          `json:"reference"`
	Description         *string          `json:"description"`
	CreditorReference   *string          `json:"creditorReference"`
	MerchantWebhooksURL *string          `json:"merchantWebhooksUrl"`
	MerchantDefinedData *json.RawMessage `json:"merchantDefinedData"`
	Simulation          *simulationInput `json:"simulation"`
}

type refundInput struct {
	RefundID            *string          `json:"refundId"`
	ID                  *string          `json:"id"`
	Amount              *int64           `json:"amount"`
	Reference           *string          `json:"reference"`
	Description         *string          `json:"description"`
	MerchantWebhooksURL *string          `json:"merchantWebhooksUrl"`
	MerchantDefinedData *json.RawMessage `json:"merchantDefinedData"`
	Simulation          *simulationInput `json:"simulation"`
}

// A reader takes the fields of a request and collects what is wrong with them.
type reader struct {
	wrong faults
	mode  pay.Mode
	check func(mode pay.Mode, rawURL string) error
}

func (a *API) reader(c *call) *reader { return &reader{mode: c.Mode, check: a.CheckTarget} }

func (r *reader) refuse(err error) { _ = r.wrong.add(err) } // about a field, always

// either returns a field that has two names. path leads to the object that it is in.
func (r *reader) either(path, name string, a, b *string) string {
	switch {
	case a != nil && b != nil && *a != *b:
		r.refuse(bad(path+name, "is given twice, under two names that differ."))
	case a == nil:
		a = b
	}
	return wire.Value(a)
}

// id reads an id of the merchant's own, which must be there.
func (r *reader) id(path, name string, a, b *string) string {
	id := r.either(path, name, a, b)
	switch {
	case id == "":
		r.refuse(required(path + name))
	case !wire.Plain(id, maxID) || len(id) > maxID:
		r.refuse(bad(path+name,
			fmt.Sprintf("must have 1 to %d bytes, none of them a control character.", maxID)))
	case id == ".", id == "..":
		r.refuse(bad(path+name, "must not be a dot or two, which mean a folder in an address."))
	}
	return id
}

// ascii reads a text that may be missing and is printable ASCII.
func (r *reader) ascii(field string, text *string, most int) *string {
	if text != nil && (len(*text) > most || *text == "" || !printableASCII(*text)) {
		r.refuse(bad(field, fmt.Sprintf("must have 1 to %d printable ASCII characters.", most)))
	}
	return text
}

func (r *reader) description(field string, text *string) string {
	if text != nil && !wire.Plain(*text, maxDescription) {
		r.refuse(bad(field, fmt.Sprintf(
			"must have 1 to %d characters, none of them a control character.", maxDescription)))
	}
	return wire.Value(text)
}

func (r *reader) amount(field string, amount *int64) int64 {
	switch {
	case amount == nil:
		r.refuse(required(field))
	case *amount < 1 || *amount > maxAmount:
		r.refuse(bad(field, "must be from 1 to "+strconv.Itoa(maxAmount)+" cents."))
	}
	return wire.Value(amount)
}

// hook reads the address of webhooks: the object's own, else the one for the whole body.
func (r *reader) hook(field string, own, whole *string) string {
	if own == nil {
		return wire.Value(whole) // judged where it stands
	}
	r.target(field, own)
	return *own
}

func (r *reader) target(field string, address *string) {
	if address == nil {
		return
	}
	if err := r.check(r.mode, *address); err != nil {
		r.refuse(bad(field, err.Error()+"."))
	}
}

// data reads what a merchant attaches: an object, kept as it is.
func (r *reader) data(field string, raw *json.RawMessage) json.RawMessage {
	switch {
	case raw == nil:
		return nil
	case len(*raw) == 0 || (*raw)[0] != '{':
		r.refuse(bad(field, "must be an object."))
	case len(*raw) > maxData:
		r.refuse(bad(field, fmt.Sprintf("must not have more than %d bytes.", maxData)))
	}
	return *raw
}

// date reads a day that may be missing.
func (r *reader) date(field string, text *string) (d terms.Date) {
	if text == nil {
		return d
	}
	d, err := terms.ParseDate(*text)
	if err != nil {
		r.refuse(bad(field, "must be a day, as in 2026-10-31."))
	}
	return d
}

// buyer reads who pays.
func (r *reader) buyer(in *buyerInput, e *echo) {
	if in == nil {
		r.refuse(required("buyer"))
		return
	}
	e.BuyerID = r.id("buyer.", "buyerId", in.BuyerID, in.ID)
	e.BuyerName = r.either("buyer.", "name", in.Name, in.BuyerName)
	name := &e.BuyerName
	if in.Name == nil && in.BuyerName == nil {
		name = nil
	}
	r.ascii("buyer.name", name, maxName)
}

// payment reads what is paid. path leads to the object that it is in.
func (r *reader) payment(path string, in *paymentInput, e *echo) {
	e.PaymentID = r.id(path, "paymentId", in.PaymentID, in.ID)
	e.Amount = r.amount(path+"amount", in.Amount)
	e.Reference = r.ascii(path+"reference", in.Reference, maxReference)
	e.CreditorReference = r.ascii(path+"creditorReference", in.CreditorReference, maxReference)
	e.Description = r.description(path+"description", in.Description)
	if in.Description == nil {
		e.Description = "Payment " + e.called()
	}
	e.Data = r.data(path+"merchantDefinedData", in.MerchantDefinedData)
}

// called is what the merchant calls a payment to its buyer.
func (e *echo) called() string {
	if e.Reference != nil {
		return *e.Reference
	}
	return e.PaymentID
}
