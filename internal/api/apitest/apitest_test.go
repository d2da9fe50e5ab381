package apitest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// shop is a small API: it makes things with an id and tells them by id, with the time.
func shop(t *testing.T) Target {
	now := time.Date(2026, 10, 3, 9, 30, 0, 0, time.UTC)
	made := map[string]string{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /things", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var in struct{ Name string }
		if err := json.Unmarshal(body, &in); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		id := fmt.Sprintf("thing_%04d", len(made)+1)
		made[id] = in.Name
		w.Header().Set("Location", "/things/"+id)
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"id":%q,"name":%q,"by":%q}`, id, in.Name, r.Header.Get("Authorization"))
	})
	mux.HandleFunc("GET /things/{id}", func(w http.ResponseWriter, r *http.Request) {
		id := r.PathValue("id")
		fmt.Fprintf(w, `{"id":%q,"name":%q,"at":%q,"tags":[],"n":null}`, id, made[id],
			now.Format(time.TimeOnly))
	})
	return Target{
		Handler: mux,
		Vars:    map[string]string{"key": "sk_test_demo"},
		Header:  map[string]string{"Authorization": "Bearer {{key}}"},
		Advance: func(_ *testing.T, by time.Duration) { now = now.Add(by) },
		Webhook: func(*testing.T) (string, http.Header, []byte, bool) {
			if len(made) == 0 {
				return "", nil, nil, false
			}
			header := http.Header{"Signature": {"abc"}}
			return "thing.made", header, fmt.Appendf(nil, `{"count":%d}`, len(made)), true
		},
	}
}

const story = `# What the shop does.

=== make a thing
POST /things

{"name":"cup"}
--- 201
Location: /things/{{id}}

{ "id": "{{id}}", "name": "cup", "by": "Bearer {{key}}" }

=== time passes
advance 30s

=== look at it without a key
GET /things/{{id}}
Authorization:
--- 200

{
  "id": "{{id}}",
  "name": "cup",
  "at": "{{any}}:30",
  "tags": [],
  "n": null
}

=== the shop is told
webhook thing.made
---
Signature: {{any}}

{ "count": 1 }
`

func TestRun_PassesAndRendersItself(t *testing.T) {
	if out := run(t, "story", story, shop(t)); out != story {
		t.Errorf("rendered as\n%s", out)
	}
}

func TestUpdate_KeepsHolesAndNamesKnownValues(t *testing.T) {
	*update = true
	defer func() { *update = false }()
	bare := strings.NewReplacer(
		"\n\n{ \"id\": \"{{id}}\", \"name\": \"cup\", \"by\": \"Bearer {{key}}\" }",
		"\n\n{ \"id\": \"{{id}}\", \"name\": \"old\" }",
		"\"name\": \"cup\",\n  \"at\"", "\"at\"",
		"{ \"count\": 1 }", "{}",
	).Replace(story)
	if bare == story {
		t.Fatal("nothing was taken away")
	}
	if out := run(t, "story", bare, shop(t)); out != story {
		t.Errorf("updated to\n%s", out)
	}
}

// differences are answers that must not pass, by what is wrong with them.
var differences = map[string]struct{ want, got string }{
	"value":            {`{"a":1}`, `{"a":2}`},
	"type":             {`{"a":1}`, `{"a":"1"}`},
	"missing key":      {`{"a":1,"b":2}`, `{"a":1}`},
	"additional key":   {`{"a":1}`, `{"a":1,"b":2}`},
	"order of keys":    {`{"a":1,"b":2}`, `{"b":2,"a":1}`},
	"length":           {`[1,2]`, `[1]`},
	"object for array": {`{}`, `[]`},
	"null for any":     {`{"a":"{{any}}"}`, `{"a":null}`},
	"hole in a text":   {`"x{{any}}y"`, `"xy"`},
	"second use":       {`["{{a}}","{{a}}"]`, `["1","2"]`},
	"number for text":  {`"x{{any}}"`, `5`},
	"large number":     {`12345678901234567890`, `12345678901234567891`},
}

func TestDiff_FindsWhatIsWrong(t *testing.T) {
	for name, d := range differences {
		want, werr := read(d.want)
		got, gerr := read(d.got)
		if werr != nil || gerr != nil {
			t.Fatal(name, werr, gerr)
		}
		if found := (holes{}).diff("", want, got); len(found) == 0 {
			t.Errorf("%s: %s passes for %s", name, d.got, d.want)
		}
		if found := (holes{}).diff("", got, got); len(found) != 0 {
			t.Errorf("%s: %s differs from itself: %v", name, d.got, found)
		}
	}
}

func TestParse_Refuses(t *testing.T) {
	for name, text := range map[string]string{
		"text outside a step": "hello\n=== a\nGET /\n",
		"an empty step":       "=== a\n",
		"a bad duration":      "=== a\nadvance soon\n",
		"a bad header":        "=== a\nGET /\nAccept\n",
		"a bad status":        "=== a\nGET /\n--- ok\n",
	} {
		if _, err := parse(text); err == nil {
			t.Errorf("%s passes", name)
		}
	}
}

func TestRead_Refuses(t *testing.T) {
	for _, text := range []string{"", "{", "[1", `{"a"`, `{} {}`, "[1,]"} {
		if _, err := read(text); err == nil {
			t.Errorf("%q passes", text)
		}
	}
}

func TestFill_NeedsWhatItNames(t *testing.T) {
	if _, err := (holes{}).fill("/things/{{id}}"); err == nil {
		t.Error("a hole that nothing was captured for passes")
	}
}
