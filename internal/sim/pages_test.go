package sim_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/sim"
)

const challengeCard = "4000002500003155"

// stand is the real core with these pages in front of it.
type stand struct {
	*paytest.World
	handler http.Handler
}

func newStand(t *testing.T) *stand {
	w := paytest.New(t)
	return &stand{w, mounted(sim.New(sim.Deps{Pay: w.Pay, BaseURL: paytest.BaseURL}))}
}

func mounted(p *sim.Pages) http.Handler {
	mux := http.NewServeMux()
	p.Mount(mux)
	return mux
}

// challenged returns a payment that waits for its payer, and the path of its challenge.
func (s *stand) challenged() (pay.Payment, string) {
	s.T.Helper()
	p := s.Buy(s.Open().ID, challengeCard)
	if p.State != pay.PaymentAction {
		s.T.Fatalf("payment is %s", p.State)
	}
	return p, strings.TrimPrefix(p.ActionURL, paytest.BaseURL)
}

func (s *stand) get(path string) *http.Response {
	return serve(s.handler, httptest.NewRequest("GET", paytest.BaseURL+path, nil))
}

// press sends the form as a browser on our own page does.
func (s *stand) press(path, answer string) *http.Response {
	return serve(s.handler, form(path, "answer="+answer, map[string]string{
		"Sec-Fetch-Site": "same-origin", "Origin": paytest.BaseURL,
	}))
}

