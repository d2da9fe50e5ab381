package secret

import (
	"strings"
	"unicode/utf8"
)

// Bounds of what Mask looks for.
const (
	maxSeparators = 4  // characters between two digits of one card number
	minSecretTail = 6  // characters after a secret's prefix
	minPageKey    = 16 // characters after key=
	minToken      = 16 // characters after the beginning of a JSON Web Token
)

// prefixes are the beginnings of our secrets, the part that stays readable. Those that are short
// enough to end an ordinary word (task_list) must begin one of their own.
var prefixes = []struct {
	text  string
	own   bool
	least int
}{
	{"sk_test_", false, 1}, {"sk_live_", false, 1},
	{"rk_test_", false, 1}, {"rk_live_", false, 1},
	{"pk_test_", false, 1}, {"pk_live_", false, 1},
	{"whsec_", false, 1},
	{"sk_", true, minSecretTail}, {"rk_", true, minSecretTail}, {"pk_", true, minSecretTail},
	{"key=", false, minPageKey}, {"key%3D", false, minPageKey}, {"key%3d", false, minPageKey},
	{tokenHead, true, minToken},
}

// tokenHead begins every JSON Web Token: a brace and a quotation mark in base64. Its parts are
// joined by dots.
const tokenHead = "eyJ"

// Mask returns s with every card number reduced to its last four digits and every secret of ours
// reduced to its prefix. A card number is any 13 to 19 digits that pass the Luhn check, however
// they are grouped and whatever stands around them; so some innocent long numbers are masked too,
// which costs a log line less than a card number would. Of e-mail addresses and phone numbers,
// which are PayIDs as well, no more stays than tells one line from another.
func Mask(s string) string {
	if mayHoldSecret(s) {
		s = maskPrefixed(s)
	}
	if mayHoldCard(s) {
		s = maskCards(s)
	}
	if mayHoldPerson(s) {
		s = maskPersons(s)
	}
	return s
}

func mayHoldSecret(s string) bool {
	return strings.Contains(s, "k_") || strings.Contains(s, "whsec_") ||
		strings.Contains(s, "key") || strings.Contains(s, tokenHead)
}

func maskPrefixed(s string) string {
	var out strings.Builder
	done := 0
	for i := 0; i < len(s); {
		head, tail := secretAt(s, i)
		if tail == 0 {
			i++
			continue
		}
		out.WriteString(s[done : i+head])
		out.WriteString(hidden)
		i += head + tail
		done = i
	}
	if done == 0 {
		return s
	}
	out.WriteString(s[done:])
	return out.String()
}

// secretAt returns the lengths of the readable and of the hidden part of a secret that begins at
// i, or a hidden length of zero.
func secretAt(s string, i int) (head, tail int) {
	if strings.IndexByte("srpwke", s[i]) < 0 {
		return 0, 0
	}
	for _, p := range prefixes {
		if !strings.HasPrefix(s[i:], p.text) || p.own && i > 0 && isWord(s[i-1]) {
			continue
		}
		if n := tokenLength(s[i+len(p.text):], p.text == tokenHead); n >= p.least {
			return len(p.text), n
		}
	}
	return 0, 0
}

func tokenLength(s string, dotted bool) int {
	n := 0
	for n < len(s) && (isToken(s[n]) || dotted && s[n] == '.') {
		n++
	}
	return n
}

// isToken covers the alphabets of our keys and of base64 in both spellings.
func isToken(c byte) bool { return isWord(c) || c == '-' || c == '+' || c == '/' || c == '=' }

func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
}

// digit is one decimal digit of a text and where it stands.
type digit struct {
	value      byte
	start, end int
	card       bool // part of a card number
}

// mayHoldCard is a cheap first look: are there enough digits without a letter in between? Every
// byte beyond ASCII counts as a digit.
func mayHoldCard(s string) bool {
	n := 0
	for i := 0; i < len(s) && n < minCardDigits; i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9' || c >= utf8.RuneSelf:
			n++
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			n = 0
		}
	}
	return n == minCardDigits
}

func maskCards(s string) string {
	var out strings.Builder
	done := 0
	for i := 0; i < len(s); {
		run, next := digitRun(s, i)
		i = next
		if !markCards(run) {
			continue
		}
		for a := 0; a < len(run); a++ {
			if !run[a].card {
				continue
			}
			b := a
			for b+1 < len(run) && run[b+1].card {
				b++
			}
			out.WriteString(s[done:run[a].start])
			out.WriteString(hidden)
			done = run[b-shownDigits+1].start
			a = b
		}
	}
	if done == 0 {
		return s
	}
	out.WriteString(s[done:])
	return out.String()
}

// digitRun returns the digits from i on that could belong together, and where to look on.
func digitRun(s string, i int) (run []digit, next int) {
	gap := 0
	for i < len(s) {
		r, size := utf8.DecodeRuneInString(s[i:])
		if v, ok := digitValue(r); ok {
			run = append(run, digit{value: v, start: i, end: i + size})
			gap = 0
		} else {
			n := separator(s[i:], r, size)
			if gap++; n == 0 || gap > maxSeparators {
				return run, i + size
			}
			size = n
		}
		i += size
	}
	return run, i
}

// zeros are the noughts of the decimal digits that people's keyboards make: ASCII, full width,
// Arabic, Persian, Devanagari.
var zeros = [...]rune{'0', '０', '٠', '۰', '०'}

func digitValue(r rune) (byte, bool) {
	for _, z := range zeros {
		if r >= z && r <= z+9 {
			return byte(r - z), true
		}
	}
	return 0, false
}

// separators are what people, formatters and encoders put between groups of digits, with the
// no-break, figure and thin spaces and the dashes of typographers.
const separators = " \t\r\n-._/+,'\"" +
	"\u00a0\u2007\u2009\u202f\u2010\u2011\u2012\u2013\u2014\u2212"

// separator returns the length of the separator that s begins with, or zero. r is its first rune
// and size that rune's length.
func separator(s string, r rune, size int) int {
	if r == '%' && strings.HasPrefix(s, "%20") {
		return len("%20")
	}
	if strings.ContainsRune(separators, r) {
		return size
	}
	return 0
}

// markCards marks every stretch of 13 to 19 digits that passes the Luhn check and reports whether
// there was one. From each last digit it walks to the left, so that the sum is built once.
func markCards(run []digit) bool {
	found := false
	for end := minCardDigits - 1; end < len(run); end++ {
		sum, longest := 0, 0
		for n := 1; n <= maxCardDigits && n <= end+1; n++ {
			sum += luhn(run[end-n+1].value, n)
			if n >= minCardDigits && sum%10 == 0 && run[end-n+1].value != 0 {
				longest = n
			}
		}
		for n := range longest {
			run[end-n].card = true
		}
		found = found || longest > 0
	}
	return found
}

// luhn is the share of a digit in the Luhn sum; n counts from 1 at the right.
func luhn(v byte, n int) int {
	if n%2 == 1 {
		return int(v)
	}
	if v > 4 {
		return int(v)*2 - 9
	}
	return int(v) * 2
}
