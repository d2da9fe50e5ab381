package pay

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Finding is one thing that does not agree with another.
type Finding struct {
	Scope
	ObjectID string
	What     string
}

// AuditReport is what an audit looked at and what it found.
type AuditReport struct {
	Sessions, Payments, Refunds, Methods, Mandates int

	Findings []Finding
}

// Audit proves that sessions, payments, refunds, journal and events agree, for every merchant in
// both modes. It may run while the server works: what looks wrong is looked at again inside one
// transaction, so that a change in progress is never reported.
func (s *Service) Audit(ctx context.Context) (AuditReport, error) {
	var report AuditReport
	merchants, err := s.store.Merchants(ctx)
	if err != nil {
		return report, err
	}
	for _, m := range merchants {
		for _, mode := range []Mode{Test, Live} {
			a := audit{s: s, scope: Scope{MerchantID: m.ID, Mode: mode}, report: &report}
			if err := a.run(ctx); err != nil {
				return report, fmt.Errorf("audit %s %s: %w", m.ID, mode, err)
			}
		}
	}
	return report, nil
}

// audit looks at one scope.
type audit struct {
	s      *Service
	scope  Scope
	report *AuditReport
}

func (a *audit) run(ctx context.Context) error {
	v := a.s.store
	err := a.each(ctx, func(p Page) ([]string, error) {
		some, err := v.Sessions(ctx, a.scope, SessionFilter{Page: p})
		a.report.Sessions += len(some)
		return idsOf(some, func(s Session) string { return s.ID }), err
	}, a.session)
	if err != nil {
		return err
	}
	err = a.each(ctx, func(p Page) ([]string, error) {
		some, err := v.Payments(ctx, a.scope, PaymentFilter{Page: p})
		a.report.Payments += len(some)
		return idsOf(some, func(p Payment) string { return p.ID }), err
	}, a.payment)
	if err != nil {
		return err
	}
	err = a.each(ctx, func(p Page) ([]string, error) {
		some, err := v.Refunds(ctx, a.scope, RefundFilter{Page: p})
		a.report.Refunds += len(some)
		return idsOf(some, func(r Refund) string { return r.ID }), err
	}, a.refund)
	if err != nil {
		return err
	}
	if err := a.agreements(ctx); err != nil {
		return err
	}
	return a.check(ctx, "", a.accounts)
}

func idsOf[T any](items []T, id func(T) string) []string {
	out := make([]string, len(items))
	for i, item := range items {
		out[i] = id(item)
	}
	return out
}

// checker says what is wrong with one object, as the view shows it.
type checker func(ctx context.Context, v View, id string) ([]string, error)

// each reads a list to its end and checks every object of it.
func (a *audit) each(
	ctx context.Context, read func(Page) ([]string, error), check checker,
) error {
	p := Page{Limit: MaxPage}
	for {
		ids, err := read(p)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := a.check(ctx, id, check); err != nil {
				return err
			}
		}
		if len(ids) < p.Limit {
			return nil
		}
		p.After = ids[len(ids)-1]
	}
}

// errLooked ends the transaction that was opened to look.
var errLooked = errors.New("looked")

// check looks at an object, and a second time in one transaction if it seems wrong.
func (a *audit) check(ctx context.Context, id string, check checker) error {
	wrong, err := check(ctx, a.s.store, id)
	if err != nil || len(wrong) == 0 {
		return err
	}
	err = a.s.store.Write(ctx, func(ctx context.Context, tx Tx) error {
		if wrong, err = check(ctx, tx, id); err != nil {
			return err
		}
		return errLooked
	})
	if err != nil && !errors.Is(err, errLooked) {
		return err
	}
	for _, what := range wrong {
		a.report.Findings = append(a.report.Findings, Finding{a.scope, id, what})
	}
	return nil
}

// faults collects what is wrong with an object.
type faults []string

func (f *faults) unless(ok bool, format string, args ...any) {
	if !ok {
		*f = append(*f, fmt.Sprintf(format, args...))
	}
}

