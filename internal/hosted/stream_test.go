package hosted

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/paytest"
	"github.com/kassa-pay/kassa/internal/store/sqldb/pgtest"
)

func TestMain(m *testing.M) { pgtest.MainWithoutLeaks(m) }

// ticker is a pace that the test beats.
type ticker chan time.Time

func (k ticker) after(time.Duration) <-chan time.Time { return k }

// endless is a pace at which every wait is over at once.
func endless(time.Duration) <-chan time.Time {
	c := make(chan time.Time, 1)
	c <- time.Time{}
	return c
}

// watched is a session in the real core behind a real server.
type watched struct {
	*browser
	url string
}

func watch(t *testing.T, after func(time.Duration) <-chan time.Time) *watched {
	t.Helper()
	w := paytest.Open(t, paytest.Options{Real: true})
	p := newPages(t, w.Pay, func(d *Deps) { d.IDs, d.Now, d.After = w.IDs, time.Now, after })
	b := &browser{T: t, World: w, h: handlerOf(p), id: w.Open().ID}
	b.path = strings.TrimPrefix(w.Pay.PageURL(b.id), paytest.BaseURL)
	srv := httptest.NewServer(b.h)
	t.Cleanup(srv.Close)
	return &watched{b, srv.URL}
}

// listener is one open stream.
type listener struct {
	t     *testing.T
	lines *bufio.Scanner
	stop  func()
}

func (w *watched) listen() *listener {
	w.T.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url+w.step("events"), nil)
	if err != nil {
		w.T.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{}}
	resp, err := client.Do(r)
	if err != nil {
		w.T.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
		w.T.Fatalf("%d %v", resp.StatusCode, resp.Header)
	}
	l := &listener{w.T, bufio.NewScanner(resp.Body), func() {
		cancel()
		resp.Body.Close()
		client.CloseIdleConnections()
	}}
	w.T.Cleanup(l.stop)
	return l
}

// next returns the next line that is not empty; "" at the end of the stream.
func (l *listener) next() string {
	for l.lines.Scan() {
		if line := l.lines.Text(); line != "" {
			return line
		}
	}
	return ""
}

func (l *listener) state(want string) {
	l.t.Helper()
	if line := l.next(); line != "event: state" {
		l.t.Fatalf("%q is no event", line)
	}
	var n snapshot
	data, _ := strings.CutPrefix(l.next(), "data: ")
	if err := json.Unmarshal([]byte(data), &n); err != nil || n.State != want || n.Version == "" {
		l.t.Fatalf("%s, want state %s (%v)", data, want, err)
	}
}

// TestEvents follows a payment to its end. The pace never beats: what is told comes from the core's
// own signal.
func TestEvents(t *testing.T) {
	w := watch(t, ticker(nil).after)
	w.sees(w.pay(lateYes), pageWaiting)
	l := w.listen()
	if line := l.next(); line != "retry: 3000" {
		t.Errorf("first line %q", line)
	}
	l.state(pageWaiting)
	w.Advance(time.Minute)
	l.state(pagePaid)
}

// TestEvents_OtherNode: a change that this process is not told of is seen at the next look.
func TestEvents_OtherNode(t *testing.T) {
	beat := make(ticker)
	w := watch(t, beat.after)
	w.sees(w.pay(lateYes), pageWaiting)
	l := w.listen()
	l.next()
	l.state(pageWaiting)
	other := pay.New(pay.Deps{ // another process over the same store
		Store: w.Store, Rails: []pay.Rail{w.Card}, Clock: w.Clock, IDs: w.IDs, Vault: w.Vault,
		Log: newPages(t, w.Pay).log, BaseURL: paytest.BaseURL,
	})
	w.Clock.Advance(time.Minute)
	if _, err := other.PollPayments(context.Background()); err != nil {
		t.Fatal(err)
	}
	beat <- time.Time{}
	l.state(pagePaid)
}

func TestEvents_End(t *testing.T) {
	w := watch(t, endless)
	l := w.listen()
	l.next()
	l.state(pageForm)
	heartbeats := 0
	for line := l.next(); line != ""; line = l.next() {
		if line != ": still here" {
			t.Fatalf("unexpected %q", line)
		}
		heartbeats++
	}
	if want := lifetime / heartbeatEvery; heartbeats != want {
		t.Errorf("%d heartbeats, want %d", heartbeats, want)
	}
	if w.listen().next() != "retry: 3000" { // the place is free again
		t.Error("no second stream")
	}
}

