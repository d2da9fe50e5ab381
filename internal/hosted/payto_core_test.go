package hosted

import (
	"context"
	"html"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/terms"
)

// asks confirms the account of a PayID and sends the request to its bank.
func (b *browser) asks(payID string) pay.Payment {
	b.T.Helper()
	m := nonceField.FindStringSubmatch(get(b.h, b.path).Body.String())
	if m == nil {
		b.T.Fatal("there is no form")
	}
	form := url.Values{fieldMethod: {pay.MethodPayTo}, fieldNonce: {m[1]}, fieldKind: {"payid"},
		fieldPayID: {payID}}
	says(b.T, post(b.h, b.path, form).Body.String(), "Is this your account?")
	if b.Session(b.id).State != pay.SessionOpen {
		b.T.Fatal("a look-up has started a payment")
	}
	form.Set(fieldConfirmed, "1")
	b.sees(b.follow(post(b.h, b.path, form)), pageApprove)
	return b.Payment(b.Session(b.id).PaymentID)
}

// TestPayto_OnTheRealCore: changed details withdraw the request, an approved one is paid.
func TestPayto_OnTheRealCore(t *testing.T) {
	b := newBrowser(t, paytest.InAUD(4995))
	first := b.asks(paytest.Mira)
	left := post(b.h, b.step("cancel"), url.Values{
		fieldPayment: {first.ID}, fieldChange: {"1"},
	}).Header().Get("Location")
	if !strings.HasSuffix(left, "&method=payto") {
		t.Errorf("changing leads to %q", left)
	}
	says(t, b.sees(get(b.h, left), pageForm), `value="`+paytest.Mira+`"`)
	all, err := b.Pay.Agreements(context.Background(), b.Shop)
	if err != nil || len(all) != 1 || all[0].State != pay.AgreementCancelled {
		t.Errorf("the request was not withdrawn: %+v, %v", all, err)
	}
	second := b.asks("0412 345 678")
	b.AtBank(second.ID, pay.BankApprove)
	says(t, b.sees(get(b.h, b.path), pageWaiting), "on its way from your bank")
	b.Advance(5 * time.Second)
	b.Work()
	says(t, b.sees(get(b.h, b.path), pagePaid), "04xx xxx 678")
}

// TestPayto_RejectedOnTheRealCore: what the bank said is told, and the session is usable again.
func TestPayto_RejectedOnTheRealCore(t *testing.T) {
	b := newBrowser(t, paytest.InAUD(4995))
	b.AtBank(b.asks("0412 340 011").ID, pay.BankApprove)
	b.Advance(5 * time.Second)
	b.Work()
	says(t, b.sees(get(b.h, b.path), pageForm), "There is not enough money in this account.",
		"AM04", "You have not been charged.")
	b.AtBank(b.asks(paytest.Mira).ID, pay.BankDecline)
	says(t, b.sees(get(b.h, b.path), pageForm), "You declined the agreement in your bank.")
}

// TestPayto_SavesAnAccountAlone: an agreement without a payment takes no money, is told as such,
// and pays the next session without the bank asking again.
func TestPayto_SavesAnAccountAlone(t *testing.T) {
	world := newBrowser(t)
	theirs := world.customer()
	b := world.next(paytest.InAUD(0), theirs, func(r *pay.OpenSession) { r.Verify = true })
	says(t, b.sees(get(b.h, b.path), pageForm), "Nothing to pay now", "Nothing is taken now.",
		"Save your bank account with PayTo",
		"not", "AUD")
	b.AtBank(b.asks(paytest.Mira).ID, pay.BankDecline)
	says(t, b.sees(get(b.h, b.path), pageForm), "Your account was not set up",
		"You have not been charged.")
	if left := b.methods(b.Session(b.id).CustomerID); len(left) != 0 {
		t.Errorf("a declined agreement was saved: %+v", left)
	}
	asked := b.asks("0412 345 678")
	says(t, b.sees(get(b.h, b.path), pageApprove), "Check that it is from", "not",
		"starts by itself", "AUD")
	b.AtBank(asked.ID, pay.BankApprove)
	b.Advance(5 * time.Second)
	b.Work()
	says(t, b.sees(get(b.h, b.path), pagePaid), "Account set up", "04xx xxx 678",
		"ready for your next payments", "You have not been charged.", "not", "AUD", "as you agreed")
	if p := b.Payment(asked.ID); p.State != pay.PaymentPaid || p.Captured != 0 {
		t.Errorf("the verification: %+v", p)
	}
	lines, _, err := b.Pay.Entries(context.Background(), b.Shop, pay.EntryFilter{})
	if err != nil || len(lines) != 0 {
		t.Errorf("the journal: %+v, %v", lines, err)
	}
	b.paysWithSaved(theirs)
}

