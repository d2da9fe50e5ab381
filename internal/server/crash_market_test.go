package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/server"
)

// Paces of the crash test.
const (
	tick   = 50 * time.Millisecond // between two moves of the clocks
	breath = 10 * time.Millisecond // before what has no answer yet is asked for again
	theEnd = 5 * time.Minute       // by then everything has come to its end
)

// market is the buyers and the merchants, and what was answered to them.
type market struct {
	t      *testing.T
	v      *victim
	sink   *httptest.Server
	client *http.Client

	clock sync.RWMutex // held by whoever moves time on, and read by those who are swift

	mu       sync.Mutex
	stories  []*story
	open     []*story         // that a kill cut off
	inbox    map[string]*mail // by receiver and id
	refusals map[string]int   // by the story and the code
	expected map[string]bool  // by receiver, name and object
}

func newMarket(t *testing.T, v *victim) *market {
	m := &market{
		t: t, v: v, inbox: map[string]*mail{}, refusals: map[string]int{},
		expected: map[string]bool{},
		client:   &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 2 * buyers}},
	}
	m.sink = httptest.NewServer(http.HandlerFunc(m.receive))
	t.Cleanup(m.sink.Close)
	return m
}

// story is what one buyer and their merchant do, one request after the other. It can be told again
// from the beginning: what was answered is remembered, what was not is asked for with the same key.
type story struct {
	kind, key string
	dice      int // up to sides: makes it this story and not another of its kind
	answers   []answered
}

// sides is how many stories of a kind there are.
const sides = 8

// answered is a request with the answer that its merchant has got.
type answered struct {
	request
	status int
	body   string
}

// request is one that can be repeated.
type request struct {
	merchant, path, key, body string
	// live: a repeat is answered with what has become of it, not with the first answer.
	live bool
	// swift: no time passes while it is on its way. The clocks run so fast that a payment would
	// otherwise be on its way for longer than any network takes.
	swift bool
}

// subscribe makes the endpoints of the webhooks.
func (m *market) subscribe() {
	m.t.Helper()
	for _, e := range []struct{ merchant, path, sink string }{
		{server.DemoMerchant, "/v1/webhooks", "/native"}, {club, "/v1/webhooks", "/native"},
		{server.DemoMerchant, "/collect/webhook_endpoints", "/collect"},
	} {
		r := request{
			merchant: e.merchant, path: e.path,
			body: fmt.Sprintf(`{"url":%q,"events":["*"]}`, m.sink.URL+e.sink),
		}
		status, body, err := m.send(context.Background(), http.MethodPost, r)
		for status == http.StatusServiceUnavailable { // the disk stood still
			time.Sleep(breath)
			status, body, err = m.send(context.Background(), http.MethodPost, r)
		}
		if err != nil || status != http.StatusCreated {
			m.t.Fatalf("endpoint: %d %s, %v", status, body, err)
		}
	}
}

// trade lets buyers come until something has happened, and then kills the server under them. Some
// of them tell the story that is asked for, if one is; the others go on where they were cut off, or
// begin any.
func (m *market) trade(wanted string, until func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for i := range buyers {
		all.Go(func() {
			of := ""
			if i < buyers/2 {
				of = wanted
			}
			for m.tell(ctx, m.next(of)) {
			}
		})
	}
	all.Go(func() { m.passTime(ctx, 5, 12*60*60) })
	until()
	m.v.kill()
	cancel()
	all.Wait()
	m.client.CloseIdleConnections()
}

// next returns a story to tell: of the kind that is asked for, with its dice or any; or just one.
func (m *market) next(wanted string) *story {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := len(m.open); wanted == "" && n > 0 && rand.N(4) > 0 {
		s := m.open[n-1]
		m.open = m.open[:n-1]
		return s
	}
	kind, dice, fixed := strings.Cut(wanted, " ")
	if kind == "" {
		kind = kinds[rand.N(len(kinds))]
	}
	s := &story{kind: kind, key: fmt.Sprintf("%s-%x", kind, rand.Uint64()), dice: rand.N(sides)}
	if fixed {
		s.dice, _ = strconv.Atoi(dice)
	}
	m.stories = append(m.stories, s)
	return s
}

// tell goes through a story from its beginning. If the server goes away it keeps the story for
// later, and returns false.
func (m *market) tell(ctx context.Context, s *story) bool {
	v := &visit{market: m, ctx: ctx, story: s}
	tales[s.kind](v)
	if v.gone {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.open = append(m.open, s)
	}
	return !v.gone
}

