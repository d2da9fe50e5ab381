package server

import (
	"context"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/kassa-pay/kassa/internal/config"
	"github.com/kassa-pay/kassa/internal/disk"
	"github.com/kassa-pay/kassa/internal/ident"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/rail/bank"
	"github.com/kassa-pay/kassa/internal/rail/card"
	"github.com/kassa-pay/kassa/internal/rail/momo"
	"github.com/kassa-pay/kassa/internal/rail/payto"
	"github.com/kassa-pay/kassa/internal/rail/simnet"
	"github.com/kassa-pay/kassa/internal/store"
	"github.com/kassa-pay/kassa/internal/store/schema"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
	"github.com/kassa-pay/kassa/internal/vault"
	"github.com/kassa-pay/kassa/internal/worker"
)

// Core is the use cases over an open database: what the server and the operator's commands share.
type Core struct {
	Pay   *pay.Service
	DB    *sqldb.DB
	Store *store.Store
	Card  *card.Network
	Momo  *momo.Network
	Bank  *bank.Network
	PayTo *payto.Network
	Vault *vault.Vault
	Disk  *disk.Guard // of the embedded database; nil with PostgreSQL, which watches its own
	IDs   ident.Source
	Clock pay.Clock

	wake atomic.Pointer[func(pay.Work)]
}

// gcPercent lets the heap grow further between collections than Go does by itself. What is alive
// is a few megabytes, so this costs little memory and saves a sixth of the work of a busy server.
const gcPercent = 400

// Tune sets what concerns the whole process. GOGC in the environment overrules it.
func Tune(environ []string) {
	isGOGC := func(pair string) bool { return strings.HasPrefix(pair, "GOGC=") }
	if !slices.ContainsFunc(environ, isGOGC) {
		debug.SetGCPercent(gcPercent)
	}
}

// rest gives back to the system what only starting needed: reading the migrations alone takes 16 MB
// of buffers, kept in pools that let go of them at the second collection.
func rest() {
	runtime.GC()
	debug.FreeOSMemory()
}

// systemClock is the machine's clock.
type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now().UTC() }

// open connects to the database without touching its schema. The guard comes first: on a full disk
// the embedded database could not even be opened.
func open(
	ctx context.Context, c config.Config, log *slog.Logger,
) (*sqldb.DB, *disk.Guard, error) {
	url, err := c.DatabaseURL()
	if err != nil {
		return nil, nil, err
	}
	g := guard(c, log)
	if _, err := g.Keep(ctx); err != nil {
		log.WarnContext(ctx, "ballast", "error", err)
	}
	db, err := sqldb.Open(ctx, sqldb.Options{URL: url, Migrations: schema.FS, Log: log, Now: time.Now})
	return db, g, err
}

// Migrate brings the schema up to date and returns the versions before and after.
func Migrate(ctx context.Context, c config.Config, log *slog.Logger) (from, to int64, err error) {
	db, _, err := open(ctx, c, log)
	if err != nil {
		return 0, 0, err
	}
	defer db.Close()
	return db.Migrate(ctx)
}

// nowhere is the origin of pages for commands that send nobody to one.
const nowhere = "http://127.0.0.1"

// Open opens the data, brings its schema up to date and builds the use cases over it.
func Open(ctx context.Context, c config.Config, log *slog.Logger) (*Core, error) {
	if c.BaseURL == "" {
		c.BaseURL = nowhere
	}
	db, disk, err := open(ctx, c, log)
	if err != nil {
		return nil, err
	}
	core := &Core{
		DB: db, Store: store.New(db), Disk: disk, IDs: ident.Random(), Clock: systemClock{},
	}
	if err := core.build(ctx, c, log); err != nil {
		db.Close()
		return nil, err
	}
	return core, nil
}

func (core *Core) build(ctx context.Context, c config.Config, log *slog.Logger) error {
	from, to, err := core.DB.Migrate(ctx)
	if err != nil {
		return err
	}
	if from != to {
		log.InfoContext(ctx, "schema migrated", "from", from, "to", to)
	}
	if core.DB.Engine() == sqldb.PostgreSQL {
		core.Store.RememberKeys(time.Now)
	}
	if core.Vault, err = vault.Load(c.KeyFile, core.IDs); err != nil {
		return err
	}
	if err := core.openNetworks(c.BaseURL); err != nil {
		return err
	}
	core.Pay = pay.New(pay.Deps{
		Store: core.Store, Rails: core.rails(), Clock: core.Clock, IDs: core.IDs,
		Vault: core.Vault, Log: log, Admit: core.admit, Wake: core.wakeWorker, Named: named,
		Together: worker.Together(chargesAtOnce), BaseURL: c.BaseURL,
	})
	for _, n := range core.networks() {
		n.Connect(core.door(n))
	}
	return core.Pay.CheckVault(ctx)
}

// openNetworks builds the simulated networks of test mode over their own records.
func (core *Core) openNetworks(baseURL string) (err error) {
	c := simnet.Config{
		DB: core.DB, Clock: core.Clock, IDs: core.IDs, Vault: core.Vault, BaseURL: baseURL,
	}
	if core.Card, err = card.New(c); err != nil {
		return err
	}
	if core.Momo, err = momo.New(c); err != nil {
		return err
	}
	if core.Bank, err = bank.New(c); err != nil {
		return err
	}
	core.PayTo, err = payto.New(c)
	return err
}

// rails are the roads that money takes, in the order in which a buyer chooses.
func (core *Core) rails() []pay.Rail {
	return []pay.Rail{core.Card, core.Momo, core.Bank, core.PayTo}
}

func (core *Core) networks() []*simnet.Network {
	return []*simnet.Network{
		core.Card.Network, core.Momo.Network, core.Bank.Network, core.PayTo.Network,
	}
}

// guard watches the room that the embedded database has.
func guard(c config.Config, log *slog.Logger) *disk.Guard {
	if c.Database != "" {
		return nil
	}
	return disk.New(disk.Options{Dir: c.Data, Now: time.Now, Log: log})
}

// errStorageLow is told to whoever wants to begin something while the disk is almost full.
var errStorageLow = &pay.Error{
	Kind: pay.Unavailable, Code: "storage_low",
	Message: "The server is short of storage and begins nothing new. Nothing was charged.",
}

// admit keeps new work out while there is hardly room for what is under way.
func (core *Core) admit() error {
	if core.Disk.Low() {
		return errStorageLow
	}
	return nil
}

// wakeWorker passes on to the worker, which is built after the use cases that it runs.
func (core *Core) wakeWorker(w pay.Work) {
	if wake := core.wake.Load(); wake != nil {
		(*wake)(w)
	}
}

// Close closes the database. Work in flight must have ended.
func (core *Core) Close() error { return core.DB.Close() }

// door is a simulated network's way to our door. In production a rail's notification comes by HTTP;
// these networks live in this process.
func (core *Core) door(n *simnet.Network) simnet.Send {
	return func(ctx context.Context, header http.Header, body []byte) error {
		return core.Pay.Receive(ctx, n.Name(), header, body)
	}
}
