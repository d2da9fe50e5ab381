// Command kassa is the checkout server and the operator's tool for it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/kassa-pay/kassa/internal/config"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/secret"
	"github.com/kassa-pay/kassa/internal/server"
)

// version is set by the build.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	std := stdio{os.Stdout, os.Stderr}
	if err := run(ctx, os.Args[1:], os.Environ(), std); err != nil {
		fmt.Fprintln(os.Stderr, "kassa:", explain(err))
		os.Exit(1)
	}
}

// stdio is where a command writes.
type stdio struct{ out, err io.Writer }

// app is what the commands share.
type app struct {
	stdio
	environ []string
}

// run is the whole program, without the process around it.
func run(ctx context.Context, args, environ []string, std stdio) error {
	a := &app{std, environ}
	root := &cobra.Command{
		Use:   "kassa",
		Short: "A self-hosted checkout server",
		Long: "Kassa takes payments through hosted checkout sessions.\n\n" +
			"Try it: kassa serve --dev\n" +
			"Every flag can also be set in the environment: --base-url is KASSA_BASE_URL.",
		SilenceUsage: true, SilenceErrors: true, Version: version,
	}
	root.SetArgs(args)
	root.SetOut(std.out)
	root.SetErr(std.err)
	root.CompletionOptions.DisableDefaultCmd = true
	config.DatabaseFlags(root.PersistentFlags())
	root.AddCommand(a.serve(), a.migrate(), a.merchant(), a.key(), a.audit(), a.backup(), a.verify())
	return root.ExecuteContext(ctx)
}

// explain writes an error for the person at the terminal.
func explain(err error) string {
	var e *pay.Error
	if errors.As(err, &e) && e.Kind != pay.Internal {
		return e.Message
	}
	return err.Error()
}

func (a *app) config(cmd *cobra.Command) (config.Config, *slog.Logger, error) {
	c, err := config.Load(cmd.Flags(), a.environ)
	if err != nil {
		return c, nil, err
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return c, nil, errors.New("--log-level must be debug, info, warn or error")
	}
	opts := &slog.HandlerOptions{Level: level}
	var h slog.Handler = slog.NewTextHandler(a.err, opts)
	if c.LogFormat == "json" {
		h = slog.NewJSONHandler(a.err, opts)
	}
	return c, slog.New(secret.Handler(h)), nil
}

func (a *app) serve() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, log, err := a.config(cmd)
			if err != nil {
				return err
			}
			if err := c.CheckServe(); err != nil {
				return err
			}
			server.Tune(a.environ)
			return server.Run(cmd.Context(), c, log, a.out)
		},
	}
	config.ServeFlags(cmd.Flags())
	return cmd
}

func (a *app) migrate() *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database's schema up to date (the server does so by itself at start)",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, log, err := a.config(cmd)
			if err != nil {
				return err
			}
			from, to, err := server.Migrate(cmd.Context(), c, log)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.out, "schema was at version %d, is at version %d\n", from, to)
			return err
		},
	}
}

// withCore opens the data, runs work on the use cases and closes it again.
func (a *app) withCore(
	cmd *cobra.Command, work func(ctx context.Context, s *pay.Service) error,
) error {
	c, log, err := a.config(cmd)
	if err != nil {
		return err
	}
	core, err := server.Open(cmd.Context(), c, log)
	if err != nil {
		return err
	}
	defer core.Close()
	return work(cmd.Context(), core.Pay)
}
