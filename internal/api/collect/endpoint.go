package collect

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
)

// endpointInput is the body of a create. Without events the endpoint gets all.
type endpointInput struct {
	URL         string    `json:"url" wire:"required"`
	Events      *[]string `json:"events"`
	Description *string   `json:"description"`
}

// allEvents subscribes an endpoint to every event, also of kinds that are yet to come.
const allEvents = "*"

const nounEndpoint = "webhook endpoint"

// endpointDoc is an address that events are sent to. The secret is there when it was just made.
type endpointDoc struct {
	ID             string   `json:"id"`
	URL            string   `json:"url"`
	Description    *string  `json:"description"`
	Status         string   `json:"status"`
	Events         []string `json:"events"`
	Secret         string   `json:"secret,omitempty"`
	DisabledReason string   `json:"disabled_reason,omitempty"`
	Mode           pay.Mode `json:"mode"`
	CreatedAt      string   `json:"created_at"`
}

func endpointOf(e *pay.Endpoint) any { return endpointDocOf(e, "") }

func endpointDocOf(e *pay.Endpoint, secret string) *endpointDoc {
	doc := &endpointDoc{
		ID: e.ID, URL: e.URL, Description: maybe(e.Description), Status: "disabled",
		Events: e.Events, Secret: secret, DisabledReason: e.DisabledReason, Mode: e.Mode,
		CreatedAt: at(e.CreatedAt),
	}
	if e.Enabled {
		doc.Status = "enabled"
	}
	return doc
}

// deletedDoc is what is left of an object after its deletion.
type deletedDoc struct {
	ID      string `json:"id"`
	Deleted bool   `json:"deleted"`
}

func (a *API) createEndpoint(c *call) error {
	var in endpointInput
	if err := wire.Decode(c.w, c.r, &in); err != nil {
		return err
	}
	if err := a.checkEndpoint(c.Mode, &in); err != nil {
		return err
	}
	o, err := once(c, &in, http.StatusCreated, func(e *pay.EndpointSecret) any {
		return endpointDocOf(&e.Endpoint, e.Plain)
	})
	if err != nil {
		return err
	}
	events := []string{allEvents}
	if in.Events != nil {
		events = *in.Events
	}
	_, reply, err := a.pay.CreateEndpoint(c.r.Context(), c.Caller, o, pay.NewEndpoint{
		Family: Family, URL: in.URL, Description: wire.Value(in.Description), Events: events,
	})
	return c.reply(reply, err)
}

// checkEndpoint judges what only this family and the operator's policy know of an endpoint.
func (a *API) checkEndpoint(mode pay.Mode, in *endpointInput) error {
	for i, name := range wire.Value(in.Events) {
		if name != allEvents && !slices.Contains(knownEvents(), name) {
			return bad(fmt.Sprintf("events[%d]", i), "is not the name of an event.")
		}
	}
	if err := a.checkTarget(mode, in.URL); err != nil {
		return bad("url", "%s.", err)
	}
	return nil
}

// listEndpoints lists those of this family. A merchant has so few endpoints that all of them are
// read and the others left out here.
func (a *API) listEndpoints(c *call) error {
	q := wire.Query(c.r)
	p := q.Page()
	if err := q.Err(); err != nil {
		return err
	}
	limit := p.Limit
	p.Limit = wire.MaxLimit
	all, _, err := a.pay.Endpoints(c.r.Context(), c.Caller, p)
	if err != nil {
		return err
	}
	own := slices.DeleteFunc(all, func(e pay.Endpoint) bool { return e.Family != Family })
	return showList(c, own[:min(len(own), limit)], len(own) > limit, endpointOf)
}

// endpoint loads the path's endpoint. Those of other families are managed there.
func (a *API) endpoint(c *call) (pay.Endpoint, error) {
	id, err := c.id(nounEndpoint)
	if err != nil {
		return pay.Endpoint{}, err
	}
	e, err := a.pay.Endpoint(c.r.Context(), c.Caller, id)
	if err == nil && e.Family != Family {
		err = missing(nounEndpoint, id)
	}
	return e, orMissing(err, nounEndpoint, id)
}

func (a *API) getEndpoint(c *call) error {
	e, err := a.endpoint(c)
	if err != nil {
		return err
	}
	return c.show(endpointOf(&e))
}

func (a *API) deleteEndpoint(c *call) error {
	var in nothing
	if err := wire.DecodeOptional(c.w, c.r, &in); err != nil {
		return err
	}
	o, err := once(c, &in, http.StatusOK, func(e *pay.Endpoint) any {
		return deletedDoc{ID: e.ID, Deleted: true}
	})
	if err != nil {
		return err
	}
	id, err := c.id(nounEndpoint)
	if err != nil {
		return err
	}
	if e, err := a.pay.Endpoint(c.r.Context(), c.Caller, id); err == nil && e.Family != Family {
		return missing(nounEndpoint, id)
	}
	_, reply, err := a.pay.DeleteEndpoint(c.r.Context(), c.Caller, o, id)
	return c.reply(reply, orMissing(err, nounEndpoint, id))
}
