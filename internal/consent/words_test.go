package consent_test

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/kassa-pay/kassa/internal/consent"
	"github.com/kassa-pay/kassa/internal/terms"
)

var update = flag.Bool("update", false, "write the golden files anew")

// agreements are those of the golden files: a heading, terms and a schedule as they are kept,
// and the payment that is made now. Where the name says so, that payment is counted.
var agreements = []struct {
	name, terms, schedule string
	now                   int64
}{
	{"no terms at all", `{}`, "", 2000},
	{"nothing now", `{"kind":"on_demand"}`, "", 0},
	{"exact", `{"amount":{"exact":2000},"max_count":1}`, "", 2000},
	{"up to", `{"amount":{"max":2500},"end":"2026-12-31","zone":"Africa/Accra"}`, "", 2000},
	{"between", `{"amount":{"min":500,"max":2500},"start":"2026-01-01","end":"2026-12-31",
		"max_count":12,"max_total":24000}`, "", 2000},
	{"or more", `{"amount":{"min":500},"max_total":24000}`, "", 2000},
	{"monthly subscription", `{"kind":"scheduled","amount":{"exact":2000},
		"recurrence":{"unit":"month","interval":1,"month_days":[15]},"zone":"Africa/Accra",
		"end":"2026-12-31","max_count":12}`,
		`{"recurrence":{"unit":"month","interval":1,"month_days":[15]},"start":"2026-01-15","hour":9,
		"amount":2000}`, 2000},
	{"monthly on the day it began, the 31st", `{"kind":"scheduled","amount":{"exact":2000},
		"recurrence":{"unit":"month","interval":1},"zone":"Africa/Johannesburg"}`,
		`{"recurrence":{"unit":"month","interval":1},"start":"2026-01-31","amount":2000}`, 2000},
	{"two days of every second month", `{"kind":"scheduled","amount":{"exact":2000},
		"recurrence":{"unit":"month","interval":2,"month_days":[1,-1]}}`,
		`{"recurrence":{"unit":"month","interval":2,"month_days":[1,-1]},"start":"2026-01-01",
		"end":"2027-01-01","hour":18,"minute":30,"amount":2000}`, 2000},
	{"the last Friday", `{"kind":"scheduled","amount":{"max":9000},
		"recurrence":{"unit":"month","interval":1,"nth":-1,"weekdays":[5]}}`,
		`{"recurrence":{"unit":"month","interval":1,"nth":-1,"weekdays":[5]},"start":"2026-01-01",
		"amount":2000}`, 0},
	{"the second Tuesday of every third month, merchant charges", `{"kind":"scheduled",
		"recurrence":{"unit":"month","interval":3,"nth":2,"weekdays":[2]}}`, "", 2000},
	{"nearest weekday", `{"kind":"scheduled","amount":{"exact":2000},"recurrence":{"unit":"month",
		"interval":1,"month_days":[-2],"nearest_weekday":true}}`, "", 2000},
	{"weekly", `{"kind":"scheduled","recurrence":{"unit":"week","interval":1}}`,
		`{"recurrence":{"unit":"week","interval":1},"start":"2026-01-07","amount":2000}`, 2000},
	{"three days of the week", `{"kind":"scheduled","amount":{"exact":1},
		"recurrence":{"unit":"week","interval":1,"weekdays":[0,5,1]}}`, "", 1},
	{"every second Thursday", `{"recurrence":{"unit":"week","interval":2,"weekdays":[4]}}`, "", 1},
	{"every second week on two days", `{"recurrence":{"unit":"week","interval":2,
		"weekdays":[4,1]}}`, "", 1},
	{"weekly, day unknown", `{"recurrence":{"unit":"week","interval":1}}`, "", 1},
	{"daily", `{"recurrence":{"unit":"day","interval":1},"amount":{"max":100}}`, "", 1},
	{"every ten days", `{"recurrence":{"unit":"day","interval":10}}`, "", 1},
	{"yearly", `{"recurrence":{"unit":"year","interval":1,"year_month":3,"year_day":1}}`, "", 1},
	{"every second leap day", `{"kind":"scheduled","recurrence":{"unit":"year","interval":2}}`,
		`{"recurrence":{"unit":"year","interval":2},"start":"2028-02-29","amount":2000}`, 1},
	{"yearly, day unknown", `{"recurrence":{"unit":"year","interval":1}}`, "", 1},
	{"installments of one amount", `{"kind":"installment","amount":{"exact":10000},"max_count":3,
		"max_total":30000,"recurrence":{"unit":"month","interval":1,"month_days":[15]}}`,
		`{"recurrence":{"unit":"month","interval":1,"month_days":[15]},"start":"2026-01-15",
		"amount":10000}`, 0},
	{"installments with fixed parts", `{"kind":"installment","items":[30000,20000,10000],
		"max_total":60000}`, `{"recurrence":{"unit":"month","interval":1},"start":"2026-01-15",
		"amount":0}`, 0},
	{"fixed parts when the merchant asks", `{"kind":"installment","items":[30000],
		"max_total":30000}`, "", 0},
	{"many parts", `{"kind":"installment","items":[1,1,1,1,1,1,1,1,1,1,1,1,2],"max_total":99}`,
		"", 0},
	{"on demand besides a schedule", `{"kind":"on_demand","amount":{"max":5000},"max_count":24,
		"period":{"unit":"month","max_count":2,"max_amount":7000},"end":"2026-12-31"}`,
		`{"recurrence":{"unit":"month","interval":1},"start":"2026-01-15","amount":2000}`, 2000},
	{"one a day", `{"period":{"unit":"day","max_count":1}}`, "", 1},
	{"a sum a week", `{"period":{"unit":"week","max_amount":5000},"zone":"Australia/Sydney"}`,
		"", 1},
	{"a week from Sunday", `{"period":{"unit":"week","max_count":3,"anchor":7}}`, "", 1},
	{"a month from the 15th", `{"period":{"unit":"month","max_count":2,"max_amount":50000,
		"anchor":15}}`, "", 1},
	{"a year", `{"period":{"unit":"year","max_count":2}}`, "", 1},
	{"a tax year", `{"period":{"unit":"year","max_count":2,"anchor":1,"anchor_month":3},
		"zone":"America/Port_of_Spain"}`, "", 1},
	{"counted, first of twelve by schedule", `{"kind":"scheduled","amount":{"exact":2000},
		"recurrence":{"unit":"month","interval":1,"month_days":[15]},"zone":"Australia/Sydney",
		"max_count":12}`,
		`{"recurrence":{"unit":"month","interval":1,"month_days":[15]},"start":"2026-01-15","hour":9,
		"amount":2000}`, 2000},
	{"counted, on demand", `{"amount":{"max":5000},"period":{"unit":"month","max_count":2}}`,
		"", 2000},
	{"counted, first of the parts", `{"kind":"installment","items":[30000,20000,10000],
		"max_total":60000}`, `{"recurrence":{"unit":"month","interval":1},"start":"2026-02-15",
		"amount":0}`, 30000},
	{"counted, the only one by number", `{"amount":{"max":5000},"max_count":1}`, "", 2000},
	{"counted, the only one by sum", `{"amount":{"max":5000},"max_total":2000}`, "", 2000},
	{"counted, but there is none", `{"amount":{"max":5000},"max_count":1}`, "", 0},
}

