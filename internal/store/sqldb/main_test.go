package sqldb_test

import (
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/kassa-pay/kassa/internal/store/sqldb/pgtest"
)

// engines makes a new, empty database on each engine.
var engines = map[string]func(testing.TB) string{
	"sqlite":     func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "k.db") },
	"postgresql": pgtest.URL,
}

// TestMain looks for goroutines left behind once the cluster, which has one, is gone.
func TestMain(m *testing.M) {
	code := m.Run()
	pgtest.Stop()
	if err := goleak.Find(); err != nil && code == 0 {
		os.Stderr.WriteString(err.Error() + "\n")
		code = 1
	}
	os.Exit(code)
}
