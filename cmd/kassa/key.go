package main

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/secret"
)

const dateTime = "2006-01-02 15:04"

func (a *app) key() *cobra.Command {
	return group(&cobra.Command{Use: "key", Short: "Manage API keys"},
		a.keyCreate(), a.keyList(), a.keyRoll(), a.keyRevoke())
}

// keyFlags are what can be asked of a new key.
type keyFlags struct {
	live, publishable, readOnly bool
	name                        string
	networks                    []string
}

func (a *app) keyCreate() *cobra.Command {
	var f keyFlags
	cmd := &cobra.Command{
		Use:   "create MERCHANT",
		Short: "Make an API key and print it, once",
		Long: "Make an API key and print it. Only a hash of it is stored, so it cannot be shown " +
			"again.\nWithout flags it is a secret key of test mode that may do everything.",
		Example: "  kassa key create mer_... --live --name \"web shop\"",
		Args:    takes("MERCHANT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := f.key(args[0])
			if err != nil {
				return err
			}
			return a.withCore(cmd, func(ctx context.Context, s *pay.Service) error {
				_, plain, err := s.CreateKey(ctx, n)
				return a.show(plain, noMerchant(args[0], err))
			})
		},
	}
	cmd.Flags().BoolVar(&f.live, "live", false, "a key for live mode")
	cmd.Flags().BoolVar(&f.publishable, "publishable", false, "a key that may be in a page")
	cmd.Flags().BoolVar(&f.readOnly, "read-only", false, "a key that can change nothing")
	cmd.Flags().StringVar(&f.name, "name", "", "a name to tell keys apart")
	cmd.Flags().StringSliceVar(&f.networks, "network", nil,
		"network the key may be used from, such as 203.0.113.0/24; may be repeated")
	return cmd
}

func (f *keyFlags) key(merchant string) (pay.NewKey, error) {
	n := pay.NewKey{
		Scope: pay.Scope{MerchantID: merchant, Mode: pay.Test}, Kind: pay.SecretKey, Name: f.name,
	}
	if f.live {
		n.Mode = pay.Live
	}
	if f.publishable {
		n.Kind = pay.PublishableKey
	}
	if f.readOnly {
		n.Permissions = []string{pay.PermRead}
	}
	var err error
	n.Networks, err = parseNetworks(f.networks)
	return n, err
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

// show prints a new key: the only time it can be seen. The reminder goes where no script takes it
// for the key.
func (a *app) show(plain secret.String, err error) error {
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(a.out, plain.Reveal()); err != nil {
		return err
	}
	_, err = fmt.Fprintln(a.err, "Keep this key now: it cannot be shown again.")
	return err
}

func (a *app) keyList() *cobra.Command {
	return &cobra.Command{
		Use:   "list MERCHANT",
		Short: "List a merchant's API keys",
		Args:  takes("MERCHANT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withCore(cmd, func(ctx context.Context, s *pay.Service) error {
				keys, err := keysOf(ctx, s, args[0])
				if err != nil {
					return err
				}
				rows := [][]string{
					{"ID", "NAME", "PERMISSIONS", "NETWORKS", "CREATED", "LAST USED", "ENDS"},
				}
				for _, k := range keys {
					rows = append(rows, []string{k.ID, k.Name, strings.Join(k.Permissions, " "),
						networksOf(k), when(k.CreatedAt), when(k.LastUsedAt), ends(k)})
				}
				return a.table(rows)
			})
		},
	}
}

// keysOf lists the keys of a merchant that exists: nobody has no list.
func keysOf(ctx context.Context, s *pay.Service, merchant string) ([]pay.Key, error) {
	all, err := s.Merchants(ctx)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(all, func(m pay.Merchant) bool { return m.ID == merchant }) {
		return nil, noMerchant(merchant, &pay.Error{Kind: pay.NotFound})
	}
	return s.Keys(ctx, merchant)
}

func networksOf(k pay.Key) string {
	var all []string
	for _, n := range k.Networks {
		all = append(all, n.String())
	}
	return strings.Join(all, " ")
}

// when prints a time as UTC, to the minute.
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
		Use:     "roll KEY-ID",
		Short:   "Make a new key like an old one, print it, and end the old one after an overlap",
		Example: "  kassa key roll sk_live_... --overlap 48h",
		Args:    takes("KEY-ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withCore(cmd, func(ctx context.Context, s *pay.Service) error {
				_, plain, err := s.RollKey(ctx, args[0], overlap)
				return a.show(plain, noKey(args[0], err))
			})
		},
	}
	cmd.Flags().DurationVar(&overlap, "overlap", pay.SecretOverlap,
		"how long the old key still works, such as 90m or 48h; 0s ends it now")
	return cmd
}

func (a *app) keyRevoke() *cobra.Command {
	return &cobra.Command{
		Use:   "revoke KEY-ID",
		Short: "End a key at once",
		Args:  takes("KEY-ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withCore(cmd, func(ctx context.Context, s *pay.Service) error {
				return noKey(args[0], s.RevokeKey(ctx, args[0]))
			})
		},
	}
}
