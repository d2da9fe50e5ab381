package server_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/config"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/rail/simnet"
	"github.com/kassa-pay/kassa/internal/server"
	"github.com/kassa-pay/kassa/internal/store/sqldb/pgtest"
)

// Limits of stopping, with room for a machine that is slow: the server gives its clients six
// seconds and its background work three, and lets go of pages at once.
const (
	stopLimit   = 20 * time.Second // whatever the clients do
	letGoWithin = 5 * time.Second
)

// TestStop_UnderLoad stops a server under clients that open and pay sessions. Whatever was answered
// is true afterwards, and nobody is answered with an error of the server's.
func TestStop_UnderLoad(t *testing.T) {
	for name, database := range map[string]func(testing.TB) string{
		"sqlite": func(testing.TB) string { return "" }, "postgresql": pgtest.URL,
	} {
		t.Run(name, func(t *testing.T) {
			c := devConfig(t.TempDir())
			c.Database = database(t)
			l := serve(t, c)
			b := &crowd{l: l, opened: map[string]bool{}}
			b.start(8)
			b.wait(40)
			began := time.Now()
			if err := l.end(); err != nil {
				t.Error(err)
			}
			if took := time.Since(began); took > stopLimit {
				t.Errorf("stopping took %v", took)
			}
			b.all.Wait()
			b.verify(c)
		})
	}
}

// crowd is buyers who open and pay sessions until the server is gone.
type crowd struct {
	l       *live
	all     sync.WaitGroup
	patient bool // they repeat what could not be stored

	mu     sync.Mutex
	opened map[string]bool // acknowledged sessions; true: acknowledged as paid
}

// again is how an answer asks to be asked again: nothing could be stored, or the payment was begun
// and its outcome could not.
var again = regexp.MustCompile(`"code":"(storage_low|storage_full|idempotency_key_in_use)"`)

func (b *crowd) start(n int) {
	for buyer := range n {
		b.all.Go(func() {
			for order := 0; b.buy(fmt.Sprintf("%d-%d", buyer, order)); order++ {
			}
		})
	}
}

// buy reports whether the server is still there.
func (b *crowd) buy(order string) bool {
	var s session
	if !b.call("/v1/checkout/sessions", "open-"+order, newSession, &s) {
		return false
	}
	b.note(s.ID, false)
	var p struct{ Status string }
	if !b.call("/v1/test_helpers/sessions/"+s.ID+"/pay", "pay-"+order, payBody(visa, "123"), &p) {
		return false
	}
	if p.Status == "succeeded" {
		b.note(s.ID, true)
	}
	return true
}

func (b *crowd) call(path, key, body string, v any) bool {
	req := b.l.request(http.MethodPost, path, body)
	req.Header.Set("Idempotency-Key", key)
	a, err := send(req)
	if err != nil {
		return false // the connection was refused or closed: the client repeats elsewhere
	}
	if b.patient && again.MatchString(a.body) {
		time.Sleep(5 * time.Millisecond)
		return b.call(path, key, body, v)
	}
	if a.status >= 300 {
		b.l.t.Errorf("%s: %d %s", path, a.status, a.body)
		return false
	}
	a.into(b.l.t, v)
	return true
}

func (b *crowd) note(id string, paid bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.opened[id] = paid
}

func (b *crowd) wait(n int) {
	b.l.eventually("the buyers buy", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return len(b.opened) >= n
	})
}

func (b *crowd) verify(c config.Config) {
	books(b.l.t, c, func(core *server.Core, caller pay.Caller, entries []simnet.Entry) {
		t, ctx := b.l.t, context.Background()
		debits := map[string]int{}
		for _, e := range entries {
			p, err := core.Pay.Payment(ctx, caller, e.PaymentID)
			if err != nil {
				t.Errorf("the network has taken money for %s: %v", e.PaymentID, err)
			}
			debits[p.SessionID]++
		}
		for id, paid := range b.opened {
			if debits[id] > 1 || paid && debits[id] != 1 {
				t.Errorf("%s (paid: %t) was charged %d times", id, paid, debits[id])
			}
			s, err := core.Pay.Session(ctx, caller, id)
			if err != nil || paid && s.State != pay.SessionComplete {
				t.Errorf("%s was acknowledged (paid: %t) and is %s, %v", id, paid, s.State, err)
			}
		}
		t.Logf("%d sessions acknowledged", len(b.opened))
	})
}

// TestStop_WaitsForNobodyForLong stops a server that a page watches, whose webhook receiver hangs
// and to which a client sends half a request.
func TestStop_WaitsForNobodyForLong(t *testing.T) {
	l := serve(t, devConfig(t.TempDir()))
	release := make(chan struct{})
	arrived := make(chan struct{}, 100)
	hung := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-release
	}))
	defer hung.Close()
	defer close(release)
	if a := l.post("/v1/webhooks", `{"url":"`+hung.URL+`","events":["*"]}`); a.status != 201 {
		t.Fatalf("endpoint: %d %s", a.status, a.body)
	}
	s := l.open()
	l.pay(s)
	<-arrived
	ended := l.watch(s)
	half := l.dial()
	fmt.Fprintf(half, "POST /v1/checkout/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{")

	began := time.Now()
	if err := l.end(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > stopLimit {
		t.Errorf("stopping took %v", took)
	}
	if at := <-ended; at.Sub(began) > letGoWithin {
		t.Errorf("the page was let go only after %v", at.Sub(began))
	}
}

// watch opens the live status of a session's page, and tells when it ended.
func (l *live) watch(s session) <-chan time.Time {
	l.t.Helper()
	path, query, _ := strings.Cut(strings.TrimPrefix(s.URL, l.base), "?")
	req := l.request(http.MethodGet, path+"/events?"+query, "")
	req.Header.Set("Accept", "text/event-stream")
	res, err := browser.Do(req)
	if err != nil {
		l.t.Fatal(err)
	}
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "data:") {
	}
	ended := make(chan time.Time, 1)
	go func() {
		defer res.Body.Close()
		for lines.Scan() {
		}
		ended <- time.Now()
	}()
	return ended
}
