package apitest

import (
	"fmt"
	"net/http/httptest"
	"slices"
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
