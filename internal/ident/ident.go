package ident

import (
	"crypto/rand"
	"encoding/binary"
	"io"
	"sync"
	"time"
)

// alphabet is Crockford's base32 in lower case: no i, l, o, u; its byte order is its value order.
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// Length is the number of characters of an id after its prefix and underscore: 128 bits, 5 a
// character.
const Length = 26

// Source makes ids and secrets.
type Source interface {
	// ID returns prefix + "_" + 26 characters: 48 bits of now in milliseconds, 80 random bits that
	// grow with each id of the same millisecond.
	ID(prefix string, now time.Time) string
	// Secret returns n random bytes in lower-case base32.
	Secret(n int) string
	// Bytes returns n random bytes.
	Bytes(n int) []byte
}

// Random returns the Source of production, fed by the operating system.
func Random() Source { return From(rand.Reader) }

// From returns a Source fed by r. A short read from r panics: without randomness nothing is safe.
func From(r io.Reader) Source { return &source{r: r} }

// tail is the number of random bytes in an id.
const tail = 10

// maxLast is how many milliseconds are remembered at least, and at most twice as many. More than
// one is, because test clocks of several merchants may run side by side.
const maxLast = 64

type source struct {
	r            io.Reader
	mu           sync.Mutex
	last, before map[int64][tail]byte // the latest tail of a millisecond
}

func (s *source) Bytes(n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(s.r, b); err != nil {
		panic("ident: no randomness: " + err.Error())
	}
	return b
}

func (s *source) Secret(n int) string { return encode(s.Bytes(n)) }

func (s *source) ID(prefix string, now time.Time) string {
	var b [6 + tail]byte
	ms := now.UnixMilli()
	binary.BigEndian.PutUint64(b[:8], uint64(ms)<<16)
	t := s.tail(ms)
	copy(b[6:], t[:])
	out := make([]byte, 0, len(prefix)+1+Length)
	out = append(out, prefix...)
	out = append(out, '_')
	return string(appendBase32(out, b[:]))
}

// First returns what sorts before every id that is made with the prefix at the time or later.
func First(prefix string, at time.Time) string {
	var b [6 + tail]byte
	binary.BigEndian.PutUint64(b[:8], uint64(at.UnixMilli())<<16)
	return prefix + "_" + encode(b[:])
}

// tail returns random bytes that are larger than those made before in the same millisecond, so that
// what one process makes in a row also sorts in a row.
func (s *source) tail(ms int64) [tail]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, again := s.last[ms]
	if !again {
		t, again = s.before[ms]
	}
	if !again {
		copy(t[:], s.Bytes(tail))
		t[0] &= 0x7f // room to grow
	} else {
		grow(&t, binary.BigEndian.Uint32(s.Bytes(4)))
	}
	if s.last == nil || len(s.last) >= maxLast {
		s.before, s.last = s.last, make(map[int64][tail]byte, maxLast)
	}
	s.last[ms] = t
	return t
}

// grow adds step+1 to the number in t.
func grow(t *[tail]byte, step uint32) {
	carry := uint64(step) + 1
	for i := tail - 1; i >= 0 && carry > 0; i-- {
		carry += uint64(t[i])
		t[i] = byte(carry)
		carry >>= 8
	}
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
