package bank

import "strings"

// A reference is typed by people from one screen to another: two groups of four characters that
// cannot be taken for one another, the last one a check character. Every single wrong character and
// every swap of neighbours gives another check character.
const (
	prefix   = "KAS"
	alphabet = "23456789ABCDEFGHJKMNPQRSTVWXYZ-" // the hyphen is never drawn: 31 is a prime
	letters  = len(alphabet) - 1
	length   = 8 // with the check character
	group    = 4
)

// newReference makes a reference from random bytes, of which random returns more each time.
func newReference(random func() []byte) string {
	var drawn []byte
	for {
		for _, b := range random() {
			// The largest multiple of the alphabet below 256, so that no letter is likelier.
			if int(b) >= 256/letters*letters {
				continue
			}
			if drawn = append(drawn, b%byte(letters)); len(drawn) < length-1 {
				continue
			}
			if check := checkOf(drawn); check < letters {
				return write(append(drawn, byte(check)))
			}
			drawn = drawn[:0]
		}
	}
}

// checkOf weighs each letter by its place, modulo the prime.
func checkOf(drawn []byte) int {
	sum := 0
	for i, v := range drawn {
		sum += (i + 2) * int(v)
	}
	return sum % len(alphabet)
}

func write(values []byte) string {
	var s strings.Builder
	s.WriteString(prefix)
	for i, v := range values {
		if i%group == 0 {
			s.WriteByte('-')
		}
		s.WriteByte(alphabet[v])
	}
	return s.String()
}
