package hosted

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"rsc.io/qr"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/rail/momo"
)

// Numbers of docs/test-values.md.
const (
	asked        = "024 123 4567"
	askedByCode  = "024 123 0010"
	moved        = "024 123 0007"
	outOfOrder   = "024 123 0009"
	paidTooLate  = "024 123 0022"
	poorWallet   = "024 123 0001"
	anotherShops = "+233 20 123 4567"
)

// fillOther opens the page of a method and fills its form.
func (b *browser) fillOther(method string, values ...string) url.Values {
	b.T.Helper()
	body := get(b.h, b.path+"&method="+method).Body.String()
	m := nonceField.FindStringSubmatch(body)
	if m == nil || !strings.Contains(body, `name="method" value="`+method+`"`) {
		b.T.Fatalf("no form for %s: %s", method, body)
	}
	form := url.Values{fieldMethod: {method}, fieldNonce: {m[1]}}
	for i := 0; i+1 < len(values); i += 2 {
		form.Set(values[i], values[i+1])
	}
	return form
}

func (b *browser) payByPhone(phone, provider string) *httptest.ResponseRecorder {
	b.T.Helper()
	form := b.fillOther(pay.MethodMobile, fieldPhone, phone, fieldProvider, provider)
	return b.follow(post(b.h, b.path, form))
}

func (b *browser) payByBank() *httptest.ResponseRecorder {
	b.T.Helper()
	return b.follow(post(b.h, b.path, b.fillOther(pay.MethodBank)))
}

// act sends one of the forms of a waiting page.
func (b *browser) act(step string, values ...string) *httptest.ResponseRecorder {
	b.T.Helper()
	form := url.Values{fieldPayment: {b.payments()[0].ID}}
	for i := 0; i+1 < len(values); i += 2 {
		form.Set(values[i], values[i+1])
	}
	return post(b.h, b.step(step), form)
}

func (b *browser) deposit(minor int64) {
	b.T.Helper()
	ctx := context.Background()
	if _, err := b.Pay.Deposit(ctx, b.Shop, b.payments()[0].ID, minor); err != nil {
		b.T.Fatal(err)
	}
}

func (b *browser) settle(how pay.Settlement) {
	b.T.Helper()
	_, _, err := b.Pay.SettlePayment(context.Background(), b.Shop, nil, b.payments()[0].ID, how)
	if err != nil {
		b.T.Fatal(err)
	}
	b.Work()
}

// says checks that a text stands on the page.
func (b *browser) says(w *httptest.ResponseRecorder, name, text string) {
	b.T.Helper()
	if body := plainText(b.sees(w, name)); !strings.Contains(body, text) {
		b.T.Errorf("no %q in %s", text, body)
	}
}

// plainText takes the marks out of a page that keep amounts on one line.
func plainText(s string) string { return strings.ReplaceAll(unescaped(s), "\u00a0", " ") }

func (b *browser) look() *httptest.ResponseRecorder { return get(b.h, b.path) }

// TestChoice: one method goes straight to its form, several are links to forms of one session.
func TestChoice(t *testing.T) {
	current := regexp.MustCompile(`href="([^"]*)" aria-current="true"`)
	for _, c := range []struct {
		offered     []string
		asked, want string
		links       int
	}{
		{[]string{pay.MethodCard}, "", pay.MethodCard, 0},
		{[]string{pay.MethodMobile}, "", pay.MethodMobile, 0},
		{[]string{pay.MethodBank}, pay.MethodCard, pay.MethodBank, 0},
		{everyMethod, "", pay.MethodCard, 3},
		{everyMethod, pay.MethodBank, pay.MethodBank, 3},
		{everyMethod, "cash", pay.MethodCard, 3},
	} {
		v := openSession()
		v.Methods = c.offered
		body := get(handlerOf(newPages(t, &stage{view: v})), stagePath+"&method="+c.asked).Body.String()
		if !strings.Contains(body, `name="method" value="`+c.want+`"`) {
			t.Errorf("%v, asked %q: not %s in %s", c.offered, c.asked, c.want, body)
		}
		if n := strings.Count(body, `class="way"`); n != c.links {
			t.Errorf("%v: %d links, want %d", c.offered, n, c.links)
		}
		m := current.FindStringSubmatch(body)
		if c.links > 0 && (m == nil || !strings.HasSuffix(m[1], "&amp;method="+c.want)) {
			t.Errorf("%v, asked %q: current is %v", c.offered, c.asked, m)
		}
	}
}

