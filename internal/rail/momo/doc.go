// Package momo is the simulated mobile-money networks of test mode: mtn, telecel and airteltigo.
// The last digits of the phone's number decide how a payment is treated; every other number is
// asked on the simulated phone and waits for an answer. docs/test-values.md lists the endings.
//
// It is a model for simnet, which keeps the records and the ledger. It imports simnet and pay; it
// must never keep a one-time code.
package momo
