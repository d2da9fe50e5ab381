package sqldb_test

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/kassa-pay/kassa/internal/store/sqldb"
)

type (
	named string
	short int16
)

func ptr[T any](v T) *T { return &v }

const insertKind = "INSERT INTO kind (id, flag, bytes, num, words) VALUES ($1, $2, $3, $4, $5)"

func TestValues_RoundTrip(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db := one(t, url)
		every := make([]byte, 256)
		for i := range every {
			every[i] = byte(i)
		}
		for id, row := range map[string]struct{ in, want []any }{
			"null": {
				[]any{nil, nil, nil, nil},
				[]any{(*bool)(nil), []byte(nil), (*int64)(nil), (*string)(nil)},
			},
			"nil": {
				[]any{(*bool)(nil), []byte(nil), (*int64)(nil), (*string)(nil)},
				[]any{(*bool)(nil), []byte(nil), (*int64)(nil), (*string)(nil)},
			},
			"empty": {
				[]any{false, []byte{}, int64(0), ""},
				[]any{ptr(false), []byte{}, ptr(int64(0)), ptr("")},
			},
			"pointers": {
				[]any{ptr(true), every, ptr(int64(-7)), ptr("x")},
				[]any{ptr(true), every, ptr(int64(-7)), ptr("x")},
			},
			"named": {
				[]any{true, []byte("1"), short(5), named("open")},
				[]any{ptr(true), []byte("1"), ptr(int64(5)), ptr("open")},
			},
			"edges": {
				[]any{true, []byte("12345"), int64(-1 << 63), "ü – 007 – \"'\\ 😀\n"},
				[]any{ptr(true), []byte("12345"), ptr(int64(-1 << 63)), ptr("ü – 007 – \"'\\ 😀\n")},
			},
			"largest": {
				[]any{false, []byte("null"), int64(1<<63 - 1), "1e5"},
				[]any{ptr(false), []byte("null"), ptr(int64(1<<63 - 1)), ptr("1e5")},
			},
		} {
			mustWrite(t, db, queue(insertKind, append([]any{id}, row.in...)...))
			check := func(r sqldb.Reader) {
				var flag *bool
				var bytes []byte
				var num *int64
				var words *string
				err := r.QueryRow(t.Context(),
					"SELECT flag, bytes, num, words FROM kind WHERE id = $1", named(id)).
					Scan(&flag, &bytes, &num, &words)
				if err != nil {
					t.Errorf("%s: %v", id, err)
				}
				if got := []any{flag, bytes, num, words}; !reflect.DeepEqual(got, row.want) {
					t.Errorf("%s: got %#v, want %#v", id, got, row.want)
				}
			}
			check(db.Reader())
			mustWrite(t, db, func(_ context.Context, tx sqldb.Tx) error { check(tx); return nil })
		}
	})
}

func TestValues_NumberedParameters(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db := one(t, url)
		mustWrite(t, db, queue(insertKind, "x", true, []byte{1}, int64(12), "w"))
		n := number(t, db.Reader(), `SELECT count(*) FROM kind
			WHERE words = $2 AND num = $1 AND flag = $4 AND id = $3 AND words = $2 AND flag = TRUE`,
			int64(12), "w", "x", true)
		if n != 1 {
			t.Errorf("parameters out of order and repeated matched %d rows, want 1", n)
		}
	})
}

func TestValues_ScanKinds(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db := one(t, url)
		mustWrite(t, db, queue(insertKind, "x", true, []byte("by"), int64(12), "w"))
		mustWrite(t, db, queue("INSERT INTO kind (id) VALUES ('null')"))
		const all = "SELECT words, num, flag, bytes FROM kind WHERE id = $1"
		var (
			words named
			num   int
			flag  bool
			bytes []byte
		)
		row := db.Reader().QueryRow(t.Context(), all, "x")
		if err := row.Scan(&words, &num, &flag, &bytes); err != nil {
			t.Fatal(err)
		}
		if words != "w" || num != 12 || !flag || string(bytes) != "by" {
			t.Errorf("got %q %d %v %q", words, num, flag, bytes)
		}
		one := func(column, id string) sqldb.Row {
			return db.Reader().QueryRow(t.Context(), "SELECT "+column+" FROM kind WHERE id = $1", id)
		}
		var text string
		var small int8
		for name, err := range map[string]error{
			"NULL into string":  one("words", "null").Scan(&text),
			"NULL into int":     one("num", "null").Scan(&num),
			"NULL into bool":    one("flag", "null").Scan(&flag),
			"text into int":     one("words", "x").Scan(&num),
			"overflow":          one("num * 100", "x").Scan(&small),
			"too few variables": one("words, num", "x").Scan(&text),
			"not a pointer":     one("num", "x").Scan(num),
		} {
			if err == nil {
				t.Errorf("%s was accepted", name)
			}
		}
	})
}

