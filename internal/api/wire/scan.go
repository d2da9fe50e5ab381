package wire

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/secret"
)

// maxParam is the longest name of a field that an error repeats, in bytes.
const maxParam = 120

// scanner reads the grammar of RFC 8259 from text, and remembers which field it is in.
type scanner struct {
	text  []byte
	at    int // offset of the next byte
	depth int // open objects and arrays
	path  [MaxDepth]step
	steps int
}

// step is one part of the path to a field: a name, or the index of an element.
type step struct {
	name  string
	index int
	array bool
}

func (s *scanner) enter(st step) {
	s.path[s.steps] = st
	s.steps++
}

func (s *scanner) leave() { s.steps-- }

// param writes the path as payment_method.exp_month or events[2].
func (s *scanner) param() string {
	var b []byte
	for i, st := range s.path[:s.steps] {
		if st.array {
			b = append(strconv.AppendInt(append(b, '['), int64(st.index), 10), ']')
			continue
		}
		if i > 0 {
			b = append(b, '.')
		}
		b = append(b, st.name...)
	}
	return cut(secret.Mask(string(b)))
}

// cut shortens a name that a client made up.
func cut(name string) string {
	if len(name) <= maxParam {
		return name
	}
	end := maxParam
	for !utf8.RuneStart(name[end]) {
		end--
	}
	return name[:end]
}

// refuse makes the error for the field that the scanner is in; text follows the field's name.
func (s *scanner) refuse(code, text string) error {
	param := s.param()
	return pay.BadParam(param, code, "%s %s.", param, text)
}

func (s *scanner) syntax() error { return s.syntaxAt(s.at) }

func (s *scanner) syntaxAt(offset int) error {
	if offset >= len(s.text) {
		return pay.Errorf(pay.Invalid, CodeInvalidJSON,
			"The body is not valid JSON: it ends early, at byte %d.", len(s.text))
	}
	return pay.Errorf(pay.Invalid, CodeInvalidJSON,
		"The body is not valid JSON: something unexpected is at byte %d.", offset)
}

// peek returns the next byte, or zero at the end; zero is no part of the grammar.
func (s *scanner) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

func (s *scanner) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

// open steps into an object or array.
func (s *scanner) open() error {
	if s.depth == MaxDepth {
		return pay.Errorf(pay.Invalid, CodeInvalidJSON,
			"The body is nested more than %d levels deep, at byte %d.", MaxDepth, s.at)
	}
	s.depth++
	s.at++
	return nil
}

// more steps to member or element number n and reports whether there is one. When there is none,
// it steps out.
func (s *scanner) more(n int, end byte) (bool, error) {
	s.space()
	if s.peek() == end {
		s.at++
		s.depth--
		return false, nil
	}
	if n > 0 {
		if s.peek() != ',' {
			return false, s.syntax()
		}
		s.at++
		s.space()
	}
	if n == MaxElements {
		return false, s.refuse(CodeParameterInvalid,
			"must not have more than "+strconv.Itoa(MaxElements)+" entries")
	}
	return true, nil
}

// name reads the name of a member and the colon. literal reports that it is spelt without escapes.
func (s *scanner) name() (name []byte, literal bool, err error) {
	raw, literal, err := s.quoted()
	if err != nil {
		return nil, false, err
	}
	if !literal {
		if raw, err = s.unescape(raw); err != nil {
			return nil, false, err
		}
	}
	s.space()
	if s.peek() != ':' {
		return nil, false, s.syntax()
	}
	s.at++
	s.space()
	return raw, literal, nil
}

// str reads a string and returns its characters. They may be part of the body: copy what is kept.
func (s *scanner) str() ([]byte, error) {
	raw, literal, err := s.quoted()
	if err != nil || literal {
		return raw, err
	}
	return s.unescape(raw)
}

// quoted reads a string and returns what stands between its quotes, and whether that is free of
// escapes.
func (s *scanner) quoted() (raw []byte, literal bool, err error) {
	if s.peek() != '"' {
		return nil, false, s.syntax()
	}
	start, literal, ascii := s.at+1, true, true
	for i := start; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == '"':
			s.at = i + 1
			if raw = s.text[start:i]; !ascii && !utf8.Valid(raw) {
				return nil, false, s.syntaxAt(start + invalidUTF8(raw))
			}
			return raw, literal, nil
		case c == '\\':
			literal = false
			i++ // whatever follows cannot end the string
		case c < ' ':
			return nil, false, s.syntaxAt(i)
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return nil, false, s.syntaxAt(len(s.text))
}

func invalidUTF8(b []byte) int {
	i := 0
	for i < len(b) {
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		i += size
	}
	return i
}

// unescape resolves the escapes of a string that was read up to s.at. Half a surrogate pair stands
// for no character, and NUL is one that not every store can hold; both are refused.
func (s *scanner) unescape(raw []byte) ([]byte, error) {
	start := s.at - 1 - len(raw)
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); {
		if raw[i] != '\\' {
			out = append(out, raw[i])
			i++
			continue
		}
		r, size := escaped(raw[i:])
		if size == 0 {
			return nil, s.syntaxAt(start + i)
		}
		if r == 0 {
			return nil, pay.BadParam(s.param(), CodeParameterInvalid,
				"The body must not contain the character NUL (byte %d).", start+i)
		}
		out = utf8.AppendRune(out, r)
		i += size
	}
	return out, nil
}

// escaped reads the escape that b begins with and returns its character and length; the length is
// zero when it is none.
func escaped(b []byte) (rune, int) {
	if len(b) < 2 {
		return 0, 0
	}
	const plain, meant = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	for i := range len(plain) {
		if b[1] == plain[i] {
			return rune(meant[i]), 2
		}
	}
	r, ok := unit(b)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	low, ok := unit(b[6:])
	if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
		return 0, 0
	}
	return r, 12
}

// unit reads \uXXXX.
func unit(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range b[2:6] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// word reads true, false or null.
func (s *scanner) word(w string) error {
	for i := range len(w) {
		if s.peek() != w[i] {
			return s.syntax()
		}
		s.at++
	}
	return nil
}

// number reads a number and reports whether it is spelt as an integer.
func (s *scanner) number() (raw []byte, integer bool, err error) {
	start := s.at
	if s.peek() == '-' {
		s.at++
	}
	switch c := s.peek(); {
	case c == '0':
		s.at++
	case c >= '1' && c <= '9':
		s.digits()
	default:
		return nil, false, s.syntax()
	}
	integer = true
	if s.peek() == '.' {
		integer = false
		s.at++
		if s.digits() == 0 {
			return nil, false, s.syntax()
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		integer = false
		s.at++
		if c := s.peek(); c == '+' || c == '-' {
			s.at++
		}
		if s.digits() == 0 {
			return nil, false, s.syntax()
		}
	}
	return s.text[start:s.at], integer, nil
}

func (s *scanner) digits() (n int) {
	for s.peek() >= '0' && s.peek() <= '9' {
		s.at++
		n++
	}
	return n
}
