package server_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// message is a webhook as a receiver sees it.
type message struct {
	Secret  string            `json:"secret"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
}

// TestWpay_TheGuideVerifiesWebhooks runs the example of the guide on a message that was really
// sent, with the secret that the protocol shows.
func TestWpay_TheGuideVerifiesWebhooks(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed")
	}
	l := serve(t, devConfig(t.TempDir()))
	sent := make(chan message, 10)
	box := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		m := message{Headers: map[string]string{}, Body: string(body)}
		for name := range r.Header {
			m.Headers[strings.ToLower(name)] = r.Header.Get(name)
		}
		sent <- m
	}))
	defer box.Close()
	l.buy(box.URL)
	var m message
	select {
	case m = <-sent:
	case <-time.After(patience):
		t.Fatal("nothing was sent")
	}
	l.wpay(http.MethodGet, "", "/webhook-secret", "").into(t, &m)
	var e struct{ EventID string }
	if err := json.Unmarshal([]byte(m.Body), &e); err != nil || m.Headers["webhook-id"] != e.EventID {
		t.Errorf("the message %s: %s, %v", m.Headers["webhook-id"], m.Body, err)
	}
	if got := verified(t, node, m); got != "true false false false" {
		t.Errorf("the example says %q of %+v", got, m)
	}
}

// verified runs the example on a message, on one with another body, on an old one, and with another
// secret.
func verified(t *testing.T, node string, m message) string {
	t.Helper()
	guide, err := os.ReadFile(filepath.Join("..", "..", "docs", "wpay.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(guide), "```js\n")
	example, _, found := strings.Cut(example, "```")
	if !found {
		t.Fatal("the guide has no example")
	}
	cmd := exec.Command(node, "--input-type=module", "--eval", example+`
		import { readFileSync } from "node:fs";
		const { secret, headers, body } = JSON.parse(readFileSync(0));
		console.log(verify(secret, headers, body), verify(secret, headers, body + " "),
			verify(secret, { ...headers, "webhook-timestamp": "1" }, body),
			verify("whsec_" + Buffer.alloc(32).toString("base64"), headers, body));`)
	in, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var failed bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), &failed
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, failed.String())
	}
	return strings.TrimSpace(string(out))
}
