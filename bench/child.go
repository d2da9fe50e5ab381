package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/kassa-pay/kassa/internal/api/checkout"
	"github.com/kassa-pay/kassa/internal/api/wire"
	"github.com/kassa-pay/kassa/internal/config"
	"github.com/kassa-pay/kassa/internal/ident"
	"github.com/kassa-pay/kassa/internal/money"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/server"
)

// benchKey is the key all loads use.
const benchKey = "sk_test_bench"

// child is the server under load, in a process of its own: the product, and beside it a handler
// that authenticates, decodes and encodes the same JSON and stores nothing. still leaves the
// background work out.
func child(data, database string, still bool) error {
	server.Tune(os.Environ())
	ctx := context.Background()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	c := config.Config{
		Addr: ln.Addr().String(), Data: data, Database: database, KeyFile: data + "/kassa.key",
		BaseURL: "http://" + ln.Addr().String(), AllowPrivateWebhooks: true,
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	core, err := server.Open(ctx, c, log)
	if err != nil {
		return err
	}
	defer core.Close()
	if err := seed(ctx, core.Pay); err != nil {
		return err
	}
	s, err := server.New(core, c, log)
	if err != nil {
		return err
	}
	if !still {
		s.Start()
		defer s.Stop()
	}
	mux := http.NewServeMux()
	mux.Handle("/", s.Handler())
	mux.Handle("/none/", noStore(core, log))
	mux.HandleFunc("GET /commits", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, core.DB.Commits())
	})
	fmt.Println(ln.Addr())
	return wire.Server(mux, log).Serve(ln)
}

// seed makes the merchant and its key, unless another node has done so before.
func seed(ctx context.Context, s *pay.Service) error {
	_, err := s.CreateMerchant(ctx, pay.NewMerchant{ID: "bench", Name: "Bench"})
	if pay.IsKind(err, pay.Conflict) {
		return nil
	}
	if err != nil {
		return err
	}
	_, _, err = s.CreateKey(ctx, pay.NewKey{
		Scope: pay.Scope{MerchantID: "bench", Mode: pay.Test}, Kind: pay.SecretKey, Plain: benchKey,
	})
	return err
}

// nothing is the core without its store: sessions are made, shown and forgotten.
type nothing struct{ *pay.Service }

// OpenSession answers like the core and stores nothing.
func (n nothing) OpenSession(
	_ context.Context, c pay.Caller, o *pay.Once[pay.Session], r pay.OpenSession,
) (pay.Session, pay.Reply, error) {
	now := n.Now(c)
	ses := pay.Session{
		ID: ident.Random().ID("cs", now), State: pay.SessionOpen, Capture: r.Capture,
		Amount:     money.Amount{Minor: r.Amount, Currency: r.Currency},
		SuccessURL: r.SuccessURL, CancelURL: r.CancelURL, CustomerEmail: r.CustomerEmail,
		Metadata: r.Metadata, ExpiresAt: now.Add(pay.DefaultTTL), CreatedAt: now,
	}
	return ses, o.Render(ses), nil
}

// noStore is the yardstick: the same handler with the same authentication, without the storing.
func noStore(core *server.Core, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	checkout.New(checkout.Deps{
		Common:      wire.Common{Log: log, IDs: core.IDs, Now: time.Now},
		Pay:         nothing{core.Pay},
		CheckTarget: func(pay.Mode, string) error { return nil },
	}).Mount(mux)
	return http.StripPrefix("/none", mux)
}
