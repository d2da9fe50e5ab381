// Package schema holds the numbered migrations of the database, one text for SQLite and
// PostgreSQL.
//
// They keep to what both engines understand: TEXT, BIGINT, BOOLEAN, BYTEA, CHECK, REFERENCES inside
// one merchant, partial indexes. Times are BIGINT microseconds UTC, NULL for none; lists and maps
// are JSON in TEXT, "" for empty. A CHECK that whoever comes second may break has a name that ends
// in _bound; to break any other is a defect. The package imports nothing but embed, holds no Go
// logic, and a migration that has been released is never edited: a change is a new file.
package schema

import "embed"

// FS holds the migrations at its root, named NNNN_what.sql.
//
//go:embed *.sql
var FS embed.FS
