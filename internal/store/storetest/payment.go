package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

var paymentCases = map[string]func(*run){
	"Payment_RoundTrip":        paymentRoundTrip,
	"Payment_Swap":             paymentSwap,
	"Payment_List":             paymentList,
	"Payment_PagesStandStill":  paymentPages,
	"Payment_Claim":            paymentClaim,
	"Payment_ClaimsAreApart":   paymentClaimRace,
	"Payment_Delay":            paymentDelay,
	"Payment_ValuesAreChecked": paymentChecks,
	"Payment_HeldMoney":        paymentHeld,
	"Payment_OnePerAttempt":    paymentAttempt,
}

func paymentRoundTrip(r *run) {
	s := r.addSession(shop, nothing)
	full := r.addPayment(shop, func(p *pay.Payment) { p.SessionID, p.CustomerID = s.ID, "cus_1" })
	bare := pay.Payment{
		ID: r.id("pay"), MerchantID: shop.MerchantID, Mode: shop.Mode, State: pay.PaymentCreated,
		Version: 1, Amount: full.Amount, Capture: pay.CaptureManual, CreatedAt: r.now,
		UpdatedAt: r.now,
	}
	r.do(func(tx pay.Tx) error { return tx.InsertPayment(r.ctx, bare, r.now) })
	for _, want := range []pay.Payment{full, bare} {
		r.eq(got[pay.Payment](r)(r.Payment(r.ctx, shop, want.ID)), want)
		r.eq(got[pay.Payment](r)(r.PaymentByID(r.ctx, want.ID)), want)
		r.eq(inUnit(r, func(tx pay.Tx) (pay.Payment, error) {
			return tx.LockPayment(r.ctx, want.ID)
		}), want)
		for _, sc := range others {
			r.absent(fails(r.Payment(r.ctx, sc, want.ID)))
		}
	}
	r.absent(fails(r.Payment(r.ctx, shop, "pay_none")))
	r.absent(fails(r.PaymentByID(r.ctx, "pay_none")))
	r.refused(pay.NotFound, "", func(tx pay.Tx) error {
		return fails(tx.LockPayment(r.ctx, "pay_none"))
	})
	r.refused(pay.Conflict, "duplicate", func(tx pay.Tx) error {
		return tx.InsertPayment(r.ctx, full, time.Time{})
	})
}

func paymentSwap(r *run) {
	s := r.addSession(shop, nothing)
	p := r.addPayment(shop, nothing)
	p.Family, p.SessionID, p.CustomerID, p.State = "other", s.ID, "cus_2", pay.PaymentLate
	p.Version, p.Amount.Minor, p.Amount.Currency = 2, 9000, "JPY"
	p.Capture, p.Captured, p.Refunded, p.Capturing = pay.CaptureManual, 9000, 9000, 0
	p.Rail, p.Method, p.Card, p.Description, p.Metadata = "r", "m", nil, "", nil
	p.DeclineCode, p.RailReference, p.ActionURL, p.PollCount = "", "", "", 9
	p.LateAt, p.UpdatedAt = time.Time{}, r.in(8)
	p.KeepRest, p.Captures, p.Authorised, p.Voided = false, 3, 0, 0
	p.AuthorisedUntil, p.MethodID, p.MandateID, p.OffSession = time.Time{}, "", "", false
	p.Occurrence, p.Attempt, p.Window, p.Keep = time.Time{}, 0, time.Time{}, false
	p.Final, p.Echo = false, nil
	for _, spoil := range []func(*pay.Payment){
		func(p *pay.Payment) { p.Version = 1 },
		func(p *pay.Payment) { p.Version = 3 },
		func(p *pay.Payment) { p.MerchantID = rival.MerchantID },
		func(p *pay.Payment) { p.Mode = pay.Live },
	} {
		bad := p
		spoil(&bad)
		r.refused(pay.Conflict, "stale", func(tx pay.Tx) error {
			return tx.SwapPayment(r.ctx, bad, time.Time{})
		})
	}
	r.oneWins(r.race(8, func(int) error {
		return r.try(func(tx pay.Tx) error { return tx.SwapPayment(r.ctx, p, time.Time{}) })
	}))
	r.eq(got[pay.Payment](r)(r.Payment(r.ctx, shop, p.ID)), p)
}

func (r *run) paymentIDs(sc pay.Scope, f pay.PaymentFilter) []string {
	r.Helper()
	list := got[[]pay.Payment](r)(r.Payments(r.ctx, sc, f))
	return idsOf(list, func(p pay.Payment) string { return p.ID })
}

