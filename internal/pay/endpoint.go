package pay

import (
	"context"
	"encoding/base64"
	"time"
	"unicode/utf8"
)

// PurposeEndpointSecret separates the key that seals the signing secrets of endpoints.
const PurposeEndpointSecret = "endpoint secret"

// Limits of endpoints.
const (
	maxEndpoints       = 20 // per merchant and mode
	maxEndpointEvents  = 100
	maxDescription     = 500
	endpointSecretSize = 32 // bytes
)

// NewEndpoint describes an endpoint to add. The family has checked the address and the names of the
// events.
type NewEndpoint struct {
	Family      string
	URL         string
	Description string
	Events      []string
}

// EndpointPatch changes the fields that are not nil.
type EndpointPatch struct {
	URL, Description *string
	Events           *[]string
	Enabled          *bool
}

// EndpointSecret is an endpoint with its signing secret in plain, as it is shown once.
type EndpointSecret struct {
	Endpoint
	Plain string
}

// newSecret makes a signing secret: "whsec_" and 32 random bytes in base64, the form of Standard
// Webhooks.
func (s *Service) newSecret() (plain string, sealed []byte) {
	plain = "whsec_" + base64.StdEncoding.EncodeToString(s.ids.Bytes(endpointSecretSize))
	return plain, s.vault.Seal(PurposeEndpointSecret, []byte(plain))
}

