package demo

import (
	"embed"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
)

// The shop's own source: what the pages show as Go is what runs.
var (
	//go:embed kassa.go verify.go
	source embed.FS
	//go:embed code
	snippets embed.FS
)

// The address and the key that the snippets are written with.
const (
	writtenAddress = "http://127.0.0.1:8080"
	writtenKey     = "sk_test_demo"
)

// step is one thing a shop does, in code.
type step struct {
	ID, Title, Text string
	Code            []sample
}

// sample is a step in one language.
type sample struct{ Language, Text string }

// plan names where the code of a step is: functions of a Go file, and snippets.
type plan struct {
	id, title, text string
	file            string
	funcs           []string
	node, curl      string
}

var (
	shopPlans = []plan{
		{"subscribe", "Register a webhook", "Once. The answer has the secret that signs what " +
			"Kassa sends.", "kassa.go", []string{"subscribe"}, "subscribe.mjs", "subscribe.sh"},
		{"open", "Open a session and send the buyer to its url", "For each order, with the " +
			"order’s id as idempotency key.", "kassa.go", []string{"openSession"}, "open.mjs",
			"open.sh"},
	}
	orderPlans = []plan{
		{"verify", "Verify a webhook", "Over the raw body, in constant time. One of the two " +
			"signatures is enough; this shop checks both.", "verify.go",
			[]string{"verifyPayGate", "verifyStandard", "sign", "anyEqual", "fresh"}, "verify.mjs",
			""},
		{"look", "Look the session up", "Instead of a webhook, or besides: when the buyer comes " +
			"back, ask.", "kassa.go", []string{"lookUp"}, "look.mjs", "look.sh"},
	}
)

// steps reads the code of the plans, for the API at an address with a key.
func steps(plans []plan, api, key string) []step {
	here := strings.NewReplacer(writtenAddress, api, writtenKey, key)
	out := make([]step, len(plans))
	for i, p := range plans {
		out[i] = step{ID: p.id, Title: p.title, Text: p.text}
		out[i].Code = append(out[i].Code, sample{"Go", functions(p.file, p.funcs)})
		out[i].Code = append(out[i].Code, sample{"Node.js", here.Replace(snippet(p.node))})
		if p.curl != "" {
			out[i].Code = append(out[i].Code, sample{"curl", here.Replace(snippet(p.curl))})
		}
	}
	return out
}

// snippet returns a file as it is; the files are part of the program.
func snippet(name string) string {
	text, err := snippets.ReadFile("code/" + name)
	if err != nil {
		panic(err)
	}
	return strings.TrimSpace(string(text))
}

// functions returns the source of functions of a file, in the order of the names.
func functions(file string, names []string) string {
	text, err := source.ReadFile(file)
	if err != nil {
		panic(err)
	}
	fset := token.NewFileSet()
	parsed, err := parser.ParseFile(fset, file, text, parser.ParseComments)
	if err != nil {
		panic(err)
	}
	found := map[string]string{}
	for _, d := range parsed.Decls {
		if f, ok := d.(*ast.FuncDecl); ok {
			from := f.Pos()
			if f.Doc != nil {
				from = f.Doc.Pos()
			}
			found[f.Name.Name] = string(text[fset.Position(from).Offset:fset.Position(f.End()).Offset])
		}
	}
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = strings.ReplaceAll(found[name], "\t", "    ")
	}
	return strings.Join(all, "\n\n")
}
