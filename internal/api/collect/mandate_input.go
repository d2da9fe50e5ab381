package collect

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/terms"
)

// mandateInput is what the payer is asked to permit. It is also how a mandate is shown.
type mandateInput struct {
	Type           *string           `json:"type,omitempty"`
	Amount         json.RawMessage   `json:"amount,omitempty"` // an integer, or min and max
	Recurrence     *recurrenceInput  `json:"recurrence,omitempty"`
	ValidityPeriod *dates            `json:"validity_period,omitempty"`
	MaxOccurrences *int64            `json:"max_occurrences,omitempty"`
	TotalAmount    *int64            `json:"total_amount,omitempty"`
	Terms          *installmentInput `json:"terms,omitempty"`
	PeriodLimits   *limitsInput      `json:"period_limits,omitempty"`
}

// amountRange bounds each charge.
type amountRange struct {
	Min *int64 `json:"min,omitempty"`
	Max *int64 `json:"max,omitempty"`
}

// dates are the first and the last day of something.
type dates struct {
	StartDate *string `json:"start_date,omitempty"`
	EndDate   *string `json:"end_date,omitempty"`
}

// installmentInput says in which parts a sum is paid.
type installmentInput struct {
	Type           string           `json:"type" wire:"required"`
	Amount         *int64           `json:"amount,omitempty"`
	Recurrence     *recurrenceInput `json:"recurrence,omitempty"`
	MaxOccurrences *int64           `json:"max_occurrences,omitempty"`
	Items          *[]itemInput     `json:"items,omitempty"`
}

type itemInput struct {
	Amount int64 `json:"amount" wire:"required"`
}

// limitsInput bounds what is charged within one period.
type limitsInput struct {
	Period    string       `json:"period" wire:"required"`
	MaxCount  *int64       `json:"max_count,omitempty"`
	MaxAmount *int64       `json:"max_amount,omitempty"`
	Window    *windowInput `json:"window,omitempty"`
}

// windowInput says when a period begins: with the calendar's, or on the anchor.
type windowInput struct {
	Mode   string       `json:"mode" wire:"required"`
	Anchor *anchorInput `json:"anchor,omitempty"`
}

type anchorInput struct {
	Type  string          `json:"type" wire:"required"`
	Day   json.RawMessage `json:"day,omitempty"` // a number, or the name of a weekday
	Month *int64          `json:"month,omitempty"`
}

// Paths of a mandate's options.
const (
	pathMandate = "options.mandate_options"
	pathTerms   = pathMandate + ".terms"
)

// Words of installments and windows.
const (
	termsPeriodic  = "periodic"
	termsFixed     = "fixed"
	windowCalendar = "calendar"
	windowCycle    = "cycle"
)

// terms says to the core what the payer is asked to permit. Without an amount the session's own is
// the ceiling of each later charge.
func (m *mandateInput) terms(sessionAmount int64) (terms.Terms, error) {
	t := terms.Terms{Kind: terms.OnDemand}
	if m == nil {
		return t, nil
	}
	if m.Type != nil {
		t.Kind = terms.Kind(*m.Type)
	}
	if err := first(m.validate(t.Kind), m.ValidityPeriod.read(pathMandate+".validity_period",
		&t.Start, &t.End)); err != nil {
		return t, err
	}
	if t.Kind == terms.Installment {
		err := m.installment(&t)
		return t, err
	}
	t.MaxCount = wire.Value(m.MaxOccurrences)
	return t, first(
		m.amount(&t.Amount, sessionAmount),
		m.Recurrence.read(pathMandate+".recurrence", &t.Recurrence),
		m.PeriodLimits.read(&t.Period),
	)
}

// validate refuses what the kind of mandate does not have.
func (m *mandateInput) validate(kind terms.Kind) error {
	parts := kind == terms.Installment
	for _, f := range []struct {
		name  string
		given bool
		parts bool // of installments, or of the others
	}{
		{"amount", m.Amount != nil, false}, {"recurrence", m.Recurrence != nil, false},
		{"max_occurrences", m.MaxOccurrences != nil, false},
		{"period_limits", m.PeriodLimits != nil, false},
		{"total_amount", m.TotalAmount != nil, true}, {"terms", m.Terms != nil, true},
	} {
		if f.given && f.parts != parts {
			return bad(pathMandate+"."+f.name, "does not belong to a mandate of the type %s.", kind)
		}
	}
	switch {
	case kind != terms.Scheduled && kind != terms.OnDemand && !parts:
		return bad(pathMandate+".type", "must be %s, %s or %s.", terms.Scheduled, terms.OnDemand,
			terms.Installment)
	case kind == terms.Scheduled && m.Recurrence == nil:
		return required(pathMandate + ".recurrence")
	case parts && m.TotalAmount == nil:
		return required(pathMandate + ".total_amount")
	case parts && m.Terms == nil:
		return required(pathTerms)
	}
	return first(positive(pathMandate+".max_occurrences", m.MaxOccurrences),
		positive(pathMandate+".total_amount", m.TotalAmount))
}

// amount reads the bounds of one charge.
func (m *mandateInput) amount(out *terms.Amount, sessionAmount int64) error {
	const path = pathMandate + ".amount"
	switch {
	case m.Amount == nil && sessionAmount == 0:
		return &pay.Error{Kind: pay.Invalid, Code: codeMissing, Param: path,
			Message: path + " is required where the session's own amount is 0."}
	case m.Amount == nil:
		out.Max = sessionAmount
		return nil
	case m.Amount[0] != '{':
		if err := json.Unmarshal(m.Amount, &out.Exact); err != nil {
			return bad(path, "must be an integer, or an object with min and max.")
		}
		return positive(path, &out.Exact)
	}
	var r amountRange
	if err := within(path, wire.DecodeBytes(m.Amount, &r)); err != nil {
		return err
	}
	if r.Min == nil && r.Max == nil {
		return bad(path, "must have min, max or both.")
	}
	out.Min, out.Max = wire.Value(r.Min), wire.Value(r.Max)
	return first(positive(path+".min", r.Min), positive(path+".max", r.Max))
}

