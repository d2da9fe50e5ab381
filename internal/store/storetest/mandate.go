package storetest

import (
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/terms"
)

var mandateCases = map[string]func(*run){
	"Mandate_RoundTrip":        mandateRoundTrip,
	"Mandate_Swap":             mandateSwap,
	"Mandate_List":             mandateList,
	"Mandate_PagesStandStill":  mandatePages,
	"Mandate_Due":              mandateDue,
	"Mandate_DueAreApart":      mandateDueRace,
	"Mandate_OnePerSession":    mandateSession,
	"Mandate_ValuesAreChecked": mandateChecks,
}

func mandateIDs(list []pay.Mandate) []string {
	return idsOf(list, func(m pay.Mandate) string { return m.ID })
}

func mandateRoundTrip(r *run) {
	full := r.addMandate(shop, nothing)
	parts := r.addMandate(shop, func(m *pay.Mandate) {
		m.Terms = terms.Terms{Kind: terms.Installment, MaxTotal: 600, Items: []int64{100, 200, 300}}
		m.Count, m.Total = 3, 600
	})
	bare := pay.Mandate{
		ID: r.id("mdt"), MerchantID: shop.MerchantID, Mode: shop.Mode, MethodID: full.MethodID,
		SessionID: r.addSession(shop, nothing).ID, State: pay.MandateCanceled, Version: 1,
		CreatedAt: r.now, UpdatedAt: r.now,
	}
	r.do(func(tx pay.Tx) error { return tx.InsertMandate(r.ctx, bare, r.now) })
	for _, want := range []pay.Mandate{full, parts, bare} {
		r.eq(got[pay.Mandate](r)(r.Mandate(r.ctx, shop, want.ID)), want)
		r.eq(got[pay.Mandate](r)(r.MandateByID(r.ctx, want.ID)), want)
		r.eq(inUnit(r, func(tx pay.Tx) (pay.Mandate, error) {
			return tx.LockMandate(r.ctx, want.ID)
		}), want)
		for _, sc := range others {
			r.absent(fails(r.Mandate(r.ctx, sc, want.ID)))
		}
	}
	r.absent(fails(r.Mandate(r.ctx, shop, "mdt_none")))
	r.absent(fails(r.MandateByID(r.ctx, "mdt_none")))
	r.refused(pay.NotFound, "", func(tx pay.Tx) error {
		return fails(tx.LockMandate(r.ctx, "mdt_none"))
	})
	r.refused(pay.Conflict, "duplicate", func(tx pay.Tx) error {
		return tx.InsertMandate(r.ctx, full, time.Time{})
	})
}

func mandateSwap(r *run) {
	m := r.addMandate(shop, nothing)
	m.Family, m.CustomerID, m.State, m.Version = "other", "cus_2", pay.MandatePaused, 2
	m.MethodID, m.SessionID = r.addMethod(shop, nothing).ID, r.addSession(shop, nothing).ID
	m.Currency, m.Terms, m.Consent, m.Count, m.Total = "JPY", terms.Terms{}, "", 99, 1_000_000
	m.Schedule, m.NextAt, m.TryAt, m.Failures = nil, time.Time{}, time.Time{}, 0
	m.Retry, m.Reason, m.UpdatedAt = pay.Retry{}, "", r.in(9)
	m.Description, m.Proposal = "", nil
	for _, spoil := range []func(*pay.Mandate){
		func(m *pay.Mandate) { m.Version = 1 },
		func(m *pay.Mandate) { m.Version = 3 },
		func(m *pay.Mandate) { m.MerchantID = rival.MerchantID },
		func(m *pay.Mandate) { m.Mode = pay.Live },
		func(m *pay.Mandate) { m.ID = "mdt_none" },
	} {
		bad := m
		spoil(&bad)
		r.refused(pay.Conflict, "stale", func(tx pay.Tx) error {
			return tx.SwapMandate(r.ctx, bad, time.Time{})
		})
	}
	r.oneWins(r.race(8, func(int) error {
		return r.try(func(tx pay.Tx) error { return tx.SwapMandate(r.ctx, m, time.Time{}) })
	}))
	r.eq(got[pay.Mandate](r)(r.Mandate(r.ctx, shop, m.ID)), m)
}

