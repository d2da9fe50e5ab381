package kassa_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

const (
	maxColumns    = 100
	maxFileLines  = 500
	maxFuncLines  = 70
	maxParams     = 4 // a context in front is not counted
	maxInterface  = 8
	binaryProbe   = 8000
	sqlEngineRoom = "internal/store/sqldb"
)

// longFuncs are the functions that are longer than maxFuncLines today, with their length. The
// numbers may only become smaller, and a function that fits leaves the list.
var longFuncs = map[string]int{}

// longLines are lines that cannot be broken, by "file: start of the line", with the reason.
var longLines = map[string]string{}

// publicComparisons are comparisons that checkSecrets would refuse although nothing secret is
// compared, by "file: expression", with the reason.
var publicComparisons = map[string]string{}

// assembledSQL are statements put together at run time, by "file: argument", with the reason why
// no value can reach the text.
var assembledSQL = map[string]string{}

// A ban names selectors of one package and the rooms that exist for them.
type ban struct {
	pkg   string
	names []string // none: importing the package at all
	rooms []string
	why   string
}

var bans = []ban{
	{"time", []string{"Now", "Since", "Until"},
		[]string{"cmd", "internal/server", "internal/ident", "internal/config",
			"internal/store/sqldb", "bench"},
		"the clock is injected"},
	{"time", []string{"Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick"},
		[]string{"cmd", "internal/server", "internal/worker", "internal/webhook",
			"internal/store/sqldb", "bench"},
		"only rooms with loops wait"},
	{"math/rand", nil, []string{"internal/ident", "bench"}, "randomness is injected"},
	{"math/rand/v2", nil, []string{"internal/ident", "bench"}, "randomness is injected"},
	{"crypto/rand", nil, []string{"cmd", "internal/server", "internal/ident", "bench"},
		"randomness is injected"},
	{"os", []string{"Getenv", "LookupEnv", "Environ", "ExpandEnv"},
		[]string{"cmd", "internal/server", "internal/config", "bench"},
		"the environment is read once, into config"},
	{"net/http", []string{"DefaultClient", "DefaultTransport", "DefaultServeMux",
		"Get", "Post", "PostForm", "Head", "Handle", "HandleFunc"},
		[]string{"bench"},
		"clients and muxes are built with limits, never shared by default"},
	{"net", []string{"Dial", "DialTimeout", "DialTCP", "DialUDP", "DialUnix", "Dialer"},
		[]string{"internal/egress", "bench"},
		"what leaves the house goes through a guarded dialer"},
}

func checkCalls(s *source) (found []string) {
	if s.isTest() {
		return nil
	}
	for _, b := range bans {
		if s.in(b.rooms...) {
			continue
		}
		local, imported := importName(s.file, b.pkg)
		switch {
		case !imported:
		case b.names == nil:
			found = append(found, s.at(s.file.Package, "imports %s: %s", b.pkg, b.why))
		default:
			found = append(found, selectors(s, local, b)...)
		}
	}
	return found
}

// importName returns the name under which a file knows a package.
func importName(file *ast.File, pkg string) (string, bool) {
	for _, spec := range file.Imports {
		if strings.Trim(spec.Path.Value, `"`) != pkg {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name, true
		}
		return pkg[strings.LastIndex(pkg, "/")+1:], true
	}
	return "", false
}

func selectors(s *source, local string, b ban) (found []string) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		x, ok := sel.X.(*ast.Ident)
		if ok && x.Name == local && slices.Contains(b.names, sel.Sel.Name) {
			found = append(found, s.at(sel.Pos(), "%s.%s: %s", b.pkg, sel.Sel.Name, b.why))
		}
		return true
	})
	return found
}

func checkGoroutines(s *source) (found []string) {
	rooms := []string{"cmd", "internal/server", "internal/worker", "internal/webhook",
		"internal/store/sqldb", "bench"}
	if s.isTest() || s.in(rooms...) {
		return nil
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		if g, ok := n.(*ast.GoStmt); ok {
			found = append(found, s.at(g.Pos(), "go statement outside %v", rooms))
		}
		return true
	})
	return found
}

