package hosted

import (
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/kassa-pay/kassa/internal/ident"
	"github.com/kassa-pay/kassa/internal/pay"
)

func TestStates(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range settings() {
		t.Run(s.name, func(t *testing.T) {
			v := openSession()
			s.setup(&v)
			if got := stateOf(&v); got != s.page {
				t.Fatalf("state %s, want %s", got, s.page)
			}
			w := show(t, s)
			want := http.StatusOK
			if s.page == pageExpired || s.page == pageClosed {
				want = http.StatusGone
			}
			if w.Code != want {
				t.Errorf("status %d, want %d", w.Code, want)
			}
			body := w.Body.String()
			if !strings.Contains(body, `<body class="page-`+s.page+`">`) {
				t.Errorf("another page: %s", body)
			}
			if n := strings.Count(body, "<h1>"); n != 1 {
				t.Errorf("%d main headings", n)
			}
			if strings.Contains(body, "ZgotmplZ") {
				t.Error("a value was refused by the template")
			}
			seen[s.page] = true
		})
	}
	for _, name := range pageNames {
		switch name {
		case pageNotFound, pageLimited, pageRefused, pageUnavailable: // tested as errors
		case pageReceipt, pageMandate, pageStop: // no states of a session
		default:
			if !seen[name] {
				t.Errorf("no setting shows %s", name)
			}
		}
	}
}

// TestStates_Truth checks what each page must say, and what would be a lie.
func TestStates_Truth(t *testing.T) {
	// A verification that succeeded may say so: no money is what was promised.
	charged := regexp.MustCompile(`(?i)not been charged`)
	badNews := regexp.MustCompile(`(?i)fail|declin|did not go through|unsuccessful`)
	success := regexp.MustCompile(`(?i)successful|thank you`)
	formAgain := regexp.MustCompile(`name="nonce"`)
	for _, s := range settings() {
		t.Run(s.name, func(t *testing.T) {
			body := show(t, s).Body.String()
			must := func(re *regexp.Regexp, want bool) {
				t.Helper()
				if re.MatchString(body) != want {
					t.Errorf("%s: found %v, want %v", re, !want, want)
				}
			}
			must(formAgain, s.page == pageForm)
			must(regexp.MustCompile(`(?i)did not go through|could not be saved|was not set up`),
				s.page == pageFailed || s.page == pageForm &&
					(strings.HasPrefix(s.name, "declined") || s.name == "last try"))
			if s.page == pageFailed {
				must(regexp.MustCompile(`To try again, go back to`), !mayArrive(s))
				must(regexp.MustCompile(`(?i)another way`), false)
			}
			must(success, s.page == pagePaid || s.page == pageAuthorised)
			switch s.page {
			case pageWaiting, pageAction, pagePaid, pageAuthorised, pageLate, pagePrompt,
				pageApprove, pageCode, pageTransfer, pageUnderpaid, pageOverpaid:
				must(badNews, false)
				must(charged, strings.HasPrefix(s.name, "verified"))
			case pageExpired, pageClosed, pageReleased, pageNoMethod, pageCanceled,
				pageFailed:
				must(charged, !mayArrive(s))
			case pageForm:
				if mayArrive(s) {
					must(charged, false)
				}
			}
		})
	}
}

// mayArrive reports whether money may be on its way although the attempt has ended, or has come and
// is on its way back: then nobody is told that there was none.
func mayArrive(s setting) bool {
	v := openSession()
	s.setup(&v)
	p := v.Payment
	return p != nil && (p.Method == pay.MethodBank || p.DeclineCode == pay.DeclinePromptExpired)
}

func TestForm_WarnsBeforeTheLastTries(t *testing.T) {
	for declines, want := range map[int64]string{
		0: "", 2: "", 3: "You can try 2 more times.", 4: "You can try one more time.",
	} {
		w := show(t, setting{setup: func(v *pay.PageView) {
			in(pay.SessionOpen, failed(pay.DeclineGeneric))(v)
			v.Session.Declines = declines
		}})
		text := w.Body.String()
		if want == "" && strings.Contains(text, "You can try") || !strings.Contains(text, want) {
			t.Errorf("after %d declines: want %q in %s", declines, want, text)
		}
	}
}

// TestGoingOn: only a browser on its way is taken to the shop by itself; whoever opens the page
// later stays and reads.
func TestGoingOn(t *testing.T) {
	for _, s := range settings() {
		v := openSession()
		s.setup(&v)
		h := handlerOf(newPages(t, &stage{view: v}))
		if got := get(h, stagePath).Header().Get("Refresh"); got != "" {
			t.Errorf("%s: goes on by itself: %s", s.name, got)
		}
		want := ""
		leads := settled(s.page) || s.page == pageCanceled && v.Session.CancelURL == ""
		if leads && v.Session.SuccessURL != "" {
			want = "2; url=https://shop.test/done?session_id=" + stageID
		}
		if got := get(h, stagePath+"&go=1").Header().Get("Refresh"); got != want {
			t.Errorf("%s on the way: Refresh %q, want %q", s.name, got, want)
		}
	}
}

