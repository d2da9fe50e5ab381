package wpay

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/kassa-pay/kassa/internal/ident"
)

const uuidBytes = 16

// MerchantID returns the id that a merchant has in this protocol: always the same UUID, made of the
// merchant's own id.
func MerchantID(merchant string) string { return named("merchant", merchant) }

// eventUUID returns the id that an event has in this protocol: always the same one.
func eventUUID(eventID string) string { return named("event", eventID) }

// named makes a UUID of a name. It keeps nothing secret: whoever knows the name can make it, too.
func named(kind, name string) string {
	sum := sha256.Sum256([]byte("kassa wpay " + kind + "\x00" + name))
	return uuidOf(sum[:uuidBytes])
}

// newUUID returns a random UUID.
func newUUID(ids ident.Source) string { return uuidOf(ids.Bytes(uuidBytes)) }

// uuidOf writes sixteen bytes as a UUID of version 4.
func uuidOf(b []byte) string {
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	s := hex.EncodeToString(b)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// isUUID reports whether s is written as a UUID of whatever version.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		hyphen := i == 8 || i == 13 || i == 18 || i == 23
		if hyphen != (s[i] == '-') || !hyphen && !isHex(s[i]) {
			return false
		}
	}
	return true
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// isGUID also takes the forms with braces and brackets and without hyphens, in which some platforms
// write it.
func isGUID(s string) bool {
	if len(s) == 38 && (s[0] == '{' && s[37] == '}' || s[0] == '(' && s[37] == ')') {
		s = s[1:37]
	}
	if len(s) != 32 {
		return isUUID(s)
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 'f' || !isHex(byte(r)) })
}