func paymentList(r *run) {
	s1, s2 := r.addSession(shop, nothing), r.addSession(shop, nothing)
	add := func(sc pay.Scope, session, customer string, state pay.PaymentState) string {
		return r.addPayment(sc, func(p *pay.Payment) {
			p.SessionID, p.CustomerID, p.State = session, customer, state
			p.MandateID, p.Attempt = "mdt_"+customer, r.ids.Load()
		}).ID
	}
	a := add(shop, s1.ID, "cus_1", pay.PaymentFailed)
	b := add(shop, s1.ID, "cus_1", pay.PaymentPaid)
	c := add(shop, s2.ID, "", pay.PaymentAction)
	d := add(shop, "", "cus_1", pay.PaymentWaiting)
	foreign := add(rival, s1.ID, "cus_1", pay.PaymentPaid)
	for _, x := range []struct {
		session, customer, mandate, after string
		states                            []pay.PaymentState
		want                              []string
	}{
		{mandate: "mdt_cus_1", want: []string{d, b, a}},
		{mandate: "mdt_cus_1", after: b, want: []string{a}},
		{mandate: "mdt_cus_1", session: s1.ID, want: []string{b, a}},
		{mandate: "mdt_cus_1", session: s2.ID},
		{mandate: "mdt_", customer: "cus_1"},
		{mandate: "mdt_cus_1", customer: "cus_1", want: []string{d, b, a}},
		{mandate: "mdt_cus_1", states: []pay.PaymentState{pay.PaymentPaid}, want: []string{b}},
		{mandate: "mdt_none"},
		{want: []string{d, c, b, a}},
		{after: c, want: []string{b, a}},
		{session: s1.ID, want: []string{b, a}},
		{session: s1.ID, customer: "cus_1", after: b, want: []string{a}},
		{session: s2.ID, customer: "cus_1"},
		{customer: "cus_1", want: []string{d, b, a}},
		{states: []pay.PaymentState{pay.PaymentPaid}, want: []string{b}},
		{
			states: []pay.PaymentState{pay.PaymentAction, pay.PaymentWaiting, pay.PaymentReview},
			want:   []string{d, c},
		},
		{
			session: s1.ID, states: []pay.PaymentState{pay.PaymentFailed, pay.PaymentAction},
			want: []string{a},
		},
	} {
		f := pay.PaymentFilter{
			Page: pay.Page{Limit: 10, After: x.after}, SessionID: x.session,
			CustomerID: x.customer, MandateID: x.mandate, States: x.states,
		}
		r.eq(r.paymentIDs(shop, f), x.want)
		r.eq(r.paymentIDs(live, f), []string(nil))
	}
	r.eq(r.paymentIDs(rival, pay.PaymentFilter{Page: page(10), CustomerID: "cus_1"}),
		[]string{foreign})
}

func paymentPages(r *run) {
	s := r.addSession(shop, nothing)
	in := func(p *pay.Payment) { p.SessionID, p.CustomerID = s.ID, "cus_1" }
	var want []string
	for range 5 {
		want = append(want, r.addPayment(shop, in).ID)
		r.addPayment(live, in)
	}
	for _, f := range []pay.PaymentFilter{{}, {SessionID: s.ID}, {CustomerID: "cus_1"}} {
		ids := r.pages(2, func() { r.addPayment(shop, in) }, func(p pay.Page) ([]string, error) {
			f.Page = p
			return r.paymentIDs(shop, f), nil
		})
		r.eq(ids[len(ids)-len(want):], reversed(want))
	}
}

// claimedPayments claims what is due at the number of seconds and returns the ids.
func (r *run) claimedPayments(at, until, limit int) []string {
	r.Helper()
	list := inUnit(r, func(tx pay.Tx) ([]pay.Payment, error) {
		return tx.ClaimPayments(r.ctx, r.in(at), r.in(until), limit)
	})
	ids := idsOf(list, func(p pay.Payment) string { return p.ID })
	slices.Sort(ids)
	return ids
}

