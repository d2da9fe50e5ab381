package storetest

import (
	"testing"

	"github.com/kassa-pay/kassa/internal/store/schema"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

// Open returns a database with the whole schema, closed when the test ends.
func Open(t testing.TB, url string) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(t.Context(), sqldb.Options{URL: url, Migrations: schema.FS})
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
