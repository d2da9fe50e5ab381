package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.uber.org/goleak"
)

// Variable is the environment variable that names a server to use: a postgres:// URL of a role
// that may create databases.
const Variable = "KASSA_TEST_POSTGRES"

// Limits of a test's surroundings.
const (
	adminTimeout = 60 * time.Second // making a database, and dropping it
	leakPatience = 20 * time.Second // with goroutines that are about to end
)

// objectInUse is PostgreSQL's word for a database to which somebody is connected.
const objectInUse = "55006"

// shared is the cluster of this process, started by the first test that needs it.
var shared struct {
	sync.Mutex
	cluster *Cluster
	err     error
}

// Main runs the tests of a package and stops the cluster they started, if any. A process that is
// killed takes its cluster with it all the same.
func Main(m *testing.M) {
	code := m.Run()
	stop()
	os.Exit(code)
}

// MainWithoutLeaks is Main for packages whose tests must leave no goroutine behind.
func MainWithoutLeaks(m *testing.M) {
	code := m.Run()
	stop()
	if err := leaked(); err != nil && code == 0 {
		os.Stderr.WriteString(err.Error() + "\n")
		code = 1
	}
	os.Exit(code)
}

// leaked gives what is on its way out the time to get there: goleak alone gives up within half a
// second, which a busy machine may need to let one goroutine run.
func leaked() error {
	deadline := time.Now().Add(leakPatience)
	for {
		err := goleak.Find()
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

// stop stops the cluster of this process, which has goroutines.
func stop() {
	shared.Lock()
	defer shared.Unlock()
	if shared.cluster != nil {
		shared.cluster.Stop()
		shared.cluster = nil
	}
}

// Engines makes the URL of a new, empty database on each engine.
var Engines = map[string]func(testing.TB) string{
	"sqlite":     func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "k.db") },
	"postgresql": URL,
}

// URL returns the URL of a new, empty database, dropped when the test ends.
func URL(t testing.TB) string {
	t.Helper()
	server, err := server()
	if err != nil {
		t.Fatal(err)
	}
	name := "kassa_" + strings.ToLower(rand.Text()[:16])
	if err := admin(server, "CREATE DATABASE "+name+" TEMPLATE template0"); err != nil {
		t.Fatalf("create a database for the test: %v", err)
	}
	t.Cleanup(func() {
		if err := drop(server, name); err != nil {
			t.Errorf("drop the database of the test: %v", err)
		}
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

func server() (string, error) {
	if u := os.Getenv(Variable); u != "" {
		return u, nil
	}
	shared.Lock()
	defer shared.Unlock()
	if shared.cluster == nil && shared.err == nil {
		shared.cluster, shared.err = Start()
	}
	if shared.err != nil {
		return "", shared.err
	}
	return shared.cluster.URL(), nil
}

// drop repeats what PostgreSQL gives up after five seconds: a connection that it has told to end
// may stand in a slow write to the disk for longer.
func drop(server, name string) error {
	deadline := time.Now().Add(adminTimeout)
	for {
		err := admin(server, "DROP DATABASE "+name+" WITH (FORCE)")
		var inUse *pgconn.PgError
		if !errors.As(err, &inUse) || inUse.Code != objectInUse || time.Now().After(deadline) {
			return err
		}
	}
}

func admin(server, sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), adminTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, sql); err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}
