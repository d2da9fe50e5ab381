package hosted

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
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
