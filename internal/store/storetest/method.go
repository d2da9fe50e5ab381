package storetest

import "github.com/kassa-pay/kassa/internal/pay"

var methodCases = map[string]func(*run){
	"Method_RoundTrip":         methodRoundTrip,
	"Method_Swap":              methodSwap,
	"Method_OneTokenForTwo":    methodToken,
	"Method_List":              methodList,
	"Method_PagesStandStill":   methodPages,
	"Method_OutlivesCustomer":  methodCustomer,
	"Method_ValuesAreChecked":  methodChecks,
	"Method_LockedCountsExact": methodCounter,
}

func methodRoundTrip(r *run) {
	card := r.addMethod(shop, nothing)
	mobile := r.addMethod(shop, func(m *pay.SavedMethod) {
		m.Type, m.Card = pay.MethodMobile, nil
		m.Mobile = &pay.Mobile{Phone: "0241234567", Provider: "mtn"}
	})
	bare := pay.SavedMethod{
		ID: r.id("pm"), MerchantID: shop.MerchantID, Mode: shop.Mode, State: pay.MethodDetached,
		Version: 1, PaymentID: card.PaymentID, CreatedAt: r.now, UpdatedAt: r.now,
	}
	r.do(func(tx pay.Tx) error { return tx.InsertMethod(r.ctx, bare) })
	for _, want := range []pay.SavedMethod{card, mobile, bare} {
		r.eq(got[pay.SavedMethod](r)(r.SavedMethod(r.ctx, shop, want.ID)), want)
		r.eq(inUnit(r, func(tx pay.Tx) (pay.SavedMethod, error) {
			return tx.LockMethod(r.ctx, want.ID)
		}), want)
		for _, sc := range others {
			r.absent(fails(r.SavedMethod(r.ctx, sc, want.ID)))
		}
	}
	r.absent(fails(r.SavedMethod(r.ctx, shop, "pm_none")))
	r.refused(pay.NotFound, "", func(tx pay.Tx) error {
		return fails(tx.LockMethod(r.ctx, "pm_none"))
	})
	r.refused(pay.Conflict, "duplicate", func(tx pay.Tx) error {
		return tx.InsertMethod(r.ctx, card)
	})
}

func methodSwap(r *run) {
	m := r.addMethod(shop, nothing)
	m.Family, m.CustomerID, m.State, m.Version = "other", "cus_2", pay.MethodDetached, 2
	m.Rail, m.Type, m.Card, m.Token = "r", "mobile", nil, "t"
	m.Mobile = &pay.Mobile{Phone: "0201234567", Provider: "telecel"}
	m.PaymentID, m.UpdatedAt = r.addPayment(shop, nothing).ID, r.in(9)
	for _, spoil := range []func(*pay.SavedMethod){
		func(m *pay.SavedMethod) { m.Version = 1 },
		func(m *pay.SavedMethod) { m.Version = 3 },
		func(m *pay.SavedMethod) { m.MerchantID = rival.MerchantID },
		func(m *pay.SavedMethod) { m.Mode = pay.Live },
		func(m *pay.SavedMethod) { m.ID = "pm_none" },
	} {
		bad := m
		spoil(&bad)
		r.refused(pay.Conflict, "stale", func(tx pay.Tx) error { return tx.SwapMethod(r.ctx, bad) })
	}
	r.oneWins(r.race(8, func(int) error {
		return r.try(func(tx pay.Tx) error { return tx.SwapMethod(r.ctx, m) })
	}))
	r.eq(got[pay.SavedMethod](r)(r.SavedMethod(r.ctx, shop, m.ID)), m)
}

// methodCounter reads under a lock and writes back: no change may be lost.
func methodCounter(r *run) {
	const units = 20
	m := r.addMethod(shop, nothing)
	for _, err := range r.race(units, func(int) error {
		return r.try(func(tx pay.Tx) error {
			now, err := tx.LockMethod(r.ctx, m.ID)
			if err != nil {
				return err
			}
			now.Version++
			return tx.SwapMethod(r.ctx, now)
		})
	}) {
		if err != nil {
			r.Error(err)
		}
	}
	r.eq(got[pay.SavedMethod](r)(r.SavedMethod(r.ctx, shop, m.ID)).Version, int64(1+units))
}

