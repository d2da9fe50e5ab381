package webhook

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

// FanOut turns events into deliveries, one bounded round in one transaction, and returns how many
// events it handled. As many deliveries as there is room for are leased to this node from the start
// and sent without being claimed.
func (s *Sender) FanOut(ctx context.Context) (int, error) {
	handled, head, err := s.fanOut(ctx, fanOutBatch)
	if err != nil && head != "" && !pay.IsKind(err, pay.Unavailable) {
		return s.fanOutApart(ctx)
	}
	return handled, err
}

// fanOut is a round of so many events. head is the first of them, if it came so far.
func (s *Sender) fanOut(ctx context.Context, limit int) (handled int, head string, err error) {
	s.taking.Lock()
	defer s.taking.Unlock()
	room, ok := s.room()
	if !ok {
		return 0, "", nil
	}
	var f *fan
	err = s.store.Write(ctx, func(ctx context.Context, tx pay.Tx) error {
		f = s.newFan(tx, room)
		events, err := tx.UnsentEvents(ctx, limit)
		if handled = len(events); err != nil || handled == 0 {
			return err
		}
		head = events[0].ID
		ids := make([]string, len(events))
		for i, e := range events {
			ids[i] = e.ID
			// Distinct times spare the store a long tie when it looks for what is due first.
			f.due = f.now.Add(time.Duration(i-len(events)) * time.Microsecond)
			if err := f.event(ctx, e); err != nil {
				return fmt.Errorf("fan out %s: %w", e.ID, err)
			}
		}
		return tx.MarkSent(ctx, ids)
	})
	if err != nil {
		return 0, head, err
	}
	if s.begin(f) {
		s.release(ctx, f.chains)
		s.wake(pay.WorkDelivery)
	}
	return handled, head, nil
}

// begin sends what a round leased to this node and remembers what waits for something else. It
// reports whether that may have come to its end before this was known.
func (s *Sender) begin(f *fan) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accept(f.parcels, f.until)
	if len(s.chains)+len(f.chains) > maxChains {
		clear(s.chains) // what is forgotten is found when the worker comes by
	}
	for _, c := range f.chains {
		s.chains[c] = s.stamp
		s.stamp++
	}
	if f.left {
		s.wake(pay.WorkDelivery)
	}
	return len(f.chains) > 0 && s.finished != f.room.finished
}

// room is what the sender could take before a round of fan-out.
type room struct {
	total    int
	held     map[string]int // by endpoint
	most     int            // for one endpoint
	finished int            // deliveries recorded so far
}

// room returns false when there is enough to do already.
func (s *Sender) room() (room, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return room{}, true
	}
	if s.holdBack(pay.WorkFanOut, s.lanes.plenty(s.now(), enough)) {
		return room{}, false
	}
	r := room{
		total: slots + backlog - s.lanes.held(), held: s.lanes.heldBy(),
		most: fanAhead, finished: s.finished,
	}
	if s.lanes.waiting > enough {
		r.most = perEndpoint
	}
	return r, true
}

// fan is one round of FanOut. What it remembers spares the transaction a look-up per event.
type fan struct {
	*Sender
	tx        pay.Tx
	now       time.Time
	due       time.Time // of the deliveries made next
	until     time.Time // the lease of those that are sent at once ends
	lease     string
	endpoints map[pay.Scope][]pay.Endpoint
	queued    map[chain]bool // that got a delivery in this round
	chains    []chain        // with a delivery that waits
	room      room
	parcels   []pay.Parcel // leased to this node
	left      bool         // some are not, but due
}

func (s *Sender) newFan(tx pay.Tx, r room) *fan {
	r.held = maps.Clone(r.held) // the transaction may run again
	now := s.now()
	return &fan{
		Sender: s, tx: tx, now: now, until: now.Add(lease), lease: s.ids.Secret(tokenBytes),
		endpoints: map[pay.Scope][]pay.Endpoint{}, queued: map[chain]bool{}, room: r,
	}
}

// take reserves a place for one more delivery to the endpoint, if there is one.
func (f *fan) take(to pay.Endpoint) bool {
	most := f.room.most
	if !to.FailingSince.IsZero() {
		most = perEndpoint
	}
	if f.room.total <= 0 || f.room.held[to.ID] >= most {
		return false
	}
	f.room.total--
	f.room.held[to.ID]++
	return true
}

