package storetest

import (
	"fmt"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

var endpointCases = map[string]func(*run){
	"Endpoint_RoundTrip":         endpointRoundTrip,
	"Endpoint_Swap":              endpointSwap,
	"Endpoint_List":              endpointList,
	"Endpoint_Enabled":           endpointEnabled,
	"Endpoint_DeleteTakesAll":    endpointDelete,
	"Endpoint_DeleteMeetsFanOut": endpointDeleteRace,
	"Endpoint_DeleteIsScoped":    endpointDeleteForeign,
	"Endpoint_GoneForFanOut":     endpointGone,
	"Endpoint_DeleteOfABusyOne":  endpointDeleteBusy,
}

func endpointRoundTrip(r *run) {
	full := r.addEndpoint(shop)
	bare := pay.Endpoint{
		ID: r.id("we"), MerchantID: shop.MerchantID, Mode: shop.Mode, Secret: []byte{1},
		Version: 1, CreatedAt: r.now, UpdatedAt: r.now,
	}
	r.do(func(tx pay.Tx) error { return tx.InsertEndpoint(r.ctx, bare) })
	for _, want := range []pay.Endpoint{full, bare} {
		r.eq(got[pay.Endpoint](r)(r.Endpoint(r.ctx, shop, want.ID)), want)
		r.eq(inUnit(r, func(tx pay.Tx) (pay.Endpoint, error) {
			return tx.LockEndpoint(r.ctx, want.ID)
		}), want)
		for _, sc := range others {
			r.absent(fails(r.Endpoint(r.ctx, sc, want.ID)))
		}
	}
	r.absent(fails(r.Endpoint(r.ctx, shop, "we_none")))
	r.refused(pay.NotFound, "", func(tx pay.Tx) error {
		return fails(tx.LockEndpoint(r.ctx, "we_none"))
	})
	r.refused(pay.Conflict, "duplicate", func(tx pay.Tx) error {
		return tx.InsertEndpoint(r.ctx, full)
	})
}

func endpointSwap(r *run) {
	e := r.addEndpoint(shop)
	e.Family, e.URL, e.Description = "other", "https://b.example", ""
	e.Events, e.Enabled = []string{"a", "b"}, false
	e.Secret, e.Previous, e.PreviousUntil, e.DisabledReason = []byte{7}, nil, time.Time{}, ""
	e.FailingSince, e.Version, e.UpdatedAt = time.Time{}, 2, r.in(9)
	for _, spoil := range []func(*pay.Endpoint){
		func(e *pay.Endpoint) { e.Version = 1 },
		func(e *pay.Endpoint) { e.MerchantID = rival.MerchantID },
		func(e *pay.Endpoint) { e.Mode = pay.Live },
	} {
		bad := e
		spoil(&bad)
		r.refused(pay.Conflict, "stale", func(tx pay.Tx) error { return tx.SwapEndpoint(r.ctx, bad) })
	}
	r.do(func(tx pay.Tx) error { return tx.SwapEndpoint(r.ctx, e) })
	r.eq(got[pay.Endpoint](r)(r.Endpoint(r.ctx, shop, e.ID)), e)
}

func endpointList(r *run) {
	var want []string
	for range 5 {
		want = append(want, r.addEndpoint(shop).ID)
		r.addEndpoint(rival)
		r.addEndpoint(live)
	}
	ids := r.pages(2, func() { r.addEndpoint(shop) }, func(p pay.Page) ([]string, error) {
		list, err := r.Endpoints(r.ctx, shop, p)
		return idsOf(list, func(e pay.Endpoint) string { return e.ID }), err
	})
	r.eq(ids, reversed(want))
}

func endpointEnabled(r *run) {
	on := r.addEndpoint(shop)
	off := r.endpoint(shop)
	off.Enabled = false
	r.do(func(tx pay.Tx) error { return tx.InsertEndpoint(r.ctx, off) })
	r.addEndpoint(rival)
	r.eq(got[[]pay.Endpoint](r)(r.EnabledEndpoints(r.ctx, shop)), []pay.Endpoint{on})
	r.eq(got[[]pay.Endpoint](r)(r.EnabledEndpoints(r.ctx, live)), []pay.Endpoint(nil))
}

func endpointDelete(r *run) {
	e, stays := r.addEndpoint(shop), r.addEndpoint(shop)
	ev := r.addEvent(shop, "cs_1", nothing)
	gone, kept := r.delivery(e, ev), r.delivery(stays, ev)
	for _, d := range []pay.Delivery{gone, kept} {
		r.do(func(tx pay.Tx) error { return tx.InsertDelivery(r.ctx, d, []byte("bytes")) })
	}
	lone := r.addDelivery(e, "cs_2", 1, r.now)
	d := r.claim(r.now, 10, 10)[0].Delivery
	r.finish(d, pay.DeliverySucceeded, time.Time{})
	r.do(func(tx pay.Tx) error { return tx.DeleteEndpoint(r.ctx, shop, e.ID) })
	r.absent(fails(r.Endpoint(r.ctx, shop, e.ID)))
	for _, id := range []string{gone.ID, lone.ID} {
		r.absent(fails(r.Delivery(r.ctx, shop, id)))
	}
	r.eq(len(got[[]pay.Delivery](r)(r.Deliveries(r.ctx, shop, e.ID, page(10)))), 0)
	parcels := r.claim(r.in(100), 10, 10)
	r.eq(len(parcels), 1)
	r.eq([]string{parcels[0].ID, string(parcels[0].Body)}, []string{kept.ID, "bytes"})
	r.refused(pay.NotFound, "", func(tx pay.Tx) error {
		return tx.DeleteEndpoint(r.ctx, shop, e.ID)
	})
}

func endpointDeleteForeign(r *run) {
	e := r.addEndpoint(shop)
	d := r.addDelivery(e, "cs_1", 1, r.now)
	for _, sc := range others {
		r.refused(pay.NotFound, "", func(tx pay.Tx) error { return tx.DeleteEndpoint(r.ctx, sc, e.ID) })
	}
	r.eq(got[pay.Delivery](r)(r.Delivery(r.ctx, shop, d.ID)), d)
}

// endpointDeleteRace: whatever is added while the endpoint is deleted either goes with it or is
// refused.
func endpointDeleteRace(r *run) {
	for range 15 {
		r.deleteWhileAdding(r.addEndpoint(shop))
	}
	r.eq(len(r.claim(r.now, 100, 100)), 0)
}

func (r *run) deleteWhileAdding(e pay.Endpoint) {
	r.Helper()
	deliveries := make([]pay.Delivery, 12)
	for i := range deliveries {
		deliveries[i] = r.delivery(e, r.event(shop, fmt.Sprint("cs_", i), 1))
	}
	for i, err := range r.race(len(deliveries)+1, func(i int) error {
		return r.try(func(tx pay.Tx) error {
			if i == len(deliveries) {
				return tx.DeleteEndpoint(r.ctx, shop, e.ID)
			}
			return tx.InsertDelivery(r.ctx, deliveries[i], []byte("b"))
		})
	}) {
		if i == len(deliveries) && err != nil {
			r.Error(err)
		} else if err != nil {
			r.is(err, pay.Conflict, "stale")
		}
	}
	for _, d := range deliveries {
		r.absent(fails(r.Delivery(r.ctx, shop, d.ID)))
	}
}

// endpointGone: a fan-out that read the endpoint before it was deleted fails as a whole and can be
// done again.
func endpointGone(r *run) {
	e := r.addEndpoint(shop)
	r.do(func(tx pay.Tx) error { return tx.DeleteEndpoint(r.ctx, shop, e.ID) })
	d := r.delivery(e, r.event(shop, "cs_1", 1))
	r.refused(pay.Conflict, "stale", func(tx pay.Tx) error {
		return tx.InsertDelivery(r.ctx, d, []byte("b"))
	})
}

// endpointDeleteBusy: of an endpoint that was sent much nobody sees anything any more, and it is
// deleted bit by bit.
func endpointDeleteBusy(r *run) {
	const many = 300
	busy, other := r.addEndpoint(shop), r.addEndpoint(shop)
	r.do(func(tx pay.Tx) error {
		for i := range many {
			d := r.delivery(busy, r.event(shop, r.id("cs"), int64(i+1)))
			if err := tx.InsertDelivery(r.ctx, d, []byte("body")); err != nil {
				return err
			}
		}
		return nil
	})
	kept := r.addDelivery(other, "cs_1", 1, r.now)
	prune := func() int64 {
		return inUnit(r, func(tx pay.Tx) (int64, error) { return tx.PruneEndpoints(r.ctx, 30) })
	}
	r.eq(prune(), int64(0))
	r.do(func(tx pay.Tx) error { return tx.DeleteEndpoint(r.ctx, shop, busy.ID) })
	r.absent(fails(r.Endpoint(r.ctx, shop, busy.ID)))
	r.eq(len(got[[]pay.Endpoint](r)(r.Endpoints(r.ctx, shop, page(10)))), 1)
	r.eq(len(got[[]pay.Endpoint](r)(r.EnabledEndpoints(r.ctx, shop))), 1)
	r.refused(pay.NotFound, "", func(tx pay.Tx) error {
		return tx.DeleteEndpoint(r.ctx, shop, busy.ID)
	})
	rounds := 0
	for ; prune() > 0; rounds++ {
		if rounds > many {
			r.Fatal("the endpoint is never gone")
		}
	}
	r.eq(rounds, 2) // 44 deliveries were left
	r.eq(len(got[[]pay.Delivery](r)(r.Deliveries(r.ctx, shop, busy.ID, page(10)))), 0)
	r.refused(pay.NotFound, "", func(tx pay.Tx) error {
		return fails(tx.LockEndpoint(r.ctx, busy.ID))
	})
	r.eq(r.deliveryNow(kept.ID), kept)
}
