package pay

import (
	"context"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kassa-pay/kassa/internal/consent"
	"github.com/kassa-pay/kassa/internal/terms"
)

// Events of a mandate's amendments.
const (
	eventMandateAmended   = "mandate.amended"
	eventAmendmentDenied  = "mandate.amendment_declined"
	eventAmendmentExpired = "mandate.amendment_expired"
)

// maxAmendmentTTL is how long a payer has to answer a proposal, at most.
const maxAmendmentTTL = 5 * 24 * time.Hour

// MandateChange is what a merchant wants changed of a mandate. What is nil stays as it is; a zero
// value takes the limit away. Terms need the payer's consent, a description does not.
type MandateChange struct {
	Amount      *terms.Amount // of one charge
	Period      *terms.Period
	End         *terms.Date
	MaxCount    *int64
	MaxTotal    *int64
	Scheduled   *int64  // what the schedule charges, in minor units
	Description *string // what the payer reads at their bank
	// Deadline is when the payer must have answered; zero: in five days, the longest there is.
	Deadline time.Time
	Language string // BCP 47, of the new words of the consent; "" for English
}

// Proposal is a change of a mandate that waits for its payer. Until they agree the mandate is what
// it was.
type Proposal struct {
	ID          string          `json:"id"`
	State       AmendmentState  `json:"state"`
	Terms       terms.Terms     `json:"terms"`
	Schedule    *terms.Schedule `json:"schedule,omitempty"`
	Description string          `json:"description"`
	Consent     string          `json:"consent"` // the words of the mandate as it will be
	// Known: its bank has it. Before that it may be on its way, or lost.
	Known      bool      `json:"known,omitempty"`
	ProposedAt time.Time `json:"proposed_at"`
	ExpiresAt  time.Time `json:"expires_at"`
	// NetworkCode is the rail's own word for why it came to nothing.
	NetworkCode string `json:"network_code,omitempty"`
}

// AmendMandate proposes to the payer of a mandate that it be changed. The payer answers at their
// bank; until then, or if they decline or let the time pass, the mandate keeps its terms. What
// needs nobody's consent is changed at once. The proposal is on disk before the bank hears of it:
// if the bank does not answer, the look at the agreement finds out. A mandate that stands on no
// agreement at a bank cannot be changed: its payer has to agree in a new session.
func (s *Service) AmendMandate(
	ctx context.Context, c Caller, o *Once[Mandate], id string, x MandateChange,
) (Mandate, Reply, error) {
	if o.keyed() {
		reply, found, err := resume(ctx, s, c, o, s.conveyed(ctx, c))
		if found || err != nil {
			return Mandate{}, reply, err
		}
	}
	m, err := s.proposeChange(ctx, c, o, proposing{id, x})
	if err != nil {
		return orReplay(ctx, s, c, o, err)
	}
	s.changed("")
	var reply Reply
	m, err = s.convey(context.WithoutCancel(ctx), c, &m,
		func(ctx context.Context, tx Tx, m *Mandate) error {
			reply = o.render(*m)
			if !o.keyed() {
				return nil
			}
			return tx.FinishIdempotency(ctx, s.record(o.ticket(c), m.ID, &reply))
		})
	return m, reply, err
}

// conveyed loads a mandate for resume: it is settled once its bank knows what was proposed.
func (s *Service) conveyed(ctx context.Context, c Caller) func(string) (Mandate, bool, error) {
	return func(id string) (Mandate, bool, error) {
		m, err := s.store.Mandate(ctx, c.Scope, id)
		return m, m.Proposal == nil || m.Proposal.Known, err
	}
}

// proposing is a request for a change of a mandate.
type proposing struct {
	id     string
	change MandateChange
}

// proposeChange writes the intent: the proposal, and when the bank is asked what has become of it.
func (s *Service) proposeChange(
	ctx context.Context, c Caller, o *Once[Mandate], x proposing,
) (Mandate, error) {
	if err := s.admit(); err != nil {
		return Mandate{}, err
	}
	var m Mandate
	err := s.store.Write(ctx, func(ctx context.Context, tx Tx) error {
		_, err := tx.Mandate(ctx, c.Scope, x.id)
		if err != nil {
			return err
		}
		if m, err = tx.LockMandate(ctx, x.id); err != nil {
			return err
		}
		if err := m.mayAmend(); err != nil {
			return err
		}
		if m.Proposal, err = s.proposal(ctx, tx, c, &m, x.change); err != nil {
			return err
		}
		m.LookAt = m.nextLook(s.Now(c))
		if err := s.moveMandate(ctx, tx, c, &m, MandateUse); err != nil || !o.keyed() {
			return err
		}
		return tx.InsertIdempotency(ctx, s.record(o.ticket(c), m.ID, nil))
	})
	return m, err
}

func (m *Mandate) mayAmend() error {
	switch {
	case m.Payto == nil:
		return Errorf(State, "mandate_not_amendable", "Only a mandate on an agreement at a bank can "+
			"be amended. Have the payer agree to the new terms in a new session.")
	case !m.State.live():
		return Errorf(State, "mandate_not_amendable",
			"Only an active or paused mandate can be amended; this one is %s.", m.State)
	case m.Proposal != nil:
		return Errorf(State, "amendment_pending",
			"The payer has not answered the last amendment of this mandate yet.")
	}
	return nil
}

