package pay_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/payid"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/terms"
)

// toUpTo is a change to payments of at most so many cents.
func toUpTo(most int64) pay.MandateChange {
	return pay.MandateChange{Amount: &terms.Amount{Max: most}}
}

// toMost is a change to so many charges at most.
func toMost(n int64) pay.MandateChange { return pay.MandateChange{MaxCount: &n} }

func toMostBy(n int64, at time.Time) pay.MandateChange {
	return pay.MandateChange{MaxCount: &n, Deadline: at}
}

// toMonthly is a change to limits of a month.
func toMonthly(count, amount int64) pay.MandateChange {
	return pay.MandateChange{Period: &terms.Period{
		Unit: terms.Month, MaxCount: count, MaxAmount: amount,
	}}
}

// toEnd is a change to the first day of a year as the last one.
func toEnd(year int) pay.MandateChange {
	return pay.MandateChange{End: &terms.Date{Year: year, Month: time.January, Day: 1}}
}

// toRead is a change of what the payer reads.
func toRead(text string) pay.MandateChange { return pay.MandateChange{Description: &text} }

func of(n int64) *int64 { return &n }

func amend(w *paytest.World, id string, x pay.MandateChange) (pay.Mandate, error) {
	m, _, err := w.Pay.AmendMandate(context.Background(), w.Shop, nil, id, x)
	return m, err
}

// amended is amend that must not fail.
func amended(t *testing.T, w *paytest.World, id string, x pay.MandateChange) pay.Mandate {
	t.Helper()
	m, err := amend(w, id, x)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// onceProposed makes the idempotency of an amendment, which is answered with the proposal's id.
func onceProposed(key string) *pay.Once[pay.Mandate] {
	return once(key, "amend", func(m pay.Mandate) string { return m.Proposal.ID })
}

// toldOf returns the proposal in the only event of the type that a mandate has.
func toldOf(t *testing.T, w *paytest.World, id, eventType string) *pay.Proposal {
	t.Helper()
	some, err := w.Store.Events(t.Context(), w.Shop.Scope, pay.EventFilter{
		Page: pay.Page{Limit: 10}, ObjectID: id, Types: []string{eventType},
	})
	if err != nil || len(some) != 1 {
		t.Fatalf("%d events %s, %v", len(some), eventType, err)
	}
	var m pay.Mandate
	if err := json.Unmarshal(some[0].Data, &m); err != nil {
		t.Fatal(err)
	}
	return m.Proposal
}

// events demands the events of a mandate, after the one of its beginning.
func events(t *testing.T, w *paytest.World, id string, want ...string) {
	t.Helper()
	want = append([]string{"mandate.active"}, want...)
	if told := w.Told(id); !slices.Equal(told, want) {
		t.Errorf("events %v, want %v", told, want)
	}
}

func TestAmend_ThePayerAgrees(t *testing.T) {
	w := paytest.New(t)
	m := agreeAtBank(t, w, upTo(5000))
	before := m
	m = amended(t, w, m.ID, toUpTo(8000))
	p := m.Proposal
	if p == nil || !p.Known || p.State != pay.AmendmentPending || p.Terms.Amount.Max != 8000 ||
		!p.ExpiresAt.Equal(w.Pay.Now(w.Shop).Add(120*time.Hour)) || p.Consent == m.Consent {
		t.Fatalf("proposal %+v", p)
	}
	if m.Terms.Amount.Max != 5000 || m.Consent != before.Consent {
		t.Errorf("while it waits the mandate is for %+v, %q", m.Terms, m.Consent)
	}
	_, err := w.ChargeAUD(m.ID, 7000)
	fails(t, err, pay.State, "amount_outside_mandate", "")
	chargeAUD(t, w, m.ID, 4000)
	w.AtBank(m.ID, pay.BankApprove)
	m = w.Mandate(m.ID)
	if m.Proposal != nil || m.Terms.Amount.Max != 8000 || m.Consent != p.Consent ||
		!strings.Contains(m.Consent, "80.00") || strings.Contains(m.Consent, "now") {
		t.Errorf("the mandate is for %+v, %q", m.Terms, m.Consent)
	}
	if a := agreements(t, w)[0]; a.Terms.Amount.Max != 8000 || a.Amendment.ID != p.ID {
		t.Errorf("the bank has %+v", a)
	}
	chargeAUD(t, w, m.ID, 7000)
	if told := toldOf(t, w, m.ID, "mandate.amended"); told != nil {
		t.Errorf("told of a proposal %+v", told)
	}
	events(t, w, m.ID, "mandate.amended")
	w.Advance(130 * time.Hour)
	events(t, w, m.ID, "mandate.amended")
}

func TestAmend_ThePayerDoesNot(t *testing.T) {
	for name, tc := range map[string]struct {
		answer pay.BankAction
		state  pay.AmendmentState
		event  string
		code   string
	}{
		"declined": {pay.BankDecline, pay.AmendmentDeclined, "mandate.amendment_declined", "MD16"},
		"expired":  {"", pay.AmendmentTimedOut, "mandate.amendment_expired", "NOAS"},
	} {
		for _, quiet := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				w := paytest.New(t)
				m := agreeAtBank(t, w, upTo(5000))
				if quiet {
					deaf(t, w)
				}
				x := toUpTo(8000)
				x.Deadline = w.Pay.Now(w.Shop).Add(30 * time.Hour)
				before := amended(t, w, m.ID, x)
				if tc.answer != "" {
					w.AtBankAlone(agreements(t, w)[0].Token, tc.answer)
				}
				w.Advance(30 * time.Hour)
				m = w.Mandate(m.ID)
				if m.Proposal != nil || m.Terms.Amount.Max != 5000 || m.Consent != before.Consent {
					t.Errorf("mandate %+v", m)
				}
				if told := toldOf(t, w, m.ID, tc.event); told == nil || told.State != tc.state ||
					told.NetworkCode != tc.code || told.Terms.Amount.Max != 8000 {
					t.Errorf("told of %+v", told)
				}
				events(t, w, m.ID, tc.event)
				amended(t, w, m.ID, toUpTo(9000))
				w.AtBank(m.ID, pay.BankApprove)
				events(t, w, m.ID, tc.event, "mandate.amended")
			})
		}
	}
}

