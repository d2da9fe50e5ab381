package sim

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/site"
	"github.com/kassa-pay/kassa/internal/terms"
)

// agreementField names the agreement that a button is about.
const agreementField = "agreement"

// book is what the payers see in their banks' apps.
type book struct {
	Path    string // where the answers go
	Version string // of all of it together

	Pending, Running, Ended []permit
	Debits                  []debit
}

// Empty reports whether nobody was ever asked.
func (b *book) Empty() bool { return len(b.Pending)+len(b.Running)+len(b.Ended) == 0 }

// permit is an agreement as its payer sees it.
type permit struct {
	ID      string // at the network
	Version string // changes whenever anything here does
	Open    bool   // waits for an answer
	Active  bool
	Paused  bool
	Mine    bool // it was the payer who paused it, so the payer can resume it

	Merchant, Description, Account, Name, Amount string

	Standing outcome
	Terms    []fact
	Code     string  // the network's reason
	Change   *change // nil: none waits
}

// change is an amendment that waits for the payer.
type change struct {
	Lines    []line
	AnswerBy string
}

// line is one term, as it is and as it would be.
type line struct{ Name, Old, New string }

// fact is one line of an agreement.
type fact struct{ Name, Text string }

// debit is money that left an account, was refused, or came back.
type debit struct {
	ID, Version, Amount, Merchant, Account string

	For     string // the shop's words for it; "" for none
	Back    bool   // it came back
	Outcome outcome
}

// deal hands an agreement to the part of a page that draws it.
type deal struct {
	Path   string
	Permit permit
}

func newDeal(path string, p permit) deal { return deal{path, p} }

// bank is the page of the bank's app. A script that has this version already is told so.
func (p *Pages) bank(w http.ResponseWriter, r *http.Request, d *desk) {
	b, err := p.book(r.Context(), d)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	if r.URL.Query().Get("have") == b.Version {
		p.shield.Scripted(w)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	p.render(w, r, view{
		status: http.StatusOK, template: "bank", Title: "Your bank’s app", Merchant: d.merchant,
		Book: b, Menu: bankPath, Note: notes[r.URL.Query().Get("note")],
	})
}

// book collects the agreements of a desk, and what was taken under them.
func (p *Pages) book(ctx context.Context, d *desk) (*book, error) {
	b := &book{Path: d.path}
	if err := p.addPermits(ctx, b, d); err != nil {
		return nil, err
	}
	payments, _, err := p.pay.Payments(ctx, d.caller, pay.PaymentFilter{
		SessionID: d.session, Page: pay.Page{Limit: shown},
	})
	if err != nil {
		return nil, err
	}
	for i := range payments {
		if err := p.addDebits(ctx, b, d, &payments[i]); err != nil {
			return nil, err
		}
	}
	b.Version = site.Version(b)
	return b, nil
}

// addPermits adds the agreements of a desk to the book.
func (p *Pages) addPermits(ctx context.Context, b *book, d *desk) error {
	all, err := p.pay.Agreements(ctx, d.caller)
	if err != nil {
		return err
	}
	for i := range all {
		mine, err := p.belongs(ctx, d, &all[i])
		if err != nil {
			return err
		}
		if mine {
			b.add(permitOf(&all[i]))
		}
	}
	return nil
}

// belongs reports whether an agreement is to be seen at a desk.
func (p *Pages) belongs(ctx context.Context, d *desk, a *pay.Agreement) (bool, error) {
	if d.session == "" {
		return true, nil
	}
	if a.PaymentID == "" {
		return false, nil
	}
	payment, err := p.pay.Payment(ctx, d.caller, a.PaymentID)
	if pay.IsKind(err, pay.NotFound) {
		return false, nil
	}
	return payment.SessionID == d.session, err
}

// add puts an agreement where its payer finds it.
func (b *book) add(p permit) {
	p.Version = site.Version(p)
	switch {
	case p.Open, p.Change != nil:
		b.Pending = append(b.Pending, p)
	case p.Active, p.Paused:
		b.Running = append(b.Running, p)
	case len(b.Ended) < shown:
		b.Ended = append(b.Ended, p)
	}
}

// addDebits adds a payment that was taken from an account, or was not, and what came back of it.
func (p *Pages) addDebits(ctx context.Context, b *book, d *desk, m *pay.Payment) error {
	if m.Payto == nil || m.Verifies() {
		return nil
	}
	line := debit{
		ID: m.ID, Amount: m.Amount.Format("en"), Merchant: d.merchant,
		Account: m.Payto.ID().Label(), For: m.Description, Outcome: outcomeOf(m),
	}
	if m.NetworkCode != "" {
		line.Outcome.Text += " (" + m.NetworkCode + ")"
	}
	if m.State.InFlight() {
		status, err := p.pay.Standing(ctx, d.caller, m)
		if err != nil || status == "" { // nothing was initiated
			return err
		}
		line.Outcome = outcome{"note", "On its way (" + status + ")"}
	}
	line.Version = site.Version(line)
	b.Debits = append(b.Debits, line)
	if m.Refunded == 0 {
		return nil
	}
	refunds, _, err := p.pay.Refunds(ctx, d.caller, pay.RefundFilter{
		PaymentID: m.ID, Page: pay.Page{Limit: shown},
	})
	for i := range refunds {
		back := debit{
			ID: refunds[i].ID, Amount: refunds[i].Amount.Format("en"), Merchant: d.merchant,
			Account: line.Account, For: line.For, Back: true, Outcome: refundOutcomes[refunds[i].State],
		}
		back.Version = site.Version(back)
		b.Debits = append(b.Debits, back)
	}
	return err
}

// permitOf describes an agreement as its payer sees it.
func permitOf(a *pay.Agreement) permit {
	p := permit{
		ID: a.Token, Open: a.State == pay.AgreementPending, Active: a.State == pay.AgreementActive,
		Paused: a.State == pay.AgreementSuspended, Mine: a.By == pay.PartyBank,
		Merchant: a.Merchant, Description: a.Description, Account: a.Payto.ID().Label(),
		Name: a.Payto.Name, Code: a.NetworkCode, Standing: standing(a),
	}
	p.Amount = eachSum(&a.Terms, a.Currency)
	p.Terms = termsOf(a)
	if m := a.Amendment; m != nil && m.State == pay.AmendmentPending {
		p.Change = changeOf(a, m)
	}
	return p
}

// changeOf sets what an amendment changes beside what is agreed to.
func changeOf(a *pay.Agreement, m *pay.Amendment) *change {
	next := *a
	next.Terms, next.Description = m.Terms, m.Description
	before, after := wholeOf(a), wholeOf(&next)
	c := &change{AnswerBy: answerBy(a, m.Deadline)}
	for i, was := range before {
		if is := after[i]; is != was {
			c.Lines = append(c.Lines, line{was.Name, was.Text, is.Text})
		}
	}
	return c
}

// wholeOf are all lines of an agreement that an amendment can change, in the same order for all.
func wholeOf(a *pay.Agreement) []fact {
	t := &a.Terms
	return []fact{
		{"Each payment", eachSum(t, a.Currency)}, {"How often", rhythm(t)},
		{"At most", cmp.Or(limitsOf(t, a.Currency), "no limit")}, {"Until", until(t)},
		{"For", a.Description},
	}
}

func until(t *terms.Terms) string {
	return cmp.Or(spoken(t.End), "it is cancelled")
}

// spoken is a day as the app writes it; "" for none.
func spoken(d terms.Date) string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%d %s %d", d.Day, d.Month, d.Year)
}

