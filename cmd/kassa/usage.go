package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kassa-pay/kassa/internal/pay"
)

// takes lets a command have exactly the named arguments. What is wrong is answered with how it is
// said right.
func takes(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == len(names):
			return nil
		case len(names) == 0:
			return fmt.Errorf("%q is too much: %s takes flags alone", args[0], cmd.CommandPath())
		case len(args) < len(names):
			return fmt.Errorf("%s is missing; say it like this: %s", names[len(args)], cmd.UseLine())
		}
		return fmt.Errorf("%q is one argument too many; say it like this: %s",
			args[len(names)], cmd.UseLine())
	}
}

// group makes a command of commands: by itself it prints its help, and it does not let a misspelt
// command pass for success.
func group(cmd *cobra.Command, commands ...*cobra.Command) *cobra.Command {
	cmd.AddCommand(commands...)
	cmd.SuggestionsMinimumDistance = 2
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		hint := "see " + cmd.CommandPath() + " --help"
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			hint = "did you mean " + strings.Join(near, " or ") + "?"
		}
		return fmt.Errorf("there is no command %q; %s", args[0], hint)
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	return cmd
}

// badFlag is the answer to flags that do not exist or do not have such values.
func badFlag(cmd *cobra.Command, err error) error {
	return fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())
}

// noMerchant and noKey say whom the core did not find.
func noMerchant(id string, err error) error {
	return missing(err, "there is no merchant %q; kassa merchant list shows who there is", id)
}

func noKey(id string, err error) error {
	return missing(err, "there is no key %q; kassa key list MERCHANT shows the ids", id)
}

func missing(err error, format, id string) error {
	if pay.IsKind(err, pay.NotFound) {
		return fmt.Errorf(format, id)
	}
	return err
}

// explain writes an error for the person at the terminal, who knows flags and not the API's fields.
func explain(err error) string {
	var e *pay.Error
	if !errors.As(err, &e) || e.Kind == pay.Internal {
		return err.Error()
	}
	text := strings.Replace(e.Message, "The return_origins", "A return origin", 1)
	if e.Err != nil && e.Kind == pay.Unavailable {
		text += " (" + e.Err.Error() + ")"
	}
	return text
}