func paymentClaim(r *run) {
	var ids []string
	for _, due := range []int{-3, -2, -1, 1} {
		p := r.payment(shop)
		p.State = pay.PaymentWaiting
		ids = append(ids, p.ID)
		r.do(func(tx pay.Tx) error { return tx.InsertPayment(r.ctx, p, r.in(due)) })
	}
	r.addPayment(shop, nothing)
	r.eq(r.claimedPayments(0, 30, 2), ids[:2])
	r.eq(r.claimedPayments(0, 30, 2), ids[2:3])
	r.eq(r.claimedPayments(0, 30, 2), []string(nil))
	r.eq(r.claimedPayments(29, 60, 9), ids[3:])
	r.eq(r.claimedPayments(30, 60, 9), ids[:3])
	p := got[pay.Payment](r)(r.Payment(r.ctx, shop, ids[0]))
	r.eq([]int64{p.PollCount, p.Version}, []int64{5, 1})
	p.Version, p.State = 2, pay.PaymentPaid
	r.do(func(tx pay.Tx) error { return tx.SwapPayment(r.ctx, p, time.Time{}) })
	r.eq(r.claimedPayments(1000, 2000, 9), ids[1:])
}

func paymentClaimRace(r *run) {
	const payments = 60
	for range payments {
		p := r.payment(shop)
		r.do(func(tx pay.Tx) error { return tx.InsertPayment(r.ctx, p, r.in(-1)) })
	}
	claims := make([][]string, 8)
	r.race(len(claims), func(i int) error {
		for range 4 {
			claims[i] = append(claims[i], r.claimedPayments(0, 30, 5)...)
		}
		return nil
	})
	r.apart(claims, payments)
}

// apart demands that no id was claimed twice and none was left.
func (r *run) apart(claims [][]string, total int) {
	r.Helper()
	owner := map[string]int{}
	for i, ids := range claims {
		for _, id := range ids {
			if j, taken := owner[id]; taken {
				r.Errorf("%s was claimed by %d and by %d", id, j, i)
			}
			owner[id] = i
		}
	}
	r.eq(len(owner), total)
}

func paymentDelay(r *run) {
	p := r.payment(shop)
	r.do(func(tx pay.Tx) error { return tx.InsertPayment(r.ctx, p, r.in(-1)) })
	r.do(func(tx pay.Tx) error { return tx.DelayPayment(r.ctx, p, r.in(10)) })
	r.eq(r.claimedPayments(9, 30, 9), []string(nil))
	r.eq(got[pay.Payment](r)(r.Payment(r.ctx, shop, p.ID)), p)
	r.eq(r.claimedPayments(10, 30, 9), []string{p.ID})
	stale := p
	stale.Version = 2
	r.refused(pay.Conflict, "stale", func(tx pay.Tx) error {
		return tx.DelayPayment(r.ctx, stale, r.in(99))
	})
	r.do(func(tx pay.Tx) error { return tx.DelayPayment(r.ctx, p, time.Time{}) })
	r.eq(r.claimedPayments(1000, 2000, 9), []string(nil))
}

func paymentChecks(r *run) {
	for what, spoil := range map[string]func(*pay.Payment){
		"state":              func(p *pay.Payment) { p.State = 0 },
		"mode":               func(p *pay.Payment) { p.Mode = "" },
		"version":            func(p *pay.Payment) { p.Version = 0 },
		"a lot":              func(p *pay.Payment) { p.Amount.Minor = 1_000_000_000_001 },
		"captured too much":  func(p *pay.Payment) { p.Captured = p.Amount.Minor + 1 },
		"capturing too much": func(p *pay.Payment) { p.Capturing = p.Amount.Minor + 1 },
		"refunded too much":  func(p *pay.Payment) { p.Refunded = p.Captured + 1 },
		"refunded below 0":   func(p *pay.Payment) { p.Refunded = -1 },
		"captures below 0":   func(p *pay.Payment) { p.Captures = -1 },
		"attempt below 0":    func(p *pay.Payment) { p.Attempt = -1 },
		"held too much":      func(p *pay.Payment) { p.Authorised = p.Amount.Minor + 1 },
		"let go too much":    func(p *pay.Payment) { p.Voided = p.Authorised + 1 },
		"no mandate":         func(p *pay.Payment) { p.MandateID = "" },
		"no such session":    func(p *pay.Payment) { p.SessionID = "cs_none" },
	} {
		p := r.payment(shop)
		spoil(&p)
		err := r.try(func(tx pay.Tx) error { return tx.InsertPayment(r.ctx, p, time.Time{}) })
		if err == nil {
			r.Errorf("%s: stored", what)
		}
		good := r.addPayment(shop, nothing)
		p.ID, p.Version = good.ID, p.Version+1
		err = r.try(func(tx pay.Tx) error { return tx.SwapPayment(r.ctx, p, time.Time{}) })
		if err == nil {
			r.Errorf("%s: swapped in", what)
		}
		r.eq(got[pay.Payment](r)(r.Payment(r.ctx, shop, good.ID)), good)
	}
	for _, c := range []int64{0, 5000} {
		p := r.addPayment(shop, func(p *pay.Payment) { p.Captured, p.Refunded = c, c })
		r.eq(got[pay.Payment](r)(r.Payment(r.ctx, shop, p.ID)), p)
	}
}

