package hosted

import (
	"context"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/terms"
)

// monthly makes the session the first of a series: GHS 50.00 a month, charged by the server.
func monthly(r *pay.OpenSession) {
	every := terms.Recurrence{Unit: terms.Month, Interval: 1}
	r.Series, r.CustomerEmail = pay.SeriesFirst, "ama@example.com"
	r.Offer.Terms = &terms.Terms{
		Kind: terms.Scheduled, Amount: terms.Amount{Exact: 5000}, Recurrence: &every,
	}
	r.Offer.Schedule = &terms.Schedule{Recurrence: every, Start: start(), Amount: 5000}
}

// start is the first day of the schedule: next year's first in the world's time.
func start() terms.Date { return terms.Date{Year: 2027, Month: 1, Day: 15} }

// customer adds a customer of the shop and lets a session be theirs.
func (b *browser) customer() func(*pay.OpenSession) {
	b.T.Helper()
	cu, _, err := b.Pay.CreateCustomer(context.Background(), b.Shop, nil,
		pay.Customer{Email: "ama@example.com"})
	if err != nil {
		b.T.Fatal(err)
	}
	return func(r *pay.OpenSession) { r.CustomerID = cu.ID }
}

// next opens another session in the same world.
func (b *browser) next(change ...func(*pay.OpenSession)) *browser {
	b.T.Helper()
	return browse(b.T, b.World, change...)
}

// sends sends a form of the page with the fields added, and returns what it leads to.
func (b *browser) sends(fields url.Values) string {
	b.T.Helper()
	form := b.fill(approved)
	for name, values := range fields {
		form[name] = values
	}
	return b.follow(post(b.h, b.path, form)).Body.String()
}

func (b *browser) methods(customer string) []pay.SavedMethod {
	b.T.Helper()
	all, _, err := b.Pay.SavedMethods(context.Background(), b.Shop, pay.MethodFilter{
		Page: pay.Page{Limit: 10}, CustomerID: customer,
	})
	if err != nil {
		b.T.Fatal(err)
	}
	return all
}

func prompting(r *pay.OpenSession) { r.Offer.Save = pay.SavePrompt }

// TestSaved: what a customer keeps is offered the next time, and pays by one choice.
func TestSaved(t *testing.T) {
	b := newBrowser(t)
	theirs := b.customer()
	first := b.next(theirs, prompting)
	form := get(first.h, first.path).Body.String()
	if !strings.Contains(form, `type="checkbox" name="save" value="1">`) {
		t.Fatalf("no empty box to tick: %s", form)
	}
	first.sees(first.follow(post(first.h, first.path, first.fill(approved))), pagePaid)
	customer := first.Session(first.id).CustomerID
	if all := b.methods(customer); len(all) != 0 {
		t.Fatalf("a box that was not ticked saved %v", all)
	}

	second := b.next(theirs, prompting)
	body := second.sends(url.Values{fieldSave: {"1"}})
	if !strings.Contains(body, "Your card is saved for next time.") {
		t.Errorf("nobody says that the card is kept: %s", body)
	}
	all := b.methods(customer)
	if len(all) != 1 {
		t.Fatalf("%d methods are saved", len(all))
	}

	third := b.next(theirs)
	body = third.sees(get(third.h, third.path), pageForm)
	for _, want := range []string{
		"Visa ••••\u00a04242", `value="` + all[0].ID + `" checked`, "Or pay another way",
		"12 / 34", "method=card",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q on %s", want, body)
		}
	}
	if strings.Contains(body, `name="number"`) {
		t.Error("the card form is in the way")
	}
	third.sees(get(third.h, third.path+"&method=card"), pageForm)
	third.sees(third.follow(post(third.h, third.path, url.Values{
		fieldMethod: {methodSaved}, fieldSaved: {all[0].ID},
		fieldNonce: {third.fill(approved).Get(fieldNonce)},
	})), pagePaid)
	if p := third.payments()[0]; p.MethodID != all[0].ID || p.OffSession {
		t.Errorf("paid with %q, off session %v", p.MethodID, p.OffSession)
	}
}

