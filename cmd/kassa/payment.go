package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kassa-pay/kassa/internal/pay"
)

func (a *app) payment() *cobra.Command {
	return group(&cobra.Command{
		Use: "payment", Short: "Look up payments, and resolve those that their network cannot",
	}, a.paymentReview(), a.paymentStatus(), a.paymentResolve())
}

// answers are what a network says of a payment, in a word.
var answers = map[pay.OutcomeKind]string{
	pay.OutcomeNotFound: "not found", pay.OutcomeWaiting: "in progress",
	pay.OutcomeAction: "waits for the payer", pay.OutcomeAuthorised: "authorised",
	pay.OutcomePaid: "paid", pay.OutcomeDeclined: "declined", pay.OutcomeCanceled: "canceled",
	pay.OutcomeReceived: "received",
}

func (a *app) paymentStatus() *cobra.Command {
	return &cobra.Command{
		Use:   "status PAYMENT",
		Short: "Ask a payment's network how it stands, and change nothing",
		Long: "Ask a payment's network how it stands, and change nothing. Beside its answer are its " +
			"own words,\nif it has any: the status, and the reason's code of a payment that was declined.",
		Example: "  kassa payment status pay_...",
		Args:    takes("PAYMENT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withCore(cmd, func(ctx context.Context, s *pay.Service) error {
				p, out, err := s.LookUp(ctx, args[0])
				if err != nil {
					return missing(err, "there is no payment %q", args[0])
				}
				words := strings.TrimSpace(out.NetworkStatus + " " + out.NetworkCode)
				return a.table([][]string{
					{"ID", "HERE", "NETWORK", "REFERENCE", "ANSWER", "ITS WORDS"},
					{p.ID, p.State.String(), p.Rail, out.Reference, answers[out.Kind], words},
				})
			})
		},
	}
}

func (a *app) paymentReview() *cobra.Command {
	return &cobra.Command{
		Use:   "review",
		Short: "List the payments that need a person, a hundred at most",
		Args:  takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withCore(cmd, func(ctx context.Context, s *pay.Service) error {
				rows := [][]string{{"ID", "MERCHANT", "MODE", "AMOUNT", "NETWORK", "REFERENCE", "SINCE"}}
				all, err := s.InReview(ctx)
				if err != nil {
					return err
				}
				for _, p := range all {
					rows = append(rows, []string{p.ID, p.MerchantID, string(p.Mode), p.Amount.String(),
						p.Rail, p.RailReference, when(p.UpdatedAt)})
				}
				return a.table(rows)
			})
		},
	}
}

func (a *app) paymentResolve() *cobra.Command {
	var amount int64
	cmd := &cobra.Command{
		Use:   "resolve PAYMENT paid|unpaid",
		Short: "Say what became of a payment whose network cannot",
		Long: "Say what became of a payment that is in review, after you have looked it up at the " +
			"network.\nThe network is asked once more before. Money that comes after all for a payment " +
			"resolved as\nunpaid is treated like all late money.",
		Example: "  kassa payment resolve pay_... paid\n" +
			"  kassa payment resolve pay_... unpaid",
		Args: takes("PAYMENT", "paid|unpaid"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withCore(cmd, func(ctx context.Context, s *pay.Service) error {
				v := pay.Verdict(strings.ToLower(args[1]))
				p, err := s.ResolvePayment(ctx, args[0], v, amount)
				if err != nil {
					return missing(err, "there is no payment %q; kassa payment review lists those that "+
						"need a person", args[0])
				}
				_, err = fmt.Fprintf(a.out, "%s is %s now\n", p.ID, p.State)
				return err
			})
		},
	}
	cmd.Flags().Int64Var(&amount, "amount", 0,
		"what the network has taken, in minor units, if it is less than was asked for")
	return cmd
}