func answerBy(a *pay.Agreement, at time.Time) string {
	return at.In(a.Terms.Location()).Format("2 January, 15:04 MST")
}

func standing(a *pay.Agreement) outcome {
	switch a.State {
	case pay.AgreementPending:
		return outcome{"note", "Waiting for you"}
	case pay.AgreementActive:
		return outcome{"good", "Active"}
	case pay.AgreementSuspended:
		return outcome{"warn", "Paused " + byWhom[a.By]}
	}
	if a.NetworkCode == usedUp {
		return outcome{"good", "Done"}
	}
	return outcome{"bad", "Ended " + byWhom[a.By]}
}

// usedUp is the network's reason for an agreement whose one payment was made.
const usedUp = "MCOC"

// byWhom says who paused or ended an agreement, to its payer.
var byWhom = map[pay.AgreementParty]string{
	pay.PartyMerchant: "by the shop", pay.PartyBank: "by you", pay.PartyNetwork: "by itself",
}

// termsOf are the exact terms of an agreement, line by line.
func termsOf(a *pay.Agreement) []fact {
	t := &a.Terms
	facts := []fact{{"How often", rhythm(t)}}
	if limits := limitsOf(t, a.Currency); limits != "" {
		facts = append(facts, fact{"At most", limits})
	}
	if !t.Start.IsZero() {
		facts = append(facts, fact{"From", spoken(t.Start)})
	}
	facts = append(facts, fact{"Until", until(t)})
	if a.State == pay.AgreementPending && !a.Deadline.IsZero() {
		facts = append(facts, fact{"Answer by", answerBy(a, a.Deadline)})
	}
	return facts
}

