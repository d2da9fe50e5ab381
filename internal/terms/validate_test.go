package terms_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/terms"
)

// read takes terms as they are kept, so that the fields of problems are those of the JSON.
func read[T any](t *testing.T, text string) (v T) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

func TestTerms_NameTheFieldThatIsWrong(t *testing.T) {
	for _, tc := range []struct{ text, field string }{
		{`{}`, ""},
		{`{"kind":"on_demand","zone":"Africa/Accra"}`, ""},
		{`{"kind":"weekly"}`, "kind"},
		{`{"zone":"UTC"}`, ""},
		{`{"zone":"Etc/UTC"}`, ""},
		{`{"zone":"Mars/Olympus"}`, "zone"},
		{`{"zone":"Local"}`, "zone"},
		{`{"zone":"localtime"}`, "zone"},
		{`{"zone":"right/UTC"}`, "zone"},
		{`{"zone":"posix/Africa/Accra"}`, "zone"},
		{`{"zone":"../../etc/passwd"}`, "zone"},
		{`{"zone":"/etc/localtime"}`, "zone"},
		{`{"zone":"GMT+1"}`, "zone"},

		{`{"amount":{"exact":500}}`, ""},
		{`{"amount":{"min":500,"max":500}}`, ""},
		{`{"amount":{"exact":-1}}`, "amount.exact"},
		{`{"amount":{"min":-1}}`, "amount.min"},
		{`{"amount":{"max":-1}}`, "amount.max"},
		{`{"amount":{"max":1000000000001}}`, "amount.max"},
		{`{"amount":{"exact":5,"min":1}}`, "amount.exact"},
		{`{"amount":{"exact":5,"max":9}}`, "amount.exact"},
		{`{"amount":{"min":6,"max":5}}`, "amount.min"},

		{`{"kind":"scheduled"}`, "recurrence"},
		{`{"kind":"scheduled","recurrence":{"unit":"month","interval":1}}`, ""},
		{`{"recurrence":{"unit":"hour","interval":1}}`, "recurrence.unit"},
		{`{"recurrence":{"unit":"month","interval":0}}`, "recurrence.interval"},
		{`{"recurrence":{"unit":"month","interval":-1}}`, "recurrence.interval"},
		{`{"recurrence":{"unit":"month","interval":367}}`, "recurrence.interval"},
		{`{"recurrence":{"unit":"week","interval":1,"weekdays":[0,6]}}`, ""},
		{`{"recurrence":{"unit":"day","interval":1,"weekdays":[1]}}`, "recurrence.weekdays"},
		{`{"recurrence":{"unit":"month","interval":1,"weekdays":[1]}}`, "recurrence.weekdays"},
		{`{"recurrence":{"unit":"week","interval":1,"weekdays":[7]}}`, "recurrence.weekdays"},
		{`{"recurrence":{"unit":"week","interval":1,"weekdays":[-1]}}`, "recurrence.weekdays"},
		{`{"recurrence":{"unit":"week","interval":1,"weekdays":[1,1]}}`, "recurrence.weekdays"},
		{`{"recurrence":{"unit":"month","interval":1,"month_days":[1,31,-1,-31]}}`, ""},
		{`{"recurrence":{"unit":"month","interval":1,"month_days":[0]}}`, "recurrence.month_days"},
		{`{"recurrence":{"unit":"month","interval":1,"month_days":[32]}}`, "recurrence.month_days"},
		{`{"recurrence":{"unit":"month","interval":1,"month_days":[-32]}}`, "recurrence.month_days"},
		{`{"recurrence":{"unit":"month","interval":1,"month_days":[5,5]}}`, "recurrence.month_days"},
		{`{"recurrence":{"unit":"week","interval":1,"month_days":[5]}}`, "recurrence.month_days"},
		{`{"recurrence":{"unit":"month","interval":1,"nth":-1,"weekdays":[5]}}`, ""},
		{`{"recurrence":{"unit":"month","interval":1,"nth":5,"weekdays":[5]}}`, "recurrence.nth"},
		{`{"recurrence":{"unit":"month","interval":1,"nth":-2,"weekdays":[5]}}`, "recurrence.nth"},
		{`{"recurrence":{"unit":"year","interval":1,"nth":1}}`, "recurrence.nth"},
		{`{"recurrence":{"unit":"month","interval":1,"nth":1}}`, "recurrence.weekdays"},
		{`{"recurrence":{"unit":"month","interval":1,"nth":1,"weekdays":[1,2]}}`,
			"recurrence.weekdays"},
		{`{"recurrence":{"unit":"month","interval":1,"nth":1,"weekdays":[1],"month_days":[1]}}`,
			"recurrence.month_days"},
		{`{"recurrence":{"unit":"year","interval":1,"year_month":2,"year_day":29}}`, ""},
		{`{"recurrence":{"unit":"year","interval":1,"year_month":2,"year_day":30}}`,
			"recurrence.year_day"},
		{`{"recurrence":{"unit":"year","interval":1,"year_month":13,"year_day":1}}`,
			"recurrence.year_month"},
		{`{"recurrence":{"unit":"year","interval":1,"year_month":-1,"year_day":1}}`,
			"recurrence.year_month"},
		{`{"recurrence":{"unit":"year","interval":1,"year_month":1,"year_day":-1}}`,
			"recurrence.year_day"},
		{`{"recurrence":{"unit":"year","interval":1,"year_month":1}}`, "recurrence.year_day"},
		{`{"recurrence":{"unit":"year","interval":1,"year_day":1}}`, "recurrence.year_day"},
		{`{"recurrence":{"unit":"month","interval":1,"year_month":1,"year_day":1}}`,
			"recurrence.year_day"},
		{`{"recurrence":{"unit":"year","interval":1,"nearest_weekday":true}}`, ""},
		{`{"recurrence":{"unit":"day","interval":1,"nearest_weekday":true}}`,
			"recurrence.nearest_weekday"},
		{`{"recurrence":{"unit":"month","interval":1,"nth":1,"weekdays":[6],"nearest_weekday":true}}`,
			"recurrence.nearest_weekday"},

		{`{"start":"2026-01-01","end":"2026-01-01"}`, ""},
		{`{"start":"2026-01-02","end":"2026-01-01"}`, "end"},

		{`{"max_count":-1}`, "max_count"},
		{`{"max_count":1000001}`, "max_count"},
		{`{"max_total":-1}`, "max_total"},
		{`{"max_total":1000000000000001}`, "max_total"},
		{`{"max_total":4,"amount":{"exact":5}}`, "max_total"},
		{`{"max_total":4,"amount":{"min":5}}`, "max_total"},
		{`{"max_total":4,"amount":{"max":5}}`, ""},

		{`{"kind":"installment"}`, "max_total"},
		{`{"kind":"installment","max_total":90}`, ""},
		{`{"kind":"installment","max_total":90,"items":[30,60]}`, ""},
		{`{"kind":"installment","max_total":90,"items":[30,61]}`, "items"},
		{`{"kind":"installment","max_total":90,"items":[]}`, "items"},
		{`{"kind":"installment","max_total":90,"items":[0]}`, "items"},
		{`{"kind":"installment","max_total":90,"items":[-1]}`, "items"},
		{`{"kind":"installment","max_total":90,"items":[30],"amount":{"exact":30}}`, "items"},
		{`{"kind":"installment","max_total":90,"items":[30,30],"max_count":1}`, "max_count"},
		{`{"kind":"installment","max_total":900,"items":[1` + strings.Repeat(",1", 366) + `]}`, "items"},
		{`{"items":[30],"max_total":90}`, "items"},
		{`{"kind":"installment","max_total":90,"period":{"unit":"day","max_count":1}}`, "period"},

		{`{"period":{"unit":"month","max_count":1}}`, ""},
		{`{"period":{"unit":"month"}}`, "period"},
		{`{"period":{"unit":"hour","max_count":1}}`, "period.unit"},
		{`{"period":{"unit":"month","max_count":-1}}`, "period.max_count"},
		{`{"period":{"unit":"month","max_amount":-1}}`, "period.max_amount"},
		{`{"amount":{"max":5},"period":{"unit":"month","max_amount":5}}`, ""},
		{`{"amount":{"max":5},"period":{"unit":"month","max_amount":4}}`, "period.max_amount"},
		{`{"amount":{"exact":5},"period":{"unit":"month","max_amount":4}}`, "period.max_amount"},
		{`{"amount":{"min":5},"period":{"unit":"month","max_amount":4}}`, "period.max_amount"},
		{`{"period":{"unit":"month","max_count":1,"anchor":31}}`, ""},
		{`{"period":{"unit":"month","max_count":1,"anchor":32}}`, "period.anchor"},
		{`{"period":{"unit":"month","max_count":1,"anchor":-1}}`, "period.anchor"},
		{`{"period":{"unit":"week","max_count":1,"anchor":7}}`, ""},
		{`{"period":{"unit":"week","max_count":1,"anchor":8}}`, "period.anchor"},
		{`{"period":{"unit":"day","max_count":1,"anchor":1}}`, "period.anchor"},
		{`{"period":{"unit":"year","max_count":1,"anchor":29,"anchor_month":2}}`, ""},
		{`{"period":{"unit":"year","max_count":1,"anchor":30,"anchor_month":2}}`, "period.anchor"},
		{`{"period":{"unit":"year","max_count":1,"anchor":1}}`, "period.anchor_month"},
		{`{"period":{"unit":"year","max_count":1,"anchor_month":1}}`, "period.anchor_month"},
		{`{"period":{"unit":"year","max_count":1,"anchor":1,"anchor_month":13}}`,
			"period.anchor_month"},
		{`{"period":{"unit":"month","max_count":1,"anchor":1,"anchor_month":1}}`,
			"period.anchor_month"},
	} {
		named(t, tc.text, read[terms.Terms](t, tc.text).Validate(), tc.field)
	}
	unreal := terms.Date{Year: 2026, Month: time.February, Day: 30}
	named(t, "start on 30 February", terms.Terms{Start: unreal}.Validate(), "start")
	named(t, "end on 30 February", terms.Terms{End: unreal}.Validate(), "end")
}