// proposal is what the mandate would be with the change.
func (s *Service) proposal(
	ctx context.Context, v View, c Caller, m *Mandate, x MandateChange,
) (*Proposal, error) {
	now := s.Now(c)
	p := &Proposal{
		ID: s.ids.ID("amd", now), State: AmendmentPending, Terms: x.of(m.Terms),
		Description: m.Description, Consent: m.Consent, ProposedAt: now,
		ExpiresAt: now.Add(maxAmendmentTTL),
	}
	if x.Description != nil {
		p.Description = *x.Description
	}
	p.Schedule = x.scheduled(m, &p.Terms)
	if err := x.validate(m, p, now); err != nil {
		return nil, err
	}
	if !x.Deadline.IsZero() {
		p.ExpiresAt = x.Deadline
	}
	if !m.alters(p) {
		return p, nil
	}
	if err := s.validateUsed(ctx, v, m, &p.Terms, now); err != nil {
		return nil, err
	}
	owner, err := v.Merchant(ctx, m.MerchantID)
	if err != nil {
		return nil, err
	}
	p.Consent = strings.Join(consent.Amended(consent.Facts{
		Language: x.Language, Merchant: owner.Name, Currency: m.Currency, Terms: p.Terms,
		Schedule: p.Schedule,
	}), "\n")
	return p, nil
}

// alters reports whether the proposal changes what the payer agreed to.
func (m *Mandate) alters(p *Proposal) bool {
	return !reflect.DeepEqual(m.Terms, p.Terms) || !reflect.DeepEqual(m.Schedule, p.Schedule)
}

// of returns the terms with the change.
func (x *MandateChange) of(t terms.Terms) terms.Terms {
	if x.Amount != nil {
		t.Amount = *x.Amount
	}
	if x.Period != nil {
		t.Period = x.Period
		if *x.Period == (terms.Period{}) {
			t.Period = nil
		}
	}
	if x.End != nil {
		t.End = *x.End
	}
	if x.MaxCount != nil {
		t.MaxCount = *x.MaxCount
	}
	if x.MaxTotal != nil {
		t.MaxTotal = *x.MaxTotal
	}
	return t
}

// scheduled returns the schedule with the change. What it took from the terms it takes from the new
// ones: their exact amount, and their last day.
func (x *MandateChange) scheduled(m *Mandate, t *terms.Terms) *terms.Schedule {
	if m.Schedule == nil {
		return nil
	}
	next := *m.Schedule
	switch {
	case x.Scheduled != nil:
		next.Amount = *x.Scheduled
	case t.Amount.Exact > 0 && next.Amount > 0:
		next.Amount = t.Amount.Exact
	}
	follows := !next.End.IsZero() && next.End == m.Terms.End
	if follows || !t.End.IsZero() && next.End.Compare(t.End) > 0 {
		next.End = t.End
	}
	return &next
}

// validate checks what a change asks for, apart from what was used already.
func (x *MandateChange) validate(m *Mandate, p *Proposal, now time.Time) error {
	text := p.Description
	tooLong := utf8.RuneCountInString(text) > maxAgreementText
	switch {
	case !m.alters(p) && text == m.Description:
		return BadParam("", "amendment_empty",
			"Name at least one term, or a description, that the mandate does not have already.")
	case x.Description != nil && (text == "" || tooLong || hasControl(text)):
		return BadParam("description", "parameter_invalid",
			"The description must have 1 to %d characters and no control characters.",
			maxAgreementText)
	case !x.Deadline.IsZero() && !x.Deadline.After(now),
		x.Deadline.After(now.Add(maxAmendmentTTL)):
		return BadParam("expires_at", "parameter_invalid",
			"The time to answer must be in the future and at most %d days ahead.",
			maxAmendmentTTL/(24*time.Hour))
	case x.Scheduled != nil && m.Schedule == nil:
		return BadParam("schedule.amount", "parameter_invalid",
			"This mandate has no schedule: the merchant alone charges it.")
	}
	if wrong := p.Terms.Validate(); wrong != nil {
		return BadParam("terms."+wrong.Field, "parameter_invalid", "%s", wrong.Message)
	}
	if end := p.Terms.EndsAt(); !end.IsZero() && !now.Before(end) {
		return BadParam("terms.end", "parameter_invalid", "Must not be over already.")
	}
	if p.Schedule == nil {
		return nil
	}
	if wrong := p.Schedule.Validate(p.Terms); wrong != nil {
		return BadParam("schedule."+wrong.Field, "parameter_invalid", "%s", wrong.Message)
	}
	return nil
}

// validateUsed refuses limits below what was charged already.
func (s *Service) validateUsed(
	ctx context.Context, v View, m *Mandate, t *terms.Terms, now time.Time,
) error {
	with := *m
	with.Terms = *t
	w, err := s.windowOf(ctx, v, &with, now)
	if err != nil {
		return err
	}
	var period terms.Period
	if t.Period != nil {
		period = *t.Period
	}
	for _, limit := range []struct {
		field     string
		max, used int64
	}{
		{"max_count", t.MaxCount, m.Count}, {"max_total", t.MaxTotal, m.Total},
		{"period.max_count", period.MaxCount, w.Count},
		{"period.max_amount", period.MaxAmount, w.Amount},
	} {
		if limit.max > 0 && limit.max < limit.used {
			return BadParam("terms."+limit.field, "limit_below_used",
				"Must not be less than %d, which was charged already.", limit.used)
		}
	}
	return nil
}
