package site

import (
	"net/http"
	"net/url"
	"strings"
)

// strict is the Content-Security-Policy of a page without a script: our own style and pictures, no
// frame around us, no form to anywhere else.
const strict = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; " +
	"frame-ancestors 'none'; base-uri 'none'; object-src 'none'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'"

// scripted is strict with our own script, which may ask our own pages.
const scripted = strict + "; script-src 'self'; connect-src 'self'"

// Shield is how the pages of an installation protect themselves and their readers.
type Shield struct {
	base    string
	headers [][2]string
	cross   *http.CrossOriginProtection
}

// NewShield returns the shield of the installation whose public origin is baseURL.
func NewShield(baseURL string) *Shield {
	headers := [][2]string{
		{"X-Content-Type-Options", "nosniff"},
		// Not no-referrer: with it browsers send "Origin: null" with our own form.
		{"Referrer-Policy", "same-origin"},
		{"Cross-Origin-Opener-Policy", "same-origin"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
		{"Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
		{"X-Frame-Options", "DENY"},
		{"Cache-Control", "no-store"},
	}
	if strings.HasPrefix(baseURL, "https://") {
		headers = append(headers, [2]string{"Strict-Transport-Security", "max-age=31536000"})
	}
	return &Shield{base: baseURL, headers: headers, cross: http.NewCrossOriginProtection()}
}

// Strict sets the headers of an answer without a script.
func (s *Shield) Strict(w http.ResponseWriter) { s.set(w, strict) }

// Scripted sets the headers of a page with our own script.
func (s *Shield) Scripted(w http.ResponseWriter) { s.set(w, scripted) }

func (s *Shield) set(w http.ResponseWriter, policy string) {
	w.Header().Set("Content-Security-Policy", policy)
	for _, h := range s.headers {
		w.Header().Set(h[0], h[1])
	}
}

// Ours reports whether the browser says that the form came from our own page. One that says nothing
// is refused too: every browser that can show our page says something.
func (s *Shield) Ours(r *http.Request) bool {
	silent := r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == ""
	return !silent && s.cross.Check(r) == nil
}

// AtHome reports whether the request names the installation's own host. Pages that need no key must
// ask: otherwise another site whose name is made to point here could read them as its own.
func (s *Shield) AtHome(r *http.Request) bool {
	u, err := url.Parse(s.base)
	return err == nil && strings.EqualFold(u.Host, r.Host)
}
