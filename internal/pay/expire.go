package pay

import (
	"context"
	"fmt"
)

// ExpireSession closes an open session for its merchant. A session that is being paid cannot be
// closed: its attempt has to end first.
func (s *Service) ExpireSession(
	ctx context.Context, c Caller, o *Once[Session], id string,
) (Session, Reply, error) {
	return s.endSession(ctx, c, o, id, func(ctx context.Context, tx Tx, ses *Session) error {
		if state := ses.StateAt(s.Now(c)); state != SessionOpen {
			return Errorf(State, "session_not_open",
				"Only an open session can be expired; this one is %s.", state)
		}
		return s.moveSession(ctx, tx, c, ses, SessionExpire)
	})
}

// CancelSession gives an open session up for its merchant. A session that is being paid cannot be
// given up: its attempt has to end first.
func (s *Service) CancelSession(
	ctx context.Context, c Caller, o *Once[Session], id string,
) (Session, Reply, error) {
	return s.endSession(ctx, c, o, id, func(ctx context.Context, tx Tx, ses *Session) error {
		if err := s.payable(ses, s.Now(c)); err != nil {
			return err
		}
		return s.moveSession(ctx, tx, c, ses, SessionCancel)
	})
}

// endSession locks one of the caller's sessions and has end judge and close it.
func (s *Service) endSession(
	ctx context.Context, c Caller, o *Once[Session], id string,
	end func(ctx context.Context, tx Tx, ses *Session) error,
) (Session, Reply, error) {
	ses, reply, err := atomically(ctx, s, c, o,
		func(ctx context.Context, tx Tx) (Session, string, error) {
			if _, err := tx.Session(ctx, c.Scope, id); err != nil {
				return Session{}, "", err
			}
			ses, err := tx.LockSession(ctx, id)
			if err == nil {
				err = end(ctx, tx, &ses)
			}
			return ses, ses.ID, err
		})
	if err == nil && !reply.Replayed {
		s.changed(ses.ID)
	}
	return ses, reply, err
}

// CancelSessionAsPayer gives an open session up for whoever has its page key. Giving up twice is
// giving up.
func (s *Service) CancelSessionAsPayer(ctx context.Context, id, key string) (Session, error) {
	v, err := s.Page(ctx, id, key)
	if err != nil || v.State == SessionCanceled {
		return v.Session, err
	}
	ses, _, err := s.CancelSession(ctx, v.Caller, nil, id)
	return ses, err
}

// ExpireDue expires sessions whose deadline has passed, one bounded round, and returns how many it
// handled. A session that is being paid is not due: it becomes so when its attempt ends.
func (s *Service) ExpireDue(ctx context.Context) (int, error) {
	var due []string
	err := s.store.Write(ctx, func(ctx context.Context, tx Tx) (err error) {
		due, err = tx.DueSessions(ctx, s.clock.Now(), batch)
		for _, id := range due {
			if err == nil {
				err = s.expireOne(ctx, tx, id)
			}
		}
		return err
	})
	if err != nil && len(due) > 0 && !IsKind(err, Unavailable) {
		return s.expireApart(ctx, due)
	}
	if err != nil {
		return 0, err
	}
	for _, id := range due {
		s.changed(id)
	}
	return len(due), nil
}

// expireApart expires due sessions one by one, after a round of several has failed: whatever is
// wrong with one of them must not keep the others open. It reports the first error.
func (s *Service) expireApart(ctx context.Context, due []string) (n int, first error) {
	for _, id := range due {
		err := s.store.Write(ctx, func(ctx context.Context, tx Tx) error {
			return s.expireOne(ctx, tx, id)
		})
		switch {
		case err == nil:
			n++
			s.changed(id)
		case first == nil:
			first = fmt.Errorf("expire %s: %w", id, err)
		}
	}
	return n, first
}

func (s *Service) expireOne(ctx context.Context, tx Tx, id string) error {
	ses, err := tx.LockSession(ctx, id)
	if err != nil {
		return err
	}
	m, err := tx.Merchant(ctx, ses.MerchantID)
	if err != nil {
		return err
	}
	c := callerOf(ses.Scope(), m)
	if ses.State != SessionOpen || s.Now(c).Before(ses.ExpiresAt) {
		return nil // it was taken or moved since the look-up
	}
	return s.moveSession(ctx, tx, c, &ses, SessionExpire)
}
