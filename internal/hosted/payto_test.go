package hosted

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/payid"
	"github.com/kassa-pay/kassa/internal/terms"
)

// agreed is an attempt with PayTo, by a PayID that the network knows the name of.
func agreed(state pay.PaymentState, action pay.ActionKind) *pay.Payment {
	p := attempt(state)
	p.Method, p.Card, p.Action = pay.MethodPayTo, nil, action
	p.Amount = money.Amount{Minor: 4995, Currency: "AUD"}
	p.Payto = &pay.Payto{
		Kind: payid.PayID, PayIDType: payid.Phone, PayID: "+61-412345678", Name: "Mira Okafor",
	}
	return p
}

// byAccount makes the attempt one with a BSB and an account number.
func byAccount(p *pay.Payment, bsb string) *pay.Payment {
	p.Payto = &pay.Payto{Kind: payid.Account, BSB: bsb, Account: "12345678"}
	return p
}

// australian makes the session one of AUD 49.95 that PayTo alone can pay.
func australian(v *pay.PageView) {
	v.Session.Amount = money.Amount{Minor: 4995, Currency: "AUD"}
	v.Methods = []string{pay.MethodPayTo}
}

// rejectedLast is an attempt that the bank rejected and that no other follows.
func rejectedLast() *pay.Payment {
	p := because(agreed(pay.PaymentFailed, ""), pay.DeclineInsufficientFunds)
	p.NetworkCode, p.Final, p.MethodID = "AM04", true, "pm_06d9n0000000000000000payto"
	return p
}

func paytoSettings() []setting {
	saved := pay.SavedMethod{
		ID: "pm_06d9n0000000000000000payto", Type: pay.MethodPayTo, State: pay.MethodActive,
		Payto: agreed(pay.PaymentPaid, "").Payto,
	}
	rejected := because(agreed(pay.PaymentFailed, ""), pay.DeclineInsufficientFunds)
	rejected.NetworkCode = "AM04"
	verified := agreed(pay.PaymentPaid, "")
	all := []setting{
		{"payto", pageForm, in(pay.SessionOpen, nil)},
		{"payto, prompt to save", pageForm, func(v *pay.PageView) {
			v.Session.Offer.Save = pay.SavePrompt
		}},
		{"payto, always saved", pageForm, func(v *pay.PageView) {
			v.Session.Offer.Save = pay.SaveAlways
		}},
		{"payto, first in series", pageForm, series},
		{"payto, saved", pageForm, func(v *pay.PageView) { v.Saved = []pay.SavedMethod{saved} }},
		{"approve", pageApprove,
			in(pay.SessionPaying, agreed(pay.PaymentAction, pay.ActionApprove))},
		{"approve at a bank", pageApprove, in(pay.SessionPaying,
			byAccount(agreed(pay.PaymentAction, pay.ActionApprove), "062000"))},
		{"approve at a bank without a path", pageApprove, in(pay.SessionPaying,
			byAccount(agreed(pay.PaymentAction, pay.ActionApprove), "923100"))},
		{"approve at a bank that sends a message", pageApprove, in(pay.SessionPaying,
			byAccount(agreed(pay.PaymentAction, pay.ActionApprove), "182222"))},
		{"approve at a bank without an app", pageApprove, in(pay.SessionPaying,
			byAccount(agreed(pay.PaymentAction, pay.ActionApprove), "325185"))},
		{"verifying with payto", pageForm, verifying},
		{"verification approved", pageWaiting, both(
			in(pay.SessionPaying, agreed(pay.PaymentWaiting, "")), verifying)},
		{"payto, agreed for one charge", pageForm, both(series, func(v *pay.PageView) {
			v.Session.Offer.Terms = &terms.Terms{MaxCount: 1}
		})},
		{"approve a verification", pageApprove, both(
			in(pay.SessionPaying, agreed(pay.PaymentAction, pay.ActionApprove)), verifying)},
		{"payto, not known yet", pageWaiting, in(pay.SessionPaying, agreed(pay.PaymentCreated, ""))},
		{"payto, in process", pageWaiting, in(pay.SessionPaying, agreed(pay.PaymentWaiting, ""))},
		{"payto, under review", pageWaiting, in(pay.SessionPaying, agreed(pay.PaymentReview, ""))},
		{"paid with payto", pagePaid, in(pay.SessionComplete, agreed(pay.PaymentPaid, ""))},
		{"verified with payto", pagePaid, both(in(pay.SessionComplete, verified), verifying,
			func(v *pay.PageView) { v.Session.MethodID = saved.ID })},
		{"declined at the bank", pageForm, in(pay.SessionOpen,
			because(agreed(pay.PaymentFailed, ""), pay.DeclineByPayer))},
		{"declined, rejected by the bank", pageForm, in(pay.SessionOpen, rejected)},
		{"payto, rejected for good", pageFailed, both(in(pay.SessionExpired, rejectedLast()),
			func(v *pay.PageView) { v.Session.Offer.OneTry = true })},
		{"declined, agreement ran out", pageForm, in(pay.SessionOpen,
			because(agreed(pay.PaymentFailed, ""), pay.DeclineAgreementExpired))},
		{"payto, changed", pageForm, in(pay.SessionOpen, agreed(pay.PaymentCanceled, ""))},
		{"payto, expired", pageExpired, in(pay.SessionExpired,
			because(agreed(pay.PaymentFailed, ""), pay.DeclineAgreementExpired))},
		{"payto, late", pageLate, in(pay.SessionExpired, agreed(pay.PaymentLate, ""))},
	}
	for i := range all {
		all[i].setup = both(australian, all[i].setup)
	}
	return all
}

