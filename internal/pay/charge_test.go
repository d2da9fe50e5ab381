package pay_test

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/terms"
)

// later is a card that is saved and then declines every charge.
const later = "4000000000000341"

// tryNext charges the mandate by way of a session.
func tryNext(w *paytest.World, mandateID string, minor int64) (pay.Session, error) {
	ses, _, err := w.Pay.ChargeSession(context.Background(), w.Shop, nil, pay.ChargeRequest{
		Family: "collect", IDPrefix: "ps", Amount: paytest.GHS(minor), MandateID: mandateID,
		Echo: []byte(`{"ref":"a-1"}`), Metadata: map[string]string{"plan": "gold"},
	})
	return ses, err
}

func TestCharge_TakesMoneyWithoutThePayer(t *testing.T) {
	w := paytest.New(t)
	m := w.Agree(ok, terms.Terms{})
	p := w.Charge(m.ID, 700)
	if p.State != pay.PaymentPaid || p.Captured != 700 || !p.OffSession || p.MandateID != m.ID ||
		p.MethodID != m.MethodID || p.CustomerID != m.CustomerID || p.SessionID != "" {
		t.Errorf("payment %+v", p)
	}
	if got := w.Mandate(m.ID); got.Count != 1 || got.Total != 700 {
		t.Errorf("the mandate counts %d of %d", got.Count, got.Total)
	}
	if n, sum := w.Debits(m.ID); n != 1 || sum != 700 {
		t.Errorf("the network took %d, %d times", sum, n)
	}
}

func TestCharge_ByMethodMeansItsLatestActiveMandate(t *testing.T) {
	w := paytest.New(t)
	ctx := t.Context()
	cu := customer(t, w)
	of := func(r *pay.OpenSession) { r.CustomerID = cu.ID }
	older := w.Agree(ok, terms.Terms{}, of)
	newer := w.Agree(ok, terms.Terms{}, of)
	if _, _, err := w.Pay.CancelMandate(ctx, w.Shop, nil, newer.ID); err != nil {
		t.Fatal(err)
	}
	p, _, err := w.Pay.Charge(ctx, w.Shop, nil, pay.ChargeRequest{
		Amount: paytest.GHS(100), CustomerID: cu.ID, MethodID: older.MethodID,
	})
	if err != nil || p.MandateID != older.ID {
		t.Errorf("charged under %q, %v", p.MandateID, err)
	}
}

func TestCharge_RefusedLeavesNothingBehind(t *testing.T) {
	w := paytest.New(t)
	cu := customer(t, w)
	once := w.Buy(w.Open(func(r *pay.OpenSession) {
		r.CustomerID, r.Offer.Save = cu.ID, pay.SaveAlways
	}).ID, ok)
	m := w.Agree("5555555555554444", terms.Terms{
		Amount: terms.Amount{Max: 1000}, MaxTotal: 1500,
	})
	usd := paytest.GHS(500)
	usd.Currency = "USD"
	before, _, _ := w.Pay.Payments(t.Context(), w.Shop, pay.PaymentFilter{})
	for want, r := range map[string]pay.ChargeRequest{
		"mandate_not_active":        {MethodID: once.MethodID},
		"amount_outside_mandate":    {MandateID: m.ID, Amount: paytest.GHS(1001)},
		"mandate_currency_mismatch": {MandateID: m.ID, Amount: usd},
		"resource_missing":          {MandateID: "mdt_nobody"},
		"parameter_missing":         {CustomerID: cu.ID},
		"parameter_invalid":         {MandateID: m.ID, Amount: paytest.GHS(-1)},
	} {
		if r.Amount.Minor == 0 {
			r.Amount = paytest.GHS(500)
		}
		if _, _, err := w.Pay.Charge(t.Context(), w.Shop, nil, r); code(err) != want {
			t.Errorf("charge: want %s, got %v", want, err)
		}
		if _, _, err := w.Pay.ChargeSession(t.Context(), w.Shop, nil, r); code(err) != want {
			t.Errorf("charge by session: want %s, got %v", want, err)
		}
	}
	mixed := pay.ChargeRequest{MandateID: m.ID, MethodID: once.MethodID, Amount: paytest.GHS(1)}
	if _, _, err := w.Pay.Charge(t.Context(), w.Shop, nil, mixed); !pay.IsKind(err, pay.Invalid) {
		t.Errorf("a method of another mandate: %v", err)
	}
	foreign := pay.ChargeRequest{MandateID: m.ID, Amount: paytest.GHS(1)}
	if _, _, err := w.Pay.Charge(t.Context(), w.Rival, nil, foreign); !pay.IsKind(err, pay.Invalid) {
		t.Errorf("the rival charged: %v", err)
	}
	after, _, _ := w.Pay.Payments(t.Context(), w.Shop, pay.PaymentFilter{})
	if got := w.Mandate(m.ID); len(after) != len(before) || got.Version != 1 {
		t.Errorf("%d payments after %d, mandate at version %d", len(after), len(before), got.Version)
	}
}