// TestChoice_ForgetsWhatWasRead: another method chosen, the last decline has been read.
func TestChoice_ForgetsWhatWasRead(t *testing.T) {
	v := openSession()
	offering(everyMethod, failed(pay.DeclineGeneric))(&v)
	h := handlerOf(newPages(t, &stage{view: v}))
	for method, want := range map[string]bool{"": true, pay.MethodCard: true, pay.MethodBank: false} {
		body := get(h, stagePath+"&method="+method).Body.String()
		if got := strings.Contains(body, "did not go through"); got != want {
			t.Errorf("%q: the decline is told: %v", method, got)
		}
	}
}

func TestMethod_NotOffered(t *testing.T) {
	b := newBrowser(t, func(r *pay.OpenSession) { r.Methods = []string{pay.MethodCard} })
	for _, method := range []string{pay.MethodMobile, pay.MethodBank, "cash", ""} {
		form := b.fill(approved)
		form.Set(fieldMethod, method)
		form.Set(fieldPhone, asked)
		w := post(b.h, b.path, form)
		b.says(w, pageForm, "this one is no longer available")
		if w.Code != http.StatusUnprocessableEntity || len(b.payments()) != 0 {
			t.Errorf("%q: %d, %d payments", method, w.Code, len(b.payments()))
		}
	}
}

func TestMobile(t *testing.T) {
	b := newBrowser(t)
	w := b.payByPhone(asked, "")
	b.says(w, pagePrompt, "MTN Mobile Money is asking for your approval on 024 ••• ••67.")
	if strings.Contains(w.Body.String(), "4567") {
		t.Error("the number is shown in full")
	}
	ctx := context.Background()
	if _, err := b.Pay.Answer(ctx, b.Shop, b.payments()[0].ID, pay.Approve); err != nil {
		t.Fatal(err)
	}
	b.says(b.look(), pagePaid, "024 ••• ••67")
}

// TestMobile_Networks: the payer decides; the prefix does when nothing is chosen.
func TestMobile_Networks(t *testing.T) {
	for _, c := range []struct{ phone, chosen, want string }{
		{asked, "", "mtn"}, {anotherShops, "", "telecel"}, {"0271234567", "", "airteltigo"},
		{asked, "telecel", "telecel"}, {"0991234567", "mtn", "mtn"}, {asked, "nonsense", "mtn"},
		{"٠٢٤ ١٢٣ ٤٥٦٧", "", "mtn"},
	} {
		b := newBrowser(t)
		b.sees(b.payByPhone(c.phone, c.chosen), pagePrompt)
		if got := b.payments()[0].Mobile.Provider; got != c.want {
			t.Errorf("%s with %q: %s, want %s", c.phone, c.chosen, got, c.want)
		}
	}
}

func TestMobile_Mistakes(t *testing.T) {
	for _, c := range []struct{ phone, provider, want string }{
		{"", "mtn", "Enter your mobile money number"},
		{"0241", "", "Check the number"},
		{"my phone", "mtn", "Check the number"},
		{"0991234567", "", "Choose the network of this number"},
	} {
		b := newBrowser(t)
		form := b.fillOther(pay.MethodMobile, fieldPhone, c.phone, fieldProvider, c.provider)
		w := post(b.h, b.path, form)
		b.says(w, pageForm, c.want)
		body := w.Body.String()
		if w.Code != http.StatusUnprocessableEntity || len(b.payments()) != 0 ||
			!strings.Contains(body, "<title>Error: Pay by mobile money") ||
			!strings.Contains(body, `value="`+c.phone+`"`) {
			t.Errorf("%q: %d %s", c.phone, w.Code, body)
		}
	}
}

