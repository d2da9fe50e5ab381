// Package railtest is what any rail must do, as a suite of tests: submissions that cannot double,
// outcomes that survive a lost reply and a restart, limits on captures and refunds that hold under
// concurrency, and notifications that cannot be forged. The network's own ledger is the judge.
//
// It is imported by tests alone. It must not know any rail: what differs between rails is in the
// Harness.
package railtest
