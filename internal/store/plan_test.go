package store

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kassa-pay/kassa/internal/store/sqldb"
	"github.com/kassa-pay/kassa/internal/store/sqldb/pgtest"
	"github.com/kassa-pay/kassa/internal/store/storetest"
)

// plan is what a statement may cost: the indexes it must go through, by their names on PostgreSQL,
// and whether it may sort what it has found.
type plan struct {
	sql     string
	indexes string
	sorts   bool
}

// plans are the statements of requests and of the worker. None may read a table from end to end.
var plans = map[string]plan{
	"key":                    {sql: selectKey, indexes: "api_key_pkey merchant_pkey"},
	"keys":                   {sql: selectKeys, indexes: "api_key_list", sorts: true},
	"touch key":              {sql: touchKey, indexes: "api_key_pkey"},
	"customer":               {sql: selectCustomer, indexes: "customer_pkey"},
	"customers":              {sql: selectCustomers, indexes: "customer_list"},
	"customers by e-mail":    {sql: selectCustomersByEmail, indexes: "customer_email"},
	"session":                {sql: selectSession, indexes: "session_pkey"},
	"session by id":          {sql: selectSessionByID, indexes: "session_pkey"},
	"swap session":           {sql: swapSession, indexes: "session_pkey"},
	"sessions":               {sql: selectSessions, indexes: "session_list"},
	"sessions by family":     {sql: selectSessionsByFamily, indexes: "session_family"},
	"sessions by customer":   {sql: selectSessionsByCustomer, indexes: "session_customer"},
	"session by payment":     {sql: selectSessionsByPayment, indexes: "session_payment", sorts: true},
	"due sessions":           {sql: dueSessions, indexes: "session_due"},
	"payment":                {sql: selectPayment, indexes: "payment_pkey"},
	"swap payment":           {sql: swapPayment, indexes: "payment_pkey"},
	"payments":               {sql: selectPayments, indexes: "payment_list"},
	"events by family":       {sql: selectEventsByFamily, indexes: "event_family delivery_event"},
	"payments by session":    {sql: selectPaymentsBySession, indexes: "payment_session"},
	"payments by customer":   {sql: selectPaymentsByCustomer, indexes: "payment_customer"},
	"payments by mandate":    {sql: selectPaymentsByMandate, indexes: "payment_mandate"},
	"claim payments":         {sql: claimPayments, indexes: "payment_due payment_pkey"},
	"payments in review":     {sql: paymentsInReview, indexes: "payment_due"},
	"delay payment":          {sql: delayPayment, indexes: "payment_pkey"},
	"refund":                 {sql: selectRefund, indexes: "refund_pkey"},
	"swap refund":            {sql: swapRefund, indexes: "refund_pkey"},
	"refunds":                {sql: selectRefunds, indexes: "refund_list"},
	"refunds by payment":     {sql: selectRefundsByPayment, indexes: "refund_payment"},
	"claim refunds":          {sql: claimRefunds, indexes: "refund_due refund_pkey"},
	"method":                 {sql: selectMethod, indexes: "method_pkey"},
	"method of agreement":    {sql: selectAgreement, indexes: "method_agreement"},
	"alias":                  {sql: selectAlias, indexes: "alias_pkey"},
	"hook":                   {sql: selectHook, indexes: "endpoint_hook"},
	"lock hook":              {sql: lockHook, indexes: "endpoint_hook"},
	"lock method":            {sql: lockMethod, indexes: "method_pkey"},
	"swap method":            {sql: swapMethod, indexes: "method_pkey"},
	"methods by customer":    {sql: selectMethodsByCustomer, indexes: "method_customer"},
	"mandate":                {sql: selectMandate, indexes: "mandate_pkey"},
	"mandate by id":          {sql: selectMandateByID, indexes: "mandate_pkey"},
	"lock mandate":           {sql: lockMandate, indexes: "mandate_pkey"},
	"swap mandate":           {sql: swapMandate, indexes: "mandate_pkey"},
	"mandates by customer":   {sql: selectMandatesByCustomer, indexes: "mandate_customer"},
	"mandates by method":     {sql: selectMandatesByMethod, indexes: "mandate_method"},
	"due mandates":           {sql: lockDueMandates, indexes: "mandate_due"},
	"window":                 {sql: selectWindow, indexes: "mandate_window_pkey"},
	"event":                  {sql: selectEvent, indexes: "event_pkey delivery_event"},
	"events":                 {sql: selectEvents, indexes: "event_pkey delivery_event"},
	"events by object":       {sql: selectEventsByObject, indexes: "event_object", sorts: true},
	"unsent events":          {sql: unsentEvents, indexes: "event_unsent"},
	"mark sent":              {sql: markSent, indexes: "event_pkey"},
	"endpoint":               {sql: selectEndpoint, indexes: "endpoint_pkey"},
	"endpoints":              {sql: selectEndpoints, indexes: "endpoint_list"},
	"enabled endpoints":      {sql: selectEnabled, indexes: "endpoint_list"},
	"old deliveries":         {sql: oldDeliveries, indexes: "delivery_pkey"},
	"drop attempts":          {sql: dropAttempts, indexes: "delivery_attempt_pkey"},
	"drop payload":           {sql: dropPayload, indexes: "payload_pkey delivery_event"},
	"prune notices":          {sql: pruneNotices, indexes: "inbox_done inbox_pkey"},
	"lock folded":            {sql: lockFolded, indexes: "folded_pkey"},
	"entries to fold":        {sql: entriesToFold, indexes: "journal_list"},
	"deleted endpoints":      {sql: deletedEndpoints, indexes: "endpoint_deleted"},
	"deliveries of endpoint": {sql: deliveriesOf, indexes: "delivery_list"},
	"delivery":               {sql: selectDelivery, indexes: "delivery_pkey"},
	"deliveries":             {sql: selectDeliveries, indexes: "delivery_list"},
	"attempts of deliveries": {sql: selectLogs, indexes: "delivery_attempt_pkey", sorts: true},
	"pending before":         {sql: pendingBefore, indexes: "delivery_order"},
	"release next":           {sql: releaseNext, indexes: "delivery_order delivery_pkey"},
	"lock own endpoint":      {sql: lockOwnEndpoint, indexes: "endpoint_pkey"},
	"fail pending":           {sql: failPending},
	"finish attempt":         {sql: finishAttempt},
	"claim deliveries": {
		sql: claimDeliveries, indexes: "delivery_due delivery_lease", sorts: true,
	},
	"parcels": {
		sql: selectParcels, indexes: "delivery_lease payload_pkey", sorts: true,
	},
	"idempotency":        {sql: selectIdempotency, indexes: "idempotency_pkey"},
	"finish idempotency": {sql: finishIdempotency, indexes: "idempotency_pkey"},
	"prune idempotency": {
		sql:     pruneIdempotency,
		indexes: "idempotency_age idempotency_pkey payment_pkey payment_session refund_pkey",
	},
	"claim notices":     {sql: claimNotices, indexes: "inbox_due inbox_pkey"},
	"finish notice":     {sql: finishNotice, indexes: "inbox_pkey"},
	"sessions nearer":   {sql: shiftSessions},
	"payments nearer":   {sql: shiftPayments},
	"refunds nearer":    {sql: shiftRefunds},
	"mandates nearer":   {sql: shiftMandates},
	"deliveries nearer": {sql: shiftDeliveries, indexes: "endpoint_owner"},
}

