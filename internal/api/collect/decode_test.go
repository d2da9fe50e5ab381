package collect_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/kassa-pay/kassa/internal/api/apitest"
	"github.com/kassa-pay/kassa/internal/paytest"
)

// fields returns the fields that a problem names.
func fields(t *testing.T, body []byte) (names []string) {
	t.Helper()
	var p struct {
		Status int
		Errors []struct{ Field, Message string }
	}
	if err := json.Unmarshal(body, &p); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	for _, e := range p.Errors {
		if e.Message == "" {
			t.Errorf("%s has no message", e.Field)
		}
		names = append(names, e.Field)
	}
	return names
}

// refused holds that a body is answered 400 with a problem that names the field.
func (h *house) refused(t *testing.T, body, field string) {
	t.Helper()
	w := h.do("POST", "/collect/payment_sessions", paytest.Key("shop"), body)
	got := strings.Join(fields(t, w.Body.Bytes()), ", ")
	if w.Code != http.StatusBadRequest || got != field {
		t.Errorf("%s: %d names %q, want %q: %s", body, w.Code, got, field, w.Body)
	}
	if strings.Contains(w.Body.String(), `"Must `) {
		t.Errorf("%s: what must be so is not said: %s", body, w.Body)
	}
}

func TestSession_NamesTheFieldThatIsWrong(t *testing.T) {
	h := newHouse(t)
	const base = `"amount":2000,"currency":"GHS"`
	for _, c := range []struct{ body, field string }{
		{`{"currency":"GHS"}`, "amount"},
		{`{"amount":1}`, "currency"},
		{`{"amount":1.5,"currency":"GHS"}`, "amount"},
		{`{"amount":"1","currency":"GHS"}`, "amount"},
		{`{"amount":-1,"currency":"GHS"}`, "amount"},
		{`{"amount":100000000,"currency":"GHS"}`, "amount"},
		{`{` + base + `,"type":"twice"}`, "type"},
		{`{` + base + `,"colour":"red"}`, "colour"},
		{`{` + base + `,"options":{"colour":"red"}}`, "options.colour"},
		{`{` + base + `,"options":{"checkout_options":{"colour":"red"}}}`,
			"options.checkout_options.colour"},
		{`{` + base + `,"external_reference":""}`, "external_reference"},
		{`{` + base + `,"external_reference":"a b"}`, "external_reference"},
		{`{` + base + `,"external_reference":"` + strings.Repeat("x", 256) + `"}`,
			"external_reference"},
		{`{` + base + `,"metadata":{"n":5}}`, "metadata.n"},
		{`{` + base + `,"metadata":{"n":""}}`, "metadata.n"},
		{`{` + base + `,"metadata":{"":"v"}}`, "metadata"},
		{`{` + base + `,"metadata":{"` + strings.Repeat("k", 51) + `":"v"}}`, "metadata"},
		{`{` + base + `,"metadata":{"n":"` + strings.Repeat("v", 501) + `"}}`, "metadata.n"},
		{`{` + base + `,"metadata":` + pairs(21) + `}`, "metadata"},
		{`{` + base + `,"customer_id":"cus_1"}`, "customer_id"},
		{`{` + base + `,"payment_method_id":"pm_1"}`, "payment_method_id"},
	} {
		h.refused(t, c.body, c.field)
	}
}

