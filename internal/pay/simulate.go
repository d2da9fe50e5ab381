package pay

import (
	"context"
	"time"
)

// Answer answers a payment's open prompt as the payer would, and applies what follows. It exists in
// test mode alone, where the networks are simulated.
func (s *Service) Answer(
	ctx context.Context, c Caller, paymentID string, approve bool,
) (Payment, error) {
	p, err := s.store.Payment(ctx, c.Scope, paymentID)
	if err != nil {
		return p, err
	}
	rail, ok := s.railNamed(p.Rail)
	sim, simulated := rail.(Simulated)
	if !ok || !simulated || c.Mode != Test {
		return p, Errorf(Forbidden, "test_mode_only", "Only a simulated payment can be answered.")
	}
	if err := sim.Decide(ctx, s.ref(c, &p), approve); err != nil {
		return p, err
	}
	return s.sync(ctx, c, p)
}

// Prompt shows what a simulated rail asks the payer, by the secret token in the action URL.
func (s *Service) Prompt(ctx context.Context, railName, token string) (Prompt, error) {
	sim, err := s.simulated(railName)
	if err != nil {
		return Prompt{}, err
	}
	prompt, err := sim.Prompt(ctx, token)
	if err != nil {
		return prompt, err
	}
	m, err := s.store.Merchant(ctx, prompt.MerchantID)
	prompt.Merchant = m.Name
	return prompt, err
}

// DecidePrompt answers a prompt by its token and returns where the payer's browser goes next.
func (s *Service) DecidePrompt(
	ctx context.Context, railName, token string, approve bool,
) (returnURL string, err error) {
	sim, err := s.simulated(railName)
	if err != nil {
		return "", err
	}
	prompt, err := sim.Prompt(ctx, token)
	if err != nil {
		return "", err
	}
	c, err := s.CallerFor(ctx, prompt.Scope)
	if err != nil {
		return "", err
	}
	ref := prompt.Ref
	ref.Now = s.Now(c)
	return prompt.ReturnURL, sim.Decide(ctx, ref, approve)
}

func (s *Service) simulated(railName string) (Simulated, error) {
	rail, _ := s.railNamed(railName)
	sim, ok := rail.(Simulated)
	if !ok {
		return nil, Errorf(NotFound, "resource_missing", "No such simulated network.")
	}
	return sim, nil
}

// AdvanceClock moves the merchant's test clock ahead. Sessions, retries, polls and everything the
// simulated networks have planned for the merchant follow it.
func (s *Service) AdvanceClock(
	ctx context.Context, c Caller, o *Once[time.Time], by time.Duration,
) (time.Time, Reply, error) {
	if c.Mode != Test {
		return time.Time{}, Reply{}, Errorf(Forbidden, "test_mode_only",
			"Only the test clock can be moved.")
	}
	if by < time.Second || by > MaxClockAdvance {
		return time.Time{}, Reply{}, BadParam("seconds", "parameter_invalid",
			"The clock can be advanced by 1 to %d seconds.", MaxClockAdvance/time.Second)
	}
	now, reply, err := atomically(ctx, s, c, o,
		func(ctx context.Context, tx Tx) (time.Time, string, error) {
			m, err := tx.LockMerchant(ctx, c.MerchantID)
			if err != nil {
				return time.Time{}, "", err
			}
			m.ClockOffset += by
			if err := tx.UpdateMerchant(ctx, m); err != nil {
				return time.Time{}, "", err
			}
			moved := c
			moved.ClockOffset = m.ClockOffset
			return s.Now(moved), m.ID, tx.ShiftDue(ctx, c.MerchantID, by)
		})
	if err != nil || reply.Replayed {
		return now, reply, err
	}
	return now, reply, s.advanceNetworks(ctx, c, by)
}

func (s *Service) advanceNetworks(ctx context.Context, c Caller, by time.Duration) error {
	for _, rail := range s.rails {
		if sim, ok := rail.(Simulated); ok {
			if err := sim.Advance(ctx, c.MerchantID, by); err != nil {
				return err
			}
		}
	}
	for _, w := range []Work{WorkExpiry, WorkPayments, WorkRefunds, WorkNotices, WorkDelivery} {
		s.wake(w)
	}
	return nil
}
