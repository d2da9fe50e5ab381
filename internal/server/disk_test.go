package server_test

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/config"
	"github.com/kassa-pay/kassa/internal/disk"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/rail/simnet"
	"github.com/kassa-pay/kassa/internal/server"
)

// TestStorageLow tells a server that its disk is almost full, and later that it is not.
func TestStorageLow(t *testing.T) {
	var free atomic.Uint64
	var clock atomic.Int64 // seconds, so that each measurement is a new one
	free.Store(10 << 30)
	l := build(t, func(core *server.Core) {
		core.Disk = disk.New(disk.Options{
			Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler),
			Now: func() time.Time { return time.Unix(clock.Add(1), 0) },
			Measure: func(string) (disk.Space, error) {
				return disk.Space{Total: 100 << 30, Free: free.Load()}, nil
			},
		})
	})
	const first = `{"amount":700,"success_url":"https://shop.test/",` +
		`"cancel_url":"https://shop.test/","capture_method":"manual","idempotency_key":"first"}`
	const all = "{}"
	paid, held, running, waiting := l.open(), session{}, l.open(), l.open()
	l.post("/v1/checkout/sessions", first).into(t, &held)
	bank := l.challenge(running)
	refund := `{"payment":"` + l.pay(paid) + `"}`
	capture := "/v1/payments/" + l.pay(held) + "/capture"

	free.Store(100 << 20)
	l.refuses(waiting)
	l.refused("/v1/checkout/sessions", newSession)
	l.refused("/v1/refunds", refund)
	l.refused(capture, all)
	if a := l.post("/v1/checkout/sessions", first); a.status != http.StatusCreated ||
		!strings.Contains(a.body, held.ID) {
		t.Errorf("a repeat of what was done before: %d %s", a.status, a.body)
	}
	if a := l.get("/readyz"); a.status != http.StatusServiceUnavailable {
		t.Errorf("ready: %d %s", a.status, a.body)
	}
	if a := l.get("/healthz"); a.status != http.StatusOK {
		t.Errorf("healthy: %d %s", a.status, a.body)
	}
	if a := l.approve(bank); a.status != http.StatusSeeOther {
		t.Errorf("the issuer's page: %d %s", a.status, a.body)
	}
	l.eventually("the running payment is recorded", func() bool {
		return l.state(running) == "complete"
	})

	free.Store(10 << 30)
	for path, body := range map[string]string{
		"/v1/checkout/sessions": newSession, "/v1/refunds": refund, capture: all,
	} {
		if a := l.post(path, body); a.status >= 300 {
			t.Errorf("%s, with room again: %d %s", path, a.status, a.body)
		}
	}
	if a := l.get("/readyz"); a.status != http.StatusOK {
		t.Errorf("ready again: %d %s", a.status, a.body)
	}
}

// pay pays a session and returns its payment.
func (l *live) pay(s session) string {
	l.t.Helper()
	var p struct{ ID string }
	l.post("/v1/test_helpers/sessions/"+s.ID+"/pay", payBody(visa, "123")).into(l.t, &p)
	return p.ID
}

// refused checks that a request is not let in while storage is low.
func (l *live) refused(path, body string) {
	l.t.Helper()
	a := l.post(path, body)
	if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" ||
		!strings.Contains(a.body, `"code":"storage_low"`) {
		l.t.Errorf("%s: %d %v %s", path, a.status, a.header, a.body)
	}
}

// refuses checks that nobody can begin to pay, by API or on the page, and nothing is left behind.
func (l *live) refuses(s session) {
	l.t.Helper()
	l.refused("/v1/test_helpers/sessions/"+s.ID+"/pay", payBody(visa, "123"))
	a := l.payPage(s, visa, "123")
	if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
		l.t.Errorf("pay on the page: %d %v", a.status, a.header)
	}
	if got := l.state(s); got != "open" {
		l.t.Errorf("the refused session is %s", got)
	}
}

// books opens what a server stores and has look read it, with the debits in the card network's own
// books.
func books(t *testing.T, c config.Config, look func(*server.Core, pay.Caller, []simnet.Entry)) {
	t.Helper()
	ctx := context.Background()
	core, err := server.Open(ctx, c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer core.Close()
	caller, err := core.Pay.CallerFor(ctx, pay.Scope{MerchantID: server.DemoMerchant, Mode: pay.Test})
	if err != nil {
		t.Fatal(err)
	}
	debits, err := core.Card.Ledger(ctx, server.DemoMerchant, core.Pay.Now(caller))
	if err != nil {
		t.Fatal(err)
	}
	look(core, caller, debits)
}

// ledger counts the debits in the card network's own books.
func ledger(t *testing.T, c config.Config) (n int) {
	t.Helper()
	books(t, c, func(_ *server.Core, _ pay.Caller, debits []simnet.Entry) { n = len(debits) })
	return n
}
