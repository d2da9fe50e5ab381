package checkout

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/kassa-pay/kassa/internal/pay"
)

// Family is this family's name in stored objects.
const Family = "checkout"

// allEvents subscribes an endpoint to every event, also of kinds that are yet to come.
const allEvents = "*"

// eventNames gives each of the core's event types its documented name. Types without a name are
// not for this family: a session's opening, and an attempt taking it, are known to whoever made it.
var eventNames = map[string]string{
	"session.complete":   "checkout.session.completed",
	"session.expired":    "checkout.session.expired",
	"payment.created":    "payment.created",
	"payment.action":     "payment.pending",
	"payment.waiting":    "payment.pending",
	"payment.review":     "payment.processing",
	"payment.authorised": "payment.authorized",
	"payment.paid":       "payment.succeeded",
	"payment.failed":     "payment.failed",
	"payment.canceled":   "payment.canceled",
	"payment.late":       "payment.late",
	"payment.underpaid":  "payment.underpaid",
	"payment.overpaid":   "payment.overpaid",
	"refund.pending":     "refund.created",
	"refund.succeeded":   "refund.succeeded",
	"refund.failed":      "refund.failed",
	"endpoint.test":      "webhook_endpoint.test",
	"endpoint.disabled":  "webhook_endpoint.disabled",

	"session.canceled":       "checkout.session.expired", // nobody can pay it any more
	"payment.captured":       "payment.captured",
	"payment.voided":         "payment.voided",
	"method.active":          "payment_method.attached",
	"method.detached":        "payment_method.detached",
	"method.updated":         "payment_method.updated",
	"mandate.active":         "mandate.created",
	"mandate.paused":         "mandate.paused",
	"mandate.resumed":        "mandate.resumed",
	"mandate.canceled":       "mandate.canceled",
	"mandate.expired":        "mandate.expired",
	"mandate.completed":      "mandate.completed",
	"mandate.payment_failed": "mandate.payment_failed",
	"mandate.charge_skipped": "mandate.charge_skipped",
	"mandate.updated":        "mandate.updated",
	"mandate.amended":        "mandate.amended",

	"mandate.amendment_declined": "mandate.amendment_declined",
	"mandate.amendment_expired":  "mandate.amendment_expired",
}

// eventTypes returns the core's types behind a name, all that have one for the empty name, sorted;
// nil when no event is called so.
func eventTypes(name string) (types []string) {
	for t, n := range eventNames {
		if name == "" || n == name {
			types = append(types, t)
		}
	}
	slices.Sort(types)
	return types
}

// knownEvents lists the names, sorted, each once.
func knownEvents() []string {
	return slices.Compact(slices.Sorted(maps.Values(eventNames)))
}

// knownEvent reports whether an endpoint can be subscribed to the name.
func knownEvent(name string) bool {
	return name == allEvents || slices.Contains(knownEvents(), name)
}

// Names reports whether the family has a name for the core's event type.
func Names(eventType string) bool { return eventNames[eventType] != "" }

// An EventEncoder turns an event into its name and the bytes that are sent, or reports that it is
// not for the family. pending is the number of endpoints still to be told. It is pure.
type EventEncoder func(e pay.Event, pending int) (name string, body []byte, ok bool)

// Encoder returns the event encoder of this family. url gives the address of a session's hosted
// page with its key, manage that of the page of a mandate.
func Encoder(url, manage func(id string) string) EventEncoder {
	enc := encoder{url, manage}
	return func(e pay.Event, pending int) (string, []byte, bool) {
		name, ok := eventNames[e.Type]
		if !ok {
			return "", nil, false
		}
		body, err := enc.event(make([]byte, 0, sizeHint), &e, int64(pending))
		return name, body, err == nil
	}
}

// event appends an event with the object as it was after the change.
func (e encoder) event(buf []byte, ev *pay.Event, pending int64) ([]byte, error) {
	snapshot, err := e.snapshot(ev)
	if err != nil {
		return buf, err
	}
	o := begin(buf)
	o.text("id", ev.ID)
	o.text("object", "event")
	o.text("type", eventNames[ev.Type])
	o.time("created_at", ev.CreatedAt)
	o.nested("data", func(buf []byte) []byte {
		data := begin(buf)
		data.nested("object", func(buf []byte) []byte { return append(buf, snapshot...) })
		return data.end()
	})
	o.number("pending_webhooks", pending)
	o.nested("request", func(buf []byte) []byte {
		request := begin(buf)
		request.maybe("id", ev.RequestID)
		request.maybe("idempotency_key", ev.IdempotencyKey)
		return request.end()
	})
	return o.end(), nil
}

func (e encoder) snapshot(ev *pay.Event) ([]byte, error) {
	switch ev.Kind {
	case pay.ObjectSession:
		return snapshotOf(ev, func(s *pay.Session) []byte {
			// An event tells what was true then: money held at that moment was not yet captured.
			held := s.Capture == pay.CaptureManual
			return e.session(nil, &sessionView{Session: *s, now: ev.CreatedAt, held: held})
		})
	case pay.ObjectPayment:
		return snapshotOf(ev, func(p *pay.Payment) []byte { return appendPaymentOfEvent(nil, p) })
	case pay.ObjectMethod:
		return snapshotOf(ev, func(m *pay.SavedMethod) []byte { return appendMethodOfEvent(nil, m) })
	case pay.ObjectMandate:
		return snapshotOf(ev, func(m *pay.Mandate) []byte { return e.mandate(nil, m) })
	case pay.ObjectRefund:
		return snapshotOf(ev, func(r *pay.Refund) []byte { return appendRefund(nil, r) })
	case pay.ObjectCustomer:
		return snapshotOf(ev, func(c *pay.Customer) []byte { return appendCustomer(nil, c) })
	case pay.ObjectEndpoint:
		return snapshotOf(ev, func(p *pay.Endpoint) []byte { return appendEndpoint(nil, p, "") })
	}
	return nil, fmt.Errorf("event %s: nothing is known of a %q", ev.ID, ev.Kind)
}

func snapshotOf[T any](ev *pay.Event, put func(*T) []byte) ([]byte, error) {
	var v T
	if err := json.Unmarshal(ev.Data, &v); err != nil {
		return nil, fmt.Errorf("event %s: %w", ev.ID, err)
	}
	return put(&v), nil
}

// mustEvent appends an event whose object we have just encoded ourselves: one that cannot be read
// back is a defect.
func (e encoder) mustEvent(buf []byte, ev *pay.Event, pending int64) []byte {
	out, err := e.event(buf, ev, pending)
	if err != nil {
		panic(err)
	}
	return out
}

// stored appends an event as the list of events shows it.
func (e encoder) stored(buf []byte, ev *pay.Event) []byte {
	return e.mustEvent(buf, ev, ev.Pending)
}

func (a *API) listEvents(c *call) error {
	q := c.query()
	f := pay.EventFilter{Page: q.Page(), Types: eventTypes(q.Enum("type", knownEvents()...))}
	return page(c, f, a.pay.Events, a.enc.stored)
}

func (a *API) getEvent(c *call) error {
	id, err := c.id("id")
	if err != nil {
		return err
	}
	e, err := a.pay.Event(c.r.Context(), c.Caller, id)
	if err == nil && !Names(e.Type) {
		err = notFound
	}
	return show(c, &e, err, a.enc.stored)
}
