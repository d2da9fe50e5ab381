package checkout

import (
	"maps"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// An object appends one JSON object to a buffer, member by member in the order of the calls. The
// documents of this family have a documented order of keys and are written on every request, which
// is why they are appended by hand instead of reflected upon.
type object struct {
	buf   []byte
	empty bool
}

// begin starts an object at the end of buf.
func begin(buf []byte) object { return object{buf: append(buf, '{'), empty: true} }

// end closes the object and returns the buffer.
func (o *object) end() []byte { return append(o.buf, '}') }

// key writes a member's name, which must need no escaping.
func (o *object) key(name string) {
	if !o.empty {
		o.buf = append(o.buf, ',')
	}
	o.empty = false
	o.buf = append(o.buf, '"')
	o.buf = append(o.buf, name...)
	o.buf = append(o.buf, '"', ':')
}

func (o *object) text(name, value string) {
	o.key(name)
	o.buf = appendString(o.buf, value)
}

// maybe writes null for an absent value: every documented key is always there.
func (o *object) maybe(name, value string) {
	if value == "" {
		o.null(name)
		return
	}
	o.text(name, value)
}

func (o *object) null(name string) {
	o.key(name)
	o.buf = append(o.buf, "null"...)
}

func (o *object) number(name string, value int64) {
	o.key(name)
	o.buf = strconv.AppendInt(o.buf, value, 10)
}

func (o *object) truth(name string, value bool) {
	o.key(name)
	o.buf = strconv.AppendBool(o.buf, value)
}

// time writes UTC to the second with a Z, the only form of time in this family.
func (o *object) time(name string, value time.Time) {
	o.key(name)
	o.buf = append(o.buf, '"')
	o.buf = value.UTC().AppendFormat(o.buf, time.RFC3339)
	o.buf = append(o.buf, '"')
}

func (o *object) maybeTime(name string, value time.Time) {
	if value.IsZero() {
		o.null(name)
		return
	}
	o.time(name, value)
}

// metadata writes a map in the order of its keys, so that the same object always has the same
// bytes; {} when it is empty.
func (o *object) metadata(name string, m map[string]string) {
	o.key(name)
	inner := begin(o.buf)
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if !inner.empty {
			inner.buf = append(inner.buf, ',')
		}
		inner.empty = false
		inner.buf = appendString(inner.buf, k)
		inner.buf = append(inner.buf, ':')
		inner.buf = appendString(inner.buf, m[k])
	}
	o.buf = inner.end()
}

func (o *object) texts(name string, values []string) {
	o.key(name)
	o.buf = append(o.buf, '[')
	for i, v := range values {
		if i > 0 {
			o.buf = append(o.buf, ',')
		}
		o.buf = appendString(o.buf, v)
	}
	o.buf = append(o.buf, ']')
}

// nested writes what put appends as the member's value.
func (o *object) nested(name string, put func([]byte) []byte) {
	o.key(name)
	o.buf = put(o.buf)
}

// list encodes one page of a list.
func list[T any](url string, items []T, more bool, put func([]byte, *T) []byte) []byte {
	o := begin(make([]byte, 0, listOverhead+len(items)*sizeHint))
	o.text("object", "list")
	o.nested("data", func(buf []byte) []byte { return appendArray(buf, items, put) })
	o.truth("has_more", more)
	o.text("url", url)
	return o.end()
}

func appendArray[T any](buf []byte, items []T, put func([]byte, *T) []byte) []byte {
	buf = append(buf, '[')
	for i := range items {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = put(buf, &items[i])
	}
	return append(buf, ']')
}

// Sizes that spare most documents a second allocation.
const (
	sizeHint     = 1024
	listOverhead = 128
)

const hexDigits = "0123456789abcdef"

// appendString writes s as a JSON string. Nothing but what JSON demands is escaped, and bytes that
// are not UTF-8 become U+FFFD.
func appendString(buf []byte, s string) []byte {
	buf = append(buf, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				buf = append(append(buf, s[start:i]...), "\ufffd"...)
				start = i + size
			}
			i += size
			continue
		case c == '"' || c == '\\':
			buf = append(append(buf, s[start:i]...), '\\', c)
			start = i + 1
		case c < ' ':
			buf = append(buf, s[start:i]...)
			buf = append(buf, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			start = i + 1
		}
		i++
	}
	return append(append(buf, s[start:]...), '"')
}
