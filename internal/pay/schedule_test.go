package pay_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/store/sqldb/pgtest"
	"github.com/kassa-pay/kassa/internal/terms"
)

// day is a day of 2026.
func day(month time.Month, d int) terms.Date {
	return terms.Date{Year: 2026, Month: month, Day: d}
}

// monthly is a schedule on one day of each month, at six in the morning.
func monthly(on, amount int64, from terms.Date) terms.Schedule {
	return terms.Schedule{
		Recurrence: terms.Recurrence{Unit: terms.Month, Interval: 1, MonthDays: []int64{on}},
		Start:      from, Hour: 6, Amount: amount,
	}
}

// daily is a schedule of every day at noon.
func daily(amount int64, from terms.Date) terms.Schedule {
	return terms.Schedule{
		Recurrence: terms.Recurrence{Unit: terms.Day, Interval: 1}, Start: from, Hour: 12,
		Amount: amount,
	}
}

// live advances the world day by day, in four steps each.
func live(w *paytest.World, days int) {
	for range days * 4 {
		w.Advance(6 * time.Hour)
	}
}

// occurrences are the scheduled times of a mandate's charges that were paid.
func occurrences(w *paytest.World, mandateID string) (paid []string) {
	for _, p := range w.Charges(mandateID) {
		if p.State == pay.PaymentPaid {
			paid = append(paid, p.Occurrence.Format("2006-01-02T15:04"))
		}
	}
	return paid
}

func TestSchedule_FourteenMonths(t *testing.T) {
	w := paytest.New(t)
	m := w.Agree(ok, terms.Terms{}, paytest.Scheduled(monthly(31, 900, day(10, 1))))
	live(w, 14*31)
	want := []string{
		"2026-10-31T06:00", "2026-11-30T06:00", "2026-12-31T06:00", "2027-01-31T06:00",
		"2027-02-28T06:00", "2027-03-31T06:00", "2027-04-30T06:00", "2027-05-31T06:00",
		"2027-06-30T06:00", "2027-07-31T06:00", "2027-08-31T06:00", "2027-09-30T06:00",
		"2027-10-31T06:00", "2027-11-30T06:00",
	}
	if got := occurrences(w, m.ID); !slices.Equal(got, want) {
		t.Errorf("charged for %v", got)
	}
	if n, sum := w.Debits(m.ID); n != 14 || sum != 14*900 {
		t.Errorf("the network took %d, %d times", sum, n)
	}
	for _, p := range w.Charges(m.ID) {
		if late := p.CreatedAt.Sub(p.Occurrence); late < 0 || late > 6*time.Hour || p.Attempt != 1 {
			t.Errorf("%s was charged %s late, attempt %d", p.Occurrence, late, p.Attempt)
		}
	}
	next := time.Date(2027, 12, 31, 6, 0, 0, 0, time.UTC)
	if got := w.Mandate(m.ID); !got.NextAt.Equal(next) || got.Count != 14 {
		t.Errorf("next at %s, %d counted", got.NextAt, got.Count)
	}
}

func TestSchedule_LocalTimeOverDaylightSaving(t *testing.T) {
	w := paytest.New(t)
	s := daily(100, day(10, 3))
	s.Hour, s.Minute = 2, 30 // clocks go from two to three in Sydney on the fourth
	m := w.Agree(ok, terms.Terms{Zone: "Australia/Sydney"}, paytest.Scheduled(s))
	live(w, 3)
	want := []string{"2026-10-03T16:00", "2026-10-04T15:30", "2026-10-05T15:30"}
	if got := occurrences(w, m.ID); !slices.Equal(got, want) {
		t.Errorf("charged for %v", got)
	}
}

func TestSchedule_CatchesUpOneAfterTheOther(t *testing.T) {
	w := paytest.New(t)
	m := w.Agree(ok, terms.Terms{}, paytest.Scheduled(daily(100, day(10, 3))))
	w.Advance(3*24*time.Hour + 3*time.Hour)
	want := []string{
		"2026-10-03T12:00", "2026-10-04T12:00", "2026-10-05T12:00", "2026-10-06T12:00",
	}
	if got := occurrences(w, m.ID); !slices.Equal(got, want) {
		t.Errorf("charged for %v", got)
	}
	if got := w.Mandate(m.ID).NextAt.Format(time.DateTime); got != "2026-10-07 12:00:00" {
		t.Errorf("next at %s", got)
	}
}