func TestCharge_TermsInTheOrderOfTheirUse(t *testing.T) {
	w := paytest.New(t)
	m := w.Agree(ok, terms.Terms{
		MaxCount: 3, MaxTotal: 2000, End: terms.Date{Year: 2026, Month: 12, Day: 31},
		Period: &terms.Period{Unit: terms.Month, MaxCount: 1},
	})
	w.Charge(m.ID, 900)
	if _, err := w.TryCharge(m.ID, 100); code(err) != string(terms.PeriodCount) {
		t.Errorf("twice in a month: %v", err)
	}
	w.Advance(31 * 24 * time.Hour)
	if _, err := w.TryCharge(m.ID, 1200); code(err) != string(terms.TotalAmount) {
		t.Errorf("more than in all: %v", err)
	}
	w.Charge(m.ID, 900)
	w.Advance(30 * 24 * time.Hour)
	w.Charge(m.ID, 200)
	if got := w.Mandate(m.ID); got.State != pay.MandateCompleted {
		t.Errorf("a used up mandate is %s", got.State)
	}
	if _, err := w.TryCharge(m.ID, 1); code(err) != string(terms.UsedUp) {
		t.Errorf("a fourth charge: %v", err)
	}
}

func TestCharge_NotBeforeItBeginsNorAfterItEnds(t *testing.T) {
	w := paytest.New(t)
	m := w.Agree(ok, terms.Terms{
		Start: terms.Date{Year: 2026, Month: 10, Day: 5}, End: terms.Date{Year: 2026, Month: 10, Day: 6},
	})
	if _, err := w.TryCharge(m.ID, 1); code(err) != string(terms.NotStarted) {
		t.Errorf("too early: %v", err)
	}
	w.Advance(48 * time.Hour)
	w.Charge(m.ID, 1)
	w.Advance(48 * time.Hour)
	if _, err := w.TryCharge(m.ID, 1); code(err) != string(terms.Ended) {
		t.Errorf("too late: %v", err)
	}
	if got := w.Mandate(m.ID); got.State != pay.MandateExpired {
		t.Errorf("mandate is %s after its last day", got.State)
	}
	events(t, w, m.ID, "mandate.expired")
}

func TestCharge_DeclineGivesTheSlotBack(t *testing.T) {
	w := paytest.New(t)
	m := w.Agree(ok, terms.Terms{
		MaxCount: 1, Period: &terms.Period{Unit: terms.Month, MaxCount: 1, MaxAmount: 800},
	})
	w.Rehearse(m.MethodID, pay.Rehearsal(pay.DeclineInsufficientFunds))
	p := w.Charge(m.ID, 700)
	if p.State != pay.PaymentFailed || !p.Final || p.DeclineCode != pay.DeclineInsufficientFunds {
		t.Fatalf("payment %+v", p)
	}
	if got := w.Mandate(m.ID); got.Count != 0 || got.Total != 0 || got.State != pay.MandateActive {
		t.Errorf("mandate %+v", got)
	}
	if p := w.Charge(m.ID, 700); p.State != pay.PaymentPaid {
		t.Errorf("the next charge is %s", p.State)
	}
	if got := w.Mandate(m.ID); got.State != pay.MandateCompleted {
		t.Errorf("mandate is %s", got.State)
	}
}

