package hosted

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

// Limits of live status.
const (
	maxStreams        = 1000            // at once
	maxSessionStreams = 5               // at once, of one session
	reread            = 2 * time.Second // changes made by another node are seen this late
	heartbeatEvery    = 7               // re-reads: about 15 s
	lifetime          = 150             // re-reads: about 5 min, then the browser connects again
	longWait          = 12              // re-reads: about 25 s, less than proxies have patience for
	streamRetry       = 3 * time.Second // the browser's pause before it does
	writeTimeout      = 10 * time.Second
)

// snapshot is what a script learns about a session.
type snapshot struct {
	State   string `json:"state"`   // the name of the page
	Version string `json:"version"` // changes whenever the session or its payment does
}

func snapshotOf(v *pay.PageView) snapshot {
	version := strconv.FormatInt(v.Session.Version, 10)
	if v.Payment != nil {
		version += "-" + strconv.FormatInt(v.Payment.Version, 10)
	}
	return snapshot{State: stateOf(v), Version: version}
}

// status tells the state once, for scripts that ask again and again. A browser that comes back to
// the page asks for fresh news: then the rail is asked too.
func (p *Pages) status(w http.ResponseWriter, r *http.Request) error {
	v, err := p.load(r)
	if err != nil {
		return err
	}
	if r.URL.Query().Get("fresh") != "" {
		if v, err = p.refresh(r, v); err != nil {
			return err
		}
	}
	body, err := json.Marshal(snapshotOf(&v))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
	return nil
}

// refresh asks the rail what became of the payment in flight, unless it was asked a moment ago.
func (p *Pages) refresh(r *http.Request, v pay.PageView) (pay.PageView, error) {
	if v.State != pay.SessionPaying || v.Payment == nil {
		return v, nil
	}
	if ok, _ := p.asks.Allow(v.Session.ID); !ok {
		return v, nil
	}
	if _, err := p.pay.Sync(r.Context(), v.Caller, v.Payment.ID); err != nil {
		p.log.WarnContext(r.Context(), "checkout page: no answer from the rail",
			"payment", v.Payment.ID, "error", err)
		return v, nil
	}
	return p.load(r)
}

// streams counts the open ones.
type streams struct {
	mu      sync.Mutex
	all     int
	session map[string]int
}

// open takes a place, and reports false when there is none.
func (s *streams) open(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all >= maxStreams || s.session[id] >= maxSessionStreams {
		return false
	}
	s.all++
	s.session[id]++
	return true
}

func (s *streams) close(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	if s.session[id]--; s.session[id] == 0 {
		delete(s.session, id)
	}
}

var errStreams = pay.Errorf(pay.Unavailable, "too_many_streams", "Too many pages are watching.")

// subscribe takes a place among the streams. stop must be called when there is no error.
func (p *Pages) subscribe(id string) (changed <-chan struct{}, stop func(), err error) {
	if !p.streams.open(id) {
		return nil, nil, errStreams
	}
	changed, unwatch := p.pay.Watch(id)
	return changed, func() { unwatch(); p.streams.close(id) }, nil
}

// events tells the state now and at every change, as server-sent events, until the browser leaves
// or the stream's time is over. When there are too many streams the script asks the status route.
func (p *Pages) events(w http.ResponseWriter, r *http.Request) error {
	v, err := p.load(r)
	if err != nil {
		return err
	}
	changed, stop, err := p.subscribe(v.Session.ID)
	if err != nil {
		return err
	}
	defer stop()
	s := &stream{w: w, control: http.NewResponseController(w), now: p.now}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // a proxy that collects events delivers none
	s.write("retry: %d\n\n", streamRetry.Milliseconds())
	p.follow(s, r, changed)
	return nil
}

// follow writes what changes. The re-read sees what the signal of this process cannot: changes made
// between our first look and Watch, and on other nodes.
func (p *Pages) follow(s *stream, r *http.Request, changed <-chan struct{}) {
	var told snapshot
	for tick := 0; tick < lifetime && s.err == nil; {
		v, err := p.load(r)
		if err != nil {
			return // the browser connects again and is told why
		}
		if now := snapshotOf(&v); now != told {
			told = now
			s.state(now)
		}
		select {
		case <-r.Context().Done():
			return
		case <-changed:
		case <-p.after(reread):
			tick++
			if tick%heartbeatEvery == 0 {
				s.write(": still here\n\n")
			}
		}
	}
}

// stream writes server-sent events, and nothing more after the first error.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	now     func() time.Time
	err     error
}

func (s *stream) state(n snapshot) {
	body, err := json.Marshal(n)
	if err != nil {
		s.err = err
		return
	}
	s.write("event: state\ndata: %s\n\n", body)
}

func (s *stream) write(format string, args ...any) {
	if s.err != nil {
		return
	}
	// The server's own deadline is meant for answers that end; without one of its own a reader who
	// stopped reading would keep the stream for ever.
	_ = s.control.SetWriteDeadline(s.now().Add(writeTimeout))
	if _, s.err = fmt.Fprintf(s.w, format, args...); s.err == nil {
		s.err = s.control.Flush()
	}
}

// wait holds the request while a page has nothing new to say and then sends the browser to it. The
// page asks for it by a meta refresh and stays on the screen until the answer comes: a buyer
// without scripts sees the outcome when it is there, and not a page that reloads every few seconds.
// A page that takes longer to read is left alone in the end, with a link to look again.
func (p *Pages) wait(w http.ResponseWriter, r *http.Request) error {
	v, err := p.load(r)
	if err != nil {
		return err
	}
	changed, stop, err := p.subscribe(v.Session.ID)
	if err != nil {
		return err
	}
	defer stop()
	deadline := p.now().Add(longWait*reread + writeTimeout)
	_ = http.NewResponseController(w).SetWriteDeadline(deadline)
	news := false
	for tick := 0; tick < longWait; {
		if v, err = p.load(r); err != nil {
			return err
		}
		now, seen := snapshotOf(&v), r.URL.Query().Get("seen")
		if news = !waits(now.State) || seen != "" && seen != now.Version; news {
			break
		}
		select {
		case <-r.Context().Done():
			return r.Context().Err()
		case <-changed:
		case <-p.after(reread):
			tick++
		}
	}
	if !news && patient(stateOf(&v)) {
		w.WriteHeader(http.StatusNoContent) // the browser stays where it is
		return nil
	}
	if looks(stateOf(&v)) {
		return seeOther(w, r, lookAgain(r))
	}
	return seeOther(w, r, wayOf(r).onward())
}