// named fails unless the problem is about the field, in a sentence; "" is no problem.
func named(t *testing.T, what string, p *terms.Problem, field string) {
	t.Helper()
	switch {
	case p == nil && field != "":
		t.Errorf("%s is taken, want a problem of %s", what, field)
	case p != nil && p.Field != field:
		t.Errorf("%s is refused: %v, want %q", what, p, field)
	case p != nil && (len(p.Message) < 10 || !strings.HasSuffix(p.Message, ".")):
		t.Errorf("%s: %q is not a sentence", what, p.Message)
	}
}

func TestSchedule_NamesTheFieldThatIsWrong(t *testing.T) {
	const monthly = `{"recurrence":{"unit":"month","interval":1},"start":"2026-01-15","amount":500}`
	with := func(text string) string { return strings.TrimSuffix(monthly, "}") + "," + text + "}" }
	for _, tc := range []struct{ terms, schedule, field string }{
		{`{}`, monthly, ""},
		{`{}`, with(`"hour":23,"minute":59`), ""},
		{`{}`, with(`"hour":24`), "hour"},
		{`{}`, with(`"hour":-1`), "hour"},
		{`{}`, with(`"minute":60`), "minute"},
		{`{}`, with(`"minute":-1`), "minute"},
		{`{}`, with(`"amount":0`), "amount"},
		{`{}`, with(`"amount":-1`), "amount"},
		{`{}`, with(`"amount":1000000000001`), "amount"},
		{`{}`, with(`"start":""`), "start"},
		{`{}`, with(`"end":"2026-01-14"`), "end"},
		{`{}`, with(`"end":"2026-01-15"`), ""},
		{`{}`, with(`"recurrence":{"unit":"month","interval":0}`), "recurrence.interval"},
		{`{}`, with(`"recurrence":{"unit":"month","interval":1,"month_days":[14]},"end":"2026-02-13"`),
			"end"},
		{`{"start":"2026-01-15","end":"2026-01-15"}`, monthly, ""},
		{`{"start":"2026-01-16"}`, monthly, "start"},
		{`{"end":"2026-01-14"}`, monthly, "start"},
		{`{"end":"2026-06-30"}`, with(`"end":"2026-06-30"`), ""},
		{`{"end":"2026-06-30"}`, with(`"end":"2026-07-01"`), "end"},
		{`{"amount":{"exact":500}}`, monthly, ""},
		{`{"amount":{"exact":501}}`, monthly, "amount"},
		{`{"amount":{"min":501}}`, monthly, "amount"},
		{`{"amount":{"max":499}}`, monthly, "amount"},
		{`{"period":{"unit":"month","max_amount":499}}`, monthly, "amount"},
		{`{"max_total":499}`, monthly, "amount"},
		{`{"kind":"scheduled","recurrence":{"unit":"month","interval":1}}`, monthly, ""},
		{`{"kind":"scheduled","recurrence":{"unit":"month","interval":2}}`, monthly, "recurrence"},
		{`{"kind":"scheduled","recurrence":{"unit":"month","interval":1,"month_days":[1,15]}}`,
			with(`"recurrence":{"unit":"month","interval":1,"month_days":[15,1]}`), ""},
		{`{"kind":"on_demand","recurrence":{"unit":"month","interval":2}}`, monthly, ""},
		{`{"kind":"installment","max_total":1000,"items":[500,500]}`, monthly, ""},
		{`{"kind":"installment","max_total":1000,"items":[500,400]}`, monthly, "amount"},
		{`{"kind":"installment","max_total":1000,"items":[500,400]}`, with(`"amount":0`), ""},
	} {
		m, s := read[terms.Terms](t, tc.terms), read[terms.Schedule](t, tc.schedule)
		if p := m.Validate(); p != nil {
			t.Errorf("%s: %v", tc.terms, p)
		}
		named(t, tc.schedule+" under "+tc.terms, s.Validate(m), tc.field)
	}
}

func TestTerms_ReadWhatTheyWrote(t *testing.T) {
	const text = `{"kind":"scheduled","amount":{"min":1,"max":9},"recurrence":{"unit":"month",` +
		`"interval":1,"weekdays":[5],"nth":-1},"start":"2026-01-01","end":"2026-12-31",` +
		`"zone":"Africa/Accra","max_count":12,"max_total":90,"period":{"unit":"year","max_count":3,` +
		`"max_amount":20,"anchor":1,"anchor_month":3}}`
	written, err := json.Marshal(read[terms.Terms](t, text))
	if err != nil || string(written) != text {
		t.Errorf("%s, %v\nwant %s", written, err, text)
	}
	if written, err = json.Marshal(terms.Terms{}); err != nil || string(written) != "{}" {
		t.Errorf("no terms are %s, %v", written, err)
	}
}