func TestCharge_UnknownKeepsTheSlotAndThePollFindsOut(t *testing.T) {
	w := paytest.New(t)
	m := w.Agree(ok, terms.Terms{MaxCount: 1})
	w.Rehearse(m.MethodID, pay.RehearseUnknown)
	p := w.Charge(m.ID, 700)
	if p.State != pay.PaymentCreated {
		t.Fatalf("payment is %s", p.State)
	}
	if _, err := w.TryCharge(m.ID, 1); code(err) != string(terms.UsedUp) {
		t.Errorf("a second charge beside an unknown one: %v", err)
	}
	w.Advance(time.Minute)
	if got := w.Payment(p.ID); got.State != pay.PaymentPaid {
		t.Errorf("payment is %s", got.State)
	}
	if got := w.Mandate(m.ID); got.State != pay.MandateCompleted || got.Count != 1 {
		t.Errorf("mandate is %s, %d", got.State, got.Count)
	}
	if n, _ := w.Debits(m.ID); n != 1 {
		t.Errorf("%d debits", n)
	}
}

// TestCharge_WhatAnotherMayGiveBackIsNotUsedUp: a mandate is complete when nothing can give a slot
// back any more.
func TestCharge_WhatAnotherMayGiveBackIsNotUsedUp(t *testing.T) {
	w := paytest.New(t)
	ctx := t.Context()
	m := w.Agree(ok, terms.Terms{MaxCount: 2})
	held, _, err := w.Pay.Charge(ctx, w.Shop, nil, pay.ChargeRequest{
		Amount: paytest.GHS(700), MandateID: m.ID, Capture: pay.CaptureManual,
	})
	if err != nil || held.State != pay.PaymentAuthorised {
		t.Fatalf("%s, %v", held.State, err)
	}
	w.Charge(m.ID, 700)
	if got := w.Mandate(m.ID); got.State != pay.MandateActive || got.Count != 2 {
		t.Errorf("mandate is %s, %d", got.State, got.Count)
	}
	if _, _, err := w.Pay.CancelPayment(ctx, w.Shop, nil, held.ID); err != nil {
		t.Fatal(err)
	}
	if got := w.Mandate(m.ID); got.Count != 1 {
		t.Errorf("%d counted after one was let go", got.Count)
	}
	w.Charge(m.ID, 700)
	if got := w.Mandate(m.ID); got.State != pay.MandateCompleted {
		t.Errorf("mandate is %s", got.State)
	}
}

func TestChargeSession_TellsOfBothEnds(t *testing.T) {
	w := paytest.New(t)
	m := w.Agree(ok, terms.Terms{})
	ses, err := tryNext(w, m.ID, 700)
	if err != nil || ses.State != pay.SessionComplete || ses.LastDecline != "" ||
		ses.Series != pay.SeriesNext || ses.MandateID != m.ID || ses.ID[:3] != "ps_" {
		t.Fatalf("session %+v, %v", ses, err)
	}
	p := w.Payment(ses.PaymentID)
	if p.State != pay.PaymentPaid || string(p.Echo) != `{"ref":"a-1"}` || p.Metadata["plan"] == "" {
		t.Errorf("payment %+v", p)
	}
	want := []string{"session.open", "session.paying", "session.complete"}
	if told := w.Told(ses.ID); !slices.Equal(told, want) {
		t.Errorf("events %v", told)
	}
	w.Rehearse(m.MethodID, pay.Rehearsal(pay.DeclineInsufficientFunds))
	ses, err = tryNext(w, m.ID, 700)
	if err != nil || ses.State != pay.SessionComplete || ses.LastDeclineAt.IsZero() ||
		ses.LastDecline != pay.DeclineInsufficientFunds {
		t.Errorf("session %+v, %v", ses, err)
	}
	if p := w.Payment(ses.PaymentID); p.State != pay.PaymentFailed || !p.Final {
		t.Errorf("payment %+v", p)
	}
}