// passTime moves the clocks of the two merchants on, by so many seconds at a time.
func (m *market) passTime(ctx context.Context, demo, clubs int) {
	for ; ctx.Err() == nil; time.Sleep(tick) {
		m.advance(ctx, server.DemoMerchant, demo)
		m.advance(ctx, club, clubs)
	}
}

func (m *market) advance(ctx context.Context, merchant string, seconds int) {
	m.clock.Lock()
	defer m.clock.Unlock()
	_, _, _ = m.send(ctx, http.MethodPost, request{
		merchant: merchant, path: "/v1/test_helpers/clock/advance",
		body: fmt.Sprintf(`{"seconds":%d}`, seconds),
	})
}

func (m *market) send(
	ctx context.Context, method string, r request,
) (status int, body string, err error) {
	req, err := http.NewRequestWithContext(ctx, method, m.v.url(r.path), strings.NewReader(r.body))
	if err != nil {
		return 0, "", err
	}
	key := server.DemoSecretKey
	if r.merchant == club {
		key = clubKey
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/json")
	if r.key != "" {
		req.Header.Set("Idempotency-Key", r.key)
		req.Header.Set("X-Request-Id", r.key)
	}
	res, err := m.client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	all, err := io.ReadAll(res.Body)
	return res.StatusCode, string(all), err
}

// visit is one telling of a story.
type visit struct {
	*market
	*story
	ctx  context.Context
	n    int  // requests so far
	gone bool // the server is; nothing more is asked of it
}

// post sends a request of the story, until there is an answer or the server is gone, and reports
// whether it was done.
func (v *visit) post(r request, in, out any) bool {
	body, err := json.Marshal(in)
	if err != nil {
		v.t.Error(err)
	}
	r.body, r.key = string(body), uuid(v.key, v.n)
	return v.ask(r, out, func(status int, body string) bool {
		return status < http.StatusInternalServerError && status != http.StatusTooManyRequests &&
			!strings.Contains(body, `"idempotency_key_in_use"`)
	})
}

// ask is post for what has no body or no key. over reports whether an answer is one.
func (v *visit) ask(r request, out any, over func(status int, body string) bool) bool {
	n := v.n
	v.n++
	for n >= len(v.answers) && !v.gone {
		status, body, err := v.sent(r)
		switch {
		case err != nil:
			v.gone = true
		case over(status, body):
			v.answers = append(v.answers, answered{r, status, body})
			v.note(r, status, body)
		default:
			v.pause()
		}
	}
	if v.gone {
		return false
	}
	a := &v.answers[n]
	if a.status >= http.StatusMultipleChoices {
		return false
	}
	if out != nil {
		if err := json.Unmarshal([]byte(a.body), out); err != nil {
			v.t.Errorf("%s: %v: %s", r.path, err, a.body)
		}
	}
	return true
}

// sent sends a request one time.
func (v *visit) sent(r request) (status int, body string, err error) {
	if r.swift {
		v.clock.RLock()
		defer v.clock.RUnlock()
	}
	return v.send(v.ctx, http.MethodPost, r)
}

// note counts what was refused.
func (v *visit) note(r request, status int, body string) {
	if status < http.StatusMultipleChoices {
		return
	}
	var e struct {
		Code  string
		Error struct{ Code string }
	}
	_ = json.NewDecoder(bytes.NewReader([]byte(body))).Decode(&e)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.refusals[fmt.Sprintf("%s %d %s%s", v.kind, status, e.Code, e.Error.Code)]++
}

// get reads an object as it is now.
func (v *visit) get(merchant, path string, out any) {
	if v.gone {
		return
	}
	status, body, err := v.send(v.ctx, http.MethodGet, request{
		merchant: merchant, path: path, key: uuid(v.key, reading),
	})
	switch {
	case err != nil:
		v.gone = true
	case status == http.StatusOK:
		if err := json.Unmarshal([]byte(body), out); err != nil {
			v.t.Errorf("%s: %v: %s", path, err, body)
		}
	case status < http.StatusInternalServerError:
		v.t.Errorf("%s: %d %s", path, status, body)
	}
}

func (v *visit) pause() {
	select {
	case <-time.After(breath):
	case <-v.ctx.Done():
		v.gone = true
	}
}

// reading is the number of all requests that change nothing.
const reading = 0xfff

// uuid is the key of a story's n-th request.
func uuid(key string, n int) string {
	_, hex, _ := strings.Cut(key, "-")
	hex = fmt.Sprintf("%016s", hex)
	return fmt.Sprintf("%s-%s-4%03x-8000-00000000%s", hex[:8], hex[8:12], n, hex[12:])
}
