package pay

import (
	"context"
	"time"
)

// lookAnswer is how often the agreement is looked at whose payer has a proposal to answer.
const lookAnswer = time.Hour

// nextLook is when the agreement of a mandate is looked at again, if nothing is heard before.
func (m *Mandate) nextLook(now time.Time) time.Time {
	p := m.Proposal
	switch {
	case p == nil:
		return now.Add(lookPause)
	case !p.Known && now.Before(p.ProposedAt.Add(lookRetry)):
		return now.Add(lookSoon)
	case !p.Known:
		return now.Add(lookRetry)
	case p.ExpiresAt.After(now) && p.ExpiresAt.Before(now.Add(lookAnswer)):
		return p.ExpiresAt
	}
	return now.Add(lookAnswer)
}

// convey brings the proposal of a mandate to its bank and applies what the bank says of it. The
// same proposal may be brought any number of times. A bank that does not answer leaves it to the
// look; one that refuses ends it. then runs in the transaction in which that is written.
func (s *Service) convey(
	ctx context.Context, c Caller, m *Mandate,
	then func(ctx context.Context, tx Tx, m *Mandate) error,
) (Mandate, error) {
	said, refusal, err := s.submitChange(ctx, c, m)
	if err != nil {
		s.log.WarnContext(ctx, "amendment not conveyed", "mandate", m.ID, "error", err)
	}
	var out Mandate
	err = s.store.Write(ctx, func(ctx context.Context, tx Tx) (err error) {
		if said != nil {
			if _, err = s.mirror(ctx, tx, c, m.MethodID, news{Agreement: said}); err != nil {
				return err
			}
		}
		if out, err = tx.LockMandate(ctx, m.ID); err != nil {
			return err
		}
		if p := out.Proposal; refusal != nil && p != nil && p.ID == m.Proposal.ID {
			err = s.endProposal(ctx, tx, c, &out, s.turnedDown(c, p))
		}
		if err != nil || then == nil {
			return err
		}
		return then(ctx, tx, &out)
	})
	if err == nil {
		s.changed("")
		s.wake(WorkMandates)
	}
	return out, err
}

// turnedDown is what has become of a proposal that its bank does not take.
func (s *Service) turnedDown(c Caller, p *Proposal) *Amendment {
	a := &Amendment{ID: p.ID, State: AmendmentDeclined}
	if !s.Now(c).Before(p.ExpiresAt) {
		a.State = AmendmentTimedOut
	}
	return a
}

// submitChange brings a proposal to its bank. said is the agreement as the bank tells of it;
// refusal is why there is nothing to answer; err: the bank did not say.
func (s *Service) submitChange(
	ctx context.Context, c Caller, m *Mandate,
) (said *Agreement, refusal, err error) {
	rail, ref, err := s.agreementOf(ctx, c, m)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, rail.Facts().Deadline)
	defer cancel()
	p := m.Proposal
	a, err := rail.(Agreer).Amend(ctx, ref, AmendOrder{
		ID: p.ID, Terms: &p.Terms, Description: p.Description, Deadline: p.ExpiresAt,
	})
	if err == nil {
		return &a, nil, nil
	}
	if !IsKind(err, State) && !IsKind(err, Invalid) && !IsKind(err, NotFound) {
		return nil, nil, err
	}
	if a, cause := rail.(Agreer).Agreement(ctx, ref); cause == nil {
		return &a, err, nil
	}
	return nil, err, nil
}

// mirrorAmendment takes over what a bank says of the amendment that a locked mandate proposes. It
// reports whether that was anything new.
func (s *Service) mirrorAmendment(
	ctx context.Context, tx Tx, c Caller, m *Mandate, a news,
) (bool, error) {
	p := m.Proposal
	switch {
	case p == nil || a.Amendment == nil || a.Amendment.ID != p.ID:
		return false, nil
	case a.Amendment.State == AmendmentCompleted:
		return true, s.amend(ctx, tx, c, m)
	case a.State == AgreementCancelled:
		return false, nil // the end of the mandate is the end of what it proposes
	case a.Amendment.State != AmendmentPending:
		return true, s.endProposal(ctx, tx, c, m, a.Amendment)
	case p.Known:
		return false, nil
	}
	known := *p
	known.Known, known.ExpiresAt = true, a.Amendment.Deadline
	m.Proposal = &known
	m.LookAt = m.nextLook(s.Now(c))
	return true, s.moveMandate(ctx, tx, c, m, MandateUse)
}

// amend makes a locked mandate what it proposes, words and all.
func (s *Service) amend(ctx context.Context, tx Tx, c Caller, m *Mandate) error {
	p, now := m.Proposal, s.Now(c)
	m.Proposal = nil
	m.Terms, m.Schedule, m.Consent, m.Description = p.Terms, p.Schedule, p.Consent, p.Description
	m.replan(latest(now, m.UpdatedAt))
	m.LookAt = m.nextLook(now)
	if err := s.moveMandate(ctx, tx, c, m, MandateUse); err != nil {
		return err
	}
	if err := s.emitMandate(ctx, tx, c, m, eventMandateAmended); err != nil {
		return err
	}
	return s.completeIfSpent(ctx, tx, c, m)
}

// replan moves what is planned to where the new terms and the new schedule have it. A try that is
// in flight goes on.
func (m *Mandate) replan(now time.Time) {
	switch {
	case m.Schedule == nil || m.State != MandateActive:
	case m.NextAt.IsZero():
		m.next(now)
	case !m.TryAt.IsZero():
		if at, ok := m.Schedule.First(m.Terms, m.NextAt); !ok || !at.Equal(m.NextAt) {
			m.next(latest(now, m.NextAt))
		}
	}
}

// endProposal ends what a locked mandate proposes without any change of it.
func (s *Service) endProposal(
	ctx context.Context, tx Tx, c Caller, m *Mandate, a *Amendment,
) error {
	ended := *m.Proposal
	ended.State, ended.NetworkCode = a.State, a.NetworkCode
	m.Proposal = nil
	m.LookAt = m.nextLook(s.Now(c))
	if err := s.moveMandate(ctx, tx, c, m, MandateUse); err != nil {
		return err
	}
	what := eventAmendmentDenied
	if a.State == AmendmentTimedOut {
		what = eventAmendmentExpired
	}
	told := *m
	told.Proposal = &ended
	return s.emitMandate(ctx, tx, c, &told, what)
}
