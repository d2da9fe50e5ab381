package sim_test

import (
	"context"
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

// newCounter is a stand in development: the shop is the demo merchant.
func newCounter(t *testing.T) *stand {
	w := paytest.New(t)
	return &stand{w, mounted(sim.New(sim.Deps{
		Pay: w.Pay, BaseURL: paytest.BaseURL,
		Demo: &sim.Demo{Control: w.Pay, Scope: w.Shop.Scope, Merchant: "shop"},
	}))}
}

// payer is the path of a session's page on the other side of the counter.
func (s *stand) payer(sessionID string) string {
	return "/sim/session/" + sessionID + "?key=" + s.Pay.PageKey(sessionID)
}

// send sends a form as a browser on our own page does.
func (s *stand) send(path string, fields ...string) *http.Response {
	values := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		values.Add(fields[i], fields[i+1])
	}
	return serve(s.handler, form(path, values.Encode(), map[string]string{
		"Sec-Fetch-Site": "same-origin", "Origin": paytest.BaseURL,
	}))
}

// noted expects a way back to a page with a note.
func noted(t testing.TB, res *http.Response, path, note string) {
	t.Helper()
	at, err := url.Parse(res.Header.Get("Location"))
	if err != nil || res.StatusCode != http.StatusSeeOther {
		t.Fatalf("status %d, Location %q", res.StatusCode, res.Header.Get("Location"))
	}
	if at.Path != strings.Split(path, "?")[0] || at.Query().Get("note") != note {
		t.Errorf("sent to %q, want %q with the note %q", at, path, note)
	}
}

// counter reads a page with a script.
func (s *stand) counter(path string) string {
	s.T.Helper()
	res := s.get(path)
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		s.T.Fatalf("status %d, %v:\n%s", res.StatusCode, err, text)
	}
	csp := res.Header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "script-src 'self'", "connect-src 'self'",
		"frame-ancestors 'none'", "require-trusted-types-for 'script'"} {
		if !strings.Contains(csp, part) {
			s.T.Errorf("the policy does not say %s", part)
		}
	}
	for _, never := range []string{"<script>", "style=", " onclick", "unsafe"} {
		if strings.Contains(string(text)+csp, never) {
			s.T.Errorf("the page or its policy contains %q", never)
		}
	}
	return strings.ReplaceAll(string(text), "\u00a0", " ") // as it stands between GHS and 50.00
}

// says reports an error for each text that a page lacks.
func says(t testing.TB, page string, all ...string) {
	t.Helper()
	for _, text := range all {
		if !strings.Contains(page, text) {
			t.Errorf("the page does not say %q", text)
		}
	}
}

func TestPhone_Answers(t *testing.T) {
	tests := map[string]struct {
		fields []string
		note   string
		state  pay.PaymentState
		says   string
	}{
		"the right PIN": {[]string{"answer", "approve", "pin", " 1234 "}, "approved",
			pay.PaymentPaid, "Paid"},
		"a wrong PIN": {[]string{"answer", "approve", "pin", "4321"}, "wrong_pin",
			pay.PaymentWaiting, "Approve"},
		"no PIN": {[]string{"answer", "approve"}, "wrong_pin", pay.PaymentWaiting, "Approve"},
		"no": {[]string{"answer", "reject", "pin", "1234"}, "rejected", pay.PaymentFailed,
			"Rejected"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newStand(t)
			p := s.Prompt(s.Open().ID, "0241234567", "mtn")
			path := s.payer(p.SessionID)
			says(t, s.counter(path), "Pay shop?", "GHS 50.00", "MTN MoMo", "024 123 4567")
			res := s.send(path, append(test.fields, "payment", p.ID)...)
			noted(t, res, path, test.note)
			s.Work()
			if now := s.Payment(p.ID); now.State != test.state {
				t.Errorf("payment is %s, want %s", now.State, test.state)
			}
			says(t, s.counter(path), test.says)
		})
	}
}

func TestPhone_HasSeenEnoughWrongPINs(t *testing.T) {
	s := newStand(t)
	p := s.Prompt(s.Open().ID, "0241234567", "mtn")
	path := s.payer(p.SessionID)
	for range 3 {
		noted(t, s.send(path, "payment", p.ID, "answer", "approve", "pin", "0"), path, "wrong_pin")
	}
	noted(t, s.send(path, "payment", p.ID, "answer", "approve", "pin", "1234"), path, "closed")
	s.Work()
	if now := s.Payment(p.ID); now.DeclineCode != pay.DeclineWrongPIN {
		t.Errorf("payment is %s, %s", now.State, now.DeclineCode)
	}
	says(t, s.counter(path), "Wrong PIN")
}