func checkColumns(s *source) (found []string) {
	for i, line := range bytes.Split(s.text, []byte("\n")) {
		columns := utf8.RuneCount(line)
		if columns <= maxColumns || excused(s.path, string(bytes.TrimSpace(line))) {
			continue
		}
		found = append(found, fmt.Sprintf("%s:%d: %d columns, at most %d",
			s.path, i+1, columns, maxColumns))
	}
	return found
}

func excused(file, line string) bool {
	for start := range longLines {
		if strings.HasPrefix(file+": "+line, start) {
			return true
		}
	}
	return false
}

func checkFileSize(s *source) []string {
	lines := bytes.Count(s.text, []byte("\n"))
	if lines <= maxFileLines || strings.HasSuffix(s.path, "_test.go") || ast.IsGenerated(s.file) {
		return nil
	}
	return []string{fmt.Sprintf("%s:1: %d lines, at most %d", s.path, lines, maxFileLines)}
}

func TestTidy_LongFunctionsShrink(t *testing.T) {
	seen := map[string]int{}
	for _, s := range sources(t) {
		if strings.HasSuffix(s.path, "_test.go") {
			continue
		}
		for _, f := range funcs(s.file) {
			lines := s.fset.Position(f.End()).Line - s.fset.Position(f.Pos()).Line + 1
			key := s.path + ": " + funcName(f)
			if lines > maxFuncLines {
				seen[key] = lines
			}
			if most := max(maxFuncLines, longFuncs[key]); lines > most {
				t.Error(s.at(f.Pos(), "%s has %d lines, at most %d", f.Name.Name, lines, most))
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(longFuncs)) {
		if seen[key] < longFuncs[key] {
			t.Errorf("%s shrank to %d lines (0: it fits): lower its number in longFuncs",
				key, seen[key])
		}
	}
}

func funcs(file *ast.File) (all []*ast.FuncDecl) {
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok {
			all = append(all, f)
		}
	}
	return all
}

func funcName(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	return receiver(f) + "." + f.Name.Name
}

// receiver returns the name of the type that a method belongs to.
func receiver(f *ast.FuncDecl) string {
	typ := f.Recv.List[0].Type
	for {
		switch t := typ.(type) {
		case *ast.StarExpr:
			typ = t.X
		case *ast.IndexExpr:
			typ = t.X
		case *ast.IndexListExpr:
			typ = t.X
		case *ast.Ident:
			return t.Name
		default:
			return "?"
		}
	}
}

func checkSignatures(s *source) (found []string) {
	if s.isTest() {
		return nil
	}
	for _, f := range funcs(s.file) {
		if n := params(f.Type); n > maxParams {
			found = append(found, s.at(f.Pos(), "%s has %d parameters, at most %d before a struct",
				f.Name.Name, n, maxParams))
		}
	}
	return found
}

// params counts parameters without a leading context, which every call carries anyway.
func params(f *ast.FuncType) int {
	n := f.Params.NumFields()
	if n == 0 {
		return 0
	}
	if sel, ok := f.Params.List[0].Type.(*ast.SelectorExpr); ok && sel.Sel.Name == "Context" {
		n--
	}
	return n
}

func checkInterfaces(s *source) (found []string) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if it, ok := spec.Type.(*ast.InterfaceType); ok && methods(it) > maxInterface {
			found = append(found, s.at(spec.Pos(), "%s has %d methods, at most %d: compose it",
				spec.Name.Name, methods(it), maxInterface))
		}
		return true
	})
	return found
}

// methods counts what an interface declares itself; embedding small interfaces is how a big one is
// made.
func methods(it *ast.InterfaceType) (n int) {
	for _, field := range it.Methods.List {
		n += len(field.Names)
	}
	return n
}

