package checkout

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/terms"
)

// amendInput is what a merchant wants changed of a mandate. What is not given stays; null takes a
// limit away.
type amendInput struct {
	Amount         wire.Null[boundsInput] `json:"amount,omitzero"`
	PeriodLimits   wire.Null[periodInput] `json:"period_limits,omitzero"`
	EndDate        wire.Null[string]      `json:"end_date,omitzero"`
	MaxOccurrences wire.Null[int64]       `json:"max_occurrences,omitzero"`
	TotalAmount    wire.Null[int64]       `json:"total_amount,omitzero"`
	ScheduleAmount *int64                 `json:"schedule_amount"`
	Description    *string                `json:"description"`
	ExpiresAt      *string                `json:"expires_at"`
	Language       *string                `json:"language"`
	IdempotencyKey *string                `json:"idempotency_key"`
}

func (in *amendInput) key() *string { return in.IdempotencyKey }

// present is the value of a field; nil when it is absent or null.
func present[T any](n wire.Null[T]) *T {
	if !n.Valid {
		return nil
	}
	return &n.Value
}

// change reads what is wanted with the rules of a new mandate.
func (in *amendInput) change() (x pay.MandateChange, err error) {
	as := mandateInput{
		Amount: present(in.Amount), PeriodLimits: present(in.PeriodLimits), EndDate: present(in.EndDate),
		MaxOccurrences: present(in.MaxOccurrences), TotalAmount: present(in.TotalAmount),
	}
	if in.ScheduleAmount != nil {
		as.Schedule = &scheduleInput{Amount: in.ScheduleAmount}
	}
	if err := as.positive(); err != nil {
		return x, err
	}
	t, err := as.terms()
	if err != nil {
		return x, err
	}
	x = pay.MandateChange{
		MaxCount: patch(in.MaxOccurrences), MaxTotal: patch(in.TotalAmount),
		Scheduled: in.ScheduleAmount, Description: in.Description,
		Language: wire.Value(in.Language),
	}
	if in.Amount.Set {
		x.Amount = &t.Amount
	}
	if in.EndDate.Set {
		x.End = &t.End
	}
	if in.PeriodLimits.Set {
		x.Period = cmp.Or(t.Period, &noPeriod)
	}
	if in.ExpiresAt != nil {
		session := sessionInput{ExpiresAt: in.ExpiresAt}
		x.Deadline, err = session.expiry()
	}
	return x, err
}

// noPeriod takes a period's limits away.
var noPeriod terms.Period

// amendMandate proposes a change of a mandate to its payer.
func (a *API) amendMandate(c *call) error {
	var in amendInput
	id, err := c.open(&in)
	if err != nil {
		return err
	}
	change, err := in.change()
	if err != nil {
		return ofMandate(err)
	}
	o, err := once(c, &in, http.StatusOK, a.enc.mandate)
	if err != nil {
		return err
	}
	_, reply, err := a.pay.AmendMandate(c.r.Context(), c.Caller, o, id, change)
	return c.reply(reply, ofMandate(err))
}

// mandateParams lead from the core's names for parts of a mandate to those of an amendment, where
// it is not the name in a new mandate.
var mandateParams = map[string]string{"mandate.schedule.amount": "schedule_amount"}

// ofMandate says an error about a mandate whose terms are the request's own fields.
func ofMandate(err error) error {
	e := pay.AsError(err)
	if err == nil || e == nil || e.Param == "" {
		return err
	}
	out := *e
	if strings.HasPrefix(e.Param, "terms.") || strings.HasPrefix(e.Param, "schedule.") {
		out.Param = "offer." + e.Param
		out = *pay.AsError(inOurWords(&out))
	}
	nested := out.Param
	out.Param = cmp.Or(mandateParams[nested], strings.TrimPrefix(nested, "mandate."))
	if rest, named := strings.CutPrefix(out.Message, nested); named {
		out.Message = out.Param + rest
	}
	return &out
}

// proposalWord is this family's word for what has become of a proposal.
func proposalWord(s pay.AmendmentState) string {
	switch s {
	case pay.AmendmentPending:
		return "pending"
	case pay.AmendmentTimedOut:
		return "expired"
	}
	return "declined"
}

// proposalKey tells what the payer of a mandate has yet to agree to.
func proposalKey(o *object, p *pay.Proposal) {
	if p == nil {
		o.null("proposal")
		return
	}
	o.nested("proposal", func(buf []byte) []byte {
		inner := begin(buf)
		inner.text("id", p.ID)
		inner.text("status", proposalWord(p.State))
		inner.nested("terms", func(buf []byte) []byte { return appendTerms(buf, &p.Terms) })
		if p.Schedule == nil {
			inner.null("schedule_amount")
		} else {
			inner.maybeNumber("schedule_amount", p.Schedule.Amount)
		}
		inner.text("description", p.Description)
		inner.text("consent", p.Consent)
		inner.maybe("network_code", p.NetworkCode)
		inner.time("proposed_at", p.ProposedAt)
		inner.time("expires_at", p.ExpiresAt)
		return inner.end()
	})
}

// amendmentKey tells of the amendment that the payer of an agreement sees, or saw last.
func amendmentKey(o *object, a *pay.Amendment) {
	if a == nil {
		o.null("amendment")
		return
	}
	o.nested("amendment", func(buf []byte) []byte {
		inner := begin(buf)
		inner.text("id", a.ID)
		inner.text("status", string(a.State))
		inner.text("description", a.Description)
		inner.nested("terms", func(buf []byte) []byte { return appendTerms(buf, &a.Terms) })
		inner.maybe("network_code", a.NetworkCode)
		inner.time("proposed_at", a.ProposedAt)
		inner.maybeTime("expires_at", a.Deadline)
		inner.maybeTime("decided_at", a.DecidedAt)
		return inner.end()
	})
}
