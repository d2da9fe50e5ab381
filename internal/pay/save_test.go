package pay_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/consent"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/terms"
)

// customer makes a customer of the shop.
func customer(t *testing.T, w *paytest.World) pay.Customer {
	t.Helper()
	cu, _, err := w.Pay.CreateCustomer(t.Context(), w.Shop, nil, pay.Customer{Email: "e@x.test"})
	if err != nil {
		t.Fatal(err)
	}
	return cu
}

// methodsOf lists a customer's saved methods.
func methodsOf(t *testing.T, w *paytest.World, customerID string) []pay.SavedMethod {
	t.Helper()
	all, _, err := w.Pay.SavedMethods(t.Context(), w.Shop, pay.MethodFilter{CustomerID: customerID})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestSave_AsTheMerchantAndThePayerWish(t *testing.T) {
	for _, tc := range []struct {
		wish   pay.SaveWish
		ticked bool
		saved  int
	}{
		{"", true, 0}, {pay.SaveNever, true, 0}, {pay.SaveAlways, false, 1},
		{pay.SavePrompt, false, 0}, {pay.SavePrompt, true, 1},
	} {
		t.Run(string(tc.wish), func(t *testing.T) {
			w := paytest.New(t)
			cu := customer(t, w)
			ses := w.Open(func(r *pay.OpenSession) {
				r.CustomerID, r.Offer.Save = cu.ID, tc.wish
			})
			p, _, err := w.Pay.Pay(t.Context(), w.Shop, nil, pay.PayRequest{
				SessionID: ses.ID, Save: tc.ticked,
				Method: pay.MethodInput{Type: pay.MethodCard, Card: paytest.CardOf(ok)},
			})
			if err != nil || p.State != pay.PaymentPaid {
				t.Fatalf("payment is %s, %v", p.State, err)
			}
			saved := methodsOf(t, w, cu.ID)
			if len(saved) != tc.saved {
				t.Fatalf("%d methods were saved", len(saved))
			}
			if tc.saved == 0 {
				return
			}
			m := saved[0]
			if m.Token == "" || m.Card.Last4 != "4242" || p.MethodID != m.ID ||
				w.Session(ses.ID).MethodID != m.ID || m.PaymentID != p.ID {
				t.Errorf("saved %+v by %+v", m, p)
			}
			if told := w.Told(m.ID); !slices.Equal(told, []string{"method.active"}) {
				t.Errorf("events %v", told)
			}
		})
	}
}

func TestSave_TheSameCardTwiceIsOneMethod(t *testing.T) {
	w := paytest.New(t)
	cu := customer(t, w)
	always := func(r *pay.OpenSession) { r.CustomerID, r.Offer.Save = cu.ID, pay.SaveAlways }
	first := w.Buy(w.Open(always).ID, ok)
	again := w.Buy(w.Open(always).ID, ok)
	w.Buy(w.Open(always).ID, "5555555555554444")
	if all := methodsOf(t, w, cu.ID); len(all) != 2 || first.MethodID != again.MethodID {
		t.Errorf("%d methods; the same card is %s and %s", len(all), first.MethodID, again.MethodID)
	}
	m := w.Agree(ok, terms.Terms{}, always)
	if m.MethodID != first.MethodID {
		t.Errorf("the mandate is on %s, not on %s", m.MethodID, first.MethodID)
	}
	if p := w.Charge(m.ID, 700); p.State != pay.PaymentPaid {
		t.Errorf("a charge of the renewed method is %s", p.State)
	}
}

func TestSave_ACustomerIsMadeOfWhatIsKnown(t *testing.T) {
	w := paytest.New(t)
	ses := w.Open(func(r *pay.OpenSession) {
		r.Offer.Save, r.CustomerEmail, r.CustomerPhone = pay.SaveAlways, "kofi@x.test", "0241234567"
	})
	p := w.Buy(ses.ID, ok)
	cu, err := w.Pay.Customer(t.Context(), w.Shop, p.CustomerID)
	if err != nil || cu.Email != "kofi@x.test" || cu.Phone != "0241234567" {
		t.Errorf("customer %+v, %v", cu, err)
	}
	if got := w.Session(ses.ID).CustomerID; got != cu.ID {
		t.Errorf("the session names customer %q", got)
	}
}

func TestSave_OnlyWhenThePaymentSucceeds(t *testing.T) {
	w := paytest.New(t)
	cu := customer(t, w)
	ses := w.Open(paytest.First(terms.Terms{}), func(r *pay.OpenSession) { r.CustomerID = cu.ID })
	if p := w.Buy(ses.ID, "4000000000000002"); p.State != pay.PaymentFailed || p.MethodID != "" {
		t.Fatalf("payment is %s with method %q", p.State, p.MethodID)
	}
	if n := len(methodsOf(t, w, cu.ID)); n != 0 || w.Session(ses.ID).MandateID != "" {
		t.Errorf("%d methods after a decline", n)
	}
	if got := w.Session(ses.ID); got.LastDecline != pay.DeclineGeneric || got.LastDeclineAt.IsZero() {
		t.Errorf("the session's last decline is %q", got.LastDecline)
	}
	p := w.Buy(ses.ID, ok)
	got := w.Session(ses.ID)
	if p.State != pay.PaymentPaid || got.MandateID == "" || got.LastDecline != "" {
		t.Errorf("payment is %s, session %+v", p.State, got)
	}
}

func TestSave_FoundOutByThePoll(t *testing.T) {
	w := paytest.New(t)
	ses := w.Open(paytest.First(terms.Terms{}))
	if p := w.Buy(ses.ID, numbers["reply_lost"]); p.State != pay.PaymentCreated {
		t.Fatalf("payment is %s", p.State)
	}
	w.Advance(time.Minute)
	got := w.Session(ses.ID)
	if got.State != pay.SessionComplete || got.MandateID == "" || got.MethodID == "" {
		t.Errorf("session %+v", got)
	}
}

func TestSave_ManualCaptureSavesWhenTheMoneyIsHeld(t *testing.T) {
	w := paytest.New(t)
	m := w.Agree(ok, terms.Terms{}, func(r *pay.OpenSession) { r.Capture = pay.CaptureManual })
	if m.State != pay.MandateActive {
		t.Errorf("mandate is %s", m.State)
	}
	ses := w.Session(m.SessionID)
	p, _, err := w.Pay.CapturePayment(t.Context(), w.Shop, nil, ses.PaymentID, pay.CaptureRequest{})
	if err != nil || p.State != pay.PaymentPaid || p.MethodID != m.MethodID {
		t.Errorf("payment %+v, %v", p, err)
	}
}

func TestSave_PayWithASavedMethod(t *testing.T) {
	w := paytest.New(t)
	cu := customer(t, w)
	of := func(r *pay.OpenSession) { r.CustomerID = cu.ID }
	always := func(r *pay.OpenSession) { r.Offer.Save = pay.SaveAlways }
	saved := w.Buy(w.Open(of, always).ID, ok).MethodID
	ses := w.Open(of)
	v, err := w.Pay.Page(t.Context(), ses.ID, w.Pay.PageKey(ses.ID))
	if err != nil || len(v.Saved) != 1 || v.Saved[0].ID != saved {
		t.Fatalf("the page offers %+v, %v", v.Saved, err)
	}
	p, err := paySaved(w, w.Shop, ses.ID, saved)
	if err != nil || p.State != pay.PaymentPaid || p.Card.Last4 != "4242" || p.MethodID != saved {
		t.Errorf("payment %+v, %v", p, err)
	}
	first := w.Open(of, paytest.First(terms.Terms{MaxCount: 3}))
	if _, err := paySaved(w, w.Shop, first.ID, saved); err != nil {
		t.Fatal(err)
	}
	m := w.Mandate(w.Session(first.ID).MandateID)
	if m.MethodID != saved || m.CustomerID != cu.ID {
		t.Errorf("mandate %+v", m)
	}
}

func paySaved(
	w *paytest.World, c pay.Caller, sessionID, methodID string,
) (pay.Payment, error) {
	p, _, err := w.Pay.Pay(context.Background(), c, nil, pay.PayRequest{
		SessionID: sessionID, Method: pay.MethodInput{SavedID: methodID},
	})
	return p, err
}

func TestSave_NobodyElsePaysWithIt(t *testing.T) {
	w := paytest.New(t)
	cu := customer(t, w)
	other := customer(t, w)
	of := func(id string) func(*pay.OpenSession) {
		return func(r *pay.OpenSession) { r.CustomerID = id }
	}
	always := func(r *pay.OpenSession) { r.Offer.Save = pay.SaveAlways }
	saved := w.Buy(w.Open(of(cu.ID), always).ID, ok).MethodID
	for what, ses := range map[string]pay.Session{
		"another customer": w.Open(of(other.ID)),
		"nobody":           w.Open(),
		"another method": w.Open(of(cu.ID), func(r *pay.OpenSession) {
			r.Methods = []string{pay.MethodMobile}
		}),
	} {
		if _, err := paySaved(w, w.Shop, ses.ID, saved); !pay.IsKind(err, pay.Invalid) {
			t.Errorf("%s: %v", what, err)
		}
		v, err := w.Pay.Page(t.Context(), ses.ID, w.Pay.PageKey(ses.ID))
		if err != nil || len(v.Saved) != 0 {
			t.Errorf("the page of %s offers %+v, %v", what, v.Saved, err)
		}
	}
	if _, err := w.Pay.SavedMethod(t.Context(), w.Rival, saved); !pay.IsKind(err, pay.NotFound) {
		t.Errorf("the rival sees it: %v", err)
	}
}

func TestSave_DetachedIsGoneForGood(t *testing.T) {
	w := paytest.New(t)
	ctx := t.Context()
	m := w.Agree(ok, terms.Terms{})
	method, _, err := w.Pay.DetachMethod(ctx, w.Shop, nil, m.MethodID)
	if err != nil || method.State != pay.MethodDetached {
		t.Fatalf("%+v, %v", method, err)
	}
	if got := w.Mandate(m.ID); got.State != pay.MandateCanceled || got.Reason != pay.ByDetach {
		t.Errorf("its mandate is %s because of %q", got.State, got.Reason)
	}
	if _, err := w.TryCharge(m.ID, 100); code(err) != "mandate_not_active" {
		t.Errorf("charged it: %v", err)
	}
	ses := w.Open(func(r *pay.OpenSession) { r.CustomerID = m.CustomerID })
	if _, err := paySaved(w, w.Shop, ses.ID, m.MethodID); !pay.IsKind(err, pay.Invalid) {
		t.Errorf("paid with it: %v", err)
	}
	if n := len(methodsOf(t, w, m.CustomerID)); n != 0 {
		t.Errorf("%d methods are listed", n)
	}
	if told := w.Told(m.MethodID); !slices.Equal(told, []string{"method.active", "method.detached"}) {
		t.Errorf("events %v", told)
	}
	if _, _, err := w.Pay.DetachMethod(ctx, w.Shop, nil, m.MethodID); err != nil {
		t.Errorf("detached twice: %v", err)
	}
	if _, _, err := w.Pay.DetachMethod(ctx, w.Rival, nil, m.MethodID); !pay.IsKind(err, pay.NotFound) {
		t.Errorf("the rival detached it: %v", err)
	}
}

// code returns the code of an error of ours.
func code(err error) string {
	var e *pay.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func TestSave_TheWordsShownAreTheWordsKept(t *testing.T) {
	for _, language := range []string{"", "en", "fr"} {
		w := paytest.New(t)
		agreed := terms.Terms{
			Amount: terms.Amount{Max: 9000}, MaxCount: 12,
			Recurrence: &terms.Recurrence{Unit: terms.Month, Interval: 1},
		}
		ses := w.Open(paytest.First(agreed))
		_, _, err := w.Pay.Pay(t.Context(), w.Shop, nil, pay.PayRequest{
			SessionID: ses.ID, Language: language,
			Method: pay.MethodInput{Type: pay.MethodCard, Card: paytest.CardOf(ok)},
		})
		if err != nil {
			t.Fatal(err)
		}
		want := strings.Join(consent.Words(consent.Facts{
			Language: language, Merchant: "shop", Currency: "GHS", Amount: 5000, Terms: agreed,
		}), "\n")
		m := w.Mandate(w.Session(ses.ID).MandateID)
		if m.Consent != want || want == "" {
			t.Errorf("%q: kept %q, shown %q", language, m.Consent, want)
		}
	}
}

func TestSave_VerificationTakesNoMoney(t *testing.T) {
	w := paytest.New(t)
	verify := func(r *pay.OpenSession) { r.Verify, r.Amount = true, 0 }
	ses := w.Open(verify)
	p := w.Buy(ses.ID, ok)
	if p.State != pay.PaymentPaid || p.Captured != 0 || p.MethodID == "" {
		t.Fatalf("payment %+v", p)
	}
	lines, _, err := w.Pay.Entries(t.Context(), w.Shop, pay.EntryFilter{})
	if err != nil || len(lines) != 0 {
		t.Errorf("journal %+v, %v", lines, err)
	}
	_, _, err = w.Pay.CreateRefund(t.Context(), w.Shop, nil, pay.RefundRequest{PaymentID: p.ID})
	failed(t, err, pay.State, "payment_not_refundable")
	_, err = void(w, p.ID)
	failed(t, err, pay.State, "payment_not_cancelable")
	m := w.Agree(ok, terms.Terms{Amount: terms.Amount{Exact: 900}}, verify)
	if p := w.Charge(m.ID, 900); p.State != pay.PaymentPaid {
		t.Errorf("the charge after a verification is %s", p.State)
	}
	if p := w.Buy(w.Open(verify).ID, "4000000000000002"); p.State != pay.PaymentFailed {
		t.Errorf("a declined verification is %s", p.State)
	}
}

func TestSave_TheNetworkForgetsWhatIsReplaced(t *testing.T) {
	w := paytest.New(t)
	cu := customer(t, w)
	always := func(r *pay.OpenSession) { r.CustomerID, r.Offer.Save = cu.ID, pay.SaveAlways }
	w.Buy(w.Open(always).ID, ok)
	old := methodsOf(t, w, cu.ID)[0]
	w.Buy(w.Open(always).ID, ok)
	renewed := methodsOf(t, w, cu.ID)[0]
	if old.ID != renewed.ID || old.Token == renewed.Token {
		t.Fatalf("%+v became %+v", old, renewed)
	}
	scope := w.Shop.Scope
	if err := w.Card.Rehearse(t.Context(), scope, old.Token, pay.RehearseApprove); err == nil {
		t.Error("the network still keeps the old token")
	}
	if err := w.Card.Rehearse(t.Context(), scope, renewed.Token, pay.RehearseApprove); err != nil {
		t.Errorf("the network does not keep the new token: %v", err)
	}
	if _, _, err := w.Pay.DetachMethod(t.Context(), w.Shop, nil, renewed.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.Card.Rehearse(t.Context(), scope, renewed.Token, pay.RehearseApprove); err == nil {
		t.Error("the network keeps the token of a detached method")
	}
}

func TestSave_DetachingAgainRepeatsWhatTheNetworkMissed(t *testing.T) {
	w := paytest.New(t)
	m := w.Agree(ok, terms.Terms{})
	saved, err := w.Pay.SavedMethod(t.Context(), w.Shop, m.MethodID)
	if err != nil {
		t.Fatal(err)
	}
	known := func() bool {
		err := w.Card.Rehearse(t.Context(), w.Shop.Scope, saved.Token, pay.RehearseApprove)
		return err == nil
	}
	behave(t, w, pay.Behaviour{Down: true})
	if _, _, err := w.Pay.DetachMethod(t.Context(), w.Shop, nil, saved.ID); err != nil {
		t.Fatalf("detached while the network was down: %v", err)
	}
	behave(t, w, pay.Behaviour{})
	if !known() {
		t.Fatal("a network that was down forgot the token")
	}
	if _, _, err := w.Pay.DetachMethod(t.Context(), w.Shop, nil, saved.ID); err != nil {
		t.Fatal(err)
	}
	if known() {
		t.Error("the network still keeps the token")
	}
}

func TestSave_ACustomerWhoIsDeletedTakesItAllAlong(t *testing.T) {
	w := paytest.New(t)
	m := w.Agree(ok, terms.Terms{}, paytest.Scheduled(daily(100, day(10, 3))))
	if _, _, err := w.Pay.DeleteCustomer(t.Context(), w.Shop, nil, m.CustomerID); err != nil {
		t.Fatal(err)
	}
	got := w.Mandate(m.ID)
	if got.State != pay.MandateCanceled || len(methodsOf(t, w, m.CustomerID)) != 0 {
		t.Errorf("mandate is %s", got.State)
	}
	live(w, 2)
	if n, _ := w.Debits(m.ID); n != 0 {
		t.Errorf("%d debits of a customer who is gone", n)
	}
}

func TestSave_AnExpiredCardIsNotOffered(t *testing.T) {
	w := paytest.New(t)
	cu := customer(t, w)
	card := paytest.CardOf(ok)
	card.ExpMonth, card.ExpYear = 10, 2026
	first := w.Open(func(r *pay.OpenSession) { r.CustomerID, r.Offer.Save = cu.ID, pay.SaveAlways })
	_, _, err := w.Pay.Pay(t.Context(), w.Shop, nil, pay.PayRequest{
		SessionID: first.ID, Method: pay.MethodInput{Type: pay.MethodCard, Card: card},
	})
	if err != nil {
		t.Fatal(err)
	}
	offered := func() int {
		ses := w.Open(func(r *pay.OpenSession) { r.CustomerID = cu.ID })
		v, err := w.Pay.Page(t.Context(), ses.ID, w.Pay.PageKey(ses.ID))
		if err != nil {
			t.Fatal(err)
		}
		return len(v.Saved)
	}
	if n := offered(); n != 1 {
		t.Errorf("%d methods are offered in the card's last month", n)
	}
	w.Advance(30 * 24 * time.Hour)
	if n := offered(); n != 0 {
		t.Errorf("%d methods are offered in the month after", n)
	}
}

func TestSave_ACustomerWhoWasDeletedMeanwhileIsMadeAnew(t *testing.T) {
	w := paytest.New(t)
	cu := customer(t, w)
	ses := w.Open(paytest.First(terms.Terms{}), func(r *pay.OpenSession) { r.CustomerID = cu.ID })
	if _, _, err := w.Pay.DeleteCustomer(t.Context(), w.Shop, nil, cu.ID); err != nil {
		t.Fatal(err)
	}
	p := w.Buy(ses.ID, ok)
	m := w.Mandate(w.Session(ses.ID).MandateID)
	if p.State != pay.PaymentPaid || p.CustomerID == cu.ID || m.CustomerID != p.CustomerID {
		t.Errorf("payment is %s, of %s", p.State, p.CustomerID)
	}
	if _, err := w.Pay.Customer(t.Context(), w.Shop, m.CustomerID); err != nil {
		t.Errorf("the mandate's customer: %v", err)
	}
}

// TestSave_DetachedWhileItsPaymentIsInFlight: the payment is brought to its end, and gives no
// mandate on a method that nobody can charge any more.
func TestSave_DetachedWhileItsPaymentIsInFlight(t *testing.T) {
	w := paytest.New(t)
	cu := customer(t, w)
	of := func(r *pay.OpenSession) { r.CustomerID, r.Offer.Save = cu.ID, pay.SaveAlways }
	first := w.Buy(w.Open(of).ID, "4000002760003184")
	if _, err := w.Pay.Answer(t.Context(), w.Shop, first.ID, pay.Approve); err != nil {
		t.Fatal(err)
	}
	method := w.Payment(first.ID).MethodID
	ses := w.Open(paytest.First(terms.Terms{}), func(r *pay.OpenSession) { r.CustomerID = cu.ID })
	p, err := paySaved(w, w.Shop, ses.ID, method)
	if err != nil || p.State != pay.PaymentAction {
		t.Fatalf("payment is %s, %v", p.State, err)
	}
	if _, _, err := w.Pay.DetachMethod(t.Context(), w.Shop, nil, method); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Pay.Answer(t.Context(), w.Shop, p.ID, pay.Approve); err != nil {
		t.Fatal(err)
	}
	got := w.Session(ses.ID)
	if got.State != pay.SessionComplete || got.MandateID != "" {
		t.Errorf("session %+v", got)
	}
}

func TestRace_PayingAndDetaching(t *testing.T) {
	onBoth(t, func(t *testing.T, w *paytest.World) {
		cu := customer(t, w)
		of := func(r *pay.OpenSession) { r.CustomerID, r.Offer.Save = cu.ID, pay.SaveAlways }
		for range 8 {
			method := w.Buy(w.Open(of).ID, ok).MethodID
			ses := w.Open(paytest.First(terms.Terms{}), of)
			_, errs := together(2, func(i int) (struct{}, error) {
				var err error
				if i == 0 {
					_, err = paySaved(w, w.Shop, ses.ID, method)
				} else {
					_, _, err = w.Pay.DetachMethod(context.Background(), w.Shop, nil, method)
				}
				return struct{}{}, err
			})
			if errs[0] != nil && !pay.IsKind(errs[0], pay.Invalid) || errs[1] != nil {
				t.Errorf("pay: %v, detach: %v", errs[0], errs[1])
			}
			if id := w.Session(ses.ID).MandateID; id != "" && w.Mandate(id).State == pay.MandateActive {
				t.Error("a mandate may be charged whose method is detached")
			}
		}
	})
}
