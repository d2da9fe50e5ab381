// Package paytest gives tests the real core: real SQLite in a temporary folder, the real simulated
// card network, a clock that moves when told to, and a check of every invariant at the end of each
// test. Only tests import it.
package paytest
