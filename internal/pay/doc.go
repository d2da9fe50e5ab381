// Package pay is the core: the nouns of a checkout server, their state tables, the use cases that
// move them, and the ports it needs from the outside (Store, Rail, Clock, Vault).
//
// It imports the standard library, money, ident, secret and returnurl. It must never see SQL,
// HTTP, or the JSON of any provider, never read a clock or a random source except through its
// ports, and never call a rail inside a transaction.
package pay
