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
	} {
		r := pay.OpenSession{Family: "checkout", Amount: 5000, Currency: "GHS"}
		change(&r)
		_, _, err := w.Pay.OpenSession(t.Context(), w.Shop, nil, r)
		if e := pay.AsError(err); e == nil || e.Kind != pay.Invalid || e.Param != want {
			t.Errorf("want %s, got %v", want, err)
		}
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
