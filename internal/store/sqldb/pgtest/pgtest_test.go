package pgtest_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/kassa-pay/kassa/internal/store/sqldb/pgtest"
)

// asChild makes this test binary start a cluster, tell where, and wait to be killed.
const asChild = "PGTEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(asChild) != "" {
		c, err := pgtest.Start()
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(c.URL())
		select {}
	}
	pgtest.Main(m)
}

func TestURL_IsEmptyAndDurable(t *testing.T) {
	one, two := pgtest.URL(t), pgtest.URL(t)
	if one == two {
		t.Fatal("two tests share a database")
	}
	conn, err := pgx.Connect(t.Context(), one)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	for _, setting := range []string{"fsync", "full_page_writes", "synchronous_commit"} {
		var v string
		err := conn.QueryRow(t.Context(), "SELECT current_setting($1)", setting).Scan(&v)
		if err != nil || v != "on" {
			t.Errorf("%s is %q, %v", setting, v, err)
		}
	}
	var tables int
	const count = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
	if err := conn.QueryRow(t.Context(), count).Scan(&tables); err != nil || tables != 0 {
		t.Errorf("%d tables in a new database, %v", tables, err)
	}
}

// TestCluster_DiesWithItsProcess kills the process that started a cluster.
func TestCluster_DiesWithItsProcess(t *testing.T) {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), asChild+"=1")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	config, err := pgx.ParseConfig(strings.TrimSpace(line))
	if err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	pid := postmaster(t, config.Host)
	_, _ = child.Process.Kill(), child.Wait()
	for deadline := time.Now().Add(time.Minute); !gone(pid); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("server %d outlived its process", pid)
		}
	}
	next, err := pgtest.Start()
	if err != nil {
		t.Fatal(err)
	}
	next.Stop()
	if _, err := os.Stat(config.Host); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder of a killed process was left: %v", err)
	}
}

func postmaster(t *testing.T, dir string) int {
	t.Helper()
	file, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(file), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// gone reports whether a process has ended; one that nobody has collected yet counts as ended.
func gone(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return true
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(stat), ") Z ")
}
