package server_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/secret"
	"github.com/kassa-pay/kassa/internal/server"
)

// canaries are a card number and many security codes that nothing else makes.
type canaries struct {
	number string // American Express: its codes have four digits
	codes  []string
}

func newCanaries(n int) canaries {
	c := canaries{number: "371449635398431"}
	for i := range n {
		c.codes = append(c.codes, fmt.Sprintf("%04d", (i*7919+3571)%10000))
	}
	return c
}

// numbers are the forms in which a card number might lie around.
func (c canaries) numbers() []string {
	n := c.number
	forms := []string{n, n[:4] + " " + n[4:10] + " " + n[10:], n[:4] + "-" + n[4:10] + "-" + n[10:],
		n[:4] + "+" + n[4:10] + "+" + n[10:], hex.EncodeToString([]byte(n))}
	for lead := range 3 { // base64 has three ways to write what stands inside a longer text
		enc := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", lead) + n))
		forms = append(forms, enc[4*((lead+2)/3):len(enc)/4*4-4])
	}
	return forms
}

// search looks for the canaries in every file below a directory.
func (c canaries) search(t *testing.T, dir string) {
	t.Helper()
	var all [][]byte
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || d.Name() == "kassa.ballast" {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		all = append(all, b)
		for _, form := range c.numbers() {
			if bytes.Contains(b, []byte(form)) {
				t.Errorf("%s holds the card number as %q", path, form)
			}
		}
		return nil
	})
	if err != nil || len(all) < 2 {
		t.Fatalf("%d files, %v", len(all), err)
	}
	if found := c.codesIn(bytes.Join(all, nil)); found > len(c.codes)/4 {
		t.Errorf("%d of %d security codes are in the files", found, len(c.codes))
	}
}

// chance is where four digits turn up by themselves: times, ids, keys, durations.
var chance = regexp.MustCompile(
	`\d{4}-\d\d-\d\dT[0-9:.]+Z|[_:][0-9a-hjkmnp-tv-z]{26}|=[0-9a-f]{64}|took=\S+`)

// codesIn counts the security codes in a text. One or two turn up by chance; if codes were written,
// most of them would be there.
func (c canaries) codesIn(text []byte) int {
	found := 0
	text = chance.ReplaceAll(text, nil)
	for _, code := range c.codes {
		if bytes.Contains(text, []byte(code)) {
			found++
		}
	}
	return found
}

// TestCanary_FindsWhatIsThere shows that the search is not blind.
func TestCanary_FindsWhatIsThere(t *testing.T) {
	c := newCanaries(3)
	for _, text := range []string{
		`{"number":"371449635398431"}`, "3714 496353 98431", "number=3714+496353+98431",
		base64.StdEncoding.EncodeToString([]byte(`{"number":"371449635398431"}`)),
		base64.StdEncoding.EncodeToString([]byte(` {"number":"371449635398431"}`)),
		base64.StdEncoding.EncodeToString([]byte(`  {"number":"371449635398431"}`)),
	} {
		hit := false
		for _, form := range c.numbers() {
			hit = hit || strings.Contains(text, form)
		}
		if !hit {
			t.Errorf("not seen in %q", text)
		}
	}
	for _, form := range []string{`"cvc":"%s"`, "cvc=%s&", "%spay_06epj5gw2t0000000000000000"} {
		var text []byte
		for _, code := range c.codes {
			text = fmt.Appendf(text, form, code)
		}
		if found := c.codesIn(text); found != len(c.codes) {
			t.Errorf("%d codes seen in %q", found, text)
		}
	}
}

// TestCanary_ALifeLeavesNoCard lets a shop live through everything that can happen to a payment and
// then searches the log and every file of the server.
func TestCanary_ALifeLeavesNoCard(t *testing.T) {
	c := newCanaries(24)
	dir := t.TempDir()
	l := serve(t, devConfig(dir))
	sink := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer sink.Close()
	var endpoint struct{ Secret string }
	l.post("/v1/webhooks", `{"url":"`+sink.URL+`","events":["*"]}`).into(t, &endpoint)
	secrets := []string{server.DemoSecretKey + "x", endpoint.Secret, l.newKey()}
	for i, code := range c.codes {
		s := l.open()
		secrets = append(secrets, pageKey(t, s))
		switch i % 4 {
		case 0:
			l.payPage(s, c.number, code)
		case 1:
			l.payPage(s, c.number[:4]+" "+c.number[4:10]+" "+c.number[10:], code)
		case 2: // refused for its date, shown again, and paid
			l.post("/v1/test_helpers/sessions/"+s.ID+"/pay",
				strings.Replace(payBody(c.number, code), "2040", "2001", 1))
			l.post("/v1/test_helpers/sessions/"+s.ID+"/pay", payBody(c.number, code))
		case 3: // broken JSON, a wrong path, a number in the query
			l.post("/v1/test_helpers/sessions/"+s.ID+"/pay", payBody(c.number, code)+"}")
			l.get("/checkout/" + c.number + "?key=" + pageKey(t, s) + "&cvc=" + code)
			l.get("/v1/payments?number=" + c.number)
			l.get("/v1/payments/" + c.number)
		}
	}
	l.saveAndPayAgain(c)
	for _, bad := range []string{server.DemoSecretKey + "x", "sk_live_" + c.number} {
		req := l.request(http.MethodGet, "/v1/payments", "")
		req.Header.Set("Authorization", "Bearer "+bad)
		l.do(req)
	}
	if err := l.end(); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "log"), []byte(l.logs.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	c.search(t, dir)
	if strings.Count(l.logs.String(), "msg=request") < len(c.codes) {
		t.Errorf("the log says too little to be judged:\n%s", l.logs)
	}
	for _, s := range secrets {
		if len(s) < 10 || strings.Contains(l.logs.String(), s) {
			t.Errorf("the log shows the secret %q", s)
		}
	}
}