// TestSaved_Wrong: a choice that is none, and the method of somebody else.
func TestSaved_Wrong(t *testing.T) {
	b := newBrowser(t)
	mine := b.customer()
	theirs := b.next(b.customer(), func(r *pay.OpenSession) { r.Offer.Save = pay.SaveAlways })
	theirs.pay(approved)
	stranger := b.methods(theirs.Session(theirs.id).CustomerID)[0].ID
	b.next(mine, func(r *pay.OpenSession) { r.Offer.Save = pay.SaveAlways }).pay(approved)

	third := b.next(mine)
	for choice, want := range map[string]string{
		"": "Choose one of your saved methods", "pm_nobody": "this one is no longer saved",
		stranger: "this one is no longer saved",
	} {
		w := post(third.h, third.path, url.Values{
			fieldMethod: {methodSaved}, fieldSaved: {choice},
			fieldNonce: {third.fill(approved).Get(fieldNonce)},
		})
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%q: %d %s", choice, w.Code, w.Body)
		}
	}
	if n := len(third.payments()); n != 0 {
		t.Errorf("%d payments were started", n)
	}
}

var agreementLines = func(body string) []string {
	_, rest, _ := strings.Cut(body, `<section class="agreement"`)
	section, _, _ := strings.Cut(rest, "</section>")
	var lines []string
	for _, part := range strings.Split(section, "<li>")[1:] {
		line, _, _ := strings.Cut(part, "</li>")
		lines = append(lines, html.UnescapeString(line))
	}
	return lines
}

// TestConsent_KeptAsShown: the words on the form are the words of the mandate, in every language,
// and on every method's form.
func TestConsent_KeptAsShown(t *testing.T) {
	for _, lang := range []string{"en", "fr"} {
		t.Run(lang, func(t *testing.T) {
			b := newBrowser(t, monthly)
			accept := []string{"Accept-Language", lang}
			body := get(b.h, b.path, accept...).Body.String()
			shown := agreementLines(body)
			if len(shown) < 3 {
				t.Fatalf("%d sentences on %s", len(shown), body)
			}
			mobile := get(b.h, b.path+"&method=mobile_money", accept...).Body.String()
			if got := agreementLines(mobile); strings.Join(got, "\n") != strings.Join(shown, "\n") {
				t.Errorf("the other form says %q", got)
			}
			form := b.fill(approved)
			form.Set(fieldLanguage, lang)
			// The browser has another language meanwhile; what was read counts.
			b.follow(post(b.h, b.path, form, "Accept-Language", "de"))
			m, err := b.Pay.Mandate(context.Background(), b.Shop, b.Session(b.id).MandateID)
			if err != nil {
				t.Fatal(err)
			}
			if m.Consent != strings.Join(shown, "\n") {
				t.Errorf("shown %q, kept %q", shown, m.Consent)
			}
		})
	}
}

func TestConsent_Button(t *testing.T) {
	b := newBrowser(t, monthly)
	if body := get(b.h, b.path).Body.String(); !strings.Contains(body, "GHS\u00a050.00 and agree<") {
		t.Errorf("the button does not say what it does: %s", body)
	}
}

// mandatePath is the payer's page of the mandate that the session gave.
func (b *browser) mandatePath() string {
	b.T.Helper()
	id := b.Session(b.id).MandateID
	if id == "" {
		b.T.Fatal("there is no mandate")
	}
	return strings.TrimPrefix(b.Pay.MandateURL(id), paytest.BaseURL)
}

