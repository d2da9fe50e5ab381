package store

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
	"github.com/kassa-pay/kassa/internal/store/sqldb/pgtest"
	"github.com/kassa-pay/kassa/internal/store/storetest"
)

// A large shop: so many of everything in its commonest state, and behind them, oldest of all, a few
// in other states. Half of it belongs to another protocol.
const (
	shopRows = 10_000
	shopPage = 21

	shopNumbers = `WITH RECURSIVE n (i, at) AS (SELECT 1, CAST($2 AS BIGINT)
		UNION ALL SELECT i + 1, at FROM n WHERE i < CAST($1 AS BIGINT))`
	shopFamily = `CASE WHEN i % 2 = 0 THEN 'collect' ELSE 'checkout' END`
)

// shopNow is the moment at which the lists are asked for.
var shopNow = time.Date(2026, 11, 21, 10, 30, 0, 0, time.UTC)

// word is an expression for the word of row i: the rare ones have two rows each, the rest is
// common.
func word(common string, rare ...string) string {
	var b strings.Builder
	b.WriteString("CASE (i + 1) / 2")
	for i, w := range rare {
		fmt.Fprintf(&b, " WHEN %d THEN '%s'", i+1, w)
	}
	return b.String() + " ELSE '" + common + "' END"
}

// shop is how the tables are filled: $1 rows at the time $2.
var shop = []string{
	shopNumbers + ` INSERT INTO session (id, merchant_id, mode, family, state, version,
		amount, currency, capture, methods, customer_email, customer_phone, success_url, cancel_url,
		metadata, declines, expires_at, due_at, created_at, updated_at, last_decline, series)
		SELECT 'cs_' || (100000 + i), 'mer_1', 'test', ` + shopFamily + `, ` +
		word("complete", "expired", "canceled", "open", "paying", "open") + `, 1, 5000, 'ZAR',
		'automatic', '', '', '', '', '', '', 0, CASE WHEN i IN (9, 10) THEN at ELSE at + 1 END,
		CASE WHEN i IN (5, 6) THEN at + 1 WHEN i IN (9, 10) THEN at END, 0, 0, '', '' FROM n`,
	shopNumbers + ` INSERT INTO payment (id, merchant_id, mode, family, state, version, amount,
		currency, capture, captured, refunded, received, capturing, keep_rest, captures, authorised,
		voided, off_session, attempt, keep, final, rail, method, instrument, description, metadata,
		decline_code, network_code, rail_reference, action, action_url, poll_count, created_at,
		updated_at, due_at)
		SELECT 'pay_' || (100000 + i), 'mer_1', 'test', ` + shopFamily + `, ` +
		word("paid", "created", "action", "waiting", "authorised", "failed", "canceled", "review",
			"late", "underpaid", "overpaid") + `, 1, 5000, 'ZAR', 'automatic', 0, 0, 0, 0, FALSE, 0,
		0, 0, FALSE, 0, FALSE, FALSE, '', '', '', '', '', '', '', '', '', '', 0, at, 0,
		CASE WHEN i <= 2 THEN at END FROM n`,
	shopNumbers + ` INSERT INTO method (id, merchant_id, mode, family, customer_id, state, version,
		rail, type, instrument, token, token_version, payment_id, created_at, updated_at)
		SELECT 'pm_' || (100000 + i), 'mer_1', 'test', ` + shopFamily + `, 'cus_' || i, ` +
		word("detached", "active") + `, 1, '', '', '', '', 0, 'pay_100001', at, 0 FROM n`,
	shopNumbers + ` INSERT INTO mandate (id, merchant_id, mode, family, customer_id, method_id,
		session_id, state, version, currency, terms, consent, used_count, used_total, schedule,
		failures, retry, reason, network_code, description, created_at, updated_at)
		SELECT 'mdt_' || (100000 + i), 'mer_1', 'test', ` + shopFamily + `, 'cus_' || i,
		'pm_100001', 'cs_' || (100000 + i), ` +
		word("completed", "active", "paused", "canceled", "expired") + `, 1, 'ZAR', '{}', '', 0, 0,
		CASE WHEN i % 4 < 2 THEN '{}' END, 0, '', '', '', '', at, 0 FROM n`,
	shopNumbers + ` INSERT INTO event (id, merchant_id, mode, type, kind, object_id, sequence, family,
		data, request_id, idempotency_key, target, created_at, fanned_out)
		SELECT 'evt_' || (100000 + i), 'mer_1', 'test', CASE i % 3 WHEN 0 THEN 'session.open'
		WHEN 1 THEN 'endpoint.test' ELSE ` + word("payment.paid", "refund.failed", "payment.review",
		"mandate.paused") + ` END, 'session', 'cs_' || (100000 + i), 1, ` + shopFamily + `, '{}', '',
		'', CASE WHEN i % 3 = 1 THEN 'we_1' END, at, TRUE FROM n`,
	shopNumbers + ` INSERT INTO journal (id, merchant_id, mode, type, from_account, to_account, amount,
		currency, payment_id, created_at)
		SELECT 'bt_' || (100000 + i), 'mer_1', 'test', ` + word("payment", "transfer_received",
		"settlement", "late_payment", "refund", "refund_paid", "refund_failure") + `, 'network',
		'merchant', 1, 'ZAR', 'pay_100001', at FROM n`,
}

