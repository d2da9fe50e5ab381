package apitest

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// Unmet lists the patterns of a mux that none of the requests meets. Requests are a method and a
// path each, such as "GET /v1/things/thing_1".
func Unmet(patterns, requests []string) (unmet []string) {
	for _, pattern := range patterns {
		if !slices.ContainsFunc(requests, func(r string) bool { return meets(r, pattern) }) {
			unmet = append(unmet, pattern)
		}
	}
	return unmet
}

// meets compares part by part; one in braces stands for any.
func meets(request, pattern string) bool {
	path, _, _ := strings.Cut(request, "?")
	return slices.EqualFunc(strings.Split(path, "/"), strings.Split(pattern, "/"),
		func(got, want string) bool { return got == want || strings.HasPrefix(want, "{") })
}

// Alike reports what tells a caller that an object exists which is none of theirs: any difference
// between the answers about it and about one that does not, but for the ids that the two requests
// named and the request's own.
func Alike(t testing.TB, foreign, unknown *httptest.ResponseRecorder, id, never string) {
	t.Helper()
	if unknown.Code < 400 {
		t.Errorf("an unknown id is answered with %d", unknown.Code)
	}
	got, want := strings.ReplaceAll(said(foreign), id, never), said(unknown)
	if foreign.Code != unknown.Code || got != want {
		t.Errorf("%d %s\nwhere an unknown id is answered with\n%d %s", foreign.Code, got,
			unknown.Code, want)
	}
	if a, b := foreign.Header(), unknown.Header(); !SameHeaders(a, b) {
		t.Errorf("headers %v, of an unknown id %v", a, b)
	}
}

// SameHeaders reports whether two answers differ in no header but the request's own id and the
// length of the body.
func SameHeaders(a, b http.Header) bool {
	a, b = a.Clone(), b.Clone()
	for _, name := range []string{"Request-Id", "Content-Length"} {
		a.Del(name)
		b.Del(name)
	}
	return maps.EqualFunc(a, b, slices.Equal[[]string])
}

// Never is an id of the same kind that nobody has.
func Never(id string) string {
	prefix, rest, ok := strings.Cut(id, "_")
	if !ok {
		return strings.Repeat("0", len(id))
	}
	return prefix + "_" + strings.Repeat("0", len(rest))
}

// Strangers are callers who must not learn that the objects exist.
type Strangers struct {
	Keys []string
	IDs  []string // of the objects
	Do   func(method, path, key, body string, header ...string) *httptest.ResponseRecorder
}

// FindNothing reports each list of the patterns that, narrowed by one of the queries or begun after
// one of the objects, tells a stranger of any of them.
func (s Strangers) FindNothing(t testing.TB, patterns, queries []string) {
	t.Helper()
	for _, pattern := range patterns {
		path, isGet := strings.CutPrefix(pattern, "GET ")
		if !isGet || strings.Contains(path, "{") {
			continue
		}
		for _, key := range s.Keys {
			for _, query := range queries {
				s.hear(t, path+query, key)
			}
			for _, id := range s.IDs {
				after := path + "?starting_after="
				foreign := s.hear(t, after+id, key)
				Alike(t, foreign, s.Do("GET", after+Never(id), key, ""), id, Never(id))
			}
		}
	}
}

// hear asks for a list and returns the answer, which must tell of no object.
func (s Strangers) hear(t testing.TB, path, key string) *httptest.ResponseRecorder {
	t.Helper()
	w := s.Do("GET", path, key, "")
	for _, id := range s.IDs {
		if w.Code == http.StatusOK && strings.Contains(w.Body.String(), id) {
			t.Errorf("%s with %s tells of %s", path, key, id)
		}
	}
	return w
}

// said is the text of an answer without the id of its request.
func said(w *httptest.ResponseRecorder) string {
	text := w.Body.String()
	if id := w.Header().Get("Request-Id"); id != "" {
		text = strings.ReplaceAll(text, id, "{request}")
	}
	return text
}
