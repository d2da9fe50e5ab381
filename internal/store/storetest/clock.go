package storetest

import (
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

var clockCases = map[string]func(*run){
	"Time_ToTheMicrosecond": timeExact,
	"ShiftDue_TestWorkOnly": shiftDue,
	"ShiftDue_Deliveries":   shiftDeliveries,
}

// timeExact: times come back to the microsecond and in UTC, whatever zone they were given in.
func timeExact(r *run) {
	zone := time.FixedZone("", 5*3600+1800)
	for _, at := range []time.Time{
		time.Date(1969, 12, 31, 23, 59, 59, 999999000, time.UTC),
		time.Date(2026, 11, 21, 1, 2, 3, 1000, zone),
		time.Date(2026, 11, 21, 1, 2, 3, 999999000, zone),
		time.Date(2199, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		s := r.addSession(shop, func(s *pay.Session) { s.CreatedAt, s.ExpiresAt = at, at })
		have := got[pay.Session](r)(r.Session(r.ctx, shop, s.ID))
		if !have.CreatedAt.Equal(at) || have.CreatedAt.Location() != time.UTC ||
			!have.ExpiresAt.Equal(at) {
			r.Errorf("%v came back as %v and %v", at, have.CreatedAt, have.ExpiresAt)
		}
	}
	p := r.addPayment(shop, func(p *pay.Payment) { p.LateAt = time.Time{} })
	r.eq(got[pay.Payment](r)(r.Payment(r.ctx, shop, p.ID)).LateAt.IsZero(), true)
}

// shiftDue: the test clock brings the merchant's test work nearer, and nobody else's.
func shiftDue(r *run) {
	due, series := map[pay.Scope]string{}, map[pay.Scope]string{}
	for _, sc := range []pay.Scope{shop, live, rival} {
		m := r.mandate(sc)
		series[sc] = m.ID
		r.do(func(tx pay.Tx) error { return tx.InsertMandate(r.ctx, m, r.in(100)) })
		s, p := r.session(sc), r.payment(sc)
		re := r.refund(p)
		due[sc] = s.ID
		r.do(func(tx pay.Tx) error {
			if err := tx.InsertSession(r.ctx, s, r.in(100)); err != nil {
				return err
			}
			if err := tx.InsertPayment(r.ctx, p, r.in(100)); err != nil {
				return err
			}
			return tx.InsertRefund(r.ctx, re, r.in(100))
		})
	}
	never := r.session(shop)
	r.do(func(tx pay.Tx) error { return tx.InsertSession(r.ctx, never, time.Time{}) })
	r.addMandate(shop, nothing)
	r.do(func(tx pay.Tx) error { return tx.ShiftDue(r.ctx, shop.MerchantID, 100*time.Second) })
	r.do(func(tx pay.Tx) error {
		r.eq(got[[]string](r)(tx.DueSessions(r.ctx, r.now, 10)), []string{due[shop]})
		payments := got[[]pay.Payment](r)(tx.ClaimPayments(r.ctx, r.now, r.in(30), 10))
		r.eq(len(payments), 1)
		r.eq(payments[0].Scope(), shop)
		refunds := got[[]pay.Refund](r)(tx.ClaimRefunds(r.ctx, r.now, r.in(30), 10))
		r.eq(len(refunds), 1)
		r.eq(refunds[0].Scope(), shop)
		r.eq(mandateIDs(got[[]pay.Mandate](r)(tx.LockDueMandates(r.ctx, r.now, 10))),
			[]string{series[shop]})
		return nil
	})
}

// shiftDeliveries: a delivery under a lease is being sent in real time; only what waits is moved.
func shiftDeliveries(r *run) {
	e, foreign, real := r.addEndpoint(shop), r.addEndpoint(rival), r.addEndpoint(live)
	sending := r.addDelivery(e, "cs_0", 1, r.now)
	leased := r.claim(r.now, 10, 10)[0]
	waiting := r.addDelivery(e, "cs_1", 1, r.in(500))
	done := r.addDelivery(e, "cs_2", 1, r.in(1))
	r.finish(r.claim(r.in(1), 10, 10)[0].Delivery, pay.DeliverySucceeded, time.Time{})
	apart := []pay.Delivery{
		r.addDelivery(foreign, "cs_1", 1, r.in(500)), r.addDelivery(real, "cs_1", 1, r.in(500)),
	}
	r.do(func(tx pay.Tx) error { return tx.ShiftDue(r.ctx, shop.MerchantID, 400*time.Second) })
	r.eq(r.deliveryNow(waiting.ID).NextAttemptAt, r.in(100))
	r.eq(r.deliveryNow(sending.ID), leased.Delivery)
	r.eq(r.deliveryNow(done.ID).NextAttemptAt, time.Time{})
	for _, d := range apart {
		sc := pay.Scope{MerchantID: d.MerchantID, Mode: d.Mode}
		r.eq(got[pay.Delivery](r)(r.Delivery(r.ctx, sc, d.ID)), d)
	}
}
