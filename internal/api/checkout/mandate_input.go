package checkout

import (
	"slices"
	"strings"
	"time"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/terms"
)

// mandateInput is what a session asks the payer to permit beyond its own payment.
type mandateInput struct {
	Type           *string          `json:"type"`
	Amount         *boundsInput     `json:"amount"`
	Recurrence     *recurrenceInput `json:"recurrence"`
	StartDate      *string          `json:"start_date"`
	EndDate        *string          `json:"end_date"`
	TimeZone       *string          `json:"time_zone"`
	MaxOccurrences *int64           `json:"max_occurrences"`
	TotalAmount    *int64           `json:"total_amount"`
	Installments   *[]int64         `json:"installments"`
	PeriodLimits   *periodInput     `json:"period_limits"`
	Schedule       *scheduleInput   `json:"schedule"`
	RetryDays      *[]int64         `json:"retry_days"`
}

// boundsInput bounds one charge.
type boundsInput struct {
	Exact *int64 `json:"exact"`
	Min   *int64 `json:"min"`
	Max   *int64 `json:"max"`
}

// recurrenceInput is a rhythm.
type recurrenceInput struct {
	Unit           string    `json:"unit" wire:"required"`
	Interval       *int64    `json:"interval"`
	Weekdays       *[]string `json:"weekdays"`
	MonthDays      *[]int64  `json:"month_days"`
	Nth            *int64    `json:"nth"`
	Month          *int64    `json:"month"`
	Day            *int64    `json:"day"`
	NearestWeekday *bool     `json:"nearest_weekday"`
}

// periodInput bounds the charges of one period.
type periodInput struct {
	Unit        string `json:"unit" wire:"required"`
	MaxCount    *int64 `json:"max_count"`
	MaxAmount   *int64 `json:"max_amount"`
	Anchor      *int64 `json:"anchor"`
	AnchorMonth *int64 `json:"anchor_month"`
}

// scheduleInput has the server charge by itself, in the rhythm of the mandate.
type scheduleInput struct {
	Amount    *int64  `json:"amount"`
	Time      *string `json:"time"`
	StartDate *string `json:"start_date"`
	EndDate   *string `json:"end_date"`
}

// timeOfDay is the form of a scheduled time.
const timeOfDay = "15:04"

// weekdays are the words for the days of a week, as time.Weekday counts them.
var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// offer returns what the mandate asks of the payer. amount is that of the session, for a schedule
// that does not say; now is where one begins that does not say.
func (in *mandateInput) offer(amount int64, now time.Time) (pay.Offer, error) {
	if err := in.positive(); err != nil {
		return pay.Offer{}, err
	}
	t, err := in.terms()
	if err != nil {
		return pay.Offer{}, err
	}
	o := pay.Offer{Terms: &t}
	if in.RetryDays != nil {
		o.Retry.Days = *in.RetryDays
	}
	if in.Schedule == nil {
		return o, nil
	}
	s, err := in.schedule(&t, amount, now)
	o.Schedule = &s
	return o, err
}

// positive refuses a bound of 0: to the core it is no bound, in a request it is a mistake.
func (in *mandateInput) positive() error {
	var bounds boundsInput
	var period periodInput
	var schedule scheduleInput
	set(&bounds, in.Amount)
	set(&period, in.PeriodLimits)
	set(&schedule, in.Schedule)
	for _, f := range []struct {
		name  string
		given *int64
	}{
		{"amount.exact", bounds.Exact}, {"amount.min", bounds.Min}, {"amount.max", bounds.Max},
		{"max_occurrences", in.MaxOccurrences}, {"total_amount", in.TotalAmount},
		{"period_limits.max_count", period.MaxCount},
		{"period_limits.max_amount", period.MaxAmount}, {"schedule.amount", schedule.Amount},
	} {
		if f.given != nil && *f.given < 1 {
			return badMandate(f.name, "must be 1 or more")
		}
	}
	return nil
}

// badMandate refuses one field of a mandate.
func badMandate(field, problem string) *pay.Error {
	param := "mandate." + field
	return pay.BadParam(param, codeInvalid, "%s %s.", param, problem)
}

func (in *mandateInput) terms() (t terms.Terms, err error) {
	if t.Start, err = dateOf("start_date", in.StartDate); err != nil {
		return t, err
	}
	if t.End, err = dateOf("end_date", in.EndDate); err != nil {
		return t, err
	}
	if in.Recurrence != nil {
		if t.Recurrence, err = in.Recurrence.recurrence(); err != nil {
			return t, err
		}
	}
	t.Kind, t.Zone = in.kind(), wire.Value(in.TimeZone)
	t.MaxCount, t.MaxTotal = wire.Value(in.MaxOccurrences), wire.Value(in.TotalAmount)
	t.Items = wire.Value(in.Installments)
	if b := in.Amount; b != nil {
		t.Amount = terms.Amount{
			Exact: wire.Value(b.Exact), Min: wire.Value(b.Min), Max: wire.Value(b.Max),
		}
	}
	if p := in.PeriodLimits; p != nil {
		t.Period = &terms.Period{
			Unit:     terms.Unit(p.Unit),
			MaxCount: wire.Value(p.MaxCount), MaxAmount: wire.Value(p.MaxAmount),
			Anchor: wire.Value(p.Anchor), AnchorMonth: time.Month(wire.Value(p.AnchorMonth)),
		}
	}
	return t, nil
}