func (r *run) mandateIDs(sc pay.Scope, f pay.MandateFilter) []string {
	r.Helper()
	return mandateIDs(got[[]pay.Mandate](r)(r.Mandates(r.ctx, sc, f)))
}

func mandateList(r *run) {
	m1, m2 := r.addMethod(shop, nothing).ID, r.addMethod(shop, nothing).ID
	add := func(sc pay.Scope, method, customer string, state pay.MandateState, on bool) string {
		return r.addMandate(sc, func(m *pay.Mandate) {
			m.MethodID, m.CustomerID, m.State = method, customer, state
			if !on {
				m.Schedule = nil
			}
		}).ID
	}
	a := add(shop, m1, "cus_1", pay.MandateActive, true)
	b := add(shop, m1, "cus_1", pay.MandatePaused, false)
	c := add(shop, m2, "cus_2", pay.MandateActive, false)
	d := add(shop, m2, "cus_1", pay.MandateCanceled, true)
	foreign := add(rival, m1, "cus_1", pay.MandateActive, true)
	live1 := add(live, m1, "cus_1", pay.MandateActive, true)
	active := []pay.MandateState{pay.MandateActive}
	going := []pay.MandateState{pay.MandateActive, pay.MandatePaused}
	for _, x := range []struct {
		f    pay.MandateFilter
		want []string
	}{
		{pay.MandateFilter{}, []string{d, c, b, a}},
		{pay.MandateFilter{Page: pay.Page{After: c}}, []string{b, a}},
		{pay.MandateFilter{Scheduled: true}, []string{d, a}},
		{pay.MandateFilter{Scheduled: true, Page: pay.Page{After: d}}, []string{a}},
		{pay.MandateFilter{Scheduled: true, States: active}, []string{a}},
		{pay.MandateFilter{States: active}, []string{c, a}},
		{pay.MandateFilter{States: going}, []string{c, b, a}},
		{pay.MandateFilter{CustomerID: "cus_1"}, []string{d, b, a}},
		{pay.MandateFilter{CustomerID: "cus_1", States: going}, []string{b, a}},
		{pay.MandateFilter{CustomerID: "cus_1", Scheduled: true}, []string{d, a}},
		{pay.MandateFilter{CustomerID: "cus_3"}, nil},
		{pay.MandateFilter{MethodID: m1}, []string{b, a}},
		{pay.MandateFilter{MethodID: m1, Scheduled: true}, []string{a}},
		{pay.MandateFilter{MethodID: m1, CustomerID: "cus_2"}, nil},
		{pay.MandateFilter{MethodID: m2, CustomerID: "cus_2"}, []string{c}},
		{pay.MandateFilter{MethodID: m2, States: active}, []string{c}},
		{pay.MandateFilter{MethodID: m2, Page: pay.Page{After: d}}, []string{c}},
	} {
		x.f.Limit = 10
		r.eq(r.mandateIDs(shop, x.f), x.want)
	}
	for sc, want := range map[pay.Scope]string{rival: foreign, live: live1} {
		for _, f := range []pay.MandateFilter{
			{}, {CustomerID: "cus_1"}, {MethodID: m1}, {Scheduled: true},
		} {
			f.Limit = 10
			r.eq(r.mandateIDs(sc, f), []string{want})
		}
	}
}

func mandatePages(r *run) {
	method := r.addMethod(shop, nothing).ID
	on := func(m *pay.Mandate) { m.MethodID = method }
	var want []string
	for range 5 {
		want = append(want, r.addMandate(shop, on).ID)
		r.addMandate(live, nothing)
	}
	for _, f := range []pay.MandateFilter{
		{}, {CustomerID: "cus_1"}, {MethodID: method}, {Scheduled: true},
	} {
		ids := r.pages(2, func() { r.addMandate(shop, on) }, func(p pay.Page) ([]string, error) {
			f.Page = p
			return r.mandateIDs(shop, f), nil
		})
		r.eq(ids[len(ids)-len(want):], reversed(want))
	}
}

