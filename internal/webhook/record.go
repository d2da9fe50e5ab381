package webhook

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

// outcome is a delivery whose request is over.
type outcome struct {
	*parcel
	result result
	tried  bool // false: there is nothing to record
	over   bool // what comes after it in its chain is released
}

// keep records what is in the outbox, many attempts in one transaction, until nothing is left.
func (s *Sender) keep() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.outbox) > 0 {
		n := min(len(s.outbox), recordBatch)
		batch := s.outbox[:n:n]
		s.outbox = s.outbox[n:]
		stamp := s.stamp
		s.mu.Unlock()
		s.record(batch)
		s.mu.Lock()
		s.follow(batch, stamp)
		s.finish(batch)
	}
	s.outbox = nil
	s.recorders--
}

// follow wakes the worker for what the batch released. What came to wait for it only since the
// stamp may have been invisible to the transaction that released it, so it is released once more.
// The caller holds the lock, which is given up meanwhile.
func (s *Sender) follow(batch []outcome, stamp int) {
	var again []chain
	hit := false
	for i := range batch {
		c := chain{batch[i].EndpointID, batch[i].ObjectID}
		added, waits := s.chains[c]
		if !waits || !batch[i].over {
			continue
		}
		delete(s.chains, c)
		if hit = true; added >= stamp {
			again = append(again, c)
		}
	}
	if len(again) > 0 {
		s.mu.Unlock()
		s.release(s.ctx, again)
		s.mu.Lock()
	}
	if hit {
		s.wake(pay.WorkDelivery)
	}
}