func form(path, body string, header map[string]string) *http.Request {
	r := httptest.NewRequest("POST", paytest.BaseURL+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for name, value := range header {
		r.Header.Set(name, value)
	}
	return r
}

func serve(h http.Handler, r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

// page reads a page and checks what holds for every one of them.
func page(t testing.TB, res *http.Response, status int) string {
	t.Helper()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != status {
		t.Fatalf("status %d, want %d:\n%s", res.StatusCode, status, text)
	}
	secured(t, res)
	for _, never := range []string{"<script", "style=", " onclick", "http://", challengeCard} {
		if strings.Contains(string(text), never) {
			t.Errorf("the page contains %q", never)
		}
	}
	if kind := res.Header.Get("Content-Type"); kind != "text/html; charset=utf-8" {
		t.Errorf("content type %q", kind)
	}
	return string(text)
}

func secured(t testing.TB, res *http.Response) {
	t.Helper()
	for name, want := range map[string]string{
		"Content-Security-Policy":      "default-src 'none'",
		"X-Content-Type-Options":       "nosniff",
		"Referrer-Policy":              "same-origin",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Cache-Control":                "no-store",
	} {
		if got := res.Header.Get(name); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	csp := res.Header.Get("Content-Security-Policy")
	for _, part := range []string{"form-action 'self'", "frame-ancestors 'none'",
		"base-uri 'none'", "require-trusted-types-for 'script'"} {
		if !strings.Contains(csp, part) {
			t.Errorf("the policy does not say %s", part)
		}
	}
	if strings.Contains(csp, "unsafe") || strings.Contains(csp, "script-src") {
		t.Errorf("the policy allows too much: %s", csp)
	}
}

func TestChallenge_ShowsWhatIsAsked(t *testing.T) {
	s := newStand(t)
	p, path := s.challenged()
	text := page(t, s.get(path), http.StatusOK)
	for _, want := range []string{"Test bank", "3-D Secure", "shop", "GHS", "50.00",
		"Visa ending in 3155", `value="approve"`, `value="decline"`, `lang="en"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if now := s.Payment(p.ID); now.State != pay.PaymentAction || now.Version != p.Version {
		t.Errorf("looking at the page changed the payment: %+v", now)
	}
}

// TestChallenge_Verification: where no money is taken none is spoken of.
func TestChallenge_Verification(t *testing.T) {
	s := newStand(t)
	ses := s.Open(func(r *pay.OpenSession) {
		r.Amount, r.Verify, r.Methods = 0, true, []string{pay.MethodCard}
		r.Offer.Save, r.CustomerEmail = pay.SaveAlways, "ama@example.com"
	})
	p := s.Buy(ses.ID, challengeCard)
	path := strings.TrimPrefix(p.ActionURL, paytest.BaseURL)
	text := page(t, s.get(path), http.StatusOK)
	says(t, text, "Is this card yours?", "No money is taken.", ">Approve<")
	if strings.Contains(text, "GHS") {
		t.Errorf("an amount is on %s", text)
	}
	s.press(path, "approve")
	s.Work()
	if ses = s.Session(ses.ID); ses.State != pay.SessionComplete || ses.MethodID == "" {
		t.Errorf("the session is %s, the method %q", ses.State, ses.MethodID)
	}
}

func TestChallenge_Answers(t *testing.T) {
	tests := []struct {
		answer  string
		payment pay.PaymentState
		session pay.SessionState
	}{
		{"approve", pay.PaymentPaid, pay.SessionComplete},
		{"decline", pay.PaymentFailed, pay.SessionOpen},
	}
	for _, test := range tests {
		t.Run(test.answer, func(t *testing.T) {
			s := newStand(t)
			p, path := s.challenged()
			res := s.press(path, test.answer)
			if res.StatusCode != http.StatusSeeOther {
				t.Fatalf("status %d", res.StatusCode)
			}
			secured(t, res)
			back := res.Header.Get("Location")
			if !strings.HasPrefix(back, "/checkout/"+p.SessionID+"/return?key=") {
				t.Errorf("the payer is sent to %q", back)
			}
			s.Work()
			if got := s.Payment(p.ID); got.State != test.payment {
				t.Errorf("payment is %s, want %s", got.State, test.payment)
			}
			if got := s.Session(p.SessionID); got.State != test.session {
				t.Errorf("session is %s, want %s", got.State, test.session)
			}
		})
	}
}

func TestChallenge_IsUsedOnce(t *testing.T) {
	s := newStand(t)
	p, path := s.challenged()
	s.press(path, "decline")
	for _, answer := range []string{"approve", "decline"} {
		res := s.press(path, answer)
		text := page(t, res, http.StatusGone)
		if !strings.Contains(text, "closed") || !strings.Contains(text, "/checkout/"+p.SessionID) {
			t.Error("the page does not say that the request is closed and how to go on")
		}
		if !strings.HasPrefix(res.Header.Get("Refresh"), "2;url=/checkout/") {
			t.Errorf("Refresh: %q", res.Header.Get("Refresh"))
		}
	}
	res := s.get(path)
	page(t, res, http.StatusGone)
	if res.Header.Get("Refresh") != "" {
		t.Error("a page that was only looked at goes away by itself")
	}
	s.Work()
	if got := s.Payment(p.ID); got.State != pay.PaymentFailed {
		t.Errorf("payment is %s", got.State)
	}
}

func TestChallenge_RunsOut(t *testing.T) {
	s := newStand(t)
	p, path := s.challenged()
	s.Clock.Advance(10 * time.Minute)
	page(t, s.get(path), http.StatusGone)
	page(t, s.press(path, "approve"), http.StatusGone)
	s.Work()
	got := s.Payment(p.ID)
	if got.State != pay.PaymentFailed || got.DeclineCode != pay.DeclineAuthTimeout {
		t.Errorf("payment is %s, %s", got.State, got.DeclineCode)
	}
}

func TestChallenge_Unknown(t *testing.T) {
	s := newStand(t)
	p, path := s.challenged()
	for name, bad := range map[string]string{
		"guess":        "/sim/card/challenge/" + strings.Repeat("0", 64),
		"cut":          path[:len(path)-1],
		"upper case":   strings.ToUpper(path[20:]),
		"payment id":   "/sim/card/challenge/" + p.ID,
		"very long":    "/sim/card/challenge/" + strings.Repeat("a", 5000),
		"markup":       "/sim/card/challenge/" + url.PathEscape("<b>x</b>"),
		"zero byte":    "/sim/card/challenge/%00",
		"not UTF-8":    "/sim/card/challenge/%ff",
		"other page":   "/sim/elsewhere",
		"other asset":  "/sim/assets/nothing.css",
		"no token":     "/sim/card/challenge/",
		"path in path": "/sim/card/challenge/a/b",
	} {
		t.Run(name, func(t *testing.T) {
			if name == "upper case" {
				bad = "/sim/card/challenge/" + bad
			}
			page(t, s.get(bad), http.StatusNotFound)
			if res := s.press(bad, "approve"); res.StatusCode != http.StatusNotFound {
				t.Errorf("POST: status %d", res.StatusCode)
			}
		})
	}
	if got := s.Payment(p.ID); got.State != pay.PaymentAction {
		t.Errorf("payment is %s", got.State)
	}
}

func TestChallenge_RefusesForeignForms(t *testing.T) {
	tests := map[string]map[string]string{
		"silent":              {},
		"cross-site":          {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.test"},
		"same-site":           {"Sec-Fetch-Site": "same-site"},
		"foreign origin":      {"Origin": "https://evil.test"},
		"null origin":         {"Origin": "null"},
		"cross-site disguise": {"Sec-Fetch-Site": "cross-site", "Origin": paytest.BaseURL},
	}
	s := newStand(t)
	p, path := s.challenged()
	for name, header := range tests {
		t.Run(name, func(t *testing.T) {
			page(t, serve(s.handler, form(path, "answer=approve", header)), http.StatusForbidden)
		})
	}
	s.Work()
	if got := s.Payment(p.ID); got.State != pay.PaymentAction {
		t.Errorf("payment is %s", got.State)
	}
	own := map[string]string{"Origin": paytest.BaseURL}
	res := serve(s.handler, form(path, "answer=approve", own))
	if res.StatusCode != http.StatusSeeOther {
		t.Errorf("an older browser on our own page: status %d", res.StatusCode)
	}
}

func TestChallenge_RefusesUnclearAnswers(t *testing.T) {
	s := newStand(t)
	p, path := s.challenged()
	own := map[string]string{"Sec-Fetch-Site": "same-origin"}
	for _, body := range []string{"", "answer=", "answer=Approve", "answer=true",
		"other=approve", "answer=" + strings.Repeat("a", 10_000), "%zz"} {
		page(t, serve(s.handler, form(path, body, own)), http.StatusBadRequest)
	}
	page(t, serve(s.handler, form(path+"?answer=approve", "", own)), http.StatusBadRequest)
	r := form(path, `{"answer":"approve"}`, own)
	r.Header.Set("Content-Type", "application/json")
	page(t, serve(s.handler, r), http.StatusBadRequest)
	if got := s.Payment(p.ID); got.State != pay.PaymentAction {
		t.Errorf("payment is %s", got.State)
	}
}

func TestChallenge_OtherMethods(t *testing.T) {
	s := newStand(t)
	p, path := s.challenged()
	for _, method := range []string{"PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"} {
		res := serve(s.handler, httptest.NewRequest(method, paytest.BaseURL+path, nil))
		if res.StatusCode < 400 {
			t.Errorf("%s: status %d", method, res.StatusCode)
		}
	}
	if got := s.Payment(p.ID); got.State != pay.PaymentAction {
		t.Errorf("payment is %s", got.State)
	}
}

var styleLink = regexp.MustCompile(
	`<link rel="stylesheet" href="([^"]+)" integrity="sha384-[^"]+">`)

func TestAssets(t *testing.T) {
	s := newStand(t)
	_, path := s.challenged()
	m := styleLink.FindStringSubmatch(page(t, s.get(path), http.StatusOK))
	if m == nil {
		t.Fatal("the page has no style sheet with an integrity")
	}
	res := s.get(m[1])
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || len(body) == 0 {
		t.Fatalf("status %d, %d bytes, %v", res.StatusCode, len(body), err)
	}
	if got := res.Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
		t.Errorf("Cache-Control: %q", got)
	}
	if got := res.Header.Get("Content-Type"); got != "text/css; charset=utf-8" {
		t.Errorf("Content-Type: %q", got)
	}
	if strings.Contains(string(body), "url(") || strings.Contains(string(body), "@import") {
		t.Error("the style sheet loads something")
	}
}

// actor is a core that answers what a test wants.
type actor struct {
	sim.Pay
	prompt pay.Prompt
	next   string
	err    error
}

func (a actor) Prompt(context.Context, string, string) (pay.Prompt, error) {
	return a.prompt, a.err
}

func (a actor) DecidePrompt(context.Context, string, string, pay.Decision) (string, error) {
	return a.next, a.err
}

func TestDecide_SendsNobodyElsewhere(t *testing.T) {
	const base = "https://pay.example"
	tests := map[string]string{
		base + "/checkout/cs_1/return?key=k": "/checkout/cs_1/return?key=k",
		base + "/checkout/":                  "/checkout/",
		"":                                   "",
		"/checkout/cs_1":                     "",
		base + "//evil.test/":                "",
		base + "/other":                      "",
		base + "@evil.test/checkout/":        "",
		"https://x@pay.example/checkout/":    "",
		"https://evil.test/checkout/":        "",
		"http://pay.example/checkout/":       "",
		"https://pay.example:8443/checkout/": "",
		"javascript:alert(1)":                "",
		"//pay.example/checkout/":            "",
	}
	for next, want := range tests {
		t.Run(next, func(t *testing.T) {
			h := mounted(sim.New(sim.Deps{Pay: actor{next: next}, BaseURL: base}))
			res := serve(h, form("/sim/card/challenge/t", "answer=approve",
				map[string]string{"Sec-Fetch-Site": "same-origin"}))
			if got := res.Header.Get("Location"); got != want {
				t.Errorf("Location = %q, want %q", got, want)
			}
			if want == "" {
				page(t, res, http.StatusOK)
			}
		})
	}
}

func TestPages_EscapeWhatOthersWrote(t *testing.T) {
	evil := `"><img src=x onerror=alert(1)>`
	h := mounted(sim.New(sim.Deps{BaseURL: "https://pay.example", Pay: actor{prompt: pay.Prompt{
		Open: true, Merchant: evil, Card: &pay.CardSummary{Brand: evil, Last4: evil},
	}}}))
	text := page(t, serve(h, httptest.NewRequest("GET", "/sim/card/challenge/t", nil)), 200)
	if strings.Contains(text, "<img") {
		t.Error("the merchant's name is markup")
	}
}

func TestPages_Errors(t *testing.T) {
	for want, err := range map[int]error{
		http.StatusNotFound:            pay.Errorf(pay.NotFound, "x", "secret detail"),
		http.StatusServiceUnavailable:  pay.Errorf(pay.Unavailable, "x", "secret detail"),
		http.StatusInternalServerError: errors.New("secret detail"),
	} {
		h := mounted(sim.New(sim.Deps{Pay: actor{err: err}, BaseURL: "https://pay.example"}))
		for _, r := range []*http.Request{
			httptest.NewRequest("GET", "/sim/card/challenge/t", nil),
			form("/sim/card/challenge/t", "answer=approve",
				map[string]string{"Sec-Fetch-Site": "same-origin"}),
		} {
			res := serve(h, r)
			if text := page(t, res, want); strings.Contains(text, "secret detail") {
				t.Errorf("the page shows the error: %v", err)
			}
			if hsts := res.Header.Get("Strict-Transport-Security"); hsts == "" {
				t.Error("no HSTS on an https installation")
			}
		}
	}
}