// dueMandates returns the ids of what is due at the number of seconds.
func (r *run) dueMandates(at, limit int) []string {
	r.Helper()
	return mandateIDs(inUnit(r, func(tx pay.Tx) ([]pay.Mandate, error) {
		return tx.LockDueMandates(r.ctx, r.in(at), limit)
	}))
}

func mandateDue(r *run) {
	due := map[int]pay.Mandate{}
	for i, at := range []int{5, -5, 0, -9} {
		m := r.mandate([]pay.Scope{shop, live, rival, shop}[i])
		due[at] = m
		r.do(func(tx pay.Tx) error { return tx.InsertMandate(r.ctx, m, r.in(at)) })
	}
	r.addMandate(shop, nothing)
	r.eq(r.dueMandates(0, 10), []string{due[-9].ID, due[-5].ID, due[0].ID})
	r.eq(r.dueMandates(0, 2), []string{due[-9].ID, due[-5].ID})
	r.eq(r.dueMandates(-10, 2), []string(nil))
	r.do(func(tx pay.Tx) error {
		m := got[[]pay.Mandate](r)(tx.LockDueMandates(r.ctx, r.now, 1))[0]
		r.eq(m, due[-9])
		m.Version, m.TryAt = 2, time.Time{}
		return tx.SwapMandate(r.ctx, m, time.Time{})
	})
	r.eq(r.dueMandates(99, 10), []string{due[-5].ID, due[0].ID, due[5].ID})
	m := due[-5]
	m.Version = 2
	r.do(func(tx pay.Tx) error { return tx.SwapMandate(r.ctx, m, r.in(7)) })
	r.eq(r.dueMandates(99, 10), []string{due[0].ID, due[5].ID, due[-5].ID})
}

// mandateDueRace: what one takes and moves on, nobody else takes.
func mandateDueRace(r *run) {
	const mandates = 40
	session := r.id("cs")
	r.do(func(tx pay.Tx) error {
		p := r.payment(shop)
		method := pay.SavedMethod{
			ID: r.id("pm"), MerchantID: shop.MerchantID, Mode: shop.Mode, Version: 1,
			State: pay.MethodActive, PaymentID: p.ID, CreatedAt: r.now, UpdatedAt: r.now,
		}
		err := tx.InsertPayment(r.ctx, p, time.Time{})
		if err == nil {
			err = tx.InsertMethod(r.ctx, method)
		}
		for i := range mandates {
			s := r.session(shop)
			s.ID = session + string(rune('A'+i))
			m := pay.Mandate{
				ID: r.id("mdt"), MerchantID: shop.MerchantID, Mode: shop.Mode, Version: 1,
				MethodID: method.ID, SessionID: s.ID, State: pay.MandateActive, CreatedAt: r.now,
				UpdatedAt: r.now,
			}
			if err == nil {
				err = tx.InsertSession(r.ctx, s, time.Time{})
			}
			if err == nil {
				err = tx.InsertMandate(r.ctx, m, r.in(-i))
			}
		}
		return err
	})
	claims := make([][]string, 8)
	for _, err := range r.race(len(claims), func(i int) error {
		for range 8 {
			var taken []string
			if err := r.try(func(tx pay.Tx) error {
				taken = nil
				due, err := tx.LockDueMandates(r.ctx, r.now, 3)
				for _, m := range due {
					m.Version++
					if err == nil {
						err = tx.SwapMandate(r.ctx, m, time.Time{})
					}
					taken = append(taken, m.ID)
				}
				return err
			}); err != nil {
				return err
			}
			claims[i] = append(claims[i], taken...)
		}
		return nil
	}) {
		if err != nil {
			r.Error(err)
		}
	}
	r.apart(append(claims, r.dueMandates(0, mandates)), mandates)
}