// CreateEndpoint adds an endpoint and returns its signing secret, which is not shown again.
func (s *Service) CreateEndpoint(
	ctx context.Context, c Caller, o *Once[EndpointSecret], n NewEndpoint,
) (EndpointSecret, Reply, error) {
	now := s.Now(c)
	plain, sealed := s.newSecret()
	e := Endpoint{
		ID: s.ids.ID("we", now), MerchantID: c.MerchantID, Mode: c.Mode, Family: n.Family,
		URL: n.URL, Description: n.Description, Events: n.Events, Enabled: true, Secret: sealed,
		Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	if err := validateEndpoint(&e); err != nil {
		return EndpointSecret{}, Reply{}, err
	}
	return atomically(ctx, s, c, o,
		func(ctx context.Context, tx Tx) (EndpointSecret, string, error) {
			have, err := tx.Endpoints(ctx, c.Scope, Page{Limit: maxEndpoints})
			if err == nil && len(have) >= maxEndpoints {
				err = Errorf(State, "too_many_endpoints",
					"A merchant can have at most %d webhook endpoints.", maxEndpoints)
			}
			if err != nil {
				return EndpointSecret{}, "", err
			}
			return EndpointSecret{e, plain}, e.ID, tx.InsertEndpoint(ctx, e)
		})
}

// UpdateEndpoint changes an endpoint. Enabling one that was disabled for failing starts it afresh.
func (s *Service) UpdateEndpoint(
	ctx context.Context, c Caller, o *Once[Endpoint], id string, patch EndpointPatch,
) (Endpoint, Reply, error) {
	return changeEndpoint(ctx, s, endpointCall[Endpoint]{c, o, id},
		func(e *Endpoint) (Endpoint, error) {
			set(&e.URL, patch.URL)
			set(&e.Description, patch.Description)
			set(&e.Events, patch.Events)
			if patch.Enabled != nil && *patch.Enabled != e.Enabled {
				e.Enabled, e.DisabledReason = *patch.Enabled, ""
				e.FailingSince = time.Time{}
			}
			return *e, validateEndpoint(e)
		})
}

// RotateEndpointSecret gives the endpoint a new signing secret and shows it once. For SecretOverlap
// deliveries are signed with both.
func (s *Service) RotateEndpointSecret(
	ctx context.Context, c Caller, o *Once[EndpointSecret], id string,
) (EndpointSecret, Reply, error) {
	plain, sealed := s.newSecret()
	return changeEndpoint(ctx, s, endpointCall[EndpointSecret]{c, o, id},
		func(e *Endpoint) (EndpointSecret, error) {
			if e.Hook {
				return EndpointSecret{}, Errorf(State, "endpoint_secret_shared",
					"This endpoint was named by an object and shares its secret with all of its kind: "+
						"rotate it in the protocol that it belongs to.")
			}
			s.rotate(e, sealed)
			return EndpointSecret{*e, plain}, nil
		})
}

func (s *Service) rotate(e *Endpoint, sealed []byte) {
	e.Previous, e.PreviousUntil = e.Secret, s.clock.Now().Add(SecretOverlap)
	e.Secret = sealed
}

// endpointCall is a request to change one of the caller's endpoints.
type endpointCall[T any] struct {
	Caller
	once *Once[T]
	id   string
}

// changeEndpoint locks one of the caller's endpoints, lets change work on it and writes it back.
func changeEndpoint[T any](
	ctx context.Context, s *Service, c endpointCall[T], change func(*Endpoint) (T, error),
) (T, Reply, error) {
	return atomically(ctx, s, c.Caller, c.once, func(ctx context.Context, tx Tx) (T, string, error) {
		var none T
		if _, err := tx.Endpoint(ctx, c.Scope, c.id); err != nil {
			return none, "", err
		}
		e, err := tx.LockEndpoint(ctx, c.id)
		if err != nil {
			return none, "", err
		}
		e.UpdatedAt = s.Now(c.Caller)
		e.Version++
		v, err := change(&e)
		if err != nil {
			return none, "", err
		}
		return v, e.ID, tx.SwapEndpoint(ctx, e)
	})
}

// DeleteEndpoint removes an endpoint with its deliveries and returns what it was.
func (s *Service) DeleteEndpoint(
	ctx context.Context, c Caller, o *Once[Endpoint], id string,
) (Endpoint, Reply, error) {
	return atomically(ctx, s, c, o, func(ctx context.Context, tx Tx) (Endpoint, string, error) {
		e, err := tx.Endpoint(ctx, c.Scope, id)
		if err != nil {
			return e, "", err
		}
		return e, e.ID, tx.DeleteEndpoint(ctx, c.Scope, id)
	})
}

// TestEndpoint sends an event to one endpoint, so that a merchant can see it arrive.
func (s *Service) TestEndpoint(
	ctx context.Context, c Caller, o *Once[Event], id string,
) (Event, Reply, error) {
	ev, reply, err := atomically(ctx, s, c, o,
		func(ctx context.Context, tx Tx) (Event, string, error) {
			e, err := tx.Endpoint(ctx, c.Scope, id)
			if err != nil {
				return Event{}, "", err
			}
			if !e.Enabled {
				return Event{}, "", Errorf(State, "endpoint_disabled",
					"The endpoint is disabled. Enable it first.")
			}
			ev := Event{
				Type: "endpoint.test", Kind: ObjectEndpoint, Family: e.Family, Target: e.ID,
				Sequence: 1,
			}
			ev, err = s.emitTest(ctx, tx, c, ev, &e)
			return ev, ev.ID, err
		})
	if err == nil {
		s.wake(WorkFanOut)
	}
	return ev, reply, err
}

// emitTest writes a test event: an object of its own, so that it waits for nobody.
func (s *Service) emitTest(
	ctx context.Context, tx Tx, c Caller, ev Event, e *Endpoint,
) (Event, error) {
	shown := *e
	shown.Secret, shown.Previous = nil, nil
	ev, err := s.event(c, ev, shown)
	if err != nil {
		return ev, err
	}
	ev.ObjectID = ev.ID
	return ev, tx.InsertEvent(ctx, ev)
}

// Endpoint returns one of the caller's endpoints.
func (s *Service) Endpoint(ctx context.Context, c Caller, id string) (Endpoint, error) {
	return s.store.Endpoint(ctx, c.Scope, id)
}

// Endpoints lists the caller's endpoints, newest first, and says whether there are more.
func (s *Service) Endpoints(ctx context.Context, c Caller, p Page) ([]Endpoint, bool, error) {
	return list(ctx, c, &p, s.store.Endpoint, func() ([]Endpoint, error) {
		return s.store.Endpoints(ctx, c.Scope, p)
	})
}

// Deliveries lists an endpoint's deliveries, newest first, each with its attempts.
func (s *Service) Deliveries(
	ctx context.Context, c Caller, endpointID string, p Page,
) ([]Delivery, bool, error) {
	if _, err := s.store.Endpoint(ctx, c.Scope, endpointID); err != nil {
		return nil, false, err
	}
	return list(ctx, c, &p, s.store.Delivery, func() ([]Delivery, error) {
		return s.store.Deliveries(ctx, c.Scope, endpointID, p)
	})
}

// Redeliver sends a delivery once more, whatever became of it: the same bytes under the same id.
func (s *Service) Redeliver(
	ctx context.Context, c Caller, o *Once[Delivery], endpointID, deliveryID string,
) (Delivery, Reply, error) {
	d, reply, err := atomically(ctx, s, c, o,
		func(ctx context.Context, tx Tx) (Delivery, string, error) {
			d, err := tx.Delivery(ctx, c.Scope, deliveryID)
			if err != nil {
				return d, "", err
			}
			if d.EndpointID != endpointID {
				return d, "", Errorf(NotFound, "resource_missing", "No such delivery.")
			}
			if err := tx.Redeliver(ctx, c.Scope, deliveryID, s.clock.Now()); err != nil {
				return d, "", err
			}
			d, err = tx.Delivery(ctx, c.Scope, deliveryID)
			return d, d.ID, err
		})
	if err == nil {
		s.wake(WorkDelivery)
	}
	return d, reply, err
}

func validateEndpoint(e *Endpoint) error {
	switch {
	case e.URL == "":
		return BadParam("url", "parameter_missing", "Missing required parameter: url")
	case utf8.RuneCountInString(e.Description) > maxDescription || hasControl(e.Description):
		return BadParam("description", "parameter_invalid",
			"The description must have at most %d characters and no control characters.",
			maxDescription)
	case len(e.Events) == 0:
		return BadParam("events", "parameter_missing",
			"Name at least one event, or \"*\" for all.")
	case len(e.Events) > maxEndpointEvents:
		return BadParam("events", "parameter_invalid",
			"At most %d events can be named.", maxEndpointEvents)
	}
	return nil
}
