package apitest

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

func TestUnmet(t *testing.T) {
	got := Unmet(
		[]string{"GET /a", "GET /a/{id}", "POST /a/{id}", "GET /a/{id}/b", "GET /c/{id}"},
		[]string{"GET /a", "GET /a/1?x=/y", "GET /a/1/b"},
	)
	if want := []string{"POST /a/{id}", "GET /c/{id}"}; !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

// complaints counts what a helper reports.
type complaints struct {
	testing.TB
	n int
}

func (c *complaints) Helper()               {}
func (c *complaints) Errorf(string, ...any) { c.n++ }

func TestAlike(t *testing.T) {
	answer := func(code int, text, header string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		id := fmt.Sprintf("req_%d", len(text))
		w.Header().Set("Request-Id", id)
		w.Header().Set("X", header)
		w.WriteHeader(code)
		_, _ = w.WriteString(text + " " + id)
		return w
	}
	for name, c := range map[string]struct {
		foreign, unknown *httptest.ResponseRecorder
		alike            bool
	}{
		"the same":     {answer(404, "no a_1", "x"), answer(404, "no a_22", "x"), true},
		"the status":   {answer(403, "no a_1", "x"), answer(404, "no a_22", "x"), false},
		"the text":     {answer(404, "not a_1", "x"), answer(404, "no a_22", "x"), false},
		"a header":     {answer(404, "no a_1", "y"), answer(404, "no a_22", "x"), false},
		"no refusal":   {answer(200, "no a_1", "x"), answer(200, "no a_22", "x"), false},
		"another's id": {answer(404, "no a_1", "x"), answer(404, "no a_3", "x"), false},
	} {
		found := &complaints{}
		Alike(found, c.foreign, c.unknown, "a_1", "a_22")
		if (found.n == 0) != c.alike {
			t.Errorf("%s: %d complaints", name, found.n)
		}
	}
}

func TestStrangers_FindNothing(t *testing.T) {
	for name, c := range map[string]struct {
		leak  string // the request that is answered with the object
		found bool
	}{
		"nothing":         {"", false},
		"the list":        {"GET /a k1", true},
		"another's":       {"GET /a k3", false},
		"a narrower list": {"GET /a?x=1 k2", true},
		"what comes next": {"GET /a?starting_after=a_1 k1", true},
		"no list":         {"POST /a k1", false},
		"by its id":       {"GET /a/{id} k1", false},
		"an unknown id":   {"GET /a?starting_after=a_0 k1", true},
	} {
		complained := &complaints{}
		Strangers{
			Keys: []string{"k1", "k2"}, IDs: []string{"a_1"},
			Do: func(method, path, key, _ string, _ ...string) *httptest.ResponseRecorder {
				w := httptest.NewRecorder()
				if strings.Contains(path, "starting_after") {
					w.WriteHeader(404)
				}
				if method+" "+path+" "+key == c.leak {
					w = httptest.NewRecorder()
					_, _ = w.WriteString("a_1")
				}
				return w
			},
		}.FindNothing(complained, []string{"GET /a", "POST /a", "GET /a/{id}"}, []string{"", "?x=1"})
		if (complained.n > 0) != c.found {
			t.Errorf("%s: %d complaints", name, complained.n)
		}
	}
}
