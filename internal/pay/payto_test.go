package pay_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/payid"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/terms"
)

// settles is longer than an ordinary payment needs to settle once its payer has agreed.
const settles = 4 * time.Second

// upTo permits payments of at most so many cents.
func upTo(most int64) terms.Terms {
	return terms.Terms{
		Kind: terms.OnDemand, Amount: terms.Amount{Max: most}, Zone: "Australia/Sydney",
	}
}

// agreeAtBank has a payer agree to the terms, pay 49.95 and have it settled.
func agreeAtBank(t *testing.T, w *paytest.World, permits terms.Terms) pay.Mandate {
	t.Helper()
	ses := w.Open(paytest.InAUD(4995), paytest.First(permits))
	p := w.PayTo(ses.ID, paytest.Mira)
	w.AtBank(p.ID, pay.BankApprove)
	w.Advance(settles)
	if p = w.Payment(p.ID); p.State != pay.PaymentPaid {
		t.Fatalf("the first payment is %s %s", p.State, p.NetworkCode)
	}
	return w.Mandate(w.Session(ses.ID).MandateID)
}

// chargeAUD charges a mandate and has it settled.
func chargeAUD(t *testing.T, w *paytest.World, mandateID string, minor int64) {
	t.Helper()
	if p, err := w.ChargeAUD(mandateID, minor); err != nil || p.State != pay.PaymentPaid {
		t.Fatalf("a charge of %d is %s %s, %v", minor, p.State, p.NetworkCode, err)
	}
}

// fails demands an error of the kind and code about the field.
func fails(t *testing.T, err error, kind pay.Kind, code, param string) {
	t.Helper()
	e := pay.AsError(err)
	if e == nil || e.Kind != kind || e.Code != code || e.Param != param {
		t.Errorf("error is %v, want %s %s (%s)", err, kind, code, param)
	}
}

func TestPayTo_OneOff(t *testing.T) {
	w := paytest.New(t)
	ses := w.Open(paytest.InAUD(4995), func(r *pay.OpenSession) {
		r.Offer.Description = "Order A-1001"
	})
	p := w.PayTo(ses.ID, "MIRA@example.com")
	if p.State != pay.PaymentAction || p.Action != pay.ActionApprove || p.Agreement == "" {
		t.Fatalf("payment is %s, %q, agreement %q", p.State, p.Action, p.Agreement)
	}
	if p.Payto.PayID != paytest.Mira || p.Payto.Name == "" || p.Description != "Order A-1001" {
		t.Errorf("payment %+v of %+v", p, p.Payto)
	}
	all, err := w.Pay.Agreements(t.Context(), w.Shop)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d agreements, %v", len(all), err)
	}
	a := all[0]
	day := terms.DateOf(ses.ExpiresAt.In(a.Terms.Location()))
	if a.Terms.MaxCount != 1 || a.Terms.End != day || a.Description != "Order A-1001" ||
		a.Merchant != "shop" || !a.Deadline.Equal(ses.ExpiresAt) ||
		a.Terms.Permit(4995, w.Clock.Now(), terms.Use{}) != "" ||
		a.Terms.Permit(4994, w.Clock.Now(), terms.Use{}) == "" {
		t.Errorf("agreement %+v", a)
	}
	w.AtBank(a.Token, pay.BankApprove)
	if p = w.Payment(p.ID); p.State != pay.PaymentWaiting {
		t.Errorf("after the approval it is %s", p.State)
	}
	w.Advance(settles)
	p, got := w.Payment(p.ID), w.Session(ses.ID)
	if p.State != pay.PaymentPaid || got.State != pay.SessionComplete || got.MandateID != "" ||
		got.MethodID != "" {
		t.Errorf("payment is %s, session %+v", p.State, got)
	}
	if told := w.Told(p.ID); !slices.Equal(told, []string{
		"payment.created", "payment.action", "payment.waiting", "payment.paid",
	}) {
		t.Errorf("events %v", told)
	}
	for _, a := range agreements(t, w) {
		if a.State != pay.AgreementCancelled {
			t.Errorf("an agreement that nobody keeps is %s", a.State)
		}
	}
}

