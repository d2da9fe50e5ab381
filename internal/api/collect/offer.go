package collect

import (
	"cmp"
	"strings"
	"time"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/terms"
)

// subscriptionInput has the server itself charge. What is left out follows from the mandate.
type subscriptionInput struct {
	ActivePeriod  *dates  `json:"active_period,omitempty"`
	Amount        *int64  `json:"amount,omitempty"`
	ScheduledTime *string `json:"scheduled_time,omitempty"`
}

// pathSubscription is where a subscription stands.
const pathSubscription = "options.subscription_options"

// offer says to the core what the merchant wants besides the payment.
func (in *sessionInput) offer(now time.Time) (pay.Offer, error) {
	wish, _, _ := in.saving() // was checked before
	offer := pay.Offer{Save: pay.SaveWish(wire.Value(wish))}
	offer.Presentation, offer.HidePayButton = in.Options.presentation()
	if in.sessionType() != typeFirst {
		return offer, nil
	}
	t, err := in.Options.MandateOptions.terms(in.Amount)
	if err != nil {
		return offer, err
	}
	offer.Terms = &t
	offer.Schedule, err = in.schedule(&t, now)
	return offer, err
}

// schedule says when the server charges; nil when it does not. It completes the terms: what is
// charged on a schedule follows days that the payer is told.
func (in *sessionInput) schedule(t *terms.Terms, now time.Time) (*terms.Schedule, error) {
	sub := in.Options.SubscriptionOptions
	switch {
	case sub == nil:
		return nil, nil
	case t.Recurrence == nil && t.Kind == terms.Installment:
		return nil, required(pathTerms + ".recurrence")
	case t.Recurrence == nil:
		return nil, required(pathMandate + ".recurrence")
	}
	s := &terms.Schedule{Start: t.Start}
	if err := first(
		positive(pathSubscription+".amount", sub.Amount),
		sub.ActivePeriod.read(pathSubscription+".active_period", &s.Start, &s.End),
		sub.time(s),
		in.scheduled(t, s),
	); err != nil {
		return nil, err
	}
	today := terms.DateOf(now.In(t.Location()))
	given := !s.Start.IsZero()
	if !given {
		s.Start = today
	}
	rhythm := anchored(*t.Recurrence, s.Start)
	t.Recurrence, s.Recurrence = &rhythm, rhythm
	if !given {
		return s, afterFirst(s, t)
	}
	return s, nil
}

// afterFirst moves a schedule that begins today to the first day of its rhythm after that one, on
// which payers pay themselves: they do not pay twice on one day.
func afterFirst(s *terms.Schedule, t *terms.Terms) error {
	today := s.Start
	next := terms.Schedule{Recurrence: s.Recurrence, Start: today}
	at := time.Date(today.Year, today.Month, today.Day, 0, 0, 0, 0, t.Location())
	following, _ := next.After(at, terms.Terms{Zone: t.Zone})
	s.Start = terms.DateOf(following)
	const before = "must not be before %s, the first day that is charged."
	switch {
	case !s.End.IsZero() && s.End.Compare(s.Start) < 0:
		return bad(pathSubscription+".active_period.end_date", before, s.Start)
	case !t.End.IsZero() && t.End.Compare(s.Start) < 0:
		return bad(pathMandate+".validity_period.end_date", before, s.Start)
	}
	return nil
}

// time reads the time of day; midnight unless it is given.
func (in *subscriptionInput) time(s *terms.Schedule) error {
	if in.ScheduledTime == nil {
		return nil
	}
	t, err := time.Parse("15:04", *in.ScheduledTime)
	if err != nil || len(*in.ScheduledTime) != len("15:04") {
		return bad(pathSubscription+".scheduled_time", "must be a time of day such as 09:30.")
	}
	s.Hour, s.Minute = t.Hour(), t.Minute()
	return nil
}