func (f *fan) event(ctx context.Context, e pay.Event) error {
	candidates, err := f.candidates(ctx, e)
	if err != nil || len(candidates) == 0 {
		return err
	}
	letters := f.encode(e, candidates, len(candidates))
	wanted := slices.DeleteFunc(candidates, func(to pay.Endpoint) bool {
		return !slices.ContainsFunc(letters[to.Family], func(l pay.Letter) bool {
			return meant(e, to, l)
		})
	})
	if len(wanted) != len(candidates) && len(wanted) > 0 {
		letters = f.encode(e, wanted, len(wanted))
	}
	for _, to := range wanted {
		for _, l := range letters[to.Family] {
			if !meant(e, to, l) {
				continue
			}
			if err := f.insert(ctx, e, to, l); err != nil {
				return err
			}
		}
	}
	return nil
}

// meant reports whether the letter is for the endpoint.
func meant(e pay.Event, to pay.Endpoint, l pay.Letter) bool {
	return e.Target != "" || wants(to.Events, l.Name)
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
	return f.withHook(ctx, e, out)
}

// withHook adds the endpoint that the event's object was made with.
func (f *fan) withHook(
	ctx context.Context, e pay.Event, to []pay.Endpoint,
) ([]pay.Endpoint, error) {
	if e.Hook == "" {
		return to, nil
	}
	hook, err := f.tx.Endpoint(ctx, pay.Scope{MerchantID: e.MerchantID, Mode: e.Mode}, e.Hook)
	switch {
	case err == nil && hook.Enabled:
		return append(to, hook), nil
	case pay.IsKind(err, pay.NotFound):
		err = nil
	}
	return to, err
}

// encode says the event once for each family among the endpoints.
func (f *fan) encode(
	e pay.Event, endpoints []pay.Endpoint, pending int,
) map[string][]pay.Letter {
	letters := make(map[string][]pay.Letter, 1)
	for _, to := range endpoints {
		if _, done := letters[to.Family]; !done {
			letters[to.Family] = f.encodeFor(to.Family, e, pending)
		}
	}
	return letters
}

// encodeFor treats an encoder that panics like one that has nothing to say: it would panic at every
// repeat, and all later events would wait behind this one.
func (f *fan) encodeFor(family string, e pay.Event, pending int) (l []pay.Letter) {
	encoder := f.encoders[family]
	if encoder == nil {
		return nil
	}
	defer func() {
		if r := recover(); r != nil {
			f.log.Error("webhook: event cannot be encoded and is not sent",
				"event", e.ID, "type", e.Type, "family", family, "panic", fmt.Sprint(r))
			l = nil
		}
	}()
	return encoder(e, pending)
}

func wants(filter []string, name string) bool {
	return slices.Contains(filter, "*") || slices.Contains(filter, name)
}

func (f *fan) insert(ctx context.Context, e pay.Event, to pay.Endpoint, l pay.Letter) error {
	if l.Chain != "" {
		e.ObjectID = l.Chain
	}
	waits, err := f.waits(ctx, e, to)
	if err != nil {
		return err
	}
	d := pay.Delivery{
		ID: f.ids.ID("dlv", f.now), MerchantID: e.MerchantID, Mode: e.Mode, EndpointID: to.ID,
		EventID: l.ID, Type: l.Name, ObjectID: e.ObjectID, Sequence: e.Sequence,
		State: pay.DeliveryPending, NextAttemptAt: f.due, CreatedAt: f.now, UpdatedAt: f.now,
	}
	switch {
	case waits:
		d.NextAttemptAt = f.now.Add(orderPatience)
		f.chains = append(f.chains, chain{to.ID, e.ObjectID})
	case f.take(to):
		d.Lease, d.NextAttemptAt = f.lease, f.until
		f.parcels = append(f.parcels, pay.Parcel{Delivery: d, Endpoint: to, Body: l.Body})
	default:
		f.left = true
	}
	return f.tx.InsertDelivery(ctx, d, seal(f.vault, l.Body))
}

// waits reports whether the endpoint still has to get an earlier event of the object.
func (f *fan) waits(ctx context.Context, e pay.Event, to pay.Endpoint) (bool, error) {
	c := chain{to.ID, e.ObjectID}
	if f.queued[c] {
		return true, nil
	}
	f.queued[c] = true
	if e.Sequence <= 1 {
		return false, nil
	}
	return f.tx.PendingBefore(ctx, to.ID, e.ObjectID, e.Sequence)
}
