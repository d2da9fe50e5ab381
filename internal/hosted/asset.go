package hosted

import (
	"embed"
	"net/http"

	"github.com/kassa-pay/kassa/internal/site"
)

//go:embed asset
var assetFiles embed.FS

// assetPath is where the page's own files are served. A file's name contains the hash of its
// content, so it never changes and is cached for good.
const assetPath = "/checkout/assets/"

// scriptKept is how long browsers keep the one file whose name never changes.
const scriptKept = "public, max-age=3600"

// assets are the files of the page.
type assets struct{ *site.Assets }

func newAssets() *assets { return &assets{site.LoadOwn(assetPath, assetFiles, "asset")} }

// serve answers a request for the file and reports whether there is one.
func (a *assets) serve(w http.ResponseWriter, r *http.Request, name string) bool {
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	return reads && a.Serve(w, r, name)
}

// CSS is the one style sheet of the page.
func (a *assets) CSS() site.Link { return a.Link("checkout.css") }

// Script is the one script of the page.
func (a *assets) Script() site.Link { return a.Link("checkout.js") }

// Icon is the picture in the browser's tab.
func (a *assets) Icon() site.Link { return a.Link("icon.svg") }
