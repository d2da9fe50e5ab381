package storetest

import (
	"io/fs"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/store/schema"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

// patience is how long a statement may take in tests of what is above the database.
const patience = time.Minute

// Patient returns how tests open a database: no statement and no place in the queue is given up
// because the machine stood still for seconds, for that is no answer to who won a race.
func Patient(url string, migrations fs.FS) sqldb.Options {
	return sqldb.Options{
		URL: url, Migrations: migrations, StatementTimeout: patience,
		Now: func() time.Time { return time.Time{} },
	}
}

// Open returns a database with the whole schema, closed when the test ends.
func Open(t testing.TB, url string) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(t.Context(), Patient(url, schema.FS))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}
