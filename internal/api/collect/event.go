package collect

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
)

// The names of events.
const (
	eventCreated   = "payment_session.created"
	eventUpdated   = "payment_session.updated"
	eventCompleted = "payment_session.completed"
	eventSucceeded = "payment.succeeded"
	eventAttempt   = "payment.attempt_failed"
	eventFailed    = "payment.failed"
	eventCaptured  = "payment.captured"
	eventVoided    = "payment.voided"
)

// eventNames gives each of the core's event types the names it can have. Which of them it gets is
// for the object to say. Types without a name are not for this family.
var eventNames = map[string][]string{
	"session.open":     {eventCreated, eventUpdated},
	"session.complete": {eventUpdated, eventCompleted},
	"session.expired":  {eventUpdated},
	"session.canceled": {eventUpdated},

	"payment.authorised": {eventSucceeded},
	"payment.paid":       {eventSucceeded, eventCaptured},
	"payment.captured":   {eventCaptured},
	"payment.voided":     {eventVoided},
	"payment.canceled":   {eventVoided, eventAttempt, eventFailed},
	"payment.failed":     {eventAttempt, eventFailed},
	"payment.late":       {"payment.late"},
	"payment.underpaid":  {"payment.underpaid"},
	"payment.overpaid":   {"payment.overpaid"},

	"refund.pending":   {"refund.created"},
	"refund.succeeded": {"refund.succeeded"},
	"refund.failed":    {"refund.failed"},

	"method.active":   {"payment_method.attached"},
	"method.detached": {"payment_method.detached"},
	"method.updated":  {"payment_method.updated"},

	"mandate.active":         {"mandate.created"},
	"mandate.paused":         {"mandate.paused"},
	"mandate.resumed":        {"mandate.resumed"},
	"mandate.canceled":       {"mandate.cancelled"},
	"mandate.expired":        {"mandate.expired"},
	"mandate.completed":      {"mandate.completed"},
	"mandate.payment_failed": {"mandate.payment_failed"},
	"mandate.charge_skipped": {"mandate.charge_skipped"},
	"mandate.updated":        {"mandate.updated"},
	"mandate.amended":        {"mandate.amended"},

	"mandate.amendment_declined": {"mandate.amendment_declined"},
	"mandate.amendment_expired":  {"mandate.amendment_expired"},

	"endpoint.disabled": {"webhook_endpoint.disabled"},
}

// Names reports whether the family has a name for the core's event type.
func Names(eventType string) bool { return len(eventNames[eventType]) > 0 }

// knownEvents lists the names, sorted, each once.
func knownEvents() []string {
	all := slices.Concat(slices.Collect(maps.Values(eventNames))...)
	slices.Sort(all)
	return slices.Compact(all)
}

// eventTypes returns the core's types behind a name, all that have one for the empty name, sorted.
func eventTypes(name string) (types []string) {
	for t, names := range eventNames {
		if name == "" || slices.Contains(names, name) {
			types = append(types, t)
		}
	}
	slices.Sort(types)
	return types
}

// twin ends the id of the letter that is sent beside the one with the event's own id.
const twin = "u"

// eventDoc is the envelope of an event.
type eventDoc struct {
	ID   string `json:"id"`
	Type string `json:"type"`
	Data any    `json:"data"`
}

// Encoder returns the event encoder of this family. It is pure.
func Encoder(pages Pages) func(e pay.Event, pending int) []pay.Letter {
	enc := encoder{pages}
	return func(e pay.Event, _ int) []pay.Letter {
		docs, err := enc.events(&e)
		if err != nil {
			return nil // an object that cannot be read is none of this family's
		}
		letters := make([]pay.Letter, len(docs))
		for i, doc := range docs {
			letters[i] = pay.Letter{ID: doc.ID, Name: doc.Type, Body: wire.Encode(doc)}
		}
		return letters
	}
}

// events says an event in this protocol's words: none when it has none for it, two when a session
// is complete, for those who knew it by updated and those who know it by completed. The last one
// has the event's own id.
func (e encoder) events(ev *pay.Event) ([]eventDoc, error) {
	if !Names(ev.Type) {
		return nil, nil
	}
	names, data, err := e.said(ev)
	if err != nil {
		return nil, fmt.Errorf("event %s: %w", ev.ID, err)
	}
	docs := make([]eventDoc, len(names))
	for i, name := range names {
		docs[i] = eventDoc{ID: ev.ID + strings.Repeat(twin, len(names)-1-i), Type: name, Data: data}
	}
	return docs, nil
}

