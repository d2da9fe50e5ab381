package main

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// peer writes the same rows as creating a session does, pipelined, one transaction a session, in
// tables of the same shape.
const peer = `\startpipeline
BEGIN;
INSERT INTO session (id, merchant_id, mode, family, state, version, amount, currency, capture,
  methods, customer_email, customer_phone, success_url, cancel_url, metadata, declines, expires_at,
  due_at, created_at, updated_at, last_decline, series)
VALUES ('cs_' || ` + peerID + `,
  'bench', 'test', 'checkout', 'open', 1, 12550, 'GHS', 'automatic', '', 'ama@shop.test', '',
  'https://shop.test/done?session_id={CHECKOUT_SESSION_ID}', 'https://shop.test/basket',
  '{"order_id":"A-77"}', 0, 1791021600000000, 1791021600000000, 1791021600000000, 1791021600000000,
  '', '');
INSERT INTO event (id, merchant_id, mode, type, kind, object_id, sequence, family, data, request_id,
  idempotency_key, created_at, fanned_out)
VALUES ('evt_' || ` + peerID + `,
  'bench', 'test', 'session.open', 'session', 'cs_' || ` + peerID + `, 1, 'checkout',
  repeat('0123456789', 55), 'req_06gzra34zsc4kfs97k19n4s82g', '', 1791021600000000, true);
COMMIT;
\endpipeline
`

// peerID is an id that leads with the time and is as long as ours.
const peerID = `lpad((extract(epoch from clock_timestamp()) * 1000)::bigint::text, 14, '0') ||
  lpad(:client_id::text, 4, '0') || lpad((random() * 99999999)::bigint::text, 8, '0')`

func (p plan) onPostgres(binary, data string) error {
	database, err := freshDatabase(p.postgres)
	if err != nil {
		return err
	}
	s, err := start(binary, data, database)
	if err != nil {
		return err
	}
	defer s.stop()
	if _, err := s.load(p, 0, creating); err != nil { // warm up
		return err
	}
	create, err := s.load(p, 0, creating)
	if err != nil {
		return err
	}
	script := filepath.Join(filepath.Dir(data), "peer.sql")
	if err := os.WriteFile(script, []byte(peer), 0o600); err != nil {
		return err
	}
	rate, err := pgbench(p, script, database)
	if err != nil {
		return err
	}
	atLeast("create session / pgbench with the same rows, pipelined", create.rate()/rate, 1.0)
	fmt.Printf("  (create %.0f/s, p99 %s, pgbench %.0f/s)\n", create.rate(),
		create.quantile(0.99).Round(time.Microsecond), rate)
	return nil
}

// freshDatabase makes a database on the cluster and returns its URL.
func freshDatabase(cluster string) (string, error) {
	name := fmt.Sprintf("bench_%d", os.Getpid())
	createdb := exec.Command(program("createdb"), "--maintenance-db", cluster, name)
	out, err := createdb.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("createdb: %w\n%s", err, out)
	}
	u, err := url.Parse(cluster)
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), nil
}

// program finds a program of PostgreSQL, which Debian keeps out of PATH.
func program(name string) string {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err != nil || len(found) == 0 {
		return name
	}
	return found[len(found)-1]
}

var tps = regexp.MustCompile(`tps = ([0-9.]+) \(without`)

// pgbench runs the peer over as many connections as our load and returns its transactions a second.
func pgbench(p plan, script, database string) (float64, error) {
	out, err := exec.Command(program("pgbench"), "-n", "-M", "prepared", "-j", "2",
		"-c", strconv.Itoa(p.connections), "-T", strconv.Itoa(int(p.duration.Seconds())),
		"-f", script, database,
	).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("pgbench: %w\n%s", err, out)
	}
	m := tps.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("pgbench said nothing of its rate:\n%s", strings.TrimSpace(string(out)))
	}
	return strconv.ParseFloat(string(m[1]), 64)
}
