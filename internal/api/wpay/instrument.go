package wpay

import (
	"net/http"
	"time"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
)

// instrument is what a merchant calls by one id: first a session in which a buyer may agree, then
// the mandate that the buyer gave in it.
type instrument struct {
	echo    echo
	session pay.Session
	payment *pay.Payment // the latest attempt at agreeing; nil before the first
	mandate *pay.Mandate // nil before the buyer agreed
}

// instrument loads what the merchant calls so.
func (a *API) instrument(c *call, id string) (*instrument, error) {
	object, err := a.resolve(c, aliasInstrument, id)
	if err != nil {
		return nil, err
	}
	ctx := c.r.Context()
	i := &instrument{}
	if i.session, err = a.Pay.Session(ctx, c.Caller, object); err != nil {
		return nil, err
	}
	i.echo = echoOf(i.session.Family, i.session.Echo)
	if i.session.PaymentID != "" {
		p, err := a.Pay.Payment(ctx, c.Caller, i.session.PaymentID)
		if err != nil {
			return nil, err
		}
		i.payment = &p
	}
	given := i.session.MandateID
	if given == "" && i.payment != nil {
		given = i.payment.MandateID // the session is not complete before its payment is
	}
	if given == "" {
		return i, nil
	}
	m, err := a.Pay.Mandate(ctx, c.Caller, given)
	runOut(&m, a.Pay.Now(c.Caller))
	i.mandate = &m
	return i, err
}

// runOut ends a mandate that was used up when its last day is over: in this protocol it was Active
// until then, and the core has nothing left to end.
func runOut(m *pay.Mandate, now time.Time) {
	end := m.Terms.EndsAt()
	if m.State == pay.MandateCompleted && !end.IsZero() && !now.Before(end) {
		m.State, m.NetworkCode, m.UpdatedAt = pay.MandateExpired, codeExpired, end
	}
}

// status is where an instrument stands; "" before the buyer has named an account.
func (i *instrument) status() string {
	switch {
	case i.mandate != nil:
		return mandateStatus(i.mandate.State)
	case i.payment == nil:
		return ""
	case i.payment.Agreement == "", agreedNothing(i.payment):
		return ""
	case i.payment.State == pay.PaymentFailed, i.payment.State == pay.PaymentCanceled:
		return instrumentCancelled
	}
	return instrumentPending
}

// doc makes the document of an instrument.
func (i *instrument) doc() *instrumentDoc {
	if i.mandate != nil {
		return mandateDoc(i.mandate)
	}
	doc := i.echo.instrument(i.session.Offer.Terms)
	doc.Status = maybe(i.status())
	if i.payment == nil || i.status() == "" {
		return doc
	}
	doc.CreatedAt, doc.UpdatedAt = maybe(at(i.payment.CreatedAt)), maybe(at(i.payment.UpdatedAt))
	doc.label(i.payment.Payto)
	if i.status() == instrumentCancelled {
		doc.Reason = reasonOf(declined(i.payment))
	}
	return doc
}

// payable refuses a payment that the instrument is not for. A paused one is not refused: the
// network says no to it, because its buyer may resume it at any moment. path leads to the fields.
func (i *instrument) payable(path string, amount int64) error {
	switch status := i.status(); {
	case status == "":
		return rule("instrument_not_active", path+"instrumentId",
			"The buyer has not agreed to the instrument yet.")
	case status == instrumentPending, status == instrumentCancelled:
		return rule("instrument_not_active", path+"instrumentId",
			"The instrument is "+status+". Only an Active one can pay.")
	case i.mandate.Terms.Amount.Max > 0 && amount > i.mandate.Terms.Amount.Max:
		return rule("amount_over_maximum", path+"amount",
			"The amount is more than the maximum of the instrument.")
	}
	return nil
}

// charge describes a payment on the instrument to the core.
func (i *instrument) charge(e *echo, hooks []pay.Hook) pay.ChargeRequest {
	r := pay.ChargeRequest{
		Family: Family, Echo: wire.Encode(e), Amount: aud(e.Amount), MandateID: i.mandate.ID,
		Description: e.Description, Recorded: true,
		Aliases: []pay.Alias{{Kind: aliasPayment, ID: e.PaymentID}},
	}
	for _, h := range hooks {
		r.Hook = h.URL
	}
	return r
}

// maxWallet is how many instruments a buyer's wallet shows.
const maxWallet = 100

