package collect

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/terms"
)

// mandateDoc is a mandate: what was permitted, in the words of the request, and what was made of
// it.
type mandateDoc struct {
	ID               string `json:"id"`
	Status           string `json:"status"`
	CustomerID       string `json:"customer_id"`
	PaymentMethodID  string `json:"payment_method_id"`
	PaymentSessionID string `json:"payment_session_id"`
	SubscriptionID   string `json:"subscription_id,omitempty"`
	Currency         string `json:"currency"`
	mandateInput
	Consent   string       `json:"consent"`
	Usage     usageDoc     `json:"usage"`
	Schedule  *scheduleDoc `json:"schedule,omitempty"`
	ManageURL string       `json:"manage_url"`
	Reason    string       `json:"reason,omitempty"`
	// NetworkCode and Details are of mandates that stand on an agreement at a bank.
	NetworkCode string      `json:"network_code,omitempty"`
	Details     *detailsDoc `json:"payment_method_details,omitempty"`
	Mode        pay.Mode    `json:"mode"`
	CreatedAt   string      `json:"created_at"`
	UpdatedAt   string      `json:"updated_at"`
}

// scheduleDoc tells what the server itself will do under a mandate.
type scheduleDoc struct {
	NextChargeAt   string `json:"next_charge_at,omitempty"`
	RetryAt        string `json:"retry_at,omitempty"`
	FailedAttempts int64  `json:"failed_attempts"`
}

// scheduleOf returns nothing for a mandate that the merchant alone charges.
func scheduleOf(m *pay.Mandate) *scheduleDoc {
	if m.Schedule == nil {
		return nil
	}
	doc := &scheduleDoc{NextChargeAt: maybeAt(m.NextAt), FailedAttempts: m.Failures}
	if m.Failures > 0 {
		doc.RetryAt = maybeAt(m.TryAt)
	}
	return doc
}

// usageDoc counts the charges that succeeded or may yet.
type usageDoc struct {
	Count       int64 `json:"count"`
	TotalAmount int64 `json:"total_amount"`
}

func (e encoder) mandate(m *pay.Mandate) any {
	doc := &mandateDoc{
		ID: m.ID, Status: mandateWord(m.State), CustomerID: m.CustomerID,
		PaymentMethodID: m.MethodID, PaymentSessionID: m.SessionID, Currency: m.Currency,
		mandateInput: mandateOf(&m.Terms), Consent: m.Consent,
		Usage:    usageDoc{Count: m.Count, TotalAmount: m.Total},
		Schedule: scheduleOf(m), ManageURL: e.pages.MandateURL(m.ID),
		Reason: m.Reason, NetworkCode: m.NetworkCode, Details: paidWith{payto: m.Payto}.details(),
		Mode: m.Mode, CreatedAt: at(m.CreatedAt), UpdatedAt: at(m.UpdatedAt),
	}
	if m.Schedule != nil {
		doc.SubscriptionID = subscriptionID(m)
	}
	return doc
}

func subscriptionID(m *pay.Mandate) string {
	return reprefix(m.ID, prefixMandate, prefixSubscription)
}

// mandateOf shows terms in the words of the request.
func mandateOf(t *terms.Terms) mandateInput {
	kind := string(t.Kind)
	if kind == "" {
		kind = string(terms.OnDemand)
	}
	out := mandateInput{Type: &kind}
	if !t.Start.IsZero() || !t.End.IsZero() {
		out.ValidityPeriod = datesOf(t.Start, t.End)
	}
	if t.Kind == terms.Installment {
		out.TotalAmount, out.Terms = &t.MaxTotal, installmentOf(t)
		return out
	}
	out.Amount, out.Recurrence = amountOf(&t.Amount), recurrenceOf(t.Recurrence)
	out.MaxOccurrences, out.PeriodLimits = count(t.MaxCount), limitsOf(t.Period)
	return out
}

func installmentOf(t *terms.Terms) *installmentInput {
	if len(t.Items) == 0 {
		return &installmentInput{
			Type: termsPeriodic, Amount: count(t.Amount.Max),
			Recurrence: recurrenceOf(t.Recurrence), MaxOccurrences: count(t.MaxCount),
		}
	}
	items := make([]itemInput, len(t.Items))
	for i, amount := range t.Items {
		items[i].Amount = amount
	}
	return &installmentInput{
		Type: termsFixed, Recurrence: recurrenceOf(t.Recurrence), Items: &items,
	}
}

// amountOf shows the bounds of one charge; nothing when there are none.
func amountOf(a *terms.Amount) json.RawMessage {
	switch {
	case a.Exact > 0:
		return wire.Encode(a.Exact)
	case a.Min > 0 || a.Max > 0:
		return wire.Encode(amountRange{Min: count(a.Min), Max: count(a.Max)})
	}
	return nil
}

