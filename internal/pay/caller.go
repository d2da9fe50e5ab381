package pay

import (
	"net/netip"
	"slices"
	"time"
)

// Mode separates play from money. Objects of one mode do not exist for the keys of the other.
type Mode string

// The two modes.
const (
	Test Mode = "test"
	Live Mode = "live"
)

// Scope says whose objects and of which mode a look-up may see. Every look-up that starts from a
// caller's id carries one.
type Scope struct {
	MerchantID string
	Mode       Mode
}

// KeyKind tells a key that stays on a server from one that may be in a page.
type KeyKind string

// The kinds of API key.
const (
	SecretKey      KeyKind = "sk"
	PublishableKey KeyKind = "pk"
)

// Permissions of a key. All is what a key has unless it was made with fewer.
const (
	PermAll   = "*"
	PermRead  = "read"
	PermWrite = "write"
)

// Caller is who asks: the result of authentication, handed to every use case.
type Caller struct {
	Scope
	KeyID       string
	Kind        KeyKind
	Permissions []string
	// ClockOffset is how far the merchant's test clock runs ahead; zero in live mode.
	ClockOffset time.Duration
	// ReturnOrigins are the merchant's registered return origins.
	ReturnOrigins []string
	// Networks are those the key may be used from; nil for all.
	Networks []netip.Prefix
	// RequestID is the id of the API request that caused what happens, for the event; "" when
	// nobody asked. IdempotencyKey is the key that request carried.
	RequestID      string
	IdempotencyKey string
}

// May reports whether the caller's key carries the permission.
func (c Caller) May(permission string) bool {
	return slices.Contains(c.Permissions, PermAll) || slices.Contains(c.Permissions, permission)
}

// MayFrom reports whether the caller's key may be used from the address.
func (c Caller) MayFrom(addr netip.Addr) bool {
	holds := func(p netip.Prefix) bool { return p.Contains(addr.Unmap()) }
	return c.Networks == nil || slices.ContainsFunc(c.Networks, holds)
}

// Merchant is one tenant.
type Merchant struct {
	ID   string
	Name string
	// ReturnOrigins are the web origins buyers may be sent back to. Empty means any https origin in
	// test mode and none in live mode.
	ReturnOrigins []string
	// LateMoney says what happens to money that arrives for a payment already given up.
	LateMoney LatePolicy
	// ClockOffset is how far the merchant's test clock runs ahead of the server's.
	ClockOffset time.Duration
	CreatedAt   time.Time
}

// LatePolicy is what to do with late money.
type LatePolicy string

// The policies for late money.
const (
	RefundLate LatePolicy = "refund" // send it back at once
	HoldLate   LatePolicy = "hold"   // keep it until the merchant decides
)

// Key is an API key as stored: never the key itself, only its hash and its public first part.
type Key struct {
	ID          string // "sk_test_" and at most 16 characters: what a list may show
	MerchantID  string
	Mode        Mode
	Kind        KeyKind
	Hash        []byte // SHA-256 of the whole key
	Permissions []string
	Networks    []netip.Prefix // that may use it; nil for all
	Name        string
	CreatedAt   time.Time
	ExpiresAt   time.Time // zero: never; set when a key is rolled
	RevokedAt   time.Time // zero: not revoked
	LastUsedAt  time.Time // zero: never used; kept to the minute
}

// endedAt reports whether the key no longer works at the time.
func (k *Key) endedAt(now time.Time) bool {
	return !k.RevokedAt.IsZero() || !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt)
}