// paymentHeld: what was held is taken or let go once, and a payment that moves no money takes none.
func paymentHeld(r *run) {
	for _, x := range []struct {
		amount, authorised, captured, voided, received int64
		late, ok                                       bool
	}{
		{amount: 5000, authorised: 5000, captured: 2000, voided: 3000, ok: true},
		{amount: 5000, authorised: 5000, captured: 2000, voided: 3001},
		{amount: 5000, authorised: 4000, captured: 4001},
		{amount: 5000, captured: 5000, ok: true},
		{amount: 5000, authorised: 5000, captured: 5000, voided: 5000, late: true, ok: true},
		{amount: 5000, captured: 6000, received: 6000, ok: true},
		{ok: true},
		{captured: 1, received: 1},
		{received: 1},
	} {
		p := r.payment(shop)
		p.Amount.Minor, p.Authorised, p.Captured, p.Voided = x.amount, x.authorised, x.captured, x.voided
		p.Received, p.Refunded, p.Capturing, p.LateAt = x.received, 0, 0, time.Time{}
		if x.late {
			p.LateAt = r.now
		}
		store := func(tx pay.Tx) error { return tx.InsertPayment(r.ctx, p, time.Time{}) }
		if !x.ok {
			r.broken(fmt.Sprintf("%+v", x), store)
			continue
		}
		r.do(store)
		r.eq(got[pay.Payment](r)(r.Payment(r.ctx, shop, p.ID)), p)
	}
}

// paymentAttempt: of all who charge the same attempt at the same occurrence one comes first.
func paymentAttempt(r *run) {
	mandate := r.id("mdt")
	charge := func(change func(*pay.Payment)) error {
		p := r.payment(shop)
		p.MandateID, p.Occurrence, p.Attempt = mandate, r.now, 1
		change(&p)
		return r.try(func(tx pay.Tx) error { return tx.InsertPayment(r.ctx, p, time.Time{}) })
	}
	r.oneWins(r.race(8, func(int) error { return charge(nothing) }))
	r.is(charge(nothing), pay.Conflict, "duplicate")
	for _, change := range []func(*pay.Payment){
		func(p *pay.Payment) { p.Attempt = 2 },
		func(p *pay.Payment) { p.Occurrence = p.Occurrence.Add(time.Microsecond) },
		func(p *pay.Payment) { p.MandateID = r.id("mdt") },
		func(p *pay.Payment) { p.Occurrence = time.Time{} },
		func(p *pay.Payment) { p.Occurrence = time.Time{} },
	} {
		if err := charge(change); err != nil {
			r.Error(err)
		}
	}
}

var refundCases = map[string]func(*run){
	"Refund_RoundTrip":        refundRoundTrip,
	"Refund_Swap":             refundSwap,
	"Refund_List":             refundList,
	"Refund_Claim":            refundClaim,
	"Refund_ValuesAreChecked": refundChecks,
}

func (r *run) addRefund(p pay.Payment, due time.Time) pay.Refund {
	r.Helper()
	re := r.refund(p)
	r.do(func(tx pay.Tx) error { return tx.InsertRefund(r.ctx, re, due) })
	return re
}

func refundRoundTrip(r *run) {
	p := r.addPayment(shop, nothing)
	full := r.addRefund(p, time.Time{})
	bare := pay.Refund{
		ID: r.id("re"), MerchantID: p.MerchantID, Mode: p.Mode, PaymentID: p.ID,
		State: pay.RefundFailed, Version: 1, Amount: full.Amount, CreatedAt: r.now, UpdatedAt: r.now,
	}
	r.do(func(tx pay.Tx) error { return tx.InsertRefund(r.ctx, bare, r.now) })
	for _, want := range []pay.Refund{full, bare} {
		r.eq(got[pay.Refund](r)(r.Refund(r.ctx, shop, want.ID)), want)
		r.eq(inUnit(r, func(tx pay.Tx) (pay.Refund, error) {
			return tx.LockRefund(r.ctx, want.ID)
		}), want)
		for _, sc := range others {
			r.absent(fails(r.Refund(r.ctx, sc, want.ID)))
		}
	}
	r.absent(fails(r.Refund(r.ctx, shop, "re_none")))
	r.refused(pay.NotFound, "", func(tx pay.Tx) error {
		return fails(tx.LockRefund(r.ctx, "re_none"))
	})
	r.refused(pay.Conflict, "duplicate", func(tx pay.Tx) error {
		return tx.InsertRefund(r.ctx, full, time.Time{})
	})
}