// session checks that a session and its payments agree.
func (a *audit) session(ctx context.Context, v View, id string) ([]string, error) {
	ses, err := v.Session(ctx, a.scope, id)
	if err != nil {
		return nil, err
	}
	payments, err := v.Payments(ctx, a.scope, PaymentFilter{
		Page: Page{Limit: MaxPage}, SessionID: id,
	})
	if err != nil {
		return nil, err
	}
	var f faults
	var held, flying int
	var current *Payment
	for i := range payments {
		p := &payments[i]
		if p.State == PaymentPaid || p.State == PaymentOverpaid {
			held++
		}
		if p.State.InFlight() || p.State == PaymentUnderpaid {
			flying++
		}
		if p.ID == ses.PaymentID {
			current = p
		}
		f.unless(p.Amount == ses.Amount, "the session asks for %s, payment %s for %s",
			ses.Amount, p.ID, p.Amount)
	}
	f.unless(held <= 1, "%d payments of the session hold its money", held)
	f.unless(ses.PaymentID == "" || current != nil, "its payment %s is not one of its payments",
		ses.PaymentID)
	f.unless(sessionFits(&ses, current), "the session is %s, its payment %s", ses.State,
		stateOf(current))
	f.unless(flying == 0 || ses.State == SessionPaying, "the session is %s with %d in flight",
		ses.State, flying)
	if err := a.series(ctx, v, &f, &ses); err != nil {
		return f, err
	}
	err = a.events(ctx, v, &f, id, "session."+ses.State.String())
	return f, err
}

func stateOf(p *Payment) string {
	if p == nil {
		return "missing"
	}
	return p.State.String()
}

// sessionFits reports whether a session's state goes with that of its payment.
func sessionFits(ses *Session, p *Payment) bool {
	if p == nil {
		return ses.State != SessionPaying && ses.State != SessionComplete
	}
	moneyless := p.State == PaymentFailed || p.State == PaymentCanceled || p.State == PaymentLate
	switch ses.State {
	case SessionComplete:
		if ses.Series == SeriesNext && ses.LastDecline != "" {
			return moneyless
		}
		return p.State == PaymentPaid || p.State == PaymentAuthorised ||
			p.State == PaymentOverpaid || p.State == PaymentCanceled && p.Capture == CaptureManual ||
			p.State == PaymentFailed && p.Authorised > 0
	case SessionPaying:
		return p.State.InFlight() || p.State.Unsettled()
	}
	return moneyless
}

// payment checks a payment against its refunds, the journal and the events.
func (a *audit) payment(ctx context.Context, v View, id string) ([]string, error) {
	p, err := v.Payment(ctx, a.scope, id)
	if err != nil {
		return nil, err
	}
	reserved, err := a.reserved(ctx, v, id)
	if err != nil {
		return nil, err
	}
	entries, err := a.entries(ctx, v, id)
	if err != nil {
		return nil, err
	}
	var f faults
	f.unless(p.Refunded == reserved, "it counts %d as refunded, its refunds sum to %d",
		p.Refunded, reserved)
	f.unless(p.Refunded <= p.Captured, "refunded %d of %d captured", p.Refunded, p.Captured)
	a.held(&f, &p)
	a.books(&f, &p, entries)
	last := []string{"payment." + p.State.String()}
	if p.State == PaymentPaid && p.Voided > 0 {
		last = append(last, "payment.voided")
	}
	err = a.events(ctx, v, &f, id, last...)
	return f, err
}

// held checks that what was captured and let go of a payment agrees with its state.
func (a *audit) held(f *faults, p *Payment) {
	moneyless := p.State.InFlight() || p.State == PaymentFailed
	f.unless(!moneyless || p.Captured == 0, "it is %s and has captured %d", p.State, p.Captured)
	f.unless(p.State != PaymentPaid && p.State != PaymentLate || p.Captured > 0 || p.Verifies(),
		"it is %s and has captured nothing", p.State)
	if p.Authorised == 0 {
		return
	}
	f.unless(p.Captured+p.Voided <= p.Authorised, "captured %d and let go %d of %d held",
		p.Captured, p.Voided, p.Authorised)
	f.unless(p.State != PaymentPaid || p.Held() == 0, "it is paid and still holds %d", p.Held())
}

// books compares a payment with its lines in the journal.
func (a *audit) books(f *faults, p *Payment, entries []Entry) {
	var came, took, waiting int64
	for _, e := range entries {
		f.unless(e.Amount.Currency == p.Amount.Currency, "entry %s is in %s", e.ID,
			e.Amount.Currency)
		if e.From == AccountNetwork {
			came += e.Amount.Minor
		}
		if e.To == AccountMerchant || e.To == AccountLate {
			if e.From != AccountRefunds {
				took += e.Amount.Minor
			}
		}
		switch {
		case e.To == AccountUnsettled:
			waiting += e.Amount.Minor
		case e.From == AccountUnsettled:
			waiting -= e.Amount.Minor
		}
	}
	f.unless(took == p.Captured, "it has captured %d, the journal says %d", p.Captured, took)
	f.unless(waiting == p.unsettled(), "%d of it is unsettled, the journal says %d",
		p.unsettled(), waiting)
	f.unless(came == p.Captured+p.unsettled(), "%d came for it, the journal says %d",
		p.Captured+p.unsettled(), came)
}

