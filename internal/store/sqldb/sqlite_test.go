package sqldb_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

func TestSQLite_Files(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new folder", "a%20b?c#d&e='.db")
	db := one(t, "sqlite:"+path)
	mustWrite(t, db, queue("INSERT INTO job (id) VALUES ('1')"))
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s has mode %o, want 600", filepath.Base(name), mode)
		}
	}
	info, err := os.Stat(filepath.Dir(path))
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder: %v, %v; want mode 700", info.Mode(), err)
	}
}

func TestSQLite_TightensLooseFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "k.db")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	one(t, "sqlite:"+path)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v; want mode 600", info.Mode(), err)
	}
}

func TestSQLite_Settings(t *testing.T) {
	db, err := sqldb.Open(t.Context(), sqldb.Options{URL: engines["sqlite"](t)})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "mmap_size": "0",
		"page_size": "4096", "busy_timeout": "2000", "trusted_schema": "0",
	} {
		if got, err := db.Pragma(t.Context(), "PRAGMA "+pragma); got != want || err != nil {
			t.Errorf("%s is %q, %v; want %q", pragma, got, err, want)
		}
	}
}

func TestSQLite_Versions(t *testing.T) {
	for version, want := range map[string]bool{
		"3.51.2": false, "3.40.1": false, "3.7.0": false, "": false, "x": false,
		"3.51.3": true, "3.52.0": true, "4.0.0": true,
	} {
		if got := sqldb.OldestSQLite(version); got != want {
			t.Errorf("version %q accepted: %v", version, got)
		}
	}
}

func TestSQLite_RefusesDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "k.db")
	db := one(t, "sqlite:"+path)
	for i := range 200 {
		mustWrite(t, db, queue("INSERT INTO job (id) VALUES ($1)", fmt.Sprintf("%0200d", i)))
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := len(file) - 5*4096; at < len(file)-4096; at++ {
		file[at] ^= 0x5a
	}
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	damaged, err := sqldb.Open(t.Context(), sqldb.Options{URL: "sqlite:" + path})
	if err == nil {
		_ = damaged.Close()
		t.Error("a damaged file was opened")
	}
	if err := os.WriteFile(path, []byte(strings.Repeat("not a database ", 999)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sqldb.Open(t.Context(), sqldb.Options{URL: "sqlite:" + path}); err == nil {
		t.Error("a file that is no database was opened")
	}
}

// TestSQLite_Full lets the file grow no further. SQLite then rolls the whole transaction back, so
// the units that shared it must be run again.
func TestSQLite_Full(t *testing.T) {
	db := one(t, engines["sqlite"](t))
	pages, err := db.Pragma(t.Context(), "PRAGMA page_count")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Pragma(t.Context(), "PRAGMA max_page_count="+pages); err != nil {
		t.Fatal(err)
	}
	big := queue("INSERT INTO kind (id, words) VALUES ('big', $1)", strings.Repeat("x", 1<<20))
	small := func(id string) sqldb.Unit { return queue("INSERT INTO job (id) VALUES ($1)", id) }
	answers := together(t, db, small("1"), big, small("2"))
	if answers[0] != nil || !is(sqldb.ErrFull)(answers[1]) || answers[2] != nil {
		t.Errorf("answers: %v", answers)
	}
	if err := db.Write(t.Context(), big); !is(sqldb.ErrFull)(err) {
		t.Errorf("alone: %v", err)
	}
	if n := number(t, db.Reader(), "SELECT count(*) FROM job"); n != 2 {
		t.Errorf("%d rows, want 2", n)
	}
	if _, err := db.Pragma(t.Context(), "PRAGMA max_page_count=1000000"); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, db, big)
}

// TestSQLite_Halts: after an I/O error at commit nothing is acknowledged any more.
func TestSQLite_Halts(t *testing.T) {
	db := one(t, engines["sqlite"](t))
	db.Halt(errors.New("fsync failed"))
	err := db.Write(t.Context(), queue("INSERT INTO job (id) VALUES ('1')"))
	if !is(sqldb.ErrUnavailable)(err) {
		t.Errorf("write: %v", err)
	}
	if err := db.Ping(t.Context()); !is(sqldb.ErrUnavailable)(err) {
		t.Errorf("ping: %v", err)
	}
	if n := number(t, db.Reader(), "SELECT count(*) FROM counter"); n != 2 {
		t.Errorf("reads give %d rows, want 2", n)
	}
}

// TestSQLite_Busy: another process holds the write lock for longer than we wait.
func TestSQLite_Busy(t *testing.T) {
	url := engines["sqlite"](t)
	db := open(t, sqldb.Options{URL: url, StatementTimeout: 50e6})
	other := one(t, url)
	if _, err := other.Pragma(t.Context(), "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	release := hold(t, other)
	err := db.Write(t.Context(), queue("INSERT INTO job (id) VALUES ('1')"))
	if !is(sqldb.ErrUnavailable)(err) {
		t.Errorf("write: %v", err)
	}
	release()
	mustWrite(t, db, queue("INSERT INTO job (id) VALUES ('2')"))
}
