package sim

import (
	"crypto/sha256"
	"crypto/sha512"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed asset
var assetFiles embed.FS

// The files of these pages.
const (
	styleName = "bank.css"
	iconName  = "icon.svg"
)

// policy is the Content-Security-Policy of these pages: our own style and pictures, no script at
// all, no frame around us, no form to anywhere else.
const policy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; " +
	"frame-ancestors 'none'; base-uri 'none'; object-src 'none'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'"

func securityHeaders(baseURL string) [][2]string {
	headers := [][2]string{
		{"Content-Security-Policy", policy},
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
	return headers
}

func (p *Pages) secure(w http.ResponseWriter) {
	for _, h := range p.headers {
		w.Header().Set(h[0], h[1])
	}
}

// link is how a page refers to a file. Integrity makes the browser refuse any other content.
type link struct{ URL, Integrity string }

// asset is a file of these pages, kept under its own name and, for serving, under the name with
// the hash of its content, which never changes and is cached for good.
type asset struct {
	link
	kind string
	body []byte
}

func loadAssets() map[string]asset {
	all := map[string]asset{}
	for name, kind := range map[string]string{
		styleName: "text/css; charset=utf-8", iconName: "image/svg+xml",
	} {
		body, err := assetFiles.ReadFile("asset/" + name)
		if err != nil {
			panic(err) // the file is part of the program
		}
		sum, strong := sha256.Sum256(body), sha512.Sum384(body)
		ext := path.Ext(name)
		full := strings.TrimSuffix(name, ext) + "-" + hex.EncodeToString(sum[:8]) + ext
		a := asset{
			link: link{
				URL:       assetPath + full,
				Integrity: "sha384-" + base64.StdEncoding.EncodeToString(strong[:]),
			},
			kind: kind, body: body,
		}
		all[name], all[full] = a, a
	}
	return all
}

func (p *Pages) asset(w http.ResponseWriter, r *http.Request) {
	a, ok := p.assets[r.PathValue("name")]
	if !ok {
		p.message(w, r, http.StatusNotFound, unknown)
		return
	}
	p.secure(w)
	h := w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("Cache-Control", "no-cache")
	if strings.HasSuffix(a.URL, "/"+r.PathValue("name")) {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	_, _ = w.Write(a.body)
}
