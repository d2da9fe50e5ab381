// Package sqldb is the engine seam: one way to read and write SQL on SQLite and on PostgreSQL, with
// every acknowledged write on disk before the caller hears of it.
//
// Writes are units of work. Write hands a unit to a commit queue; a writer runs all the units that
// wait in one transaction, and one durable commit answers them all. A unit that fails leaves no
// trace and disturbs no other unit: on SQLite each runs in its own savepoint, on PostgreSQL a
// failed batch is rolled back and the unit at fault is run again alone. A unit may therefore run
// more than once. It must have no effect outside its transaction, must assign to captured
// variables instead of adding to them, must not call the outside, must not wait and must not call
// Write.
//
// One SQL text serves both engines. Parameters are $1, $2, …; arguments are string, int64, bool,
// []byte, nil, pointers to these, and named types over them. Two comments are read by this
// package: /*for update*/ becomes FOR UPDATE and /*skip locked*/ becomes FOR UPDATE SKIP LOCKED on
// PostgreSQL, and both stay comments on SQLite, where the one writer makes them needless. A sum is
// CAST to BIGINT, since PostgreSQL would answer with a decimal.
// Migrations spell the byte type BYTEA; SQLite is given BLOB in its place.
//
// A statement that fails ends its unit: later statements of that unit return the same error and
// nothing of the unit is stored, even if it returns nil. So a unit that expects a duplicate says
// ON CONFLICT DO NOTHING and looks at the number of rows.
//
// The package may import the standard library, the two drivers and the migration library. It knows
// no table of the product and must never call another service, read the environment, or report a
// commit whose durability is not known as done.
package sqldb
