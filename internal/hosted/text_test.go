package hosted

import (
	"encoding/json"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/payid"
)

// messages returns the raw messages of every locale file.
func messages(t *testing.T) map[string]map[string]any {
	t.Helper()
	all := map[string]map[string]any{}
	files, err := localeFiles.ReadDir("locale")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		body, err := localeFiles.ReadFile("locale/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		var m map[string]any
		if err := json.Unmarshal(body, &m); err != nil {
			t.Fatalf("%s: %v", f.Name(), err)
		}
		all[strings.TrimSuffix(f.Name(), ".json")] = m
	}
	return all
}

// TestCatalogue_Complete: every language says everything, and nothing that English does not.
func TestCatalogue_Complete(t *testing.T) {
	all := messages(t)
	english := all["en"]
	if len(all) < 2 || len(english) < 50 {
		t.Fatalf("%d languages, %d messages", len(all), len(english))
	}
	for lang, m := range all {
		for id, text := range english {
			other, ok := m[id]
			_, plural := text.(map[string]any)
			_, otherPlural := other.(map[string]any)
			if !ok || plural != otherPlural || other == "" {
				t.Errorf("%s: %s is missing or of another kind", lang, id)
			}
		}
		for id := range m {
			if english[id] == nil {
				t.Errorf("%s: %s exists in no other language", lang, id)
			}
		}
	}
}

// TestCatalogue_Renders fills every message of every language from a page.
func TestCatalogue_Renders(t *testing.T) {
	c, err := newCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	english := messages(t)["en"]
	for i := range c.speech {
		s := &c.speech[i]
		pg := &page{speech: s, Merchant: "Ama", Amount: "GHS 50.00", Several: true}
		for id, text := range english {
			var said string
			var err error
			if _, plural := text.(map[string]any); plural {
				for n := range 12 {
					if said, err = pg.N(id, n); err != nil {
						break
					}
				}
			} else {
				said, err = pg.T(id)
			}
			if err != nil || said == "" || strings.Contains(said, "<no value>") {
				t.Errorf("%s: %s: %q, %v", s.Lang, id, said, err)
			}
		}
	}
}

// TestCatalogue_OneWay: where there is one way to pay, nobody is told to take another one.
func TestCatalogue_OneWay(t *testing.T) {
	c, err := newCatalogue()
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := regexp.MustCompile(`(?i)another way|autrement`)
	// A link to the others; beside a saved method; when the one has changed; at the shop.
	fitting := []string{"other_way", "saved_other", "method_unavailable", "closed_text"}
	for i := range c.speech {
		one, several := &page{speech: &c.speech[i]}, &page{speech: &c.speech[i], Several: true}
		told := 0
		for id, text := range messages(t)["en"] {
			if _, plural := text.(map[string]any); plural || slices.Contains(fitting, id) {
				continue
			}
			if said, err := one.T(id); err != nil || elsewhere.MatchString(said) {
				t.Errorf("%s: %s: %q, %v", one.Lang, id, said, err)
			}
			if said, _ := several.T(id); elsewhere.MatchString(said) {
				told++
			}
		}
		if told < 10 {
			t.Errorf("%s: %d messages tell of another way where there is one", one.Lang, told)
		}
	}
}

