package pay

import (
	"cmp"
	"context"
	"slices"
	"strings"
)

// Agreements lists what the payers of the caller's merchant see in their banks, newest first, on
// all simulated networks.
func (s *Service) Agreements(ctx context.Context, c Caller) ([]Agreement, error) {
	if c.Mode != Test {
		return nil, Errorf(Forbidden, "test_mode_only", "Live payers have banks of their own.")
	}
	var out []Agreement
	for _, rail := range s.rails {
		bank, ok := rail.(Banker)
		if !ok || !isAgreer(rail) {
			continue
		}
		some, err := bank.Agreements(ctx, c.Scope, s.Now(c))
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	return out, nil
}

// DecideAgreement does with an agreement what its payer would do in the bank's app, and applies
// what follows. id is the network's id of it, or that of the mandate, the payment or the session
// that it was made for.
func (s *Service) DecideAgreement(
	ctx context.Context, c Caller, id string, d BankDecision,
) (Agreement, error) {
	rail, err := s.banker(c)
	if err != nil {
		return Agreement{}, err
	}
	token, err := s.agreementToken(ctx, c, id)
	if err != nil {
		return Agreement{}, err
	}
	a, err := rail.(Banker).DecideAgreement(ctx, s.agreementRef(c, token), d)
	if err != nil {
		return a, err
	}
	ctx = context.WithoutCancel(ctx)
	if a.PaymentID != "" {
		p, err := s.store.Payment(ctx, c.Scope, a.PaymentID)
		if err == nil {
			err = s.hint(ctx, p)
		}
		if err != nil && !IsKind(err, NotFound) {
			return a, err
		}
	}
	return a, s.syncAgreement(ctx, rail, token)
}

// banker picks the simulated network whose payers can be played.
func (s *Service) banker(c Caller) (Rail, error) {
	if c.Mode != Test {
		return nil, Errorf(Forbidden, "test_mode_only", "Live payers have banks of their own.")
	}
	i := slices.IndexFunc(s.rails, func(r Rail) bool {
		_, ok := r.(Banker)
		return ok && isAgreer(r)
	})
	if i < 0 {
		return nil, Errorf(NotFound, "resource_missing", "No such simulated network.")
	}
	return s.rails[i], nil
}

func (s *Service) agreementRef(c Caller, token string) AgreementRef {
	return AgreementRef{Scope: c.Scope, Token: token, Now: s.Now(c)}
}

// agreementToken finds the network's id of an agreement by what was made with it.
func (s *Service) agreementToken(ctx context.Context, c Caller, id string) (string, error) {
	prefix, _, _ := strings.Cut(id, "_")
	switch {
	case !strings.Contains(id, "_"):
		return id, nil
	case prefix == "mdt":
		m, err := s.store.Mandate(ctx, c.Scope, id)
		if err != nil {
			return "", err
		}
		method, err := s.store.SavedMethod(ctx, c.Scope, m.MethodID)
		return method.Token, err
	case prefix == "pm":
		method, err := s.store.SavedMethod(ctx, c.Scope, id)
		return method.Token, err
	case prefix != "pay":
		ses, err := s.store.Session(ctx, c.Scope, id)
		if err != nil {
			return "", err
		}
		id = cmp.Or(ses.PaymentID, "none")
	}
	p, err := s.store.Payment(ctx, c.Scope, id)
	if err == nil && p.Agreement == "" {
		err = Errorf(State, "payment_without_agreement", "This payment has no agreement at a bank.")
	}
	return p.Agreement, err
}