func TestValues_RefusesText(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db := one(t, url)
		for _, bad := range []string{"a\x00b", "\xff", "\xed\xa0\x80"} {
			err := db.Write(t.Context(), queue("INSERT INTO job (id) VALUES ($1)", bad))
			if !is(sqldb.ErrCheck)(err) {
				t.Errorf("%q: %v", bad, err)
			}
			err = db.Reader().QueryRow(t.Context(), "SELECT id FROM job WHERE id = $1", bad).Scan(&bad)
			if !is(sqldb.ErrCheck)(err) {
				t.Errorf("%q in a query: %v", bad, err)
			}
		}
	})
}

func TestErrors(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db := one(t, url)
		mustWrite(t, db, queue("INSERT INTO child (id, parent_id) VALUES ('c1', 'p1')"))
		mustWrite(t, db, queue("INSERT INTO pair (a, b, c) VALUES ('1', '2', '3')"))
		const parent = "INSERT INTO parent (id, code, label, live) VALUES "
		for sql, want := range map[string]func(error) bool{
			parent + "('p1', 'c2', NULL, NULL)":                         isUnique("parent_pkey"),
			parent + "('p2', 'c1', NULL, NULL)":                         isUnique("parent_code_key"),
			parent + "('p2', 'c2', 'l1', TRUE)":                         isUnique("parent_label"),
			"INSERT INTO pair (a, b) VALUES ('1', '2')":                 isUnique("pair_pkey"),
			"INSERT INTO pair (a, b, c) VALUES ('9', '2', '3')":         isUnique("pair_b_c_key"),
			"UPDATE counter SET id = 'a'":                               isUnique("counter_pkey"),
			"INSERT INTO child (id, parent_id) VALUES ('c2', 'nobody')": is(sqldb.ErrForeignKey),
			"DELETE FROM parent WHERE id = 'p1'":                        is(sqldb.ErrForeignKey),
			"UPDATE counter SET n = -1 WHERE id = 'a'":                  isCheck("counter_floor"),
			"INSERT INTO counter (id) VALUES ('z')":                     is(sqldb.ErrCheck),
		} {
			if err := db.Write(t.Context(), exec(sql)); !want(err) {
				t.Errorf("%s: %v", sql, err)
			}
		}
		err := db.Write(t.Context(), func(ctx context.Context, tx sqldb.Tx) error {
			var id string
			err := tx.QueryRow(ctx, "SELECT id FROM job WHERE id = 'none'").Scan(&id)
			if !errors.Is(err, sqldb.ErrNoRows) {
				t.Errorf("no row in a unit: %v", err)
			}
			_, err = tx.Exec(ctx, "INSERT INTO job (id) VALUES ('1')")
			return err // not having found a row is no failure
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestReader(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db := one(t, url)
		r := db.Reader()
		for _, sql := range []string{
			"INSERT INTO job (id) VALUES ('1')", "DELETE FROM counter", "CREATE TABLE t (id TEXT)",
		} {
			var x string
			if err := r.QueryRow(t.Context(), sql).Scan(&x); !is(sqldb.ErrFull)(err) {
				t.Errorf("%s through the reader: %v", sql, err)
			}
		}
		rows, err := r.Query(t.Context(), "SELECT id, n FROM counter ORDER BY id")
		if err != nil {
			t.Fatal(err)
		}
		var ids string
		for rows.Next() {
			var id string
			var n int64
			if err := rows.Scan(&id, &n); err != nil {
				t.Error(err)
			}
			ids += id
		}
		rows.Close()
		rows.Close()
		if ids != "ab" || rows.Err() != nil {
			t.Errorf("read %q, %v", ids, rows.Err())
		}
		var id string
		err = r.QueryRow(t.Context(), "SELECT id FROM counter ORDER BY id").Scan(&id)
		if err != nil || id != "a" {
			t.Errorf("first of two rows: %q, %v", id, err)
		}
		if err := r.QueryRow(t.Context(), "SELECT id FROM job").Scan(&id); !is(sqldb.ErrNoRows)(err) {
			t.Errorf("no row: %v", err)
		}
		if _, err := r.Query(t.Context(), "SELECT nonsense"); err == nil {
			t.Error("nonsense was accepted")
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if err := r.QueryRow(ended, "SELECT id FROM counter").Scan(&id); !is(context.Canceled)(err) {
			t.Errorf("ended context: %v", err)
		}
		if err := db.Ping(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
