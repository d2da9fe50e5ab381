package apitest

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/egress"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/webhook"
)

// nobody begins the addresses at which no delivery ever arrives.
const nobody = "https://nobody."

// A Receiver takes the deliveries of a world as somebody would who is always there and never fails,
// but for what goes to a host whose name begins with "nobody.".
type Receiver struct {
	// Sent are the deliveries that nobody has looked at yet.
	Sent []pay.Parcel
	// ByEvent sorts what is taken at once by its events. Where an event becomes several letters, or
	// one waits for another, that is not the order in which they are sent.
	ByEvent bool
	// Judge holds every delivery against a document; nil does not.
	Judge *Contract

	world  *paytest.World
	sender *webhook.Sender
}

// NewReceiver returns the receiver of what a sender with the encoders has for the endpoints of the
// world. Those of the family native get the events of all.
func NewReceiver(
	t testing.TB, w *paytest.World, native string, encoders map[string]webhook.Encoder,
) *Receiver {
	r := &Receiver{world: w, sender: webhook.New(webhook.Deps{
		Store: w.Store, Clock: w.Clock, IDs: w.IDs, Vault: w.Vault, Log: w.Log,
		Encoders: encoders, Native: native, Calls: egress.Options{Resolver: nowhere},
	})}
	t.Cleanup(func() { _ = r.sender.Close(context.Background()) })
	return r
}

// nowhere finds no address, so that the sender's own first attempt ends before it leaves.
var nowhere = &net.Resolver{
	PreferGo: true,
	Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no names here")
	},
}

// Deliver takes what is due, in the order in which it was made, or of its events.
func (r *Receiver) Deliver(t testing.TB) {
	t.Helper()
	before := len(r.Sent)
	for n := 1; n > 0; {
		var err error
		n, err = r.sender.FanOut(t.Context())
		Must(t, err)
		_, err = r.sender.Settle(t.Context())
		Must(t, err)
		var taken []pay.Parcel
		Must(t, r.world.Store.Write(t.Context(), func(ctx context.Context, tx pay.Tx) (err error) {
			taken, err = r.take(ctx, tx)
			return err
		}))
		r.Sent, n = append(r.Sent, taken...), n+len(taken)
	}
	slices.SortFunc(r.Sent[before:], func(a, b pay.Parcel) int {
		if r.ByEvent {
			return strings.Compare(a.EventID, b.EventID)
		}
		return strings.Compare(a.ID, b.ID)
	})
	for _, p := range r.Sent[before:] {
		if r.Judge == nil {
			break
		}
		if err := r.Judge.Webhook(p.Type, p.Body); err != nil {
			t.Error(err)
		}
	}
}

// take finishes all deliveries that are due, as the sender does with those that succeed.
func (r *Receiver) take(ctx context.Context, tx pay.Tx) ([]pay.Parcel, error) {
	now := r.world.Clock.Now()
	parcels, err := tx.ClaimDeliveries(ctx, pay.ClaimOrder{
		Now: now.Add(time.Hour), Until: now.Add(2 * time.Hour), Lease: "lease", Limit: 100,
		PerEndpoint: 100,
	})
	parcels = slices.DeleteFunc(parcels, func(p pay.Parcel) bool {
		return strings.HasPrefix(p.Endpoint.URL, nobody)
	})
	for i := range parcels {
		if err := webhook.Unseal(r.world.Vault, &parcels[i]); err != nil {
			return nil, err
		}
	}
	for _, p := range parcels {
		p.State, p.Attempts, p.Lease = pay.DeliverySucceeded, p.Attempts+1, "lease"
		p.UpdatedAt = now
		a := pay.DeliveryAttempt{Number: p.Attempts, At: now, Status: 200, Size: 2}
		if _, err := tx.FinishAttempt(ctx, p.Delivery, a); err != nil {
			return nil, err
		}
		if err := tx.ReleaseNext(ctx, p.EndpointID, p.ObjectID, now); err != nil {
			return nil, err
		}
		if err := arrives(ctx, tx, p.EndpointID); err != nil {
			return nil, err
		}
	}
	return parcels, err
}

// arrives forgets that the sender's own attempt failed: the endpoint would be disabled for it.
func arrives(ctx context.Context, tx pay.Tx, id string) error {
	e, err := tx.LockEndpoint(ctx, id)
	if err != nil || e.FailingSince.IsZero() {
		return err
	}
	e.FailingSince = time.Time{}
	e.Version++
	return tx.SwapEndpoint(ctx, e)
}

// Webhook returns the next delivery, as a Target does.
func (r *Receiver) Webhook(t *testing.T) (string, http.Header, []byte, bool) {
	r.Deliver(t)
	if len(r.Sent) == 0 {
		return "", nil, nil, false
	}
	p := r.Sent[0]
	r.Sent = r.Sent[1:]
	return p.Type, http.Header{"To": {p.Endpoint.URL}, "Webhook-Id": {p.EventID}}, p.Body, true
}
