package sqldb

import (
	"context"
	"errors"
	"strings"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// liteError says what an error of SQLite means. Codes are those of sqlite.org/rescode.html.
func liteError(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return mean(ErrUnavailable, err)
	}
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() {
	case lib.SQLITE_CONSTRAINT_UNIQUE, lib.SQLITE_CONSTRAINT_PRIMARYKEY,
		lib.SQLITE_CONSTRAINT_ROWID:
		return &UniqueError{Constraint: liteKey(e), Err: err}
	case lib.SQLITE_CONSTRAINT_FOREIGNKEY:
		return mean(ErrForeignKey, err)
	case lib.SQLITE_CONSTRAINT_CHECK:
		return &CheckError{Constraint: liteKey(e), Err: err}
	case lib.SQLITE_CONSTRAINT_NOTNULL, lib.SQLITE_CONSTRAINT_DATATYPE:
		return mean(ErrCheck, err)
	}
	switch e.Code() & 0xff {
	case lib.SQLITE_FULL, lib.SQLITE_READONLY:
		return mean(ErrFull, err)
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED, lib.SQLITE_INTERRUPT, lib.SQLITE_IOERR,
		lib.SQLITE_CANTOPEN, lib.SQLITE_NOMEM:
		return mean(ErrUnavailable, err)
	}
	return err
}

// liteCode returns the primary code of an error, or 0.
func liteCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}

// liteKey extracts from the message what SQLite says was not unique: "table.column, table.column"
// or "index 'name'". name resolves it to the name of the index.
func liteKey(e *sqlite.Error) string {
	const before = "constraint failed: "
	at := strings.LastIndex(e.Error(), before)
	if at < 0 {
		return ""
	}
	key := e.Error()[at+len(before):]
	if i := strings.LastIndex(key, " ("); i >= 0 {
		key = key[:i]
	}
	if name, ok := strings.CutPrefix(key, "index '"); ok {
		return strings.TrimSuffix(name, "'")
	}
	return key
}

// nameConstraint replaces the columns in a UniqueError by the name of the index over them, as
// PostgreSQL would give it.
func (c *liteConn) nameConstraint(err error) error {
	var u *UniqueError
	if !errors.As(err, &u) || !strings.Contains(u.Constraint, ".") {
		return err
	}
	table, columns := splitKey(u.Constraint)
	if code := u.Err.(*sqlite.Error).Code(); code != lib.SQLITE_CONSTRAINT_UNIQUE {
		u.Constraint = table + "_pkey"
		return err
	}
	u.Constraint = c.uniqueIndex(table, columns)
	return err
}

func splitKey(key string) (table string, columns []string) {
	for part := range strings.SplitSeq(key, ", ") {
		t, column, _ := strings.Cut(part, ".")
		table = t
		columns = append(columns, column)
	}
	return table, columns
}

const uniqueIndexes = `SELECT l.name, l.origin, group_concat(i.name, ',' ORDER BY i.seqno)
	FROM pragma_index_list($1) AS l, pragma_index_info(l.name) AS i
	WHERE l."unique" = 1 GROUP BY l.name, l.origin`

func (c *liteConn) uniqueIndex(table string, columns []string) string {
	declared := table + "_" + strings.Join(columns, "_") + "_key"
	rows, err := c.query(context.Background(), 0, uniqueIndexes, []any{table})
	if err != nil {
		return declared
	}
	for rows.Next() {
		var name, origin, over string
		if rows.Scan(&name, &origin, &over) == nil && origin == "c" &&
			over == strings.Join(columns, ",") {
			return name
		}
	}
	return declared
}
