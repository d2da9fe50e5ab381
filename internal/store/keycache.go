package store

import (
	"context"
	"sync"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

// Limits of remembered keys.
const (
	keyTTL  = time.Second // how long another node's revocation may stay unnoticed
	maxKeys = 10_000
)

// keyCache remembers keys that were just looked up. Every request begins with that look-up; on
// SQLite it costs a few microseconds, on PostgreSQL a round trip. What this process changes it
// forgets at once.
type keyCache struct {
	now func() time.Time

	mu      sync.Mutex
	changes uint64 // counts forgettings: a look-up that began before one is not remembered
	known   map[string]knownKey
}

type knownKey struct {
	key      pay.Key
	merchant pay.Merchant
	until    time.Time
}

// RememberKeys lets look-ups of keys be answered from memory for a second.
func (s *Store) RememberKeys(now func() time.Time) {
	s.keys = &keyCache{now: now, known: map[string]knownKey{}}
}

// Key finds a key by its public part, with its merchant.
func (s *Store) Key(ctx context.Context, id string) (pay.Key, pay.Merchant, error) {
	if s.keys == nil {
		return s.view.Key(ctx, id)
	}
	found, changes, ok := s.keys.get(id)
	if ok {
		return found.key, found.merchant, nil
	}
	k, m, err := s.view.Key(ctx, id)
	if err == nil {
		s.keys.put(id, knownKey{key: k, merchant: m}, changes)
	}
	return k, m, err
}

func (c *keyCache) get(id string) (found knownKey, changes uint64, ok bool) {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	found, ok = c.known[id]
	return found, c.changes, ok && now.Before(found.until)
}

func (c *keyCache) put(id string, k knownKey, changes uint64) {
	k.until = c.now().Add(keyTTL)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changes != changes {
		return
	}
	if len(c.known) >= maxKeys {
		clear(c.known)
	}
	c.known[id] = k
}

// forget drops everything: keys and merchants change rarely.
func (c *keyCache) forget() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	clear(c.known)
}
