package checkout

import (
	"encoding/json"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/terms"
)

// pathsOf lists the paths of all JSON members of a type, those of its parts with dots.
func pathsOf(t reflect.Type, prefix string) (all []string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t == reflect.TypeFor[terms.Date]() {
		return nil
	}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		all = append(all, prefix+name)
		all = append(all, pathsOf(t.Field(i).Type, prefix+name+".")...)
	}
	return all
}

// TestOurPath_LeadsToAField holds that whatever part of an offer the core refuses, the error names
// a field that a request can have.
func TestOurPath_LeadsToAField(t *testing.T) {
	ours := pathsOf(reflect.TypeFor[sessionInput](), "")
	theirs := append(pathsOf(reflect.TypeFor[terms.Terms](), "offer.terms."),
		pathsOf(reflect.TypeFor[terms.Schedule](), "offer.schedule.")...)
	theirs = append(theirs, "offer.save", "offer.terms", "offer.schedule", "offer.retry.days",
		"offer.terms.items[3]", "offer.schedule.recurrence.year_month")
	for _, path := range theirs {
		got, _, _ := strings.Cut(ourPath(path), "[")
		if !slices.Contains(ours, got) {
			t.Errorf("%s becomes %s, which no request has", path, got)
		}
	}
	if len(theirs) < 35 {
		t.Errorf("only %d paths: %v", len(theirs), theirs)
	}
	if got := ourPath("offer.terms.items[3]"); got != "mandate.installments[3]" {
		t.Errorf("an index becomes %s", got)
	}
	if got := ourPath("offer.new"); got != "offer.new" {
		t.Errorf("an unknown path becomes %s", got)
	}
}

func TestInOurWords(t *testing.T) {
	for _, c := range []struct{ param, message, wantParam, want string }{
		{"offer.terms.kind", "Must be so.", "mandate.type", "mandate.type must be so."},
		{"offer.save", "A series saves.", "save_payment_method", "A series saves."},
		{"amount", "Must be so.", "amount", "Must be so."},
	} {
		e := pay.AsError(inOurWords(pay.BadParam(c.param, "x", "%s", c.message)))
		if e.Param != c.wantParam || e.Message != c.want || e.Code != "x" {
			t.Errorf("%s: %+v", c.param, e)
		}
	}
	if inOurWords(nil) != nil {
		t.Error("nothing became an error")
	}
}

// drawTerms draws terms of every shape. They need not be valid: encoding does not ask.
func drawTerms(t *rapid.T) terms.Terms {
	number := rapid.Int64Range(0, 1_000_000)
	date := rapid.Custom(func(t *rapid.T) terms.Date {
		day := rapid.Int64Range(0, 4000).Draw(t, "day")
		return terms.Date{Year: 2026, Month: 1, Day: 1}.AddDays(day)
	})
	out := terms.Terms{
		Kind:   rapid.SampledFrom([]terms.Kind{"scheduled", "on_demand", "installment"}).Draw(t, "kind"),
		Amount: terms.Amount{Exact: number.Draw(t, "exact"), Max: number.Draw(t, "max")},
		Zone:   rapid.SampledFrom([]string{"UTC", "Africa/Accra", "America/New_York"}).Draw(t, "zone"),
		Items:  rapid.SliceOfN(rapid.Int64Range(1, 1e12), 1, 5).Draw(t, "items"),
	}
	out.MaxCount, out.MaxTotal = number.Draw(t, "count"), number.Draw(t, "total")
	if rapid.Bool().Draw(t, "bounded") {
		out.Start, out.End = date.Draw(t, "start"), date.Draw(t, "end")
	}
	if rapid.Bool().Draw(t, "recurring") {
		out.Recurrence = &terms.Recurrence{
			Unit:           rapid.SampledFrom([]terms.Unit{"day", "week", "month", "year"}).Draw(t, "unit"),
			Interval:       rapid.Int64Range(1, 400).Draw(t, "interval"),
			Weekdays:       rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 6), weekday), 1, 3).Draw(t, "on"),
			MonthDays:      rapid.SliceOfN(rapid.Int64Range(-31, 31), 1, 3).Draw(t, "days"),
			Nth:            rapid.Int64Range(-1, 4).Draw(t, "nth"),
			YearMonth:      time.Month(rapid.IntRange(0, 12).Draw(t, "month")),
			YearDay:        rapid.Int64Range(0, 31).Draw(t, "day"),
			NearestWeekday: rapid.Bool().Draw(t, "near"),
		}
	}
	if rapid.Bool().Draw(t, "limited") {
		out.Period = &terms.Period{
			Unit:     rapid.SampledFrom([]terms.Unit{"day", "week", "month", "year"}).Draw(t, "of"),
			MaxCount: number.Draw(t, "often"), MaxAmount: number.Draw(t, "much"),
			Anchor:      rapid.Int64Range(0, 31).Draw(t, "anchor"),
			AnchorMonth: time.Month(rapid.IntRange(0, 12).Draw(t, "in")),
		}
	}
	return out
}

