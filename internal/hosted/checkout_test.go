package hosted

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/secret"
)

// Numbers of docs/test-values.md.
const (
	approved   = "4242 4242 4242 4242"
	declined   = "4000 0000 0000 9995"
	challenge  = "4000 0025 0000 3155"
	lateYes    = "4000 0000 0010 1008"
	lateNo     = "4000 0000 0010 2006"
	replyLost  = "4000 0000 0010 7005"
	wrongTotal = "4000 0000 0011 0009"
)

// browser opens a session in the real core and looks at its page as a browser does.
type browser struct {
	*testing.T
	*paytest.World
	h    http.Handler
	id   string
	path string // of the page, with its key
}

func newBrowser(t *testing.T, change ...func(*pay.OpenSession)) *browser {
	t.Helper()
	return browse(t, paytest.New(t), change...)
}

func browse(t *testing.T, w *paytest.World, change ...func(*pay.OpenSession)) *browser {
	t.Helper()
	p := newPages(t, w.Pay, func(d *Deps) { d.IDs = w.IDs })
	b := &browser{T: t, World: w, h: handlerOf(p), id: w.Open(change...).ID}
	b.path = strings.TrimPrefix(w.Pay.PageURL(b.id), paytest.BaseURL)
	return b
}

// step is the path of a route below the page.
func (b *browser) step(name string) string { return strings.Replace(b.path, "?", "/"+name+"?", 1) }

var nonceField = regexp.MustCompile(`name="nonce" value="([^"]*)"`)

// fill opens the page and fills its form.
func (b *browser) fill(number string) url.Values {
	b.T.Helper()
	m := nonceField.FindStringSubmatch(get(b.h, b.path).Body.String())
	if m == nil {
		b.T.Fatal("there is no form")
	}
	form := goodCard()
	form.Set(fieldNumber, number)
	form.Set(fieldNonce, m[1])
	return form
}

// pay fills and sends the form, expects to be sent to the page, and returns what it says.
func (b *browser) pay(number string) *httptest.ResponseRecorder {
	b.T.Helper()
	return b.follow(post(b.h, b.path, b.fill(number)))
}

func (b *browser) follow(w *httptest.ResponseRecorder) *httptest.ResponseRecorder {
	b.T.Helper()
	to := w.Header().Get("Location")
	if w.Code != http.StatusSeeOther || !strings.HasPrefix(to, b.path) {
		b.T.Fatalf("%d to %q: %s", w.Code, to, w.Body)
	}
	return get(b.h, to)
}

// sees checks which page is shown and returns its text.
func (b *browser) sees(w *httptest.ResponseRecorder, name string) string {
	b.T.Helper()
	body := w.Body.String()
	if !strings.Contains(body, `<body class="page-`+name+`">`) {
		b.T.Fatalf("not the page %s: %d %s", name, w.Code, body)
	}
	return body
}

func (b *browser) payments() []pay.Payment {
	b.T.Helper()
	all, _, err := b.Pay.Payments(context.Background(), b.Shop, pay.PaymentFilter{
		Page: pay.Page{Limit: 100}, SessionID: b.id,
	})
	if err != nil {
		b.T.Fatal(err)
	}
	return all
}

func TestPay(t *testing.T) {
	b := newBrowser(t)
	w := b.pay(approved)
	body := b.sees(w, pagePaid)
	if !strings.Contains(body, b.payments()[0].ID) || !strings.Contains(body, "Visa ••••\u00a04242") {
		t.Errorf("no reference or card in %s", body)
	}
	if got := w.Header().Get("Refresh"); got != "2; url=https://shop.test/done?session_id="+b.id {
		t.Errorf("Refresh %q", got)
	}
	later := get(b.h, b.path)
	b.sees(later, pagePaid)
	if got := later.Header().Get("Refresh"); got != "" {
		t.Errorf("opened later, the page leaves for %q", got)
	}
}

