package consent_test

import (
	"flag"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kassa-pay/kassa/internal/consent"
	"github.com/kassa-pay/kassa/internal/terms"
)

var (
	anyInt   = rapid.OneOf(rapid.Int64Range(0, 40), rapid.Int64Range(-40, 40), rapid.Int64())
	anyMonth = rapid.Custom(func(t *rapid.T) time.Month {
		return time.Month(rapid.IntRange(-1, 14).Draw(t, "month"))
	})
	anyDate = rapid.Custom(func(t *rapid.T) terms.Date {
		return terms.Date{
			Year: rapid.IntRange(0, 9999).Draw(t, "year"), Month: anyMonth.Draw(t, "month"),
			Day: rapid.IntRange(0, 40).Draw(t, "day"),
		}
	})
	anyUnit = rapid.SampledFrom([]terms.Unit{
		"", "hour", terms.Day, terms.Week, terms.Month, terms.Year,
	})
	anyText = rapid.OneOf(rapid.StringMatching(`[\pL&' \n\t]{0,30}`), rapid.SampledFrom([]string{
		"Demo shop", "{amount}", "A\nB", "\u202egro.pohs\u202c", " ", "{who}", "a\u2028b", "x\x00y",
	}))
)

func anyRecurrence(t *rapid.T) terms.Recurrence {
	weekday := rapid.Custom(func(t *rapid.T) time.Weekday {
		return time.Weekday(rapid.IntRange(-8, 8).Draw(t, "weekday"))
	})
	return terms.Recurrence{
		Unit: anyUnit.Draw(t, "unit"), Interval: anyInt.Draw(t, "interval"),
		Weekdays:  rapid.SliceOfN(weekday, 0, 3).Draw(t, "weekdays"),
		MonthDays: rapid.SliceOfN(anyInt, 0, 3).Draw(t, "days"), Nth: anyInt.Draw(t, "nth"),
		YearMonth: anyMonth.Draw(t, "year month"), YearDay: anyInt.Draw(t, "year day"),
		NearestWeekday: rapid.Bool().Draw(t, "nearest weekday"),
	}
}

func anyFacts(t *rapid.T) consent.Facts {
	f := consent.Facts{
		Language: rapid.SampledFrom([]string{"en", "fr-CI", "FR", "de", "", "_"}).Draw(t, "language"),
		Merchant: anyText.Draw(t, "merchant"), Amount: anyInt.Draw(t, "now"),
		Currency: rapid.SampledFrom([]string{"GHS", "JPY", "KWD", "???"}).Draw(t, "currency"),
	}
	m := &f.Terms
	m.Kind = rapid.SampledFrom([]terms.Kind{
		"", "?", terms.Scheduled, terms.OnDemand, terms.Installment,
	}).Draw(t, "kind")
	m.Amount = terms.Amount{
		Exact: anyInt.Draw(t, "exact"), Min: anyInt.Draw(t, "min"), Max: anyInt.Draw(t, "max"),
	}
	m.Items = rapid.SliceOfN(anyInt, 0, 15).Draw(t, "items")
	m.MaxCount, m.MaxTotal = anyInt.Draw(t, "count"), anyInt.Draw(t, "total")
	m.Start, m.End = anyDate.Draw(t, "start"), anyDate.Draw(t, "end")
	m.Zone = rapid.SampledFrom([]string{"", "Africa/Accra", "?"}).Draw(t, "zone")
	if rapid.Bool().Draw(t, "recurs") {
		r := anyRecurrence(t)
		m.Recurrence = &r
	}
	if rapid.Bool().Draw(t, "limited") {
		m.Period = &terms.Period{
			Unit: anyUnit.Draw(t, "period"), MaxCount: anyInt.Draw(t, "n"), MaxAmount: anyInt.Draw(t, "sum"),
			Anchor: anyInt.Draw(t, "anchor"), AnchorMonth: anyMonth.Draw(t, "anchor month"),
		}
	}
	if rapid.Bool().Draw(t, "scheduled") {
		f.Schedule = &terms.Schedule{
			Recurrence: anyRecurrence(t), Start: anyDate.Draw(t, "begins"), End: anyDate.Draw(t, "ends"),
			Amount: anyInt.Draw(t, "amount"),
		}
	}
	return f
}

