package checkout

import (
	"fmt"
	"net/http"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
)

// endpointInput is the body of a create.
type endpointInput struct {
	URL            string   `json:"url" wire:"required"`
	Events         []string `json:"events" wire:"required"`
	Description    *string  `json:"description"`
	IdempotencyKey *string  `json:"idempotency_key"`
}

func (in *endpointInput) key() *string { return in.IdempotencyKey }

// endpointPatch is the body of an update, which leaves what is not given.
type endpointPatch struct {
	URL            *string           `json:"url"`
	Events         *[]string         `json:"events"`
	Description    wire.Null[string] `json:"description,omitzero"`
	Status         *string           `json:"status"`
	IdempotencyKey *string           `json:"idempotency_key"`
}

func (in *endpointPatch) key() *string { return in.IdempotencyKey }

func (a *API) createEndpoint(c *call) error {
	var in endpointInput
	if err := wire.Decode(c.w, c.r, &in); err != nil {
		return err
	}
	if err := a.checkEndpoint(c.Mode, &in.URL, in.Events); err != nil {
		return err
	}
	o, err := once(c, &in, http.StatusCreated, appendWithSecret)
	if err != nil {
		return err
	}
	_, reply, err := a.pay.CreateEndpoint(c.r.Context(), c.Caller, o, pay.NewEndpoint{
		Family: Family, URL: in.URL, Description: wire.Value(in.Description), Events: in.Events,
	})
	return c.reply(reply, err)
}

// checkEndpoint judges what only this family and the operator's policy know of an endpoint.
func (a *API) checkEndpoint(mode pay.Mode, url *string, events []string) error {
	for i, name := range events {
		if !knownEvent(name) {
			param := fmt.Sprintf("events[%d]", i)
			return pay.BadParam(param, codeInvalid, "%s is not the name of an event.", param)
		}
	}
	if url == nil {
		return nil
	}
	if err := a.checkTarget(mode, *url); err != nil {
		return pay.BadParam("url", codeInvalid, "The url %s.", err)
	}
	return nil
}

func (a *API) updateEndpoint(c *call) error {
	var in endpointPatch
	id, err := c.open(&in)
	if err != nil {
		return err
	}
	if err := a.checkEndpoint(c.Mode, in.URL, wire.Value(in.Events)); err != nil {
		return err
	}
	enabled, err := in.enabled()
	if err != nil {
		return err
	}
	o, err := once(c, &in, http.StatusOK, appendKnown)
	if err != nil {
		return err
	}
	_, reply, err := a.pay.UpdateEndpoint(c.r.Context(), c.Caller, o, id, pay.EndpointPatch{
		URL: in.URL, Events: in.Events, Description: patch(in.Description), Enabled: enabled,
	})
	return c.reply(reply, err)
}

func (in *endpointPatch) enabled() (*bool, error) {
	if in.Status == nil {
		return nil, nil
	}
	on := *in.Status == endpointStatus(true)
	if !on && *in.Status != endpointStatus(false) {
		return nil, pay.BadParam("status", codeInvalid, "The status is enabled or disabled.")
	}
	return &on, nil
}

func (a *API) deleteEndpoint(c *call) error {
	var in bare
	id, err := c.open(&in)
	if err != nil {
		return err
	}
	o, err := once(c, &in, http.StatusOK, func(buf []byte, e *pay.Endpoint) []byte {
		return appendDeleted(buf, e.ID, "webhook_endpoint")
	})
	if err != nil {
		return err
	}
	_, reply, err := a.pay.DeleteEndpoint(c.r.Context(), c.Caller, o, id)
	return c.reply(reply, err)
}

func (a *API) rotateSecret(c *call) error {
	var in bare
	id, err := c.open(&in)
	if err != nil {
		return err
	}
	o, err := once(c, &in, http.StatusOK, appendWithSecret)
	if err != nil {
		return err
	}
	_, reply, err := a.pay.RotateEndpointSecret(c.r.Context(), c.Caller, o, id)
	return c.reply(reply, err)
}

func (a *API) testEndpoint(c *call) error {
	var in bare
	id, err := c.open(&in)
	if err != nil {
		return err
	}
	o, err := once(c, &in, http.StatusOK, a.newTestEvent)
	if err != nil {
		return err
	}
	_, reply, err := a.pay.TestEndpoint(c.r.Context(), c.Caller, o, id)
	return c.reply(reply, err)
}

// newTestEvent encodes an event that one endpoint has yet to get.
func (a *API) newTestEvent(buf []byte, e *pay.Event) []byte { return a.enc.mustEvent(buf, e, 1) }

func (a *API) listEndpoints(c *call) error {
	return page(c, c.query().Page(), a.pay.Endpoints, appendKnown)
}

func (a *API) getEndpoint(c *call) error {
	id, err := c.id("id")
	if err != nil {
		return err
	}
	e, err := a.pay.Endpoint(c.r.Context(), c.Caller, id)
	return show(c, &e, err, appendKnown)
}

func (a *API) listDeliveries(c *call) error {
	id, err := c.id("id")
	if err != nil {
		return err
	}
	q := wire.Query(c.r)
	p := q.Page()
	if err := q.Err(); err != nil {
		return err
	}
	deliveries, more, err := a.pay.Deliveries(c.r.Context(), c.Caller, id, p)
	if err != nil {
		return err
	}
	return showList(c, deliveries, more, appendDelivery)
}

func (a *API) redeliver(c *call) error {
	var in bare
	id, err := c.open(&in)
	if err != nil {
		return err
	}
	delivery, err := c.id("delivery")
	if err != nil {
		return err
	}
	o, err := once(c, &in, http.StatusOK, appendDelivery)
	if err != nil {
		return err
	}
	_, reply, err := a.pay.Redeliver(c.r.Context(), c.Caller, o, id, delivery)
	return c.reply(reply, err)
}

// appendKnown appends an endpoint whose secret was shown before.
func appendKnown(buf []byte, e *pay.Endpoint) []byte { return appendEndpoint(buf, e, "") }

// appendWithSecret appends an endpoint whose secret was just made.
func appendWithSecret(buf []byte, e *pay.EndpointSecret) []byte {
	return appendEndpoint(buf, &e.Endpoint, e.Plain)
}