func TestPay_Manual(t *testing.T) {
	b := newBrowser(t, func(r *pay.OpenSession) { r.Capture = pay.CaptureManual })
	b.sees(b.pay(approved), pageAuthorised)
	_, _, err := b.Pay.CancelPayment(context.Background(), b.Shop, nil, b.payments()[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	b.sees(get(b.h, b.path), pageReleased)
}

func TestPay_DeclinedThenPaid(t *testing.T) {
	b := newBrowser(t)
	body := b.sees(b.pay(declined), pageForm)
	if !strings.Contains(body, "There is not enough money available on this card.") {
		t.Errorf("the decline is not explained: %s", body)
	}
	b.sees(b.pay(approved), pagePaid)
	if n := len(b.payments()); n != 2 {
		t.Errorf("%d payments", n)
	}
}

func TestPay_ClosedAfterDeclines(t *testing.T) {
	b := newBrowser(t)
	for range pay.MaxDeclines - 1 {
		b.sees(b.pay(declined), pageForm)
	}
	b.sees(b.pay(declined), pageClosed)
	b.sees(b.follow(post(b.h, b.path, goodCard())), pageClosed)
	if n := len(b.payments()); n != pay.MaxDeclines {
		t.Errorf("%d payments", n)
	}
}

func TestPay_Expired(t *testing.T) {
	b := newBrowser(t)
	form := b.fill(approved)
	b.Advance(pay.DefaultTTL)
	b.sees(b.follow(post(b.h, b.path, form)), pageExpired)
	form.Set(fieldNumber, "no card at all")
	b.sees(b.follow(post(b.h, b.path, form)), pageExpired)
	if n := len(b.payments()); n != 0 {
		t.Errorf("%d payments", n)
	}
}

// TestPay_Mistakes: what cannot be right is answered at once, costs nothing, and shows no secret.
func TestPay_Mistakes(t *testing.T) {
	b := newBrowser(t)
	form := b.fill("4242 4242 4242 4241")
	form.Set(fieldCVC, "98765")
	form.Set(fieldHolder, `Ama "Nana" Mensah`)
	w := post(b.h, b.path, form)
	body := b.sees(w, pageForm)
	if w.Code != http.StatusUnprocessableEntity || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	for _, want := range []string{
		"<title>Error: Pay by card", `<a href="#number">`, `<a href="#cvc">`, `value="12 / 34"`,
		`value="Ama &#34;Nana&#34; Mensah"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in %s", want, body)
		}
	}
	if strings.Count(body, `aria-invalid="true"`) != 2 {
		t.Errorf("not two wrong fields: %s", body)
	}
	for _, never := range []string{"4242", "98765"} {
		if strings.Contains(body, never) {
			t.Errorf("%s came back", never)
		}
	}
	if len(b.payments()) != 0 || b.Session(b.id).State != pay.SessionOpen {
		t.Error("a mistake left a trace")
	}
}

func TestPay_BadNonce(t *testing.T) {
	b := newBrowser(t)
	for _, nonce := range []string{"", "x", strings.Repeat("a", 200), strings.Repeat("\x00", 26)} {
		form := b.fill(approved)
		form.Set(fieldNonce, nonce)
		if w := post(b.h, b.path, form); w.Code != http.StatusUnprocessableEntity {
			t.Errorf("%q: %d", nonce, w.Code)
		}
	}
	if n := len(b.payments()); n != 0 {
		t.Errorf("%d payments", n)
	}
}

// TestDoubleClick sends one form many times at once.
func TestDoubleClick(t *testing.T) {
	for _, number := range []string{approved, declined, challenge, lateYes} {
		b := browse(t, paytest.Open(t, paytest.Options{Real: true}))
		form := b.fill(number)
		var clicks sync.WaitGroup
		for range 8 {
			clicks.Go(func() {
				if w := post(b.h, b.path, form); w.Code != http.StatusSeeOther {
					t.Errorf("%s: %d %s", number, w.Code, w.Body)
				}
			})
		}
		clicks.Wait()
		if n := len(b.payments()); n != 1 {
			t.Errorf("%s: %d payments", number, n)
		}
	}
}

// TestDoubleClick_OtherCard: a form that comes back from the browser's memory with another card is
// still the same attempt; the page tells what became of it and offers a new form.
func TestDoubleClick_OtherCard(t *testing.T) {
	b := newBrowser(t)
	form := b.fill(declined)
	b.sees(b.follow(post(b.h, b.path, form)), pageForm)
	form.Set(fieldNumber, approved)
	b.sees(b.follow(post(b.h, b.path, form)), pageForm)
	if n := len(b.payments()); n != 1 {
		t.Errorf("%d payments", n)
	}
}

// TestTwoTabs sends two renderings of the form at once.
func TestTwoTabs(t *testing.T) {
	b := browse(t, paytest.Open(t, paytest.Options{Real: true}))
	forms := []url.Values{b.fill(approved), b.fill(approved)}
	if forms[0].Get(fieldNonce) == forms[1].Get(fieldNonce) {
		t.Fatal("two renderings carry one nonce")
	}
	var tabs sync.WaitGroup
	for _, form := range forms {
		tabs.Go(func() {
			if w := post(b.h, b.path, form); w.Code != http.StatusSeeOther {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
	tabs.Wait()
	b.sees(get(b.h, b.path), pagePaid)
	if n := len(b.payments()); n != 1 {
		t.Errorf("%d payments", n)
	}
}

func TestChallenge(t *testing.T) {
	for name, c := range map[string]struct {
		answer pay.Decision
		page   string
		text   string
	}{
		"approved": {pay.Approve, pagePaid, "Payment successful"},
		"refused":  {pay.Reject, pageForm, "could not confirm that it is you"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBrowser(t)
			body := b.sees(b.pay(challenge), pageAction)
			if !strings.Contains(body, `href="`+paytest.BaseURL+`/sim/card/challenge/`) {
				t.Fatalf("no way to the bank: %s", body)
			}
			b.decide(c.answer)
			w := b.follow(get(b.h, b.step("return")))
			if body := b.sees(w, c.page); !strings.Contains(body, c.text) {
				t.Errorf("no %q in %s", c.text, body)
			}
		})
	}
}

