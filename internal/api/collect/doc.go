// Package collect is the family of payment sessions: the /collect API of sessions that are paid
// once, that begin a series or that continue one, with payments, captures, voids, refunds, saved
// methods, mandates and subscriptions. It translates between that protocol and the core: it
// decodes, calls one use case and encodes.
//
// It imports the standard library, pay, api/wire and the leaves. It must never see a store, a rail
// or the worker, never decide what is allowed to happen to a payment or under a mandate, and never
// answer an error that is not a problem document of RFC 9457.
package collect
