package webhook

import (
	"context"
	"fmt"

	"github.com/kassa-pay/kassa/internal/pay"
)

// Deliver claims due deliveries, as many as there is room for, begins to send them and returns how
// many it claimed without waiting for any. Each one that is through wakes the worker for more, so
// that a slow receiver holds up nobody but itself.
func (s *Sender) Deliver(ctx context.Context) (int, error) {
	room := s.room()
	if room == 0 {
		return 0, nil
	}
	now := s.now()
	order := pay.ClaimOrder{
		Now: now, Until: now.Add(lease), Lease: s.ids.Secret(tokenBytes),
		Limit: room, PerEndpoint: perEndpoint,
	}
	var claimed []pay.Parcel
	err := s.store.Write(ctx, func(ctx context.Context, tx pay.Tx) (err error) {
		claimed, err = tx.ClaimDeliveries(ctx, order)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("claim deliveries: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(claimed) == 0 {
		return 0, nil
	}
	if s.lanes.held() == 0 {
		s.idle = make(chan struct{})
	}
	for _, p := range claimed {
		s.lanes.add(parcel{p, order.Until})
	}
	s.start()
	return len(claimed), nil
}

func (s *Sender) room() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0
	}
	return min(slots+backlog-s.lanes.held(), claimBatch)
}

// start sends what may be sent now. The caller holds the lock.
func (s *Sender) start() {
	for !s.closed {
		p, ok := s.lanes.next()
		if !ok {
			break
		}
		go s.handle(p)
	}
	if s.lanes.held() == 0 {
		close(s.idle)
	}
}

// handle makes one attempt and records it, then lets the next delivery have its place.
func (s *Sender) handle(p parcel) {
	defer s.leave(p)
	defer func() {
		if r := recover(); r != nil {
			s.log.Error("webhook: attempt broke off", "delivery", p.ID, "panic", fmt.Sprint(r))
		}
	}()
	// A delivery that waited too long for a slot might still be on its way when its lease ends and
	// somebody else takes it.
	if p.until.Sub(s.now()) < leaseMargin {
		return
	}
	r := s.attempt(s.ctx, &p.Parcel)
	if s.ctx.Err() != nil {
		return // closing: the lease will end and the attempt be repeated
	}
	if err := s.record(s.ctx, &p.Parcel, r); err != nil {
		s.log.Error("webhook: attempt not recorded; it will be repeated",
			"delivery", p.ID, "error", err.Error())
	}
}

func (s *Sender) leave(p parcel) {
	s.mu.Lock()
	s.lanes.done(p)
	s.start()
	s.mu.Unlock()
	s.wake(pay.WorkDelivery)
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

// Close claims and begins nothing more, waits until ctx ends for what is on its way, breaks off the
// rest and closes all connections. What was broken off is repeated when its lease has ended.
func (s *Sender) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	s.lanes.forget()
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
