package main

import (
	"io"
	"testing"

	"github.com/kassa-pay/kassa/internal/store/sqldb/pgtest"
)

func TestRun(t *testing.T) {
	t.Setenv(pgtest.Variable, "")
	for script, want := range map[string]int{
		`case "$` + pgtest.Variable + `" in postgres://*) exit 7;; esac; exit 1`: 7,
		"exit 0":       0,
		"kill -9 $$":   1,
		"no-such-word": 127,
	} {
		if got := run([]string{"--", "sh", "-c", script}, io.Discard); got != want {
			t.Errorf("%s: exit code %d, want %d", script, got, want)
		}
	}
	for _, args := range [][]string{nil, {"--"}} {
		if got := run(args, io.Discard); got != 2 {
			t.Errorf("without a command: exit code %d, want 2", got)
		}
	}
}

func TestRun_KeepsServer(t *testing.T) {
	t.Setenv(pgtest.Variable, "postgres://elsewhere")
	if got := run([]string{"sh", "-c", `test "$` + pgtest.Variable + `" = postgres://elsewhere`},
		io.Discard); got != 0 {
		t.Errorf("a server that is named already was replaced: exit code %d", got)
	}
}