func TestPhone_ShowsTheCode(t *testing.T) {
	s := newStand(t)
	p := s.Prompt(s.Open().ID, "0240000010", "mtn")
	page := s.counter(s.payer(p.SessionID))
	m := regexp.MustCompile(`class="otp">(\d+)<`).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("no code in\n%s", page)
	}
	done, err := s.Pay.ConfirmPayment(context.Background(), s.Shop, p.ID, m[1])
	if err != nil || done.State != pay.PaymentPaid {
		t.Errorf("payment is %s, %v", done.State, err)
	}
	if strings.Contains(s.counter(s.payer(p.SessionID)), m[1]) {
		t.Error("the code is shown after it was used")
	}
}

func TestBank_TakesAnyAmount(t *testing.T) {
	s := newStand(t)
	p := s.Transfer(s.Open().ID)
	path := s.payer(p.SessionID)
	says(t, s.counter(path), p.Transfer.Reference, p.Transfer.AccountNumber, `value="50.00"`)
	steps := []struct {
		amount  string
		state   pay.PaymentState
		says    string
		missing string
	}{
		{"20", pay.PaymentUnderpaid, "Too little", "30.00"},
		{"30.00", pay.PaymentPaid, "Paid", "50.00"},
		{"1,000.5", pay.PaymentOverpaid, "Too much", "50.00"},
	}
	for _, step := range steps {
		noted(t, s.send(path, "payment", p.ID, "answer", "send", "amount", step.amount), path, "sent")
		s.Work()
		if now := s.Payment(p.ID); now.State != step.state {
			t.Errorf("after %s the payment is %s, want %s", step.amount, now.State, step.state)
		}
		says(t, s.counter(path), step.says, `value="`+step.missing+`"`)
	}
	for _, bad := range []string{"", "0", "-1", "1.234", "1.2.3", "ten", "1e3", "9999999999999999"} {
		noted(t, s.send(path, "payment", p.ID, "answer", "send", "amount", bad), path, "amount")
	}
	if now := s.Payment(p.ID); now.Received != 105050 {
		t.Errorf("received %d", now.Received)
	}
}

func TestBank_SendsTooLate(t *testing.T) {
	s := newStand(t)
	p := s.Transfer(s.Open().ID)
	ctx := context.Background()
	if _, _, err := s.Pay.CancelPayment(ctx, s.Shop, nil, p.ID); err != nil {
		t.Fatal(err)
	}
	path := s.payer(p.SessionID)
	says(t, s.counter(path), "Cancelled", p.Transfer.Reference)
	noted(t, s.send(path, "payment", p.ID, "answer", "send", "amount", "50"), path, "sent")
	s.Work()
	if now := s.Payment(p.ID); now.State != pay.PaymentLate {
		t.Errorf("payment is %s", now.State)
	}
}

func TestIssuer_LinksToTheChallenge(t *testing.T) {
	s := newStand(t)
	p, challenge := s.challenged()
	path := s.payer(p.SessionID)
	says(t, s.counter(path), `href="`+challenge+`"`, "Visa ending in 3155")
	s.press(challenge, "approve")
	s.Work()
	if strings.Contains(s.counter(path), challenge) {
		t.Error("an answered challenge is still linked")
	}
}

func TestSession_IsForItsPayerAlone(t *testing.T) {
	s := newCounter(t)
	mine, other := s.Open(), s.Open()
	p := s.Prompt(other.ID, "0241234567", "mtn")
	for name, path := range map[string]string{
		"no key":          "/sim/session/" + mine.ID,
		"another's key":   "/sim/session/" + mine.ID + "?key=" + s.Pay.PageKey(other.ID),
		"unknown session": "/sim/session/cs_1?key=" + s.Pay.PageKey("cs_1"),
	} {
		t.Run(name, func(t *testing.T) {
			page(t, s.get(path), http.StatusNotFound)
			page(t, s.send(path, "payment", p.ID, "answer", "approve"), http.StatusNotFound)
		})
	}
	if strings.Contains(s.counter(s.payer(mine.ID)), p.ID) {
		t.Error("one payer sees another's prompt")
	}
	answer := []string{"payment", p.ID, "answer", "approve", "pin", "1234"}
	page(t, s.send(s.payer(mine.ID), answer...), http.StatusNotFound)
	foreign := form(s.payer(other.ID), "answer=approve", map[string]string{
		"Sec-Fetch-Site": "cross-site",
	})
	page(t, serve(s.handler, foreign), http.StatusForbidden)
	s.Work()
	if now := s.Payment(p.ID); now.State != pay.PaymentWaiting {
		t.Errorf("payment is %s", now.State)
	}
}