func TestAmend_ADescriptionNeedsNobody(t *testing.T) {
	w := paytest.New(t)
	m := agreeAtBank(t, w, upTo(5000))
	if m.Description != "Payment to shop" {
		t.Errorf("the payer reads %q", m.Description)
	}
	const text = "Monthly books"
	got := amended(t, w, m.ID, toRead(text))
	if got.Proposal != nil || got.Description != text || got.Consent != m.Consent {
		t.Errorf("mandate %+v", got)
	}
	if a := agreements(t, w)[0]; a.Description != text {
		t.Errorf("the bank shows %q", a.Description)
	}
	events(t, w, m.ID, "mandate.amended")
}

func TestAmend_WhatElseHappensMeanwhile(t *testing.T) {
	w := paytest.New(t)
	m := agreeAtBank(t, w, upTo(5000))
	amended(t, w, m.ID, toUpTo(8000))
	w.AtBank(m.ID, pay.BankPause)
	to := pay.Payto{Kind: payid.Account, BSB: "062000", Account: "12345678"}
	_, err := w.Pay.DecideAgreement(t.Context(), w.Shop, m.ID,
		pay.BankDecision{Do: pay.BankMove, To: &to})
	if err != nil {
		t.Fatal(err)
	}
	_, err = amend(w, m.ID, toUpTo(9000))
	fails(t, err, pay.State, "amendment_pending", "")
	w.AtBank(m.ID, pay.BankApprove)
	m = w.Mandate(m.ID)
	if m.State != pay.MandatePaused || m.Terms.Amount.Max != 8000 || *m.Payto != to {
		t.Errorf("mandate %+v", m)
	}
	w.AtBank(m.ID, pay.BankResume)
	amended(t, w, m.ID, toUpTo(9000))
	if _, _, err := w.Pay.CancelMandate(t.Context(), w.Shop, nil, m.ID); err != nil {
		t.Fatal(err)
	}
	m = w.Mandate(m.ID)
	if a := agreements(t, w)[0]; m.Proposal != nil || a.Amendment.State != pay.AmendmentRecalled {
		t.Errorf("after the end: %+v, at the bank %+v", m.Proposal, a.Amendment)
	}
	_, err = amend(w, m.ID, toUpTo(9500))
	fails(t, err, pay.State, "mandate_not_amendable", "")
	w.Advance(130 * time.Hour)
	events(t, w, m.ID, "mandate.paused", "mandate.updated", "mandate.amended", "mandate.resumed",
		"mandate.canceled")
}

