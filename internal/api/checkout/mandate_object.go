package checkout

import (
	"fmt"
	"strconv"
	"time"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/terms"
)

// A mandateView is a mandate with what its document says beyond it.
type mandateView struct {
	pay.Mandate
	window pay.MandateWindow
	now    time.Time // zero when the window is not told
}

// mandate appends a mandate as its latest change left it.
func (e encoder) mandate(buf []byte, m *pay.Mandate) []byte {
	return e.mandateView(buf, &mandateView{Mandate: *m})
}

// mandateView appends a mandate. Its terms have the words of the request.
func (e encoder) mandateView(buf []byte, v *mandateView) []byte {
	o := begin(buf)
	o.text("id", v.ID)
	o.text("object", "mandate")
	o.text("status", v.State.String())
	o.maybe("reason", v.Reason)
	o.text("customer", v.CustomerID)
	o.text("payment_method", v.MethodID)
	o.maybe("session", v.SessionID)
	o.text("currency", v.Currency)
	o.nested("terms", func(buf []byte) []byte { return appendTerms(buf, &v.Terms) })
	o.text("consent", v.Consent)
	o.nested("usage", func(buf []byte) []byte { return appendUsage(buf, v) })
	scheduleKey(&o, &v.Mandate)
	if v.Payto != nil {
		o.nested("payto", func(buf []byte) []byte { return appendPayto(buf, v.Payto) })
		o.maybe("network_code", v.NetworkCode)
		o.maybe("description", v.Description)
		proposalKey(&o, v.Proposal)
	}
	o.text("manage_url", e.manage(v.ID))
	o.time("created_at", v.CreatedAt)
	o.time("updated_at", v.UpdatedAt)
	return o.end()
}

func appendTerms(buf []byte, t *terms.Terms) []byte {
	o := begin(buf)
	o.maybe("type", string(t.Kind))
	if t.Amount == (terms.Amount{}) {
		o.null("amount")
	} else {
		o.nested("amount", func(buf []byte) []byte {
			bounds := begin(buf)
			bounds.maybeNumber("exact", t.Amount.Exact)
			bounds.maybeNumber("min", t.Amount.Min)
			bounds.maybeNumber("max", t.Amount.Max)
			return bounds.end()
		})
	}
	recurrenceKey(&o, t.Recurrence)
	o.maybe("start_date", t.Start.String())
	o.maybe("end_date", t.End.String())
	o.text("time_zone", t.Location().String())
	o.maybeNumber("max_occurrences", t.MaxCount)
	o.maybeNumber("total_amount", t.MaxTotal)
	o.maybeNumbers("installments", t.Items)
	periodKey(&o, t.Period)
	return o.end()
}

func recurrenceKey(o *object, r *terms.Recurrence) {
	if r == nil {
		o.null("recurrence")
		return
	}
	o.nested("recurrence", func(buf []byte) []byte {
		inner := begin(buf)
		inner.text("unit", string(r.Unit))
		inner.number("interval", r.Interval)
		if len(r.Weekdays) == 0 {
			inner.null("weekdays")
		} else {
			names := make([]string, len(r.Weekdays))
			for i, day := range r.Weekdays {
				names[i] = weekdays[day]
			}
			inner.texts("weekdays", names)
		}
		inner.maybeNumbers("month_days", r.MonthDays)
		inner.maybeNumber("nth", r.Nth)
		inner.maybeNumber("month", int64(r.YearMonth))
		inner.maybeNumber("day", r.YearDay)
		inner.truth("nearest_weekday", r.NearestWeekday)
		return inner.end()
	})
}

func periodKey(o *object, p *terms.Period) {
	if p == nil {
		o.null("period_limits")
		return
	}
	o.nested("period_limits", func(buf []byte) []byte {
		inner := begin(buf)
		inner.text("unit", string(p.Unit))
		inner.maybeNumber("max_count", p.MaxCount)
		inner.maybeNumber("max_amount", p.MaxAmount)
		inner.maybeNumber("anchor", p.Anchor)
		inner.maybeNumber("anchor_month", int64(p.AnchorMonth))
		return inner.end()
	})
}

