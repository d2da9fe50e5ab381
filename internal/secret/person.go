package secret

import (
	"strings"
	"unicode/utf8"
)

// Bounds of what is taken for the way to a person. E.164 has at most 15 digits; the national
// numbers and the PayIDs that we meet are written with a nought in front.
const (
	minPhoneDigits    = 8
	minNationalDigits = 9
	maxPhoneDigits    = 15
	shownPhoneDigits  = 3
	maxGap            = 3 // characters between two groups, and one more
	minTopLevel       = 2 // letters at the end of a host's name
)

// mayHoldPerson is a cheap first look: an address of e-mail has its sign, a phone number a plus or
// a nought with a run of digits behind it.
func mayHoldPerson(s string) bool {
	if strings.IndexByte(s, '@') > 0 {
		return true
	}
	n := 0
	for i := 0; i < len(s) && n < minPhoneDigits; i++ {
		switch {
		case isDigit(s[i]):
			n++
		case !between(s[i]):
			n = 0
		}
	}
	return n == minPhoneDigits
}

// maskPersons reduces every e-mail address to its host and every phone number to its last digits.
// PayIDs are one or the other, or the number of a company, which is public.
func maskPersons(s string) string {
	var out strings.Builder
	done := 0
	for i := 0; i < len(s); i++ {
		start, end := 0, 0
		switch {
		case s[i] == '@':
			start, end = localPart(s, i, done), i
		case s[i] == '+' || s[i] == '0':
			start, end = i, phoneEnd(s, i)
		}
		if end <= start {
			continue
		}
		out.WriteString(s[done:start])
		out.WriteString(hidden)
		done, i = end, end
	}
	if done == 0 {
		return s
	}
	out.WriteString(s[done:])
	return out.String()
}

// localPart returns where the e-mail address around the sign at i begins, or i when there is none.
func localPart(s string, i, least int) int {
	if !isHost(s[i+1:]) {
		return i
	}
	start := i
	for start > least && isLocal(s[start-1]) {
		start--
	}
	return start
}

// isHost reports whether a text begins with a name that ends in letters, as that of a host does and
// a version or a line of a program does not.
func isHost(s string) bool {
	end := 0
	for end < len(s) && (isWord(s[end]) || s[end] == '-' || s[end] == '.') {
		end++
	}
	name := strings.TrimRight(s[:end], ".-_")
	dot := strings.LastIndexByte(name, '.')
	if dot < 1 || len(name)-dot-1 < minTopLevel {
		return false
	}
	return strings.Trim(strings.ToLower(name[dot+1:]), "abcdefghijklmnopqrstuvwxyz") == ""
}

// isLocal covers what stands before the sign in addresses that people have. More is allowed, and
// would take the name of a field along.
func isLocal(c byte) bool {
	return isWord(c) || c >= utf8.RuneSelf || strings.IndexByte(".+-%!#$*^~", c) >= 0
}

// phoneEnd returns where the digits end that are to be hidden of the phone number at i, or i when
// there is none.
func phoneEnd(s string, i int) int {
	if !begins(s, i) {
		return i
	}
	least, gap, groups := minNationalDigits, 0, 1
	if s[i] == '+' {
		least = minPhoneDigits
	}
	var digits []int // where each stands
	end := i + 1
	for j := i; j < len(s) && gap < maxGap; j++ {
		switch {
		case isDigit(s[j]):
			groups += min(gap, 1)
			digits, gap, end = append(digits, j), 0, j+1
		case j == i: // the plus
		case between(s[j]):
			gap++
		default:
			gap = maxGap
		}
	}
	n := len(digits)
	// More digits than a number has are several numbers, unless they are one run.
	if n < least || n > maxPhoneDigits && groups == 1 || !ends(s, end) {
		return i
	}
	return digits[n-shownPhoneDigits]
}

// begins reports whether a number can stand at i: digits within an id, a time or a fraction are
// none.
func begins(s string, i int) bool {
	switch {
	case i == 0:
		return true
	case s[i-1] == ':':
		return i < 2 || !isDigit(s[i-2])
	}
	return !isWord(s[i-1]) && strings.IndexByte(".-+", s[i-1]) < 0
}

// ends reports whether a number can end before i.
func ends(s string, i int) bool {
	switch {
	case i == len(s):
		return true
	case s[i] == ':' || s[i] == '.':
		return i+1 == len(s) || !isDigit(s[i+1])
	}
	return !isWord(s[i])
}

// between reports what people put between the groups of a phone number.
func between(c byte) bool { return c == ' ' || c == '-' || c == '(' || c == ')' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
