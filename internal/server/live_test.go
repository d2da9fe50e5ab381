package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/config"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/secret"
	"github.com/kassa-pay/kassa/internal/server"
)

// patience is how long a test waits for what happens in the background, however busy the machine.
const patience = time.Minute

// live is a development server in this process, reached over loopback.
type live struct {
	t      *testing.T
	base   string
	config config.Config
	logs   *notes

	stop context.CancelFunc
	done chan error
}

// notes is what a server has written: its log, or its words to the person who started it.
type notes struct {
	mu    sync.Mutex
	text  bytes.Buffer
	said  chan struct{} // closed when wanted was written
	wants string
}

func (n *notes) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.text.Write(p)
	if n.said != nil && strings.Contains(n.text.String(), n.wants) {
		close(n.said)
		n.said = nil
	}
	return len(p), nil
}

func (n *notes) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.String()
}

// slogTo is the log as the command makes it, with everything in it.
func slogTo(w io.Writer) *slog.Logger {
	all := &slog.HandlerOptions{Level: slog.LevelDebug}
	return slog.New(secret.Handler(slog.NewTextHandler(w, all)))
}

// devConfig is a development server's configuration with its data in dir.
func devConfig(dir string) config.Config {
	return config.Config{
		Addr: "127.0.0.1:0", Dev: true, Data: dir, KeyFile: filepath.Join(dir, "kassa.key"),
		AllowPrivateWebhooks: true, LogFormat: "text", LogLevel: "debug",
	}
}

// serve starts a server and waits until it is ready. It is stopped when the test ends.
func serve(t *testing.T, c config.Config) *live {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	l := &live{t: t, config: c, logs: &notes{}, stop: stop, done: make(chan error, 1)}
	said := make(chan struct{})
	words := &notes{said: said, wants: "ready on "}
	go func() {
		l.done <- server.Run(ctx, c, slogTo(l.logs), words)
		close(l.done)
	}()
	t.Cleanup(func() { _ = l.end() })
	select {
	case <-said:
	case err := <-l.done:
		t.Fatalf("the server ended: %v\n%s", err, l.logs)
	case <-time.After(patience):
		t.Fatalf("the server is not ready:\n%s", l.logs)
	}
	_, rest, _ := strings.Cut(words.String(), "ready on ")
	l.base = strings.Fields(rest)[0]
	return l
}

// build makes a server of a core that the test has changed. Its background work runs.
func build(t *testing.T, change func(*server.Core)) *live {
	t.Helper()
	web := httptest.NewUnstartedServer(nil)
	l, s := assemble(t, "http://"+web.Listener.Addr().String(), change)
	web.Config.Handler = s.Web().Handler
	web.Config.MaxHeaderBytes = s.Web().MaxHeaderBytes
	web.Start()
	s.Start()
	t.Cleanup(func() {
		web.Close()
		s.Stop()
	})
	return l
}

// assemble makes a server on data of its own, with the demo merchant and its secret key.
func assemble(t *testing.T, base string, change func(*server.Core)) (*live, *server.Server) {
	t.Helper()
	ctx := context.Background()
	l := &live{t: t, base: base, config: devConfig(t.TempDir()), logs: &notes{}}
	l.config.BaseURL = base
	log := slogTo(l.logs)
	core, err := server.Open(ctx, l.config, log)
	if err != nil {
		t.Fatal(err)
	}
	scope := pay.Scope{MerchantID: server.DemoMerchant, Mode: pay.Test}
	_, err = core.Pay.CreateMerchant(ctx, pay.NewMerchant{ID: scope.MerchantID, Name: "Demo Shop"})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = core.Pay.CreateKey(ctx, pay.NewKey{
		Scope: scope, Kind: pay.SecretKey, Plain: server.DemoSecretKey,
	})
	if err != nil {
		t.Fatal(err)
	}
	change(core)
	s, err := server.New(core, l.config, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { core.Close() })
	return l, s
}

// end stops the server and returns what it ended with; a second time it returns nil.
func (l *live) end() error {
	l.stop()
	select {
	case err := <-l.done:
		return err
	case <-time.After(patience):
		l.t.Errorf("the server does not stop:\n%s", l.logs)
		return nil
	}
}

// answer is what came back for a request.
type answer struct {
	status int
	header http.Header
	body   string
}

// into decodes the answer.
func (a answer) into(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), v); err != nil {
		t.Fatalf("%v: %d %s", err, a.status, a.body)
	}
}

// do sends a request with the demo key, unless it brings a credential of its own, and follows no
// redirect.
func (l *live) do(req *http.Request) answer {
	l.t.Helper()
	a, err := send(req)
	if err != nil {
		l.t.Fatal(err)
	}
	return a
}

