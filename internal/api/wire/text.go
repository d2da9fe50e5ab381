package wire

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxID bounds an id in a path and a list's cursor, in characters. Ours are shorter.
const MaxID = 64

// IsID reports whether a text can be one of our ids.
func IsID(s string) bool {
	return s != "" && len(s) <= MaxID && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && r != '_'
	})
}

// Plain reports whether a text has 1 to longest characters, none of them a control character.
func Plain(s string, longest int) bool {
	return s != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= longest &&
		!strings.ContainsFunc(s, unicode.IsControl)
}

// Printable shortens what a request named for use in a message.
func Printable(s string, longest int) string {
	if len(s) > longest {
		s = s[:longest]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}

// verbs begin those messages of the core that leave it to a protocol to name the field.
var verbs = []string{"Are", "Cannot", "Does", "Is", "Must"}

// Sentence puts the field's name before a message that begins with its verb.
func Sentence(field, message string) string {
	verb, rest, _ := strings.Cut(message, " ")
	if !slices.Contains(verbs, verb) {
		return message
	}
	return field + " " + strings.ToLower(verb) + " " + rest
}

// visible replaces what a name in an error must not carry.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}
