package apitest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// documentURL is the name under which the schemas refer to the document.
const documentURL = "openapi.json"

// A Contract is an OpenAPI 3.1 document that answers, webhooks and accepted requests are held
// against. It is stricter than the document: an object may have no key that is not written there.
type Contract struct {
	doc      tree
	compiler *jsonschema.Compiler

	mu       sync.Mutex
	schemas  map[string]*jsonschema.Schema
	answers  int
	webhooks int
}

// NewContract reads a document in YAML.
func NewContract(document []byte) (*Contract, error) {
	var raw any
	if err := yaml.Unmarshal(document, &raw); err != nil {
		return nil, err
	}
	text, err := json.Marshal(raw)
	if err != nil {
		return nil, err
	}
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	c := &Contract{schemas: map[string]*jsonschema.Schema{}, compiler: jsonschema.NewCompiler()}
	c.doc = tree{root: parsed}
	c.doc.seal()
	c.compiler.DefaultDraft(jsonschema.Draft2020)
	c.compiler.AssertFormat()
	return c, c.compiler.AddResource(documentURL, parsed)
}

// Held returns how many answers and webhooks were held against the document.
func (c *Contract) Held() (answers, webhooks int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.answers, c.webhooks
}

// Wrap returns the handler with every answer held against the document. What does not fit is an
// error of the test, told when it ends: a fuzzer's requests come from another test than t.
func (c *Contract) Wrap(t testing.TB, h http.Handler) http.Handler {
	var mu sync.Mutex
	var found []string
	t.Cleanup(func() {
		for _, f := range found {
			t.Error(f)
		}
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := keep(r)
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if err := c.check(r, body, rec); err != nil {
			mu.Lock()
			found = append(found, fmt.Sprintf("%s %s: %d does not fit the document: %v\n%s",
				r.Method, r.URL, rec.Code, err, rec.Body))
			mu.Unlock()
		}
		for name, values := range rec.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	})
}

// keep reads a body and puts it back.
func keep(r *http.Request) []byte {
	var buf bytes.Buffer
	_, _ = buf.ReadFrom(r.Body)
	r.Body = readCloser{bytes.NewReader(buf.Bytes())}
	return buf.Bytes()
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

// check holds one answer, and the request if it was accepted, against the document.
func (c *Contract) check(r *http.Request, body []byte, rec *httptest.ResponseRecorder) error {
	c.mu.Lock()
	c.answers++
	c.mu.Unlock()
	method, path, _ := strings.Cut(r.Pattern, " ")
	op := []string{"paths", path, strings.ToLower(method)}
	if _, ok := c.doc.get(op...); !ok {
		if rec.Code != http.StatusNotFound && rec.Code != http.StatusMethodNotAllowed {
			return fmt.Errorf("%s is not in the document", r.Pattern)
		}
		return c.validate([]string{"components", "schemas", "Error"}, rec.Body.Bytes())
	}
	if err := c.checkAnswer(op, rec); err != nil || rec.Code >= http.StatusBadRequest {
		return err
	}
	return c.checkRequest(op, r, body)
}

func (c *Contract) checkAnswer(op []string, rec *httptest.ResponseRecorder) error {
	at, ok := c.doc.resolve(append(op, "responses", fmt.Sprint(rec.Code)))
	if !ok {
		return fmt.Errorf("the document does not know this status")
	}
	headers, _ := c.doc.get(append(at, "headers")...)
	known, _ := headers.(map[string]any)
	for name := range known {
		if err := c.checkHeader(append(at, "headers", name), rec.Header().Get(name)); err != nil {
			return fmt.Errorf("header %s: %w", name, err)
		}
	}
	for _, name := range []string{"Idempotent-Replayed", "Retry-After"} {
		if _, ok := known[name]; !ok && rec.Header().Get(name) != "" {
			return fmt.Errorf("header %s is not in the document", name)
		}
	}
	media := strings.TrimSuffix(rec.Header().Get("Content-Type"), "; charset=utf-8")
	return c.validate(append(at, "content", media, "schema"), rec.Body.Bytes())
}

func (c *Contract) checkHeader(at []string, value string) error {
	at, _ = c.doc.resolve(at)
	if required, _ := c.doc.get(append(at, "required")...); value == "" && required != true {
		return nil
	}
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return c.validate(append(at, "schema"), text)
}

// checkRequest holds that whatever is accepted is allowed by the document.
func (c *Contract) checkRequest(op []string, r *http.Request, body []byte) error {
	for name := range r.URL.Query() {
		if !slices.Contains(c.parameters(op), name) {
			return fmt.Errorf("the parameter %s was accepted and is not in the document", name)
		}
	}
	at := append(slices.Clone(op), "requestBody", "content", "application/json", "schema")
	if len(body) == 0 {
		return nil
	}
	body = bytes.TrimPrefix(body, []byte("\ufeff")) // receivers may ignore it
	if err := c.validate(at, body); err != nil {
		return fmt.Errorf("the request was accepted: %w", err)
	}
	return nil
}

// parameters names the query parameters of an operation.
func (c *Contract) parameters(op []string) (names []string) {
	list, _ := c.doc.get(append(slices.Clone(op), "parameters")...)
	items, _ := list.([]any)
	for i := range items {
		at, _ := c.doc.resolve(append(slices.Clone(op), "parameters", fmt.Sprint(i)))
		name, _ := c.doc.get(append(at, "name")...)
		if in, _ := c.doc.get(append(at, "in")...); in == "query" {
			names = append(names, name.(string))
		}
	}
	return names
}

// Webhook holds a delivery against the document.
func (c *Contract) Webhook(event string, body []byte) error {
	c.mu.Lock()
	c.webhooks++
	c.mu.Unlock()
	at := []string{"webhooks", event, "post", "requestBody", "content", "application/json", "schema"}
	var doc struct{ Type, EventType string } // families call it differently
	err := json.Unmarshal(body, &doc)
	if name := cmp.Or(doc.Type, doc.EventType); err != nil || name != event {
		return fmt.Errorf("webhook %s is called %q: %v", event, name, err)
	}
	if err := c.validate(at, body); err != nil {
		return fmt.Errorf("webhook %s does not fit the document: %w\n%s", event, err, body)
	}
	return nil
}

// Example holds an example of the document itself against its schema.
func (c *Contract) Example(schema string, example []byte) error {
	return c.validate([]string{"components", "schemas", schema}, example)
}

// validate holds a JSON text against the schema at a place of the document.
func (c *Contract) validate(at []string, text []byte) error {
	if _, ok := c.doc.get(at...); !ok {
		return fmt.Errorf("the document has nothing at %s", pointer(at))
	}
	schema, err := c.schema(pointer(at))
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

func (c *Contract) schema(at string) (*jsonschema.Schema, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s, ok := c.schemas[at]; ok {
		return s, nil
	}
	s, err := c.compiler.Compile(documentURL + "#" + at)
	c.schemas[at] = s
	return s, err
}