func limitsOf(p *terms.Period) *limitsInput {
	if p == nil {
		return nil
	}
	out := &limitsInput{
		Period: string(p.Unit), MaxCount: count(p.MaxCount), MaxAmount: count(p.MaxAmount),
		Window: &windowInput{Mode: windowCalendar},
	}
	if p.Anchor == 0 {
		return out
	}
	a := &anchorInput{
		Type: anchors[p.Unit], Day: wire.Encode(p.Anchor), Month: count(int64(p.AnchorMonth)),
	}
	if p.Unit == terms.Week {
		a.Day = wire.Encode(weekdays[p.Anchor%int64(len(weekdays))])
	}
	out.Window = &windowInput{Mode: windowCycle, Anchor: a}
	return out
}

func datesOf(start, end terms.Date) *dates {
	return &dates{StartDate: maybe(start.String()), EndDate: maybe(end.String())}
}

// count is nothing for a bound that is not there.
func count(n int64) *int64 {
	if n == 0 {
		return nil
	}
	return &n
}

// subscriptionDoc is a mandate with a schedule, as what it is to a merchant.
type subscriptionDoc struct {
	ID              string           `json:"id"`
	MandateID       string           `json:"mandate_id"`
	Status          string           `json:"status"`
	CustomerID      string           `json:"customer_id"`
	PaymentMethodID string           `json:"payment_method_id"`
	Amount          *int64           `json:"amount"`
	Currency        string           `json:"currency"`
	Recurrence      *recurrenceInput `json:"recurrence"`
	ActivePeriod    *dates           `json:"active_period"`
	ScheduledTime   string           `json:"scheduled_time"`
	scheduleDoc
	Mode      pay.Mode `json:"mode"`
	CreatedAt string   `json:"created_at"`
	UpdatedAt string   `json:"updated_at"`
}

func subscriptionOf(m *pay.Mandate) any {
	s := m.Schedule
	return &subscriptionDoc{
		ID: subscriptionID(m), MandateID: m.ID, Status: mandateWord(m.State),
		CustomerID: m.CustomerID, PaymentMethodID: m.MethodID, Amount: count(s.Amount),
		Currency: m.Currency, Recurrence: recurrenceOf(&s.Recurrence),
		ActivePeriod: datesOf(s.Start, s.End), Mode: m.Mode,
		ScheduledTime: fmt.Sprintf("%02d:%02d", s.Hour, s.Minute), scheduleDoc: *scheduleOf(m),
		CreatedAt: at(m.CreatedAt), UpdatedAt: at(m.UpdatedAt),
	}
}

// mandateFilter reads what lists of mandates and of subscriptions are narrowed by.
func mandateFilter(q *wire.Params) pay.MandateFilter {
	return pay.MandateFilter{
		Page: q.Page(), CustomerID: q.String("customer_id", maxID),
		MethodID: q.String("payment_method_id", maxID),
		States:   wire.Choice(q, "status", mandateWords),
	}
}

func (a *API) listMandates(c *call) error {
	return page(c, mandateFilter(c.query()), a.pay.Mandates, a.enc.mandate)
}

func (a *API) getMandate(c *call) error {
	id, err := c.id(nounMandate)
	if err != nil {
		return err
	}
	m, err := a.pay.Mandate(c.r.Context(), c.Caller, id)
	if err != nil {
		return orMissing(err, nounMandate, id)
	}
	return c.show(a.enc.mandate(&m))
}

const (
	nounMandate      = "mandate"
	nounSubscription = "subscription"
)

// command is a use case that moves a mandate.
type command func(context.Context, pay.Caller, *pay.Once[pay.Mandate], string) (
	pay.Mandate, pay.Reply, error)

func (a *API) cancelMandate(c *call) error { return a.moveMandate(c, a.pay.CancelMandate) }
func (a *API) pauseMandate(c *call) error  { return a.moveMandate(c, a.pay.PauseMandate) }
func (a *API) resumeMandate(c *call) error { return a.moveMandate(c, a.pay.ResumeMandate) }

func (a *API) moveMandate(c *call, move command) error {
	var in nothing
	id, err := c.open(nounMandate, &in)
	if err != nil {
		return err
	}
	o, err := once(c, &in, http.StatusOK, a.enc.mandate)
	if err != nil {
		return err
	}
	_, reply, err := move(c.r.Context(), c.Caller, o, id)
	return c.reply(reply, conflicting(orMissing(err, nounMandate, id)))
}

func (a *API) listSubscriptions(c *call) error {
	f := mandateFilter(c.query())
	given := f.After
	f.Scheduled, f.After = true, reprefix(given, prefixSubscription, prefixMandate)
	err := page(c, f, a.pay.Mandates, subscriptionOf)
	if e := pay.AsError(err); e != nil && given != "" {
		told := *e
		told.Message = strings.ReplaceAll(e.Message, f.After, given) // the id that was asked for
		return &told
	}
	return err
}

func (a *API) getSubscription(c *call) error {
	id, err := c.id(nounSubscription)
	if err != nil {
		return err
	}
	m, err := a.pay.Mandate(c.r.Context(), c.Caller,
		reprefix(id, prefixSubscription, prefixMandate))
	if err == nil && (m.Schedule == nil || m.ID == id) {
		err = missing(nounSubscription, id)
	}
	if err != nil {
		return orMissing(err, nounSubscription, id)
	}
	return c.show(subscriptionOf(&m))
}