func checkDocumented(s *source) (found []string) {
	if strings.HasSuffix(s.path, "_test.go") {
		return nil
	}
	for _, d := range s.file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			outer := d.Recv == nil || ast.IsExported(receiver(d))
			if d.Name.IsExported() && outer && d.Doc == nil && !wellKnown(d) {
				found = append(found, s.at(d.Pos(), "%s is exported without a comment", funcName(d)))
			}
		case *ast.GenDecl:
			found = append(found, undocumented(s, d)...)
		}
	}
	return found
}

// wellKnown reports methods whose meaning is fixed by an interface of the standard library.
func wellKnown(f *ast.FuncDecl) bool {
	return f.Recv != nil && slices.Contains([]string{"String", "GoString", "Format", "Error",
		"Unwrap", "Is", "As", "LogValue", "MarshalJSON", "MarshalText", "UnmarshalJSON",
		"UnmarshalText", "ServeHTTP", "Enabled", "Handle", "WithAttrs", "WithGroup",
		"Len", "Less", "Swap", "Read", "Write", "Close", "Scan", "Value"}, f.Name.Name)
}

// undocumented finds exported types, constants and variables that neither the group nor their own
// line explains.
func undocumented(s *source, d *ast.GenDecl) (found []string) {
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if spec.Name.IsExported() && d.Doc == nil && spec.Doc == nil && spec.Comment == nil {
				found = append(found, s.at(spec.Pos(), "%s is exported without a comment", spec.Name))
			}
		case *ast.ValueSpec:
			if spec.Names[0].IsExported() && d.Doc == nil && spec.Doc == nil && spec.Comment == nil {
				found = append(found, s.at(spec.Pos(), "%s is exported without a comment", spec.Names[0]))
			}
		}
	}
	return found
}

// confidential matches the last word of names that hold something an attacker would like to guess.
var confidential = regexp.MustCompile(`(?i)(mac|signature|hash|token|secret|apikey|pagekey|csrf)$`)

// checkSecrets refuses comparisons that stop at the first different byte: their duration tells how
// much of a guess was right. hmac.Equal and subtle.ConstantTimeCompare are the way.
func checkSecrets(s *source) (found []string) {
	if s.isTest() {
		return nil
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		var operands []ast.Expr
		switch n := n.(type) {
		case *ast.BinaryExpr:
			if n.Op == token.EQL || n.Op == token.NEQ {
				operands = []ast.Expr{n.X, n.Y}
			}
		case *ast.CallExpr:
			if isCall(n, "bytes.Equal", "bytes.Compare", "slices.Equal", "strings.Compare",
				"strings.EqualFold", "reflect.DeepEqual") {
				operands = n.Args
			}
		}
		if len(operands) == 2 && leaks(operands) && publicComparisons[s.path+": "+s.render(n)] == "" {
			found = append(found, s.at(n.Pos(), "%s: compare secrets with crypto/subtle or hmac.Equal",
				s.render(n)))
		}
		return true
	})
	return found
}

// leaks reports whether a comparison has a secret on one side and something unknown on the other;
// asking whether a secret is there at all tells nothing about it.
func leaks(operands []ast.Expr) bool {
	for i, x := range operands {
		other := operands[1-i]
		if lit, ok := other.(*ast.BasicLit); ok && (lit.Value == `""` || lit.Kind != token.STRING) {
			continue
		}
		if id, ok := other.(*ast.Ident); ok && id.Name == "nil" {
			continue
		}
		if confidential.MatchString(lastName(x)) {
			return true
		}
	}
	return false
}

// lastName returns the word by which an expression is known: b in a.b, a.b[:], a.b() and string(b).
func lastName(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.SelectorExpr:
		return x.Sel.Name
	case *ast.SliceExpr:
		return lastName(x.X)
	case *ast.ParenExpr:
		return lastName(x.X)
	case *ast.StarExpr:
		return lastName(x.X)
	case *ast.CallExpr:
		if id, ok := x.Fun.(*ast.Ident); ok && id.Name == "string" && len(x.Args) == 1 {
			return lastName(x.Args[0])
		}
		if id, ok := x.Fun.(*ast.Ident); ok && id.Name == "len" {
			return ""
		}
		return lastName(x.Fun)
	}
	return ""
}

