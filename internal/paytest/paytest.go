package paytest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/ident"
	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/rail/bank"
	"github.com/kassa-pay/kassa/internal/rail/card"
	"github.com/kassa-pay/kassa/internal/rail/momo"
	"github.com/kassa-pay/kassa/internal/rail/payto"
	"github.com/kassa-pay/kassa/internal/rail/railtest"
	"github.com/kassa-pay/kassa/internal/rail/simnet"
	"github.com/kassa-pay/kassa/internal/secret"
	"github.com/kassa-pay/kassa/internal/store"
	"github.com/kassa-pay/kassa/internal/store/schema"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
	"github.com/kassa-pay/kassa/internal/store/storetest"
	"github.com/kassa-pay/kassa/internal/vault"
)

// Epoch is where every test's clock begins.
var Epoch = time.Date(2026, 10, 3, 9, 30, 0, 0, time.UTC)

// BaseURL is the public origin of the pages in tests.
const BaseURL = "http://127.0.0.1:8080"

// Clock is a clock that stands still until it is told to move.
type Clock = railtest.Clock

// counter is a source of randomness that counts, so that ids are the same in every run.
type counter struct {
	mu sync.Mutex
	n  uint64
}

func (c *counter) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(p)
	c.n++
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], c.n)
	copy(p[max(0, len(p)-8):], b[max(0, 8-len(p)):])
	return len(p), nil
}

// World is the core and everything around it.
type World struct {
	T      testing.TB
	Pay    *pay.Service
	DB     *sqldb.DB
	Store  *store.Store
	Clock  *Clock
	IDs    ident.Source
	Vault  *vault.Vault
	Card   *card.Network
	Momo   *momo.Network
	Bank   *bank.Network
	Payto  *payto.Network
	Shop   pay.Caller // merchant "shop" in test mode
	Rival  pay.Caller // another merchant in test mode
	Log    *slog.Logger
	Logs   *bytes.Buffer // what Log wrote
	logsMu *sync.Mutex
	deps   pay.Deps
}

// Twin returns the core of another process on the same database.
func (w *World) Twin(change ...func(*pay.Deps)) *pay.Service {
	deps := w.deps
	for _, f := range change {
		f(&deps)
	}
	return pay.New(deps)
}

// timeless leaves the time of day out of a log: tests look for a security code in what is written,
// and thousandths of a second are three digits as well.
var timeless = &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}}

// Options change the world a test starts in.
type Options struct {
	URL  string // of the database; "" for SQLite in a temporary folder
	Wake func(pay.Work)
	// Rails replaces the simulated networks.
	Rails []pay.Rail
	// Lately is called when the networks are there and the core is not.
	Lately func(*World)
	// Broken leaves out the check at the end, for tests that break what is stored.
	Broken bool
	// Real uses real randomness instead of counted ids, for tests of races.
	Real bool
	// ShopName replaces the name of the shop, BaseURL the public origin.
	ShopName, BaseURL string
	// Bare leaves out the mask of the product's log, for tests of what is behind it.
	Bare bool
	// Named is what the core is told of who hears of which event.
	Named func(family, eventType string) bool
}

// New returns a world on SQLite. Check runs when the test ends.
func New(t testing.TB) *World { return Open(t, Options{}) }

