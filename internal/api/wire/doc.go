// Package wire is the plumbing that all protocol families share and that means nothing by itself:
// strict JSON in, plain JSON out, query parameters, idempotency keys, request ids, the address of
// the client, one log line per request, and a server with limits.
//
// It imports the standard library, pay for its errors, ident, secret, limit and returnurl. It must
// never know a family, a route, a store or a rail, and never log a body, a query or a header.
package wire
