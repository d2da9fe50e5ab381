package simnet

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

// No statement of a payment or of the pump may read a table from end to end.
func TestStatements_GoThroughIndexes(t *testing.T) {
	migrations := fstest.MapFS{}
	for _, name := range []string{"0100_sim.sql", "0101_payto.sql"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "store", "schema", name))
		if err != nil {
			t.Fatal(err)
		}
		migrations[name] = &fstest.MapFile{Data: text}
	}
	db, err := sqldb.Open(t.Context(), sqldb.Options{
		URL:        "sqlite:" + filepath.Join(t.TempDir(), "kassa.db"),
		Migrations: migrations,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, sql := range map[string]string{
		"record": selectRecord, "lock": lockRecord, "token": selectToken, "update": updateRecord,
		"prompts": selectPrompts, "refund": selectRefund, "refunds": sumRefunds,
		"any due": anyDue, "due": selectDue, "postpone": postpone, "forget": forget,
		"drop plan": dropPlan, "drop notices": dropNotices, "behaviour": selectBehaviour,
		"agreement": selectAgreement, "lock agreement": lockAgreement, "rested on": selectRestedOn,
		"agreements": selectAgreements, "update agreement": updateAgreement,
		"drop agreement notices": dropAgreementNotices, "move credential": moveCredential,
	} {
		plan := explain(t, db, sql)
		if plan == "" || strings.Contains(plan, "SCAN sim_") {
			t.Errorf("%s: %s", name, plan)
		}
	}
}

// errAsked undoes the unit that has asked for a plan.
var errAsked = errors.New("asked")

func explain(t *testing.T, db *sqldb.DB, sql string) (plan string) {
	t.Helper()
	var args []any
	for range strings.Count(sql, "$") {
		args = append(args, int64(1))
	}
	err := db.Write(t.Context(), func(ctx context.Context, tx sqldb.Tx) error {
		rows, err := tx.Query(ctx, "EXPLAIN QUERY PLAN "+sql, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id, parent, unused int64
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				return err
			}
			plan += detail + "; "
		}
		return errors.Join(rows.Err(), errAsked)
	})
	if !errors.Is(err, errAsked) {
		t.Fatalf("%s: %v", sql, err)
	}
	return plan
}
