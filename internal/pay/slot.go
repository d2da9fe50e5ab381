package pay

import (
	"context"
	"time"

	"github.com/kassa-pay/kassa/internal/terms"
)

var errNoMandate = Errorf(State, "mandate_not_active",
	"There is no active mandate to charge this saved payment method without its payer.")

// refusals are what we say of each term that a charge would break.
var refusals = map[terms.Refusal]string{
	terms.NotStarted:   "The mandate has not begun yet.",
	terms.Ended:        "The mandate has ended.",
	terms.WrongAmount:  "The mandate does not permit a charge of this amount.",
	terms.UsedUp:       "The mandate permits no further charge: their number is used up.",
	terms.PeriodCount:  "The mandate permits no further charge in this period.",
	terms.PeriodAmount: "The charge would exceed what the mandate permits in this period.",
	terms.TotalAmount:  "The charge would exceed what the mandate permits in all.",
}

// refused makes the error of a charge that a term forbids.
func refused(r terms.Refusal) *Error {
	return &Error{Kind: State, Code: string(r), Message: refusals[r]}
}

// use is how far the mandate is used, without its windows.
func (m *Mandate) use() terms.Use { return terms.Use{Count: m.Count, Total: m.Total} }

// Due is what the schedule of a mandate that has one charges next, in minor units.
func (m *Mandate) Due() int64 { return m.Schedule.Due(m.Terms, m.use()) }

// takeSlot judges the charge by the mandate's terms, as of now, and counts it. It returns the
// window that it was counted in. Who calls it has locked the mandate, so that no two charges are
// judged by the same count.
func (s *Service) takeSlot(
	ctx context.Context, tx Tx, c Caller, m *Mandate, amount int64,
) (time.Time, error) {
	now := s.Now(c)
	w, err := s.windowOf(ctx, tx, m, now)
	if err != nil {
		return time.Time{}, err
	}
	use := m.use()
	use.WindowCount, use.WindowTotal = w.Count, w.Amount
	refusal := m.Terms.Permit(amount, now, use)
	over := m.State == MandateExpired || m.State == MandateCompleted
	switch {
	case refusal != "" && (m.State == MandateActive || over):
		return time.Time{}, refused(refusal)
	case m.State != MandateActive:
		return time.Time{}, Errorf(State, "mandate_not_active",
			"Only an active mandate can be charged; this one is %s.", m.State)
	}
	m.Count, m.Total = m.Count+1, m.Total+amount
	if !w.Start.IsZero() {
		w.Count, w.Amount = w.Count+1, w.Amount+amount
		if err := tx.PutMandateWindow(ctx, w); err != nil {
			return time.Time{}, err
		}
	}
	return w.Start, s.moveMandate(ctx, tx, c, m, MandateUse)
}

// windowOf returns the window of the mandate's period that the time falls into; the zero window
// without a period.
func (s *Service) windowOf(
	ctx context.Context, v View, m *Mandate, at time.Time,
) (MandateWindow, error) {
	from, _ := m.Terms.Window(at)
	if from.IsZero() {
		return MandateWindow{}, nil
	}
	from = from.UTC()
	w, err := v.MandateWindow(ctx, m.ID, from)
	if IsKind(err, NotFound) {
		w, err = MandateWindow{MandateID: m.ID, Start: from}, nil
	}
	p := m.Terms.Period // its bounds may have been amended since the window was written
	w.MaxCount, w.MaxAmount = p.MaxCount, p.MaxAmount
	return w, err
}

// tally tells the mandate of a charge what became of it, in the transaction in which that became
// known. Unknown is not an end: the slot stays taken.
func (s *Service) tally(ctx context.Context, tx Tx, c Caller, p *Payment) error {
	if p.MandateID == "" {
		return nil
	}
	switch p.State {
	case PaymentPaid, PaymentAuthorised:
		return s.chargeSucceeded(ctx, tx, c, p)
	case PaymentFailed, PaymentCanceled:
		return s.chargeFailed(ctx, tx, c, p)
	}
	return nil
}

// chargeFailed gives the slot back, and plans the next try of a scheduled charge.
func (s *Service) chargeFailed(ctx context.Context, tx Tx, c Caller, p *Payment) error {
	m, err := tx.LockMandate(ctx, p.MandateID)
	if err != nil {
		return err
	}
	m.Count, m.Total = m.Count-1, m.Total-p.Amount.Minor
	if !p.Window.IsZero() {
		w, err := tx.MandateWindow(ctx, m.ID, p.Window)
		if err != nil {
			return err
		}
		w.Count, w.Amount = w.Count-1, w.Amount-p.Amount.Minor
		if err := tx.PutMandateWindow(ctx, w); err != nil {
			return err
		}
	}
	if m.tries(p) {
		return s.scheduledFailed(ctx, tx, c, &m, p)
	}
	return s.moveMandate(ctx, tx, c, &m, MandateUse)
}

// chargeSucceeded plans what follows a scheduled charge, and completes a mandate of which nothing
// is left.
func (s *Service) chargeSucceeded(ctx context.Context, tx Tx, c Caller, p *Payment) error {
	m, err := tx.MandateByID(ctx, p.MandateID)
	if err != nil || p.Occurrence.IsZero() && !m.Terms.SpentBy(m.use()) {
		return err
	}
	if m, err = tx.LockMandate(ctx, p.MandateID); err != nil {
		return err
	}
	if m.tries(p) {
		m.next(m.NextAt)
		if err := s.moveMandate(ctx, tx, c, &m, MandateUse); err != nil {
			return err
		}
	}
	return s.completeIfSpent(ctx, tx, c, &m)
}

// completeIfSpent ends an active mandate that charges have used up which cannot be undone any more.
// While one may still give its slot back, it has not come to that.
func (s *Service) completeIfSpent(ctx context.Context, tx Tx, c Caller, m *Mandate) error {
	if m.State != MandateActive || !m.Terms.SpentBy(m.use()) {
		return nil
	}
	open, err := tx.Payments(ctx, m.Scope(), PaymentFilter{
		Page: Page{Limit: 1}, MandateID: m.ID, States: undecidedStates,
	})
	if err != nil || len(open) > 0 {
		return err
	}
	return s.moveMandate(ctx, tx, c, m, MandateComplete)
}

// undecidedStates are those in which a charge may yet give its slot back.
var undecidedStates = []PaymentState{
	PaymentCreated, PaymentAction, PaymentWaiting, PaymentReview, PaymentAuthorised,
}
