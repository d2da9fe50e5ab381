package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

var claimCases = map[string]func(*run){
	"Claim_OldestFirst":           claimOldest,
	"Claim_SharePerEndpoint":      claimShare,
	"Claim_SlowDoesNotHoldOthers": claimSlow,
	"Claim_LeasesRunOut":          claimLeases,
	"Claim_NodesAreApart":         claimRace,
	"Claim_SameTokenTwice":        claimToken,
}

func parcelIDs(parcels []pay.Parcel) []string {
	ids := idsOf(parcels, func(p pay.Parcel) string { return p.ID })
	slices.Sort(ids)
	return ids
}

func claimOldest(r *run) {
	r.eq(len(r.claim(r.now, 10, 10)), 0)
	var ids []string
	for _, due := range []int{-1, -4, -2, -3, 0, 1} {
		e := r.addEndpoint(shop)
		ids = append(ids, r.addDelivery(e, "cs_1", 1, r.in(due)).ID)
	}
	r.eq(parcelIDs(r.claim(r.now, 2, 10)), []string{ids[1], ids[3]})
	r.eq(parcelIDs(r.claim(r.now, 2, 10)), []string{ids[0], ids[2]})
	parcels := r.claim(r.now, 2, 10)
	r.eq(parcelIDs(parcels), []string{ids[4]})
	r.eq(parcels[0].NextAttemptAt, r.in(60))
	r.eq(parcels[0].Delivery, r.deliveryNow(ids[4]))
	r.eq(len(r.claim(r.now, 2, 10)), 0)
}

func claimShare(r *run) {
	e := r.addEndpoint(shop)
	var ids []string
	for i := range 7 {
		// Events of one fan-out are due at the same time.
		ids = append(ids, r.addDelivery(e, fmt.Sprint("cs_", i), 1, r.now).ID)
	}
	first := r.claim(r.now, 100, 3)
	r.eq(len(first), 3)
	r.eq(len(r.claim(r.in(1), 100, 3)), 0)
	r.finish(first[0].Delivery, pay.DeliverySucceeded, time.Time{})
	r.finish(first[1].Delivery, pay.DeliveryPending, r.in(300))
	second := r.claim(r.in(2), 100, 3)
	r.eq(len(second), 2)
	third := r.claim(r.in(61), 100, 9)
	r.eq(len(third), 3)
	r.eq(third[0].NextAttemptAt, r.in(121))
	var left []string
	for _, p := range slices.Concat(second, third) {
		left = append(left, p.ID)
	}
	left = append(left, first[0].ID, first[1].ID)
	slices.Sort(left)
	r.eq(left, ids)
}

// claimSlow: an endpoint with a long backlog has its share of leases; everything behind it goes to
// the others.
func claimSlow(r *run) {
	slow, quick := r.addEndpoint(shop), r.addEndpoint(rival)
	for i := range 40 {
		r.addDelivery(slow, fmt.Sprint("cs_", i), 1, r.in(-1000+i))
	}
	want := []string{
		r.addDelivery(quick, "cs_a", 1, r.in(-2)).ID, r.addDelivery(quick, "cs_b", 1, r.in(-1)).ID,
	}
	var ofQuick []string
	for range 3 {
		for _, p := range r.claim(r.now, 4, 4) {
			if p.EndpointID == quick.ID {
				ofQuick = append(ofQuick, p.ID)
			}
		}
	}
	r.eq(ofQuick, want)
	r.eq(len(r.claim(r.now, 100, 4)), 0)
}

func claimLeases(r *run) {
	e := r.addEndpoint(shop)
	d := r.addDelivery(e, "cs_1", 1, r.now)
	first := r.claim(r.now, 10, 1)
	r.eq(len(r.claim(r.in(60).Add(-time.Microsecond), 10, 1)), 0)
	second := r.claim(r.in(60), 10, 1)
	r.eq([]string{first[0].ID, second[0].ID}, []string{d.ID, d.ID})
	if first[0].Lease == second[0].Lease {
		r.Error("the second lease must not look like the first")
	}
	r.eq(second[0].Attempts, int64(0))
}

func claimRace(r *run) {
	const endpoints, each = 6, 9
	for range endpoints {
		e := r.addEndpoint(shop)
		for i := range each {
			r.addDelivery(e, fmt.Sprint("cs_", i), 1, r.in(-i))
		}
	}
	claims := make([][]string, 8)
	leased := make([]map[string]int, len(claims))
	r.race(len(claims), func(i int) error {
		leased[i] = map[string]int{}
		for range 3 {
			for _, p := range r.claim(r.now, 7, 4) {
				claims[i] = append(claims[i], p.ID)
				leased[i][p.EndpointID]++
			}
		}
		return nil
	})
	total := map[string]int{}
	for _, l := range leased {
		for id, n := range l {
			total[id] += n
		}
	}
	for id, n := range total {
		if n > 4 {
			r.Errorf("endpoint %s has %d leases at once, its share is 4", id, n)
		}
	}
	claims = append(claims, parcelIDs(r.claim(r.now, 100, each)))
	r.apart(claims, endpoints*each)
}

// claimToken: a node may use one token for all its leases and still gets each parcel once.
func claimToken(r *run) {
	e := r.addEndpoint(shop)
	r.addDelivery(e, "cs_1", 1, r.in(-2))
	r.addDelivery(e, "cs_2", 1, r.in(-1))
	var seen []string
	for range 3 {
		parcels := inUnit(r, func(tx pay.Tx) ([]pay.Parcel, error) {
			return tx.ClaimDeliveries(r.ctx, pay.ClaimOrder{
				Now: r.now, Until: r.in(60), Lease: "node-1", Limit: 1, PerEndpoint: 9,
			})
		})
		seen = append(seen, parcelIDs(parcels)...)
	}
	r.apart([][]string{seen}, 2)
}
