package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/kassa-pay/kassa/internal/config"
	"github.com/kassa-pay/kassa/internal/ident"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/rail/card"
	"github.com/kassa-pay/kassa/internal/store"
	"github.com/kassa-pay/kassa/internal/store/schema"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
	"github.com/kassa-pay/kassa/internal/vault"
)

// Core is the use cases over an open database: what the server and the operator's commands share.
type Core struct {
	Pay   *pay.Service
	DB    *sqldb.DB
	Store *store.Store
	Card  *card.Network
	Vault *vault.Vault
	IDs   ident.Source
	Clock pay.Clock

	wake atomic.Pointer[func(pay.Work)]
}

// systemClock is the machine's clock.
type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now().UTC() }

// open connects to the database without touching its schema.
func open(ctx context.Context, c config.Config, log *slog.Logger) (*sqldb.DB, error) {
	url, err := c.DatabaseURL()
	if err != nil {
		return nil, err
	}
	return sqldb.Open(ctx, sqldb.Options{URL: url, Migrations: schema.FS, Log: log, Now: time.Now})
}

// Migrate brings the schema up to date and returns the versions before and after.
func Migrate(ctx context.Context, c config.Config, log *slog.Logger) (from, to int64, err error) {
	db, err := open(ctx, c, log)
	if err != nil {
		return 0, 0, err
	}
	defer db.Close()
	return db.Migrate(ctx)
}

// Open opens the data, brings its schema up to date and builds the use cases over it.
func Open(ctx context.Context, c config.Config, log *slog.Logger) (*Core, error) {
	db, err := open(ctx, c, log)
	if err != nil {
		return nil, err
	}
	core, err := build(ctx, c, log, db)
	if err != nil {
		db.Close()
		return nil, err
	}
	return core, nil
}

func build(
	ctx context.Context, c config.Config, log *slog.Logger, db *sqldb.DB,
) (*Core, error) {
	from, to, err := db.Migrate(ctx)
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	if from != to {
		log.InfoContext(ctx, "schema migrated", "from", from, "to", to)
	}
	core := &Core{DB: db, Store: store.New(db), IDs: ident.Random(), Clock: systemClock{}}
	if core.Vault, err = vault.Load(c.KeyFile, core.IDs); err != nil {
		return nil, err
	}
	core.Card, err = card.New(card.Config{
		DB: db, Clock: core.Clock, IDs: core.IDs, Vault: core.Vault, BaseURL: c.BaseURL,
	})
	if err != nil {
		return nil, err
	}
	core.Pay = pay.New(pay.Deps{
		Store: core.Store, Rails: []pay.Rail{core.Card}, Clock: core.Clock, IDs: core.IDs,
		Vault: core.Vault, Log: log, Wake: core.wakeWorker, Named: named, BaseURL: c.BaseURL,
	})
	core.Card.Connect(core.receiveCard)
	return core, core.Pay.CheckVault(ctx)
}

// wakeWorker passes on to the worker, which is built after the use cases that it runs.
func (c *Core) wakeWorker(w pay.Work) {
	if wake := c.wake.Load(); wake != nil {
		(*wake)(w)
	}
}

// Close closes the database. Work in flight must have ended.
func (c *Core) Close() error { return c.DB.Close() }

// receiveCard is the card network's way to our door. In production a rail's notification comes by
// HTTP; the simulated network lives in this process.
func (c *Core) receiveCard(ctx context.Context, header http.Header, body []byte) error {
	return c.Pay.Receive(ctx, card.Name, header, body)
}
