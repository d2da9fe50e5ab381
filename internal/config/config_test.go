package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

func load(t *testing.T, environ []string, args ...string) (Config, error) {
	t.Helper()
	f := pflag.NewFlagSet("kassa", pflag.ContinueOnError)
	DatabaseFlags(f)
	ServeFlags(f)
	if err := f.Parse(args); err != nil {
		t.Fatal(err)
	}
	return Load(f, environ)
}

func TestLoad_FlagsBeatEnvironmentBeatsFileBeatsDefaults(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kassa.toml")
	body := "addr = \"127.0.0.1:1\"\nbase-url = \"https://file.test\"\nrate-limit = 7\n"
	if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{
		"KASSA_CONFIG=" + path, "KASSA_BASE_URL=https://env.test", "KASSA_ADDR=127.0.0.1:2",
	}
	c, err := load(t, env, "--addr", "127.0.0.1:3")
	if err != nil {
		t.Fatal(err)
	}
	got := []any{c.Addr, c.BaseURL, c.RateLimit, c.LogFormat}
	want := []any{"127.0.0.1:3", "https://env.test", 7, "text"}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

func TestLoad_AttemptLimitFollowsTheMode(t *testing.T) {
	for _, tc := range []struct {
		args []string
		want int
	}{
		{nil, 10}, {[]string{"--dev"}, 0}, {[]string{"--dev", "--attempt-limit=3"}, 3},
		{[]string{"--attempt-limit=0"}, 0}, {[]string{"--attempt-limit=100"}, 100},
	} {
		if c, err := load(t, nil, tc.args...); err != nil || c.AttemptLimit != tc.want {
			t.Errorf("%v: %d, %v; want %d", tc.args, c.AttemptLimit, err, tc.want)
		}
	}
	if _, err := load(t, nil, "--attempt-limit=101"); err == nil {
		t.Error("a limit that the brake cannot count is taken")
	}
}

func TestCheckServe_RefusesWhatIsUnsafe(t *testing.T) {
	for _, tc := range []struct {
		args []string
		want string // part of the error; "" for none
	}{
		{[]string{"--dev"}, ""},
		{[]string{"--dev", "--addr", "[::1]:80"}, ""},
		{[]string{"--dev", "--addr", "0.0.0.0:8080"}, "loopback"},
		{[]string{"--dev", "--addr", ":8080"}, "loopback"},
		{[]string{"--dev", "--addr", "192.0.2.1:8080"}, "loopback"},
		{nil, "--base-url is needed"},
		{[]string{"--base-url", "https://pay.test"}, ""},
		{[]string{"--base-url", "http://pay.test"}, "origin"},
		{[]string{"--base-url", "https://pay.test/"}, "origin"},
		{[]string{"--base-url", "http://localhost:8080"}, ""},
	} {
		c, err := load(t, nil, tc.args...)
		if err == nil {
			err = c.CheckServe()
		}
		switch {
		case tc.want == "" && err != nil:
			t.Errorf("%v: %v", tc.args, err)
		case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
			t.Errorf("%v: %v, want %q", tc.args, err, tc.want)
		}
	}
}

func TestLoad_RefusesWhatItCannotRead(t *testing.T) {
	dir := t.TempDir()
	file := func(name, body string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, tc := range []struct {
		env, arg, want string
	}{
		{"KASSA_RATE_LIMIT=ten", "", "--rate-limit (KASSA_RATE_LIMIT) must be a whole number"},
		{"KASSA_RATE_LIMIT=1.5", "", "must be a whole number"},
		{"KASSA_RATE_LIMIT=-1", "", "must be 0 or more"},
		{"KASSA_DEV=si", "", "--dev (KASSA_DEV) must be true or false"},
		{"KASSA_TRUSTED_PROXIES=10.0.0.1", "", "is not a network like 10.0.0.0/8"},
		{"KASSA_LOG_LEVEL=loud", "", "--log-level must be"},
		{"KASSA_DATABASE=sqlite:x", "", "--database must be a postgres:// URL"},
		{"", file("misspelt.toml", "rate-limits = 7"), `there is no setting "rate-limits"`},
		{"", file("table.toml", "[log]\nlevel = 7"), `there is no setting "log.level"`},
		{"", file("itself.toml", `config = "x"`), `there is no setting "config"`},
		{"", file("text.toml", `rate-limit = "ten"`), "must be a whole number"},
		{"", file("broken.toml", "rate-limit ="), "broken.toml"},
		{"", filepath.Join(dir, "missing.toml"), "missing.toml"},
	} {
		_, err := load(t, []string{tc.env}, "--config", tc.arg)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s %s: %v, want %q", tc.env, tc.arg, err, tc.want)
		}
	}
}

func TestLoad_AnEmptyVariableIsNone(t *testing.T) {
	c, err := load(t, []string{"KASSA_ADDR=", "KASSA_RATE_LIMIT=", "KASSA_TRUSTED_PROXIES="})
	if err != nil || c.Addr != "127.0.0.1:8080" || c.RateLimit != 500 || len(c.TrustedProxies) != 0 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestLoad_Lists(t *testing.T) {
	c, err := load(t, []string{"KASSA_TRUSTED_PROXIES=10.0.0.0/8, fd00::/8"})
	if err != nil {
		t.Fatal(err)
	}
	if all, err := c.Proxies(); err != nil || len(all) != 2 || all[1].String() != "fd00::/8" {
		t.Errorf("%v, %v", all, err)
	}
}

func TestLoad_Prefixes(t *testing.T) {
	for given, want := range map[string]string{
		"":                      "|/payto/v1",
		"/":                     "",
		"/pay/, /, /payto/v1/,": "|/pay|/payto/v1",
	} {
		c, err := load(t, []string{"KASSA_WPAY_PREFIXES=" + given})
		if got := strings.Join(c.WpayPrefixes, "|"); err != nil || got != want {
			t.Errorf("%q: %q, %v", given, got, err)
		}
	}
	for _, given := range []string{"payto", "/{x}", "/a//b", "/a/../b", "/a b", "/%2e"} {
		if c, err := load(t, []string{"KASSA_WPAY_PREFIXES=" + given}); err == nil {
			t.Errorf("%q is taken: %q", given, c.WpayPrefixes)
		}
	}
}

func TestCheckData(t *testing.T) {
	dir := t.TempDir()
	c := Config{Data: filepath.Join(dir, "none")}
	if err := c.CheckData(); err == nil || !strings.Contains(err.Error(), "there is no database in") {
		t.Errorf("no database: %v", err)
	}
	if _, err := os.Stat(c.Data); err == nil {
		t.Error("looking made the directory")
	}
	c.Database = "postgres://db/kassa"
	if err := c.CheckData(); err != nil {
		t.Errorf("PostgreSQL: %v", err)
	}
	c = Config{Data: dir}
	if err := os.WriteFile(filepath.Join(dir, "kassa.db"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.CheckData(); err != nil {
		t.Error(err)
	}
}

func TestString_HidesThePassword(t *testing.T) {
	c, err := load(t, nil, "--database", "postgres://kassa:hunter22@db/kassa")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(c.String(), "hunter22") {
		t.Errorf("the password is printed: %s", c.String())
	}
}