// scheduled fills in how much each charge takes. Fixed parts are taken one after the other.
func (in *sessionInput) scheduled(t *terms.Terms, s *terms.Schedule) error {
	given := wire.Value(in.Options.SubscriptionOptions.Amount)
	switch {
	case given > 0:
		s.Amount = given
	case len(t.Items) > 0:
		s.Amount = 0
	case t.Kind == terms.Installment:
		s.Amount = t.Amount.Max
	default:
		s.Amount = cmp.Or(t.Amount.Exact, in.Amount)
	}
	if s.Amount == 0 && len(t.Items) == 0 {
		return required(pathSubscription + ".amount")
	}
	return nil
}

// path says the core's name for a field of a new session in the words of this protocol.
func (o *optionsInput) path(field string) string {
	if c := o.CheckoutOptions; field == "success_url" && c != nil && c.ReturnURL == nil {
		return pathSuccess
	}
	if p, ok := openPaths[field]; ok {
		return p
	}
	if rest, ok := strings.CutPrefix(field, "offer.terms."); ok {
		return o.termsPath(rest)
	}
	if rest, ok := strings.CutPrefix(field, "offer.schedule."); ok {
		return o.schedulePath(rest)
	}
	return field
}

// openPaths are the fields of a new session that are called otherwise here.
var openPaths = map[string]string{
	"customer": "options.customer_id", "success_url": pathReturn,
	"customer.name": "options.customer.name", "customer.email": "options.customer.email",
	"customer.phone": "options.customer.phone",
	"capture_method": pathCard + ".capture_method", "offer.save": pathSave,
	"offer.presentation": "options.checkout_options.presentation_mode.mode",
	"offer.terms":        pathMandate, "offer.schedule": pathSubscription,
}

// recurrencePaths are the fields of a rhythm below its own path.
var recurrencePaths = map[string]string{
	"recurrence": "", "recurrence.unit": ".type", "recurrence.interval": ".interval_count",
	"recurrence.weekdays": ".on.days", "recurrence.month_days": ".on.days",
	"recurrence.nth": ".on.nth", "recurrence.year_month": ".on.month",
	"recurrence.year_day": ".on.day", "recurrence.nearest_weekday": ".on.adjustment",
}

// termsPaths are the fields of a mandate's terms below its own path.
var termsPaths = map[string]string{
	"kind": ".type", "amount.exact": ".amount", "amount.min": ".amount.min",
	"amount.max": ".amount.max", "start": ".validity_period.start_date",
	"end": ".validity_period.end_date", "max_count": ".max_occurrences",
	"max_total": ".total_amount", "items": ".terms.items", "period": ".period_limits",
	"period.unit": ".period_limits.period", "period.max_count": ".period_limits.max_count",
	"period.max_amount":   ".period_limits.max_amount",
	"period.anchor":       ".period_limits.window.anchor.day",
	"period.anchor_month": ".period_limits.window.anchor.month",
}

func (o *optionsInput) termsPath(field string) string {
	parts := o.MandateOptions != nil && o.MandateOptions.Terms != nil
	base := pathMandate
	if p, ok := recurrencePaths[field]; ok {
		if parts {
			base = pathTerms
		}
		return base + ".recurrence" + p
	}
	switch {
	case parts && field == "max_count":
		return pathTerms + ".max_occurrences"
	case parts && strings.HasPrefix(field, "amount"):
		return pathTerms + ".amount"
	}
	if p, ok := termsPaths[field]; ok {
		return base + p
	}
	return base
}

func (o *optionsInput) schedulePath(field string) string {
	if _, ok := recurrencePaths[field]; ok {
		return o.termsPath(field)
	}
	switch field {
	case "start":
		return pathSubscription + ".active_period.start_date"
	case "end":
		return pathSubscription + ".active_period.end_date"
	case "hour", "minute":
		return pathSubscription + ".scheduled_time"
	case "amount":
		return pathSubscription + ".amount"
	}
	return pathSubscription
}

// chargePath says the core's name for a field of a charge in the words of this protocol.
func chargePath(field string) string {
	switch field {
	case "customer":
		return "options.customer_id"
	case "payment_method", "method":
		return "options.payment_method_id"
	case "mandate":
		return "options.mandate_id"
	case "capture_method":
		return pathCard + ".capture_method"
	}
	return field
}
