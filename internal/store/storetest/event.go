package storetest

import (
	"errors"
	"fmt"

	"github.com/kassa-pay/kassa/internal/pay"
)

var eventCases = map[string]func(*run){
	"Event_RoundTrip":          eventRoundTrip,
	"Event_List":               eventList,
	"Event_OfOneEndpointHides": eventTarget,
	"Event_CountsPending":      eventPending,
	"Event_OutboxOnce":         eventOutbox,
	"Event_OutboxInOrder":      eventOrder,
	"Event_OneForEachChange":   eventUnique,
	"Event_ValuesAreChecked":   eventChecks,
}

func (r *run) addEvent(sc pay.Scope, objectID string, change func(*pay.Event)) pay.Event {
	r.Helper()
	e := r.event(sc, objectID, 1)
	change(&e)
	r.do(func(tx pay.Tx) error { return tx.InsertEvent(r.ctx, e) })
	return e
}

func eventRoundTrip(r *run) {
	full := r.addEvent(shop, "cs_1", nothing)
	bare := r.addEvent(shop, "cs_2", func(e *pay.Event) {
		e.RequestID, e.IdempotencyKey, e.Sent, e.Data = "", "", true, []byte("{}")
	})
	for _, want := range []pay.Event{full, bare} {
		r.eq(got[pay.Event](r)(r.Event(r.ctx, shop, want.ID)), want)
		for _, sc := range others {
			r.absent(fails(r.Event(r.ctx, sc, want.ID)))
		}
	}
	r.absent(fails(r.Event(r.ctx, shop, "evt_none")))
}

func (r *run) eventIDs(sc pay.Scope, f pay.EventFilter) []string {
	r.Helper()
	list := got[[]pay.Event](r)(r.Events(r.ctx, sc, f))
	return idsOf(list, func(e pay.Event) string { return e.ID })
}

func eventList(r *run) {
	typed := func(kind string) func(*pay.Event) { return func(e *pay.Event) { e.Type = kind } }
	a := r.addEvent(shop, "cs_1", typed("session.open")).ID
	b := r.addEvent(shop, "pay_1", typed("payment.paid")).ID
	c := r.addEvent(shop, "cs_2", func(e *pay.Event) {
		e.Type, e.Family = "session.complete", "other"
	}).ID
	d := r.addEvent(shop, "cs_1", func(e *pay.Event) { e.Type, e.Sequence = "session.expired", 2 }).ID
	r.addEvent(rival, "cs_3", typed("session.open"))
	r.addEvent(live, "cs_4", typed("session.open"))
	for _, x := range []struct {
		object, after, family string
		types                 []string
		want                  []string
	}{
		{want: []string{d, c, b, a}},
		{after: c, want: []string{b, a}},
		{types: []string{"payment.paid"}, want: []string{b}},
		{types: []string{"session.open", "session.complete", "session.open"}, want: []string{c, a}},
		{types: []string{"session"}},
		{object: "cs_1", want: []string{d, a}},
		{object: "cs_1", after: d, want: []string{a}},
		{object: "cs_1", types: []string{"session.expired"}, want: []string{d}},
		{object: "cs_3"},
		{family: "other", want: []string{c}},
		{family: "checkout", types: []string{"session.complete", "payment.paid"}, want: []string{b}},
		{family: "checkout", object: "cs_1", want: []string{d, a}},
		{family: "other", object: "cs_1"},
	} {
		f := pay.EventFilter{
			Page: pay.Page{Limit: 10, After: x.after}, ObjectID: x.object, Types: x.types,
			Family: x.family,
		}
		r.eq(r.eventIDs(shop, f), x.want)
	}
	ids := r.pages(3, func() { r.addEvent(shop, "x"+r.id(""), nothing) },
		func(p pay.Page) ([]string, error) { return r.eventIDs(shop, pay.EventFilter{Page: p}), nil })
	r.eq(ids, []string{d, c, b, a})
}

func eventTarget(r *run) {
	e := r.addEvent(shop, "we_1", func(e *pay.Event) { e.Target = "we_1" })
	r.absent(fails(r.Event(r.ctx, shop, e.ID)))
	r.eq(r.eventIDs(shop, pay.EventFilter{Page: page(10)}), []string(nil))
	r.eq(r.eventIDs(shop, pay.EventFilter{Page: page(10), ObjectID: "we_1"}), []string(nil))
	r.eq(r.unsent(10), []pay.Event{e})
}