func TestSchedule_TheTermsWinOverTheSchedule(t *testing.T) {
	w := paytest.New(t)
	m := w.Agree(ok, terms.Terms{
		MaxCount: 3, Period: &terms.Period{Unit: terms.Week, MaxCount: 1},
	}, paytest.Scheduled(daily(100, day(10, 3))))
	live(w, 30)
	// Windows of a week begin on Mondays; 3 October 2026 is a Saturday.
	want := []string{"2026-10-03T12:00", "2026-10-05T12:00", "2026-10-12T12:00"}
	if got := occurrences(w, m.ID); !slices.Equal(got, want) {
		t.Errorf("charged for %v", got)
	}
	got := w.Mandate(m.ID)
	if got.State != pay.MandateCompleted || !got.NextAt.IsZero() {
		t.Errorf("mandate is %s, next at %s", got.State, got.NextAt)
	}
	skipped := 0
	for _, what := range w.Told(m.ID) {
		if what == "mandate.charge_skipped" {
			skipped++
		}
	}
	if skipped != 7 { // the Sunday, and Tuesday to Sunday of the second week
		t.Errorf("%d charges were skipped", skipped)
	}
}

func TestSchedule_PartsOfASum(t *testing.T) {
	for name, c := range map[string]struct {
		terms terms.Terms
		each  int64
		want  []int64
	}{
		"named": {terms.Terms{MaxTotal: 600, Items: []int64{300, 200, 100}}, 0, []int64{300, 200, 100}},
		"equal": {terms.Terms{MaxTotal: 50, Amount: terms.Amount{Max: 20}}, 20, []int64{20, 20, 10}},
	} {
		w := paytest.New(t)
		c.terms.Kind = terms.Installment
		m := w.Agree(ok, c.terms, paytest.Scheduled(daily(c.each, day(10, 3))))
		live(w, 5)
		var parts []int64
		for _, p := range w.Charges(m.ID) {
			parts = append(parts, p.Amount.Minor)
		}
		got := w.Mandate(m.ID)
		if !slices.Equal(parts, c.want) || got.State != pay.MandateCompleted {
			t.Errorf("%s: parts %v, mandate is %s", name, parts, got.State)
		}
	}
}

