package sqldb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// How SQLite is run. WAL with synchronous=FULL syncs at every commit; shared commits make that
// cheap. A page is 4 KiB.
const (
	litePageSize       = 4096
	liteOldest         = 3_051_003 // 3.51.3, the first without the WAL-reset corruption
	liteCheckpoint     = 2000      // pages in the WAL before a commit copies them to the file
	liteJournalBytes   = 64 << 20  // the WAL file is cut back to this after a checkpoint
	liteQuickCheckMax  = 64 << 20  // bytes; a larger file is not read whole at every start
	liteFileMode       = 0o600
	liteDirectoryMode  = 0o700
	liteWriterCacheKiB = 8192
	liteReaderCacheKiB = 2048
)

// liteStore is an open SQLite database: one connection that writes, several that only read.
type liteStore struct {
	path    string
	timeout time.Duration
	log     *slog.Logger
	write   *liteWriter
	idle    chan *liteConn // the readers nobody uses
	readers int
	fault   atomic.Pointer[error] // set once the disk can no longer be trusted
}

func openSQLite(ctx context.Context, path string, o Options) (*liteStore, error) {
	if path == "" || strings.Contains(path, ":memory:") {
		return nil, errors.New("sqlite: needs the path of a file")
	}
	if err := createFile(path); err != nil {
		return nil, err
	}
	s := &liteStore{
		path: path, timeout: o.StatementTimeout, log: o.Log,
		idle: make(chan *liteConn, o.Readers), readers: o.Readers,
	}
	conn, err := s.connect(writerPragmas)
	if err != nil {
		return nil, err
	}
	s.write = &liteWriter{store: s, conn: conn}
	if err := s.verify(ctx, conn); err != nil {
		return nil, errors.Join(err, conn.close())
	}
	for range o.Readers {
		r, err := s.connect(readerPragmas, "mode=ro")
		if err != nil {
			s.readers = len(s.idle)
			return nil, errors.Join(err, s.close())
		}
		s.idle <- r
	}
	return s, nil
}

// createFile makes the file and its folder readable by their owner alone and their names durable.
// SQLite gives its side files the mode of the file.
func createFile(path string) error {
	dir := filepath.Dir(path)
	_, missing := os.Stat(dir)
	if err := os.MkdirAll(dir, liteDirectoryMode); err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, liteFileMode)
	if err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	if err := errors.Join(f.Chmod(liteFileMode), f.Close(), syncDir(dir)); err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	if missing != nil {
		return syncDir(filepath.Dir(dir))
	}
	return nil
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

var (
	writerPragmas = []string{
		"page_size=" + strconv.Itoa(litePageSize), "journal_mode=WAL", "synchronous=FULL",
		"foreign_keys=ON", "wal_autocheckpoint=" + strconv.Itoa(liteCheckpoint),
		"journal_size_limit=" + strconv.Itoa(liteJournalBytes),
		"cache_size=-" + strconv.Itoa(liteWriterCacheKiB),
		"mmap_size=0", "temp_store=MEMORY", "trusted_schema=OFF",
	}
	readerPragmas = []string{
		"query_only=ON", "cache_size=-" + strconv.Itoa(liteReaderCacheKiB),
		"mmap_size=0", "temp_store=MEMORY", "trusted_schema=OFF",
	}
)

// dsn names the file to the driver. The path is escaped, so it may hold any character.
func (s *liteStore) dsn(pragmas []string, query ...string) string {
	query = append(query,
		"_dqs=0", "_defensive=1",
		"_busy_timeout="+strconv.FormatInt(s.timeout.Milliseconds(), 10))
	for _, p := range pragmas {
		query = append(query, "_pragma="+url.QueryEscape(p))
	}
	return "file:" + (&url.URL{Path: s.path}).EscapedPath() + "?" + strings.Join(query, "&")
}

func (s *liteStore) connect(pragmas []string, query ...string) (*liteConn, error) {
	c, err := connectLite(s.dsn(pragmas, query...))
	if err != nil {
		return nil, fmt.Errorf("sqlite %s: %w", s.path, err)
	}
	return c, nil
}

// verify refuses a SQLite that would not keep its promises and a file that is damaged.
func (s *liteStore) verify(ctx context.Context, c *liteConn) error {
	version, err := c.value(ctx, "SELECT sqlite_version()")
	if err != nil {
		return err
	}
	if liteVersion(version) < liteOldest {
		return fmt.Errorf("sqlite %s can corrupt databases; 3.51.3 is needed", version)
	}
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "mmap_size": "0",
	} {
		got, err := c.value(ctx, "PRAGMA "+pragma)
		if err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("sqlite: %s is %q and must be %q", pragma, got, want)
		}
	}
	return s.quickCheck(ctx, c)
}

func (s *liteStore) quickCheck(ctx context.Context, c *liteConn) error {
	if info, err := os.Stat(s.path); err != nil || info.Size() > liteQuickCheckMax {
		s.log.Info("sqlite file is large and was not checked", "path", s.path)
		return err
	}
	found, err := c.value(ctx, "PRAGMA quick_check(1)")
	if err != nil {
		return err
	}
	if found != "ok" {
		return fmt.Errorf("sqlite: %s is damaged: %s", s.path, found)
	}
	return nil
}

// liteVersion turns "3.53.4" into 3053004, as sqlite.org/c3ref/libversion.html counts.
func liteVersion(s string) int {
	n := 0
	for part := range strings.SplitSeq(s, ".") {
		v, err := strconv.Atoi(part)
		if err != nil {
			return 0
		}
		n = n*1000 + v
	}
	return n
}

func (s *liteStore) reader() Reader    { return s }
func (s *liteStore) writers() []writer { return []writer{s.write} }

func (s *liteStore) halt(err error) { s.fault.CompareAndSwap(nil, &err) }

func (s *liteStore) halted() error {
	if p := s.fault.Load(); p != nil {
		return mean(ErrUnavailable, *p)
	}
	return nil
}

func (s *liteStore) ping(ctx context.Context) error {
	if err := s.halted(); err != nil {
		return err
	}
	var one int64
	return s.QueryRow(ctx, "SELECT 1").Scan(&one)
}

// close waits for the readers in use, which is at most one statement each.
func (s *liteStore) close() error {
	var errs []error
	for range s.readers {
		errs = append(errs, (<-s.idle).close())
	}
	return errors.Join(append(errs, s.write.conn.close())...)
}

// borrow runs f on a reader nobody uses.
func (s *liteStore) borrow(ctx context.Context, f func(context.Context, *liteConn) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	select {
	case c := <-s.idle:
		defer func() { s.idle <- c }()
		return f(ctx, c)
	case <-ctx.Done():
		return liteError(ctx.Err())
	}
}

// Query implements Reader.
func (s *liteStore) Query(ctx context.Context, sql string, args ...any) (Rows, error) {
	rows, err := s.read(ctx, 0, sql, args)
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// QueryRow implements Reader.
func (s *liteStore) QueryRow(ctx context.Context, sql string, args ...any) Row {
	rows, err := s.read(ctx, 1, sql, args)
	if err != nil {
		return failedRow{err}
	}
	return rows.first()
}

func (s *liteStore) read(ctx context.Context, limit int, sql string, args []any,
) (rows *liteRows, err error) {
	err = s.borrow(ctx, func(ctx context.Context, c *liteConn) error {
		rows, err = c.query(ctx, limit, sql, args)
		return err
	})
	return rows, err
}
