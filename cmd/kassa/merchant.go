package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/kassa-pay/kassa/internal/pay"
)

func (a *app) merchant() *cobra.Command {
	return group(&cobra.Command{Use: "merchant", Short: "Manage merchants"},
		a.merchantCreate(), a.merchantList(), a.merchantOrigins())
}

func (a *app) merchantCreate() *cobra.Command {
	var n pay.NewMerchant
	cmd := &cobra.Command{
		Use:     "create NAME",
		Short:   "Add a merchant and print its id",
		Example: "  kassa merchant create \"Ama's Shop\" --return-origin https://ama.example",
		Args:    takes("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			n.Name = args[0]
			return a.withCore(cmd, func(ctx context.Context, s *pay.Service) error {
				m, err := s.CreateMerchant(ctx, n)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(a.out, m.ID)
				return err
			})
		},
	}
	cmd.Flags().StringSliceVar(&n.ReturnOrigins, "return-origin", nil,
		"web origin, or app such as com.shop.app://, buyers may be sent back to; needed for live mode; "+
			"may be repeated")
	cmd.Flags().StringVar((*string)(&n.LateMoney), "late-money", string(pay.RefundLate),
		"what to do with money that comes too late: refund or hold")
	return cmd
}

func (a *app) merchantList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List merchants",
		Args:  takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withCore(cmd, func(ctx context.Context, s *pay.Service) error {
				all, err := s.Merchants(ctx)
				if err != nil {
					return err
				}
				rows := [][]string{{"ID", "NAME", "RETURN ORIGINS", "LATE MONEY"}}
				for _, m := range all {
					rows = append(rows, []string{m.ID, m.Name, strings.Join(m.ReturnOrigins, " "),
						string(m.LateMoney)})
				}
				return a.table(rows)
			})
		},
	}
}

// table prints rows in columns; what is empty shows as a dash.
func (a *app) table(rows [][]string) error {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i, cell := range row {
			if cell == "" {
				row[i] = "-"
			}
		}
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	return w.Flush()
}

func (a *app) merchantOrigins() *cobra.Command {
	return &cobra.Command{
		Use:   "origins MERCHANT [ORIGIN...]",
		Short: "Replace the web origins a merchant's buyers may be sent back to",
		Long: "Replace the web origins a merchant's buyers may be sent back to. Name all that shall " +
			"hold:\nwithout any, no live session can be opened.",
		Example: "  kassa merchant origins mer_... https://ama.example https://www.ama.example",
		Args: func(cmd *cobra.Command, args []string) error {
			return takes("MERCHANT")(cmd, args[:min(len(args), 1)])
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withCore(cmd, func(ctx context.Context, s *pay.Service) error {
				return noMerchant(args[0], s.SetReturnOrigins(ctx, args[0], args[1:]))
			})
		},
	}
}
