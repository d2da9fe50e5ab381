package server_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/disk"
)

// TestDiskFull fills the file system that a server stores on, with a payment under way, and clears
// it again. Nothing new begins meanwhile, and what was under way is recorded. It needs the right to
// mount; what the server makes of the numbers, TestStorageLow shows without.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=64m"); err != nil {
		t.Logf("no file system of its own: %v", err)
		return
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	l := serve(t, devConfig(dir))
	running, waiting := l.open(), l.open()
	bank := l.challenge(running)
	before := ledger(t, l.config)

	other := fillDisk(t, dir)
	l.eventually("new sessions are refused", func() bool {
		a := l.post("/v1/checkout/sessions", newSession)
		return a.status == http.StatusServiceUnavailable && strings.Contains(a.body, "storage_low")
	})
	l.refuses(waiting)
	if a := l.get("/readyz"); a.status != http.StatusServiceUnavailable {
		t.Errorf("ready on a full disk: %d %s", a.status, a.body)
	}
	l.eventually("the ballast is given up", func() bool { return !exists(dir, disk.BallastName) })

	if a := l.approve(bank); a.status != http.StatusSeeOther {
		t.Errorf("the issuer's page: %d %s", a.status, a.body)
	}
	l.eventually("the running payment is recorded", func() bool {
		return l.state(running) == "complete"
	})
	if after := ledger(t, l.config); after != before+1 {
		t.Errorf("%d debits at the network while the disk was full, want 1", after-before)
	}

	if err := os.Remove(other); err != nil {
		t.Fatal(err)
	}
	cleared := time.Now()
	l.eventually("new sessions are let in again", func() bool {
		return l.post("/v1/checkout/sessions", newSession).status == http.StatusCreated
	})
	if took := time.Since(cleared); took > 15*time.Second {
		t.Errorf("recovered only after %v", took)
	}
	l.eventually("the ballast is back", func() bool { return exists(dir, disk.BallastName) })
	if a := l.post("/v1/test_helpers/sessions/"+waiting.ID+"/pay", payBody(visa, "123")); a.status !=
		http.StatusOK || l.state(waiting) != "complete" {
		t.Errorf("pay afterwards: %d %s", a.status, a.body)
	}
	if err := l.end(); err != nil {
		t.Error(err)
	}
	ledger(t, l.config) // opening checks the file
}

// TestDiskFull_UnderLoad fills the file system all of a sudden under buyers who do not let go.
func TestDiskFull_UnderLoad(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=64m"); err != nil {
		t.Logf("no file system of its own: %v", err)
		return
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	l := serve(t, devConfig(dir))
	b := &crowd{l: l, opened: map[string]bool{}, patient: true}
	b.start(8)
	b.wait(40)
	other := fillDisk(t, dir)
	l.eventually("the ballast is given up", func() bool { return !exists(dir, disk.BallastName) })
	if err := os.Remove(other); err != nil {
		t.Fatal(err)
	}
	b.mu.Lock()
	before := len(b.opened)
	b.mu.Unlock()
	b.wait(before + 40)
	if err := l.end(); err != nil {
		t.Error(err)
	}
	b.all.Wait()
	b.verify(l.config)
}

// fillDisk fills a file system to the last byte.
func fillDisk(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "other")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int{1 << 20, 4096} {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
	}
	return path
}

func exists(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}