// said returns the names of an event and the object as it was after the change.
func (e encoder) said(ev *pay.Event) (names []string, data any, err error) {
	names = eventNames[ev.Type]
	switch ev.Kind {
	case pay.ObjectSession:
		var s pay.Session
		err = json.Unmarshal(ev.Data, &s)
		return sessionNames(ev), e.session(&s, ev.CreatedAt), err
	case pay.ObjectPayment:
		var p pay.Payment
		err = json.Unmarshal(ev.Data, &p)
		return []string{paymentName(ev.Type, &p)}, e.payment(&p), err
	case pay.ObjectRefund:
		data, err = snapshot(ev, refundOf)
	case pay.ObjectMethod:
		data, err = snapshot(ev, methodOf)
	case pay.ObjectMandate:
		data, err = snapshot(ev, e.mandate)
	case pay.ObjectEndpoint:
		data, err = snapshot(ev, endpointOf)
	default:
		err = fmt.Errorf("nothing is known of a %q", ev.Kind)
	}
	return names, data, err
}

func snapshot[T any](ev *pay.Event, doc func(*T) any) (any, error) {
	var v T
	if err := json.Unmarshal(ev.Data, &v); err != nil {
		return nil, err
	}
	return doc(&v), nil
}

// sessionNames: a session begins open, and is open again when an attempt failed.
func sessionNames(ev *pay.Event) []string {
	switch {
	case ev.Type != "session.open":
		return eventNames[ev.Type]
	case ev.Sequence == 1:
		return []string{eventCreated}
	}
	return []string{eventUpdated}
}

// paymentName: money that was held before it was paid is captured, money that was held and is let
// go is voided, and every other end of an attempt is one of its session or the last.
func paymentName(eventType string, p *pay.Payment) string {
	switch {
	case eventType == "payment.paid" && p.Authorised > 0:
		return eventCaptured
	case eventType == "payment.canceled" && p.Authorised > 0:
		return eventVoided
	case eventType != "payment.canceled" && eventType != "payment.failed":
		return eventNames[eventType][0]
	case p.Final || p.SessionID == "":
		return eventFailed
	}
	return eventAttempt
}

const nounEvent = "event"

func (a *API) listEvents(c *call) error {
	q := wire.Query(c.r)
	name := q.Enum("type", knownEvents()...)
	f := pay.EventFilter{Page: q.Page(), Types: eventTypes(name), Family: Family}
	if err := q.Err(); err != nil {
		return err
	}
	f.After = strings.TrimSuffix(f.After, twin)
	events, more, err := a.pay.Events(c.r.Context(), c.Caller, f)
	if err != nil {
		return err
	}
	out := listDoc{Data: []any{}, HasMore: more}
	for i := range events {
		docs, err := a.enc.events(&events[i])
		if err != nil {
			return err
		}
		if doc, ok := chosen(docs, name); ok {
			out.Data = append(out.Data, doc)
		}
	}
	return c.show(out)
}

// chosen returns the one with the name, or the last one when no name was asked for.
func chosen(docs []eventDoc, name string) (eventDoc, bool) {
	for i := len(docs) - 1; i >= 0; i-- {
		if name == "" || docs[i].Type == name {
			return docs[i], true
		}
	}
	return eventDoc{}, false
}

func (a *API) getEvent(c *call) error {
	id, err := c.id(nounEvent)
	if err != nil {
		return err
	}
	ev, err := a.pay.Event(c.r.Context(), c.Caller, id)
	if pay.IsKind(err, pay.NotFound) {
		ev, err = a.pay.Event(c.r.Context(), c.Caller, strings.TrimSuffix(id, twin))
	}
	if err != nil {
		return orMissing(err, nounEvent, id)
	}
	docs, err := a.enc.events(&ev)
	if err != nil {
		return err
	}
	for _, doc := range docs {
		if doc.ID == id && ev.Family == Family {
			return c.show(doc)
		}
	}
	return missing(nounEvent, id)
}
