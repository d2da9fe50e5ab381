package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"
)

// settings returns every flag there is, whichever command has it: a file and the environment are
// there for all commands.
func settings() *pflag.FlagSet {
	f := pflag.NewFlagSet("", pflag.ContinueOnError)
	DatabaseFlags(f)
	ServeFlags(f)
	return f
}

// checkFile refuses settings that do not exist. In a file they are misspelt; the environment is
// shared with others.
func checkFile(path string, k *koanf.Koanf) error {
	known := settings()
	for _, name := range slices.Sorted(maps.Keys(k.All())) {
		if known.Lookup(name) == nil || name == "config" {
			return fmt.Errorf("configuration file %s: there is no setting %q", path, name)
		}
	}
	return nil
}

// checkEnv refuses text that is no value of its setting. Everything else has a type already.
func checkEnv(k *koanf.Koanf) error {
	known := settings()
	for name, value := range k.All() {
		flag := known.Lookup(name)
		text, isText := value.(string)
		if flag == nil || !isText || flag.Value.Set(text) == nil {
			continue
		}
		kind := "a whole number"
		if flag.Value.Type() == "bool" {
			kind = "true or false"
		}
		return fmt.Errorf("--%s (%s) must be %s, and %q is not", name, variable(name), kind, text)
	}
	return nil
}

// variable returns the environment variable of a setting.
func variable(name string) string {
	return Prefix + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}
