// Package storetest is the conformance suite of pay.Store. Every engine passes it whole. Beside it
// stands what opens a database for a store to be tried on.
//
// It may import anything but is imported by tests alone. The suite must never know how a store
// keeps what it is given: all it uses is the port.
package storetest
