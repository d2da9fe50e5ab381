package webhook_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/webhook"
)

// types lists what an endpoint got, in the order of the deliveries.
func (h *house) types(e pay.Endpoint) (names []string) {
	h.t.Helper()
	for _, d := range h.deliveries(e) {
		names = append(names, d.Type)
	}
	return names
}

func events(names ...string) func(*pay.Endpoint) {
	return func(e *pay.Endpoint) { e.Events = names }
}

func TestFanOut_WhoGetsWhat(t *testing.T) { onBoth(t, fanOutWhoGetsWhat) }

func fanOutWhoGetsWhat(t *testing.T, h *house) {
	r := h.receive(nil)
	all := h.endpoint(r.URL)
	some := h.endpoint(r.URL, events("payment.paid", "payment.failed"))
	prefix := h.endpoint(r.URL, events("payment", "payment.*"))
	other := h.endpoint(r.URL, func(e *pay.Endpoint) { e.Family = "other" })
	renamed := h.endpoint(r.URL, func(e *pay.Endpoint) {
		e.Family, e.Events = "other", []string{"payment.paid"}
	})
	unknown := h.endpoint(r.URL, func(e *pay.Endpoint) { e.Family = "nobody's" })
	off := h.endpoint(r.URL, func(e *pay.Endpoint) { e.Enabled = false })
	live := h.endpoint(r.URL, func(e *pay.Endpoint) { e.Mode = pay.Live })
	stranger := h.ids.ID("mer", epoch)
	h.merchant(stranger)
	foreign := h.endpoint(r.URL, func(e *pay.Endpoint) { e.MerchantID = stranger })

	h.event("cs_1", "session.open")
	h.event("pay_1", "payment.paid")
	h.event("pay_2", "payment.paid", func(e *pay.Event) { e.Family = "other" })
	h.drain()

	for _, c := range []struct {
		name string
		to   pay.Endpoint
		want []string
	}{
		{"native, all", all, []string{"payment.paid", "payment.paid"}},
		{"native, two names", some, []string{"payment.paid", "payment.paid"}},
		{"no patterns", prefix, nil},
		{"another family, its own objects", other, []string{"other.payment.paid"}},
		{"another family, not by our names", renamed, nil},
		{"a family without an encoder", unknown, nil},
		{"disabled", off, nil},
		{"the other mode", live, nil},
		{"another merchant", foreign, nil},
	} {
		if got := h.types(c.to); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestFanOut_TwoLettersOfOneEvent(t *testing.T) { onBoth(t, fanOutTwoLetters) }

// A family may say an event in several letters, each of which goes to whoever wants it, under an id
// of its own and in their order.
func fanOutTwoLetters(t *testing.T, h *house) {
	r := h.receive(nil)
	twins := func(e *pay.Endpoint) { e.Family = "twins" }
	both := h.endpoint(r.URL+"/both", twins)
	second := h.endpoint(r.URL+"/second", twins, events("payment.paid.second"))
	first := h.event("pay_1", "payment.created", func(e *pay.Event) { e.Family = "twins" })
	last := h.event("pay_1", "payment.paid", func(e *pay.Event) { e.Family = "twins" })
	h.drain()

	var got []string
	for _, c := range r.want(t, 5) {
		if c.path == "/both" {
			got = append(got, c.header.Get(webhook.HeaderID))
		}
		if want := `{"id":"` + c.header.Get(webhook.HeaderID) + `"}`; c.body != want {
			t.Errorf("body %s, want %s", c.body, want)
		}
	}
	want := []string{first.ID + "a", first.ID, last.ID + "a", last.ID}
	if !slices.Equal(got, want) {
		t.Errorf("arrived as %v, want %v", got, want)
	}
	if got := h.types(second); !slices.Equal(got, []string{"payment.paid.second"}) {
		t.Errorf("the endpoint with one name got %v", got)
	}
	if n := len(h.deliveries(both)); n != 4 {
		t.Errorf("%d deliveries, want 4", n)
	}
}

func TestFanOut_CountsThePendingEndpoints(t *testing.T) {
	h := newHouse(t)
	r := h.receive(nil)
	h.endpoint(r.URL)
	h.endpoint(r.URL, events("payment.paid"))
	h.endpoint(r.URL, events("payment.failed"))
	h.event("pay_1", "payment.paid")
	h.drain()
	for _, c := range r.want(t, 2) {
		if !strings.Contains(c.body, `"pending":2`) {
			t.Errorf("body %s, want 2 pending", c.body)
		}
	}
}

func TestFanOut_Target(t *testing.T) {
	h := newHouse(t)
	r := h.receive(nil)
	meant := h.endpoint(r.URL, events("payment.failed"))
	rest := h.endpoint(r.URL)
	h.event("evt_1", "endpoint.test", func(e *pay.Event) { e.Target = meant.ID })
	h.event("evt_2", "endpoint.test", func(e *pay.Event) { e.Target = "we_deleted" })
	h.drain()
	if got := h.types(meant); !slices.Equal(got, []string{"endpoint.test"}) {
		t.Errorf("the endpoint meant got %v", got)
	}
	if got := h.types(rest); got != nil {
		t.Errorf("another endpoint got %v", got)
	}
}

func TestFanOut_EncoderThatPanics(t *testing.T) {
	h := newHouse(t)
	r := h.receive(nil)
	to := h.endpoint(r.URL)
	h.event("cs_1", "payment.created")
	h.event("cs_1", "poison")
	h.event("cs_1", "payment.paid")
	h.drain()
	if got := h.types(to); !slices.Equal(got, []string{"payment.created", "payment.paid"}) {
		t.Errorf("got %v", got)
	}
}

// Once an event is fanned out it is not fanned out again, whoever comes later.
func TestFanOut_Once(t *testing.T) {
	h := newHouse(t)
	r := h.receive(nil)
	h.event("cs_1", "session.complete")
	h.drain()
	late := h.endpoint(r.URL)
	h.drain()
	if got := h.types(late); got != nil {
		t.Errorf("an endpoint made afterwards got %v", got)
	}
}

func TestFanOut_ManyRounds(t *testing.T) { onBoth(t, fanOutManyRounds) }

func fanOutManyRounds(t *testing.T, h *house) {
	r := h.receive(nil)
	to := h.endpoint(r.URL)
	const n = 300
	h.write(func(ctx context.Context, tx pay.Tx) error {
		for i := range n {
			e := pay.Event{
				ID: h.ids.ID("evt", epoch), MerchantID: h.scope.MerchantID, Mode: pay.Test,
				Type: "payment.paid", Kind: pay.ObjectPayment, ObjectID: fmt.Sprint("pay_", i),
				Sequence: 1, Family: "checkout", Data: []byte("{}"), CreatedAt: epoch,
			}
			if err := tx.InsertEvent(ctx, e); err != nil {
				return err
			}
		}
		return nil
	})
	h.drain()
	seen := map[string]bool{}
	for _, c := range r.want(t, n) {
		seen[c.header.Get("Webhook-Id")] = true
	}
	if len(seen) != n || len(h.deliveries(to)) != 100 {
		t.Errorf("%d of %d events arrived", len(seen), n)
	}
}

func TestFanOut_Hooks(t *testing.T) { onBoth(t, fanOutHooks) }

// fanOutHooks: a hook gets the events that name it, in its family's words, and no others.
func fanOutHooks(t *testing.T, h *house) {
	r := h.receive(nil)
	all := h.endpoint(r.URL)
	hook := func(url string) pay.Endpoint {
		return h.endpoint(url, func(e *pay.Endpoint) { e.Family, e.Hook = "other", true })
	}
	mine, theirs, off := hook(r.URL+"/1"), hook(r.URL+"/2"), hook(r.URL+"/3")
	h.write(func(ctx context.Context, tx pay.Tx) error {
		off.Enabled, off.Version = false, 2
		return tx.SwapEndpoint(ctx, off)
	})
	to := func(id string) func(*pay.Event) {
		return func(e *pay.Event) { e.Family, e.Hook = "other", id }
	}
	h.event("pay_1", "payment.paid", to(mine.ID))
	h.event("pay_2", "payment.paid", to(""))
	h.event("pay_3", "payment.paid", to(off.ID))
	h.event("pay_4", "payment.paid", to("we_nobody"))
	h.drain()
	for name, c := range map[string]struct {
		to   pay.Endpoint
		want int
	}{"native": {all, 4}, "the hook": {mine, 1}, "another": {theirs, 0}, "disabled": {off, 0}} {
		if got := h.types(c.to); len(got) != c.want {
			t.Errorf("%s got %v", name, got)
		}
	}
	if got := h.types(mine); !slices.Equal(got, []string{"other.payment.paid"}) {
		t.Errorf("the hook got %v", got)
	}
}

// An event whose deliveries the store refuses holds up nobody's events but its own.
func TestFanOut_OneThatFailsIsLeftOut(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		r := h.receive(nil)
		to := h.endpoint(r.URL)
		h.event("pay_1", "payment.paid")
		ill := h.event("pay_2", "payment.review")
		h.event("pay_3", "payment.failed")
		h.write(func(ctx context.Context, tx pay.Tx) error {
			return tx.InsertDelivery(ctx, pay.Delivery{ // its own one will be refused
				ID: h.ids.ID("dlv", epoch), MerchantID: to.MerchantID, Mode: to.Mode, EndpointID: to.ID,
				EventID: ill.ID, Type: "by hand", ObjectID: "x", Sequence: 1,
				State: pay.DeliverySucceeded, CreatedAt: epoch, UpdatedAt: epoch,
			}, []byte("{}"))
		})
		n, err := h.sender.FanOut(context.Background())
		if err != nil || n != 3 {
			t.Errorf("%d events were handled, %v", n, err)
		}
		h.drain()
		got := h.types(to)
		slices.Sort(got)
		if !slices.Equal(got, []string{"by hand", "payment.failed", "payment.paid"}) {
			t.Errorf("sent: %v", got)
		}
	})
}
