package store

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store/schema"
	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

func TestMeaning(t *testing.T) {
	own := pay.Errorf(pay.State, "session_not_open", "x")
	for _, x := range []struct {
		err  error
		kind pay.Kind
		code string
	}{
		{sqldb.ErrNoRows, pay.NotFound, "resource_missing"},
		{&sqldb.UniqueError{Constraint: "session_pkey"}, pay.Conflict, "duplicate"},
		{sqldb.ErrForeignKey, pay.Conflict, "stale"},
		{sqldb.ErrOverloaded, pay.Unavailable, "overloaded"},
		{sqldb.ErrFull, pay.Unavailable, "storage_full"},
		{sqldb.ErrUnavailable, pay.Unavailable, "storage_unavailable"},
		{sqldb.ErrClosed, pay.Unavailable, "storage_unavailable"},
		{sqldb.ErrCheck, pay.Internal, "internal"},
		{&sqldb.CheckError{Constraint: "session_check"}, pay.Internal, "internal"},
		{&sqldb.CheckError{Constraint: "mandate_count_bound"}, pay.Conflict, "limit"},
		{sqldb.ErrUnknownCommit, pay.Internal, "internal"},
		{errors.New("anything"), pay.Internal, "internal"},
		{own, pay.State, "session_not_open"},
	} {
		err := meaning(fmt.Errorf("wrapped: %w", x.err))
		if e := pay.AsError(err); e.Kind != x.kind || e.Code != x.code {
			t.Errorf("%v means %s %s, want %s %s", x.err, e.Kind, e.Code, x.kind, x.code)
		}
		if !errors.Is(err, x.err) && x.kind != pay.NotFound {
			t.Errorf("%v: the cause is lost", x.err)
		}
	}
	if meaning(nil) != nil {
		t.Error("no error must stay none")
	}
}

// TestSchema_StatesAreTheCores compares the CHECKs with the core's vocabulary.
func TestSchema_StatesAreTheCores(t *testing.T) {
	var text []byte
	for _, name := range []string{"0002_payment.sql", "0006_mandate.sql"} {
		part, err := schema.FS.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, part...)
	}
	for table, words := range map[string][]string{
		"session": vocabulary(func(n uint8) string { return pay.SessionState(n).String() }),
		"payment": vocabulary(func(n uint8) string { return pay.PaymentState(n).String() }),
		"refund":  vocabulary(func(n uint8) string { return pay.RefundState(n).String() }),
		"method":  vocabulary(func(n uint8) string { return pay.MethodState(n).String() }),
		"mandate": vocabulary(func(n uint8) string { return pay.MandateState(n).String() }),
	} {
		create := regexp.MustCompile(`(?s)CREATE TABLE ` + table + ` .*?CHECK \(state IN \((.*?)\)\)`)
		found := create.FindSubmatch(text)
		if found == nil {
			t.Fatalf("table %s has no CHECK of its states", table)
		}
		var checked []string
		for _, m := range regexp.MustCompile(`'(\w+)'`).FindAllStringSubmatch(string(found[1]), -1) {
			checked = append(checked, m[1])
		}
		if !slices.Equal(checked, words) {
			t.Errorf("%s: the schema knows %v, the core %v", table, checked, words)
		}
	}
}

// vocabulary lists the words of an enumeration that starts at 1 and panics behind its end.
func vocabulary(word func(uint8) string) (words []string) {
	defer func() { _ = recover() }()
	for n := uint8(1); ; n++ {
		words = append(words, word(n))
	}
}

// TestSchema_OneTextForBothEngines keeps out what only one of them understands.
func TestSchema_OneTextForBothEngines(t *testing.T) {
	foreign := regexp.MustCompile(`(?i)\b(SERIAL|AUTOINCREMENT|WITHOUT ROWID|JSONB?|TIMESTAMPTZ?|` +
		`TRIGGER|SEQUENCE \w|GENERATED|STRICT|BLOB|DATETIME|plpgsql)\b`)
	entries, err := schema.FS.ReadDir(".")
	if err != nil || len(entries) == 0 {
		t.Fatal("no migrations", err)
	}
	for _, e := range entries {
		text, err := schema.FS.ReadFile(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			code, _, _ := strings.Cut(line, "--")
			if word := foreign.FindString(code); word != "" {
				t.Errorf("%s:%d: %s", e.Name(), i+1, word)
			}
		}
	}
}
