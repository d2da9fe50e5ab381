package server_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/config"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/server"
	"github.com/kassa-pay/kassa/internal/store/sqldb/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// How hard the crash test tries.
const (
	lives   = 20 // times the server is killed
	buyers  = 8  // that pay at the same time
	minLife = 80 * time.Millisecond
	maxLife = 500 * time.Millisecond
)

// TestKill kills the real binary with SIGKILL in the middle of payments, again and again. The
// buyers, the receiver of the webhooks and the judge live in this process and survive.
func TestKill(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "kassa")
	build := exec.Command("go", "build", "-o", binary, "../../cmd/kassa")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	// Both at once: most of the time is spent waiting for the leases of the dead to run out.
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		crash(t, binary, "")
	})
	t.Run("postgresql", func(t *testing.T) {
		t.Parallel()
		crash(t, binary, pgtest.URL(t))
	})
}

func crash(t *testing.T, binary, database string) {
	j := &judge{
		t: t, binary: binary, database: database, data: t.TempDir(), addr: freeAddr(t),
		orders: map[string]*order{}, delivered: map[string]int{},
	}
	sink := httptest.NewServer(http.HandlerFunc(j.receive))
	defer sink.Close()
	j.start()
	j.endpoint(sink.URL)
	for life := range lives {
		if life > 0 {
			j.start()
		}
		j.shop(minLife + rand.N(maxLife-minLife))
	}
	j.start()
	j.settle()
	j.stop()
	j.judge()
}

// order is one purchase as the merchant's server remembers it.
type order struct {
	key     string // of both requests, so that a repeat is a repeat
	session string // acknowledged
	try     int    // how many attempts have ended without money
	paid    bool   // acknowledged as succeeded
}

// judge plays the merchants and remembers what was acknowledged.
type judge struct {
	t                      *testing.T
	binary, database, data string
	addr                   string
	cmd                    *exec.Cmd

	mu        sync.Mutex
	orders    map[string]*order
	delivered map[string]int // checkout.session.completed by session
}

func freeAddr(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// start runs the binary until it says that it is ready.
func (j *judge) start() {
	j.t.Helper()
	args := []string{"serve", "--dev", "--addr", j.addr, "--data", j.data, "--log-level", "error",
		"--rate-limit", "0"}
	if j.database != "" {
		args = append(args, "--database", j.database)
	}
	j.cmd = exec.Command(j.binary, args...)
	j.cmd.Stderr = os.Stderr
	out, err := j.cmd.StdoutPipe()
	if err != nil {
		j.t.Fatal(err)
	}
	if err := j.cmd.Start(); err != nil {
		j.t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "ready") {
			go io.Copy(io.Discard, out)
			return
		}
	}
	j.t.Fatal("the server did not become ready")
}

func (j *judge) kill() {
	j.cmd.Process.Kill()
	j.cmd.Wait()
}

func (j *judge) stop() {
	j.cmd.Process.Signal(os.Interrupt)
	if err := j.cmd.Wait(); err != nil {
		j.t.Errorf("the server did not stop cleanly: %v", err)
	}
}

// shop lets buyers buy for a while and then kills the server under them.
func (j *judge) shop(life time.Duration) {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for range buyers {
		all.Go(func() {
			for ctx.Err() == nil {
				o := &order{key: fmt.Sprintf("order-%d", rand.Int64())}
				j.mu.Lock()
				j.orders[o.key] = o
				j.mu.Unlock()
				if !j.buy(ctx, o) {
					return
				}
			}
		})
	}
	time.Sleep(life)
	j.kill()
	cancel()
	all.Wait()
}

// buy opens and pays one order and reports whether the server is still there.
func (j *judge) buy(ctx context.Context, o *order) bool {
	if o.session == "" {
		var ses struct{ ID string }
		status, err := j.call(ctx, "/v1/checkout/sessions", "open-"+o.key, map[string]any{
			"amount": 5000, "success_url": "https://shop.test/", "cancel_url": "https://shop.test/",
			"metadata": map[string]string{"order": o.key},
		}, &ses)
		if err != nil {
			return false
		}
		if status != http.StatusCreated {
			j.t.Errorf("open: status %d", status)
			return true
		}
		o.session = ses.ID
	}
	var p struct{ Status string }
	status, err := j.call(ctx, "/v1/test_helpers/sessions/"+o.session+"/pay",
		fmt.Sprintf("pay-%s-%d", o.key, o.try), map[string]any{"payment_method": map[string]any{
			"type": "card", "number": "4242424242424242", "exp_month": 12, "exp_year": 2040,
			"cvc": "123",
		}}, &p)
	if err != nil {
		return false
	}
	switch {
	case status == http.StatusOK && p.Status == "succeeded":
		o.paid = true
	case status == http.StatusOK && p.Status == "canceled":
		o.try++ // the network never heard of it: a new attempt is a new request
	}
	return true
}