// deadlines is an answer whose connection has a deadline.
type deadlines struct {
	*httptest.ResponseRecorder
	set []time.Time
}

func (d *deadlines) SetWriteDeadline(at time.Time) error {
	d.set = append(d.set, at)
	return nil
}

// TestEvents_Deadline: every write has a deadline of its own, or the server's would end the stream.
func TestEvents_Deadline(t *testing.T) {
	p := newPages(t, &stage{view: openSession()}, func(d *Deps) { d.After = endless })
	for _, step := range []string{"events", "wait"} {
		v := openSession()
		in(pay.SessionPaying, attempt(pay.PaymentWaiting))(&v)
		p.pay = &stage{view: v}
		w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
		target := strings.Replace(stagePath, "?", "/"+step+"?", 1)
		handlerOf(p).ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
		if len(w.set) == 0 || !w.set[0].After(stageNow) {
			t.Errorf("%s: deadlines %v", step, w.set)
		}
	}
}

func TestEvents_Bounded(t *testing.T) {
	w := watch(t, ticker(nil).after)
	var open []*listener
	for range maxSessionStreams {
		l := w.listen()
		l.next()
		open = append(open, l)
	}
	refused := get(w.h, w.step("events"))
	if refused.Code != http.StatusServiceUnavailable || refused.Header().Get("Retry-After") == "" {
		t.Errorf("one too many: %d %v", refused.Code, refused.Header())
	}
	if s := get(w.h, w.step("status")); s.Code != http.StatusOK {
		t.Errorf("the status route: %d", s.Code)
	}
	for _, l := range open {
		l.stop()
	}
}

func TestStreams(t *testing.T) {
	s := &streams{session: map[string]int{}}
	for i := range maxStreams {
		if !s.open(string(rune('a' + i%500))) {
			t.Fatalf("stream %d is refused", i)
		}
	}
	if s.open("one more") {
		t.Error("too many streams")
	}
	s.close("a")
	if !s.open("one more") {
		t.Error("a closed stream still counts")
	}
}

func TestStatus(t *testing.T) {
	b := newBrowser(t)
	ask := func() snapshot {
		t.Helper()
		w := get(b.h, b.step("status"))
		var n snapshot
		if err := json.Unmarshal(w.Body.Bytes(), &n); err != nil || w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if w.Header().Get("Content-Type") != "application/json" ||
			w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%v", w.Header())
		}
		return n
	}
	seen := map[string]bool{}
	step := func(want string) {
		t.Helper()
		n := ask()
		if n.State != want || seen[n.Version] || n != ask() {
			t.Errorf("%+v, want %s and a new version", n, want)
		}
		seen[n.Version] = true
	}
	step(pageForm)
	b.pay(declined)
	step(pageForm)
	b.pay(lateYes)
	step(pageWaiting)
	b.Advance(time.Minute)
	step(pagePaid)
}

// TestWait: without scripts the waiting page leads here, and from here to the outcome.
func TestWait(t *testing.T) {
	waits := make(chan struct{}, 1)
	w := watch(t, func(time.Duration) <-chan time.Time {
		select {
		case waits <- struct{}{}:
		default: // it is the first wait that counts, however often it looks again
		}
		return nil
	})
	body := w.sees(w.pay(lateYes), pageWaiting)
	meta := `<noscript><meta http-equiv="refresh" content="0;url=` +
		strings.ReplaceAll(w.step("wait"), "&", "&amp;") + `&amp;seen=`
	if !strings.Contains(body, meta) {
		t.Fatalf("no %s in %s", meta, body)
	}
	done := make(chan *httptest.ResponseRecorder)
	go func() { done <- get(w.h, w.step("wait")) }()
	select {
	case early := <-done:
		t.Fatalf("answered before the outcome: %d", early.Code)
	case <-waits:
	}
	w.Advance(time.Minute)
	w.sees(w.follow(<-done), pagePaid)
}

func TestWait_NotForEver(t *testing.T) {
	w := watch(t, endless)
	w.pay(lateYes)
	answer := get(w.h, w.step("wait"))
	if to := answer.Header().Get("Location"); to != w.path+"&go=1" {
		t.Errorf("sent to %q", to)
	}
	w.sees(w.follow(answer), pageWaiting)
	w.Advance(time.Minute)
	w.sees(w.follow(get(w.h, w.step("wait"))), pagePaid)
}