func mandateSession(r *run) {
	m := r.addMandate(shop, nothing)
	again := r.mandate(shop)
	again.SessionID = m.SessionID
	r.refused(pay.Conflict, "duplicate", func(tx pay.Tx) error {
		return tx.InsertMandate(r.ctx, again, time.Time{})
	})
}

func mandateChecks(r *run) {
	for what, spoil := range map[string]func(*pay.Mandate){
		"state":           func(m *pay.Mandate) { m.State = 0 },
		"mode":            func(m *pay.Mandate) { m.Mode = "" },
		"version":         func(m *pay.Mandate) { m.Version = 0 },
		"count":           func(m *pay.Mandate) { m.Count = -1 },
		"total":           func(m *pay.Mandate) { m.Total = -1 },
		"failures":        func(m *pay.Mandate) { m.Failures = -1 },
		"no such day":     func(m *pay.Mandate) { m.Terms.End.Day = 32 },
		"no such start":   func(m *pay.Mandate) { m.Schedule.Start.Day = 32 },
		"no such method":  func(m *pay.Mandate) { m.MethodID = "pm_none" },
		"no such session": func(m *pay.Mandate) { m.SessionID = "cs_none" },
	} {
		m := r.mandate(shop)
		spoil(&m)
		err := r.try(func(tx pay.Tx) error { return tx.InsertMandate(r.ctx, m, time.Time{}) })
		if err == nil {
			r.Errorf("%s: stored", what)
		}
		good := r.addMandate(shop, nothing)
		m.ID, m.Version = good.ID, m.Version+1
		err = r.try(func(tx pay.Tx) error { return tx.SwapMandate(r.ctx, m, time.Time{}) })
		if err == nil {
			r.Errorf("%s: swapped in", what)
		}
		r.eq(got[pay.Mandate](r)(r.Mandate(r.ctx, shop, good.ID)), good)
	}
}

var boundCases = map[string]func(*run){
	"Bound_AmendedBelowWhatIsUsed": boundAmended,
	"Bound_MandateIsNeverAbove":    boundMandate,
	"Bound_WindowIsNeverAbove":     boundWindow,
	"Bound_SlotsAreNotOversold":    boundSlots,
	"Bound_WindowIsNotOversold":    boundWindowSlots,
	"Bound_NoBoundHoldsAnything":   boundNone,
	"Window_Put":                   windowPut,
}

// boundAmended: bounds may come to lie below what is used, and then nothing is added.
func boundAmended(r *run) {
	m := r.addMandate(shop, func(m *pay.Mandate) { m.Count, m.Total = 5, 500 })
	m.Terms.MaxCount, m.Terms.MaxTotal = 3, 300
	swap := func(tx pay.Tx) error { return tx.SwapMandate(r.ctx, m, time.Time{}) }
	for _, used := range []struct {
		count, total int64
		ok           bool
	}{
		{5, 500, true}, {5, 500, true}, {6, 500, false}, {5, 501, false}, {4, 400, true},
		{5, 400, false}, {4, 401, false}, {2, 200, true}, {3, 300, true}, {4, 300, false},
		{3, 301, false},
	} {
		m.Count, m.Total = used.count, used.total
		m.Version++
		if used.ok {
			r.do(swap)
			continue
		}
		r.refused(pay.Conflict, "limit", swap)
		m.Version--
	}
}