// eachSum says how much one payment may be.
func eachSum(t *terms.Terms, currency string) string {
	sum := func(minor int64) string {
		return money.Amount{Minor: minor, Currency: currency}.Format("en")
	}
	a := t.Amount
	switch {
	case len(t.Items) > 0:
		return "Parts of up to " + sum(slices.Max(t.Items))
	case a.Exact > 0:
		return sum(a.Exact)
	case a.Min > 0 && a.Min == a.Max:
		return sum(a.Max)
	case a.Min > 0 && a.Max > 0:
		return sum(a.Min) + " to " + sum(a.Max)
	case a.Max > 0:
		return "Up to " + sum(a.Max)
	case a.Min > 0:
		return sum(a.Min) + " or more"
	}
	return "Any amount"
}

// rhythm says how often.
func rhythm(t *terms.Terms) string {
	if t.MaxCount == 1 {
		return "Once"
	}
	r := t.Recurrence
	if r == nil {
		return "Whenever the shop asks"
	}
	text := "Every " + string(r.Unit)
	if r.Interval > 1 {
		text = fmt.Sprintf("Every %d %ss", r.Interval, r.Unit)
	}
	var days []string
	for _, day := range r.Weekdays {
		days = append(days, day.String())
	}
	for _, day := range r.MonthDays {
		days = append(days, fmt.Sprintf("day %d", day))
	}
	if r.YearMonth != 0 {
		days = append(days, fmt.Sprintf("%d %s", r.YearDay, r.YearMonth))
	}
	if len(days) > 0 {
		text += ", " + strings.Join(days, ", ")
	}
	return text
}

// limitsOf says how many and how much in all, and within a period.
func limitsOf(t *terms.Terms, currency string) string {
	var all []string
	add := func(count, total int64, within string) {
		if count > 0 {
			noun := "payments"
			if count == 1 {
				noun = "payment"
			}
			all = append(all, fmt.Sprintf("%d %s%s", count, noun, within))
		}
		if total > 0 {
			sum := money.Amount{Minor: total, Currency: currency}
			all = append(all, sum.Format("en")+within)
		}
	}
	if p := t.Period; p != nil {
		add(p.MaxCount, p.MaxAmount, " a "+string(p.Unit))
	}
	if t.MaxCount > 1 {
		add(t.MaxCount, 0, " in all")
	}
	add(0, t.MaxTotal, " in all")
	return strings.Join(all, ", ")
}

// steps of a bank's app, by the word on the button, with the note about each.
var bankSteps = map[string]struct {
	do   pay.BankAction
	note string
}{
	"approve": {pay.BankApprove, "agreed"}, "decline": {pay.BankDecline, "declined"},
	"pause": {pay.BankPause, "paused"}, "resume": {pay.BankResume, "resumed"},
	"cancel": {pay.BankCancel, "ended"}, "move": {pay.BankMove, "moved"},
}

// agree does with an agreement what its payer pressed and goes back to the page.
func (p *Pages) agree(w http.ResponseWriter, r *http.Request, d *desk) {
	step, ok := bankSteps[r.PostFormValue(answerField)]
	if !ok {
		p.message(w, r, http.StatusBadRequest, unclear)
		return
	}
	decision := pay.BankDecision{Do: step.do}
	if step.do == pay.BankMove {
		to, err := p.pay.ResolvePayID(r.Context(), d.caller, accountOf(r))
		if pay.IsKind(err, pay.Invalid) || pay.IsKind(err, pay.Unavailable) {
			p.goBack(w, r, d.path, "account")
			return
		}
		if err != nil {
			p.fail(w, r, err)
			return
		}
		decision.To = &to
	}
	note := step.note
	switch err := p.decideAgreement(r, d, decision); {
	case err == nil:
	case pay.IsKind(err, pay.State), pay.IsKind(err, pay.Conflict):
		note = "over"
	case pay.IsKind(err, pay.Invalid):
		note = "account"
	default:
		p.fail(w, r, err)
		return
	}
	p.goBack(w, r, d.path, note)
}

// decideAgreement hands the decision to the core, if the agreement is one of this desk's.
func (p *Pages) decideAgreement(r *http.Request, d *desk, decision pay.BankDecision) error {
	token := r.PostFormValue(agreementField)
	all, err := p.pay.Agreements(r.Context(), d.caller)
	if err != nil {
		return err
	}
	named := map[string]*pay.Agreement{}
	for i := range all {
		named[all[i].Token] = &all[i]
	}
	if named[token] == nil {
		return errNoDesk
	}
	mine, err := p.belongs(r.Context(), d, named[token])
	if err != nil || !mine {
		return cmp.Or[error](err, errNoDesk)
	}
	_, err = p.pay.DecideAgreement(r.Context(), d.caller, token, decision)
	return err
}

// accountOf reads the account that an agreement moves to.
func accountOf(r *http.Request) pay.PaytoInput {
	if bsb := r.PostFormValue("bsb"); strings.TrimSpace(bsb) != "" {
		return pay.PaytoInput{BSB: bsb, Account: r.PostFormValue("account")}
	}
	return pay.PaytoInput{PayID: r.PostFormValue("payid")}
}
