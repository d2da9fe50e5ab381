package pay

import (
	"context"
	"time"
)

// Note returns what a family keeps with a session from now on. It is called inside a transaction
// and must be pure.
type Note func(ses Session, now time.Time) (echo []byte)

// Annotate lets a family keep with a session what only it knows of, such as that the buyer's
// browser has come, for whoever has the key of the session's page. It is no event.
func (s *Service) Annotate(
	ctx context.Context, id, key string, note Note,
) (Session, error) {
	var ses Session
	if !s.PageKeyValid(id, key) {
		return ses, errNoPage
	}
	err := s.store.Write(ctx, func(ctx context.Context, tx Tx) (err error) {
		if ses, err = tx.LockSession(ctx, id); err != nil {
			return err
		}
		m, err := tx.Merchant(ctx, ses.MerchantID)
		if err != nil {
			return err
		}
		c := callerOf(ses.Scope(), m)
		echo := note(ses, s.Now(c))
		if string(echo) == string(ses.Echo) {
			return nil
		}
		ses.Echo = echo
		ses.Version++
		var due time.Time
		if ses.State == SessionOpen {
			due = serverTime(c, ses.ExpiresAt)
		}
		return tx.SwapSession(ctx, ses, due)
	})
	if err == nil {
		s.watch.tell(id)
	}
	return ses, err
}
