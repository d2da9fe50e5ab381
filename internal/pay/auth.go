package pay

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"strings"
	"sync"
	"time"
)

// Shape of an API key: "sk_test_", a public part that finds it, a secret part that proves it.
const (
	keyPrefixLength = len("sk_test_")
	keyPublicLength = 16
	keySecretBytes  = 32
	maxKeyLength    = 128
)

var errInvalidKey = &Error{
	Kind: Unauthorized, Code: "invalid_api_key",
	Message: "Invalid API key provided. Check that your API key is correct.",
}

// ErrKeyEnded is the cause of the error about a key that was good once: revoked since, or expired.
var ErrKeyEnded = errors.New("the key was revoked or has expired")

// errEndedKey tells nothing more by itself, but a protocol may look at its cause.
var errEndedKey = &Error{
	Kind: errInvalidKey.Kind, Code: errInvalidKey.Code, Message: errInvalidKey.Message,
	Err: ErrKeyEnded,
}

// Authenticate turns an API key into a caller. It looks the key up by its public part each time, so
// that a revoked key stops working at once, and compares the hash in constant time.
func (s *Service) Authenticate(ctx context.Context, token string) (Caller, error) {
	kind, mode, ok := keyShape(token)
	if !ok {
		return Caller{}, errInvalidKey
	}
	k, m, err := s.store.Key(ctx, publicPart(token))
	if IsKind(err, NotFound) {
		return Caller{}, errInvalidKey
	}
	if err != nil {
		return Caller{}, err
	}
	now := s.clock.Now()
	hash := sha256.Sum256([]byte(token))
	if subtle.ConstantTimeCompare(hash[:], k.Hash) != 1 || k.Kind != kind || k.Mode != mode {
		return Caller{}, errInvalidKey
	}
	if k.endedAt(now) {
		return Caller{}, errEndedKey
	}
	s.touch(ctx, k, now)
	c := callerOf(Scope{MerchantID: m.ID, Mode: k.Mode}, m)
	c.KeyID, c.Kind, c.Permissions, c.Networks = k.ID, k.Kind, k.Permissions, k.Networks
	return c, nil
}

// keyShape reads the kind and the mode of a key. What is not printable ASCII is no key, and never
// gets to the database: not every engine takes every byte.
func keyShape(token string) (KeyKind, Mode, bool) {
	if len(token) <= keyPrefixLength || len(token) > maxKeyLength ||
		strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", "", false
	}
	parts := strings.SplitN(token, "_", 3)
	if len(parts) != 3 {
		return "", "", false
	}
	kind, mode := KeyKind(parts[0]), Mode(parts[1])
	ok := (kind == SecretKey || kind == PublishableKey) && (mode == Test || mode == Live)
	return kind, mode, ok
}

func publicPart(token string) string {
	return token[:min(len(token), keyPrefixLength+keyPublicLength)]
}

// touches remembers when this process last wrote a key's last-used time.
type touches struct {
	mu sync.Mutex
	at map[string]time.Time
}

// touch records that the key was used, at most once a minute and process. A request does not fail
// because this could not be noted.
func (s *Service) touch(ctx context.Context, k Key, now time.Time) {
	if now.Sub(k.LastUsedAt) < keyTouchInterval {
		return
	}
	s.touched.mu.Lock()
	recent := now.Sub(s.touched.at[k.ID]) < keyTouchInterval
	s.touched.at[k.ID] = now
	s.touched.mu.Unlock()
	if recent {
		return
	}
	err := s.store.Write(ctx, func(ctx context.Context, tx Tx) error {
		return tx.TouchKey(ctx, k.ID, now)
	})
	if err != nil {
		s.log.WarnContext(ctx, "use of a key not noted", "key", k.ID, "error", err)
	}
}
