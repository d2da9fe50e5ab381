// Package returnurl decides where a payer may be sent back to, and writes the session's id into
// that address. It is the one guard against open redirects: an address is checked when a merchant
// gives it, and its origin is compared again after the substitution.
//
// It imports the standard library alone. It must never resolve a name, open a connection or
// redirect anyone itself.
package returnurl
