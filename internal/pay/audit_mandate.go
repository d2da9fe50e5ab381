package pay

import (
	"context"
	"time"
)

// agreements checks the saved methods and the mandates of the scope.
func (a *audit) agreements(ctx context.Context) error {
	v := a.s.store
	err := a.each(ctx, func(p Page) ([]string, error) {
		some, err := v.SavedMethods(ctx, a.scope, MethodFilter{Page: p, All: true})
		a.report.Methods += len(some)
		return idsOf(some, func(m SavedMethod) string { return m.ID }), err
	}, a.method)
	if err != nil {
		return err
	}
	return a.each(ctx, func(p Page) ([]string, error) {
		some, err := v.Mandates(ctx, a.scope, MandateFilter{Page: p})
		a.report.Mandates += len(some)
		return idsOf(some, func(m Mandate) string { return m.ID }), err
	}, a.mandate)
}

// series checks a session against the mandate it names.
func (a *audit) series(ctx context.Context, v View, f *faults, ses *Session) error {
	f.unless(ses.Series != SeriesNext || ses.MandateID != "", "it was charged without a mandate")
	if ses.MandateID == "" {
		return nil
	}
	m, err := v.Mandate(ctx, a.scope, ses.MandateID)
	if IsKind(err, NotFound) {
		f.unless(false, "its mandate %s is not there", ses.MandateID)
		return nil
	}
	f.unless(err != nil || m.CustomerID == ses.CustomerID && m.MethodID == ses.MethodID,
		"its mandate %s is another customer's or on another method", ses.MandateID)
	f.unless(err != nil || ses.Series != SeriesFirst || m.SessionID == ses.ID,
		"its mandate %s was given in another session", ses.MandateID)
	return err
}

// method checks a saved method against its events and mandates.
func (a *audit) method(ctx context.Context, v View, id string) ([]string, error) {
	m, err := v.SavedMethod(ctx, a.scope, id)
	if err != nil {
		return nil, err
	}
	var f faults
	if m.State == MethodDetached {
		live, err := v.Mandates(ctx, a.scope, MandateFilter{
			Page: Page{Limit: 1}, MethodID: id, States: liveMandates,
		})
		if err != nil {
			return nil, err
		}
		f.unless(len(live) == 0, "it is detached and has a mandate that may be charged")
	}
	err = a.events(ctx, v, &f, id, "method."+m.State.String())
	return f, err
}

// mandateLast is the event that tells of a mandate's state; "" for active, which has two.
var mandateLast = map[MandateState]string{
	MandatePaused: mandateEvents[MandatePause], MandateCanceled: mandateEvents[MandateCancel],
	MandateExpired: mandateEvents[MandateExpire], MandateCompleted: mandateEvents[MandateComplete],
}

// mandate checks what a mandate counts against its payments, its terms and its events.
func (a *audit) mandate(ctx context.Context, v View, id string) ([]string, error) {
	m, err := v.Mandate(ctx, a.scope, id)
	if err != nil {
		return nil, err
	}
	var f faults
	f.unless(m.State.live() || m.TryAt.IsZero() && m.NextAt.IsZero(),
		"it is %s and has a charge planned", m.State)
	f.unless(m.Proposal == nil || m.State.live(), "it is %s and waits for an answer", m.State)
	if err := a.bounds(ctx, v, &f, &m); err != nil {
		return nil, err
	}
	method, err := v.SavedMethod(ctx, a.scope, m.MethodID)
	if err != nil && !IsKind(err, NotFound) {
		return nil, err
	}
	f.unless(err == nil && method.CustomerID == m.CustomerID,
		"its method %s is not one of its customer's", m.MethodID)
	f.unless(err != nil || m.Payto == nil || method.Payto != nil &&
		(!m.State.live() || *m.Payto == *method.Payto),
		"it draws on another account than its method %s", m.MethodID)
	if err := a.charges(ctx, v, &f, &m); err != nil {
		return nil, err
	}
	last := mandateLast[m.State]
	if last == "" {
		last = eventMandateActive
		if resumed, err := a.told(ctx, v, id, mandateEvents[MandateResume]); err != nil {
			return nil, err
		} else if resumed {
			last = mandateEvents[MandateResume]
		}
	}
	err = a.events(ctx, v, &f, id, last)
	return f, err
}

// bounds compares what a mandate counts with its limits. Limits that were amended may be below what
// was charged while the payer thought about them.
func (a *audit) bounds(ctx context.Context, v View, f *faults, m *Mandate) error {
	count := m.Terms.MaxCount == 0 || m.Count <= m.Terms.MaxCount
	total := m.Terms.MaxTotal == 0 || m.Total <= m.Terms.MaxTotal
	if count && total {
		return nil
	}
	amended, err := a.told(ctx, v, m.ID, eventMandateAmended)
	f.unless(count || amended, "it counts %d of %d charges", m.Count, m.Terms.MaxCount)
	f.unless(total || amended, "it sums to %d of %d", m.Total, m.Terms.MaxTotal)
	return err
}

// told reports whether an object ever had an event of the type.
func (a *audit) told(ctx context.Context, v View, id, eventType string) (bool, error) {
	some, err := v.Events(ctx, a.scope, EventFilter{
		Page: Page{Limit: 1}, ObjectID: id, Types: []string{eventType},
	})
	return len(some) > 0, err
}

// used is what charges sum to.
type used struct{ count, amount int64 }

// charges compares what a mandate and its windows count with the charges that succeeded or may yet.
func (a *audit) charges(ctx context.Context, v View, f *faults, m *Mandate) error {
	var all used
	windows := map[time.Time]used{}
	page := Page{Limit: MaxPage}
	for {
		some, err := v.Payments(ctx, a.scope, PaymentFilter{Page: page, MandateID: m.ID})
		if err != nil {
			return err
		}
		for _, p := range some {
			w := windows[p.Window]
			if p.holdsSlot() {
				all.count, all.amount = all.count+1, all.amount+p.Amount.Minor
				w.count, w.amount = w.count+1, w.amount+p.Amount.Minor
			}
			windows[p.Window], page.After = w, p.ID
		}
		if len(some) < page.Limit {
			break
		}
	}
	f.unless(all == used{m.Count, m.Total}, "it counts %d charges of %d in all, its payments are "+
		"%d of %d", m.Count, m.Total, all.count, all.amount)
	for start, sum := range windows {
		if start.IsZero() {
			continue
		}
		w, err := v.MandateWindow(ctx, m.ID, start)
		if err != nil && !IsKind(err, NotFound) {
			return err
		}
		f.unless(sum == used{w.Count, w.Amount}, "its window %s counts %d charges of %d, the "+
			"payments are %d of %d", start.Format(time.RFC3339), w.Count, w.Amount, sum.count,
			sum.amount)
	}
	return nil
}

// holdsSlot reports whether a charge succeeded or may yet. Late money takes no slot: it was given
// back when the charge was called failed.
func (p *Payment) holdsSlot() bool {
	return p.State != PaymentFailed && p.State != PaymentCanceled && p.State != PaymentLate
}
