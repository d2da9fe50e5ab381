package storetest

import (
	"time"

	"github.com/kassa-pay/kassa/internal/pay"
)

var merchantCases = map[string]func(*run){
	"Merchant_RoundTrip":             merchantRoundTrip,
	"Merchant_Update":                merchantUpdate,
	"Merchant_IsThereOnce":           merchantOnce,
	"Merchant_ValuesAreChecked":      merchantChecks,
	"Key_RoundTripWithItsMerchant":   keyRoundTrip,
	"Key_ListIsOfOneMerchant":        keyList,
	"Key_WhatWasTakenIsNotGivenBack": keyNeverGivenBack,
	"Key_TouchMovesForwardOnly":      keyTouch,
	"Setting_IsWrittenOnce":          settingOnce,
}

func (r *run) addMerchant(sc pay.Scope) pay.Merchant {
	r.Helper()
	m := r.merchant(sc)
	r.do(func(tx pay.Tx) error { return tx.InsertMerchant(r.ctx, m) })
	return m
}

func merchantRoundTrip(r *run) {
	m := r.addMerchant(shop)
	plain := pay.Merchant{ID: rival.MerchantID, LateMoney: pay.RefundLate, CreatedAt: r.now}
	r.do(func(tx pay.Tx) error { return tx.InsertMerchant(r.ctx, plain) })
	r.eq(got[pay.Merchant](r)(r.Merchant(r.ctx, m.ID)), m)
	r.eq(got[pay.Merchant](r)(r.Merchant(r.ctx, plain.ID)), plain)
	r.eq(got[[]pay.Merchant](r)(r.Merchants(r.ctx)), []pay.Merchant{plain, m})
	r.absent(fails(r.Merchant(r.ctx, "mer_none")))
}

func merchantUpdate(r *run) {
	m := r.addMerchant(shop)
	m.Name, m.ReturnOrigins, m.LateMoney, m.ClockOffset = "New", nil, pay.RefundLate, time.Hour
	r.do(func(tx pay.Tx) error { return tx.UpdateMerchant(r.ctx, m) })
	r.eq(got[pay.Merchant](r)(r.Merchant(r.ctx, m.ID)), m)
	r.eq(inUnit(r, func(tx pay.Tx) (pay.Merchant, error) {
		return tx.LockMerchant(r.ctx, m.ID)
	}), m)
	m.ID = "mer_none"
	r.refused(pay.NotFound, "", func(tx pay.Tx) error { return tx.UpdateMerchant(r.ctx, m) })
	r.refused(pay.NotFound, "", func(tx pay.Tx) error {
		return fails(tx.LockMerchant(r.ctx, m.ID))
	})
}

func merchantOnce(r *run) {
	m := r.addMerchant(shop)
	r.refused(pay.Conflict, "duplicate", func(tx pay.Tx) error { return tx.InsertMerchant(r.ctx, m) })
	r.oneWins(r.race(8, func(int) error {
		return r.try(func(tx pay.Tx) error { return tx.InsertMerchant(r.ctx, r.merchant(rival)) })
	}))
}

func merchantChecks(r *run) {
	for what, spoil := range map[string]func(*pay.Merchant){
		"policy":   func(m *pay.Merchant) { m.LateMoney = "keep" },
		"backward": func(m *pay.Merchant) { m.ClockOffset = -time.Second },
	} {
		m := r.merchant(shop)
		spoil(&m)
		r.broken(what, func(tx pay.Tx) error { return tx.InsertMerchant(r.ctx, m) })
	}
}