// TestMobile_Prefilled: with the number the shop knows, then with the one that was tried; a network
// that was wrong is left open, and the prefix does not choose it again.
func TestMobile_Prefilled(t *testing.T) {
	b := newBrowser(t, func(r *pay.OpenSession) { r.CustomerPhone = anotherShops })
	chosen := func(w *httptest.ResponseRecorder) string {
		m := regexp.MustCompile(`value="(\w+)" data-prefixes="[0-9 ]+" checked`).
			FindStringSubmatch(w.Body.String())
		if m == nil {
			return ""
		}
		return m[1]
	}
	w := get(b.h, b.path+"&method="+pay.MethodMobile)
	if b.says(w, pageForm, `value="020 123 4567"`); chosen(w) != "telecel" {
		t.Errorf("the network is %q", chosen(w))
	}
	for phone, want := range map[string]string{
		poorWallet: "mtn", moved: "", outOfOrder: "",
	} {
		w := b.payByPhone(phone, "mtn")
		if b.says(w, pageForm, `value="`+phone+`"`); chosen(w) != want {
			t.Errorf("%s: the network is %q, want %q", phone, chosen(w), want)
		}
		if want == "" {
			form := b.fillOther(pay.MethodMobile, fieldPhone, phone)
			b.says(post(b.h, b.path, form), pageForm, "Choose the network of this number")
		}
	}
	b.sees(b.payByPhone(moved, "telecel"), pagePrompt)
}

func TestMobile_StrangersNumbersAreNotPrefilled(t *testing.T) {
	b := newBrowser(t, func(r *pay.OpenSession) { r.CustomerPhone = "+49 170 1234567" })
	w := get(b.h, b.path+"&method="+pay.MethodMobile)
	if strings.Contains(b.sees(w, pageForm), "170") {
		t.Error("a number that has no wallet here is offered")
	}
}

func TestMobile_RunsOutAndComesLate(t *testing.T) {
	b := newBrowser(t)
	b.sees(b.payByPhone(paidTooLate, ""), pagePrompt)
	b.Advance(momo.PromptTTL + time.Second)
	w := b.look()
	b.says(w, pageForm, "was not answered in time")
	if strings.Contains(w.Body.String(), "not been charged") {
		t.Error("the page promises what it cannot know")
	}
	b.Advance(5 * time.Minute)
	b.sees(b.look(), pageLate)
}

func TestCode(t *testing.T) {
	b := newBrowser(t)
	b.says(b.payByPhone(askedByCode, ""), pageCode, "a one-time code to 024 ••• ••10")
	prompts, err := b.Pay.Prompts(context.Background(), b.Shop)
	if err != nil || len(prompts) != 1 {
		t.Fatal(prompts, err)
	}
	for typed, want := range map[string]string{
		"": "Enter the code", "12a4": "digits only", strings.Repeat("1", 20): "digits only",
		"1": "this one is not right",
	} {
		w := b.act("code", fieldCode, typed)
		b.says(w, pageCode, want)
		if w.Code != http.StatusUnprocessableEntity {
			t.Errorf("%q: %d", typed, w.Code)
		}
	}
	other := url.Values{fieldPayment: {"pay_other"}, fieldCode: {prompts[0].Code}}
	b.sees(b.follow(post(b.h, b.step("code"), other)), pageCode)
	right := prompts[0].Code[:3] + " " + prompts[0].Code[3:]
	b.sees(b.follow(b.act("code", fieldCode, right)), pagePaid)
	b.sees(b.follow(b.act("code", fieldCode, right)), pagePaid)
}

func TestCode_WrongTooOften(t *testing.T) {
	b := newBrowser(t)
	b.sees(b.payByPhone(askedByCode, ""), pageCode)
	b.sees(b.act("code", fieldCode, "1"), pageCode)
	b.sees(b.act("code", fieldCode, "1"), pageCode)
	b.says(b.follow(b.act("code", fieldCode, "1")), pageForm, "The code was wrong too often.")
}

func TestResend(t *testing.T) {
	for phone, page := range map[string]string{asked: pagePrompt, askedByCode: pageCode} {
		b := newBrowser(t)
		b.sees(b.payByPhone(phone, ""), page)
		for range 3 {
			b.says(b.follow(b.act("resend")), page, "It was sent again.")
		}
		w := b.follow(b.act("resend"))
		b.says(w, page, "as often as the network allows")
		if strings.Contains(w.Body.String(), "/resend?") {
			t.Errorf("%s: the button is still there", page)
		}
		stranger := url.Values{fieldPayment: {"pay_other"}}
		if to := post(b.h, b.step("resend"), stranger).Header().Get("Location"); to != b.path {
			t.Errorf("another payment's form is sent to %q", to)
		}
	}
}