// Open returns a world as the options say. Check runs when the test ends.
func Open(t testing.TB, o Options) *World {
	t.Helper()
	ctx := context.Background()
	w := &World{
		T: t, Clock: railtest.NewClock(Epoch), IDs: ident.From(&counter{}), Logs: &bytes.Buffer{},
		logsMu: &sync.Mutex{},
	}
	if o.Real {
		w.IDs = ident.Random()
	}
	o.BaseURL = cmp.Or(o.BaseURL, BaseURL)
	var log slog.Handler = slog.NewTextHandler(lockedWriter{w.logsMu, w.Logs}, timeless)
	if !o.Bare {
		log = secret.Handler(log)
	}
	w.Log = slog.New(log)
	w.openStore(ctx, o.URL)
	var err error
	key := bytes.Repeat([]byte{7}, vault.KeySize)
	// Nonces are random, so that what is sealed in between leaves the order of the ids alone.
	if w.Vault, err = vault.FromKey(key, ident.Random()); err != nil {
		t.Fatal(err)
	}
	w.openNetworks(o.BaseURL)
	if o.Rails == nil {
		o.Rails = []pay.Rail{w.Card, w.Momo, w.Bank, w.Payto}
	}
	if o.Lately != nil {
		o.Lately(w)
	}
	w.deps = pay.Deps{
		Store: w.Store, Rails: o.Rails, Clock: w.Clock, IDs: w.IDs, Vault: w.Vault, Log: w.Log,
		Wake: o.Wake, BaseURL: o.BaseURL, Named: o.Named,
	}
	w.Pay = pay.New(w.deps)
	for _, n := range w.networks() {
		n.Connect(w.door(n))
	}
	w.Shop = w.merchant(ctx, "shop", cmp.Or(o.ShopName, "shop"))
	w.Rival = w.merchant(ctx, "rival", "rival")
	t.Cleanup(func() {
		if !o.Broken {
			w.Check()
		}
		w.DB.Close()
	})
	return w
}

func (w *World) openNetworks(baseURL string) {
	w.T.Helper()
	c := simnet.Config{DB: w.DB, Clock: w.Clock, IDs: w.IDs, Vault: w.Vault, BaseURL: baseURL}
	var errs [4]error
	w.Card, errs[0] = card.New(c)
	w.Momo, errs[1] = momo.New(c)
	w.Bank, errs[2] = bank.New(c)
	w.Payto, errs[3] = payto.New(c)
	if err := errors.Join(errs[:]...); err != nil {
		w.T.Fatal(err)
	}
}

func (w *World) networks() []*simnet.Network {
	return []*simnet.Network{w.Card.Network, w.Momo.Network, w.Bank.Network, w.Payto.Network}
}

// door is a network's way to our door.
func (w *World) door(n *simnet.Network) simnet.Send {
	return func(ctx context.Context, h http.Header, body []byte) error {
		return w.Pay.Receive(ctx, n.Name(), h, body)
	}
}

func (w *World) openStore(ctx context.Context, url string) {
	w.T.Helper()
	if url == "" {
		url = "sqlite:" + filepath.Join(w.T.TempDir(), "kassa.db")
	}
	o := storetest.Patient(url, schema.FS)
	o.Log = w.Log
	db, err := sqldb.Open(ctx, o)
	if err != nil {
		w.T.Fatal(err)
	}
	if _, _, err := db.Migrate(ctx); err != nil {
		w.T.Fatal(err)
	}
	w.DB, w.Store = db, store.New(db)
}

// Key returns the secret test key of a merchant of the world.
func Key(merchant string) string { return "sk_test_" + merchant }

// LiveKey returns the secret live key of a merchant of the world.
func LiveKey(merchant string) string { return "sk_live_" + merchant }

// PublicKey returns the publishable test key of a merchant of the world.
func PublicKey(merchant string) string { return "pk_test_" + merchant }

func (w *World) merchant(ctx context.Context, id, name string) pay.Caller {
	w.T.Helper()
	_, err := w.Pay.CreateMerchant(ctx, pay.NewMerchant{
		ID: id, Name: name, LateMoney: pay.HoldLate,
		ReturnOrigins: []string{"https://" + id + ".test"},
	})
	if err != nil {
		w.T.Fatal(err)
	}
	for _, k := range []pay.NewKey{
		{Scope: pay.Scope{MerchantID: id, Mode: pay.Test}, Kind: pay.SecretKey, Plain: Key(id)},
		{Scope: pay.Scope{MerchantID: id, Mode: pay.Live}, Kind: pay.SecretKey, Plain: LiveKey(id)},
		{Scope: pay.Scope{MerchantID: id, Mode: pay.Test}, Kind: pay.PublishableKey,
			Plain: PublicKey(id)},
	} {
		if _, _, err := w.Pay.CreateKey(ctx, k); err != nil {
			w.T.Fatal(err)
		}
	}
	c, err := w.Pay.Authenticate(ctx, Key(id))
	if err != nil {
		w.T.Fatal(err)
	}
	return c
}

