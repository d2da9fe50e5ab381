package storetest

import (
	"fmt"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

var deliveryCases = map[string]func(*run){
	"Delivery_RoundTrip":         deliveryRoundTrip,
	"Delivery_OncePerEndpoint":   deliveryOnce,
	"Delivery_SameBytesForAll":   deliveryBytes,
	"Delivery_Log":               deliveryLog,
	"Delivery_List":              deliveryList,
	"Delivery_PendingBefore":     deliveryPendingBefore,
	"Delivery_Fencing":           deliveryFencing,
	"Delivery_ReleaseInOrder":    deliveryRelease,
	"Delivery_ReleaseLeavesMost": deliveryReleaseOthers,
	"Delivery_FailPending":       deliveryFailPending,
	"Delivery_GivenUpUnderWay":   deliveryGivenUp,
	"Delivery_Redeliver":         deliveryRedeliver,
	"Delivery_ValuesAreChecked":  deliveryChecks,
	"Delivery_Prune":             deliveryPrune,
}

// claim takes what is due at now under a lease of a minute and a token of its own.
func (r *run) claim(now time.Time, limit, perEndpoint int) []pay.Parcel {
	r.Helper()
	return inUnit(r, func(tx pay.Tx) ([]pay.Parcel, error) {
		return tx.ClaimDeliveries(r.ctx, pay.ClaimOrder{
			Now: now, Until: now.Add(time.Minute), Lease: r.id("lease"), Limit: limit,
			PerEndpoint: perEndpoint,
		})
	})
}

// attempt is the next attempt of a delivery.
func (r *run) attempt(d pay.Delivery) pay.DeliveryAttempt {
	return pay.DeliveryAttempt{
		Number: d.Attempts + 1, At: r.in(2), Status: 503, Duration: 1234567 * time.Microsecond,
		Size: 17, Error: "bad_status",
	}
}

// record reports an attempt of a delivery and whether it counted.
func (r *run) record(d pay.Delivery, state pay.DeliveryState, next time.Time) bool {
	r.Helper()
	a := r.attempt(d)
	d.Attempts, d.State, d.NextAttemptAt, d.UpdatedAt = a.Number, state, next, r.in(3)
	return inUnit(r, func(tx pay.Tx) (bool, error) { return tx.FinishAttempt(r.ctx, d, a) })
}

// finish reports an attempt that must count.
func (r *run) finish(d pay.Delivery, state pay.DeliveryState, next time.Time) {
	r.Helper()
	if !r.record(d, state, next) {
		r.Errorf("the attempt of %s did not count", d.ID)
	}
}

func (r *run) deliveryNow(id string) pay.Delivery {
	r.Helper()
	return got[pay.Delivery](r)(r.Delivery(r.ctx, shop, id))
}

func deliveryRoundTrip(r *run) {
	d := r.addDelivery(r.addEndpoint(shop), "cs_1", 3, r.in(600))
	r.eq(r.deliveryNow(d.ID), d)
	for _, sc := range others {
		r.absent(fails(r.Delivery(r.ctx, sc, d.ID)))
	}
	r.absent(fails(r.Delivery(r.ctx, shop, "dlv_none")))
}

func deliveryOnce(r *run) {
	e := r.addEndpoint(shop)
	ev := r.event(shop, "cs_1", 1)
	insert := func() error {
		d := r.delivery(e, ev)
		return r.try(func(tx pay.Tx) error { return tx.InsertDelivery(r.ctx, d, []byte("b")) })
	}
	r.oneWins(r.race(8, func(int) error { return insert() }))
	r.is(insert(), pay.Conflict, "duplicate")
}

// deliveryBytes: endpoints of one family get the same bytes, those of another their own.
func deliveryBytes(r *run) {
	ev := r.addEvent(shop, "cs_1", nothing)
	body := []byte{'{', 0, 255, '"', '\n'}
	want := map[string]string{}
	for _, family := range []string{"checkout", "checkout", "collect"} {
		e := r.endpoint(shop)
		e.Family = family
		d := r.delivery(e, ev)
		bytes := append([]byte(family), body...)
		want[d.ID] = string(bytes)
		r.do(func(tx pay.Tx) error {
			if err := tx.InsertEndpoint(r.ctx, e); err != nil {
				return err
			}
			return tx.InsertDelivery(r.ctx, d, bytes)
		})
	}
	have := map[string]string{}
	for _, p := range r.claim(r.now, 10, 10) {
		have[p.ID] = string(p.Body)
		r.eq(p.Endpoint, got[pay.Endpoint](r)(r.Endpoint(r.ctx, shop, p.EndpointID)))
	}
	r.eq(have, want)
}

func deliveryLog(r *run) {
	e := r.addEndpoint(shop)
	d := r.addDelivery(e, "cs_1", 1, r.now)
	other := r.addDelivery(e, "cs_2", 1, r.in(9999))
	var log []pay.DeliveryAttempt
	for n := range 3 {
		at := r.in(n * 100)
		p := r.claim(at, 10, 10)[0]
		log = append(log, r.attempt(p.Delivery))
		r.finish(p.Delivery, pay.DeliveryPending, at.Add(time.Minute))
	}
	d.Attempts, d.NextAttemptAt, d.UpdatedAt, d.Log = 3, r.in(260), r.in(3), log
	r.eq(r.deliveryNow(d.ID), d)
	list := got[[]pay.Delivery](r)(r.Deliveries(r.ctx, shop, e.ID, page(10)))
	r.eq(list, []pay.Delivery{other, d})
}

func deliveryList(r *run) {
	e, f := r.addEndpoint(shop), r.addEndpoint(shop)
	var want []string
	add := func() string { return r.addDelivery(e, "x"+r.id(""), 1, r.now).ID }
	for range 5 {
		want = append(want, add())
		r.addDelivery(f, "x"+r.id(""), 1, r.now)
	}
	ids := r.pages(2, func() { add() }, func(p pay.Page) ([]string, error) {
		list, err := r.Deliveries(r.ctx, shop, e.ID, p)
		return idsOf(list, func(d pay.Delivery) string { return d.ID }), err
	})
	r.eq(ids, reversed(want))
	for _, sc := range others {
		r.eq(len(got[[]pay.Delivery](r)(r.Deliveries(r.ctx, sc, e.ID, page(10)))), 0)
	}
}

func deliveryPendingBefore(r *run) {
	e, f := r.addEndpoint(shop), r.addEndpoint(shop)
	r.addDelivery(e, "cs_1", 2, r.now)
	before := func(e pay.Endpoint, object string, sequence int64) bool {
		return inUnit(r, func(tx pay.Tx) (bool, error) {
			return tx.PendingBefore(r.ctx, e.ID, object, sequence)
		})
	}
	r.eq(before(e, "cs_1", 3), true)
	r.eq(before(e, "cs_1", 2), false)
	r.eq(before(e, "cs_2", 3), false)
	r.eq(before(f, "cs_1", 3), false)
	p := r.claim(r.now, 10, 10)[0]
	r.eq(before(e, "cs_1", 3), true)
	r.finish(p.Delivery, pay.DeliverySucceeded, time.Time{})
	r.eq(before(e, "cs_1", 3), false)
}

// deliveryFencing: who lost the lease has no say.
func deliveryFencing(r *run) {
	d := r.addDelivery(r.addEndpoint(shop), "cs_1", 1, r.now)
	slow := r.claim(r.now, 10, 10)[0]
	r.eq(len(r.claim(r.in(59), 10, 10)), 0)
	fast := r.claim(r.in(60), 10, 10)[0]
	r.eq(r.record(slow.Delivery, pay.DeliveryFailed, time.Time{}), false)
	unleased := slow.Delivery
	unleased.Lease = ""
	r.eq(r.record(unleased, pay.DeliveryFailed, time.Time{}), false)
	r.finish(fast.Delivery, pay.DeliverySucceeded, time.Time{})
	r.eq(r.record(fast.Delivery, pay.DeliveryFailed, time.Time{}), false)
	now := r.deliveryNow(d.ID)
	r.eq(now.State, pay.DeliverySucceeded)
	r.eq([]any{now.Lease, now.NextAttemptAt, len(now.Log)}, []any{"", time.Time{}, 1})
	r.eq(len(r.claim(r.in(9999), 10, 10)), 0)
}

func (r *run) release(e pay.Endpoint, object string, at time.Time) {
	r.Helper()
	r.do(func(tx pay.Tx) error { return tx.ReleaseNext(r.ctx, e.ID, object, at) })
}

// deliveryRelease walks an object's events through: each waits for the one before.
func deliveryRelease(r *run) {
	e := r.addEndpoint(shop)
	limit := r.in(600)
	r.addDelivery(e, "cs_1", 1, r.now)
	r.addDelivery(e, "cs_1", 3, limit)
	r.addDelivery(e, "cs_1", 2, limit)
	var sequence []int64
	for n := range 3 {
		at := r.in(n)
		parcels := r.claim(at, 10, 10)
		r.eq(len(parcels), 1)
		sequence = append(sequence, parcels[0].Sequence)
		r.finish(parcels[0].Delivery, pay.DeliverySucceeded, time.Time{})
		r.release(e, "cs_1", r.in(n+1))
	}
	r.eq(sequence, []int64{1, 2, 3})
	r.release(e, "cs_1", r.in(99))
}

// deliveryReleaseOthers: a release moves the first event that waits, and nothing that failed, is
// under way, is due already, or belongs elsewhere.
func deliveryReleaseOthers(r *run) {
	e, f := r.addEndpoint(shop), r.addEndpoint(shop)
	failing := r.addDelivery(e, "cs_1", 1, r.now)
	r.finish(r.claim(r.now, 10, 10)[0].Delivery, pay.DeliveryPending, r.in(300))
	behind := r.addDelivery(e, "cs_1", 2, r.in(600))
	r.release(e, "cs_1", r.now)
	r.eq(r.deliveryNow(failing.ID).NextAttemptAt, r.in(300))
	r.eq(r.deliveryNow(behind.ID).NextAttemptAt, r.in(600))

	due := r.addDelivery(e, "cs_2", 1, r.in(-5))
	elsewhere := r.addDelivery(f, "cs_2", 1, r.in(600))
	r.release(e, "cs_2", r.now)
	r.eq(r.deliveryNow(due.ID).NextAttemptAt, r.in(-5))
	r.eq(r.deliveryNow(elsewhere.ID).NextAttemptAt, r.in(600))

	underway := r.claim(r.now, 10, 10)[0]
	r.release(e, "cs_2", r.in(1))
	r.eq(r.deliveryNow(underway.ID).NextAttemptAt, r.in(60))
}

func deliveryFailPending(r *run) {
	e, f := r.addEndpoint(shop), r.addEndpoint(shop)
	done := r.addDelivery(e, "cs_0", 1, r.now)
	r.finish(r.claim(r.now, 10, 10)[0].Delivery, pay.DeliverySucceeded, time.Time{})
	waits, other := r.addDelivery(e, "cs_1", 1, r.in(9)), r.addDelivery(f, "cs_1", 1, r.in(9))
	r.do(func(tx pay.Tx) error { return tx.FailPending(r.ctx, e.ID, r.in(5)) })
	waits.State, waits.NextAttemptAt, waits.UpdatedAt = pay.DeliveryFailed, time.Time{}, r.in(5)
	r.eq(r.deliveryNow(waits.ID), waits)
	r.eq(r.deliveryNow(other.ID), other)
	r.eq(r.deliveryNow(done.ID).State, pay.DeliverySucceeded)
	r.eq(len(r.claim(r.in(9999), 10, 10)), 1)
}

// deliveryGivenUp: what is under way while the endpoint is given up still reports, and is not
// tried again.
func deliveryGivenUp(r *run) {
	e := r.addEndpoint(shop)
	arrived, refused := r.addDelivery(e, "cs_1", 1, r.now), r.addDelivery(e, "cs_2", 1, r.now)
	parcels := map[string]pay.Delivery{}
	for _, p := range r.claim(r.now, 10, 10) {
		parcels[p.ID] = p.Delivery
	}
	r.do(func(tx pay.Tx) error { return tx.FailPending(r.ctx, e.ID, r.in(1)) })
	r.finish(parcels[arrived.ID], pay.DeliverySucceeded, time.Time{})
	r.finish(parcels[refused.ID], pay.DeliveryPending, r.in(5))
	r.eq(r.deliveryNow(arrived.ID).State, pay.DeliverySucceeded)
	now := r.deliveryNow(refused.ID)
	r.eq([]any{now.State, now.NextAttemptAt, now.Lease, len(now.Log)},
		[]any{pay.DeliveryFailed, time.Time{}, "", 1})
	r.eq(len(r.claim(r.in(9999), 10, 10)), 0)
}

func deliveryRedeliver(r *run) {
	e := r.addEndpoint(shop)
	d := r.addDelivery(e, "cs_1", 1, r.now)
	again := func(sc pay.Scope, id string, at time.Time) error {
		return r.try(func(tx pay.Tx) error { return tx.Redeliver(r.ctx, sc, id, at) })
	}
	first := r.claim(r.now, 10, 10)[0]
	if err := again(shop, d.ID, r.in(10)); err != nil {
		r.Fatal(err)
	}
	r.eq(len(r.claim(r.in(20), 10, 10)), 0) // it is being sent at this moment
	r.finish(first.Delivery, pay.DeliverySucceeded, time.Time{})
	for n := range 2 {
		at := r.in(1000 * (n + 1))
		if err := again(shop, d.ID, at); err != nil {
			r.Fatal(err)
		}
		now := r.deliveryNow(d.ID)
		r.eq([]any{now.State, now.NextAttemptAt, now.Attempts},
			[]any{pay.DeliveryPending, at, int64(n + 1)})
		p := r.claim(at, 10, 10)[0]
		r.eq([]string{p.ID, p.EventID, string(p.Body)}, []string{d.ID, d.EventID, "body of " + d.EventID})
		r.finish(p.Delivery, pay.DeliveryFailed, time.Time{})
	}
	for _, sc := range others {
		r.is(again(sc, d.ID, r.now), pay.NotFound, "")
	}
	r.is(again(shop, "dlv_none", r.now), pay.NotFound, "")
	lost := r.addDelivery(e, "cs_2", 1, r.in(5000))
	late := r.claim(r.in(5000), 10, 10)[0]
	r.do(func(tx pay.Tx) error { return tx.FailPending(r.ctx, e.ID, r.in(5001)) })
	if err := again(shop, lost.ID, r.in(6000)); err != nil {
		r.Fatal(err)
	}
	r.eq(r.record(late.Delivery, pay.DeliverySucceeded, time.Time{}), false)
	r.eq(r.claim(r.in(6000), 10, 10)[0].ID, lost.ID)
}

func deliveryChecks(r *run) {
	e := r.addEndpoint(shop)
	for what, spoil := range map[string]func(*pay.Delivery){
		"state":         func(d *pay.Delivery) { d.State = "sent" },
		"sequence":      func(d *pay.Delivery) { d.Sequence = 0 },
		"attempts":      func(d *pay.Delivery) { d.Attempts = -1 },
		"never due":     func(d *pay.Delivery) { d.NextAttemptAt = time.Time{} },
		"mode":          func(d *pay.Delivery) { d.Mode = "x" },
		"no such place": func(d *pay.Delivery) { d.EndpointID = "we_none" },
	} {
		d := r.delivery(e, r.event(shop, fmt.Sprintf("cs_%s", what), 1))
		spoil(&d)
		if r.try(func(tx pay.Tx) error { return tx.InsertDelivery(r.ctx, d, []byte("b")) }) == nil {
			r.Errorf("%s: stored", what)
		}
	}
}

// deliveryPrune: what is over and old goes, with its attempts and, when nobody else needs it, with
// what was sent.
func deliveryPrune(r *run) {
	first, second := r.addEndpoint(shop), r.addEndpoint(rival)
	var old []pay.Delivery
	for i := range 3 {
		old = append(old, r.addDelivery(first, "cs_1", int64(i+1), r.now))
	}
	shared := r.delivery(second, r.event(rival, "cs_2", 1))
	shared.EventID = old[2].EventID
	r.do(func(tx pay.Tx) error { return tx.InsertDelivery(r.ctx, shared, []byte("body")) })
	waiting, below := r.addDelivery(first, "cs_1", 9, r.in(9999)), r.id("dlv")
	young := r.addDelivery(first, "cs_1", 10, r.now)
	for _, p := range r.claim(r.now, 10, 10) {
		if p.ID != shared.ID {
			r.finish(p.Delivery, pay.DeliverySucceeded, time.Time{})
		}
	}
	prune := func(before time.Time, limit int) int64 {
		return inUnit(r, func(tx pay.Tx) (int64, error) {
			return tx.PruneDeliveries(r.ctx, below, before, limit)
		})
	}
	r.eq(prune(r.in(3), 10), int64(0)) // it was over a moment too late
	r.eq(prune(r.in(4), 2), int64(2))
	r.eq(prune(r.in(4), 10), int64(1))
	r.eq(prune(r.in(4), 10), int64(0))
	for _, d := range old {
		r.absent(fails(r.Delivery(r.ctx, shop, d.ID)))
	}
	r.eq(len(r.deliveryNow(young.ID).Log), 1)
	r.eq(r.deliveryNow(waiting.ID).State, pay.DeliveryPending)
	sent := r.claim(r.in(99), 10, 10) // what the other endpoint is sent is still there
	r.eq(len(sent), 1)
	r.eq(sent[0].ID, shared.ID)
}
