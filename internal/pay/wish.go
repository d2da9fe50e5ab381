package pay

import (
	"context"
	"errors"
)

// wished answers a request about a mandate that was made before under the same key. If its first
// run has died, what it wished for may have come about all the same; if not, it is carried out now:
// to tell the bank twice does no harm. A key that is new is left in the order, to be taken.
func (s *Service) wished(
	ctx context.Context, c Caller, o *Once[Mandate], x *order,
) (reply Reply, found bool, err error) {
	reply, found, err = resume(ctx, s, c, o, func(id string) (Mandate, bool, error) {
		m, err := s.store.Mandate(ctx, c.Scope, id)
		return m, x.done(&m), err
	})
	if errors.Is(err, errRunning) {
		return Reply{}, false, nil
	}
	if !found && err == nil {
		key := o.ticket(c)
		x.key = &key
	}
	return reply, found, err
}

// orWished answers a request that was refused: if the same request has come first, then as that one
// was answered.
func (s *Service) orWished(
	ctx context.Context, c Caller, o *Once[Mandate], refused error,
) (reply Reply, found bool, err error) {
	if o.keyed() {
		reply, found, err = s.replay(ctx, o.ticket(c))
	}
	if found && err == nil {
		return reply, true, nil
	}
	return Reply{}, false, refused
}

// mark has a mandate looked at soon, if it may do what is wanted of it, and takes the key of the
// request. Of two requests with the same key that come at once both go on, as one.
func (s *Service) mark(ctx context.Context, c Caller, id string, x order) error {
	err := s.store.Write(ctx, func(ctx context.Context, tx Tx) error {
		m, err := tx.LockMandate(ctx, id)
		if err != nil {
			return err
		}
		if err := x.may(&m); err != nil {
			return err
		}
		m.LookAt = s.Now(c).Add(lookSoon)
		if err := s.moveMandate(ctx, tx, c, &m, MandateUse); err != nil || x.key == nil {
			return err
		}
		return tx.InsertIdempotency(ctx, s.record(*x.key, m.ID, nil))
	})
	if !IsKind(err, Conflict) || x.key == nil {
		return err
	}
	if _, lerr := s.lookup(ctx, *x.key); lerr != nil {
		return lerr
	}
	x.key = nil
	return s.mark(ctx, c, id, x)
}

// free gives back the key of a request that its bank has refused. Should that fail, the key answers
// like a new one all the same, but to this request alone.
func (s *Service) free(ctx context.Context, t ticket) {
	err := s.store.Write(ctx, func(ctx context.Context, tx Tx) error {
		return tx.FreeIdempotency(ctx, t.Scope, t.key)
	})
	if err != nil {
		s.log.WarnContext(ctx, "key not given back", "error", err)
	}
}