// Work does all due background work of the core until there is none left.
func (w *World) Work() {
	w.T.Helper()
	ctx := context.Background()
	for range 1000 {
		n := 0
		for _, run := range []func(context.Context) (int, error){
			w.pump, w.Pay.ProcessNotices, w.Pay.PollPayments, w.Pay.PollRefunds, w.Pay.ExpireDue,
			w.Pay.ChargeDue,
		} {
			did, err := run(ctx)
			if err != nil {
				w.T.Fatal(err)
			}
			n += did
		}
		if n == 0 {
			return
		}
	}
	w.T.Fatal("background work does not come to an end")
}

func (w *World) pump(ctx context.Context) (int, error) {
	sum := 0
	for _, network := range w.networks() {
		n, err := network.Pump(ctx, w.Clock.Now(), 64, w.door(network))
		if err != nil {
			return sum, err
		}
		sum += n
	}
	return sum, nil
}

// Advance moves the server's clock and does what has become due.
func (w *World) Advance(d time.Duration) {
	w.T.Helper()
	w.Clock.Advance(d)
	w.Work()
}

// Open opens a session of the shop for 50 cedis.
func (w *World) Open(change ...func(*pay.OpenSession)) pay.Session {
	w.T.Helper()
	r := pay.OpenSession{
		Family: "checkout", Amount: 5000, Currency: "GHS",
		SuccessURL: "https://shop.test/done?session_id={CHECKOUT_SESSION_ID}",
		CancelURL:  "https://shop.test/basket",
	}
	for _, f := range change {
		f(&r)
	}
	ses, _, err := w.Pay.OpenSession(context.Background(), w.Shop, nil, r)
	if err != nil {
		w.T.Fatal(err)
	}
	return ses
}

// GHS returns an amount of Ghanaian cedis, in pesewas.
func GHS(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "GHS"} }

// CardOf returns a card with the number that will not expire in the test's time.
func CardOf(number string) *pay.Card {
	code := "123"
	if pay.Brand(number) == "amex" {
		code = "1234"
	}
	return &pay.Card{
		Number: secret.NewPAN(number), CVC: secret.NewCVV([]byte(code)), ExpMonth: 12, ExpYear: 2034,
	}
}

// Try pays the session with a card number.
func (w *World) Try(sessionID, number string) (pay.Payment, error) {
	p, _, err := w.Pay.Pay(context.Background(), w.Shop, nil, pay.PayRequest{
		SessionID: sessionID,
		Method:    pay.MethodInput{Type: pay.MethodCard, Card: CardOf(number)},
	})
	return p, err
}

// Buy is Try that must not fail.
func (w *World) Buy(sessionID, number string) pay.Payment {
	w.T.Helper()
	p, err := w.Try(sessionID, number)
	if err != nil {
		w.T.Fatal(err)
	}
	return p
}

// Prompt pays the session by mobile money; provider may be empty.
func (w *World) Prompt(sessionID, phone, provider string) pay.Payment {
	w.T.Helper()
	return w.pay(sessionID, pay.MethodInput{
		Type: pay.MethodMobile, Mobile: &pay.MobileInput{Phone: phone, Provider: provider},
	})
}

// Transfer pays the session by bank transfer.
func (w *World) Transfer(sessionID string) pay.Payment {
	w.T.Helper()
	return w.pay(sessionID, pay.MethodInput{Type: pay.MethodBank})
}

func (w *World) pay(sessionID string, m pay.MethodInput) pay.Payment {
	w.T.Helper()
	p, _, err := w.Pay.Pay(context.Background(), w.Shop, nil,
		pay.PayRequest{SessionID: sessionID, Method: m})
	if err != nil {
		w.T.Fatal(err)
	}
	return p
}

// Session reads a session of the shop.
func (w *World) Session(id string) pay.Session {
	w.T.Helper()
	ses, err := w.Pay.Session(context.Background(), w.Shop, id)
	if err != nil {
		w.T.Fatal(err)
	}
	return ses
}

// Payment reads a payment of the shop.
func (w *World) Payment(id string) pay.Payment {
	w.T.Helper()
	p, err := w.Pay.Payment(context.Background(), w.Shop, id)
	if err != nil {
		w.T.Fatal(err)
	}
	return p
}

// lockedWriter lets several goroutines log into one buffer.
type lockedWriter struct {
	mu *sync.Mutex
	b  *bytes.Buffer
}

func (w lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(p)
}
