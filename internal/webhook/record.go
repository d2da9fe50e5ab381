package webhook

import (
	"context"
	"net/http"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

// record stores what came of an attempt. If the lease was lost meanwhile, whoever has it now
// decides and nothing is stored.
func (s *Sender) record(ctx context.Context, p *pay.Parcel, r result) error {
	ctx, cancel := context.WithTimeout(ctx, recordDeadline)
	defer cancel()
	d, a := s.outcome(p, r)
	return s.store.Write(ctx, func(ctx context.Context, tx pay.Tx) error {
		mine, err := tx.FinishAttempt(ctx, d, a)
		if err != nil || !mine {
			return err
		}
		if d.State != pay.DeliveryPending {
			if err := tx.ReleaseNext(ctx, d.EndpointID, d.ObjectID, d.UpdatedAt); err != nil {
				return err
			}
		}
		return s.judgeEndpoint(ctx, tx, p, r)
	})
}

// outcome is the delivery after the attempt, and the attempt for its log.
func (s *Sender) outcome(p *pay.Parcel, r result) (pay.Delivery, pay.DeliveryAttempt) {
	d := p.Delivery
	d.Attempts++
	d.UpdatedAt = s.now()
	a := pay.DeliveryAttempt{
		Number: d.Attempts, At: r.at, Status: int64(r.status), Duration: r.duration,
		Size: r.size, Error: r.word,
	}
	switch wait, again := pause(d.Attempts, s.ids.Bytes(2)); {
	case r.word == "":
		d.State = pay.DeliverySucceeded
	case !again, r.word == wordDisabled, r.status == http.StatusGone:
		d.State = pay.DeliveryFailed
	default:
		d.NextAttemptAt = d.UpdatedAt.Add(max(wait, r.retryAfter))
	}
	return d, a
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
	return tx.FailPending(ctx, e.ID, s.now())
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