// reserved sums the refunds of a payment that did not fail.
func (a *audit) reserved(ctx context.Context, v View, paymentID string) (int64, error) {
	var sum int64
	page := Page{Limit: MaxPage}
	for {
		some, err := v.Refunds(ctx, a.scope, RefundFilter{Page: page, PaymentID: paymentID})
		if err != nil {
			return 0, err
		}
		for _, r := range some {
			if r.State != RefundFailed {
				sum += r.Amount.Minor
			}
			page.After = r.ID
		}
		if len(some) < page.Limit {
			return sum, nil
		}
	}
}

// entries reads the journal of a payment.
func (a *audit) entries(ctx context.Context, v View, paymentID string) ([]Entry, error) {
	var all []Entry
	page := Page{Limit: MaxPage}
	for {
		some, err := v.Entries(ctx, a.scope, EntryFilter{Page: page, PaymentID: paymentID})
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
		if len(some) < page.Limit {
			return all, nil
		}
		page.After = some[len(some)-1].ID
	}
}

// refund checks a refund against the journal and the events.
func (a *audit) refund(ctx context.Context, v View, id string) ([]string, error) {
	r, err := v.Refund(ctx, a.scope, id)
	if err != nil {
		return nil, err
	}
	entries, err := a.entries(ctx, v, r.PaymentID)
	if err != nil {
		return nil, err
	}
	booked := map[EntryType]int64{}
	for _, e := range entries {
		if e.RefundID == id {
			booked[e.Type] += e.Amount.Minor
		}
	}
	want := map[EntryType]int64{EntryRefund: r.Amount.Minor}
	switch r.State {
	case RefundSucceeded:
		want[EntryRefundPaid] = r.Amount.Minor
	case RefundFailed:
		want[EntryRefundFailure] = r.Amount.Minor
	}
	var f faults
	for _, t := range []EntryType{EntryRefund, EntryRefundPaid, EntryRefundFailure} {
		f.unless(booked[t] == want[t], "it is %s; the journal has %d as %s, not %d", r.State,
			booked[t], t, want[t])
	}
	err = a.events(ctx, v, &f, id, "refund."+r.State.String())
	return f, err
}

// events checks that an object's changes and its events agree: the last one tells its state, and
// each says something newer than the one before.
func (a *audit) events(
	ctx context.Context, v View, f *faults, objectID string, last ...string,
) error {
	events, err := v.Events(ctx, a.scope, EventFilter{
		Page: Page{Limit: MaxPage}, ObjectID: objectID,
	})
	if err != nil {
		return err
	}
	if len(events) == 0 {
		f.unless(false, "it has no event")
		return nil
	}
	newest := Event{}
	for _, e := range events {
		if e.Sequence > newest.Sequence && !slices.Contains(passing, e.Type) {
			newest = e
		}
	}
	f.unless(slices.Contains(last, newest.Type), "its last event is %s, it should be %s",
		newest.Type, last[0])
	return nil
}

// passing are the events that tell of something else than a new state.
var passing = []string{
	eventPaymentFailed, eventChargeSkipped, "payment.captured", eventMandateMoved, eventMethodMoved,
	eventMandateAmended, eventAmendmentDenied, eventAmendmentExpired,
}

// accounts checks that the journal sums to zero in every currency and that no account but the
// network's owes anything.
func (a *audit) accounts(ctx context.Context, v View, _ string) ([]string, error) {
	balances, err := v.Balances(ctx, a.scope)
	if err != nil {
		return nil, err
	}
	var f faults
	sums := map[string]int64{}
	for _, b := range balances {
		sums[b.Amount.Currency] += b.Amount.Minor
		f.unless(b.Account == AccountNetwork || b.Account == AccountMerchant || b.Amount.Minor >= 0,
			"account %s is below zero: %s", b.Account, b.Amount)
	}
	for currency, sum := range sums {
		f.unless(sum == 0, "the journal sums to %d in %s", sum, currency)
	}
	return f, nil
}
