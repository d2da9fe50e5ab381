package webhook

import (
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

// lanes decides which delivery is sent next: the merchant with the fewest requests on their way
// comes first, no merchant takes more than its share, no endpoint more than perEndpoint, and those
// that fail have little between them. It is not safe for concurrent use.
type lanes struct {
	slots     int
	busy      int // requests on their way
	failing   int // of these, to endpoints that fail
	waiting   int
	recording int // requests that are over
	merchants map[string]*lane
	endpoints map[string]*load

	since map[string]int // done by endpoint since a claim began; nil when none is under way
}

// lane is what is held for one merchant.
type lane struct {
	busy    int
	waiting map[string]*load // endpoints with something in their queue
}

// load is what is held for one endpoint.
type load struct {
	queue           []*parcel
	busy, recording int
	failing         bool // by what is known last: the claim or an attempt since
	more            bool // the store may have more that is due
}

// A parcel is a delivery that this node has taken, and the end of its lease.
type parcel struct {
	pay.Parcel
	until   time.Time
	failing bool // whether its endpoint failed when it was taken
}

func newLanes(slots int) *lanes {
	return &lanes{slots: slots, merchants: map[string]*lane{}, endpoints: map[string]*load{}}
}

func (e *load) held() int { return len(e.queue) + e.busy + e.recording }

// held counts what was taken and is not done with.
func (l *lanes) held() int { return l.busy + l.waiting + l.recording }

// heldBy counts what is held for each endpoint.
func (l *lanes) heldBy() map[string]int {
	held := make(map[string]int, len(l.endpoints))
	for id, e := range l.endpoints {
		held[id] = e.held()
	}
	return held
}

// plenty reports whether more than n are held that flow. What has waited for long is for slow
// endpoints and no reason to keep others waiting.
func (l *lanes) plenty(now time.Time, n int) bool {
	if l.waiting > 0 && now.Add(lease).Sub(l.oldest()) < flowing {
		return l.recording+l.waiting > n
	}
	return l.recording > n
}

// oldest returns the end of the lease that ends first among what waits.
func (l *lanes) oldest() (until time.Time) {
	for _, e := range l.endpoints {
		if len(e.queue) > 0 && (until.IsZero() || e.queue[0].until.Before(until)) {
			until = e.queue[0].until
		}
	}
	return until
}

func (l *lanes) add(p *parcel) {
	e := l.endpoints[p.EndpointID]
	if e == nil {
		e = &load{}
		l.endpoints[p.EndpointID] = e
	}
	e.failing = !p.Endpoint.FailingSince.IsZero()
	e.queue = append(e.queue, p)
	m := l.merchants[p.MerchantID]
	if m == nil {
		m = &lane{waiting: map[string]*load{}}
		l.merchants[p.MerchantID] = m
	}
	m.waiting[p.EndpointID] = e
	l.waiting++
}

// next takes the delivery to send now; nil when none may be sent.
func (l *lanes) next() *parcel {
	if l.busy >= l.slots {
		return nil
	}
	share := l.slots * alonePercent / 100
	if len(l.merchants) > 1 {
		share = l.slots * sharePercent / 100
	}
	var best *load
	fewest := share
	for _, m := range l.merchants {
		if m.busy < fewest {
			if e := l.ready(m); e != nil {
				best, fewest = e, m.busy
			}
		}
	}
	if best == nil {
		return nil
	}
	return l.take(best)
}

// ready returns the merchant's endpoint with the fewest requests on their way among those that can
// take one more; nil for none.
func (l *lanes) ready(m *lane) (best *load) {
	for _, e := range m.waiting {
		limit := perEndpoint
		if e.failing {
			limit = perFailing
			if l.failing >= l.slots*failingPercent/100 {
				continue
			}
		}
		if e.busy < limit && (best == nil || e.busy < best.busy) {
			best = e
		}
	}
	return best
}

func (l *lanes) take(e *load) *parcel {
	p := e.queue[0]
	e.queue[0] = nil
	e.queue = e.queue[1:]
	m := l.merchants[p.MerchantID]
	if len(e.queue) == 0 {
		delete(m.waiting, p.EndpointID)
	}
	l.waiting--
	l.busy++
	m.busy++
	e.busy++
	if p.failing = e.failing; p.failing {
		l.failing++
	}
	return p
}

// sent gives the place of a delivery that next returned to another: its request is over, and failed
// or not. What came of it is still to be recorded.
func (l *lanes) sent(p *parcel, failed bool) {
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

// done forgets a delivery that was sent. It reports whether the store has more for its endpoint
// and little is left here.
func (l *lanes) done(p *parcel) bool {
	e := l.endpoints[p.EndpointID]
	if l.since != nil {
		l.since[p.EndpointID]++
	}
	l.recording--
	e.recording--
	l.tidyEndpoint(p.EndpointID)
	return e.more && e.held() <= refill
}

// beginClaim and endClaim find out for which endpoints the store may have more: those that had as
// many as they may when the claim looked, which was at some moment between the two. endClaim
// reports whether there is more for an endpoint of which nothing is left here.
func (l *lanes) beginClaim() { l.since = map[string]int{} }

func (l *lanes) endClaim(most int) (more bool) {
	for id, e := range l.endpoints {
		e.more = e.held()+l.since[id] >= most
	}
	for id, n := range l.since {
		more = more || l.endpoints[id] == nil && n >= most
	}
	l.since = nil
	return more
}

// drop forgets what waits under a lease that ends before the time. The lease ends by itself.
func (l *lanes) drop(before time.Time) {
	l.dropIf(func(p *parcel) bool { return p.until.Before(before) })
}

// dropEndpoint forgets what waits for the endpoint.
func (l *lanes) dropEndpoint(id string) {
	l.dropIf(func(p *parcel) bool { return p.EndpointID == id })
}

func (l *lanes) dropIf(unwanted func(*parcel) bool) {
	for merchant, m := range l.merchants {
		for endpoint, e := range m.waiting {
			var kept []*parcel
			for _, p := range e.queue {
				if !unwanted(p) {
					kept = append(kept, p)
				}
			}
			l.waiting -= len(e.queue) - len(kept)
			if e.queue = kept; len(kept) == 0 {
				delete(m.waiting, endpoint)
			}
			l.tidyEndpoint(endpoint)
		}
		l.tidyMerchant(merchant)
	}
}

// tidyMerchant keeps the map no bigger than what is held.
func (l *lanes) tidyMerchant(id string) {
	if m := l.merchants[id]; m.busy == 0 && len(m.waiting) == 0 {
		delete(l.merchants, id)
	}
}

// tidyEndpoint keeps the map no bigger than what is held.
func (l *lanes) tidyEndpoint(id string) {
	if l.endpoints[id].held() == 0 {
		delete(l.endpoints, id)
	}
}