func TestSession_RefusesUnclearAnswers(t *testing.T) {
	s := newStand(t)
	p := s.Prompt(s.Open().ID, "0241234567", "mtn")
	path := s.payer(p.SessionID)
	page(t, s.send(path, "payment", p.ID), http.StatusBadRequest)
	page(t, s.send(path, "payment", p.ID, "answer", "yes"), http.StatusBadRequest)
	page(t, s.send(path, "answer", "approve", "pin", "1234"), http.StatusNotFound)
	noted(t, s.send(path, "payment", p.ID, "answer", "send", "amount", "5"), path, "closed")
	if now := s.Payment(p.ID); now.State != pay.PaymentWaiting {
		t.Errorf("payment is %s", now.State)
	}
}

var liveVersion = regexp.MustCompile(`data-live="([^"]+)"`)

func TestCounter_SaysNothingWhenNothingIsNew(t *testing.T) {
	s := newStand(t)
	ses := s.Open()
	path := s.payer(ses.ID)
	text := s.counter(path)
	says(t, text, "Nobody asks you anything yet")
	have := path + "&have=" + liveVersion.FindStringSubmatch(text)[1]
	if res := s.get(have); res.StatusCode != http.StatusNoContent {
		t.Errorf("status %d", res.StatusCode)
	}
	s.Prompt(ses.ID, "0241234567", "mtn")
	says(t, s.counter(have), "Pay shop?")
}

func TestHome_ShowsEverybodyInDevelopment(t *testing.T) {
	s := newCounter(t)
	phone := s.Prompt(s.Open().ID, "0241234567", "mtn")
	transfer := s.Transfer(s.Open().ID)
	_, challenge := s.challenged()
	says(t, s.counter("/sim"), phone.ID, transfer.Transfer.Reference, challenge)
	noted(t, s.send("/sim", "payment", phone.ID, "answer", "approve", "pin", "1234"), "/sim",
		"approved")
	s.Work()
	if now := s.Payment(phone.ID); now.State != pay.PaymentPaid {
		t.Errorf("payment is %s", now.State)
	}
	says(t, s.counter("/sim?note=approved"), "Approved. The shop knows")
}

// TestHome_AsksWhoIsNotThere: a wallet that is charged while its owner is on no page is asked on
// the phone all the same.
func TestHome_AsksWhoIsNotThere(t *testing.T) {
	s := newCounter(t)
	ctx := context.Background()
	ses := s.Open(func(r *pay.OpenSession) {
		r.Series, r.CustomerEmail = pay.SeriesFirst, "ama@example.com"
	})
	first := s.Prompt(ses.ID, "0241234567", "mtn")
	yes := []string{"answer", "approve", "pin", "1234"}
	noted(t, s.send(s.payer(ses.ID), append(yes, "payment", first.ID)...),
		"/sim/session/"+ses.ID, "approved")
	s.Work()
	later, _, err := s.Pay.Charge(ctx, s.Shop, nil, pay.ChargeRequest{
		Family: "checkout", Amount: paytest.GHS(1700), MandateID: s.Session(ses.ID).MandateID,
	})
	if err != nil {
		t.Fatal(err)
	}
	says(t, s.counter("/sim"), "GHS 17.00", "Pay shop?", `value="`+later.ID+`"`)
	noted(t, s.send("/sim", append(yes, "payment", later.ID)...), "/sim", "approved")
	s.Work()
	if p := s.Payment(later.ID); p.State != pay.PaymentPaid || !p.OffSession {
		t.Errorf("the charge is %s, off session %v", p.State, p.OffSession)
	}
}

func TestHome_KeepsWhatIsOpen(t *testing.T) {
	s := newCounter(t)
	first := s.Prompt(s.Open().ID, "0241234567", "mtn")
	for range 25 {
		s.Clock.Advance(time.Second)
		s.Buy(s.Open().ID, "4242424242424242")
	}
	says(t, s.counter("/sim"), first.ID)
}

func TestHome_ExistsInDevelopmentAlone(t *testing.T) {
	s := newStand(t)
	for _, path := range []string{"/sim", "/sim/networks"} {
		page(t, s.get(path), http.StatusNotFound)
	}
	page(t, s.send("/sim", "answer", "approve"), http.StatusNotFound)
	page(t, s.send("/sim/networks/card", "down", "on"), http.StatusNotFound)
	page(t, s.send("/sim/clock", "by", "day"), http.StatusNotFound)
}

