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
	"slices"
	"strings"
)

//go:embed asset
var own embed.FS

// The files that rooms get.
const (
	Script     = "live.js"   // keeps [data-live] up to date; see the file
	baseStyle  = "base.css"  // stands before every style sheet
	plainStyle = "plain.css" // and after it, before those of plain pages
)

// How long browsers keep a file: for good under a name with its hash; under its own name they ask
// each time whether it is still the same.
const (
	hashedKept = "public, max-age=31536000, immutable"
	namedKept  = "no-cache"
)

const hashLength = 16 // hexadecimal digits of the content's hash in a name

var kinds = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// Link is how a page refers to a file. Integrity makes the browser refuse any other content.
type Link struct{ URL, Integrity string }

// Assets are the files of one room. A file is served under the name with the hash of its content,
// which never changes and is cached for good.
type Assets struct {
	prefix string
	links  map[string]Link
	files  map[string]*file // by the name they are served under
	named  map[string]*file // by the name they have in the source
}

// Load reads the files of a folder, for plain pages: with the script that all of those share, and
// each under its own name, too. They are served below prefix. It panics when it cannot: the files
// are part of the program.
func Load(prefix string, files fs.FS, dir string) *Assets {
	a := load(prefix, files, dir, baseStyle, plainStyle)
	a.add(Script, read(own, "asset/"+Script))
	for name, f := range a.named {
		a.files[name] = f
	}
	return a
}

// LoadOwn reads the files of a folder, for pages that share the base style and nothing else.
func LoadOwn(prefix string, files fs.FS, dir string) *Assets {
	return load(prefix, files, dir, baseStyle)
}

// load reads a folder with the shared styles before each of its own.
func load(prefix string, files fs.FS, dir string, styles ...string) *Assets {
	a := &Assets{
		prefix: prefix, links: map[string]Link{}, files: map[string]*file{}, named: map[string]*file{},
	}
	entries, err := fs.ReadDir(files, dir)
	if err != nil {
		panic(err)
	}
	for _, e := range entries {
		body := read(files, dir+"/"+e.Name())
		if path.Ext(e.Name()) == ".css" {
			for _, name := range slices.Backward(styles) {
				body = append(read(own, "asset/"+name), body...)
			}
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
	ext, hash := path.Ext(name), hex.EncodeToString(sum[:])[:hashLength]
	full := strings.TrimSuffix(name, ext) + "-" + hash + ext
	a.links[name] = Link{
		URL:       a.prefix + full,
		Integrity: "sha384-" + base64.StdEncoding.EncodeToString(strong[:]),
	}
	f := newFile(kinds[ext], hash, body)
	a.files[full], a.named[name] = f, f
}

// Link returns how a page refers to a file, by the name it has in the source.
func (a *Assets) Link(name string) Link { return a.links[name] }

// Serve answers with the file and reports whether there is one.
func (a *Assets) Serve(w http.ResponseWriter, r *http.Request, name string) bool {
	f, ok := a.files[name]
	if !ok {
		return false
	}
	kept := hashedKept
	if a.named[name] != nil {
		kept = namedKept
	}
	f.send(w, r, kept)
	return true
}

// Send answers with a file by the name it has in the source, to be kept as the header says.
func (a *Assets) Send(w http.ResponseWriter, r *http.Request, name, kept string) {
	a.named[name].send(w, r, kept)
}
