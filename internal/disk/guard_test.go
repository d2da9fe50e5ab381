package disk_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/disk"
)

const (
	mib = 1 << 20
	gib = 1 << 30
)

// bench is a guard over a directory whose file system is only told.
type bench struct {
	*disk.Guard
	t     *testing.T
	dir   string
	now   time.Time
	total uint64
	rest  uint64 // free, if there were no ballast
	err   error
	asked int
	log   bytes.Buffer
}

func newBench(t *testing.T, total, rest uint64) *bench {
	b := &bench{t: t, dir: t.TempDir(), now: time.Unix(1e9, 0), total: total, rest: rest}
	b.Guard = disk.New(disk.Options{
		Dir: b.dir, Now: func() time.Time { return b.now }, Measure: b.measure,
		Log: slog.New(slog.NewTextHandler(&b.log, nil)),
	})
	return b
}

func (b *bench) measure(string) (disk.Space, error) {
	b.asked++
	free := b.rest - min(b.rest, b.ballast())
	return disk.Space{Total: b.total, Free: free}, b.err
}

func (b *bench) ballast() uint64 {
	info, err := os.Stat(filepath.Join(b.dir, disk.BallastName))
	if err != nil {
		return 0
	}
	return uint64(info.Size())
}

// keep lets a second pass and the guard do its round.
func (b *bench) keep(rest uint64) {
	b.t.Helper()
	b.rest = rest
	b.now = b.now.Add(time.Second)
	if _, err := b.Keep(context.Background()); err != nil {
		b.t.Fatal(err)
	}
}

func TestLow_Thresholds(t *testing.T) {
	for _, tc := range []struct {
		name        string
		total, rest uint64
		low         bool
	}{
		{"plenty", 100 * gib, 50 * gib, false},
		{"just enough", 100 * gib, 288 * mib, false},
		{"a byte less", 100 * gib, 288*mib - 1, true},
		{"nothing", 100 * gib, 0, true},
		{"a disk of a terabyte needs no more", 1000 * gib, 288 * mib, false},
		{"small: a twentieth and the ballast", 320 * mib, 48 * mib, false},
		{"small and low", 320 * mib, 48*mib - 1, true},
		{"tiny: the ballast is an eighth", 40 * mib, 7 * mib, false},
		{"tiny and low", 40 * mib, 7*mib - 1, true},
		{"a file system that tells no size", 0, 0, false},
	} {
		if got := newBench(t, tc.total, tc.rest).Low(); got != tc.low {
			t.Errorf("%s: low is %t", tc.name, got)
		}
	}
}

func TestLow_AsksOnceASecond(t *testing.T) {
	b := newBench(t, 100*gib, 50*gib)
	for range 100 {
		b.Low()
	}
	b.rest = 0
	if b.Low() || b.asked != 1 {
		t.Errorf("asked %d times within a second", b.asked)
	}
	b.now = b.now.Add(time.Second)
	if !b.Low() || b.asked != 2 {
		t.Errorf("a second later: asked %d times", b.asked)
	}
	b.rest = 50 * gib
	b.now = b.now.Add(-time.Hour)
	if b.Low() {
		t.Error("a clock that was set back must not keep an old answer alive")
	}
}

// TestKeep_ADiskFillsUpAndIsCleared is the life of the ballast.
func TestKeep_ADiskFillsUpAndIsCleared(t *testing.T) {
	b := newBench(t, 100*gib, 50*gib)
	for _, step := range []struct {
		name    string
		rest    uint64
		ballast uint64
		low     bool
	}{
		{"start", 50 * gib, 32 * mib, false},
		{"almost low", 288 * mib, 32 * mib, false},
		{"low, and the ballast stays", 200 * mib, 32 * mib, true},
		{"not quite full", 48 * mib, 32 * mib, true},
		{"full: the ballast goes", 48*mib - 1, 0, true},
		{"its room is no reason to go on", 48*mib - 1, 0, true},
		{"cleared a little", 287 * mib, 0, true},
		{"cleared", 288 * mib, 32 * mib, false},
	} {
		b.keep(step.rest)
		if b.Low() != step.low || b.ballast() != step.ballast {
			t.Errorf("%s: low %t, ballast %d MiB", step.name, b.Low(), b.ballast()/mib)
		}
	}
	for line, times := range map[string]int{
		"the disk is almost full": 1, "the ballast is given up": 1, "there is room": 1,
	} {
		if n := strings.Count(b.log.String(), line); n != times {
			t.Errorf("%q was said %d times, want %d", line, n, times)
		}
	}
}

func TestKeep_TheBallastIsReallyThere(t *testing.T) {
	b := newBench(t, 100*gib, 50*gib)
	b.keep(50 * gib)
	path := filepath.Join(b.dir, disk.BallastName)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Blocks*512 < 32*mib {
		t.Errorf("only %d bytes are allocated", st.Blocks*512)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	// A file with holes, as a careless copy of the directory would leave it, is made again.
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 32*mib); err != nil {
		t.Fatal(err)
	}
	b.keep(50 * gib)
	if info, err = os.Stat(path); err != nil {
		t.Fatal(err)
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Blocks*512 < 32*mib {
		t.Errorf("the holes were left: %d bytes are allocated", st.Blocks*512)
	}
}

func TestLow_WhatCannotBeMeasuredStopsNobody(t *testing.T) {
	b := newBench(t, 100*gib, 0)
	b.err = errors.New("no answer")
	for range 3 {
		b.keep(0)
		if b.Low() {
			t.Error("low without a measurement")
		}
	}
	if n := strings.Count(b.log.String(), "cannot be measured"); n != 1 {
		t.Errorf("said %d times", n)
	}
	b.err = nil
	b.keep(0)
	if !b.Low() {
		t.Error("not low after the answer came back")
	}
}

func TestKeep_ABallastThatCannotBeMadeIsSaidOnce(t *testing.T) {
	b := newBench(t, 100*gib, 50*gib)
	if err := os.MkdirAll(filepath.Join(b.dir, disk.BallastName, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		b.now = b.now.Add(time.Second)
		if _, err := b.Keep(context.Background()); err == nil {
			t.Error("no error for a directory in the way")
		}
	}
	if b.Low() {
		t.Error("a missing ballast stops nobody while there is room")
	}
	if n := strings.Count(b.log.String(), "cannot be made"); n != 1 {
		t.Errorf("said %d times", n)
	}
}

func TestGuard_NilWatchesNothing(t *testing.T) {
	var g *disk.Guard
	if n, err := g.Keep(context.Background()); g.Low() || n != 0 || err != nil {
		t.Errorf("a nil guard: %d, %v", n, err)
	}
}
