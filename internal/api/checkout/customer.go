package checkout

import (
	"net/http"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
)

// maxFilter bounds a text that a list is narrowed by, in characters.
const maxFilter = 254

// customerInput is the body of a create and of an update. An update leaves what is not given and
// clears what is null; metadata is replaced as a whole.
type customerInput struct {
	Email          wire.Null[string]            `json:"email,omitzero"`
	Name           wire.Null[string]            `json:"name,omitzero"`
	Phone          wire.Null[string]            `json:"phone,omitzero"`
	Metadata       wire.Null[map[string]string] `json:"metadata,omitzero"`
	IdempotencyKey *string                      `json:"idempotency_key"`
}

func (in *customerInput) key() *string { return in.IdempotencyKey }

func (in *customerInput) tags() map[string]string { return in.Metadata.Value }

func (a *API) createCustomer(c *call) error {
	var in customerInput
	if err := wire.DecodeOptional(c.w, c.r, &in); err != nil {
		return err
	}
	o, err := once(c, &in, http.StatusCreated, appendCustomer)
	if err != nil {
		return err
	}
	_, reply, err := a.pay.CreateCustomer(c.r.Context(), c.Caller, o, pay.Customer{
		Email: in.Email.Value, Name: in.Name.Value, Phone: in.Phone.Value,
		Metadata: in.Metadata.Value,
	})
	return c.reply(reply, err)
}

func (a *API) updateCustomer(c *call) error {
	var in customerInput
	id, err := c.open(&in)
	if err != nil {
		return err
	}
	o, err := once(c, &in, http.StatusOK, appendCustomer)
	if err != nil {
		return err
	}
	_, reply, err := a.pay.UpdateCustomer(c.r.Context(), c.Caller, o, id, pay.CustomerPatch{
		Email: patch(in.Email), Name: patch(in.Name), Phone: patch(in.Phone),
		Metadata: patch(in.Metadata),
	})
	return c.reply(reply, err)
}

func (a *API) deleteCustomer(c *call) error {
	var in bare
	id, err := c.open(&in)
	if err != nil {
		return err
	}
	o, err := once(c, &in, http.StatusOK, func(buf []byte, cu *pay.Customer) []byte {
		return appendDeleted(buf, cu.ID, "customer")
	})
	if err != nil {
		return err
	}
	_, reply, err := a.pay.DeleteCustomer(c.r.Context(), c.Caller, o, id)
	return c.reply(reply, err)
}

func (a *API) listCustomers(c *call) error {
	q := c.query()
	f := pay.CustomerFilter{Page: q.Page(), Email: q.String("email", maxFilter)}
	return page(c, f, a.pay.Customers, appendCustomer)
}

func (a *API) getCustomer(c *call) error {
	id, err := c.id("id")
	if err != nil {
		return err
	}
	cu, err := a.pay.Customer(c.r.Context(), c.Caller, id)
	return show(c, &cu, err, appendCustomer)
}
