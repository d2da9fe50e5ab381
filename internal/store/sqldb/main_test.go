package sqldb_test

import (
	"testing"

	"github.com/kassa-pay/kassa/internal/store/sqldb/pgtest"
)

var engines = pgtest.Engines

func TestMain(m *testing.M) { pgtest.MainWithoutLeaks(m) }
