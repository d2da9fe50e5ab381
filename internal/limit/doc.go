// Package limit counts requests per key in bounded memory: Bucket smooths a rate, Window caps a
// number within a sliding time. Both forget the keys that were asked about longest ago when they
// are full, so that a flood of made-up keys costs memory up to a named limit and no more.
//
// It imports the standard library alone. It must never read a clock of its own, start a goroutine
// or keep anything beyond the life of the process.
package limit
