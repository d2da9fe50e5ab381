package sqldb_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

const second = `-- +goose Up
ALTER TABLE job ADD COLUMN bytes BYTEA;
`

func TestMigrate(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		steps := []struct {
			texts    []string
			from, to int64
		}{
			{[]string{testSchema}, 0, 1},
			{[]string{testSchema}, 1, 1},
			{[]string{testSchema, second}, 1, 2},
		}
		for _, step := range steps {
			db := unmigrated(t, url, step.texts...)
			from, to, err := db.Migrate(t.Context())
			if from != step.from || to != step.to || err != nil {
				t.Errorf("from %d to %d, %v; want %d to %d", from, to, err, step.from, step.to)
			}
		}
		older := unmigrated(t, url, testSchema)
		if _, _, err := older.Migrate(t.Context()); err == nil {
			t.Error("a program older than the schema went to work on it")
		}
	})
}

func unmigrated(t *testing.T, url string, texts ...string) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(t.Context(), sqldb.Options{
		URL: url, Migrations: migrations(texts...), StatementTimeout: patience,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestMigrate_ManyNodesAtOnce(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		var nodes sync.WaitGroup
		for range 4 {
			db := unmigrated(t, url, testSchema, second)
			nodes.Go(func() {
				if _, to, err := db.Migrate(t.Context()); err != nil || to != 2 {
					t.Errorf("reached version %d, %v", to, err)
				}
			})
		}
		nodes.Wait()
		db := unmigrated(t, url, testSchema, second)
		if n := number(t, db.Reader(), "SELECT count(*) FROM counter"); n != 2 {
			t.Errorf("%d rows made by the migrations, want 2", n)
		}
	})
}

func TestMigrate_FailureLeavesNothing(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		const broken = `-- +goose Up
CREATE TABLE extra (id TEXT PRIMARY KEY);
INSERT INTO nowhere VALUES (1);
`
		db := unmigrated(t, url, testSchema, broken)
		if _, _, err := db.Migrate(t.Context()); err == nil {
			t.Fatal("a broken migration passed")
		}
		mended := strings.ReplaceAll(broken, "nowhere VALUES (1)", "extra VALUES ('1')")
		fixed := unmigrated(t, url, testSchema, mended)
		if from, to, err := fixed.Migrate(t.Context()); from != 1 || to != 2 || err != nil {
			t.Errorf("after the repair: from %d to %d, %v", from, to, err)
		}
	})
}

// TestMigrate_Rebuild replaces a table that others refer to, the way SQLite needs it done.
func TestMigrate_Rebuild(t *testing.T) {
	const rebuild = `-- +goose Up
CREATE TABLE parent_new (id TEXT PRIMARY KEY, code TEXT NOT NULL UNIQUE);
INSERT INTO parent_new (id, code) SELECT id, code FROM parent WHERE id <> '%s';
DROP TABLE parent;
ALTER TABLE parent_new RENAME TO parent;
`
	const filled = testSchema + "INSERT INTO child (id, parent_id) VALUES ('c1', 'p1');\n"
	for drop, want := range map[string]bool{"nobody": true, "p1": false} {
		url := engines["sqlite"](t)
		db := unmigrated(t, url, filled, strings.ReplaceAll(rebuild, "%s", drop))
		_, _, err := db.Migrate(t.Context())
		if want != (err == nil) {
			t.Errorf("without row %q: %v", drop, err)
		}
		if !want && !is(sqldb.ErrForeignKey)(err) {
			t.Errorf("a lost parent was reported as %v", err)
		}
	}
}

func TestMigrate_BytesHaveNoAffinity(t *testing.T) {
	db := one(t, engines["sqlite"](t))
	n := number(t, db.Reader(), `SELECT count(*) FROM pragma_table_info('kind')
		WHERE name = 'bytes' AND type = 'BLOB'`)
	if n != 1 {
		t.Error("BYTEA did not become BLOB")
	}
}