// TestMandate: the payer reads what was agreed, asks to stop it, is asked back, and stops it.
func TestMandate(t *testing.T) {
	b := newBrowser(t, monthly)
	shown := agreementLines(get(b.h, b.path).Body.String())
	paid := b.sees(b.pay(approved), pagePaid)
	at := b.mandatePath()
	if !strings.Contains(paid, `href="`+html.EscapeString(at)+`"`) {
		t.Errorf("the paid page leads not to %s: %s", at, paid)
	}
	body := b.sees(get(b.h, at), pageMandate)
	for _, want := range append(shown, "Visa ••••\u00a04242", "15 January 2027", ">Active<") {
		if !strings.Contains(html.UnescapeString(body), want) {
			t.Errorf("no %q on %s", want, body)
		}
	}
	question := strings.Replace(at, "?", "/stop?", 1)
	b.sees(get(b.h, question), pageStop)
	if w := post(b.h, question, nil, "Sec-Fetch-Site", "cross-site"); w.Code != http.StatusForbidden {
		t.Errorf("another site stops it: %d", w.Code)
	}
	w := post(b.h, question, nil)
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != at {
		t.Fatalf("%d to %s", w.Code, w.Header().Get("Location"))
	}
	body = b.sees(get(b.h, at), pageMandate)
	if !strings.Contains(body, "You have stopped it.") || strings.Contains(body, "/stop?") {
		t.Errorf("it is not told as stopped: %s", body)
	}
	if w := get(b.h, question); w.Header().Get("Location") != at {
		t.Errorf("stopped twice: %d", w.Code)
	}
	if w := post(b.h, question, nil); w.Header().Get("Location") != at {
		t.Errorf("stopped twice: %d", w.Code)
	}
}

// TestMandate_Strangers: a wrong key, no key and an unknown mandate are one answer.
func TestMandate_Strangers(t *testing.T) {
	b := newBrowser(t, monthly)
	b.pay(approved)
	at := b.mandatePath()
	plain, _, _ := strings.Cut(at, "?")
	for _, target := range []string{
		plain, plain + "?key=wrong", plain + "/stop?key=wrong", "/mandates/", "/mandates/mdt_x?key=y",
	} {
		if w := get(b.h, target); w.Code != http.StatusNotFound ||
			!strings.Contains(w.Body.String(), "Page not found") {
			t.Errorf("%s: %d", target, w.Code)
		}
		if w := post(b.h, plain+"/stop?key=wrong", nil); w.Code != http.StatusNotFound {
			t.Errorf("POST: %d", w.Code)
		}
	}
	if body := get(b.h, at).Body.String(); !strings.Contains(body, ">Active<") {
		t.Error("a stranger stopped it")
	}
}

