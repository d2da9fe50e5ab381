package apitest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// A node is a JSON value that remembers the order of its members.
type node struct {
	keys  []string // of an object
	items []*node  // of an object or an array
	kind  byte     // '{', '[' or 0 for a scalar
	raw   string   // a scalar as JSON
}

// read parses one JSON document.
func read(text string) (*node, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	n, err := readValue(d)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("something follows the document")
	}
	return n, nil
}

func readValue(d *json.Decoder) (*node, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	delim, ok := token.(json.Delim)
	if !ok {
		return &node{raw: encode(token)}, nil
	}
	n := &node{kind: byte(delim)}
	for d.More() {
		if n.kind == '{' {
			key, err := d.Token()
			if err != nil {
				return nil, err
			}
			n.keys = append(n.keys, key.(string))
		}
		item, err := readValue(d)
		if err != nil {
			return nil, err
		}
		n.items = append(n.items, item)
	}
	_, err = d.Token()
	return n, err
}

// encode writes a value as JSON with nothing escaped that need not be.
func encode(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // a token of a document that was parsed
	return strings.TrimRight(b.String(), "\n")
}

// text returns a string scalar's value.
func (n *node) text() (string, bool) {
	var s string
	if n.kind != 0 || !strings.HasPrefix(n.raw, `"`) {
		return "", false
	}
	err := json.Unmarshal([]byte(n.raw), &s)
	return s, err == nil
}

// maxLine is how long an object or array may be and still stand on one line.
const maxLine = 88

// format writes the node as an indented document; short leaves stay on one line.
func (n *node) format(b *strings.Builder, indent string) {
	if n.kind == 0 {
		b.WriteString(n.raw)
		return
	}
	if line := n.line(); len(line)+len(indent) <= maxLine && n.flat() {
		b.WriteString(line)
		return
	}
	b.WriteByte(n.kind)
	for i, item := range n.items {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n" + indent + "  ")
		if n.kind == '{' {
			b.WriteString(encode(n.keys[i]) + ": ")
		}
		item.format(b, indent+"  ")
	}
	b.WriteString("\n" + indent)
	b.WriteByte(n.kind + 2) // ] and } stand two after [ and {
}

// flat reports whether nothing is nested in the node that has parts of its own.
func (n *node) flat() bool {
	for _, item := range n.items {
		if item.kind != 0 {
			return false
		}
	}
	return len(n.items) <= 4
}

func (n *node) line() string {
	if n.kind == 0 {
		return n.raw
	}
	parts := make([]string, len(n.items))
	for i, item := range n.items {
		if n.kind == '{' {
			parts[i] = encode(n.keys[i]) + ": "
		}
		parts[i] += item.line()
	}
	inner := strings.Join(parts, ", ")
	if n.kind == '{' && inner != "" {
		inner = " " + inner + " "
	}
	return string(n.kind) + inner + string(n.kind+2)
}

// holes are the values captured so far.
type holes map[string]string

const anyHole = "any"

var holePattern = regexp.MustCompile(`\{\{(\w+)\}\}`)

// fill replaces the holes of a request by what was captured.
func (h holes) fill(s string) (string, error) {
	var missing error
	out := holePattern.ReplaceAllStringFunc(s, func(hole string) string {
		v, ok := h[hole[2:len(hole)-2]]
		if !ok {
			missing = fmt.Errorf("%s was not captured before", hole)
		}
		return v
	})
	return out, missing
}

// match compares a text with an expected one that may have holes, and captures.
func (h holes) match(want, got string) bool {
	if !holePattern.MatchString(want) {
		return want == got
	}
	var expr strings.Builder
	var names []string
	last := 0
	expr.WriteString(`\A`)
	for _, at := range holePattern.FindAllStringSubmatchIndex(want, -1) {
		expr.WriteString(regexp.QuoteMeta(want[last:at[0]]))
		name := want[at[2]:at[3]]
		if v, ok := h[name]; ok {
			expr.WriteString(regexp.QuoteMeta(v))
		} else {
			expr.WriteString(`(?s:(.+))`)
			names = append(names, name)
		}
		last = at[1]
	}
	expr.WriteString(regexp.QuoteMeta(want[last:]) + `\z`)
	found := regexp.MustCompile(expr.String()).FindStringSubmatch(got)
	if found == nil {
		return false
	}
	for i, name := range names {
		if name != anyHole {
			h[name] = found[i+1]
		}
	}
	return true
}

// diff lists where got is not what is wanted.
func (h holes) diff(path string, want, got *node) (found []string) {
	if w, ok := want.text(); ok && holePattern.MatchString(w) {
		g, isText := got.text()
		switch {
		case w == "{{any}}" && got.raw != "null", isText && h.match(w, g):
			return nil
		}
		return []string{fmt.Sprintf("%s: want %s, got %s", path, want.line(), got.line())}
	}
	switch {
	case want.kind != got.kind || want.kind == 0 && want.raw != got.raw:
		return []string{fmt.Sprintf("%s: want %s, got %s", path, want.line(), got.line())}
	case want.kind == '{' && strings.Join(want.keys, "\x00") != strings.Join(got.keys, "\x00"):
		return []string{fmt.Sprintf("%s: want the keys %v, got %v", path, want.keys, got.keys)}
	case len(want.items) != len(got.items):
		return []string{fmt.Sprintf("%s: want %d items, got %d", path, len(want.items),
			len(got.items))}
	}
	for i := range want.items {
		name := fmt.Sprintf("%s[%d]", path, i)
		if want.kind == '{' {
			name = strings.TrimPrefix(path+"."+want.keys[i], ".")
		}
		found = append(found, h.diff(name, want.items[i], got.items[i])...)
	}
	return found
}

// merge returns got with the holes of old where they still match, and known values under their
// names.
func (h holes) merge(old, got *node) *node {
	if old != nil {
		if w, ok := old.text(); ok && holePattern.MatchString(w) {
			if len(h.diff("", old, got)) == 0 {
				return old
			}
		}
	}
	out := &node{kind: got.kind, keys: got.keys, raw: got.raw}
	if g, ok := got.text(); ok {
		out.raw = encode(h.unfill(g))
	}
	for i, item := range got.items {
		out.items = append(out.items, h.merge(old.at(got, i), item))
	}
	return out
}

// at finds the part of n that corresponds to the i-th part of like.
func (n *node) at(like *node, i int) *node {
	if n == nil || n.kind != like.kind {
		return nil
	}
	if n.kind == '{' {
		for j, key := range n.keys {
			if key == like.keys[i] {
				return n.items[j]
			}
		}
		return nil
	}
	if i < len(n.items) {
		return n.items[i]
	}
	return nil
}

// shortest is the least length of a value that is worth a name: shorter ones are found by chance.
const shortest = 10

// unfill puts captured values back under their names.
func (h holes) unfill(s string) string {
	for name, v := range h {
		if len(v) >= shortest {
			s = strings.ReplaceAll(s, v, "{{"+name+"}}")
		}
	}
	return s
}
