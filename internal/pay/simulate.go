package pay

import (
	"context"
	"time"

	"github.com/kassa-pay/kassa/internal/money"
)

// Answer answers a payment's open prompt as the payer would, and applies what follows. It exists in
// test mode alone, where the networks are simulated.
func (s *Service) Answer(
	ctx context.Context, c Caller, paymentID string, d Decision,
) (Payment, error) {
	return s.play(ctx, c, paymentID, func(sim Simulated, p *Payment) error {
		return sim.Decide(ctx, s.ref(c, p), d)
	})
}

// Deposit sends a transfer for a payment as the payer would, and applies what follows. amount is in
// minor units of the payment's currency.
func (s *Service) Deposit(
	ctx context.Context, c Caller, paymentID string, amount int64,
) (Payment, error) {
	return s.play(ctx, c, paymentID, func(sim Simulated, p *Payment) error {
		bank, ok := sim.(Depositor)
		if !ok {
			return Errorf(State, "payment_not_a_transfer", "This payment is not made by transfer.")
		}
		sum, err := money.New(amount, p.Amount.Currency)
		if err != nil {
			return BadParam("amount", "parameter_invalid", "The amount must be a positive integer")
		}
		return bank.Deposit(ctx, s.ref(c, p), sum)
	})
}

// play lets somebody play the payer of a simulated payment and then asks the network what became
// of it.
func (s *Service) play(
	ctx context.Context, c Caller, paymentID string, act func(Simulated, *Payment) error,
) (Payment, error) {
	p, err := s.store.Payment(ctx, c.Scope, paymentID)
	if err != nil {
		return p, err
	}
	sim, err := s.simulated(p.Rail)
	if err != nil || c.Mode != Test {
		return p, Errorf(Forbidden, "test_mode_only", "Only a simulated payment can be answered.")
	}
	if err := act(sim, &p); err != nil {
		return p, err
	}
	if err := s.hint(ctx, p); err != nil {
		return p, err
	}
	return s.store.Payment(ctx, c.Scope, paymentID)
}

// Prompts lists what the payers of the caller's payments are being asked now, on all simulated
// networks.
func (s *Service) Prompts(ctx context.Context, c Caller) ([]Prompt, error) {
	if c.Mode != Test {
		return nil, Errorf(Forbidden, "test_mode_only", "Live payers are asked by their own banks.")
	}
	var out []Prompt
	for _, rail := range s.rails {
		sim, ok := rail.(Simulated)
		if !ok {
			continue
		}
		some, err := sim.Prompts(ctx, c.Scope, s.Now(c))
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	return out, nil
}

// Standing is a simulated network's own word for how a payment of the caller's stands, whether or
// not it can be reached by us; "" when it has none.
func (s *Service) Standing(ctx context.Context, c Caller, p *Payment) (string, error) {
	sim, err := s.simulatedFor(c, p.Rail)
	if err != nil {
		return "", err
	}
	return sim.Standing(ctx, s.ref(c, p))
}

// Behaviour returns how a simulated network treats the caller's merchant.
func (s *Service) Behaviour(ctx context.Context, c Caller, railName string) (Behaviour, error) {
	sim, err := s.simulatedFor(c, railName)
	if err != nil {
		return Behaviour{}, err
	}
	return sim.Behaviour(ctx, c.MerchantID)
}

// Behave sets how a simulated network treats the caller's merchant from now on.
func (s *Service) Behave(ctx context.Context, c Caller, railName string, b Behaviour) error {
	sim, err := s.simulatedFor(c, railName)
	if err != nil {
		return err
	}
	if b.DelayMillis < 0 || b.DelayMillis > MaxClockAdvance.Milliseconds() {
		return BadParam("delay_ms", "parameter_invalid", "The delay must be 0 or more milliseconds.")
	}
	return sim.Behave(ctx, c.MerchantID, b)
}

// Rehearse tells the simulated network what the next charge of a saved method becomes, and no later
// one.
func (s *Service) Rehearse(ctx context.Context, c Caller, methodID string, r Rehearsal) error {
	if c.Mode != Test {
		return Errorf(Forbidden, "test_mode_only", "Only simulated networks can be told.")
	}
	m, err := s.store.SavedMethod(ctx, c.Scope, methodID)
	if err != nil {
		return err
	}
	rail, _ := s.railNamed(m.Rail)
	network, ok := rail.(Rehearser)
	if !ok || m.State != MethodActive {
		return Errorf(State, "payment_method_not_active",
			"The next charge of a payment method can be decided while it is active; this one is %s.",
			m.State)
	}
	return network.Rehearse(ctx, c.Scope, m.Token, r)
}

func (s *Service) simulatedFor(c Caller, railName string) (Simulated, error) {
	if c.Mode != Test {
		return nil, Errorf(Forbidden, "test_mode_only", "Only simulated networks can be told.")
	}
	return s.simulated(railName)
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
	ctx context.Context, railName, token string, d Decision,
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
	return prompt.ReturnURL, sim.Decide(ctx, ref, d)
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
			if m.ClockOffset > maxClockOffset-by {
				return time.Time{}, "", BadParam("seconds", "parameter_invalid",
					"The test clock is nearly a hundred years ahead and can go no further.")
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
	for _, w := range []Work{
		WorkExpiry, WorkMandates, WorkPayments, WorkRefunds, WorkNotices, WorkDelivery,
	} {
		s.wake(w)
	}
	return nil
}