// TestMandate_Charges: what was charged is listed, with how it stands.
func TestMandate_Charges(t *testing.T) {
	b := newBrowser(t, func(r *pay.OpenSession) {
		r.Series, r.CustomerEmail = pay.SeriesFirst, "ama@example.com"
	})
	b.pay(approved)
	ses := b.Session(b.id)
	for minor, outcome := range map[int64]pay.Rehearsal{
		1200: pay.RehearseApprove, 1300: pay.Rehearsal(pay.DeclineInsufficientFunds),
	} {
		ctx := context.Background()
		if err := b.Pay.Rehearse(ctx, b.Shop, ses.MethodID, outcome); err != nil {
			t.Fatal(err)
		}
		_, _, err := b.Pay.Charge(ctx, b.Shop, nil, pay.ChargeRequest{
			Family: "checkout", Amount: paytest.GHS(minor), MandateID: ses.MandateID,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	body := html.UnescapeString(get(b.h, b.mandatePath()).Body.String())
	for _, want := range []string{
		"GHS\u00a012.00</span> <span class=\"charge charge-paid\">Paid",
		"GHS\u00a013.00</span> <span class=\"charge charge-failed\">Did not go through",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q on %s", want, body)
		}
	}
}

// standing is a mandate in one state, and what its page must say and must not.
type standing struct {
	name        string
	change      func(*pay.Mandate)
	says, never string
}

func TestMandate_States(t *testing.T) {
	monthly := &terms.Schedule{Amount: 5000}
	in := func(state pay.MandateState, reason string) func(*pay.Mandate) {
		return func(m *pay.Mandate) { m.State, m.Reason = state, reason }
	}
	for _, s := range []standing{
		{"active", in(pay.MandateActive, ""), "may charge you", "No more charges"},
		{"retrying", func(m *pay.Mandate) {
			m.Failures, m.Schedule = 1, monthly
			m.TryAt = stageNow.AddDate(0, 0, 3)
		}, "6 October 2026", "No more charges"},
		{"asked for a change", func(m *pay.Mandate) {
			m.Proposal = &pay.Proposal{Consent: "Third <i>.", ExpiresAt: stageNow.Add(time.Hour)}
		}, "<li>Third &lt;i&gt;.</li>", "No more charges"},
		{"active without a change", in(pay.MandateActive, ""), "may charge you", "for a change"},
		{"paused", in(pay.MandatePaused, "merchant"), "has paused it", "may charge you"},
		{"failed", in(pay.MandatePaused, "failures"), "did not go through", "may charge you"},
		{"stopped", in(pay.MandateCanceled, "payer"), "You have stopped it", "/stop?"},
		{"ended", in(pay.MandateCanceled, "merchant"), "has ended it", "/stop?"},
		{"forgotten", in(pay.MandateCanceled, "detached"), "no longer saved", "/stop?"},
		{"expired", in(pay.MandateExpired, ""), "Its time is over", "/stop?"},
		{"completed", in(pay.MandateCompleted, ""), "has been charged", "/stop?"},
	} {
		t.Run(s.name, func(t *testing.T) {
			v := pay.MandatePage{
				Mandate: pay.Mandate{
					ID: stageMandate, Mode: pay.Test, State: pay.MandateActive, Currency: "GHS",
					Consent: "First.\nSecond\u202e <b>.", CreatedAt: stageNow,
				},
				Method: visaAndMTN[1], Merchant: pay.Merchant{Name: "Ama’s Fabrics"}, Now: stageNow,
			}
			s.change(&v.Mandate)
			h := handlerOf(newPages(t, &stage{mandate: v}))
			w := get(h, "/mandates/"+stageMandate+"?key="+stageKey)
			body := w.Body.String()
			if w.Code != http.StatusOK || !strings.Contains(body, s.says) {
				t.Errorf("%d, no %q: %s", w.Code, s.says, body)
			}
			if strings.Contains(body, s.never) {
				t.Errorf("%q on %s", s.never, body)
			}
			if strings.Contains(body, "<b>") || strings.Contains(body, "\u202e") ||
				!strings.Contains(body, "<li>First.</li>") || !strings.Contains(body, "024 ••• ••67") {
				t.Errorf("the words or the number: %s", body)
			}
		})
	}
}

// TestReceipt: there is one for what is paid, and for nothing else.
func TestReceipt(t *testing.T) {
	b := newBrowser(t, monthly)
	at := b.step("receipt")
	if w := get(b.h, at); w.Code != http.StatusSeeOther || w.Header().Get("Location") != b.path {
		t.Errorf("a receipt of nothing: %d", w.Code)
	}
	paid := b.sees(b.pay(approved), pagePaid)
	if !strings.Contains(paid, `href="`+html.EscapeString(at)+`"`) {
		t.Errorf("no way to the receipt: %s", paid)
	}
	b.Advance(time.Hour) // opened later it still says when
	body := html.UnescapeString(b.sees(get(b.h, at), pageReceipt))
	done := b.Session(b.id).UpdatedAt
	for _, want := range []string{
		"GHS\u00a050.00", b.payments()[0].ID, "Visa ••••\u00a04242", ">shop<", b.mandatePath(),
		done.Format(time.RFC3339), done.Format("2 January 2006, 15:04 UTC"), "data-print",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q on %s", want, body)
		}
	}
}

// TestLeave: where there is no way back to the basket, giving up ends the session.
func TestLeave(t *testing.T) {
	for name, c := range map[string]struct{ success, refresh string }{
		"with a way back": {"https://shop.test/done?session_id={CHECKOUT_SESSION_ID}", "2; url="},
		"without":         {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBrowser(t, func(r *pay.OpenSession) { r.SuccessURL, r.CancelURL = c.success, "" })
			if !strings.Contains(get(b.h, b.path).Body.String(), "/leave?key=") {
				t.Fatal("no way to leave")
			}
			w := b.follow(post(b.h, b.step("leave"), nil))
			b.sees(w, pageCanceled)
			got := w.Header().Get("Refresh")
			if !strings.HasPrefix(got, c.refresh) || c.refresh == "" && got != "" {
				t.Errorf("Refresh %q", got)
			}
			if s := b.Session(b.id); s.State != pay.SessionCanceled {
				t.Errorf("the session is %s", s.State)
			}
			b.sees(b.follow(post(b.h, b.step("leave"), nil)), pageCanceled)
		})
	}
}

