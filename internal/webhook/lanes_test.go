package webhook

import (
	"fmt"
	"testing"

	"github.com/kassa-pay/kassa/internal/pay"
)

func offer(l *lanes, merchant, endpoint string, n int) {
	for range n {
		l.add(parcel{Parcel: pay.Parcel{
			Delivery: pay.Delivery{MerchantID: merchant, EndpointID: endpoint},
		}})
	}
}

// fill takes all that may be sent and counts it by merchant.
func fill(l *lanes) (taken map[string]int, parcels []parcel) {
	taken = map[string]int{}
	for {
		p, ok := l.next()
		if !ok {
			return taken, parcels
		}
		taken[p.MerchantID]++
		parcels = append(parcels, p)
	}
}

func TestLanes_EndpointLimit(t *testing.T) {
	l := newLanes(100)
	offer(l, "a", "slow", 50)
	offer(l, "a", "fast", 2)
	taken, parcels := fill(l)
	if taken["a"] != perEndpoint+2 {
		t.Errorf("%d on their way, want %d to the one and 2 to the other", taken["a"], perEndpoint)
	}
	l.done(parcels[0])
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
		l.done(p)
	}
	_, rest := fill(l)
	for _, p := range rest {
		l.done(p)
	}
	if len(rest) != 5 || l.held() != 0 || len(l.merchants)+len(l.endpoints) != 0 {
		t.Errorf("in the end: %d taken, %+v", len(rest), l)
	}
}

func TestLanes_Forget(t *testing.T) {
	l := newLanes(10)
	offer(l, "a", "x", 6)
	_, parcels := fill(l)
	offer(l, "b", "y", 3)
	l.forget()
	if l.held() != len(parcels) {
		t.Errorf("%d held, want the %d on their way", l.held(), len(parcels))
	}
	for _, p := range parcels {
		l.done(p)
	}
	if l.held() != 0 || len(l.merchants) != 0 {
		t.Errorf("in the end: %+v", l)
	}
}