func named(t *testing.T, name string) setting {
	t.Helper()
	all := settings()
	i := slices.IndexFunc(all, func(s setting) bool { return s.name == name })
	if i < 0 {
		t.Fatalf("no setting %q", name)
	}
	return all[i]
}

// says reports an error for each text that a page lacks, and for each after "not" that it has.
func says(t *testing.T, body string, texts ...string) {
	t.Helper()
	want := true
	body = strings.NewReplacer("\u00a0", " ", "\u2011", "-").Replace(body)
	for _, text := range texts {
		if text == "not" {
			want = false
			continue
		}
		if strings.Contains(body, text) != want {
			t.Errorf("says %q: %v, want %v", text, !want, want)
		}
	}
}

func TestPayto_SaysHowItStands(t *testing.T) {
	for name, texts := range map[string][]string{
		"payto": {"PayID", "BSB and account number", "You pay AUD 49.95 to Ama’s Fabrics, once.",
			"cannot take anything more", "Continue", "not", "Send the request"},
		"payto, prompt to save": {`name="save"`, "not", "once."},
		"payto, always saved": {"The agreement stays for your next payments",
			"not", "cannot take anything more"},
		"payto, saved": {"04xx xxx 678", "not", "+61-412345678", "0412 345 678"},
		"approve": {"04xx xxx 678", "Mira Okafor", "Open the app or the website of your bank.",
			"Which bank is it with?", "waits for your approval", "starts by itself",
			"Approve it within 60 minutes", "/qr.svg?", "I can’t find the request",
			"Change the account details", "not", "0412 345 678", "Not your bank?"},
		"approve at a bank": {"062-000 ••••5678", "CommBank app", "NetBank works as well.",
			"Pay &amp; transfer › PayTo agreements", `value="commbank" selected`,
			"not", "12345678"},
		"approve at a bank without a path": {"ING app", "ING online banking works as well.",
			"Look for a new request", "not", "usually under"},
		"approve at a bank that sends a message": {"Macquarie", "sends a message about it",
			"usually under", "Pay › Payment agreements"},
		"approve at a bank without an app": {"Log in to Beyond Bank Internet Banking.",
			"not", "Open the"},
		"approve a verification": {"Check that it is from Ama’s Fabrics", "waits for your approval",
			"not", "AUD 0.00", "card", "starts by itself"},
		"verifying with payto": {"Nothing is taken now.", "names no highest amount",
			"The agreement stays for your next payments", "not", "AUD", "once."},
		"verification approved": {"We are setting up your account", "approved", "not",
			"sending the money", "on its way"},
		"payto, first in series": {"What you agree to", "Your bank shows the same agreement",
			"The payment you make now is the first of these charges.",
			"not", "cannot take anything more"},
		"payto, agreed for one charge": {
			"This payment is the only charge that the agreement permits.", "not", "may charge"},
		"payto, in process": {"approved", "on its way from your bank",
			"sometimes a few minutes"},
		"payto, not known yet": {"not", "on its way from your bank", "approved"},
		"payto, under review": {"taking longer than usual", "not",
			"on its way from your bank"},
		"verified with payto": {"Account set up", "not", "card", "Card"},
		"paid with payto":     {"04xx xxx 678", "Mira Okafor"},
		"declined at the bank": {"You declined the agreement in your bank.",
			"You have not been charged.", `value="0412 345 678"`},
		"declined, rejected by the bank": {"There is not enough money in this account.", "AM04"},
		"payto, rejected for good":       {"There is not enough money in this account.", "AM04"},
		"declined, agreement ran out":    {"was not approved in your bank in time"},
	} {
		t.Run(name, func(t *testing.T) {
			says(t, show(t, named(t, name)).Body.String(), texts...)
		})
	}
}

