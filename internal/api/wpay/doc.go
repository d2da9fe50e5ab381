// Package wpay speaks the protocol of checkout sessions for agreements at the payer's bank: a
// translator between the wire and the core.
//
// It imports the core, the plumbing of all protocols and leaves. It must not decide about money or
// state, and must not know how anything is stored, sent or paid.
package wpay
