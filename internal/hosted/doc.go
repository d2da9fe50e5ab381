// Package hosted is the checkout page: what a buyer sees between the shop and the money. It renders
// one page per state of a session, takes the payment form, and keeps waiting pages up to date. A
// merchant's page may show it within itself, through a script of ours. Afterwards there is a
// receipt, and for a payer who permitted later charges the page on which they are seen and stopped.
//
// It imports the standard library, the core, the leaves, and the catalogue and language packages.
// It must never know a wire protocol, read a store or a rail, echo a card number or a security
// code, say "failed" of an outcome that is unknown, change anything on GET beyond applying what a
// rail reports, or be shown within a page that is not the merchant's. The words of an agreement
// that the payer reads are the words that are kept.
package hosted
