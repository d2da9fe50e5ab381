package webhook

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

// FanOut turns events into deliveries, one bounded round in one transaction, and returns how many
// events it handled.
func (s *Sender) FanOut(ctx context.Context) (int, error) {
	var handled, made int
	err := s.store.Write(ctx, func(ctx context.Context, tx pay.Tx) error {
		f := fan{
			Sender: s, tx: tx, now: s.now(),
			endpoints: map[pay.Scope][]pay.Endpoint{}, queued: map[[2]string]bool{},
		}
		events, err := tx.UnsentEvents(ctx, fanOutBatch)
		if err != nil || len(events) == 0 {
			return err
		}
		ids := make([]string, len(events))
		for i, e := range events {
			ids[i] = e.ID
			if err := f.event(ctx, e); err != nil {
				return fmt.Errorf("fan out %s: %w", e.ID, err)
			}
		}
		handled, made = len(events), f.made
		return tx.MarkSent(ctx, ids)
	})
	if err != nil {
		return 0, err
	}
	if made > 0 {
		s.wake(pay.WorkDelivery)
	}
	return handled, nil
}

// fan is one round of FanOut. What it remembers spares the transaction a look-up per event.
type fan struct {
	*Sender
	tx        pay.Tx
	now       time.Time
	endpoints map[pay.Scope][]pay.Endpoint
	queued    map[[2]string]bool // endpoint and object that got a delivery in this round
	made      int
}

// letter is an event as one family says it.
type letter struct {
	name string
	body []byte
	ok   bool
}

func (f *fan) event(ctx context.Context, e pay.Event) error {
	candidates, err := f.candidates(ctx, e)
	if err != nil || len(candidates) == 0 {
		return err
	}
	letters := f.encode(e, candidates, len(candidates))
	wanted := slices.DeleteFunc(candidates, func(to pay.Endpoint) bool {
		l := letters[to.Family]
		return !l.ok || e.Target == "" && !wants(to.Events, l.name)
	})
	if len(wanted) != len(candidates) && len(wanted) > 0 {
		letters = f.encode(e, wanted, len(wanted))
	}
	for _, to := range wanted {
		if err := f.insert(ctx, e, to, letters[to.Family]); err != nil {
			return err
		}
	}
	return nil
}

// candidates returns the endpoints that may see the event, whatever its name will be. The slice is
// the caller's.
func (f *fan) candidates(ctx context.Context, e pay.Event) ([]pay.Endpoint, error) {
	sc := pay.Scope{MerchantID: e.MerchantID, Mode: e.Mode}
	if e.Target != "" {
		to, err := f.tx.Endpoint(ctx, sc, e.Target)
		if pay.IsKind(err, pay.NotFound) {
			return nil, nil
		}
		return []pay.Endpoint{to}, err
	}
	all, known := f.endpoints[sc]
	if !known {
		var err error
		if all, err = f.tx.EnabledEndpoints(ctx, sc); err != nil {
			return nil, err
		}
		f.endpoints[sc] = all
	}
	var out []pay.Endpoint
	for _, to := range all {
		if to.Family == f.native || to.Family == e.Family {
			out = append(out, to)
		}
	}
	return out, nil
}

// encode says the event once for each family among the endpoints.
func (f *fan) encode(e pay.Event, endpoints []pay.Endpoint, pending int) map[string]letter {
	letters := make(map[string]letter, 1)
	for _, to := range endpoints {
		if _, done := letters[to.Family]; !done {
			letters[to.Family] = f.encodeFor(to.Family, e, pending)
		}
	}
	return letters
}

// encodeFor treats an encoder that panics like one that has nothing to say: it would panic at every
// repeat, and all later events would wait behind this one.
func (f *fan) encodeFor(family string, e pay.Event, pending int) (l letter) {
	encoder := f.encoders[family]
	if encoder == nil {
		return letter{}
	}
	defer func() {
		if r := recover(); r != nil {
			f.log.Error("webhook: event cannot be encoded and is not sent",
				"event", e.ID, "type", e.Type, "family", family, "panic", fmt.Sprint(r))
			l = letter{}
		}
	}()
	l.name, l.body, l.ok = encoder(e, pending)
	return l
}

func wants(filter []string, name string) bool {
	return slices.Contains(filter, "*") || slices.Contains(filter, name)
}

func (f *fan) insert(ctx context.Context, e pay.Event, to pay.Endpoint, l letter) error {
	waits, err := f.waits(ctx, e, to)
	if err != nil {
		return err
	}
	d := pay.Delivery{
		ID: f.ids.ID("dlv", f.now), MerchantID: e.MerchantID, Mode: e.Mode, EndpointID: to.ID,
		EventID: e.ID, Type: l.name, ObjectID: e.ObjectID, Sequence: e.Sequence,
		State: pay.DeliveryPending, NextAttemptAt: f.now, CreatedAt: f.now, UpdatedAt: f.now,
	}
	if waits {
		d.NextAttemptAt = f.now.Add(orderPatience)
	}
	f.made++
	return f.tx.InsertDelivery(ctx, d, l.body)
}

// waits reports whether the endpoint still has to get an earlier event of the object.
func (f *fan) waits(ctx context.Context, e pay.Event, to pay.Endpoint) (bool, error) {
	pair := [2]string{to.ID, e.ObjectID}
	if f.queued[pair] {
		return true, nil
	}
	f.queued[pair] = true
	if e.Sequence <= 1 {
		return false, nil
	}
	return f.tx.PendingBefore(ctx, to.ID, e.ObjectID, e.Sequence)
}
