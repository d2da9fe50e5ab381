package webhook

import (
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

// lanes decides which claimed delivery is sent next: the merchant with the fewest requests on their
// way comes first, no merchant takes more than its share, no endpoint more than perEndpoint. It is
// not safe for concurrent use.
type lanes struct {
	slots     int
	busy      int // requests on their way
	waiting   int
	merchants map[string]*lane
	endpoints map[string]int // requests on their way
}

type lane struct {
	busy  int
	queue []parcel
}

// A parcel is a claimed delivery and the end of its lease.
type parcel struct {
	pay.Parcel
	until time.Time
}

func newLanes(slots int) *lanes {
	return &lanes{slots: slots, merchants: map[string]*lane{}, endpoints: map[string]int{}}
}

// held counts what was claimed and is not done with.
func (l *lanes) held() int { return l.busy + l.waiting }

func (l *lanes) add(p parcel) {
	m := l.merchants[p.MerchantID]
	if m == nil {
		m = &lane{}
		l.merchants[p.MerchantID] = m
	}
	m.queue = append(m.queue, p)
	l.waiting++
}

// next takes the delivery to send now; false when none may be sent.
func (l *lanes) next() (parcel, bool) {
	if l.busy >= l.slots {
		return parcel{}, false
	}
	share := l.slots * alonePercent / 100
	if len(l.merchants) > 1 {
		share = l.slots * sharePercent / 100
	}
	var best *lane
	at := 0
	for _, m := range l.merchants {
		if len(m.queue) == 0 || m.busy >= share || best != nil && m.busy >= best.busy {
			continue
		}
		if i := l.ready(m); i >= 0 {
			best, at = m, i
		}
	}
	if best == nil {
		return parcel{}, false
	}
	return l.take(best, at), true
}

// ready returns the place of the lane's first delivery whose endpoint can take one more; -1 for
// none.
func (l *lanes) ready(m *lane) int {
	for i := range m.queue {
		if l.endpoints[m.queue[i].EndpointID] < perEndpoint {
			return i
		}
	}
	return -1
}

func (l *lanes) take(m *lane, i int) parcel {
	p := m.queue[i]
	copy(m.queue[i:], m.queue[i+1:])
	m.queue[len(m.queue)-1] = parcel{}
	m.queue = m.queue[:len(m.queue)-1]
	l.waiting--
	l.busy++
	m.busy++
	l.endpoints[p.EndpointID]++
	return p
}

// done gives the place of a delivery that next returned back.
func (l *lanes) done(p parcel) {
	m := l.merchants[p.MerchantID]
	l.busy--
	m.busy--
	if m.busy == 0 && len(m.queue) == 0 {
		delete(l.merchants, p.MerchantID)
	}
	if l.endpoints[p.EndpointID]--; l.endpoints[p.EndpointID] == 0 {
		delete(l.endpoints, p.EndpointID)
	}
}

// forget drops what waits. Its leases end by themselves.
func (l *lanes) forget() {
	for id, m := range l.merchants {
		l.waiting -= len(m.queue)
		m.queue = nil
		if m.busy == 0 {
			delete(l.merchants, id)
		}
	}
}
