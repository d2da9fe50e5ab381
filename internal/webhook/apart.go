package webhook

import (
	"context"

	"github.com/kassa-pay/kassa/internal/pay"
)

// fanOutApart does a round event by event, after a round of several has failed: whatever is wrong
// with one of them must not keep all later ones, of all merchants, from being sent. An event that
// fails by itself twice in a row is left out.
func (s *Sender) fanOutApart(ctx context.Context) (int, error) {
	suspect := ""
	for n := 0; n < fanOutBatch; {
		handled, head, err := s.fanOut(ctx, 1)
		switch {
		case err == nil && handled == 0:
			return n, nil
		case err == nil:
			n++
			continue
		case head == "" || pay.IsKind(err, pay.Unavailable):
			return n, err
		case head != suspect:
			suspect = head // the store may have had a bad moment
			continue
		}
		if err := s.leaveOut(ctx, head, err); err != nil {
			return n, err
		}
		n++
	}
	return fanOutBatch, nil
}

// leaveOut gives up sending an event. It stays in the list of events.
func (s *Sender) leaveOut(ctx context.Context, id string, reason error) error {
	err := s.store.Write(ctx, func(ctx context.Context, tx pay.Tx) error {
		next, err := tx.UnsentEvents(ctx, 1)
		if err != nil || len(next) == 0 || next[0].ID != id {
			return err
		}
		return tx.MarkSent(ctx, []string{id})
	})
	if err == nil {
		s.log.Error("webhook: event cannot be fanned out and is not sent", "event", id,
			"error", reason.Error())
	}
	return err
}
