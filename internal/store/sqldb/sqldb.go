package sqldb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Defaults and bounds of a database. A zero in Options means the default.
const (
	DefaultMaxQueue         = 2048            // units that may wait; at 15 k/s about 140 ms
	DefaultMaxBatch         = 128             // units in one commit
	DefaultWriters          = 2               // PostgreSQL connections that commit; SQLite has one
	DefaultReaders          = 4               // connections that read
	DefaultStatementTimeout = 2 * time.Second // one statement, one round trip, one lock wait
	maxQueueWait            = 2 * time.Second // a unit that waited longer is refused at its turn
	maxTries                = 5               // of one unit after deadlocks and lost connections
)

// Engine names a database engine.
type Engine uint8

// The engines.
const (
	SQLite Engine = iota
	PostgreSQL
)

func (e Engine) String() string {
	if e == PostgreSQL {
		return "postgresql"
	}
	return "sqlite"
}

// Options says which database to open and how.
type Options struct {
	// URL is "sqlite:PATH" or a postgres:// URL.
	URL string
	// Migrations holds numbered .sql files at its root, in the format of goose.
	Migrations fs.FS
	// Log receives warnings about the engine; nil discards them.
	Log *slog.Logger
	// Now tells how long a unit waited; nil is the system clock.
	Now func() time.Time
	// MaxQueue, MaxBatch, Writers and Readers replace the defaults of the same name.
	MaxQueue, MaxBatch, Writers, Readers int
	// StatementTimeout bounds each statement and each wait for a lock.
	StatementTimeout time.Duration
}

func (o Options) withDefaults() Options {
	orDefault(&o.MaxQueue, DefaultMaxQueue)
	orDefault(&o.MaxBatch, DefaultMaxBatch)
	orDefault(&o.Writers, DefaultWriters)
	orDefault(&o.Readers, DefaultReaders)
	orDefault(&o.StatementTimeout, DefaultStatementTimeout)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

func orDefault[T int | time.Duration](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}

// Reader runs statements that change nothing. Each statement sees what was committed before it.
type Reader interface {
	// Query returns all rows of a statement. The caller closes them.
	Query(ctx context.Context, sql string, args ...any) (Rows, error)
	// QueryRow returns the first row; its Scan reports every error, ErrNoRows if there is none.
	QueryRow(ctx context.Context, sql string, args ...any) Row
}

// Rows is the answer of a query. Next must be called before the first Scan; Close may be called
// more than once; Err tells after the last Next whether the rows are complete.
type Rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close()
}

// Row is one row of an answer.
type Row interface {
	Scan(dest ...any) error
}

// Tx is what a unit of work may do. It is valid only while the unit runs and only in its goroutine.
// A statement is bounded by the database's StatementTimeout, not by its context.
type Tx interface {
	Reader
	// Exec runs a statement and returns the number of rows it changed.
	Exec(ctx context.Context, sql string, args ...any) (rowsAffected int64, err error)
	// Queue runs a write whose result nobody needs, at the latest before the next statement whose
	// result is needed. Its failure fails the unit. Arguments must not change afterwards.
	Queue(sql string, args ...any)
}

// Unit is a unit of work: all of it is stored, or nothing.
type Unit = func(ctx context.Context, tx Tx) error

// backend is what an engine must do. Everything else is the same for both.
type backend interface {
	reader() Reader
	writers() []writer
	migrate(ctx context.Context, files fs.FS) (from, to int64, err error)
	ping(ctx context.Context) error
	close() error
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	engine     Engine
	back       backend
	migrations fs.FS
	log        *slog.Logger
	now        func() time.Time

	queue    chan *call
	maxBatch int
	commits  atomic.Uint64
	loops    sync.WaitGroup

	mu     sync.RWMutex // guards closed against a send on the closed queue
	closed bool
}

// Open connects to the database and refuses an engine that would not keep what it acknowledged: a
// SQLite with a known corruption bug, a PostgreSQL that does not write through to disk. It does
// not migrate.
func Open(ctx context.Context, o Options) (*DB, error) {
	o = o.withDefaults()
	db := &DB{
		migrations: o.Migrations, log: o.Log, now: o.Now, maxBatch: o.MaxBatch,
		queue: make(chan *call, o.MaxQueue),
	}
	var err error
	switch path, isFile := strings.CutPrefix(o.URL, "sqlite:"); {
	case isFile:
		db.engine = SQLite
		db.back, err = openSQLite(ctx, path, o)
	case strings.HasPrefix(o.URL, "postgres://"), strings.HasPrefix(o.URL, "postgresql://"):
		db.engine = PostgreSQL
		db.back, err = openPostgres(ctx, o)
	default:
		err = errors.New(`database URL must start with "sqlite:" or "postgres://"`)
	}
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	for _, w := range db.back.writers() {
		db.loops.Add(1)
		go db.serve(w)
	}
	return db, nil
}

// Migrate brings the schema up to the newest migration and returns the versions before and after.
// It is safe when several nodes call it at once, and refuses a schema newer than its migrations.
func (db *DB) Migrate(ctx context.Context) (from, to int64, err error) {
	from, to, err = db.back.migrate(ctx, db.migrations)
	if err != nil {
		return from, to, fmt.Errorf("migrate: %w", err)
	}
	return from, to, nil
}

// Close refuses new units, finishes those that wait, and closes every connection.
func (db *DB) Close() error {
	db.mu.Lock()
	was := db.closed
	db.closed = true
	if !was {
		close(db.queue)
	}
	db.mu.Unlock()
	if was {
		return nil
	}
	db.loops.Wait()
	return db.back.close()
}

// Engine tells which engine the database runs on.
func (db *DB) Engine() Engine { return db.engine }

// Ping reports whether the database can be read now and would accept writes.
func (db *DB) Ping(ctx context.Context) error { return db.back.ping(ctx) }

// Commits counts the durable commits made since Open. Shared commits count once.
func (db *DB) Commits() uint64 { return db.commits.Load() }

// Reader returns the reader pool, which cannot write. It sees a unit's rows once its Write has
// returned.
func (db *DB) Reader() Reader { return db.back.reader() }
