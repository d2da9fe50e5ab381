package config

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/toml/v2"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"
)

// Prefix begins the name of every environment variable: --base-url is KASSA_BASE_URL.
const Prefix = "KASSA_"

// DatabaseFile is the name of the embedded database in the data directory.
const DatabaseFile = "kassa.db"

// Config is how a server runs. The koanf names are the names of the flags.
type Config struct {
	Addr     string `koanf:"addr"`
	Dev      bool   `koanf:"dev"`
	Data     string `koanf:"data"`
	Database string `koanf:"database"`
	KeyFile  string `koanf:"key-file"`
	BaseURL  string `koanf:"base-url"`

	AllowPrivateWebhooks bool     `koanf:"allow-private-webhooks"`
	RateLimit            int      `koanf:"rate-limit"`
	AttemptLimit         int      `koanf:"attempt-limit"`
	TrustedProxies       []string `koanf:"trusted-proxies"`
	WpayPrefixes         []string `koanf:"wpay-prefixes"`
	LogFormat            string   `koanf:"log-format"`
	LogLevel             string   `koanf:"log-level"`
}

// The formats of the log.
const (
	Text = "text"
	JSON = "json"
)

// Limits that hold unless the operator says otherwise.
const (
	defaultRateLimit    = 500 // API requests a second and key
	defaultAttemptLimit = 10  // attempts to pay from one address in ten minutes
	maxAttemptLimit     = 100 // of them that are counted one by one
	unset               = -1
)

// DatabaseFlags adds the flags that every command on the data needs.
func DatabaseFlags(f *pflag.FlagSet) {
	f.String("config", "", "read settings from this TOML file")
	f.String("data", "./kassa-data", "directory of the embedded database and the key file")
	f.String("database", "", "postgres:// URL; empty for the embedded SQLite database in --data")
	f.String("key-file", "", "file with the installation's secret (default DATA/kassa.key)")
	f.String("log-format", Text, "text or json")
	f.String("log-level", "info", "debug, info, warn or error")
}

// ServeFlags adds the flags of the server.
func ServeFlags(f *pflag.FlagSet) {
	f.String("addr", "127.0.0.1:8080", "address to listen on")
	f.Bool("dev", false, "development: merchant demo with fixed test keys, loopback only")
	f.String("base-url", "", "public origin of the checkout page, such as https://pay.example.com")
	f.Bool("allow-private-webhooks", false,
		"let test-mode webhooks go to private addresses and plain http (on with --dev)")
	f.Int("rate-limit", defaultRateLimit, "API requests a second and key; 0 for any")
	f.Int("attempt-limit", unset,
		"attempts to pay in ten minutes from one IP address, and with one card; "+
			"0 for any (default 10, any with --dev)")
	f.Lookup("attempt-limit").DefValue = "0" // what pflag does not print
	f.StringSlice("trusted-proxies", nil,
		"networks whose X-Forwarded-For is believed, such as 10.0.0.0/8")
	f.StringSlice("wpay-prefixes", []string{"/", "/payto/v1"},
		"paths before /merchants/... of the Wpay protocol; / for none")
	f.Lookup("wpay-prefixes").DefValue = "/,/payto/v1" // as it is written
}

// Load reads the configuration: the file, then the environment, then the flags; whatever none of
// them sets has the flag's default.
func Load(flags *pflag.FlagSet, environ []string) (Config, error) {
	k := koanf.New(".")
	if path := fromFlagOrEnv(flags, environ); path != "" {
		if err := k.Load(file.Provider(path), toml.Parser()); err != nil {
			return Config{}, fmt.Errorf("configuration file %s: %w", path, err)
		}
		if err := checkFile(path, k); err != nil {
			return Config{}, err
		}
	}
	err := k.Load(env.Provider(".", env.Opt{
		Prefix: Prefix, TransformFunc: fromEnv, EnvironFunc: func() []string { return environ },
	}), nil)
	if err != nil {
		return Config{}, err
	}
	if err := checkEnv(k); err != nil {
		return Config{}, err
	}
	// Given flags overrule what is there; the defaults of the others fill what is not.
	if err := k.Load(posflag.Provider(flags, ".", k), nil); err != nil {
		return Config{}, err
	}
	var c Config
	if err := k.Unmarshal("", &c); err != nil {
		return Config{}, err
	}
	return c, c.finish()
}

// fromEnv reads a variable. An empty one is as good as none, as it is for whoever fills in a form
// with variables.
func fromEnv(name, value string) (string, any) {
	if value == "" {
		return "", nil
	}
	key := strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(name, Prefix)), "_", "-")
	if key == "trusted-proxies" || key == "wpay-prefixes" {
		return key, strings.Split(value, ",")
	}
	return key, value
}

func fromFlagOrEnv(flags *pflag.FlagSet, environ []string) string {
	if path, err := flags.GetString("config"); err == nil && path != "" {
		return path
	}
	for _, pair := range environ {
		if path, ok := strings.CutPrefix(pair, Prefix+"CONFIG="); ok {
			return path
		}
	}
	return ""
}

