package wire

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash"
	"reflect"
)

// idempotencyField is the name of the key where a family takes it from the body.
const idempotencyField = "idempotency_key"

// Fingerprint tells two requests apart: SHA-256 over the method, the route and the decoded body,
// encoded again, so that spaces, the order of names and the spelling of strings do not count.
// route is the path as it was called, with its ids. dst is the struct, or pointer to one, that the
// body was decoded into, or nil without a body; its field idempotency_key does not count. Secrets
// enter as their masks, because an unkeyed hash of a card number is as good as the number.
func Fingerprint(method, route string, dst any) [sha256.Size]byte {
	h := sha256.New()
	part(h, []byte(method))
	part(h, []byte(route))
	if dst != nil {
		part(h, canonical(dst))
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// part writes b with its length first, so that no two lists of parts read alike.
func part(h hash.Hash, b []byte) {
	_, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(b))))
	_, _ = h.Write(b)
}

// canonical panics for what cannot be encoded: what Decode can fill always can.
func canonical(dst any) []byte {
	v := reflect.Indirect(reflect.ValueOf(dst))
	p := planOf(v.Type())
	if i, ok := p.names[idempotencyField]; ok {
		without := reflect.New(v.Type()).Elem()
		without.Set(v)
		without.Field(p.fields[i].index).SetZero()
		v = without
	}
	b, err := json.Marshal(v.Interface())
	if err == nil && p.raw {
		b, err = sorted(b)
	}
	if err != nil {
		panic(fmt.Sprintf("wire: fingerprint of %s: %v", v.Type(), err))
	}
	return b
}

// sorted puts the names inside raw parts in order. Numbers keep their spelling.
func sorted(b []byte) ([]byte, error) {
	var v any
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	return json.Marshal(v)
}
