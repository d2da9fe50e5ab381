// Package checkout is the native family: the /v1 API of checkout sessions, payments, refunds,
// customers, events and webhook endpoints, and the helpers for test suites. It translates between
// that protocol and the core: it decodes, calls one use case and encodes.
//
// It imports the standard library, pay, api/wire and the leaves. It must never see a store, a rail
// or the worker, never decide what is allowed to happen to a payment, and never answer anything
// that is not JSON of the documented shapes.
package checkout
