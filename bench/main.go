// Command bench prints what Kassa costs, as ratios against peers measured in the same run on the
// same machine. Absolute figures move with the machine; the ratios hold.
//
//	go run ./bench                   SQLite alone
//	KASSA_TEST_POSTGRES=postgres://… go run ./bench   PostgreSQL, too
//	… go run ./bench -mandates 100000                 two nodes charge so many mandates
package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	asChild := flag.Bool("serve", false, "be the server under load (started by the bench itself)")
	data := flag.String("data", "", "data directory of the server under load")
	database := flag.String("database", "", "database of the server under load")
	still := flag.Bool("still", false, "leave out the background work of the server under load")
	seconds := flag.Int("seconds", 4, "length of one load")
	connections := flag.Int("connections", 64, "connections of one load")
	due := flag.Int64("mandates", 0, "instead of the loads: charge so many mandates, all due at once")
	flag.Parse()
	var err error
	if *asChild {
		err = child(*data, *database, *still)
	} else {
		err = run(plan{
			duration:    time.Duration(*seconds) * time.Second,
			connections: *connections,
			postgres:    os.Getenv("KASSA_TEST_POSTGRES"),
			due:         *due,
		})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// plan is what a run of the bench does.
type plan struct {
	duration    time.Duration
	connections int
	postgres    string // URL of a cluster; "" leaves PostgreSQL out
	due         int64  // mandates to charge instead of the loads; 0 for the loads
}

// row prints one line of the report: a ratio or a value with the bound it should keep.
func row(what, got, bound string, ok bool) {
	mark := "ok"
	if !ok {
		mark = "MISSED"
	}
	fmt.Printf("%-58s %12s   %-10s %s\n", what, got, bound, mark)
}

// atLeast prints a ratio that should be at least the bound.
func atLeast(what string, got, bound float64) {
	row(what, fmt.Sprintf("%.2f", got), fmt.Sprintf(">= %.2f", bound), got >= bound)
}

// atMost prints a value that should be at most the bound.
func atMost(what string, got, bound float64, unit string) {
	row(what, fmt.Sprintf("%.1f %s", got, unit), fmt.Sprintf("<= %.0f", bound), got <= bound)
}

func run(p plan) error {
	dir, err := os.MkdirTemp("", "kassa-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary, err := os.Executable()
	if err != nil {
		return err
	}
	if p.due > 0 {
		return p.mandates(binary, dir, p.due)
	}
	fmt.Printf("%-58s %12s   %-10s\n", "", "measured", "first goal")
	if err := p.sqlite(binary, dir+"/sqlite"); err != nil {
		return fmt.Errorf("SQLite: %w", err)
	}
	if err := p.footprint(dir); err != nil {
		return fmt.Errorf("start and memory: %w", err)
	}
	if p.postgres == "" {
		fmt.Println("PostgreSQL left out: KASSA_TEST_POSTGRES is not set (make bench sets it)")
		return nil
	}
	if err := p.onPostgres(binary, dir+"/postgres"); err != nil {
		return fmt.Errorf("PostgreSQL: %w", err)
	}
	return nil
}
