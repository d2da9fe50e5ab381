// Package bank is the simulated bank of test mode: a payment is an account and a reference to which
// the payer sends money, any amount, any number of times, in time or too late.
//
// It is a model for simnet, which keeps the records and the ledger. It imports simnet, pay, money
// and ident, and must never tell one merchant's money from another's by anything but the reference.
package bank