func TestLinks(t *testing.T) {
	paid := setting{setup: in(pay.SessionComplete, attempt(pay.PaymentPaid))}
	open := setting{setup: func(*pay.PageView) {}}
	hostile := func(f func(*pay.Session, string)) setting {
		return setting{setup: func(v *pay.PageView) {
			in(pay.SessionComplete, attempt(pay.PaymentPaid))(v)
			f(&v.Session, "javascript:alert(document.domain)//https://shop.test/")
		}}
	}
	for name, c := range map[string]struct {
		setting
		has, lacks string
	}{
		"paid leads to success": {paid, `href="https://shop.test/done?session_id=` + stageID, "basket"},
		"open leads to cancel": {open, `href="https://shop.test/basket?from=` + stageID,
			"shop.test/done"},
		"no script as an address": {hostile(func(s *pay.Session, u string) { s.SuccessURL = u }),
			"Payment successful", "javascript:"},
	} {
		body := show(t, c.setting).Body.String()
		if !strings.Contains(body, c.has) || strings.Contains(body, c.lacks) {
			t.Errorf("%s: want %q and no %q in %s", name, c.has, c.lacks, body)
		}
	}
}

// TestHostileTexts: what merchants and rails write is text on the page and nothing else.
func TestHostileTexts(t *testing.T) {
	const evil = `"><script>alert(1)</script><b x='`
	body := show(t, setting{setup: func(v *pay.PageView) {
		p := failed("<i>decline</i>")
		p.Card.Brand, p.ID = evil, evil
		in(pay.SessionOpen, p)(v)
		v.Merchant.Name = evil + "\u202eevil\x00"
		v.Email = evil
	}}).Body.String()
	for _, bad := range []string{"<script>alert", "<b ", "<i>", "\u202e", "\x00"} {
		if strings.Contains(body, bad) {
			t.Errorf("%q is on the page", bad)
		}
	}
	if !strings.Contains(body, "Your bank declined this card.") {
		t.Error("an unknown decline has no words")
	}
}

// TestNoInline: the policy forbids inline script and style, so there must be none to forbid; and no
// page refers to anybody but us, the shop and the bank.
func TestNoInline(t *testing.T) {
	inline := regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|<script(?:[^>]*)>[^<]|javascript:`)
	foreign := regexp.MustCompile(`(?:src|href|action|content)="(?:\d;url=)?([a-z]+:)?//([^/"]+)`)
	for _, s := range settings() {
		body := show(t, s).Body.String()
		if found := inline.FindString(body); found != "" {
			t.Errorf("%s: inline %q", s.name, found)
		}
		for _, m := range foreign.FindAllStringSubmatch(body, -1) {
			if m[2] != "shop.test" && m[2] != "bank.test" {
				t.Errorf("%s refers to %s", s.name, m[2])
			}
		}
	}
}

// TestLabels: every field has a label, and descriptions that exist.
func TestLabels(t *testing.T) {
	body := show(t, setting{setup: func(*pay.PageView) {}}).Body.String()
	inputs := regexp.MustCompile(`<input id="(\w+)"[^>]*aria-describedby="([^"]*)"`)
	found := inputs.FindAllStringSubmatch(body, -1)
	if len(found) != 4 {
		t.Fatalf("%d inputs in %s", len(found), body)
	}
	for _, m := range found {
		if !strings.Contains(body, `<label for="`+m[1]+`">`) {
			t.Errorf("%s has no label", m[1])
		}
		for id := range strings.FieldsSeq(m[2]) {
			if strings.Count(body, `id="`+id+`"`) != 1 {
				t.Errorf("%s is described by %s, which is not there once", m[1], id)
			}
		}
	}
	for _, label := range []string{"Card number", "Expiry date", "Security code", "Name on card"} {
		if !strings.Contains(body, ">"+label+"</label>") {
			t.Errorf("no label %q", label)
		}
	}
}

func BenchmarkForm(b *testing.B) {
	p, err := New(Deps{
		Pay: &stage{view: openSession()}, BaseURL: "http://127.0.0.1:8080",
		Log: slog.New(slog.DiscardHandler), IDs: ident.From(&counter{}),
	})
	if err != nil {
		b.Fatal(err)
	}
	h := handlerOf(p)
	b.ReportAllocs()
	for b.Loop() {
		get(h, stagePath)
	}
}
