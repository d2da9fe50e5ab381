// Package simnet is what the simulated networks of test mode have in common: each is an outside
// party that keeps its own records and its own ledger, answers a repeat like the first time, tells
// of changes by signed notifications that come late, twice, out of order or not at all, and refuses
// what a real network would refuse. What makes one network differ from another is its Model.
//
// What a network says of a payment is a pure function of its record and of the time it is asked:
// nothing runs in the background, and a restart changes nothing. The ledger is the judge of what
// was really charged.
//
// It imports pay, money, ident and the engine seam store/sqldb, in whose database the networks' own
// sim tables live. It must never read or write the product's tables and never call the core.
package simnet
