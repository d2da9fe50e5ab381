package webhook

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

// Deliver claims due deliveries, as many as there is room for, begins to send them and returns how
// many it claimed without waiting for any. The worker is woken when more are wanted, so that a slow
// receiver holds up nobody but itself.
func (s *Sender) Deliver(ctx context.Context) (int, error) {
	s.taking.Lock()
	defer s.taking.Unlock()
	order := s.order(s.now())
	if order.Limit <= 0 {
		return 0, nil
	}
	var claimed []pay.Parcel
	err := s.store.Write(ctx, func(ctx context.Context, tx pay.Tx) (err error) {
		claimed, err = tx.ClaimDeliveries(ctx, order)
		return err
	})
	s.unseal(claimed)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.lanes.endClaim(0)
		return 0, fmt.Errorf("claim deliveries: %w", err)
	}
	n := s.accept(claimed, order.Until)
	if s.lanes.endClaim(order.PerEndpoint) {
		s.wake(pay.WorkDelivery)
	}
	return n, nil
}

// order says what to claim. For an endpoint that keeps up, more is claimed than is sent at once, so
// that not every delivery costs a look into the store. When much waits for long, nobody gets more
// than can be sent at once, and what waited longest gives way.
func (s *Sender) order(now time.Time) pay.ClaimOrder {
	o := pay.ClaimOrder{
		Now: now, Until: now.Add(lease), Lease: s.ids.Secret(tokenBytes), PerEndpoint: ahead,
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return o
	}
	if s.holdBack(pay.WorkDelivery, s.lanes.plenty(now, enough)) {
		return o
	}
	if s.lanes.waiting > enough {
		o.PerEndpoint = perEndpoint
	}
	if s.lanes.waiting > backlog/2 {
		s.lanes.drop(o.Until.Add(-slowAfter))
	}
	o.Limit = min(slots+backlog-s.lanes.held(), claimBatch)
	if !s.holdBack(pay.WorkDelivery, o.Limit <= 0) {
		s.lanes.beginClaim()
	}
	return o
}

// holdBack notes whether the work has to wait until more is through. The caller holds the lock.
func (s *Sender) holdBack(w pay.Work, wait bool) bool {
	if delete(s.heldBack, w); wait {
		s.heldBack[w] = true
	}
	return wait
}

// accept takes over what was leased for this node and returns how many there are. The caller holds
// the lock.
func (s *Sender) accept(parcels []pay.Parcel, until time.Time) int {
	if s.closed || len(parcels) == 0 {
		return 0
	}
	if s.lanes.held() == 0 {
		s.idle = make(chan struct{})
	}
	for _, p := range parcels {
		s.lanes.add(&parcel{Parcel: p, until: until})
	}
	s.start()
	return len(parcels)
}

// start sends what may be sent now. The caller holds the lock.
func (s *Sender) start() {
	for !s.closed {
		p := s.lanes.next()
		if p == nil {
			break
		}
		go s.handle(p)
	}
}

// handle makes one attempt, lets the next delivery have its place and hands over what came of it.
func (s *Sender) handle(p *parcel) {
	r, ok := s.try(p)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lanes.sent(p, ok && r.word != "")
	if r.status == http.StatusGone {
		s.lanes.dropEndpoint(p.EndpointID)
	}
	s.start()
	s.outbox = append(s.outbox, outcome{parcel: p, result: r, tried: ok})
	if s.recorders < recorders {
		s.recorders++
		go s.keep()
	}
}

// try makes the attempt unless it is too late for it; false when there is nothing to record.
func (s *Sender) try(p *parcel) (r result, ok bool) {
	// A delivery that waited too long for a slot might still be on its way when its lease ends and
	// somebody else takes it.
	if p.until.Sub(s.now()) < leaseMargin {
		return result{}, false
	}
	defer func() {
		if v := recover(); v != nil {
			s.log.Error("webhook: attempt broke off", "delivery", p.ID, "panic", fmt.Sprint(v))
			r, ok = result{at: s.now(), word: wordInternal}, true
		}
	}()
	r = s.attempt(s.ctx, &p.Parcel)
	// What Close breaks off was no attempt: the lease will end and somebody repeat it.
	return r, s.ctx.Err() == nil
}

// Settle waits until nothing that was claimed is left to send or record, and returns 1 if it had to
// wait, 0 if there was nothing.
func (s *Sender) Settle(ctx context.Context) (int, error) {
	s.mu.Lock()
	idle, held := s.idle, s.lanes.held()
	s.mu.Unlock()
	if held == 0 {
		return 0, nil
	}
	select {
	case <-idle:
		return 1, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// Drain fans out and delivers until nothing is due.
func (s *Sender) Drain(ctx context.Context) error {
	for {
		fanned, err := s.FanOut(ctx)
		if err != nil {
			return err
		}
		claimed, err := s.Deliver(ctx)
		if err != nil {
			return err
		}
		waited, err := s.Settle(ctx)
		if err != nil || fanned+claimed+waited == 0 {
			return err
		}
	}
}

// forever is later than the end of any lease.
var forever = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// Close claims and begins nothing more, waits until ctx ends for what is on its way, breaks off the
// rest and closes all connections. What was broken off is repeated when its lease has ended.
func (s *Sender) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	s.lanes.drop(forever)
	idle := s.idle
	if s.lanes.held() == 0 {
		idle = nil
	}
	s.mu.Unlock()
	var err error
	if idle != nil {
		select {
		case <-idle:
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	s.cancel()
	if idle != nil {
		<-idle
	}
	for _, p := range s.pools {
		p.Close()
	}
	return err
}