func TestCharge_OneKeyOneCharge(t *testing.T) {
	onBoth(t, func(t *testing.T, w *paytest.World) {
		m := w.Agree(ok, terms.Terms{})
		ctx := context.Background()
		charge := func(int) (string, error) {
			o := once("renewal-7", "charge", func(p pay.Payment) string { return p.ID })
			_, reply, err := w.Pay.Charge(ctx, w.Shop, o, pay.ChargeRequest{
				Amount: paytest.GHS(700), MandateID: m.ID,
			})
			return string(reply.Body), err
		}
		next := func(int) (string, error) {
			o := once("renewal-8", "next", func(s pay.Session) string { return s.ID })
			_, reply, err := w.Pay.ChargeSession(ctx, w.Shop, o, pay.ChargeRequest{
				Family: "collect", IDPrefix: "ps", Amount: paytest.GHS(700), MandateID: m.ID,
			})
			return string(reply.Body), err
		}
		for _, call := range []func(int) (string, error){charge, next} {
			replies, errs := together(8, call)
			final, err := call(0)
			if err != nil || final == "" {
				t.Fatalf("the repeat: %q, %v", final, err)
			}
			for i := range replies {
				if errs[i] == nil && replies[i] != final {
					t.Errorf("call %d: %q, the repeat %q", i, replies[i], final)
				}
				if errs[i] != nil && !pay.IsKind(errs[i], pay.Conflict) {
					t.Errorf("call %d: %v", i, errs[i])
				}
			}
		}
		if n, sum := w.Debits(m.ID); n != 2 || sum != 1400 {
			t.Errorf("the network took %d, %d times", sum, n)
		}
	})
}

func TestRace_AHundredChargesTakeTheOneSlot(t *testing.T) {
	for what, permits := range map[string]terms.Terms{
		"one in all": {MaxCount: 1},
		"one a month": {
			Period: &terms.Period{Unit: terms.Month, MaxCount: 1},
		},
		"so much in all": {MaxTotal: 1000},
		"so much a month": {
			Period: &terms.Period{Unit: terms.Month, MaxAmount: 1000},
		},
	} {
		t.Run(what, func(t *testing.T) {
			onBoth(t, func(t *testing.T, w *paytest.World) {
				m := w.Agree(ok, permits)
				_, errs := together(100, func(i int) (struct{}, error) {
					var err error
					if i%2 == 0 {
						_, err = w.TryCharge(m.ID, 700)
					} else {
						_, err = tryNext(w, m.ID, 700)
					}
					return struct{}{}, err
				})
				won := 0
				for _, err := range errs {
					if err == nil {
						won++
					} else if !pay.IsKind(err, pay.State) && !pay.IsKind(err, pay.Conflict) {
						t.Errorf("a charge that came second: %v", err)
					}
				}
				if n, sum := w.Debits(m.ID); won != 1 || n != 1 || sum != 700 {
					t.Errorf("%d won; the network took %d, %d times", won, sum, n)
				}
			})
		})
	}
}

// TestCharge_CostsThreeCommits: the intent, the network's own record, the outcome.
func TestCharge_CostsThreeCommits(t *testing.T) {
	onBoth(t, func(t *testing.T, w *paytest.World) {
		m := w.Agree(ok, terms.Terms{
			MaxCount: 9, Period: &terms.Period{Unit: terms.Day, MaxCount: 5},
		})
		before := w.DB.Commits()
		w.Charge(m.ID, 700)
		if n := w.DB.Commits() - before; n > 3 {
			t.Errorf("a charge took %d commits", n)
		}
		before = w.DB.Commits()
		if _, err := tryNext(w, m.ID, 700); err != nil {
			t.Error(err)
		}
		if n := w.DB.Commits() - before; n > 3 {
			t.Errorf("a charge by session took %d commits", n)
		}
	})
}

