package pay

import (
	"context"
	"crypto/hmac"
	"time"
)

// How often the agreement of a mandate is looked at, in the merchant's clock. Its bank tells us of
// changes; this finds what it did not tell.
const (
	lookPause = 24 * time.Hour   // for as long as the mandate may be charged
	lookSoon  = time.Minute      // while somebody waits for the answer of its bank
	lookRetry = 10 * time.Minute // after its bank did not answer
)

// tell asks the bank for what a merchant wants of a mandate, where it stands on an agreement. The
// bank comes first: what it says is what is true. Before it is asked, the mandate is marked to be
// looked at soon and the caller's key is taken, so that a process that dies in between leaves
// nothing but a look to come and a request that can be repeated. found: the key has its answer.
func (s *Service) tell(
	ctx context.Context, c Caller, o *Once[Mandate], id string, x order,
) (told *Agreement, reply Reply, found bool, err error) {
	m, err := s.store.Mandate(ctx, c.Scope, id)
	if err != nil || m.Payto == nil {
		return nil, Reply{}, false, err
	}
	if o.keyed() {
		reply, found, err = s.wished(ctx, c, o, &x)
		if found || err != nil {
			return nil, reply, found, err
		}
	}
	if err := s.mark(ctx, c, id, x); err != nil {
		reply, found, err = s.orWished(ctx, c, o, err)
		return nil, reply, found, err
	}
	ctx = context.WithoutCancel(ctx)
	a, err := s.instruct(ctx, c, &m, x.instruction)
	if IsKind(err, State) && o.keyed() {
		s.free(ctx, o.ticket(c))
	}
	return &a, Reply{}, false, err
}

