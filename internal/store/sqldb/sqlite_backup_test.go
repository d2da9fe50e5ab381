package sqldb

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
)

var notes = fstest.MapFS{"0001_note.sql": {Data: []byte(`-- +goose Up
CREATE TABLE note (n BIGINT PRIMARY KEY, text TEXT NOT NULL);
`)}}

func openNotes(t *testing.T, path string) *DB {
	t.Helper()
	db, err := Open(t.Context(), Options{URL: "sqlite:" + path, Migrations: notes})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

func countNotes(t *testing.T, db *DB) (n int64) {
	t.Helper()
	row := db.Reader().QueryRow(t.Context(), "SELECT COUNT(*) FROM note")
	if err := row.Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestBackup_WhileWorkGoesOn copies a database that is being written to.
func TestBackup_WhileWorkGoesOn(t *testing.T) {
	dir := t.TempDir()
	db := openNotes(t, filepath.Join(dir, "live.db"))
	defer db.Close()
	add := func(from, to int64) {
		for n := from; n < to; n++ {
			err := db.Write(t.Context(), func(ctx context.Context, tx Tx) error {
				tx.Queue("INSERT INTO note (n, text) VALUES ($1, $2)", n, strings.Repeat("x", 500))
				return nil
			})
			if err != nil {
				t.Error(err)
				return
			}
		}
	}
	add(0, 200)
	var busy sync.WaitGroup
	busy.Go(func() { add(200, 600) })
	copied := filepath.Join(dir, "copy.db")
	if err := db.Backup(t.Context(), copied); err != nil {
		t.Fatal(err)
	}
	busy.Wait()
	if info, err := os.Stat(copied); err != nil || info.Mode().Perm() != liteFileMode {
		t.Errorf("the copy's mode: %v, %v", info.Mode(), err)
	}
	restored := openNotes(t, copied)
	defer restored.Close()
	if n := countNotes(t, restored); n < 200 || n > 600 {
		t.Errorf("the copy has %d notes", n)
	}
	if n := countNotes(t, db); n != 600 {
		t.Errorf("the original has %d notes", n)
	}
	if err := db.Backup(t.Context(), copied); err == nil {
		t.Error("a backup was written over a file")
	}
}

func TestCheck_TellsADamagedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "live.db")
	db := openNotes(t, path)
	err := db.Write(t.Context(), func(ctx context.Context, tx Tx) error {
		for n := range int64(500) {
			tx.Queue("INSERT INTO note (n, text) VALUES ($1, $2)", n, strings.Repeat("y", 300))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if faults, err := db.Check(t.Context()); err != nil || len(faults) > 0 {
		t.Fatalf("a sound database: %v, %v", faults, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 8 * litePageSize; i < 9*litePageSize; i++ {
		body[i] = 0xff
	}
	if err := os.WriteFile(path, body, liteFileMode); err != nil {
		t.Fatal(err)
	}
	if err := sound(t.Context(), path); err == nil {
		t.Error("a page of 0xff was taken for sound")
	}
}

func TestBackup_IsNotForAServer(t *testing.T) {
	db := &DB{}
	if err := db.Backup(t.Context(), "x"); !errors.Is(err, ErrNotEmbedded) {
		t.Errorf("%v", err)
	}
}
