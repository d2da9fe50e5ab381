package openapi

import (
	"bytes"
	"compress/gzip"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"github.com/kassa-pay/kassa/internal/site"
)

//go:embed openapi.yaml
var description []byte

//go:embed collect.yaml
var collect []byte

//go:embed wpay.yaml
var wpay []byte

//go:embed page
var pageFiles embed.FS

//go:embed asset
var assetFiles embed.FS

// Where the page and its files are served.
const (
	pagePath  = "/docs"
	assetPath = pagePath + "/assets/"
	textPath  = "/openapi.yaml"

	collectPath = "/collect/openapi.yaml"
	wpayPath    = "/wpay/openapi.yaml"
)

// Document returns the description of the API, OpenAPI 3.1 in YAML.
func Document() []byte { return bytes.Clone(description) }

// Collect returns the description of the payment sessions API, OpenAPI 3.1 in YAML.
func Collect() []byte { return bytes.Clone(collect) }

// Wpay returns the description of the checkout sessions API for PayTo, OpenAPI 3.1 in YAML.
func Wpay() []byte { return bytes.Clone(wpay) }

// Pages serves the documents and the page that is drawn from the native one.
type Pages struct {
	shield *site.Shield
	assets *site.Assets
	page   body
	texts  map[string]body // by their path
}

const kindYAML = "application/yaml; charset=utf-8"

// body is an answer that never changes, plain and compressed.
type body struct {
	kind       string
	plain, zip []byte
}

// New draws the page. The examples on it go to baseURL, the installation's public origin.
func New(baseURL string) (*Pages, error) {
	p := &Pages{
		shield: site.NewShield(baseURL), assets: site.Load(assetPath, assetFiles, "asset"),
		texts: map[string]body{},
	}
	page, err := p.draw(baseURL)
	if err != nil {
		return nil, fmt.Errorf("API description: %w", err)
	}
	if p.page, err = newBody("text/html; charset=utf-8", page); err != nil {
		return nil, err
	}
	for path, text := range map[string][]byte{
		textPath: description, collectPath: collect, wpayPath: wpay,
	} {
		if p.texts[path], err = newBody(kindYAML, text); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *Pages) draw(baseURL string) ([]byte, error) {
	doc, err := document(description)
	if err != nil {
		return nil, err
	}
	m, err := read(doc, strings.TrimSuffix(baseURL, "/"))
	if err != nil {
		return nil, err
	}
	t, err := template.ParseFS(pageFiles, "page/*.html")
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = t.ExecuteTemplate(&out, "docs.html", struct {
		*manual
		CSS, Icon site.Link
	}{m, p.assets.Link("docs.css"), p.assets.Link("icon.svg")})
	return out.Bytes(), err
}

func newBody(kind string, plain []byte) (body, error) {
	var buf bytes.Buffer
	w, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	if err != nil {
		return body{}, err
	}
	if _, err := w.Write(plain); err != nil {
		return body{}, err
	}
	err = w.Close() // writes the end of the file
	return body{kind, plain, buf.Bytes()}, err
}

// Mount adds the routes to mux.
func (p *Pages) Mount(mux *http.ServeMux) {
	for path, text := range p.texts {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			p.serve(w, r, text)
		})
	}
	mux.HandleFunc("GET "+pagePath, func(w http.ResponseWriter, r *http.Request) {
		p.serve(w, r, p.page)
	})
	mux.HandleFunc("GET "+assetPath+"{name}", func(w http.ResponseWriter, r *http.Request) {
		p.shield.Strict(w)
		if !p.assets.Serve(w, r, r.PathValue("name")) {
			http.NotFound(w, r)
		}
	})
}

func (p *Pages) serve(w http.ResponseWriter, r *http.Request, b body) {
	p.shield.Strict(w)
	h := w.Header()
	h.Set("Content-Type", b.kind)
	h.Set("Cache-Control", "no-cache") // it changes with the program
	h.Set("Vary", "Accept-Encoding")
	out := b.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		out = b.zip
	}
	h.Set("Content-Length", strconv.Itoa(len(out)))
	_, _ = w.Write(out)
}
