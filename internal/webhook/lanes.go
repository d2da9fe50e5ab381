package webhook

import (
	"slices"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

// lanes decides which claimed delivery is sent next: the merchant with the fewest requests on their
// way comes first, no merchant takes more than its share, no endpoint more than perEndpoint, and
// those that fail have little between them. It is not safe for concurrent use.
type lanes struct {
	slots     int
	busy      int // requests on their way
	failing   int // of these, to endpoints that fail
	waiting   int
	recording int // requests that are over
	merchants map[string]*lane
	endpoints map[string]*load
}

type lane struct {
	busy  int
	queue []parcel
}

// load is what is held for one endpoint.
type load struct {
	busy, waiting, recording int
	failing                  bool // by what is known last: the claim or an attempt since
}

func (e *load) held() int { return e.busy + e.waiting + e.recording }

// A parcel is a claimed delivery and the end of its lease.
type parcel struct {
	pay.Parcel
	until   time.Time
	failing bool // whether its endpoint failed when it was taken
}

func newLanes(slots int) *lanes {
	return &lanes{slots: slots, merchants: map[string]*lane{}, endpoints: map[string]*load{}}
}

// held counts what was claimed and is not done with.
func (l *lanes) held() int { return l.busy + l.waiting + l.recording }

func (l *lanes) add(p parcel) {
	m := l.merchants[p.MerchantID]
	if m == nil {
		m = &lane{}
		l.merchants[p.MerchantID] = m
	}
	e := l.endpoints[p.EndpointID]
	if e == nil {
		e = &load{}
		l.endpoints[p.EndpointID] = e
	}
	e.failing = !p.Endpoint.FailingSince.IsZero()
	m.queue = append(m.queue, p)
	l.waiting++
	e.waiting++
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
		e := l.endpoints[m.queue[i].EndpointID]
		if e.failing && (e.busy >= perFailing || l.failing >= l.slots*failingPercent/100) {
			continue
		}
		if e.busy < perEndpoint {
			return i
		}
	}
	return -1
}

func (l *lanes) take(m *lane, i int) parcel {
	p := m.queue[i]
	m.queue = slices.Delete(m.queue, i, i+1)
	e := l.endpoints[p.EndpointID]
	e.waiting--
	e.busy++
	l.waiting--
	l.busy++
	m.busy++
	if p.failing = e.failing; p.failing {
		l.failing++
	}
	return p
}

// sent gives the place of a delivery that next returned to another: its request is over, and failed
// or not. What came of it is still to be recorded.
func (l *lanes) sent(p parcel, failed bool) {
	m, e := l.merchants[p.MerchantID], l.endpoints[p.EndpointID]
	l.busy--
	m.busy--
	e.busy--
	if p.failing {
		l.failing--
	}
	e.failing = failed
	l.recording++
	e.recording++
	l.tidyMerchant(p.MerchantID)
}

// done forgets a delivery that was sent and returns how many are still held for its endpoint.
func (l *lanes) done(p parcel) int {
	e := l.endpoints[p.EndpointID]
	l.recording--
	e.recording--
	l.tidyEndpoint(p.EndpointID)
	return e.held()
}

// drop forgets what waits and was claimed under a lease that ends before the time. Its lease ends
// by itself.
func (l *lanes) drop(before time.Time) {
	l.dropIf(func(p *parcel) bool { return p.until.Before(before) })
}

// dropEndpoint forgets what waits for the endpoint.
func (l *lanes) dropEndpoint(id string) {
	l.dropIf(func(p *parcel) bool { return p.EndpointID == id })
}

func (l *lanes) dropIf(unwanted func(*parcel) bool) {
	for id, m := range l.merchants {
		var kept []parcel
		for _, p := range m.queue {
			if !unwanted(&p) {
				kept = append(kept, p)
				continue
			}
			l.waiting--
			l.endpoints[p.EndpointID].waiting--
			l.tidyEndpoint(p.EndpointID)
		}
		m.queue = kept
		l.tidyMerchant(id)
	}
}

// The maps are no bigger than what is held.

func (l *lanes) tidyMerchant(id string) {
	if m := l.merchants[id]; m.busy == 0 && len(m.queue) == 0 {
		delete(l.merchants, id)
	}
}

func (l *lanes) tidyEndpoint(id string) {
	if l.endpoints[id].held() == 0 {
		delete(l.endpoints, id)
	}
}