// TestPayto_LetsGoWhileTheBankIsAtWork: to a shop that takes its buyers back at one address,
// whatever comes of it. An address that says how it ended is not used before it has.
func TestPayto_LetsGoWhileTheBankIsAtWork(t *testing.T) {
	const back = "Return to Ama’s Fabrics"
	for _, name := range []string{"payto, in process", "approve"} {
		s := named(t, name)
		says(t, show(t, s).Body.String(), "not", back)
		setup := s.setup
		s.setup = func(v *pay.PageView) {
			setup(v)
			v.Session.SuccessURL = v.Session.CancelURL
		}
		texts := []string{back, `href="https://shop.test/basket?from=`}
		if name == "approve" {
			texts = []string{"not", back}
		}
		says(t, show(t, s).Body.String(), texts...)
	}
}

// TestPayto_FollowsTheBankThatIsChosen: the steps are those of the bank, and stay so whatever leads
// back to the page.
func TestPayto_FollowsTheBankThatIsChosen(t *testing.T) {
	v := openSession()
	named(t, "approve").setup(&v)
	h := handlerOf(newPages(t, &stage{view: v}))
	body := get(h, stagePath+"&bank=nab").Body.String()
	says(t, body, "NAB app", "Payments › PayTo agreements", `value="nab" selected`,
		"seen=1-2&amp;bank=nab", "go=1&amp;bank=nab", `name="key" value="3f1c"`)
	says(t, get(h, stagePath+"&bank=nobody").Body.String(), "Open the app or the website",
		"not", "bank=nobody")
	// The way without scripts comes back to the same steps.
	seen := strings.Replace(stagePath, "?", "/wait?", 1) + "&seen=0-0&bank=nab"
	if to := get(h, seen).Header().Get("Location"); to != stagePath+"&go=1&bank=nab" {
		t.Errorf("waiting leads to %q", to)
	}
}