func eventPending(r *run) {
	e := r.addEvent(shop, "cs_1", nothing)
	first, second := r.addEndpoint(shop), r.addEndpoint(shop)
	for i, state := range []pay.DeliveryState{pay.DeliveryPending, pay.DeliverySucceeded} {
		d := r.delivery([]pay.Endpoint{first, second}[i], e)
		d.State = state
		r.do(func(tx pay.Tx) error { return tx.InsertDelivery(r.ctx, d, []byte("b")) })
	}
	e.Pending = 1
	r.eq(got[pay.Event](r)(r.Event(r.ctx, shop, e.ID)), e)
	r.eq(got[[]pay.Event](r)(r.Events(r.ctx, shop, pay.EventFilter{Page: page(10)})), []pay.Event{e})
}

func (r *run) unsent(limit int) []pay.Event {
	r.Helper()
	return inUnit(r, func(tx pay.Tx) ([]pay.Event, error) { return tx.UnsentEvents(r.ctx, limit) })
}

// eventOutbox lets several nodes empty the outbox at once: each event leaves it in one of them.
func eventOutbox(r *run) {
	const events = 50
	for i := range events {
		r.addEvent(shop, fmt.Sprintf("cs_%d", i), nothing)
	}
	r.addEvent(shop, "cs_unnamed", func(e *pay.Event) { e.Sent = true })
	sent := make([][]string, 6)
	r.race(len(sent), func(i int) error {
		for range 3 {
			sent[i] = append(sent[i], r.empty(7, nil)...)
		}
		return nil
	})
	for {
		rest := r.empty(100, nil)
		if len(rest) == 0 {
			break
		}
		sent = append(sent, rest)
	}
	r.apart(sent, events)
	failed := r.addEvent(shop, "cs_again", nothing)
	r.empty(10, errors.New("fan-out failed"))
	r.eq(r.unsent(10), []pay.Event{failed})
	r.broken("an event that was not taken", func(tx pay.Tx) error {
		return tx.MarkSent(r.ctx, []string{failed.ID})
	})
}

// empty takes events from the outbox in one unit, which ends with the given error, and returns
// their ids.
func (r *run) empty(limit int, end error) (ids []string) {
	r.Helper()
	err := r.try(func(tx pay.Tx) error {
		list, err := tx.UnsentEvents(r.ctx, limit)
		ids = idsOf(list, func(e pay.Event) string { return e.ID })
		return errors.Join(err, tx.MarkSent(r.ctx, ids), end)
	})
	if !errors.Is(err, end) {
		r.Error(err)
	}
	return ids
}

// eventOrder: what happened to one object in one transaction leaves in the order it happened,
// though the ids of one millisecond have none.
func eventOrder(r *run) {
	second, first := r.event(shop, "cs_1", 2), r.event(shop, "cs_1", 1)
	later := r.event(shop, "cs_0", 1)
	later.CreatedAt = r.in(1)
	r.do(func(tx pay.Tx) error {
		for _, e := range []pay.Event{later, second, first} {
			if err := tx.InsertEvent(r.ctx, e); err != nil {
				return err
			}
		}
		return nil
	})
	r.eq(r.unsent(10), []pay.Event{first, second, later})
	r.eq(r.unsent(2), []pay.Event{first, second})
}

func eventUnique(r *run) {
	e := r.addEvent(shop, "cs_1", nothing)
	r.refused(pay.Conflict, "duplicate", func(tx pay.Tx) error { return tx.InsertEvent(r.ctx, e) })
	twin := r.event(shop, "cs_1", 1)
	r.refused(pay.Conflict, "duplicate", func(tx pay.Tx) error { return tx.InsertEvent(r.ctx, twin) })
}

func eventChecks(r *run) {
	for what, spoil := range map[string]func(*pay.Event){
		"sequence": func(e *pay.Event) { e.Sequence = 0 },
		"mode":     func(e *pay.Event) { e.Mode = "" },
	} {
		e := r.event(shop, "cs_1", 1)
		spoil(&e)
		r.broken(what, func(tx pay.Tx) error { return tx.InsertEvent(r.ctx, e) })
	}
}
