package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// How long the parts of a cluster's life may take.
const (
	startTimeout = 60 * time.Second
	stopTimeout  = 20 * time.Second
	startPoll    = 20 * time.Millisecond
)

// folderPrefix is followed by the id of the process the cluster belongs to.
const folderPrefix = "kassa-pg-"

var settings = []string{
	"listen_addresses=", "max_connections=400", "shared_buffers=64MB", "max_wal_size=1GB",
	"fsync=on", "full_page_writes=on", "synchronous_commit=on", "log_min_messages=warning",
	"timezone=UTC", "deadlock_timeout=1s",
}

// Cluster is a running PostgreSQL server in a folder of its own, reached by a socket in it.
type Cluster struct {
	dir    string
	server *exec.Cmd
	gone   chan struct{} // closed when the server has ended
}

// Start makes a cluster and returns once it answers.
func Start() (*Cluster, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	sweep()
	dir, err := os.MkdirTemp("", folderPrefix+strconv.Itoa(os.Getpid())+"-")
	if err != nil {
		return nil, err
	}
	c := &Cluster{dir: dir, gone: make(chan struct{})}
	if err := c.start(bin); err != nil {
		log, _ := os.ReadFile(c.logFile())
		c.Stop()
		return nil, fmt.Errorf("start postgresql: %w\n%s", err, log)
	}
	return c, nil
}

// URL returns the URL of the cluster's maintenance database, as superuser.
func (c *Cluster) URL() string {
	return "postgres://postgres@/postgres?host=" + url.QueryEscape(c.dir)
}

// Stop ends the server and removes its files.
func (c *Cluster) Stop() {
	if c.server != nil && c.server.Process != nil {
		_ = c.server.Process.Signal(syscall.SIGINT) // ends sessions and writes what is left
		select {
		case <-c.gone:
		case <-time.After(stopTimeout):
			_ = c.server.Process.Kill()
			<-c.gone
		}
	}
	_ = os.RemoveAll(c.dir)
}

func (c *Cluster) logFile() string { return filepath.Join(c.dir, "log") }

func (c *Cluster) start(bin string) error {
	credential, err := unprivileged()
	if err != nil {
		return err
	}
	if credential != nil {
		if err := os.Chown(c.dir, int(credential.Uid), int(credential.Gid)); err != nil {
			return err
		}
	}
	data := filepath.Join(c.dir, "data")
	initdb := c.command(credential, filepath.Join(bin, "initdb"), "--pgdata="+data,
		"--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	args := []string{"-D", data, "-k", c.dir}
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	c.server = c.command(credential, filepath.Join(bin, "postgres"), args...)
	log, err := os.Create(c.logFile())
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	c.server.Stdout, c.server.Stderr = log, log
	if err := c.launch(); err != nil {
		return err
	}
	return c.await()
}

func (c *Cluster) command(credential *syscall.Credential, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = c.dir
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential, Setpgid: true}
	dieWithParent(cmd.SysProcAttr)
	return cmd
}

// launch starts the server on a thread that is kept until the server ends: the kernel sends the
// signal of a parent's death when the thread that started the child is gone.
func (c *Cluster) launch() error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := c.server.Start()
		started <- err
		if err == nil {
			_ = c.server.Wait()
			close(c.gone)
		}
	}()
	return <-started
}

// await returns when the server answers.
func (c *Cluster) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, c.URL())
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-c.gone:
			return errors.New("the server ended")
		case <-ctx.Done():
			return err
		case <-time.After(startPoll):
		}
	}
}

// binaries finds the newest server installed.
func binaries() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return n
	}
	if len(found) > 0 {
		newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
		return filepath.Dir(newest), nil
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	return "", fmt.Errorf("no PostgreSQL server found: install the Debian package postgresql, "+
		"or set %s to the URL of a server", Variable)
}

// unprivileged returns whom to run the server as, which refuses to run as root; nil is ourselves.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	var u *user.User
	var err error
	for _, name := range []string{"postgres", "nobody"} {
		if u, err = user.Lookup(name); err == nil {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(err1, err2)
}

// sweep removes the folders of processes that were killed before they could.
func sweep() {
	left, _ := filepath.Glob(filepath.Join(os.TempDir(), folderPrefix+"*"))
	for _, dir := range left {
		id, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), folderPrefix), "-")
		pid, err := strconv.Atoi(id)
		if err == nil && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			_ = os.RemoveAll(dir)
		}
	}
}
