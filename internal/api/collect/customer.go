package collect

import (
	"net/http"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
)

// customerInput is the body of a create.
type customerInput struct {
	Name     *string            `json:"name"`
	Email    *string            `json:"email"`
	Phone    *string            `json:"phone"`
	Metadata *map[string]string `json:"metadata"`
}

const (
	nounCustomer = "customer"
	nounMethod   = "payment method"
)

func (a *API) createCustomer(c *call) error {
	var in customerInput
	if err := wire.Decode(c.w, c.r, &in); err != nil {
		return err
	}
	if err := first(checkPhone("phone", in.Phone),
		checkMetadata("metadata", wire.Value(in.Metadata))); err != nil {
		return err
	}
	o, err := once(c, &in, http.StatusCreated, customerOf)
	if err != nil {
		return err
	}
	_, reply, err := a.pay.CreateCustomer(c.r.Context(), c.Caller, o, pay.Customer{
		Name: wire.Value(in.Name), Email: wire.Value(in.Email), Phone: wire.Value(in.Phone),
		Metadata: wire.Value(in.Metadata),
	})
	return c.reply(reply, err)
}

func (a *API) listCustomers(c *call) error {
	q := c.query()
	f := pay.CustomerFilter{Page: q.Page(), Email: q.String("email", maxFilter)}
	return page(c, f, a.pay.Customers, customerOf)
}

func (a *API) getCustomer(c *call) error {
	id, err := c.id(nounCustomer)
	if err != nil {
		return err
	}
	cu, err := a.pay.Customer(c.r.Context(), c.Caller, id)
	if err != nil {
		return orMissing(err, nounCustomer, id)
	}
	return c.show(customerOf(&cu))
}

func (a *API) listMethods(c *call) error {
	q := wire.Query(c.r)
	f := pay.MethodFilter{Page: q.Page(), CustomerID: q.String("customer_id", maxID)}
	if err := q.Err(); err != nil {
		return err
	}
	if f.CustomerID == "" {
		return required("customer_id")
	}
	methods, more, err := a.pay.SavedMethods(c.r.Context(), c.Caller, f)
	if err != nil {
		return err
	}
	return showList(c, methods, more, methodOf)
}

func (a *API) getMethod(c *call) error {
	id, err := c.id(nounMethod)
	if err != nil {
		return err
	}
	m, err := a.pay.SavedMethod(c.r.Context(), c.Caller, id)
	if err != nil {
		return orMissing(err, nounMethod, id)
	}
	return c.show(methodOf(&m))
}

func (a *API) detachMethod(c *call) error {
	var in nothing
	id, err := c.open(nounMethod, &in)
	if err != nil {
		return err
	}
	o, err := once(c, &in, http.StatusOK, methodOf)
	if err != nil {
		return err
	}
	_, reply, err := a.pay.DetachMethod(c.r.Context(), c.Caller, o, id)
	return c.reply(reply, orMissing(err, nounMethod, id))
}
