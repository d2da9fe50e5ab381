package pay_test

import (
	"context"
	"strings"
	"testing"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/terms"
)

func aliased(kind, id string) func(*pay.OpenSession) {
	return func(r *pay.OpenSession) { r.Aliases = append(r.Aliases, pay.Alias{Kind: kind, ID: id}) }
}

func TestAlias_NamesWhatWasMade(t *testing.T) {
	w := paytest.New(t)
	ctx := t.Context()
	ses := w.Open(aliased("instrument", "i-1"), aliased("payment", "p-1"))
	m := w.Agree(ok, terms.Terms{})
	charge := pay.ChargeRequest{
		Family: "checkout", Amount: paytest.GHS(700), MandateID: m.ID,
		Aliases: []pay.Alias{{Kind: "payment", ID: "p-2"}},
	}
	p, _, err := w.Pay.Charge(ctx, w.Shop, nil, charge)
	if err != nil {
		t.Fatal(err)
	}
	refund, _, err := w.Pay.CreateRefund(ctx, w.Shop, nil, pay.RefundRequest{
		PaymentID: p.ID, Amount: 100, Aliases: []pay.Alias{{Kind: "refund", ID: "p-1"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ kind, id, want string }{
		{"instrument", "i-1", ses.ID}, {"payment", "p-1", ses.ID}, {"payment", "p-2", p.ID},
		{"refund", "p-1", refund.ID},
	} {
		got, err := w.Pay.Resolve(ctx, w.Shop, "checkout", tc.kind, tc.id)
		if err != nil || got != tc.want {
			t.Errorf("%s %s is %q, %v", tc.kind, tc.id, got, err)
		}
		_, err = w.Pay.Resolve(ctx, w.Rival, "checkout", tc.kind, tc.id)
		fails(t, err, pay.NotFound, "resource_missing", "")
		_, err = w.Pay.Resolve(ctx, w.Shop, "other", tc.kind, tc.id)
		fails(t, err, pay.NotFound, "resource_missing", "")
	}
	// What is taken is taken, and nothing is made then.
	_, _, err = w.Pay.Charge(ctx, w.Shop, nil, charge)
	fails(t, err, pay.Conflict, "id_taken", "payment")
	if n := len(w.Charges(m.ID)); n != 1 {
		t.Errorf("%d charges", n)
	}
	if got := w.Mandate(m.ID); got.Count != 1 {
		t.Errorf("a charge whose id was taken took a slot: %d", got.Count)
	}
	_, _, err = w.Pay.CreateRefund(ctx, w.Shop, nil, pay.RefundRequest{
		PaymentID: p.ID, Amount: 100, Aliases: []pay.Alias{{Kind: "refund", ID: "p-1"}},
	})
	fails(t, err, pay.Conflict, "id_taken", "refund")
	if got := w.Payment(p.ID); got.Refunded != 100 {
		t.Errorf("%d are refunded", got.Refunded)
	}
	_, _, err = openWith(w, aliased("instrument", "i-2"), aliased("payment", "p-2"))
	fails(t, err, pay.Conflict, "id_taken", "payment")
	if _, err := w.Pay.Resolve(ctx, w.Shop, "checkout", "instrument", "i-2"); err == nil {
		t.Error("a session that was not made has a name")
	}
	for _, bad := range []string{"", "a\nb", strings.Repeat("x", 129)} {
		_, _, err = openWith(w, aliased("payment", bad))
		fails(t, err, pay.Invalid, "parameter_invalid", "payment")
	}
}

func openWith(
	w *paytest.World, change ...func(*pay.OpenSession),
) (pay.Session, pay.Reply, error) {
	r := pay.OpenSession{
		Family: "checkout", Amount: 5000, Currency: "GHS", SuccessURL: "https://shop.test/",
		CancelURL: "https://shop.test/",
	}
	for _, f := range change {
		f(&r)
	}
	return w.Pay.OpenSession(context.Background(), w.Shop, nil, r)
}

func TestAlias_ARepeatedRequestGetsItsAnswer(t *testing.T) {
	w := paytest.New(t)
	o := once("k", "open", func(s pay.Session) string { return s.ID })
	r := pay.OpenSession{
		Family: "checkout", Amount: 5000, Currency: "GHS", SuccessURL: "https://shop.test/",
		CancelURL: "https://shop.test/", Aliases: []pay.Alias{{Kind: "payment", ID: "p"}},
	}
	_, first, err := w.Pay.OpenSession(t.Context(), w.Shop, o, r)
	if err != nil {
		t.Fatal(err)
	}
	_, again, err := w.Pay.OpenSession(t.Context(), w.Shop, o, r)
	if err != nil || !again.Replayed || string(again.Body) != string(first.Body) {
		t.Errorf("%+v, %v", again, err)
	}
}

func TestAlias_ACustomerTheMerchantNames(t *testing.T) {
	onBoth(t, func(t *testing.T, w *paytest.World) {
		known := func(r *pay.OpenSession) {
			r.KnownAs = &pay.Alias{Kind: "buyer", ID: "b-1"}
			r.NewCustomer = &pay.Customer{Name: "Mira Okafor"}
		}
		opened, errs := together(8, func(int) (pay.Session, error) {
			ses, _, err := openWith(w, known)
			return ses, err
		})
		for i, err := range errs {
			if err != nil || opened[i].CustomerID == "" ||
				opened[i].CustomerID != opened[0].CustomerID {
				t.Fatalf("session %d is of customer %q, %v", i, opened[i].CustomerID, err)
			}
		}
		all, _, err := w.Pay.Customers(t.Context(), w.Shop, pay.CustomerFilter{})
		if err != nil || len(all) != 1 || all[0].Name != "Mira Okafor" {
			t.Errorf("customers %+v, %v", all, err)
		}
		_, _, err = openWith(w, func(r *pay.OpenSession) {
			r.KnownAs = &pay.Alias{Kind: "buyer", ID: "b-2"}
		})
		fails(t, err, pay.Invalid, "resource_missing", "buyer")
	})
}
