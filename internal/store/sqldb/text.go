package sqldb

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// argument turns what a caller passes into one of nil, int64, bool, []byte and string, the values
// both drivers take alike. SQLite would store text of any bytes; it is held to what PostgreSQL
// accepts, so that data can move between the engines.
func argument(a any) (any, error) {
	switch v := a.(type) {
	case nil, int64, bool, []byte:
		return v, nil
	case string:
		return v, checkText(v)
	}
	v, err := driver.DefaultParameterConverter.ConvertValue(a)
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case nil, int64, bool, []byte:
		return v, nil
	case string:
		return v, checkText(v)
	}
	return nil, fmt.Errorf("type %T cannot be stored", a)
}

func checkText(s string) error {
	if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
		return mean(ErrCheck, errors.New("text is not UTF-8 or holds a zero byte"))
	}
	return nil
}

// isSelect reports whether a statement can only read.
func isSelect(sql string) bool { return startsWith(sql, "select") }

// changes reports whether a statement that counted these rows has changed any. The count of WITH
// leaves out what its inner statements changed.
func changes(sql string, rows int64) bool {
	return !isSelect(sql) && (rows > 0 || startsWith(sql, "with"))
}

func startsWith(sql, word string) bool {
	sql = strings.TrimLeft(sql, " \t\r\n(")
	return len(sql) >= len(word) && strings.EqualFold(sql[:len(word)], word)
}

var lockWords = strings.NewReplacer(
	"/*for update*/", "FOR UPDATE",
	"/*skip locked*/", "FOR UPDATE SKIP LOCKED",
)

// maxTexts bounds the texts a rewriter remembers, against texts made at run time.
const maxTexts = 4096

// rewriter turns the comments of the common text into PostgreSQL's words, once for each text.
type rewriter struct {
	mu    sync.RWMutex
	texts map[string]string
}

func (r *rewriter) rewrite(sql string) string {
	r.mu.RLock()
	text, ok := r.texts[sql]
	r.mu.RUnlock()
	if ok {
		return text
	}
	text = lockWords.Replace(sql)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.texts == nil || len(r.texts) >= maxTexts {
		r.texts = make(map[string]string)
	}
	r.texts[sql] = text
	return text
}

// arguments gives each argument its common type. The slice is the caller's and is copied before
// anything in it changes.
func arguments(args []any) ([]any, error) {
	copied := false
	for i, a := range args {
		v, err := argument(a)
		if err != nil {
			return nil, fmt.Errorf("argument $%d: %w", i+1, err)
		}
		switch a.(type) {
		case nil, int64, bool, []byte, string:
			continue
		}
		if !copied {
			args, copied = slices.Clone(args), true
		}
		args[i] = v
	}
	return args, nil
}
