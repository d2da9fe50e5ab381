package webhook

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/kassa-pay/kassa/internal/egress"
	"github.com/kassa-pay/kassa/internal/ident"
	"github.com/kassa-pay/kassa/internal/pay"
)

// Limits of sending.
const (
	slots          = 256  // requests on their way at once
	backlog        = 1024 // deliveries that wait for a slot
	claimBatch     = 256  // deliveries per claim
	fanOutBatch    = 32   // events per round
	recordBatch    = 128  // attempts recorded in one transaction
	recorders      = 2    // such transactions at once
	perEndpoint    = 4    // requests at once to one endpoint
	perFailing     = 1    // requests at once to one whose last attempt failed
	failingPercent = 50   // of the slots for all endpoints that fail
	sharePercent   = 25   // of the slots for one merchant while others want some
	alonePercent   = 75   // of the slots for one merchant at any time
	fanAhead       = 64   // the same, when they come straight from fan-out
	ahead          = 32   // deliveries held at once for one endpoint
	refill         = 8    // with no more than so many held for an endpoint, more are claimed
	enough         = 512  // with so many that flow, there is no need for more
	maxChains      = 8192 // remembered objects with a delivery that waits for the one before it
	recordTries    = 6    // while the store is overloaded
	tokenBytes     = 16
	userAgent      = "Kassa-Webhook/1.0"
)

// Times of sending.
const (
	lease          = 60 * time.Second       // how long a delivery belongs to the node that took it
	leaseMargin    = 20 * time.Second       // an attempt that begins later might outlast its lease
	flowing        = 250 * time.Millisecond // what waits no longer than this flows
	slowAfter      = 10 * time.Second       // what waits longer than this gives way to others
	orderPatience  = 10 * time.Minute       // how long an event waits for the one before it
	failingFor     = 5 * 24 * time.Hour     // then an endpoint is disabled
	recordDeadline = 10 * time.Second
	recordPause    = 200 * time.Millisecond // before the second try; doubled before each later one
)

// Why an endpoint was disabled.
const (
	reasonGone    = "gone"    // it answered 410
	reasonFailing = "failing" // nothing arrived for failingFor
)

// Encoder turns an event into a family's own letters, none when the event is none of the family's.
// They are sent in their order, one after the other. It is called inside a transaction and must be
// pure. pendingWebhooks is how many endpoints the event goes to.
type Encoder func(e pay.Event, pendingWebhooks int) []pay.Letter

// Single makes an Encoder of a family that sends one letter per event at most, under the event's
// own id.
func Single(encode func(pay.Event, int) (name string, body []byte, ok bool)) Encoder {
	return func(e pay.Event, pendingWebhooks int) []pay.Letter {
		name, body, ok := encode(e, pendingWebhooks)
		if !ok {
			return nil
		}
		return []pay.Letter{{ID: e.ID, Name: name, Body: body}}
	}
}

// Deps is what a Sender needs from the outside. All fields but Wake are required.
type Deps struct {
	Store    pay.Store
	Clock    pay.Clock
	IDs      ident.Source
	Vault    pay.Vault
	Log      *slog.Logger
	Encoders map[string]Encoder // by family
	// Wake tells the worker of this process that there is work. It must not wait.
	Wake func(pay.Work)
	// Native is the family whose endpoints see the events of every family.
	Native string
	// Test and Live say where test-mode and live-mode deliveries may go. Live ones go over https to
	// public addresses, whatever Live allows.
	Test, Live egress.Policy
	// Calls are the deadlines, authorities and resolver of deliveries; its policy is not used. The
	// zero value is what production wants.
	Calls egress.Options
}

// chain is the events of one object on their way to one endpoint.
type chain struct{ endpoint, object string }

// Sender is fan-out and delivery. It is safe for concurrent use.
type Sender struct {
	store    pay.Store
	clock    pay.Clock
	ids      ident.Source
	vault    pay.Vault
	log      *slog.Logger
	encoders map[string]Encoder
	native   string
	wake     func(pay.Work)
	pools    map[pay.Mode]*egress.Pool

	ctx    context.Context // of everything that is sent; ends with Close
	cancel context.CancelFunc

	// taking lets one claim or round of fan-out happen at a time, so that a claim finds no lease of
	// this node in the store that is not held here.
	taking sync.Mutex

	mu        sync.Mutex
	lanes     *lanes
	chains    map[chain]int     // where a delivery waits for the one before it, by stamp
	stamp     int               // counts what was put into chains
	finished  int               // counts recorded deliveries
	outbox    []outcome         // attempts to be recorded
	recorders int               // at work
	idle      chan struct{}     // closed while nothing is held
	heldBack  map[pay.Work]bool // work that was left in the store because enough was there
	closed    bool
}

// New returns a Sender that holds nothing yet. Close must be called in the end.
func New(d Deps) *Sender {
	if d.Wake == nil {
		d.Wake = func(pay.Work) {}
	}
	d.Live.AllowPrivate, d.Live.AllowHTTP = false, false
	ctx, cancel := context.WithCancel(context.Background())
	idle := make(chan struct{})
	close(idle)
	return &Sender{
		store: d.Store, clock: d.Clock, ids: d.IDs, vault: d.Vault, log: d.Log,
		encoders: d.Encoders, native: d.Native, wake: d.Wake,
		pools: map[pay.Mode]*egress.Pool{
			pay.Test: pool(d.Calls, d.Test), pay.Live: pool(d.Calls, d.Live),
		},
		ctx: ctx, cancel: cancel, lanes: newLanes(slots), idle: idle,
		chains: map[chain]int{}, heldBack: map[pay.Work]bool{},
	}
}

func pool(o egress.Options, p egress.Policy) *egress.Pool {
	o.Policy = p
	return egress.NewPool(o)
}

// Policy returns where deliveries of the mode may go, for whoever checks a new endpoint's URL.
func (s *Sender) Policy(m pay.Mode) egress.Policy { return s.pools[m].Policy() }

// now is the server's time, cut to what the store keeps.
func (s *Sender) now() time.Time { return s.clock.Now().UTC().Truncate(time.Microsecond) }

// merchantNow is the time in which the merchant lives: ahead of the server's in test mode.
func (s *Sender) merchantNow(
	ctx context.Context, v pay.MerchantView, sc pay.Scope,
) (time.Time, error) {
	if sc.Mode != pay.Test {
		return s.now(), nil
	}
	m, err := v.Merchant(ctx, sc.MerchantID)
	return s.now().Add(m.ClockOffset), err
}
