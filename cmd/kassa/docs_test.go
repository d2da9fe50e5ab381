package main

import (
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// operations is the operators' guide, which these tests hold to the program.
func operations(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func rootCommand() *cobra.Command {
	return (&app{stdio{io.Discard, io.Discard}, nil}).root()
}

// serveFlags are the settings, each of which is a variable, too.
func serveFlags() map[string]*pflag.Flag {
	all := map[string]*pflag.Flag{}
	root := rootCommand()
	add := func(f *pflag.Flag) { all[f.Name] = f }
	root.PersistentFlags().VisitAll(add)
	for _, cmd := range root.Commands() {
		if cmd.Name() == "serve" {
			cmd.Flags().VisitAll(add)
		}
	}
	delete(all, "help")
	return all
}

func variableOf(flag string) string {
	return "KASSA_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

func TestOperations_EverySettingIsListed(t *testing.T) {
	rows := map[string][]string{}
	for line := range strings.SplitSeq(operations(t), "\n") {
		if cells := strings.Split(line, "|"); strings.HasPrefix(line, "| `--") && len(cells) == 6 {
			for i := range cells {
				cells[i] = strings.Trim(cells[i], " `")
			}
			rows[cells[1]] = cells
		}
	}
	flags := serveFlags()
	for name, flag := range flags {
		row := rows["--"+name]
		if row == nil {
			t.Errorf("--%s is not in the table of settings", name)
			continue
		}
		if row[2] != variableOf(name) {
			t.Errorf("--%s: the variable is %s, the guide says %s", name, variableOf(name), row[2])
		}
		derived := []string{"key-file", "base-url", "attempt-limit", "trusted-proxies"}
		if row[3] != flag.DefValue && !slices.Contains(derived, name) {
			t.Errorf("--%s: the default is %q, the guide says %q", name, flag.DefValue, row[3])
		}
	}
	for name := range rows {
		if flags[strings.TrimPrefix(name, "--")] == nil {
			t.Errorf("the guide lists %s, which does not exist", name)
		}
	}
}

func TestOperations_NamesNothingThatDoesNotExist(t *testing.T) {
	guide := operations(t)
	variables := map[string]bool{}
	for name := range serveFlags() {
		variables[variableOf(name)] = true
	}
	for _, name := range regexp.MustCompile(`KASSA_[A-Z_]+`).FindAllString(guide, -1) {
		if !variables[name] {
			t.Errorf("the guide names %s", name)
		}
	}
	flags := map[string]bool{}
	paths := commandPaths(rootCommand(), flags)
	command := regexp.MustCompile("(?m)(?:^|`|bin/)kassa ([a-z]+)(?: ([a-z]+))?(.*)")
	for _, found := range command.FindAllStringSubmatch(guide, -1) {
		path := "kassa " + found[1]
		if !slices.Contains(paths, path) {
			t.Errorf("the guide names the command %q", path)
		}
		if sub := path + " " + found[2]; found[2] != "" && !slices.Contains(paths, sub) &&
			slices.ContainsFunc(paths, func(p string) bool { return strings.HasPrefix(p, path+" ") }) {
			t.Errorf("the guide names the command %q", sub)
		}
		for _, flag := range regexp.MustCompile(`--[a-z-]+`).FindAllString(found[3], -1) {
			if !flags[flag] {
				t.Errorf("the guide names the flag %s of %s", flag, path)
			}
		}
	}
	if len(command.FindAllString(guide, -1)) < 10 {
		t.Error("the guide's commands are not found")
	}
}

// commandPaths lists the commands below cmd and collects their flags.
func commandPaths(cmd *cobra.Command, flags map[string]bool) []string {
	add := func(f *pflag.Flag) { flags["--"+f.Name] = true }
	cmd.Flags().VisitAll(add)
	cmd.PersistentFlags().VisitAll(add)
	paths := []string{cmd.CommandPath()}
	for _, c := range cmd.Commands() {
		paths = append(paths, commandPaths(c, flags)...)
	}
	return paths
}

// TestOperations_QuotesTheLog compares the messages in the guide with those in the code.
func TestOperations_QuotesTheLog(t *testing.T) {
	_, section, _ := strings.Cut(operations(t), "## The log")
	section, _, _ = strings.Cut(section, "\n## ")
	messages := regexp.MustCompile("(?m)^\\| `([^`]+)`").FindAllStringSubmatch(section, -1)
	if len(messages) < 3 {
		t.Fatal("no messages in the guide")
	}
	code := ""
	for _, name := range []string{"disk/guard.go", "pay/signal.go", "pay/refund.go",
		"webhook/apart.go", "webhook/record.go", "worker/worker.go"} {
		text, err := os.ReadFile("../../internal/" + name)
		if err != nil {
			t.Fatal(err)
		}
		code += string(text)
	}
	for _, m := range messages {
		if !strings.Contains(code, `"`+m[1]+`"`) {
			t.Errorf("nothing logs %q", m[1])
		}
	}
}
