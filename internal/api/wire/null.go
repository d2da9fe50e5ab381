package wire

import (
	"bytes"
	"encoding/json"
)

// Null is a field that tells absent from null: an update leaves the first alone and clears the
// second. Its json tag must say omitzero, so that the two are also encoded differently.
type Null[T any] struct {
	Set   bool // the document has the field
	Valid bool // and it is not null
	Value T
}

// IsZero reports whether the document left the field out.
func (n Null[T]) IsZero() bool { return !n.Set }

// MarshalJSON writes the value, or null.
func (n Null[T]) MarshalJSON() ([]byte, error) {
	if !n.Valid {
		return []byte("null"), nil
	}
	return json.Marshal(n.Value)
}

// UnmarshalJSON reads the value, or null.
func (n *Null[T]) UnmarshalJSON(b []byte) error {
	n.Set = true
	if bytes.Equal(b, []byte("null")) {
		return nil
	}
	n.Valid = true
	return json.Unmarshal(b, &n.Value)
}

// present is how the decoder, which knows no T, marks the field and learns where its value goes.
func (n *Null[T]) present(valid bool) {
	n.Set, n.Valid = true, valid
}

type nullable interface{ present(valid bool) }

// Value reads an optional field; absent and null are the zero value.
func Value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
