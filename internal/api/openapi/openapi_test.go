package openapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v3"

	"github.com/kassa-pay/kassa/internal/api/apitest"
	"github.com/kassa-pay/kassa/internal/api/openapi"
)

// TestDocument_IsOpenAPI asks a reader of OpenAPI that shares no code with ours.
func TestDocument_IsOpenAPI(t *testing.T) {
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromData(openapi.Document())
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" || len(doc.Webhooks) == 0 {
		t.Errorf("version %s, %d webhooks", doc.OpenAPI, len(doc.Webhooks))
	}
}

// TestFamilies_AreOpenAPI asks the same reader about the APIs beside the native one, and for their
// documents where they are served.
func TestFamilies_AreOpenAPI(t *testing.T) {
	for path, text := range map[string][]byte{
		"/collect/openapi.yaml": openapi.Collect(), "/wpay/openapi.yaml": openapi.Wpay(),
	} {
		doc, err := openapi3.NewLoader().LoadFromData(text)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if err := doc.Validate(t.Context()); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		w := get(open(t), path)
		if w.Code != http.StatusOK || w.Body.String() != string(text) {
			t.Errorf("%s: served as %d, %d bytes", path, w.Code, w.Body.Len())
		}
	}
}

// schemas is the part of the document that has examples.
type schemas struct {
	Components struct {
		Schemas map[string]struct{ Examples []any }
	}
}

func TestDocument_ExamplesFitTheirSchemas(t *testing.T) {
	for least, text := range map[int][]byte{20: openapi.Document(), 18: openapi.Wpay()} {
		if n := examples(t, text); n < least {
			t.Errorf("only %d examples", n)
		}
	}
}

// examples holds those of a document against their schemas, and counts them.
func examples(t *testing.T, text []byte) (n int) {
	t.Helper()
	contract, err := apitest.NewContract(text)
	if err != nil {
		t.Fatal(err)
	}
	var doc schemas
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	for name, schema := range doc.Components.Schemas {
		for _, example := range schema.Examples {
			text, err := json.Marshal(example)
			if err == nil {
				err = contract.Example(name, text)
			}
			if err != nil {
				t.Errorf("the example of %s: %v", name, err)
			}
			n++
		}
	}
	return n
}

const origin = "https://pay.example"

func open(t *testing.T) http.Handler {
	t.Helper()
	pages, err := openapi.New(origin + "/")
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	pages.Mount(mux)
	return mux
}

func get(h http.Handler, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestText_IsServedAsItIs(t *testing.T) {
	h := open(t)
	want, err := os.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	w := get(h, "/openapi.yaml")
	if w.Code != 200 || w.Body.String() != string(want) ||
		!strings.HasPrefix(w.Header().Get("Content-Type"), "application/yaml") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	zipped := get(h, "/openapi.yaml", "Accept-Encoding", "gzip")
	if zipped.Header().Get("Content-Encoding") != "gzip" || zipped.Body.Len() > w.Body.Len()/3 {
		t.Errorf("%d bytes, %v", zipped.Body.Len(), zipped.Header())
	}
}

// TestPage_ShowsEveryOperation holds that nothing of the document is missing on the page.
func TestPage_ShowsEveryOperation(t *testing.T) {
	page := get(open(t), "/docs").Body.String()
	var doc struct {
		Paths    map[string]map[string]yaml.Node
		Webhooks map[string]yaml.Node
	}
	if err := yaml.Unmarshal(openapi.Document(), &doc); err != nil {
		t.Fatal(err)
	}
	for path, item := range doc.Paths {
		if !strings.Contains(page, "<code>"+path+"</code>") {
			t.Errorf("%s is missing", path)
		}
		for method, op := range item {
			var o struct{ Summary string }
			if method == "parameters" {
				continue
			}
			if err := op.Decode(&o); err != nil || !strings.Contains(page, ">"+o.Summary+"</a></h3>") {
				t.Errorf("%s %s is missing: %v", method, path, err)
			}
		}
	}
	for event := range doc.Webhooks {
		if !strings.Contains(page, "<code>"+event+"</code>") {
			t.Errorf("the event %s is missing", event)
		}
	}
}

// TestPage_ShowsWhatIsInside holds that the parts of a body are shown like the body itself.
func TestPage_ShowsWhatIsInside(t *testing.T) {
	page := get(open(t), "/docs").Body.String()
	for _, name := range []string{
		"mandate.amount.exact", "mandate.recurrence.month_days", "mandate.schedule.time",
		"payment_method.number", "metadata",
	} {
		if !strings.Contains(page, "<code>"+name+"</code>") {
			t.Errorf("%s is missing", name)
		}
	}
}

func TestPage_AsksNobodyElse(t *testing.T) {
	h := open(t)
	w := get(h, "/docs")
	policy := w.Header().Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "script-src") ||
		strings.Contains(policy, "http") {
		t.Errorf("policy %s", policy)
	}
	page := w.Body.String()
	if strings.Contains(page, "<script") || strings.Contains(page, "style=") {
		t.Error("the page has a script or an inline style")
	}
	loads := regexp.MustCompile(`(?:<link [^>]*href|src)="([^"]*)"`).FindAllStringSubmatch(page, -1)
	if len(loads) < 2 {
		t.Errorf("%d files", len(loads))
	}
	for _, m := range loads {
		file := get(h, m[1])
		if file.Code != 200 || !strings.HasPrefix(m[1], "/docs/assets/") ||
			strings.Contains(file.Body.String(), "url(") {
			t.Errorf("%s: %d", m[1], file.Code)
		}
	}
}

// TestPage_ExamplesCanBeCopied holds that the examples name this installation, the demo key and an
// id where the path has a hole.
func TestPage_ExamplesCanBeCopied(t *testing.T) {
	page := get(open(t), "/docs").Body.String()
	calls := regexp.MustCompile(`<code>curl [^<]*</code>`).FindAllString(page, -1)
	if len(calls) < 30 {
		t.Fatalf("%d examples", len(calls))
	}
	for _, c := range calls {
		if !strings.Contains(c, origin+"/v1/") || !strings.Contains(c, "Bearer sk_test_demo") ||
			strings.Contains(strings.ReplaceAll(c, "{CHECKOUT_SESSION_ID}", ""), "/{") {
			t.Errorf("%s", c)
		}
	}
}

func TestPage_EveryLinkLeadsSomewhere(t *testing.T) {
	page := get(open(t), "/docs").Body.String()
	for _, m := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if strings.Count(page, ` id="`+m[1]+`"`) != 1 {
			t.Errorf("#%s is there %d times", m[1], strings.Count(page, ` id="`+m[1]+`"`))
		}
	}
}
