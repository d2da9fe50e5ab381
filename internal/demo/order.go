package demo

import (
	"slices"
	"sync"
	"time"
)

// Limits of the shop's memory.
const (
	maxOrders = 200
	maxNews   = 30 // webhooks of one order
)

// order is what somebody wants to buy.
type order struct {
	ID        string
	Product   product
	SessionID string
	URL       string // of the checkout page
	At        time.Time
	Shipped   bool // a verified webhook said that it is paid
	News      []news
}

// news is one webhook that came, as often as it came.
type news struct {
	EventID, Type     string
	At                time.Time
	Times             int
	PayGate, Standard bool // what each verification said
}

// orders is the shop's memory.
type orders struct {
	mu    sync.Mutex
	byID  map[string]*order
	queue []string // ids, oldest first
}

func newOrders() *orders { return &orders{byID: map[string]*order{}} }

// add remembers an order, and forgets the oldest when there are too many.
func (s *orders) add(o order) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID[o.ID] == nil {
		s.queue = append(s.queue, o.ID)
	}
	s.byID[o.ID] = &o
	if len(s.queue) > maxOrders {
		delete(s.byID, s.queue[0])
		s.queue = slices.Delete(s.queue, 0, 1)
	}
}

// get returns a copy of an order.
func (s *orders) get(id string) (order, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.byID[id]
	if o == nil {
		return order{}, false
	}
	found := *o
	found.News = slices.Clone(o.News)
	return found, true
}

// latest returns copies of the latest orders, newest first.
func (s *orders) latest(n int) []order {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []order
	for _, id := range slices.Backward(s.queue) {
		if len(out) == n {
			break
		}
		out = append(out, *s.byID[id])
	}
	return out
}

// tell writes a webhook down with its order. paid says that it proves the payment: then the order
// ships, once, however often that is said.
func (s *orders) tell(id string, n news, paid bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.byID[id]
	if o == nil {
		return
	}
	o.Shipped = o.Shipped || paid
	same := func(old news) bool {
		return old.EventID == n.EventID && old.PayGate == n.PayGate && old.Standard == n.Standard
	}
	if i := slices.IndexFunc(o.News, same); i >= 0 {
		o.News[i].Times++
		return
	}
	if len(o.News) < maxNews {
		n.Times = 1
		o.News = append(o.News, n)
	}
}