func factsOf(t *testing.T, language string, i int) consent.Facts {
	t.Helper()
	a := agreements[i]
	f := consent.Facts{
		Language: language, Merchant: "Demo shop", Currency: "GHS", Amount: a.now,
		Counted: strings.HasPrefix(a.name, "counted"),
	}
	if err := json.Unmarshal([]byte(a.terms), &f.Terms); err != nil {
		t.Fatalf("%s: %v", a.name, err)
	}
	if p := f.Terms.Validate(); p != nil {
		t.Fatalf("%s: %v", a.name, p)
	}
	if a.schedule == "" {
		return f
	}
	f.Schedule = new(terms.Schedule)
	if err := json.Unmarshal([]byte(a.schedule), f.Schedule); err != nil {
		t.Fatalf("%s: %v", a.name, err)
	}
	if p := f.Schedule.Validate(f.Terms); p != nil {
		t.Fatalf("%s: %v", a.name, p)
	}
	return f
}

func TestWords_AreThoseOfTheGoldenFiles(t *testing.T) {
	for _, language := range []string{"en", "fr"} {
		var out strings.Builder
		for i, a := range agreements {
			out.WriteString("# " + a.name + "\n")
			for _, sentence := range consent.Words(factsOf(t, language, i)) {
				out.WriteString(plain(sentence) + "\n")
			}
			out.WriteString("\n")
		}
		file := "testdata/" + language + ".txt"
		if *update {
			if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), out.String()); diff != "" {
			t.Errorf("%s: read it, then run with -update\n%s", file, diff)
		}
	}
}

// plain turns the no-break spaces of CLDR into plain ones, which an editor shows.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		return r
	}, s)
}