// kind is the one that is named, or the one that the rest of the mandate speaks of.
func (in *mandateInput) kind() terms.Kind {
	switch {
	case in.Type != nil:
		return terms.Kind(*in.Type)
	case in.Schedule != nil:
		return terms.Scheduled
	}
	return terms.OnDemand
}

// dateOf reads a day; no day when there is none.
func dateOf(field string, text *string) (terms.Date, error) {
	if text == nil {
		return terms.Date{}, nil
	}
	d, err := terms.ParseDate(*text)
	if err != nil {
		return d, badMandate(field, "must be a day that exists, such as 2026-10-31")
	}
	return d, nil
}

func (in *recurrenceInput) recurrence() (*terms.Recurrence, error) {
	r := &terms.Recurrence{
		Unit: terms.Unit(in.Unit), Interval: 1, MonthDays: wire.Value(in.MonthDays),
		Nth:       wire.Value(in.Nth),
		YearMonth: time.Month(wire.Value(in.Month)), YearDay: wire.Value(in.Day),
		NearestWeekday: wire.Value(in.NearestWeekday),
	}
	set(&r.Interval, in.Interval)
	for _, name := range wire.Value(in.Weekdays) {
		day := slices.Index(weekdays, name)
		if day < 0 {
			return nil, badMandate("recurrence.weekdays",
				"must be some of "+strings.Join(weekdays, ", "))
		}
		r.Weekdays = append(r.Weekdays, time.Weekday(day))
	}
	return r, nil
}

// schedule completes what a schedule leaves out from its mandate and its session.
func (in *mandateInput) schedule(
	t *terms.Terms, amount int64, now time.Time,
) (s terms.Schedule, err error) {
	if t.Recurrence == nil {
		return s, pay.BadParam("mandate.recurrence", codeMissing,
			"Missing required parameter: mandate.recurrence. A schedule follows it.")
	}
	s.Recurrence = *t.Recurrence
	if s.Start, err = dateOf("schedule.start_date", in.Schedule.StartDate); err != nil {
		return s, err
	}
	if s.End, err = dateOf("schedule.end_date", in.Schedule.EndDate); err != nil {
		return s, err
	}
	if s.Start.IsZero() {
		s.Start = firstDay(t, now)
	}
	if text := in.Schedule.Time; text != nil {
		at, err := time.Parse(timeOfDay, *text)
		if err != nil || len(*text) != len(timeOfDay) {
			return s, badMandate("schedule.time", "must be a time of day such as 09:30")
		}
		s.Hour, s.Minute = at.Hour(), at.Minute()
	}
	switch {
	case in.Schedule.Amount != nil:
		s.Amount = *in.Schedule.Amount
	case len(t.Items) > 0: // the items say how much
	case t.Amount.Exact > 0:
		s.Amount = t.Amount.Exact
	default:
		s.Amount = amount
	}
	return s, nil
}

// firstDay is where a schedule begins that does not say: with the mandate, and not before today.
func firstDay(t *terms.Terms, now time.Time) terms.Date {
	today := terms.DateOf(now.In(t.Location()))
	if t.Start.Compare(today) > 0 {
		return t.Start
	}
	return today
}

// paths lead from the core's names for parts of an offer to ours; the longest that fits decides.
var paths = map[string]string{
	"offer.save":                        "save_payment_method",
	"offer.terms":                       "mandate",
	"offer.terms.kind":                  "mandate.type",
	"offer.terms.start":                 "mandate.start_date",
	"offer.terms.end":                   "mandate.end_date",
	"offer.terms.zone":                  "mandate.time_zone",
	"offer.terms.max_count":             "mandate.max_occurrences",
	"offer.terms.max_total":             "mandate.total_amount",
	"offer.terms.items":                 "mandate.installments",
	"offer.terms.period":                "mandate.period_limits",
	"offer.terms.recurrence.year_month": "mandate.recurrence.month",
	"offer.terms.recurrence.year_day":   "mandate.recurrence.day",
	"offer.schedule":                    "mandate.schedule",
	"offer.schedule.start":              "mandate.schedule.start_date",
	"offer.schedule.end":                "mandate.schedule.end_date",
	"offer.schedule.hour":               "mandate.schedule.time",
	"offer.schedule.minute":             "mandate.schedule.time",
	"offer.schedule.recurrence":         "mandate.recurrence",

	"offer.schedule.recurrence.year_month": "mandate.recurrence.month",
	"offer.schedule.recurrence.year_day":   "mandate.recurrence.day",

	"offer.retry":      "mandate.retry_days",
	"offer.retry.days": "mandate.retry_days",
}

// ourPath says a core's param in the words of this family.
func ourPath(param string) string {
	for head, tail := param, ""; head != ""; {
		if ours, ok := paths[head]; ok {
			return ours + tail
		}
		i := strings.LastIndexAny(head, ".[")
		if i < 0 {
			break
		}
		head, tail = head[:i], param[i:]
	}
	return param
}

// inOurWords names the field of an offer that the core refused as the request called it.
func inOurWords(err error) error {
	if err == nil {
		return nil
	}
	e := pay.AsError(err)
	if !strings.HasPrefix(e.Param, "offer.") {
		return err
	}
	ours := *e
	ours.Param = ourPath(e.Param)
	ours.Message = wire.Sentence(ours.Param, e.Message)
	return &ours
}