// boundMandate: what is above the terms is refused with Conflict, and a defect with something else.
func boundMandate(r *run) {
	limits := terms.Terms{MaxCount: 5, MaxTotal: 1000}
	parts := terms.Terms{MaxTotal: 1000, Items: []int64{1, 2, 3}}
	both := terms.Terms{MaxCount: 9, Items: []int64{1, 2, 3}}
	few := terms.Terms{MaxCount: 2, Items: []int64{1, 2, 3}}
	for _, x := range []struct {
		terms        terms.Terms
		count, total int64
		ok           bool
	}{
		{limits, 5, 1000, true}, {limits, 6, 1000, false}, {limits, 5, 1001, false},
		{parts, 3, 1000, true}, {parts, 4, 6, false}, {parts, 3, 1001, false},
		{both, 3, 9_999_999, true}, {both, 4, 6, false},
		{few, 2, 9, true}, {few, 3, 6, false},
	} {
		m := r.mandate(shop)
		m.Terms, m.Count, m.Total = x.terms, x.count, x.total
		insert := func(tx pay.Tx) error { return tx.InsertMandate(r.ctx, m, time.Time{}) }
		if x.ok {
			r.do(insert)
			continue
		}
		r.refused(pay.Conflict, "limit", insert)
		good := r.addMandate(shop, func(m *pay.Mandate) { m.Count, m.Total = 0, 0 })
		m.ID, m.Version = good.ID, 2
		r.refused(pay.Conflict, "limit", func(tx pay.Tx) error {
			return tx.SwapMandate(r.ctx, m, time.Time{})
		})
		r.eq(got[pay.Mandate](r)(r.Mandate(r.ctx, shop, good.ID)), good)
	}
}

func boundNone(r *run) {
	m := r.addMandate(shop, func(m *pay.Mandate) {
		m.Terms, m.Count, m.Total = terms.Terms{}, 1_000_000, 1_000_000_000_000
	})
	r.eq(got[pay.Mandate](r)(r.Mandate(r.ctx, shop, m.ID)), m)
	w := pay.MandateWindow{MandateID: m.ID, Start: r.now, Count: 1_000_000, Amount: 1 << 60}
	r.do(func(tx pay.Tx) error { return tx.PutMandateWindow(r.ctx, w) })
	r.eq(got[pay.MandateWindow](r)(r.MandateWindow(r.ctx, m.ID, r.now)), w)
}

// boundSlots takes slots without ever asking the terms. Just as many are sold as there are, and of
// the others nothing is stored.
func boundSlots(r *run) {
	const slots, buyers = 5, 24
	m := r.addMandate(shop, func(m *pay.Mandate) {
		m.Terms, m.Count, m.Total = terms.Terms{MaxCount: slots}, 0, 0
	})
	errs := r.race(buyers, func(int) error {
		p := r.payment(shop)
		p.MandateID, p.Occurrence = m.ID, time.Time{}
		return r.try(func(tx pay.Tx) error {
			now, err := tx.LockMandate(r.ctx, m.ID)
			if err != nil {
				return err
			}
			if err := tx.InsertPayment(r.ctx, p, time.Time{}); err != nil {
				return err
			}
			now.Version++
			now.Count++
			now.Total += p.Amount.Minor
			return tx.SwapMandate(r.ctx, now, time.Time{})
		})
	})
	r.sold(errs, slots)
	have := got[pay.Mandate](r)(r.Mandate(r.ctx, shop, m.ID))
	r.eq([]int64{have.Count, have.Total, have.Version}, []int64{slots, slots * 5000, 1 + slots})
	r.eq(len(r.paymentIDs(shop, pay.PaymentFilter{Page: page(100), MandateID: m.ID})), slots)
}

// sold demands that so many of the units succeeded and the others met the limit.
func (r *run) sold(errs []error, slots int) {
	r.Helper()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		r.is(err, pay.Conflict, "limit")
	}
	r.eq(won, slots)
}

