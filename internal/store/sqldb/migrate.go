package sqldb

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"

	"github.com/pressly/goose/v3"
)

// migrateUp applies what is missing and returns the versions before and after.
func migrateUp(ctx context.Context, d goose.Dialect, db *sql.DB, files fs.FS,
) (from, to int64, err error) {
	p, err := goose.NewProvider(d, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return 0, 0, err
	}
	if from, err = p.GetDBVersion(ctx); err != nil {
		return 0, 0, err
	}
	sources := p.ListSources()
	if newest := sources[len(sources)-1].Version; from > newest {
		return from, from, fmt.Errorf("the schema has version %d, this program knows %d", from, newest)
	}
	if _, err := p.Up(ctx); err != nil {
		return from, from, err
	}
	to, err = p.GetDBVersion(ctx)
	return from, to, err
}

// migrate runs on a connection of its own with foreign keys off, which rebuilding a table needs,
// and looks for broken references afterwards. Two processes may do this at once: each migration is
// an exclusive transaction, and the one that finds it done already begins again.
func (s *liteStore) migrate(ctx context.Context, files fs.FS) (from, to int64, err error) {
	db, err := sql.Open("sqlite", s.dsn([]string{"synchronous=FULL"}, "_txlock=immediate"))
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	files = liteFiles{files}
	from, to, err = migrateUp(ctx, goose.DialectSQLite3, db, files)
	for tries := 1; err != nil && tries < maxTries; tries++ {
		_, to, err = migrateUp(ctx, goose.DialectSQLite3, db, files)
	}
	if err != nil {
		return from, to, err
	}
	var table string
	row := db.QueryRowContext(ctx, `SELECT "table" FROM pragma_foreign_key_check LIMIT 1`)
	switch err := row.Scan(&table); {
	case err == nil:
		return from, to, fmt.Errorf("table %s: %w", table, ErrForeignKey)
	case !errors.Is(err, sql.ErrNoRows):
		return from, to, err
	}
	return from, to, nil
}

var byteType = regexp.MustCompile(`\bBYTEA\b`)

// liteFiles spells the byte type of migrations as SQLite knows it. Under an unknown name a column
// would turn text that looks like a number into one.
type liteFiles struct{ fs.FS }

func (f liteFiles) Open(name string) (fs.File, error) {
	file, err := f.FS.Open(name)
	if err != nil || path.Ext(name) != ".sql" {
		return file, err
	}
	text, err := fs.ReadFile(f.FS, name)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return liteFile{file, bytes.NewReader(byteType.ReplaceAllLiteral(text, []byte("BLOB")))}, nil
}

type liteFile struct {
	fs.File
	text *bytes.Reader
}

func (f liteFile) Read(p []byte) (int, error) { return f.text.Read(p) }
