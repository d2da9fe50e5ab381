package paytest

import (
	"sync"
	"testing"

	"github.com/kassa-pay/kassa/internal/store/sqldb/pgtest"
)

// OnBoth runs a test with the options on SQLite, and again with those of a PostgreSQL database of
// its own. The package's TestMain must be pgtest.Main.
func OnBoth(t *testing.T, o Options, test func(t *testing.T, o Options)) {
	t.Run("sqlite", func(t *testing.T) { test(t, o) })
	t.Run("postgresql", func(t *testing.T) {
		o := o
		o.URL = pgtest.URL(t)
		test(t, o)
	})
}

// Together calls do n times at once and returns what each call came to.
func Together[T any](n int, do func(i int) T) []T {
	all := make([]T, n)
	start := make(chan struct{})
	var calls sync.WaitGroup
	for i := range all {
		calls.Go(func() {
			<-start
			all[i] = do(i)
		})
	}
	close(start)
	calls.Wait()
	return all
}
