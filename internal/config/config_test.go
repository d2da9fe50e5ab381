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
		{[]string{"--attempt-limit=0"}, 0},
	} {
		if c, err := load(t, nil, tc.args...); err != nil || c.AttemptLimit != tc.want {
			t.Errorf("%v: %d, %v; want %d", tc.args, c.AttemptLimit, err, tc.want)
		}
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

func TestString_HidesThePassword(t *testing.T) {
	c, err := load(t, nil, "--database", "postgres://kassa:hunter22@db/kassa")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(c.String(), "hunter22") {
		t.Errorf("the password is printed: %s", c.String())
	}
}