// TestWaiting_KeepsTheHelpOpen: whoever reads it without scripts is not thrown out of it by the
// page's own reload, nor by a bank that is chosen meanwhile.
func TestWaiting_KeepsTheHelpOpen(t *testing.T) {
	for _, name := range []string{"approve at a bank", "prompt"} {
		v := openSession()
		named(t, name).setup(&v)
		h := handlerOf(newPages(t, &stage{view: v}))
		says(t, get(h, stagePath).Body.String(), `aria-expanded="false"`, `id="help" hidden`,
			`name="help" value="1">`, "not", "help=1")
		body := get(h, stagePath+"&help=1").Body.String()
		says(t, body, `aria-expanded="true"`, `id="help">`, "go=1&amp;help=1", "&amp;help=1\">",
			"not", `id="help" hidden`)
		wait := strings.Replace(stagePath, "?", "/wait?", 1) + "&seen=0-0&help=1"
		if to := get(h, wait).Header().Get("Location"); to != stagePath+"&go=1&help=1#help" {
			t.Errorf("%s: waiting leads to %q", name, to)
		}
		if name != "prompt" {
			says(t, body, `name="help" value="1" data-help>`) // with the bank that is chosen next
			says(t, get(h, stagePath+"&bank=nab").Body.String(), `name="bank" value="nab"`,
				`name="help" value="1" data-help disabled>`)
			says(t, body, "not", `name="bank" value=`) // that its BSB tells is not chosen
		}
	}
}

func TestBanks_AreToldByTheirBSB(t *testing.T) {
	for bsb, want := range map[string]string{
		"062000": "commbank", "762222": "commbank", "032000": "westpac", "083004": "nab",
		"012345": "anz", "112879": "stgeorge", "182182": "macquarie", "633000": "bendigo",
		"633123": "up", "923100": "ing", "939200": "amp", "484799": "suncorp",
		"014111": "anzplus", "014112": "anz",
		"670864": "ubank", "670000": "", "999999": "", "": "",
	} {
		got := ""
		if b := bankOf(bsb); b != nil {
			got = b.Code
		}
		if got != want {
			t.Errorf("%s is of %q, want %q", bsb, got, want)
		}
	}
	codes, prefixes := map[string]bool{}, map[string]bool{}
	for _, b := range banks {
		if codes[b.Code] || b.Name == "" || len(b.prefixes) == 0 || bankNamed(b.Code) == nil {
			t.Errorf("%+v is not complete, or there twice", b)
		}
		codes[b.Code] = true
		for _, prefix := range b.prefixes {
			if prefixes[prefix] {
				t.Errorf("%s is of two banks", prefix)
			}
			prefixes[prefix] = true
		}
	}
}

func TestReadPayto_TellsAllThatIsWrong(t *testing.T) {
	for body, want := range map[string][]problem{
		"kind=payid&payid=0412+345+678":            nil,
		"payid=mira%40example.com":                 nil,
		"kind=payid":                               {{fieldPayID, "payid_missing"}},
		"kind=payid&payid=0512&bsb=1":              {{fieldPayID, "payid_phone_area"}},
		"kind=payid&payid=0412+345+67":             {{fieldPayID, "payid_mobile_length"}},
		"kind=account&bsb=062-000&account=1234567": nil,
		"kind=account": {
			{fieldBSB, "bsb_missing"}, {fieldAccount, "account_missing"}},
		"kind=account&bsb=06&account=000&payid=x": {
			{fieldBSB, "bsb_length"}, {fieldAccount, "account_zero"}},
	} {
		in, shown := readPayto(decodeFields([]byte(body)))
		if !slices.Equal(shown.Problems, want) {
			t.Errorf("%s: %v, want %v", body, shown.Problems, want)
		}
		if (in.PayID != "") == (in.BSB != "") && want == nil {
			t.Errorf("%s: both or none: %+v", body, in)
		}
	}
}

