package store

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

// micros turns a time into a column: microseconds UTC, NULL for the zero time.
func micros(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

// moment turns a column back into a time; statements read NULL as 0.
func moment(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// nullable turns "" into NULL, so that a partial index can leave it out.
func nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// blob turns no bytes into NULL.
func blob(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}

// Empty lists and maps are stored as "" and come back as nil.

func fromMap(m map[string]string) string {
	if len(m) == 0 {
		return ""
	}
	return encode(m)
}

func fromList[T any](l []T) string {
	if len(l) == 0 {
		return ""
	}
	return encode(l)
}

// encode writes JSON, and "" for what cannot be written: a date that is no day. Everything else
// that is stored this way is made of strings and numbers. Columns that hold dates refuse "".
func encode(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

// decode reads a JSON column into dest and leaves dest alone for "".
func decode(column string, dest any) error {
	if column == "" {
		return nil
	}
	return json.Unmarshal([]byte(column), dest)
}

// wordList joins words into one argument for the test of a column against a list:
// taking '|' || column || '|' out of it changes it if the word is there. "" stands for no list.
func wordList[T ~string](words []T) string {
	if len(words) == 0 {
		return ""
	}
	var b strings.Builder
	for _, w := range words {
		b.WriteByte('|')
		b.WriteString(string(w))
		b.WriteByte('|')
	}
	return b.String()
}

// words returns the names of states.
func words[T fmt.Stringer](states []T) []string {
	list := make([]string, len(states))
	for i, s := range states {
		list[i] = s.String()
	}
	return list
}

// pastIDs sorts behind every id, so that the first page is the page before it.
const pastIDs = "zzzzzzzz"

// before returns the id that a page's items come before, newest first.
func before(p pay.Page) string {
	if p.After == "" {
		return pastIDs
	}
	return p.After
}
