package apitest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const cupDocument = `
openapi: 3.1.0
info: { title: Cups, version: '1' }
paths:
  /cups/{id}:
    parameters:
      - { name: id, in: path, required: true, schema: { type: string } }
    post:
      parameters:
        - { name: hot, in: query, schema: { type: boolean } }
      requestBody:
        content:
          application/json:
            schema:
              type: object
              additionalProperties: false
              properties: { size: { type: integer } }
      responses:
        '200':
          description: A cup.
          headers:
            Request-Id: { required: true, schema: { type: string, pattern: '^req_' } }
          content:
            application/json: { schema: { $ref: '#/components/schemas/Mug' } }
webhooks:
  cup.broken:
    post:
      requestBody:
        content:
          application/json:
            schema:
              type: object
              required: [type, data]
              properties: { type: { type: string }, data: { $ref: '#/components/schemas/Mug' } }
components:
  schemas:
    Cup:
      type: object
      required: [id]
      properties: { id: { type: string }, at: { type: string, format: date-time } }
    Mug:
      allOf:
        - $ref: '#/components/schemas/Cup'
        - properties: { handle: { type: [boolean, 'null'] } }
    Error:
      type: object
      required: [error]
      properties: { error: { type: string } }
`

// cups answers everything in the same way.
func cups(status int, id, body string) http.Handler {
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if id != "" {
			w.Header().Set("Request-Id", id)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
	mux.HandleFunc("POST /cups/{id}", answer)
	mux.HandleFunc("GET /plates", answer)
	return mux
}

func TestContract_FindsWhatDoesNotFit(t *testing.T) {
	const ask, good = "POST /cups/1", `{"id":"1","handle":null}`
	for name, c := range map[string]struct {
		request, send string
		status        int
		id, answer    string
		want          string // "" when it fits
	}{
		"good":              {ask, `{"size":1}`, 200, "req_1", good, ""},
		"byte order mark":   {ask, "\ufeff" + `{"size":1}`, 200, "req_1", good, ""},
		"good query":        {ask + "?hot=true", "", 200, "req_1", good, ""},
		"unknown key":       {ask, "", 200, "req_1", `{"id":"1","colour":"red"}`, "colour"},
		"missing key":       {ask, "", 200, "req_1", `{}`, "id"},
		"wrong type":        {ask, "", 200, "req_1", `{"id":1}`, "string"},
		"not a time":        {ask, "", 200, "req_1", `{"id":"1","at":"noon"}`, "date-time"},
		"not JSON":          {ask, "", 200, "req_1", `<p>`, "invalid character"},
		"unknown status":    {ask, "", 201, "req_1", good, "status"},
		"missing header":    {ask, "", 200, "", good, "Request-Id"},
		"wrong header":      {ask, "", 200, "r", good, "Request-Id"},
		"accepted key":      {ask, `{"colour":"red"}`, 200, "req_1", good, "colour"},
		"accepted query":    {ask + "?cold=1", "", 200, "req_1", good, "cold"},
		"unknown path":      {"GET /plates", "", 200, "req_1", good, "not in the document"},
		"unknown path, 404": {"GET /plates", "", 404, "", `{"error":"no plates"}`, ""},
		"wrong error":       {"GET /plates", "", 404, "", `{"fault":"no plates"}`, "error"},
	} {
		t.Run(name, func(t *testing.T) {
			contract, err := NewContract([]byte(cupDocument))
			if err != nil {
				t.Fatal(err)
			}
			method, path, _ := strings.Cut(c.request, " ")
			r := httptest.NewRequest(method, path, strings.NewReader(c.send))
			rec := httptest.NewRecorder()
			cups(c.status, c.id, c.answer).ServeHTTP(rec, r)
			err = contract.check(r, []byte(c.send), rec)
			switch {
			case c.want == "" && err != nil:
				t.Errorf("found %v", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("found %v, want %q", err, c.want)
			}
		})
	}
}

func TestContract_Webhook(t *testing.T) {
	contract, err := NewContract([]byte(cupDocument))
	if err != nil {
		t.Fatal(err)
	}
	for body, fits := range map[string]bool{
		`{"type":"cup.broken","data":{"id":"1"}}`:          true,
		`{"type":"cup.broken","data":{"id":"1","x":1}}`:    false,
		`{"type":"cup.broken"}`:                            false,
		`{"type":"cup.filled","data":{"id":"1"}}`:          false,
		`{"type":"cup.broken","data":{"id":"1"},"more":1}`: false,
	} {
		if err := contract.Webhook("cup.broken", []byte(body)); (err == nil) != fits {
			t.Errorf("%s: %v", body, err)
		}
	}
	if contract.Webhook("cup.lost", []byte(`{"type":"cup.lost"}`)) == nil {
		t.Error("an unknown webhook fits")
	}
	if _, webhooks := contract.Held(); webhooks != 6 {
		t.Errorf("%d webhooks", webhooks)
	}
}

// TestContract_Wrap holds that the wrapped handler answers as it did and that its request is read
// twice.
func TestContract_Wrap(t *testing.T) {
	contract, err := NewContract([]byte(cupDocument))
	if err != nil {
		t.Fatal(err)
	}
	inner := http.NewServeMux()
	inner.HandleFunc("POST /cups/{id}", func(w http.ResponseWriter, r *http.Request) {
		body := keep(r)
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Request-Id", "req_1")
		_, _ = w.Write([]byte(`{"id":"` + r.PathValue("id") + `"}`))
		if string(body) != `{"size":3}` {
			t.Errorf("the handler read %q", body)
		}
	})
	w := httptest.NewRecorder()
	r := httptest.NewRequest("POST", "/cups/7", strings.NewReader(`{"size":3}`))
	contract.Wrap(t, inner).ServeHTTP(w, r)
	if w.Code != 200 || w.Body.String() != `{"id":"7"}` || w.Header().Get("Request-Id") != "req_1" {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	if answers, _ := contract.Held(); answers != 1 {
		t.Errorf("%d answers", answers)
	}
}
