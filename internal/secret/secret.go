package secret

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// hidden stands for a whole secret.
const hidden = "****"

// The digits of a card number, ISO/IEC 7812-1, with the 13 digits of older cards as the least.
const (
	minCardDigits = 13
	maxCardDigits = 19
	shownDigits   = 4
)

// Every type here keeps its value behind a pointer: fmt cannot call the methods of an unexported
// field of somebody else's struct, and then prints an address instead of the value.

// PAN is a card number. Every printed form shows its last four digits alone. The zero PAN is empty.
type PAN struct{ p *string }

// NewPAN returns the card number in s. Spaces and hyphens, which people type as they stand on the
// card, are dropped; nothing else is checked.
func NewPAN(s string) PAN {
	s = strings.NewReplacer(" ", "", "-", "").Replace(s)
	return PAN{&s}
}

// Reveal returns the digits themselves.
func (n PAN) Reveal() string {
	if n.p == nil {
		return ""
	}
	return *n.p
}

// Last4 returns the last four digits, or nothing when the number is too short to be a card's.
func (n PAN) Last4() string {
	if s := n.Reveal(); len(s) >= minCardDigits {
		return s[len(s)-shownDigits:]
	}
	return ""
}

// IsZero reports whether there is no number.
func (n PAN) IsZero() bool { return n.Reveal() == "" }

// Equal reports whether both numbers are the same, in a time that does not depend on where they
// differ.
func (n PAN) Equal(o PAN) bool { return equal(n.Reveal(), o.Reveal()) }

// String returns the mask, as do all the printers below.
func (n PAN) String() string { return hidden + n.Last4() }

func (n PAN) GoString() string             { return n.String() }
func (n PAN) Format(f fmt.State, _ rune)   { show(f, n.String()) }
func (n PAN) LogValue() slog.Value         { return slog.StringValue(n.String()) }
func (n PAN) MarshalText() ([]byte, error) { return []byte(n.String()), nil }
func (n PAN) MarshalJSON() ([]byte, error) { return json.Marshal(n.String()) }

// UnmarshalText takes a card number from a request.
func (n *PAN) UnmarshalText(b []byte) error {
	*n = NewPAN(string(b))
	return nil
}

// CVV is a card verification value. It exists in memory, for one attempt, and is zeroed after it.
// Copies share their bytes, so zeroing one zeroes all. The zero CVV is empty.
//
// Its pointer is double because fmt, given a verb it does not know, follows a single one into a
// slice.
type CVV struct{ p **[]byte }

// NewCVV takes ownership of b: the caller must not keep or change it.
func NewCVV(b []byte) CVV {
	p := &b
	return CVV{&p}
}

// Reveal returns the bytes themselves, not a copy, so that Zero reaches them.
func (c CVV) Reveal() []byte {
	if c.p == nil {
		return nil
	}
	return **c.p
}

// Zero overwrites the value and empties it, in every copy.
func (c CVV) Zero() {
	b := c.Reveal()
	clear(b[:cap(b)])
	if c.p != nil {
		**c.p = nil
	}
}

// IsZero reports whether there is no value, or no longer.
func (c CVV) IsZero() bool { return len(c.Reveal()) == 0 }

// String returns a mask that does not tell the length, as do all the printers below.
func (c CVV) String() string { return hidden }

func (c CVV) GoString() string             { return hidden }
func (c CVV) Format(f fmt.State, _ rune)   { show(f, hidden) }
func (c CVV) LogValue() slog.Value         { return slog.StringValue(hidden) }
func (c CVV) MarshalText() ([]byte, error) { return []byte(hidden), nil }
func (c CVV) MarshalJSON() ([]byte, error) { return json.Marshal(hidden) }

// UnmarshalText takes a verification value from a request. b is copied and stays the caller's to
// clear.
func (c *CVV) UnmarshalText(b []byte) error {
	*c = NewCVV(append([]byte(nil), b...))
	return nil
}

// String is any other secret: a key, a token, a password. The zero String is empty.
type String struct{ p *string }

// New returns s as a secret.
func New(s string) String { return String{&s} }

// Reveal returns the secret itself.
func (s String) Reveal() string {
	if s.p == nil {
		return ""
	}
	return *s.p
}

// IsZero reports whether there is no secret.
func (s String) IsZero() bool { return s.Reveal() == "" }

// Equal reports whether both secrets are the same, in a time that does not depend on where they
// differ.
func (s String) Equal(o String) bool { return equal(s.Reveal(), o.Reveal()) }

// String returns a mask that does not tell the length, as do all the printers below.
func (s String) String() string { return hidden }

func (s String) GoString() string             { return hidden }
func (s String) Format(f fmt.State, _ rune)   { show(f, hidden) }
func (s String) LogValue() slog.Value         { return slog.StringValue(hidden) }
func (s String) MarshalText() ([]byte, error) { return []byte(hidden), nil }
func (s String) MarshalJSON() ([]byte, error) { return json.Marshal(hidden) }

// UnmarshalText takes a secret from a request or a configuration file.
func (s *String) UnmarshalText(b []byte) error {
	*s = New(string(b))
	return nil
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// show ignores verb and flags: there is no way to ask fmt for more than the mask.
func show(f fmt.State, mask string) { _, _ = io.WriteString(f, mask) }