func TestOtherWay(t *testing.T) {
	b := newBrowser(t)
	b.sees(b.payByPhone(asked, ""), pagePrompt)
	w := b.follow(b.act("cancel"))
	b.says(w, pageForm, "You stopped the last payment. You have not been charged.")
	b.says(w, pageForm, `name="method" value="card"`)
	b.sees(b.payByBank(), pageTransfer)
	b.says(b.follow(b.act("cancel")), pageForm, "If you have already sent it, do not pay again")
	b.sees(b.pay(approved), pagePaid)
}

func TestTransfer(t *testing.T) {
	b := newBrowser(t)
	w := b.payByBank()
	ref := b.payments()[0].Transfer.Reference
	b.says(w, pageTransfer, `data-copy="`+ref+`"`)
	b.says(w, pageTransfer, `data-copy="50.00"`)
	b.says(w, pageTransfer, "Send the money within 24 hours")
	b.deposit(3000)
	w = b.look()
	b.says(w, pageUnderpaid, "We received GHS 30.00. GHS 20.00 is missing.")
	b.says(w, pageUnderpaid, `data-copy="20.00"`)
	b.sees(b.follow(b.act("cancel")), pageUnderpaid) // the money is the merchant's to decide about
	b.deposit(2000)
	b.sees(b.look(), pagePaid)
	b.deposit(1000)
	b.says(b.look(), pagePaid, "In all you sent GHS 10.00 more than was asked.")
}

func TestTransfer_Settled(t *testing.T) {
	for _, c := range []struct {
		brought    int64
		how        pay.Settlement
		page, text string
	}{
		{3000, pay.SettleAccept, pagePaid, "GHS 30.00"},
		{3000, pay.SettleRefund, pageForm, "is returning the GHS 30.00 that you sent."},
		{7000, pay.SettleAccept, pagePaid, "GHS 70.00"},
		{7000, pay.SettleRefund, pagePaid, "GHS 20.00"}, // refunded
	} {
		b := newBrowser(t)
		b.payByBank()
		b.deposit(c.brought)
		if c.brought > 5000 {
			b.says(b.look(), pageOverpaid, "That is GHS 20.00 more than the GHS 50.00")
		}
		b.settle(c.how)
		b.says(b.look(), c.page, c.text)
	}
}

func TestTransfer_NeverComes(t *testing.T) {
	b := newBrowser(t)
	b.payByBank()
	b.Advance(pay.DefaultTTL + time.Minute)
	b.says(b.look(), pageExpired, "If you have already sent money")
	b.deposit(5000)
	b.sees(b.look(), pageLate)
}

// TestTransfer_Wait: without scripts nobody's page is loaded again while they copy from it.
func TestTransfer_Wait(t *testing.T) {
	w := watch(t, endless)
	body := w.payByBank().Body.String()
	m := regexp.MustCompile(`content="0;url=([^"]+)"`).FindStringSubmatch(body)
	if m == nil {
		t.Fatalf("the page does not wait: %s", body)
	}
	wait := strings.ReplaceAll(m[1], "&amp;", "&")
	if got := get(w.h, wait); got.Code != http.StatusNoContent || got.Body.Len() != 0 {
		t.Errorf("no news: %d %s", got.Code, got.Body)
	}
	w.deposit(3000)
	w.sees(w.follow(get(w.h, wait)), pageUnderpaid)
}

// TestFresh: whoever comes back from the bank's app is told what the bank knows, though nobody has
// told us; but the bank is not asked again and again.
func TestFresh(t *testing.T) {
	now := paytest.Epoch
	w := paytest.New(t)
	b := browse(t, w)
	b.h = handlerOf(newPages(t, w.Pay, func(d *Deps) {
		d.IDs, d.Now = w.IDs, func() time.Time { return now }
	}))
	b.payByBank()
	send := func(minor int64) {
		p := b.payments()[0]
		ref := pay.Ref{Scope: p.Scope(), PaymentID: p.ID, Now: w.Clock.Now()}
		if err := w.Bank.Deposit(context.Background(), ref, paytest.GHS(minor)); err != nil {
			t.Fatal(err)
		}
	}
	state := func(query, want string) {
		t.Helper()
		got := get(b.h, b.step("status")+query).Body.String()
		if !strings.Contains(got, `"state":"`+want+`"`) {
			t.Errorf("%q: %s, want %s", query, got, want)
		}
	}
	send(1000)
	state("", pageTransfer)
	state("&fresh=1", pageUnderpaid)
	send(4000)
	state("&fresh=1", pageUnderpaid)
	now = now.Add(askEvery)
	state("&fresh=1", pagePaid)
}