// TestBrake_CountsAccountsAndLookups: one account is asked so often, whoever asks, and nobody
// collects the names behind PayIDs.
func TestBrake_CountsAccountsAndLookups(t *testing.T) {
	p := newPages(t, &stage{}, func(d *Deps) { d.Attempts = 2 })
	r, _ := http.NewRequest(http.MethodPost, "/", nil)
	to := func(typed string) pay.MethodInput {
		return pay.MethodInput{Type: pay.MethodPayTo, Payto: &pay.PaytoInput{PayID: typed}}
	}
	for i, typed := range []string{"0412 345 678", "+61412345678", "0412345678"} {
		address := string(rune('a' + i))
		if _, ok := p.brake.allow(r, address, to(typed)); ok != (i < 2) {
			t.Errorf("request %d for the account: %v", i+1, ok)
		}
	}
	account := pay.MethodInput{Type: pay.MethodPayTo, Payto: &pay.PaytoInput{
		BSB: "062-000", Account: "1234",
	}}
	if _, ok := p.brake.allow(r, "z", account); !ok {
		t.Error("another account is held to be the same")
	}
	for i := range 3 {
		if _, ok := p.brake.allowLookup("a", string(rune('p'+i))); ok != (i < 2) {
			t.Errorf("look-up %d: %v", i+1, ok)
		}
	}
	if wait, ok := (*brake)(nil).allowLookup("a", "p"); !ok || wait != 0 {
		t.Error("no brake brakes")
	}
	if wait, ok := (*brake)(nil).allowAccount("p"); !ok || wait != 0 {
		t.Error("no brake brakes an attempt")
	}
}

// directory is a stage on which accounts can be looked up.
type directory struct {
	*stage
	found pay.Payto
	err   error
	asked []pay.PaytoInput
}

func (d *directory) ResolvePayID(
	_ context.Context, _ pay.Caller, in pay.PaytoInput,
) (pay.Payto, error) {
	d.asked = append(d.asked, in)
	return d.found, d.err
}

// Pay looks the account up, as the core does, and goes no further.
func (d *directory) Pay(
	_ context.Context, _ pay.Caller, _ *pay.Once[pay.Payment], r pay.PayRequest,
) (pay.Payment, pay.Reply, error) {
	d.asked = append(d.asked, *r.Method.Payto)
	return pay.Payment{}, pay.Reply{}, d.err
}

func newDirectory(t *testing.T) (*directory, http.Handler) {
	v := openSession()
	australian(&v)
	d := &directory{stage: &stage{view: v}}
	return d, handlerOf(newPages(t, d, func(d *Deps) {
		d.Attempts = 100
		d.Now = func() time.Time { return stageNow }
	}))
}

// lookup sends the account form as a browser does.
func lookup(h http.Handler, fields ...string) (int, string) {
	form := url.Values{fieldMethod: {pay.MethodPayTo},
		fieldNonce: {strings.Repeat("0", nonceLength)}}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	w := post(h, stagePath, form)
	return w.Code, w.Body.String()
}

// TestPayto_ShowsWhoseAccountItIs: nothing is asked of the bank before the payer has seen the name.
func TestPayto_ShowsWhoseAccountItIs(t *testing.T) {
	d, h := newDirectory(t)
	d.found = *agreed(pay.PaymentCreated, "").Payto
	d.found.Name = `Mira "><script>`
	status, body := lookup(h, fieldKind, "payid", fieldPayID, "0412345678")
	if status != http.StatusOK || len(d.asked) != 1 || d.asked[0].PayID != "0412345678" {
		t.Fatalf("status %d, asked %v: %s", status, d.asked, body)
	}
	says(t, body, "Is this your account?", "Mira &#34;&gt;&lt;script&gt;", "0412 345 678",
		"You pay AUD 49.95 to Ama’s Fabrics, once.", "You can approve it in your bank until",
		"3 October 2026, 20:30 AEST", "Send the request to my bank", `name="confirmed" value="1"`,
		`name="payid" value="0412345678"`, "Change the account details", "not", "<script>",
		`type="radio"`, `data-focus>
<h2>There is a problem`)
	status, body = lookup(h, fieldKind, "payid", fieldPayID, "0412345678", fieldChange, "1")
	if status != http.StatusOK || len(d.asked) != 1 {
		t.Errorf("changing: status %d, asked %v", status, d.asked)
	}
	says(t, body, `value="0412345678"`, `type="radio"`, "Continue", "not", "Is this your account?")
}

func TestPayto_ShowsTheBankOfABSB(t *testing.T) {
	d, h := newDirectory(t)
	d.found = *byAccount(agreed(pay.PaymentCreated, ""), "062000").Payto
	_, body := lookup(h, fieldKind, "account", fieldBSB, "062 000", fieldAccount, "1234 5678")
	says(t, body, "CommBank", "062-000 12345678", "Check every digit", "not", "Account name")
}

