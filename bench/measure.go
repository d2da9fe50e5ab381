package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const createBody = `{"amount":12550,"currency":"GHS",` +
	`"success_url":"https://shop.test/done?session_id={CHECKOUT_SESSION_ID}",` +
	`"cancel_url":"https://shop.test/basket","customer_email":"ama@shop.test",` +
	`"metadata":{"order_id":"A-77"}}`

// client makes the requests that are not part of a load.
var client = &http.Client{Timeout: 10 * time.Second}

const sessions = "/v1/checkout/sessions"

// subject is a running server under load.
type subject struct {
	cmd  *exec.Cmd
	addr string
}

// start starts the server under load and returns when it listens.
func start(binary, data, database string, more ...string) (*subject, error) {
	args := append([]string{"-serve", "-data", data, "-database", database}, more...)
	cmd := exec.Command(binary, args...)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("the server under load did not start: %w", err)
	}
	return &subject{cmd, strings.TrimSpace(line)}, nil
}

func (s *subject) stop() {
	s.cmd.Process.Kill()
	s.cmd.Wait()
}

// load sends the same kind of shot over all connections.
func (s *subject) load(p plan, rate float64, next func(c, i int) shot) (result, error) {
	return load{s.addr, p.connections, p.duration, rate, next}.run()
}

func creating(int, int) shot { return post(sessions, createBody) }

func nothingStored(int, int) shot { return post("/none"+sessions, createBody) }

// sqlite measures the embedded store.
func (p plan) sqlite(binary, data string) error {
	s, err := start(binary, data, "")
	if err != nil {
		return err
	}
	defer s.stop()
	if _, err := s.load(p, 0, nothingStored); err != nil { // warm up
		return err
	}
	none, err := s.load(p, 0, nothingStored)
	if err != nil {
		return err
	}
	create, err := s.load(p, 0, creating)
	if err != nil {
		return err
	}
	atLeast("create session / no-store handler, SQLite", create.rate()/none.rate(), 0.30)
	if err := s.retrieve(p, none); err != nil {
		return err
	}
	half, err := s.load(p, create.rate()/2, creating)
	if err != nil {
		return err
	}
	atMost("p99 of create at half of the maximum rate, SQLite",
		float64(half.quantile(0.99).Microseconds())/1000, 20, "ms")
	if err := commits(binary, data); err != nil {
		return err
	}
	fmt.Printf("  (no-store %.0f/s, create %.0f/s, p99 %s; %d connections)\n", none.rate(),
		create.rate(), create.quantile(0.99).Round(time.Microsecond), p.connections)
	return nil
}

// retrieve reads sessions that were just created.
func (s *subject) retrieve(p plan, none result) error {
	var ids []string
	for range 100 {
		id, err := s.create()
		if err != nil {
			return err
		}
		ids = append(ids, id)
	}
	read, err := s.load(p, 0, func(c, i int) shot {
		return get(sessions + "/" + ids[(c+i)%len(ids)])
	})
	if err != nil {
		return err
	}
	atLeast("retrieve session / no-store handler", read.rate()/none.rate(), 0.70)
	return nil
}

func (s *subject) create() (string, error) {
	var ses struct{ ID string }
	err := s.call(sessions, createBody, &ses)
	return ses.ID, err
}

// call posts one request that is not part of a load.
func (s *subject) call(path, body string, out any) error {
	req, err := http.NewRequest(http.MethodPost, "http://"+s.addr+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+benchKey)
	req.Header.Set("Content-Type", "application/json")
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode >= http.StatusBadRequest {
		b, _ := io.ReadAll(res.Body)
		return fmt.Errorf("%s: %s: %s", path, res.Status, b)
	}
	return json.NewDecoder(res.Body).Decode(out)
}

// commits counts the durable commits of whole card payments made one after the other, when nothing
// can be shared: first to the answer alone, then with everything that goes on behind it.
func commits(binary, data string) error {
	still, err := perPayment(binary, data+"-still", "-still")
	if err != nil {
		return err
	}
	atMost("durable commits per card payment, to the answer", still, 4, "")
	all, err := perPayment(binary, data+"-all")
	if err != nil {
		return err
	}
	fmt.Printf("  (%.1f with fan-out and all other work behind the answer)\n", all)
	return nil
}

// perPayment pays a number of sessions one after the other and returns the commits of each.
func perPayment(binary, data string, more ...string) (float64, error) {
	const payments = 50
	s, err := start(binary, data, "", more...)
	if err != nil {
		return 0, err
	}
	defer s.stop()
	if _, err := s.create(); err != nil { // the first request also notes that the key was used
		return 0, err
	}
	before, err := s.committed()
	if err != nil {
		return 0, err
	}
	for range payments {
		if err := s.pay(); err != nil {
			return 0, err
		}
		time.Sleep(20 * time.Millisecond) // what goes on behind belongs to this payment
	}
	after, err := s.committed()
	return float64(after-before) / payments, err
}

// pay opens a session and pays it.
func (s *subject) pay() error {
	id, err := s.create()
	if err != nil {
		return err
	}
	var p struct{ Status string }
	err = s.call("/v1/test_helpers/sessions/"+id+"/pay", `{"payment_method":{"type":"card",`+
		`"number":"4242424242424242","exp_month":12,"exp_year":2040,"cvc":"123"}}`, &p)
	if err == nil && p.Status != "succeeded" {
		err = fmt.Errorf("payment is %q", p.Status)
	}
	return err
}

func (s *subject) committed() (uint64, error) {
	res, err := client.Get("http://" + s.addr + "/commits")
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(strings.TrimSpace(string(b)), 10, 64)
}

// footprint starts the product itself and looks at what it takes to be there.
func (p plan) footprint(dir string) error {
	binary := filepath.Join(dir, "kassa")
	build := exec.Command("go", "build", "-trimpath", "-o", binary, "./cmd/kassa")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return err
	}
	best, rss := time.Hour, 0.0
	for i := range 5 {
		took, kilobytes, err := startOnce(binary, fmt.Sprintf("%s/start-%d", dir, i/3))
		if err != nil {
			return err
		}
		best, rss = min(best, took), max(rss, kilobytes)
	}
	atMost("resident memory when idle", rss/1024, 40, "MB")
	atMost("start to ready, best of 5", float64(best.Microseconds())/1000, 300, "ms")
	return nil
}

// startOnce starts the product and returns how long it took to be ready and how many kilobytes it
// holds after a moment of rest.
func startOnce(binary, data string) (time.Duration, float64, error) {
	cmd := exec.Command(binary, "serve", "--dev", "--addr", "127.0.0.1:0", "--data", data)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, 0, err
	}
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	defer func() {
		cmd.Process.Kill()
		cmd.Wait()
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return 0, 0, err
	}
	_, addr, _ := strings.Cut(strings.TrimSpace(line), "http://")
	res, err := client.Get("http://" + addr + "/readyz")
	if err != nil {
		return 0, 0, err
	}
	res.Body.Close()
	took := time.Since(begin)
	if res.StatusCode != http.StatusOK {
		return took, 0, fmt.Errorf("not ready: %s", res.Status)
	}
	time.Sleep(time.Second)
	kilobytes, err := resident(cmd.Process.Pid)
	return took, kilobytes, err
}

func resident(pid int) (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			return strconv.ParseFloat(strings.Fields(v)[0], 64)
		}
	}
	return 0, fmt.Errorf("no VmRSS of %d", pid)
}
