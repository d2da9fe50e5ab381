package store

import (
	"fmt"
	"strconv"
	"strings"
)

const (
	// listArgs counts the arguments that every list begins with: its scope, the last id seen and
	// its limit.
	listArgs = 4
	// listOrder ends every list.
	listOrder = ` ORDER BY id DESC LIMIT $4`
	// rangeWord stands in the text of a range for the parameter that differs from range to range.
	rangeWord = "$word"
)

// ranges is a list that is put together from ranges of an index, one for each word of a column. No
// more is read of each than a page, so that what is rare is found as fast as what is common. To
// test the column against all words at once would make the engines walk whatever there is.
type ranges struct {
	sql  string // of one range: $1 to $3 are the scope and the last id seen, $4 is the limit
	args []any  // what sql takes from $1 on; the words come behind them
}

// list returns the statement for these words and its arguments. More are ranges of their own.
func (r ranges) list(words []string, more ...string) (string, []any) {
	parts := make([]string, 0, len(words)+len(more))
	args := append(make([]any, 0, len(r.args)+len(words)), r.args...)
	for _, w := range words {
		args = append(args, w)
		parts = append(parts, strings.Replace(r.sql, rangeWord, "$"+strconv.Itoa(len(args)), 1))
	}
	parts = append(parts, more...)
	if len(parts) == 1 {
		return parts[0] + listOrder, args
	}
	for i, sql := range parts {
		parts[i] = "SELECT * FROM (" + sql + listOrder + ") AS range" + strconv.Itoa(i)
	}
	return strings.Join(parts, " UNION ALL ") + listOrder, args
}

// wordsOr returns the names of states, of all that there are when none is given.
func wordsOr[T fmt.Stringer](states, all []T) []string {
	if len(states) == 0 {
		return words(all)
	}
	return words(states)
}