func refundSwap(r *run) {
	re := r.addRefund(r.addPayment(shop, nothing), time.Time{})
	re.Family, re.State, re.Version, re.Amount.Minor = "other", pay.RefundSucceeded, 2, 200
	re.Reason, re.Metadata, re.FailureCode, re.PollCount, re.UpdatedAt = "", nil, "", 9, r.in(9)
	for _, spoil := range []func(*pay.Refund){
		func(re *pay.Refund) { re.Version = 1 },
		func(re *pay.Refund) { re.MerchantID = rival.MerchantID },
		func(re *pay.Refund) { re.Mode = pay.Live },
	} {
		bad := re
		spoil(&bad)
		r.refused(pay.Conflict, "stale", func(tx pay.Tx) error {
			return tx.SwapRefund(r.ctx, bad, time.Time{})
		})
	}
	r.do(func(tx pay.Tx) error { return tx.SwapRefund(r.ctx, re, time.Time{}) })
	r.eq(got[pay.Refund](r)(r.Refund(r.ctx, shop, re.ID)), re)
}

func refundList(r *run) {
	p, q := r.addPayment(shop, nothing), r.addPayment(shop, nothing)
	foreign := r.addPayment(rival, nothing)
	var all, ofP []string
	for range 3 {
		a, b := r.addRefund(p, time.Time{}), r.addRefund(q, time.Time{})
		r.addRefund(foreign, time.Time{})
		all, ofP = append(all, a.ID, b.ID), append(ofP, a.ID)
	}
	for payment, want := range map[string][]string{"": all, p.ID: ofP, foreign.ID: nil} {
		ids := r.pages(2, func() {}, func(page pay.Page) ([]string, error) {
			list, err := r.Refunds(r.ctx, shop, pay.RefundFilter{Page: page, PaymentID: payment})
			return idsOf(list, func(re pay.Refund) string { return re.ID }), err
		})
		r.eq(ids, reversed(want))
	}
}

func refundClaim(r *run) {
	p := r.addPayment(shop, nothing)
	first, second := r.addRefund(p, r.in(-2)), r.addRefund(p, r.in(-1))
	r.addRefund(p, r.in(1))
	r.addRefund(p, time.Time{})
	claim := func(at, until int) (ids []string) {
		list := inUnit(r, func(tx pay.Tx) ([]pay.Refund, error) {
			return tx.ClaimRefunds(r.ctx, r.in(at), r.in(until), 1)
		})
		for _, re := range list {
			ids = append(ids, fmt.Sprint(re.ID, " ", re.PollCount))
		}
		return ids
	}
	r.eq(claim(0, 30), []string{first.ID + " 3"})
	r.eq(claim(0, 30), []string{second.ID + " 3"})
	r.eq(claim(0, 30), []string(nil))
	r.do(func(tx pay.Tx) error { return tx.DelayRefund(r.ctx, first, r.in(-1)) })
	r.eq(claim(0, 30), []string{first.ID + " 4"})
	first.Version = 2
	r.refused(pay.Conflict, "stale", func(tx pay.Tx) error {
		return tx.DelayRefund(r.ctx, first, r.in(-1))
	})
}

func refundChecks(r *run) {
	p := r.addPayment(shop, nothing)
	for what, spoil := range map[string]func(*pay.Refund){
		"state":           func(re *pay.Refund) { re.State = 0 },
		"version":         func(re *pay.Refund) { re.Version = 0 },
		"no amount":       func(re *pay.Refund) { re.Amount.Minor = 0 },
		"no such payment": func(re *pay.Refund) { re.PaymentID = "pay_none" },
	} {
		re := r.refund(p)
		spoil(&re)
		if r.try(func(tx pay.Tx) error { return tx.InsertRefund(r.ctx, re, r.now) }) == nil {
			r.Errorf("%s: stored", what)
		}
	}
}
