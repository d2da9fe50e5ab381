package checkout

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
)

// The protocol whose sessions and agreements have ids of their merchant's or of their own making,
// and the kinds of them by which an agreement can be found.
const (
	otherFamily  = "wpay"
	aliasSession = "session"
)

var agreementAliases = []string{aliasSession, "instrument", "payment"}

// maxAlias is how long an id of another protocol can be, in bytes.
const maxAlias = 512

// accountInput names an account of the payer: a PayID, or a BSB and an account number.
type accountInput struct {
	PayID   *string `json:"payid"`
	BSB     *string `json:"bsb"`
	Account *string `json:"account"`
}

func (in *accountInput) payto() pay.PaytoInput {
	return pay.PaytoInput{
		PayID: wire.Value(in.PayID), BSB: wire.Value(in.BSB), Account: wire.Value(in.Account),
	}
}

// alias returns the path's id, which may be of another protocol. What cannot be an id there is as
// unknown as one that nobody has.
func (c *call) alias() (string, error) {
	id := c.r.PathValue("id")
	if id == "" || len(id) > maxAlias || !utf8.ValidString(id) ||
		strings.ContainsFunc(id, unicode.IsControl) {
		return "", notFound
	}
	return id, nil
}

// sessionAlias returns the path's id of a session, which may be the one that another protocol gave
// it: a UUID, which none of ours looks like.
func (a *API) sessionAlias(c *call) (string, error) {
	if !strings.Contains(c.r.PathValue("id"), "-") {
		return c.id("id")
	}
	id, err := c.alias()
	if err != nil {
		return "", err
	}
	return a.pay.Resolve(c.r.Context(), c.Caller, otherFamily, aliasSession, strings.ToLower(id))
}

// listAgreements shows what all payers see in their banks, on one page.
func (a *API) listAgreements(c *call) error {
	q := wire.Query(c.r)
	if err := q.Err(); err != nil {
		return err
	}
	agreements, err := a.pay.Agreements(c.r.Context(), c.Caller)
	if err != nil {
		return err
	}
	return showList(c, agreements, false, appendAgreement)
}

// decide plays a payer who does something with an agreement in the bank's app.
func (a *API) decide(do pay.BankAction) handler {
	return func(c *call) error {
		var in nothing
		if err := wire.DecodeOptional(c.w, c.r, &in); err != nil {
			return err
		}
		return a.showDecision(c, pay.BankDecision{Do: do})
	}
}

// moveAgreement plays a payer who has the agreement draw on another account from now on.
func (a *API) moveAgreement(c *call) error {
	var in accountInput
	if err := wire.DecodeOptional(c.w, c.r, &in); err != nil {
		return err
	}
	to, err := a.pay.ResolvePayID(c.r.Context(), c.Caller, in.payto())
	if err != nil {
		return onTop(err)
	}
	return a.showDecision(c, pay.BankDecision{Do: pay.BankMove, To: &to})
}

// onTop says an error about a payment method that was not nested in a body.
func onTop(err error) error {
	e := pay.AsError(err)
	if e == nil || !strings.HasPrefix(e.Param, "payment_method.") {
		return err
	}
	out := *e
	out.Param = strings.TrimPrefix(e.Param, "payment_method.")
	return &out
}

func (a *API) showDecision(c *call, d pay.BankDecision) error {
	id, err := c.alias()
	if err != nil {
		return err
	}
	g, err := a.pay.DecideAgreement(c.r.Context(), c.Caller, id, d)
	for _, kind := range agreementAliases {
		if !pay.IsKind(err, pay.NotFound) {
			break
		}
		object, missing := a.pay.Resolve(c.r.Context(), c.Caller, otherFamily, kind, id)
		if missing == nil {
			g, err = a.pay.DecideAgreement(c.r.Context(), c.Caller, object, d)
		}
	}
	return show(c, &g, err, appendAgreement)
}

// paytoKeys are those that payments by PayTo have beside all others.
func paytoKeys(o *object, p *pay.Payment) {
	if p.Payto == nil {
		return
	}
	o.nested("payto", func(buf []byte) []byte { return appendPayto(buf, p.Payto) })
	o.maybe("agreement", p.Agreement)
	o.maybe("network_code", p.NetworkCode)
}

// appendPayto appends an account as others may see it.
func appendPayto(buf []byte, p *pay.Payto) []byte {
	o := begin(buf)
	o.text("type", string(p.Kind))
	o.maybe("payid_type", string(p.PayIDType))
	o.text("label", p.ID().Masked())
	o.maybe("name", p.Name)
	return o.end()
}

// agreementWord is this family's word for where an agreement stands.
func agreementWord(s pay.AgreementState) string {
	if s == pay.AgreementCancelled {
		return "canceled"
	}
	return string(s)
}

func appendAgreement(buf []byte, g *pay.Agreement) []byte {
	o := begin(buf)
	o.text("id", g.Token)
	o.text("object", "test_helpers.agreement")
	o.text("status", agreementWord(g.State))
	o.maybe("payment", g.PaymentID)
	o.text("merchant", g.Merchant)
	o.text("description", g.Description)
	o.text("currency", g.Currency)
	o.nested("terms", func(buf []byte) []byte { return appendTerms(buf, &g.Terms) })
	o.nested("payto", func(buf []byte) []byte { return appendPayto(buf, &g.Payto) })
	o.maybe("changed_by", string(g.By))
	o.maybe("network_code", g.NetworkCode)
	if g.State == pay.AgreementPending {
		o.maybeTime("expires_at", g.Deadline)
	} else {
		o.null("expires_at")
	}
	amendmentKey(&o, g.Amendment)
	o.time("created_at", g.CreatedAt)
	o.time("updated_at", g.UpdatedAt)
	return o.end()
}
