// Command cmd runs another command with a throw-away PostgreSQL whose URL stands in
// KASSA_TEST_POSTGRES, so that all packages of a test run share one server:
//
//	go run ./internal/store/sqldb/pgtest/cmd -- go test ./...
//
// A server that the variable names already is used as it is. The exit code is the command's.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/kassa-pay/kassa/internal/store/sqldb/pgtest"
)

func main() { os.Exit(run(os.Args[1:], os.Stderr)) }

func run(args []string, stderr io.Writer) int {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		fmt.Fprintln(stderr, "usage: cmd -- COMMAND [ARGUMENT…]")
		return 2
	}
	env := os.Environ()
	if os.Getenv(pgtest.Variable) == "" {
		cluster, err := pgtest.Start()
		if err != nil {
			fmt.Fprintln(stderr, err)
			return 1
		}
		defer cluster.Stop()
		env = append(env, pgtest.Variable+"="+cluster.URL())
	}
	return command(args, env, stderr)
}

// command runs the command and passes on what a terminal or a supervisor sends, so that the server
// outlives it.
func command(args, env []string, stderr io.Writer) int {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	c := exec.Command(args[0], args[1:]...)
	c.Env, c.Stdin, c.Stdout, c.Stderr = env, os.Stdin, os.Stdout, os.Stderr
	if err := c.Start(); err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	go func() {
		for s := range signals {
			_ = c.Process.Signal(s)
		}
	}()
	err := c.Wait()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit) && exit.ExitCode() >= 0:
		return exit.ExitCode()
	default:
		fmt.Fprintln(stderr, err)
		return 1
	}
}