// TestCharge_CrashBeforeTheNetworkHeard: the intent is on disk and the network has never heard of
// it; the poll submits it, once.
func TestCharge_CrashBeforeTheNetworkHeard(t *testing.T) {
	w := paytest.New(t)
	m := w.Agree(ok, terms.Terms{MaxCount: 2})
	behave(t, w, pay.Behaviour{Down: true})
	p := w.Charge(m.ID, 700)
	ses, err := tryNext(w, m.ID, 800)
	if err != nil || p.State != pay.PaymentCreated || ses.State != pay.SessionPaying {
		t.Fatalf("payment is %s, session %s, %v", p.State, ses.State, err)
	}
	if n, _ := w.Debits(m.ID); n != 0 {
		t.Fatalf("%d debits of a network that was down", n)
	}
	behave(t, w, pay.Behaviour{})
	w.Advance(time.Minute)
	if got := w.Payment(p.ID); got.State != pay.PaymentPaid {
		t.Errorf("payment is %s", got.State)
	}
	if got := w.Session(ses.ID); got.State != pay.SessionComplete || got.LastDecline != "" {
		t.Errorf("session %+v", got)
	}
	if n, sum := w.Debits(m.ID); n != 2 || sum != 1500 {
		t.Errorf("the network took %d, %d times", sum, n)
	}
}

// TestCharge_TakenBackBeforeTheNetworkHeard: what the payer took back is not submitted after all.
func TestCharge_TakenBackBeforeTheNetworkHeard(t *testing.T) {
	w := paytest.New(t)
	m := w.Agree(ok, terms.Terms{MaxCount: 2})
	behave(t, w, pay.Behaviour{Down: true})
	p := w.Charge(m.ID, 700)
	behave(t, w, pay.Behaviour{})
	if _, _, err := w.Pay.CancelMandate(t.Context(), w.Shop, nil, m.ID); err != nil {
		t.Fatal(err)
	}
	w.Advance(time.Hour)
	w.Advance(time.Hour)
	if got := w.Payment(p.ID); got.State != pay.PaymentCanceled {
		t.Errorf("payment is %s", got.State)
	}
	if n, _ := w.Debits(m.ID); n != 0 || w.Mandate(m.ID).Count != 0 {
		t.Errorf("%d debits after the mandate was canceled", n)
	}
}

// keptRail is a network that keeps credentials and whose money comes when nobody waits any more.
type keptRail struct {
	lateRail
	waits bool
}

func (*keptRail) Forget(context.Context, pay.Scope, string) error { return nil }

func (r *keptRail) Start(_ context.Context, a pay.Attempt) (pay.Outcome, error) {
	if r.waits {
		return pay.Outcome{Kind: pay.OutcomeWaiting}, nil
	}
	return pay.Outcome{Kind: pay.OutcomePaid, Amount: a.Amount, Token: "tok_1"}, nil
}

func (r *keptRail) Notify(_ context.Context, _ http.Header, body []byte) (pay.Notice, error) {
	return pay.Notice{ID: "n-" + string(body), PaymentID: string(body)}, nil
}

func TestCharge_LateMoneyTakesNoSlot(t *testing.T) {
	ctx := context.Background()
	fake := &keptRail{}
	w := paytest.Open(t, paytest.Options{Rails: []pay.Rail{fake}})
	m := w.Agree(ok, terms.Terms{MaxCount: 1})
	fake.waits = true
	ses, err := tryNext(w, m.ID, 5000)
	if err != nil || ses.State != pay.SessionPaying {
		t.Fatalf("%s, %v", ses.State, err)
	}
	p, _, err := w.Pay.CancelPayment(ctx, w.Shop, nil, ses.PaymentID)
	if err != nil || p.State != pay.PaymentCanceled || w.Mandate(m.ID).Count != 0 {
		t.Fatalf("payment is %s, %v", p.State, err)
	}
	if got := w.Session(ses.ID); got.State != pay.SessionComplete || got.LastDecline == "" {
		t.Errorf("session %+v", got)
	}
	fake.paid = true
	hint(t, w, fake, p.ID)
	got := w.Mandate(m.ID)
	if p := w.Payment(p.ID); p.State != pay.PaymentLate || p.Captured != 5000 || got.Count != 0 {
		t.Errorf("payment is %s, captured %d, mandate counts %d", p.State, p.Captured, got.Count)
	}
	fake.waits = false
	if p := w.Charge(m.ID, 5000); p.State != pay.PaymentPaid {
		t.Errorf("the charge after late money is %s", p.State)
	}
}