// methodToken: two customers may save the same card, and one customer the same card again.
func methodToken(r *run) {
	a := r.addMethod(shop, func(m *pay.SavedMethod) { m.State = pay.MethodDetached })
	for _, customer := range []string{a.CustomerID, "cus_2"} {
		b := r.addMethod(shop, func(m *pay.SavedMethod) {
			m.CustomerID, m.PaymentID = customer, a.PaymentID
		})
		r.eq([]any{b.Token, b.Card}, []any{a.Token, a.Card})
	}
}

func (r *run) methodIDs(sc pay.Scope, f pay.MethodFilter) []string {
	r.Helper()
	list := got[[]pay.SavedMethod](r)(r.SavedMethods(r.ctx, sc, f))
	return idsOf(list, func(m pay.SavedMethod) string { return m.ID })
}

func methodList(r *run) {
	add := func(sc pay.Scope, customer string, state pay.MethodState) string {
		return r.addMethod(sc, func(m *pay.SavedMethod) {
			m.CustomerID, m.State = customer, state
		}).ID
	}
	a := add(shop, "cus_1", pay.MethodActive)
	b := add(shop, "cus_1", pay.MethodDetached)
	c := add(shop, "cus_2", pay.MethodActive)
	d := add(shop, "cus_1", pay.MethodActive)
	foreign := add(rival, "cus_1", pay.MethodActive)
	for _, x := range []struct {
		customer, after string
		all             bool
		want            []string
	}{
		{want: []string{d, c, a}},
		{all: true, want: []string{d, c, b, a}},
		{all: true, after: c, want: []string{b, a}},
		{after: c, want: []string{a}},
		{customer: "cus_1", want: []string{d, a}},
		{customer: "cus_1", all: true, want: []string{d, b, a}},
		{customer: "cus_1", all: true, after: d, want: []string{b, a}},
		{customer: "cus_3", all: true},
	} {
		f := pay.MethodFilter{
			Page: pay.Page{Limit: 10, After: x.after}, CustomerID: x.customer, All: x.all,
		}
		r.eq(r.methodIDs(shop, f), x.want)
		r.eq(r.methodIDs(live, f), []string(nil))
	}
	r.eq(r.methodIDs(rival, pay.MethodFilter{Page: page(10), CustomerID: "cus_1"}),
		[]string{foreign})
}

func methodPages(r *run) {
	var want []string
	for range 5 {
		want = append(want, r.addMethod(shop, nothing).ID)
		r.addMethod(live, nothing)
	}
	for _, f := range []pay.MethodFilter{{}, {CustomerID: "cus_1"}} {
		ids := r.pages(2, func() { r.addMethod(shop, nothing) },
			func(p pay.Page) ([]string, error) {
				f.Page = p
				return r.methodIDs(shop, f), nil
			})
		r.eq(ids[len(ids)-len(want):], reversed(want))
	}
}

func methodCustomer(r *run) {
	c := r.addCustomer(shop, "")
	m := r.addMethod(shop, func(m *pay.SavedMethod) { m.CustomerID = c.ID })
	r.do(func(tx pay.Tx) error { return tx.DeleteCustomer(r.ctx, shop, c.ID) })
	r.eq(got[pay.SavedMethod](r)(r.SavedMethod(r.ctx, shop, m.ID)), m)
}

func methodChecks(r *run) {
	for what, spoil := range map[string]func(*pay.SavedMethod){
		"state":           func(m *pay.SavedMethod) { m.State = 0 },
		"mode":            func(m *pay.SavedMethod) { m.Mode = "" },
		"version":         func(m *pay.SavedMethod) { m.Version = 0 },
		"no such payment": func(m *pay.SavedMethod) { m.PaymentID = "pay_none" },
	} {
		m := r.method(shop)
		spoil(&m)
		if r.try(func(tx pay.Tx) error { return tx.InsertMethod(r.ctx, m) }) == nil {
			r.Errorf("%s: stored", what)
		}
	}
}
