package hosted

import (
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// The budget of a page with all it loads.
const (
	maxRequests = 4
	maxBytes    = 50 << 10
)

var assetLinks = regexp.MustCompile(
	`(?:href|src)="(/checkout/assets/[^"]+)"(?: integrity="([^"]+)")?`)

// TestBudget weighs every page with its files, as a browser with an empty cache gets them.
func TestBudget(t *testing.T) {
	for _, s := range settings() {
		v := openSession()
		s.setup(&v)
		h := handlerOf(newPages(t, &stage{view: v}))
		body := get(h, stagePath).Body
		requests, size := 1, body.Len()
		for _, m := range assetLinks.FindAllStringSubmatch(body.String(), -1) {
			w := get(h, m[1], "Accept-Encoding", "gzip, br")
			if w.Code != http.StatusOK || w.Header().Get("Content-Encoding") != "gzip" {
				t.Fatalf("%s: %d %v", m[1], w.Code, w.Header())
			}
			requests++
			size += w.Body.Len()
		}
		if requests > maxRequests || requests < 3 || size > maxBytes {
			t.Errorf("%s: %d requests, %d bytes", s.name, requests, size)
		}
		if s.name == "open" {
			t.Logf("the form: %d requests, %d bytes", requests, size)
		}
	}
}

// TestAssets_Integrity: the hash in the page is that of the bytes served, plain and compressed.
func TestAssets_Integrity(t *testing.T) {
	h := handlerOf(newPages(t, &stage{view: openSession()}))
	checked := 0
	for _, m := range assetLinks.FindAllStringSubmatch(get(h, stagePath).Body.String(), -1) {
		plain := get(h, m[1]).Body.Bytes()
		unzip, err := gzip.NewReader(get(h, m[1], "Accept-Encoding", "gzip").Body)
		if err != nil {
			t.Fatal(err)
		}
		unzipped, err := io.ReadAll(unzip)
		if err != nil || !bytes.Equal(unzipped, plain) || len(plain) == 0 {
			t.Errorf("%s: compressed and plain differ: %v", m[1], err)
		}
		if m[2] == "" {
			continue // the icon: browsers check scripts and styles alone
		}
		sum := sha512.Sum384(plain)
		want := "sha384-" + base64.StdEncoding.EncodeToString(sum[:])
		if got := strings.ReplaceAll(m[2], "&#43;", "+"); got != want {
			t.Errorf("%s: integrity %s, want %s", m[1], got, want)
		}
		checked++
	}
	if checked != 2 {
		t.Errorf("%d files have an integrity hash, want script and style", checked)
	}
}

func TestAssets_Headers(t *testing.T) {
	p := newPages(t, &stage{view: openSession()})
	h := handlerOf(p)
	name := p.assets.Script().URL
	for encoding, want := range map[string]string{
		"": "", "gzip": "gzip", "br, gzip;q=0.5": "gzip", "gzip;q=0": "", "GZIP": "gzip",
		"gzip;q=nonsense": "", "identity": "",
	} {
		w := get(h, name, "Accept-Encoding", encoding)
		if got := w.Header().Get("Content-Encoding"); got != want {
			t.Errorf("%q: encoding %q, want %q", encoding, got, want)
		}
		again := get(h, name, "Accept-Encoding", encoding, "If-None-Match", w.Header().Get("ETag"))
		if again.Code != http.StatusNotModified || again.Body.Len() != 0 {
			t.Errorf("%q: asked again: %d, %d bytes", encoding, again.Code, again.Body.Len())
		}
	}
	w := get(h, name)
	for header, want := range map[string]string{
		"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding",
		"Content-Type": "text/javascript; charset=utf-8", "X-Content-Type-Options": "nosniff",
		"Cross-Origin-Resource-Policy": "same-origin",
	} {
		if got := w.Header().Get(header); got != want {
			t.Errorf("%s: %q, want %q", header, got, want)
		}
	}
	for _, unknown := range []string{
		"checkout.js", "checkout-0000000000000000.js", "", "../pages.go", "%2e%2e/doc.go",
	} {
		if w := get(h, assetPath+unknown); w.Code == http.StatusOK {
			t.Errorf("%q is served", unknown)
		}
	}
}