// appendUsage tells how far a mandate is used, in all and in the present period.
func appendUsage(buf []byte, v *mandateView) []byte {
	o := begin(buf)
	o.number("count", v.Count)
	o.number("total", v.Total)
	if v.now.IsZero() {
		o.null("window")
		return o.end()
	}
	o.nested("window", func(buf []byte) []byte {
		from, to := v.Terms.Window(v.now)
		window := begin(buf)
		window.time("from", from)
		window.time("to", to)
		window.number("count", v.window.Count)
		window.number("total", v.window.Amount)
		return window.end()
	})
	return o.end()
}

// scheduleKey tells when the server charges by itself; null when only the merchant does.
func scheduleKey(o *object, m *pay.Mandate) {
	s := m.Schedule
	if s == nil {
		o.null("schedule")
		return
	}
	retry := m.Retry.Days
	if retry == nil {
		retry = pay.DefaultRetry.Days
	}
	o.nested("schedule", func(buf []byte) []byte {
		inner := begin(buf)
		inner.maybeNumber("amount", s.Amount)
		inner.text("time", fmt.Sprintf("%02d:%02d", s.Hour, s.Minute))
		inner.text("start_date", s.Start.String())
		inner.maybe("end_date", s.End.String())
		inner.numbers("retry_days", retry)
		inner.maybeTime("next_charge_at", m.NextAt)
		inner.maybeTime("next_attempt_at", m.TryAt)
		inner.number("failed_attempts", m.Failures)
		return inner.end()
	})
}

// appendMethod appends a saved method: what may be shown of it.
func appendMethod(buf []byte, m *pay.SavedMethod) []byte {
	o := begin(buf)
	o.text("id", m.ID)
	o.text("object", "payment_method")
	o.text("type", m.Type)
	o.text("status", m.State.String())
	o.text("customer", m.CustomerID)
	if c := m.Card; c == nil {
		o.null("card")
	} else {
		o.nested("card", func(buf []byte) []byte {
			card := begin(buf)
			card.text("brand", c.Brand)
			card.text("last4", c.Last4)
			card.number("exp_month", c.ExpMonth)
			card.number("exp_year", c.ExpYear)
			return card.end()
		})
	}
	var mobile pay.Mobile
	set(&mobile, m.Mobile)
	o.maybe("provider", mobile.Provider)
	o.maybe("phone", mobile.Phone)
	if m.Payto != nil {
		o.nested("payto", func(buf []byte) []byte { return appendPayto(buf, m.Payto) })
	}
	o.maybe("payment", m.PaymentID)
	o.time("created_at", m.CreatedAt)
	o.time("updated_at", m.UpdatedAt)
	return o.end()
}

// appendMethodOfEvent is appendMethod with the payer's number masked.
func appendMethodOfEvent(buf []byte, m *pay.SavedMethod) []byte {
	if m.Mobile != nil {
		masked := *m
		masked.Mobile = &pay.Mobile{Phone: wire.MaskPhone(m.Mobile.Phone), Provider: m.Mobile.Provider}
		m = &masked
	}
	return appendMethod(buf, m)
}

func appendRehearsal(buf []byte, r *rehearsal) []byte {
	o := begin(buf)
	o.text("object", "test_helpers.next_charge")
	o.text("payment_method", r.method)
	o.text("outcome", string(r.outcome))
	return o.end()
}

// maybeNumber writes null for 0, which is no bound and no choice.
func (o *object) maybeNumber(name string, value int64) {
	if value == 0 {
		o.null(name)
		return
	}
	o.number(name, value)
}

func (o *object) maybeNumbers(name string, values []int64) {
	if len(values) == 0 {
		o.null(name)
		return
	}
	o.numbers(name, values)
}

func (o *object) numbers(name string, values []int64) {
	o.nested(name, func(buf []byte) []byte {
		return appendArray(buf, values, func(buf []byte, n *int64) []byte {
			return strconv.AppendInt(buf, *n, 10)
		})
	})
}