func TestAmend_RefusesWhatCannotBe(t *testing.T) {
	w := paytest.New(t)
	permits := upTo(5000)
	permits.MaxCount, permits.MaxTotal = 5, 50_000
	permits.Period = &terms.Period{Unit: terms.Month, MaxCount: 4}
	m := agreeAtBank(t, w, permits)
	chargeAUD(t, w, m.ID, 1000)
	now := w.Pay.Now(w.Shop)
	for name, tc := range map[string]struct {
		change      pay.MandateChange
		code, param string
	}{
		"nothing":  {pay.MandateChange{}, "amendment_empty", ""},
		"the same": {toUpTo(5000), "amendment_empty", ""},
		"count":    {toMost(1), "limit_below_used", "terms.max_count"},
		"total":    {pay.MandateChange{MaxTotal: of(5994)}, "limit_below_used", "terms.max_total"},
		"a period": {toMonthly(1, 0), "limit_below_used", "terms.period.max_count"},
		"its sum":  {toMonthly(0, 5994), "limit_below_used", "terms.period.max_amount"},
		"negative": {toMost(-1), "parameter_invalid", "terms.max_count"},
		"over":     {toEnd(2020), "parameter_invalid", "terms.end"},
		"schedule": {pay.MandateChange{Scheduled: of(100)}, "amendment_empty", ""},
		"scheduled": {
			pay.MandateChange{Scheduled: of(100), MaxCount: of(9)},
			"parameter_invalid", "schedule.amount",
		},
		"no text":   {toRead(""), "parameter_invalid", "description"},
		"long text": {toRead(strings.Repeat("x", 141)), "parameter_invalid", "description"},
		"late":      {toMostBy(9, now), "parameter_invalid", "expires_at"},
		"too late":  {toMostBy(9, now.Add(121*time.Hour)), "parameter_invalid", "expires_at"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := amend(w, m.ID, tc.change)
			fails(t, err, pay.Invalid, tc.code, tc.param)
		})
	}
	if m = w.Mandate(m.ID); m.Proposal != nil {
		t.Errorf("proposal %+v", m.Proposal)
	}
	card := w.Agree(paytest.Card4242, terms.Terms{Kind: terms.OnDemand})
	_, err := amend(w, card.ID, toUpTo(1000))
	fails(t, err, pay.State, "mandate_not_amendable", "")
	_, err = amend(w, "mdt_none", toUpTo(1000))
	if !pay.IsKind(err, pay.NotFound) {
		t.Errorf("of an unknown mandate: %v", err)
	}
	// What was used is enough, and what is taken away is no limit.
	amended(t, w, m.ID, pay.MandateChange{
		MaxCount: of(2), MaxTotal: of(0), Period: &terms.Period{},
	})
	w.AtBank(m.ID, pay.BankApprove)
	if m = w.Mandate(m.ID); m.State != pay.MandateCompleted || m.Terms.Period != nil ||
		m.Terms.MaxTotal != 0 {
		t.Errorf("mandate is %s with %+v", m.State, m.Terms)
	}
	events(t, w, m.ID, "mandate.amended", "mandate.completed")
}

