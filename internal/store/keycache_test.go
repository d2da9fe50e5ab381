package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
	"github.com/kassa-pay/kassa/internal/store"
	"github.com/kassa-pay/kassa/internal/store/storetest"
)

// TestRememberKeys shows two nodes: what one changes the other knows after a second, and it itself
// at once.
func TestRememberKeys_ForgetsItsOwnChangesAtOnce(t *testing.T) {
	ctx := context.Background()
	db := storetest.Open(t, engines["sqlite"](t))
	now := time.Date(2026, 10, 3, 9, 30, 0, 0, time.UTC)
	here, elsewhere := store.New(db), store.New(db)
	here.RememberKeys(func() time.Time { return now })
	key := pay.Key{
		ID: "sk_test_a", MerchantID: "m", Mode: pay.Test, Kind: pay.SecretKey, Hash: []byte{1},
		CreatedAt: now,
	}
	write := func(s pay.Store, unit func(ctx context.Context, tx pay.Tx) error) {
		t.Helper()
		if err := s.Write(ctx, unit); err != nil {
			t.Fatal(err)
		}
	}
	write(here, func(ctx context.Context, tx pay.Tx) error {
		m := pay.Merchant{ID: "m", Name: "m", LateMoney: pay.HoldLate, CreatedAt: now}
		if err := tx.InsertMerchant(ctx, m); err != nil {
			return err
		}
		return tx.InsertKey(ctx, key)
	})
	revoked := func() bool {
		t.Helper()
		k, _, err := here.Key(ctx, key.ID)
		if err != nil {
			t.Fatal(err)
		}
		return !k.RevokedAt.IsZero()
	}
	if revoked() {
		t.Fatal("a new key is revoked")
	}
	key.RevokedAt = now
	revoke := func(ctx context.Context, tx pay.Tx) error { return tx.UpdateKey(ctx, key) }
	write(elsewhere, revoke)
	if revoked() {
		t.Error("the look-up was not answered from memory")
	}
	now = now.Add(time.Second)
	if !revoked() {
		t.Error("another node's revocation is unknown after a second")
	}
	write(here, func(ctx context.Context, tx pay.Tx) error {
		m, err := tx.LockMerchant(ctx, "m")
		if err != nil {
			return err
		}
		m.ClockOffset = time.Hour
		return tx.UpdateMerchant(ctx, m)
	})
	if _, m, err := here.Key(ctx, key.ID); err != nil || m.ClockOffset != time.Hour {
		t.Errorf("our own change is unknown: %v, %v", m.ClockOffset, err)
	}
}
