package pay

import "context"

// Limits of a list.
const (
	DefaultPage = 10
	MaxPage     = 100
)

// Session returns one of the caller's sessions.
func (s *Service) Session(ctx context.Context, c Caller, id string) (Session, error) {
	return s.store.Session(ctx, c.Scope, id)
}

// Sessions lists the caller's sessions, newest first, and says whether there are more.
func (s *Service) Sessions(
	ctx context.Context, c Caller, f SessionFilter,
) ([]Session, bool, error) {
	f.Now = s.Now(c)
	f.ServerNow = serverTime(c, f.Now)
	return list(ctx, c, &f.Page, s.store.Session, func() ([]Session, error) {
		return s.store.Sessions(ctx, c.Scope, f)
	})
}

// Payment returns one of the caller's payments.
func (s *Service) Payment(ctx context.Context, c Caller, id string) (Payment, error) {
	return s.store.Payment(ctx, c.Scope, id)
}

// Payments lists the caller's payments, newest first, and says whether there are more.
func (s *Service) Payments(
	ctx context.Context, c Caller, f PaymentFilter,
) ([]Payment, bool, error) {
	return list(ctx, c, &f.Page, s.store.Payment, func() ([]Payment, error) {
		return s.store.Payments(ctx, c.Scope, f)
	})
}

// Refund returns one of the caller's refunds.
func (s *Service) Refund(ctx context.Context, c Caller, id string) (Refund, error) {
	return s.store.Refund(ctx, c.Scope, id)
}

// Refunds lists the caller's refunds, newest first, and says whether there are more.
func (s *Service) Refunds(ctx context.Context, c Caller, f RefundFilter) ([]Refund, bool, error) {
	return list(ctx, c, &f.Page, s.store.Refund, func() ([]Refund, error) {
		return s.store.Refunds(ctx, c.Scope, f)
	})
}

// Event returns one of the caller's events.
func (s *Service) Event(ctx context.Context, c Caller, id string) (Event, error) {
	return s.store.Event(ctx, c.Scope, id)
}

// Events lists the caller's events, newest first, and says whether there are more.
func (s *Service) Events(ctx context.Context, c Caller, f EventFilter) ([]Event, bool, error) {
	return list(ctx, c, &f.Page, s.store.Event, func() ([]Event, error) {
		return s.store.Events(ctx, c.Scope, f)
	})
}

// list reads one item more than asked for, to know whether there are more. A cursor that names
// nothing of the caller's is refused.
func list[T any](
	ctx context.Context, c Caller, p *Page,
	one func(context.Context, Scope, string) (T, error), read func() ([]T, error),
) ([]T, bool, error) {
	if p.Limit == 0 {
		p.Limit = DefaultPage
	}
	if p.Limit < 1 || p.Limit > MaxPage {
		return nil, false, BadParam("limit", "parameter_invalid",
			"The limit must be a number from 1 to %d.", MaxPage)
	}
	if p.After != "" {
		if _, err := one(ctx, c.Scope, p.After); err != nil {
			if IsKind(err, NotFound) {
				return nil, false, BadParam("starting_after", "parameter_invalid",
					"The cursor %q names no item of this list.", printable(p.After))
			}
			return nil, false, err
		}
	}
	limit := p.Limit
	p.Limit++
	items, err := read()
	if err != nil || len(items) <= limit {
		return items, false, err
	}
	return items[:limit], true, nil
}