func explain(t *testing.T, url, prefix string) func(sql string) []string {
	t.Helper()
	db := storetest.Open(t, url)
	return func(sql string) (lines []string) {
		args := make([]any, parameters(sql))
		for i := range args {
			args[i] = "0"
		}
		rows, err := db.Reader().Query(t.Context(), prefix+sql, args...)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var line string
			dest := []any{&line}
			if db.Engine() == sqldb.SQLite {
				dest = []any{new(int64), new(int64), new(int64), &line}
			}
			if err := rows.Scan(dest...); err != nil {
				t.Fatal(err)
			}
			lines = append(lines, strings.TrimSpace(line))
		}
		return lines
	}
}

// parameters counts the parameters of a statement.
func parameters(sql string) (most int) {
	for _, p := range regexp.MustCompile(`\$\d+`).FindAllString(sql, -1) {
		var n int
		if _, err := fmt.Sscanf(p, "$%d", &n); err == nil {
			most = max(most, n)
		}
	}
	return most
}

// tables lists the tables that grow.
var tables = []string{
	"session", "payment", "refund", "event", "delivery", "delivery_attempt", "payload", "customer",
	"method", "mandate", "mandate_window", "endpoint", "idempotency", "inbox", "api_key",
	"merchant", "d", "k", "old",
}

func TestPlans_SQLite(t *testing.T) {
	ask := explain(t, "sqlite:"+filepath.Join(t.TempDir(), "k.db"), "EXPLAIN QUERY PLAN ")
	for name, p := range plans {
		t.Run(name, func(t *testing.T) {
			lines := ask(p.sql)
			text := strings.Join(lines, "\n")
			for _, line := range lines {
				words := strings.Fields(line)
				ordered := strings.Contains(line, " event_unsent")
				if words[0] == "SCAN" && slices.Contains(tables, words[1]) && !ordered {
					t.Errorf("reads a whole table: %s", line)
				}
				if strings.HasPrefix(line, "USE TEMP B-TREE") && !p.sorts {
					t.Errorf("sorts what an index could give in order: %s", line)
				}
			}
			for _, index := range strings.Fields(p.indexes) {
				if table, primary := strings.CutSuffix(index, "_pkey"); primary {
					index = "sqlite_autoindex_" + table + "_1"
				}
				if !regexp.MustCompile(`INDEX ` + index + `\b`).MatchString(text) {
					t.Errorf("does not use %s", index)
				}
			}
			if t.Failed() {
				t.Log(text)
			}
		})
	}
}

// TestPlans_PostgreSQL forbids what small tables make attractive: if there is an index that can be
// used at all, the plan has it.
func TestPlans_PostgreSQL(t *testing.T) {
	url := pgtest.URL(t)
	sep := "?"
	if strings.Contains(url, "?") {
		sep = "&"
	}
	ask := explain(t, url+sep+"enable_seqscan=off", "EXPLAIN ")
	for name, p := range plans {
		t.Run(name, func(t *testing.T) {
			text := strings.Join(ask(p.sql), "\n")
			if strings.Contains(text, "Seq Scan on") {
				t.Errorf("reads a whole table:\n%s", text)
			}
		})
	}
}