func boundWindow(r *run) {
	m := r.addMandate(shop, nothing)
	full := pay.MandateWindow{
		MandateID: m.ID, Start: r.now, Count: 4, MaxCount: 4, Amount: 9000, MaxAmount: 9000,
	}
	r.do(func(tx pay.Tx) error { return tx.PutMandateWindow(r.ctx, full) })
	for _, spoil := range []func(*pay.MandateWindow){
		func(w *pay.MandateWindow) { w.Count++ },
		func(w *pay.MandateWindow) { w.Amount++ },
		func(w *pay.MandateWindow) { w.Count++; w.MaxAmount = 0 },
		func(w *pay.MandateWindow) { w.Amount++; w.MaxCount = 0 },
	} {
		for _, start := range []time.Time{r.now, r.in(1)} {
			bad := full
			spoil(&bad)
			bad.Start = start
			r.refused(pay.Conflict, "limit", func(tx pay.Tx) error {
				return tx.PutMandateWindow(r.ctx, bad)
			})
		}
	}
	r.eq(got[pay.MandateWindow](r)(r.MandateWindow(r.ctx, m.ID, r.now)), full)
	r.absent(fails(r.MandateWindow(r.ctx, m.ID, r.in(1))))
}

// boundWindowSlots takes slots of a window under the mandate's lock without asking its bounds.
func boundWindowSlots(r *run) {
	const slots, buyers = 3, 16
	m := r.addMandate(shop, nothing)
	r.sold(r.race(buyers, func(int) error {
		return r.try(func(tx pay.Tx) error {
			if _, err := tx.LockMandate(r.ctx, m.ID); err != nil {
				return err
			}
			w, err := tx.MandateWindow(r.ctx, m.ID, r.now)
			if err != nil && !pay.IsKind(err, pay.NotFound) {
				return err
			}
			return tx.PutMandateWindow(r.ctx, pay.MandateWindow{
				MandateID: m.ID, Start: r.now, Count: w.Count + 1, MaxCount: 100,
				Amount: w.Amount + 10, MaxAmount: 10*slots + 9,
			})
		})
	}), slots)
	w := got[pay.MandateWindow](r)(r.MandateWindow(r.ctx, m.ID, r.now))
	r.eq([]int64{w.Count, w.Amount}, []int64{slots, slots * 10})
}

func windowPut(r *run) {
	m, other := r.addMandate(shop, nothing), r.addMandate(shop, nothing)
	starts := []time.Time{
		time.Date(1969, 12, 31, 0, 0, 0, 0, time.UTC), time.Unix(0, 0).UTC(), r.now, r.in(1),
	}
	var want []pay.MandateWindow
	for i, start := range starts {
		r.absent(fails(r.MandateWindow(r.ctx, m.ID, start)))
		w := pay.MandateWindow{
			MandateID: m.ID, Start: start, Count: int64(i), MaxCount: 9, Amount: int64(i * 10),
			MaxAmount: 90,
		}
		r.do(func(tx pay.Tx) error { return tx.PutMandateWindow(r.ctx, w) })
		r.eq(got[pay.MandateWindow](r)(r.MandateWindow(r.ctx, m.ID, start)), w)
		want = append(want, w)
	}
	want[2].Count, want[2].Amount, want[2].MaxCount, want[2].MaxAmount = 0, 0, 1, 0
	r.do(func(tx pay.Tx) error {
		if err := tx.PutMandateWindow(r.ctx, want[2]); err != nil {
			return err
		}
		r.eq(got[pay.MandateWindow](r)(tx.MandateWindow(r.ctx, m.ID, r.now)), want[2])
		return nil
	})
	for _, w := range want {
		r.eq(got[pay.MandateWindow](r)(r.MandateWindow(r.ctx, m.ID, w.Start)), w)
	}
	r.absent(fails(r.MandateWindow(r.ctx, other.ID, r.now)))
	for what, w := range map[string]pay.MandateWindow{
		"no such mandate": {MandateID: "mdt_none", Start: r.now},
		"count below 0":   {MandateID: m.ID, Start: r.in(9), Count: -1},
		"amount below 0":  {MandateID: m.ID, Start: r.in(9), Amount: -1},
	} {
		if r.try(func(tx pay.Tx) error { return tx.PutMandateWindow(r.ctx, w) }) == nil {
			r.Errorf("%s: stored", what)
		}
	}
}
