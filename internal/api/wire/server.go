package wire

import (
	"log/slog"
	"net/http"
	"time"
)

// Limits of a connection.
const (
	ReadHeaderTimeout = 5 * time.Second
	ReadTimeout       = 15 * time.Second // the request with its body
	WriteTimeout      = 30 * time.Second // from the end of the request's header
	IdleTimeout       = 60 * time.Second
	MaxHeader         = 16 << 10 // bytes; net/http adds 4 KiB of its own
	MaxStreams        = 100      // requests at once on one HTTP/2 connection
)

// Server returns a server for h with the limits above. A handler that streams must move the write
// deadline along, or clear it, through http.ResponseController.
func Server(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           knownMethods(h),
		ReadHeaderTimeout: ReadHeaderTimeout,
		ReadTimeout:       ReadTimeout,
		WriteTimeout:      WriteTimeout,
		IdleTimeout:       IdleTimeout,
		MaxHeaderBytes:    MaxHeader,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: MaxStreams},
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// knownMethods keeps out TRACE, which echoes credentials, CONNECT, and made-up words.
func knownMethods(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
			http.MethodDelete, http.MethodOptions:
			h.ServeHTTP(w, r)
		default:
			w.Header().Set("Connection", "close")
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		}
	})
}
