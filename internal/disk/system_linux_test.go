package disk_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/disk"
)

// TestGuard_OnAFileSystemOfItsOwn fills a real file system and clears it again. Without the right
// to mount one there is still the machine's own to be measured.
func TestGuard_OnAFileSystemOfItsOwn(t *testing.T) {
	dir := t.TempDir()
	now := time.Unix(1e9, 0)
	g := disk.New(disk.Options{
		Dir: dir, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler),
	})
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=64m"); err != nil {
		t.Logf("no file system of its own (%v)", err)
		measureOwn(t, g, dir)
		return
	}
	defer syscall.Unmount(dir, syscall.MNT_DETACH)
	keep := func(want string, low, ballast bool) {
		t.Helper()
		now = now.Add(time.Second)
		if _, err := g.Keep(context.Background()); err != nil {
			t.Fatal(err)
		}
		_, err := os.Stat(filepath.Join(dir, disk.BallastName))
		if g.Low() != low || (err == nil) != ballast {
			t.Errorf("%s: low %t, ballast: %v", want, g.Low(), err)
		}
	}
	other := filepath.Join(dir, "other")
	keep("empty", false, true)
	for err := error(nil); err == nil; {
		err = grow(other, mib)
	}
	keep("full", true, false)
	if err := grow(other, 4*mib); err != nil {
		t.Errorf("the ballast's room cannot be used: %v", err)
	}
	if err := os.Remove(other); err != nil {
		t.Fatal(err)
	}
	keep("cleared", false, true)
	if err := syscall.Mount("none", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Second)
	if !g.Low() {
		t.Error("a file system that became read-only has room")
	}
}

func grow(path string, bytes int) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.Write(make([]byte, bytes))
	return err
}

// measureOwn compares with what the operating system says.
func measureOwn(t *testing.T, g *disk.Guard, dir string) {
	t.Helper()
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		t.Fatal(err)
	}
	free := st.Bavail * uint64(st.Bsize)
	if free > gib && g.Low() || free < 128*mib && st.Blocks*uint64(st.Bsize) > 10*gib && !g.Low() {
		t.Errorf("%d bytes are free and low is %t", free, g.Low())
	}
}
