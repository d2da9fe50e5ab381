// Package terms is the calendar and the arithmetic of a mandate: how much may be charged, how
// often, in which period, from when until when, in the mandate's own time zone. It answers
// questions and keeps nothing, so that the same terms give the same answer on every node.
//
// It imports the standard library alone, the zones of the world among it.
package terms