func weekday(n int) time.Weekday { return time.Weekday(n) }

// TestTerms_SameWordsBothWays holds that the terms of a mandate, sent back as a request, ask for
// the same terms.
func TestTerms_SameWordsBothWays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawTerms(t)
		var in struct {
			Mandate mandateInput `json:"mandate"`
		}
		body := `{"mandate":` + string(appendTerms(nil, &want)) + `}`
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		if err := wire.Decode(httptest.NewRecorder(), r, &in); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		got, err := in.Mandate.terms()
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%s\ngot  %+v\nwant %+v", body, got, want)
		}
	})
}

// TestSchedule_CompletesItself shows what a schedule takes from its mandate and its session.
func TestSchedule_CompletesItself(t *testing.T) {
	now := time.Date(2026, 10, 3, 23, 30, 0, 0, time.UTC)
	for _, c := range []struct {
		name, body string
		start      terms.Date
		amount     int64
	}{
		{"the session's amount, from today", `{"schedule":{}}`, terms.Date{Year: 2026, Month: 10, Day: 3},
			900},
		{"the exact amount", `{"amount":{"exact":700},"schedule":{}}`,
			terms.Date{Year: 2026, Month: 10, Day: 3}, 700},
		{"today is another day in Tokyo", `{"time_zone":"Asia/Tokyo","schedule":{}}`,
			terms.Date{Year: 2026, Month: 10, Day: 4}, 900},
		{"the mandate's first day", `{"start_date":"2026-12-24","schedule":{}}`,
			terms.Date{Year: 2026, Month: 12, Day: 24}, 900},
		{"a mandate that has begun", `{"start_date":"2026-01-24","schedule":{}}`,
			terms.Date{Year: 2026, Month: 10, Day: 3}, 900},
		{"the installments", `{"installments":[1,2],"schedule":{}}`,
			terms.Date{Year: 2026, Month: 10, Day: 3}, 0},
		{"what it says itself", `{"schedule":{"amount":5,"start_date":"2027-01-01"}}`,
			terms.Date{Year: 2027, Month: 1, Day: 1}, 5},
	} {
		var in mandateInput
		if err := json.Unmarshal([]byte(c.body), &in); err != nil {
			t.Fatal(err)
		}
		in.Recurrence = &recurrenceInput{Unit: "month"}
		o, err := in.offer(900, now)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		s := o.Schedule
		if s.Start != c.start || s.Amount != c.amount || s.Recurrence.Interval != 1 {
			t.Errorf("%s: %+v", c.name, s)
		}
		if o.Terms.Kind != terms.Scheduled {
			t.Errorf("%s: the payer is told of a %q mandate", c.name, o.Terms.Kind)
		}
	}
}

// TestRetry_NoneIsNotTheDefault holds that an empty list is not the same as none.
func TestRetry_NoneIsNotTheDefault(t *testing.T) {
	for body, want := range map[string]int{`{}`: -1, `{"retry_days":[]}`: 0, `{"retry_days":[2]}`: 1} {
		var in mandateInput
		if err := json.Unmarshal([]byte(body), &in); err != nil {
			t.Fatal(err)
		}
		o, err := in.offer(1, at)
		days := o.Retry.Days
		if err != nil || (want < 0) != (days == nil) || len(days) != max(0, want) {
			t.Errorf("%s: %v %v", body, days, err)
		}
	}
}

func someMandate() pay.Mandate {
	return pay.Mandate{
		ID: "mdt_01", State: pay.MandatePaused, Reason: pay.ByFailures, CustomerID: "cus_01",
		MethodID: "pm_01", SessionID: "cs_01", Currency: "GHS", Consent: "Yes.\nStop it any time.",
		Terms: terms.Terms{
			Kind: terms.OnDemand, Amount: terms.Amount{Max: 500},
			Period: &terms.Period{Unit: terms.Month, MaxCount: 2},
		},
		Count: 2, Total: 900, Failures: 1, NextAt: at, CreatedAt: at, UpdatedAt: at,
		Schedule: &terms.Schedule{
			Hour: 9, Minute: 5, Start: terms.Date{Year: 2026, Month: 10, Day: 4},
		},
	}
}