// walletDoc is what a buyer saved.
type walletDoc struct {
	BuyerID     string           `json:"buyerId"`
	Instruments []*instrumentDoc `json:"instruments"`
}

func (a *API) getWallet(c *call) error {
	doc := walletDoc{BuyerID: c.r.PathValue("buyerId"), Instruments: []*instrumentDoc{}}
	customer, err := a.object(c, aliasBuyer)
	if pay.IsKind(err, pay.NotFound) {
		return c.show(http.StatusOK, doc) // nobody has saved anything under an id not seen yet
	}
	if err != nil {
		return err
	}
	f := pay.MandateFilter{
		Page: pay.Page{Limit: maxWallet}, CustomerID: customer,
		States: []pay.MandateState{pay.MandateActive, pay.MandatePaused},
	}
	for more := true; more; {
		var some []pay.Mandate
		some, more, err = a.Pay.Mandates(c.r.Context(), c.Caller, f)
		if err != nil {
			return err
		}
		for j := range some {
			f.After = some[j].ID
			if e := echoOf(some[j].Family, some[j].Echo); e.InstrumentType == ongoing {
				doc.Instruments = append(doc.Instruments, mandateDoc(&some[j]))
			}
		}
	}
	return c.show(http.StatusOK, doc)
}

func (a *API) getInstrument(c *call) error {
	i, err := a.instrument(c, c.r.PathValue("instrumentId"))
	if err != nil {
		return err
	}
	return c.show(http.StatusOK, i.doc())
}

// cancelInput is the body of a cancel, if it has one.
type cancelInput struct {
	BuyerID *string `json:"buyerId"`
}

// cancelInstrument ends an instrument for good: the buyer's permission, or the question for it.
func (a *API) cancelInstrument(c *call) error {
	var in cancelInput
	if err := wire.DecodeOptional(c.w, c.r, &in); err != nil {
		return err
	}
	id := c.r.PathValue("instrumentId")
	i, err := a.instrument(c, id)
	if err != nil {
		return err
	}
	if in.BuyerID != nil && *in.BuyerID != i.echo.BuyerID {
		return rule("instrument_not_of_buyer", "buyerId", "The buyer has no instrument of this id.")
	}
	if err := a.cancel(c, i, &in); err != nil {
		return err
	}
	if i, err = a.instrument(c, id); err != nil {
		return err
	}
	return c.show(http.StatusOK, i.doc())
}

// cancel ends an instrument, once for each request: a repeat under the same request id is answered
// as the first one, whatever became of that.
func (a *API) cancel(c *call, i *instrument, in *cancelInput) (err error) {
	switch {
	case i.mandate != nil && i.mandate.State == pay.MandateCompleted:
		return rule("instrument_used", "",
			"There is nothing to cancel: the instrument was for one payment, which was made.")
	case i.mandate != nil:
		o := onceCancelled(c, i.echo.InstrumentID, in,
			func(m *pay.Mandate) any { return mandateDoc(m) })
		_, _, err = a.Pay.CancelMandate(c.r.Context(), c.Caller, o, i.mandate.ID)
	case i.status() != "":
		err = a.withdraw(c, i, in)
	default:
		return rule("instrument_not_active", "",
			"There is nothing to cancel: the buyer has not named an account yet.")
	}
	if i.status() == instrumentCancelled && pay.IsKind(err, pay.State) {
		return pay.Errorf(pay.Conflict, "instrument_cancelled", "The instrument is Cancelled already.")
	}
	return err
}

// withdraw takes back the question for the buyer's permission, and with it the session: an
// instrument that was cancelled does not come to life.
func (a *API) withdraw(c *call, i *instrument, in *cancelInput) error {
	ctx := c.r.Context()
	o := onceCancelled(c, i.echo.InstrumentID, in,
		func(p *pay.Payment) any { return paymentOf(p) })
	p, reply, err := a.Pay.CancelPayment(ctx, c.Caller, o, i.payment.ID)
	gone := reply.Replayed || p.State == pay.PaymentCanceled || p.State == pay.PaymentFailed
	if err != nil || !gone {
		return err // the buyer was faster
	}
	_, _, err = a.Pay.CancelSession(ctx, c.Caller, nil, i.session.ID)
	if reply.Replayed && pay.IsKind(err, pay.State) {
		return nil // the first request saw to it
	}
	return err
}