// openShop returns a database with the large shop in it.
func openShop(t *testing.T, url string) *sqldb.DB {
	t.Helper()
	db := storetest.Open(t, url)
	for _, sql := range slices.Concat(shop, []string{"ANALYZE"}) {
		err := db.Write(t.Context(), func(ctx context.Context, tx sqldb.Tx) error {
			var args []any
			if sql != "ANALYZE" {
				args = []any{int64(shopRows), shopNow.UnixMicro()}
			} else if db.Engine() == sqldb.SQLite {
				return nil // the product never gathers statistics there
			}
			_, err := tx.Exec(ctx, sql, args...)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return db
}

// A listing is a list that some protocol has, the index it walks with the columns that are fixed
// behind the scope, and how many rows it must find; "" for a list that is short by itself.
type listing struct {
	name, index, fixed string
	found              int
	read               func(v view) (int, error)
}

func count[T any](list []T, err error) (int, error) { return len(list), err }

// listings are the lists of all protocols that can be narrowed, at the store's door. What most of
// the rows are is left out: a walk soon meets one.
func listings() (all []listing) {
	ctx, sc, page := context.Background(), pay.Scope{MerchantID: "mer_1", Mode: pay.Test},
		pay.Page{Limit: shopPage}
	add := func(name, index, fixed string, found int, read func(v view) (int, error)) {
		all = append(all, listing{name, index, fixed, found, read})
	}
	for _, family := range []string{"", "collect"} {
		index, fixed, share := "session_state", "state", 2
		if family != "" {
			index, fixed, share = "session_family_state", "family state", 1
		}
		for _, x := range []struct {
			states []pay.SessionState
			found  int
		}{
			{[]pay.SessionState{pay.SessionExpired, pay.SessionCanceled}, 3 * share},
			{[]pay.SessionState{pay.SessionExpired}, 2 * share},
			{[]pay.SessionState{pay.SessionCanceled}, share},
		} {
			add(fmt.Sprint("sessions ", family, x.states), index, fixed, x.found,
				func(v view) (int, error) {
					return count(v.Sessions(ctx, sc, pay.SessionFilter{
						Page: page, States: x.states, Family: family, Now: shopNow, ServerNow: shopNow,
					}))
				})
		}
	}
	return slices.Concat(all, paymentListings(ctx, sc, page), mandateListings(ctx, sc, page),
		eventListings(ctx, sc, page), entryListings(ctx, sc, page))
}

func paymentListings(ctx context.Context, sc pay.Scope, page pay.Page) (all []listing) {
	for _, states := range [][]pay.PaymentState{
		{pay.PaymentCreated, pay.PaymentAction, pay.PaymentWaiting}, {pay.PaymentReview},
		{pay.PaymentAuthorised}, {pay.PaymentLate},
	} {
		name, found := fmt.Sprint("payments ", states), 2*len(states)
		all = append(all, listing{name, "payment_state", "state", found,
			func(v view) (int, error) {
				return count(v.Payments(ctx, sc, pay.PaymentFilter{Page: page, States: states}))
			}})
	}
	return all
}

func mandateListings(ctx context.Context, sc pay.Scope, page pay.Page) (all []listing) {
	for _, scheduled := range []bool{false, true} {
		index, found := "mandate_list", 2
		if scheduled {
			index, found = "mandate_scheduled", 1
		}
		for _, states := range [][]pay.MandateState{
			nil, {pay.MandateActive}, {pay.MandateExpired}, {pay.MandateCompleted},
		} {
			found := found
			if states == nil || states[0] == pay.MandateCompleted {
				found = shopPage
			}
			all = append(all, listing{
				fmt.Sprint("mandates ", states, scheduled), index, "state", found,
				func(v view) (int, error) {
					return count(v.Mandates(ctx, sc, pay.MandateFilter{
						Page: page, States: states, Scheduled: scheduled,
					}))
				},
			})
		}
	}
	for detached, found := range map[bool]int{false: 2, true: shopPage} {
		all = append(all, listing{fmt.Sprint("methods ", detached), "method_list", "state", found,
			func(v view) (int, error) {
				return count(v.SavedMethods(ctx, sc, pay.MethodFilter{Page: page, All: detached}))
			}})
	}
	return all
}

func eventListings(ctx context.Context, sc pay.Scope, page pay.Page) (all []listing) {
	for _, x := range []struct {
		family string
		types  []string
		found  int
	}{
		{"", []string{"mandate.paused"}, 1},
		{"", []string{"refund.failed", "endpoint.test"}, 1},
		{"collect", []string{"mandate.paused", "refund.failed"}, 1},
	} {
		index, fixed := "event_type", "type"
		if x.family != "" {
			index, fixed = "event_family_type", "family type"
		}
		all = append(all, listing{
			fmt.Sprint("events ", x.family, len(x.types), x.types[0]), index, fixed, x.found,
			func(v view) (int, error) {
				return count(v.Events(ctx, sc, pay.EventFilter{
					Page: page, Types: x.types, Family: x.family,
				}))
			},
		})
	}
	return all
}

func entryListings(ctx context.Context, sc pay.Scope, page pay.Page) (all []listing) {
	for _, t := range []pay.EntryType{pay.EntryRefund, pay.EntryTransfer} {
		all = append(all, listing{fmt.Sprint("entries ", t), "journal_type", "type", 2,
			func(v view) (int, error) {
				return count(v.Entries(ctx, sc, pay.EntryFilter{
					Page: page, Types: []pay.EntryType{t},
				}))
			}})
	}
	return all
}

// explainer asks the engine for the plan of every statement that it passes on.
type explainer struct {
	sqldb.Reader
	t       *testing.T
	explain string
	plan    []string
}

func (e *explainer) Query(ctx context.Context, sql string, args ...any) (sqldb.Rows, error) {
	rows, err := e.Reader.Query(ctx, e.explain+sql, args...)
	if err != nil {
		e.t.Fatalf("%v\n%s", err, sql)
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		dest := []any{&line}
		if strings.Contains(e.explain, "QUERY PLAN") {
			dest = []any{new(int64), new(int64), new(int64), &line}
		}
		if err := rows.Scan(dest...); err != nil {
			e.t.Fatal(err)
		}
		e.plan = append(e.plan, line)
	}
	return e.Reader.Query(ctx, sql, args...)
}

// walk runs a list of the large shop and returns its plan.
func walk(t *testing.T, db *sqldb.DB, explain string, l listing) []string {
	t.Helper()
	e := &explainer{Reader: db.Reader(), t: t, explain: explain}
	n, err := l.read(view{e})
	if err != nil || n != l.found {
		t.Errorf("found %d rows, want %d: %v", n, l.found, err)
	}
	return e.plan
}

// TestLists_SQLite: every range of every list is fixed by the index up to the id, but for the few
// sessions that are overdue and the few payments that were just created.
func TestLists_SQLite(t *testing.T) {
	db := openShop(t, "sqlite:"+filepath.Join(t.TempDir(), "k.db"))
	for _, l := range listings() {
		t.Run(l.name, func(t *testing.T) {
			fixed := "merchant_id=? AND mode=?"
			for _, column := range strings.Fields(l.fixed) {
				fixed += " AND " + column + "=?"
			}
			want := "USING INDEX " + l.index + " (" + fixed + " AND id<?)"
			noun, _, _ := strings.Cut(l.index, "_")
			table := "SEARCH " + noun + " "
			ranges := 0
			for _, line := range walk(t, db, "EXPLAIN QUERY PLAN ", l) {
				due := strings.Contains(line, "USING INDEX session_due (due_at<?)") ||
					strings.Contains(line, "USING INDEX payment_due (due_at>?)")
				switch {
				case strings.HasPrefix(line, table) && !due && !strings.HasSuffix(line, want),
					strings.HasPrefix(line, "SCAN ") && !inner.MatchString(line):
					t.Errorf("%s\nis not %s", line, want)
				case strings.HasPrefix(line, table):
					ranges++
				}
			}
			if ranges == 0 {
				t.Error("the plan reads no range")
			}
		})
	}
}

var (
	inner   = regexp.MustCompile(`^SCAN (range\d+|overdue|created)$`) // what a range has found
	removed = regexp.MustCompile(`Rows Removed by Filter: (\d+)`)
	scanned = regexp.MustCompile(`Scan.* \(actual rows=(\d+) `)
)

// TestLists_PostgreSQL counts the rows that a list has read: those it returns, the first of each
// range, and the few that only it can tell apart. Where statistics say that every second row is
// wanted, the planner walks the primary key and passes the others over.
func TestLists_PostgreSQL(t *testing.T) {
	const few = 8
	db := openShop(t, pgtest.URL(t))
	for _, l := range listings() {
		t.Run(l.name, func(t *testing.T) {
			read := 0
			plan := strings.Join(walk(t, db,
				"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ", l), "\n")
			for _, found := range slices.Concat(removed.FindAllStringSubmatch(plan, -1),
				scanned.FindAllStringSubmatch(plan, -1)) {
				n, err := strconv.Atoi(found[1])
				if err != nil {
					t.Fatal(err)
				}
				read += n
			}
			if most := 2*l.found + few; read == 0 || read > most {
				t.Errorf("%d rows were read, at most %d are needed:\n%s", read, most, plan)
			}
		})
	}
}

// TestLists_AllStates: a state that the schema knows and a list does not would hide its rows.
func TestLists_AllStates(t *testing.T) {
	db := storetest.Open(t, "sqlite:"+filepath.Join(t.TempDir(), "k.db"))
	for table, states := range map[string][]string{
		"mandate": words(allMandateStates), "method": words(allMethodStates),
	} {
		var sql string
		err := db.Reader().QueryRow(t.Context(), `SELECT sql FROM sqlite_master
			WHERE type = 'table' AND name = $1`, table).Scan(&sql)
		if err != nil {
			t.Fatal(err)
		}
		_, list, _ := strings.Cut(sql, "CHECK (state IN (")
		list, _, _ = strings.Cut(list, ")")
		var want []string
		for _, quoted := range strings.Split(list, ",") {
			want = append(want, strings.Trim(quoted, "' \n"))
		}
		slices.Sort(want)
		slices.Sort(states)
		if !slices.Equal(states, want) {
			t.Errorf("a list of %s shows %v of %v", table, states, want)
		}
	}
}
