package ident

import (
	"crypto/rand"
	"encoding/binary"
	"io"
	"time"
)

// alphabet is Crockford's base32 in lower case: no i, l, o, u; its byte order is its value order.
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// Length is the number of characters of an id after its prefix and underscore: 128 bits, 5 a
// character.
const Length = 26

// Source makes ids and secrets.
type Source interface {
	// ID returns prefix + "_" + 26 characters: 48 bits of now in milliseconds, 80 random bits.
	ID(prefix string, now time.Time) string
	// Secret returns n random bytes in lower-case base32.
	Secret(n int) string
	// Bytes returns n random bytes.
	Bytes(n int) []byte
}

// Random returns the Source of production, fed by the operating system.
func Random() Source { return From(rand.Reader) }

// From returns a Source fed by r. A short read from r panics: without randomness nothing is safe.
func From(r io.Reader) Source { return source{r} }

type source struct{ r io.Reader }

func (s source) Bytes(n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(s.r, b); err != nil {
		panic("ident: no randomness: " + err.Error())
	}
	return b
}

func (s source) Secret(n int) string { return encode(s.Bytes(n)) }

func (s source) ID(prefix string, now time.Time) string {
	var b [18]byte
	binary.BigEndian.PutUint64(b[:8], uint64(now.UnixMilli())<<16)
	copy(b[6:16], s.Bytes(10))
	out := make([]byte, 0, len(prefix)+1+Length)
	out = append(out, prefix...)
	out = append(out, '_')
	return string(appendBase32(out, b[:16]))
}

func encode(b []byte) string { return string(appendBase32(nil, b)) }

// appendBase32 writes the bits of b from the left, five a character, the last one padded with
// zeros.
func appendBase32(dst, b []byte) []byte {
	var acc uint32
	var bits uint
	for _, c := range b {
		acc = acc<<8 | uint32(c)
		bits += 8
		for bits >= 5 {
			bits -= 5
			dst = append(dst, alphabet[acc>>bits&31])
		}
	}
	if bits > 0 {
		dst = append(dst, alphabet[acc<<(5-bits)&31])
	}
	return dst
}

// Valid reports whether id has the prefix and the shape of an id made here.
func Valid(prefix, id string) bool {
	if len(id) != len(prefix)+1+Length || id[:len(prefix)] != prefix || id[len(prefix)] != '_' {
		return false
	}
	for _, c := range []byte(id[len(prefix)+1:]) {
		if !inAlphabet(c) {
			return false
		}
	}
	return true
}

func inAlphabet(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' && c != 'i' && c != 'l' && c != 'o' && c != 'u'
}