func TestHome_AnswersToItsOwnNameAlone(t *testing.T) {
	s := newCounter(t)
	for _, path := range []string{"/sim", "/sim/networks"} {
		res := serve(s.handler, httptest.NewRequest("GET", "http://evil.test"+path, nil))
		secured(t, res)
		if at := res.Header.Get("Location"); at != paytest.BaseURL+path {
			t.Errorf("%s: status %d, Location %q", path, res.StatusCode, at)
		}
	}
	for _, path := range []string{"/sim", "/sim/networks/card", "/sim/clock"} {
		r := form(path, "by=day", map[string]string{"Sec-Fetch-Site": "same-origin"})
		r.Host = "evil.test"
		page(t, serve(s.handler, r), http.StatusNotFound)
	}
}

func TestNetworks_BehaveAsTold(t *testing.T) {
	s := newCounter(t)
	noted(t, s.send("/sim/networks/momo", "outage", "mtn", "outage", "telecel", "duplicate", "on",
		"delay", "1.5"), "/sim/networks", "saved")
	b, err := s.Pay.Behaviour(context.Background(), s.Shop, "momo")
	if err != nil || len(b.Outage) != 2 || !b.Duplicate || b.Down || b.DelayMillis != 1500 {
		t.Errorf("%+v, %v", b, err)
	}
	says(t, s.counter("/sim/networks"), `value="1.5"`, `value="mtn" checked`,
		`name="duplicate" value="on" checked`)
	rival, err := s.Pay.Behaviour(context.Background(), s.Rival, "momo")
	if err != nil || len(rival.Outage) != 0 {
		t.Errorf("another merchant's network: %+v, %v", rival, err)
	}
	noted(t, s.send("/sim/networks/payto", "outage", "wattle", "outage", "banksia", "outage",
		"kurrajong", "outage", "gumtree", "delay", "0"), "/sim/networks", "saved")
	if b, err := s.Pay.Behaviour(context.Background(), s.Shop, "payto"); len(b.Outage) != 4 {
		t.Errorf("banks that are out: %+v, %v", b, err)
	}
	says(t, s.counter("/sim/networks"), "Wattle Bank is out", `value="gumtree" checked`)
	for _, bad := range []string{"", "-1", "soon", "1h", "99999999999"} {
		noted(t, s.send("/sim/networks/momo", "delay", bad), "/sim/networks", "delay")
	}
	page(t, s.send("/sim/networks/none", "delay", "0"), http.StatusNotFound)
	if now, _ := s.Pay.Behaviour(context.Background(), s.Shop, "momo"); now.DelayMillis != 1500 {
		t.Errorf("a bad delay changed something: %+v", now)
	}
}

func TestClock_Leaps(t *testing.T) {
	s := newCounter(t)
	says(t, s.counter("/sim/networks"), "3 October 2026, 09:30:00 UTC")
	for _, by := range []string{"minute", "hour", "day"} {
		noted(t, s.send("/sim/clock", "by", by), "/sim/networks", "clock")
	}
	says(t, s.counter("/sim/networks"), "4 October 2026, 10:31:00 UTC")
	page(t, s.send("/sim/clock", "by", "year"), http.StatusBadRequest)
}

func TestCounter_EscapesWhatOthersWrote(t *testing.T) {
	evil := `"><img src=x onerror=alert(1)>`
	h := mounted(sim.New(sim.Deps{BaseURL: paytest.BaseURL, Pay: stranger{text: evil}}))
	r := httptest.NewRequest("GET", paytest.BaseURL+"/sim/session/cs_1?note="+
		url.QueryEscape(evil)+"&key="+url.QueryEscape(evil), nil)
	text, err := io.ReadAll(serve(h, r).Body)
	if err != nil || strings.Contains(string(text), "<img") || !strings.Contains(string(text), "PIN") {
		t.Errorf("markup of others, or no prompt: %v\n%s", err, text)
	}
}

// stranger is a core in which everything was written by somebody else.
type stranger struct {
	sim.Pay
	text string
}

func (s stranger) Page(context.Context, string, string) (pay.PageView, error) {
	return pay.PageView{
		Session:  pay.Session{Mode: pay.Test, Amount: paytest.GHS(5000)},
		Merchant: pay.Merchant{Name: s.text},
	}, nil
}

func (s stranger) Agreements(context.Context, pay.Caller) ([]pay.Agreement, error) {
	return nil, nil
}

func (s stranger) Prompts(context.Context, pay.Caller) ([]pay.Prompt, error) {
	return []pay.Prompt{{Ref: pay.Ref{PaymentID: s.text}, Open: true}}, nil
}

func (s stranger) Payments(
	context.Context, pay.Caller, pay.PaymentFilter,
) ([]pay.Payment, bool, error) {
	return []pay.Payment{{
		ID: s.text, Amount: paytest.GHS(5000), State: pay.PaymentWaiting,
		Mobile: &pay.Mobile{Phone: s.text, Provider: s.text},
	}}, false, nil
}