// call posts JSON and decodes the answer.
func (j *judge) call(
	ctx context.Context, path, key string, in, out any,
) (status int, err error) {
	body, err := json.Marshal(in)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+j.addr+path,
		bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+server.DemoSecretKey)
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	return j.do(req, out)
}

func (j *judge) do(req *http.Request, out any) (int, error) {
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err
	}
	if out != nil && len(b) > 0 {
		err = json.Unmarshal(b, out)
	}
	return res.StatusCode, err
}

func (j *judge) endpoint(url string) {
	j.t.Helper()
	status, err := j.call(context.Background(), "/v1/webhooks", "", map[string]any{
		"url": url, "events": []string{"checkout.session.completed"},
	}, nil)
	if err != nil || status != http.StatusCreated {
		j.t.Fatalf("endpoint: %d, %v", status, err)
	}
}

// receive is the merchant's webhook endpoint.
func (j *judge) receive(w http.ResponseWriter, r *http.Request) {
	var e struct {
		Data struct{ Object struct{ ID string } }
	}
	if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	j.mu.Lock()
	j.delivered[e.Data.Object.ID]++
	j.mu.Unlock()
}

// settle repeats what got no answer, with the same keys, as a careful merchant does, and lets time
// pass until nothing is in flight and every webhook has come.
func (j *judge) settle() {
	ctx := context.Background()
	deadline := time.Now().Add(2 * time.Minute)
	for time.Now().Before(deadline) {
		open := 0
		for _, o := range j.orders {
			if !o.paid {
				j.buy(ctx, o)
			}
			if !o.paid || !j.told(o.session) {
				open++
			}
		}
		if open == 0 {
			return
		}
		j.call(ctx, "/v1/test_helpers/clock/advance", "", map[string]any{"seconds": 61}, nil)
		time.Sleep(100 * time.Millisecond)
	}
	j.t.Errorf("not all orders came to an end")
}

func (j *judge) told(session string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.delivered[session] > 0
}

// judge compares what was acknowledged with what is there, and with the card network's own ledger.
func (j *judge) judge() {
	ctx := context.Background()
	c := config.Config{
		Data: j.data, Database: j.database, KeyFile: filepath.Join(j.data, "kassa.key"),
		BaseURL: "http://" + j.addr,
	}
	core, err := server.Open(ctx, c, slog.New(slog.DiscardHandler))
	if err != nil {
		j.t.Fatal(err)
	}
	defer core.Close()
	caller, err := core.Pay.CallerFor(ctx, pay.Scope{MerchantID: server.DemoMerchant, Mode: pay.Test})
	if err != nil {
		j.t.Fatal(err)
	}
	ledger, err := core.Card.Ledger(ctx, server.DemoMerchant, core.Pay.Now(caller))
	if err != nil {
		j.t.Fatal(err)
	}
	debits := map[string]int{}
	for _, e := range ledger {
		p, err := core.Pay.Payment(ctx, caller, e.PaymentID)
		if err != nil {
			j.t.Errorf("the network charged %s, which we do not know: %v", e.PaymentID, err)
			continue
		}
		debits[p.SessionID]++
	}
	for _, o := range j.orders {
		ses, err := core.Pay.Session(ctx, caller, o.session)
		switch {
		case err != nil:
			j.t.Errorf("acknowledged session %s is lost: %v", o.session, err)
		case o.paid && ses.State != pay.SessionComplete:
			j.t.Errorf("session %s was acknowledged as paid and is %s", o.session, ses.State)
		case debits[o.session] != 1:
			j.t.Errorf("session %s was charged %d times", o.session, debits[o.session])
		}
	}
	j.t.Logf("%d orders through %d kills, %d debits", len(j.orders), lives, len(ledger))
}