// TestPayto_SaysWhatTheNetworkSays: an unknown account, a bank without PayTo, and a network that
// does not answer, each beside the field it is about.
func TestPayto_SaysWhatTheNetworkSays(t *testing.T) {
	account := []string{fieldKind, "account", fieldBSB, "062000", fieldAccount, "1234"}
	name := []string{fieldKind, "payid", fieldPayID, "0412345678"}
	down := pay.Errorf(pay.Unavailable, "payid_service_unavailable", "Not now.")
	for _, test := range []struct {
		err    error
		fields []string
		says   string
	}{
		{pay.BadParam("payment_method.payid", "payid_not_found", "x"), name, "no account is registered"},
		{pay.BadParam("payment_method.payid", "other", "x"), name, "Check the PayID: it is"},
		{pay.BadParam("payment_method.bsb", "invalid_bsb", "x"), account, "no bank has this one"},
		{pay.BadParam("payment_method.bsb", "bank_not_supported", "x"), account,
			"this one does not offer PayTo"},
		{pay.BadParam("payment_method.payid", "bank_not_supported", "x"), name,
			"this one does not offer PayTo"},
		{pay.BadParam("payment_method.account", "bank_not_supported", "x"), account,
			"this one does not offer PayTo"},
		{down, name, "PayIDs cannot be looked up right now"},
		{down, account, "The bank network does not answer right now"},
	} {
		d, h := newDirectory(t)
		d.err = test.err
		status, body := lookup(h, test.fields...)
		if status != http.StatusUnprocessableEntity {
			t.Errorf("%v: status %d", test.err, status)
		}
		says(t, body, test.says, `aria-invalid="true"`, "not", "Is this your account?")
	}
}

// TestPayto_NamesAreNotCollectedFromManyAddresses holds that the page of one session does not tell
// whose accounts many people have, whoever asks and however: by looking them up, or by going on at
// once, which looks them up too.
func TestPayto_NamesAreNotCollectedFromManyAddresses(t *testing.T) {
	v := openSession()
	australian(&v)
	d := &directory{stage: &stage{view: v}}
	d.err = pay.BadParam("payment_method.payid", "payid_not_found", "x")
	asks := 0
	h := handlerOf(newPages(t, d, func(d *Deps) {
		d.Attempts = 3
		d.Now = func() time.Time { return stageNow }
		d.ClientIP = func(*http.Request) string {
			asks++
			return fmt.Sprintf("192.0.2.%d", asks)
		}
	}))
	for i := range 2 * 3 {
		confirmed := []string{fieldConfirmed, "1"}[:2*(i%2)]
		typed := fmt.Sprintf("04123456%02d", i)
		fields := append([]string{fieldKind, "payid", fieldPayID, typed}, confirmed...)
		if status, body := lookup(h, fields...); status == http.StatusTooManyRequests {
			t.Fatalf("account %d: %d %s", i+1, status, body)
		}
	}
	for _, fields := range [][]string{
		{fieldKind, "payid", fieldPayID, "0412345699"},
		{fieldKind, "payid", fieldPayID, "0412345698", fieldConfirmed, "1"},
	} {
		if status, _ := lookup(h, fields...); status != http.StatusTooManyRequests {
			t.Errorf("one account more, %v: %d", fields, status)
		}
	}
}

// TestPayto_IsSlowedDown: too many look-ups are answered without asking the network.
func TestPayto_IsSlowedDown(t *testing.T) {
	d, h := newDirectory(t)
	d.found = *agreed(pay.PaymentCreated, "").Payto
	for range 100 {
		lookup(h, fieldKind, "payid", fieldPayID, "0412345678")
	}
	status, body := lookup(h, fieldKind, "payid", fieldPayID, "0412345678")
	if status != http.StatusTooManyRequests || len(d.asked) != 100 {
		t.Errorf("status %d after %d look-ups: %.200s", status, len(d.asked), body)
	}
}
