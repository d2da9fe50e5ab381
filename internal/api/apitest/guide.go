package apitest

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// A Description is what tests compare of an OpenAPI document with the code.
type Description struct {
	Paths      map[string]map[string]yaml.Node
	Webhooks   map[string]yaml.Node
	Components struct {
		Schemas map[string]struct {
			Enum       []string
			Properties map[string]yaml.Node
		}
	}
}

// Describe reads a document in YAML.
func Describe(t testing.TB, document []byte) (d Description) {
	t.Helper()
	Must(t, yaml.Unmarshal(document, &d))
	return d
}

// Routes lists the operations as a mux calls them.
func (d Description) Routes() (patterns []string) {
	for path, item := range d.Paths {
		for method := range item {
			if method != "parameters" {
				patterns = append(patterns, strings.ToUpper(method)+" "+path)
			}
		}
	}
	return patterns
}

// Events lists the names of the webhooks.
func (d Description) Events() []string { return slices.Collect(maps.Keys(d.Webhooks)) }

// Members lists the members of a schema.
func (d Description) Members(schema string) []string {
	return slices.Collect(maps.Keys(d.Components.Schemas[schema].Properties))
}

// Members lists the members of Go structs, as JSON names them, by the names of their schemas.
func Members(structs map[string]any) map[string][]string {
	all := map[string][]string{}
	for schema, v := range structs {
		all[schema] = members(reflect.TypeOf(v))
	}
	return all
}

func members(t reflect.Type) (names []string) {
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous:
			names = append(names, members(f.Type)...)
		case name == "":
			names = append(names, f.Name)
		default:
			names = append(names, name)
		}
	}
	return names
}

// Words lists the values that a schema allows.
func (d Description) Words(schema string) []string { return d.Components.Schemas[schema].Enum }

// Same reports what one of two sets lacks: the words of the code, or those of the document.
func Same(t testing.TB, what string, code, doc []string) {
	t.Helper()
	for _, word := range code {
		if !slices.Contains(doc, word) {
			t.Errorf("%s: the description lacks %s", what, word)
		}
	}
	for _, word := range doc {
		if !slices.Contains(code, word) {
			t.Errorf("%s: the description promises %s", what, word)
		}
	}
}

// A Guide is a page of documentation.
type Guide struct{ file, text string }

// ReadGuide reads a page from docs/.
func ReadGuide(t testing.TB, name string) Guide {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", name))
	Must(t, err)
	return Guide{"docs/" + name, string(text)}
}

// Mentions reports the words that are not on the page. quoted asks for them as code.
func (g Guide) Mentions(t testing.TB, quoted bool, words ...string) {
	t.Helper()
	for _, word := range words {
		if quoted {
			word = "`" + word + "`"
		}
		if !strings.Contains(g.text, word) {
			t.Errorf("%s does not mention %s", g.file, word)
		}
	}
}

// Keeps reports what the page promises and nobody knows: matches of the pattern's group that are
// not among the words. A page on which less than least are found is not the one that was meant.
func (g Guide) Keeps(t testing.TB, least int, pattern string, words []string) {
	t.Helper()
	found := regexp.MustCompile(pattern).FindAllStringSubmatch(g.text, -1)
	for _, m := range found {
		if !slices.Contains(words, m[1]) {
			t.Errorf("%s promises %s", g.file, m[1])
		}
	}
	if len(found) < least {
		t.Errorf("only %d of %s found in %s", len(found), pattern, g.file)
	}
}

// Shown lists what the pattern's last group matches in the transcripts of a package.
func Shown(t testing.TB, least int, pattern string) []string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	shown := map[string]bool{}
	for _, m := range re.FindAllStringSubmatch(Transcripts(t), -1) {
		shown[m[len(m)-1]] = true
	}
	if len(shown) < least {
		t.Fatalf("the transcripts show only %d of %s", len(shown), pattern)
	}
	return slices.Sorted(maps.Keys(shown))
}

// Transcripts returns the text of all transcripts of a package.
func Transcripts(t testing.TB) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "*.txt"))
	Must(t, err)
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		Must(t, err)
		all.Write(text)
	}
	return all.String()
}
