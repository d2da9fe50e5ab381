// Package store keeps the core's nouns in SQL: it is pay.Store on SQLite and on PostgreSQL, with
// one text per statement for both.
//
// There is one file per noun with its statements as constants, the scan of a row and the methods.
// Look-ups that start from a caller's id carry merchant and mode in the statement itself, so what
// belongs to somebody else is not there. Inserts of a unit are queued and cost no round trip; a
// swap compares the version it replaces.
//
// The package imports the standard library, pay, money and store/sqldb. It must never decide what a
// state means or may become, build a statement at run time, read a clock, or let an engine's error
// out without saying what it means to the core.
package store
