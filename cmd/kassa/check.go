package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/kassa-pay/kassa/internal/config"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/server"
)

func (a *app) audit() *cobra.Command {
	return &cobra.Command{
		Use:   "audit",
		Short: "Prove that journal, payments, refunds, sessions and events agree",
		Long: "Prove that journal, payments, refunds, sessions and events agree, for all merchants.\n" +
			"It changes nothing and may run while the server works. If anything is found, the exit\n" +
			"status is 1.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.withCore(cmd, a.auditOf) },
	}
}

func (a *app) auditOf(ctx context.Context, s *pay.Service) error {
	report, err := s.Audit(ctx)
	if err != nil {
		return err
	}
	for _, f := range report.Findings {
		fmt.Fprintf(a.out, "%s %s %s: %s\n", f.MerchantID, f.Mode, f.ObjectID, f.What)
	}
	fmt.Fprintf(a.out, "%d sessions, %d payments and %d refunds: %d findings\n", report.Sessions,
		report.Payments, report.Refunds, len(report.Findings))
	if len(report.Findings) > 0 {
		return errors.New("the audit found what does not agree")
	}
	return nil
}

func (a *app) backup() *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the embedded database to a new file, while the server works",
		Long: "Copy the embedded database to a new file, while the server works. The copy is checked\n" +
			"before it gets its name. Keep the key file with it, but not in the same place: the one\n" +
			"is no use without the other.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.brief(cmd)
			if err == nil {
				err = c.CheckData()
			}
			if err != nil {
				return err
			}
			return server.Backup(cmd.Context(), c, a.log(c), args[0])
		},
	}
}

func (a *app) verify() *cobra.Command {
	return &cobra.Command{
		Use:   "verify [FILE]",
		Short: "Check the embedded database, or a backup of it, page by page, and audit it",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.brief(cmd)
			if err != nil {
				return err
			}
			if len(args) == 0 {
				return a.verifyAt(cmd, c)
			}
			return a.verifyCopy(cmd, c, args[0])
		},
	}
}

// verifyCopy checks a copy of a backup, because opening a database changes the files around it.
func (a *app) verifyCopy(cmd *cobra.Command, c config.Config, path string) error {
	dir, err := os.MkdirTemp("", "kassa-verify-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	c.Data, c.Database = dir, ""
	if err := copyFile(path, filepath.Join(dir, config.DatabaseFile)); err != nil {
		return err
	}
	return a.verifyAt(cmd, c)
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// verifyAt checks the database of a configuration.
func (a *app) verifyAt(cmd *cobra.Command, c config.Config) error {
	if err := c.CheckData(); err != nil {
		return err
	}
	core, err := server.Open(cmd.Context(), c, a.log(c))
	if err != nil {
		return err
	}
	defer core.Close()
	faults, err := core.DB.Check(cmd.Context())
	if err != nil {
		return err
	}
	for _, f := range faults {
		fmt.Fprintln(a.out, f)
	}
	if len(faults) > 0 {
		return errors.New("the database is damaged; restore a backup")
	}
	fmt.Fprintln(a.out, "every page, index and reference is sound")
	return a.auditOf(cmd.Context(), core.Pay)
}
