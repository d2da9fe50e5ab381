package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"

	"github.com/kassa-pay/kassa/internal/ident"
	"github.com/kassa-pay/kassa/internal/secret"
)

// KeySize is the length of the installation's secret in bytes.
const KeySize = 32

// A sealed value is one byte naming the key, the nonce, and the ciphertext with its tag. Nonces are
// random, so one purpose may seal about 2^32 values before two nonces are likely to meet (NIST
// SP 800-38D, 8.3).
const (
	keyID     byte = 1
	nonceSize      = 12
	tagSize        = 16
	overhead       = 1 + nonceSize + tagSize
)

// maxPurposes bounds how many derived keys are kept in memory. Purposes are constants of the
// program; more than these are derived anew each time.
const maxPurposes = 64

// The labels that keep the derived keys apart from each other.
const (
	infoSeal     = "kassa/1/seal/"
	infoMAC      = "kassa/1/mac/"
	purposeCheck = "vault check"
)

// ErrSealed is the error of Open for everything it refuses. It does not say why: whoever tampers
// learns nothing.
var ErrSealed = errors.New("sealed value does not open")

// Vault seals and authenticates with keys derived from one secret, one key per purpose. It is safe
// for concurrent use.
type Vault struct {
	root secret.String
	ids  ident.Source

	mu    sync.RWMutex
	seals map[string]cipher.AEAD
	macs  map[string]secret.String
}

// FromKey returns a vault over a secret of KeySize random bytes. Nonces come from src.
func FromKey(key []byte, src ident.Source) (*Vault, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("vault: the secret has %d bytes, not %d", len(key), KeySize)
	}
	return &Vault{
		root: secret.New(string(key)), ids: src,
		seals: map[string]cipher.AEAD{}, macs: map[string]secret.String{},
	}, nil
}

// String says nothing about the secret.
func (v *Vault) String() string { return "vault" }

// Seal encrypts plain so that Open with the same purpose, and no other, returns it.
func (v *Vault) Seal(purpose string, plain []byte) []byte {
	out := make([]byte, 1+nonceSize, overhead+len(plain))
	out[0] = keyID
	copy(out[1:], v.ids.Bytes(nonceSize))
	return v.aead(purpose).Seal(out, out[1:], plain, bound(purpose))
}

// Open returns what was sealed for the purpose, or ErrSealed.
func (v *Vault) Open(purpose string, sealed []byte) ([]byte, error) {
	if len(sealed) < overhead || sealed[0] != keyID {
		return nil, ErrSealed
	}
	nonce, text := sealed[1:1+nonceSize], sealed[1+nonceSize:]
	plain, err := v.aead(purpose).Open(nil, nonce, text, bound(purpose))
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

// MAC returns the HMAC-SHA-256 of the message, 32 bytes, under the purpose's key.
func (v *Vault) MAC(purpose, message string) []byte {
	h := hmac.New(sha256.New, []byte(v.macKey(purpose).Reveal()))
	h.Write([]byte(message))
	return h.Sum(nil)
}

// Check returns a value that tells one secret from another without telling anything about it. The
// database keeps it, so that a node with another key file refuses to start.
func (v *Vault) Check() string { return hex.EncodeToString(v.MAC(purposeCheck, "")) }

// bound is the additional data of a sealed value: what it may be used for and by which key.
func bound(purpose string) []byte { return append([]byte{keyID}, purpose...) }

func (v *Vault) aead(purpose string) cipher.AEAD {
	v.mu.RLock()
	a := v.seals[purpose]
	v.mu.RUnlock()
	if a != nil {
		return a
	}
	a = newAEAD(v.derive(infoSeal + purpose))
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.seals) < maxPurposes {
		v.seals[purpose] = a
	}
	return a
}

func (v *Vault) macKey(purpose string) secret.String {
	v.mu.RLock()
	k := v.macs[purpose]
	v.mu.RUnlock()
	if !k.IsZero() {
		return k
	}
	k = secret.New(string(v.derive(infoMAC + purpose)))
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.macs) < maxPurposes {
		v.macs[purpose] = k
	}
	return k
}

// derive makes the key of one purpose (RFC 5869, SHA-256, no salt: the secret is already uniform).
func (v *Vault) derive(info string) []byte {
	key, err := hkdf.Key(sha256.New, []byte(v.root.Reveal()), nil, info, KeySize)
	if err != nil {
		panic("vault: derive a key: " + err.Error())
	}
	return key
}

func newAEAD(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("vault: make a cipher: " + err.Error())
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("vault: make a cipher: " + err.Error())
	}
	return aead
}