// Terms that Validate would refuse have words too: whoever shows them first must not fall over.
func TestWords_AreSentencesWhateverTheTerms(t *testing.T) {
	if err := flag.Set("rapid.nofailfile", "true"); err != nil { // the failure prints its seed
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		f := anyFacts(t)
		words := consent.Words(f)
		if len(words) < 4 {
			t.Fatalf("%q is no agreement", words)
		}
		named := strings.ContainsAny(f.Merchant, "{}")
		for _, s := range words {
			switch {
			case strings.ContainsAny(s, "\n\r\t\x00\u2028\u2029\u202e\u202c"):
				t.Fatalf("%q has a character that turns or breaks the line", s)
			case strings.ContainsAny(s, "{}") && !named:
				t.Fatalf("%q has a place that was left open", s)
			case !strings.HasSuffix(s, "."), strings.Contains(s, "  "), strings.Contains(s, " ,"):
				t.Fatalf("%q is not a sentence", s)
			}
		}
	})
}

func TestWords_NameTheMerchantAsOneLine(t *testing.T) {
	for name, want := range map[string]string{
		"Demo shop":                 "Demo shop",
		" Ama\n & \tKofi ":          "Ama & Kofi",
		"\u202eevil\u202c":          "evil",
		"a\u2028b":                  "a b",
		"{amount}":                  "{amount}",
		"":                          "The shop",
		strings.Repeat("long ", 40): strings.TrimSpace(strings.Repeat("long ", 40)),
	} {
		words := consent.Words(consent.Facts{Merchant: name, Currency: "GHS", Amount: math.MaxInt32})
		if !strings.HasPrefix(words[1], want+" may charge any amount") {
			t.Errorf("%q: %q", name, words[1])
		}
		if got := consent.Saving("en", name); got != "Keep my details at "+want+" for my next payment" {
			t.Errorf("%q: %q", name, got)
		}
	}
}

func TestWords_CountDaysAsPeopleDo(t *testing.T) {
	for day, want := range map[int64][2]string{
		1: {"on the 1st of", "le 1er de"}, 2: {"on the 2nd of", "le 2 de"},
		3: {"on the 3rd of", "le 3 de"}, 11: {"on the 11th of", "le 11 de"},
		12: {"on the 12th of", "le 12 de"}, 13: {"on the 13th of", "le 13 de"},
		21: {"on the 21st of", "le 21 de"}, 22: {"on the 22nd of", "le 22 de"},
		-1: {"on the last day of", "le dernier jour de"},
		-2: {"on the 2nd to last day of", "l’avant-dernier jour de"},
		-3: {"on the 3rd to last day of", "le 3e jour à compter de la fin de"},
	} {
		f := consent.Facts{Currency: "GHS", Terms: terms.Terms{Recurrence: &terms.Recurrence{
			Unit: terms.Month, Interval: 1, MonthDays: []int64{day},
		}}}
		for i, language := range []string{"en", "fr"} {
			f.Language = language
			if got := consent.Words(f)[1]; !strings.Contains(got, want[i]) {
				t.Errorf("%d: %q, want %q", day, got, want[i])
			}
		}
	}
}

func TestWords_AreInTheLanguageOrEnglish(t *testing.T) {
	for language, want := range map[string]string{
		"en": "Keep", "en-GH": "Keep", "EN": "Keep", "fr": "Enregistrer", "fr-CI": "Enregistrer",
		"fr_SN": "Enregistrer", "FR": "Enregistrer", "de": "Keep", "": "Keep", "frr": "Keep",
	} {
		if got := consent.Saving(language, "Demo shop"); !strings.HasPrefix(got, want) {
			t.Errorf("%q: %q", language, got)
		}
	}
}
