package hosted

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/sha512"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed asset
var assetFiles embed.FS

// assetPath is where the page's own files are served. A file's name contains the hash of its
// content, so it never changes and is cached for good.
const assetPath = "/checkout/assets/"

// How long browsers keep a file: for good under a name with its hash, for an hour under one that
// never changes.
const (
	hashedKept = "public, max-age=31536000, immutable"
	scriptKept = "public, max-age=3600"
)

const hashLength = 16 // hexadecimal digits of the content's hash in a name

var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// asset is one file, plain and compressed.
type asset struct {
	kind       string // content type
	etag       string // without quotes
	plain, zip []byte
}

// link is how a page refers to a file. Integrity makes the browser refuse any other content.
type link struct {
	URL       string
	Integrity string
}

type assets struct {
	files map[string]*asset // by name with hash
	links map[string]link   // by name as in the source
}

// newAssets compresses every file once, when the program starts.
func newAssets() (*assets, error) {
	all := &assets{files: map[string]*asset{}, links: map[string]link{}}
	entries, err := assetFiles.ReadDir("asset")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		body, err := assetFiles.ReadFile("asset/" + e.Name())
		if err != nil {
			return nil, err
		}
		if err := all.add(e.Name(), body); err != nil {
			return nil, fmt.Errorf("asset %s: %w", e.Name(), err)
		}
	}
	return all, nil
}

func (a *assets) add(name string, body []byte) error {
	zip, err := compress(body)
	if err != nil {
		return err
	}
	ext := path.Ext(name)
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])[:hashLength]
	full := strings.TrimSuffix(name, ext) + "-" + hash + ext
	strong := sha512.Sum384(body)
	a.files[full] = &asset{kind: contentTypes[ext], etag: hash, plain: body, zip: zip}
	a.links[name] = link{
		URL:       assetPath + full,
		Integrity: "sha384-" + base64.StdEncoding.EncodeToString(strong[:]),
	}
	return nil
}

func compress(body []byte) ([]byte, error) {
	var buf bytes.Buffer
	w, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(body); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil { // writes the end of the file
		return nil, err
	}
	return buf.Bytes(), nil
}

// serve answers a request for the file and reports whether there is one.
func (a *assets) serve(w http.ResponseWriter, r *http.Request, name string) bool {
	f, ok := a.files[name]
	if !ok || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	f.send(w, r, hashedKept)
	return true
}

// send answers with the file, to be kept as the header says.
func (f *asset) send(w http.ResponseWriter, r *http.Request, kept string) {
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", kept)
	h.Set("Vary", "Accept-Encoding")
	body, etag := f.plain, `"`+f.etag+`"`
	if acceptsGzip(r.Header.Get("Accept-Encoding")) {
		body, etag = f.zip, `"`+f.etag+`-gzip"`
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("ETag", etag)
	if strings.Contains(r.Header.Get("If-None-Match"), etag) {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(body)
	}
}

// acceptsGzip reads an Accept-Encoding header, RFC 9110, section 12.5.3.
func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		coding, params, _ := strings.Cut(part, ";")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			q := strings.TrimPrefix(strings.ReplaceAll(params, " ", ""), "q=")
			weight, err := strconv.ParseFloat(q, 64)
			return q == "" || err == nil && weight > 0
		}
	}
	return false
}

// CSS is the one style sheet of the page.
func (a *assets) CSS() link { return a.links["checkout.css"] }

// named returns a file by its name as in the source.
func (a *assets) named(name string) *asset {
	return a.files[strings.TrimPrefix(a.links[name].URL, assetPath)]
}

// Script is the one script of the page.
func (a *assets) Script() link { return a.links["checkout.js"] }

// Icon is the picture in the browser's tab.
func (a *assets) Icon() link { return a.links["icon.svg"] }
