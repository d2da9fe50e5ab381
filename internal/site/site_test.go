package site_test

import (
	"crypto/sha512"
	"encoding/base64"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/kassa-pay/kassa/internal/site"
)

func load() *site.Assets {
	return site.Load("/x/assets/", fstest.MapFS{
		"asset/x.css":  {Data: []byte(".x{}")},
		"asset/x.svg":  {Data: []byte("<svg/>")},
		"other/no.svg": {Data: []byte("<svg/>")},
	}, "asset")
}

func TestAssets_ServesWhatThePageExpects(t *testing.T) {
	a := load()
	for name, kind := range map[string]string{
		"x.css": "text/css; charset=utf-8", "x.svg": "image/svg+xml",
		site.Script: "text/javascript; charset=utf-8",
	} {
		l := a.Link(name)
		full, below := strings.CutPrefix(l.URL, "/x/assets/")
		if !below || full == name {
			t.Fatalf("%s is linked as %q", name, l.URL)
		}
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
		if !a.Serve(w, r, full) {
			t.Fatalf("%s is not served", full)
		}
		sum := sha512.Sum384(w.Body.Bytes())
		if want := "sha384-" + base64.StdEncoding.EncodeToString(sum[:]); l.Integrity != want {
			t.Errorf("%s: integrity %q, want %q", name, l.Integrity, want)
		}
		if got := w.Header().Get("Content-Type"); got != kind {
			t.Errorf("%s: %q", name, got)
		}
		if got := w.Header().Get("Cache-Control"); !strings.Contains(got, "immutable") {
			t.Errorf("%s: Cache-Control %q", name, got)
		}
		plain := httptest.NewRecorder()
		if !a.Serve(plain, r, name) || strings.Contains(plain.Header().Get("Cache-Control"), "immut") {
			t.Errorf("%s under its own name: %q", name, plain.Header().Get("Cache-Control"))
		}
	}
	r := httptest.NewRequest("GET", "/", nil)
	if a.Serve(httptest.NewRecorder(), r, "no.svg") || a.Link("no.svg").URL != "" {
		t.Error("a file of another folder is served")
	}
}

func TestAssets_EveryStyleStandsOnTheBase(t *testing.T) {
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	load().Serve(w, r, "x.css")
	if css := w.Body.String(); !strings.HasPrefix(css, ":root") || !strings.HasSuffix(css, ".x{}") ||
		!strings.Contains(css, ".menu") {
		t.Error("the shared styles are not in front")
	}
	alone := site.LoadOwn("/y/", fstest.MapFS{"asset/y.css": {Data: []byte(".y{}")}}, "asset")
	style := httptest.NewRecorder()
	alone.Serve(style, r, strings.TrimPrefix(alone.Link("y.css").URL, "/y/"))
	if css := style.Body.String(); !strings.HasPrefix(css, ":root") ||
		!strings.HasSuffix(css, ".y{}") || strings.Contains(css, ".menu") {
		t.Error("the base style is not in front, or there is more than that")
	}
	if alone.Serve(httptest.NewRecorder(), r, "y.css") || alone.Link(site.Script).URL != "" {
		t.Error("a room of its own gets what plain pages get")
	}
	if strings.Contains(w.Body.String(), "url(") || strings.Contains(w.Body.String(), "@import") {
		t.Error("the base style loads something")
	}
}

func TestShield_Ours(t *testing.T) {
	s := site.NewShield("http://127.0.0.1:8080")
	tests := map[string]struct {
		header map[string]string
		want   bool
	}{
		"own page":      {map[string]string{"Sec-Fetch-Site": "same-origin"}, true},
		"older browser": {map[string]string{"Origin": "http://127.0.0.1:8080"}, true},
		"silent":        {nil, false},
		"null":          {map[string]string{"Origin": "null"}, false},
		"neighbour":     {map[string]string{"Sec-Fetch-Site": "same-site"}, false},
		"stranger":      {map[string]string{"Origin": "https://evil.test"}, false},
	}
	for name, test := range tests {
		r := httptest.NewRequest("POST", "http://127.0.0.1:8080/", nil)
		for k, v := range test.header {
			r.Header.Set(k, v)
		}
		if got := s.Ours(r); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestShield_AtHome(t *testing.T) {
	s := site.NewShield("https://Pay.example")
	for host, want := range map[string]bool{
		"pay.example": true, "PAY.example": true, "pay.example:8443": false, "evil.test": false,
		"": false, "pay.example.evil.test": false,
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = host
		if got := s.AtHome(r); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
}

func TestShield_Headers(t *testing.T) {
	for base, hsts := range map[string]bool{"https://pay.example": true, "http://127.0.0.1": false} {
		s := site.NewShield(base)
		strict, scripted := httptest.NewRecorder(), httptest.NewRecorder()
		s.Strict(strict)
		s.Scripted(scripted)
		if got := strict.Header().Get("Strict-Transport-Security") != ""; got != hsts {
			t.Errorf("%s: HSTS %v", base, got)
		}
		if strings.Contains(strict.Header().Get("Content-Security-Policy"), "script-src") {
			t.Error("a strict answer may run a script")
		}
		if csp := scripted.Header().Get("Content-Security-Policy"); !strings.Contains(csp,
			"script-src 'self'; connect-src 'self'") || strings.Contains(csp, "unsafe") {
			t.Errorf("policy: %s", csp)
		}
	}
}

func TestVersion_DiffersWithWhatItIsOf(t *testing.T) {
	type page struct{ Text string }
	a, b := site.Version(page{"a"}), site.Version(page{"b"})
	if a == b || a == "" || a != site.Version(page{"a"}) {
		t.Errorf("versions %q and %q", a, b)
	}
}
