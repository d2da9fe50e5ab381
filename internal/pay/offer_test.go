package pay_test

import (
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/terms"
)

func TestOffer_BadInputNamesItsField(t *testing.T) {
	w := paytest.New(t)
	monthly := terms.Recurrence{Unit: terms.Month, Interval: 1}
	for want, change := range map[string]func(*pay.OpenSession){
		"offer.save": func(r *pay.OpenSession) { r.Offer.Save = "maybe" },
		"offer.presentation": func(r *pay.OpenSession) {
			r.Offer.Presentation = "upside-down"
		},
		"series":         func(r *pay.OpenSession) { r.Series = pay.SeriesNext },
		"offer.terms":    func(r *pay.OpenSession) { r.Offer.Terms = &terms.Terms{} },
		"offer.schedule": func(r *pay.OpenSession) { r.Offer.Schedule = &terms.Schedule{} },
		"amount":         func(r *pay.OpenSession) { r.Verify = true },
		"payment_method_types": func(r *pay.OpenSession) {
			r.Verify, r.Amount, r.Methods = true, 0, []string{pay.MethodMobile}
		},
		"offer.terms.amount.min": paytest.First(terms.Terms{Amount: terms.Amount{Min: 2, Max: 1}}),
		"offer.retry.days": func(r *pay.OpenSession) {
			r.Series, r.Offer.Retry.Days = pay.SeriesFirst, []int64{1, 31}
		},
		"offer.schedule.start": func(r *pay.OpenSession) {
			paytest.First(terms.Terms{Start: terms.Date{Year: 2026, Month: 11, Day: 1}})(r)
			paytest.Scheduled(terms.Schedule{
				Recurrence: monthly, Start: terms.Date{Year: 2026, Month: 10, Day: 1}, Amount: 900,
			})(r)
		},
		"offer.schedule.end": func(r *pay.OpenSession) { // the day has come, and its hour is over
			paytest.First(terms.Terms{})(r)
			paytest.Scheduled(terms.Schedule{
				Recurrence: monthly, Start: terms.Date{Year: 2026, Month: 10, Day: 3},
				End: terms.Date{Year: 2026, Month: 11, Day: 2}, Hour: 9, Minute: 30, Amount: 900,
			})(r)
		},
		"offer.terms.end": func(r *pay.OpenSession) {
			paytest.First(terms.Terms{End: terms.Date{Year: 2026, Month: 11, Day: 2}})(r)
			paytest.Scheduled(terms.Schedule{
				Recurrence: monthly, Start: terms.Date{Year: 2026, Month: 9, Day: 3}, Amount: 900,
			})(r)
		},
	} {
		r := pay.OpenSession{Family: "checkout", Amount: 5000, Currency: "GHS"}
		change(&r)
		_, _, err := w.Pay.OpenSession(t.Context(), w.Shop, nil, r)
		if e := pay.AsError(err); e == nil || e.Kind != pay.Invalid || e.Param != want {
			t.Errorf("want %s, got %v", want, err)
		}
	}
}