func TestQR(t *testing.T) {
	b := newBrowser(t)
	src := regexp.MustCompile(`<img src="([^"]+)"`).FindStringSubmatch(b.payByBank().Body.String())
	if src == nil {
		t.Fatal("no picture")
	}
	w := get(b.h, strings.ReplaceAll(src[1], "&amp;", "&"))
	body := w.Body.String()
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "image/svg+xml" ||
		!strings.HasPrefix(body, "<svg ") || len(body) > 20<<10 || strings.Contains(body, "script") {
		t.Errorf("%d, %d bytes, %v", w.Code, len(body), w.Header())
	}
	t.Logf("the picture: %d bytes", len(body))
	wrong := strings.Replace(b.step("qr.svg"), "key=", "key=0", 1)
	if w := get(b.h, wrong); w.Code != http.StatusNotFound {
		t.Errorf("with a wrong key: %d", w.Code)
	}
}

// TestQR_Draw paints the path again and holds it against the code, module by module.
func TestQR_Draw(t *testing.T) {
	c, err := qr.Encode("http://127.0.0.1:8080"+stagePath, qr.L)
	if err != nil {
		t.Fatal(err)
	}
	black := map[[2]int]bool{}
	for _, m := range regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1`).FindAllStringSubmatch(draw(c), -1) {
		var x, y, run int
		if _, err := fmt.Sscan(m[1]+" "+m[2]+" "+m[3], &x, &y, &run); err != nil {
			t.Fatal(err)
		}
		for i := range run {
			black[[2]int{x + i - quiet, y - quiet}] = true
		}
	}
	for y := range c.Size {
		for x := range c.Size {
			if black[[2]int{x, y}] != c.Black(x, y) {
				t.Fatalf("module %d, %d is drawn as %v", x, y, black[[2]int{x, y}])
			}
		}
	}
}

// TestCounter: the other side of the counter is shown in test mode, and never to live payers.
func TestCounter(t *testing.T) {
	for _, s := range settings() {
		for _, mode := range []pay.Mode{pay.Test, pay.Live} {
			v := openSession()
			s.setup(&v)
			v.Session.Mode = mode
			body := get(handlerOf(newPages(t, &stage{view: v})), stagePath).Body.String()
			got := strings.Contains(body, "/sim/session/"+stageID+"?key="+stageKey)
			want := mode == pay.Test && hasCounter(s.page)
			if got != want {
				t.Errorf("%s in mode %v: %v", s.name, mode, got)
			}
		}
	}
}

// TestAttempts_Phones: one phone is not made to ring without end, whoever asks.
func TestAttempts_Phones(t *testing.T) {
	w := paytest.New(t)
	h := handlerOf(newPages(t, w.Pay, func(d *Deps) {
		d.IDs, d.Attempts = w.IDs, 2
		d.ClientIP = func(r *http.Request) string { return r.Header.Get("Test-IP") }
	}))
	for i, c := range []struct {
		ip, phone string
		want      int
	}{
		{"192.0.2.1", asked, http.StatusSeeOther}, {"192.0.2.2", "+233241234567", http.StatusSeeOther},
		{"192.0.2.3", asked, http.StatusTooManyRequests},
		{"192.0.2.3", anotherShops, http.StatusSeeOther},
	} {
		b := &browser{T: t, World: w, h: h, id: w.Open().ID}
		b.path = strings.TrimPrefix(w.Pay.PageURL(b.id), paytest.BaseURL)
		form := b.fillOther(pay.MethodMobile, fieldPhone, c.phone)
		if got := post(h, b.path, form, "Test-IP", c.ip); got.Code != c.want {
			t.Errorf("attempt %d: %d, want %d", i+1, got.Code, c.want)
		}
	}
}

func TestInWords(t *testing.T) {
	for left, want := range map[time.Duration]struct {
		n    int
		unit string
	}{
		72 * time.Hour: {3, unitDays}, 47*time.Hour + 59*time.Minute: {47, unitHours},
		2 * time.Hour: {2, unitHours}, 119 * time.Minute: {119, unitMinutes},
		90 * time.Second: {1, unitMinutes}, time.Second: {1, unitMinutes}, -time.Hour: {1, unitMinutes},
	} {
		if n, unit := inWords(left); n != want.n || unit != want.unit {
			t.Errorf("%s: %d %s, want %v", left, n, unit, want)
		}
	}
}
