// Package card is the simulated card network of test mode: an outside party that keeps its own
// records, decides by the number of the card, answers late, twice, out of order or not at all, and
// refuses what a real network would refuse. docs/test-values.md lists the numbers.
//
// What it says of a payment is a pure function of the scenario, of when the payment began and of
// the time it is asked: nothing runs in the background, and a restart changes nothing. Its ledger
// is the judge of what was really charged.
//
// It imports pay, money, ident and the engine seam store/sqldb, in whose database its own sim_card
// tables live. It must never read or write the product's tables, never call the core, and never
// keep a card number or a security code.
package card