// instruct tells the rail what is wanted of a mandate's agreement.
func (s *Service) instruct(
	ctx context.Context, c Caller, m *Mandate, i Instruction,
) (Agreement, error) {
	rail, ref, err := s.agreementOf(ctx, c, m)
	if err != nil {
		return Agreement{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, rail.Facts().Deadline)
	defer cancel()
	a, err := rail.(Agreer).Instruct(ctx, ref, i)
	if err == nil || IsKind(err, State) {
		return a, err
	}
	s.log.WarnContext(ctx, "agreement not instructed", "mandate", m.ID, "instruction", i,
		"error", err)
	return a, &Error{
		Kind: Unavailable, Code: "outcome_unknown", Err: err,
		Message: "The bank did not answer. The mandate is unchanged for now; try again.",
	}
}

// agreementOf names the agreement of a mandate at its rail.
func (s *Service) agreementOf(
	ctx context.Context, c Caller, m *Mandate,
) (Rail, AgreementRef, error) {
	method, err := s.store.SavedMethod(ctx, m.Scope(), m.MethodID)
	if err != nil {
		return nil, AgreementRef{}, err
	}
	rail, ok := s.railNamed(method.Rail)
	if !ok || !isAgreer(rail) {
		return nil, AgreementRef{}, Errorf(Unavailable, "network_not_connected",
			"The network of this mandate is not connected now. Try again later.")
	}
	return rail, s.agreementRef(c, method.Token), nil
}

// carryOut does what is wanted of a mandate, after its bank has agreed where there is one.
func (s *Service) carryOut(
	ctx context.Context, tx Tx, c Caller, id string, x order,
) (Mandate, error) {
	if x.told != nil {
		m, err := tx.MandateByID(ctx, id)
		if err != nil {
			return m, err
		}
		if _, err := s.mirror(ctx, tx, c, m.MethodID, news{x.told, x}); err != nil {
			return m, err
		}
	}
	m, err := tx.LockMandate(ctx, id)
	if err != nil {
		return m, err
	}
	if err := x.may(&m); err != nil {
		if x.told != nil {
			return m, nil // the bank's own word has done it
		}
		return m, err
	}
	err = x.do(ctx, tx, c, &m)
	return m, err
}

// news is what a bank says of an agreement.
type news struct {
	*Agreement
	// order is what the merchant has just asked for; the zero order: nothing.
	order order
}

// mirror brings a saved method and its mandate to where their agreement stands, unless what is said
// of it is older than what is known.
func (s *Service) mirror(
	ctx context.Context, tx Tx, c Caller, methodID string, a news,
) (changed bool, err error) {
	m, err := tx.LockMethod(ctx, methodID)
	same := hmac.Equal([]byte(a.Token), []byte(m.Token))
	known := a.Version == m.TokenVersion
	if err != nil || !same || a.Version < m.TokenVersion || known && a.Amendment == nil {
		return false, err
	}
	mandate, err := s.lockLive(ctx, tx, &m)
	if err != nil {
		return false, err
	}
	if mandate != nil {
		changed, err = s.mirrorAmendment(ctx, tx, c, mandate, a)
	}
	if known || err != nil {
		return changed, err
	}
	if mandate != nil && mandate.State.live() {
		if waits, err := s.lastCharge(ctx, tx, mandate, a); waits || err != nil {
			return changed, err
		}
		if err := s.mirrorMandate(ctx, tx, c, mandate, a); err != nil {
			return false, err
		}
	}
	return true, s.mirrorMethod(ctx, tx, c, &m, a)
}

// lockLive locks the mandate on an agreement that may be charged, now or later; nil for none.
func (s *Service) lockLive(ctx context.Context, tx Tx, m *SavedMethod) (*Mandate, error) {
	some, err := tx.Mandates(ctx, m.Scope(), MandateFilter{
		Page: Page{Limit: 1}, MethodID: m.ID, States: liveMandates,
	})
	if err != nil || len(some) == 0 {
		return nil, err
	}
	mandate, err := tx.LockMandate(ctx, some[0].ID)
	if err != nil || !mandate.State.live() {
		return nil, err
	}
	return &mandate, nil
}

// lastCharge reports whether the network has ended the agreement because of a charge whose outcome
// we do not know yet. The mandate is then completed by that outcome.
func (s *Service) lastCharge(ctx context.Context, tx Tx, m *Mandate, a news) (bool, error) {
	if a.State != AgreementCancelled || a.By != PartyNetwork || !m.Terms.SpentBy(m.use()) {
		return false, nil
	}
	open, err := tx.Payments(ctx, m.Scope(), PaymentFilter{
		Page: Page{Limit: 1}, MandateID: m.ID, States: undecidedStates,
	})
	return len(open) > 0, err
}

// mirrorMethod writes what has become of the account of an agreement.
func (s *Service) mirrorMethod(
	ctx context.Context, tx Tx, c Caller, m *SavedMethod, a news,
) error {
	moved := m.Payto == nil || *m.Payto != a.Payto
	ended := a.State == AgreementCancelled && m.State == MethodActive
	account := a.Payto
	m.TokenVersion, m.Payto, m.UpdatedAt = a.Version, &account, s.Now(c)
	m.Version++
	if ended {
		m.State, _ = m.State.Next(MethodDetach)
	}
	if err := tx.SwapMethod(ctx, *m); err != nil {
		return err
	}
	switch {
	case ended:
		return s.emitMethod(ctx, tx, c, m)
	case moved && m.State == MethodActive:
		return s.emitMethodAs(ctx, tx, c, m, eventMethodMoved)
	}
	return nil
}

// mirrorMandate moves a locked mandate as its agreement was moved. One that we paused because of
// failures stays paused: the bank has nothing to do with it.
func (s *Service) mirrorMandate(
	ctx context.Context, tx Tx, c Caller, m *Mandate, a news,
) error {
	moved, account := *m.Payto != a.Payto, a.Payto
	m.Payto, m.Description, m.LookAt = &account, a.Description, m.nextLook(s.Now(c))
	switch {
	case a.State == AgreementCancelled:
		return s.mirrorEnd(ctx, tx, c, m, a)
	case a.State == AgreementSuspended && m.State == MandateActive:
		m.Reason, m.NetworkCode = reasonOf(a.By), a.NetworkCode
		return s.moveMandate(ctx, tx, c, m, MandatePause)
	case a.State == AgreementActive && m.State == MandatePaused && m.Reason != ByFailures:
		return s.resume(ctx, tx, c, m)
	}
	if err := s.moveMandate(ctx, tx, c, m, MandateUse); err != nil || !moved {
		return err
	}
	return s.emitMandate(ctx, tx, c, m, eventMandateMoved)
}

// mirrorEnd ends a mandate whose agreement has ended.
func (s *Service) mirrorEnd(
	ctx context.Context, tx Tx, c Caller, m *Mandate, a news,
) error {
	m.NetworkCode = a.NetworkCode
	end := m.Terms.EndsAt()
	switch {
	case a.order.instruction == AgreementCancel:
		return a.order.do(ctx, tx, c, m)
	case a.By == PartyNetwork && m.State == MandateActive && m.Terms.SpentBy(m.use()):
		return s.moveMandate(ctx, tx, c, m, MandateComplete)
	case a.By == PartyNetwork && !end.IsZero() && !s.Now(c).Before(end):
		return s.moveMandate(ctx, tx, c, m, MandateExpire)
	}
	return s.cancelMandate(reasonOf(a.By))(ctx, tx, c, m)
}

// reasonOf says who has paused or ended a mandate by its agreement.
func reasonOf(by AgreementParty) string {
	switch by {
	case PartyMerchant:
		return ByMerchant
	case PartyNetwork:
		return ByNetwork
	}
	return ByBank
}

// syncAgreement asks a rail what an agreement is now and applies the answer, if it is one that we
// keep.
func (s *Service) syncAgreement(ctx context.Context, rail Rail, token string) error {
	m, err := s.store.MethodByToken(ctx, rail.Name(), token)
	if IsKind(err, NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	c, err := s.CallerFor(ctx, m.Scope())
	if err != nil {
		return err
	}
	call, cancel := context.WithTimeout(ctx, rail.Facts().Deadline)
	defer cancel()
	a, err := rail.(Agreer).Agreement(call, s.agreementRef(c, token))
	if err != nil {
		return err
	}
	changed := false
	err = s.store.Write(ctx, func(ctx context.Context, tx Tx) (err error) {
		changed, err = s.mirror(ctx, tx, c, m.ID, news{Agreement: &a})
		return err
	})
	if err == nil && changed {
		s.changed("")
		s.wake(WorkMandates)
	}
	return err
}

// look sees what has become of the agreement of a mandate, and comes back soon if its bank does not
// answer.
func (s *Service) look(ctx context.Context, m *Mandate) {
	c, err := s.CallerFor(ctx, m.Scope())
	if err == nil {
		err = s.lookNow(ctx, c, m)
	}
	if err == nil {
		return
	}
	s.log.WarnContext(ctx, "agreement not looked at", "mandate", m.ID, "error", err)
	if err := s.setLook(ctx, c, m.ID, s.Now(c).Add(lookRetry)); err != nil {
		s.log.ErrorContext(ctx, "agreement not looked at", "mandate", m.ID, "error", err)
	}
}

// setLook sets when the agreement of a mandate is looked at again; zero: never, if it has ended.
func (s *Service) setLook(ctx context.Context, c Caller, id string, at time.Time) error {
	return s.store.Write(ctx, func(ctx context.Context, tx Tx) error {
		m, err := tx.LockMandate(ctx, id)
		if err != nil || at.IsZero() && m.State.live() {
			return err
		}
		m.LookAt = at
		return s.moveMandate(ctx, tx, c, &m, MandateUse)
	})
}

// lookNow asks the bank. If the mandate has ended, its agreement is to end too.
func (s *Service) lookNow(ctx context.Context, c Caller, m *Mandate) error {
	rail, ref, err := s.agreementOf(ctx, c, m)
	if err != nil {
		return err
	}
	switch {
	case m.State.live() && m.Proposal != nil && !m.Proposal.Known:
		_, err := s.convey(ctx, c, m, nil)
		return err
	case m.State.live():
		return s.syncAgreement(ctx, rail, ref.Token)
	}
	if _, err := s.instruct(ctx, c, m, AgreementCancel); err != nil {
		return err
	}
	return s.setLook(ctx, c, m.ID, time.Time{})
}

// mirrorOf brings the method and the mandate that a payment was made with to where the outcome says
// that their agreement stands.
func (s *Service) mirrorOf(ctx context.Context, tx Tx, c Caller, p *Payment, x change) error {
	if x.out.Agreement == nil || p.MethodID == "" {
		return nil
	}
	changed, err := s.mirror(ctx, tx, c, p.MethodID, news{Agreement: x.out.Agreement})
	x.after.changed = x.after.changed || changed
	return err
}

// withdraw ends the agreement of a payment that came to nothing, if nobody keeps it. Should its
// bank not answer, the agreement ends by its own terms.
func (s *Service) withdraw(ctx context.Context, c Caller, p *Payment) {
	rail, _ := s.railNamed(p.Rail)
	agreer, ok := rail.(Agreer)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, rail.Facts().Deadline)
	defer cancel()
	if _, err := agreer.Instruct(ctx, s.agreementRef(c, p.Agreement), AgreementCancel); err != nil {
		s.log.WarnContext(ctx, "agreement not withdrawn", "payment", p.ID, "error", err)
	}
}