func agreements(t *testing.T, w *paytest.World) []pay.Agreement {
	t.Helper()
	all, err := w.Pay.Agreements(t.Context(), w.Shop)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestPayTo_FirstOfASeries(t *testing.T) {
	w := paytest.New(t)
	permits := upTo(10_000)
	permits.MaxCount = 3
	ses := w.Open(paytest.InAUD(4995), paytest.First(permits))
	p := w.PayTo(ses.ID, paytest.Mira)
	if got := w.Session(ses.ID); got.MandateID != "" || w.Payment(p.ID).MethodID != "" {
		t.Fatal("something is kept before the payer has agreed")
	}
	w.AtBank(ses.ID, pay.BankApprove)
	// The agreement is a fact of its own: the payment has not settled.
	got, p := w.Session(ses.ID), w.Payment(p.ID)
	if got.State != pay.SessionPaying || got.MandateID == "" || p.State != pay.PaymentWaiting {
		t.Fatalf("session is %s with mandate %q, payment %s", got.State, got.MandateID, p.State)
	}
	m, method := w.Mandate(got.MandateID), w.Method(got.MethodID)
	if m.State != pay.MandateActive || m.Count != 1 || m.Total != 4995 || p.MandateID != m.ID ||
		m.Payto == nil || *m.Payto != *method.Payto || method.Token != p.Agreement {
		t.Errorf("mandate %+v on %+v by %+v", m, method, p)
	}
	w.Advance(settles)
	chargeAUD(t, w, m.ID, 700)
	chargeAUD(t, w, m.ID, 800)
	if m = w.Mandate(m.ID); m.State != pay.MandateCompleted || m.Count != 3 || m.Total != 6495 {
		t.Errorf("mandate is %s with %d charges of %d", m.State, m.Count, m.Total)
	}
	events(t, w, m.ID, "mandate.completed")
	w.Advance(2 * time.Minute)
	if a := agreements(t, w); a[0].State != pay.AgreementCancelled {
		t.Errorf("the agreement of a completed mandate is %s", a[0].State)
	}
}

func TestPayTo_TheAccountIsCheckedFirst(t *testing.T) {
	w := paytest.New(t)
	ses := w.Open(paytest.InAUD(4995))
	for _, tc := range []struct {
		in          *pay.PaytoInput
		kind        pay.Kind
		code, param string
	}{
		{nil, pay.Invalid, payid.Missing, "payid"},
		{&pay.PaytoInput{}, pay.Invalid, payid.Missing, "payid"},
		{&pay.PaytoInput{PayID: "a@b.au", BSB: "062000"}, pay.Invalid, payid.Invalid, "payid"},
		{&pay.PaytoInput{PayID: "0412 34"}, pay.Invalid, payid.Invalid, "payid"},
		{&pay.PaytoInput{BSB: "06200", Account: "12345678"}, pay.Invalid, payid.BadBSB, "bsb"},
		{&pay.PaytoInput{BSB: "062000", Account: "0000"}, pay.Invalid, payid.BadAcct, "account"},
		{&pay.PaytoInput{PayID: "unknown@example.com"}, pay.Invalid, "payid_not_found", "payid"},
		{&pay.PaytoInput{PayID: "directory-down@example.com"}, pay.Unavailable,
			"payid_lookup_unavailable", "payid"},
		{&pay.PaytoInput{BSB: "100001", Account: "12345678"}, pay.Invalid, "bank_not_supported",
			"bsb"},
	} {
		_, _, err := w.Pay.Pay(t.Context(), w.Shop, nil, pay.PayRequest{
			SessionID: ses.ID, Method: pay.MethodInput{Type: pay.MethodPayTo, Payto: tc.in},
		})
		fails(t, err, tc.kind, tc.code, "payment_method."+tc.param)
		if tc.in != nil {
			_, err = w.Pay.ResolvePayID(t.Context(), w.Shop, *tc.in)
			fails(t, err, tc.kind, tc.code, "payment_method."+tc.param)
		}
	}
	if got := w.Session(ses.ID); got.State != pay.SessionOpen || got.PaymentID != "" {
		t.Errorf("session %+v", got)
	}
	known, err := w.Pay.ResolvePayID(t.Context(), w.Shop, pay.PaytoInput{PayID: "0412 345 678"})
	if err != nil || known.PayID != "+61-412345678" || known.Name == "" {
		t.Errorf("resolved to %+v, %v", known, err)
	}
	if err := w.Pay.Behave(t.Context(), w.Shop, "payto", pay.Behaviour{Down: true}); err != nil {
		t.Fatal(err)
	}
	_, err = w.TryPayTo(ses.ID, paytest.Mira)
	fails(t, err, pay.Unavailable, "payid_service_unavailable", "payment_method.payid")
}

func TestPayTo_IsOfferedWhereItCanServe(t *testing.T) {
	w := paytest.New(t)
	exact := terms.Terms{Amount: terms.Amount{Exact: 1599}, Zone: "Australia/Sydney"}
	for name, tc := range map[string]struct {
		change func(*pay.OpenSession)
		want   bool
	}{
		"dollars":        {func(*pay.OpenSession) {}, true},
		"another":        {func(r *pay.OpenSession) { r.Currency, r.Methods = "GHS", nil }, false},
		"held":           {func(r *pay.OpenSession) { r.Capture = pay.CaptureManual }, false},
		"series":         {paytest.First(upTo(4995)), true},
		"series, less":   {paytest.First(exact), false},
		"series, nought": {func(r *pay.OpenSession) { r.Verify = true; paytest.First(exact)(r) }, true},
	} {
		ses := w.Open(paytest.InAUD(4995), func(r *pay.OpenSession) {
			r.Methods = []string{pay.MethodCard, pay.MethodPayTo}
			tc.change(r)
			if r.Verify {
				r.Amount = 0
			}
		})
		if got := slices.Contains(w.Pay.Methods(&ses), pay.MethodPayTo); got != tc.want {
			t.Errorf("%s: offered is %v", name, got)
		}
	}
}

func TestPayTo_AgreementAlone(t *testing.T) {
	w := paytest.New(t)
	ses := w.Open(paytest.InAUD(0), paytest.First(upTo(5000)), func(r *pay.OpenSession) {
		r.Verify = true
	})
	p := w.PayTo(ses.ID, paytest.Mira)
	w.AtBank(p.ID, pay.BankApprove)
	got, p := w.Session(ses.ID), w.Payment(p.ID)
	if got.State != pay.SessionComplete || p.State != pay.PaymentPaid || got.MandateID == "" {
		t.Fatalf("session is %s with mandate %q, payment %s", got.State, got.MandateID, p.State)
	}
	if m := w.Mandate(got.MandateID); m.Count != 0 || p.MandateID != "" {
		t.Errorf("nothing was paid, and %d charges counted", m.Count)
	}
	chargeAUD(t, w, got.MandateID, 4000)
}

func TestPayTo_DeclinedAndAgain(t *testing.T) {
	w := paytest.New(t)
	ses := w.Open(paytest.InAUD(4995), paytest.First(upTo(5000)))
	p := w.PayTo(ses.ID, paytest.Mira)
	w.AtBank(p.ID, pay.BankDecline)
	got, p := w.Session(ses.ID), w.Payment(p.ID)
	if p.State != pay.PaymentFailed || p.NetworkCode != "MD16" ||
		p.DeclineCode != pay.DeclineByPayer || got.State != pay.SessionOpen || got.Declines != 1 {
		t.Fatalf("payment is %s %s %s, session %s", p.State, p.NetworkCode, p.DeclineCode, got.State)
	}
	if got.MandateID != "" || got.MethodID != "" {
		t.Errorf("a declined agreement is kept: %+v", got)
	}
	p = w.PayTo(ses.ID, paytest.Mira)
	w.AtBank(p.ID, pay.BankApprove)
	w.Advance(settles)
	if got = w.Session(ses.ID); got.State != pay.SessionComplete || got.MandateID == "" {
		t.Errorf("session is %s", got.State)
	}
}

func TestPayTo_RejectedPaymentKeepsTheAgreement(t *testing.T) {
	w := paytest.New(t)
	ses := w.Open(paytest.InAUD(4995), paytest.First(upTo(5000)))
	p := w.PayTo(ses.ID, "no-funds@example.com")
	w.AtBank(p.ID, pay.BankApprove)
	w.Advance(settles)
	got, p := w.Session(ses.ID), w.Payment(p.ID)
	if p.State != pay.PaymentFailed || p.NetworkCode != "AM04" || got.State != pay.SessionOpen {
		t.Fatalf("payment is %s %s, session %s", p.State, p.NetworkCode, got.State)
	}
	first := w.Mandate(got.MandateID)
	if first.State != pay.MandateActive || first.Count != 0 || first.Total != 0 {
		t.Errorf("mandate %+v", first)
	}
	// Another account: the session gives one mandate in the end.
	p = w.PayTo(ses.ID, paytest.Mira)
	w.AtBank(p.ID, pay.BankApprove)
	w.Advance(settles)
	got = w.Session(ses.ID)
	second := w.Mandate(got.MandateID)
	if first = w.Mandate(first.ID); first.State != pay.MandateCanceled ||
		first.Reason != pay.ByReplaced || second.State != pay.MandateActive || second.ID == first.ID {
		t.Errorf("the first mandate is %s by %q, the second %s", first.State, first.Reason,
			second.State)
	}
	if w.Method(first.MethodID).State != pay.MethodDetached || second.MethodID != got.MethodID {
		t.Error("the replaced agreement's method is still there")
	}
	live := 0
	for _, a := range agreements(t, w) {
		if a.State == pay.AgreementActive {
			live++
		}
	}
	if live != 1 {
		t.Errorf("%d agreements are active", live)
	}
}

func TestPayTo_TryAgainWithTheSameAgreement(t *testing.T) {
	w := paytest.New(t)
	ses := w.Open(paytest.InAUD(4995), paytest.First(upTo(5000)))
	p := w.PayTo(ses.ID, "blocked@example.com")
	w.AtBank(p.ID, pay.BankApprove)
	w.Advance(settles)
	got := w.Session(ses.ID)
	if got.State != pay.SessionOpen || got.MethodID == "" {
		t.Fatalf("session is %s", got.State)
	}
	view, err := w.Pay.Page(t.Context(), ses.ID, w.Pay.PageKey(ses.ID))
	if err != nil || len(view.Saved) != 1 {
		t.Fatalf("%d saved methods to choose from, %v", len(view.Saved), err)
	}
	again, err := paySaved(w, w.Shop, ses.ID, got.MethodID)
	if err != nil {
		t.Fatal(err)
	}
	w.Advance(settles)
	m := w.Mandate(got.MandateID)
	if w.Payment(again.ID).State != pay.PaymentPaid || m.State != pay.MandateActive || m.Count != 1 {
		t.Errorf("payment is %s, mandate %s with %d", w.Payment(again.ID).State, m.State, m.Count)
	}
	if got = w.Session(ses.ID); got.MandateID != m.ID || got.State != pay.SessionComplete {
		t.Errorf("session %+v", got)
	}
}

func TestPayTo_DeadlineWithdrawsTheAgreement(t *testing.T) {
	w := paytest.New(t)
	ses := w.Open(paytest.InAUD(4995), paytest.First(upTo(5000)), func(r *pay.OpenSession) {
		r.ExpiresAt = w.Clock.Now().Add(30 * time.Minute)
	})
	p := w.PayTo(ses.ID, paytest.Mira)
	w.Advance(31 * time.Minute)
	got, p := w.Session(ses.ID), w.Payment(p.ID)
	if got.State != pay.SessionExpired || p.State != pay.PaymentFailed || p.NetworkCode != "NOAS" {
		t.Fatalf("session is %s, payment %s %s", got.State, p.State, p.NetworkCode)
	}
	_, err := w.Pay.DecideAgreement(t.Context(), w.Shop, p.ID, pay.BankDecision{Do: pay.BankApprove})
	if err == nil {
		t.Error("an agreement was approved after its time")
	}
	w.Advance(time.Hour)
	if w.Payment(p.ID).State != pay.PaymentFailed || w.Session(ses.ID).MandateID != "" {
		t.Error("a late approval has started something")
	}
}

func TestPayTo_SavedForNextTime(t *testing.T) {
	w := paytest.New(t)
	cu := customer(t, w)
	wish := func(r *pay.OpenSession) { r.CustomerID, r.Offer.Save = cu.ID, pay.SavePrompt }
	for _, ticked := range []bool{false, true} {
		ses := w.Open(paytest.InAUD(4995), wish)
		p, _, err := w.Pay.Pay(t.Context(), w.Shop, nil, pay.PayRequest{
			SessionID: ses.ID, Save: ticked, Method: pay.MethodInput{
				Type: pay.MethodPayTo, Payto: &pay.PaytoInput{BSB: "062-000", Account: "12345678"},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		w.AtBank(p.ID, pay.BankApprove)
		w.Advance(settles)
		if n := len(methodsOf(t, w, cu.ID)); n != map[bool]int{true: 1}[ticked] {
			t.Fatalf("%d methods are saved, ticked %v", n, ticked)
		}
	}
	saved := methodsOf(t, w, cu.ID)[0]
	ses := w.Open(paytest.InAUD(900), wish)
	p, err := paySaved(w, w.Shop, ses.ID, saved.ID)
	if err != nil {
		t.Fatal(err)
	}
	w.Advance(settles)
	if got := w.Payment(p.ID); got.State != pay.PaymentPaid || got.MandateID != "" {
		t.Errorf("payment is %s under %q", got.State, got.MandateID)
	}
	// Detached, the agreement ends at the bank too.
	if _, _, err := w.Pay.DetachMethod(t.Context(), w.Shop, nil, saved.ID); err != nil {
		t.Fatal(err)
	}
	for _, a := range agreements(t, w) {
		if a.State != pay.AgreementCancelled {
			t.Errorf("agreement of a detached method is %s", a.State)
		}
	}
}

func TestPayTo_AnotherAccountAfterAll(t *testing.T) {
	w := paytest.New(t)
	ses := w.Open(paytest.InAUD(4995), paytest.First(upTo(5000)))
	p := w.PayTo(ses.ID, paytest.Mira)
	p, _, err := w.Pay.CancelPayment(t.Context(), w.Shop, nil, p.ID)
	if err != nil || p.State != pay.PaymentCanceled || w.Session(ses.ID).State != pay.SessionOpen {
		t.Fatalf("payment is %s, %v", p.State, err)
	}
	if a := agreements(t, w); a[0].State != pay.AgreementCancelled {
		t.Errorf("the agreement that was given up is %s", a[0].State)
	}
	p = w.PayTo(ses.ID, "tom@example.com")
	w.AtBank(p.ID, pay.BankApprove)
	_, _, err = w.Pay.CancelPayment(t.Context(), w.Shop, nil, p.ID)
	fails(t, err, pay.State, "payment_not_cancelable", "")
	w.Advance(settles)
	if w.Session(ses.ID).State != pay.SessionComplete {
		t.Errorf("session is %s", w.Session(ses.ID).State)
	}
}

func TestPayTo_DaysAreThoseOfTheNetwork(t *testing.T) {
	w := paytest.New(t)
	m := agreeAtBank(t, w, terms.Terms{Amount: terms.Amount{Max: 5000}})
	if m.Terms.Zone != "Australia/Sydney" || !reflect.DeepEqual(agreements(t, w)[0].Terms, m.Terms) {
		t.Errorf("mandate %+v, agreement %+v", m.Terms, agreements(t, w)[0].Terms)
	}
}

func TestPayTo_LongDescriptionsAreCut(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("é", 100), strings.Repeat("x", 140), "short", strings.Repeat("語", 50),
	} {
		a := pay.AgreementOf(&pay.Session{Metadata: map[string]string{"description": text}}, "m", true)
		if len(a.Description) > 140 || !utf8.ValidString(a.Description) {
			t.Errorf("%q", a.Description)
		}
	}
	if a := pay.AgreementOf(&pay.Session{}, "Shop", false); a.Description != "Payment to Shop" {
		t.Errorf("%q", a.Description)
	}
}
