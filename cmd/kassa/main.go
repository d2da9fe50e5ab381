// Command kassa is the checkout server and the operator's tool for it.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/kassa-pay/kassa/internal/config"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/secret"
	"github.com/kassa-pay/kassa/internal/server"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
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
	root := (&app{std, environ}).root()
	root.SetArgs(args)
	return root.ExecuteContext(ctx)
}

func (a *app) root() *cobra.Command {
	root := group(&cobra.Command{
		Use:   "kassa",
		Short: "A self-hosted checkout server",
		Long: "Kassa takes payments through hosted checkout sessions.\n\n" +
			"Try it: kassa serve --dev\n" +
			"Every flag can also be set in the environment: --base-url is KASSA_BASE_URL.",
		SilenceUsage: true, SilenceErrors: true, Version: version(),
	}, a.serve(), a.migrate(), a.merchant(), a.key(), a.payment(),
		a.audit(), a.backup(), a.verify())
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetFlagErrorFunc(badFlag)
	root.CompletionOptions.DisableDefaultCmd = true
	config.DatabaseFlags(root.PersistentFlags())
	return root
}

// version is what the build knows of its source.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "unknown"
}

// log is the log, which never shows a secret.
func (a *app) log(c config.Config) *slog.Logger {
	opts := &slog.HandlerOptions{Level: c.Level()}
	if c.LogFormat == config.JSON {
		return slog.New(secret.Handler(slog.NewJSONHandler(a.err, opts)))
	}
	return slog.New(secret.Handler(slog.NewTextHandler(a.err, opts)))
}

// brief is the configuration of a command that ends by itself. It logs what is wrong and nothing
// else, unless it is asked to.
func (a *app) brief(cmd *cobra.Command) (config.Config, error) {
	c, err := config.Load(cmd.Flags(), a.environ)
	if err == nil && !cmd.Flags().Changed("log-level") {
		c.LogLevel = slog.LevelWarn.String()
	}
	return c, err
}

func (a *app) serve() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Long: "Run the server until it is told to stop (SIGINT, SIGTERM). It then lets requests in " +
			"flight\nfinish; a second signal ends it at once.",
		Example: "  kassa serve --dev\n" +
			"  kassa serve --base-url https://pay.example.com --data /var/lib/kassa",
		Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(cmd.Flags(), a.environ)
			if err != nil {
				return err
			}
			if err := c.CheckServe(); err != nil {
				return err
			}
			server.Tune(a.environ)
			return server.Run(cmd.Context(), c, a.log(c), a.out)
		},
	}
	config.ServeFlags(cmd.Flags())
	return cmd
}

func (a *app) migrate() *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "Make the database, or bring its schema up to date (the server does so at start)",
		Args:  takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.brief(cmd)
			if err != nil {
				return err
			}
			from, to, err := server.Migrate(cmd.Context(), c, a.log(c))
			if err != nil {
				return err
			}
			if from == to {
				_, err = fmt.Fprintf(a.out, "the schema is up to date: version %d\n", to)
				return err
			}
			_, err = fmt.Fprintf(a.out, "the schema went from version %d to version %d\n", from, to)
			return err
		},
	}
}

// withCore opens the data, runs work on the use cases and closes it again. It makes no database:
// whoever mistypes --data learns so.
func (a *app) withCore(
	cmd *cobra.Command, work func(ctx context.Context, s *pay.Service) error,
) error {
	c, err := a.brief(cmd)
	if err != nil {
		return err
	}
	if err := c.CheckData(); err != nil {
		return err
	}
	core, err := server.Open(cmd.Context(), c, a.log(c))
	if err != nil {
		return err
	}
	defer core.Close()
	return work(cmd.Context(), core.Pay)
}