// TestLeave_TooLate: a session that is being paid is not given up.
func TestLeave_TooLate(t *testing.T) {
	b := newBrowser(t)
	b.sees(b.pay(lateYes), pageWaiting)
	b.sees(b.follow(post(b.h, b.step("leave"), nil)), pageWaiting)
}

// TestVerification: a card is saved and no money is spoken of.
func TestVerification(t *testing.T) {
	b := newBrowser(t, func(r *pay.OpenSession) {
		r.Amount, r.Verify, r.Methods = 0, true, []string{pay.MethodCard}
		r.Offer.Save, r.CustomerEmail = pay.SaveAlways, "ama@example.com"
	})
	form := get(b.h, b.path).Body.String()
	if !strings.Contains(form, ">Save card<") || strings.Contains(form, "0.00") {
		t.Errorf("%s", form)
	}
	declined := b.sees(b.pay(declined), pageForm)
	if !strings.Contains(declined, "Your card could not be saved") {
		t.Errorf("%s", declined)
	}
	done := b.sees(b.pay(approved), pagePaid)
	if !strings.Contains(done, "<h1>Card saved</h1>") || strings.Contains(done, "0.00") {
		t.Errorf("%s", done)
	}
	if receipt := b.sees(get(b.h, b.step("receipt")), pageReceipt); strings.Contains(receipt, "0.00") {
		t.Errorf("%s", receipt)
	}
}

// TestSaved_TriedLast: whoever was declined sees the way they had chosen, and can choose another.
func TestSaved_TriedLast(t *testing.T) {
	withSaved := failed(pay.DeclineExpiredCard)
	withSaved.MethodID = visaAndMTN[0].ID
	byForm := failed(pay.DeclineExpiredCard)
	prompted := wallet(pay.PaymentCanceled, "")
	prompted.MethodID = visaAndMTN[1].ID
	for name, c := range map[string]struct {
		last   *pay.Payment
		query  string
		method string
		told   bool // what became of it
	}{
		"first visit":             {nil, "", methodSaved, false},
		"with what was saved":     {withSaved, "", methodSaved, true},
		"with another card":       {byForm, "", pay.MethodCard, true},
		"then another way":        {withSaved, "&method=card", pay.MethodCard, false},
		"then what was saved":     {byForm, "&method=saved", methodSaved, false},
		"the same once more":      {withSaved, "&method=saved", methodSaved, true},
		"given up on the phone":   {prompted, "", pay.MethodCard, false},
		"an unknown way is ours":  {nil, "&method=cheque", methodSaved, false},
		"a way that is not taken": {byForm, "&method=bank_transfer", pay.MethodCard, true},
	} {
		t.Run(name, func(t *testing.T) {
			v := openSession()
			in(pay.SessionOpen, c.last)(&v)
			v.Methods, v.Saved = []string{pay.MethodCard, pay.MethodMobile}, visaAndMTN
			body := get(handlerOf(newPages(t, &stage{view: v})), stagePath+c.query).Body.String()
			if !strings.Contains(body, `name="method" value="`+c.method+`"`) {
				t.Errorf("not the form of %s: %s", c.method, body)
			}
			if strings.Contains(body, "did not go through") != c.told {
				t.Errorf("the decline is told: %v, want %v", !c.told, c.told)
			}
		})
	}
}