// saveAndPayAgain saves the card and pays with what is kept of it.
func (l *live) saveAndPayAgain(c canaries) {
	l.t.Helper()
	var customer struct{ ID string }
	l.post("/v1/customers", `{"email":"ama@example.com"}`).into(l.t, &customer)
	open := func() (s session) {
		l.post("/v1/checkout/sessions", strings.Replace(newSession, "{",
			`{"customer":"`+customer.ID+`","save_payment_method":"always",`, 1)).into(l.t, &s)
		return s
	}
	l.post("/v1/test_helpers/sessions/"+open().ID+"/pay", payBody(c.number, c.codes[0]))
	var saved struct{ Data []struct{ ID string } }
	l.get("/v1/payment_methods?customer="+customer.ID).into(l.t, &saved)
	if len(saved.Data) != 1 {
		l.t.Fatalf("the card was not saved: %+v", saved)
	}
	a := l.post("/v1/test_helpers/sessions/"+open().ID+"/pay",
		`{"payment_method":{"type":"saved","id":"`+saved.Data[0].ID+`"}}`)
	if a.status != http.StatusOK && a.status != http.StatusCreated {
		l.t.Fatalf("the saved card does not pay: %d %s", a.status, a.body)
	}
}

// newKey makes a random API key and uses it.
func (l *live) newKey() string {
	l.t.Helper()
	ctx := context.Background()
	core, err := server.Open(ctx, l.config, slogTo(l.logs))
	if err != nil {
		l.t.Fatal(err)
	}
	defer core.Close()
	var plain secret.String
	l.eventually("the server lets another process write", func() bool {
		_, plain, err = core.Pay.CreateKey(ctx, pay.NewKey{
			Scope: pay.Scope{MerchantID: server.DemoMerchant, Mode: pay.Test}, Kind: pay.SecretKey,
		})
		return err == nil
	})
	req := l.request(http.MethodGet, "/v1/payments", "")
	req.Header.Set("Authorization", "Bearer "+plain.Reveal())
	if a := l.do(req); a.status != http.StatusOK {
		l.t.Fatalf("a new key: %d %s", a.status, a.body)
	}
	return plain.Reveal()
}

func pageKey(t *testing.T, s session) string {
	t.Helper()
	_, key, ok := strings.Cut(s.URL, "key=")
	if !ok || len(key) < 32 {
		t.Fatalf("no page key in %s", s.URL)
	}
	return key
}

// TestCanary_AKillLeavesNoCard kills the real binary under payments and searches what it leaves.
func TestCanary_AKillLeavesNoCard(t *testing.T) {
	binary := buildBinary(t)
	for _, life := range []time.Duration{50, 150, 300} {
		c := newCanaries(16)
		dir := t.TempDir()
		logs, err := os.Create(filepath.Join(dir, "log"))
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(binary, "serve", "--dev", "--addr", "127.0.0.1:0", "--data", dir,
			"--log-level", "debug")
		words := &notes{said: make(chan struct{}), wants: "ready on "}
		said := words.said
		cmd.Stdout, cmd.Stderr = words, logs
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-said:
		case <-time.After(patience):
			t.Fatal("not ready")
		}
		_, rest, _ := strings.Cut(words.String(), "ready on ")
		l := &live{t: t, base: strings.Fields(rest)[0], logs: words}
		done := l.payAll(c)
		time.Sleep(life * time.Millisecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		done()
		logs.Close()
		c.search(t, dir)
	}
}

// payAll keeps paying with every code at once, until the server is gone.
func (l *live) payAll(c canaries) (wait func()) {
	var all sync.WaitGroup
	for _, code := range c.codes {
		all.Go(func() {
			for {
				a, err := send(l.request(http.MethodPost, "/v1/checkout/sessions", newSession))
				if err != nil {
					return
				}
				var s session
				a.into(l.t, &s)
				_, err = send(l.request(http.MethodPost, "/v1/test_helpers/sessions/"+s.ID+"/pay",
					payBody(c.number, code)))
				if err != nil {
					return
				}
			}
		})
	}
	return all.Wait
}

// buildBinary builds the product.
func buildBinary(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "kassa")
	build := exec.Command("go", "build", "-o", binary, "../../cmd/kassa")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}