// installment reads the parts of a sum.
func (m *mandateInput) installment(t *terms.Terms) error {
	t.MaxTotal = *m.TotalAmount
	in := m.Terms
	if err := first(
		in.Recurrence.read(pathTerms+".recurrence", &t.Recurrence),
		positive(pathTerms+".amount", in.Amount),
		positive(pathTerms+".max_occurrences", in.MaxOccurrences),
	); err != nil {
		return err
	}
	t.MaxCount = wire.Value(in.MaxOccurrences)
	switch in.Type {
	case termsPeriodic:
		return in.periodic(t)
	case termsFixed:
		return in.fixed(t)
	}
	return bad(pathTerms+".type", "must be %s or %s.", termsPeriodic, termsFixed)
}

func (in *installmentInput) periodic(t *terms.Terms) error {
	switch {
	case in.Items != nil:
		return bad(pathTerms+".items", "belongs to terms of the type %s.", termsFixed)
	case in.Amount == nil:
		return required(pathTerms + ".amount")
	case in.Recurrence == nil:
		return required(pathTerms + ".recurrence")
	}
	t.Amount.Max = *in.Amount
	return nil
}

func (in *installmentInput) fixed(t *terms.Terms) error {
	switch {
	case in.Amount != nil:
		return bad(pathTerms+".amount", "belongs to terms of the type %s.", termsPeriodic)
	case in.MaxOccurrences != nil:
		return bad(pathTerms+".max_occurrences", "belongs to terms of the type %s.", termsPeriodic)
	case in.Items == nil || len(*in.Items) == 0:
		return required(pathTerms + ".items")
	}
	for i, item := range *in.Items {
		if err := positive(fmt.Sprintf("%s.items[%d].amount", pathTerms, i), &item.Amount); err != nil {
			return err
		}
		t.Items = append(t.Items, item.Amount)
	}
	return nil
}

// read reads the days; nil has none.
func (d *dates) read(path string, start, end *terms.Date) error {
	if d == nil {
		return nil
	}
	return first(day(path+".start_date", d.StartDate, start), day(path+".end_date", d.EndDate, end))
}

func day(field string, text *string, out *terms.Date) (err error) {
	if text == nil {
		return nil
	}
	if *out, err = terms.ParseDate(*text); err != nil {
		return bad(field, "must be a day that exists, as YYYY-MM-DD.")
	}
	return nil
}

// periods are the words for the period of a limit.
var periods = map[string]terms.Unit{
	"day": terms.Day, "week": terms.Week, "month": terms.Month, "year": terms.Year,
}

// read reads the limits of a period; nil has none.
func (l *limitsInput) read(out **terms.Period) error {
	const path = pathMandate + ".period_limits"
	if l == nil {
		return nil
	}
	unit, ok := periods[l.Period]
	switch {
	case !ok:
		return bad(path+".period", "must be day, week, month or year.")
	case l.MaxCount == nil && l.MaxAmount == nil:
		return bad(path, "must have max_count, max_amount or both.")
	}
	p := &terms.Period{
		Unit: unit, MaxCount: wire.Value(l.MaxCount), MaxAmount: wire.Value(l.MaxAmount),
	}
	*out = p
	return first(positive(path+".max_count", l.MaxCount), positive(path+".max_amount", l.MaxAmount),
		l.Window.read(path+".window", p))
}

// read reads when a period begins; nil means with the calendar's.
func (w *windowInput) read(path string, p *terms.Period) error {
	switch {
	case w == nil:
		return nil
	case w.Mode == windowCalendar && w.Anchor == nil:
		return nil
	case w.Mode == windowCalendar:
		return bad(path+".anchor", "belongs to the mode %s.", windowCycle)
	case w.Mode != windowCycle:
		return bad(path+".mode", "must be %s or %s.", windowCalendar, windowCycle)
	case w.Anchor == nil:
		return required(path + ".anchor")
	}
	return w.Anchor.read(path+".anchor", p)
}

// anchors are the kinds of anchor that each period has.
var anchors = map[terms.Unit]string{
	terms.Week: onDayOfWeek, terms.Month: onDayOfMonth, terms.Year: onDayOfYear,
}

func (a *anchorInput) read(path string, p *terms.Period) error {
	want, ok := anchors[p.Unit]
	switch {
	case !ok:
		return bad(path, "does not belong to a period of one day.")
	case a.Type != want:
		return bad(path+".type", "must be %s for a period of the kind %s.", want, p.Unit)
	case a.Day == nil:
		return required(path + ".day")
	case (a.Month != nil) != (p.Unit == terms.Year):
		return bad(path+".month", "belongs to the type %s, which needs it.", onDayOfYear)
	}
	if p.Unit == terms.Week {
		w, err := weekday(path+".day", a.Day)
		p.Anchor = int64(w+6)%7 + 1
		return err
	}
	p.AnchorMonth = time.Month(wire.Value(a.Month))
	if json.Unmarshal(a.Day, &p.Anchor) != nil || p.Anchor < 1 {
		return bad(path+".day", "must be the number of a day.")
	}
	return nil
}