// finish derives what was left open and refuses what is unsafe.
func (c *Config) finish() error {
	if c.KeyFile == "" {
		c.KeyFile = filepath.Join(c.Data, "kassa.key")
	}
	if c.Dev {
		c.AllowPrivateWebhooks = true
	}
	if c.AttemptLimit == unset && c.Dev {
		c.AttemptLimit = 0
	} else if c.AttemptLimit == unset {
		c.AttemptLimit = defaultAttemptLimit
	}
	if c.AttemptLimit < 0 || c.RateLimit < 0 {
		return errors.New("--attempt-limit and --rate-limit must be 0 or more")
	}
	if c.AttemptLimit > maxAttemptLimit {
		return fmt.Errorf("--attempt-limit must be at most %d; 0 is without a limit", maxAttemptLimit)
	}
	if c.Database != "" && !strings.HasPrefix(c.Database, "postgres://") &&
		!strings.HasPrefix(c.Database, "postgresql://") {
		return errors.New("--database must be a postgres:// URL; " +
			"for the embedded database leave it out and use --data")
	}
	if c.LogFormat != Text && c.LogFormat != JSON {
		return errors.New("--log-format must be text or json")
	}
	var level slog.Level
	if level.UnmarshalText([]byte(c.LogLevel)) != nil {
		return errors.New("--log-level must be debug, info, warn or error")
	}
	if err := c.trimPrefixes(); err != nil {
		return err
	}
	_, err := c.Proxies()
	return err
}

// prefixForm is a path of plain segments.
var prefixForm = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)*$`)

// trimPrefixes brings the prefixes of paths to the form without a slash at the end.
func (c *Config) trimPrefixes() error {
	for i, p := range c.WpayPrefixes {
		p = strings.TrimRight(strings.TrimSpace(p), "/")
		if !prefixForm.MatchString(p) || path.Clean("/"+p) != "/"+strings.TrimPrefix(p, "/") {
			return fmt.Errorf("--wpay-prefixes: %q is not a path like /payto/v1", c.WpayPrefixes[i])
		}
		c.WpayPrefixes[i] = p
	}
	slices.Sort(c.WpayPrefixes)
	c.WpayPrefixes = slices.Compact(c.WpayPrefixes)
	return nil
}

// Level returns the least severity that is logged.
func (c *Config) Level() slog.Level {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel)) // Load has checked it
	return level
}

// CheckData refuses to work on an embedded database that is not there: a mistyped directory would
// otherwise be filled with an empty one.
func (c *Config) CheckData() error {
	if c.Database != "" {
		return nil
	}
	if _, err := os.Stat(c.databaseFile()); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no database in %s: name its directory with --data (or its "+
			"URL with --database), or make a new one with kassa migrate", c.Data)
	}
	return nil
}

func (c *Config) databaseFile() string { return filepath.Join(c.Data, DatabaseFile) }

// CheckServe refuses to serve in ways that would be unsafe or would not work.
func (c *Config) CheckServe() error {
	host, _, err := net.SplitHostPort(c.Addr)
	if err != nil {
		return fmt.Errorf("--addr must be HOST:PORT, such as 127.0.0.1:8080; %q is not", c.Addr)
	}
	if c.Dev {
		if !loopback(host) {
			return fmt.Errorf("--dev has fixed keys that everybody knows, so it listens on "+
				"loopback addresses only; %q is not one (use 127.0.0.1 or leave --dev out)", host)
		}
		return c.checkBaseURL("http")
	}
	if c.BaseURL == "" {
		return errors.New("--base-url is needed: the public origin of the checkout page, " +
			"such as https://pay.example.com (or use --dev to try things out)")
	}
	return c.checkBaseURL("https")
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

func (c *Config) checkBaseURL(scheme string) error {
	if c.BaseURL == "" {
		return nil
	}
	u, err := url.Parse(c.BaseURL)
	if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil ||
		u.Scheme != scheme && u.Scheme != "https" && !loopback(u.Hostname()) {
		return fmt.Errorf("--base-url must be an origin like %s://pay.example.com, "+
			"without a path or a slash at the end", scheme)
	}
	return nil
}

// Proxies returns the parsed networks of trusted proxies.
func (c *Config) Proxies() ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, s := range c.TrustedProxies {
		p, err := netip.ParsePrefix(strings.TrimSpace(s))
		if err != nil {
			return nil, fmt.Errorf("--trusted-proxies: %q is not a network like 10.0.0.0/8", s)
		}
		out = append(out, p)
	}
	return out, nil
}

// DatabaseURL returns where the data is: the given database, or the embedded one. The data
// directory is made if need be; with either database it holds the key file.
func (c *Config) DatabaseURL() (string, error) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return "", fmt.Errorf("data directory: %w", err)
	}
	if c.Database != "" {
		return c.Database, nil
	}
	return "sqlite:" + c.databaseFile(), nil
}

// String prints the configuration without the password of the database.
func (c *Config) String() string {
	shown := *c
	if u, err := url.Parse(c.Database); err == nil && c.Database != "" {
		shown.Database = u.Redacted()
	}
	type plain Config
	return fmt.Sprintf("%+v", plain(shown))
}