// isCall reports whether a call is of one of the functions, given as package.Name.
func isCall(call *ast.CallExpr, names ...string) bool {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	x, ok := sel.X.(*ast.Ident)
	return ok && slices.Contains(names, x.Name+"."+sel.Sel.Name)
}

// render returns the source text of a node.
func (s *source) render(n ast.Node) string {
	return string(s.text[s.fset.Position(n.Pos()).Offset:s.fset.Position(n.End()).Offset])
}

// sqlArgument is the place of the SQL text among the arguments of the engine seam's methods.
var sqlArgument = map[string]int{"Query": 1, "QueryRow": 1, "Exec": 1, "Queue": 0}

// checkSQL refuses statements that are put together when they run: values travel as arguments. The
// seam itself passes on the text it is given.
func checkSQL(s *source) (found []string) {
	if s.isTest() || !s.in("internal/store", "internal/rail") || s.in(sqlEngineRoom) {
		return nil
	}
	made := assembledNames(s.file)
	ast.Inspect(s.file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		i, ok := sqlArgument[sel.Sel.Name]
		if !ok || i >= len(call.Args) || !assembled(call.Args[i], made) {
			return true
		}
		if assembledSQL[s.path+": "+s.render(call.Args[i])] == "" {
			found = append(found, s.at(call.Pos(), "SQL put together at run time: %s",
				s.render(call.Args[i])))
		}
		return true
	})
	return found
}

// assembledNames lists the variables of a file that are ever given an assembled text.
func assembledNames(file *ast.File) map[string]bool {
	made := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		as, ok := n.(*ast.AssignStmt)
		if !ok || len(as.Lhs) != len(as.Rhs) {
			return true
		}
		for i, left := range as.Lhs {
			if id, ok := left.(*ast.Ident); ok &&
				(as.Tok == token.ADD_ASSIGN || assembled(as.Rhs[i], made)) {
				made[id.Name] = true
			}
		}
		return true
	})
	return made
}

// assembled reports whether an expression is made by a call or from a variable that is. Joining
// literals and constants is fine: their text is fixed when the program is built.
func assembled(x ast.Expr, made map[string]bool) bool {
	switch x := x.(type) {
	case *ast.Ident:
		return made[x.Name]
	case *ast.ParenExpr:
		return assembled(x.X, made)
	case *ast.BinaryExpr:
		return assembled(x.X, made) || assembled(x.Y, made)
	case *ast.CallExpr:
		return true
	}
	return false
}

// unwritten matches what no file may contain: paths of somebody's machine and notes to oneself.
// The expressions are put together so that they do not find themselves.
var unwritten = map[string]*regexp.Regexp{
	"a path of one machine": regexp.MustCompile(
		`(^|[^\w.~\-/}])/(` + strings.Join([]string{"work", "farm", "root", "home"}, "|") + `)\b`),
	"a note to oneself": regexp.MustCompile(
		`\b(` + strings.Join([]string{"TO" + "DO", "FIX" + "ME", "HA" + "CK"}, "|") + `)\b`),
}

func TestTidy_NothingLeftLying(t *testing.T) {
	walk(t, func(name string) {
		if slices.Contains([]string{".git", "go.sum", "e2e/package-lock.json"}, name) {
			return
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.IndexByte(text[:min(len(text), binaryProbe)], 0) >= 0 {
			return
		}
		for _, finding := range leftLying(name, string(text)) {
			t.Error(finding)
		}
	})
}

func leftLying(name, text string) (found []string) {
	for i, line := range strings.Split(text, "\n") {
		for what, re := range unwritten {
			if hit := re.FindString(line); hit != "" {
				found = append(found, fmt.Sprintf("%s:%d: %s: %q", name, i+1, what, hit))
			}
		}
	}
	return found
}
