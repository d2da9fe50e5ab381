package pay

import "context"

// MandateWindow returns what was charged, or may yet be, in the present period of a mandate of the
// caller's; the zero window when the mandate has no such limit.
func (s *Service) MandateWindow(
	ctx context.Context, c Caller, m *Mandate,
) (MandateWindow, error) {
	return s.windowOf(ctx, s.store, m, s.Now(c))
}