// decide answers the challenge at the issuer, without telling us.
func (b *browser) decide(d pay.Decision) {
	b.T.Helper()
	p := b.payments()[0]
	ref := pay.Ref{Scope: p.Scope(), PaymentID: p.ID, Now: b.Clock.Now()}
	if err := b.Card.Decide(context.Background(), ref, d); err != nil {
		b.T.Fatal(err)
	}
}

// TestChallenge_ComesBackUndecided: the buyer who turns round at the bank is not thrown back to it.
func TestChallenge_ComesBackUndecided(t *testing.T) {
	b := newBrowser(t)
	b.pay(challenge)
	w := get(b.h, b.step("return"))
	if to := w.Header().Get("Location"); to != b.path {
		t.Errorf("sent to %q", to)
	}
	b.sees(b.follow(w), pageAction)
	b.sees(b.follow(get(b.h, b.step("return"))), pageAction)
}

func TestReturn_WithoutPayment(t *testing.T) {
	b := newBrowser(t)
	b.sees(b.follow(get(b.h, b.step("return"))), pageForm)
}

func TestCancel(t *testing.T) {
	b := newBrowser(t)
	body := b.sees(b.pay(challenge), pageAction)
	if !strings.Contains(body, `name="payment" value="`+b.payments()[0].ID+`"`) {
		t.Fatalf("the form names no payment: %s", body)
	}
	b.sees(b.follow(post(b.h, b.step("cancel"), url.Values{fieldPayment: {"pay_other"}})), pageAction)
	form := url.Values{fieldPayment: {b.payments()[0].ID}}
	text := b.sees(b.follow(post(b.h, b.step("cancel"), form)), pageForm)
	if !strings.Contains(text, "You stopped the last payment.") {
		t.Errorf("the page does not say what happened: %s", text)
	}
	b.sees(b.pay(approved), pagePaid)
	b.sees(b.follow(post(b.h, b.step("cancel"), form)), pagePaid)
}

// TestCancel_TooLate: the payer has approved at the bank and we do not know it yet.
func TestCancel_TooLate(t *testing.T) {
	b := newBrowser(t)
	b.pay(challenge)
	b.decide(pay.Approve)
	form := url.Values{fieldPayment: {b.payments()[0].ID}}
	b.sees(b.follow(post(b.h, b.step("cancel"), form)), pagePaid)
}

// TestUnknown: while the outcome is unknown the page says so, whatever is clicked.
func TestUnknown(t *testing.T) {
	for name, c := range map[string]struct{ number, end string }{
		"late yes": {lateYes, pagePaid}, "late no": {lateNo, pageForm},
		"reply lost": {replyLost, pagePaid},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBrowser(t)
			form := b.fill(c.number)
			b.sees(b.follow(post(b.h, b.path, form)), pageWaiting)
			b.sees(b.follow(post(b.h, b.path, form)), pageWaiting)
			b.sees(get(b.h, b.path), pageWaiting)
			b.Advance(time.Minute)
			b.sees(get(b.h, b.path), c.end)
			if n := len(b.payments()); n != 1 {
				t.Errorf("%d payments", n)
			}
		})
	}
}

func TestReview(t *testing.T) {
	b := newBrowser(t)
	body := b.sees(b.pay(wrongTotal), pageWaiting)
	if !strings.Contains(body, "longer than usual") {
		t.Errorf("nothing is said about the delay: %s", body)
	}
}

