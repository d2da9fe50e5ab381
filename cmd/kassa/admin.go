package main

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/secret"
)

const dateTime = "2006-01-02 15:04"

func (a *app) merchant() *cobra.Command {
	cmd := &cobra.Command{Use: "merchant", Short: "Manage merchants"}
	cmd.AddCommand(a.merchantCreate(), a.merchantList(), a.merchantOrigins())
	return cmd
}

func (a *app) merchantCreate() *cobra.Command {
	var n pay.NewMerchant
	cmd := &cobra.Command{
		Use:     "create NAME",
		Short:   "Add a merchant",
		Example: "  kassa merchant create \"Ama's Shop\" --return-origin https://ama.example",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			n.Name = args[0]
			return a.withCore(cmd, func(ctx context.Context, s *pay.Service) error {
				m, err := s.CreateMerchant(ctx, n)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(a.out, "%s\n", m.ID)
				return err
			})
		},
	}
	cmd.Flags().StringSliceVar(&n.ReturnOrigins, "return-origin", nil,
		"web origin buyers may be sent back to; needed for live mode; may be repeated")
	cmd.Flags().StringVar((*string)(&n.LateMoney), "late-money", string(pay.RefundLate),
		"what to do with money that comes too late: refund or hold")
	return cmd
}

func (a *app) merchantList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List merchants",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withCore(cmd, func(ctx context.Context, s *pay.Service) error {
				all, err := s.Merchants(ctx)
				if err != nil {
					return err
				}
				w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "ID\tNAME\tRETURN ORIGINS\tLATE MONEY")
				for _, m := range all {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", m.ID, m.Name,
						strings.Join(m.ReturnOrigins, " "), m.LateMoney)
				}
				return w.Flush()
			})
		},
	}
}

func (a *app) merchantOrigins() *cobra.Command {
	return &cobra.Command{
		Use:   "origins MERCHANT [ORIGIN...]",
		Short: "Replace the web origins a merchant's buyers may be sent back to",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withCore(cmd, func(ctx context.Context, s *pay.Service) error {
				return s.SetReturnOrigins(ctx, args[0], args[1:])
			})
		},
	}
}

func (a *app) key() *cobra.Command {
	cmd := &cobra.Command{Use: "key", Short: "Manage API keys"}
	cmd.AddCommand(a.keyCreate(), a.keyList(), a.keyRoll(), a.keyRevoke())
	return cmd
}

func (a *app) keyCreate() *cobra.Command {
	var live, publishable, readOnly bool
	var name string
	var networks []string
	cmd := &cobra.Command{
		Use:   "create MERCHANT",
		Short: "Make an API key and print it, once",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			n := pay.NewKey{
				Scope: pay.Scope{MerchantID: args[0], Mode: pay.Test}, Kind: pay.SecretKey, Name: name,
			}
			if live {
				n.Mode = pay.Live
			}
			if publishable {
				n.Kind = pay.PublishableKey
			}
			if readOnly {
				n.Permissions = []string{pay.PermRead}
			}
			var err error
			if n.Networks, err = parseNetworks(networks); err != nil {
				return err
			}
			return a.withCore(cmd, func(ctx context.Context, s *pay.Service) error {
				_, plain, err := s.CreateKey(ctx, n)
				return a.show(plain, err)
			})
		},
	}
	cmd.Flags().BoolVar(&live, "live", false, "a key for live mode")
	cmd.Flags().BoolVar(&publishable, "publishable", false, "a key that may be in a page")
	cmd.Flags().BoolVar(&readOnly, "read-only", false, "a key that can change nothing")
	cmd.Flags().StringVar(&name, "name", "", "a name to tell keys apart")
	cmd.Flags().StringSliceVar(&networks, "network", nil,
		"network the key may be used from, such as 203.0.113.0/24; may be repeated")
	return cmd
}

// parseNetworks reads networks, and single addresses as networks of one.
func parseNetworks(texts []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range texts {
		p, err := netip.ParsePrefix(text)
		if addr, aerr := netip.ParseAddr(text); aerr == nil {
			p, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("--network: %q is not a network like 203.0.113.0/24", text)
		}
		out = append(out, p)
	}
	return out, nil
}

// show prints a new key: the only time it can be seen.
func (a *app) show(plain secret.String, err error) error {
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(a.out, plain.Reveal())
	return err
}

func (a *app) keyList() *cobra.Command {
	return &cobra.Command{
		Use:   "list MERCHANT",
		Short: "List a merchant's API keys",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withCore(cmd, func(ctx context.Context, s *pay.Service) error {
				keys, err := s.Keys(ctx, args[0])
				if err != nil {
					return err
				}
				w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "ID\tNAME\tPERMISSIONS\tCREATED\tLAST USED\tENDS")
				for _, k := range keys {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", k.ID, k.Name,
						strings.Join(k.Permissions, " "), when(k.CreatedAt), when(k.LastUsedAt), ends(k))
				}
				return w.Flush()
			})
		},
	}
}

func when(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format(dateTime)
}

func ends(k pay.Key) string {
	if !k.RevokedAt.IsZero() {
		return "revoked " + when(k.RevokedAt)
	}
	return when(k.ExpiresAt)
}

func (a *app) keyRoll() *cobra.Command {
	var overlap time.Duration
	cmd := &cobra.Command{
		Use:   "roll KEY-ID",
		Short: "Make a new key like an old one, print it, and end the old one after an overlap",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withCore(cmd, func(ctx context.Context, s *pay.Service) error {
				_, plain, err := s.RollKey(ctx, args[0], overlap)
				return a.show(plain, err)
			})
		},
	}
	cmd.Flags().DurationVar(&overlap, "overlap", 24*time.Hour, "how long the old key still works")
	return cmd
}

func (a *app) keyRevoke() *cobra.Command {
	return &cobra.Command{
		Use:   "revoke KEY-ID",
		Short: "End a key at once",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withCore(cmd, func(ctx context.Context, s *pay.Service) error {
				return s.RevokeKey(ctx, args[0])
			})
		},
	}
}