func send(req *http.Request) (answer, error) {
	if _, own := req.Header["Authorization"]; !own {
		req.Header.Set("Authorization", "Bearer "+server.DemoSecretKey)
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		a, err := sendOnce(req)
		if err != nil || !a.overloaded() || time.Now().After(deadline) {
			return a, err
		}
		if req.GetBody != nil {
			if req.Body, err = req.GetBody(); err != nil {
				return a, err
			}
		}
	}
}

// overloaded reports whether the request waited too long for its turn, and nothing of it was done:
// the answer of a server whose disk stood still for seconds. Clients ask again.
func (a answer) overloaded() bool {
	return a.status == http.StatusServiceUnavailable &&
		strings.Contains(a.body, `"code":"overloaded"`)
}

func sendOnce(req *http.Request) (answer, error) {
	res, err := browser.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(body)}, err
}

var browser = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error {
	return http.ErrUseLastResponse
}}

func (l *live) request(method, path, body string) *http.Request {
	l.t.Helper()
	req, err := http.NewRequest(method, l.base+path, strings.NewReader(body))
	if err != nil {
		l.t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
	}
	return req
}

func (l *live) get(path string) answer {
	l.t.Helper()
	return l.do(l.request(http.MethodGet, path, ""))
}

func (l *live) post(path, body string) answer {
	l.t.Helper()
	return l.do(l.request(http.MethodPost, path, body))
}

const newSession = `{"amount":5000,"success_url":"https://shop.test/",` +
	`"cancel_url":"https://shop.test/"}`

// session is what the tests read of a session.
type session struct {
	ID     string
	Status string
	URL    string
}

func (l *live) open() session {
	l.t.Helper()
	a := l.post("/v1/checkout/sessions", newSession)
	if a.status != http.StatusCreated {
		l.t.Fatalf("open: %d %s", a.status, a.body)
	}
	var s session
	a.into(l.t, &s)
	return s
}

// Cards of the simulated network.
const (
	visa       = "4242424242424242"
	challenged = "4000002500003155"
)

// payBody is a payment by card as the test helper takes it.
func payBody(number, cvc string) string {
	return `{"payment_method":{"type":"card","number":"` + number +
		`","exp_month":12,"exp_year":2040,"cvc":"` + cvc + `"}}`
}

// form is what a browser on one of our pages sends.
func (l *live) form(path string, values url.Values) *http.Request {
	l.t.Helper()
	req := l.request(http.MethodPost, path, values.Encode())
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	req.Header.Set("Origin", l.base)
	return req
}

var nonce = regexp.MustCompile(`name="nonce" value="([0-9a-z]+)"`)

// payPage opens the session's page and sends its form.
func (l *live) payPage(s session, number, cvc string) answer {
	l.t.Helper()
	path := strings.TrimPrefix(s.URL, l.base)
	page := l.get(path)
	found := nonce.FindStringSubmatch(page.body)
	if found == nil {
		l.t.Fatalf("no form on the page: %d %s", page.status, page.body)
	}
	return l.do(l.form(path, url.Values{
		"nonce": {found[1]}, "method": {"card"}, "number": {number}, "expiry": {"12/40"},
		"cvc": {cvc}, "holder": {"Ama Mensah"},
	}))
}

// challenge begins a payment that waits for its payer at the bank, and returns the bank's page.
func (l *live) challenge(s session) string {
	l.t.Helper()
	var p struct {
		Next struct{ URL string } `json:"next_action"`
	}
	l.post("/v1/test_helpers/sessions/"+s.ID+"/pay", payBody(challenged, "123")).into(l.t, &p)
	if p.Next.URL == "" {
		l.t.Fatal("no challenge")
	}
	return p.Next.URL
}

// approve presses the button on the bank's page.
func (l *live) approve(page string) answer {
	l.t.Helper()
	return l.do(l.form(strings.TrimPrefix(page, l.base), url.Values{"answer": {"approve"}}))
}

func (l *live) state(s session) string {
	l.t.Helper()
	a := l.get("/v1/checkout/sessions/" + s.ID)
	if a.status != http.StatusOK {
		l.t.Errorf("reading a session: %d %s", a.status, a.body)
		return ""
	}
	var now session
	a.into(l.t, &now)
	return now.Status
}

// eventually repeats a check until it holds.
func (l *live) eventually(what string, check func() bool) {
	l.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if check() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	l.t.Fatalf("not within %v: %s\n%s", patience, what, l.logs)
}