// TestCatalogue_Used: the templates and the code ask for messages that exist, and for all of them.
func TestCatalogue_Used(t *testing.T) {
	used := map[string]bool{}
	calls := regexp.MustCompile(`\.([TNV]) "([a-z_]+)"`)
	err := fs.WalkDir(pageFiles, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := pageFiles.ReadFile(name)
		for _, m := range calls.FindAllStringSubmatch(string(body), -1) {
			used[m[2]] = true
			if m[1] == "V" {
				used[m[2]+"_verify"] = true
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ownVerify {
		used[id+"_payto"] = true
	}
	for _, c := range complaints {
		used[c.text] = true
	}
	for _, id := range []string{
		"cvc_invalid", // checked before the core is asked
		"code_missing", "code_invalid", "code_wrong", "code_unsure", "copy",
		"day", "instant", "months", "expires", "saved_missing",
		"payto_down", "payid_down", // nobody could say whose account it is
	} {
		used[id] = true
	}
	for _, reason := range payid.Reasons() {
		used[string(reason)] = true
	}
	for _, state := range chargeStates {
		used["charge_"+state] = true
	}
	for s := pay.MandateActive; s <= pay.MandateCompleted; s++ {
		used["mandate_state_"+s.String()] = true
	}
	for _, code := range pay.DeclineCodes() {
		for _, method := range append(everyMethod, pay.MethodPayTo) {
			used[declineID(method, code)] = true
		}
	}
	exist := slices.Sorted(maps.Keys(messages(t)["en"]))
	for id := range used {
		if !slices.Contains(exist, id) {
			t.Errorf("%s is asked for and does not exist", id)
		}
	}
	for _, id := range exist {
		if !used[id] {
			t.Errorf("nothing asks for %s", id)
		}
	}
}

func TestDeclines_HaveWords(t *testing.T) {
	card := regexp.MustCompile(`(?i)\bcards?\b|\bcartes?\b`)
	attempts := map[string]func() *pay.Payment{
		pay.MethodCard:   func() *pay.Payment { return attempt(pay.PaymentFailed) },
		pay.MethodMobile: func() *pay.Payment { return wallet(pay.PaymentFailed, "") },
		pay.MethodBank:   func() *pay.Payment { return sent(pay.PaymentFailed, 0) },
		pay.MethodPayTo:  func() *pay.Payment { return agreed(pay.PaymentFailed, "") },
	}
	fill := strings.NewReplacer(
		"{{.Network}}", "MTN Mobile Money", "{{.Phone}}", "024 ••• ••67",
	)
	oneWay := regexp.MustCompile(`{{if \.Several}}.*?(?:{{else}}(.*?))?{{end}}`)
	all := messages(t)
	for _, code := range append(pay.DeclineCodes(), "a word of the future") {
		for method, failed := range attempts {
			for _, lang := range []string{"en", "fr"} {
				p := because(failed(), code)
				w := show(t, setting{setup: offering([]string{method}, p)}, "Accept-Language", lang)
				want, _ := all[lang][declineID(method, code)].(string)
				want = oneWay.ReplaceAllString(want, "$1")
				if method == pay.MethodMobile {
					want = fill.Replace(want)
				} else {
					want, _, _ = strings.Cut(want, "{{") // a word that no such rail says
				}
				body := unescaped(w.Body.String())
				if len(want) == 0 && code != pay.DeclineProviderDown || !strings.Contains(body, want) {
					t.Errorf("%s, %s by %s: %q is not on the page", lang, code, method, want)
				}
				if method != pay.MethodCard && card.MatchString(want) {
					t.Errorf("%s, %s by %s speaks of a card: %q", lang, code, method, want)
				}
			}
		}
	}
}

func unescaped(s string) string { return strings.ReplaceAll(s, "&#39;", "'") }

// TestDeclines_TellNoThief: whoever holds a lost or stolen card does not learn that it is known.
func TestDeclines_TellNoThief(t *testing.T) {
	for lang, m := range messages(t) {
		for _, code := range []pay.DeclineCode{
			pay.DeclineLostCard, pay.DeclineStolenCard, pay.DeclineFraud,
		} {
			if m["decline_"+string(code)] != m["decline_"+string(pay.DeclineGeneric)] {
				t.Errorf("%s: %s has words of its own", lang, code)
			}
		}
	}
}

func TestPick(t *testing.T) {
	for header, want := range map[string]string{
		"": "en", "en-GH": "en", "fr": "fr", "fr-CI,fr;q=0.9,en;q=0.8": "fr", "de": "en",
		"de,fr;q=0.5": "fr", "en;q=0.5,fr": "fr", "*": "en", ";;;": "en",
		strings.Repeat("x", 5000): "en",
	} {
		w := show(t, setting{setup: func(*pay.PageView) {}}, "Accept-Language", header)
		if got := w.Header().Get("Content-Language"); got != want {
			t.Errorf("%.40q: %s, want %s", header, got, want)
		}
		if !strings.Contains(w.Body.String(), `<html lang="`+want+`" dir="ltr">`) {
			t.Errorf("%.40q: the page is not marked as %s", header, want)
		}
	}
}

func TestIsolate(t *testing.T) {
	ltr, rtl := &speech{Dir: "ltr"}, &speech{Dir: "rtl"}
	for _, c := range []struct {
		s          *speech
		text, want string
	}{
		{ltr, "Ama’s Fabrics", "Ama’s Fabrics"},
		{ltr, "מאפייה", "\u2068מאפייה\u2069"},
		{ltr, "Cafe مقهى", "\u2068Cafe مقهى\u2069"},
		{rtl, "Ama", "\u2068Ama\u2069"},
	} {
		if got := c.s.isolate(c.text); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"Ama’s Fabrics":             "Ama’s Fabrics",
		" a \n\t b\x00 ":            "a b",
		"abc\u202edef\u2066x\u2069": "abcdefx",
		"bad\xffbyte":               "badbyte",
		strings.Repeat("é", 100):    strings.Repeat("é", 79) + "…",
		"":                          "",
	} {
		if got := plain(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestInitial(t *testing.T) {
	for in, want := range map[string]string{
		"ama": "A", "'élan": "É", "7-Eleven": "7", "…": "…", "": "•", "日本": "日",
	} {
		if got := initial(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