// paysWithSaved pays the next session of a customer with what they have saved, and nobody asks.
func (b *browser) paysWithSaved(theirs func(*pay.OpenSession)) {
	b.T.Helper()
	saved := b.methods(b.Session(b.id).CustomerID)
	if len(saved) != 1 || saved[0].Payto == nil {
		b.T.Fatalf("saved: %+v", saved)
	}
	next := b.next(paytest.InAUD(4995), theirs)
	form := get(next.h, next.path).Body.String()
	says(b.T, form, "Pay with a saved method", "04xx xxx 678", "Pay AUD 49.95")
	nonce := nonceField.FindStringSubmatch(form)
	next.sees(next.follow(post(next.h, next.path, url.Values{
		fieldMethod: {methodSaved}, fieldSaved: {saved[0].ID}, fieldNonce: {nonce[1]},
	})), pageWaiting)
	next.Advance(5 * time.Second)
	next.Work()
	next.sees(get(next.h, next.path), pagePaid)
	if p := next.Payment(next.Session(next.id).PaymentID); p.Captured != 4995 {
		b.T.Errorf("the next payment: %+v", p)
	}
}

// TestPayto_CountsTheFirstPayment: under an agreement at a bank the first payment is one of the
// charges. The words say so, in every language, and are kept as they were shown.
func TestPayto_CountsTheFirstPayment(t *testing.T) {
	for language, counted := range map[string]string{
		"en": "The payment you make now is the first of these charges.",
		"fr": "Le paiement que vous faites maintenant est le premier de ces prélèvements.",
	} {
		b := newBrowser(t, paytest.InAUD(4995), paytest.First(terms.Terms{
			Kind: terms.OnDemand, Amount: terms.Amount{Max: 9000}, MaxCount: 12,
		}))
		page := get(b.h, b.path, "Accept-Language", language).Body.String()
		says(t, page, counted)
		p, _, err := b.Pay.Pay(context.Background(), b.Shop, nil, pay.PayRequest{
			SessionID: b.id, Language: language, Method: pay.MethodInput{
				Type: pay.MethodPayTo, Payto: &pay.PaytoInput{PayID: paytest.Mira},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		b.AtBank(p.ID, pay.BankApprove)
		m := b.Mandate(b.Session(b.id).MandateID)
		if m.Count != 1 || !strings.Contains(m.Consent, counted) {
			t.Errorf("%s: %d charges, agreed to %q", language, m.Count, m.Consent)
		}
		for line := range strings.Lines(m.Consent) {
			line = strings.ReplaceAll(strings.TrimSpace(line), "\u00a0", " ")
			says(t, page, html.EscapeString(line))
		}
	}
}

// TestPayto_KeepsNothingOfASinglePayment: whoever agreed to one payment alone and made it has
// permitted nothing more, and reads nothing of later charges.
func TestPayto_KeepsNothingOfASinglePayment(t *testing.T) {
	b := newBrowser(t, paytest.InAUD(4995), paytest.First(terms.Terms{
		Kind: terms.OnDemand, Amount: terms.Amount{Min: 4995, Max: 4995}, MaxCount: 1,
	}))
	b.AtBank(b.asks(paytest.Mira).ID, pay.BankApprove)
	b.Advance(5 * time.Second)
	b.Work()
	says(t, b.sees(get(b.h, b.path), pagePaid), "Thank you.", "not", "saved for next time",
		"You permitted later charges.", "/mandates/")
}

// TestPayto_CutsNoPayID: the head of a long PayID is somebody else's.
func TestPayto_CutsNoPayID(t *testing.T) {
	b := newBrowser(t, paytest.InAUD(4995))
	long := strings.Repeat("a", 240) + "@example.com.au"
	for payID, want := range map[string]string{
		long:        "Is this your account?",
		"bb" + long: "The email address is too long: it has at most 256 characters",
	} {
		m := nonceField.FindStringSubmatch(get(b.h, b.path).Body.String())
		says(t, post(b.h, b.path, url.Values{
			fieldMethod: {pay.MethodPayTo}, fieldNonce: {m[1]}, fieldKind: {"payid"},
			fieldPayID: {payID},
		}).Body.String(), want, `value="`+payID+`"`)
	}
}