func TestCharge_OnlyForTheCustomerWhoAgreed(t *testing.T) {
	w := paytest.New(t)
	other := customer(t, w)
	m := w.Agree(ok, terms.Terms{})
	cu := customer(t, w)
	once := w.Buy(w.Open(func(r *pay.OpenSession) {
		r.CustomerID, r.Offer.Save = cu.ID, pay.SaveAlways
	}).ID, ok)
	for _, r := range []pay.ChargeRequest{
		{MandateID: m.ID}, {MethodID: m.MethodID}, {MandateID: m.ID, MethodID: m.MethodID},
		{MethodID: once.MethodID},
	} {
		r.Amount, r.CustomerID = paytest.GHS(100), other.ID
		if _, _, err := w.Pay.Charge(t.Context(), w.Shop, nil, r); code(err) != "resource_missing" {
			t.Errorf("%+v: %v", r, err)
		}
	}
}

// TestCharge_NobodyIsAskedWhoIsNotThere: a card that asks its payer every time asks on the page,
// and declines without the payer.
func TestCharge_NobodyIsAskedWhoIsNotThere(t *testing.T) {
	w := paytest.New(t)
	ses := w.Open(paytest.First(terms.Terms{MaxCount: 1}))
	first := w.Buy(ses.ID, "4000002760003184")
	if _, err := w.Pay.Answer(t.Context(), w.Shop, first.ID, pay.Approve); err != nil {
		t.Fatal(err)
	}
	m := w.Mandate(w.Session(ses.ID).MandateID)
	p := w.Charge(m.ID, 100)
	if p.State != pay.PaymentFailed || p.DeclineCode != pay.DeclineAuthRequired {
		t.Errorf("payment is %s, %s", p.State, p.DeclineCode)
	}
	behave(t, w, pay.Behaviour{Down: true})
	again := w.Charge(m.ID, 100)
	behave(t, w, pay.Behaviour{})
	w.Advance(time.Minute)
	if p := w.Payment(again.ID); p.DeclineCode != pay.DeclineAuthRequired {
		t.Errorf("submitted again it is %s, %q", p.State, p.DeclineCode)
	}
	next := w.Open(func(r *pay.OpenSession) { r.CustomerID = m.CustomerID })
	p, err := paySaved(w, w.Shop, next.ID, m.MethodID)
	if err != nil || p.State != pay.PaymentAction {
		t.Errorf("on the page the payment is %s, %v", p.State, err)
	}
}

func TestCharge_WhatCannotBeHeldIsNot(t *testing.T) {
	w := paytest.New(t)
	m := agreeByPhone(t, w)
	_, _, err := w.Pay.Charge(t.Context(), w.Shop, nil, pay.ChargeRequest{
		Amount: paytest.GHS(100), MandateID: m.ID, Capture: pay.CaptureManual,
	})
	if e := pay.AsError(err); e == nil || e.Param != "capture_method" {
		t.Errorf("held on a wallet: %v", err)
	}
}

func TestSession_ForgetsTheDeclineWhileAnAttemptIsInFlight(t *testing.T) {
	w := paytest.New(t)
	ses := w.Open()
	w.Buy(ses.ID, "4000000000000002")
	w.Buy(ses.ID, numbers["late_approved"])
	if got := w.Session(ses.ID); got.State != pay.SessionPaying || got.LastDecline != "" ||
		!got.LastDeclineAt.IsZero() {
		t.Errorf("session %+v", got)
	}
	w.Advance(time.Minute)
}

// TestPayment_TheLastTryIsFinal: whoever counts on a failure being the last is told.
func TestPayment_TheLastTryIsFinal(t *testing.T) {
	w := paytest.New(t)
	ses := w.Open()
	for i := range pay.MaxDeclines {
		p := w.Buy(ses.ID, "4000000000000002")
		if p.Final != (i == pay.MaxDeclines-1) {
			t.Errorf("decline %d is final: %v", i+1, p.Final)
		}
	}
}