// A limit may come to lie below what was charged while the payer thought about it.
func TestAmend_ChargedInTheMeantime(t *testing.T) {
	engines(t, func(t *testing.T, w *paytest.World, d *cutOff) {
		permits := upTo(5000)
		permits.MaxCount = 9
		permits.Period = &terms.Period{Unit: terms.Month, MaxCount: 5}
		m := agreeAtBank(t, w, permits)
		x := toMonthly(2, 0)
		x.MaxCount = of(2)
		amended(t, w, m.ID, x)
		chargeAUD(t, w, m.ID, 1000)
		d.back.Store(true) // the last one has no outcome yet
		if _, err := w.ChargeAUD(m.ID, 1000); err != nil {
			t.Fatal(err)
		}
		d.back.Store(false)
		w.AtBank(m.ID, pay.BankApprove)
		m = w.Mandate(m.ID)
		if m.Terms.MaxCount != 2 || m.Count != 3 {
			t.Errorf("mandate counts %d of %d", m.Count, m.Terms.MaxCount)
		}
		if _, err := w.ChargeAUD(m.ID, 1000); err == nil {
			t.Error("a charge above the new limit was made")
		}
		w.Advance(2 * time.Hour)
		if m = w.Mandate(m.ID); m.State != pay.MandateCompleted {
			t.Errorf("mandate is %s", m.State)
		}
		events(t, w, m.ID, "mandate.amended", "mandate.completed")
	})
}

// A period's limit that is raised holds in the period that has begun.
func TestAmend_APeriodThatHasBegun(t *testing.T) {
	w := paytest.New(t)
	permits := upTo(5000)
	permits.Period = &terms.Period{Unit: terms.Month, MaxCount: 1}
	m := agreeAtBank(t, w, permits)
	_, err := w.ChargeAUD(m.ID, 1000)
	fails(t, err, pay.State, "period_count_reached", "")
	amended(t, w, m.ID, toMonthly(2, 6000))
	w.AtBank(m.ID, pay.BankApprove)
	chargeAUD(t, w, m.ID, 1000)
	_, err = w.ChargeAUD(m.ID, 1)
	fails(t, err, pay.State, "period_count_reached", "")
}

func TestAmend_TheScheduleFollows(t *testing.T) {
	w := paytest.New(t)
	monthly := terms.Recurrence{Unit: terms.Month, Interval: 1, MonthDays: []int64{15}}
	permits := terms.Terms{
		Kind: terms.Scheduled, Amount: terms.Amount{Exact: 4995}, Recurrence: &monthly,
		Zone: "Australia/Sydney", End: terms.Date{Year: 2030, Month: 12, Day: 31},
	}
	now := w.Pay.Now(w.Shop)
	ses := w.Open(paytest.InAUD(4995), paytest.First(permits), paytest.Scheduled(terms.Schedule{
		Recurrence: monthly, Start: terms.DateOf(now), End: permits.End, Hour: 9, Amount: 4995,
	}))
	p := w.PayTo(ses.ID, paytest.Mira)
	w.AtBank(p.ID, pay.BankApprove)
	w.Advance(settles)
	m := w.Mandate(w.Session(ses.ID).MandateID)
	next := m.NextAt
	far := terms.Date{Year: 2031, Month: 12, Day: 31}
	amended(t, w, m.ID, pay.MandateChange{Amount: &terms.Amount{Exact: 7000}, End: &far})
	w.AtBank(m.ID, pay.BankApprove)
	m = w.Mandate(m.ID)
	if m.Schedule.Amount != 7000 || m.Schedule.End != far || !m.NextAt.Equal(next) {
		t.Errorf("schedule %+v, next at %v, was %v", m.Schedule, m.NextAt, next)
	}
	w.Advance(next.Sub(w.Pay.Now(w.Shop)))
	w.Advance(settles)
	if n, sum := w.Debits(m.ID); n != 2 || sum != 4995+7000 {
		t.Errorf("%d debits of %d", n, sum)
	}
	m = w.Mandate(m.ID)
	soon := terms.DateOf(m.NextAt.In(m.Terms.Location())).AddDays(-1)
	amended(t, w, m.ID, pay.MandateChange{End: &soon})
	w.AtBank(m.ID, pay.BankApprove)
	if m = w.Mandate(m.ID); !m.NextAt.IsZero() || !m.TryAt.IsZero() {
		t.Errorf("a charge is planned at %v, after the last day %s", m.NextAt, soon)
	}
	amended(t, w, m.ID, pay.MandateChange{End: &far})
	w.AtBank(m.ID, pay.BankApprove)
	if m = w.Mandate(m.ID); m.NextAt.IsZero() || !m.NextAt.Equal(m.TryAt) {
		t.Errorf("no charge is planned: %v", m.NextAt)
	}
}

