// Package kassa_test keeps the house in order: who may import whom, which calls belong to which
// room, how big things may grow. The drawing it holds is in ARCHITECTURE.md.
package kassa_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/kassa-pay/kassa/"

// leaves are rooms that import none of ours (vault alone stands on two of them) and that every room
// above may use.
var leaves = []string{
	"internal/money", "internal/ident", "internal/secret", "internal/limit",
	"internal/returnurl", "internal/vault", "internal/site",
	"internal/terms", "internal/consent", "internal/payid", "internal/npp",
}

// plan is the import plan: the rooms that a room's production code may import. A key or an entry
// that ends in /* means every room directly below. The longest matching key decides; a room without
// a key may not exist.
var plan = map[string][]string{
	"cmd/*":           {"internal/server", "internal/config", "internal/pay", "internal/secret"},
	"bench":           {"*"},
	"bench/*":         {"*"},
	"internal/server": {"*"},
	"internal/config": {},

	"internal/api/wire":    with("internal/pay"),
	"internal/api/*":       with("internal/pay", "internal/api/wire"),
	"internal/api/openapi": {"internal/site"},
	"internal/hosted":      with("internal/pay"),
	"internal/sim":         with("internal/pay"),
	"internal/demo":        with(),
	"internal/worker":      with("internal/pay"),
	"internal/webhook":     with("internal/pay", "internal/egress"),
	"internal/rail/*":      with("internal/pay", "internal/rail/simnet"),
	"internal/rail/simnet": with("internal/pay", "internal/store/sqldb"),
	"internal/store":       with("internal/pay", "internal/store/sqldb", "internal/store/schema"),

	"internal/store/sqldb":  {},
	"internal/store/schema": {},

	"internal/pay": with(),

	"internal/money":     {},
	"internal/ident":     {},
	"internal/secret":    {},
	"internal/limit":     {},
	"internal/returnurl": {},
	"internal/vault":     {"internal/ident", "internal/secret"},
	"internal/egress":    {},
	"internal/disk":      {},
	"internal/site":      {},
	"internal/terms":     {},
	"internal/payid":     {},
	"internal/npp":       {},
	"internal/consent":   {"internal/money", "internal/terms"},

	// Rooms that only tests enter, so they may look everywhere.
	"internal/paytest":              {"*"},
	"internal/api/apitest":          {"*"},
	"internal/store/storetest":      {"*"},
	"internal/rail/railtest":        {"*"},
	"internal/store/sqldb/pgtest":   {},
	"internal/store/sqldb/pgtest/*": {"internal/store/sqldb/pgtest"},
}

// testRooms are imported by tests, and by one another, but never by the product.
var testRooms = []string{
	"internal/paytest", "internal/api/apitest", "internal/store/storetest",
	"internal/rail/railtest", "internal/store/sqldb/pgtest", "internal/store/sqldb/pgtest/cmd",
}

// foreign names the rooms in which a package from outside may be imported; below a prefix counts.
var foreign = map[string][]string{
	"database/sql":               {"internal/store/sqldb"},
	"modernc.org/sqlite":         {"internal/store/sqldb"},
	"github.com/jackc/pgx":       {"internal/store/sqldb", "bench"},
	"github.com/pressly/goose":   {"internal/store/sqldb"},
	"github.com/spf13/cobra":     {"cmd"},
	"github.com/knadh/koanf":     {"internal/config"},
	"github.com/bojanz/currency": {"internal/money", "internal/hosted"},
	"html/template": {
		"internal/hosted", "internal/sim", "internal/demo", "internal/api/openapi",
	},
	"text/template":                 {},
	"unsafe":                        {},
	"plugin":                        {},
	"os/exec":                       {"internal/store/sqldb/pgtest", "bench"},
	"github.com/nicksnyder/go-i18n": {"internal/hosted"},
	"rsc.io/qr":                     {"internal/hosted"},
}

// outside names what the core never sees, with the one thing of it that is mere data: a rail's
// notification is checked against the header it came with.
var outside = map[string][]string{
	"net/http":      {"Header"},
	"database/sql":  nil,
	"html/template": nil,
}

func with(rooms ...string) []string { return append(rooms, leaves...) }

// A source is one Go file of the tree.
type source struct {
	path string // slash-separated, from the root of the repository
	room string // its folder
	text []byte
	fset *token.FileSet
	file *ast.File
}

func (s *source) isTest() bool {
	return strings.HasSuffix(s.path, "_test.go") || slices.Contains(testRooms, s.room)
}

// at renders a finding as file:line: message.
func (s *source) at(pos token.Pos, format string, args ...any) string {
	return fmt.Sprintf("%s:%d: %s", s.path, s.fset.Position(pos).Line, fmt.Sprintf(format, args...))
}

// in reports whether the file lies in one of the rooms or below it.
func (s *source) in(rooms ...string) bool {
	return slices.ContainsFunc(rooms, func(room string) bool {
		return s.room == room || strings.HasPrefix(s.room, room+"/")
	})
}

func parse(name string, text []byte) (*source, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	return &source{path: name, room: path.Dir(name), text: text, fset: fset, file: file}, nil
}

// skipped folders hold nothing that was written for this repository.
func skipped(name string) bool {
	return slices.Contains([]string{"node_modules", "bin", "kassa-data", "vendor"}, name) ||
		strings.HasPrefix(name, ".") && name != "." && name != ".ci"
}

