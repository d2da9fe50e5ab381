// Package hosted is the checkout page: what a buyer sees between the shop and the money. It renders
// one page per state of a session, takes the payment form, and keeps waiting pages up to date.
//
// It imports the standard library, the core, the leaves, and the catalogue and language packages.
// It must never know a wire protocol, read a store or a rail, echo a card number or a security
// code, say "failed" of an outcome that is unknown, or change anything on GET beyond applying what
// a rail reports.
package hosted