func pairs(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"k%d":"v"`, i)
	}
	return "{" + b.String()[1:] + "}"
}

// optionCases are options that are refused, by the type of session.
var optionCases = []struct{ kind, options, field string }{
	{"one_time", `"payment_method_id":"pm_1"`, "payment_method_id"},
	{"one_time", `"mandate_id":"mdt_1"`, "mandate_id"},
	{"one_time", `"mandate_options":{}`, "mandate_options"},
	{"one_time", `"subscription_options":{}`, "subscription_options"},
	{"first_in_series", `"payment_method_id":"pm_1"`, "payment_method_id"},
	{"next_in_series", `"customer":{"name":"T","email":"t@example.test"}`, "customer"},
	{"next_in_series", `"checkout_options":{}`, "checkout_options"},
	{"next_in_series", `"mandate_options":{}`, "mandate_options"},
	{"next_in_series", `"subscription_options":{}`, "subscription_options"},
	{"next_in_series", `"payment_method_id":"pm_1"`, "customer_id"},
	{"next_in_series", `"customer_id":"cus_1"`, "payment_method_id"},
	{"next_in_series", `"customer_id":"c","payment_method_id":"p",
		"payment_method_options":{"card":{"save_payment_method":"always"}}`,
		"payment_method_options.card.save_payment_method"},
	{"next_in_series", `"customer_id":"c","payment_method_id":"p",
		"payment_method_options":{"card":{"capture_method":"later"}}`,
		"payment_method_options.card.capture_method"},

	{"one_time", `"customer":{"email":"t@example.test"}`, "customer.name"},
	{"one_time", `"customer":{"name":"T"}`, "customer.email"},
	{"one_time", `"customer":{"name":" ","email":"t@example.test"}`, "customer.name"},
	{"one_time", `"customer":{"name":"T","email":""}`, "customer.email"},
	{"one_time", `"customer":{"name":"T","email":"t"}`, "customer.email"},
	{"one_time", `"customer":{"name":"T","email":"t@example.test","phone":"0201234567"}`,
		"customer.phone"},
	{"one_time", `"customer":{"name":"T","email":"t@example.test","phone":"+0201234567"}`,
		"customer.phone"},
	{"one_time", `"customer":{"name":"T","email":"t@example.test","phone":"+233 201234567"}`,
		"customer.phone"},
	{"one_time", `"customer":{"name":"T","email":"t@example.test"},"customer_id":"cus_1"`,
		"customer"},
	{"one_time", `"checkout_options":{"save_payment_method":"sometimes"}`,
		"checkout_options.save_payment_method"},
	{"one_time", `"checkout_options":{"save_payment_method":"never"},
		"payment_method_options":{"card":{"save_payment_method":"always"}}`,
		"payment_method_options.card.save_payment_method"},
	{"first_in_series", `"checkout_options":{"save_payment_method":"prompt"}`,
		"checkout_options.save_payment_method"},
	{"one_time", `"checkout_options":{"presentation_mode":{}}`,
		"checkout_options.presentation_mode.mode"},
	{"one_time", `"checkout_options":{"presentation_mode":{"mode":"popup"}}`,
		"checkout_options.presentation_mode.mode"},
	{"one_time", `"checkout_options":{"presentation_mode":
		{"mode":"redirect","display_pay_button":true}}`,
		"checkout_options.presentation_mode.display_pay_button"},
	{"one_time", `"checkout_options":{"return_url":"/done"}`, "checkout_options.return_url"},
	{"one_time", `"checkout_options":{"return_url":"javascript:alert(1)"}`,
		"checkout_options.return_url"},
	{"one_time", `"checkout_options":{"return_url":"https://evil.test/"}`,
		"checkout_options.return_url"},
	{"one_time", `"checkout_options":{"return_url":"https://shop.test/a",
		"success_url":"https://shop.test/b"}`,
		"checkout_options.success_url"},
	{"one_time", `"checkout_options":{"return_url":""}`, "checkout_options.return_url"},
	{"one_time", `"checkout_options":{"success_url":""}`, "checkout_options.success_url"},
	{"one_time", `"checkout_options":{"success_url":"/done"}`, "checkout_options.success_url"},
	{"one_time", `"payment_method_options":{"card":{"capture_method":"later"}}`,
		"payment_method_options.card.capture_method"},
	{"one_time", `"payment_method_options":{"wallet":{}}`, "payment_method_options.wallet"},
}

func TestSession_OptionsBelongToATypeAndSayWhatIsWrong(t *testing.T) {
	h := newHouse(t)
	for _, c := range optionCases {
		body := fmt.Sprintf(`{"type":%q,"amount":2000,"currency":"GHS","options":{%s}}`, c.kind,
			c.options)
		h.refused(t, body, "options."+c.field)
	}
}

// TestIDs_EmptyOnesNameNothing holds that an id that is there and empty is not taken for none.
func TestIDs_EmptyOnesNameNothing(t *testing.T) {
	h := newHouse(t)
	for _, c := range []struct{ path, body, field string }{
		{"payment_sessions", `{"amount":1,"currency":"GHS","options":{"customer_id":""}}`,
			"options.customer_id"},
		{"refunds", `{"payment_id":""}`, "payment_id"},
	} {
		w := h.do("POST", "/collect/"+c.path, paytest.Key("shop"), c.body)
		got := strings.Join(fields(t, w.Body.Bytes()), ", ")
		if w.Code != http.StatusNotFound || got != c.field {
			t.Errorf("%s: %d names %q, want %q: %s", c.body, w.Code, got, c.field, w.Body)
		}
	}
}

// mandateCases are mandates that are refused.
var mandateCases = []struct{ options, field string }{
	{`"type":"often"`, "type"},
	{`"type":"scheduled"`, "recurrence"},
	{`"amount":0`, "amount"},
	{`"amount":-1`, "amount"},
	{`"amount":1.5`, "amount"},
	{`"amount":"1"`, "amount"},
	{`"amount":[1]`, "amount"},
	{`"amount":{}`, "amount"},
	{`"amount":{"min":0}`, "amount.min"},
	{`"amount":{"max":0}`, "amount.max"},
	{`"amount":{"most":1}`, "amount.most"},
	{`"amount":{"min":2,"max":1}`, "amount.min"},
	{`"max_occurrences":0`, "max_occurrences"},
	{`"validity_period":{"start_date":"2026-02-30"}`, "validity_period.start_date"},
	{`"validity_period":{"end_date":"tomorrow"}`, "validity_period.end_date"},
	{`"validity_period":{"end_date":"2020-12-31"}`, "validity_period.end_date"},
	{`"validity_period":{"start_date":"2026-12-31","end_date":"2026-01-01"}`,
		"validity_period.end_date"},
	{`"total_amount":5000`, "total_amount"},
	{`"terms":{"type":"periodic"}`, "terms"},

	{`"recurrence":{}`, "recurrence.type"},
	{`"recurrence":{"type":"hourly"}`, "recurrence.type"},
	{`"recurrence":{"type":"daily","interval_count":0}`, "recurrence.interval_count"},
	{`"recurrence":{"type":"daily","interval_count":1000}`, "recurrence.interval_count"},
	{`"recurrence":{"type":"daily","on":{"type":"day_of_week","days":["mon"]}}`, "recurrence.on"},
	{`"recurrence":{"type":"weekly","on":{}}`, "recurrence.on.days"},
	{`"recurrence":{"type":"weekly","on":{"days":["monday"]}}`, "recurrence.on.days"},
	{`"recurrence":{"type":"weekly","on":{"days":[1]}}`, "recurrence.on.days"},
	{`"recurrence":{"type":"weekly","on":{"days":[]}}`, "recurrence.on.days"},
	{`"recurrence":{"type":"weekly","on":{"days":["mon","mon"]}}`, "recurrence.on.days"},
	{`"recurrence":{"type":"weekly","on":{"days":["mon"],"nth":1}}`, "recurrence.on.nth"},
	{`"recurrence":{"type":"weekly","on":{"type":"day_of_month","days":[1]}}`, "recurrence.on.type"},
	{`"recurrence":{"type":"weekly","on":{"type":"some","days":["mon"]}}`, "recurrence.on.type"},
	{`"recurrence":{"type":"monthly","on":{"days":[1]}}`, "recurrence.on.type"},
	{`"recurrence":{"type":"monthly","on":{"type":"day_of_month"}}`, "recurrence.on.days"},
	{`"recurrence":{"type":"monthly","on":{"type":"day_of_month","days":[0]}}`, "recurrence.on.days"},
	{`"recurrence":{"type":"monthly","on":{"type":"day_of_month","days":[32]}}`, "recurrence.on.days"},
	{`"recurrence":{"type":"monthly","on":{"type":"day_of_month","days":["1"]}}`,
		"recurrence.on.days"},
	{`"recurrence":{"type":"monthly","on":{"type":"day_of_month","days":[1],"adjustment":"next"}}`,
		"recurrence.on.adjustment"},
	{`"recurrence":{"type":"monthly","on":{"type":"nth_day_of_month","day":"mon"}}`,
		"recurrence.on.nth"},
	{`"recurrence":{"type":"monthly","on":{"type":"nth_day_of_month","nth":1}}`, "recurrence.on.day"},
	{`"recurrence":{"type":"monthly","on":{"type":"nth_day_of_month","nth":0,"day":"mon"}}`,
		"recurrence.on.nth"},
	{`"recurrence":{"type":"monthly","on":{"type":"nth_day_of_month","nth":5,"day":"mon"}}`,
		"recurrence.on.nth"},
	{`"recurrence":{"type":"monthly","on":{"type":"nth_day_of_month","nth":1,"day":1}}`,
		"recurrence.on.day"},
	{`"recurrence":{"type":"yearly","on":{"type":"day_of_year","day":1}}`, "recurrence.on.month"},
	{`"recurrence":{"type":"yearly","on":{"type":"day_of_year","month":1}}`, "recurrence.on.day"},
	{`"recurrence":{"type":"yearly","on":{"type":"day_of_year","month":13,"day":1}}`,
		"recurrence.on.month"},
	{`"recurrence":{"type":"yearly","on":{"type":"day_of_year","month":0,"day":1}}`,
		"recurrence.on.month"},
	{`"recurrence":{"type":"yearly","on":{"type":"day_of_year","month":2,"day":30}}`,
		"recurrence.on.day"},
	{`"recurrence":{"type":"yearly","on":{"type":"day_of_year","month":2,"day":"mon"}}`,
		"recurrence.on.day"},

	{`"period_limits":{}`, "period_limits.period"},
	{`"period_limits":{"period":"hour","max_count":1}`, "period_limits.period"},
	{`"period_limits":{"period":"month"}`, "period_limits"},
	{`"period_limits":{"period":"month","max_count":0}`, "period_limits.max_count"},
	{`"period_limits":{"period":"month","max_amount":0}`, "period_limits.max_amount"},
	{`"amount":{"max":100},"period_limits":{"period":"month","max_amount":99}`,
		"period_limits.max_amount"},
	{`"amount":100,"period_limits":{"period":"month","max_amount":99}`, "period_limits.max_amount"},
	{`"period_limits":{"period":"month","max_count":1,"window":{}}`, "period_limits.window.mode"},
	{`"period_limits":{"period":"month","max_count":1,"window":{"mode":"rolling"}}`,
		"period_limits.window.mode"},
	{`"period_limits":{"period":"month","max_count":1,"window":{"mode":"cycle"}}`,
		"period_limits.window.anchor"},
	{`"period_limits":{"period":"month","max_count":1,
		"window":{"mode":"calendar","anchor":{"type":"day_of_month","day":1}}}`,
		"period_limits.window.anchor"},
	{`"period_limits":{"period":"month","max_count":1,
		"window":{"mode":"cycle","anchor":{"type":"day_of_week","day":"mon"}}}`,
		"period_limits.window.anchor.type"},
	{`"period_limits":{"period":"month","max_count":1,
		"window":{"mode":"cycle","anchor":{"type":"day_of_month"}}}`,
		"period_limits.window.anchor.day"},
	{`"period_limits":{"period":"month","max_count":1,
		"window":{"mode":"cycle","anchor":{"type":"day_of_month","day":32}}}`,
		"period_limits.window.anchor.day"},
	{`"period_limits":{"period":"week","max_count":1,
		"window":{"mode":"cycle","anchor":{"type":"day_of_week","day":1}}}`,
		"period_limits.window.anchor.day"},
	{`"period_limits":{"period":"year","max_count":1,
		"window":{"mode":"cycle","anchor":{"type":"day_of_year","day":6}}}`,
		"period_limits.window.anchor.month"},
	{`"period_limits":{"period":"day","max_count":1,
		"window":{"mode":"cycle","anchor":{"type":"day_of_month","day":1}}}`,
		"period_limits.window.anchor"},

	{`"type":"installment","terms":{"type":"periodic"}`, "total_amount"},
	{`"type":"installment","total_amount":5000`, "terms"},
	{`"type":"installment","total_amount":0,"terms":{"type":"periodic"}`, "total_amount"},
	{`"type":"installment","total_amount":5000,"terms":{"type":"rare"}`, "terms.type"},
	{`"type":"installment","total_amount":5000,"terms":{"type":"periodic","amount":1}`,
		"terms.recurrence"},
	{`"type":"installment","total_amount":5000,
		"terms":{"type":"periodic","recurrence":{"type":"monthly"}}`, "terms.amount"},
	{`"type":"installment","total_amount":5000,
		"terms":{"type":"periodic","amount":0,"recurrence":{"type":"monthly"}}`, "terms.amount"},
	{`"type":"installment","total_amount":5000,
		"terms":{"type":"periodic","amount":1,"recurrence":{"type":"hourly"}}`,
		"terms.recurrence.type"},
	{`"type":"installment","total_amount":5000,
		"terms":{"type":"periodic","amount":1,"recurrence":{"type":"monthly"},"items":[]}`,
		"terms.items"},
	{`"type":"installment","total_amount":5000,"terms":{"type":"fixed"}`, "terms.items"},
	{`"type":"installment","total_amount":5000,"terms":{"type":"fixed","items":[]}`, "terms.items"},
	{`"type":"installment","total_amount":5000,"terms":{"type":"fixed","items":[{"amount":0}]}`,
		"terms.items[0].amount"},
	{`"type":"installment","total_amount":5000,"terms":{"type":"fixed","items":[{"amount":5001}]}`,
		"terms.items"},
	{`"type":"installment","total_amount":5000,
		"terms":{"type":"fixed","items":[{"amount":1}],"amount":1}`, "terms.amount"},
	{`"type":"installment","total_amount":5000,
		"terms":{"type":"fixed","items":[{"amount":1}],"max_occurrences":1}`,
		"terms.max_occurrences"},
	{`"type":"installment","total_amount":5000,"terms":{"type":"fixed","items":[{"amount":1}]},
		"amount":1`, "amount"},
	{`"type":"installment","total_amount":5000,"terms":{"type":"fixed","items":[{"amount":1}]},
		"max_occurrences":1`, "max_occurrences"},
	{`"type":"installment","total_amount":5000,"terms":{"type":"fixed","items":[{"amount":1}]},
		"period_limits":{"period":"month","max_count":1}`, "period_limits"},
}

func TestMandate_NamesTheFieldThatIsWrong(t *testing.T) {
	h := newHouse(t)
	for _, c := range mandateCases {
		h.refused(t, first(`"mandate_options":{`+c.options+`}`), "options.mandate_options."+c.field)
	}
}

// first is the body of a first session with the options.
func first(options string) string {
	return `{"type":"first_in_series","amount":2000,"currency":"GHS","options":{` + options + `}}`
}

func TestSubscription_NamesTheFieldThatIsWrong(t *testing.T) {
	h := newHouse(t)
	const monthly = `"mandate_options":{"recurrence":{"type":"monthly"},
		"validity_period":{"start_date":"2026-10-01","end_date":"2026-12-31"}}`
	for _, c := range []struct{ mandate, options, field string }{
		{monthly, `"amount":0`, "subscription_options.amount"},
		{monthly, `"scheduled_time":"9:30"`, "subscription_options.scheduled_time"},
		{monthly, `"scheduled_time":"24:00"`, "subscription_options.scheduled_time"},
		{monthly, `"active_period":{"start_date":"x"}`,
			"subscription_options.active_period.start_date"},
		{monthly, `"active_period":{"start_date":"2026-09-30"}`,
			"subscription_options.active_period.start_date"},
		{monthly, `"active_period":{"end_date":"2027-01-01"}`,
			"subscription_options.active_period.end_date"},
		{monthly, `"active_period":{"start_date":"2026-12-01","end_date":"2026-11-01"}`,
			"subscription_options.active_period.end_date"},
		{`"mandate_options":{"recurrence":{"type":"yearly"},
			"validity_period":{"end_date":"2026-12-31"}}`, `"scheduled_time":"23:00"`,
			"mandate_options.validity_period.end_date"},
		{`"mandate_options":{"recurrence":{"type":"daily"}}`,
			`"active_period":{"end_date":"2026-10-03"}`,
			"subscription_options.active_period.end_date"},
		{monthly, `"active_period":{"start_date":"2026-10-01","end_date":"2026-10-31"}`,
			"subscription_options.active_period.end_date"},
		{`"mandate_options":{}`, ``, "mandate_options.recurrence"},
		{`"mandate_options":{"type":"installment","total_amount":9,
			"terms":{"type":"fixed","items":[{"amount":9}]}}`, ``,
			"mandate_options.terms.recurrence"},
		{`"mandate_options":{"amount":100,"recurrence":{"type":"monthly"}}`, `"amount":99`,
			"subscription_options.amount"},
	} {
		h.refused(t, first(c.mandate+`,"subscription_options":{`+c.options+`}`), "options."+c.field)
	}
	h.refused(t, `{"type":"first_in_series","amount":0,"currency":"GHS","options":{
		"mandate_options":{"amount":{"max":5},"recurrence":{"type":"daily"}},
		"subscription_options":{}}}`, "options.subscription_options.amount")
	h.refused(t, `{"type":"first_in_series","amount":0,"currency":"GHS","options":{
		"mandate_options":{}}}`, "options.mandate_options.amount")
}

// TestSubscription_SaysWhichDayIsTheFirst holds that who gives a last day alone is told of a day
// that they did not give.
func TestSubscription_SaysWhichDayIsTheFirst(t *testing.T) {
	h := newHouse(t)
	body := first(`"mandate_options":{"recurrence":{"type":"monthly"}},
		"subscription_options":{"active_period":{"end_date":"2026-11-02"}}`)
	h.refused(t, body, "options.subscription_options.active_period.end_date")
	w := h.do("POST", "/collect/payment_sessions", paytest.Key("shop"), body)
	if !strings.Contains(w.Body.String(), "before 2026-11-03, the first day") {
		t.Errorf("%s", w.Body)
	}
}

// TestMandate_IsShownAsItWasAsked holds that a mandate says back what was asked for.
func TestMandate_IsShownAsItWasAsked(t *testing.T) {
	h := newHouse(t)
	for _, want := range []string{
		`{"type":"on_demand","amount":{"min":5}}`,
		`{"type":"on_demand","amount":1500,"max_occurrences":7}`,
		`{"type":"scheduled","amount":{"min":5,"max":50},"recurrence":{"type":"daily","interval_count":3},
			"validity_period":{"end_date":"2027-01-01"}}`,
		`{"type":"scheduled","amount":{"max":50},"recurrence":{"type":"weekly","interval_count":2,
			"on":{"type":"day_of_week","days":["fri","mon"]}}}`,
		`{"type":"scheduled","amount":{"max":50},"recurrence":{"type":"monthly","interval_count":1,
			"on":{"type":"day_of_month","days":[1,-1],"adjustment":"nearest_weekday"}}}`,
		`{"type":"scheduled","amount":{"max":50},"recurrence":{"type":"monthly","interval_count":1,
			"on":{"type":"nth_day_of_month","nth":-1,"day":"sun"}}}`,
		`{"type":"scheduled","amount":{"max":50},"recurrence":{"type":"yearly","interval_count":1,
			"on":{"type":"day_of_year","day":29,"month":2,"adjustment":"nearest_weekday"}}}`,
		`{"type":"on_demand","amount":{"max":50},"period_limits":{"period":"day","max_count":1,
			"window":{"mode":"calendar"}}}`,
		`{"type":"on_demand","amount":{"max":50},"period_limits":{"period":"week","max_amount":100,
			"window":{"mode":"cycle","anchor":{"type":"day_of_week","day":"sun"}}}}`,
		`{"type":"on_demand","amount":{"max":50},"period_limits":{"period":"year","max_count":9,
			"window":{"mode":"cycle","anchor":{"type":"day_of_year","day":6,"month":4}}}}`,
		`{"type":"installment","total_amount":5000,"terms":{"type":"fixed",
			"recurrence":{"type":"monthly","interval_count":1},"items":[{"amount":3000},{"amount":2000}]}}`,
		`{"type":"installment","total_amount":5000,"terms":{"type":"periodic","amount":2500,
			"recurrence":{"type":"monthly","interval_count":1},"max_occurrences":2}}`,
	} {
		mandate := h.agreed(t, want)
		var asked apitest.Object
		must(t, json.Unmarshal([]byte(want), &asked))
		for name, value := range asked {
			if got, want := say(t, mandate[name]), say(t, value); got != want {
				t.Errorf("%s: asked for %s, is %s", name, want, got)
			}
		}
		for _, name := range []string{"amount", "recurrence", "validity_period", "max_occurrences",
			"total_amount", "terms", "period_limits"} {
			if _, ok := asked[name]; !ok && mandate[name] != nil {
				t.Errorf("%s was not asked for and is %v", name, mandate[name])
			}
		}
	}
}

// say writes a value with its names in order.
func say(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	must(t, err)
	return string(text)
}

// agreed has somebody new agree to a mandate, and returns it.
func (h *house) agreed(t *testing.T, options string) apitest.Object {
	t.Helper()
	ses := h.ask(t, 201, "POST", "/collect/payment_sessions", first(`"mandate_options":`+options))
	h.Buy(ses.Text("id"), paytest.Card4242)
	ses = h.ask(t, 200, "GET", "/collect/payment_sessions/"+ses.Text("id"), "")
	return h.ask(t, 200, "GET", "/collect/mandates/"+ses.Text("mandate_id"), "")
}

// FuzzSession holds that whatever is sent is answered with a session or a problem, and never with
// an error of ours.
func FuzzSession(f *testing.F) {
	for _, c := range mandateCases {
		f.Add(first(`"mandate_options":{` + c.options + `}`))
	}
	for _, c := range optionCases {
		f.Add(fmt.Sprintf(`{"type":%q,"amount":2000,"currency":"GHS","options":{%s}}`, c.kind,
			c.options))
	}
	f.Add(first(`"mandate_options":{"recurrence":{"type":"monthly"}},"subscription_options":{}`))
	h := newHouse(f)
	f.Fuzz(func(t *testing.T, body string) {
		w := h.do("POST", "/collect/payment_sessions", paytest.Key("shop"), body)
		if w.Code >= http.StatusInternalServerError {
			t.Fatalf("%q: %d %s", body, w.Code, w.Body)
		}
		if w.Code >= http.StatusBadRequest {
			fields(t, w.Body.Bytes())
		}
	})
}