func TestAttempts(t *testing.T) {
	w := paytest.New(t)
	now := paytest.Epoch
	p := newPages(t, w.Pay, func(d *Deps) {
		d.IDs, d.Attempts, d.Now = w.IDs, 3, func() time.Time { return now }
		d.ClientIP = func(r *http.Request) string { return r.Header.Get("Test-IP") }
	})
	try := func(ip, number string) *httptest.ResponseRecorder {
		t.Helper()
		b := &browser{T: t, World: w, h: handlerOf(p), id: w.Open().ID}
		b.path = strings.TrimPrefix(w.Pay.PageURL(b.id), paytest.BaseURL)
		return post(b.h, b.path, b.fill(number), "Test-IP", ip)
	}
	for range 5 {
		if w := try("192.0.2.1", "4242 4242 4242 4241"); w.Code != http.StatusUnprocessableEntity {
			t.Fatalf("a typing mistake: %d", w.Code)
		}
	}
	for i := range 3 {
		if w := try("192.0.2.1", approved); w.Code != http.StatusSeeOther {
			t.Fatalf("attempt %d: %d", i+1, w.Code)
		}
	}
	now = now.Add(4*time.Minute + time.Second)
	refused := try("192.0.2.1", approved)
	if refused.Code != http.StatusTooManyRequests || refused.Header().Get("Retry-After") != "359" ||
		!strings.Contains(refused.Body.String(), "Wait 6 minutes and try again.") {
		t.Errorf("%d, Retry-After %q: %s", refused.Code, refused.Header().Get("Retry-After"),
			refused.Body)
	}
	if w := try("192.0.2.2", approved); w.Code != http.StatusTooManyRequests {
		t.Errorf("another address with the same card: %d", w.Code)
	}
	if w := try("192.0.2.2", "5555555555554444"); w.Code != http.StatusSeeOther {
		t.Errorf("another address with another card: %d", w.Code)
	}
	now = now.Add(6 * time.Minute)
	if w := try("192.0.2.1", approved); w.Code != http.StatusSeeOther {
		t.Errorf("after the wait: %d", w.Code)
	}
}

// TestCard_IsCleared looks at the card as the core received it, after the page is done with it.
func TestCard_IsCleared(t *testing.T) {
	w := paytest.New(t)
	spy := &spy{Service: w.Pay}
	b := &browser{T: t, World: w, h: handlerOf(newPages(t, spy)), id: w.Open().ID}
	b.path = strings.TrimPrefix(w.Pay.PageURL(b.id), paytest.BaseURL)
	b.sees(b.pay(approved), pagePaid)
	if spy.code != "123" {
		t.Fatalf("the core was given the code %q", spy.code)
	}
	if !spy.cvc.IsZero() {
		t.Error("the security code is still in memory")
	}
}

// spy is the real core; it keeps hold of the security code it is given.
type spy struct {
	*pay.Service
	cvc  secret.CVV
	code string
}

func (s *spy) Pay(
	ctx context.Context, c pay.Caller, o *pay.Once[pay.Payment], r pay.PayRequest,
) (pay.Payment, pay.Reply, error) {
	s.cvc, s.code = r.Method.Card.CVC, string(r.Method.Card.CVC.Reveal())
	return s.Service.Pay(ctx, c, o, r)
}

// TestForm_IsWiped keeps hold of the memory that the form was read into.
func TestForm_IsWiped(t *testing.T) {
	for name, number := range map[string]string{"paid": approved, "mistyped": "4242 4242 4242 4241"} {
		b := newBrowser(t)
		body := &leak{r: strings.NewReader(b.fill(number).Encode())}
		r := httptest.NewRequest(http.MethodPost, b.path, body)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		b.h.ServeHTTP(httptest.NewRecorder(), r)
		if len(body.seen) == 0 {
			t.Fatalf("%s: nothing was read", name)
		}
		for _, p := range body.seen {
			if left := bytes.Trim(p, "\x00"); len(left) != 0 {
				t.Errorf("%s: left in memory: %q", name, left)
			}
		}
	}
}

// leak is a body that remembers where it was read to.
type leak struct {
	r    *strings.Reader
	seen [][]byte
}

func (l *leak) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if n > 0 {
		l.seen = append(l.seen, p[:n])
	}
	return n, err
}

func TestGet_ChangesNothing(t *testing.T) {
	b := newBrowser(t)
	before := b.Session(b.id)
	for _, step := range []string{"", "return", "status", "wait"} {
		target := b.path
		if step != "" {
			target = b.step(step)
		}
		get(b.h, target)
		get(b.h, target+"&go=1&number=4242424242424242&payment=x")
	}
	if after := b.Session(b.id); after.Version != before.Version || len(b.payments()) != 0 {
		t.Errorf("%+v became %+v", before, after)
	}
}