func TestSchedule_PauseAndResumeSkip(t *testing.T) {
	w := paytest.New(t)
	ctx := t.Context()
	m := w.Agree(ok, terms.Terms{}, paytest.Scheduled(daily(100, day(10, 3))))
	live(w, 1)
	paused, _, err := w.Pay.PauseMandate(ctx, w.Shop, nil, m.ID)
	if err != nil || paused.State != pay.MandatePaused || !paused.NextAt.IsZero() {
		t.Fatalf("%+v, %v", paused, err)
	}
	if _, _, err := w.Pay.PauseMandate(ctx, w.Shop, nil, m.ID); code(err) != "mandate_not_active" {
		t.Errorf("paused twice: %v", err)
	}
	live(w, 3)
	if _, err := w.TryCharge(m.ID, 1); code(err) != "mandate_not_active" {
		t.Errorf("charged while paused: %v", err)
	}
	if _, _, err := w.Pay.ResumeMandate(ctx, w.Shop, nil, m.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.Pay.ResumeMandate(ctx, w.Shop, nil, m.ID); code(err) != "mandate_not_paused" {
		t.Errorf("resumed twice: %v", err)
	}
	live(w, 2)
	want := []string{"2026-10-03T12:00", "2026-10-07T12:00", "2026-10-08T12:00"}
	if got := occurrences(w, m.ID); !slices.Equal(got, want) {
		t.Errorf("charged for %v", got)
	}
	events(t, w, m.ID, "mandate.paused", "mandate.resumed")
}

func TestSchedule_CanceledIsNeverChargedAgain(t *testing.T) {
	w := paytest.New(t)
	ctx := t.Context()
	m := w.Agree(ok, terms.Terms{}, paytest.Scheduled(daily(100, day(10, 3))))
	live(w, 2)
	if _, _, err := w.Pay.CancelMandate(ctx, w.Shop, nil, m.ID); err != nil {
		t.Fatal(err)
	}
	live(w, 5)
	if n, _ := w.Debits(m.ID); n != 2 {
		t.Errorf("%d debits", n)
	}
	_, _, err := w.Pay.CancelMandate(ctx, w.Shop, nil, m.ID)
	if code(err) != "mandate_not_cancelable" {
		t.Errorf("canceled twice: %v", err)
	}
}

// tried are the days on which a mandate's charges were tried, with what became of each.
func tried(w *paytest.World, mandateID string) (out []string) {
	for _, p := range w.Charges(mandateID) {
		out = append(out, p.CreatedAt.Format("Jan 2 ")+p.State.String())
	}
	return out
}

func TestDunning_OneThreeFiveDaysAndThenPause(t *testing.T) {
	w := paytest.New(t)
	m := w.Agree(later, terms.Terms{}, paytest.Scheduled(monthly(10, 900, day(10, 1))))
	live(w, 40)
	want := []string{"Oct 10 failed", "Oct 11 failed", "Oct 14 failed", "Oct 19 failed"}
	if got := tried(w, m.ID); !slices.Equal(got, want) {
		t.Errorf("tried %v", got)
	}
	got := w.Mandate(m.ID)
	if got.State != pay.MandatePaused || got.Reason != pay.ByFailures || got.Count != 0 {
		t.Errorf("mandate %+v", got)
	}
	again := "mandate.payment_failed"
	events(t, w, m.ID, again, again, again, again, "mandate.paused")
}

func TestDunning_NotBeyondTheLastDay(t *testing.T) {
	w := paytest.New(t)
	m := w.Agree(later, terms.Terms{End: day(10, 12)},
		paytest.Scheduled(monthly(10, 900, day(10, 1))))
	live(w, 10) // to the thirteenth, half past nine
	want := []string{"Oct 10 failed", "Oct 11 failed"}
	if got := tried(w, m.ID); !slices.Equal(got, want) {
		t.Errorf("tried %v", got)
	}
	if got := w.Mandate(m.ID); got.State != pay.MandateExpired {
		t.Errorf("mandate is %s", got.State)
	}
}

func TestDunning_AsTheMerchantWishes(t *testing.T) {
	for what, tc := range map[string]struct {
		change func(*pay.OpenSession)
		want   []string
	}{
		"after two days": {
			paytest.Scheduled(monthly(10, 900, day(10, 1)), 2),
			[]string{"Oct 10 failed", "Oct 12 failed"},
		},
		"never": {func(r *pay.OpenSession) {
			paytest.Scheduled(monthly(10, 900, day(10, 1)))(r)
			r.Offer.Retry.Days = []int64{}
		}, []string{"Oct 10 failed"}},
	} {
		t.Run(what, func(t *testing.T) {
			w := paytest.New(t)
			m := w.Agree(later, terms.Terms{}, tc.change)
			live(w, 20)
			if got := tried(w, m.ID); !slices.Equal(got, tc.want) {
				t.Errorf("tried %v", got)
			}
			if got := w.Mandate(m.ID); got.State != pay.MandatePaused {
				t.Errorf("mandate is %s", got.State)
			}
		})
	}
}

func TestDunning_ALaterTryThatSucceedsGoesOn(t *testing.T) {
	w := paytest.New(t)
	m := w.Agree(ok, terms.Terms{}, paytest.Scheduled(monthly(10, 900, day(10, 1))))
	w.Rehearse(m.MethodID, pay.Rehearsal(pay.DeclineInsufficientFunds))
	live(w, 40)
	want := []string{"Oct 10 failed", "Oct 11 paid", "Nov 10 paid"}
	if got := tried(w, m.ID); !slices.Equal(got, want) {
		t.Errorf("tried %v", got)
	}
	for i, p := range w.Charges(m.ID)[:2] {
		if p.Attempt != int64(i+1) || p.Occurrence.Day() != 10 {
			t.Errorf("attempt %d is %d for %s", i, p.Attempt, p.Occurrence)
		}
	}
	if got := w.Mandate(m.ID); got.Failures != 0 || got.Count != 2 {
		t.Errorf("mandate %+v", got)
	}
}

func TestDunning_AHardDeclinePausesAtOnce(t *testing.T) {
	for _, hard := range []pay.DeclineCode{
		pay.DeclineLostCard, pay.DeclineStolenCard, pay.DeclineFraud, pay.DeclineNotPermitted,
	} {
		w := paytest.New(t)
		m := w.Agree(ok, terms.Terms{}, paytest.Scheduled(monthly(10, 900, day(10, 1))))
		w.Rehearse(m.MethodID, pay.Rehearsal(hard))
		live(w, 20)
		got := w.Mandate(m.ID)
		if got.State != pay.MandatePaused || got.Reason != pay.ByFailures {
			t.Errorf("%s: mandate is %s because of %q", hard, got.State, got.Reason)
		}
		if n := len(w.Charges(m.ID)); n != 1 {
			t.Errorf("%s: tried %d times", hard, n)
		}
		if _, _, err := w.Pay.ResumeMandate(t.Context(), w.Shop, nil, m.ID); err != nil {
			t.Fatal(err)
		}
		live(w, 31)
		if got := tried(w, m.ID); !slices.Equal(got[1:], []string{"Nov 10 paid"}) {
			t.Errorf("%s: after it was resumed: %v", hard, got)
		}
	}
}

func TestSchedule_UnknownIsNotTriedTwice(t *testing.T) {
	w := paytest.New(t)
	m := w.Agree(ok, terms.Terms{}, paytest.Scheduled(daily(100, day(10, 3))))
	w.Rehearse(m.MethodID, pay.RehearseUnknown)
	w.Advance(150 * time.Minute)
	if got := w.Charges(m.ID); len(got) != 1 || got[0].State != pay.PaymentCreated {
		t.Fatalf("charges %+v", got)
	}
	if got := w.Mandate(m.ID); !got.TryAt.IsZero() || got.NextAt.IsZero() {
		t.Errorf("next at %s, tried at %s beside a try in flight", got.NextAt, got.TryAt)
	}
	w.Advance(time.Minute)
	w.Advance(time.Minute)
	if got := occurrences(w, m.ID); len(got) != 1 {
		t.Errorf("charged for %v", got)
	}
	live(w, 1)
	if n, _ := w.Debits(m.ID); n != 2 {
		t.Errorf("%d debits in two days", n)
	}
}

func TestSchedule_AFamilyThatWantsSessionsGetsThem(t *testing.T) {
	w := paytest.New(t)
	m := w.Agree(ok, terms.Terms{}, func(r *pay.OpenSession) { r.Family = "collect" },
		paytest.Scheduled(daily(100, day(10, 3))))
	live(w, 1)
	charges := w.Charges(m.ID)
	if len(charges) != 1 || charges[0].SessionID == "" {
		t.Fatalf("charges %+v", charges)
	}
	ses := w.Session(charges[0].SessionID)
	if ses.Series != pay.SeriesNext || ses.State != pay.SessionComplete || ses.ID[:3] != "ps_" {
		t.Errorf("session %+v", ses)
	}
}

func TestSchedule_TheTestClockBringsChargesNearer(t *testing.T) {
	w := paytest.New(t)
	m := w.Agree(ok, terms.Terms{}, paytest.Scheduled(monthly(10, 900, day(10, 1))))
	_, _, err := w.Pay.AdvanceClock(t.Context(), w.Shop, nil, 60*24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	w.Work()
	want := []string{"2026-10-10T06:00", "2026-11-10T06:00"}
	if got := occurrences(w, m.ID); !slices.Equal(got, want) {
		t.Errorf("charged for %v", got)
	}
}

// TestRace_TwoNodesChargeOnce: two services with one database do the due work at once.
func TestRace_TwoNodesChargeOnce(t *testing.T) {
	w := paytest.Open(t, paytest.Options{Real: true, URL: pgtest.URL(t)})
	other := w.Twin()
	const mandates = 12
	var ids []string
	for range mandates {
		m := w.Agree(ok, terms.Terms{}, paytest.Scheduled(daily(100, day(10, 3))))
		ids = append(ids, m.ID)
	}
	w.Clock.Advance(51 * time.Hour) // three noons
	for range 6 {
		_, errs := together(6, func(i int) (int, error) {
			if i%2 == 0 {
				return w.Pay.ChargeDue(context.Background())
			}
			return other.ChargeDue(context.Background())
		})
		for _, err := range errs {
			if err != nil && !pay.IsKind(err, pay.Conflict) {
				t.Error(err)
			}
		}
	}
	w.Work()
	for _, id := range ids {
		if n, sum := w.Debits(id); n != 3 || sum != 300 {
			t.Errorf("%s: the network took %d, %d times", id, sum, n)
		}
	}
}

// TestSchedule_OneThatCannotBeChargedHoldsUpNobody: what is wrong with one mandate, be it a defect
// of ours, does not keep the others from being charged.
func TestSchedule_OneThatCannotBeChargedHoldsUpNobody(t *testing.T) {
	w := paytest.New(t)
	bad := w.Agree(ok, terms.Terms{}, paytest.Scheduled(daily(100, day(10, 3))))
	good := w.Agree("5555555555554444", terms.Terms{}, paytest.Scheduled(daily(200, day(10, 3))))
	live(w, 1)
	plant(t, w, `UPDATE mandate SET next_at = (SELECT occurrence FROM payment
		WHERE mandate_id = mandate.id) WHERE id = '`+bad.ID+`'`) // what was charged already
	live(w, 2)
	if n, _ := w.Debits(bad.ID); n != 1 {
		t.Errorf("%d debits for one occurrence", n)
	}
	if n, _ := w.Debits(good.ID); n != 3 {
		t.Errorf("the mandate beside it was charged %d times", n)
	}
	if !strings.Contains(w.Logs.String(), "scheduled charge put off") {
		t.Error("nobody was told")
	}
}

func TestSchedule_ACrashBeforeTheNetworkHeard(t *testing.T) {
	w := paytest.New(t)
	m := w.Agree(ok, terms.Terms{}, paytest.Scheduled(daily(100, day(10, 3))))
	behave(t, w, pay.Behaviour{Down: true})
	w.Advance(150 * time.Minute)
	if got := w.Charges(m.ID); len(got) != 1 || got[0].State != pay.PaymentCreated {
		t.Fatalf("charges %+v", got)
	}
	behave(t, w, pay.Behaviour{})
	w.Advance(time.Hour)
	if got := occurrences(w, m.ID); !slices.Equal(got, []string{"2026-10-03T12:00"}) {
		t.Errorf("charged for %v", got)
	}
}

// TestSchedule_OwnChargesDoNotDisturbIt: what the merchant charges beside the schedule neither
// stands in for a scheduled charge nor counts as a try of one.
func TestSchedule_OwnChargesDoNotDisturbIt(t *testing.T) {
	w := paytest.New(t)
	m := w.Agree(ok, terms.Terms{}, paytest.Scheduled(daily(100, day(10, 3))))
	w.Charge(m.ID, 500)
	w.Rehearse(m.MethodID, pay.Rehearsal(pay.DeclineInsufficientFunds))
	w.Charge(m.ID, 500)
	got := w.Mandate(m.ID)
	if !got.NextAt.Equal(m.NextAt) || !got.TryAt.Equal(m.TryAt) || got.Failures != 0 {
		t.Errorf("planned %s, tried at %s after %d failures", got.NextAt, got.TryAt, got.Failures)
	}
	live(w, 1)
	if n, sum := w.Debits(m.ID); n != 2 || sum != 600 {
		t.Errorf("the network took %d, %d times", sum, n)
	}
}

// TestSchedule_ATryFromBeforeThePauseIsOfThePast: it may end after the mandate was resumed, and
// changes nothing of what is planned then.
func TestSchedule_ATryFromBeforeThePauseIsOfThePast(t *testing.T) {
	for _, end := range []func(*paytest.World, string) error{
		func(w *paytest.World, _ string) error { w.Advance(time.Minute); return nil },
		func(w *paytest.World, id string) error {
			_, _, err := w.Pay.CancelPayment(context.Background(), w.Shop, nil, id)
			return err
		},
	} {
		w := paytest.New(t)
		m := w.Agree(ok, terms.Terms{}, paytest.Scheduled(daily(100, day(10, 3))))
		w.Rehearse(m.MethodID, pay.RehearseLate)
		w.Advance(150 * time.Minute)
		_, _, err := w.Pay.PauseMandate(t.Context(), w.Shop, nil, m.ID)
		if err != nil {
			t.Fatal(err)
		}
		resumed, _, err := w.Pay.ResumeMandate(t.Context(), w.Shop, nil, m.ID)
		if err != nil || resumed.NextAt.Day() != 4 {
			t.Fatalf("next at %s, %v", resumed.NextAt, err)
		}
		try := w.Charges(m.ID)[0]
		if err := end(w, try.ID); err != nil || w.Payment(try.ID).State.InFlight() {
			t.Fatalf("the try is %s, %v", w.Payment(try.ID).State, err)
		}
		got := w.Mandate(m.ID)
		if !got.NextAt.Equal(resumed.NextAt) || !got.TryAt.Equal(resumed.TryAt) || got.Failures != 0 {
			t.Errorf("planned %s, tried at %s after %d failures", got.NextAt, got.TryAt, got.Failures)
		}
	}
}
