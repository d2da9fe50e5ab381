package pay

import (
	"context"
	"net/http"
)

// Receive takes a rail's notification: verified, stored once, answered, and applied afterwards. A
// nil error means it is on disk and need not be sent again.
func (s *Service) Receive(
	ctx context.Context, railName string, header http.Header, body []byte,
) error {
	rail, ok := s.railNamed(railName)
	notifier, isNotifier := rail.(Notifier)
	if !ok || !isNotifier {
		return Errorf(NotFound, "resource_missing", "No such rail.")
	}
	n, err := notifier.Notify(ctx, header, body)
	if err != nil {
		return &Error{
			Kind: Unauthorized, Code: "signature_invalid", Err: err,
			Message: "The notification's signature is missing, wrong or too old.",
		}
	}
	stored := StoredNotice{Rail: railName, Notice: n, ReceivedAt: s.clock.Now()}
	err = s.store.Write(ctx, func(ctx context.Context, tx Tx) error {
		return tx.InsertNotice(ctx, stored)
	})
	if IsKind(err, Conflict) {
		return nil // it came before
	}
	if err == nil {
		s.wake(WorkNotices)
	}
	return err
}

// ProcessNotices applies stored notifications, one bounded round. A notification is a hint to ask
// the rail: what is true is what the rail answers. One that matches no payment is tried again, for
// it may have overtaken the payment's own transaction, until its time is over.
func (s *Service) ProcessNotices(ctx context.Context) (int, error) {
	var due []StoredNotice
	now := s.clock.Now()
	err := s.store.Write(ctx, func(ctx context.Context, tx Tx) (err error) {
		due, err = tx.ClaimNotices(ctx, now, now.Add(claimLease), batch)
		return err
	})
	if err != nil {
		return 0, err
	}
	for _, n := range due {
		if ctx.Err() != nil {
			break // told to stop: the rest is due again when the claim ends
		}
		if err := s.processNotice(ctx, n); err != nil {
			s.noticeFailed(ctx, n, err)
		}
	}
	return len(due), nil
}

// noticeFailed has a notification tried again when its lease ends, as long as its time is not over.
// By then the poll has asked whatever there was to ask.
func (s *Service) noticeFailed(ctx context.Context, n StoredNotice, reason error) {
	over := s.clock.Now().Sub(n.ReceivedAt) >= NoticeTTL
	s.log.ErrorContext(ctx, "rail notification", "rail", n.Rail, "notice", n.Notice.ID,
		"given up", over, "error", reason)
	if !over {
		return
	}
	if err := s.finishNotice(ctx, n, false); err != nil {
		s.log.ErrorContext(ctx, "rail notification", "rail", n.Rail, "notice", n.Notice.ID,
			"error", err)
	}
}

func (s *Service) processNotice(ctx context.Context, n StoredNotice) error {
	if n.Notice.PaymentID == "" {
		return s.processNews(ctx, n)
	}
	p, err := s.store.PaymentByID(ctx, n.Notice.PaymentID)
	switch {
	case IsKind(err, NotFound) && s.clock.Now().Sub(n.ReceivedAt) < NoticeTTL:
		return nil // its lease ends and it is tried again
	case IsKind(err, NotFound):
		s.log.ErrorContext(ctx, "notification matches no payment", "rail", n.Rail,
			"notice", n.Notice.ID)
		return s.finishNotice(ctx, n, false)
	case err != nil:
		return err
	}
	if p.Rail != n.Rail {
		return s.finishNotice(ctx, n, false)
	}
	if err := s.hint(ctx, p); err != nil {
		return err
	}
	if n.Notice.Token != "" {
		return s.processNews(ctx, n)
	}
	return s.finishNotice(ctx, n, true)
}

// processNews applies a notification about an agreement. One that we do not keep is nobody's: if it
// is given yet, the outcome of its payment will say so, with all that has happened to it.
func (s *Service) processNews(ctx context.Context, n StoredNotice) error {
	rail, ok := s.railNamed(n.Rail)
	if !ok || !isAgreer(rail) {
		return s.finishNotice(ctx, n, false)
	}
	if err := s.syncAgreement(ctx, rail, n.Notice.Token); err != nil {
		return err
	}
	return s.finishNotice(ctx, n, true)
}

// hint asks the rail about a payment because somebody said there is news, whatever its state:
// money may have come late, or twice.
func (s *Service) hint(ctx context.Context, p Payment) error {
	c, err := s.CallerFor(ctx, p.Scope())
	if err != nil {
		return err
	}
	_, err = s.apply(ctx, c, p.ID, s.ask(ctx, c, &p))
	return err
}

func (s *Service) finishNotice(ctx context.Context, n StoredNotice, matched bool) error {
	return s.store.Write(ctx, func(ctx context.Context, tx Tx) error {
		return tx.FinishNotice(ctx, n, matched)
	})
}
