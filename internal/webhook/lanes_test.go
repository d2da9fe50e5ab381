package webhook

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

func offer(l *lanes, merchant, endpoint string, n int, change ...func(*parcel)) {
	for range n {
		p := &parcel{Parcel: pay.Parcel{
			Delivery: pay.Delivery{MerchantID: merchant, EndpointID: endpoint},
		}}
		for _, f := range change {
			f(p)
		}
		l.add(p)
	}
}

// fill takes all that may be sent and counts it by merchant.
func fill(l *lanes) (taken map[string]int, parcels []*parcel) {
	taken = map[string]int{}
	for {
		p := l.next()
		if p == nil {
			return taken, parcels
		}
		taken[p.MerchantID]++
		parcels = append(parcels, p)
	}
}

func finish(l *lanes, p *parcel, failed bool) bool {
	l.sent(p, failed)
	return l.done(p)
}

func TestLanes_EndpointLimit(t *testing.T) {
	l := newLanes(100)
	offer(l, "a", "slow", 50)
	offer(l, "a", "fast", 2)
	taken, parcels := fill(l)
	if taken["a"] != perEndpoint+2 {
		t.Errorf("%d on their way, want %d to the one and 2 to the other", taken["a"], perEndpoint)
	}
	finish(l, parcels[slices.IndexFunc(parcels, func(p *parcel) bool {
		return p.EndpointID == "slow"
	})], false)
	if again, _ := fill(l); again["a"] != 1 {
		t.Errorf("a free place is given to %d deliveries", again["a"])
	}
}

func TestLanes_Share(t *testing.T) {
	l := newLanes(100)
	for i := range 100 {
		offer(l, "a", fmt.Sprint("a", i), 4)
	}
	if taken, _ := fill(l); taken["a"] != 75 {
		t.Errorf("a merchant alone has %d of 100 slots, want 75", taken["a"])
	}
	for i := range 10 {
		offer(l, "b", fmt.Sprint("b", i), 4)
	}
	if taken, _ := fill(l); taken["b"] != 25 || taken["a"] != 0 {
		t.Errorf("a newcomer gets %d slots, want 25 (and the other %d more, want 0)",
			taken["b"], taken["a"])
	}
}

func TestLanes_FewestFirst(t *testing.T) {
	l := newLanes(10)
	for _, m := range []string{"a", "b", "c", "d", "e"} {
		for i := range 3 {
			offer(l, m, fmt.Sprint(m, i), 1)
		}
	}
	taken, parcels := fill(l)
	for m, n := range taken {
		if n != 2 {
			t.Errorf("%s has %d of 10 slots, want 2 like the other four", m, n)
		}
	}
	for _, p := range parcels {
		finish(l, p, false)
	}
	_, rest := fill(l)
	for _, p := range rest {
		finish(l, p, false)
	}
	if len(rest) != 5 || l.held() != 0 || len(l.merchants)+len(l.endpoints) != 0 {
		t.Errorf("in the end: %d taken, %+v", len(rest), l)
	}
}

func TestLanes_FailingEndpointsHaveLittle(t *testing.T) {
	l := newLanes(100)
	for i := range 80 {
		offer(l, fmt.Sprint("m", i), fmt.Sprint("e", i), 4, func(p *parcel) {
			p.Endpoint.FailingSince = time.Unix(1, 0)
		})
	}
	offer(l, "good", "good", 5)
	taken, parcels := fill(l)
	if taken["good"] != perEndpoint || len(parcels) != 50+perEndpoint {
		t.Errorf("%d on their way, %d of them good; want 54 and 4", len(parcels), taken["good"])
	}
	for m, n := range taken {
		if m != "good" && n != perFailing {
			t.Errorf("%d at once to an endpoint that fails", n)
		}
	}
	for _, p := range parcels {
		finish(l, p, true)
	}
	if l.busy != 0 || l.failing != 0 {
		t.Errorf("in the end: %+v", l)
	}
}

func TestLanes_Drop(t *testing.T) {
	l := newLanes(10)
	lease := func(sec int64) func(*parcel) {
		return func(p *parcel) { p.until = time.Unix(sec, 0) }
	}
	offer(l, "a", "x", 6, lease(10))
	_, parcels := fill(l)
	offer(l, "a", "x", 1, lease(20))
	offer(l, "b", "y", 3, lease(10))
	l.drop(time.Unix(20, 0))
	if l.busy != 4 || l.waiting != 1 || len(l.merchants) != 1 || len(l.endpoints) != 1 {
		t.Errorf("left: %+v", l)
	}
	for _, p := range parcels {
		if finish(l, p, false) {
			t.Error("more is wanted although the store has no more")
		}
	}
	if taken, _ := fill(l); taken["a"] != 1 || l.waiting != 0 {
		t.Errorf("in the end: %+v", l)
	}
}

// What an attempt showed counts at once for what was claimed before it.
func TestLanes_FailureIsRemembered(t *testing.T) {
	l := newLanes(100)
	offer(l, "a", "x", 20)
	_, parcels := fill(l)
	for _, p := range parcels {
		l.sent(p, true)
	}
	_, more := fill(l)
	if len(more) != perFailing {
		t.Errorf("%d at once to an endpoint that has just failed, want %d", len(more), perFailing)
	}
	l.sent(more[0], false)
	if taken, _ := fill(l); taken["a"] != perEndpoint {
		t.Errorf("%d at once after a success, want %d", taken["a"], perEndpoint)
	}
	if l.recording != len(parcels)+1 || l.held() != 20 {
		t.Errorf("%d held, %d of them recorded now", l.held(), l.recording)
	}
}

func TestLanes_More(t *testing.T) {
	l := newLanes(100)
	offer(l, "a", "full", ahead)
	offer(l, "a", "short", refill)
	l.beginClaim()
	if l.endClaim(ahead) {
		t.Error("more is wanted at once")
	}
	for l.held() > 0 {
		_, parcels := fill(l)
		for _, p := range parcels {
			more := finish(l, p, false)
			e := l.endpoints["full"]
			left := 0
			if e != nil {
				left = e.held()
			}
			if want := p.EndpointID == "full" && left <= refill; more != want {
				t.Errorf("%s, %d left: more wanted %v", p.EndpointID, left, more)
			}
		}
	}
}

// What ends while a claim is under way may have been counted by it.
func TestLanes_MoreDuringAClaim(t *testing.T) {
	l := newLanes(100)
	offer(l, "a", "x", perEndpoint)
	offer(l, "a", "y", perEndpoint-1)
	_, parcels := fill(l)
	l.beginClaim()
	for _, p := range parcels {
		finish(l, p, false)
	}
	if l.held() != 0 || !l.endClaim(perEndpoint) {
		t.Error("what the claim left behind for x is forgotten")
	}
	l.beginClaim()
	if l.endClaim(perEndpoint) {
		t.Error("the next claim finds the same again")
	}
}
