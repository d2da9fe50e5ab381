package returnurl

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// The placeholder and its percent-encoded form, which some HTTP clients make of it.
const (
	placeholder = "{CHECKOUT_SESSION_ID}"
	encodedOpen = "%7B"
	encodedEnd  = "%7D"
	name        = "CHECKOUT_SESSION_ID"
)

// Substitute returns raw with every placeholder replaced by sessionID, percent-encoded, and with
// characters beyond ASCII percent-encoded too, so that it can stand in a Location header. It goes
// over the text once: a placeholder that only comes about by replacing stays as it is. The result
// has the origin of raw; when it has not, or raw is no address that Check could pass, it is empty.
func Substitute(raw, sessionID string) string {
	before, err := parse(raw)
	if err != nil {
		return ""
	}
	out := encode(replace(raw, escape(sessionID)))
	// The result may be longer than what a merchant may give, so only its origin is looked at.
	u, err := url.Parse(out)
	if err != nil || u.User != nil || u.Opaque != "" {
		return ""
	}
	after, err := parseAuthority(u.Scheme, u.Host)
	if err != nil || after != before {
		return ""
	}
	return out
}

func replace(raw, value string) string {
	var out strings.Builder
	for raw != "" {
		i := strings.IndexAny(raw, "{%")
		if i < 0 {
			break
		}
		out.WriteString(raw[:i])
		raw = raw[i:]
		if n := placeholderLength(raw); n > 0 {
			out.WriteString(value)
			raw = raw[n:]
			continue
		}
		out.WriteByte(raw[0])
		raw = raw[1:]
	}
	out.WriteString(raw)
	return out.String()
}

// placeholderLength returns the length of the placeholder that s begins with, or zero.
func placeholderLength(s string) int {
	if strings.HasPrefix(s, placeholder) {
		return len(placeholder)
	}
	const whole = len(encodedOpen) + len(name) + len(encodedEnd)
	if len(s) < whole {
		return 0
	}
	open, middle, end := s[:len(encodedOpen)], s[len(encodedOpen):whole-len(encodedEnd)],
		s[whole-len(encodedEnd):whole]
	if strings.EqualFold(open, encodedOpen) && middle == name && strings.EqualFold(end, encodedEnd) {
		return whole
	}
	return 0
}

// escape percent-encodes all but the unreserved characters of RFC 3986, section 2.3, so that the
// value means the same in path, query and fragment.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// encode percent-encodes what is not ASCII and leaves the rest as the merchant wrote it.
func encode(s string) string {
	const hex = "0123456789ABCDEF"
	var out strings.Builder
	for i := range len(s) {
		if c := s[i]; c >= utf8.RuneSelf {
			out.Write([]byte{'%', hex[c>>4], hex[c&15]})
		} else {
			out.WriteByte(c)
		}
	}
	return out.String()
}
