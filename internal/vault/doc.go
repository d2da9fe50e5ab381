// Package vault keeps what must not be readable in the database: it seals secrets at rest and
// computes the codes that only this installation can compute. Everything comes from one secret in
// a key file beside, never in, the database.
//
// It imports the standard library, ident and secret. It must never log, never read a clock or the
// environment, and never hand out the secret or a key made from it.
package vault
