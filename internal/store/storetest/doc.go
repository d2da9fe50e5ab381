// Package storetest is the conformance suite of pay.Store. Every engine passes it whole.
//
// It may import anything but is imported by tests alone, and must never know how a store keeps
// what it is given: all it uses is the port.
package storetest
