package apitest

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite what the transcripts expect")

// A Target is what one transcript talks to.
type Target struct {
	Handler http.Handler
	// Vars are known from the start, such as keys.
	Vars map[string]string
	// Header holds what every request carries unless it says otherwise; an empty value in the
	// transcript leaves the header out.
	Header map[string]string
	// Advance moves the clock and lets what became due happen.
	Advance func(t *testing.T, by time.Duration)
	// Webhook returns the next delivery; ok is false when there is none.
	Webhook func(t *testing.T) (event string, header http.Header, body []byte, ok bool)
}

// Run runs every transcript of the pattern, each as a test of its own on its own target.
func Run(t *testing.T, pattern string, open func(t *testing.T) Target) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts in %s: %v", pattern, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			out := run(t, file, string(text), open(t))
			if !*update || t.Failed() || out == string(text) {
				return
			}
			if err := os.WriteFile(file, []byte(out), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// run goes through one transcript and returns it as it would be after an update.
func run(t *testing.T, file, text string, target Target) string {
	t.Helper()
	steps, err := parse(text)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	r := runner{t: t, file: file, target: target, holes: holes{}}
	for name, v := range target.Vars {
		r.holes[name] = v
	}
	var out strings.Builder
	for _, s := range steps {
		r.step(s)
		s.render(&out)
	}
	return strings.TrimRight(out.String(), "\n") + "\n"
}

type runner struct {
	t      *testing.T
	file   string
	target Target
	holes  holes
}

// reply is what came back.
type reply struct {
	status int
	header http.Header
	body   string
}

func (r *runner) step(s *step) {
	r.t.Helper()
	var got reply
	switch s.kind {
	case stepAdvance:
		r.target.Advance(r.t, s.by)
		return
	case stepWebhook:
		event, header, body, ok := r.target.Webhook(r.t)
		if !ok || event != s.event {
			r.t.Fatalf("%s:%d %s: the next webhook is %q", r.file, s.line, s.title, event)
		}
		got = reply{header: header, body: string(body)}
	default:
		got = r.send(s)
	}
	if *update {
		r.rewrite(s, got)
		return
	}
	if !s.want.given {
		r.t.Fatalf("%s:%d %s: nothing is expected; run with -update", r.file, s.line, s.title)
	}
	for _, d := range r.compare(&s.want, got) {
		r.t.Errorf("%s:%d %s: %s", r.file, s.line, s.title, d)
	}
	if r.t.Failed() {
		r.t.Fatalf("answer was %d\n%s", got.status, got.body)
	}
}

func (r *runner) fill(s *step, text string) string {
	r.t.Helper()
	filled, err := r.holes.fill(text)
	if err != nil {
		r.t.Fatalf("%s:%d %s: %v", r.file, s.line, s.title, err)
	}
	return filled
}

func (r *runner) send(s *step) reply {
	r.t.Helper()
	body := r.fill(s, s.body)
	req := httptest.NewRequest(s.method, r.fill(s, s.path), strings.NewReader(body))
	for name, value := range r.target.Header {
		req.Header.Set(name, r.fill(s, value))
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, h := range s.headers {
		if h.value == "" {
			req.Header.Del(h.name)
			continue
		}
		req.Header.Set(h.name, r.fill(s, h.value))
	}
	w := httptest.NewRecorder()
	r.target.Handler.ServeHTTP(w, req)
	return reply{status: w.Code, header: w.Header(), body: w.Body.String()}
}

// compare lists where the reply is not what is wanted.
func (r *runner) compare(want *answer, got reply) (found []string) {
	if want.status != got.status {
		found = append(found, "want status "+http.StatusText(want.status)+", got "+
			http.StatusText(got.status))
	}
	for _, h := range want.headers {
		if !r.holes.match(h.value, got.header.Get(h.name)) {
			found = append(found, "want "+h.name+": "+h.value+", got "+got.header.Get(h.name))
		}
	}
	if want.body == "" {
		if got.body != "" {
			found = append(found, "want no body")
		}
		return found
	}
	w, err := read(want.body)
	if err != nil {
		return append(found, "expected body: "+err.Error())
	}
	g, err := read(got.body)
	if err != nil {
		return append(found, "body: "+err.Error())
	}
	return append(found, r.holes.diff("", w, g)...)
}

// rewrite makes the reply what is expected.
func (r *runner) rewrite(s *step, got reply) {
	r.t.Helper()
	old := s.want
	s.want = answer{given: true, status: got.status}
	for _, h := range old.headers {
		value := got.header.Get(h.name)
		if r.holes.match(h.value, value) {
			value = h.value
		}
		s.want.headers = append(s.want.headers, header{h.name, r.holes.unfill(value)})
	}
	if got.body == "" {
		return
	}
	g, err := read(got.body)
	if err != nil {
		r.t.Fatalf("%s:%d %s: body: %v\n%s", r.file, s.line, s.title, err, got.body)
	}
	w, _ := read(old.body) // what cannot be read has no holes to keep
	var b strings.Builder
	r.holes.merge(w, g).format(&b, "")
	s.want.body = b.String()
}