func TestAmend_AKeyIsAnsweredOnce(t *testing.T) {
	w := paytest.New(t)
	m := agreeAtBank(t, w, upTo(5000))
	var first string
	for i := range 3 {
		_, reply, err := w.Pay.AmendMandate(t.Context(), w.Shop, onceProposed("k1"), m.ID, toUpTo(8000))
		if i == 0 {
			first = string(reply.Body)
		}
		if err != nil || string(reply.Body) != first || reply.Replayed != (i > 0) {
			t.Errorf("attempt %d: %+v %s, %v", i, reply, reply.Body, err)
		}
	}
	_, _, err := w.Pay.AmendMandate(t.Context(), w.Shop, onceProposed("k2"), m.ID, toUpTo(9000))
	fails(t, err, pay.State, "amendment_pending", "")
}

// A bank moves the account to another bank by itself.
func TestAgreement_PortedByTheBank(t *testing.T) {
	w := paytest.New(t)
	ses := w.Open(paytest.InAUD(4995), paytest.First(upTo(5000)))
	p, _, err := w.Pay.Pay(t.Context(), w.Shop, nil, pay.PayRequest{
		SessionID: ses.ID, Method: pay.MethodInput{
			Type: pay.MethodPayTo, Payto: &pay.PaytoInput{BSB: "062000", Account: "12340035"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.AtBank(p.ID, pay.BankApprove)
	m := w.Mandate(w.Session(ses.ID).MandateID)
	amended(t, w, m.ID, toUpTo(8000))
	w.Advance(61 * time.Second)
	m = w.Mandate(m.ID)
	if m.Payto.BSB != "923000" || m.Payto.Account != "12340035" || m.State != pay.MandateActive ||
		m.Proposal == nil || w.Method(m.MethodID).Payto.BSB != "923000" {
		t.Errorf("mandate is %s, drawn on %+v", m.State, m.Payto)
	}
	chargeAUD(t, w, m.ID, 700)
	w.AtBank(m.ID, pay.BankApprove)
	events(t, w, m.ID, "mandate.updated", "mandate.amended")
}

// The audit knows an amendment from a mandate that counts too much, or that ended and still asks.
func TestAudit_KnowsAmendments(t *testing.T) {
	w := paytest.Open(t, paytest.Options{Broken: true})
	permits := upTo(5000)
	permits.MaxCount = 9
	m := agreeAtBank(t, w, permits)
	chargeAUD(t, w, m.ID, 1000)
	amended(t, w, m.ID, toMost(8))
	for _, x := range []struct{ statement, finding string }{
		{`UPDATE mandate SET terms = replace(terms, '"max_count":9', '"max_count":1')`,
			"it counts 2 of 1 charges"},
		{`UPDATE mandate SET state = 'canceled', next_at = NULL, try_at = NULL`,
			"it is canceled and waits for an answer"},
	} {
		if found := found(t, w); slices.Contains(found, x.finding) {
			t.Errorf("%s: found before it was planted", x.finding)
		}
		plant(t, w, x.statement)
		if found := found(t, w); !slices.Contains(found, x.finding) {
			t.Errorf("%s is not among %q", x.finding, found)
		}
	}
}

// found is what an audit finds.
func found(t *testing.T, w *paytest.World) (all []string) {
	t.Helper()
	for _, f := range auditOf(t, w).Findings {
		all = append(all, f.What)
	}
	return all
}
