// Package ident makes identifiers and secrets. Ids are a prefix and 128 bits in lower-case base32,
// led by the time, so that they sort alike under every collation and land at the right edge of an
// index. Secrets are random and carry no time. The source of randomness is injected.
package ident