func keyRoundTrip(r *run) {
	m := r.addMerchant(shop)
	k, old := r.key(shop), r.key(live)
	old.Kind, old.Permissions, old.ExpiresAt = pay.PublishableKey, nil, time.Time{}
	old.RevokedAt, old.LastUsedAt = r.in(1), r.in(2)
	r.do(func(tx pay.Tx) error { return tx.InsertKey(r.ctx, k) })
	r.do(func(tx pay.Tx) error { return tx.InsertKey(r.ctx, old) })
	for _, want := range []pay.Key{k, old} {
		key, merchant, err := r.Key(r.ctx, want.ID)
		if err != nil {
			r.Fatal(err)
		}
		r.eq(key, want)
		r.eq(merchant, m)
	}
	_, _, err := r.Key(r.ctx, "sk_test_none")
	r.absent(err)
	r.refused(pay.Conflict, "duplicate", func(tx pay.Tx) error { return tx.InsertKey(r.ctx, k) })
	orphan := r.key(rival)
	r.refused(pay.Conflict, "", func(tx pay.Tx) error { return tx.InsertKey(r.ctx, orphan) })
}

func keyList(r *run) {
	r.addMerchant(shop)
	r.addMerchant(rival)
	var want []string
	for i := range 3 {
		k, foreign := r.key(shop), r.key(rival)
		k.CreatedAt = r.in(i)
		want = append([]string{k.ID}, want...)
		r.do(func(tx pay.Tx) error { return tx.InsertKey(r.ctx, k) })
		r.do(func(tx pay.Tx) error { return tx.InsertKey(r.ctx, foreign) })
	}
	keys := got[[]pay.Key](r)(r.Keys(r.ctx, shop.MerchantID))
	r.eq(idsOf(keys, func(k pay.Key) string { return k.ID }), want)
}

func keyNeverGivenBack(r *run) {
	r.addMerchant(shop)
	stale := r.key(shop)
	stale.ExpiresAt = time.Time{}
	r.do(func(tx pay.Tx) error { return tx.InsertKey(r.ctx, stale) })
	rolled := stale
	rolled.ExpiresAt, rolled.RevokedAt = r.in(60), r.in(30)
	r.do(func(tx pay.Tx) error { return tx.UpdateKey(r.ctx, rolled) })
	for _, later := range []time.Time{{}, r.in(3600)} {
		stale.ExpiresAt, stale.RevokedAt, stale.Name = later, later, "renamed"
		r.do(func(tx pay.Tx) error { return tx.UpdateKey(r.ctx, stale) })
		want := rolled
		want.Name = "renamed"
		r.eq(got[[]pay.Key](r)(r.Keys(r.ctx, shop.MerchantID)), []pay.Key{want})
	}
	sooner := rolled
	sooner.ExpiresAt = r.in(10)
	r.do(func(tx pay.Tx) error { return tx.UpdateKey(r.ctx, sooner) })
	r.eq(got[[]pay.Key](r)(r.Keys(r.ctx, shop.MerchantID))[0].ExpiresAt, r.in(10))
	foreign := sooner
	foreign.Mode = pay.Live
	r.refused(pay.NotFound, "", func(tx pay.Tx) error { return tx.UpdateKey(r.ctx, foreign) })
}

func keyTouch(r *run) {
	r.addMerchant(shop)
	k := r.key(shop)
	r.do(func(tx pay.Tx) error { return tx.InsertKey(r.ctx, k) })
	for _, at := range []int{60, 30} {
		r.do(func(tx pay.Tx) error { return tx.TouchKey(r.ctx, k.ID, r.in(at)) })
	}
	k.LastUsedAt = r.in(60)
	r.eq(got[[]pay.Key](r)(r.Keys(r.ctx, shop.MerchantID)), []pay.Key{k})
}

func settingOnce(r *run) {
	r.absent(fails(r.Setting(r.ctx, "vault")))
	r.do(func(tx pay.Tx) error { return tx.InsertSetting(r.ctx, "vault", awkward) })
	r.refused(pay.Conflict, "duplicate", func(tx pay.Tx) error {
		return tx.InsertSetting(r.ctx, "vault", "other")
	})
	r.eq(got[string](r)(r.Setting(r.ctx, "vault")), awkward)
}
