package storetest

import (
	"slices"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

var sessionCases = map[string]func(*run){
	"Session_RoundTrip":         sessionRoundTrip,
	"Session_Swap":              sessionSwap,
	"Session_StaleSwap":         sessionStale,
	"Session_OneSwapWins":       sessionRace,
	"Session_CountsAreExact":    sessionCounter,
	"Session_ListByState":       sessionStates,
	"Session_ListByReference":   sessionReferences,
	"Session_ListByFamily":      sessionFamilies,
	"Session_PagesStandStill":   sessionPages,
	"Session_IDsSortAlike":      sessionOrder,
	"Session_Due":               sessionDue,
	"Session_PaymentHasOneHome": sessionPayment,
	"Session_ValuesAreChecked":  sessionChecks,
}

func sessionRoundTrip(r *run) {
	full := r.addSession(shop, func(s *pay.Session) {
		s.CustomerID, s.PaymentID = "cus_1", "pay_1"
	})
	bare := pay.Session{
		ID: r.id("cs"), MerchantID: shop.MerchantID, Mode: shop.Mode, State: pay.SessionOpen,
		Version: 1, Amount: full.Amount, Capture: pay.CaptureAutomatic, ExpiresAt: r.now,
		CreatedAt: r.now, UpdatedAt: r.now,
	}
	r.do(func(tx pay.Tx) error { return tx.InsertSession(r.ctx, bare, time.Time{}) })
	for _, want := range []pay.Session{full, bare} {
		r.eq(got[pay.Session](r)(r.Session(r.ctx, shop, want.ID)), want)
		r.eq(got[pay.Session](r)(r.SessionByID(r.ctx, want.ID)), want)
		r.eq(inUnit(r, func(tx pay.Tx) (pay.Session, error) {
			return tx.LockSession(r.ctx, want.ID)
		}), want)
		for _, sc := range others {
			r.absent(fails(r.Session(r.ctx, sc, want.ID)))
		}
	}
	for _, none := range []string{"cs_none", "", full.ID + " ", "CS" + full.ID[2:]} {
		r.absent(fails(r.Session(r.ctx, shop, none)))
		r.absent(fails(r.SessionByID(r.ctx, none)))
		r.refused(pay.NotFound, "", func(tx pay.Tx) error {
			return fails(tx.LockSession(r.ctx, none))
		})
	}
	r.refused(pay.Conflict, "duplicate", func(tx pay.Tx) error {
		return tx.InsertSession(r.ctx, full, time.Time{})
	})
}

func sessionSwap(r *run) {
	s := r.addSession(shop, nothing)
	s.Family, s.Echo, s.State, s.Version = "other", nil, pay.SessionExpired, 2
	s.Amount.Minor, s.Amount.Currency, s.Capture = 7, "JPY", pay.CaptureAutomatic
	s.Methods, s.CustomerID, s.CustomerEmail, s.CustomerPhone = nil, "cus_2", "b@c.example", "1"
	s.SuccessURL, s.CancelURL, s.Metadata, s.PaymentID = "https://a.example", "", nil, "pay_2"
	s.Declines, s.ExpiresAt, s.UpdatedAt = 4, r.in(5), r.in(6)
	s.LastDecline, s.LastDeclineAt, s.Series, s.Offer = "", time.Time{}, "", pay.Offer{}
	s.MethodID, s.MandateID = "", ""
	r.do(func(tx pay.Tx) error { return tx.SwapSession(r.ctx, s, time.Time{}) })
	r.eq(got[pay.Session](r)(r.Session(r.ctx, shop, s.ID)), s)
}

func sessionStale(r *run) {
	s := r.addSession(shop, nothing)
	for what, spoil := range map[string]func(*pay.Session){
		"same version": func(*pay.Session) {},
		"skipped one":  func(s *pay.Session) { s.Version = 3 },
		"other tenant": func(s *pay.Session) { s.Version, s.MerchantID = 2, rival.MerchantID },
		"other mode":   func(s *pay.Session) { s.Version, s.Mode = 2, pay.Live },
		"no such id":   func(s *pay.Session) { s.Version, s.ID = 2, "cs_none" },
	} {
		r.Log(what)
		bad := s
		spoil(&bad)
		bad.State = pay.SessionExpired
		r.refused(pay.Conflict, "stale", func(tx pay.Tx) error {
			if err := tx.InsertEvent(r.ctx, r.event(shop, s.ID, 2)); err != nil {
				return err
			}
			return tx.SwapSession(r.ctx, bad, time.Time{})
		})
	}
	r.eq(got[pay.Session](r)(r.Session(r.ctx, shop, s.ID)), s)
	events := got[[]pay.Event](r)(r.Events(r.ctx, shop, pay.EventFilter{Page: page(10)}))
	r.eq(len(events), 0)
}

func sessionRace(r *run) {
	s := r.addSession(shop, nothing)
	s.Version, s.State = 2, pay.SessionPaying
	r.oneWins(r.race(16, func(i int) error {
		return r.try(func(tx pay.Tx) error {
			ev := r.event(shop, s.ID, 2)
			if err := tx.SwapSession(r.ctx, s, time.Time{}); err != nil {
				return err
			}
			return tx.InsertEvent(r.ctx, ev)
		})
	}))
	events := got[[]pay.Event](r)(r.Events(r.ctx, shop, pay.EventFilter{Page: page(10)}))
	r.eq(len(events), 1)
}

// sessionCounter reads under a lock and writes back: no change may be lost.
func sessionCounter(r *run) {
	const units = 40
	s := r.addSession(shop, func(s *pay.Session) { s.Declines = 0 })
	for _, err := range r.race(units, func(int) error {
		return r.try(func(tx pay.Tx) error {
			now, err := tx.LockSession(r.ctx, s.ID)
			if err != nil {
				return err
			}
			now.Declines++
			now.Version++
			return tx.SwapSession(r.ctx, now, now.ExpiresAt)
		})
	}) {
		if err != nil {
			r.Error(err)
		}
	}
	r.eq(got[pay.Session](r)(r.Session(r.ctx, shop, s.ID)).Declines, int64(units))
}

func (r *run) sessionIDs(sc pay.Scope, f pay.SessionFilter) []string {
	r.Helper()
	list := got[[]pay.Session](r)(r.Sessions(r.ctx, sc, f))
	return idsOf(list, func(s pay.Session) string { return s.ID })
}

func sessionStates(r *run) {
	want := map[pay.SessionState][]string{}
	for _, state := range []pay.SessionState{
		pay.SessionOpen, pay.SessionPaying, pay.SessionComplete, pay.SessionExpired,
		pay.SessionCanceled,
	} {
		for _, expires := range []time.Time{r.in(-1), r.now, r.now.Add(time.Microsecond), r.in(9)} {
			s := r.addSession(shop, func(s *pay.Session) { s.State, s.ExpiresAt = state, expires })
			shown := s.StateAt(r.now)
			want[shown] = append([]string{s.ID}, want[shown]...)
			want[0] = append([]string{s.ID}, want[0]...)
		}
	}
	for state, ids := range want {
		f := pay.SessionFilter{Page: page(100), Now: r.now, ServerNow: r.now}
		if state != 0 {
			f.States = []pay.SessionState{state}
		}
		r.eq(r.sessionIDs(shop, f), ids)
	}
	both := r.sessionIDs(shop, pay.SessionFilter{
		Page: page(100), States: []pay.SessionState{pay.SessionPaying, pay.SessionOpen}, Now: r.now,
		ServerNow: r.now,
	})
	r.eq(both, append(slices.Clone(want[pay.SessionPaying]), want[pay.SessionOpen]...))
}

func sessionReferences(r *run) {
	a := r.addSession(shop, func(s *pay.Session) { s.CustomerID, s.PaymentID = "cus_1", "pay_1" })
	b := r.addSession(shop, func(s *pay.Session) { s.CustomerID = "cus_1" })
	c := r.addSession(shop, func(s *pay.Session) { s.CustomerID = "cus_2" })
	foreign := r.addSession(rival, func(s *pay.Session) {
		s.CustomerID, s.PaymentID = "cus_1", "pay_2"
	})
	for _, x := range []struct {
		customer, payment, after string
		states                   []pay.SessionState
		want                     []string
	}{
		{want: []string{c.ID, b.ID, a.ID}},
		{customer: "cus_1", want: []string{b.ID, a.ID}},
		{customer: "cus_1", after: b.ID, want: []string{a.ID}},
		{customer: "cus_1", states: []pay.SessionState{pay.SessionComplete}},
		{payment: "pay_1", want: []string{a.ID}},
		{payment: "pay_1", customer: "cus_1", want: []string{a.ID}},
		{payment: "pay_1", customer: "cus_2"},
		{payment: "pay_1", states: []pay.SessionState{pay.SessionOpen}, want: []string{a.ID}},
		{payment: "pay_2"},
		{customer: "cus_3"},
	} {
		f := pay.SessionFilter{
			Page: pay.Page{Limit: 10, After: x.after}, States: x.states, Now: r.now, ServerNow: r.now,
			CustomerID: x.customer, PaymentID: x.payment,
		}
		r.eq(r.sessionIDs(shop, f), x.want)
		f.States, f.CustomerID, f.PaymentID, f.After = nil, "", "", ""
		r.eq(r.sessionIDs(rival, f), []string{foreign.ID})
		r.eq(r.sessionIDs(live, f), []string(nil))
	}
}

func sessionFamilies(r *run) {
	add := func(sc pay.Scope, family, customer, payment string) string {
		return r.addSession(sc, func(s *pay.Session) {
			s.Family, s.CustomerID, s.PaymentID = family, customer, payment
		}).ID
	}
	a := add(shop, "collect", "cus_1", "pay_1")
	b := add(shop, "checkout", "cus_1", "pay_2")
	c := add(shop, "collect", "", "")
	add(rival, "collect", "cus_1", "pay_3")
	for _, x := range []struct {
		family, customer, payment string
		want                      []string
	}{
		{family: "collect", want: []string{c, a}},
		{family: "checkout", want: []string{b}},
		{family: "billing"},
		{family: "collect", customer: "cus_1", want: []string{a}},
		{family: "collect", payment: "pay_1", want: []string{a}},
		{family: "collect", payment: "pay_2"},
		{customer: "cus_1", want: []string{b, a}},
	} {
		r.eq(r.sessionIDs(shop, pay.SessionFilter{
			Page: page(10), Now: r.now, ServerNow: r.now, Family: x.family, CustomerID: x.customer,
			PaymentID: x.payment,
		}), x.want)
	}
}

// sessionPages walks a list while newer sessions arrive: it must show each of the first ones once.
func sessionPages(r *run) {
	var want []string
	for range 7 {
		want = append(want, r.addSession(shop, nothing).ID)
		for _, sc := range others {
			r.addSession(sc, nothing)
		}
	}
	for _, limit := range []int{1, 2, 3, 7, 8, 100} {
		have := len(r.sessionIDs(shop, pay.SessionFilter{Page: page(100), Now: r.now, ServerNow: r.now}))
		ids := r.pages(limit, func() { r.addSession(shop, nothing) },
			func(p pay.Page) ([]string, error) {
				return r.sessionIDs(shop, pay.SessionFilter{Page: p, Now: r.now, ServerNow: r.now}), nil
			})
		r.eq(len(ids), have)
		r.eq(ids[len(ids)-len(want):], reversed(want))
	}
}

// sessionOrder: ids sort by their bytes on every engine, whatever language its database was made
// for.
func sessionOrder(r *run) {
	var want []string
	for _, c := range "0123456789abcdefghjkmnpqrstvwxyz" {
		for _, d := range "09ayz" {
			want = append(want, "cs_"+string(c)+string(d))
		}
	}
	r.do(func(tx pay.Tx) error {
		for i := range want {
			s := r.session(shop)
			s.ID = want[i*37%len(want)]
			if err := tx.InsertSession(r.ctx, s, s.ExpiresAt); err != nil {
				return err
			}
		}
		return nil
	})
	ids := r.pages(33, func() {}, func(p pay.Page) ([]string, error) {
		return r.sessionIDs(shop, pay.SessionFilter{Page: p, Now: r.now, ServerNow: r.now}), nil
	})
	r.eq(ids, reversed(want))
}

func sessionDue(r *run) {
	due := map[string]int{}
	for _, at := range []int{5, -5, 0, -9} {
		s := r.session(shop)
		due[s.ID] = at
		r.do(func(tx pay.Tx) error { return tx.InsertSession(r.ctx, s, r.in(at)) })
	}
	never := r.session(rival)
	r.do(func(tx pay.Tx) error { return tx.InsertSession(r.ctx, never, time.Time{}) })
	ask := func(limit int) (times []int) {
		for _, id := range inUnit(r, func(tx pay.Tx) ([]string, error) {
			return tx.DueSessions(r.ctx, r.now, limit)
		}) {
			times = append(times, due[id])
		}
		return times
	}
	r.eq(ask(10), []int{-9, -5, 0})
	r.eq(ask(2), []int{-9, -5})
	for id, at := range due {
		if at != -9 {
			continue
		}
		s := got[pay.Session](r)(r.Session(r.ctx, shop, id))
		s.Version, s.State = 2, pay.SessionPaying
		r.do(func(tx pay.Tx) error { return tx.SwapSession(r.ctx, s, time.Time{}) })
	}
	r.eq(ask(10), []int{-5, 0})
}

func sessionPayment(r *run) {
	r.addSession(shop, func(s *pay.Session) { s.PaymentID = "pay_1" })
	s := r.session(shop)
	s.PaymentID = "pay_1"
	r.refused(pay.Conflict, "duplicate", func(tx pay.Tx) error {
		return tx.InsertSession(r.ctx, s, s.ExpiresAt)
	})
}

func sessionChecks(r *run) {
	for what, spoil := range map[string]func(*pay.Session){
		"state":          func(s *pay.Session) { s.State = 0 },
		"mode":           func(s *pay.Session) { s.Mode = "prod" },
		"version":        func(s *pay.Session) { s.Version = 0 },
		"negative":       func(s *pay.Session) { s.Amount.Minor = -1 },
		"a lot":          func(s *pay.Session) { s.Amount.Minor = 1_000_000_000_001 },
		"series":         func(s *pay.Session) { s.Series = "last" },
		"no such day":    func(s *pay.Session) { s.Offer.Terms.End.Month = 13 },
		"capture":        func(s *pay.Session) { s.Capture = "" },
		"minus declines": func(s *pay.Session) { s.Declines = -1 },
	} {
		s := r.session(shop)
		spoil(&s)
		r.broken(what, func(tx pay.Tx) error { return tx.InsertSession(r.ctx, s, s.ExpiresAt) })
	}
	for _, minor := range []int64{0, 1, 1_000_000_000_000} {
		s := r.addSession(shop, func(s *pay.Session) { s.Amount.Minor = minor })
		r.eq(got[pay.Session](r)(r.Session(r.ctx, shop, s.ID)), s)
	}
}