func TestMandate_Document(t *testing.T) {
	m := someMandate()
	want := `{"id":"mdt_01","object":"mandate","status":"paused","reason":"failures",` +
		`"customer":"cus_01","payment_method":"pm_01","session":"cs_01","currency":"GHS",` +
		`"terms":{"type":"on_demand","amount":{"exact":null,"min":null,"max":500},` +
		`"recurrence":null,"start_date":null,"end_date":null,"time_zone":"UTC",` +
		`"max_occurrences":null,"total_amount":null,"installments":null,"period_limits":` +
		`{"unit":"month","max_count":2,"max_amount":null,"anchor":null,"anchor_month":null}},` +
		`"consent":"Yes.\u000aStop it any time.","usage":{"count":2,"total":900,"window":null},` +
		`"schedule":{"amount":null,"time":"09:05","start_date":"2026-10-04","end_date":null,` +
		`"retry_days":[1,3,5],"next_charge_at":"2026-10-03T09:30:00Z","next_attempt_at":null,` +
		`"failed_attempts":1},"manage_url":"https://pay.example/mandates/mdt_01?key=k",` +
		`"created_at":"2026-10-03T09:30:00Z","updated_at":"2026-10-03T09:30:00Z"}`
	if got := string(enc.mandate(nil, &m)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	v := mandateView{Mandate: m, now: at, window: pay.MandateWindow{Count: 1, Amount: 400}}
	if got := string(enc.mandateView(nil, &v)); !strings.Contains(got, `"window":`+
		`{"from":"2026-10-01T00:00:00Z","to":"2026-11-01T00:00:00Z","count":1,"total":400}`) {
		t.Errorf("got %s", got)
	}
	m.Schedule, m.Terms = nil, terms.Terms{}
	if got := string(enc.mandate(nil, &m)); !strings.Contains(got, `"schedule":null`) ||
		!strings.Contains(got, `"terms":{"type":null,"amount":null,"recurrence":null`) {
		t.Errorf("got %s", got)
	}
}

func TestMandate_EveryStateIsFound(t *testing.T) {
	for s := pay.MandateActive; s <= pay.MandateCompleted; s++ {
		if got := mandateWords[s.String()]; !slices.Equal(got, []pay.MandateState{s}) {
			t.Errorf("%s finds %v", s, got)
		}
	}
}

// TestMethod_EventShowsNoMoreThanItMust holds that the network's token never leaves, nor a phone
// that events do not need.
func TestMethod_EventShowsNoMoreThanItMust(t *testing.T) {
	m := pay.SavedMethod{
		ID: "pm_01", State: pay.MethodActive, CustomerID: "cus_01", Rail: "momo",
		Type: pay.MethodMobile, Token: "tok_secret", PaymentID: "pay_01", CreatedAt: at, UpdatedAt: at,
		Mobile: &pay.Mobile{Phone: "0241234567", Provider: "mtn"},
		Card:   &pay.CardSummary{Brand: "visa", Last4: "4242", Fingerprint: "printed"},
	}
	_, body, ok := Encoder(pageURL, manageURL)(eventOf(t, "method.active", pay.ObjectMethod, m), 1)
	for _, word := range []string{"tok_secret", "0241234567", "printed"} {
		if !ok || strings.Contains(string(body), word) {
			t.Errorf("%q is shown: %s", word, body)
		}
	}
	if got := string(appendMethod(nil, &m)); !strings.Contains(got, `"phone":"0241234567"`) ||
		strings.Contains(got, "tok_secret") || strings.Contains(got, "printed") {
		t.Errorf("got %s", got)
	}
	if m.Mobile.Phone != "0241234567" {
		t.Error("masking changed the method")
	}
}

// TestSession_ThatFailedIsNotPaid holds that nobody ships for a charge without the payer that was
// declined.
func TestSession_ThatFailedIsNotPaid(t *testing.T) {
	ses := someSession()
	ses.State, ses.Series, ses.LastDecline = pay.SessionComplete, pay.SeriesNext,
		pay.DeclineInsufficientFunds
	got := sessionSummary(t, &sessionView{Session: ses, now: at})
	if got != "complete unpaid pay_01" {
		t.Errorf("got %q", got)
	}
}

func TestPayment_HeldMoneyIsToldApart(t *testing.T) {
	p := pay.Payment{
		ID: "pay_01", State: pay.PaymentAuthorised, Amount: money.Amount{Minor: 500, Currency: "GHS"},
		Method: "card", Authorised: 500, Captured: 200, AuthorisedUntil: at, MethodID: "pm_01",
		MandateID: "mdt_01", OffSession: true, CreatedAt: at, UpdatedAt: at,
	}
	const tail = `"saved_payment_method":"pm_01","mandate":"mdt_01","off_session":true}`
	want := `"amount_authorized":500,"amount_captured":200,"amount_voided":0,` +
		`"authorized_until":"2026-10-03T09:30:00Z",` + tail
	if got := string(appendPayment(nil, &p)); !strings.HasSuffix(got, want) {
		t.Errorf("got %s", got)
	}
	p.State, p.Voided = pay.PaymentPaid, 300
	want = `"amount_authorized":500,"amount_captured":200,"amount_voided":300,` +
		`"authorized_until":null,` + tail
	if got := string(appendPayment(nil, &p)); !strings.HasSuffix(got, want) {
		t.Errorf("got %s", got)
	}
}
