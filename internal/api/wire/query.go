package wire

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/kassa-pay/kassa/internal/pay"
)

// Limits of lists, in elements.
const (
	MaxLimit     = 100
	DefaultLimit = 10
)

// Params are the query parameters of one request. Read each one that the route knows, then ask Err:
// it tells the first thing that was wrong, or a parameter that nobody read.
type Params struct {
	values url.Values
	read   map[string]bool
	err    error
}

// Query parses the query of r.
func Query(r *http.Request) *Params {
	values, err := url.ParseQuery(r.URL.RawQuery)
	p := &Params{values: values, read: make(map[string]bool)}
	if err != nil {
		p.err = pay.Errorf(pay.Invalid, CodeParameterInvalid, "The query string is malformed.")
	}
	return p
}

// Err returns the first error, or one that names a parameter that was not read.
func (p *Params) Err() error {
	for _, name := range slices.Sorted(maps.Keys(p.values)) {
		if !p.read[name] {
			name = cut(visible(name))
			p.fail(name, CodeParameterUnknown, "is not known")
		}
	}
	return p.err
}

func (p *Params) fail(name, code, text string) {
	if p.err == nil {
		p.err = pay.BadParam(name, code, "%s %s.", name, text)
	}
}

// take returns the value of a parameter and whether there is one that can be used.
func (p *Params) take(name string) (string, bool) {
	p.read[name] = true
	values, given := p.values[name]
	switch {
	case !given:
		return "", false
	case len(values) > 1:
		p.fail(name, CodeParameterDuplicate, "must not be given twice")
	case values[0] == "":
		p.fail(name, CodeParameterInvalid, "must not be empty")
	default:
		return values[0], true
	}
	return "", false
}

// String returns a parameter of at most longest characters, or nothing.
func (p *Params) String(name string, longest int) string {
	s, ok := p.take(name)
	if ok && !Plain(s, longest) {
		p.fail(name, CodeParameterInvalid, "must be at most "+strconv.Itoa(longest)+
			" characters, none of them a control character")
		return ""
	}
	return s
}

// Enum returns a parameter that is one of allowed, or nothing.
func (p *Params) Enum(name string, allowed ...string) string {
	s, ok := p.take(name)
	if ok && !slices.Contains(allowed, s) {
		p.fail(name, CodeParameterInvalid, "must be one of "+strings.Join(allowed, ", "))
		return ""
	}
	return s
}

// Limit returns the number of elements asked for, 1 to MaxLimit, DefaultLimit when it is left out.
func (p *Params) Limit() int {
	s, ok := p.take("limit")
	if !ok {
		return DefaultLimit
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > MaxLimit || strconv.Itoa(n) != s {
		p.fail("limit", CodeParameterInvalid, "must be an integer from 1 to "+strconv.Itoa(MaxLimit))
		return DefaultLimit
	}
	return n
}

// Page returns what all lists are asked for: how many, and after which id.
func (p *Params) Page() pay.Page {
	return pay.Page{Limit: p.Limit(), After: p.String("starting_after", MaxID)}
}

// ByWord is the table of the states from first to last by the words for them, for lists that can be
// narrowed to a word.
func ByWord[S ~uint8](word func(S) string, first, last S) map[string][]S {
	table := map[string][]S{}
	for s := first; s <= last; s++ {
		table[word(s)] = append(table[word(s)], s)
	}
	return table
}

// Words lists the words of a table, sorted.
func Words[T any](table map[string]T) []string { return slices.Sorted(maps.Keys(table)) }

// Choice returns what a table has for a parameter that is one of its words, or nothing.
func Choice[T any](p *Params, name string, table map[string]T) T {
	return table[p.Enum(name, Words(table)...)]
}
