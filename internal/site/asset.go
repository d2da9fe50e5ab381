package site

import (
	"crypto/sha256"
	"crypto/sha512"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed asset
var own embed.FS

// The files that every room gets.
const (
	Script    = "live.js"  // keeps [data-live] up to date; see the file
	baseStyle = "base.css" // stands before every style sheet of a room
)

const hashLength = 16 // hexadecimal digits of the content's hash in a name

var kinds = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// Link is how a page refers to a file. Integrity makes the browser refuse any other content.
type Link struct{ URL, Integrity string }

type asset struct {
	Link
	kind string
	body []byte
}

// Assets are the files of one room: its own and the shared ones. A file is served under the name
// with the hash of its content, which never changes and is cached for good, and under its own name.
type Assets struct {
	prefix string
	all    map[string]asset
}

// Load reads the files of a folder, which are served below prefix. It panics when it cannot: the
// files are part of the program.
func Load(prefix string, files fs.FS, dir string) *Assets {
	a := &Assets{prefix: prefix, all: map[string]asset{}}
	a.add(Script, read(own, "asset/"+Script))
	entries, err := fs.ReadDir(files, dir)
	if err != nil {
		panic(err)
	}
	for _, e := range entries {
		body := read(files, dir+"/"+e.Name())
		if path.Ext(e.Name()) == ".css" {
			body = append(read(own, "asset/"+baseStyle), body...)
		}
		a.add(e.Name(), body)
	}
	return a
}

func read(files fs.FS, name string) []byte {
	body, err := fs.ReadFile(files, name)
	if err != nil {
		panic(err)
	}
	return body
}

func (a *Assets) add(name string, body []byte) {
	sum, strong := sha256.Sum256(body), sha512.Sum384(body)
	ext := path.Ext(name)
	full := strings.TrimSuffix(name, ext) + "-" + hex.EncodeToString(sum[:])[:hashLength] + ext
	f := asset{
		Link: Link{
			URL:       a.prefix + full,
			Integrity: "sha384-" + base64.StdEncoding.EncodeToString(strong[:]),
		},
		kind: kinds[ext], body: body,
	}
	a.all[name], a.all[full] = f, f
}

// Link returns how a page refers to a file, by the name it has in the source.
func (a *Assets) Link(name string) Link { return a.all[name].Link }

// Serve answers with the file and reports whether there is one.
func (a *Assets) Serve(w http.ResponseWriter, name string) bool {
	f, ok := a.all[name]
	if !ok {
		return false
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", "no-cache")
	if f.URL == a.prefix+name {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	h.Set("Content-Length", strconv.Itoa(len(f.body)))
	_, _ = w.Write(f.body)
	return true
}
