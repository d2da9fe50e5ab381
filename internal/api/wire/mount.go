package wire

import (
	"net/http"
	"slices"
	"strings"

	"github.com/kassa-pay/kassa/internal/pay"
)

// methods are those that get past Server, but for HEAD, which a mux answers as GET.
var methods = []string{
	http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
	http.MethodOptions,
}

// A Route is one method of one path and what answers it.
type Route struct {
	Method, Path string
	Handle       HandlerFunc
}

// Mount adds the routes of a family to mux, and answers for every other method of their paths and
// for every other path below root.
func (f *Front) Mount(mux *http.ServeMux, root string, routes []Route) {
	known := map[string][]string{}
	for _, r := range routes {
		mux.Handle(r.Method+" "+r.Path, f.Handle(r.Handle))
		known[r.Path] = append(known[r.Path], r.Method)
	}
	for path, allowed := range known {
		refuse := f.Handle(methodNotAllowed(allowed))
		for _, method := range methods {
			// Each is named, because a pattern for any method of one path does not go with one for
			// a single method of a wider path.
			if !slices.Contains(allowed, method) {
				mux.Handle(method+" "+path, refuse)
			}
		}
	}
	mux.Handle(root, f.Handle(func(http.ResponseWriter, *http.Request) error {
		return pay.Errorf(pay.NotFound, CodeNoRoute, "There is nothing at this address.")
	}))
}

func methodNotAllowed(allowed []string) HandlerFunc {
	all := slices.Clone(allowed)
	if slices.Contains(all, http.MethodGet) {
		all = append(all, http.MethodHead)
	}
	slices.Sort(all)
	allow := strings.Join(all, ", ")
	return func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Allow", allow)
		return pay.Errorf(pay.Invalid, CodeMethod, "This address answers to %s alone.", allow)
	}
}
