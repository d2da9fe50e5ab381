package pay

import "context"

// DetachMethod forgets a saved method: it can be charged no more, and its mandates are canceled.
// The rail is asked to forget the credential afterwards. Should it not answer, the method is
// detached all the same; detaching it again asks the rail again.
func (s *Service) DetachMethod(
	ctx context.Context, c Caller, o *Once[SavedMethod], id string,
) (SavedMethod, Reply, error) {
	m, reply, err := atomically(ctx, s, c, o,
		func(ctx context.Context, tx Tx) (SavedMethod, string, error) {
			if _, err := tx.SavedMethod(ctx, c.Scope, id); err != nil {
				return SavedMethod{}, "", err
			}
			m, err := tx.LockMethod(ctx, id)
			if err == nil && m.State == MethodActive {
				err = s.detach(ctx, tx, c, &m)
			}
			return m, m.ID, err
		})
	if err != nil || reply.Replayed {
		return m, reply, err
	}
	s.changed("")
	s.forget(context.WithoutCancel(ctx), &m)
	return m, reply, nil
}

// detach ends a locked method and its mandates.
func (s *Service) detach(ctx context.Context, tx Tx, c Caller, m *SavedMethod) error {
	next, _ := m.State.Next(MethodDetach)
	m.State, m.UpdatedAt = next, s.Now(c)
	m.Version++
	if err := tx.SwapMethod(ctx, *m); err != nil {
		return err
	}
	if err := s.emitMethod(ctx, tx, c, m); err != nil {
		return err
	}
	end := s.cancelMandate(ByDetach)
	for {
		some, err := tx.Mandates(ctx, m.Scope(), MandateFilter{
			Page: Page{Limit: MaxPage}, MethodID: m.ID, States: liveMandates,
		})
		if err != nil || len(some) == 0 {
			return err
		}
		for _, one := range some {
			mandate, err := tx.LockMandate(ctx, one.ID)
			if err != nil {
				return err
			}
			if err := end(ctx, tx, c, &mandate); err != nil && !IsKind(err, State) {
				return err
			}
		}
	}
}

// liveMandates are the states in which a mandate may be charged, now or later.
var liveMandates = []MandateState{MandateActive, MandatePaused}

// detachAll ends all that a customer saved, and returns it.
func (s *Service) detachAll(
	ctx context.Context, tx Tx, c Caller, customerID string,
) ([]SavedMethod, error) {
	var ended []SavedMethod
	for {
		some, err := tx.SavedMethods(ctx, c.Scope, MethodFilter{
			Page: Page{Limit: MaxPage}, CustomerID: customerID,
		})
		if err != nil || len(some) == 0 {
			return ended, err
		}
		for _, one := range some {
			m, err := tx.LockMethod(ctx, one.ID)
			if err == nil && m.State == MethodActive {
				err = s.detach(ctx, tx, c, &m)
				ended = append(ended, m)
			}
			if err != nil {
				return nil, err
			}
		}
	}
}

// endToken ends what the rail keeps of a method: an agreement, or a token.
func (s *Service) endToken(ctx context.Context, rail Rail, m *SavedMethod) error {
	switch r := rail.(type) {
	case Agreer:
		c, err := s.CallerFor(ctx, m.Scope())
		if err == nil {
			_, err = r.Instruct(ctx, s.agreementRef(c, m.Token), AgreementCancel)
		}
		return err
	case Keeper:
		return r.Forget(ctx, m.Scope(), m.Token)
	}
	return nil
}

// forget has the rail end the credential of a method.
func (s *Service) forget(ctx context.Context, m *SavedMethod) {
	rail, _ := s.railNamed(m.Rail)
	if rail == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, rail.Facts().Deadline)
	defer cancel()
	if err := s.endToken(ctx, rail, m); err != nil {
		s.log.WarnContext(ctx, "the network did not forget a saved method", "method", m.ID,
			"rail", m.Rail, "error", err)
	}
}
