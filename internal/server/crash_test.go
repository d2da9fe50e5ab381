package server_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/config"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/server"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
	"github.com/kassa-pay/kassa/internal/store/sqldb/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// How hard the crash test tries.
const (
	blindKills = 10 // at no particular step
	buyers     = 4  // that are about at the same time
	minLife    = 40 * time.Millisecond
	maxLife    = 300 * time.Millisecond
)

// TestKill kills the real binary with SIGKILL, again and again, while buyers pay by card, by phone,
// by transfer and by agreement with their banks, in every protocol; while merchants charge under
// mandates and amend them, capture, void, settle and refund; and while schedules become due. The
// buyers, the merchants, the receiver of the webhooks and the judge live in this process and
// survive. What was answered stays true, what was not is asked for again with the same key, and in
// the end the networks' books, ours and what the receiver got must tell the same story.
//
// What covers which step:
//
//   - steps is the list of named steps, from the creation of a session to the record of a webhook's
//     delivery, for agreements, payments, transfers in parts, charges, schedules, captures, voids,
//     refunds, amendments, pauses and the end of a mandate. For each the process is held in the
//     middle of the transaction that takes the step, and killed there: all before it is on disk,
//     the step itself and what follows is not. With the step after it that is the moment between
//     any two of them, too.
//   - The blind kills hit whatever is under way, also between a request and its answer, and leave
//     the file of the embedded database to the next process as it was found.
//   - That a network's answer is lost, that it was down or that its payer acted while we were, at
//     exact moments, is played without a process in internal/pay: TestPayToCrash_… for agreements,
//     TestCrash_… for mandates and their charges.
func TestKill(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "kassa")
	build := exec.Command("go", "build", "-o", binary, "../../cmd/kassa")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		crash(t, newVictim(t, binary, ""))
	})
	t.Run("postgresql", func(t *testing.T) {
		t.Parallel()
		crash(t, newVictim(t, binary, pgtest.URL(t)))
	})
}

func crash(t *testing.T, v *victim) {
	began := time.Now()
	v.found()
	m := newMarket(t, v)
	v.start()
	m.subscribe()
	v.kill()
	for i := range steps {
		v.prepare(&steps[i])
		v.start()
		m.trade(steps[i].by, func() { v.awaitHold(steps[i].name) })
	}
	v.prepare(nil)
	for range blindKills {
		v.start()
		m.trade("", func() { time.Sleep(minLife + rand.N(maxLife-minLife)) })
	}
	killed := time.Since(began)
	v.outlive()
	v.start()
	m.settle()
	v.stop()
	v.audit()
	judge(t, v, m)
	t.Logf("%d stories through %d kills in %v, all over after %v", len(m.stories),
		len(steps)+blindKills+1, killed.Round(time.Millisecond),
		time.Since(began).Round(time.Millisecond))
}

// The two merchants of the crash test. The second one's clock runs in days, for its schedules.
const (
	club    = "club"
	clubKey = "sk_test_club"
)

// victim is the server that is killed.
type victim struct {
	t                      *testing.T
	binary, database, data string
	addr                   string
	cmd                    *exec.Cmd
	watch                  *sqldb.DB // looks on from outside; nil where only one process may write
}

func newVictim(t *testing.T, binary, database string) *victim {
	return &victim{
		t: t, binary: binary, database: database, data: t.TempDir(), addr: lastingAddr(t),
	}
}

// lastingAddr returns an address at which a server can be started over and over. Nobody gets its
// port meanwhile: it lies below those that a system gives to who asks for any.
func lastingAddr(t *testing.T) string {
	t.Helper()
	const first, ports, tries = 20_000, 10_000, 100
	var err error
	for range tries {
		addr := fmt.Sprint("127.0.0.1:", first+rand.N(ports))
		var ln net.Listener
		if ln, err = net.Listen("tcp", addr); err == nil {
			_ = ln.Close()
			return addr
		}
	}
	t.Fatal(err)
	return ""
}

// core opens what the server stores. The server must be down, or the caller only read.
func (v *victim) core() *server.Core {
	v.t.Helper()
	core, err := server.Open(context.Background(), config.Config{
		Data: v.data, Database: v.database, KeyFile: filepath.Join(v.data, "kassa.key"),
		BaseURL: "http://" + v.addr,
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		v.t.Fatal(err)
	}
	return core
}

// found makes the merchant that development servers do not have.
func (v *victim) found() {
	v.t.Helper()
	core := v.core()
	defer core.Close()
	ctx := context.Background()
	_, err := core.Pay.CreateMerchant(ctx, pay.NewMerchant{ID: club, Name: "Club"})
	if err != nil {
		v.t.Fatal(err)
	}
	_, _, err = core.Pay.CreateKey(ctx, pay.NewKey{
		Scope: pay.Scope{MerchantID: club, Mode: pay.Test}, Kind: pay.SecretKey, Plain: clubKey,
	})
	if err != nil {
		v.t.Fatal(err)
	}
}

// start runs the binary until it says that it is ready.
func (v *victim) start() {
	v.t.Helper()
	v.cmd = v.command("serve", "--dev", "--addr", v.addr, "--rate-limit", "0")
	out, err := v.cmd.StdoutPipe()
	if err != nil {
		v.t.Fatal(err)
	}
	if err := v.cmd.Start(); err != nil {
		v.t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "ready") {
			go io.Copy(io.Discard, out)
			return
		}
	}
	v.t.Fatal("the server did not become ready")
}

func (v *victim) command(args ...string) *exec.Cmd {
	args = append(slices.Clip(args), "--data", v.data, "--log-level", "error")
	if v.database != "" {
		args = append(args, "--database", v.database)
	}
	cmd := exec.Command(v.binary, args...)
	cmd.Stderr = os.Stderr
	return cmd
}

func (v *victim) kill() {
	v.cmd.Process.Kill()
	v.cmd.Wait()
}

func (v *victim) stop() {
	v.cmd.Process.Signal(os.Interrupt)
	if err := v.cmd.Wait(); err != nil {
		v.t.Errorf("the server did not stop cleanly: %v", err)
	}
}

// audit is the product's own judgement of what it has stored.
func (v *victim) audit() {
	v.t.Helper()
	out, err := v.command("audit").Output()
	if err != nil {
		v.t.Errorf("audit: %v\n%s", err, out)
	}
}

func (v *victim) url(path string) string { return fmt.Sprintf("http://%s%s", v.addr, path) }

// mail is a webhook as it came.
type mail struct {
	body  string
	times int
}

// receive is the webhook endpoint of all. It knows a repeat by its id, and a repeat is the same.
func (m *market) receive(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	id := r.URL.Path + " " + r.Header.Get("Webhook-Id")
	m.mu.Lock()
	defer m.mu.Unlock()
	known := m.inbox[id]
	if known == nil {
		m.inbox[id] = &mail{string(body), 1}
		return
	}
	if known.times++; known.body != string(body) {
		m.t.Errorf("%s came twice and differs:\n%s\n%s", id, known.body, body)
	}
}
