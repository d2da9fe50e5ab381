package kassa_test

import (
	"strings"
	"testing"
)

// A proof is a file that one rule must refuse, or, when want is empty, must leave alone.
type proof struct {
	rule, name, path, code, want string
}

var proofs = []proof{
	{"imports", "family sees store", "internal/api/checkout/x.go",
		`import "github.com/kassa-pay/kassa/internal/store"`, "may not import internal/store"},
	{"imports", "family sees family", "internal/api/checkout/x.go",
		`import "github.com/kassa-pay/kassa/internal/api/wpay"`, "may not import internal/api/wpay"},
	{"imports", "core sees rail", "internal/pay/x.go",
		`import "github.com/kassa-pay/kassa/internal/rail"`, "may not import internal/rail"},
	{"imports", "rail sees store", "internal/rail/card/x.go",
		`import "github.com/kassa-pay/kassa/internal/store"`, "may not import internal/store"},
	{"imports", "leaf sees leaf", "internal/money/x.go",
		`import "github.com/kassa-pay/kassa/internal/ident"`, "may not import internal/ident"},
	{"imports", "product sees test room", "internal/server/x.go",
		`import "github.com/kassa-pay/kassa/internal/paytest"`, "is for tests only"},
	{"imports", "unknown room", "internal/util/x.go", "", "not in the import plan"},
	{"imports", "family sees core", "internal/api/checkout/x.go",
		`import "github.com/kassa-pay/kassa/internal/pay"`, ""},
	{"imports", "tests see everything", "internal/pay/x_test.go",
		`import "github.com/kassa-pay/kassa/internal/store"`, ""},
	{"foreign", "driver in the store", "internal/store/x.go",
		`import "github.com/jackc/pgx/v5"`, "belongs to [internal/store/sqldb bench]"},
	{"foreign", "HTTP in the core", "internal/pay/x.go",
		"import \"net/http\"\nvar s = http.StatusOK", "core never sees net/http.StatusOK"},
	{"foreign", "a header in the core", "internal/pay/x.go",
		"import \"net/http\"\nvar h http.Header", ""},
	{"calls", "clock", "internal/pay/x.go",
		"import \"time\"\nvar now = time.Now", "time.Now: the clock is injected"},
	{"calls", "clock under another name", "internal/pay/x.go",
		"import clock \"time\"\nvar now = clock.Now()", "time.Now"},
	{"calls", "waiting", "internal/hosted/x.go",
		"import \"time\"\nfunc f() { time.Sleep(1) }", "only rooms with loops wait"},
	{"calls", "randomness", "internal/rail/card/x.go", `import "crypto/rand"`, "randomness"},
	{"calls", "environment", "internal/store/x.go",
		"import \"os\"\nvar e = os.Getenv(\"A\")", "the environment is read once"},
	{"calls", "shared client", "internal/server/x.go",
		"import \"net/http\"\nvar c = http.DefaultClient", "built with limits"},
	{"calls", "dialling", "internal/rail/card/x.go",
		"import \"net\"\nvar d = net.Dialer{}", "guarded dialer"},
	{"calls", "clock in a test", "internal/pay/x_test.go",
		"import \"time\"\nvar now = time.Now()", ""},
	{"calls", "clock in its room", "internal/server/x.go",
		"import \"time\"\nvar now = time.Now", ""},
	{"goroutines", "in the core", "internal/pay/x.go", "func f() { go f() }", "go statement"},
	{"goroutines", "in the worker", "internal/worker/x.go", "func f() { go f() }", ""},
	{"columns", "too long", "internal/pay/x.go", "// " + strings.Repeat("a", 98), "101 columns"},
	{"columns", "just fits", "internal/pay/x.go", "// " + strings.Repeat("é", 97), ""},
	{"file size", "too long", "internal/pay/x.go", strings.Repeat("\n", 501), "at most 500"},
	{"signatures", "five parameters", "internal/pay/x.go", "func f(a, b, c, d, e int) {}", "5 param"},
	{"signatures", "context is free", "internal/pay/x.go",
		"import \"context\"\nfunc f(x context.Context, a, b, c, d int) {}", ""},
	{"interfaces", "nine methods", "internal/pay/x.go",
		"type i interface { a(); b(); c(); d(); e(); f(); g(); h(); i() }", "9 methods"},
	{"documented", "function", "internal/pay/x.go", "func F() {}", "F is exported without"},
	{"documented", "method", "internal/pay/x.go", "type T int // T.\nfunc (t *T) F() {}", "T.F"},
	{"documented", "constant", "internal/pay/x.go", "const (\n\tC = 1\n)", "C is exported without"},
	{"documented", "hidden type", "internal/pay/x.go", "type t int\nfunc (t) F() {}", ""},
	{"secrets", "equals", "internal/api/wire/x.go",
		"func f(a, wantMAC string) bool { return a == wantMAC }", "compare secrets with"},
	{"secrets", "bytes", "internal/webhook/x.go",
		"import \"bytes\"\nfunc f(k struct{ Hash []byte }) bool { return bytes.Equal(nil, k.Hash[:]) }",
		""},
	{"secrets", "bytes of both", "internal/webhook/x.go",
		"import \"bytes\"\nfunc f(a, pageHash []byte) bool { return bytes.Equal(a, pageHash[:]) }",
		"compare secrets with"},
	{"secrets", "converted", "internal/webhook/x.go",
		"func f(a string, token []byte) bool { return string(token) != a }", "compare secrets with"},
	{"secrets", "fixed token", "internal/webhook/x.go",
		`func f(token string) bool { return token == "letmein" }`, "compare secrets with"},
	{"secrets", "presence", "internal/webhook/x.go",
		`func f(token string, hash []byte) bool { return token == "" || hash == nil }`, ""},
	{"secrets", "length", "internal/webhook/x.go",
		`func f(hash []byte, n int) bool { return len(hash) == n }`, ""},
	{"sql", "formatted", "internal/store/x.go",
		"import \"fmt\"\nfunc f(x q) { x.Query(nil, fmt.Sprintf(\"a %s\", \"b\")) }", "put together"},
	{"sql", "formatted before", "internal/store/x.go",
		"import \"fmt\"\nfunc f(x q) { s := fmt.Sprint(1); x.Queue(s) }", "put together"},
	{"sql", "joined", "internal/store/x.go",
		"func f(x q, v string) { s := \"a\"; s += v; x.Exec(nil, s+\"b\") }", "put together"},
	{"sql", "constants joined", "internal/store/x.go",
		"const c = \"a\"\nfunc f(x q) { x.Exec(nil, \"select \" + c, f) }", ""},
}

func TestTidy_RulesBite(t *testing.T) {
	proved := map[string]bool{}
	for _, p := range proofs {
		t.Run(p.rule+"/"+p.name, func(t *testing.T) {
			s, err := parse(p.path, []byte("package x\n"+p.code+"\n"))
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(rules[p.rule](s), "\n")
			if p.want == "" && got != "" {
				t.Errorf("refused: %s", got)
			}
			if !strings.Contains(got, p.want) {
				t.Errorf("got %q, want something with %q", got, p.want)
			}
			proved[p.rule] = proved[p.rule] || got != ""
		})
	}
	for name := range rules {
		if !proved[name] {
			t.Errorf("rule %q has never refused anything", name)
		}
	}
}

func TestTidy_LeftLyingBites(t *testing.T) {
	for text, refused := range map[string]bool{
		"cd /" + "work/main":        true,
		"see /" + "root/x":          true,
		"// TO" + "DO: later":       true,
		"internal/worker/doc.go":    false,
		"~/work and a/work/b":       false,
		"the mastodon roams /works": false,
	} {
		if got := len(leftLying("x", text)) > 0; got != refused {
			t.Errorf("%q: refused %v, want %v", text, got, refused)
		}
	}
}
