package sqldb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// ErrNotEmbedded is the answer of operations on the file of the embedded database when the
// database is a server.
var ErrNotEmbedded = errors.New("only the embedded SQLite database can do this; " +
	"use pg_dump and amcheck with PostgreSQL")

// maxFaults bounds how much of a damaged file is told.
const maxFaults = 100

// Backup writes a complete, consistent copy of the database to a new file while work goes on. The
// copy is on disk, and found sound, before its name appears.
func (db *DB) Backup(ctx context.Context, path string) error {
	s, ok := db.back.(*liteStore)
	if !ok {
		return ErrNotEmbedded
	}
	if _, err := os.Stat(path); err == nil {
		return fmt.Errorf("%s exists; a backup is never written over another file", path)
	}
	part := path + ".part"
	if err := errors.Join(s.copyTo(ctx, part), syncFile(part)); err != nil {
		return errors.Join(err, os.Remove(part))
	}
	if err := sound(ctx, part); err != nil {
		return errors.Join(err, os.Remove(part))
	}
	return errors.Join(os.Rename(part, path), syncDir(filepath.Dir(path)))
}

// copyTo reads one snapshot of the database into a new file, on a connection of its own.
func (s *liteStore) copyTo(ctx context.Context, path string) error {
	if _, err := os.Stat(path); err == nil {
		return fmt.Errorf("%s exists; another backup is running or was broken off", path)
	}
	pragmas := []string{"mmap_size=0", "temp_store=MEMORY", "trusted_schema=OFF"}
	c, err := s.connect(pragmas, "mode=ro")
	if err != nil {
		return err
	}
	_, err = c.exec(ctx, "VACUUM INTO $1", path)
	return errors.Join(err, c.close())
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(liteFileMode), f.Sync(), f.Close())
}

// sound opens a file that nobody writes to and checks it.
func sound(ctx context.Context, path string) error {
	s := &liteStore{path: path, timeout: DefaultStatementTimeout}
	faults, err := s.faults(ctx, "immutable=1", "mode=ro")
	if err != nil {
		return err
	}
	if len(faults) > 0 {
		return fmt.Errorf("%s is damaged: %s", path, strings.Join(faults, "; "))
	}
	return nil
}

// Check reads the whole database and returns what is damaged in it: pages, indexes and references.
func (db *DB) Check(ctx context.Context) ([]string, error) {
	s, ok := db.back.(*liteStore)
	if !ok {
		return nil, ErrNotEmbedded
	}
	return s.faults(ctx, "mode=ro")
}

func (s *liteStore) faults(ctx context.Context, query ...string) ([]string, error) {
	c, err := s.connect([]string{"mmap_size=0", "trusted_schema=OFF"}, query...)
	if err != nil {
		return nil, err
	}
	found, err := c.strings(ctx, fmt.Sprintf("PRAGMA integrity_check(%d)", maxFaults))
	if err == nil && len(found) == 1 && found[0] == "ok" {
		found, err = c.strings(ctx, `SELECT 'a row of ' || "table" || ' refers to no row of ' ||
			"parent" FROM pragma_foreign_key_check LIMIT 100`)
	}
	return found, errors.Join(err, c.close())
}

// strings runs a query whose rows are one string each.
func (c *liteConn) strings(ctx context.Context, sql string) ([]string, error) {
	rows, err := c.query(ctx, 0, sql, nil)
	if err != nil {
		return nil, err
	}
	var out []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		out = append(out, text)
	}
	return out, rows.Err()
}