// TestOffer_NobodyCouldPay: one of the methods that are named must suit the session.
func TestOffer_NobodyCouldPay(t *testing.T) {
	w := paytest.New(t)
	later := terms.Terms{Start: terms.Date{Year: 2026, Month: 12, Day: 1}}
	for name, tc := range map[string]struct {
		methods              []string
		currency             string
		series               *terms.Terms
		code, param, message string
	}{
		"agreement in cedis": {[]string{pay.MethodPayTo}, "GHS", nil, "currency_not_supported",
			"payment_method_types", "payto takes AUD alone, not GHS."},
		"one of two": {[]string{pay.MethodCard, pay.MethodPayTo}, "GHS", nil, "", "", ""},
		"neither of two": {[]string{pay.MethodBank, pay.MethodPayTo}, "GHS", &terms.Terms{},
			"currency_not_supported", "payment_method_types", "payto takes AUD alone, not GHS."},
		"a transfer cannot be charged again": {[]string{pay.MethodBank}, "GHS", &terms.Terms{},
			"parameter_invalid", "payment_method_types",
			"A series cannot begin with bank_transfer, which leaves nothing to charge again."},
		"its own amount": {[]string{pay.MethodPayTo}, "AUD",
			&terms.Terms{Amount: terms.Amount{Max: 4000}}, "parameter_invalid", "offer.terms",
			"By payto the first payment is a charge too. " +
				"The mandate does not permit a charge of this amount."},
		"its own day": {[]string{pay.MethodBank, pay.MethodPayTo}, "AUD", &later,
			"parameter_invalid", "offer.terms",
			"By payto the first payment is a charge too. The mandate has not begun yet."},
		"a card begins it": {[]string{pay.MethodPayTo, pay.MethodCard}, "AUD", &later, "", "", ""},
		"dollars by card":  {[]string{pay.MethodCard, pay.MethodBank}, "USD", nil, "", "", ""},
		"all there is":     {nil, "USD", nil, "", "", ""},
	} {
		r := pay.OpenSession{
			Family: "checkout", Amount: 5000, Currency: tc.currency, Methods: tc.methods,
		}
		if tc.series != nil {
			paytest.First(*tc.series)(&r)
		}
		_, _, err := w.Pay.OpenSession(t.Context(), w.Shop, nil, r)
		if tc.code == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		fails(t, err, pay.Invalid, tc.code, tc.param)
		if e := pay.AsError(err); e != nil && e.Message != tc.message {
			t.Errorf("%s: %s", name, e.Message)
		}
	}
}

// TestOffer_EndsWithItsMandate: nobody can agree to a mandate that is over.
func TestOffer_EndsWithItsMandate(t *testing.T) {
	w := paytest.New(t)
	today := terms.Terms{End: terms.Date{Year: 2026, Month: 10, Day: 3}, Zone: "Africa/Lagos"}
	tomorrow := today
	tomorrow.End.Day++
	for _, tc := range []struct {
		terms terms.Terms
		ttl   time.Duration
	}{
		{today, 13*time.Hour + 30*time.Minute}, {tomorrow, pay.DefaultTTL}, // it is 10:30 in Lagos
	} {
		ses := w.Open(paytest.First(tc.terms))
		if got := ses.ExpiresAt.Sub(ses.CreatedAt); got != tc.ttl {
			t.Errorf("until %s: it lives for %s, want %s", tc.terms.End, got, tc.ttl)
		}
	}
}

// TestOffer_NotConnected: a method that has no network now is no reason to refuse a session.
func TestOffer_NotConnected(t *testing.T) {
	w := paytest.New(t)
	none := w.Twin(func(d *pay.Deps) { d.Rails = []pay.Rail{w.Card} })
	_, _, err := none.OpenSession(t.Context(), w.Shop, nil, pay.OpenSession{
		Family: "checkout", Amount: 5000, Currency: "AUD", Methods: []string{pay.MethodPayTo},
	})
	if err != nil {
		t.Error(err)
	}
}

func TestOffer_VerificationSavesOrIsOfNoUse(t *testing.T) {
	w := paytest.New(t)
	for _, wish := range []pay.SaveWish{pay.SaveNever, pay.SavePrompt} {
		_, _, err := w.Pay.OpenSession(t.Context(), w.Shop, nil, pay.OpenSession{
			Family: "checkout", Currency: "GHS", Verify: true, Offer: pay.Offer{Save: wish},
		})
		if e := pay.AsError(err); e == nil || e.Param != "offer.save" {
			t.Errorf("%s: %v", wish, err)
		}
	}
}

func TestOffer_FirstOfferAndOwnIDs(t *testing.T) {
	w := paytest.New(t)
	ses := w.Open(paytest.First(terms.Terms{}), func(r *pay.OpenSession) {
		r.IDPrefix, r.SuccessURL, r.CancelURL = "ps", "", ""
	})
	if ses.ID[:3] != "ps_" || ses.Offer.Save != pay.SaveAlways {
		t.Errorf("session %+v", ses)
	}
	v, err := w.Pay.Page(t.Context(), ses.ID, w.Pay.PageKey(ses.ID))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range v.Methods {
		if m == pay.MethodBank {
			t.Error("a series can be begun by bank transfer, which nobody can charge again")
		}
	}
	w.Advance(48 * time.Hour)
	if got := w.Session(ses.ID); got.State != pay.SessionExpired {
		t.Errorf("session is %s", got.State)
	}
}
