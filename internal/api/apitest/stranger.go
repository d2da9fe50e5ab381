package apitest

import (
	"maps"
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
	a, b := foreign.Header().Clone(), unknown.Header().Clone()
	for _, name := range []string{"Request-Id", "Content-Length"} {
		a.Del(name)
		b.Del(name)
	}
	if !maps.EqualFunc(a, b, func(x, y []string) bool { return slices.Equal(x, y) }) {
		t.Errorf("headers %v, of an unknown id %v", a, b)
	}
}

// said is the text of an answer without the id of its request.
func said(w *httptest.ResponseRecorder) string {
	text := w.Body.String()
	if id := w.Header().Get("Request-Id"); id != "" {
		text = strings.ReplaceAll(text, id, "{request}")
	}
	return text
}
