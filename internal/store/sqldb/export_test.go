package sqldb

import "context"

// Waiting is the number of units in the queue.
func (db *DB) Waiting() int { return len(db.queue) }

// Pragma runs a statement on the writing connection of SQLite, which must be idle.
func (db *DB) Pragma(ctx context.Context, sql string) (string, error) {
	return db.back.(*liteStore).write.conn.value(ctx, sql)
}

// Halt makes SQLite behave as after an I/O error at commit.
func (db *DB) Halt(err error) { db.back.(*liteStore).halt(err) }

// OldestSQLite reports whether a version is accepted.
func OldestSQLite(version string) bool { return liteVersion(version) >= liteOldest }

// MaxQueueWait is how long a unit may wait.
const MaxQueueWait = maxQueueWait