// release makes what waits in the chains due, where nothing is before it any more. If that fails it
// becomes due by itself.
func (s *Sender) release(ctx context.Context, chains []chain) {
	err := s.store.Write(ctx, func(ctx context.Context, tx pay.Tx) error {
		for _, c := range chains {
			if err := tx.ReleaseNext(ctx, c.endpoint, c.object, s.now()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil && s.ctx.Err() == nil {
		s.log.Warn("webhook: waiting deliveries not released", "error", err.Error())
	}
}

// finish forgets what was recorded, and asks for more where there is more. The caller holds the
// lock.
func (s *Sender) finish(batch []outcome) {
	hungry := false
	for i := range batch {
		hungry = s.lanes.done(batch[i].parcel) || hungry
	}
	s.finished += len(batch)
	if s.lanes.held() == 0 {
		close(s.idle)
	}
	if hungry {
		s.wake(pay.WorkDelivery)
	}
	if len(s.heldBack) == 0 || s.lanes.plenty(s.now(), enough/2) {
		return
	}
	for w := range s.heldBack {
		s.wake(w)
	}
	clear(s.heldBack)
}

// record stores the batch; if that fails, each attempt by itself, so that none suffers for another.
func (s *Sender) record(batch []outcome) {
	var entries []entry
	for i := range batch {
		if batch[i].tried {
			entries = append(entries, s.entry(&batch[i]))
		}
	}
	if len(entries) == 0 {
		return
	}
	// Two transactions that lock the same endpoints lock them in the same order.
	slices.SortFunc(entries, func(a, b entry) int {
		return strings.Compare(a.delivery.EndpointID, b.delivery.EndpointID)
	})
	err := s.commit(entries...)
	if err == nil || pay.IsKind(err, pay.Unavailable) || s.ctx.Err() != nil {
		s.lost(err, entries...)
		return
	}
	for _, e := range entries {
		s.lost(s.commit(e), e)
	}
}

// lost logs attempts that could not be recorded. They will be repeated: receivers know a repeat by
// its id.
func (s *Sender) lost(err error, entries ...entry) {
	if err == nil || s.ctx.Err() != nil {
		return
	}
	s.log.Error("webhook: attempts not recorded; they will be repeated",
		"first", entries[0].delivery.ID, "attempts", len(entries), "error", err.Error())
}

// entry is what an attempt changes: the delivery as it is after it, and a line for its log.
type entry struct {
	*outcome
	delivery pay.Delivery
	attempt  pay.DeliveryAttempt
}

func (s *Sender) entry(o *outcome) entry {
	d, r := o.Delivery, o.result
	d.Attempts++
	d.UpdatedAt = s.now()
	switch wait, again := pause(d.Attempts, s.ids.Bytes(2)); {
	case r.word == "":
		d.State = pay.DeliverySucceeded
	case !again, r.word == wordDisabled, r.status == http.StatusGone:
		d.State = pay.DeliveryFailed
	default:
		d.NextAttemptAt = d.UpdatedAt.Add(max(wait, r.retryAfter))
	}
	o.over = d.State != pay.DeliveryPending
	return entry{o, d, pay.DeliveryAttempt{
		Number: d.Attempts, At: r.at, Status: int64(r.status), Duration: r.duration,
		Size: r.size, Error: r.word,
	}}
}

// commit stores the entries in one transaction. It is patient with a store that is overloaded: an
// attempt that is not recorded is made again.
func (s *Sender) commit(entries ...entry) error {
	pause := recordPause
	for try := 1; ; try++ {
		err := s.commitOnce(entries)
		if try == recordTries || !pay.IsKind(err, pay.Unavailable) {
			return err
		}
		select {
		case <-time.After(pause):
			pause *= 2
		case <-s.ctx.Done():
			return err
		}
	}
}

func (s *Sender) commitOnce(entries []entry) error {
	ctx, cancel := context.WithTimeout(s.ctx, recordDeadline)
	defer cancel()
	return s.store.Write(ctx, func(ctx context.Context, tx pay.Tx) error {
		for _, e := range entries {
			if err := s.write(ctx, tx, e); err != nil {
				return err
			}
		}
		return nil
	})
}

// write stores one attempt. If the lease was lost meanwhile, whoever has it now decides and nothing
// is stored.
func (s *Sender) write(ctx context.Context, tx pay.Tx, e entry) error {
	d := e.delivery
	mine, err := tx.FinishAttempt(ctx, d, e.attempt)
	if err != nil || !mine {
		return err
	}
	if e.over {
		if err := tx.ReleaseNext(ctx, d.EndpointID, d.ObjectID, d.UpdatedAt); err != nil {
			return err
		}
	}
	return s.judgeEndpoint(ctx, tx, &e.Parcel, e.result)
}

// judgeEndpoint keeps the endpoint's record: since when everything fails, and the end of patience.
// The row is left alone as long as nothing changes. What is known of the endpoint is as old as the
// claim, so anything that looks like a change is decided on the locked row.
func (s *Sender) judgeEndpoint(ctx context.Context, tx pay.Tx, p *pay.Parcel, r result) error {
	failing := !p.Endpoint.FailingSince.IsZero()
	if r.word == wordDisabled || r.word == "" && !failing {
		return nil
	}
	now, err := s.merchantNow(ctx, tx, pay.Scope{MerchantID: p.MerchantID, Mode: p.Mode})
	if err != nil {
		return err
	}
	over := failing && now.Sub(p.Endpoint.FailingSince) >= failingFor
	if r.word != "" && failing && !over && r.status != http.StatusGone {
		return nil
	}
	e, err := tx.LockEndpoint(ctx, p.EndpointID)
	if err != nil {
		return err
	}
	before := e
	if !judged(&e, r, now) {
		return nil
	}
	e.Version, e.UpdatedAt = e.Version+1, now
	if err := tx.SwapEndpoint(ctx, e); err != nil || e.Enabled == before.Enabled {
		return err
	}
	s.log.Warn("webhook: endpoint disabled", "endpoint", e.ID, "reason", e.DisabledReason)
	if err := s.tellDisabled(ctx, tx, e, now); err != nil {
		return err
	}
	return tx.FailPending(ctx, e.ID, s.now())
}

// tellDisabled writes the event of an endpoint that was switched off, for the merchant's others.
func (s *Sender) tellDisabled(
	ctx context.Context, tx pay.Tx, e pay.Endpoint, now time.Time,
) error {
	e.Secret, e.Previous = nil, nil
	data, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return tx.InsertEvent(ctx, pay.Event{
		ID: s.ids.ID("evt", now), MerchantID: e.MerchantID, Mode: e.Mode, Type: "endpoint.disabled",
		Kind: pay.ObjectEndpoint, ObjectID: e.ID, Sequence: e.Version, Family: e.Family, Data: data,
		CreatedAt: now,
	})
}

// judged applies an attempt's result to the endpoint and reports whether that changed it.
func judged(e *pay.Endpoint, r result, now time.Time) bool {
	switch {
	case r.word == "":
		changed := !e.FailingSince.IsZero()
		e.FailingSince = time.Time{}
		return changed
	case !e.Enabled:
		return false
	case r.status == http.StatusGone:
		e.Enabled, e.DisabledReason = false, reasonGone
	case e.FailingSince.IsZero():
		e.FailingSince = now
	case now.Sub(e.FailingSince) >= failingFor:
		e.Enabled, e.DisabledReason = false, reasonFailing
	default:
		return false
	}
	return true
}
