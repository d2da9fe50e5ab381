package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/kassa-pay/kassa/internal/config"
	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/secret"
	"github.com/kassa-pay/kassa/internal/server"
	"github.com/kassa-pay/kassa/internal/terms"
)

// Limits of the run with many mandates.
const (
	nodes       = 2
	chargeLimit = 20 * time.Minute
)

// multiply copies the one mandate there is, with its session, and makes all copies due in the same
// minute.
const multiply = `
	INSERT INTO session (%[1]s) SELECT %[2]s FROM session, generate_series(1, $1::bigint) n;
	INSERT INTO mandate (%[3]s) SELECT %[4]s FROM mandate, generate_series(1, $1::bigint) n`

// dueScan is the claim of due mandates as the store asks it.
const dueScan = `EXPLAIN SELECT id FROM mandate WHERE due_at <= $1 ORDER BY due_at LIMIT 64
	FOR UPDATE SKIP LOCKED`

// mandates has two nodes charge n mandates that are due in the same minute and counts what the
// network was asked for.
func (p plan) mandates(binary, dir string, n int64) error {
	if p.postgres == "" {
		return errors.New("the run needs PostgreSQL: KASSA_TEST_POSTGRES is not set")
	}
	database, err := freshDatabase(p.postgres)
	if err != nil {
		return err
	}
	ctx := context.Background()
	if err := permit(ctx, dir, database); err != nil {
		return fmt.Errorf("the first mandate: %w", err)
	}
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if err := spread(ctx, conn, n); err != nil {
		return fmt.Errorf("the other mandates: %w", err)
	}
	if err := explain(ctx, conn); err != nil {
		return err
	}
	began := time.Now()
	for range nodes {
		s, err := start(binary, dir, database)
		if err != nil {
			return err
		}
		defer s.stop()
	}
	if err := await(ctx, conn, n, began.Add(chargeLimit)); err != nil {
		return err
	}
	took := time.Since(began)
	fmt.Printf("%d mandates due in one minute, %d nodes: %s, %.0f charges/s\n", n, nodes,
		took.Round(time.Millisecond), float64(n)/took.Seconds())
	return once(ctx, conn, n)
}

// permit makes the one mandate that is copied: a payer pays and permits a charge a day.
func permit(ctx context.Context, dir, database string) error {
	c := config.Config{
		Data: dir, Database: database, KeyFile: dir + "/kassa.key", BaseURL: "http://127.0.0.1:1",
	}
	core, err := server.Open(ctx, c, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer core.Close()
	if err := seed(ctx, core.Pay); err != nil {
		return err
	}
	shop, err := core.Pay.CallerFor(ctx, pay.Scope{MerchantID: "bench", Mode: pay.Test})
	if err != nil {
		return err
	}
	daily := terms.Recurrence{Unit: terms.Day, Interval: 1}
	today := time.Now().UTC()
	first := terms.Date{Year: today.Year(), Month: today.Month(), Day: today.Day()}
	ses, _, err := core.Pay.OpenSession(ctx, shop, nil, pay.OpenSession{
		Family: "checkout", Amount: 1200, Currency: "GHS", CustomerEmail: "ama@shop.test",
		SuccessURL: "https://shop.test/done", CancelURL: "https://shop.test/basket",
		Series: pay.SeriesFirst,
		Offer: pay.Offer{
			Terms:    &terms.Terms{Kind: terms.Scheduled, Recurrence: &daily},
			Schedule: &terms.Schedule{Recurrence: daily, Start: first, Amount: 1200},
		},
	})
	if err != nil {
		return err
	}
	_, _, err = core.Pay.Pay(ctx, shop, nil, pay.PayRequest{
		SessionID: ses.ID,
		Method: pay.MethodInput{Type: pay.MethodCard, Card: &pay.Card{
			Number: secret.NewPAN("4242424242424242"), ExpMonth: 12, ExpYear: 2034,
			CVC: secret.NewCVV([]byte("123")),
		}},
	})
	return err
}

// spread copies the mandate n-1 times and brings all of them due now.
func spread(ctx context.Context, conn *pgx.Conn, n int64) error {
	session, sessions, err := columns(ctx, conn, "session")
	if err != nil {
		return err
	}
	mandate, mandates, err := columns(ctx, conn, "mandate")
	if err != nil {
		return err
	}
	for _, text := range strings.Split(fmt.Sprintf(multiply, session, sessions, mandate, mandates),
		";") {
		if _, err := conn.Exec(ctx, text, n-1); err != nil {
			return err
		}
	}
	minute := time.Now().Truncate(time.Minute).UnixMicro()
	_, err = conn.Exec(ctx, `UPDATE mandate SET due_at = $1, next_at = $1, try_at = $1`, minute)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, `ANALYZE mandate`)
	return err
}

// columns lists a table's columns and what a copy of a row has in them: ids of its own.
func columns(ctx context.Context, conn *pgx.Conn, table string) (names, values string, err error) {
	rows, err := conn.Query(ctx, `SELECT column_name FROM information_schema.columns
		WHERE table_name = $1 ORDER BY ordinal_position`, table)
	if err != nil {
		return "", "", err
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return "", "", err
	}
	own := map[string]string{
		"id": table + `.id || '_' || n`, "session_id": `session_id || '_' || n`,
		"payment_id": `NULL`, "mandate_id": `NULL`,
	}
	copied := make([]string, len(all))
	for i, name := range all {
		if copied[i] = own[name]; copied[i] == "" {
			copied[i] = name
		}
	}
	return strings.Join(all, ", "), strings.Join(copied, ", "), nil
}

// explain prints how PostgreSQL finds what is due and fails when it reads the whole table.
func explain(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, dueScan, time.Now().UnixMicro())
	if err != nil {
		return err
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	text := strings.Join(lines, "\n")
	fmt.Println(text)
	if strings.Contains(text, "Seq Scan") || !strings.Contains(text, "mandate_due") {
		return errors.New("due mandates are not found by their index")
	}
	return nil
}

// await waits until the network was asked for n charges beside the first payment.
func await(ctx context.Context, conn *pgx.Conn, n int64, until time.Time) error {
	for time.Now().Before(until) {
		var charged int64
		err := conn.QueryRow(ctx, `SELECT count(*) FROM payment
			WHERE mandate_id IS NOT NULL AND off_session AND state = 'paid'`).Scan(&charged)
		if err != nil {
			return err
		}
		if charged >= n {
			return nil
		}
		time.Sleep(time.Second)
	}
	return fmt.Errorf("not all mandates were charged within %s", chargeLimit)
}

// once compares what the network has booked with what was due.
func once(ctx context.Context, conn *pgx.Conn, n int64) error {
	var debits, payments, mandates int64
	err := conn.QueryRow(ctx, `SELECT (SELECT count(*) FROM sim_entry WHERE kind = 'debit') - 1,
		count(*), count(DISTINCT mandate_id) FROM payment WHERE off_session`).
		Scan(&debits, &payments, &mandates)
	if err != nil {
		return err
	}
	fmt.Printf("  %d payments under %d mandates, %d debits at the network\n", payments, mandates,
		debits)
	if debits != n || payments != n || mandates != n {
		fmt.Fprintln(os.Stderr, "some mandates were charged more than once, or not at all")
		return errors.New("not once each")
	}
	return nil
}
