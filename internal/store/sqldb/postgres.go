package sqldb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// How PostgreSQL is used.
const (
	pgOldest      = 140000                 // server_version_num of the oldest release accepted
	pgConnect     = 5 * time.Second        // to reach the server
	pgGrace       = 1 * time.Second        // for the server to refuse a statement before we hang up
	pgLockTimeout = 200 * time.Millisecond // a batch that waits longer is broken up
	pgLockSpread  = 20 * time.Millisecond  // added up to pgLockSteps times, by the process id
	pgLockSteps   = 16
	pgIdleTx      = 10 * time.Second       // locks of a node that froze inside a transaction
	pgProbeAfter  = 1 * time.Second        // a writer idle longer asks whether its link lives
	pgRetryAfter  = 250 * time.Millisecond // between attempts to reach a server that is down
	pgMigrateLock = 0x6b61737361           // advisory lock of migrations: "kassa"
	pgApplication = "kassa"
)

// pgStore is an open PostgreSQL database.
type pgStore struct {
	readers *pgxpool.Pool
	config  *pgx.ConnConfig // of connections that write
	texts   rewriter
	timeout time.Duration
	log     *slog.Logger
	write   []*pgWriter
}

func openPostgres(ctx context.Context, o Options) (*pgStore, error) {
	config, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return nil, fmt.Errorf("postgresql: %w", err)
	}
	s := &pgStore{timeout: o.StatementTimeout, log: o.Log}
	s.tune(config.ConnConfig)
	s.config = config.ConnConfig.Copy()
	s.config.RuntimeParams["idle_in_transaction_session_timeout"] = millis(pgIdleTx)
	for range o.Writers {
		w := &pgWriter{store: s, now: o.Now}
		s.write = append(s.write, w)
		if err := w.connect(ctx); err != nil {
			return nil, errors.Join(err, s.close())
		}
	}
	if err := s.verify(ctx, s.write[0].conn); err != nil {
		return nil, errors.Join(err, s.close())
	}
	config.MaxConns = int32(min(o.Readers, 1<<15))
	config.MinConns = min(1, config.MaxConns)
	config.ConnConfig.RuntimeParams["default_transaction_read_only"] = "on"
	s.readers, err = pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, errors.Join(pgError(err), s.close())
	}
	return s, nil
}

func (s *pgStore) tune(c *pgx.ConnConfig) {
	c.ConnectTimeout = pgConnect
	c.RuntimeParams["statement_timeout"] = millis(s.timeout)
	if c.RuntimeParams["application_name"] == "" {
		c.RuntimeParams["application_name"] = pgApplication
	}
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// verify refuses a server that acknowledges what a power cut would take back.
func (s *pgStore) verify(ctx context.Context, conn *pgx.Conn) error {
	setting := func(name string) (v string, err error) {
		err = conn.QueryRow(ctx, "SELECT current_setting($1)", name).Scan(&v)
		return v, pgError(err)
	}
	version, err := setting("server_version_num")
	if err != nil {
		return err
	}
	if n, err := strconv.Atoi(version); err != nil || n < pgOldest {
		return fmt.Errorf("postgresql: server version %s is older than %d", version, pgOldest)
	}
	for _, name := range []string{"fsync", "full_page_writes", "synchronous_commit"} {
		switch v, err := setting(name); {
		case err != nil:
			return err
		case v == "off":
			return fmt.Errorf("postgresql: %s is off, so acknowledged payments could be lost", name)
		case v == "local":
			s.log.Warn("postgresql: synchronous_commit is local: a failover may lose payments")
		}
	}
	switch encoding, err := setting("server_encoding"); {
	case err != nil:
		return err
	case encoding != "UTF8":
		return fmt.Errorf("postgresql: encoding is %s and must be UTF8", encoding)
	}
	return nil
}

func (s *pgStore) reader() Reader { return s }

func (s *pgStore) writers() []writer {
	all := make([]writer, len(s.write))
	for i, w := range s.write {
		all[i] = w
	}
	return all
}

func (s *pgStore) ping(ctx context.Context) error {
	var one int64
	return s.QueryRow(ctx, "SELECT 1::bigint").Scan(&one)
}

func (s *pgStore) close() error {
	if s.readers != nil {
		s.readers.Close()
	}
	var errs []error
	for _, w := range s.write {
		errs = append(errs, w.close())
	}
	return errors.Join(errs...)
}

// Query implements Reader. The rows hold a connection until they are closed.
func (s *pgStore) Query(ctx context.Context, sql string, args ...any) (Rows, error) {
	args, err := arguments(args)
	if err != nil {
		return nil, err
	}
	ctx, cancel := s.bound(ctx)
	var rows pgx.Rows
	err = again(func() (err error) {
		rows, err = s.readers.Query(ctx, s.texts.rewrite(sql), args...)
		return err
	})
	if err != nil {
		cancel()
		return nil, pgError(err)
	}
	return &pgStream{rows, cancel}, nil
}

// QueryRow implements Reader. The statement runs when the row is scanned.
func (s *pgStore) QueryRow(ctx context.Context, sql string, args ...any) Row {
	args, err := arguments(args)
	if err != nil {
		return failedRow{err}
	}
	return &pgOne{store: s, ctx: ctx, sql: s.texts.rewrite(sql), args: args}
}

// again runs a read until it meets a connection that was not cut while it lay in the pool, which
// after a restart of the server all of them were.
func again(read func() error) error {
	err := read()
	for tries := 1; tries < maxTries && err != nil && ofTheMoment(err); tries++ {
		err = read()
	}
	return err
}

func (s *pgStore) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, s.timeout+pgGrace)
}

// migrate lets one node at a time work: the others wait for the advisory lock, which the server
// frees even when its holder dies.
func (s *pgStore) migrate(ctx context.Context, files fs.FS) (from, to int64, err error) {
	config := s.config.Copy()
	for _, limit := range []string{
		"statement_timeout", "idle_in_transaction_session_timeout",
	} {
		delete(config.RuntimeParams, limit)
	}
	lock, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return 0, 0, pgError(err)
	}
	defer func() { err = errors.Join(err, lock.Close(context.WithoutCancel(ctx))) }()
	if _, err := lock.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(pgMigrateLock)); err != nil {
		return 0, 0, pgError(err)
	}
	db := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, db.Close()) }()
	return migrateUp(ctx, goose.DialectPostgres, db, files)
}