// walk calls visit with every file below the root that somebody wrote.
func walk(t *testing.T, visit func(name string)) {
	t.Helper()
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && skipped(d.Name()):
			return fs.SkipDir
		case d.Type().IsRegular():
			visit(name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func sources(t *testing.T) []*source {
	t.Helper()
	var all []*source
	walk(t, func(name string) {
		if !strings.HasSuffix(name, ".go") || strings.Contains(name, "/testdata/") {
			return
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		s, err := parse(name, text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	})
	if len(all) < 5 {
		t.Fatalf("only %d Go files found: the walk does not see the tree", len(all))
	}
	return all
}

// A rule looks at one file and returns its findings.
type rule func(*source) []string

var rules = map[string]rule{
	"imports":    checkImports,
	"foreign":    checkForeign,
	"calls":      checkCalls,
	"goroutines": checkGoroutines,
	"columns":    checkColumns,
	"file size":  checkFileSize,
	"signatures": checkSignatures,
	"interfaces": checkInterfaces,
	"documented": checkDocumented,
	"secrets":    checkSecrets,
	"sql":        checkSQL,
}

func TestTidy(t *testing.T) {
	all := sources(t)
	for _, name := range slices.Sorted(maps.Keys(rules)) {
		t.Run(name, func(t *testing.T) {
			for _, s := range all {
				for _, finding := range rules[name](s) {
					t.Error(finding)
				}
			}
		})
	}
}

// match reports whether a room is meant by a pattern of the plan.
func match(pattern, room string) bool {
	if below, ok := strings.CutSuffix(pattern, "/*"); ok {
		return path.Dir(room) == below
	}
	return pattern == "*" || pattern == room
}

// allowed returns what a room may import and whether the plan knows the room at all.
func allowed(room string) ([]string, bool) {
	best := ""
	for pattern := range plan {
		exact := pattern == room
		if match(pattern, room) && (exact || len(pattern) > len(best)) {
			best = pattern
			if exact {
				break
			}
		}
	}
	return plan[best], best != ""
}

func checkImports(s *source) (found []string) {
	may, known := allowed(s.room)
	if !known && s.room != "." {
		return []string{s.at(s.file.Package, "room %s is not in the import plan", s.room)}
	}
	if strings.HasSuffix(s.path, "_test.go") {
		return nil
	}
	for _, spec := range s.file.Imports {
		room, ours := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), module)
		switch {
		case !ours:
		case slices.Contains(testRooms, room) && !s.isTest():
			found = append(found, s.at(spec.Pos(), "%s is for tests only", room))
		case !slices.ContainsFunc(may, func(p string) bool { return match(p, room) }):
			found = append(found, s.at(spec.Pos(), "%s may not import %s", s.room, room))
		}
	}
	return found
}

func checkForeign(s *source) (found []string) {
	if s.isTest() {
		return nil
	}
	for _, spec := range s.file.Imports {
		name := strings.Trim(spec.Path.Value, `"`)
		if data, no := outside[name]; no && s.room == "internal/pay" {
			found = append(found, beyond(s, spec, data)...)
		}
		for prefix, rooms := range foreign {
			if (name == prefix || strings.HasPrefix(name, prefix+"/")) && !s.in(rooms...) {
				found = append(found, s.at(spec.Pos(), "%s belongs to %v", name, rooms))
			}
		}
	}
	return found
}

// beyond finds uses of an imported package other than the names that are mere data.
func beyond(s *source, spec *ast.ImportSpec, data []string) (found []string) {
	name := strings.Trim(spec.Path.Value, `"`)
	local, _ := importName(s.file, name)
	ast.Inspect(s.file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			x, ok := sel.X.(*ast.Ident)
			if ok && x.Name == local && !slices.Contains(data, sel.Sel.Name) {
				found = append(found, s.at(sel.Pos(), "the core never sees %s.%s", name, sel.Sel.Name))
			}
		}
		return true
	})
	return found
}

// TestPlan_IsTheDrawing holds that ARCHITECTURE.md lists every room, and that neither it nor the
// plan knows one that does not exist.
func TestPlan_IsTheDrawing(t *testing.T) {
	text, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, drawing, _ := strings.Cut(string(text), "```\n")
	drawing, _, _ = strings.Cut(drawing, "```")
	words := strings.FieldsFunc(drawing, func(r rune) bool { return strings.ContainsRune(" \n,", r) })
	rooms := map[string]bool{}
	for _, s := range sources(t) {
		rooms[s.room] = s.room != "."
	}
	for _, room := range slices.Sorted(maps.Keys(rooms)) {
		if rooms[room] && !slices.Contains(words, strings.TrimPrefix(room, "internal/")) {
			t.Errorf("ARCHITECTURE.md does not list the room %s", room)
		}
	}
	for _, pattern := range slices.Sorted(maps.Keys(plan)) {
		if !strings.Contains(pattern, "*") && !rooms[pattern] {
			t.Errorf("the plan has a room %s, which does not exist", pattern)
		}
	}
	for _, word := range words {
		if strings.Contains(word, "/") && !rooms["internal/"+word] && !rooms[word] &&
			!strings.HasSuffix(word, "/") && !strings.HasPrefix(word, "/") {
			t.Errorf("ARCHITECTURE.md lists a room %s, which does not exist", word)
		}
	}
}

func TestPlan_EveryRoomHasADrawing(t *testing.T) {
	docs := map[string]bool{}
	for _, s := range sources(t) {
		if s.room == "." || strings.HasSuffix(s.path, "_test.go") {
			continue
		}
		file := path.Base(s.path)
		home := file == "doc.go" || s.file.Name.Name == "main"
		docs[s.room] = docs[s.room] || home && s.file.Doc != nil
	}
	for _, room := range slices.Sorted(maps.Keys(docs)) {
		if !docs[room] {
			t.Errorf("%s: the package has no comment in doc.go (main: in any file)", room)
		}
	}
}
