package pay

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/netip"
	"strings"
	"time"

	"github.com/kassa-pay/kassa/internal/secret"
)

// Limits of a merchant's own data.
const (
	maxName    = 100
	maxOrigins = 50
)

// NewMerchant describes a tenant to create.
type NewMerchant struct {
	ID            string // "" for one made here
	Name          string
	ReturnOrigins []string
	LateMoney     LatePolicy // "" for RefundLate
}

// CreateMerchant adds a tenant. It is the operator's use case.
func (s *Service) CreateMerchant(ctx context.Context, n NewMerchant) (Merchant, error) {
	m := Merchant{
		ID: n.ID, Name: strings.TrimSpace(n.Name), ReturnOrigins: n.ReturnOrigins,
		LateMoney: n.LateMoney, CreatedAt: s.Now(Caller{}),
	}
	if m.ID == "" {
		m.ID = s.ids.ID("mer", m.CreatedAt)
	}
	if m.LateMoney == "" {
		m.LateMoney = RefundLate
	}
	switch {
	case m.Name == "" || len(m.Name) > maxName || hasControl(m.Name):
		return m, BadParam("name", "parameter_invalid",
			"The name must have 1 to %d characters.", maxName)
	case m.LateMoney != RefundLate && m.LateMoney != HoldLate:
		return m, BadParam("late_money", "parameter_invalid",
			"Late money is either %q or %q.", RefundLate, HoldLate)
	case len(m.ReturnOrigins) > maxOrigins:
		return m, BadParam("return_origins", "parameter_invalid",
			"At most %d return origins can be registered.", maxOrigins)
	}
	if err := validateOrigins(m.ReturnOrigins); err != nil {
		return m, err
	}
	return m, s.store.Write(ctx, func(ctx context.Context, tx Tx) error {
		return tx.InsertMerchant(ctx, m)
	})
}

// SetReturnOrigins replaces the merchant's registered return origins.
func (s *Service) SetReturnOrigins(ctx context.Context, id string, origins []string) error {
	if err := validateOrigins(origins); err != nil {
		return err
	}
	return s.store.Write(ctx, func(ctx context.Context, tx Tx) error {
		m, err := tx.LockMerchant(ctx, id)
		if err != nil {
			return err
		}
		m.ReturnOrigins = origins
		return tx.UpdateMerchant(ctx, m)
	})
}

// Merchants lists all tenants.
func (s *Service) Merchants(ctx context.Context) ([]Merchant, error) {
	return s.store.Merchants(ctx)
}

// NewKey describes an API key to make.
type NewKey struct {
	Scope
	Kind        KeyKind
	Name        string
	Permissions []string       // nil for all
	Networks    []netip.Prefix // that may use it; nil for all
	// Plain is a key chosen by the caller, for fixed keys of a development server; "" for a random
	// one.
	Plain string
}

// CreateKey makes an API key and returns it once, in full. Only its hash is kept.
func (s *Service) CreateKey(ctx context.Context, n NewKey) (Key, secret.String, error) {
	k, plain, err := s.newKey(n)
	if err != nil {
		return k, plain, err
	}
	return k, plain, s.store.Write(ctx, func(ctx context.Context, tx Tx) error {
		if _, err := tx.Merchant(ctx, n.MerchantID); err != nil {
			return err
		}
		return tx.InsertKey(ctx, k)
	})
}

func (s *Service) newKey(n NewKey) (Key, secret.String, error) {
	plain := n.Plain
	if plain == "" {
		public := s.ids.Secret(keyPublicLength * 5 / 8)
		plain = string(n.Kind) + "_" + string(n.Mode) + "_" + public + s.ids.Secret(keySecretBytes)
	}
	if kind, mode, ok := keyShape(plain); !ok || kind != n.Kind || mode != n.Mode {
		return Key{}, secret.String{}, BadParam("kind", "parameter_invalid",
			"A key is sk or pk, and test or live.")
	}
	if n.Permissions == nil {
		n.Permissions = []string{PermAll}
	}
	for _, p := range n.Permissions {
		if p != PermAll && p != PermRead && p != PermWrite {
			return Key{}, secret.String{}, BadParam("permissions", "parameter_invalid",
				"Permissions are %q, %q and %q.", PermAll, PermRead, PermWrite)
		}
	}
	hash := sha256.Sum256([]byte(plain))
	return Key{
		ID: publicPart(plain), MerchantID: n.MerchantID, Mode: n.Mode, Kind: n.Kind,
		Hash: hash[:], Permissions: n.Permissions, Networks: n.Networks, Name: n.Name,
		CreatedAt: s.Now(Caller{}),
	}, secret.New(plain), nil
}

// Keys lists a merchant's API keys, without the keys themselves.
func (s *Service) Keys(ctx context.Context, merchantID string) ([]Key, error) {
	return s.store.Keys(ctx, merchantID)
}

// RevokeKey ends a key at once. Revoking it again changes nothing.
func (s *Service) RevokeKey(ctx context.Context, id string) error {
	return s.updateKey(ctx, id, func(k *Key, now time.Time) {
		if k.RevokedAt.IsZero() {
			k.RevokedAt = now
		}
	})
}

// RollKey makes a new key like the old one and lets the old one work for the overlap.
func (s *Service) RollKey(
	ctx context.Context, id string, overlap time.Duration,
) (Key, secret.String, error) {
	old, _, err := s.store.Key(ctx, id)
	if err != nil {
		return old, secret.String{}, err
	}
	if old.endedAt(s.Now(Caller{})) {
		return old, secret.String{}, Errorf(State, "key_ended",
			"This key no longer works, so there is nothing to roll. Create a new key.")
	}
	fresh, plain, err := s.newKey(NewKey{
		Scope: Scope{old.MerchantID, old.Mode}, Kind: old.Kind, Name: old.Name,
		Permissions: old.Permissions, Networks: old.Networks,
	})
	if err != nil {
		return fresh, plain, err
	}
	err = s.store.Write(ctx, func(ctx context.Context, tx Tx) error {
		old.ExpiresAt = s.Now(Caller{}).Add(overlap)
		if err := tx.UpdateKey(ctx, old); err != nil {
			return err
		}
		return tx.InsertKey(ctx, fresh)
	})
	return fresh, plain, err
}

func (s *Service) updateKey(ctx context.Context, id string, change func(*Key, time.Time)) error {
	return s.store.Write(ctx, func(ctx context.Context, tx Tx) error {
		k, _, err := tx.Key(ctx, id)
		if err != nil {
			return err
		}
		change(&k, s.Now(Caller{}))
		return tx.UpdateKey(ctx, k)
	})
}

// CheckVault makes sure that this process has the secret the data was written with. The first
// process to come leaves a check value; any other with a different secret is refused.
func (s *Service) CheckVault(ctx context.Context) error {
	want := s.vault.Check()
	got, err := s.store.Setting(ctx, settingVaultCheck)
	if IsKind(err, NotFound) {
		err = s.store.Write(ctx, func(ctx context.Context, tx Tx) error {
			return tx.InsertSetting(ctx, settingVaultCheck, want)
		})
		if err == nil {
			return nil
		}
		if !IsKind(err, Conflict) {
			return err
		}
		got, err = s.store.Setting(ctx, settingVaultCheck)
	}
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare([]byte(got), []byte(want)) != 1 {
		return errors.New("the key file is not the one this database was made with: " +
			"stored secrets and page keys would not open; use the original key file")
	}
	return nil
}
