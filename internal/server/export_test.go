package server

import (
	"context"
	"net"
	"net/http"
)

// Web is the HTTP server with its limits, for tests that shorten them.
func (s *Server) Web() *http.Server { return s.web }

// Serve runs the server on a listener of the test's.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	return s.serve(ctx, ln, func() {})
}
